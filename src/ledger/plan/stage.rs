//! One planning transaction: rows of a list become rows of a broadcast, one by one.

use crate::ledger::db::{self, Conn, Optional, Statement};

use super::check::CheckValues;
use super::row::{Act, Existing, Known, PlanSums};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::judge::{Decision, Laters, Terms};
use crate::ledger::people::{self, Arrivals};
use crate::ledger::rivals::{Judged, RivalTerms, Rivals};
use crate::ledger::span::Span;
use crate::ledger::split::Arms;
use crate::ledger::spool::ListedRow;

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
    hold_span: Statement<'c>,
    /// New rows that are not in the listing yet.
    span: Span,
    sums: PlanSums,
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
            hold_span: conn.prepare_cached(
                "insert into listing_rows (listing, send) select cast(?1 as bigint), id from sends where id between ?2 and ?3
                 on conflict do nothing",
            )?,
            span: Span::default(),
            sums: PlanSums::default(),
        })
    }

    pub fn add(&mut self, row: &ListedRow, terms: Terms, check: &mut CheckValues<'_>) -> db::Result<()> {
        let (recipient, known) = match self.arrivals.add(&row.key, &row.token, &self.broadcast.page)? {
            Some(id) => (id, None),
            None => {
                let (id, person) = people::find(self.conn, &row.key)?.ok_or(db::Error::NoRow)?;
                let look = RivalTerms { now: terms.now, listing: Some(self.listing) };
                let reached = self.rivals.reached(self.conn, Judged::new(id, &person, None), look)?;
                // Somebody new has no row here yet; somebody known may have.
                let existing = match existing(self.conn, self.broadcast.id, id)? {
                    Some(existing) => {
                        // The same person may have come before.
                        self.hold_new()?;
                        let again = self.hold.execute((self.listing, existing.id))? == 0;
                        Some((existing, again))
                    }
                    None => None,
                };
                (id, Some(Known { person, reached, existing }))
            }
        };
        let arm = self.arms.as_ref().and_then(|arms| arms.arm(&row.key));
        match self.sums.decide(row, known.as_ref(), (self.broadcast.id, self.listing), arm, terms, check) {
            Act::Add { decision, values } => {
                let send = self.new_send.insert((
                    self.broadcast.id,
                    recipient,
                    self.listing,
                    decision.state(),
                    decision.not_before(),
                    values,
                    decision.reason(),
                    decision.decided_at(terms.now),
                    arm,
                ))?;
                let before = self.span.add(send.ok_or(db::Error::Changed)?);
                self.hold_span(before)
            }
            Act::TakeOver { decision, values } => match known.and_then(|known| known.existing) {
                Some((existing, _)) => self.take_over(&existing, &decision, values.as_deref(), terms),
                None => Err(db::Error::NoRow),
            },
            Act::Leave => Ok(()),
        }
    }

    /// Puts the new rows into the listing.
    fn hold_new(&mut self) -> db::Result<()> {
        let rows = self.span.take();
        self.hold_span(rows)
    }

    fn hold_span(&mut self, rows: Option<(i64, i64)>) -> db::Result<()> {
        match rows {
            Some((first, last)) => self.hold_span.execute((self.listing, first, last)).map(drop),
            None => Ok(()),
        }
    }

    fn take_over(
        &self,
        existing: &Existing,
        decision: &Decision,
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
                existing.listing_after(self.listing),
                decision.state(),
                decision.not_before(),
                decision.reason(),
                values,
                decision.decided_at(terms.now),
            ))
            .map(drop)
    }

    pub fn finish(mut self) -> db::Result<PlanSums> {
        self.hold_new()?;
        self.sums.tally.write(self.conn)?;
        Ok(self.sums)
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
