//! The step of one run.

use std::sync::Arc;
use std::time::Instant;

use super::claiming::{Scan, asks_nothing};
use super::ending::{Commit, settle};
use super::order::{Order, Seat, Stepped};
use super::sets;
use super::statements::Statements;
use super::work::{Leased, enter, require_room, work};
use crate::ledger::database::{Ledger, Tries};
use crate::ledger::db::{Ahead, Conn};
use crate::ledger::error::{Closed, Error, Result};
use crate::ledger::failpoint;
use crate::ledger::pace::Paces;
use crate::ledger::room::{self, Reserve};
use crate::ledger::witness::Progress;

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
    let ahead = asked(ledger, order, leased);
    let transaction = ledger.begin_asking(&ahead)?;
    let begun = Instant::now();
    let (gate, mut progress, witness) = enter(&transaction, &witness, order.want > 0)?;
    let worked = work(&transaction, &mut Statements::new(&transaction), order, gate, begun, leased)?;
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

/// What goes to a server with the beginning of the transaction.
fn asked(ledger: &Ledger, order: &Order<'_>, leased: Option<Leased>) -> Ahead {
    let Order { seat: Seat { scope, scan, .. }, finishes, want, .. } = order;
    if ledger.conn.is_server() {
        // What is not leased is looked up with the claim.
        sets::ask(scope, scan, finishes, leased.map_or(*want, |(allowed, _)| allowed), leased.is_none())
    } else {
        Ahead::default()
    }
}

/// What the budget says before the transaction that claims: on a server, where it is asked before, all of it, unless it is only looked at;
/// for a file, only that it allows nothing to an order that has nothing else.
fn lease(conn: &Conn, order: &mut Order<'_>) -> Result<Option<Leased>> {
    let Order { seat: Seat { clock, scope, .. }, finishes, want, meter } = order;
    let (account, is_server) = (&scope.broadcast.ad_account, conn.is_server());
    if asks_nothing(*meter, *want) {
        return Ok(is_server.then_some((0, None)));
    }
    if is_server && meter.only_looks() {
        return Ok(None);
    }
    if !meter.has_news() && (is_server || finishes.is_empty()) {
        let before = Paces::new(conn).read(account)?;
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
