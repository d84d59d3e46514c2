//! Parses profiles strictly.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{At, Profile, SendProfile};
use crate::config::environment::Environment;
use crate::config::keyring;
use crate::config::source::SecretSource;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::text::nearest;

/// Keys of the file itself.
const FILE_KEYS: [&str; 3] = ["default_profile", "defaults", "profiles"];
/// Keys of a profile.
const PROFILE_KEYS: [&str; 14] = [
    "token",
    "page_token",
    "app_secret",
    "verify_token",
    "ad_account",
    "page",
    "api_version",
    "graph_url",
    "ledger",
    "ledger_password",
    "log_file",
    "campaign_name",
    "time_zone",
    "send",
];
/// Keys of a profile's `[send]`.
const SEND_KEYS: [&str; 6] = ["campaign", "message", "rate", "concurrency", "cool_down", "daily_spend_limit"];
/// Keys of a secret's inline table.
const SECRET_KEYS: [&str; 4] = ["env", "file", "command", "keyring"];

/// What belongs to one business alone.
const NOT_SHARED: [&str; 3] = ["page", "page_token", "send.campaign"];

/// Every key allowed in a config file, for the test that keeps the example complete.
#[cfg(test)]
pub fn all_keys() -> impl Iterator<Item = &'static str> {
    PROFILE_KEYS.into_iter().chain(SEND_KEYS).chain(SECRET_KEYS).chain([FILE_KEYS[0]])
}

type Value<'t> = Spanned<DeValue<'t>>;

/// Whose values a table holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A profile's.
    Its,
    /// `[defaults]`.
    Everybodys,
}

impl Whose {
    fn place(self) -> &'static str {
        match self {
            Self::Its => "in a profile",
            Self::Everybodys => "in [defaults]",
        }
    }
}

pub struct Reader<'f> {
    pub text: &'f str,
    pub path: &'f Path,
    pub environment: &'f Environment,
}

