//! Events that nobody needs any more. What they said of sends and people is kept there.

use super::attribution::Judgement;
use super::event::{Kind, first_key};
use super::months::month_of;
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::Optional;
use crate::ledger::error::Result;
use crate::ledger::key::Key;
use crate::ledger::sql::{digit, sql, unsigned};
use crate::ledger::{failpoint, gate};

/// Events that one transaction looks at.
const AT_ONCE: i64 = 1000;

/// Kept at any age: what waits for the outcome of a request, and what Meta did about Pages. The migration of a server has these numbers
/// as well.
const WAITING: &str = digit(Judgement::Waiting.number());
const POLICY: &str = digit(Kind::Policy.number());

impl Ledger {
    /// How many events [`Ledger::drop_events_before`] would take away.
    pub fn events_before(&self, before: UnixMillis) -> Result<u64> {
        self.read(|conn| {
            conn.query_row(
                sql!(
                    "select count(*) from events
                     where key < ?1 and occurred_at < ?2 and kind <> {policy} and how is distinct from {waiting}",
                    policy = POLICY,
                    waiting = WAITING
                ),
                (self.end_of_old(before), before),
                |row| row.get(0).map(unsigned),
            )
        })
    }

    /// Takes away the events of before this time, and says how many. On a server they go by whole months: those of a month that was not
    /// over at this time stay.
    pub fn drop_events_before(&mut self, before: UnixMillis) -> Result<u64> {
        if !self.conn.is_server() {
            return self.delete_events(before);
        }
        let rows = self.events_before(before)?;
        while self.drop_month(before)? {}
        // Those without a time of their own, and those of months that had no partition.
        self.delete_events(before)?;
        Ok(rows)
    }

    /// Drops the oldest month on a server, if it was over.
    fn drop_month(&mut self, before: UnixMillis) -> Result<bool> {
        let transaction = self.begin_beside()?;
        gate::refuse_copied(&transaction)?;
        let was_one = transaction.query_row("select drop_month_of_events(?1)", [before], |row| row.get(0))?;
        failpoint::commit(transaction, "write.before", "write.after")?;
        Ok(was_one)
    }

    fn delete_events(&mut self, before: UnixMillis) -> Result<u64> {
        let end = self.end_of_old(before);
        let (mut from, mut deleted) = (Key::default(), 0);
        loop {
            let next: Option<Key> = self.read(|conn| {
                conn.prepare_cached(
                    "select key from events where key >= ?1 and key < ?2 order by key limit 1 offset ?3",
                )?
                .query_row((from, end, AT_ONCE), |row| row.get(0))
                .optional()
            })?;
            deleted += self.write(|conn| {
                gate::refuse_copied(conn)?;
                Ok(conn
                    .prepare_cached(sql!(
                        "delete from events where key >= ?1 and key < ?2 and occurred_at < ?3
                         and kind <> {policy} and how is distinct from {waiting}",
                        policy = POLICY,
                        waiting = WAITING
                    ))?
                    .execute((from, next.unwrap_or(end), before))?)
            })?;
            match next {
                Some(next) => from = next,
                None => return Ok(deleted as u64),
            }
        }
    }

    /// No key of an event that may go is this or greater.
    fn end_of_old(&self, before: UnixMillis) -> Key {
        first_key(if self.conn.is_server() { month_of(before) } else { before })
    }
}
