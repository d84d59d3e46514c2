//! Events that nobody needs any more. What they said of sends and people is kept there.

use super::attribution::Judgement;
use super::event::{Kind, first_key};
use super::months::month_of;
use crate::clock::UnixMillis;
use crate::ledger::database::{Ledger, Watch};
use crate::ledger::db::Optional;
use crate::ledger::error::{Error, Result};
use crate::ledger::key::Key;
use crate::ledger::sql::{digit, sql, unsigned};
use crate::ledger::{failpoint, gate};

/// Events that one transaction looks at.
const AT_ONCE: i64 = 1000;

/// Kept at any age: what waits for the outcome of a request, and what Meta did about Pages. The migration of a server has these numbers
/// as well.
const WAITING: &str = digit(Judgement::Waiting.number());
const POLICY: &str = digit(Kind::Policy.number());

/// Rows that may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Old {
    pub rows: u64,
    /// Of what is in them, without indexes.
    pub bytes: u64,
    /// When the oldest of them came to be.
    pub oldest: Option<UnixMillis>,
}

impl Ledger {
    /// What [`Ledger::drop_events_before`] would take away.
    pub fn events_before(&self, before: UnixMillis) -> Result<Old> {
        self.read(|conn| {
            conn.query_row(
                sql!(
                    "select count(*), coalesce(cast(sum(octet_length(raw)) as bigint), 0), min(occurred_at) from events
                     where key < ?1 and occurred_at < ?2 and kind <> {policy} and how is distinct from {waiting}",
                    policy = POLICY,
                    waiting = WAITING
                ),
                (self.end_of_old(before), before),
                |row| Ok(Old { rows: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?), oldest: row.get(2)? }),
            )
        })
    }

    /// Takes away the events of before this time, and says how many. On a server they go by whole months: those of a month that was not
    /// over at this time stay.
    ///
    /// # Errors
    /// The caller asked to stop, and what is gone stays gone; the database fails.
    pub fn drop_events_before(&mut self, before: UnixMillis, watch: &mut Watch<'_>) -> Result<u64> {
        if !self.conn.is_server() {
            return self.delete_events(before, watch);
        }
        let Old { rows, .. } = self.events_before(before)?;
        while self.drop_month(before)? {
            if (watch.stop)() {
                return Err(Error::RetentionStopped);
            }
        }
        // Those without a time of their own, and those of months that had no partition.
        self.delete_events(before, watch)?;
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

    fn delete_events(&mut self, before: UnixMillis, watch: &mut Watch<'_>) -> Result<u64> {
        let end = self.end_of_old(before);
        let (mut from, mut deleted) = (Key::default(), 0);
        loop {
            if (watch.stop)() {
                return Err(Error::RetentionStopped);
            }
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
            (watch.progress)(deleted as u64);
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
