//! Sources of secrets: a literal, an environment variable, a file, the output of a command, or the system's keyring. A secret is fetched only when needed,
//! and the redactor learns it first.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::child::{Failure, Program};
use super::environment::Environment;
use super::{Origin, Sourced, keyring};
use crate::error::{Error, Result};
use crate::secret::{Redactor, Secret};
use crate::text::{is_hidden, trimmed};

/// Time limit for a command that prints a secret.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest secret that is accepted.
const MAX_BYTES: u64 = 64 * 1024;

/// The source of a secret.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// A literal in the config file or in one of our own variables.
    Text(Secret),
    /// An environment variable named by the profile.
    Env(String),
    /// An absolute path.
    File(PathBuf),
    /// A program and its arguments.
    Command(Vec<String>),
    /// The name of an entry in the system's keyring.
    Keyring(String),
}

impl SecretSource {
    /// The source in words, without the secret. For a command only its program: arguments may be secret too.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(_) => "plain text".to_owned(),
            Self::Env(name) => format!("variable {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Command(argv) => format!("command {}", argv.first().map_or("", String::as_str)),
            Self::Keyring(name) => format!("keyring {name}"),
        }
    }
}

/// A secret in the settings, fetched when it is first needed.
#[derive(Clone, Debug)]
pub struct LazySecret {
    what: &'static str,
    source: Sourced<SecretSource>,
    /// Somebody thought of it: it may be several words, in any script.
    is_phrase: bool,
    fetched: OnceLock<Secret>,
}

impl LazySecret {
    /// `what` completes "the … is empty": `access token`.
    pub fn new(what: &'static str, source: Sourced<SecretSource>) -> Self {
        Self { what, source, is_phrase: false, fetched: OnceLock::new() }
    }

    #[must_use]
    pub fn of_words(self) -> Self {
        Self { is_phrase: true, ..self }
    }

    /// The secret.
    ///
    /// # Errors
    /// Exit 4 if it can't be fetched, is empty, or is not one word of visible ASCII; of words, if one can't be seen. Exit 3 if the keyring
    /// does not give it.
    pub fn get(&self, environment: &Environment, withheld: &[String], redactor: &Redactor) -> Result<Secret> {
        if let Some(secret) = self.fetched.get() {
            return Ok(secret.clone());
        }
        let text = self.fetch(environment, withheld)?;
        let secret = Secret::new(text);
        redactor.learn(&secret);
        self.check(secret.expose())?;
        Ok(self.fetched.get_or_init(|| secret).clone())
    }

    fn fetch(&self, environment: &Environment, withheld: &[String]) -> Result<String> {
        match &self.source.value {
            SecretSource::Text(secret) => Ok(secret.expose().to_owned()),
            SecretSource::Env(name) => {
                let value = environment.raw(name).ok_or_else(|| {
                    self.failed(&format!("the environment variable {name} is not set"))
                        .hint(format!("set {name}, or change the source in {}", self.origin()))
                })?;
                self.text(value.as_encoded_bytes().to_vec())
            }
            SecretSource::File(path) => {
                let mut bytes = Vec::new();
                File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(
                    |error| {
                        self.failed(&format!("can't read {}", path.display()))
                            .because(&error)
                            .hint(format!("the file is set in {}", self.origin()))
                    },
                )?;
                self.text(without_final_newline(bytes))
            }
            SecretSource::Command(argv) => {
                let bytes = self.run(argv, environment, withheld, COMMAND_TIMEOUT)?;
                self.text(without_final_newline(bytes))
            }
            SecretSource::Keyring(name) => {
                let bytes = keyring::read(name, self.what, environment.without_secrets(withheld))?;
                self.text(without_final_newline(bytes))
            }
        }
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(self.failed(&format!("{} has more than {MAX_BYTES} bytes", self.source.value.describe())));
        }
        // The bytes may be a secret: the error does not show them.
        String::from_utf8(bytes).map_err(|_| self.failed("it is not UTF-8 text"))
    }

    /// Runs the command without our own secrets in its environment.
    fn run(
        &self,
        argv: &[String],
        environment: &Environment,
        withheld: &[String],
        timeout: Duration,
    ) -> Result<Vec<u8>> {
        let program = argv.first().map_or("", String::as_str);
        let child = Program { argv, reads: None, most: MAX_BYTES, timeout };
        child.output(environment.without_secrets(withheld)).map_err(|failure| {
            let error = match failure {
                Failure::NotStarted(error) => self.failed(&format!("can't run {program}")).because(&error),
                Failure::TooLong => self.failed(&format!("{program} did not finish within {}s", timeout.as_secs())),
                Failure::Ended(status, said) => {
                    let said = said.as_deref().unwrap_or("no error message");
                    self.failed(&format!("{program} failed ({status}): {said}"))
                }
                Failure::OutputOpen => self.failed(&format!("{program} did not close its output")),
            };
            error.hint(format!("the command is set in {}", self.origin()))
        })
    }

    /// Why it can't be fetched, without running a command: the variable is not set, or the file does not exist.
    pub fn missing(&self, environment: &Environment) -> Option<String> {
        match &self.source.value {
            SecretSource::Env(name) if environment.raw(name).is_none() => Some(format!("variable {name} is not set")),
            SecretSource::File(path) if !path.exists() => Some(format!("file {} does not exist", path.display())),
            SecretSource::Text(_)
            | SecretSource::Env(_)
            | SecretSource::File(_)
            | SecretSource::Command(_)
            | SecretSource::Keyring(_) => None,
        }
    }

    fn check(&self, secret: &str) -> Result<()> {
        let wrong = if secret.is_empty() {
            "is empty"
        } else if self.is_phrase {
            if secret == trimmed(secret) && !secret.chars().any(is_hidden) {
                return Ok(());
            }
            return Err(Error::credentials(format!(
                "the {} begins or ends with white space, or contains hidden characters ({})",
                self.what,
                self.place()
            ))
            .hint("copy it again, without quotes or line breaks around it"));
        } else if secret.chars().any(char::is_whitespace) {
            "contains white space"
        } else if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            "contains characters other than visible ASCII"
        } else {
            return Ok(());
        };
        Err(Error::credentials(format!("the {} {wrong} ({})", self.what, self.place()))
            .hint("copy it again, as one word without quotes, spaces or line breaks"))
    }

    fn failed(&self, why: &str) -> Error {
        Error::credentials(format!("can't get the {}: {why}", self.what))
    }

    fn origin(&self) -> &Origin {
        &self.source.origin
    }

    /// Where it is: `environment MMSG_TOKEN`, `profile shop: file /run/token`.
    pub fn place(&self) -> String {
        match (&self.source.origin, &self.source.value) {
            (origin, SecretSource::Text(_)) => origin.to_string(),
            (origin, source) => format!("{origin}: {}", source.describe()),
        }
    }
}

