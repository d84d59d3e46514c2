//! Identifies the ledger's file, and detects when another file has replaced it.

use std::path::{Path, PathBuf};

use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::ledger::identity::{self, Inode};

/// The path of an open ledger, and the files there when it was opened.
pub(super) struct LedgerFile {
    path: PathBuf,
    ledger: Option<Inode>,
    /// SQLite's log and shared memory.
    beside: [Option<Inode>; 2],
}

impl LedgerFile {
    pub(super) fn of(ledger: &Address) -> Self {
        let Address::File(path) = ledger;
        Self { path: path.to_owned(), ledger: Inode::of(path).ok(), beside: beside(path) }
    }

    /// Opens the ledger that replaced this one, unless our log is still next to it: SQLite would replay it onto a database that
    /// it does not belong to.
    pub(super) fn reopened(&self) -> Option<(Ledger, Self)> {
        let now = Inode::of(&self.path).ok()?;
        let left_behind = self.beside.iter().zip(beside(&self.path)).any(|(old, now)| now.is_some() && *old == now);
        if Some(now) == self.ledger || left_behind {
            return None;
        }
        let (ledger, _) = Ledger::open(&self.path).ok()?;
        let file = Self::of(ledger.address());
        Some((ledger, file))
    }
}

fn beside(ledger: &Path) -> [Option<Inode>; 2] {
    identity::beside(ledger).map(|path| Inode::of(&path).ok())
}
