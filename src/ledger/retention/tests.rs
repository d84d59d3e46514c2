use super::*;
use crate::ledger::broadcasts::{Broadcast, BroadcastKey, Which};
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::gate::PlanTerms;
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::state::State;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const DAY: i64 = 24 * 3_600_000;

fn ago(days: i64) -> UnixMillis {
    UnixMillis(NOW.0 - days * DAY)
}

fn open(ledger: &mut Ledger, campaign: &str) -> Broadcast {
    let key = BroadcastKey { split: None, page: "1", ad_account: "2", campaign, fingerprint: [7; 32], message: "{}" };
    ledger.open_broadcast(&key, Which::default(), "http://host", ago(90)).unwrap()
}

fn list(ledger: &Ledger, people: i64) -> Listing {
    let mut spool = Spool::new(ledger.folder()).unwrap();
    (0..people).for_each(|n| spool.add(&format!("token{n}"), Some(&format!("{{\"n\":\"{n:03}\"}}"))).unwrap());
    spool.finish().unwrap()
}

/// The listing, and how many rows had other values before.
fn plan(ledger: &mut Ledger, broadcast: &Broadcast, people: i64, at: UnixMillis) -> (i64, u64) {
    let (mut list, terms) = (list(ledger, people), PlanTerms { now: at, ..PlanTerms::default() });
    let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
    let planned = ledger.plan(broadcast, "list.csv", &mut list, terms, &mut |_, _| Ok(()), &mut watch).unwrap();
    (planned.listing, planned.changed_values)
}

/// All rows of a broadcast became this then.
fn settle(ledger: &Ledger, broadcast: i64, state: State, at: UnixMillis) {
    let conn = &ledger.conn;
    let settle = "update sends set state = ?2, finished_at = ?3, not_before = 0 where broadcast = ?1";
    conn.execute(settle, (broadcast, state, at)).unwrap();
}

fn run(ledger: &Ledger, broadcast: i64, ended_at: Option<UnixMillis>) {
    let insert = "insert into runs (uuid, broadcast, host, pid, started_at, ended_at) values (?1, ?2, '-', 1, 1, ?3)";
    let uuid = format!("{broadcast} {ended_at:?}");
    ledger.conn.execute(insert, (uuid, broadcast, ended_at)).unwrap();
}

fn count(ledger: &Ledger, sql: &str) -> i64 {
    ledger.conn.query_row(sql, (), |row| row.get(0)).unwrap()
}

fn dropped(drop: impl FnOnce(&mut Watch<'_>) -> Result<u64>) -> u64 {
    drop(&mut Watch { progress: &mut |_| {}, stop: &|| false }).unwrap()
}

on_both! {
    fn values_go_with_what_was_accepted_long_ago_and_stay_with_all_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let states = [
            (State::Accepted, ago(60)),
            (State::Accepted, ago(10)),
            (State::Refused, ago(60)),
            (State::Skipped, ago(60)),
            (State::Unknown, ago(60)),
            (State::Pending, ago(60)),
        ];
        for (n, (state, at)) in (1..).zip(states) {
            let broadcast = open(&mut ledger, &n.to_string());
            plan(&mut ledger, &broadcast, 9, ago(80));
            settle(&ledger, broadcast.id, state, at);
        }
        let before = ago(30);
        let old = ledger.values_before(before).unwrap();
        assert_eq!(old, Old { rows: 9, bytes: 9 * 11, oldest: Some(ago(60)) });
        let mut stopped = Watch { progress: &mut |_| {}, stop: &|| true };
        assert!(matches!(ledger.drop_values_before(before, &mut stopped), Err(Error::RetentionStopped)));
        assert_eq!(dropped(|watch| ledger.drop_values_before(before, watch)), 9);
        assert_eq!(ledger.values_before(before).unwrap(), Old::default());
        assert_eq!(count(&ledger, "select count(*) from sends where row_values is null"), 9);
        assert_eq!(
            count(&ledger, "select count(*) from sends s join broadcasts b on b.id = s.broadcast where s.row_values is null and b.campaign = '1'"),
            9
        );
        assert_eq!(count(&ledger, "select count(*) from recipients"), 9);
    }
}

