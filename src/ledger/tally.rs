//! Sums, kept in the same commits as the rows they count, so that a report does not scan: how many rows of a broadcast are in each
//! state, and what happened in each hour.
//!
//! What is counted of a send belongs to the hour in which it was claimed, whenever its answer or an event came: a range of hours is
//! a cohort, and a correction is taken back from the hour that counted it. Only a stage's own counter belongs to the hour in which
//! the stage was reached.

use std::collections::{BTreeSet, HashMap};

use super::db::arrays::{ints, texts};
use super::db::{self, Conn, OnDemand};

use super::events::stage::{How, Stage};
use super::sql::unsigned;
use super::state::State;
use crate::clock::UnixMillis;

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Sends in this state: accepted, refused, unknown.
    State(State),
    /// Requests that were answered "not this person now".
    Later,
    /// Requests after which the row was pending again.
    Back,
    /// The stage was reached in this hour.
    Stage(Stage),
    /// Of the messages claimed in this hour, those that reached the stage.
    Of(Stage),
    /// Of these, those known by another way than the tracking ID.
    OfHow(Stage, How),
    /// Of the messages claimed in this hour, those that took so long to reach the stage: see `events::marks::bucket_of`.
    After(Stage, u8),
    /// Of the messages claimed in this hour, those of this arm that were accepted, or that reached the stage.
    OfArm(u8, Option<Stage>),
    /// Unknown sends that an event proved accepted.
    Settled,
    /// Events of sends that are not in this ledger.
    Foreign,
}

impl What {
    /// The states whose sends are counted by the hour.
    const STATES: [State; 3] = [State::Accepted, State::Refused, State::Unknown];

    /// As stored; [`What::of_name`] reads it.
    pub fn name(self) -> String {
        match self {
            Self::State(state) => state.name().to_owned(),
            Self::Later => "later".to_owned(),
            Self::Back => "back".to_owned(),
            Self::Stage(stage) => stage.name().to_owned(),
            Self::Of(stage) => format!("of.{}", stage.name()),
            Self::OfHow(stage, how) => format!("how.{}.{}", stage.name(), how.name()),
            Self::After(stage, bucket) => format!("after.{}.{bucket}", stage.name()),
            Self::OfArm(arm, None) => format!("arm.{arm}.{}", State::Accepted.name()),
            Self::OfArm(arm, Some(stage)) => format!("arm.{arm}.{}", stage.name()),
            Self::Settled => "settled".to_owned(),
            Self::Foreign => "foreign".to_owned(),
        }
    }

    /// `None` for a name that this version does not write.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let what = match (parts.next()?, parts.next(), parts.next()) {
            ("later", None, None) => Self::Later,
            ("back", None, None) => Self::Back,
            ("settled", None, None) => Self::Settled,
            ("foreign", None, None) => Self::Foreign,
            ("of", Some(stage), None) => Self::Of(Stage::of_name(stage)?),
            ("how", Some(stage), Some(how)) => Self::OfHow(Stage::of_name(stage)?, How::of_name(how)?),
            ("after", Some(stage), Some(bucket)) => Self::After(Stage::of_name(stage)?, bucket.parse().ok()?),
            ("arm", Some(arm), Some(what)) if what == State::Accepted.name() => Self::OfArm(arm.parse().ok()?, None),
            ("arm", Some(arm), Some(stage)) => Self::OfArm(arm.parse().ok()?, Some(Stage::of_name(stage)?)),
            (name, None, None) => match Stage::of_name(name) {
                Some(stage) => Self::Stage(stage),
                None => Self::State(Self::STATES.into_iter().find(|state| state.name() == name)?),
            },
            _ => return None,
        };
        parts.next().is_none().then_some(what)
    }
}

/// The sums of a ledger.
pub struct Sums<'c> {
    conn: &'c Conn,
    /// In a file.
    states: OnDemand<'c>,
    /// In a file.
    counters: OnDemand<'c>,
}

