//! The writer: each step is one transaction that records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller starts a step as soon as the last one is done, with
//! everything that waits, of however many runs: group commit without a timer.

mod claim;
mod claiming;
mod ending;
mod fence;
mod recording;
mod sets;
mod step;

use std::sync::Arc;
use std::time::Instant;

use super::db::{self, Conn};

use super::database::{HOLD, Ledger, Tries};
use super::error::{Closed, Error, Failure, Need, Result};
use super::failpoint;
use super::gate::{self, Gate};
use super::pace::{self, Meter};
use super::room::{self, Reserve};
pub use super::settled::Settled;
use super::spending::Spending;
use super::witness::{Held, Progress, Witness};
use crate::clock::{Clock, UnixMillis};
pub use claim::{Claim, Finish, Outcome, Scope};
use claiming::Scan;
use ending::{Commit, settle};
use fence::{Fence, fence, is_run_open, refuse_other_time};
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
    /// Nothing was claimed because the money that may be spent is.
    pub spent_up: Option<Spending>,
}

impl Stepped {
    /// Of a step that had to wait.
    const fn nothing(now: UnixMillis) -> Self {
        Self {
            claims: Vec::new(),
            committed: now,
            settled: Vec::new(),
            exhausted: false,
            permit_at: None,
            overtaken: 0,
            closed: None,
            spent_up: None,
        }
    }
}

/// One run's seat at the writer: what it may claim, and how far its search has come.
pub struct Seat {
    clock: Clock,
    scope: Scope,
    scan: Scan,
    reserve: Option<Reserve>,
    /// The last step of the run that counts, as far as it has made one on a server.
    step: Option<i64>,
    /// The clock is the server's.
    goes_by_server: bool,
}

impl Seat {
    /// Whose clock is the server's, as of the beginning of the run: see [`Ledger::clock`].
    #[must_use]
    pub fn by_server(self) -> Self {
        Self { goes_by_server: true, ..self }
    }

    pub fn new(clock: Clock, scope: Scope, reserve: Option<Reserve>) -> Self {
        Self { clock, scope, scan: Scan::default(), reserve, step: None, goes_by_server: false }
    }

    /// Reads what the next steps may claim, while nothing waits for it.
    pub fn look_ahead(&mut self, ledger: &Ledger) {
        self.scan.look_ahead(&ledger.conn, &self.scope);
    }

    fn waits_for_others(&mut self, conn: &Conn) -> db::Result<bool> {
        sets::waits_for_others(conn, &self.scope, &mut self.scan, self.clock.now())
    }

    /// What the disk must have besides, before this run claims: another run may be about to need what is kept for its answers.
    fn kept(&self, want: usize) -> u64 {
        self.reserve.as_ref().filter(|_| want > 0).map_or(0, Reserve::bytes)
    }
}

/// What a run asks of a step: to record `finishes` and to claim up to `want` rows.
pub struct Order<'o> {
    pub seat: &'o mut Seat,
    pub finishes: &'o [Finish],
    pub want: usize,
    pub meter: &'o mut dyn Meter,
}

/// SQLite's cache while one run sends, in KiB …
const CACHE: u32 = 4096;
/// … and what each further run adds: the pages that it is at.
const CACHE_OF_RUN: u32 = 40;

/// Makes a ledger ready for so many runs that send from it.
pub fn prepare(ledger: &Ledger, runs: usize) {
    // Sending goes through the tables in order, and every commit that splits a page scans SQLite's whole cache: a small one is
    // faster. If it can't be set, nothing is lost.
    let others = u32::try_from(runs.saturating_sub(1)).unwrap_or(u32::MAX);
    let _ = ledger.conn.cache(CACHE.saturating_add(CACHE_OF_RUN.saturating_mul(others)));
}

/// Records and claims for one run, in one synced commit. On an error nothing of it happened.
///
/// An answer is not lost to a disk that is full: what can be freed is, and it is tried again. Nor to a server that is away for a moment.
pub fn step(ledger: &mut Ledger, order: &mut Order<'_>) -> Result<Stepped> {
    let mut tries = Tries::of_what_finds_out();
    loop {
        match step_once(ledger, order) {
            Err(error) => ledger.again(error, &mut tries)?,
            stepped => return stepped,
        }
    }
}

