//! The commands. `commands/WORD.rs` holds the word's `Args` and the list of its verbs, `commands/WORD/VERB.rs` a verb's `Args`
//! (which are its help) and its `run`.

pub mod audience;
pub mod audit;
pub mod broadcast;
mod browser;
pub mod campaign;
mod changes;
pub mod completions;
pub mod config;
mod context;
mod deletions;
pub mod demo;
pub mod doctor;
pub mod explain;
mod failure;
pub mod init;
pub mod ledger;
pub mod lists;
mod logging;
pub mod man;
pub mod message;
mod output;
mod pages;
mod people;
pub mod profile;
pub mod report;
pub mod sandbox;
pub mod schema;
mod scope;
pub mod send;
mod several;
mod shell;
pub mod signals;
pub mod status;
pub mod tokens;
pub mod unknown;
mod waiting;
pub mod webhook;
pub mod why;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};

use crate::cli::{self, Cli, Command, Deferred, Standalone, Word, arguments};
use crate::clock::Clock;
use crate::config::environment::Environment;
use crate::error::{Error, Exit, Result};
use crate::log::{Instrument, Name, note};
use crate::ui::Ui;
use context::{Context, Invocation};

const VERSION: &str = env!("VERSION_AND_COMMIT");

/// What is said of each way in which a ledger's server can fail.
pub fn server_failures() -> impl Iterator<Item = (String, Error)> {
    failure::ledger::of_servers()
}

/// Parses the command line, runs the command, prints its error. The process ends with what this returns.
pub fn main() -> Exit {
    // Every file created (ledger, results, rejects, profiles) is readable only by its owner.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = Environment::of_process();
    if let Some(answered) = completions::answer(&environment, &arguments) {
        // A shell shows no errors in the middle of a line.
        return answered.unwrap_or_else(|error| error.exit());
    }
    let (options, cli) = arguments::parse(&arguments, &environment);
    let ui = Ui::new(options).with_redactor(environment.redactor().clone());
    let clock = Clock::system();
    let begun = clock.now();
    let cli = match cli {
        Ok(cli) => cli,
        Err(said) => return ui.usage(&said),
    };
    let hook_ui = ui.clone();
    panic::set_hook(Box::new(move |panic| hook_ui.bug(panic)));
    let log = logging::begin(&ui, cli.global.verbose, environment.redactor().clone(), clock);
    // The panic hook has already reported it.
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let Cli { global, word } = cli;
        let frame = Invocation { ui: &ui, log: &log, environment: &environment, global: &global, clock };
        start(&frame, &arguments, word)
    }));
    let exit = match ended {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            ui.error(&error);
            error.exit()
        }
        Err(_) => Exit::Internal,
    };
    // The last line of stderr is the totals' or the error's.
    log.hush();
    note!(INFO, "command ended", exit = exit.name(), exit_code = exit.code(), ms = clock.now().since(begun));
    logging::end(&ui, &log);
    exit
}

fn start(frame: &Invocation<'_>, arguments: &[OsString], word: Word) -> Result<Exit> {
    if frame.global.output.is_none() {
        arguments::format_of(frame.environment)?;
    }
    let begin = || note!(INFO, "command begun", command = Name(&logging::words(arguments)), version = VERSION);
    match word {
        Word::Standalone(word) => {
            frame.log_by_flag()?;
            begin();
            run_standalone(frame, word)
        }
        Word::Command(command) => {
            let command = match command {
                Command::Message(Deferred(args)) => match args.into_send() {
                    Ok(args) => Command::Send(Deferred(args)),
                    Err(args) => Command::Message(Deferred(args)),
                },
                command => command,
            };
            if frame.global.is_several() {
                frame.log_by_flag()?;
                begin();
                return block_on(run_for_several(frame, command));
            }
            let context = Context::new(frame.settings()?, frame.ui.clone(), frame.clock);
            let span = context.span();
            span.in_scope(begin);
            block_on(run(&context, command).instrument(span))
        }
    }
}

/// Runs one command that needs no settings.
fn run_standalone(frame: &Invocation<'_>, word: Standalone) -> Result<Exit> {
    match word {
        Standalone::Init(Deferred(args)) => block_on(init::run(frame, args)),
        Standalone::Config(Deferred(args)) => config::run(frame, args),
        Standalone::Profile(Deferred(args)) => profile::run(frame, args),
        Standalone::Doctor(Deferred(args)) => block_on(doctor::run(frame, &args)),
        Standalone::Schema(Deferred(args)) => schema::run(frame, &args),
        Standalone::Status(Deferred(args)) => block_on(status::run(frame, &args)),
        Standalone::Completions(Deferred(args)) => completions::run(frame, args),
        Standalone::Man(Deferred(args)) => man::run(frame, args, cli::command()),
        Standalone::Explain(Deferred(args)) => explain::run(frame, args),
        Standalone::Sandbox(Deferred(args)) => block_on(sandbox::run(frame, *args)),
        Standalone::Demo(Deferred(args)) => block_on(demo::run(frame, args)),
    }
}

/// Runs one command.
pub async fn run(context: &Context, command: Command) -> Result<Exit> {
    match command {
        Command::Campaign(Deferred(args)) => campaign::run(context, args).await,
        Command::Message(Deferred(args)) => message::run(context, args).await,
        Command::Send(Deferred(args)) => send::run(context, *args).await,
        Command::Tokens(Deferred(args)) => tokens::run(context, args).await,
        Command::Audience(Deferred(args)) => audience::run(context, args),
        Command::Audit(Deferred(args)) => audit::run(context, &args),
        Command::Broadcast(Deferred(args)) => broadcast::run(context, args),
        Command::Ledger(Deferred(args)) => ledger::run(context, args).await,
        Command::Unknown(Deferred(args)) => unknown::run(context, args).await,
        Command::Webhook(Deferred(args)) => webhook::run(context, args).await,
        Command::Why(Deferred(args)) => why::run(context, &args),
        Command::Report(Deferred(args)) => report::run(context, args).await,
    }
}

/// Runs one command for several businesses.
async fn run_for_several(frame: &Invocation<'_>, command: Command) -> Result<Exit> {
    match command {
        Command::Campaign(Deferred(args)) => campaign::run_for_several(frame, args).await,
        Command::Send(Deferred(args)) => send::run_for_several(frame, *args).await,
        Command::Tokens(Deferred(args)) => tokens::run_for_several(frame, args).await,
        Command::Broadcast(Deferred(args)) => broadcast::run_for_several(frame, args).await,
        Command::Unknown(Deferred(args)) => unknown::run_for_several(frame, args).await,
        Command::Webhook(Deferred(args)) => webhook::run_for_several(frame, args).await,
        Command::Report(Deferred(args)) => report::run_for_several(frame, args).await,
        Command::Message(_) | Command::Audience(_) | Command::Audit(_) | Command::Ledger(_) | Command::Why(_) => {
            Err(frame.global.refuse_several())
        }
    }
}

/// Runs one command on its own runtime: one thread is enough, since Graph's pace is the limit.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("can't start the runtime").because(&error))?;
    let done = runtime.block_on(work);
    // A thread still reading a pipe that somebody keeps open must not delay the exit.
    runtime.shutdown_background();
    done
}
