//! `mmsg sandbox`: a local stand-in for the Graph API. Needs no profile.

use mmsg_sandbox::{Options, Running};
use serde_json::json;

use crate::commands::context::Invocation;
use crate::commands::output::{Kind, Outputs};
use crate::commands::signals::Signals;
use crate::config::environment::names;
use crate::error::{Error, Exit, Result};
use crate::ui::{Format, Ui};

/// Run a local stand-in for the Graph API, to rehearse without a Meta account.
///
/// Listens on 127.0.0.1 until Ctrl-C and prints the environment variables that point mmsg at it.
///
///
/// Write a SHARE as 1%, 0.01 or 1/100, and a TIME as 50ms, 12h or 1m30s.
/// Faults can be changed while it runs: POST /sandbox/errors with {"errors": "2=1%", "latency": "50ms", …}.
/// GET /sandbox/stats returns counts; GET /sandbox/record lists the accepted sends, each with its price and its person's zone and local
/// time. GET /sandbox/person?token=TOKEN tells what is known of a person; POST /sandbox/optin with {"token": "…", "status": "stop"} (or
/// "resume") is that person's choice; POST /sandbox/clock with {"at": "2027-03-14T08:00:00Z"} sets its clock to a later time.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    pub options: Options,
    /// Append to a file of records even if it exists and was not made by mmsg.
    #[arg(long)]
    force: bool,
}

/// Runs until Ctrl-C or SIGTERM; both end it with exit code 0.
pub async fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let ui = frame.ui;
    let Options { record, calls, requests, webhooks, .. } = &args.options;
    let records = [
        ("--record", record, Kind::Record),
        ("--calls", calls, Kind::Calls),
        ("--requests", requests, Kind::Requests),
        ("--truth", &webhooks.truth, Kind::Truth),
    ];
    if records.iter().any(|(_, path, _)| path.is_some()) {
        let mut outputs = Outputs::of_nothing(ui, args.force, "the sandbox was not started");
        outputs.protect_profiles(frame.environment);
        if let Ok(ledger) = frame.environment.default_ledger() {
            outputs.protect_ledger(&ledger.into());
        }
        if let Some(ledger) = frame.global.ledger.clone().or_else(|| frame.environment.path(names::LEDGER)) {
            outputs.protect_ledger(&ledger.into());
        }
        if let Some(log) = &frame.global.log_file {
            outputs.protect("the log", log);
        }
        for (flag, path, kind) in records {
            if let Some(path) = path {
                outputs.expect(flag, path, kind)?;
            }
        }
    }
    let signals = Signals::listen(ui)?;
    let sandbox = start(args.options).await?;
    print_environment(ui, &sandbox)?;
    ui.status(&format!("the sandbox listens on {}; press Ctrl-C to stop it", sandbox.url()));
    signals.stopped().await;
    let stats = sandbox.stats();
    ui.status(&format!("stopped: {} requests, {} sends accepted", stats["requests"], stats["accepted"]));
    sandbox.stop().await;
    Ok(Exit::Done)
}

/// Starts a sandbox; what goes wrong gets an exit code.
///
/// # Errors
/// Exit 2 for a value that makes no sense, 7 for a port that is taken, 10 for a file that can't be opened.
pub(super) async fn start(options: Options) -> Result<Running> {
    mmsg_sandbox::start(options).await.map_err(|error| {
        let ended = match &error {
            mmsg_sandbox::Error::Value(_) => Error::usage(error.to_string()),
            mmsg_sandbox::Error::Listen { .. } => {
                Error::network(error.to_string()).hint("choose another --port; 0 picks a free one")
            }
            mmsg_sandbox::Error::Open { .. } => Error::ledger(error.to_string()),
        };
        match std::error::Error::source(&error) {
            Some(cause) => ended.because(cause),
            None => ended,
        }
    })
}

fn print_environment(ui: &Ui, sandbox: &Running) -> Result<()> {
    let environment = sandbox.environment();
    match ui.format() {
        Format::Table | Format::Csv => {
            let lines: Vec<String> = environment.iter().map(|(name, value)| format!("export {name}={value}")).collect();
            ui.text(&lines.join("\n"))
        }
        Format::Json | Format::Ndjson => {
            let variables: serde_json::Map<_, _> =
                environment.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            ui.text(&json!({ "url": sandbox.url(), "environment": variables }).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fails(change: impl FnOnce(&mut Options)) -> Exit {
        let mut options = Options::default();
        change(&mut options);
        start(options).await.map(|_| ()).unwrap_err().exit()
    }

    #[tokio::test]
    async fn what_cannot_start_has_an_exit_code() {
        assert_eq!(fails(|options| options.time_scale = 0.0).await, Exit::Usage);
        assert_eq!(fails(|options| options.record = Some("/nowhere/at/all".into())).await, Exit::Ledger);
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(fails(|options| options.port = taken.local_addr().unwrap().port()).await, Exit::Network);
    }
}
