//! `mmsg profile list|use|add|remove|rename`.

mod add;
mod list;
mod remove;
mod rename;
mod table;
mod r#use;
pub mod values;

use std::path::PathBuf;

use crate::commands::context::Invocation;
use crate::config::edit::Place;
use crate::config::file::ProfileFile;
use crate::error::{Error, Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

// The help of each verb is in its own file.
#[derive(clap::Subcommand, Debug)]
enum Verb {
    List(list::Args),
    Use(r#use::Args),
    Add(Box<add::Args>),
    Remove(remove::Args),
    Rename(rename::Args),
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    if !matches!(args.verb, Verb::List(_)) && !frame.global.profile.is_empty() {
        return Err(Error::usage("--profile can't be used here: name the profile without it")
            .hint("for example: mmsg profile use shop"));
    }
    match args.verb {
        Verb::List(args) => list::run(frame, &args),
        Verb::Use(args) => r#use::run(frame, &args),
        Verb::Add(args) => add::run(frame, *args),
        Verb::Remove(args) => remove::run(frame, &args),
        Verb::Rename(args) => rename::run(frame, &args),
    }
}

/// The config file's path, and all profiles.
struct Profiles {
    config: PathBuf,
    all: ProfileFile,
}

impl Profiles {
    fn read(frame: &Invocation<'_>) -> Result<Self> {
        let (config, _) = frame.environment.config_file()?;
        // A broken config file is fixed by hand, not overwritten.
        let all = ProfileFile::read(&config, frame.environment)?.unwrap_or_default();
        Ok(Self { config, all })
    }

    /// Where a profile is, which must be there; its file may be broken.
    fn place<'p>(&'p self, name: &'p str) -> Result<Place<'p>> {
        if let Some(broken) = self.all.broken.get(name) {
            return Ok(Place::Own(&broken.path));
        }
        match self.all.profiles.get(name) {
            Some(profile) => Ok(match &profile.file {
                Some(own) => Place::Own(&own.path),
                None => Place::Section(&self.config, name),
            }),
            None => Err(self.all.unknown(name, None, Some(&self.config))),
        }
    }

    /// Whether the file names it as the one that is used without `--profile`.
    fn is_default(&self, name: &str) -> bool {
        self.all.default_profile.as_ref().is_some_and(|default| default.value == name)
    }
}
