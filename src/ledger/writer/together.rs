//! The steps of many runs, in one commit.

use std::sync::Arc;
use std::time::Instant;

use super::alone::step;
use super::claiming::Scan;
use super::ending::{Commit, settle};
use super::order::{Order, Stepped};
use super::statements::Statements;
use super::work::{enter, require_room, work};
use crate::clock::UnixMillis;
use crate::ledger::database::{HOLD, Ledger, Tries};
use crate::ledger::error::{Error, Failure, Result};
use crate::ledger::failpoint;

/// What [`step`] does, for many runs, together in one commit as far as it holds the write lock no longer than others may
/// wait. An order without an answer waits for the next call; the first has one.
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
    let mut statements = Statements::new(&transaction);
    for (place, (order, _)) in orders.iter_mut().enumerate() {
        let worked = work(&transaction, &mut statements, order, gate.clone(), begun, None);
        let worked = worked.map_err(|_| Failed::One(place))?;
        newest = newest.max(worked.now);
        done.push((order.seat.scope.run, worked));
        if begun.elapsed() > HOLD {
            break;
        }
    }
    drop(statements);
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
