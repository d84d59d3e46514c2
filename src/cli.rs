//! The command tree and the flags that every command takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::ui::{ColorChoice, Format};

/// Paid marketing messages on Messenger: campaigns, sends that never go twice, reports.
#[derive(Debug, Parser)]
#[command(
    name = "mmsg",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile of the config file to use.
    #[arg(long, global = true, value_name = "NAME", env = "MMSG_PROFILE", hide_env = true)]
    pub profile: Option<String>,
    /// Ledger file to use.
    #[arg(long, global = true, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// How data is written to stdout.
    #[arg(short, long, global = true, value_name = "FORMAT", env = "MMSG_OUTPUT", hide_env = true)]
    pub output: Option<Format>,
    /// Say only warnings and errors on stderr.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on stderr.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Never ask; what needs an answer fails with exit code 9.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every question.
    #[arg(short, long, global = true)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build, check and look at a message.
    Message(commands::message::Args),
    /// Send a message to a list of subscription tokens (same as message send).
    Send(commands::send::Args),
}
