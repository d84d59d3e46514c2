//! Combines flags, environment, profile and defaults; each value keeps its origin.

use std::path::{Path, PathBuf};

use super::environment::{Environment, names};
use super::file::{At, Profile, ProfileFile, nearest};
use super::source::{LazySecret, SecretSource};
use super::{DEFAULT_API_VERSION, DEFAULT_GRAPH_URL, Origin, Overrides, Secrets, SendSettings, Settings, Sourced};
use crate::campaign::{AdAccount, Amount, PageId};
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::rate::{DEFAULT_CONCURRENCY, Rate, concurrency};
use crate::secret::{Redactor, Secret};
use crate::times::hours::Zone;
use crate::times::{COOL_DOWN, parse_duration};

pub fn settings(overrides: &Overrides, environment: &Environment) -> Result<Settings> {
    let (config_file, file) = read_file(environment)?;
    let chosen = choose_profile(overrides, environment, config_file.as_deref(), &file)?;
    let redactor = redactor(environment, &file);
    combine(overrides, environment, config_file, &file, chosen, redactor)
}

/// The settings with this profile, or with none.
pub fn combine(
    overrides: &Overrides,
    environment: &Environment,
    config_file: Option<PathBuf>,
    file: &ProfileFile,
    chosen: Option<Sourced<String>>,
    redactor: Redactor,
) -> Result<Settings> {
    let none = Profile::default();
    let profile = chosen.as_ref().and_then(|name| file.profiles.get(&name.value)).unwrap_or(&none);
    let mut resolver = Resolver {
        environment,
        profile,
        origin: Origin::Profile(chosen.as_ref().map_or_else(String::new, |name| name.value.clone())),
        profile_first: overrides.profile.is_some(),
        warnings: Vec::new(),
    };
    if let Some(path) = config_file.as_deref().filter(|_| file.open_to_others) {
        resolver.warnings.push(format!(
            "other users can read or change {}; run chmod 600 {}",
            path.display(),
            path.display()
        ));
    }

    let token = resolver.secret("access token", names::TOKEN, profile.token.as_ref())?;
    let page_token = resolver.secret("Page token", names::PAGE_TOKEN, profile.page_token.as_ref())?;
    let app_secrets = resolver.app_secrets()?;
    let verify_token = resolver.secret("verify token", names::VERIFY_TOKEN, profile.verify_token.as_ref())?;
    let verify_token = verify_token.map(LazySecret::of_words);
    let ad_account = resolver.business(names::AD_ACCOUNT, profile.ad_account.as_ref(), AdAccount::parse)?;
    let page = resolver.business(names::PAGE, profile.page.as_ref(), PageId::parse)?;
    let api_version = resolver.api_version()?;
    let graph_url = resolver.graph_url()?;
    let ledger = resolver.ledger(overrides)?;
    // That of another server is none of this one's business.
    let ledger_password = match &ledger.origin {
        Origin::Profile(_) => resolver.ledger_password(),
        _ => None,
    };
    let campaign_name = profile.campaign_name.as_ref().map(|name| resolver.of_profile(name.value.clone()));
    let time_zone = resolver.of_profile_checked(profile.time_zone.as_ref(), Zone::parse)?;
    let send = resolver.send(graph_url.value.is_loopback())?;

    let unchosen = if chosen.is_none() { file.names() } else { String::new() };
    let secrets = Secrets {
        token,
        page_token,
        app_secrets,
        verify_token,
        ledger_password,
        unchosen,
        withheld: file.secret_variables(),
        files: file.secret_files(),
        environment: environment.clone(),
        redactor,
    };
    Ok(Settings {
        profile: chosen,
        config_file,
        ad_account,
        page,
        api_version,
        graph_url,
        ledger,
        campaign_name,
        time_zone,
        send,
        warnings: resolver.warnings,
        secrets,
    })
}

/// The file's path and content; a missing file counts as empty, unless `MMSG_CONFIG` names it.
pub fn read_file(environment: &Environment) -> Result<(Option<PathBuf>, ProfileFile)> {
    let (path, named) = match environment.config_file() {
        Ok(found) => found,
        // The environment may set everything: without a home folder there is just no file.
        Err(_) => return Ok((None, ProfileFile::default())),
    };
    match ProfileFile::read(&path, environment)? {
        Some(file) => Ok((Some(path), file)),
        None if named => Err(Error::config(format!("the config file {} does not exist", path.display()))
            .hint("it is set by MMSG_CONFIG; run mmsg init to create it")),
        None => Ok((Some(path), ProfileFile::default())),
    }
}

