//! The writer: one transaction a step records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller sends a step as soon as the last one is
//! done, with everything that waits: group commit without a timer.

mod claim;
mod claiming;
mod recording;
mod step;

use rusqlite::TransactionBehavior;

use super::pace::Meter;
pub use super::settled::Settled;
use super::sql::exists;
use super::{Ledger, failed_at, failpoint};
use crate::clock::{Clock, UnixMillis};
use crate::error::{Error, Result};
pub use claim::{Claim, Finish, Outcome, Scope};
use claiming::Scan;
use recording::Rows;
use step::Step;

/// What a step did.
#[derive(Debug)]
pub struct Stepped {
    pub claims: Vec<Claim>,
    /// After the commit: a claim that is not on the wire soon after is given back.
    pub committed: UnixMillis,
    pub settled: Vec<Settled>,
    /// Nothing more may go out now.
    pub exhausted: bool,
    /// When the shared budget allows more; `None`: it is not in the way.
    pub permit_at: Option<UnixMillis>,
    /// Outcomes that found their row settled by somebody else.
    pub overtaken: u64,
}

/// Owns the ledger while a run sends.
pub struct Writer {
    ledger: Ledger,
    clock: Clock,
    scope: Scope,
    scan: Scan,
}

impl Writer {
    pub fn new(ledger: Ledger, clock: Clock, scope: Scope) -> Self {
        // Sending walks the tables in order, and every commit that splits a page scans the whole of SQLite's cache: a small one is
        // faster. It may well stay as it was.
        let _ = ledger.conn.pragma_update(None, "cache_size", -4096);
        Self { ledger, clock, scope, scan: Scan::default() }
    }

    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }

    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Records `finishes` and claims up to `want` rows, in one synced commit. On an error nothing of it happened.
    pub fn step(&mut self, finishes: Vec<Finish>, want: usize, meter: &mut dyn Meter) -> Result<Stepped> {
        let Self { ledger, clock, scope, scan } = self;
        let path = ledger.path.clone();
        let failed = |error: &rusqlite::Error| failed_at(&path, error);
        if want > 0 {
            ledger.refuse_replaced()?;
        }
        if finishes.iter().any(|finish| matches!(finish.outcome, Outcome::Back | Outcome::Later { .. })) {
            // What came back is behind the place where the scan stands.
            *scan = Scan::default();
        }
        let inode = ledger.inode;
        let transaction =
            ledger.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failed(&error))?;
        // The lock may have been waited for: only now is now.
        let now = clock.now();
        let work = || {
            let mut step = Step::new(&transaction, scope, now)?;
            let mut rows = Rows::new(&transaction)?;
            finishes.into_iter().try_for_each(|finish| step.record(&mut rows, finish))?;
            let claimed = step.claim_metered(scan, want, meter)?;
            step.tally.write(&transaction)?;
            transaction.prepare_cached("update ledger set newest_at = ?1 where newest_at < ?1")?.execute([now])?;
            let mut open = transaction.prepare_cached("select 1 from runs where id = ?1 and ended_at is null")?;
            Ok((claimed, step.settled, step.overtaken, exists(&mut open, [scope.run])?))
        };
        let ((claims, exhausted, permit_at), settled, overtaken, alive) = match work() {
            Ok(claimed) => claimed,
            Err(error) => {
                *scan = Scan::default();
                return Err(failed(&error));
            }
        };
        if !alive && !claims.is_empty() {
            *scan = Scan::default();
            return Err(Error::ledger("another mmsg took this run for dead: nothing more was sent")
                .hint("its lock file was removed from the ledger's runs folder; run the same command again"));
        }
        if !claims.is_empty()
            && let Some(inode) = inode
        {
            inode.refuse_replaced(&path)?;
        }
        failpoint::commit(transaction, "step.before", "step.after").map_err(|error| failed(&error))?;
        Ok(Stepped { claims, committed: clock.now(), settled, exhausted, permit_at, overtaken })
    }
}

#[cfg(test)]
mod tests;
