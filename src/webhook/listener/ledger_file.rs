//! Identifies the ledger's file, and detects when another file has replaced it.

use std::path::{Path, PathBuf};

use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::ledger::identity::{self, Inode};

/// An open ledger, as far as another can take its place.
pub(super) enum LedgerFile {
    /// The path, and the files there when it was opened.
    File {
        path: PathBuf,
        ledger: Option<Inode>,
        /// SQLite's log and shared memory.
        beside: [Option<Inode>; 2],
    },
    /// A server, whose connection may be lost.
    Server(Address),
}

impl LedgerFile {
    pub(super) fn of(ledger: &Address) -> Self {
        match ledger {
            Address::File(path) => {
                Self::File { path: path.to_owned(), ledger: Inode::of(path).ok(), beside: beside(path) }
            }
            Address::Server(_) => Self::Server(ledger.clone()),
        }
    }

    /// Opens the ledger that replaced this one, unless our log is still next to it: SQLite would replay it onto a database that
    /// it does not belong to. On a server it is the same ledger, by a new connection.
    pub(super) fn reopened(&self) -> Option<(Ledger, Self)> {
        let (ledger, _) = match self {
            Self::File { path, ledger, beside: before } => {
                let now = Inode::of(path).ok()?;
                let left_behind = before.iter().zip(beside(path)).any(|(old, now)| now.is_some() && *old == now);
                if Some(now) == *ledger || left_behind {
                    return None;
                }
                Ledger::open(path).ok()?
            }
            Self::Server(address) => Ledger::open(address).ok()?,
        };
        let file = Self::of(ledger.address());
        Some((ledger, file))
    }
}

fn beside(ledger: &Path) -> [Option<Inode>; 2] {
    identity::beside(ledger).map(|path| Inode::of(&path).ok())
}
