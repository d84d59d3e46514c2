//! `mmsg completions`: a script for a shell, which asks `mmsg` at each completion. The same scripts are committed under `completions/`.

mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Shells, Zsh};

use crate::cli;
use crate::commands::context::Invocation;
use crate::config::environment::{Environment, names};
use crate::error::{Error, Exit, Result};
use crate::ui::{Ui, UiOptions};
use words::Known;

const SHELLS: Shells<'static> = Shells(&[&Bash, &Zsh, &Fish, &Elvish]);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell to write the script for.
    shell: Shell,
}

/// The usual shells of Unix systems.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Elvish => &Elvish,
    };
    let mut script = Vec::new();
    shell
        .write_registration(names::COMPLETE, "mmsg", "mmsg", "mmsg", &mut script)
        .map_err(|error| unwritten(&error))?;
    let script = String::from_utf8(script)
        .map_err(|error| Error::internal("a completion script is not UTF-8").because(&error))?;
    frame.ui.text(script.trim())?;
    Ok(Exit::Done)
}

/// What a shell is answered that asks for completions; `None`: none asks. The words typed so far stand behind `--`.
pub fn answer(environment: &Environment, arguments: &[OsString]) -> Option<Result<Exit>> {
    let shell = environment.raw(names::COMPLETE)?.to_str()?;
    let typed: Vec<OsString> = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    let shell = SHELLS.completer(shell).filter(|_| !typed.is_empty())?;
    let known = Arc::new(Known::new(environment.clone(), &typed));
    let mut command = words::with_values(cli::command(), "", &known);
    let mut answer = Vec::new();
    let folder: Option<PathBuf> = std::env::current_dir().ok();
    let written = shell.write_complete(&mut command, typed, folder.as_deref(), &mut answer);
    Some(written.map_err(|error| unwritten(&error)).and_then(|()| {
        Ui::new(UiOptions::default()).text(String::from_utf8_lossy(&answer).trim_end_matches('\n'))?;
        Ok(Exit::Done)
    }))
}

fn unwritten(error: &std::io::Error) -> Error {
    Error::internal("can't write completions").because(error)
}
