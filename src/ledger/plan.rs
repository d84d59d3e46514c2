//! Planning: a list becomes rows of a broadcast, as a whole or not at all.
//!
//! Rows are staged in transactions short enough to share the ledger with senders; none of them can go out before the one
//! that writes `planned_at`.

mod again;
mod check;
mod dry_run;
mod row;
mod sets;
mod stage;

use std::time::Instant;

use super::db::{Conn, Optional};

use again::Again;
pub use check::CheckValues;
pub use dry_run::DryPlan;
use row::PlanSums;
use sets::PlanTarget;
use stage::Staging;

use super::broadcasts::{Broadcast, open_again};
use super::database::{HOLD, Ledger, ROWS_OF_SET, Watch};
use super::error::{Error, Need, Result};
use super::failpoint;
use super::gate;
pub use super::gate::PlanTerms;
use super::people;
use super::room;
use super::settled::{COOLING_DOWN, Settled};
use super::spool::Listing;
use super::sql::sql;
use super::state::State;
use super::totals::people_of;
use crate::clock::UnixMillis;

/// What a plan fills.
const TABLES: [&str; 3] = ["recipients", "sends", "listing_rows"];

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
            planned.people = self.read(|conn| people_of(conn, listing))?;
            return Ok(planned);
        }
        self.unsynced(|ledger| ledger.stage(broadcast, list, asked, check, watch, &mut planned))?;
        self.read(|conn| TABLES.iter().try_for_each(|table| conn.learn_size(table, planned.rows)))?;
        self.write(|conn| {
            gate::pass(conn)?;
            conn.execute("update listings set planned_at = ?2 where id = ?1", (listing, asked.now.0))?;
            Ok(open_again(conn, broadcast.id)?)
        })?;
        planned.people = self.read(|conn| people_of(conn, listing))?;
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
        list.rewind()?;
        *planned = Planned { listing: planned.listing, rows: planned.rows, ..Planned::default() };
        let mut done = 0;
        loop {
            if (watch.stop)() {
                return Err(Error::PlanningStopped);
            }
            self.require_room(Need::Plan, room::left_by_long_work())?;
            let part = if self.conn.is_server() {
                self.stage_set((broadcast, planned.listing), list, asked, check)?
            } else {
                self.stage_rows((broadcast, planned.listing), list, asked, check)?
            };
            let Some((rows, sums)) = part else { return Ok(()) };
            done += rows;
            planned.changed_values += sums.changed_values;
            planned.skipped += sums.newly_skipped;
            planned.later += sums.later;
            (watch.progress)(done);
        }
    }

    /// One transaction of it, in a file: how many rows, and what they did. `None` at the end.
    fn stage_rows(
        &mut self,
        (broadcast, listing): (&Broadcast, i64),
        list: &mut Listing,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
    ) -> Result<Option<(u64, PlanSums)>> {
        let transaction = self.begin()?;
        let terms = gate::pass(&transaction)?.terms_of_plan(&asked);
        let mut stage = Staging::new(&transaction, broadcast, listing)?;
        let begin = Instant::now();
        let mut rows = 0;
        while let Some(row) = list.next_row()? {
            stage.add(row, terms, check)?;
            rows += 1;
            if rows % 64 == 0 && begin.elapsed() > HOLD {
                break;
            }
        }
        let sums = stage.finish()?;
        if rows == 0 {
            return Ok(None);
        }
        failpoint::commit(transaction, "plan.before", "plan.after")?;
        Ok(Some((rows, sums)))
    }

    /// The same on a server.
    fn stage_set(
        &mut self,
        (broadcast, listing): (&Broadcast, i64),
        list: &mut Listing,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
    ) -> Result<Option<(u64, PlanSums)>> {
        let rows = list.next_rows(ROWS_OF_SET)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let sums = self.beside_or_alone(|transaction| {
            let terms = gate::pass(&transaction)?.terms_of_plan(&asked);
            let sums = PlanTarget { conn: &transaction, broadcast, listing }.add(rows, terms, check)?;
            failpoint::commit(transaction, "plan.before", "plan.after")?;
            Ok(sums)
        })?;
        Ok(Some((rows.len() as u64, sums)))
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
            let mut part = |conn: &Conn| -> Result<_> {
                let terms = gate::pass(conn)?.terms_of_plan(&asked);
                Ok(Again { conn, broadcast, listing, terms }.judge_part(after, check)?)
            };
            let part = if self.conn.is_server() {
                self.beside_or_alone(|transaction| {
                    let judged = part(&transaction)?;
                    failpoint::commit(transaction, "plan.before", "plan.after")?;
                    Ok(judged)
                })?
            } else {
                self.write_once(part)?
            };
            let Some(part) = part else { return Ok((skipped_again, later)) };
            after = part.last;
            skipped_again += part.skipped;
            later += part.later;
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
