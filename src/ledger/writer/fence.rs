//! Whether a run still counts: nobody has ended it, and on a server, its row and its time are those that it knows.

use crate::clock::UnixMillis;
use crate::ledger::db::{self, Ahead, Conn, NOW, OnDemand, Optional};
use crate::ledger::error::{Error, Result};
use crate::times;

/// What a step finds in the row of its run.
#[derive(Clone, Copy)]
pub struct Fence {
    /// Which one this is.
    pub step: i64,
    /// What time it is by the server.
    pub time: UnixMillis,
    /// The newest time in the ledger.
    pub newest_at: UnixMillis,
}

/// On a server, where another machine may end the run, its row is held from here on: whoever ends it comes before all of this or after
/// it. Counted, so that it can be found out whether a step counts. `None` if the run has ended, or in a file.
pub fn fence(conn: &Conn, run: i64) -> db::Result<Option<Fence>> {
    if !conn.is_server() {
        return Ok(None);
    }
    conn.prepare_cached(&step())?
        .query_row([run], |row| Ok(Fence { step: row.get(0)?, time: row.get(1)?, newest_at: row.get(2)? }))
        .optional()
}

/// What [`fence`] asks a server.
pub fn ask(ahead: &mut Ahead, run: i64) {
    ahead.ask(step(), [run]);
}

fn step() -> String {
    format!(
        "update runs set step = step + 1 where id = ?1 and ended_at is null
         returning step, {NOW}, (select newest_at from ledger)"
    )
}

/// Refuses a server whose clock is not as it was when the run began: it was set, or another server took its place. A cool-down has as much on
/// top as they may be apart.
pub fn refuse_other_time(now: UnixMillis, server: UnixMillis) -> Result<()> {
    if now.since(server).max(server.since(now)) > times::BEHIND_LEDGER {
        return Err(Error::ServerClock { now, server });
    }
    Ok(())
}

/// The runs that nobody has ended.
pub struct OpenRuns<'c>(OnDemand<'c>);

impl<'c> OpenRuns<'c> {
    pub const fn new(conn: &'c Conn) -> Self {
        Self(OnDemand::new(conn, "select 1 from runs where id = ?1 and ended_at is null"))
    }

    pub fn has(&mut self, run: i64) -> db::Result<bool> {
        self.0.get()?.exists([run])
    }
}
