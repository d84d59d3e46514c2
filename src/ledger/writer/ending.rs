//! How a step's transaction ends: its commit is answered, or the answer is lost and what counts is found out.

use crate::ledger::database::{Ledger, Tries};
use crate::ledger::db;
use crate::ledger::error::{Error, Failure, Result};

/// What became of a transaction.
#[derive(Clone, Copy)]
pub enum Commit {
    Answered,
    /// The answer was lost, and it counts all the same.
    Found,
    /// It counts, but then others ended the run.
    Buried,
}

/// What became of a transaction of these runs and steps, whose commit failed with this error: for each of them. Where the answer was lost,
/// the runs' locks are taken again first: so the session that was lost has ended, and what the runs' rows say is the end of it.
pub fn settle(ledger: &Ledger, error: db::Error, runs: &[(i64, Option<i64>)]) -> Result<Vec<Commit>> {
    if error.failure() != Some(Failure::Unanswered) {
        return Err(error.into());
    }
    ledger.again(Error::from(error).at(ledger.address()), &mut Tries::of_what_finds_out())?;
    let mut counts = false;
    let mut commits = Vec::with_capacity(runs.len());
    for (run, step) in runs {
        let (last, has_ended): (i64, bool) = ledger.read(|conn| {
            conn.prepare_cached("select step, case when ended_at is null then 0 else 1 end from runs where id = ?1")?
                .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        counts |= *step == Some(last);
        commits.push(if has_ended { Commit::Buried } else { Commit::Found });
    }
    if counts { Ok(commits) } else { Err(db::Error::taken_back().into()) }
}