impl<'f> Reader<'f> {
    /// The whole file.
    ///
    /// # Errors
    /// Exit 3 if it is not TOML.
    pub fn root(&self) -> Result<Spanned<DeTable<'f>>> {
        // Only the parser's message: its full report quotes the line, which may contain a secret.
        DeTable::parse(self.text).map_err(|error| {
            self.wrong(error.span().unwrap_or_default(), format!("invalid TOML: {}", error.message()))
                .hint("strings must be quoted; config.example.toml shows every key")
        })
    }

    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", self.path.display())
    }

    pub fn wrong(&self, span: Range<usize>, message: impl std::fmt::Display) -> Error {
        Error::config(format!("{}: {message}", self.place(span)))
    }

    fn unknown_key(&self, span: Range<usize>, key: &str, place: &str, known: &[&str]) -> Error {
        let error = self.wrong(span, format!("unknown key \"{key}\" {place}"));
        match nearest(&key.replace('-', "_"), known) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!("valid keys: {}", known.join(", "))),
        }
    }

    /// A key that is none of the config file's own.
    pub fn unknown_file_key(&self, span: Range<usize>, key: &str) -> Error {
        self.unknown_key(span, key, "at the top level", &FILE_KEYS)
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str) -> Error {
        self.wrong(value.span(), format!("{key} must be {wanted}, not {}", with_article(value.get_ref().type_str())))
    }

    pub fn string(&self, key: &str, value: &Value<'_>) -> Result<At<String>> {
        match value.get_ref().as_str() {
            Some("") => Err(self.wrong(value.span(), format!("{key} is empty"))),
            Some(text) => Ok(At { value: text.to_owned(), place: self.place(value.span()) }),
            None => Err(self.wrong_type(key, value, "a string")),
        }
    }

    /// A string, or a number for the same text: `page = 123`.
    fn string_or_number(&self, key: &str, value: &Value<'_>) -> Result<At<String>> {
        let place = self.place(value.span());
        match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Ok(At { value: number.as_str().to_owned(), place }),
            DeValue::Float(number) => Ok(At { value: number.as_str().to_owned(), place }),
            _ => self.string(key, value).map_err(|error| match value.get_ref() {
                DeValue::String(_) => error,
                _ => self.wrong_type(key, value, "a string or a number"),
            }),
        }
    }

    pub fn table<'v, 't>(&self, key: &str, value: &'v Value<'t>) -> Result<&'v DeTable<'t>> {
        value.get_ref().as_table().ok_or_else(|| self.wrong_type(key, value, "a table"))
    }

    /// An absolute path: `~/` is the home folder, a relative path is relative to the file's folder.
    fn path(&self, key: &str, value: &Value<'_>) -> Result<At<PathBuf>> {
        let At { value: text, place } = self.string(key, value)?;
        let path = self.expand_home(&text);
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        Ok(At { value: folder.join(path), place })
    }

    fn expand_home(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.environment.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }

    /// A profile, or what all share.
    ///
    /// # Errors
    /// Exit 3 with file and line: an unknown key, a value of the wrong type, one that can't be shared.
    pub fn profile(&self, table: &DeTable<'_>, whose: Whose) -> Result<Profile> {
        let mut profile = Profile::default();
        for (key, value) in table {
            self.refuse_shared(key.span(), key.get_ref(), whose)?;
            match key.get_ref().as_ref() {
                "token" => profile.token = Some(self.secret("token", value)?),
                "page_token" => profile.page_token = Some(self.secret("page_token", value)?),
                "verify_token" => profile.verify_token = Some(self.secret("verify_token", value)?),
                "app_secret" => {
                    profile.app_secrets = match value.get_ref().as_array() {
                        Some(several) => {
                            several.iter().map(|one| self.secret("app_secret", one)).collect::<Result<_>>()?
                        }
                        None => vec![self.secret("app_secret", value)?],
                    }
                }
                "ad_account" => profile.ad_account = Some(self.string_or_number("ad_account", value)?),
                "page" => profile.page = Some(self.string_or_number("page", value)?),
                "api_version" => profile.api_version = Some(self.string("api_version", value)?),
                "graph_url" => profile.graph_url = Some(self.string("graph_url", value)?),
                "ledger" => {
                    let At { value: text, place } = self.string("ledger", value)?;
                    let value = match self.environment.server(&text) {
                        None => self.expand_home(&text).into(),
                        Some(Ok(server)) => server,
                        Some(Err(wrong)) => return Err(self.wrong(value.span(), wrong)),
                    };
                    profile.ledger = Some(At { value, place });
                }
                "ledger_password" => profile.ledger_password = Some(self.secret("ledger_password", value)?),
                "log_file" => profile.log_file = Some(self.path("log_file", value)?),
                "campaign_name" => profile.campaign_name = Some(self.string("campaign_name", value)?),
                "time_zone" => profile.time_zone = Some(self.string("time_zone", value)?),
                "send" => profile.send = self.send(value, whose)?,
                "profiles" if whose == Whose::Its => {
                    return Err(self
                        .wrong(key.span(), "this file is one profile: its keys stand at the top level")
                        .hint("take away [profiles.NAME], and write [send] for [profiles.NAME.send]"));
                }
                other => return Err(self.unknown_key(key.span(), other, whose.place(), &PROFILE_KEYS)),
            }
        }
        Ok(profile)
    }

    fn refuse_shared(&self, span: Range<usize>, key: &str, whose: Whose) -> Result<()> {
        if whose == Whose::Everybodys && NOT_SHARED.contains(&key) {
            return Err(self
                .wrong(span, format!("{key} can't be in [defaults]: it belongs to one business"))
                .hint(format!("set {key} in each profile")));
        }
        Ok(())
    }

    fn send(&self, value: &Value<'_>, whose: Whose) -> Result<SendProfile> {
        let mut send = SendProfile::default();
        for (key, value) in self.table("send", value)? {
            self.refuse_shared(key.span(), &format!("send.{}", key.get_ref()), whose)?;
            match key.get_ref().as_ref() {
                "campaign" => send.campaign = Some(self.string_or_number("send.campaign", value)?),
                "message" => send.message = Some(self.path("send.message", value)?),
                "rate" => send.rate = Some(self.string_or_number("send.rate", value)?),
                "concurrency" => send.concurrency = Some(self.integer("send.concurrency", value)?),
                "cool_down" => send.cool_down = Some(self.string("send.cool_down", value)?),
                "daily_spend_limit" => {
                    send.daily_spend_limit = Some(self.string_or_number("send.daily_spend_limit", value)?);
                }
                other => return Err(self.unknown_key(key.span(), other, "in send", &SEND_KEYS)),
            }
        }
        Ok(send)
    }

    fn integer(&self, key: &str, value: &Value<'_>) -> Result<At<i64>> {
        let number = value.get_ref().as_integer().ok_or_else(|| self.wrong_type(key, value, "a whole number"))?;
        let parsed = i64::from_str_radix(number.as_str(), number.radix())
            .map_err(|_| self.wrong(value.span(), format!("{key} is too large")))?;
        Ok(At { value: parsed, place: self.place(value.span()) })
    }

    /// A secret: a string, or one of `{ env = … }`, `{ file = … }`, `{ command = […] }`, `{ keyring = … }`.
    fn secret(&self, key: &str, value: &Value<'_>) -> Result<SecretSource> {
        const WANTED: &str = "a string or one of { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\", …] }, { keyring = \"NAME\" }";
        let table = match value.get_ref() {
            // Checked when it is used: an invalid secret is exit 4, and `config show` must still work.
            DeValue::String(text) => return Ok(SecretSource::Text(Secret::new(text.as_ref()))),
            DeValue::Table(table) => table,
            _ => return Err(self.wrong_type(key, value, WANTED)),
        };
        let mut entries = table.iter();
        let (Some((kind, inner)), None) = (entries.next(), entries.next()) else {
            return Err(self.wrong(value.span(), format!("{key} must be {WANTED}")));
        };
        match kind.get_ref().as_ref() {
            "env" => {
                let name = self.string(&format!("{key}.env"), inner)?.value;
                if name.contains(['=', '\0']) {
                    return Err(
                        self.wrong(inner.span(), format!("{key}.env must be the name of an environment variable"))
                    );
                }
                Ok(SecretSource::Env(name))
            }
            "file" => Ok(SecretSource::File(self.path(&format!("{key}.file"), inner)?.value)),
            "command" => self.command(&format!("{key}.command"), inner).map(SecretSource::Command),
            "keyring" => {
                let name = self.string(&format!("{key}.keyring"), inner)?.value;
                match keyring::name_fault(&name) {
                    Some(fault) => Err(self
                        .wrong(inner.span(), format!("{key}.keyring: {fault}"))
                        .hint("choose another name, and store the secret under it")),
                    None => Ok(SecretSource::Keyring(name)),
                }
            }
            other => Err(self.unknown_key(kind.span(), other, &format!("in {key}"), &SECRET_KEYS)),
        }
    }

    fn command(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>> {
        let wanted = "a list of strings that starts with the program";
        let words = value.get_ref().as_array().ok_or_else(|| self.wrong_type(key, value, wanted))?;
        let word = |word: &Value<'_>| match word.get_ref().as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.wrong_type(key, word, wanted)),
        };
        let argv: Vec<String> = words.iter().map(word).collect::<Result<_>>()?;
        match argv.first() {
            Some(program) if !program.is_empty() => Ok(argv),
            _ => Err(self.wrong(value.span(), format!("{key} must be {wanted}"))),
        }
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}
