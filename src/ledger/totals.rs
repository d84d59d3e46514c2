//! How many rows of a list are in each state, so that every row read is accounted for.

use std::collections::BTreeMap;

use super::db::{self, Conn, Optional};

use super::database::Ledger;
use super::error::Result;
use super::pace::{PaceRow, Paces};
use super::sql::{sql, unsigned};
use super::state::State;
use super::tally;
use crate::clock::UnixMillis;

/// The rows of a listing, or of whole broadcasts, by state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub pending: u64,
    pub claimed: u64,
    pub accepted: u64,
    pub refused: u64,
    pub unknown: u64,
    /// By reason.
    pub skipped: BTreeMap<String, u64>,
    /// When the first pending row may go out; `None` without a pending row.
    pub next_at: Option<UnixMillis>,
}

impl Standing {
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.values().sum()
    }

    #[cfg(test)]
    pub fn in_all(&self) -> u64 {
        self.pending + self.claimed + self.accepted + self.refused + self.unknown + self.skipped_in_all()
    }

    fn count(&mut self, state: State, reason: Option<&str>, n: u64) {
        match state {
            State::Pending => self.pending += n,
            State::Claimed => self.claimed += n,
            State::Accepted => self.accepted += n,
            State::Refused => self.refused += n,
            State::Unknown => self.unknown += n,
            State::Skipped => {
                let reason = reason.unwrap_or("skipped");
                let name = reason.split_once(':').map_or(reason, |(name, _)| name);
                match self.skipped.get_mut(name) {
                    Some(count) => *count += n,
                    None => {
                        self.skipped.insert(name.to_owned(), n);
                    }
                }
            }
        }
    }
}

/// How many people a list has.
pub(super) fn people_of(conn: &Conn, listing: i64) -> db::Result<u64> {
    let count = "select count(*) from listing_rows where listing = ?1";
    conn.query_row(count, [listing], |row| row.get(0).map(unsigned))
}

impl Ledger {
    /// How many rows of a list, or of all lists, wait; and when the first of them is due.
    pub fn waiting(&self, broadcast: i64, listing: Option<i64>) -> Result<(u64, Option<UnixMillis>)> {
        // To count a list takes as long as to read it.
        if self.read(|conn| tally::rows_in(conn, broadcast, State::Pending))? == 0 {
            return Ok((0, None));
        }
        let standing = match listing {
            Some(listing) => self.standing_of_listing(broadcast, listing, None)?,
            None => self.standing_of_broadcast(broadcast)?,
        };
        Ok((standing.pending, standing.next_at))
    }

    /// How many rows of a list are in each state. `people`: how many there are, if they were just counted.
    pub fn standing_of_listing(&self, broadcast: i64, listing: i64, people: Option<u64>) -> Result<Standing> {
        self.snapshot(|conn| {
            let mut standing = Standing::default();
            let rows: i64 = conn.query_row(
                "select coalesce(cast(sum(n) as bigint), 0) from states where broadcast = ?1",
                [broadcast],
                |row| row.get(0),
            )?;
            let held = match people {
                Some(people) => people,
                None => people_of(conn, listing)?,
            };
            if unsigned(rows) == held {
                // Every row of the broadcast is of this list: its counts are known.
                self.count_broadcast(broadcast, &mut standing)?;
            } else {
                let mut statement = conn.prepare_cached(sql!(
                    "select s.state, case when s.state = {skipped} then s.reason end
                     from listing_rows l join sends s on s.id = l.send where l.listing = ?1"
                ))?;
                let mut rows = statement.query([listing])?;
                while let Some(row) = rows.next()? {
                    standing.count(row.get(0)?, row.get::<Option<String>>(1)?.as_deref(), 1);
                }
            }
            if standing.pending > 0 {
                standing.next_at = conn.query_row(
                    sql!(
                        "select s.not_before from sends s indexed by sends_pending
                         where s.broadcast = ?1 and s.state = {pending}
                           and exists (select 1 from listing_rows l where l.listing = ?2 and l.send = s.id)
                         order by s.not_before limit 1"
                    ),
                    (broadcast, listing),
                    |row| row.get(0).map(Some),
                )?;
            }
            Ok(standing)
        })
    }

    /// How many planned rows of a broadcast are in each state.
    pub fn standing_of_broadcast(&self, broadcast: i64) -> Result<Standing> {
        self.snapshot(|conn| {
            let mut standing = Standing::default();
            self.count_broadcast(broadcast, &mut standing)?;
            // Rows of a list whose planning was cut off are staged, not waiting.
            let staged = conn.query_row(
                sql!(
                    "select count(*) from sends s join listings l on l.id = s.listing
                     where s.broadcast = ?1 and s.state = {pending} and l.planned_at is null
                       and exists (select 1 from listings where broadcast = ?1 and planned_at is null)"
                ),
                [broadcast],
                |row| row.get(0).map(unsigned),
            )?;
            standing.pending = standing.pending.saturating_sub(staged);
            standing.next_at = conn
                .prepare_cached(sql!(
                    "select s.not_before from sends s indexed by sends_pending join listings l on l.id = s.listing
                     where s.broadcast = ?1 and s.state = {pending} and l.planned_at is not null
                     order by s.not_before limit 1"
                ))?
                .query_row([broadcast], |row| row.get(0))
                .optional()?;
            Ok(standing)
        })
    }

