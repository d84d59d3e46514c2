//! Which file the ledger is, and whether another that took its place can be used.

use std::path::{Path, PathBuf};

use crate::ledger::Ledger;
use crate::ledger::place::Inode;

/// The path of an open ledger, and what lay there when it was opened.
pub(super) struct Place {
    path: PathBuf,
    ledger: Option<Inode>,
    /// SQLite's log and shared memory.
    beside: [Option<Inode>; 2],
}

impl Place {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ledger: Inode::of(path).ok(), beside: beside(path) }
    }

    /// The ledger that took the path of this one, unless our log still lies beside it: SQLite would replay it onto a database
    /// that it does not belong to.
    pub(super) fn reopened(&self) -> Option<(Ledger, Self)> {
        let now = Inode::of(&self.path).ok()?;
        let left_behind = self.beside.iter().zip(beside(&self.path)).any(|(old, now)| now.is_some() && *old == now);
        if Some(now) == self.ledger || left_behind {
            return None;
        }
        let (ledger, _) = Ledger::open(&self.path).ok()?;
        Some((ledger, Self::of(&self.path)))
    }
}

fn beside(ledger: &Path) -> [Option<Inode>; 2] {
    ["-wal", "-shm"].map(|end| {
        let mut path = ledger.as_os_str().to_owned();
        path.push(end);
        Inode::of(Path::new(&path)).ok()
    })
}
