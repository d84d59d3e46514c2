//! Parses the config file strictly and reports every mistake with file and line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::source::SecretSource;
use crate::error::{Error, Result};
use crate::ledger::address::Address;
use crate::secret::{Secret, tokens_in};

/// Keys of the file itself.
const FILE_KEYS: [&str; 2] = ["default_profile", "profiles"];
/// Keys of a profile.
const PROFILE_KEYS: [&str; 13] = [
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
    "campaign_name",
    "time_zone",
    "send",
];
/// Keys of a profile's `[send]`.
const SEND_KEYS: [&str; 6] = ["campaign", "message", "rate", "concurrency", "cool_down", "daily_spend_limit"];
/// Keys of a secret's inline table.
const SECRET_KEYS: [&str; 3] = ["env", "file", "command"];

/// Every key allowed in a config file, for the test that keeps the example complete.
#[cfg(test)]
pub fn all_keys() -> impl Iterator<Item = &'static str> {
    PROFILE_KEYS.into_iter().chain(SEND_KEYS).chain(SECRET_KEYS).chain([FILE_KEYS[0]])
}

/// A value and its place in the file, for errors.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub value: T,
    /// `FILE:LINE`.
    pub place: String,
}

/// One profile; only the types of its values are checked.
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
    pub campaign_name: Option<At<String>>,
    pub time_zone: Option<At<String>>,
    pub send: SendProfile,
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

/// The config file.
#[derive(Clone, Debug, Default)]
pub struct ProfileFile {
    pub default_profile: Option<At<String>>,
    pub profiles: BTreeMap<String, Profile>,
    /// Whether other users can read or change it.
    pub open_to_others: bool,
}

impl ProfileFile {
    /// Reads the file; `None` if it does not exist.
    ///
    /// # Errors
    /// Exit 3 if it can't be read or is invalid.
    pub fn read(path: &Path, environment: &Environment) -> Result<Option<Self>> {
        let unreadable = |error: &io::Error| {
            Error::config(format!("can't read the config file {}", path.display()))
                .because(error)
                .hint("mmsg config path prints its path; set MMSG_CONFIG to use another file")
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        let mode = fs::metadata(path).map_err(|error| unreadable(&error))?.permissions().mode();
        let text = String::from_utf8(bytes)
            .map_err(|error| unreadable(&io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))?;
        // One may stand where a name was meant, and errors quote names.
        tokens_in(&text).for_each(|token| environment.redactor().learn(&Secret::new(token)));
        let mut file = Self::parse(&text, path, environment)?;
        file.open_to_others = mode & 0o077 != 0;
        Ok(Some(file))
    }

    /// Parses the text of the file at `path`. Relative paths in it are relative to its folder, except the ledger's.
    ///
    /// # Errors
    /// Exit 3 with file and line: malformed TOML, an unknown key, a value of the wrong type.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self> {
        let reader = Reader { text, path, environment };
        // Only the parser's message: its full report quotes the line, which may contain a secret.
        let root = DeTable::parse(text).map_err(|error| {
            reader
                .wrong(error.span().unwrap_or_default(), format!("invalid TOML: {}", error.message()))
                .hint("strings must be quoted; config.example.toml shows every key")
        })?;
        let mut file = Self::default();
        for (key, value) in root.get_ref() {
            match key.get_ref().as_ref() {
                "default_profile" => file.default_profile = Some(reader.string("default_profile", value)?),
                "profiles" => {
                    for (name, value) in reader.table("profiles", value)? {
                        if name.get_ref().is_empty() {
                            return Err(reader.wrong(name.span(), "a profile needs a name"));
                        }
                        let profile = reader.profile(value)?;
                        file.profiles.insert(name.get_ref().to_string(), profile);
                    }
                }
                other => return Err(reader.unknown_key(key.span(), other, "at the top level", &FILE_KEYS)),
            }
        }
        Ok(file)
    }

    /// The names of all profiles, for an error: `shop, test`.
    pub fn names(&self) -> String {
        self.profiles.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Every secret of every profile.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretSource> {
        self.profiles.values().flat_map(|profile| {
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
            SecretSource::Text(_) | SecretSource::File(_) | SecretSource::Command(_) => None,
        };
        self.secrets().filter_map(name).collect()
    }

    /// Every file from which a secret of any profile is read.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let path = |source: &SecretSource| match source {
            SecretSource::File(path) => Some(path.clone()),
            SecretSource::Text(_) | SecretSource::Env(_) | SecretSource::Command(_) => None,
        };
        self.secrets().filter_map(path).collect()
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

struct Reader<'f> {
    text: &'f str,
    path: &'f Path,
    environment: &'f Environment,
}

impl<'f> Reader<'f> {
    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", self.path.display())
    }

    fn wrong(&self, span: Range<usize>, message: impl std::fmt::Display) -> Error {
        Error::config(format!("{}: {message}", self.place(span)))
    }

    fn unknown_key(&self, span: Range<usize>, key: &str, place: &str, known: &[&str]) -> Error {
        let error = self.wrong(span, format!("unknown key \"{key}\" {place}"));
        match nearest(key, known) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!("valid keys: {}", known.join(", "))),
        }
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str) -> Error {
        self.wrong(value.span(), format!("{key} must be {wanted}, not {}", with_article(value.get_ref().type_str())))
    }

    fn string(&self, key: &str, value: &Value<'_>) -> Result<At<String>> {
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

    fn table<'v, 't>(&self, key: &str, value: &'v Value<'t>) -> Result<&'v DeTable<'t>> {
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

    fn profile(&self, value: &Value<'_>) -> Result<Profile> {
        let mut profile = Profile::default();
        for (key, value) in self.table("a profile", value)? {
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
                "campaign_name" => profile.campaign_name = Some(self.string("campaign_name", value)?),
                "time_zone" => profile.time_zone = Some(self.string("time_zone", value)?),
                "send" => profile.send = self.send(value)?,
                other => return Err(self.unknown_key(key.span(), other, "in a profile", &PROFILE_KEYS)),
            }
        }
        Ok(profile)
    }

    fn send(&self, value: &Value<'_>) -> Result<SendProfile> {
        let mut send = SendProfile::default();
        for (key, value) in self.table("send", value)? {
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

    /// A secret: a string, or one of `{ env = … }`, `{ file = … }`, `{ command = […] }`.
    fn secret(&self, key: &str, value: &Value<'_>) -> Result<SecretSource> {
        const WANTED: &str =
            "a string or one of { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\", …] }";
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

/// The known word most similar to a mistyped one, if any is similar enough.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase().replace('-', "_");
    let near = known.iter().map(|known| {
        let one_typo = strsim::damerau_levenshtein(&word, known) <= 1;
        (if one_typo { 1.0 } else { strsim::jaro_winkler(&word, known) }, *known)
    });
    near.filter(|(score, _)| *score >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
