//! Skipped rows of a list that is listed again: each is judged anew, with its own values.

use std::time::Instant;

use super::check::{CheckValues, with_values};
use super::row::Existing;
use super::sets::{self, Taken};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::database::HOLD;
use crate::ledger::db::{self, Conn};
use crate::ledger::judge::{Decision, Laters, Person, Reached, Terms, judge};
use crate::ledger::people;
use crate::ledger::rivals::{Judged, RivalTerms, Rivals};
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::ledger::tally::{self, Tally};

/// Rows of a planned list that one transaction reads, to judge the skipped ones again.
pub const LOOKED_AT: i64 = 20_000;

/// Part of a transaction.
pub struct Again<'c> {
    pub conn: &'c Conn,
    pub broadcast: &'c Broadcast,
    pub listing: i64,
    pub terms: Terms,
}

/// What became of a part.
#[derive(Default)]
pub struct PartEnd {
    /// Its last row.
    pub last: i64,
    /// Rows that stay skipped.
    pub skipped: u64,
    /// Rows that wait for a time.
    pub later: u64,
    reopened: usize,
}

struct Row {
    existing: Existing,
    recipient: i64,
    arm: Option<i64>,
    person: Person,
}

impl Row {
    fn asked(&self) -> Judged {
        Judged::new(self.recipient, &self.person, None)
    }
}

impl Again<'_> {
    /// The rows after this one; `None` at the end.
    pub fn judge_part(&self, after: i64, check: &mut CheckValues<'_>) -> db::Result<Option<PartEnd>> {
        if tally::rows_in(self.conn, self.broadcast.id, State::Skipped)? == 0 {
            return Ok(None);
        }
        // So many rows of the list at a time, however few of them are skipped.
        let part: Option<i64> = self.conn.query_row(
            "select max(send) from
               (select send from listing_rows where listing = ?1 and send > ?2 order by send limit ?3) part",
            (self.listing, after, LOOKED_AT),
            |row| row.get(0),
        )?;
        let Some(last) = part else { return Ok(None) };
        let mut judged = PartEnd { last, ..PartEnd::default() };
        let rivals = Rivals::of(self.conn, self.broadcast)?;
        if self.conn.is_server() {
            self.judge_set(after, &rivals, check, &mut judged)?;
        } else {
            self.judge_rows(after, &rivals, check, &mut judged)?;
        }
        let mut tally = Tally::default();
        tally.moved_rows(self.broadcast.id, State::Skipped, State::Pending, judged.reopened);
        tally.write(self.conn)?;
        Ok(Some(judged))
    }

    fn judge_rows(
        &self,
        after: i64,
        rivals: &Rivals,
        check: &mut CheckValues<'_>,
        judged: &mut PartEnd,
    ) -> db::Result<()> {
        let begin = Instant::now();
        let mut statement = self.conn.prepare_cached(SKIPPED)?;
        let mut rows = statement.query((self.listing, after, judged.last))?;
        while let Some(row) = rows.next()? {
            let row = read(&row)?;
            let reached = rivals.reached(self.conn, row.asked(), self.look())?;
            let decision = self.judge(&row, reached, check, judged);
            self.conn
                .prepare_cached(
                    "update sends set state = ?2, not_before = ?3, reason = ?4, finished_at = ?5 where id = ?1",
                )?
                .execute((
                    row.existing.id,
                    decision.state(),
                    decision.not_before(),
                    decision.reason(),
                    decision.decided_at(self.terms.now),
                ))?;
            if begin.elapsed() > HOLD {
                judged.last = row.existing.id;
                break;
            }
        }
        Ok(())
    }

    fn judge_set(
        &self,
        after: i64,
        rivals: &Rivals,
        check: &mut CheckValues<'_>,
        judged: &mut PartEnd,
    ) -> db::Result<()> {
        let rows: Vec<Row> = self
            .conn
            .prepare_cached(SKIPPED)?
            .query_map((self.listing, after, judged.last), read)?
            .collect::<db::Result<_>>()?;
        let asked: Vec<_> = rows.iter().map(Row::asked).collect();
        let mut reached = rivals.reached_of(self.conn, &asked, self.look())?;
        let taken: Vec<Taken> = rows
            .into_iter()
            .map(|row| {
                let decision = self.judge(&row, reached.get(row.recipient), check, judged);
                if decision.state() == State::Pending {
                    reached.goes(row.recipient);
                }
                let values = row.existing.row_values.clone();
                Taken { existing: row.existing, decision, values }
            })
            .collect();
        sets::take_over(self.conn, &taken, self.listing, self.terms)
    }

    fn look(&self) -> RivalTerms {
        RivalTerms { now: self.terms.now, listing: Some(self.listing) }
    }

    fn judge(&self, row: &Row, reached: Reached, check: &mut CheckValues<'_>, judged: &mut PartEnd) -> Decision {
        let decision = judge(Some(&row.person), reached, row.existing.laters, self.terms);
        // The values of a row that was skipped for another reason may never have been checked.
        let decision = with_values(decision, row.arm, row.existing.row_values.as_deref(), check);
        judged.reopened += usize::from(decision.state() == State::Pending);
        judged.skipped += u64::from(decision.state() == State::Skipped);
        judged.later += u64::from(decision.waits());
        decision
    }
}

/// The skipped rows of a list, ?1, after ?2 and up to ?3.
const SKIPPED: &str = sql!(
    "select s.id, s.laters, s.first_later_at, s.recipient, s.row_values, s.listing, s.finished_at, s.arm, {person}
     from listing_rows l join sends s on s.id = l.send {people}
     where l.listing = ?1 and l.send > ?2 and l.send <= ?3 and s.state = {skipped}
     order by l.send",
    person = people::COLUMNS,
    people = people::OF_SENDS,
);

fn read(row: &db::Row<'_>) -> db::Result<Row> {
    Ok(Row {
        existing: Existing {
            id: row.get(0)?,
            state: State::Skipped,
            laters: Laters { count: row.get(1)?, first_at: row.get(2)? },
            row_values: row.get(4)?,
            listing: row.get(5)?,
            finished_at: row.get(6)?,
            // It stays with its list.
            planned: true,
        },
        recipient: row.get(3)?,
        arm: row.get(7)?,
        person: people::person(row, 8)?,
    })
}