fn choose_profile(
    overrides: &Overrides,
    environment: &Environment,
    path: Option<&Path>,
    file: &ProfileFile,
) -> Result<Option<Sourced<String>>> {
    let known = |value: String, origin: Origin| known(file, path, value, origin);
    if let Some(name) = &overrides.profile {
        return known(name.clone(), Origin::Flag("--profile"));
    }
    if let Some(name) = environment.text(names::PROFILE)? {
        return known(name, Origin::Env(names::PROFILE));
    }
    if let Some(name) = &file.default_profile {
        return known(name.value.clone(), Origin::Profile(format!("file, default_profile ({})", name.place)));
    }
    if file.profiles.contains_key("default") {
        return known("default".to_owned(), Origin::Default);
    }
    let mut names = file.profiles.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => known(only.clone(), Origin::Default),
        _ => Ok(None),
    }
}

/// A profile that must be there.
pub fn known(
    file: &ProfileFile,
    path: Option<&Path>,
    value: String,
    origin: Origin,
) -> Result<Option<Sourced<String>>> {
    let place = || path.map_or_else(|| "the config file".to_owned(), |path| path.display().to_string());
    if file.profiles.contains_key(&value) {
        return Ok(Some(Sourced { value, origin }));
    }
    let error = Error::config(format!("unknown profile \"{value}\" ({origin})"));
    Err(if file.profiles.is_empty() {
        error.hint(format!("there are no profiles in {}; run mmsg init to create one", place()))
    } else {
        let all: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
        match nearest(&value, &all) {
            Some(near) => error.hint(format!("did you mean \"{near}\"? Profiles in {}: {}", place(), file.names())),
            None => error.hint(format!("profiles in {}: {}", place(), file.names())),
        }
    })
}

struct Resolver<'a> {
    environment: &'a Environment,
    profile: &'a Profile,
    origin: Origin,
    /// Whether `--profile` is on the command line.
    profile_first: bool,
    warnings: Vec<String>,
}

