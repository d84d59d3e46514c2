//! A connection to a server that can hold a ledger.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

use super::failed;
use super::session::{SYNCED, Session};
use super::silence::{Guard, LOOK, TOLD};
use super::tls::Connector;
use super::wire::{Socket, Wire};
use crate::ledger::address::server::{Host, Proof, Server};
use crate::ledger::attendant::{Attend, Attendant, ServerWait, Stop};
use crate::ledger::db::error::{Error, Result};
use crate::ledger::error::Failure;

/// A generic plan is made once; a run may wait for hours with nothing to say; a claim does not wait for ever for a process that was stopped in the middle of a transaction; and the
/// server soon knows of a machine that is gone, whose runs are alive until then.
const SESSION: &str = "set client_min_messages = warning; set plan_cache_mode = force_generic_plan;
    set idle_in_transaction_session_timeout = '60s'; set statement_timeout = 0;
    select set_config(name, '0', false) from unnest(array['idle_session_timeout', 'transaction_timeout']) name
      where current_setting(name, true) is not null;
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

/// How long somebody who asked to stop waits for a connection.
const AT_STOP: Duration = Duration::from_secs(1);

/// How long to wait for a connection: the patience of an address is for each machine that its host may be.
pub fn patience(server: &Server) -> Duration {
    server.patience * 2
}

/// A session that can write.
pub fn session(server: &Server, patience: Duration) -> Result<Session> {
    let session = plain(server, patience)?;
    session.execute_batch(&format!("{SESSION}; {SYNCED}"))?;
    // Poolers of whole sessions pass it on, and no parameter of the beginning.
    if let Some(schema) = &server.schema {
        session.execute_batch(&format!("set search_path = {schema}"))?;
    }
    Ok(session)
}

/// A session as the server gives it.
pub fn plain(server: &Server, patience: Duration) -> Result<Session> {
    let warned = Arc::new(AtomicBool::new(false));
    let (client, wire) = client(server, patience, server.attendant(), &warned)?;
    let again = server.clone();
    let guard = Guard::new(wire, server.attendant().clone(), move |patience| is_there(&again, patience));
    Session::new(client, warned, guard)
}

/// Whether the server takes a connection: whoever is told no has been heard.
fn is_there(server: &Server, patience: Duration) -> bool {
    // What is heard of a wait is told of the one that it is asked for.
    struct Silently(Attendant);
    impl Attend for Silently {
        fn stop(&self) -> Stop {
            self.0.stop()
        }
        fn tell(&self, _: ServerWait) {}
    }
    let attendant = Attendant::new(Silently(server.attendant().clone()));
    match client(server, patience, &attendant, &Arc::default()) {
        Ok(_) => true,
        Err(error) => !matches!(error.failure(), Some(Failure::Unreachable | Failure::Lost)),
    }
}

fn client(
    server: &Server,
    patience: Duration,
    attendant: &Attendant,
    warned: &Arc<AtomicBool>,
) -> Result<(Client, Wire)> {
    let connector = Connector::of(server)?;
    let (server, warned) = (server.clone(), Arc::clone(warned));
    let (say, hear) = mpsc::sync_channel(1);
    // Names are looked up for as long as that takes, and somebody may want to stop.
    thread::Builder::new()
        .name("connect".to_owned())
        .spawn(move || drop(say.send(connect(&server, patience, connector, warned))))
        .map_err(Error::io)?;
    heard(&hear, patience, attendant)
}

/// What becomes of an attempt to connect.
fn heard<T>(hear: &Receiver<Result<T>>, patience: Duration, attendant: &Attendant) -> Result<T> {
    let begun = Instant::now();
    let (mut stopped, mut is_told) = (None, false);
    let heard = loop {
        match hear.recv_timeout(LOOK) {
            Ok(heard) => break heard,
            Err(RecvTimeoutError::Disconnected) => {
                break Err(failed::of(Failure::Other, "the thread of the connection ended"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let is_over = match attendant.stop() {
            Stop::No => begun.elapsed() > patience,
            Stop::Soon => stopped.get_or_insert_with(Instant::now).elapsed() >= AT_STOP,
            Stop::Now => true,
        };
        if is_over {
            break Err(failed::unanswered());
        }
        if begun.elapsed() >= TOLD && !is_told {
            is_told = true;
            attendant.tell(ServerWait::Answer(begun.elapsed()));
        }
    };
    if is_told && heard.is_ok() {
        attendant.tell(ServerWait::Over);
    }
    heard
}

fn connect(
    server: &Server,
    patience: Duration,
    connector: Connector,
    warned: Arc<AtomicBool>,
) -> Result<(Client, Wire)> {
    let begun = Instant::now();
    let socket = Socket::connect(&server.host, server.port, server.patience).map_err(failed::unreachable)?;
    let name = match &server.host {
        Host::Name(name) => name,
        Host::Socket(_) => "",
    };
    let config = config(server);
    // A server that was stopped takes the connection and says nothing.
    let connected = socket
        .complete(config.connect_raw(socket.clone(), connector.to(name)), patience.saturating_sub(begun.elapsed()));
    let (client, connection) = connected.ok_or_else(failed::unanswered)?.map_err(failed::unconnected)?;
    Ok((client, Wire::new(socket, connection, warned)))
}

fn config(server: &Server) -> Config {
    let mut config = Config::new();
    config.user(&server.user).dbname(&server.database).application_name("mmsg").ssl_mode(match server.proof {
        Proof::Plain => SslMode::Disable,
        Proof::IfItCan => SslMode::Prefer,
        Proof::Encrypted | Proof::Chain | Proof::Name => SslMode::Require,
    });
    if let Some(password) = server.password() {
        config.password(password.expose());
    }
    if let Some(options) = &server.options {
        config.options(options);
    }
    config
}
