//! Settings: which profile, where each value came from, and secrets that stay in.
//!
//! A value comes from the first of these that has it:
//!
//! 1. a flag;
//! 2. the environment;
//! 3. the profile;
//! 4. the default.
//!
//! With `--profile` on the command line 2 and 3 change places for what tells one business from another: the secrets, the ad
//! account and the Page. A stray variable would mix two businesses; it is warned about. The environment alone is enough.
//!
//! The profile is the one named by `--profile`, `MMSG_PROFILE` or the file's `default_profile`; else the one called `default`;
//! else the only one.

pub mod edit;
pub mod environment;
pub mod file;
mod resolve;
pub mod source;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::campaign::{AdAccount, PageId};
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::error::{Error, Result};
use crate::rate::Rate;
use crate::secret::{Redactor, Secret};
use environment::{Environment, names};
use source::LazySecret;

/// The API version that this release was written for.
pub const DEFAULT_API_VERSION: &str = "v26.0";
pub const DEFAULT_GRAPH_URL: &str = "https://graph.facebook.com";

/// Where a value came from, for `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Env(&'static str),
    Profile(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Profile(name) => write!(f, "profile {name}"),
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

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub profile: Option<String>,
    pub ledger: Option<PathBuf>,
}

/// The settings of one invocation, resolved and checked for form. Secrets are fetched when they are asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    pub profile: Option<Sourced<String>>,
    /// The profile file, there or not; unknown without a home folder.
    pub config_file: Option<PathBuf>,
    pub ad_account: Option<Sourced<AdAccount>>,
    pub page: Option<Sourced<PageId>>,
    pub api_version: Sourced<ApiVersion>,
    pub graph_url: Sourced<GraphUrl>,
    /// Absolute.
    pub ledger: Sourced<PathBuf>,
    /// The name that `campaign create` uses without `--name`.
    pub campaign_name: Option<Sourced<String>>,
    pub send: SendSettings,
    /// What an operator should be told before anything else.
    pub warnings: Vec<String>,
    secrets: Secrets,
}

/// `[send]` of a profile: what `mmsg send` uses when its flags are not given.
#[derive(Clone, Debug, Default)]
pub struct SendSettings {
    pub campaign: Option<Sourced<String>>,
    pub message: Option<Sourced<PathBuf>>,
    pub rate: Option<Sourced<Rate>>,
    pub concurrency: Option<Sourced<u32>>,
    /// At least 12 h, but for loopback hosts.
    pub cool_down: Option<Sourced<Duration>>,
}

#[derive(Clone, Debug)]
struct Secrets {
    token: Option<LazySecret>,
    page_token: Option<LazySecret>,
    app_secrets: Vec<LazySecret>,
    verify_token: Option<LazySecret>,
    /// Profiles to choose from when none was chosen, for the hint.
    unchosen: String,
    /// Variables that hold a secret of some profile: no child is given them.
    withheld: Vec<String>,
    environment: Environment,
    redactor: Redactor,
}

impl Settings {
    /// Reads the profile file and puts all sources together. No secret is fetched.
    ///
    /// # Errors
    /// Exit 3: an unreadable or wrong file, an unknown profile, a value of the wrong form.
    pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Self> {
        resolve::settings(overrides, environment)
    }

    /// Hides every secret fetched so far or later.
    pub fn redactor(&self) -> Redactor {
        self.secrets.redactor.clone()
    }

    /// The access token that every call to Graph carries.
    ///
    /// # Errors
    /// Exit 4 when there is none, it can't be fetched or is malformed; exit 3 when nothing at all is set up.
    pub fn token(&self) -> Result<Secret> {
        match &self.secrets.token {
            Some(token) => self.fetch(token),
            None if self.nothing_is_set() => Err(self.nothing_set_up()),
            None => Err(Error::credentials("no access token").hint(self.how_to_set("token", names::TOKEN))),
        }
    }

    /// # Errors
    /// Exit 4 when it is set but can't be fetched or is malformed.
    pub fn page_token(&self) -> Result<Option<Secret>> {
        self.secrets.page_token.as_ref().map(|secret| self.fetch(secret)).transpose()
    }

    /// The first signs requests (`appsecret_proof`); all of them may have signed a webhook.
    ///
    /// # Errors
    /// Exit 4 when one is set but can't be fetched or is malformed.
    pub fn app_secrets(&self) -> Result<Vec<Secret>> {
        self.secrets.app_secrets.iter().map(|secret| self.fetch(secret)).collect()
    }

    /// # Errors
    /// Exit 4 when it is set but can't be fetched or is malformed.
    pub fn verify_token(&self) -> Result<Option<Secret>> {
        self.secrets.verify_token.as_ref().map(|secret| self.fetch(secret)).transpose()
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn required_ad_account(&self) -> Result<&AdAccount> {
        self.required(self.ad_account.as_ref(), "ad account", "ad_account", names::AD_ACCOUNT)
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn required_page(&self) -> Result<&PageId> {
        self.required(self.page.as_ref(), "Page", "page", names::PAGE)
    }

    /// Each secret's name, and where it comes from if it is set, for `config show`.
    pub fn secret_places(&self) -> Vec<(&'static str, Option<String>)> {
        let place = |secret: &Option<LazySecret>| secret.as_ref().map(LazySecret::place);
        let apps: Vec<String> = self.secrets.app_secrets.iter().map(LazySecret::place).collect();
        vec![
            ("token", place(&self.secrets.token)),
            ("page_token", place(&self.secrets.page_token)),
            ("app_secret", (!apps.is_empty()).then(|| apps.join(", "))),
            ("verify_token", place(&self.secrets.verify_token)),
        ]
    }

    fn fetch(&self, secret: &LazySecret) -> Result<Secret> {
        secret.get(&self.secrets.environment, &self.secrets.withheld, &self.secrets.redactor)
    }

    fn required<'s, T>(&self, value: Option<&'s Sourced<T>>, what: &str, key: &str, variable: &str) -> Result<&'s T> {
        match value {
            Some(sourced) => Ok(&sourced.value),
            None if self.nothing_is_set() => Err(self.nothing_set_up()),
            None => Err(Error::config(format!("no {what}")).hint(self.how_to_set(key, variable))),
        }
    }

    fn nothing_is_set(&self) -> bool {
        self.profile.is_none() && self.ad_account.is_none() && self.page.is_none() && self.secrets.token.is_none()
    }

    fn nothing_set_up(&self) -> Error {
        if !self.secrets.unchosen.is_empty() {
            return Error::config("several profiles and none chosen")
                .hint(format!("choose with --profile or MMSG_PROFILE one of: {}", self.secrets.unchosen));
        }
        Error::config("no profile and nothing in the environment")
            .hint("mmsg init writes a profile; or set MMSG_TOKEN, MMSG_AD_ACCOUNT and MMSG_PAGE")
    }

    fn how_to_set(&self, key: &str, variable: &str) -> String {
        match (&self.profile, &self.config_file) {
            (Some(profile), Some(file)) => {
                format!("set {variable}, or {key} of profile {} in {}", profile.value, file.display())
            }
            _ if !self.secrets.unchosen.is_empty() => {
                format!("set {variable}, or choose with --profile one of: {}", self.secrets.unchosen)
            }
            _ => format!("set {variable}, or write a profile with mmsg init"),
        }
    }
}

#[cfg(test)]
mod tests;
