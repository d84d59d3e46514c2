//! The flags that every command takes.

use std::path::PathBuf;

use clap::ArgAction;

use crate::config::{Overrides, several};
use crate::error::{Error, Result};
use crate::ui::{ColorChoice, Format};

// Their environment variables are read by `config`, which must tell a flag from a variable.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile to use [env: MMSG_PROFILE]; where several can be used: give it again, or a pattern such as 'shop-*'.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Use every profile: one failure stops only its own profile. For send, doctor, status, report, campaign create, campaign list,
    /// broadcast list, unknown list, tokens fetch, webhook subscribe, webhook status and webhook serve.
    #[arg(long, global = true)]
    pub all_profiles: bool,
    /// Ledger to use: a file, or postgres://USER@HOST/DATABASE [env: MMSG_LEDGER].
    #[arg(long, global = true, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Format of the data on stdout: table, json, ndjson or csv [env: MMSG_OUTPUT].
    #[arg(short, long, global = true, value_name = "FORMAT", hide_possible_values = true)]
    pub output: Option<Format>,
    /// Print only warnings and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log requests, runs and waits on stderr; -vv also each send, retry and commit.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Append the log to this file, as JSON lines.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// When to use color: auto, always or never [env: NO_COLOR].
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: ColorChoice,
    /// Show times in UTC, not in this machine's time zone; JSON, NDJSON and CSV always have UTC.
    #[arg(long, global = true)]
    pub utc: bool,
    /// Never prompt; anything that needs an answer fails with exit code 9.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every question.
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl GlobalArgs {
    /// Whether the command is for several businesses.
    pub fn is_several(&self) -> bool {
        self.all_profiles || several::is_several(&self.profile)
    }

    /// The profiles meant, as names and patterns.
    ///
    /// # Errors
    /// Exit 2 if they are named in two ways.
    pub fn wanted(&self) -> Result<Vec<String>> {
        match (self.all_profiles, self.profile.is_empty()) {
            (true, false) => Err(Error::usage("--all-profiles and --profile can't be used together")
                .hint("use --profile for some of them, or --all-profiles for all")),
            (true, true) => Ok(vec!["*".to_owned()]),
            (false, _) => Ok(self.profile.clone()),
        }
    }

    /// The one profile of `--profile`, if any, for a command that works for one business.
    ///
    /// # Errors
    /// Exit 2 if there are several.
    pub fn one_profile(&self) -> Result<Option<String>> {
        if self.is_several() { Err(self.refuse_several()) } else { Ok(self.profile.first().cloned()) }
    }

    /// What the command line sets, for this profile or for none.
    pub fn overrides(&self, profile: Option<String>) -> Overrides {
        Overrides { profile, ledger: self.ledger.clone(), log_file: self.log_file.clone() }
    }

    /// What a command gets that works for one business.
    pub fn refuse_several(&self) -> Error {
        let how = if self.all_profiles { "--all-profiles" } else { "several profiles" };
        Error::usage(format!("{how} can't be used with this command")).hint(
            "name one with --profile NAME; several work with mmsg send, doctor, status, report, campaign create, campaign list, broadcast list, \
             unknown list, tokens fetch, webhook subscribe, webhook status and webhook serve",
        )
    }
}
