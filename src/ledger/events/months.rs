//! Events by month, on a server: each month has a partition of its own, made before its first event comes, so that old events are dropped
//! and not deleted. In a file there is one table.

use jiff::tz::TimeZone;

use super::event::{first_key, time_of};
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn, Optional};
use crate::ledger::error::Result;
use crate::ledger::failpoint;

/// Months after the one that is now.
const AHEAD: i64 = 2;

impl Ledger {
    /// Once an hour at most. Where it fails, events of a month without a partition are stored beside the others, and moved when it has
    /// one.
    pub(super) fn make_months_ahead(&mut self, now: UnixMillis) {
        let hour = Some(now.hour());
        if self.months_made == hour {
            return;
        }
        self.months_made = hour;
        let _ = self.try_make_months(now);
    }

    fn try_make_months(&mut self, now: UnixMillis) -> Result<()> {
        let transaction = self.begin()?;
        make(&transaction, now, AHEAD)?;
        Ok(failpoint::commit(transaction, "write.before", "write.after")?)
    }
}

fn make(conn: &Conn, at: UnixMillis, ahead: i64) -> db::Result<i64> {
    conn.query_row("select make_months_of_events(?1, ?2)", (at, ahead), |row| row.get(0))
}

/// Makes the partitions of all events of another ledger, which are to be copied to this one.
pub fn make_for(source: &Conn, target: &Conn) -> db::Result<()> {
    if !target.is_server() {
        return Ok(());
    }
    let mut next = source.prepare_cached("select key from events where key >= ?1 order by key limit 1")?;
    let mut from = first_key(UnixMillis::of_hour(1));
    while let Some(key) = next.query_row([from], |row| row.get(0)).optional()? {
        let at = time_of(&key);
        make(target, at, 0)?;
        from = first_key(month_after(at));
        if from <= key {
            break;
        }
    }
    Ok(())
}

/// When the month begins in which this is.
pub fn month_of(at: UnixMillis) -> UnixMillis {
    let first = TimeZone::UTC.to_datetime(at.timestamp()).date().first_of_month();
    TimeZone::UTC.to_timestamp(first.into()).map_or(at, UnixMillis::from)
}

fn month_after(at: UnixMillis) -> UnixMillis {
    month_of(month_of(at).plus(std::time::Duration::from_hours(32 * 24)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_in_utc() {
        let at = |text: &str| -> UnixMillis { text.parse::<jiff::Timestamp>().unwrap().into() };
        for (now, begins, next) in [
            ("2026-11-27T18:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2024-02-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
        ] {
            assert_eq!((month_of(at(now)), month_after(at(now))), (at(begins), at(next)), "{now}");
        }
    }
}
