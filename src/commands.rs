//! One file a top-level word: its arguments, its help and one short function a verb.

pub mod sandbox;
pub mod send;

use clap::Parser;

use crate::cli::{Cli, Command, GlobalArgs};
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Error, Exit, Result};
use crate::ui::{Ui, UiOptions};

/// What every command is given. Made once in [`main`]; lower layers get values out of it, never the whole.
pub struct Context {
    pub settings: Settings,
    pub ui: Ui,
    pub clock: Clock,
}

/// Parses the command line, runs the command, prints its error. The process ends with what this returns.
pub fn main() -> Exit {
    let cli = Cli::parse();
    if let Command::Sandbox(args) = cli.command {
        return local(&cli.global, *args);
    }
    Exit::Done
}

/// The sandbox needs no settings.
fn local(global: &GlobalArgs, args: sandbox::Args) -> Exit {
    let ui = Ui::new(UiOptions {
        format: global.output.unwrap_or_default(),
        color: global.color,
        quiet: global.quiet,
        verbose: global.verbose,
        no_input: global.no_input,
        yes: global.yes,
    });
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("can't start the runtime").because(&error))
        .and_then(|runtime| runtime.block_on(sandbox::run(&ui, args)));
    result.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit()
    })
}

/// Runs one command.
pub async fn run(context: &Context, command: Command) -> Result<Exit> {
    match command {
        Command::Send(args) => send::run(context, args).await,
        Command::Sandbox(args) => sandbox::run(&context.ui, *args).await,
    }
}
