//! Where a secret of a profile comes from.

use std::path::{Path, PathBuf};

use crate::commands::context::Invocation;
use crate::commands::profile::values;
use crate::config::keyring;
use crate::config::source::SecretSource;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::ui::Ui;

/// Where a secret of this profile can be kept.
pub struct Keeper<'f> {
    frame: &'f Invocation<'f>,
    profile: &'f str,
    /// Variables with secrets of any profile.
    withheld: Vec<String>,
    has_keyring: bool,
}

/// Where a secret may come from.
#[derive(Clone, Copy)]
enum Way {
    Keyring,
    Plain,
    Variable,
    File,
    Command,
}

impl<'f> Keeper<'f> {
    pub fn new(frame: &'f Invocation<'f>, profile: &'f str, withheld: Vec<String>) -> Self {
        Self { frame, profile, withheld, has_keyring: keyring::is_offered(frame.environment) }
    }

    /// Asks where a secret comes from; `None` leaves it as it is, if `skip` says what that means. `key` tells the entries of one profile
    /// in the keyring apart.
    pub fn ask(&self, what: &str, key: Option<&str>, skip: Option<&str>) -> Result<Option<SecretSource>> {
        let ui = self.frame.ui;
        let ways = [
            (Way::Keyring, "enter it now, kept in the system's keyring"),
            (Way::Plain, "enter it now, kept as plain text in the config file"),
            (Way::Variable, "an environment variable, read on every run"),
            (Way::File, "a file, read on every run"),
            (Way::Command, "a command, run on every run"),
        ];
        let ways = &ways[usize::from(!self.has_keyring)..];
        let answers: Vec<&str> = skip.into_iter().chain(ways.iter().map(|(_, answer)| *answer)).collect();
        let chosen = ui.choose(&format!("Where does the {what} come from"), &answers)?;
        let index = if skip.is_some() { chosen.checked_sub(1) } else { Some(chosen) };
        let Some((way, _)) = index.and_then(|index| ways.get(index)) else { return Ok(None) };
        Ok(Some(match way {
            Way::Keyring => {
                let (name, secret) = (keyring::name_for(self.profile, key), entered(ui, what)?);
                keyring::store(&name, what, &secret, self.frame.environment.without_secrets(&self.withheld))?;
                ui.status(&format!("stored the {what} in the keyring as {name}"));
                SecretSource::Keyring(name)
            }
            Way::Plain => {
                let secret = entered(ui, what)?;
                ui.status(&format!("the {what} is kept in plain text, in a file that only you can read"));
                SecretSource::Text(secret)
            }
            Way::Variable => SecretSource::Env(ui.ask("Name of the variable", None, values::variable)?),
            Way::File => SecretSource::File(absolute(Path::new(&ui.ask("Path of the file", None, not_empty)?))?),
            Way::Command => {
                let line = ui.ask("The command, as you would type it", None, not_empty)?;
                SecretSource::Command(vec!["/bin/sh".to_owned(), "-c".to_owned(), line])
            }
        }))
    }
}

fn entered(ui: &Ui, what: &str) -> Result<Secret> {
    let text = ui.ask_secret(&format!("The {what} (not shown)"))?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::credentials(format!("the {what} is empty or contains spaces or special characters"))
            .hint("copy it again, without quotes, spaces or line breaks"));
    }
    Ok(Secret::new(text))
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("it can't be empty".to_owned()) } else { Ok(()) }
}

pub fn absolute(path: &Path) -> Result<PathBuf> {
    values::absolute(path).map_err(Error::usage)
}
