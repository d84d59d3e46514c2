//! The writer: each step is one transaction that records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller starts a step as soon as the last one is done, with
//! everything that waits: group commit without a timer.

mod claim;
mod claiming;
mod recording;
mod step;

use std::sync::Arc;

use super::database::Ledger;
use super::error::{Error, Need, Result};
use super::failpoint;
use super::gate;
use super::pace::Meter;
use super::room::{self, Reserve};
pub use super::settled::Settled;
use super::sql::exists;
use crate::clock::{Clock, UnixMillis};
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
    /// When the shared budget allows more; `None` if it allows more now.
    pub permit_at: Option<UnixMillis>,
    /// Outcomes that found their row settled by somebody else.
    pub overtaken: u64,
    /// Why nothing can be claimed any more: the disk has no room, the files are not the ledger's any more, or the gate was closed. The
    /// answers are recorded, and nothing was claimed.
    pub closed: Option<Error>,
}

/// Owns the ledger while a run sends.
pub struct Writer {
    ledger: Ledger,
    clock: Clock,
    scope: Scope,
    scan: Scan,
    reserve: Option<Reserve>,
}

impl Writer {
    pub fn new(ledger: Ledger, clock: Clock, scope: Scope, reserve: Option<Reserve>) -> Self {
        // Sending goes through the tables in order, and every commit that splits a page scans SQLite's whole cache: a small one is
        // faster. If it can't be set, nothing is lost.
        let _ = ledger.conn.pragma_update(None, "cache_size", -4096);
        Self { ledger, clock, scope, scan: Scan::default(), reserve }
    }

    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }

    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Records `finishes` and claims up to `want` rows, in one synced commit. On an error nothing of it happened.
    ///
    /// An answer is not lost to a disk that is full: what can be freed is, and it is tried again.
    pub fn step(&mut self, finishes: &[Finish], want: usize, meter: &mut dyn Meter) -> Result<Stepped> {
        let stepped = match self.require_room(want).and_then(|()| self.try_step(finishes, want, meter)) {
            Err(error) if room::is_full(&error) => {
                self.scan = Scan::default();
                room::shrink_wal(&self.ledger.conn);
                match self.try_step(finishes, want, meter) {
                    Err(error) if room::is_full(&error) => self.only_record(finishes, error, meter),
                    stepped => stepped,
                }
            }
            // What was asked is recorded in the file that has its claims, whatever its name is now.
            Err(
                error @ (Error::NoRoom { .. }
                | Error::Closed { .. }
                | Error::Gone { .. }
                | Error::Replaced { .. }
                | Error::Linked { .. }
                | Error::LogReplaced { .. }),
            ) => self.only_record(finishes, error, meter),
            stepped => stepped,
        };
        stepped.map_err(|error| {
            self.scan = Scan::default();
            error.at(self.ledger.path())
        })
    }

    /// Claims only where the disk has room for the answers besides what is kept for them: another run may be about to need that.
    fn require_room(&self, want: usize) -> Result<()> {
        match &self.reserve {
            Some(reserve) if want > 0 => self.ledger.require_room(Need::Claim, reserve.bytes()),
            _ => Ok(()),
        }
    }

    /// The end of a run that can't claim any more. On a disk without room its answers get the room that was kept for them.
    fn only_record(&mut self, finishes: &[Finish], why: Error, meter: &mut dyn Meter) -> Result<Stepped> {
        self.scan = Scan::default();
        loop {
            match self.try_step(finishes, 0, meter) {
                Err(error) if room::is_full(&error) && self.reserve.as_ref().is_some_and(Reserve::release_half) => {
                    room::shrink_wal(&self.ledger.conn);
                }
                stepped => {
                    return Ok(Stepped { closed: Some(why.at(self.ledger.path())), ..stepped? });
                }
            }
        }
    }

    fn try_step(&mut self, finishes: &[Finish], want: usize, meter: &mut dyn Meter) -> Result<Stepped> {
        let Self { ledger, clock, scope, scan, .. } = self;
        if finishes.iter().any(|finish| matches!(finish.outcome, Outcome::Back | Outcome::Later { .. })) {
            // What came back is behind the place that the search has reached.
            *scan = Scan::default();
        }
        let file = Arc::clone(ledger.file());
        let transaction = ledger.begin()?;
        // The lock may have been waited for: only now is now.
        let now = clock.now();
        let gate = if want > 0 { gate::pass(&transaction)? } else { gate::read(&transaction)? };
        let mut step = Step::new(&transaction, scope, now, gate)?;
        let mut rows = Rows::new(&transaction)?;
        finishes.iter().try_for_each(|finish| step.record(&mut rows, finish))?;
        let (claims, exhausted, permit_at) = step.claim_metered(scan, want, meter)?;
        let (settled, overtaken) = step.finish()?;
        drop(rows);
        if !claims.is_empty() {
            let mut open = transaction.prepare_cached("select 1 from runs where id = ?1 and ended_at is null")?;
            if !exists(&mut open, [scope.run])? {
                return Err(Error::TakenForDead);
            }
        }
        if want > 0 {
            file.refuse_replaced()?;
        }
        failpoint::commit(transaction, "step.before", "step.after")?;
        let committed = clock.now();
        ledger.be_seen_now_and_then();
        Ok(Stepped { claims, committed, settled, exhausted, permit_at, overtaken, closed: None })
    }
}

#[cfg(test)]
mod tests;
