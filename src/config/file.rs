//! The profiles: those of the config file, and those of the folder `profiles.d` beside it, which holds one file for each. Every mistake
//! is reported with file and line.

mod folder;
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::source::SecretSource;
use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::secret::{Secret, tokens_in};
use crate::text::nearest;
pub use folder::{file_of, folder_of};
#[cfg(test)]
pub use reader::all_keys;
use reader::{Reader, Whose};

/// More names than these are not all shown in an error.
const NAMES_SHOWN: usize = 20;

/// A value and its place in the file, for errors.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub value: T,
    /// `FILE:LINE`.
    pub place: String,
}

/// One profile, or what is shared by all; only the types of its values are checked.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub token: Option<SecretSource>,
    pub page_token: Option<SecretSource>,
    /// The first signs requests; all of them check webhooks, so that a secret can be rotated.
    pub app_secrets: Vec<SecretSource>,
    pub verify_token: Option<SecretSource>,
    pub ad_account: Option<At<String>>,
    pub page: Option<At<String>>,
    pub api_version: Option<At<String>>,
    pub graph_url: Option<At<String>>,
    pub ledger: Option<At<Address>>,
    /// For a ledger on a server.
    pub ledger_password: Option<SecretSource>,
    pub log_file: Option<At<PathBuf>>,
    pub campaign_name: Option<At<String>>,
    pub time_zone: Option<At<String>>,
    pub send: SendProfile,
    /// If it has a file of its own.
    pub file: Option<OwnFile>,
}

/// The file of one profile, in the folder.
#[derive(Clone, Debug)]
pub struct OwnFile {
    pub path: PathBuf,
    /// Whether other users can read or change it.
    pub open_to_others: bool,
}

/// A profile's `[send]`.
#[derive(Clone, Debug, Default)]
pub struct SendProfile {
    pub campaign: Option<At<String>>,
    pub message: Option<At<PathBuf>>,
    pub rate: Option<At<String>>,
    pub concurrency: Option<At<i64>>,
    pub cool_down: Option<At<String>>,
    pub daily_spend_limit: Option<At<String>>,
}

/// A profile whose own file can't be used. Only its own business is stopped by that.
#[derive(Clone, Debug)]
pub struct Broken {
    pub path: PathBuf,
    why: String,
    hint: Option<String>,
}

impl Broken {
    fn new(path: PathBuf, error: &Error) -> Self {
        Self { path, why: error.to_string(), hint: error.hint_text().map(str::to_owned) }
    }

