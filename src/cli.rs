//! The command tree and the flags that every command takes.

pub mod arguments;
pub mod global;
pub mod values;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    broadcast, campaign, completions, config, demo, explain, init, man, message, report, sandbox, send, tokens,
    unknown, webhook, why,
};
use global::GlobalArgs;

/// Paid marketing messages on Messenger: campaigns, sends that never go twice, reports.
#[derive(Debug, Parser)]
#[command(
    name = "mmsg",
    version = env!("VERSION_AND_COMMIT"),
    propagate_version = false,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub word: Word,
}

/// The whole command tree: for completions, manual pages and whoever checks texts against it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The top-level words.
#[derive(Debug, Subcommand)]
pub enum Word {
    #[command(flatten)]
    Standalone(Standalone),
    #[command(flatten)]
    Command(Command),
}

/// Words that work without settings, so that they help where the profile file is wrong.
#[derive(Debug, Subcommand)]
pub enum Standalone {
    #[command(display_order = 0)]
    Init(init::Args),
    /// Show the settings, or the place of the profile file.
    #[command(display_order = 90)]
    Config(config::Args),
    #[command(display_order = 80)]
    Sandbox(Box<sandbox::Args>),
    #[command(display_order = 79)]
    Demo(demo::Args),
    /// Print a completion script for a shell.
    #[command(display_order = 91)]
    Completions(completions::Args),
    /// Print the manual page, or write one for each command.
    #[command(display_order = 92)]
    Man(man::Args),
    #[command(display_order = 70)]
    Explain(explain::Args),
}

/// Words that are given the settings. Help that is not here stands at the word's arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, list, read and delete campaigns; what they cost and did.
    Campaign(campaign::Args),
    /// Build, check and look at a message.
    Message(message::Args),
    Send(send::Args),
    /// Keep token lists under a name.
    Tokens(tokens::Args),
    /// List broadcasts, or call one off.
    Broadcast(broadcast::Args),
    /// List and settle sends that may or may not have been accepted.
    Unknown(unknown::Args),
    /// Take in what Meta tells of messages sent: deliveries, reads, clicks, failures, opt-ins.
    Webhook(webhook::Args),
    /// Tell one person's whole story.
    Why(why::Args),
    Report(report::Args),
}