impl<'c> Sums<'c> {
    pub const fn new(conn: &'c Conn) -> Self {
        Self {
            conn,
            states: OnDemand::new(
                conn,
                "insert into states (broadcast, state, n) values (?1, ?2, ?3)
                 on conflict (broadcast, state) do update set n = states.n + excluded.n",
            ),
            counters: OnDemand::new(
                conn,
                "insert into counters (broadcast, hour, what, n) values (?1, ?2, ?3, ?4)
                 on conflict (broadcast, hour, what) do update set n = counters.n + excluded.n",
            ),
        }
    }
}

/// What one transaction counts.
#[derive(Default)]
pub struct Tally {
    /// By broadcast, in the order of [`State::ALL`]. Few broadcasts share a transaction.
    states: Vec<(i64, [i64; State::ALL.len()])>,
    counters: HashMap<(i64, i64, What), i64>,
}

impl Tally {
    /// `at`: a time in the hour that counts it.
    pub fn add(&mut self, broadcast: i64, at: UnixMillis, what: What, n: i64) {
        *self.counters.entry((broadcast, at.hour(), what)).or_default() += n;
    }

    /// So many more rows of a broadcast are in this state.
    pub fn rows(&mut self, broadcast: i64, state: State, n: i64) {
        let place = match self.states.iter().position(|(id, _)| *id == broadcast) {
            Some(place) => place,
            None => {
                self.states.push((broadcast, [0; State::ALL.len()]));
                self.states.len() - 1
            }
        };
        self.states[place].1[state.number() as usize] += n;
    }

    /// Rows that were never claimed changed their state.
    pub fn moved_rows(&mut self, broadcast: i64, from: State, to: State, n: usize) {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        self.rows(broadcast, from, -n);
        self.rows(broadcast, to, n);
    }

    /// A row that was claimed at `claimed_at` changed its state.
    pub fn moved(&mut self, broadcast: i64, claimed_at: UnixMillis, from: State, to: State) {
        for (state, n) in [(from, -1), (to, 1)] {
            self.rows(broadcast, state, n);
            if What::STATES.contains(&state) {
                self.add(broadcast, claimed_at, What::State(state), n);
            }
        }
    }

    /// By how many rows of a broadcast this makes a state larger.
    pub fn more(&self, broadcast: i64, state: State) -> i64 {
        let states = self.states.iter().find(|(id, _)| *id == broadcast);
        states.map_or(0, |(_, states)| states[state.number() as usize])
    }

    /// So many more rows of an arm, claimed at `claimed_at`, were accepted or reached a stage; nothing where there is one message.
    pub fn of_arm(&mut self, broadcast: i64, claimed_at: UnixMillis, arm: Option<i64>, stage: Option<Stage>, n: i64) {
        if let Some(arm) = arm.and_then(|arm| u8::try_from(arm).ok()) {
            self.add(broadcast, claimed_at, What::OfArm(arm, stage), n);
        }
    }

    pub fn write(&self, conn: &Conn) -> db::Result<()> {
        self.write_of(NO_RUN, &mut Sums::new(conn))
    }