impl Resolver<'_> {
    fn of_profile<T>(&self, value: T) -> Sourced<T> {
        Sourced { value, origin: self.origin.clone() }
    }

    /// Whether the profile's value wins over the variable, for a setting that identifies a business.
    fn profile_wins(&mut self, variable: &'static str, in_profile: bool) -> bool {
        let wins = self.profile_first && in_profile;
        if wins && self.environment.raw(variable).is_some_and(|value| !value.is_empty()) {
            self.warnings
                .push(format!("{variable} is ignored: the profile selected with --profile sets its own value"));
        }
        wins
    }

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

    fn secret(
        &mut self,
        what: &'static str,
        variable: &'static str,
        in_profile: Option<&SecretSource>,
    ) -> Result<Option<LazySecret>> {
        if !self.profile_wins(variable, in_profile.is_some())
            && let Some(text) = self.secret_variable(variable)?
        {
            let value = SecretSource::Text(Secret::new(text));
            return Ok(Some(LazySecret::new(what, Sourced { value, origin: Origin::Env(variable) })));
        }
        Ok(in_profile.map(|source| LazySecret::new(what, self.of_profile(source.clone()))))
    }

    /// The variable may contain several app secrets, separated by commas.
    fn app_secrets(&mut self) -> Result<Vec<LazySecret>> {
        const WHAT: &str = "app secret";
        if !self.profile_wins(names::APP_SECRET, !self.profile.app_secrets.is_empty())
            && let Some(text) = self.secret_variable(names::APP_SECRET)?
        {
            let one = |text: &str| {
                let value = SecretSource::Text(Secret::new(text));
                LazySecret::new(WHAT, Sourced { value, origin: Origin::Env(names::APP_SECRET) })
            };
            return Ok(text.split(',').map(one).collect());
        }
        Ok(self
            .profile
            .app_secrets
            .iter()
            .map(|source| LazySecret::new(WHAT, self.of_profile(source.clone())))
            .collect())
    }

    fn in_environment<T>(
        &self,
        variable: &'static str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>> {
        let Some(text) = self.environment.text(variable)? else { return Ok(None) };
        let value = check(&text)
            .map_err(|wrong| Error::config(wrong).hint(format!("it is set by the environment variable {variable}")))?;
        Ok(Some(Sourced { value, origin: Origin::Env(variable) }))
    }

    fn of_profile_checked<T>(
        &self,
        value: Option<&At<String>>,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>> {
        value
            .map(|at| check(&at.value).map(|value| self.of_profile(value)).map_err(|wrong| at_place(at, wrong)))
            .transpose()
    }

    fn business<T>(
        &mut self,
        variable: &'static str,
        in_profile: Option<&At<String>>,
        check: fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>> {
        if !self.profile_wins(variable, in_profile.is_some())
            && let Some(found) = self.in_environment(variable, check)?
        {
            return Ok(Some(found));
        }
        self.of_profile_checked(in_profile, check)
    }

    fn api_version(&self) -> Result<Sourced<ApiVersion>> {
        if let Some(found) = self.in_environment(names::API_VERSION, ApiVersion::parse)? {
            return Ok(found);
        }
        match self.of_profile_checked(self.profile.api_version.as_ref(), ApiVersion::parse)? {
            Some(found) => Ok(found),
            None => by_default(ApiVersion::parse(DEFAULT_API_VERSION)),
        }
    }

    fn graph_url(&mut self) -> Result<Sourced<GraphUrl>> {
        let url = match self.in_environment(names::GRAPH_URL, GraphUrl::parse)? {
            Some(found) => Some(found),
            None => self.of_profile_checked(self.profile.graph_url.as_ref(), GraphUrl::parse)?,
        };
        let Some(url) = url else { return by_default(GraphUrl::parse(DEFAULT_GRAPH_URL)) };
        if !url.value.is_meta() && !url.value.is_loopback() {
            self.warnings.push(format!(
                "the access token will be sent to {}, which is not a Meta host ({})",
                url.value, url.origin
            ));
        }
        Ok(url)
    }

    /// The flag may be a relative path: whoever types it knows the current folder. Other sources may not: cron starts in any folder.
    fn ledger(&mut self, overrides: &Overrides) -> Result<Sourced<Address>> {
        if let Some(path) = &overrides.ledger {
            if let Some(server) = path.to_str().and_then(|text| self.environment.server(text)) {
                let value = server.map_err(|wrong| Error::usage(format!("--ledger: {wrong}")))?;
                if value.password().is_some() && self.environment.raw(names::PGPASSWORD).is_none() {
                    self.warnings.push(
                        "other users of this machine can see the password in --ledger; use ledger_password, PGPASSWORD or ~/.pgpass"
                            .to_owned(),
                    );
                }
                return Ok(Sourced { value, origin: Origin::Flag("--ledger") });
            }
            let value = std::path::absolute(path).map_err(|error| {
                Error::usage(format!("--ledger {} is not a valid path", path.display())).because(&error)
            })?;
            return Ok(Sourced { value: value.into(), origin: Origin::Flag("--ledger") });
        }
        if let Some(path) = self.environment.path(names::LEDGER) {
            if let Some(server) = path.to_str().and_then(|text| self.environment.server(text)) {
                let value = server
                    .map_err(|wrong| Error::config(wrong).hint("it is set by the environment variable MMSG_LEDGER"))?;
                return Ok(Sourced { value, origin: Origin::Env(names::LEDGER) });
            }
            let value = Address::from(path);
            if value.is_relative() {
                return Err(relative_ledger(&value, names::LEDGER));
            }
            return Ok(Sourced { value, origin: Origin::Env(names::LEDGER) });
        }
        if let Some(At { value, place }) = &self.profile.ledger {
            if value.is_relative() {
                return Err(relative_ledger(value, place));
            }
            return Ok(self.of_profile(value.clone()));
        }
        Ok(Sourced::default_value(self.environment.default_ledger()?.into()))
    }

    fn ledger_password(&self) -> Option<LazySecret> {
        let source = self.profile.ledger_password.as_ref()?;
        Some(LazySecret::new("ledger password", self.of_profile(source.clone())).of_words())
    }

    fn send(&self, loopback: bool) -> Result<SendSettings> {
        let send = &self.profile.send;
        let in_flight = match &send.concurrency {
            None => Sourced::default_value(DEFAULT_CONCURRENCY),
            Some(at) => self.of_profile(concurrency(at.value).map_err(|wrong| at_place(at, wrong))?),
        };
        let rate = self.of_profile_checked(send.rate.as_ref(), Rate::parse)?;
        let cool_down = |text: &str| {
            let duration = parse_duration(text)?;
            // A sandbox on this machine may have a shorter one.
            if duration < COOL_DOWN && !loopback {
                return Err(format!(
                    "the cool-down {text} is shorter than Meta's 12h; only a sandbox on this machine may use that"
                ));
            }
            Ok(duration)
        };
        Ok(SendSettings {
            campaign: self.of_profile_checked(send.campaign.as_ref(), |text| Ok(text.to_owned()))?,
            message: send.message.as_ref().map(|at| self.of_profile(at.value.clone())),
            rate: rate.unwrap_or(Sourced::default_value(Rate::Auto)),
            concurrency: in_flight,
            cool_down: self
                .of_profile_checked(send.cool_down.as_ref(), cool_down)?
                .unwrap_or(Sourced::default_value(COOL_DOWN)),
            daily_spend_limit: self.of_profile_checked(send.daily_spend_limit.as_ref(), |text| {
                Amount::parse_whole(text).map_err(|wrong| format!("send.daily_spend_limit {text}: {wrong}"))
            })?,
        })
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
            SecretSource::File(_) | SecretSource::Command(_) => {}
        }
    }
    redactor
}

fn by_default<T>(value: Result<T, String>) -> Result<Sourced<T>> {
    value.map(Sourced::default_value).map_err(Error::internal)
}

fn at_place<T>(at: &At<T>, wrong: String) -> Error {
    Error::config(format!("{}: {wrong}", at.place))
}

fn relative_ledger(ledger: &Address, origin: &str) -> Error {
    Error::config(format!("the ledger path must be absolute: {ledger} ({origin})"))
        .hint("with a relative path, another folder would mean another ledger, and people could be messaged twice")
}
