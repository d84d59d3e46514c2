//! The open file: its schema, its transactions, and what must hold before anything is written.

mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::Address;
use super::db::{self, Conn, How, Transaction};
use super::error::{Error, Failure, Need, Result};
use super::failpoint;
use super::gate;
use super::identity::{self, OpenFile};
use super::making;
use super::place;
use super::presence::{Arrival, Presence};
use super::room::{self, BUSY, Room};
use super::witness::{self, Progress, Witness};
use crate::clock::UnixMillis;
use crate::times;

/// Numbered, never edited; the number is SQLite's `user_version`.
const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("migrations/0001_ledger.sql")),
    (2, include_str!("migrations/0002_events.sql")),
    (3, include_str!("migrations/0003_questions.sql")),
    (4, include_str!("migrations/0004_detail.sql")),
    (5, include_str!("migrations/0005_deletions.sql")),
    (6, include_str!("migrations/0006_choices.sql")),
    (FIRST_WITH_GATE, include_str!("migrations/0007_gate.sql")),
    (8, include_str!("migrations/0008_edits.sql")),
    (9, include_str!("migrations/0009_people.sql")),
    (10, include_str!("migrations/0010_step.sql")),
    (11, include_str!("migrations/0011_timing.sql")),
];

/// The newest schema.
pub(super) fn newest_schema() -> i32 {
    MIGRATIONS.last().map_or(0, |(number, _)| *number)
}

/// The schema from which on old copies are found out.
pub(super) const FIRST_WITH_GATE: i32 = 7;

/// SQLite's `application_id` of a ledger: `mmsg` in ASCII.
const APPLICATION_ID: i32 = 0x6d6d_7367;

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// How long one transaction may go on with more rows: others wait for the write lock meanwhile.
pub const HOLD: Duration = Duration::from_millis(40);

/// An open ledger.
pub struct Ledger {
    pub(super) conn: Conn,
    address: Address,
    file: Arc<OpenFile>,
    /// Of lock files and spools. It is beside the file itself, whatever link it was opened by: otherwise two processes would take each
    /// other for dead.
    folder: PathBuf,
    /// Behind the connection, so that it ends after it; see [`Ledger::drop`]. `None`: as [`OpenFile::unwatched`].
    presence: Option<Presence>,
    pub(super) room: Room,
    witness: Witness,
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if self.file.refuse_replaced().is_ok() {
            // SQLite may remove the log as it closes: whoever comes then must not find us with a log that is gone.
            self.presence = None;
        } else {
            // SQLite leaves what is only in the log where nobody looks for it. Until it is in the ledger, nobody else gets in.
            room::shrink_wal(&self.conn);
        }
    }
}

/// Whether opening a ledger created it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Found,
    Made,
}

/// Watches long work: is told how many rows are done, and may stop it between transactions.
pub struct Watch<'a> {
    pub progress: &'a mut dyn FnMut(u64),
    pub stop: &'a dyn Fn() -> bool,
}

impl Ledger {
    /// Whether there is a ledger at this address, or one that can't be seen. An empty file is none.
    ///
    /// # Errors
    /// It was used here, and is gone.
    pub fn is_at(address: &Address) -> Result<bool> {
        match address {
            Address::File(path) => {
                making::refuse_lost(path)?;
                Ok(!making::is_empty(path))
            }
            Address::Server(server) => Self::is_on(server),
        }
    }

    /// Opens the ledger at this address; creates it, and the folder of a file, if there is none.
    ///
    /// # Errors
    /// A newer schema, another kind of database, a network file system, a file with another name or without what was recorded in it, or
    /// a disk or database that fails.
    pub fn open(address: impl Into<Address>) -> Result<(Self, Opened)> {
        match address.into() {
            Address::File(path) => Self::open_file(&path),
            Address::Server(server) => Self::open_on(&server),
        }
    }

    /// Opens an existing ledger for reading only, for a run that must leave no trace. `None` if there is none.
    pub fn open_read_only(address: impl Into<Address>) -> Result<Option<Self>> {
        match address.into() {
            Address::File(path) => Self::read_file(&path),
            Address::Server(server) => Self::read_on(&server),
        }
    }

