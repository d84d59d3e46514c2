//! A connection to a server that can hold a ledger, and the thread that drives it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config};

use super::failed;
use super::session::{SYNCED, Session};
use super::silence::{Guard, LOOK, TOLD};
use super::tls::Connector;
use crate::ledger::address::server::{Host, Proof, Server};
use crate::ledger::attendant::{Attend, Attendant, Stop, Waiting};
use crate::ledger::db::error::{Error, Result};
use crate::ledger::error::Failure;

/// A generic plan is made once; a run may wait for hours with nothing to say; a claim does not wait for ever for a process that was stopped in the middle of a transaction; and the
/// server soon knows of a machine that is gone, whose runs are alive until then.
const SESSION: &str = "set client_min_messages = warning; set plan_cache_mode = force_generic_plan;
    set idle_in_transaction_session_timeout = '60s'; set statement_timeout = 0;
    select set_config(name, '0', false) from unnest(array['idle_session_timeout', 'transaction_timeout']) name
      where current_setting(name, true) is not null;
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

/// When a server that does not answer is gone.
const SILENCE: Duration = Duration::from_secs(25);

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
    let client = client(server, patience, server.attendant(), &warned)?;
    let again = server.clone();
    let guard = Guard::new(server.attendant().clone(), move |patience| is_there(&again, patience));
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
        fn tell(&self, _: Waiting) {}
    }
    let attendant = Attendant::new(Silently(server.attendant().clone()));
    match client(server, patience, &attendant, &Arc::default()) {
        Ok(_) => true,
        Err(error) => !matches!(error.failure(), Some(Failure::Unreachable | Failure::Lost)),
    }
}

fn client(server: &Server, patience: Duration, attendant: &Attendant, warned: &Arc<AtomicBool>) -> Result<Client> {
    let connector = Connector::of(server)?;
    let config = config(server);
    let (say, hear) = mpsc::sync_channel(1);
    let hears = Arc::clone(warned);
    thread::Builder::new()
        .name("postgres".to_owned())
        .spawn(move || drive(&config, patience, connector, &say, &hears))
        .map_err(Error::io)?;
    heard(&hear, attendant)
}

/// What becomes of an attempt to connect.
fn heard(hear: &Receiver<Result<Client>>, attendant: &Attendant) -> Result<Client> {
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
            Stop::No => false,
            Stop::Soon => stopped.get_or_insert_with(Instant::now).elapsed() >= AT_STOP,
            Stop::Now => true,
        };
        if is_over {
            break Err(failed::unanswered());
        }
        if begun.elapsed() >= TOLD && !is_told {
            is_told = true;
            attendant.tell(Waiting::Answer(begun.elapsed()));
        }
    };
    if is_told && heard.is_ok() {
        attendant.tell(Waiting::Over);
    }
    heard
}

fn drive(
    config: &Config,
    patience: Duration,
    connector: Connector,
    say: &SyncSender<Result<Client>>,
    warned: &AtomicBool,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(say.send(Err(Error::io(error)))),
    };
    runtime.block_on(async {
        // A server that was stopped takes the connection and says nothing.
        let mut connection = match tokio::time::timeout(patience, config.connect(connector)).await {
            Ok(Ok((client, connection))) => {
                let _ = say.send(Ok(client));
                connection
            }
            Ok(Err(error)) => return drop(say.send(Err(failed::unconnected(error)))),
            Err(_) => return drop(say.send(Err(failed::unanswered()))),
        };
        // Until the client is gone or the connection lost, which the client is told.
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message
                && notice.parsed_severity() == Some(Severity::Warning)
            {
                warned.store(true, Ordering::Relaxed);
            }
        }
    });
}

fn config(server: &Server) -> Config {
    let mut config = Config::new();
    match &server.host {
        Host::Name(name) => config.host(name),
        Host::Socket(folder) => config.host_path(folder),
    };
    config
        .port(server.port)
        .user(&server.user)
        .dbname(&server.database)
        .application_name("mmsg")
        .connect_timeout(server.patience)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .ssl_mode(match server.proof {
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
