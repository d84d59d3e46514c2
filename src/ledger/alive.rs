//! Who is alive: beside a file, whoever has a lock file; on a server, whoever has a lock of its session. No heartbeats to guess from.

use std::collections::HashSet;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::address::Address;
use super::database::Ledger;
use super::db::{self, Conn, Lock};
use super::error::Result;
use super::locks::{self, Locks};
use super::place;
use super::room::Reserve;

/// Between two looks at another's planning.
const LOOK: Duration = Duration::from_millis(50);

/// What a lock is for: a row of this table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Run,
    Deletion,
    Edit,
}

impl Work {
    const fn table(self) -> &'static str {
        match self {
            Self::Run => "runs",
            Self::Deletion => "deletions",
            Self::Edit => "edits",
        }
    }
}

/// Held while a process is at work.
pub enum AtWork {
    File(locks::RunLock),
    Session { _lock: Lock },
}

/// What is left of dead work: nobody else has it while this value lives.
pub enum Remains {
    File { _lock: locks::DeadRunLock },
    Session { _lock: Lock },
}

/// The lock of something that was begun: by this process, or by one that is dead.
pub enum Owner {
    Own { _lock: AtWork },
    Dead { _remains: Remains },
}

/// Held while a broadcast is planned.
pub enum Planning {
    File { _lock: locks::PlanLock },
    Session { _lock: Lock },
}

impl AtWork {
    /// Keeps room on the disk for answers; `None` where there is no file.
    pub fn keep_room(&self, bytes: u64) -> Result<Option<Reserve>> {
        match self {
            Self::File(lock) => lock.keep_room(bytes).map(Some),
            Self::Session { .. } => Ok(None),
        }
    }

    /// What is left of a process that was killed.
    #[cfg(test)]
    pub fn crash(self) {
        match self {
            Self::File(lock) => lock.crash(),
            Self::Session { _lock: lock } => drop(lock),
        }
    }
}

/// First the lock, then the row: the lock file of work that this process is about to begin. On a server it is taken with the row, of
/// which nobody knows before the commit: see [`with_row`].
pub fn before_row(ledger: &Ledger, uuid: &str) -> Result<Option<AtWork>> {
    match ledger.address() {
        Address::File(_) => Ok(Some(AtWork::File(Locks::beside(ledger.folder())?.hold(uuid)?))),
        Address::Server(_) => Ok(None),
    }
}

/// The lock of work whose row this transaction has made.
pub fn with_row(conn: &Conn, before: Option<AtWork>, work: Work, row: i64) -> db::Result<AtWork> {
    match before {
        Some(held) => Ok(held),
        None => Ok(AtWork::Session { _lock: conn.lock_row(work.table(), row)?.ok_or(db::Error::Changed)? }),
    }
}

/// Takes what is left of work whose process is gone; `None` while it lives.
pub fn take_dead(ledger: &Ledger, work: Work, row: i64, uuid: &str) -> Result<Option<Remains>> {
    match ledger.address() {
        Address::File(_) => {
            Ok(Locks::beside(ledger.folder())?.take_dead(uuid)?.map(|lock| Remains::File { _lock: lock }))
        }
        Address::Server(_) => {
            let lock = ledger.read(|conn| conn.lock_row(work.table(), row))?;
            Ok(lock.map(|lock| Remains::Session { _lock: lock }))
        }
    }
}

/// A look at who is alive, for somebody who only reads: on a server one question for all.
pub struct Look<'l> {
    ledger: &'l Ledger,
    held: HashSet<u32>,
}

impl<'l> Look<'l> {
    pub fn at(ledger: &'l Ledger, work: Work) -> Result<Self> {
        Ok(Self { ledger, held: ledger.read(|conn| conn.locked_rows(work.table()))? })
    }

    pub fn is_alive(&self, row: i64, uuid: &str) -> bool {
        match self.ledger.address() {
            Address::File(_) => Locks::is_alive(self.ledger.folder(), uuid),
            // The lower half of its number.
            Address::Server(_) => self.held.contains(&(row as u32)),
        }
    }

    /// Whether [`take_dead`] should be tried. A lock file is looked at by that alone: two that look at one would both take it for held.
    pub fn may_be_dead(&self, row: i64) -> bool {
        match self.ledger.address() {
            Address::File(_) => true,
            Address::Server(_) => !self.held.contains(&(row as u32)),
        }
    }

    /// Whether the process is gone. What can't be known is no.
    pub fn is_dead(&self, row: i64, uuid: &str) -> bool {
        match self.ledger.address() {
            Address::File(_) => Locks::is_dead(self.ledger.folder(), uuid),
            Address::Server(_) => !self.is_alive(row, uuid),
        }
    }
}

/// How many are at work, whatever the ledger's rows say.
pub fn at_work(ledger: &Ledger) -> Result<u64> {
    match ledger.address() {
        Address::File(_) => Ok(Locks::held(ledger.folder())),
        Address::Server(_) => ledger.read(|conn| {
            let of = |work: Work| conn.locked_rows(work.table()).map(|rows| rows.len() as u64);
            [Work::Run, Work::Deletion, Work::Edit].into_iter().map(of).sum()
        }),
    }
}

/// What only one process does at a time.
#[derive(Clone, Copy, Debug)]
pub enum Alone {
    /// Planning this broadcast.
    Planning(i64),
    /// Creating a campaign whose account and name have this number.
    Creating(u32),
}

impl Alone {
    /// Its word in the name of a lock file, a table whose rows are locked for nothing else, and its number.
    fn place(self) -> (&'static str, &'static str, i64) {
        match self {
            Self::Planning(broadcast) => ("plan", "broadcasts", broadcast),
            Self::Creating(number) => ("create", "pace", i64::from(number)),
        }
    }
}

/// Waits until nobody else does this; `waiting` is called first if somebody does.
pub fn alone(ledger: &Ledger, what: Alone, waiting: &mut dyn FnMut()) -> Result<Planning> {
    let (word, table, number) = what.place();
    match ledger.address() {
        Address::File(path) => {
            let real = place::real(path);
            let name = real.file_name().unwrap_or_else(|| Path::new("").as_os_str());
            let lock = Locks::beside(ledger.folder())?.alone(word, name, number, waiting)?;
            Ok(Planning::File { _lock: lock })
        }
        Address::Server(_) => {
            let mut waits = false;
            loop {
                if let Some(lock) = ledger.read(|conn| conn.lock_row(table, number))? {
                    return Ok(Planning::Session { _lock: lock });
                }
                if !waits {
                    waiting();
                    waits = true;
                }
                thread::sleep(LOOK);
            }
        }
    }
}
