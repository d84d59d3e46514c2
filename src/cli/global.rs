//! The flags that every command takes.

use std::path::PathBuf;

use crate::config::several;
use crate::error::{Error, Result};
use crate::ui::{ColorChoice, Format};

// Their environment variables are read by `config`, which must tell a flag from a variable.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile to use [env: MMSG_PROFILE]; for send --resume, several: give it again, or a pattern such as 'shop-*'.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER].
    #[arg(long, global = true, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT].
    #[arg(short, long, global = true, value_name = "FORMAT", hide_possible_values = true)]
    pub output: Option<Format>,
    /// Print only warnings and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more detail.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use color: auto, always or never [env: NO_COLOR].
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: ColorChoice,
    /// Never prompt; anything that needs an answer fails with exit code 9.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every question.
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl GlobalArgs {
    /// The one profile of `--profile`, if any, for a command that works for one business.
    ///
    /// # Errors
    /// Exit 2 if there are several.
    pub fn one_profile(&self) -> Result<Option<String>> {
        if several::is_several(&self.profile) {
            return Err(Error::usage("several profiles can only be used with mmsg send --resume")
                .hint("name one profile with --profile, or run the command once for each"));
        }
        Ok(self.profile.first().cloned())
    }
}
