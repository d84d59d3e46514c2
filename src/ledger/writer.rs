//! The writer: one transaction a step records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller sends a step as soon as the last one is
//! done, with everything that waits: group commit without a timer.

mod claiming;
mod recording;

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::broadcasts::Broadcast;
use super::pace::Meter;
use super::sql::exists;
use super::state::{Skip, State};
use super::tally::Tally;
use super::{Ledger, failed_at, failpoint};
use crate::clock::{Clock, UnixMillis};
use crate::error::{Error, Result};
use crate::times::MARGIN;
use claiming::Scan;
use recording::Statements;

/// What a run may claim, and for how long a claim keeps a person to itself.
#[derive(Clone, Debug)]
pub struct Scope {
    pub broadcast: Broadcast,
    pub run: i64,
    /// Only rows of this listing; `None`: every planned row of the broadcast.
    pub listing: Option<i64>,
    /// Whether the message uses values of the row.
    pub values: bool,
    /// When the campaign ends or `--until` passes.
    pub end: Option<UnixMillis>,
    pub cool_down: Duration,
    /// The longest that a request may take.
    pub timeout: Duration,
}

impl Scope {
    /// Until when a claim made then keeps its person. Whoever finds the run dead only much later finds a cool-down that began no
    /// earlier than the request could have been accepted, however long its commit and its start took.
    fn claimed_until(&self, at: UnixMillis) -> UnixMillis {
        at.plus(self.timeout).plus(self.cool_down).plus(MARGIN)
    }
}

/// A row whose intent is durable.
#[derive(Clone, Debug)]
pub struct Claim {
    pub send: i64,
    pub recipient: i64,
    pub token: String,
    pub values: Option<String>,
    /// When the intent became durable.
    pub at: UnixMillis,
}

/// How a claimed row's request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted {
        tracking_id: Option<String>,
    },
    /// Refused for good; `suppress` keeps the person out of every broadcast.
    Refused {
        suppress: Option<Skip>,
    },
    /// This person not before `until`.
    Later {
        until: UnixMillis,
    },
    /// Nothing was accepted: pending again, and the old cool-down comes back.
    Back,
    /// Bytes may have left and no answer settles it.
    Unknown,
}

/// What is recorded of a request.
#[derive(Clone, Debug)]
pub struct Finish {
    pub claim: Claim,
    pub outcome: Outcome,
    /// When the answer came, or the doubt.
    pub at: UnixMillis,
    /// In one word or short sentence, masked; `None` for an acceptance.
    pub reason: Option<String>,
    pub http_status: Option<u16>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}

/// A row that got a state or a new `not_before`, committed.
#[derive(Clone, Debug)]
pub struct Settled {
    pub token: String,
    pub state: State,
    pub reason: Option<String>,
    pub tracking_id: Option<String>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
    pub not_before: Option<UnixMillis>,
    pub at: UnixMillis,
}

/// What a step did.
#[derive(Debug)]
pub struct Done {
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
    pub fn step(&mut self, finishes: Vec<Finish>, want: usize, meter: &mut dyn Meter) -> Result<Done> {
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
        let mut step =
            Step { conn: &transaction, scope, now, tally: Tally::default(), settled: Vec::new(), overtaken: 0 };
        let recorded = Statements::new(&transaction)
            .and_then(|mut all| finishes.into_iter().try_for_each(|finish| step.record(&mut all, finish)));
        let claimed = recorded.and_then(|()| step.claim_metered(scan, want, meter));
        let (claims, exhausted, permit_at) = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                *scan = Scan::default();
                return Err(failed(&error));
            }
        };
        let Step { tally, settled, overtaken, .. } = step;
        let finished = tally.write(&transaction).and_then(|()| {
            transaction.prepare_cached("update ledger set newest_at = ?1 where newest_at < ?1")?.execute([now])?;
            let mut open = transaction.prepare_cached("select 1 from runs where id = ?1 and ended_at is null")?;
            exists(&mut open, [scope.run])
        });
        let alive = finished.map_err(|error| failed(&error))?;
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
        Ok(Done { claims, committed: clock.now(), settled, exhausted, permit_at, overtaken })
    }
}

/// One transaction's work.
struct Step<'c> {
    conn: &'c Connection,
    scope: &'c Scope,
    now: UnixMillis,
    tally: Tally,
    settled: Vec<Settled>,
    overtaken: u64,
}

#[cfg(test)]
mod claims;
#[cfg(test)]
mod cool_downs;
#[cfg(test)]
mod tests;
