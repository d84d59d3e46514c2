//! Planning: a list becomes rows of a broadcast, as a whole or not at all.
//!
//! Rows are staged in transactions short enough to share the ledger with senders; none of them can go out before the one
//! that writes `planned_at`.

mod check;
mod dry_run;
mod stage;

use std::time::Instant;

use super::db::Optional;

pub use check::CheckValues;
use check::with_values;
pub use dry_run::DryPlan;
use stage::Staging;

use super::broadcasts::{Broadcast, open_again};
use super::database::{HOLD, Ledger, Watch};
use super::error::{Error, Need, Result};
use super::failpoint;
use super::gate;
pub use super::gate::PlanTerms;
use super::judge::{Laters, judge};
use super::people;
use super::rivals::Rivals;
use super::room;
use super::settled::{COOLING_DOWN, Settled};
use super::spool::Listing;
use super::sql::{sql, unsigned};
use super::state::State;
use super::tally::{self, Tally};
use crate::clock::UnixMillis;

/// Rows of a planned list that one transaction reads, to judge the skipped ones again.
const LOOKED_AT: i64 = 20_000;

/// What became of a list.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    pub listing: i64,
    /// Good rows of the list.
    pub rows: u64,
    /// Different people among them.
    pub people: u64,
    /// Rows whose values differ from those that were planned first; they are ignored.
    pub changed_values: u64,
    /// Rows that this planning skipped, or that may go out later.
    pub skipped: u64,
    pub later: u64,
}

