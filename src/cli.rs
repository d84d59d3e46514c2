//! The command tree and the flags that every command takes.

pub mod arguments;
mod deferred;
pub mod global;
mod sections;
pub mod values;
pub mod when;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    audience, audit, broadcast, campaign, completions, config, demo, doctor, explain, init, ledger, man, message,
    profile, report, sandbox, schema, send, status, tokens, unknown, webhook, why,
};
pub use deferred::Deferred;
use global::GlobalArgs;
pub use sections::{for_manual, with_sections};

/// Send paid marketing messages on Messenger: campaigns, sends without duplicates, reports.
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

/// The command tree as far as a command line needs it: a command's flags and those below it are made once it is typed.
pub fn parser() -> clap::Command {
    Cli::command()
}

/// The whole command tree: for help, completions, manual pages and whoever checks texts against it.
pub fn command() -> clap::Command {
    let mut tree = Cli::command();
    tree.build();
    tree
}

/// The top-level words.
#[derive(Debug, Subcommand)]
pub enum Word {
    #[command(flatten)]
    Standalone(Standalone),
    #[command(flatten)]
    Command(Command),
}

/// Commands that work without settings, so that they help when the config file is wrong.
#[derive(Debug, Subcommand)]
pub enum Standalone {
    #[command(display_order = 0)]
    Init(Deferred<init::Args>),
    /// Show settings, or the path of the config file.
    #[command(display_order = 90)]
    Config(Deferred<config::Args>),
    /// List, choose, add, remove and rename profiles: one for each business.
    #[command(display_order = 1)]
    Profile(Deferred<profile::Args>),
    #[command(display_order = 2)]
    Status(Deferred<status::Args>),
    #[command(display_order = 3)]
    Doctor(Deferred<doctor::Args>),
    #[command(display_order = 80)]
    Sandbox(Deferred<Box<sandbox::Args>>),
    #[command(display_order = 79)]
    Demo(Deferred<demo::Args>),
    /// Print a completion script for a shell.
    #[command(display_order = 91)]
    Completions(Deferred<completions::Args>),
    #[command(display_order = 93)]
    Schema(Deferred<schema::Args>),
    /// Print the manual page, or write one for each command.
    #[command(display_order = 92)]
    Man(Deferred<man::Args>),
    #[command(display_order = 70)]
    Explain(Deferred<explain::Args>),
}

/// Commands that get the settings. Help that is not here is in the command's own file.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage campaigns and see their cost and results.
    Campaign(Deferred<campaign::Args>),
    /// Build, check and preview messages.
    Message(Deferred<message::Args>),
    Send(Deferred<Box<send::Args>>),
    /// The Page's subscribers: fetch, import, list and suppress them.
    Tokens(Deferred<tokens::Args>),
    /// List or delete audiences.
    Audience(Deferred<audience::Args>),
    Audit(Deferred<audit::Args>),
    /// List broadcasts, show one in detail, or cancel its pending rows.
    Broadcast(Deferred<broadcast::Args>),
    /// List and settle unknown sends: those that may or may not have been accepted.
    Unknown(Deferred<unknown::Args>),
    /// Check the ledger, back it up, restore it, copy it, and drop what is old.
    Ledger(Deferred<ledger::Args>),
    /// Receive Meta's webhooks: deliveries, reads, clicks, failures, opt-ins.
    Webhook(Deferred<webhook::Args>),
    Why(Deferred<why::Args>),
    Report(Deferred<report::Args>),
}