    /// What a run counts. On a server it has rows of its own until it ends: one row of all would have every commit wait for the last.
    pub fn write_of(&self, run: i64, sums: &mut Sums<'_>) -> db::Result<()> {
        let states = self.states.iter().flat_map(|(broadcast, states)| {
            State::ALL.into_iter().zip(states).filter(|(_, n)| **n != 0).map(|(state, n)| (*broadcast, state, *n))
        });
        let counters = self.counters.iter().filter(|(_, n)| **n != 0);
        if sums.conn.is_server() {
            let (states, counters): (Vec<_>, Vec<_>) = (states.collect(), counters.collect());
            let whats: Vec<_> = counters.iter().map(|((_, _, what), _)| what.name()).collect();
            const STATES: &str = "insert into states (run, broadcast, state, n)
                select cast(?1 as int8), t.* from unnest(cast(?2 as int8[]), cast(?3 as int8[]), cast(?4 as int8[])) as t
                on conflict (broadcast, state, run) do update set n = states.n + excluded.n";
            const COUNTERS: &str = "insert into counters (run, broadcast, hour, what, n)
                select cast(?1 as int8), t.* from unnest(cast(?5 as int8[]), cast(?6 as int8[]),
                  cast(?7 as text[]), cast(?8 as int8[])) as t
                on conflict (broadcast, hour, what, run) do update set n = counters.n + excluded.n";
            if states.is_empty() && counters.is_empty() {
                return Ok(());
            }
            // Both go with the commit.
            return sums.conn.prepare_cached(&format!("with counted as ({STATES}) {COUNTERS}"))?.tell((
                run,
                ints(states.iter().map(|(broadcast, _, _)| *broadcast)),
                ints(states.iter().map(|(_, state, _)| state.number())),
                ints(states.iter().map(|(_, _, n)| *n)),
                ints(counters.iter().map(|((broadcast, _, _), _)| *broadcast)),
                ints(counters.iter().map(|((_, hour, _), _)| *hour)),
                texts(whats.iter().map(|what| Some(what.as_str()))),
                ints(counters.iter().map(|(_, n)| **n)),
            ));
        }
        for (broadcast, state, n) in states {
            sums.states.get()?.execute((broadcast, state, n))?;
        }
        for ((broadcast, hour, what), n) in counters {
            sums.counters.get()?.execute((broadcast, hour, what.name(), n))?;
        }
        Ok(())
    }
}

/// Broadcasts whose sums are not those of their rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    pub states: BTreeSet<i64>,
    pub hours: BTreeSet<i64>,
}

/// Counts all rows again, and compares. All of it must be of one moment.
pub fn compare(conn: &Conn) -> db::Result<Wrong> {
    const TOGETHER: i64 = 10_000;
    let mut told = Tally::default();
    let mut part =
        conn.prepare_cached("select id, broadcast, state, claimed_at from sends where id > ?1 order by id limit ?2")?;
    let mut after = i64::MIN;
    loop {
        let before = after;
        let mut rows = part.query((after, TOGETHER))?;
        while let Some(row) = rows.next()? {
            after = row.get(0)?;
            let (broadcast, state) = (row.get(1)?, row.get(2)?);
            told.rows(broadcast, state, 1);
            if What::STATES.contains(&state) {
                told.add(broadcast, row.get::<Option<_>>(3)?.unwrap_or_default(), What::State(state), 1);
            }
        }
        if after == before {
            break;
        }
    }
    let mut wrong = Wrong::default();
    let mut kept = conn.prepare_cached("select broadcast, state, n from states")?;
    let mut rows = kept.query(())?;
    while let Some(row) = rows.next()? {
        told.rows(row.get(0)?, row.get(1)?, -row.get::<i64>(2)?);
    }
    let left = told.states.iter().filter(|(_, states)| states.iter().any(|n| *n != 0));
    wrong.states.extend(left.map(|(broadcast, _)| broadcast));
    let mut kept = conn.prepare_cached("select broadcast, hour, what, n from counters")?;
    let mut rows = kept.query(())?;
    while let Some(row) = rows.next()? {
        if let Some(what @ What::State(_)) = row.text(2)?.and_then(What::of_name) {
            told.add(row.get(0)?, UnixMillis::of_hour(row.get(1)?), what, -row.get::<i64>(3)?);
        }
    }
    let left = told.counters.iter().filter(|(_, n)| **n != 0);
    wrong.hours.extend(left.map(|((broadcast, ..), _)| broadcast));
    Ok(wrong)
}

/// Of what no run counts, and of runs that have ended.
const NO_RUN: i64 = 0;