    pub fn error(&self) -> Error {
        let error = Error::config(&self.why);
        match &self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// All profiles.
#[derive(Clone, Debug, Default)]
pub struct ProfileFile {
    pub default_profile: Option<At<String>>,
    /// `[defaults]`: used where a profile does not set a value itself.
    pub defaults: Profile,
    pub profiles: BTreeMap<String, Profile>,
    pub broken: BTreeMap<String, Broken>,
    /// Whether other users can read or change the config file.
    pub open_to_others: bool,
}

impl ProfileFile {
    /// Reads the config file and the folder beside it; `None` if there is neither.
    ///
    /// # Errors
    /// Exit 3 if the config file or the folder can't be read, or the config file is invalid.
    pub fn read(path: &Path, environment: &Environment) -> Result<Option<Self>> {
        let config = match read_private(path, environment).map_err(|error| {
            Error::config(format!("can't read the config file {}", path.display()))
                .because(&error)
                .hint("mmsg config path prints its path; set MMSG_CONFIG to use another file")
        })? {
            Some((text, open_to_others)) => Some(Self { open_to_others, ..Self::parse(&text, path, environment)? }),
            None => None,
        };
        let is_there = config.is_some();
        let mut all = config.unwrap_or_default();
        let found = folder::read(path, environment, &mut all)?;
        Ok((is_there || found).then_some(all))
    }

    /// Parses the text of the file at `path`. Relative paths in it are relative to its folder, except the ledger's.
    ///
    /// # Errors
    /// Exit 3 with file and line: malformed TOML, an unknown key, a value of the wrong type.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self> {
        let reader = Reader { text, path, environment };
        let root = reader.root()?;
        let mut file = Self::default();
        for (key, value) in root.get_ref() {
            match key.get_ref().as_ref() {
                "default_profile" => file.default_profile = Some(reader.string("default_profile", value)?),
                "defaults" => {
                    file.defaults = reader.profile(reader.table("defaults", value)?, Whose::Everybodys)?;
                }
                "profiles" => {
                    for (name, value) in reader.table("profiles", value)? {
                        if name.get_ref().is_empty() {
                            return Err(reader.wrong(name.span(), "a profile needs a name"));
                        }
                        let profile = reader.profile(reader.table("a profile", value)?, Whose::Its)?;
                        file.profiles.insert(name.get_ref().to_string(), profile);
                    }
                }
                other => return Err(reader.unknown_file_key(key.span(), other)),
            }
        }
        Ok(file)
    }

    /// Whether there is a profile of this name, usable or not.
    pub fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name) || self.broken.contains_key(name)
    }

    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.broken.is_empty()
    }

    /// All names, in order.
    pub fn names(&self) -> BTreeSet<&str> {
        self.profiles.keys().chain(self.broken.keys()).map(String::as_str).collect()
    }

    /// The names for an error: `shop, test`.
    pub fn shown_names(&self) -> String {
        let names = self.names();
        let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).copied().collect();
        match names.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more (mmsg profile list shows all)", shown.join(", ")),
        }
    }

    /// What a profile that is not there gets.
    pub fn unknown(&self, name: &str, origin: Option<&str>, path: Option<&Path>) -> Error {
        let place = path.map_or_else(|| "the config file".to_owned(), |path| path.display().to_string());
        let origin = origin.map_or_else(String::new, |origin| format!(" ({origin})"));
        let error = Error::config(format!("unknown profile \"{name}\"{origin}"));
        if self.is_empty() {
            return error.hint(format!("there are no profiles in {place}; run mmsg init to create one"));
        }
        let names: Vec<&str> = self.names().into_iter().collect();
        match nearest(name, &names) {
            Some(near) => error.hint(format!("did you mean \"{near}\"? Profiles in {place}: {}", self.shown_names())),
            None => error.hint(format!("profiles in {place}: {}", self.shown_names())),
        }
    }

    /// Every secret of every profile.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretSource> {
        std::iter::once(&self.defaults).chain(self.profiles.values()).flat_map(|profile| {
            let single = [&profile.token, &profile.page_token, &profile.verify_token, &profile.ledger_password]
                .into_iter()
                .flatten();
            single.chain(&profile.app_secrets)
        })
    }

    /// Every variable from which a secret of any profile is read.
    pub fn secret_variables(&self) -> Vec<String> {
        let name = |source: &SecretSource| match source {
            SecretSource::Env(name) => Some(name.clone()),
            SecretSource::Text(_) | SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Keyring(_) => None,
        };
        self.secrets().filter_map(name).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Every file from which a secret of any profile is read.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let path = |source: &SecretSource| match source {
            SecretSource::File(path) => Some(path.clone()),
            SecretSource::Text(_) | SecretSource::Env(_) | SecretSource::Command(_) | SecretSource::Keyring(_) => None,
        };
        self.secrets().filter_map(path).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// A file's text, and whether other users can read or change it; `None` if it does not exist.
fn read_private(path: &Path, environment: &Environment) -> io::Result<Option<(String, bool)>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mode = fs::metadata(path)?.permissions().mode();
    let text =
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))?;
    // One may stand where a name was meant, and errors quote names.
    tokens_in(&text).for_each(|token| environment.redactor().learn(&Secret::new(token)));
    Ok(Some((text, mode & 0o077 != 0)))
}

#[cfg(test)]
mod tests;
