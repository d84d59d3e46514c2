//! The ledger: the one truth that `mmsg` has. One SQLite file, opened by SQLite alone.
//!
//! Everything that may be recorded or asked is a method here or in a submodule; nobody else writes SQL. Sends go through
//! [`writer::Writer`], which owns the transaction that makes a claim durable before its request leaves.

mod attempts;
pub mod audiences;
pub mod broadcasts;
pub mod events;
pub mod failpoint;
pub mod funnel;
pub mod judge;
mod key;
mod locks;
pub mod pace;
pub mod people;
pub mod place;
pub mod plan;
mod rivals;
pub mod runs;
pub mod settled;
pub mod silence;
pub mod spool;
mod sql;
pub mod state;
pub mod story;
mod tally;
pub mod totals;
pub mod unknown;
pub mod writer;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::clock::UnixMillis;
use crate::error::{Error, Result};
use crate::times;
use place::Inode;

/// Numbered, never edited; the number is SQLite's `user_version`.
const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("ledger/migrations/0001_ledger.sql")),
    (2, include_str!("ledger/migrations/0002_events.sql")),
    (3, include_str!("ledger/migrations/0003_questions.sql")),
];

/// SQLite's `application_id` of a ledger: `mmsg` in ASCII.
const APPLICATION_ID: i32 = 0x6d6d_7367;

/// How long a writer waits for another process's transaction before it gives up.
const BUSY: Duration = Duration::from_secs(60);

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// How long one transaction may go on with more rows: others wait for the write lock meanwhile.
const HOLD: Duration = Duration::from_millis(40);

/// An open ledger.
pub struct Ledger {
    conn: Connection,
    path: PathBuf,
    /// Of lock files and spools: beside the file itself, whatever link it was opened by, or two processes would take each other
    /// for dead.
    folder: PathBuf,
    inode: Option<Inode>,
}

/// Whether opening a ledger made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Found,
    Made,
}

