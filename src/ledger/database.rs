//! The open file: its schema, its transactions, and what must hold before anything is written.

mod again;
mod file;
mod server;
mod successor;
mod time;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::address::Address;
use super::db::{self, Ahead, Conn, Transaction};
use super::error::{Error, Failure, Need, Result};
use super::failpoint;
use super::identity::OpenFile;
use super::making;
use super::presence::Presence;
use super::room::{self, BUSY, Room};
use super::witness::{self, Progress, Witness};
use crate::clock::UnixMillis;

/// How long one transaction may go on with more rows: others wait for the write lock meanwhile.
pub const HOLD: Duration = Duration::from_millis(40);

/// The same on a server, in rows of a list: more of them are hardly faster, and who writes alone waits until they are in.
pub const ROWS_OF_SET: usize = 16_384;

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
    /// Since when the server has been away.
    lost_at: Cell<Option<Instant>>,
    /// In which hour this process has last looked whether months of events have partitions; on a server.
    pub(super) months_made: Option<i64>,
    /// Those that this ledger started and that may be at work.
    pub(super) own_runs: Vec<(i64, Weak<()>)>,
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

/// Work on its way, which may be done again.
#[derive(Default)]
pub(super) struct Tries {
    done: u32,
    /// It may be done again even if it was done: it finds out by itself.
    finds_out: bool,
}

impl Tries {
    pub fn of_what_finds_out() -> Self {
        Self { finds_out: true, ..Self::default() }
    }
}

/// Whether opening a ledger created it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Found,
    Made,
}

