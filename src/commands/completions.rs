//! `mmsg completions`: a script for a shell. The same scripts are committed under `completions/`.

use clap::ValueEnum;
use clap_complete::generate;

use crate::commands::context::Invocation;
use crate::error::{Error, Exit, Result};

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

pub fn run(frame: &Invocation<'_>, args: Args, command: clap::Command) -> Result<Exit> {
    frame.ui.text(script(args.shell, command)?.trim_end())?;
    Ok(Exit::Done)
}

fn script(shell: Shell, mut command: clap::Command) -> Result<String> {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Elvish => clap_complete::Shell::Elvish,
    };
    let mut script = Vec::new();
    generate(shell, &mut command, "mmsg", &mut script);
    String::from_utf8(script).map_err(|error| Error::internal("a completion script is not UTF-8").because(&error))
}