    fn count_broadcast(&self, broadcast: i64, standing: &mut Standing) -> db::Result<()> {
        for (state, n) in tally::rows_by_state(&self.conn, broadcast)? {
            if state == State::Skipped && n > 0 {
                let mut reasons = self.conn.prepare_cached(sql!(
                    "select reason, count(*) from sends where broadcast = ?1 and state = {skipped} group by reason"
                ))?;
                let mut rows = reasons.query([broadcast])?;
                while let Some(row) = rows.next()? {
                    standing.count(state, row.get::<Option<String>>(0)?.as_deref(), unsigned(row.get(1)?));
                }
            } else {
                standing.count(state, None, n);
            }
        }
        Ok(())
    }

    /// How many planned rows may go out now: of a listing, or of the whole broadcast.
    pub fn due(&self, broadcast: i64, listing: Option<i64>, now: UnixMillis) -> Result<u64> {
        let due = self.conn.query_row(
            sql!(
                "select count(*) from sends s indexed by sends_pending
                 where s.broadcast = ?1 and s.state = {pending} and s.not_before <= ?3
                   and case when cast(?2 as bigint) is null
                     then exists (select 1 from listings l where l.id = s.listing and l.planned_at is not null)
                     else exists (select 1 from listing_rows l where l.listing = ?2 and l.send = s.id) end"
            ),
            (broadcast, listing, now),
            |row| row.get(0).map(unsigned),
        )?;
        Ok(due)
    }

    /// What was learned about an ad account's pace; `None` before its first send.
    pub fn pace_of(&self, ad_account: &str) -> Result<Option<PaceRow>> {
        Ok(Paces::new(&self.conn).read(ad_account)?)
    }

    /// How many planned rows of a broadcast wait beside those of a listing.
    pub fn waiting_elsewhere(&self, broadcast: i64, standing: &Standing) -> Result<u64> {
        let whole = self.standing_of_broadcast(broadcast)?;
        Ok(whole.pending.saturating_sub(standing.pending))
    }

    /// How many sends of the whole ledger are unknown.
    pub fn unknown_in_all(&self) -> Result<u64> {
        self.read(|conn| {
            let sum = "select coalesce(cast(sum(n) as bigint), 0) from states where state = ?1";
            conn.query_row(sum, [State::Unknown], |row| row.get(0).map(unsigned))
        })
    }

    /// Lists of a Page's broadcasts whose planning was cut off: broadcast, source, rows.
    pub fn unplanned_listings(&self, page: &str) -> Result<Vec<(i64, String, i64)>> {
        self.read(|conn| {
            conn.prepare_cached(
                "select l.broadcast, l.source, l.rows from listings l join broadcasts b on b.id = l.broadcast
                     where l.planned_at is null and b.page = ?1 order by l.id",
            )?
            .query_map([page], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
        })
    }
}

#[cfg(test)]
impl Ledger {
    /// Every row of a broadcast: token, state, and until when the person is blocked.
    pub fn sends_of(&self, broadcast: i64) -> Vec<(String, State, UnixMillis)> {
        self.read(|conn| {
            conn.prepare_cached(sql!(
                "select r.token, s.state, r.blocked_until from sends s {people} where s.broadcast = ?1 order by s.id",
                people = crate::ledger::people::OF_SENDS
            ))?
            .query_map([broadcast], |row| Ok((row.get(0)?, row.get(1)?, UnixMillis(row.get(2)?))))?
            .collect()
        })
        .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::ledger::tally::shift;

    const ROWS: usize = 50;

    #[test]
    fn what_is_counted_while_another_process_is_at_work_adds_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (mut ledger, _) = Ledger::open(&path).unwrap();
        ledger
            .write(|conn| {
                conn.execute_batch(
                    "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
                     values (7, '1', 'act_1', '77', x'00', '{}', 1);
                     insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at)
                     values (1, 7, 'a', 50, x'00', 1, 1);
                     with recursive n (n) as (select 1 union all select n + 1 from n where n < 50)
                     insert into sends (id, broadcast, recipient, listing) select n, 7, n, 1 from n;
                     insert into listing_rows (listing, send) select 1, id from sends;
                     insert into states (broadcast, state, n) values (7, 0, 50);",
                )?;
                Ok(())
            })
            .unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut other, _) = Ledger::open(&path).unwrap();
                other.conn.execute_batch("pragma synchronous = off").unwrap();
                for (from, to) in [(State::Pending, State::Skipped), (State::Skipped, State::Pending)].repeat(300) {
                    other
                        .write(|conn| {
                            let n = conn.execute(
                                "update sends set state = ?2, reason = 'closed' where state = ?1",
                                (from, to),
                            )?;
                            Ok(shift(conn, 7, from, to, n)?)
                        })
                        .unwrap();
                }
                done.store(true, Ordering::Relaxed);
            });
            while !done.load(Ordering::Relaxed) {
                for standing in [
                    ledger.standing_of_listing(7, 1, None).unwrap(),
                    ledger.standing_of_listing(7, 1, Some(ROWS as u64)).unwrap(),
                    ledger.standing_of_broadcast(7).unwrap(),
                ] {
                    assert_eq!(standing.in_all(), ROWS as u64, "{standing:?}");
                    assert_eq!(standing.pending > 0, standing.next_at.is_some(), "{standing:?}");
                }
            }
        });
    }
}
