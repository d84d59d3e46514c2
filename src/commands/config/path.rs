//! `mmsg config path`.

use crate::commands::context::Invocation;
use crate::error::{Exit, Result};

/// Print the config file's path, even if it does not exist yet.
#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(frame: &Invocation<'_>) -> Result<Exit> {
    let (path, _) = frame.environment.config_file()?;
    frame.ui.value("path", &path.display().to_string())?;
    Ok(Exit::Done)
}
