//! Settings: the profile, the source of each value, and secrets.
//!
//! Each value comes from the first of these that sets it:
//!
//! 1. a flag;
//! 2. the environment;
//! 3. the profile;
//! 4. `[defaults]` of the config file;
//! 5. the default.
//!
//! With `--profile` on the command line, the profile wins over the environment for what identifies a business: the secrets, the ad
//! account and the Page. Otherwise a leftover variable could mix two businesses; ignored variables give a warning. No profile is
//! needed if the environment sets everything.
//!
//! The profile is the one named by `--profile`, `MMSG_PROFILE` or the file's `default_profile`; otherwise the one called `default`, or
//! the only one.

mod child;
mod draft;
pub mod edit;
pub mod environment;
pub mod file;
pub mod keyring;
mod resolve;
pub mod several;
pub mod source;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::campaign::{AdAccount, Amount, PageId};
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::rate::Rate;
use crate::secret::{Redactor, Secret};
use crate::times::hours::Zone;
use edit::ProfileEdit;
use environment::{Environment, names};
use file::ProfileFile;
pub use resolve::open_to_others;
use source::LazySecret;

/// The API version that this release was written for.
pub const DEFAULT_API_VERSION: &str = "v26.0";
pub const DEFAULT_GRAPH_URL: &str = "https://graph.facebook.com";

/// The source of a value, for `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Env(&'static str),
    Profile(String),
    /// `[defaults]` of the config file.
    Defaults,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Defaults => f.write_str("[defaults]"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and its source.
#[derive(Clone, Debug)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    fn default_value(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// A secret as `config show` lists it: never the secret itself.
#[derive(Clone, Debug)]
pub struct SecretPlace {
    pub name: &'static str,
    /// `None` if it is not set.
    pub source: Option<String>,
    /// Why it can't be fetched, as far as that is known without fetching it.
    pub missing: Option<String>,
}

/// Settings from the command line.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub profile: Option<String>,
    pub ledger: Option<PathBuf>,
    pub log_file: Option<PathBuf>,
}

/// The settings of one invocation, resolved and validated. Secrets are fetched only when needed.
#[derive(Clone, Debug)]
pub struct Settings {
    pub profile: Option<Sourced<String>>,
    /// The path of the config file, which may not exist; `None` without a home folder.
    pub config_file: Option<PathBuf>,
    /// The profile's own file, if it has one.
    pub own_file: Option<PathBuf>,
    /// Where such files are; the folder may not exist.
    pub profiles_folder: Option<PathBuf>,
    pub ad_account: Option<Sourced<AdAccount>>,
    pub page: Option<Sourced<PageId>>,
    pub api_version: Sourced<ApiVersion>,
    pub graph_url: Sourced<GraphUrl>,
    /// Absolute.
    pub ledger: Sourced<Address>,
    /// Where the log goes, besides stderr.
    pub log_file: Option<Sourced<PathBuf>>,
    /// The default for `campaign create --name`.
    pub campaign_name: Option<Sourced<String>>,
    /// Of the business: the hours of people whose own zone is not known.
    pub time_zone: Option<Sourced<Zone>>,
    pub send: SendSettings,
    /// Warnings to show before anything else.
    pub warnings: Vec<String>,
    secrets: Secrets,
}

/// `[send]` of a profile: the defaults for the flags of `mmsg send`.
#[derive(Clone, Debug)]
pub struct SendSettings {
    pub campaign: Option<Sourced<String>>,
    pub message: Option<Sourced<PathBuf>>,
    pub rate: Sourced<Rate>,
    pub concurrency: Sourced<u32>,
    /// At least 12 h, except for loopback hosts.
    pub cool_down: Sourced<Duration>,
    /// What all sends of the ad account may cost on one of its days.
    pub daily_spend_limit: Option<Sourced<Amount>>,
}