/// Adds what a run counted to what the ended ones did.
pub fn fold(conn: &Conn, broadcast: i64, run: i64) -> db::Result<()> {
    if !conn.is_server() {
        return Ok(());
    }
    conn.execute(
        "with own as (delete from states where broadcast = ?1 and run = ?2 returning state, n)
         insert into states (broadcast, state, run, n) select cast(?1 as int8), state, cast(?3 as int8), n from own
         on conflict (broadcast, state, run) do update set n = states.n + excluded.n",
        (broadcast, run, NO_RUN),
    )?;
    conn.execute(
        "with own as (delete from counters where broadcast = ?1 and run = ?2 returning hour, what, n)
         insert into counters (broadcast, hour, what, run, n) select cast(?1 as int8), hour, what, cast(?3 as int8), n from own
         on conflict (broadcast, hour, what, run) do update set n = counters.n + excluded.n",
        (broadcast, run, NO_RUN),
    )
    .map(drop)
}

/// Counts rows that a test moved by itself.
#[cfg(test)]
pub fn shift(conn: &Conn, broadcast: i64, from: State, to: State, n: usize) -> db::Result<()> {
    let mut tally = Tally::default();
    tally.moved_rows(broadcast, from, to, n);
    tally.write(conn)
}

/// How many rows of a broadcast are in this state.
pub fn rows_in(conn: &Conn, broadcast: i64, state: State) -> db::Result<u64> {
    conn.prepare_cached("select coalesce(cast(sum(n) as bigint), 0) from states where broadcast = ?1 and state = ?2")?
        .query_row((broadcast, state), |row| row.get(0).map(unsigned))
}

/// How many rows of the ledger are in this state.
pub fn rows_in_all(conn: &Conn, state: State) -> db::Result<u64> {
    conn.query_row("select coalesce(cast(sum(n) as bigint), 0) from states where state = ?1", [state], |row| {
        row.get(0).map(unsigned)
    })
}

/// How many rows of a broadcast are in each state.
pub fn rows_by_state(conn: &Conn, broadcast: i64) -> db::Result<Vec<(State, u64)>> {
    conn.prepare_cached("select state, cast(sum(n) as bigint) from states where broadcast = ?1 group by state")?
        .query_map([broadcast], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?
        .collect()
}

/// Hands the counters of a broadcast from hour `from` up to hour `to`, which is excluded, to `each`: hour, what, how many. Broadcast 0
/// has what belongs to none.
pub fn by_hour(
    conn: &Conn,
    broadcast: i64,
    (from, to): (i64, i64),
    each: &mut dyn FnMut(i64, What, u64),
) -> db::Result<()> {
    let mut statement = conn.prepare_cached(BY_HOUR)?;
    let mut rows = statement.query((broadcast, from, to))?;
    while let Some(row) = rows.next()? {
        if let Some(what) = row.text(1)?.and_then(What::of_name) {
            each(row.get(0)?, what, unsigned(row.get(2)?));
        }
    }
    Ok(())
}

pub(super) const BY_HOUR: &str = "select hour, what, cast(sum(n) as bigint) from counters
    where broadcast = ?1 and hour >= ?2 and hour < ?3 group by hour, what";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_written_is_read() {
        let mut all = vec![What::Later, What::Back, What::Settled, What::Foreign];
        all.extend(What::STATES.map(What::State));
        for stage in Stage::ALL {
            all.extend([What::Stage(stage), What::Of(stage), What::After(stage, 0), What::After(stage, 255)]);
            all.extend(How::ALL.map(|how| What::OfHow(stage, how)));
            all.extend([What::OfArm(0, None), What::OfArm(0, Some(stage)), What::OfArm(255, Some(stage))]);
        }
        for what in all {
            assert_eq!(What::of_name(&what.name()), Some(what), "{}", what.name());
        }
        for unknown in [
            "",
            "pending",
            "of",
            "of.sent",
            "how.read",
            "how.read.exact.x",
            "after.read.256",
            "of.read.x",
            "arm.0",
            "arm.256.read",
            "arm.0.sent",
        ] {
            assert_eq!(What::of_name(unknown), None, "{unknown}");
        }
    }
}
