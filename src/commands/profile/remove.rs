//! `mmsg profile remove`.

use super::Profiles;
use crate::commands::context::Invocation;
use crate::config::edit::{Place, remove_profile, set_default};
use crate::config::{Overrides, several};
use crate::error::{Exit, Result};
use crate::text;

/// Remove profiles from the config file and from profiles.d. Their ledgers, and what is at Meta, stay as they are.
///
/// Asks for confirmation unless --yes is given.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Names of the profiles.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let ui = frame.ui;
    let profiles = Profiles::read(frame)?;
    let mut names = args.names.clone();
    names.sort();
    names.dedup();
    let places = names.iter().map(|name| profiles.place(name)).collect::<Result<Vec<_>>>()?;
    let mut shown = Vec::new();
    for (name, place) in names.iter().zip(&places) {
        let file = match place {
            Place::Own(path) => format!("the file {}", path.display()),
            Place::Section(path, _) => format!("its part of {}", path.display()),
        };
        shown.push(format!("will be removed: profile {name}, {file}{}", ledger_of(frame, name)));
    }
    let several = text::count(names.len() as u64, "profile", "profiles");
    ui.confirm_shown(&shown, &format!("Remove {several}?"), &format!("removing {several}"))?;
    for (name, place) in names.iter().zip(places) {
        remove_profile(place)?;
        ui.status(&format!("removed profile {name}"));
    }
    if names.iter().any(|name| profiles.is_default(name)) {
        set_default(&profiles.config, None)?;
        ui.status("no profile is selected any more");
        ui.hint("mmsg profile use NAME selects another one");
    }
    Ok(Exit::Done)
}

/// What people might take for removed, too.
fn ledger_of(frame: &Invocation<'_>, name: &str) -> String {
    let loaded = several::load(&[name.to_owned()], &Overrides::default(), frame.environment);
    let settings = loaded.ok().and_then(|loaded| loaded.into_iter().next()).and_then(|(_, settings)| settings.ok());
    settings.map_or_else(String::new, |settings| format!("; the ledger {} stays", settings.ledger.value))
}