fn step_once(ledger: &mut Ledger, order: &mut Order<'_>) -> Result<Stepped> {
    let stepped = match require_room(ledger, order.seat.kept(order.want)).and_then(|()| try_step(ledger, order)) {
        Err(error) if room::is_full(&error) => {
            order.seat.scan = Scan::default();
            room::shrink_wal(&ledger.conn);
            match try_step(ledger, order) {
                Err(error) if room::is_full(&error) => only_record(ledger, order, error),
                stepped => stepped,
            }
        }
        // What was asked is recorded in the file that has its claims, whatever its name is now.
        Err(
            error @ (Error::NoRoom { .. }
            | Error::ServerClock { .. }
            | Error::Closed { .. }
            | Error::NewerSchema { .. }
            | Error::Gone { .. }
            | Error::Replaced { .. }
            | Error::Linked { .. }
            | Error::LogReplaced { .. }),
        ) => only_record(ledger, order, error),
        // A session that was lost for a moment: others made its claims unknown, and its own answers still settle them.
        Err(error @ Error::TakenForDead { .. }) if ledger.conn.is_server() && !order.finishes.is_empty() => {
            only_record(ledger, order, error)
        }
        stepped => stepped,
    };
    stepped.map_err(|error| {
        order.seat.scan = Scan::default();
        error.at(ledger.address())
    })
}

