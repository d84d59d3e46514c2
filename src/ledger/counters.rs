//! Sums kept in the commits that they count, so that a report does not scan.
//!
//! What is counted of a send stands in the hour in which it was claimed, whenever its answer or an event came: a range of
//! hours is a cohort, and what is corrected later is taken back where it stood. Only a stage's own counter stands in the hour
//! in which it was reached.

use std::collections::HashMap;

use rusqlite::Connection;

use super::events::{How, Stage};
use super::state::State;

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Sends that are in this state: accepted, refused, unknown.
    State(State),
    /// Requests that were answered "this person not now".
    Later,
    /// Requests after which the row was pending again.
    Back,
    /// The stage was reached in this hour.
    Stage(Stage),
    /// Of the messages claimed in this hour, the stage was reached.
    Of(Stage),
    /// Of these, by another way than the tracking id.
    OfHow(Stage, How),
    /// Of the messages claimed in this hour, the stage came after so long: see [`super::events::bucket_of`].
    After(Stage, u8),
    /// A send in doubt that an event proved accepted.
    Settled,
    /// Events of no send in this ledger.
    Foreign,
}

impl What {
    pub fn name(self) -> String {
        match self {
            Self::State(state) => state.name().to_owned(),
            Self::Later => "later".to_owned(),
            Self::Back => "back".to_owned(),
            Self::Stage(stage) => stage.name().to_owned(),
            Self::Of(stage) => format!("of.{}", stage.name()),
            Self::OfHow(stage, how) => format!("how.{}.{}", stage.name(), how.name()),
            Self::After(stage, bucket) => format!("after.{}.{bucket}", stage.name()),
            Self::Settled => "settled".to_owned(),
            Self::Foreign => "foreign".to_owned(),
        }
    }
}

/// Hours since 1970 of a time in milliseconds.
pub fn hour(at: i64) -> i64 {
    at.div_euclid(3_600_000)
}

/// What one transaction counts.
#[derive(Default)]
pub struct Counters(HashMap<(i64, i64, What), i64>);

impl Counters {
    /// `at`: the time whose hour it stands in, in milliseconds.
    pub fn add(&mut self, broadcast: i64, at: i64, what: What, n: i64) {
        *self.0.entry((broadcast, hour(at), what)).or_default() += n;
    }

    /// A send that is no longer (or never was) in one of these states, and is in the other.
    pub fn shift(&mut self, broadcast: i64, at: i64, from: State, to: State) {
        for (state, n) in [(from, -1), (to, 1)] {
            if matches!(state, State::Accepted | State::Refused | State::Unknown) {
                self.add(broadcast, at, What::State(state), n);
            }
        }
    }

    pub fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut add = conn.prepare_cached(
            "insert into counters (broadcast, hour, what, n) values (?1, ?2, ?3, ?4)
             on conflict (broadcast, hour, what) do update set n = n + excluded.n",
        )?;
        for ((broadcast, hour, what), n) in &self.0 {
            if *n != 0 {
                add.execute((broadcast, hour, what.name(), n))?;
            }
        }
        Ok(())
    }
}
