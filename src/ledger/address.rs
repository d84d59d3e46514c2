//! Where a ledger is. Whoever opens, names or protects one matches on the kind, so that the compiler names every place that has to know a
//! new one.

pub mod server;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attendant::Attendant;
use crate::secret::Secret;
use server::{Lookup, Server};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// One file of SQLite's, with its log beside it.
    File(PathBuf),
    /// Tables on a PostgreSQL server.
    Server(Arc<Server>),
}

impl Address {
    /// Of an error before anybody knows where it happened: see `error::Error::at`.
    pub(super) const fn unknown() -> Self {
        Self::File(PathBuf::new())
    }

    /// The address of a server, if a text is one.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn of_server(text: &str, lookup: Lookup<'_>) -> Option<Result<Self, String>> {
        Server::is_meant(text).then(|| Server::parse(text, lookup).map(|server| Self::Server(Arc::new(server))))
    }

    /// With the password that a profile has, if a server's address comes without one.
    #[must_use]
    pub fn with_password(self, password: Secret) -> Self {
        match self {
            Self::Server(server) => Self::Server(Arc::new(Server::clone(&server).with_password(password))),
            file @ Self::File(_) => file,
        }
    }

    /// With somebody who is told while its server is waited for.
    #[must_use]
    pub fn attended(self, attendant: Attendant) -> Self {
        match self {
            Self::Server(server) => Self::Server(Arc::new(Server::clone(&server).attended(attendant))),
            file @ Self::File(_) => file,
        }
    }

    /// The password that came with the address or the environment.
    pub fn password(&self) -> Option<&Secret> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => server.own_password(),
        }
    }

    /// The same for every name of one ledger, as far as that can be seen from outside.
    pub fn real(&self) -> Self {
        match self {
            Self::File(path) => Self::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
            Self::Server(server) => Self::Server(Arc::clone(server)),
        }
    }

    pub const fn is_server(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// Whether it means another ledger in another folder.
    pub fn is_relative(&self) -> bool {
        match self {
            Self::File(path) => path.is_relative(),
            Self::Server(_) => false,
        }
    }
}

/// As it is named to people.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&PathBuf> for Address {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Self> for Address {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_file_is_the_same_address() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("ledger.db"), folder.path().join("link.db"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let [file, link] = [Address::from(&file), Address::from(link)];
        assert_ne!(file.real(), link.real(), "there is nothing yet");
        std::fs::write(file.to_string(), "").unwrap();
        assert_eq!(file.real(), link.real());
        assert!(!file.is_relative() && Address::from(Path::new("ledger.db")).is_relative());
    }
}
