//! One file a top-level word: its arguments, its help and one short function a verb.

pub mod message;
pub mod send;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Exit, Result};
use crate::ui::Ui;

/// What every command is given. Made once in [`main`]; lower layers get values out of it, never the whole.
pub struct Context {
    pub settings: Settings,
    pub ui: Ui,
    pub clock: Clock,
}

/// Parses the command line, runs the command, prints its error. The process ends with what this returns.
pub fn main() -> Exit {
    let _cli = Cli::parse();
    Exit::Done
}

/// Runs one command.
pub async fn run(context: &Context, command: Command) -> Result<Exit> {
    match command {
        Command::Message(args) => message::run(context, args).await,
        Command::Send(args) => send::run(context, args).await,
    }
}
