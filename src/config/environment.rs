//! The process's environment as a value, read once at the start. Nothing else reads the environment; tests build their own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::secret::{Redactor, Secret, tokens_in};

/// The environment variables that `mmsg` uses.
pub mod names {
    pub const PROFILE: &str = "MMSG_PROFILE";
    pub const TOKEN: &str = "MMSG_TOKEN";
    pub const PAGE_TOKEN: &str = "MMSG_PAGE_TOKEN";
    pub const APP_SECRET: &str = "MMSG_APP_SECRET";
    pub const VERIFY_TOKEN: &str = "MMSG_VERIFY_TOKEN";
    pub const AD_ACCOUNT: &str = "MMSG_AD_ACCOUNT";
    pub const PAGE: &str = "MMSG_PAGE";
    pub const API_VERSION: &str = "MMSG_API_VERSION";
    pub const GRAPH_URL: &str = "MMSG_GRAPH_URL";
    pub const LEDGER: &str = "MMSG_LEDGER";
    /// libpq's, for a ledger on a server.
    pub const PGPASSWORD: &str = "PGPASSWORD";
    pub const CONFIG: &str = "MMSG_CONFIG";
    pub const OUTPUT: &str = "MMSG_OUTPUT";
    pub const NO_COLOR: &str = "NO_COLOR";
    pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
    pub const COLUMNS: &str = "COLUMNS";
    /// Set by a completion script: the shell that asks.
    pub const COMPLETE: &str = "MMSG_COMPLETE";

    /// Variables that contain a secret: not passed to child processes.
    pub const SECRETS: [&str; 5] = [TOKEN, PAGE_TOKEN, APP_SECRET, VERIFY_TOKEN, PGPASSWORD];
}

/// Environment variables, and the platform's folders derived from them.
#[derive(Clone, Default)]
pub struct Environment {
    /// Shared: each of many profiles' settings has them.
    variables: Arc<BTreeMap<OsString, OsString>>,
    home: Option<PathBuf>,
    config_dir: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    redactor: Redactor,
}

impl Environment {
    /// Reads this process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        let environment = Self {
            variables: Arc::new(std::env::vars_os().collect()),
            home: dirs::home_dir(),
            config_dir: dirs::config_dir(),
            data_dir: dirs::data_dir(),
            redactor: Redactor::default(),
        };
        for text in environment.variables.values().filter_map(|value| value.to_str()) {
            tokens_in(text).for_each(|token| environment.redactor.learn(&Secret::new(token)));
        }
        for text in names::SECRETS.iter().filter_map(|name| environment.raw(name)?.to_str()) {
            environment.redactor.learn(&Secret::new(text));
            // One variable may contain several app secrets.
            for part in text.split(',') {
                environment.redactor.learn(&Secret::new(part));
            }
        }
        environment
    }

    /// An environment without variables and with `home` as the home folder.
    #[cfg(test)]
    pub fn at_home(home: &Path) -> Self {
        Self {
            home: Some(home.to_owned()),
            config_dir: Some(home.join(".config")),
            data_dir: Some(home.join(".local/share")),
            ..Self::default()
        }
    }

    #[cfg(test)]
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        Arc::make_mut(&mut self.variables).insert(name.into(), value.into());
        self
    }

    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// For a child process: what contains no secret of ours, nor is withheld.
    pub fn without_secrets<'e>(&'e self, withheld: &'e [String]) -> impl Iterator<Item = (&'e OsStr, &'e OsStr)> {
        let with_password = self.raw(names::LEDGER).and_then(OsStr::to_str).and_then(|text| self.server(text));
        let with_password = with_password.is_some_and(|server| server.is_ok_and(|server| server.password().is_some()));
        let ours = move |name: &str| {
            (name == names::LEDGER && with_password)
                || names::SECRETS.contains(&name)
                || withheld.iter().any(|other| other == name)
        };
        self.variables().filter(move |(name, _)| !name.to_str().is_some_and(ours))
    }

    /// The variable's text; an empty one counts as unset.
    ///
    /// # Errors
    /// Exit 3 if it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        match self.raw(name) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Error::config(format!("the environment variable {name} is not UTF-8"))),
            },
        }
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Hides the secrets in our own variables, and every other secret as soon as it is known.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The path of the config file, and whether `MMSG_CONFIG` set it.
    ///
    /// # Errors
    /// Exit 3 if there is neither `MMSG_CONFIG` nor a home folder.
    pub fn config_file(&self) -> Result<(PathBuf, bool)> {
        if let Some(path) = self.path(names::CONFIG) {
            let path = std::path::absolute(&path).unwrap_or(path);
            return Ok((path, true));
        }
        match &self.config_dir {
            Some(dir) => Ok((dir.join("mmsg/config.toml"), false)),
            None => Err(Error::config("can't find the config file: there is no home folder")
                .hint("set HOME, or set MMSG_CONFIG to the path of the config file")),
        }
    }

    /// The address of a ledger on a server, if a text is one, filled in as libpq does. Its password is hidden from now on.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn server(&self, text: &str) -> Option<Result<Address, String>> {
        let server = Address::of_server(text, &|name| self.raw(name)?.to_str().map(str::to_owned))?;
        Some(server.inspect(|server| {
            if let Some(password) = server.password() {
                self.redactor.learn(password);
            }
        }))
    }

    /// The default path of the ledger.
    ///
    /// # Errors
    /// Exit 3 if there is no home folder.
    pub fn default_ledger(&self) -> Result<PathBuf> {
        match &self.data_dir {
            Some(dir) => Ok(dir.join("mmsg/ledger.db")),
            None => Err(Error::config("can't find the ledger: there is no home folder")
                .hint("set HOME, or pass --ledger FILE or set MMSG_LEDGER")),
        }
    }
}

impl std::fmt::Debug for Environment {
    /// Only names: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