impl Ledger {
    /// Opens the ledger at `path`, making it and its folder (0700) when there is none.
    ///
    /// Exit 10: a newer schema, not a ledger, a network file system, a disk or database that fails.
    pub fn open(path: &Path) -> Result<(Self, Opened)> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::ledger(format!("can't make the ledger's folder {}", folder.display()))
                .because(&error)
                .hint("name another ledger with --ledger FILE")
        })?;
        let opened = if path.exists() { Opened::Found } else { Opened::Made };
        place::refuse_network(&place::folder_of(path))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|error| failed_at(path, &error))?;
        let mut ledger = Self { conn, path: path.to_owned(), folder: PathBuf::new(), inode: None };
        ledger.prepare().map_err(|error| match error {
            Prepare::Sql(error) => failed_at(path, &error),
            Prepare::Ours(error) => error,
        })?;
        // Now the file is there, even where the path was a link to nothing.
        ledger.folder = place::folder_of(path);
        ledger.inode = Some(Inode::of(path)?);
        Ok((ledger, opened))
    }

    /// Opens an existing ledger for reading only, for a run that must leave no trace. `None` when there is no file.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|error| failed_at(path, &error))?;
        conn.busy_timeout(BUSY).map_err(|error| failed_at(path, &error))?;
        let version: i32 =
            conn.query_row("pragma user_version", (), |row| row.get(0)).map_err(|error| failed_at(path, &error))?;
        if version == 0 {
            return Ok(None);
        }
        refuse_newer(path, version)?;
        Ok(Some(Self { conn, path: path.to_owned(), folder: place::folder_of(path), inode: None }))
    }

    /// A new ledger in a file without a name, for a dry run where there is none.
    pub fn temporary() -> Result<Self> {
        let path = PathBuf::new();
        let conn = Connection::open("").map_err(|error| failed_at(&path, &error))?;
        let mut ledger = Self { conn, path, folder: PathBuf::from("."), inode: None };
        ledger.prepare().map_err(|error| match error {
            Prepare::Sql(error) => failed_at(&ledger.path, &error),
            Prepare::Ours(error) => error,
        })?;
        Ok(ledger)
    }

    /// A ledger in memory, its lock files in `folder`, for tests of what stands on it.
    #[cfg(test)]
    pub fn in_memory(folder: &Path) -> Self {
        let conn = Connection::open_in_memory().expect("memory");
        let mut ledger = Self { conn, path: folder.join("memory"), folder: folder.to_owned(), inode: None };
        ledger.prepare().unwrap_or_else(|_| panic!("schema"));
        ledger
    }

    fn prepare(&mut self) -> Result<(), Prepare> {
        self.conn.busy_timeout(BUSY)?;
        let version: i32 = self.conn.query_row("pragma user_version", (), |row| row.get(0))?;
        refuse_newer(&self.path, version)?;
        let application: i32 = self.conn.query_row("pragma application_id", (), |row| row.get(0))?;
        let tables: i64 = self.conn.query_row("select count(*) from sqlite_schema", (), |row| row.get(0))?;
        if application != APPLICATION_ID && tables > 0 {
            return Err(Prepare::Ours(
                Error::ledger(format!("{} is a database, but not a ledger of mmsg", self.path.display()))
                    .hint("name another file with --ledger FILE"),
            ));
        }
        self.use_wal()?;
        // A claim that a power cut takes back is a second message: every commit is synced. New people land all over the index of
        // keys: a checkpoint every 64 MiB instead of every 4 writes such a page once, not sixteen times.
        self.conn.execute_batch(
            "pragma synchronous = full; pragma fullfsync = 1; pragma checkpoint_fullfsync = 1;
             pragma cache_size = -32768; pragma wal_autocheckpoint = 16384; pragma trusted_schema = 0;",
        )?;
        self.conn.set_prepared_statement_cache_capacity(64);
        if version < MIGRATIONS.last().map_or(0, |(number, _)| *number) {
            self.migrate()?;
        }
        Ok(())
    }

    /// Where two processes make the same ledger at once, SQLite refuses the switch to WAL without asking its busy handler.
    fn use_wal(&self) -> rusqlite::Result<()> {
        let begin = Instant::now();
        loop {
            match self.conn.query_row("pragma journal_mode = wal", (), |_| Ok(())) {
                Err(error) if is_busy(&error) && begin.elapsed() < BUSY => std::thread::sleep(BETWEEN_TRIES),
                done => return done,
            }
        }
    }

    fn migrate(&mut self) -> Result<(), Prepare> {
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have migrated while this one waited for the lock.
        let version: i32 = transaction.query_row("pragma user_version", (), |row| row.get(0))?;
        for (number, sql) in MIGRATIONS {
            if *number > version {
                transaction.execute_batch(sql)?;
                transaction.pragma_update(None, "user_version", number)?;
            }
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        failpoint::commit(transaction, "migrate.before", "migrate.after")?;
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of lock files and spools: beside the ledger.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the path still names the file that is open. A replaced ledger would record claims that nobody reads.
    fn refuse_replaced(&self) -> Result<()> {
        match self.inode {
            Some(inode) => inode.refuse_replaced(&self.path),
            None => Ok(()),
        }
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        failed_at(&self.path, error)
    }

    /// Questions, each statement on its own.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.conn).map_err(|error| self.failed(&error))
    }

    /// Questions whose answers must agree: all of one moment, whatever others write meanwhile.
    fn snapshot<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.read(|conn| {
            let transaction = conn.unchecked_transaction()?;
            // Nothing was written: it ends as it is dropped.
            work(&transaction)
        })
    }

    /// One writing transaction, `begin immediate` to commit.
    fn write<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T> {
        let path = self.path.clone();
        let failed = |error: &rusqlite::Error| failed_at(&path, error);
        let transaction =
            self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failed(&error))?;
        let value = work(&transaction).map_err(|fault| match fault {
            Fault::Sql(error) => failed(&error),
            Fault::Ours(error) => error,
        })?;
        failpoint::commit(transaction, "write.before", "write.after").map_err(|error| failed(&error))?;
        Ok(value)
    }

    /// Work whose commits are not synced one by one: what it stages counts only with a later commit, which syncs all before it.
    /// A power cut takes back some of it, in order, and it is staged again.
    fn unsynced<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.read(|conn| conn.execute_batch("pragma synchronous = normal"))?;
        let done = work(self);
        self.read(|conn| conn.execute_batch("pragma synchronous = full"))?;
        done
    }

    /// A ledger belongs to one Graph host, written with its first listing: exit 10 for another.
    pub fn refuse_other_host(&self, host: &str) -> Result<()> {
        let bound: Option<String> = self
            .conn
            .query_row("select graph_host from ledger", (), |row| row.get(0))
            .map_err(|error| self.failed(&error))?;
        match bound {
            Some(bound) if bound != host => Err(other_host(&self.path, &bound, host)),
            _ => Ok(()),
        }
    }

    /// A clock behind the newest time in the ledger would end cool-downs early: exit 3.
    pub fn refuse_clock_behind(&self, now: UnixMillis) -> Result<()> {
        let newest = self.newest_at()?;
        if now.plus(times::BEHIND_LEDGER) < newest {
            return Err(Error::config(format!(
                "the clock says {now}, but the ledger has seen {newest}: nothing was planned or sent"
            ))
            .hint("set the clock (an NTP service does), then run the same command again"));
        }
        Ok(())
    }

    /// The newest time that was written to this ledger.
    pub fn newest_at(&self) -> Result<UnixMillis> {
        self.conn
            .query_row("select newest_at from ledger", (), |row| row.get(0).map(UnixMillis))
            .map_err(|error| self.failed(&error))
    }

    /// Proves that a commit would be durable now, by one that changes nothing.
    pub fn prove_writable(&mut self) -> Result<()> {
        self.refuse_replaced()?;
        self.write(|conn| {
            conn.prepare_cached("update ledger set newest_at = newest_at")?.execute(())?;
            Ok(())
        })
    }

    /// Writes down a change to Meta or to people: who, with which command, what.
    pub fn audit(&mut self, now: UnixMillis, who: &str, command: &str, what: &str) -> Result<()> {
        self.write(|conn| {
            conn.prepare_cached("insert into audit (at, who, command, what) values (?1, ?2, ?3, ?4)")?
                .execute((now.0, who, command, what))?;
            Ok(())
        })
    }
}

