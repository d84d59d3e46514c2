//! What an engine keeps of rows that are gone: unused parts of a file and its log, dead rows on a server.

use std::io;
use std::sync::Arc;

use crate::ledger::address::Address;
use crate::ledger::database::Ledger;
use crate::ledger::db::Conn;
use crate::ledger::error::{Error, Failure, Need, Result};
use crate::ledger::presence::Place;
use crate::ledger::room::{self, shrink_wal};

/// The tables of which rows are removed or changed.
const TABLES: [&str; 6] = ["recipients", "sends", "attempts", "audience_rows", "events", "choices"];

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// No byte of the file or its log.
    None,
    /// In unused parts of the file, which can't be written anew while processes send from it or the disk has no room.
    InFile,
    /// In the log, which another process reads.
    InLog,
    /// On a server: nothing in its tables; what its log and backups hold is its operator's.
    OnServer,
    /// Nobody looked: the ledger is in no file of this process.
    NotSearched,
}

impl Ledger {
    /// Has the engine forget what was removed, and looks for these tokens in all bytes that it keeps here.
    ///
    /// # Errors
    /// The database fails, or its file can't be read.
    pub fn clear_traces(&mut self, tokens: &[String]) -> Result<Traces> {
        if self.read(|conn| Ok(conn.is_server()))? {
            for table in TABLES {
                self.read(|conn| conn.clean(table))?;
            }
            return Ok(Traces::OnServer);
        }
        match self.search(tokens)? {
            Traces::InFile => {}
            traces => return Ok(traces),
        }
        // Rows leave copies where they stood before they became longer: only a new file is without them.
        if self.at_work()? > 0 || !self.has_room_twice() {
            return Ok(Traces::InFile);
        }
        match self.read(Conn::rewrite) {
            Ok(()) => self.search(tokens),
            Err(error) if room::is_full(&error) => Ok(Traces::InFile),
            Err(error) => Err(error),
        }
    }

    fn search(&self, tokens: &[String]) -> Result<Traces> {
        self.read(|conn| {
            shrink_wal(conn);
            Ok(())
        })?;
        let Some(presence) = self.presence() else { return Ok(Traces::NotSearched) };
        let found = presence.search(tokens).map_err(|source| self.unreadable(source))?;
        Ok(match found {
            None => Traces::None,
            Some(Place::File) => Traces::InFile,
            Some(Place::Log) => Traces::InLog,
        })
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::Database { ledger: self.address().clone(), failure: Failure::Io, source: Arc::new(source) }
    }

    /// Whether the disk has room for the ledger twice more: in the log, and beside it.
    fn has_room_twice(&self) -> bool {
        let size = match self.address() {
            Address::File(path) => std::fs::metadata(path).map_or(0, |data| data.len()),
            Address::Server(_) => 0,
        };
        self.require_room(Need::Plan, 2 * size + room::left_by_long_work()).is_ok()
    }
}
