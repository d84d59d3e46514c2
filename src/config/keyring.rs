//! The system's keyring, by the program that comes with it: `secret-tool` (libsecret: GNOME, KDE) or `security` (macOS). A library
//! would bring a D-Bus stack of its own for a value that is read once a run. The secret is never an argument.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::{Failure, Program};
use super::environment::Environment;
use crate::error::Error;
use crate::secret::Secret;

/// All entries have this attribute.
const SERVICE: &str = "mmsg";
/// A keyring that is locked asks its user, who may not be there.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest secret that is accepted.
const MOST: u64 = 64 * 1024;
/// What `security` ends with if there is no such entry.
const NOT_FOUND: i32 = 44;
/// The longest line that `security -i` takes as one command, with its end. Of a longer one it runs the beginning, and the rest of the secret
/// as another command, which it shows.
const LONGEST_LINE: usize = 4095;

/// Which program speaks with the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SecretTool,
    Security,
}

const KIND: Kind = if cfg!(target_os = "macos") { Kind::Security } else { Kind::SecretTool };

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::SecretTool => "secret-tool",
            Self::Security => "security",
        }
    }

    fn lookup(self, name: &str) -> Vec<String> {
        let words = match self {
            Self::SecretTool => vec!["secret-tool", "lookup", "service", SERVICE, "account", name],
            Self::Security => vec!["security", "find-generic-password", "-s", SERVICE, "-a", name, "-w"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// The program that stores what it reads on stdin.
    fn store(self, name: &str) -> Vec<String> {
        let label = format!("mmsg {name}");
        let words = match self {
            Self::SecretTool => vec!["secret-tool", "store", "--label", &label, "service", SERVICE, "account", name],
            Self::Security => vec!["security", "-i"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// What that one reads.
    fn given(self, name: &str, secret: &Secret) -> Secret {
        match self {
            Self::SecretTool => secret.clone(),
            // A command: only stdin hides it from those who list processes.
            Self::Security => {
                let [name, text] = [name, secret.expose()].map(|text| text.replace('\\', "\\\\").replace('"', "\\\""));
                Secret::new(format!("add-generic-password -U -s {SERVICE} -a \"{name}\" -w \"{text}\"\n"))
            }
        }
    }

    /// How to store it by hand. What `security` asks for itself it cuts after 128 characters, and tokens are longer.
    fn by_hand(self, name: &str) -> String {
        match self {
            Self::SecretTool => format!("secret-tool store --label 'mmsg {name}' service {SERVICE} account '{name}'"),
            Self::Security => format!(
                "copy it, then type: printf 'add-generic-password -U -s {SERVICE} -a {name} -w \"%s\"\\n' \"$(pbpaste)\" | security -i"
            ),
        }
    }

    /// Why an entry can't be read or stored, and what to do. `how`: a command that stores it.
    fn told(self, name: &str, failure: &Failure) -> (String, String) {
        const ELSEWHERE: &str = "cron and services often have no keyring: use { file = … } or { command = […] } there";
        let program = self.program();
        match failure {
            Failure::NotStarted(error) if error.kind() == ErrorKind::NotFound => (
                format!("{program}, which reads the keyring, is not installed"),
                format!("install {program} (Debian and Ubuntu: libsecret-tools), or use {{ file = … }}"),
            ),
            Failure::NotStarted(error) => (format!("can't run {program}: {error}"), ELSEWHERE.to_owned()),
            Failure::TooLong => (
                format!("the keyring did not answer within {} s: it may be locked", TIMEOUT.as_secs()),
                format!("unlock it, then run the same command again; {ELSEWHERE}"),
            ),
            Failure::Ended(status, said) => match said {
                Some(said) if !(self == Self::Security && status.code() == Some(NOT_FOUND)) => {
                    (format!("the keyring can't be used: {said}"), format!("log in and unlock it; {ELSEWHERE}"))
                }
                _ => (format!("the keyring has no entry \"{name}\""), format!("store it: {}", self.by_hand(name))),
            },
            Failure::OutputOpen => (format!("{program} did not close its output"), ELSEWHERE.to_owned()),
        }
    }
}

/// Reads an entry.
///
/// # Errors
/// Exit 3 if it is not there, or the keyring can't be used.
pub fn read<'e>(
    name: &str,
    what: &str,
    environment: impl Iterator<Item = (&'e OsStr, &'e OsStr)>,
) -> Result<Vec<u8>, Error> {
    read_by(KIND, name, what, environment)
}

fn read_by<'e>(
    kind: Kind,
    name: &str,
    what: &str,
    environment: impl Iterator<Item = (&'e OsStr, &'e OsStr)>,
) -> Result<Vec<u8>, Error> {
    let argv = kind.lookup(name);
    let program = Program { argv: &argv, reads: None, most: MOST, timeout: TIMEOUT };
    match program.output(environment) {
        // Some versions end well without an entry.
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        Ok(_) => Err(missing(kind, name, what)),
        Err(failure) => Err(failed(&format!("can't get the {what}"), kind.told(name, &failure))),
    }
}

/// Makes or changes an entry, and looks whether it is there.
///
/// # Errors
/// Exit 3 if the keyring can't be used, or does not keep the secret as it is.
pub fn store<'e>(
    name: &str,
    what: &str,
    secret: &Secret,
    environment: impl Iterator<Item = (&'e OsStr, &'e OsStr)>,
) -> Result<(), Error> {
    store_by(KIND, name, what, secret, environment)
}

fn store_by<'e>(
    kind: Kind,
    name: &str,
    what: &str,
    secret: &Secret,
    environment: impl Iterator<Item = (&'e OsStr, &'e OsStr)>,
) -> Result<(), Error> {
    const ELSEWHERE: &str = "use { file = … } or { command = […] }";
    let (argv, given) = (kind.store(name), kind.given(name, secret));
    let cannot = format!("can't store the {what}");
    if kind == Kind::Security && given.expose().len() > LONGEST_LINE {
        return Err(failed(&cannot, ("it is too long for the keyring".to_owned(), ELSEWHERE.to_owned())));
    }
    let environment: Vec<_> = environment.collect();
    let program = Program { argv: &argv, reads: Some(&given), most: MOST, timeout: TIMEOUT };
    match program.output(environment.iter().copied()) {
        Ok(_) => {}
        Err(Failure::Ended(_, None)) => {
            return Err(failed(&cannot, ("the keyring refused it".to_owned(), kind.by_hand(name))));
        }
        Err(failure) => return Err(failed(&cannot, kind.told(name, &failure))),
    }
    let kept = read_by(kind, name, what, environment.into_iter())?;
    if kept.strip_suffix(b"\n").unwrap_or(&kept) == secret.expose().as_bytes() {
        return Ok(());
    }
    Err(failed(&cannot, ("the keyring gives back something else".to_owned(), ELSEWHERE.to_owned())))
}

fn missing(kind: Kind, name: &str, what: &str) -> Error {
    let why = format!("the keyring has no entry \"{name}\"");
    failed(&format!("can't get the {what}"), (why, format!("store it: {}", kind.by_hand(name))))
}

fn failed(what: &str, (why, hint): (String, String)) -> Error {
    Error::config(format!("{what}: {why}")).hint(hint)
}

/// What is wrong with the name of an entry, which stands in commands that are shown.
pub fn name_fault(name: &str) -> Option<&'static str> {
    (name.starts_with('-') || name.len() > 100 || !name.chars().all(is_of_a_name))
        .then_some("a keyring entry has a name of letters, digits, ., _ and -, with no - in front")
}

/// A name for the entry of a profile's secret.
pub fn name_for(profile: &str, secret: Option<&str>) -> String {
    let plain = |c: char| if is_of_a_name(c) { c } else { '_' };
    let name: String = profile.chars().map(plain).collect();
    secret.map_or_else(|| name.clone(), |secret| format!("{name}-{secret}"))
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Whether there is a keyring to offer: the program that speaks with it, and a session that has one.
pub fn is_offered(environment: &Environment) -> bool {
    let is_set = |name: &str| environment.raw(name).is_some_and(|value| !value.is_empty());
    let has_session = KIND == Kind::Security
        || is_set("DBUS_SESSION_BUS_ADDRESS")
        || environment.raw("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(folder).join("bus").exists());
    let is_in = |folder: PathBuf| folder.join(KIND.program()).is_file();
    has_session && environment.raw("PATH").is_some_and(|path| std::env::split_paths(path).any(is_in))
}

#[cfg(test)]
mod tests;
