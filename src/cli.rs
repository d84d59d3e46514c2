//! The command tree and the flags that every command takes.

pub mod arguments;
pub mod values;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::ui::{ColorChoice, Format};

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

// Their environment variables are read by `config`, which knows a flag from a variable.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile of the config file to use [env: MMSG_PROFILE].
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Ledger file to use [env: MMSG_LEDGER].
    #[arg(long, global = true, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// How data is written to stdout: table, json, ndjson or csv [env: MMSG_OUTPUT].
    #[arg(short, long, global = true, value_name = "FORMAT", hide_possible_values = true)]
    pub output: Option<Format>,
    /// Say only warnings and errors on stderr.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on stderr.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to colour: auto, always or never [env: NO_COLOR].
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: ColorChoice,
    /// Never ask; what needs an answer fails with exit code 9.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every question.
    #[arg(short, long, global = true)]
    pub yes: bool,
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
    Init(commands::init::Args),
    /// Show the settings, or the place of the profile file.
    #[command(display_order = 90)]
    Config(commands::config::Args),
    #[command(display_order = 80)]
    Sandbox(Box<commands::sandbox::Args>),
    #[command(display_order = 79)]
    Demo(commands::demo::Args),
    /// Print a completion script for a shell.
    #[command(display_order = 91)]
    Completions(commands::completions::Args),
    /// Print the manual page, or write one for each command.
    #[command(display_order = 92)]
    Man(commands::man::Args),
    #[command(display_order = 70)]
    Explain(commands::explain::Args),
}

/// Words that are given the settings. Help that is not here stands at the word's arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, list, read and delete campaigns; what they cost and did.
    Campaign(commands::campaign::Args),
    /// Build, check and look at a message.
    Message(commands::message::Args),
    Send(commands::send::Args),
    /// Keep token lists under a name.
    Tokens(commands::tokens::Args),
    /// List broadcasts, or call one off.
    Broadcast(commands::broadcast::Args),
    /// List and settle sends that may or may not have been accepted.
    Unknown(commands::unknown::Args),
    /// Take in what Meta tells of messages sent: deliveries, reads, clicks, failures, opt-ins.
    Webhook(commands::webhook::Args),
    /// Tell one person's whole story.
    Why(commands::why::Args),
    Report(commands::report::Args),
}
