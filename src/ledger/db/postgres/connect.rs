//! A connection to a server that can hold a ledger, and the thread that drives it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config};

use super::failed;
use super::session::{SYNCED, Session};
use super::tls::Connector;
use crate::ledger::address::server::{Host, Proof, Server};
use crate::ledger::db::error::{Error, Result};
use crate::ledger::error::Failure;

/// A generic plan is made once; a run may wait for hours with nothing to say; a claim does not wait for ever for a process that was stopped in the middle of a transaction; and the
/// server soon knows of a machine that is gone, whose runs are alive until then.
const SESSION: &str = "set client_min_messages = warning; set plan_cache_mode = force_generic_plan;
    set idle_in_transaction_session_timeout = '60s'; set statement_timeout = 0;
    select set_config(name, '0', false) from pg_settings where name in ('idle_session_timeout', 'transaction_timeout');
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

/// When a server that does not answer is gone.
const SILENCE: Duration = Duration::from_secs(25);

/// A session that can write.
pub fn session(server: &Server) -> Result<Session> {
    let connector = Connector::of(server)?;
    let config = config(server);
    let warned = Arc::new(AtomicBool::new(false));
    let (say, hear) = mpsc::sync_channel(1);
    let hears = Arc::clone(&warned);
    thread::Builder::new()
        .name("postgres".to_owned())
        .spawn(move || drive(&config, connector, &say, &hears))
        .map_err(Error::io)?;
    let client = hear.recv().map_err(|_| Error::Failed {
        failure: Failure::Other,
        source: Arc::new(std::io::Error::other("the thread of the connection ended")),
    })??;
    let session = Session::new(client, warned)?;
    if session.one::<bool>("select pg_is_in_recovery()")? {
        let source = std::io::Error::other("the server is a standby");
        return Err(Error::Failed { failure: Failure::Standby, source: Arc::new(source) });
    }
    session.execute_batch(&format!("{SESSION}; {SYNCED}"))?;
    Ok(session)
}

fn drive(config: &Config, connector: Connector, say: &SyncSender<Result<Client>>, warned: &AtomicBool) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(say.send(Err(Error::io(error)))),
    };
    runtime.block_on(async {
        let mut connection = match config.connect(connector).await {
            Ok((client, connection)) => {
                let _ = say.send(Ok(client));
                connection
            }
            Err(error) => return drop(say.send(Err(failed::unconnected(error)))),
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
    let path = server.schema.as_ref().map(|schema| format!("-c search_path={schema}"));
    let options: Vec<_> = server.options.iter().chain(&path).map(String::as_str).collect();
    if !options.is_empty() {
        config.options(options.join(" "));
    }
    config
}
