//! An old copy of the ledger: refused by whoever sends, and the ways out.
//!
//! Everything that the copy has pending may have been sent since the copy was made, so it becomes unknown. Anybody may have been
//! messaged, so nobody gets anything for a cool-down. And a list that the copy never had may have been sent, so its rows are skipped
//! where the campaign is older than the restoring.

use std::time::{Duration, Instant};

use super::db::{self, Conn};

use super::alive;
use super::database::{HOLD, Ledger, audit};
use super::error::{Closed, Error, Result};
use super::events::wait_again;
use super::gate::{self, Gate};
use super::schema::FIRST_WITH_GATE;
use super::sql::sql;
use super::state::State;
use super::tally::{self, Tally};
use super::witness;
use crate::clock::UnixMillis;
use crate::times::{MARGIN, ON_THE_WAY};

/// The reason of rows that may have been sent after the copy was made.
pub const RESTORED: &str = "restored";

/// Rows that become unknown between two looks at the time.
const TOGETHER: i64 = 500;

/// An old copy that a person accepts.
#[derive(Clone, Copy, Debug)]
pub struct Restore {
    /// The ledger knows nothing of what was sent after this.
    pub since: UnixMillis,
    pub now: UnixMillis,
    pub cool_down: Duration,
}

/// What accepting a copy does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Pending rows that became unknown.
    pub unknown: u64,
    pub nobody_before: UnixMillis,
    /// People who had been erased, and came back with the copy.
    pub erased_again: u64,
}

impl Restore {
    /// When everybody who may have been messaged is free again, whoever sent until now.
    pub fn nobody_before(&self) -> UnixMillis {
        self.now.plus(ON_THE_WAY).plus(self.cool_down).plus(MARGIN)
    }
}

impl Ledger {
    /// The gate, also for somebody who only reads: a copy that nobody could write to yet counts as closed.
    pub fn gate(&self) -> Result<Gate> {
        self.read(|conn| {
            // One from before there were gates can still be looked at.
            if conn.version()? < FIRST_WITH_GATE {
                return Ok(Gate::default());
            }
            let gate = gate::read(conn)?;
            let doubts = match gate.closed {
                Some(why) => Some(why),
                None => self.witness().doubts(conn)?.or(self.doubts_server(conn)?),
            };
            Ok(Gate { closed: doubts, ..gate })
        })
    }

    /// Refuses to plan or send while the gate is closed.
    pub fn refuse_closed(&self) -> Result<()> {
        match self.gate()?.closed {
            Some(why) => Err(Error::closed(why).at(self.address())),
            None => Ok(()),
        }
    }

    /// Closes the gate of this ledger for every process.
    pub fn close_gate(&mut self, why: Closed) -> Result<()> {
        self.write(|conn| Ok(gate::close(conn, why.clone())?))
    }

    /// Opens a gate because nothing of this ledger was lost: another sender is known, or the other server has every commit.
    pub fn open_gate(&mut self, now: UnixMillis, who: &str, command: &str, why: &str) -> Result<()> {
        self.write(|conn| {
            gate::open(conn)?;
            audit(conn, now, who, command, why)?;
            Ok(())
        })
    }

    /// Refuses while processes send from this file, or from one that was here before.
    pub fn refuse_at_work(&self) -> Result<()> {
        match self.at_work()? {
            0 => Ok(()),
            processes => Err(Error::AtWork { processes }),
        }
    }

    /// How many processes send from this file, or from one that was here before.
    pub fn at_work(&self) -> Result<u64> {
        alive::at_work(self)
    }

    pub fn pending_in_all(&self) -> Result<u64> {
        self.read(|conn| tally::rows_in_all(conn, State::Pending))
    }

    /// Accepts an old copy. The gate is closed until all of it is done: whoever is cut off types the command again.
    pub fn accept_restore(&mut self, restore: Restore, who: &str, command: &str) -> Result<Restored> {
        let from = self.newest_at()?;
        self.close_gate(Closed::Restored { from, until: restore.now })?;
        // Only now can no process start to send.
        self.refuse_at_work()?;
        let mut restored = Restored { nobody_before: restore.nobody_before(), ..Restored::default() };
        loop {
            let part = self.write(|conn| doubt_pending(conn, &restore))?;
            restored.unknown += part;
            if part == 0 {
                break;
            }
        }
        restored.erased_again = self.erase_again(who, restore.now)?;
        let seen = self.read(|conn| self.witness().steps(conn))?;
        self.write(|conn| {
            gate::accept(conn, restore.now, restored.nobody_before)?;
            witness::overtake(conn, seen)?;
            let Restored { unknown, nobody_before, .. } = restored;
            let what = format!("since {}, nobody before {nobody_before}, {unknown} rows unknown", restore.since);
            audit(conn, restore.now, who, command, &what)?;
            Ok(witness::step(conn, Some(restore.now))?)
        })?;
        self.be_seen();
        Ok(restored)
    }
}

/// Makes pending rows unknown, for as long as one transaction may take; how many.
fn doubt_pending(conn: &Conn, restore: &Restore) -> Result<u64> {
    let begin = Instant::now();
    let mut tally = Tally::default();
    let mut moved = 0;
    // Events of such a row count in the hour in which it was claimed, so that stays where there are some.
    let mut doubt = conn.prepare_cached(sql!(
        "update sends set state = {unknown}, reason = ?1, finished_at = ?2, not_before = 0, run = null,
           claimed_at = case when claimed_at < ?3 or attribution is not null then claimed_at else ?3 end
         where id in (select id from sends where state = {pending} limit ?4)
         returning broadcast, recipient, coalesce(claimed_at, 0)"
    ))?;
    while moved == 0 || begin.elapsed() < HOLD {
        let rows: Vec<(i64, i64, UnixMillis)> = doubt
            .query_map((RESTORED, restore.now, restore.since, TOGETHER), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<db::Result<_>>()?;
        if rows.is_empty() {
            break;
        }
        for (broadcast, recipient, claimed_at) in &rows {
            tally.moved(*broadcast, *claimed_at, State::Pending, State::Unknown);
            wait_again(conn, *recipient, restore.since, &mut tally)?;
        }
        moved += rows.len() as u64;
    }
    tally.write(conn)?;
    Ok(moved)
}

#[cfg(test)]
mod tests;
