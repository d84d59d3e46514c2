//! `mmsg completions`: a script for a shell. The same scripts are committed under `completions/`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Frame;
use crate::cli::Cli;
use crate::error::{Error, Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell that will read it.
    shell: Shell,
}

pub fn run(frame: &Frame<'_>, args: Args) -> Result<Exit> {
    frame.ui.text(script(args.shell)?.trim_end())?;
    Ok(Exit::Done)
}

fn script(shell: Shell) -> Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mmsg", &mut script);
    String::from_utf8(script).map_err(|error| Error::internal("a completion script is no text").because(&error))
}
