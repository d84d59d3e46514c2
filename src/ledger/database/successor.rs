//! Whether the server is the one that it was. Another one that took its place, or an older copy of it, may lack what was written last.

use super::{Ledger, Safety, audit};
use crate::clock::UnixMillis;
use crate::ledger::db::{self, Conn};
use crate::ledger::error::{Closed, Error, Failure, Result};
use crate::ledger::{failpoint, gate};

/// What the ledger knows of its server.
struct Known {
    server: Option<String>,
    is_replicated: bool,
    newest_at: UnixMillis,
}

impl Known {
    fn of(conn: &Conn) -> db::Result<Self> {
        conn.prepare_cached("select server, replicated, newest_at from ledger")?
            .query_row((), |row| Ok(Self { server: row.get(0)?, is_replicated: row.get(1)?, newest_at: row.get(2)? }))
    }

    /// Why the server can't be taken for the one that was written to.
    fn doubts(&self, now: &str) -> Option<Closed> {
        let is_other = self.server.as_deref().is_some_and(|before| before != now);
        (is_other && !self.is_replicated).then_some(Closed::Promoted { from: self.newest_at })
    }
}

impl Ledger {
    /// Looks at a server to which a connection was made. The gate is closed if it may lack something; a standby that had every commit takes
    /// the place of the other one without a word.
    pub(super) fn meet(&self) -> Result<()> {
        let Some(now) = self.conn.server()? else { return Ok(()) };
        if Known::of(&self.conn)?.server.as_deref() == Some(now.as_str()) {
            return Ok(());
        }
        match self.note(&now) {
            // Whoever may not write sees the doubts and sends nothing.
            Err(Error::Database { failure: Failure::ReadOnly | Failure::Denied, .. }) => Ok(()),
            noted => noted,
        }
    }

    fn note(&self, now: &str) -> Result<()> {
        let writing = self.conn.begin()?;
        let known = Known::of(&writing)?;
        match (known.doubts(now), &known.server) {
            (Some(why), _) => gate::close(&writing, why)?,
            (None, before) => {
                if let Some(before) = before.as_ref().filter(|before| **before != now) {
                    let what = format!("{now} took the place of {before}, with every commit");
                    audit(&writing, known.newest_at, "mmsg", "failover", &what)?;
                }
                writing.execute("update ledger set server = ?1, replicated = ?2", (now, writing.has_standby()?))?;
            }
        }
        Ok(failpoint::commit(writing, "write.before", "write.after")?)
    }

    /// The same for somebody who only reads.
    pub(in crate::ledger) fn doubts_server(&self, conn: &Conn) -> db::Result<Option<Closed>> {
        match conn.server()? {
            Some(now) if conn.version()? >= FIRST_WITH_SERVER => Ok(Known::of(conn)?.doubts(&now)),
            _ => Ok(None),
        }
    }

    /// What becomes of the last commits if the server is lost; `None` for a file.
    pub fn safety(&self) -> Result<Option<Safety>> {
        self.read(|conn| {
            Ok(match conn.is_server() {
                true if conn.has_standby()? => Some(Safety::Standby),
                true => Some(Safety::Alone),
                false => None,
            })
        })
    }
}

/// The schema from which on a ledger knows its server.
const FIRST_WITH_SERVER: i32 = 15;
