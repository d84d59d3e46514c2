//! Combines flags, environment, profile and defaults; each value keeps its origin.

mod secrets;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environment::{Environment, names};
use super::file::{At, OwnFile, Profile, ProfileFile, folder_of};
use super::source::LazySecret;
use super::{DEFAULT_API_VERSION, DEFAULT_GRAPH_URL, Origin, Overrides, Secrets, SendSettings, Settings, Sourced};
use crate::campaign::{AdAccount, Amount, PageId};
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::rate::{DEFAULT_CONCURRENCY, DEFAULT_CONCURRENCY_ON_A_SERVER, Rate, concurrency};
use crate::secret::Redactor;
use crate::times::hours::Zone;
use crate::times::{COOL_DOWN, parse_duration};

pub fn settings(overrides: &Overrides, environment: &Environment) -> Result<Settings> {
    let all = All::read(environment)?;
    let chosen = choose_profile(overrides, environment, &all)?;
    combine(overrides, environment, &all, chosen)
}

/// All profiles, and what is known of all of their secrets.
pub struct All {
    /// The path of the config file, which may not exist; `None` without a home folder.
    pub path: Option<PathBuf>,
    pub file: ProfileFile,
    redactor: Redactor,
    withheld: Arc<[String]>,
    secret_files: Arc<[PathBuf]>,
}

impl All {
    /// # Errors
    /// Exit 3 if the config file can't be read, or is missing although `MMSG_CONFIG` names it.
    pub fn read(environment: &Environment) -> Result<Self> {
        let (path, file) = read_file(environment)?;
        Ok(Self::of(path, file, environment))
    }

    pub fn of(path: Option<PathBuf>, file: ProfileFile, environment: &Environment) -> Self {
        let redactor = secrets::redactor(environment, &file);
        let (withheld, secret_files) = (file.secret_variables().into(), file.secret_files().into());
        Self { path, file, redactor, withheld, secret_files }
    }

    /// A profile that must be there, and usable.
    ///
    /// # Errors
    /// Exit 3 if it is not.
    pub fn known(&self, value: String, origin: Origin) -> Result<Sourced<String>> {
        if self.file.profiles.contains_key(&value) {
            return Ok(Sourced { value, origin });
        }
        Err(match self.file.broken.get(&value) {
            Some(broken) => broken.error(),
            None => self.file.unknown(&value, Some(&origin.to_string()), self.path.as_deref()),
        })
    }
}

/// What to say of a file that others can read or change.
pub fn open_to_others(path: &Path) -> String {
    format!("other users can read or change {}; run chmod 600 {}", path.display(), path.display())
}

/// The settings with this profile, or with none.
pub fn combine(
    overrides: &Overrides,
    environment: &Environment,
    all: &All,
    chosen: Option<Sourced<String>>,
) -> Result<Settings> {
    let none = Profile::default();
    let profile = chosen.as_ref().and_then(|name| all.file.profiles.get(&name.value)).unwrap_or(&none);
    let mut resolver = Resolver {
        environment,
        profile,
        defaults: &all.file.defaults,
        origin: Origin::Profile(chosen.as_ref().map_or_else(String::new, |name| name.value.clone())),
        profile_first: overrides.profile.is_some(),
        warnings: Vec::new(),
    };
    let own_file = profile.file.as_ref();
    let open = [
        all.path.as_deref().filter(|_| all.file.open_to_others),
        own_file.filter(|file| file.open_to_others).map(|file| file.path.as_path()),
    ];
    for path in open.into_iter().flatten() {
        resolver.warnings.push(open_to_others(path));
    }

    let token = resolver.secret("access token", names::TOKEN, |profile| profile.token.as_ref())?;
    let page_token = resolver.secret("Page token", names::PAGE_TOKEN, |profile| profile.page_token.as_ref())?;
    let app_secrets = resolver.app_secrets()?;
    let verify_token = resolver.secret("verify token", names::VERIFY_TOKEN, |profile| profile.verify_token.as_ref())?;
    let verify_token = verify_token.map(LazySecret::of_words);
    let ad_account = resolver.business(names::AD_ACCOUNT, |profile| profile.ad_account.as_ref(), AdAccount::parse)?;
    let page = resolver.business(names::PAGE, |profile| profile.page.as_ref(), PageId::parse)?;
    let api_version = resolver.api_version()?;
    let graph_url = resolver.graph_url()?;
    let ledger = resolver.ledger(overrides)?;
    // That of another server is none of this one's business.
    let ledger_password = match &ledger.origin {
        Origin::Profile(_) | Origin::Defaults => resolver.ledger_password(),
        _ => None,
    };
    let log_file = resolver.log_file(overrides)?;
    let campaign_name = resolver.checked(|profile| profile.campaign_name.as_ref(), |name| Ok(name.to_owned()))?;
    let time_zone = resolver.checked(|profile| profile.time_zone.as_ref(), Zone::parse)?;
    let send = resolver.send(graph_url.value.is_loopback(), ledger.value.is_server())?;

    let unchosen = if chosen.is_none() { all.file.shown_names() } else { String::new() };
    let secrets = Secrets {
        token,
        page_token,
        app_secrets,
        verify_token,
        ledger_password,
        unchosen,
        withheld: Arc::clone(&all.withheld),
        files: Arc::clone(&all.secret_files),
        environment: environment.clone(),
        redactor: all.redactor.clone(),
    };
    Ok(Settings {
        profile: chosen,
        own_file: own_file.map(|OwnFile { path, .. }| path.clone()),
        profiles_folder: all.path.as_deref().map(folder_of),
        config_file: all.path.clone(),
        ad_account,
        page,
        api_version,
        graph_url,
        ledger,
        log_file,
        campaign_name,
        time_zone,
        send,
        warnings: resolver.warnings,
        secrets,
    })
}

