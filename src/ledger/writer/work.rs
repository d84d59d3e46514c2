//! One order's part of a transaction, and what the transaction goes by.

use std::time::Instant;

use super::claim::Outcome;
use super::claiming::Scan;
use super::ending::Commit;
use super::fence::{Fence, fence, refuse_other_time};
use super::order::{Order, Seat, Stepped};
use super::statements::Statements;
use super::step::Step;
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::Conn;
use crate::ledger::error::{Closed, Error, Need, Result};
use crate::ledger::gate::{self, Gate};
use crate::ledger::sql::sql;
use crate::ledger::witness::{self, Held, Progress, Witness};

/// Claims only where the disk has room for the answers besides what is kept for them.
pub fn require_room(ledger: &Ledger, kept: u64) -> Result<()> {
    if kept == 0 { Ok(()) } else { ledger.require_room(Need::Claim, kept) }
}

/// What a transaction goes by. The witness is held until it has seen what is claimed: a copy of this ledger that sends at the same time
/// must not claim the same people.
pub fn enter(conn: &Conn, witness: &Witness, claims: bool) -> Result<(Gate, Progress, Held)> {
    if conn.is_server() {
        // A server has no witness; what is known of it comes with each run's fence.
        let gate = if claims { gate::pass(conn)? } else { gate::read(conn)? };
        return Ok((gate, Progress::default(), Held::default()));
    }
    let (gate, progress) = conn
        .prepare_cached(sql!(
            "select {gate}, {progress} from ledger",
            gate = gate::COLUMNS,
            progress = witness::PROGRESS
        ))?
        .query_row((), |row| Ok((gate::gate(row)?, Progress::read(row, gate::WIDTH)?)))?;
    let witness = witness.hold(&progress);
    if !claims {
        return Ok((gate, progress, witness));
    }
    match witness.doubts(&progress) {
        Some(why) => Err(Error::closed(why)),
        None => Ok((gate.open()?, progress, witness)),
    }
}

/// How many claims the account's budget allows, and when it allows more.
pub type Leased = (usize, Option<UnixMillis>);

/// What one order did in a transaction.
pub struct Worked {
    stepped: Stepped,
    /// What was now for it.
    pub now: UnixMillis,
    /// Which step of its run it was; `None` in a file, or if the run has ended.
    pub step: Option<i64>,
    /// The newest time in the ledger, likewise.
    pub newest_at: Option<UnixMillis>,
}

impl Worked {
    pub fn end(self, seat: &mut Seat, commit: Commit) -> Stepped {
        let Self { mut stepped, now, step, newest_at: _ } = self;
        seat.step = step.or(seat.step);
        stepped.committed = match commit {
            Commit::Answered => seat.clock.now(),
            // The claims are as old as they are, however long it took to find out.
            Commit::Found | Commit::Buried => now,
        };
        if let Commit::Buried = commit {
            stepped.claims.clear();
            stepped.closed = Some(Error::taken_for_dead());
        }
        stepped
    }
}

/// One order's part of a transaction that began at `begun`. `leased`: what its account allows, if that was asked.
pub fn work<'c>(
    conn: &'c Conn,
    statements: &mut Statements<'c>,
    order: &mut Order<'_>,
    gate: Gate,
    begun: Instant,
    leased: Option<Leased>,
) -> Result<Worked> {
    let Order { seat: Seat { clock, scope, scan, step: last, goes_by_server, .. }, finishes, want, meter } = order;
    let last = *last;
    if finishes.iter().any(|finish| matches!(finish.outcome, Outcome::Back | Outcome::Later { .. })) {
        // What came back is behind the place that the search has reached.
        *scan = Scan::default();
    }
    // The lock may have been waited for: only now is now.
    let now = clock.now();
    let fence = fence(conn, scope.run)?;
    if let Some(Fence { time, .. }) = fence
        && *goes_by_server
    {
        refuse_other_time(now, time)?;
    }
    let step = fence.map(|fence| fence.step);
    if let (Some(before), Some(step)) = (last, step)
        && step != before + 1
    {
        // The server has taken back steps that it had told of: it is not the one that it was.
        return Err(Error::closed(Closed::Promoted { from: Progress::of(conn)?.newest_at() }));
    }
    let mut part = Step::new(conn, scope, now, gate, begun, statements);
    if conn.is_server() {
        part.record_set(finishes)?;
    } else {
        finishes.iter().try_for_each(|finish| part.record(finish))?;
    }
    let (claims, exhausted, permit_at) = match leased {
        Some((allowed, permit_at)) => {
            let (claims, exhausted) = part.claim(scan, allowed)?;
            let permit_at = permit_at.filter(|_| claims.len() == allowed);
            (claims, exhausted, permit_at)
        }
        None => part.claim_metered(scan, *want, *meter)?,
    };
    let spent_up = part.spent_up;
    let (settled, overtaken) = part.finish()?;
    let is_open =
        if conn.is_server() { step.is_some() } else { claims.is_empty() || statements.open_runs.has(scope.run)? };
    if !claims.is_empty() && !is_open {
        return Err(Error::taken_for_dead());
    }
    let stepped = Stepped { claims, committed: now, settled, exhausted, permit_at, overtaken, closed: None, spent_up };
    Ok(Worked { stepped, now, step, newest_at: fence.map(|fence| fence.newest_at) })
}