#[derive(Clone, Debug)]
struct Secrets {
    token: Option<LazySecret>,
    page_token: Option<LazySecret>,
    app_secrets: Vec<LazySecret>,
    verify_token: Option<LazySecret>,
    ledger_password: Option<LazySecret>,
    /// Names of the profiles if none was chosen, for the hint.
    unchosen: String,
    /// Variables that contain a secret of any profile: not passed to child processes.
    withheld: Arc<[String]>,
    /// Files that contain a secret of any profile.
    files: Arc<[PathBuf]>,
    environment: Environment,
    redactor: Redactor,
}

impl Settings {
    /// Reads the config file and combines all sources. Fetches no secrets.
    ///
    /// # Errors
    /// Exit 3: an unreadable or invalid file, an unknown profile, an invalid value.
    pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Self> {
        resolve::settings(overrides, environment)
    }

    /// The settings as they would be if this profile were changed like this, or made. Nothing is written.
    ///
    /// # Errors
    /// Exit 3: an invalid value.
    pub fn draft(
        overrides: &Overrides,
        environment: &Environment,
        file: &ProfileFile,
        name: &str,
        edit: &ProfileEdit,
    ) -> Result<Self> {
        draft::settings(overrides, environment, file, name, edit)
    }

    /// Hides every secret fetched so far or later.
    pub fn redactor(&self) -> Redactor {
        self.secrets.redactor.clone()
    }

    /// The access token for calls to Graph.
    ///
    /// # Errors
    /// Exit 4 if it is missing, can't be fetched or is malformed; exit 3 if nothing at all is set up.
    pub fn token(&self) -> Result<Secret> {
        match &self.secrets.token {
            Some(token) => self.fetch(token),
            None if self.nothing_is_set() => Err(self.nothing_set_up()),
            None => Err(Error::credentials("no access token is set").hint(self.how_to_set("token", names::TOKEN))),
        }
    }

    /// # Errors
    /// Exit 4 if it is set but can't be fetched or is malformed.
    pub fn page_token(&self) -> Result<Option<Secret>> {
        self.secrets.page_token.as_ref().map(|secret| self.fetch(secret)).transpose()
    }

    /// The first signs requests (`appsecret_proof`); webhooks may be signed with any of them.
    ///
    /// # Errors
    /// Exit 4 if one is set but can't be fetched or is malformed.
    pub fn app_secrets(&self) -> Result<Vec<Secret>> {
        self.secrets.app_secrets.iter().map(|secret| self.fetch(secret)).collect()
    }

    /// # Errors
    /// Exit 4 if it is set but can't be fetched or is malformed.
    pub fn verify_token(&self) -> Result<Option<Secret>> {
        self.secrets.verify_token.as_ref().map(|secret| self.fetch(secret)).transpose()
    }

    /// Where a ledger is that somebody typed, with the profile's password if its server needs one.
    ///
    /// # Errors
    /// Exit 2 if it is none.
    pub fn address_of(&self, typed: &Path) -> Result<Address> {
        let address = match typed.to_str().and_then(|text| self.secrets.environment.server(text)) {
            Some(server) => server.map_err(Error::usage)?,
            None => std::path::absolute(typed)
                .map_err(|error| Error::usage(format!("{} is not a valid path", typed.display())).because(&error))?
                .into(),
        };
        self.with_password(address)
    }

    /// What to say of an address that was typed with a password in it.
    pub fn warning_of(&self, typed: &Path) -> Option<String> {
        let server = typed.to_str().and_then(|text| self.secrets.environment.server(text))?.ok()?;
        let is_shown = server.password().is_some() && self.secrets.environment.raw(names::PGPASSWORD).is_none();
        is_shown.then(|| resolve::shown_password(&server.to_string()))
    }

    /// Where the ledger is, with the password that its server may ask for.
    ///
    /// # Errors
    /// Exit 4 if the password is set but can't be fetched.
    pub fn ledger(&self) -> Result<Address> {
        self.with_password(self.ledger.value.clone())
    }

    fn with_password(&self, address: Address) -> Result<Address> {
        match &self.secrets.ledger_password {
            Some(password) if address.is_server() && address.password().is_none() => {
                Ok(address.with_password(self.fetch(password)?))
            }
            _ => Ok(address),
        }
    }