/// The same for many runs, together in one commit as far as it holds the write lock no longer than others may wait. An order without
/// an answer waits for the next call; the first has one.
///
/// What goes wrong with one order costs no other: it gets its own transaction, and the others go on without it.
pub fn step_together(ledger: &mut Ledger, orders: &mut [Order<'_>]) -> Vec<Option<Result<Stepped>>> {
    let mut answers: Vec<_> = orders.iter().map(|_| None).collect();
    if let [alone] = orders {
        return vec![Some(step(ledger, alone))];
    }
    let mut tries = Tries::of_what_finds_out();
    loop {
        let mut waiting: Vec<_> = orders.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()).collect();
        let failed = match try_together(ledger, &mut waiting) {
            Ok(()) => return answers,
            Err(failed) => failed,
        };
        // What the transaction claimed is not claimed.
        waiting.iter_mut().for_each(|(order, _)| order.seat.scan = Scan::default());
        let mut alone = |(order, answer): &mut (&mut Order<'_>, &mut Option<_>)| **answer = Some(step(ledger, order));
        match failed {
            Failed::One(place) => alone(&mut waiting[place]),
            Failed::All { of, error: error @ Error::Database { failure, .. } } if failure != Failure::DiskFull => {
                let Err(error) = ledger.again(error, &mut tries) else { continue };
                for (_, answer) in &mut waiting[..of] {
                    **answer = Some(Err(shared(&error, ledger)));
                }
                return answers;
            }
            // The gate, the files or the disk: what is to be done depends on what each of them asked.
            Failed::All { of, .. } => {
                waiting[..of].iter_mut().for_each(alone);
                return answers;
            }
        }
    }
}

/// The failure of a database, for each run that it was for.
fn shared(error: &Error, ledger: &Ledger) -> Error {
    match error {
        Error::Database { failure, source, .. } => {
            Error::Database { ledger: ledger.address().clone(), failure: *failure, source: Arc::clone(source) }
        }
        _ => Error::ThreadGone,
    }
}

/// Why a transaction of many orders did not happen.
enum Failed {
    /// The order at this place failed; why is asked again, of it alone.
    One(usize),
    /// So many orders, the first ones, failed together.
    All { of: usize, error: Error },
}

/// Claims only where the disk has room for the answers besides what is kept for them.
fn require_room(ledger: &Ledger, kept: u64) -> Result<()> {
    if kept == 0 { Ok(()) } else { ledger.require_room(Need::Claim, kept) }
}

/// The end of a run that can't claim any more. On a disk without room its answers get the room that was kept for them.
fn only_record(ledger: &mut Ledger, order: &mut Order<'_>, why: Error) -> Result<Stepped> {
    let mut order = Order { seat: order.seat, finishes: order.finishes, want: 0, meter: order.meter };
    order.seat.scan = Scan::default();
    order.seat.step = None;
    order.seat.goes_by_server = false;
    if let Error::Closed { why: restored @ (Closed::Restored { .. } | Closed::Promoted { .. }), .. } = &why {
        // If it can't be closed, whoever opens the ledger next finds out the same.
        let _ = ledger.close_gate(restored.clone());
    }
    loop {
        match try_step(ledger, &mut order) {
            Err(error) if room::is_full(&error) && order.seat.reserve.as_ref().is_some_and(Reserve::release_half) => {
                room::shrink_wal(&ledger.conn);
            }
            stepped => {
                return Ok(Stepped { closed: Some(why.at(ledger.address())), ..stepped? });
            }
        }
    }
}

/// What a transaction goes by. The witness is held until it has seen what is claimed: a copy of this ledger that sends at the same time
/// must not claim the same people.
fn enter(conn: &Conn, witness: &Witness, claims: bool) -> Result<(Gate, Progress, Held)> {
    // A server has no witness; what is known of it comes with each run's fence.
    let progress = if conn.is_server() { Progress::default() } else { Progress::of(conn)? };
    let witness = witness.hold(&progress);
    if !claims {
        return Ok((gate::read(conn)?, progress, witness));
    }
    match witness.doubts(&progress) {
        Some(why) => Err(Error::closed(why)),
        None => Ok((gate::pass(conn)?, progress, witness)),
    }
}

fn try_step(ledger: &mut Ledger, order: &mut Order<'_>) -> Result<Stepped> {
    let (file, witness) = (Arc::clone(ledger.file()), ledger.witness().clone());
    if order.finishes.is_empty() && order.seat.waits_for_others(&ledger.conn)? {
        return Ok(Stepped::nothing(order.seat.clock.now()));
    }
    let leased = lease(&ledger.conn, order)?;
    if let Some((0, permit_at @ Some(_))) = leased
        && order.finishes.is_empty()
    {
        // There is nothing to be committed.
        return Ok(Stepped { permit_at, ..Stepped::nothing(order.seat.clock.now()) });
    }
    let leased = leased.filter(|_| ledger.conn.is_server());
    let transaction = ledger.begin_beside()?;
    let begun = Instant::now();
    let (gate, mut progress, witness) = enter(&transaction, &witness, order.want > 0)?;
    let worked = work(&transaction, order, gate, begun, leased)?;
    if let Some(newest_at) = worked.newest_at {
        progress = Progress::on_server(newest_at);
    }
    progress.step(&transaction, worked.now)?;
    if order.want > 0 {
        file.refuse_replaced()?;
    }
    let end = failpoint::commit(transaction, "step.before", "step.after");
    let commit = match end {
        Ok(()) => Commit::Answered,
        Err(error) => settle(ledger, error, &[(order.seat.scope.run, worked.step)])?[0],
    };
    let stepped = worked.end(order.seat, commit);
    witness.look(&progress);
    if let Some((allowed, _)) = leased {
        give_back(&ledger.conn, order, allowed.saturating_sub(stepped.claims.len()));
    }
    Ok(stepped)
}

/// How many claims the account's budget allows, and when it allows more.
type Leased = (usize, Option<UnixMillis>);

/// What the budget says before the transaction that claims: on a server, where it is asked before, all of it; for a file, only that it
/// allows nothing to an order that has nothing else.
fn lease(conn: &Conn, order: &mut Order<'_>) -> Result<Option<Leased>> {
    let Order { seat: Seat { clock, scope, .. }, finishes, want, meter } = order;
    let (account, is_server) = (&scope.broadcast.ad_account, conn.is_server());
    if !meter.has_news() && (is_server || finishes.is_empty()) {
        let before = pace::read(conn, account)?;
        let mut row = before;
        let leased = meter.allow(&mut row, clock.now(), *want);
        let is_refused = leased.0 == 0 && *want > 0 && finishes.is_empty();
        if is_refused || (is_server && row == before) {
            return Ok(Some(leased));
        }
    }
    if !is_server {
        return Ok(None);
    }
    Ok(Some(sets::lease(conn, account, |row| meter.allow(row, clock.now(), *want))?))
}

/// Permits that were not used. If they can't be given back, the account is a little slower for a moment.
fn give_back(conn: &Conn, order: &mut Order<'_>, unused: usize) {
    if unused > 0 {
        let Order { seat: Seat { scope, .. }, meter, .. } = order;
        let _ = sets::lease(conn, &scope.broadcast.ad_account, |row| {
            if let Some(row) = row {
                meter.unused(row, unused);
            }
        });
    }
}

fn try_together(
    ledger: &mut Ledger,
    orders: &mut [(&mut Order<'_>, &mut Option<Result<Stepped>>)],
) -> Result<(), Failed> {
    let all = orders.len();
    let failed = |of: usize| move |error: Error| Failed::All { of, error };
    let kept = orders.iter().map(|(order, _)| order.seat.kept(order.want)).max().unwrap_or_default();
    require_room(ledger, kept).map_err(failed(all))?;
    let (file, witness) = (Arc::clone(ledger.file()), ledger.witness().clone());
    let transaction = ledger.begin().map_err(failed(all))?;
    let begun = Instant::now();
    let claims = orders.iter().any(|(order, _)| order.want > 0);
    let (gate, mut progress, witness) = enter(&transaction, &witness, claims).map_err(failed(all))?;
    let mut done = Vec::with_capacity(all);
    let mut newest = UnixMillis(0);
    for (place, (order, _)) in orders.iter_mut().enumerate() {
        let worked = work(&transaction, order, gate.clone(), begun, None).map_err(|_| Failed::One(place))?;
        newest = newest.max(worked.now);
        done.push((order.seat.scope.run, worked));
        if begun.elapsed() > HOLD {
            break;
        }
    }
    let failed = failed(done.len());
    progress.step(&transaction, newest).map_err(|error| failed(error.into()))?;
    if claims {
        file.refuse_replaced().map_err(failed)?;
    }
    let end = failpoint::commit(transaction, "step.before", "step.after");
    let commits = match end {
        Ok(()) => vec![Commit::Answered; done.len()],
        Err(error) => {
            let runs: Vec<_> = done.iter().map(|(run, worked)| (*run, worked.step)).collect();
            settle(ledger, error, &runs).map_err(failed)?
        }
    };
    for (((order, answer), (_, worked)), commit) in orders.iter_mut().zip(done).zip(commits) {
        **answer = Some(Ok(worked.end(order.seat, commit)));
    }
    witness.look(&progress);
    Ok(())
}

/// What one order did in a transaction.
struct Worked {
    stepped: Stepped,
    /// What was now for it.
    now: UnixMillis,
    /// Which step of its run it was; `None` in a file, or if the run has ended.
    step: Option<i64>,
    /// The newest time in the ledger, likewise.
    newest_at: Option<UnixMillis>,
}

impl Worked {
    fn end(self, seat: &mut Seat, commit: Commit) -> Stepped {
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
fn work(conn: &Conn, order: &mut Order<'_>, gate: Gate, begun: Instant, leased: Option<Leased>) -> Result<Worked> {
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
    let mut part = Step::new(conn, scope, now, gate, begun)?;
    if conn.is_server() {
        part.record_set(finishes)?;
    } else {
        let mut rows = Rows::new(conn)?;
        finishes.iter().try_for_each(|finish| part.record(&mut rows, finish))?;
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
    let is_open = if conn.is_server() { step.is_some() } else { claims.is_empty() || is_run_open(conn, scope.run)? };
    if !claims.is_empty() && !is_open {
        return Err(Error::taken_for_dead());
    }
    let stepped = Stepped { claims, committed: now, settled, exhausted, permit_at, overtaken, closed: None, spent_up };
    Ok(Worked { stepped, now, step, newest_at: fence.map(|fence| fence.newest_at) })
}

#[cfg(test)]
mod tests;
