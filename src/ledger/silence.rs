//! Whether Meta still sends webhooks: were sends accepted a while ago without an event of their Page since?

use super::database::Ledger;
use super::db::{self, Conn};
use super::error::Result;
use super::sql::unsigned;
use super::state::State;
use super::tally::What;
use crate::clock::UnixMillis;

/// Each by its end of the table: asked for both at once, SQLite goes through all of it.
const FIRST_AND_NEWEST: &str =
    "select coalesce((select min(id) from events), 1), coalesce((select max(id) from events), 0)";

/// Sends without any event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Accepted in that hour and later.
    pub accepted: u64,
    /// The last hour with accepted sends of which events should have come by now.
    pub since: UnixMillis,
}

impl Ledger {
    /// Sends of the last day to subscribers of this Page whose events should have come for an hour, where none came. `None`
    /// where an event came since, or nothing was sent.
    pub fn silence(&self, page: &str, now: UnixMillis) -> Result<Option<Silence>> {
        let hour = now.hour();
        let accepted = What::State(State::Accepted).name();
        self.read(|conn| {
            let last: Option<i64> = conn.query_row(
                "select max(c.hour) from broadcasts b join counters c on c.broadcast = b.id
                 where b.page = ?1 and c.hour between ?2 and ?3 and c.what = ?4 and c.n > 0",
                (page, hour - 24, hour - 2, &accepted),
                |row| row.get(0),
            )?;
            let Some(last) = last else { return Ok(None) };
            let since = UnixMillis::of_hour(last);
            let first = first_since(conn, since)?;
            let heard: bool = conn.query_row(
                "select exists (select 1 from events where id >= ?1 and page = ?2)",
                (first, page),
                |row| row.get(0),
            )?;
            if heard {
                return Ok(None);
            }
            let sends = conn.query_row(
                "select coalesce(cast(sum(c.n) as bigint), 0) from broadcasts b join counters c on c.broadcast = b.id
                 where b.page = ?1 and c.hour >= ?2 and c.what = ?3",
                (page, last, &accepted),
                |row| row.get(0).map(unsigned),
            )?;
            Ok(Some(Silence { accepted: sends, since }))
        })
    }
}

/// The first event that came at this time or later: ids grow as events come, so no index of times is needed.
fn first_since(conn: &Conn, since: UnixMillis) -> db::Result<i64> {
    let (mut low, newest): (i64, i64) = conn.query_row(FIRST_AND_NEWEST, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut high = newest + 1;
    while low < high {
        let middle = low + (high - low) / 2;
        let came: UnixMillis = conn
            .prepare_cached("select received_at from events where id >= ?1 order by id limit 1")?
            .query_row([middle], |row| row.get(0))?;
        if came < since {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_events_are_not_looked_for() {
        let (_folder, ledger) = ledger(&[], &[]);
        let plan = ledger.conn.plan(FIRST_AND_NEWEST);
        assert!(!plan.iter().any(|step| step.contains("SCAN events")), "{plan:?}");
    }

    const NOW: UnixMillis = UnixMillis::of_hour(1000);

    fn ledger(accepted: &[i64], events: &[(i64, &str)]) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        let conn = &ledger.conn;
        for page in ["1", "2"] {
            conn.execute(
                "insert into broadcasts (page, ad_account, campaign, fingerprint, repeat, message, created_at)
                 values (?1, 'act_1', 'c', x'00', 0, '{}', 0)",
                [page],
            )
            .unwrap();
        }
        for hours_ago in accepted {
            let hour = 1000 - hours_ago;
            conn.execute("insert into counters values (1, ?1, 'accepted', 10)", [hour]).unwrap();
        }
        for (at, page) in events {
            conn.execute(
                "insert into events (key, kind, page, occurred_at, received_at, raw) values (randomblob(16), 1, ?2, 0, ?1, '{}')",
                (at, page),
            )
            .unwrap();
        }
        (folder, ledger)
    }

    #[test]
    fn accepted_sends_and_no_event_since_are_silence() {
        let before = UnixMillis::of_hour(980).0;
        let (_folder, ledger) =
            ledger(&[21, 5, 0], &[(before, "1"), (before + 1, "1"), (UnixMillis::of_hour(999).0, "2")]);
        let silence = ledger.silence("1", NOW).unwrap().unwrap();
        assert_eq!(silence, Silence { accepted: 20, since: UnixMillis::of_hour(995) });
        assert_eq!(ledger.silence("2", NOW).unwrap(), None);
    }

    #[test]
    fn an_event_since_is_none_and_so_is_too_little_time() {
        let (_folder, told) = ledger(&[5], &[(UnixMillis::of_hour(970).0, "2"), (UnixMillis::of_hour(997).0, "1")]);
        assert_eq!(told.silence("1", NOW).unwrap(), None);
        let (_folder, fresh) = ledger(&[1, 0], &[]);
        assert_eq!(fresh.silence("1", NOW).unwrap(), None);
        let (_folder, old) = ledger(&[30], &[]);
        assert_eq!(old.silence("1", NOW).unwrap(), None);
        let (_folder, alone) = ledger(&[3], &[]);
        assert_eq!(alone.silence("1", NOW).unwrap().unwrap().accepted, 10);
    }
}
