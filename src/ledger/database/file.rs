//! A ledger in a file.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Ledger, Opened};
use crate::ledger::db::{Conn, OpenMode};
use crate::ledger::error::{Error, Failure, Result};
use crate::ledger::identity::{self, OpenFile};
use crate::ledger::presence::Arrival;
use crate::ledger::room::{BUSY, Room};
use crate::ledger::schema::{self, FIRST_WITH_GATE};
use crate::ledger::witness::{self, Witness};
use crate::ledger::{failpoint, gate, making, place};

/// SQLite's `application_id` of a ledger: `mmsg` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x6d6d_7367;

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

impl Ledger {
    pub(super) fn open_file(path: &Path) -> Result<(Self, Opened)> {
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
        let mut ledger = Self::connect(path, OpenMode::Make)?;
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

    fn connect(path: &Path, how: OpenMode) -> Result<Self> {
        let conn = Conn::open(path, how).map_err(|error| Error::from(error).at(path))?;
        Ok(Self::unwatched(conn, path))
    }

    pub(super) fn unwatched(conn: Conn, path: &Path) -> Self {
        let folder = place::folder_of(&place::real(path)).to_owned();
        Self {
            conn,
            address: path.into(),
            file: Arc::new(OpenFile::unwatched(path)),
            folder,
            presence: None,
            own_runs: Vec::new(),
            room: Room::unlimited(),
            witness: Witness::default(),
            months_made: None,
            lost_at: Cell::default(),
        }
    }

    /// Makes a ledger's tables in a file that nobody else knows of.
    pub fn fill(path: &Path) -> Result<()> {
        Self::connect(path, OpenMode::Write)?.migrate()
    }

    pub(super) fn read_file(path: &Path) -> Result<Option<Self>> {
        identity::refuse_other_names(path)?;
        making::refuse_lost(path)?;
        if !path.exists() {
            return Ok(None);
        }
        let mut ledger = Self::connect(path, OpenMode::Read)?;
        let version: i32 = ledger.read(|conn| {
            conn.busy_timeout(BUSY)?;
            conn.version()
        })?;
        if version == 0 {
            return Ok(None);
        }
        schema::refuse_newer(path, version)?;
        schema::refuse_older(path, version)?;
        ledger.witness = Witness::of(path, &ledger.folder);
        Ok(Some(ledger))
    }

    pub(super) fn look_at_file(path: &Path) -> Result<Self> {
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

    pub(super) fn check_file(path: &Path) -> Result<Self> {
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
        let Ok(conn) = Conn::open(&real, OpenMode::Alone) else { return Err(error) };
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

    pub(super) fn prepare(&mut self) -> Result<()> {
        self.conn.busy_timeout(BUSY)?;
        // All as of one moment: another process may be creating the same ledger.
        let (version, application, tables) = self.snapshot(|conn| {
            let version = conn.version()?;
            let application: i32 = conn.query_row("pragma application_id", (), |row| row.get(0))?;
            let tables: i64 = conn.query_row("select count(*) from sqlite_schema", (), |row| row.get(0))?;
            Ok((version, application, tables))
        })?;
        schema::refuse_newer(&self.file.path, version)?;
        if application != APPLICATION_ID && tables > 0 {
            return Err(Error::NotALedger { path: self.file.path.clone() });
        }
        self.use_wal()?;
        // A claim that a power cut takes back is a second message: every commit is synced. What a row no longer needs of its page is
        // overwritten, so that little is left to clear when somebody is erased. Plans, imports and events are no slower with 8 MiB of
        // pages than with 32: the system keeps them, too. While a run sends, the writer has its own limit.
        self.conn.execute_batch(
            "pragma synchronous = full; pragma fullfsync = 1; pragma checkpoint_fullfsync = 1;
             pragma cache_size = -8192; pragma trusted_schema = 0; pragma secure_delete = fast;",
        )?;
        self.room.fit(&self.conn)?;
        if version < schema::newest() {
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
        for (number, sql) in schema::IN_A_FILE {
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
}
