//! Where each secret comes from, and what must never be printed.

use super::Resolver;
use crate::config::environment::{Environment, names};
use crate::config::file::{Profile, ProfileFile};
use crate::config::source::{LazySecret, SecretSource};
use crate::config::{Origin, Sourced};
use crate::error::{Error, Result};
use crate::secret::{Redactor, Secret};

impl<'a> Resolver<'a> {
    /// A secret from one of our own variables. An empty variable is an error to report, not a reason to use another secret.
    fn secret_variable(&self, variable: &'static str) -> Result<Option<String>> {
        match self.environment.raw(variable) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Error::credentials(format!("{variable} contains characters other than visible ASCII"))),
            },
        }
    }

    pub fn secret(
        &mut self,
        what: &'static str,
        variable: &'static str,
        field: impl Fn(&'a Profile) -> Option<&'a SecretSource>,
    ) -> Result<Option<LazySecret>> {
        let in_profile = self.pick(field);
        if !self.profile_wins(variable, in_profile.as_ref())
            && let Some(text) = self.secret_variable(variable)?
        {
            let value = SecretSource::Text(Secret::new(text));
            return Ok(Some(LazySecret::new(what, Sourced { value, origin: Origin::Env(variable) })));
        }
        Ok(in_profile.map(|source| LazySecret::new(what, source.cloned())))
    }

    /// The variable may contain several app secrets, separated by commas.
    pub fn app_secrets(&mut self) -> Result<Vec<LazySecret>> {
        const WHAT: &str = "app secret";
        let in_profile = self.pick(|profile| Some(&profile.app_secrets).filter(|secrets| !secrets.is_empty()));
        if !self.profile_wins(names::APP_SECRET, in_profile.as_ref())
            && let Some(text) = self.secret_variable(names::APP_SECRET)?
        {
            let one = |text: &str| {
                let value = SecretSource::Text(Secret::new(text));
                LazySecret::new(WHAT, Sourced { value, origin: Origin::Env(names::APP_SECRET) })
            };
            return Ok(text.split(',').map(one).collect());
        }
        let Some(Sourced { value, origin }) = in_profile else { return Ok(Vec::new()) };
        let one = |source: &SecretSource| Sourced { value: source.clone(), origin: origin.clone() };
        Ok(value.iter().map(|source| LazySecret::new(WHAT, one(source))).collect())
    }

    pub fn ledger_password(&self) -> Option<LazySecret> {
        let source = self.pick(|profile| profile.ledger_password.as_ref())?;
        Some(LazySecret::new("ledger password", source.cloned()).of_words())
    }
}

/// Starts with every secret of every profile that needs no fetching.
pub fn redactor(environment: &Environment, file: &ProfileFile) -> Redactor {
    let redactor = environment.redactor().clone();
    for source in file.secrets() {
        match source {
            SecretSource::Text(secret) => redactor.learn(secret),
            SecretSource::Env(name) => {
                // An app secret in place of the name of its variable.
                if name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    redactor.learn(&Secret::new(name));
                }
                if let Some(text) = environment.raw(name).and_then(|value| value.to_str()) {
                    redactor.learn(&Secret::new(text));
                }
            }
            SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Keyring(_) => {}
        }
    }
    redactor
}