/// Who watches long work: hears how many rows are done, and may stop it between transactions.
pub struct Watch<'a> {
    pub progress: &'a mut dyn FnMut(u64),
    pub stop: &'a dyn Fn() -> bool,
}

enum Prepare {
    Sql(rusqlite::Error),
    Ours(Error),
}

impl From<rusqlite::Error> for Prepare {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Prepare {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// What can go wrong inside a transaction.
#[derive(Debug)]
enum Fault {
    Sql(rusqlite::Error),
    Ours(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

fn other_host(path: &Path, bound: &str, host: &str) -> Error {
    Error::ledger(format!("the ledger {} belongs to {bound}, and this profile talks to {host}", path.display()))
        .hint("give this host a ledger of its own with --ledger FILE")
}

fn refuse_newer(path: &Path, version: i32) -> Result<()> {
    let known = MIGRATIONS.last().map_or(0, |(number, _)| *number);
    if version > known {
        return Err(Error::ledger(format!(
            "the ledger {} has schema {version}, and this mmsg knows {known}: it was written by a newer version",
            path.display()
        ))
        .hint("install the newer mmsg, or name another ledger with --ledger FILE"));
    }
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

/// A database that failed, as exit 10 with what to do about it.
fn failed_at(path: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    let (what, hint) = match error.sqlite_error_code() {
        Some(DiskFull) => ("the disk is full", "make room, then run the same command again: it continues"),
        Some(ReadOnly | PermissionDenied) => {
            ("it can't be written", "make it and the files -wal and -shm beside it writable, or name another --ledger")
        }
        Some(CannotOpen) => ("it can't be opened", "check that the folder exists and can be written"),
        Some(DatabaseCorrupt | NotADatabase) => {
            ("it is damaged or no ledger", "restore it from a copy: without it mmsg can't know who got a message")
        }
        Some(DatabaseBusy | DatabaseLocked) => {
            ("another program holds it", "wait for the other mmsg to end, then run the same command again")
        }
        Some(SystemIoFailure) => ("the disk failed", "check the disk, then run the same command again: it continues"),
        _ => ("the database failed", "check the disk, then the file: sqlite3 LEDGER 'pragma integrity_check'"),
    };
    Error::ledger(format!("the ledger {}: {what}", path.display())).because(error).hint(hint)
}
