//! Settings: which profile, where each value came from, and secrets that stay in.

pub mod secret;

use std::path::PathBuf;

use secret::{Redactor, Secret};

/// Where a value came from, for `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Env(&'static str),
    Profile(String),
    Default,
}

/// A value and its source.
#[derive(Clone, Debug)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

/// The settings of one invocation, resolved: flag, environment, profile, default. Values are checked for form where they are used.
#[derive(Clone, Debug)]
pub struct Settings {
    pub profile: Option<String>,
    pub token: Option<Sourced<Secret>>,
    pub page_token: Option<Sourced<Secret>>,
    pub app_secrets: Vec<Sourced<Secret>>,
    pub verify_token: Option<Sourced<Secret>>,
    /// `act_<digits>`.
    pub ad_account: Option<Sourced<String>>,
    pub page: Option<Sourced<String>>,
    pub api_version: Sourced<String>,
    /// Scheme, host and port; no trailing slash.
    pub graph_url: Sourced<String>,
    pub ledger: Sourced<PathBuf>,
    /// The name that `campaign create` uses without `--name`.
    pub campaign_name: Option<Sourced<String>>,
    pub send: SendSettings,
}

/// `[send]` of a profile: what `mmsg send` uses when its flags are not given.
#[derive(Clone, Debug, Default)]
pub struct SendSettings {
    pub campaign: Option<Sourced<String>>,
    pub message: Option<Sourced<PathBuf>>,
    /// Sends a second, or `unlimited`.
    pub rate: Option<Sourced<String>>,
    pub concurrency: Option<Sourced<u32>>,
    /// At least 12 h, but for loopback hosts.
    pub cool_down: Option<Sourced<std::time::Duration>>,
}

impl Settings {
    /// All secrets that are known, for the redactor.
    pub fn redactor(&self) -> Redactor {
        let one = |secret: &Option<Sourced<Secret>>| secret.as_ref().map(|sourced| sourced.value.clone());
        let apps = self.app_secrets.iter().map(|sourced| sourced.value.clone());
        Redactor::new(
            [one(&self.token), one(&self.page_token), one(&self.verify_token)].into_iter().flatten().chain(apps),
        )
    }
}