    /// Opens an existing ledger for a command that only looks: for reading only if it can't be written.
    ///
    /// # Errors
    /// See [`Ledger::open`].
    pub fn open_to_look(address: impl Into<Address>) -> Result<Self> {
        match address.into() {
            Address::File(path) => Self::look_at_file(&path),
            Address::Server(server) => Self::open_on(&server).map(|(ledger, _)| ledger),
        }
    }

    /// Opens an existing ledger to check it: nothing is written to it or beside it.
    ///
    /// # Errors
    /// See [`Ledger::open`]; also if there is no ledger in it.
    pub fn open_to_check(address: impl Into<Address>) -> Result<Self> {
        match address.into() {
            Address::File(path) => Self::check_file(&path),
            Address::Server(server) => {
                Self::read_on(&server)?.ok_or_else(|| Error::NotALedger { path: server.to_string().into() })
            }
        }
    }

    fn open_file(path: &Path) -> Result<(Self, Opened)> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
        identity::refuse_other_names(path)?;
        making::refuse_lost(path)?;
        let mut opened = if making::is_empty(path) { Opened::Made } else { Opened::Found };
        if !path.exists() && !making::make(path, Self::fill)? {
            opened = Opened::Found;
        }
        // Declared before the connection, so that its descriptor is closed after it.
        let mut arrival = Arrival::at(path)?;
        let mut ledger = Self::connect(path, How::Make)?;
        ledger.room = Room::in_folder(&ledger.folder);
        ledger.prepare().map_err(|error| error.at(path))?;
        // From its first look into the log on, a connection keeps it in place.
        ledger.read(|conn| conn.query_row("select count(*) from sqlite_schema", (), |_| Ok(())))?;
        let file = OpenFile::watched(path)?;
        if let Some(log) = file.log() {
            arrival.join(path, log)?;
        }
        ledger.file = Arc::new(file);
        ledger.presence = Some(arrival.stay());
        if opened == Opened::Made {
            making::note_use(path)?;
        }
        ledger.witness = Witness::of(path, &ledger.folder);
        ledger.notice_old_copy()?;
        Ok((ledger, opened))
    }

    fn connect(path: &Path, how: How) -> Result<Self> {
        let conn = Conn::open(path, how).map_err(|error| Error::from(error).at(path))?;
        Ok(Self::unwatched(conn, path))
    }

    fn unwatched(conn: Conn, path: &Path) -> Self {
        let folder = place::folder_of(&place::real(path)).to_owned();
        Self {
            conn,
            address: path.into(),
            file: Arc::new(OpenFile::unwatched(path)),
            folder,
            presence: None,
            room: Room::unlimited(),
            witness: Witness::default(),
        }
    }

    /// Makes a ledger's tables in a file that nobody else knows of.
    pub(super) fn fill(path: &Path) -> Result<()> {
        Self::connect(path, How::Write)?.migrate()
    }

    fn read_file(path: &Path) -> Result<Option<Self>> {
        identity::refuse_other_names(path)?;
        making::refuse_lost(path)?;
        if !path.exists() {
            return Ok(None);
        }
        let mut ledger = Self::connect(path, How::Read)?;
        let version: i32 = ledger.read(|conn| {
            conn.busy_timeout(BUSY)?;
            conn.version()
        })?;
        if version == 0 {
            return Ok(None);
        }
        refuse_newer(path, version)?;
        ledger.witness = Witness::of(path, &ledger.folder);
        Ok(Some(ledger))
    }

    fn look_at_file(path: &Path) -> Result<Self> {
        let error = match Self::open_file(path) {
            Ok((ledger, _)) => return Ok(ledger),
            Err(error @ Error::Database { failure: Failure::ReadOnly | Failure::CannotOpen, .. }) => error,
            Err(error) => return Err(error),
        };
        match Self::read_file(path) {
            Ok(Some(ledger)) => Ok(ledger),
            _ => Self::read_alone(path, error),
        }
    }

    fn check_file(path: &Path) -> Result<Self> {
        let ledger = match Self::read_file(path) {
            Ok(Some(ledger)) => ledger,
            Ok(None) => return Err(Error::NotALedger { path: path.to_owned() }),
            Err(error @ Error::Database { failure: Failure::ReadOnly | Failure::CannotOpen, .. }) => {
                Self::read_alone(path, error)?
            }
            Err(error) => return Err(error),
        };
        let application: i32 = ledger.read(|conn| conn.query_row("pragma application_id", (), |row| row.get(0)))?;
        if application != APPLICATION_ID {
            return Err(Error::NotALedger { path: path.to_owned() });
        }
        Ok(ledger)
    }

    /// Reads what can't be opened otherwise, which failed with `error`.
    fn read_alone(path: &Path, error: Error) -> Result<Self> {
        // Without the files -wal and -shm, and where they can't be created, nobody writes either: the file is all there is.
        let real = place::real(path);
        let [wal, _] = identity::beside(path);
        if wal.exists() {
            return Err(error);
        }
        let Ok(conn) = Conn::open(&real, How::Alone) else { return Err(error) };
        let ledger = Self::unwatched(conn, path);
        ledger.newest_at().map_err(|_| error)?;
        Ok(ledger)
    }

    /// A new ledger in a file without a name, for a dry run without a ledger.
    pub fn temporary() -> Result<Self> {
        let conn = Conn::unnamed()?;
        let mut ledger = Self::unwatched(conn, Path::new(""));
        ledger.prepare()?;
        Ok(ledger)
    }

    fn prepare(&mut self) -> Result<()> {
        self.conn.busy_timeout(BUSY)?;
        // All as of one moment: another process may be creating the same ledger.
        let (version, application, tables) = self.snapshot(|conn| {
            let version = conn.version()?;
            let application: i32 = conn.query_row("pragma application_id", (), |row| row.get(0))?;
            let tables: i64 = conn.query_row("select count(*) from sqlite_schema", (), |row| row.get(0))?;
            Ok((version, application, tables))
        })?;
        refuse_newer(&self.file.path, version)?;
        if application != APPLICATION_ID && tables > 0 {
            return Err(Error::NotALedger { path: self.file.path.clone() });
        }
        self.use_wal()?;
        // A claim that a power cut takes back is a second message: every commit is synced.
        self.conn.execute_batch(
            "pragma synchronous = full; pragma fullfsync = 1; pragma checkpoint_fullfsync = 1;
             pragma cache_size = -32768; pragma trusted_schema = 0;",
        )?;
        self.room.fit(&self.conn)?;
        if version < newest_schema() {
            self.migrate()?;
        }
        Ok(())
    }

    /// Where two processes make the same ledger at once, SQLite refuses the switch to WAL without asking its busy handler.
    fn use_wal(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            match self.conn.query_row("pragma journal_mode = wal", (), |_| Ok(())).map_err(Error::from) {
                Err(Error::Database { failure: Failure::Busy, .. }) if begin.elapsed() < BUSY => {
                    std::thread::sleep(BETWEEN_TRIES);
                }
                done => return done,
            }
        }
    }

    fn migrate(&mut self) -> Result<()> {
        let transaction = self.conn.begin()?;
        // Another process may have migrated while this one waited for the lock.
        let version = transaction.version()?;
        for (number, sql) in MIGRATIONS {
            if *number > version {
                transaction.execute_batch(sql)?;
                transaction.execute_batch(&format!("pragma user_version = {number}"))?;
            }
        }
        if (1..FIRST_WITH_GATE).contains(&version) {
            witness::close_if_known(&transaction, &self.file.path, &self.folder)?;
        }
        transaction.execute_batch(&format!("pragma application_id = {APPLICATION_ID}"))?;
        failpoint::commit(transaction, "migrate.before", "migrate.after")?;
        Ok(())
    }

    /// Closes the gate of an old copy, and has the witness see a ledger that is ahead of it.
    fn notice_old_copy(&mut self) -> Result<()> {
        match self.read(|conn| self.witness.doubts(conn))? {
            Some(_) => {
                let witness = self.witness.clone();
                // While nobody else can commit.
                self.write(|conn| Ok(witness.doubts(conn)?.map_or(Ok(()), |why| gate::close(conn, why))?))
            }
            None => {
                self.be_seen();
                Ok(())
            }
        }
    }

    /// Has the witness see what is committed.
    pub(super) fn be_seen(&self) {
        let Ok(before) = Progress::of(&self.conn) else { return };
        let witness = self.witness.hold(&before);
        // What others committed meanwhile is seen as well.
        if let Ok(ledger) = Progress::of(&self.conn) {
            witness.look(&ledger);
        }
    }

    pub(super) fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The folder of lock files and spools: beside the ledger.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that is open.
    pub(super) fn file(&self) -> &Arc<OpenFile> {
        &self.file
    }

    /// Questions, each statement on its own.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Conn) -> db::Result<T>) -> Result<T> {
        work(&self.conn).map_err(|error| Error::from(error).at(&self.address))
    }

    /// Questions whose answers must agree: all of one moment, whatever others write meanwhile.
    pub(super) fn snapshot<T>(&self, work: impl FnOnce(&Conn) -> db::Result<T>) -> Result<T> {
        self.read(|conn| {
            let transaction = conn.snapshot()?;
            // Nothing was written: it ends as it is dropped.
            work(&transaction)
        })
    }

    /// One writing transaction, `begin immediate` to commit, which must reach everybody who opens the ledger.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let file = Arc::clone(&self.file);
        self.record(|conn| {
            let value = work(conn)?;
            file.refuse_replaced()?;
            Ok(value)
        })
    }

    /// The same for what became of requests that left: it is recorded where their claims are, even if another file took the path.
    pub(super) fn record<T>(&mut self, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let written = self.begin().and_then(|transaction| {
            let value = work(&transaction)?;
            failpoint::commit(transaction, "write.before", "write.after")?;
            Ok(value)
        });
        written.map_err(|error| error.at(&self.address))
    }

    /// A writing transaction whose work is too long for a closure.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>> {
        self.room.fit(&self.conn)?;
        Ok(self.conn.begin()?)
    }

    /// A writing transaction beside those of other processes, as far as the engine has them: see [`Conn::begin_beside`].
    pub(super) fn begin_beside(&mut self) -> Result<Transaction<'_>> {
        self.room.fit(&self.conn)?;
        Ok(self.conn.begin_beside()?)
    }

    /// Work whose commits are not synced one by one: what it stages counts only with a later commit, which syncs all before it.
    /// A power cut takes back some of it, in order, and it is staged again.
    pub(super) fn unsynced<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.read(|conn| conn.sync_commits(false))?;
        let done = work(self).map_err(|error| error.at(&self.address));
        self.read(|conn| conn.sync_commits(true))?;
        done
    }

    /// Refuses to begin something for which the disk has less than `needed` bytes.
    pub(super) fn require_room(&self, need: Need, needed: u64) -> Result<()> {
        self.room.require(&self.conn, need, needed).map_err(|error| error.at(&self.address))
    }

    /// Refuses another Graph host than the one that was written with the first listing.
    pub fn refuse_other_host(&self, host: &str) -> Result<()> {
        let bound: Option<String> =
            self.read(|conn| conn.query_row("select graph_host from ledger", (), |row| row.get(0)))?;
        match bound {
            Some(bound) if bound != host => {
                Err(Error::OtherHost { ledger: self.address.clone(), bound, host: host.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a clock behind the newest time in the ledger: it would end cool-downs early.
    pub fn refuse_clock_behind(&self, now: UnixMillis) -> Result<()> {
        let newest = self.newest_at()?;
        if now.plus(times::BEHIND_LEDGER) < newest {
            return Err(Error::ClockBehind { now, newest });
        }
        Ok(())
    }

    /// The newest time that was written to this ledger.
    pub fn newest_at(&self) -> Result<UnixMillis> {
        self.read(|conn| conn.query_row("select newest_at from ledger", (), |row| row.get(0)))
    }

    /// Proves that a commit would be durable now, by one that changes nothing.
    pub fn prove_writable(&mut self) -> Result<()> {
        self.write(|conn| {
            conn.prepare_cached("update ledger set newest_at = newest_at")?.execute(())?;
            Ok(())
        })
    }

    /// Writes down a change to Meta or to people: who, with which command, what.
    pub fn audit(&mut self, now: UnixMillis, who: &str, command: &str, what: &str) -> Result<()> {
        self.write(|conn| {
            audit(conn, now, who, command, what)?;
            Ok(witness::step(conn, None)?)
        })?;
        self.be_seen();
        Ok(())
    }
}

/// The same as part of a transaction.
pub(super) fn audit(conn: &Conn, now: UnixMillis, who: &str, command: &str, what: &str) -> db::Result<()> {
    conn.prepare_cached("insert into audit (at, who, command, what) values (?1, ?2, ?3, ?4)")?
        .execute((now, who, command, what))
        .map(drop)
}

fn refuse_newer(ledger: impl Into<Address>, version: i32) -> Result<()> {
    let known = newest_schema();
    if version > known {
        return Err(Error::NewerSchema { ledger: ledger.into(), found: version, known });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
