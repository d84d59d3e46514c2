//! One planning transaction: rows of a list become rows of a broadcast.

use crate::ledger::db::{self, Conn, Optional, Statement};

use super::check::{CheckValues, with_values};
use crate::clock::UnixMillis;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::judge::{Decision, Laters, Person, Terms, judge};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::people::{self, Arrivals};
use crate::ledger::rivals::Rivals;
use crate::ledger::split::Arms;
use crate::ledger::spool::ListedRow;
use crate::ledger::state::State;
use crate::ledger::tally::Tally;

/// One planning transaction.
pub struct Staging<'c> {
    conn: &'c Conn,
    broadcast: &'c Broadcast,
    listing: i64,
    rivals: Rivals,
    arms: Option<Arms>,
    arrivals: Arrivals<'c>,
    new_send: Statement<'c>,
    hold: Statement<'c>,
    tally: Tally,
    pub changed_values: u64,
    pub newly_skipped: u64,
    pub later: u64,
}

impl<'c> Staging<'c> {
    pub fn new(conn: &'c Conn, broadcast: &'c Broadcast, listing: i64) -> db::Result<Self> {
        Ok(Self {
            conn,
            broadcast,
            listing,
            rivals: Rivals::of(conn, broadcast)?,
            arms: broadcast.arms(),
            arrivals: Arrivals::new(conn)?,
            new_send: conn.prepare_insert(
                "insert into sends (broadcast, recipient, listing, state, not_before, row_values, reason, finished_at, arm)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (broadcast, recipient) do nothing",
            )?,
            hold: conn
                .prepare_cached("insert into listing_rows (listing, send) values (?1, ?2) on conflict do nothing")?,
            tally: Tally::default(),
            changed_values: 0,
            newly_skipped: 0,
            later: 0,
        })
    }

    pub fn add(&mut self, row: &ListedRow, terms: Terms, check: &mut CheckValues<'_>) -> db::Result<()> {
        let new = self.arrivals.add(&row.key, &row.token, &self.broadcast.page)?;
        let (recipient, person) = match new {
            Some(id) => (id, Person::default()),
            None => people::find(self.conn, &row.key)?.ok_or(db::Error::NoRow)?,
        };
        // Nothing of somebody who was erased is written again.
        let bare;
        let row = match person.suppressed {
            Some(Suppression::Erased) => {
                bare = ListedRow { key: row.key, token: String::new(), values: None };
                &bare
            }
            _ => row,
        };
        let is_known = new.is_none();
        let other = is_known && self.rivals.reached(self.conn, recipient)?;
        let arm = self.arms.as_ref().and_then(|arms| arms.arm(&row.key));
        let decide = |laters, values: Option<&str>, check: &mut CheckValues<'_>| {
            with_values(judge(Some(&person), other, laters, terms), arm, values, check)
        };
        // Somebody new has no row here yet; somebody known may have.
        let existing = if is_known { existing(self.conn, self.broadcast.id, recipient)? } else { None };
        let Some(existing) = existing else {
            let decision = decide(Laters::default(), row.values.as_deref(), check);
            let send = self.new_send.insert((
                self.broadcast.id,
                recipient,
                self.listing,
                decision.state(),
                decision.not_before(),
                row.values.as_deref(),
                decision.reason(),
                decision.decided_at(terms.now),
                arm,
            ))?;
            let send = send.ok_or(db::Error::Changed)?;
            self.hold.execute((self.listing, send))?;
            self.tally.rows(self.broadcast.id, decision.state(), 1);
            self.note(&decision);
            return Ok(());
        };
        let again = self.hold.execute((self.listing, existing.id))? == 0;
        let own = existing.planned || existing.listing == self.listing;
        match existing.state {
            // A duplicate inside the list.
            State::Skipped if again && existing.finished_at == Some(terms.now) => {}
            // The first listing to be planned fixes a row's values: one that was cut off fixed nothing.
            State::Pending if !own => {
                let decision = decide(existing.laters, row.values.as_deref(), check);
                self.take_over(&existing, decision, row.values.as_deref(), terms)?;
            }
            // Judged again, with its own values if the message can use them.
            State::Skipped => {
                let values = existing.values_for(row, arm, check);
                self.changed_values += u64::from(values != row.values);
                let decision = decide(existing.laters, values.as_deref(), check);
                self.take_over(&existing, decision, values.as_deref(), terms)?;
            }
            _ if !again && existing.row_values.as_deref() != row.values.as_deref() => self.changed_values += 1,
            _ => {}
        }
        Ok(())
    }

    fn take_over(
        &mut self,
        existing: &Existing,
        decision: Decision,
        values: Option<&str>,
        terms: Terms,
    ) -> db::Result<()> {
        self.conn
            .prepare_cached(
                "update sends set listing = ?2, state = ?3, not_before = ?4, reason = ?5, row_values = ?6, finished_at = ?7
                 where id = ?1",
            )?
            .execute((
                existing.id,
                // A planned row stays with its list: it may go out whatever becomes of this list.
                if existing.planned { existing.listing } else { self.listing },
                decision.state(),
                decision.not_before(),
                decision.reason(),
                values,
                decision.decided_at(terms.now),
            ))?;
        self.tally.rows(self.broadcast.id, existing.state, -1);
        self.tally.rows(self.broadcast.id, decision.state(), 1);
        self.note(&decision);
        Ok(())
    }

    fn note(&mut self, decision: &Decision) {
        self.newly_skipped += u64::from(decision.state() == State::Skipped);
        self.later += u64::from(decision.waits());
    }

    pub fn finish(self) -> db::Result<()> {
        self.tally.write(self.conn)
    }
}

/// The row of a person in a broadcast.
pub fn existing(conn: &Conn, broadcast: i64, recipient: i64) -> db::Result<Option<Existing>> {
    conn.prepare_cached(
        "select s.id, s.state, s.listing, s.row_values, s.laters, s.first_later_at, s.finished_at,
                        l.planned_at is not null
                 from sends s join listings l on l.id = s.listing where s.broadcast = ?1 and s.recipient = ?2",
    )?
    .query_row((broadcast, recipient), |row| {
        Ok(Existing {
            id: row.get(0)?,
            state: row.get(1)?,
            listing: row.get(2)?,
            row_values: row.get(3)?,
            laters: Laters { count: row.get(4)?, first_at: row.get(5)? },
            finished_at: row.get(6)?,
            planned: row.get(7)?,
        })
    })
    .optional()
}

pub struct Existing {
    id: i64,
    pub state: State,
    listing: i64,
    row_values: Option<String>,
    finished_at: Option<UnixMillis>,
    pub laters: Laters,
    planned: bool,
}

impl Existing {
    /// The values that count when this row is listed again: its own, if it was planned with values that the message can use.
    pub fn values_for(&self, row: &ListedRow, arm: Option<i64>, check: &mut CheckValues<'_>) -> Option<String> {
        let frozen = self.planned && check(arm, self.row_values.as_deref()).is_ok();
        if frozen { self.row_values.clone() } else { row.values.clone() }
    }
}
