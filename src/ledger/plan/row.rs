//! What becomes of a row of a list: decided here, whatever the engine.

use super::check::{CheckValues, with_values};
use crate::clock::UnixMillis;
use crate::ledger::judge::{Decision, Laters, Person, Reached, Terms, judge};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::spool::ListedRow;
use crate::ledger::state::State;
use crate::ledger::tally::Tally;

/// A person whom the ledger knew before this list.
pub struct Known {
    pub person: Person,
    pub reached: Reached,
    /// Their row in the broadcast, and whether it was in this list before.
    pub existing: Option<(Existing, bool)>,
}

/// The row of a person in a broadcast.
pub struct Existing {
    pub id: i64,
    pub state: State,
    pub listing: i64,
    pub row_values: Option<String>,
    pub finished_at: Option<UnixMillis>,
    pub laters: Laters,
    /// Its listing was planned to the end.
    pub planned: bool,
}

impl Existing {
    /// The listing that it has once this one took it over. A planned row stays with its list: it may go out whatever becomes of this one.
    pub const fn listing_after(&self, listing: i64) -> i64 {
        if self.planned { self.listing } else { listing }
    }

    /// The values that count when this row is listed again: its own, if it was planned with values that the message can use.
    pub fn values_for(&self, listed: Option<&str>, arm: Option<i64>, check: &mut CheckValues<'_>) -> Option<String> {
        let frozen = self.planned && check(arm, self.row_values.as_deref()).is_ok();
        if frozen { self.row_values.clone() } else { listed.map(str::to_owned) }
    }
}

/// What is to be done.
pub enum Act<'r> {
    /// The person gets a row.
    Add {
        decision: Decision,
        values: Option<&'r str>,
    },
    /// The person's row gets these values and is judged by them.
    TakeOver {
        decision: Decision,
        values: Option<String>,
    },
    Leave,
}

impl Act<'_> {
    /// Whether the row is to go out, now or later.
    pub fn goes(&self) -> bool {
        match self {
            Self::Add { decision, .. } | Self::TakeOver { decision, .. } => decision.state() == State::Pending,
            Self::Leave => false,
        }
    }
}

/// What a list did, so far.
#[derive(Default)]
pub struct PlanSums {
    pub tally: Tally,
    pub changed_values: u64,
    pub newly_skipped: u64,
    pub later: u64,
}

impl PlanSums {
    /// What is to be done with a row of this listing, and counts it. `None`: of somebody new.
    pub fn decide<'r>(
        &mut self,
        row: &'r ListedRow,
        known: Option<&Known>,
        (broadcast, listing): (i64, i64),
        arm: Option<i64>,
        terms: Terms,
        check: &mut CheckValues<'_>,
    ) -> Act<'r> {
        let (person, reached) = known.map_or((None, Reached::Nothing), |known| (Some(&known.person), known.reached));
        // Nothing of somebody who was erased is written again.
        let is_erased = person.is_some_and(|person| person.suppressed == Some(Suppression::Erased));
        let listed = row.values.as_deref().filter(|_| !is_erased);
        let decide = |laters, values: Option<&str>, check: &mut CheckValues<'_>| {
            with_values(judge(person, reached, laters, terms), arm, values, check)
        };
        let Some((existing, again)) = known.and_then(|known| known.existing.as_ref()) else {
            let decision = decide(Laters::default(), listed, check);
            self.note(broadcast, None, &decision);
            return Act::Add { decision, values: listed };
        };
        let own = existing.planned || existing.listing == listing;
        let (decision, values) = match existing.state {
            // A duplicate inside the list.
            State::Skipped if *again && existing.finished_at == Some(terms.now) => return Act::Leave,
            // The first listing to be planned fixes a row's values: one that was cut off fixed nothing.
            State::Pending if !own => (decide(existing.laters, listed, check), listed.map(str::to_owned)),
            // Judged again, with its own values if the message can use them.
            State::Skipped => {
                let values = existing.values_for(listed, arm, check);
                self.changed_values += u64::from(values.as_deref() != listed);
                (decide(existing.laters, values.as_deref(), check), values)
            }
            _ => {
                // What was sent long ago has none any more.
                let is_known = existing.row_values.is_some() || existing.state != State::Accepted;
                self.changed_values += u64::from(!again && is_known && existing.row_values.as_deref() != listed);
                return Act::Leave;
            }
        };
        self.note(broadcast, Some(existing.state), &decision);
        Act::TakeOver { decision, values }
    }

    fn note(&mut self, broadcast: i64, before: Option<State>, decision: &Decision) {
        if let Some(before) = before {
            self.tally.rows(broadcast, before, -1);
        }
        self.tally.rows(broadcast, decision.state(), 1);
        self.newly_skipped += u64::from(decision.state() == State::Skipped);
        self.later += u64::from(decision.waits());
    }
}