on_both! {
    fn rows_of_a_list_go_once_its_broadcast_is_over_and_the_same_list_is_planned_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        // Over; worked on since; at work; with a row that waits.
        for (n, (ended, state)) in (1..).zip([
            (Some(ago(60)), State::Accepted),
            (Some(ago(10)), State::Accepted),
            (None, State::Accepted),
            (Some(ago(60)), State::Pending),
        ]) {
            let broadcast = open(&mut ledger, &n.to_string());
            plan(&mut ledger, &broadcast, 12, ago(80));
            settle(&ledger, broadcast.id, state, ago(60));
            run(&ledger, broadcast.id, ended);
        }
        let before = ago(30);
        assert_eq!(ledger.listings_before(before).unwrap(), Old { rows: 12, bytes: 12 * 16, oldest: Some(ago(80)) });
        assert_eq!(ledger.listings_before(ago(85)).unwrap(), Old::default());
        let mut stopped = Watch { progress: &mut |_| {}, stop: &|| true };
        assert!(matches!(ledger.drop_listings_before(before, &mut stopped), Err(Error::RetentionStopped)));
        assert_eq!(dropped(|watch| ledger.drop_values_before(before, watch)), 36);
        assert_eq!(dropped(|watch| ledger.drop_listings_before(before, watch)), 12);
        assert_eq!(dropped(|watch| ledger.drop_listings_before(before, watch)), 0);
        let rows = "select count(*) from listing_rows";
        assert_eq!(count(&ledger, rows), 36);
        let over = open(&mut ledger, "1");
        let first = count(&ledger, "select min(id) from listings");
        let (again, changed) = plan(&mut ledger, &over, 12, ago(1));
        assert_eq!((again == first, changed), (false, 0));
        let held = format!(
            "select count(*) from listing_rows l join sends s on s.id = l.send where l.listing = {again} and s.state = 2"
        );
        assert_eq!(count(&ledger, &held), 12);
        // Of what was sent, and has its values, they still count.
        let other = open(&mut ledger, "4");
        let mut spool = Spool::new(ledger.folder()).unwrap();
        spool.add("token0", Some("{\"n\":\"else\"}")).unwrap();
        let terms = PlanTerms { now: ago(1), ..PlanTerms::default() };
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        let planned =
            ledger.plan(&other, "other.csv", &mut spool.finish().unwrap(), terms, &mut |_, _| Ok(()), &mut watch).unwrap();
        assert_eq!(planned.changed_values, 1);
    }
}

on_both! {
    fn audiences_go_that_were_neither_filled_nor_used_since() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        for (name, filled) in [("old", ago(60)), ("used", ago(60)), ("chosen", ago(60)), ("new", ago(10))] {
            let mut list = list(&ledger, 5);
            let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
            ledger.import_audience("1", name, "list.csv", &mut list, filled, &mut watch).unwrap();
        }
        let broadcast = open(&mut ledger, "1");
        for (hash, source, at) in [
            ([1_u8], "audience used", ago(10)),
            ([2], "audience chosen: clicked", ago(10)),
            ([3], "audience old", ago(50)),
            ([4], "audience olds", ago(1)),
        ] {
            let insert = "insert into listings (broadcast, source, rows, rows_hash, created_at) values (?1, ?2, 1, ?3, ?4)";
            ledger.conn.execute(insert, (broadcast.id, source, hash, at)).unwrap();
        }
        let old = ledger.audiences_before(ago(30)).unwrap();
        let told: Vec<_> =
            old.iter().map(|one| (one.page.as_str(), one.name.as_str(), one.recipients, one.bytes, one.filled_at)).collect();
        assert_eq!(told, [("1", "old", 5, 5 * (16 + 11), ago(60))]);
        assert_eq!(dropped(|watch| ledger.drop_audiences_before(ago(30), watch)), 5);
        let names: Vec<_> = ledger.audiences("1").unwrap().into_iter().map(|one| one.audience).collect();
        assert_eq!(names, ["chosen", "new", "used"]);
        assert_eq!(count(&ledger, "select count(*) from recipients"), 5);
    }
}