impl Ledger {
    /// Plans a list for a broadcast. The caller holds the broadcast's planning lock ([`Ledger::lock_planning`]).
    ///
    /// When `watch` says stop between two transactions, what was staged stays behind unplanned and never goes out.
    pub fn plan(
        &mut self,
        broadcast: &Broadcast,
        source: &str,
        list: &mut Listing,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Planned> {
        let (listing, planned_before) = self.open_listing(broadcast, source, list, asked.now)?;
        let mut planned = Planned { listing, rows: list.rows, ..Planned::default() };
        if planned_before {
            self.write(|conn| Ok(open_again(conn, broadcast.id)?))?;
            (planned.skipped, planned.later) = self.judge_skipped(broadcast, listing, asked, check)?;
            planned.people = self.listing_people(listing)?;
            return Ok(planned);
        }
        self.unsynced(|ledger| ledger.stage(broadcast, list, asked, check, watch, &mut planned))?;
        self.write(|conn| {
            gate::pass(conn)?;
            conn.execute("update listings set planned_at = ?2 where id = ?1", (listing, asked.now.0))?;
            Ok(open_again(conn, broadcast.id)?)
        })?;
        planned.people = self.listing_people(listing)?;
        Ok(planned)
    }

    /// Stages the rows of a list in transactions short enough to share the ledger.
    fn stage(
        &mut self,
        broadcast: &Broadcast,
        list: &mut Listing,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
        watch: &mut Watch<'_>,
        planned: &mut Planned,
    ) -> Result<()> {
        let mut done = 0;
        let mut more = true;
        while more {
            if (watch.stop)() {
                return Err(Error::PlanningStopped);
            }
            self.require_room(Need::Plan, room::left_by_long_work())?;
            let transaction = self.begin()?;
            let terms = gate::pass(&transaction)?.terms_of_plan(&asked);
            let mut stage = Staging::new(&transaction, broadcast, planned.listing)?;
            let begin = Instant::now();
            loop {
                let Some(row) = list.next_row()? else {
                    more = false;
                    break;
                };
                stage.add(row, terms, check)?;
                done += 1;
                if done % 64 == 0 && begin.elapsed() > HOLD {
                    break;
                }
            }
            planned.changed_values += stage.changed_values;
            planned.skipped += stage.newly_skipped;
            planned.later += stage.later;
            stage.finish()?;
            failpoint::commit(transaction, "plan.before", "plan.after")?;
            (watch.progress)(done);
        }
        Ok(())
    }

    /// The listing of this list: the planned one with the same rows, the one that was cut off, or a new one.
    fn open_listing(
        &mut self,
        broadcast: &Broadcast,
        source: &str,
        list: &Listing,
        now: UnixMillis,
    ) -> Result<(i64, bool)> {
        self.write(|conn| {
            let found = conn
                .query_row(
                    "select id, planned_at is not null from listings where broadcast = ?1 and rows_hash = ?2",
                    (broadcast.id, list.hash),
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            if let Some(found) = found {
                return Ok(found);
            }
            let rows = i64::try_from(list.rows).unwrap_or(i64::MAX);
            let id = conn.query_row(
                "insert into listings (broadcast, source, rows, rows_hash, created_at) values (?1, ?2, ?3, ?4, ?5)
                 returning id",
                (broadcast.id, source, rows, list.hash, now.0),
                |row| row.get(0),
            )?;
            Ok((id, false))
        })
    }

    fn listing_people(&self, listing: i64) -> Result<u64> {
        self.read(|conn| {
            let count = "select count(*) from listing_rows where listing = ?1";
            conn.query_row(count, [listing], |row| row.get(0).map(unsigned))
        })
    }

    /// A skipped row is judged again when it is listed again; its values are as they were.
    /// How many stay skipped, and how many wait for a time now.
    fn judge_skipped(
        &mut self,
        broadcast: &Broadcast,
        listing: i64,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
    ) -> Result<(u64, u64)> {
        let mut after = 0;
        let (mut skipped_again, mut later) = (0, 0);
        loop {
            let next = self.write_once(|conn| {
                let terms = gate::pass(conn)?.terms_of_plan(&asked);
                if tally::rows_in(conn, broadcast.id, State::Skipped)? == 0 {
                    return Ok(None);
                }
                // So many rows of the list at a time, however few of them are skipped.
                let part: Option<i64> = conn.query_row(
                    "select max(send) from
                       (select send from listing_rows where listing = ?1 and send > ?2 order by send limit ?3) part",
                    (listing, after, LOOKED_AT),
                    |row| row.get(0),
                )?;
                let Some(mut last) = part else { return Ok(None) };
                let begin = Instant::now();
                let rivals = Rivals::of(conn, broadcast)?;
                let mut statement = conn.prepare_cached(sql!(
                    "select s.id, s.laters, s.first_later_at, s.recipient, s.row_values, s.arm, {person}
                     from listing_rows l join sends s on s.id = l.send {people}
                     where l.listing = ?1 and l.send > ?2 and l.send <= ?3 and s.state = {skipped}
                     order by l.send",
                    person = people::COLUMNS,
                    people = people::OF_SENDS,
                ))?;
                let mut rows = statement.query((listing, after, last))?;
                let mut reopened = 0;
                while let Some(row) = rows.next()? {
                    let send: i64 = row.get(0)?;
                    let laters = Laters { count: row.get(1)?, first_at: row.get(2)? };
                    let values: Option<String> = row.get(4)?;
                    let other = rivals.reached(conn, row.get(3)?)?;
                    let decision = judge(Some(&people::person(&row, 6)?), other, laters, terms);
                    // The values of a row that was skipped for another reason may never have been checked.
                    let decision = with_values(decision, row.get(5)?, values.as_deref(), check);
                    reopened += usize::from(decision.state() == State::Pending);
                    skipped_again += u64::from(decision.state() == State::Skipped);
                    later += u64::from(decision.waits());
                    conn.prepare_cached(
                        "update sends set state = ?2, not_before = ?3, reason = ?4, finished_at = ?5 where id = ?1",
                    )?
                    .execute((
                        send,
                        decision.state(),
                        decision.not_before(),
                        decision.reason(),
                        decision.decided_at(terms.now),
                    ))?;
                    if begin.elapsed() > HOLD {
                        last = send;
                        break;
                    }
                }
                let mut tally = Tally::default();
                tally.moved_rows(broadcast.id, State::Skipped, State::Pending, reopened);
                tally.write(conn)?;
                Ok(Some(last))
            })?;
            match next {
                Some(last) => after = last,
                None => return Ok((skipped_again, later)),
            }
        }
    }

    /// Rows of a listing that a planning at `at` skipped, and pending rows that have a time.
    pub fn planned_rows(&self, listing: i64, at: UnixMillis, each: &mut dyn FnMut(Settled)) -> Result<()> {
        self.read_once(|conn| {
            let mut statement = conn.prepare_cached(sql!(
                "select r.token, s.state, s.reason, s.not_before, s.arm from listing_rows l join sends s on s.id = l.send {people}
                 where l.listing = ?1 and ((s.state = {skipped} and s.finished_at = ?2)
                   or (s.state = {pending} and s.not_before > 0))
                 order by l.send",
                people = people::OF_SENDS,
            ))?;
            let mut rows = statement.query((listing, at.0))?;
            while let Some(row) = rows.next()? {
                let state: State = row.get(1)?;
                let not_before = UnixMillis(row.get(3)?);
                each(Settled {
                    token: row.get(0)?,
                    state,
                    reason: row.get::<Option<String>>(2)?.or_else(|| Some(COOLING_DOWN.to_owned())),
                    tracking_id: None,
                    code: None,
                    subcode: None,
                    fbtrace_id: None,
                    not_before: Some(not_before).filter(|_| state == State::Pending),
                    at,
                    arm: row.get(4)?,
                });
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