/// The file's path and content; a missing file counts as empty, unless `MMSG_CONFIG` names it.
fn read_file(environment: &Environment) -> Result<(Option<PathBuf>, ProfileFile)> {
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

fn choose_profile(overrides: &Overrides, environment: &Environment, all: &All) -> Result<Option<Sourced<String>>> {
    let known = |value: String, origin: Origin| all.known(value, origin).map(Some);
    if let Some(name) = &overrides.profile {
        return known(name.clone(), Origin::Flag("--profile"));
    }
    if let Some(name) = environment.text(names::PROFILE)? {
        return known(name, Origin::Env(names::PROFILE));
    }
    if let Some(name) = &all.file.default_profile {
        return known(name.value.clone(), Origin::Profile(format!("file, default_profile ({})", name.place)));
    }
    if all.file.has("default") {
        return known("default".to_owned(), Origin::Default);
    }
    let mut names = all.file.names().into_iter();
    match (names.next(), names.next()) {
        (Some(only), None) => known(only.to_owned(), Origin::Default),
        _ => Ok(None),
    }
}

struct Resolver<'a> {
    environment: &'a Environment,
    profile: &'a Profile,
    defaults: &'a Profile,
    origin: Origin,
    /// Whether `--profile` is on the command line.
    profile_first: bool,
    warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// The profile's value, else the one that all share.
    fn pick<T>(&self, field: impl Fn(&'a Profile) -> Option<&'a T>) -> Option<Sourced<&'a T>> {
        match field(self.profile) {
            Some(value) => Some(Sourced { value, origin: self.origin.clone() }),
            None => field(self.defaults).map(|value| Sourced { value, origin: Origin::Defaults }),
        }
    }

    /// Whether the profile's value wins over the variable, for a setting that identifies a business.
    fn profile_wins<T>(&mut self, variable: &'static str, in_profile: Option<&Sourced<T>>) -> bool {
        let Some(origin) = in_profile.map(|value| &value.origin).filter(|_| self.profile_first) else { return false };
        if self.environment.raw(variable).is_some_and(|value| !value.is_empty()) {
            let who = match origin {
                Origin::Defaults => "[defaults] sets it for the profile selected with --profile",
                _ => "the profile selected with --profile sets its own value",
            };
            self.warnings.push(format!("{variable} is ignored: {who}"));
        }
        true
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

    /// The profile's value, or the one that all share.
    fn checked<T>(
        &self,
        field: impl Fn(&'a Profile) -> Option<&'a At<String>>,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>> {
        self.pick(field).map(|found| found.checked(|text| check(text))).transpose()
    }

    fn business<T>(
        &mut self,
        variable: &'static str,
        field: impl Fn(&'a Profile) -> Option<&'a At<String>>,
        check: fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>> {
        let in_profile = self.pick(field);
        if !self.profile_wins(variable, in_profile.as_ref())
            && let Some(found) = self.in_environment(variable, check)?
        {
            return Ok(Some(found));
        }
        in_profile.map(|found| found.checked(|text| check(text))).transpose()
    }

    fn api_version(&self) -> Result<Sourced<ApiVersion>> {
        if let Some(found) = self.in_environment(names::API_VERSION, ApiVersion::parse)? {
            return Ok(found);
        }
        match self.checked(|profile| profile.api_version.as_ref(), ApiVersion::parse)? {
            Some(found) => Ok(found),
            None => by_default(ApiVersion::parse(DEFAULT_API_VERSION)),
        }
    }

    fn graph_url(&mut self) -> Result<Sourced<GraphUrl>> {
        let url = match self.in_environment(names::GRAPH_URL, GraphUrl::parse)? {
            Some(found) => Some(found),
            None => self.checked(|profile| profile.graph_url.as_ref(), GraphUrl::parse)?,
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
                    self.warnings.push(shown_password("--ledger"));
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
        if let Some(Sourced { value: At { value, place }, origin }) = self.pick(|profile| profile.ledger.as_ref()) {
            if value.is_relative() {
                return Err(relative_ledger(value, place));
            }
            return Ok(Sourced { value: value.clone(), origin });
        }
        Ok(Sourced::default_value(self.environment.default_ledger()?.into()))
    }

    fn log_file(&self, overrides: &Overrides) -> Result<Option<Sourced<PathBuf>>> {
        let Some(path) = &overrides.log_file else {
            let named = self.pick(|profile| profile.log_file.as_ref());
            return named.map(|found| found.checked(|path| Ok(path.clone()))).transpose();
        };
        let value = std::path::absolute(path).map_err(|error| {
            Error::usage(format!("--log-file {} is not a valid path", path.display())).because(&error)
        })?;
        Ok(Some(Sourced { value, origin: Origin::Flag("--log-file") }))
    }

    fn send(&self, loopback: bool, on_a_server: bool) -> Result<SendSettings> {
        let in_flight = match self.pick(|profile| profile.send.concurrency.as_ref()) {
            None if on_a_server => Sourced::default_value(DEFAULT_CONCURRENCY_ON_A_SERVER),
            None => Sourced::default_value(DEFAULT_CONCURRENCY),
            Some(found) => found.checked(|number| concurrency(*number))?,
        };
        let rate = self.checked(|profile| profile.send.rate.as_ref(), Rate::parse)?;
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
            campaign: self.checked(|profile| profile.send.campaign.as_ref(), |text| Ok(text.to_owned()))?,
            message: self
                .pick(|profile| profile.send.message.as_ref())
                .map(|found| found.checked(|path| Ok(path.clone())))
                .transpose()?,
            rate: rate.unwrap_or(Sourced::default_value(Rate::Auto)),
            concurrency: in_flight,
            cool_down: self
                .checked(|profile| profile.send.cool_down.as_ref(), cool_down)?
                .unwrap_or(Sourced::default_value(COOL_DOWN)),
            daily_spend_limit: self.checked(
                |profile| profile.send.daily_spend_limit.as_ref(),
                |text| Amount::parse_whole(text).map_err(|wrong| format!("send.daily_spend_limit {text}: {wrong}")),
            )?,
        })
    }
}

fn by_default<T>(value: Result<T, String>) -> Result<Sourced<T>> {
    value.map(Sourced::default_value).map_err(Error::internal)
}

impl<T: Clone> Sourced<&T> {
    fn cloned(self) -> Sourced<T> {
        Sourced { value: self.value.clone(), origin: self.origin }
    }
}

impl<V> Sourced<&At<V>> {
    /// The value as it is meant; what is wrong with it is told with its place.
    fn checked<T>(self, check: impl FnOnce(&V) -> Result<T, String>) -> Result<Sourced<T>> {
        let At { value, place } = self.value;
        let value = check(value).map_err(|wrong| Error::config(format!("{place}: {wrong}")))?;
        Ok(Sourced { value, origin: self.origin })
    }
}

fn relative_ledger(ledger: &Address, origin: &str) -> Error {
    Error::config(format!("the ledger path must be absolute: {ledger} ({origin})"))
        .hint("with a relative path, another folder would mean another ledger, and people could be messaged twice")
}

/// Whoever lists processes sees their arguments.
pub fn shown_password(place: &str) -> String {
    format!("other users of this machine can see the password in {place}; use ledger_password, PGPASSWORD or ~/.pgpass")
}