/// What keeps the last commits of a ledger on a server, if the server is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Its disk: whatever takes its place must be told since when it may lack something.
    Alone,
    /// Each commit waits for a standby.
    Standby,
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

    /// Opens the ledger at this address. `None` if there is none, as [`Ledger::is_at`] has it.
    ///
    /// # Errors
    /// See [`Ledger::open`].
    pub fn open_existing(address: impl Into<Address>) -> Result<Option<Self>> {
        match address.into() {
            Address::Server(server) => Self::existing_on(&server),
            address if !Self::is_at(&address)? => Ok(None),
            address => Self::open(address).map(|(ledger, _)| Some(ledger)),
        }
    }

    /// Opens an existing ledger for reading only, for a run that must leave no trace. `None` if there is none.
    pub fn open_read_only(address: impl Into<Address>) -> Result<Option<Self>> {
        match address.into() {
            Address::File(path) => Self::read_file(&path),
            Address::Server(server) => Self::read_on(&server),
        }
    }

    /// Opens an existing ledger for a command that only looks: for reading only if it can't be written. `None` if there is none.
    ///
    /// # Errors
    /// See [`Ledger::open`].
    pub fn open_to_look(address: impl Into<Address>) -> Result<Option<Self>> {
        match address.into() {
            Address::Server(server) => Self::existing_on(&server),
            address if !Self::is_at(&address)? => Ok(None),
            Address::File(path) => Self::look_at_file(&path).map(Some),
        }
    }

    /// Opens an existing ledger to check it: nothing is written to it or beside it. `None` if there is none.
    ///
    /// # Errors
    /// See [`Ledger::open`]; also if it is another kind of file.
    pub fn open_to_check(address: impl Into<Address>) -> Result<Option<Self>> {
        match address.into() {
            Address::Server(server) => Self::read_on(&server),
            address if !Self::is_at(&address)? => Ok(None),
            Address::File(path) => Self::check_file(&path).map(Some),
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

    /// What this process holds of the file, unless it is in memory or only read.
    pub(super) fn presence(&self) -> Option<&Presence> {
        self.presence.as_ref()
    }

    /// The number of its schema.
    pub fn schema(&self) -> Result<i32> {
        self.read(Conn::version)
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

    /// Questions, each statement on its own; asked again if the connection to a server is lost.
    pub(super) fn read<T>(&self, work: impl Fn(&Conn) -> db::Result<T>) -> Result<T> {
        self.repeat(Tries::default(), || self.read_once(&work))
    }

    /// The same for what can't be done again.
    pub(super) fn read_once<T>(&self, work: impl FnOnce(&Conn) -> db::Result<T>) -> Result<T> {
        work(&self.conn).map_err(|error| Error::from(error).at(&self.address))
    }

    /// Questions whose answers must agree: all of one moment, whatever others write meanwhile.
    pub(super) fn snapshot<T>(&self, work: impl Fn(&Conn) -> db::Result<T>) -> Result<T> {
        self.repeat(Tries::default(), || self.snapshot_once(&work))
    }

    /// The same for what can't be done again.
    pub(super) fn snapshot_once<T>(&self, work: impl FnOnce(&Conn) -> db::Result<T>) -> Result<T> {
        self.read_once(|conn| {
            let transaction = conn.snapshot()?;
            // Nothing was written: it ends as it is dropped.
            work(&transaction)
        })
    }

    /// One writing transaction, `begin immediate` to commit, which must reach everybody who opens the ledger. Begun again where a server
    /// took it back.
    pub(super) fn write<T>(&mut self, work: impl Fn(&Conn) -> Result<T>) -> Result<T> {
        let file = Arc::clone(&self.file);
        self.record(|conn| {
            let value = work(conn)?;
            file.refuse_replaced()?;
            Ok(value)
        })
    }

    /// The same beside those of other processes: see [`Conn::begin_beside`].
    pub(super) fn write_beside<T>(&mut self, work: impl Fn(&Conn) -> Result<T>) -> Result<T> {
        let file = Arc::clone(&self.file);
        let mut tries = Tries::default();
        loop {
            let written = self.begin_beside().and_then(|transaction| {
                let value = work(&transaction)?;
                file.refuse_replaced()?;
                failpoint::commit(transaction, "write.before", "write.after")?;
                Ok(value)
            });
            match written.map_err(|error| error.at(&self.address)) {
                Err(error) => self.again(error, &mut tries)?,
                done => return done,
            }
        }
    }

    /// The same for what can't be done again.
    pub(super) fn write_once<T>(&mut self, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let file = Arc::clone(&self.file);
        self.record_once(|conn| {
            let value = work(conn)?;
            file.refuse_replaced()?;
            Ok(value)
        })
    }

    /// The same for what became of requests that left: it is recorded where their claims are, even if another file took the path.
    pub(super) fn record<T>(&mut self, work: impl Fn(&Conn) -> Result<T>) -> Result<T> {
        self.record_as(Tries::default(), work)
    }

    pub(super) fn record_as<T>(&mut self, mut tries: Tries, work: impl Fn(&Conn) -> Result<T>) -> Result<T> {
        loop {
            match self.record_once(&work) {
                Err(error) => self.again(error, &mut tries)?,
                done => return done,
            }
        }
    }

    /// Work on a server that goes on beside other transactions and, if one of them has what this one needs or waits for it, is done again
    /// alone.
    pub(super) fn beside_or_alone<T>(&mut self, mut work: impl FnMut(Transaction<'_>) -> Result<T>) -> Result<T> {
        let (mut tries, mut is_alone) = (Tries::default(), false);
        loop {
            let begun = if is_alone { self.begin() } else { self.begin_beside() };
            match begun.and_then(&mut work).map_err(|error| error.at(&self.address)) {
                Err(Error::Database { failure: Failure::Busy | Failure::Conflict, .. }) if !is_alone => is_alone = true,
                Err(error) => self.again(error, &mut tries)?,
                done => return done,
            }
        }
    }

    fn record_once<T>(&mut self, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let written = self.begin().and_then(|transaction| {
            let value = work(&transaction)?;
            failpoint::commit(transaction, "write.before", "write.after")?;
            Ok(value)
        });
        written.map_err(|error| error.at(&self.address))
    }

    fn repeat<T>(&self, mut tries: Tries, work: impl Fn() -> Result<T>) -> Result<T> {
        loop {
            match work() {
                Err(error) => self.again(error, &mut tries)?,
                done => return done,
            }
        }
    }

    /// A writing transaction whose work is too long for a closure.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>> {
        self.room.fit(&self.conn)?;
        self.begun(Conn::begin)
    }

    /// A writing transaction beside those of other processes, as far as the engine has them: see [`Conn::begin_beside`].
    pub(super) fn begin_beside(&mut self) -> Result<Transaction<'_>> {
        self.room.fit(&self.conn)?;
        self.begun(Conn::begin_beside)
    }

    /// The same, and asks questions ahead: see [`Conn::begin_asking`].
    pub(super) fn begin_asking(&mut self, ahead: &Ahead) -> Result<Transaction<'_>> {
        self.room.fit(&self.conn)?;
        self.begun(|conn| conn.begin_asking(ahead))
    }

    fn begun<'c>(&'c self, begin: impl Fn(&'c Conn) -> db::Result<Transaction<'c>>) -> Result<Transaction<'c>> {
        self.repeat(Tries::of_what_finds_out(), || Ok(begin(&self.conn)?))
    }

    /// Work whose commits are not synced one by one. What it stages counts only with a later commit, and is on the disk when this returns.
    /// A power cut takes back some of it, in order, and it is staged again. So does a server that was lost meanwhile: then all of the work
    /// is done again.
    pub(super) fn unsynced<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut tries = Tries::of_what_finds_out();
        loop {
            let lost = self.conn.lost();
            self.read(|conn| conn.sync_commits(false))?;
            let done = work(self).map_err(|error| error.at(&self.address));
            self.read(|conn| conn.sync_commits(true))?;
            let done = done?;
            if !self.conn.is_server() {
                return Ok(done);
            }
            self.prove_writable()?;
            if self.conn.lost() == lost {
                return Ok(done);
            }
            self.again(Error::from(db::Error::taken_back()).at(&self.address), &mut tries)?;
        }
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
pub(super) fn audit(conn: &Conn, now: UnixMillis, who: &str, command: &str, what: &str) -> db::Result<i64> {
    conn.prepare_cached("insert into audit (at, who, command, what) values (?1, ?2, ?3, ?4) returning id")?
        .query_row((now, who, command, what), |row| row.get(0))
}

#[cfg(test)]
pub(super) mod tests;
