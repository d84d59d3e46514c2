//! Every Page of the ledger at a glance: what waits, what is unknown, what happened today.
//!
//! All of it is read from sums and from the head of each broadcast's pending rows, so that it takes no longer with more sends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::database::Ledger;
use super::error::Result;
use super::events::stage::Stage;
use super::sql::{sql, unsigned};
use super::state::State;
use super::tally::What;
use crate::clock::UnixMillis;

/// How far back an hour is looked for in which a webhook came.
const HEARD_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);

/// One Page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Campaigns with rows that are pending or claimed.
    pub campaigns: u64,
    pub pending: u64,
    /// When the first pending row may go out.
    pub next_due: Option<UnixMillis>,
    pub unknown: u64,
    pub accepted_today: u64,
    pub refused_today: u64,
    /// The last hour in which something was heard of a message.
    pub heard_at: Option<UnixMillis>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overviews {
    pub pages: BTreeMap<String, Overview>,
    /// What Meta said was spent on the day that has begun, in the currency's smallest unit; of ad accounts of which it was asked.
    pub spent_today: BTreeMap<String, u64>,
}

impl Ledger {
    /// Every Page with a broadcast. `today` says when the day of a Page began; a day's first hour counts as a whole.
    pub fn overview(&self, now: UnixMillis, today: &dyn Fn(&str) -> UnixMillis) -> Result<Overviews> {
        self.snapshot(|conn| {
            let mut all = Overviews::default();
            let mut pages: HashMap<i64, (String, String)> = HashMap::new();
            let mut next: HashMap<i64, UnixMillis> = HashMap::new();
            let mut statement = conn.prepare_cached(sql!(
                "select b.id, b.page, b.campaign,
                   (select s.not_before from sends s join listings l on l.id = s.listing
                    where s.broadcast = b.id and s.state = {pending} and l.planned_at is not null order by s.not_before limit 1)
                 from broadcasts b"
            ))?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                let (id, page): (i64, String) = (row.get(0)?, row.get(1)?);
                if let Some(at) = row.get::<Option<i64>>(3)? {
                    next.insert(id, UnixMillis(at));
                }
                all.pages.entry(page.clone()).or_default();
                pages.insert(id, (page, row.get(2)?));
            }
            let mut active: BTreeSet<&(String, String)> = BTreeSet::new();
            let mut statement =
                conn.prepare_cached("select broadcast, state, cast(sum(n) as bigint) from states group by broadcast, state")?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                let (id, state, n): (i64, State, u64) = (row.get(0)?, row.get(1)?, unsigned(row.get(2)?));
                let Some(of) = pages.get(&id).filter(|_| n > 0) else { continue };
                let overview = all.pages.entry(of.0.clone()).or_default();
                match state {
                    State::Pending => overview.pending += n,
                    State::Unknown => overview.unknown += n,
                    State::Claimed | State::Accepted | State::Refused | State::Skipped => {}
                }
                if matches!(state, State::Pending | State::Claimed) && active.insert(of) {
                    overview.campaigns += 1;
                }
                if let (State::Pending, Some(at)) = (state, next.get(&id)) {
                    overview.next_due = Some(overview.next_due.map_or(*at, |other| other.min(*at)));
                }
            }
            let [accepted, refused] = [State::Accepted, State::Refused].map(|state| What::State(state).name());
            let [echoed, delivered, read, clicked, failed] = Stage::ALL.map(|stage| What::Stage(stage).name());
            let mut statement = conn.prepare_cached(
                "select c.broadcast, c.hour, c.what, cast(sum(c.n) as bigint)
                 from broadcasts b join counters c on c.broadcast = b.id
                 where c.hour >= ?1 and c.what in (?2, ?3, ?4, ?5, ?6, ?7, ?8) group by c.broadcast, c.hour, c.what",
            )?;
            let from = now.minus(HEARD_WITHIN).hour();
            let mut rows = statement.query((from, accepted, refused, echoed, delivered, read, clicked, failed))?;
            while let Some(row) = rows.next()? {
                let (id, hour, n): (i64, i64, u64) = (row.get(0)?, row.get(1)?, unsigned(row.get(3)?));
                let Some((page, _)) = pages.get(&id).filter(|_| n > 0) else { continue };
                let overview = all.pages.entry(page.clone()).or_default();
                let is_today = hour >= today(page).hour();
                match row.text(2)?.and_then(What::of_name) {
                    Some(What::State(State::Accepted)) if is_today => overview.accepted_today += n,
                    Some(What::State(State::Refused)) if is_today => overview.refused_today += n,
                    Some(What::Stage(_)) => overview.heard_at = overview.heard_at.max(Some(UnixMillis::of_hour(hour))),
                    _ => {}
                }
            }
            // The day of an account began in the last 24 hours, whatever its zone; one of 25 hours is a little short.
            let mut statement = conn.prepare_cached(
                "select ad_account, spent from spending where day > ?1 and day <= ?2 order by ad_account, day",
            )?;
            let mut rows = statement.query((now.minus(Duration::from_secs(24 * 3600)), now))?;
            while let Some(row) = rows.next()? {
                all.spent_today.insert(row.get(0)?, unsigned(row.get(1)?) / 1000);
            }
            Ok(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::tests::engine::on_both;

    on_both! {
        fn pages_are_counted_apart_and_today_is_each_ones_own() {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::in_memory(folder.path());
            let conn = &ledger.conn;
            let now = UnixMillis::of_hour(1000);
            for (id, page, campaign) in [(1, "1", "a"), (2, "1", "a"), (3, "1", "b"), (4, "2", "c"), (5, "3", "d")] {
                conn.execute(
                    "insert into broadcasts (id, page, ad_account, campaign, fingerprint, repeat, message, created_at)
                     values (?1, ?2, 'act_1', ?3, ?4, 0, '{}', 0)",
                    (id, page, campaign, [u8::try_from(id).unwrap_or(0)]),
                )
                .unwrap();
            }
            for (broadcast, state, n) in
                [(1, State::Pending, 2), (2, State::Claimed, 1), (3, State::Accepted, 9), (4, State::Unknown, 3), (4, State::Pending, 0)]
            {
                conn.execute("insert into states (broadcast, state, n) values (?1, ?2, ?3)", (broadcast, state, n)).unwrap();
            }
            conn.execute(
                "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (1, 1, '-', 2, ?1, 0, 1)",
                [[0_u8]],
            )
            .unwrap();
            for (id, not_before) in [(1, 70), (2, 50)] {
                conn.execute(
                    "insert into sends (id, broadcast, recipient, listing, state, not_before) values (?1, 1, ?1, 1, ?2, ?3)",
                    (id, State::Pending, not_before),
                )
                .unwrap();
            }
            for (broadcast, hour, what, n) in [
                (1, 999, "accepted", 5),
                (1, 990, "accepted", 7),
                (3, 999, "refused", 1),
                (3, 995, "delivered", 4),
                (3, 998, "read", 0),
                (4, 990, "refused", 2),
                (5, 100, "delivered", 1),
            ] {
                conn.execute("insert into counters (broadcast, hour, what, n) values (?1, ?2, ?3, ?4)", (broadcast, hour, what, n))
                    .unwrap();
            }
            for (day, spent) in [(now.0 - 25 * 3_600_000, 1000_i64), (now.0 - 3_600_000, 12_345_678)] {
                conn.execute("insert into spending (ad_account, day, spent) values ('act_1', ?1, ?2)", (day, spent)).unwrap();
            }
            let today = |page: &str| UnixMillis::of_hour(if page == "2" { 990 } else { 995 });
            let all = ledger.overview(now, &today).unwrap();
            let first = Overview {
                campaigns: 1,
                pending: 2,
                next_due: Some(UnixMillis(50)),
                unknown: 0,
                accepted_today: 5,
                refused_today: 1,
                heard_at: Some(UnixMillis::of_hour(995)),
            };
            assert_eq!(all.pages["1"], first);
            assert_eq!(all.pages["2"], Overview { unknown: 3, refused_today: 2, ..Overview::default() });
            assert_eq!(all.pages["3"], Overview::default(), "too long ago");
            assert_eq!(all.spent_today, BTreeMap::from([("act_1".to_owned(), 12_345)]));
        }
    }
}
