//! `mmsg profile use`.

use super::Profiles;
use crate::commands::context::Invocation;
use crate::config::edit::set_default;
use crate::config::environment::names;
use crate::error::{Exit, Result};

/// Choose the profile that commands use without --profile.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the profile.
    name: String,
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let profiles = Profiles::read(frame)?;
    if let Some(broken) = profiles.all.broken.get(&args.name) {
        return Err(broken.error());
    }
    profiles.place(&args.name)?;
    set_default(&profiles.config, Some(&args.name))?;
    frame.ui.status(&format!("commands without --profile now use profile {}", args.name));
    if let Some(other) = frame.environment.text(names::PROFILE)?.filter(|other| *other != args.name) {
        frame.ui.warn(&format!("{} is set to {other}, which is used instead as long as it is set", names::PROFILE));
    }
    Ok(Exit::Done)
}