fn without_final_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::error::Exit;

    fn lazy(source: SecretSource) -> LazySecret {
        LazySecret::new("access token", Sourced { value: source, origin: Origin::Profile("shop".to_owned()) })
    }

    fn shell(script: &str) -> LazySecret {
        lazy(SecretSource::Command(vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()]))
    }

    fn get(secret: &LazySecret, environment: &Environment) -> Result<String> {
        secret
            .get(environment, &["OTHER_TOKEN".to_owned()], &Redactor::default())
            .map(|secret| secret.expose().to_owned())
    }

    fn home() -> Environment {
        Environment::at_home(Path::new("/nowhere")).with("PATH", "/usr/bin:/bin")
    }

    #[test]
    fn one_final_newline_of_a_command_is_cut_and_no_more() {
        assert_eq!(get(&shell("printf 'EAAB1\\n'"), &home()).unwrap(), "EAAB1");
        assert_eq!(get(&shell("printf 'EAAB1\\r\\n'"), &home()).unwrap(), "EAAB1");
        let error = get(&shell("printf 'EAAB1\\n\\n'"), &home()).unwrap_err();
        assert_eq!(error.exit(), Exit::Credentials);
        assert!(!error.to_string().contains("EAAB1"), "{error}");
    }

    #[test]
    fn a_command_sees_none_of_our_secrets() {
        let environment = home().with("MMSG_TOKEN", "EAAB1").with("OTHER_TOKEN", "EAAB2").with("PLAIN", "yes");
        let printed = get(&shell("echo \"[$MMSG_TOKEN][$OTHER_TOKEN][$PLAIN]\""), &environment).unwrap();
        assert_eq!(printed, "[][][yes]");
    }

    #[test]
    fn the_last_line_of_a_failing_command_is_shown() {
        let error = get(&shell("echo first >&2; echo 'vault is sealed' >&2; exit 3"), &home()).unwrap_err();
        assert_eq!(error.exit(), Exit::Credentials);
        assert!(error.message().contains("vault is sealed"), "{error}");
        assert!(!error.message().contains("first"), "{error}");
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        let secret = shell("exec sleep 60");
        let SecretSource::Command(argv) = &secret.source.value else { panic!("a command") };
        let started = Instant::now();
        let error = secret.run(argv, &home(), &[], Duration::from_millis(100)).unwrap_err();
        assert_eq!(error.exit(), Exit::Credentials);
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_command_that_never_stops_printing_is_refused_in_flat_memory() {
        let error = get(&shell("head -c 300000 /dev/zero | tr '\\0' a"), &home()).unwrap_err();
        assert!(error.message().contains("more than 65536 bytes"), "{error}");
    }

    #[test]
    fn a_secret_is_fetched_once() {
        let folder = tempfile::tempdir().unwrap();
        let counter = folder.path().join("runs");
        let secret = shell(&format!("echo run >> {}; echo EAAB1", counter.display()));
        get(&secret, &home()).unwrap();
        get(&secret, &home()).unwrap();
        assert_eq!(std::fs::read_to_string(counter).unwrap(), "run\n");
    }

    #[test]
    fn bad_secrets_are_exit_4_and_not_repeated() {
        for bad in ["", " ", "EAAB 1", "EAAB1 ", "EAAB\u{e9}1", "EAAB\u{7f}1"] {
            let error = get(&lazy(SecretSource::Text(Secret::new(bad))), &home()).unwrap_err();
            assert_eq!(error.exit(), Exit::Credentials, "{bad:?}");
            assert!(!error.to_string().contains("EAAB"), "{error}");
        }
    }

    #[test]
    fn a_phrase_may_be_several_words_that_can_be_seen() {
        for good in ["two words", "gr\u{fc}n", "a"] {
            let secret = lazy(SecretSource::Text(Secret::new(good))).of_words();
            assert_eq!(get(&secret, &home()).unwrap(), good);
        }
        for bad in ["", " ", "two words ", "\ttwo", "two\nwords", "two\u{200b}words"] {
            let error = get(&lazy(SecretSource::Text(Secret::new(bad))).of_words(), &home()).unwrap_err();
            assert_eq!(error.exit(), Exit::Credentials, "{bad:?}");
        }
    }

    #[test]
    fn the_redactor_learns_even_an_invalid_secret() {
        let redactor = Redactor::default();
        let secret = lazy(SecretSource::Text(Secret::new("EAAB canary")));
        assert!(secret.get(&home(), &[], &redactor).is_err());
        assert_eq!(redactor.clean("got EAAB canary"), "got [hidden]");
    }
}
