//! One file a top-level word: its arguments, its help and one short function a verb.

pub mod broadcast;
pub mod campaign;
pub mod completions;
pub mod config;
mod context;
pub mod demo;
pub mod explain;
mod failure;
pub mod init;
pub mod lists;
pub mod man;
pub mod message;
pub mod report;
pub mod sandbox;
pub mod send;
pub mod signals;
pub mod tokens;
pub mod unknown;
pub mod webhook;
pub mod why;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;

use crate::campaign::{AdAccount, PageId};
use crate::cli::{Cli, Command, GlobalArgs, Standalone, Word, arguments};
use crate::clock::Clock;
use crate::config::environment::Environment;
use crate::config::{Overrides, Settings};
use crate::error::{Error, Exit, Result};
use crate::graph::{Access, Graph};
use crate::secret::Secret;
use crate::ui::Ui;

/// What every command is given. Made once in [`main`]; lower layers get values out of it, never the whole.
///
/// Making it reads no secret and opens nothing: what a command does not ask for can't fail it.
pub struct Context {
    pub settings: Settings,
    pub ui: Ui,
    pub clock: Clock,
    graph: OnceLock<Graph>,
}

impl Context {
    pub fn new(settings: Settings, ui: Ui, clock: Clock) -> Self {
        Self { settings, ui, clock, graph: OnceLock::new() }
    }

    /// The client for reads and for writes other than sends; made at its first use. A strange host was warned about with the settings.
    ///
    /// # Errors
    /// Exit 3 or 4 when the settings don't allow one.
    pub fn graph(&self) -> Result<&Graph> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let graph = self.graph_with(self.access()?)?;
        Ok(self.graph.get_or_init(|| graph))
    }

    /// A client with this access, whose detail goes to `--verbose`.
    ///
    /// # Errors
    /// Exit 3 or 4 when the access is malformed.
    pub fn graph_with(&self, access: Access) -> Result<Graph> {
        let ui = self.ui.clone();
        Ok(Graph::new(access, self.clock, Some(Arc::new(move |line: &str| ui.debug(line))))?)
    }

    /// # Errors
    /// Exit 4 when there is no token, or a secret can't be fetched.
    pub fn access(&self) -> Result<Access> {
        self.access_with(self.settings.token()?)
    }

    /// The same access with another token, such as a Page's.
    ///
    /// # Errors
    /// Exit 4 when a secret can't be fetched.
    pub fn access_with(&self, token: Secret) -> Result<Access> {
        let app_secret = self.settings.app_secrets()?.into_iter().next();
        Ok(Access {
            graph_url: self.settings.graph_url.value.clone(),
            api_version: self.settings.api_version.value.clone(),
            token,
            app_secret,
            redactor: self.settings.redactor(),
        })
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn ad_account(&self) -> Result<AdAccount> {
        self.settings.required_ad_account().cloned()
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn page(&self) -> Result<PageId> {
        self.settings.required_page().cloned()
    }
}

/// What a command that needs no settings is given.
pub struct Frame<'f> {
    pub ui: &'f Ui,
    pub environment: &'f Environment,
    pub global: &'f GlobalArgs,
    pub clock: Clock,
}

impl Frame<'_> {
    /// The settings of this invocation; what an operator should know of them is said.
    ///
    /// # Errors
    /// Exit 3 when they are wrong.
    pub fn settings(&self) -> Result<Settings> {
        let overrides = Overrides { profile: self.global.profile.clone(), ledger: self.global.ledger.clone() };
        let settings = Settings::load(&overrides, self.environment)?;
        let today = self.clock.now().timestamp().to_zoned_datetime(TimeZone::UTC).date();
        let version = &settings.api_version;
        let ending = version.value.warning(today).map(|ending| format!("{ending} ({})", version.origin));
        for warning in settings.warnings.iter().chain(&ending) {
            self.ui.warn(warning);
        }
        Ok(settings)
    }
}

/// Parses the command line, runs the command, prints its error. The process ends with what this returns.
pub fn main() -> Exit {
    // Every file that is ever made (ledger, results, rejects, profiles) is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = Environment::of_process();
    let (options, cli) = arguments::parse(&arguments, &environment);
    let ui = Ui::new(options).with_redactor(environment.redactor().clone());
    let cli = match cli {
        Ok(cli) => cli,
        Err(said) => return ui.usage(&said),
    };
    let hook_ui = ui.clone();
    panic::set_hook(Box::new(move |panic| hook_ui.bug(panic)));
    // The hook has said what there is to say of a panic.
    let ended = panic::catch_unwind(AssertUnwindSafe(|| start(&ui, &environment, cli)));
    match ended {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            ui.error(&error);
            error.exit()
        }
        Err(_) => Exit::Internal,
    }
}

fn start(ui: &Ui, environment: &Environment, cli: Cli) -> Result<Exit> {
    if cli.global.output.is_none() {
        arguments::format_of(environment)?;
    }
    let frame = Frame { ui, environment, global: &cli.global, clock: Clock::system() };
    match cli.word {
        Word::Standalone(word) => run_standalone(&frame, word),
        Word::Command(command) => {
            let settings = frame.settings()?;
            block_on(async {
                let context = Context::new(settings, ui.clone(), frame.clock);
                run(&context, command).await
            })
        }
    }
}

/// Runs one command that needs no settings.
fn run_standalone(frame: &Frame<'_>, word: Standalone) -> Result<Exit> {
    match word {
        Standalone::Init(args) => init::run(frame, args),
        Standalone::Config(args) => config::run(frame, args),
        Standalone::Completions(args) => completions::run(frame, args),
        Standalone::Man(args) => man::run(frame, args),
        Standalone::Explain(args) => explain::run(frame, args),
        Standalone::Sandbox(args) => block_on(sandbox::run(frame.ui, *args)),
        Standalone::Demo(args) => block_on(demo::run(frame, args)),
    }
}

/// Runs one command.
pub async fn run(context: &Context, command: Command) -> Result<Exit> {
    match command {
        Command::Campaign(args) => campaign::run(context, args).await,
        Command::Message(args) => message::run(context, args).await,
        Command::Send(args) => send::run(context, args).await,
        Command::Tokens(args) => tokens::run(context, args).await,
        Command::Broadcast(args) => broadcast::run(context, args),
        Command::Unknown(args) => unknown::run(context, args).await,
        Command::Webhook(args) => webhook::run(context, args).await,
        Command::Why(args) => why::run(context, &args),
        Command::Report(args) => report::run(context, args).await,
    }
}

/// Runs one command on a runtime of its own: one thread does, since Graph's pace is the limit.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("can't start the runtime").because(&error))?;
    let done = runtime.block_on(work);
    // A thread that still reads a pipe which somebody keeps open must not hold up the end.
    runtime.shutdown_background();
    done
}