    /// # Errors
    /// Exit 3 if it is not set.
    pub fn required_ad_account(&self) -> Result<&AdAccount> {
        self.required(self.ad_account.as_ref(), "ad account", "ad_account", names::AD_ACCOUNT)
    }

    /// # Errors
    /// Exit 3 if it is not set.
    pub fn required_page(&self) -> Result<&PageId> {
        self.required(self.page.as_ref(), "Page", "page", names::PAGE)
    }

    /// Every secret with its source, for `config show`.
    pub fn secret_places(&self) -> Vec<SecretPlace> {
        let Secrets { token, page_token, app_secrets, verify_token, ledger_password, environment, .. } = &self.secrets;
        let place = |name, secrets: &[&LazySecret]| SecretPlace {
            name,
            source: (!secrets.is_empty()).then(|| secrets.iter().map(|one| one.place()).collect::<Vec<_>>().join(", ")),
            missing: secrets.iter().find_map(|one| one.missing(environment)),
        };
        let mut places = vec![
            place("token", &token.iter().collect::<Vec<_>>()),
            place("page_token", &page_token.iter().collect::<Vec<_>>()),
            place("app_secret", &app_secrets.iter().collect::<Vec<_>>()),
            place("verify_token", &verify_token.iter().collect::<Vec<_>>()),
        ];
        if let Some(password) = ledger_password {
            places.push(place("ledger_password", &[password]));
        }
        places
    }

    /// Files that contain a secret, of any profile.
    pub fn secret_files(&self) -> impl Iterator<Item = &Path> {
        self.secrets.files.iter().map(PathBuf::as_path)
    }

    /// The environment for a child process: all variables but those that contain a secret.
    pub fn child_environment(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.secrets.environment.without_secrets(&self.secrets.withheld)
    }

    fn fetch(&self, secret: &LazySecret) -> Result<Secret> {
        secret.get(&self.secrets.environment, &self.secrets.withheld, &self.secrets.redactor)
    }

    fn required<'s, T>(&self, value: Option<&'s Sourced<T>>, what: &str, key: &str, variable: &str) -> Result<&'s T> {
        match value {
            Some(sourced) => Ok(&sourced.value),
            None if self.nothing_is_set() => Err(self.nothing_set_up()),
            None => Err(Error::config(format!("no {what} is set")).hint(self.how_to_set(key, variable))),
        }
    }

    /// # Errors
    /// Exit 3 if there are several profiles and none is selected.
    pub fn refuse_unselected_profile(&self) -> Result<()> {
        if self.secrets.unchosen.is_empty() { Ok(()) } else { Err(self.nothing_set_up()) }
    }

    fn nothing_is_set(&self) -> bool {
        self.profile.is_none() && self.ad_account.is_none() && self.page.is_none() && self.secrets.token.is_none()
    }

    fn nothing_set_up(&self) -> Error {
        if !self.secrets.unchosen.is_empty() {
            return Error::config("there are several profiles, and none is selected")
                .hint(format!("select one with --profile or MMSG_PROFILE: {}", self.secrets.unchosen));
        }
        Error::config("no profile found, and no settings in the environment")
            .hint("run mmsg init to create a profile, or set MMSG_TOKEN, MMSG_AD_ACCOUNT and MMSG_PAGE")
    }

    fn how_to_set(&self, key: &str, variable: &str) -> String {
        match (&self.profile, self.own_file.as_ref().or(self.config_file.as_ref())) {
            (Some(profile), Some(file)) => {
                format!("set {variable}, or {key} in profile {} in {}", profile.value, file.display())
            }
            _ if !self.secrets.unchosen.is_empty() => {
                format!("set {variable}, or select a profile with --profile: {}", self.secrets.unchosen)
            }
            _ => format!("set {variable}, or run mmsg init to create a profile"),
        }
    }
}

#[cfg(test)]
mod tests;
