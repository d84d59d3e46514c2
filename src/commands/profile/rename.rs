//! `mmsg profile rename`.

use super::{Profiles, values};
use crate::commands::context::Invocation;
use crate::config::edit::{rename_profile, set_default};
use crate::error::{Error, Exit, Result};

/// Rename a profile. Cron jobs that name it must be changed as well.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Its name.
    old: String,
    /// Its new name.
    new: String,
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let Args { old, new } = args;
    let profiles = Profiles::read(frame)?;
    let place = profiles.place(old)?;
    values::name(new).map_err(|wrong| Error::usage(wrong).hint("choose another name"))?;
    if profiles.all.has(new) {
        return Err(Error::usage(format!("there is already a profile {new}: nothing was changed"))
            .hint("choose another name, or remove that one first"));
    }
    rename_profile(place, new)?;
    if profiles.is_default(old) {
        set_default(&profiles.config, Some(new))?;
    }
    frame.ui.status(&format!("profile {old} is now called {new}"));
    Ok(Exit::Done)
}
