//! Which clock counts, and whether it can be trusted.

use super::Ledger;
use crate::clock::{Clock, Skew, UnixMillis};
use crate::ledger::db::Conn;
use crate::ledger::error::{Error, Result};
use crate::times;

impl Ledger {
    /// The clock that counts for this ledger: that of its server, so that times are the same for every machine; for a file, this one.
    /// Whatever is written to the ledger, or compared with what is there, goes by it.
    pub fn clock(&self, clock: Clock) -> Result<Clock> {
        if !self.conn.is_server() {
            return Ok(clock);
        }
        let (asked, server) = (clock.now(), self.read(Conn::now)?);
        Ok(clock.corrected(Skew::between(server, asked, clock.now())))
    }

    /// The same, where the clock was set by Graph's: refuses a server whose clock is far from it.
    pub fn clock_by(&self, graph: Clock) -> Result<Clock> {
        let clock = self.clock(graph)?;
        let (now, server) = (graph.now(), clock.now());
        if now.since(server).max(server.since(now)) > times::CLOCK_SKEW {
            return Err(Error::ServerClock { now, server });
        }
        Ok(clock)
    }

    /// What time it is by that clock.
    pub fn now(&self, clock: Clock) -> Result<UnixMillis> {
        Ok(self.clock(clock)?.now())
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
}
