//! The command tree and the flags that every command takes.

pub mod arguments;
pub mod global;
mod sections;
pub mod values;
pub mod when;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    audience, audit, broadcast, campaign, completions, config, demo, doctor, explain, init, ledger, man, message,
    profile, report, sandbox, schema, send, status, tokens, unknown, webhook, why,
};
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

/// Commands that work without settings, so that they help when the config file is wrong.
#[derive(Debug, Subcommand)]
pub enum Standalone {
    #[command(display_order = 0)]
    Init(init::Args),
    /// Show settings, or the path of the config file.
    #[command(display_order = 90)]
    Config(config::Args),
    /// List, choose, add, remove and rename profiles: one for each business.
    #[command(display_order = 1)]
    Profile(profile::Args),
    #[command(display_order = 2)]
    Status(status::Args),
    #[command(display_order = 3)]
    Doctor(doctor::Args),
    #[command(display_order = 80)]
    Sandbox(Box<sandbox::Args>),
    #[command(display_order = 79)]
    Demo(demo::Args),
    /// Print a completion script for a shell.
    #[command(display_order = 91)]
    Completions(completions::Args),
    #[command(display_order = 93)]
    Schema(schema::Args),
    /// Print the manual page, or write one for each command.
    #[command(display_order = 92)]
    Man(man::Args),
    #[command(display_order = 70)]
    Explain(explain::Args),
}

/// Commands that get the settings. Help that is not here is in the command's own file.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage campaigns and see their cost and results.
    Campaign(campaign::Args),
    /// Build, check and preview messages.
    Message(message::Args),
    Send(Box<send::Args>),
    /// The Page's subscribers: fetch, import, list and suppress them.
    Tokens(tokens::Args),
    /// List or delete audiences.
    Audience(audience::Args),
    Audit(audit::Args),
    /// List broadcasts, show one in detail, or cancel its pending rows.
    Broadcast(broadcast::Args),
    /// List and settle unknown sends: those that may or may not have been accepted.
    Unknown(unknown::Args),
    /// Check the ledger, back it up, restore it, copy it, and drop what is old.
    Ledger(ledger::Args),
    /// Receive Meta's webhooks: deliveries, reads, clicks, failures, opt-ins.
    Webhook(webhook::Args),
    Why(why::Args),
    Report(report::Args),
}
