use super::*;
use crate::ledger::cluster::Database;
use crate::ledger::database::Watch;
use crate::ledger::database::tests::address;
use crate::ledger::error::Error;
use crate::ledger::events::old::Old;

fn at(text: &str) -> UnixMillis {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn of(kind: Kind, token: &str, occurred_at: Option<UnixMillis>) -> Event {
    let facts = Facts {
        page: Some("104".to_owned()),
        token: Some(token.to_owned()),
        campaign: Some(CAMPAIGN.to_owned()),
        occurred_at,
        raw: format!("{{\"{token}\":{occurred_at:?}}}"),
        ..Facts::default()
    };
    Event::new(kind, facts)
}

fn store_at(ledger: &mut Ledger, events: &[Event], now: UnixMillis) -> EventCounts {
    let (mut left, mut counts) = (events.iter(), EventCounts::default());
    loop {
        let (stored, more) = ledger.store_events(&mut || left.next(), "optins", now).unwrap();
        counts.add(&stored);
        if !more {
            return counts;
        }
    }
}

fn drop_before(ledger: &mut Ledger, before: UnixMillis) -> u64 {
    ledger.drop_events_before(before, &mut Watch { progress: &mut |_| {}, stop: &|| false }).unwrap()
}

const STAGE: Kind = Kind::Stage(Stage::Delivered);

on_both! {
fn old_events_go_and_what_they_said_stays() {
    let (_folder, mut ledger) = ledger();
    let (august, november) = (at("2026-08-20T12:00:00Z"), at("2026-11-20T12:00:00Z"));
    put(&ledger, &send(1, "reached", State::Accepted, august.0 - HOUR, None));
    put(&ledger, &send(1, "claimed", State::Claimed, august.0 - HOUR, None));
    let old = [
        of(STAGE, "reached", Some(august)),
        of(STAGE, "claimed", Some(august)),
        of(Kind::Policy, "page", Some(august)),
        of(Kind::Upload, "no time", None),
    ];
    let counts = store_at(&mut ledger, &old, august);
    assert_eq!((counts.new, counts.waiting), (4, 1));
    // Many, so that it takes several parts; one came late, and one says that it is of next year.
    let many: Vec<Event> = (0..2500).map(|n| of(STAGE, &format!("stranger {n}"), Some(UnixMillis(august.0 + n)))).collect();
    store_at(&mut ledger, &many, august);
    let late_at = at("2026-07-31T23:59:59Z");
    let late = [
        of(STAGE, "late", Some(late_at)),
        of(STAGE, "odd", Some(at("2027-05-01T00:00:00Z"))),
        of(STAGE, "new", Some(november)),
        of(Kind::Upload, "no time yet", None),
    ];
    store_at(&mut ledger, &late, november);
    let before = at("2026-09-01T00:00:00Z");
    let marks = "select delivered_at from sends where delivered_at is not null";
    let marked = dump(&ledger, marks);
    assert_eq!(marked.len(), 1);
    let Old { rows, bytes, oldest } = ledger.events_before(before).unwrap();
    assert_eq!((rows, oldest), (2503, Some(late_at)));
    assert!((2503 * 20..2503 * 50).contains(&bytes), "{bytes}");
    let mut stopped = Watch { progress: &mut |_| {}, stop: &|| true };
    assert!(matches!(ledger.drop_events_before(before, &mut stopped), Err(Error::RetentionStopped)));
    let left = ledger.events_before(before).unwrap().rows;
    assert_eq!(drop_before(&mut ledger, before), left);
    assert_eq!(ledger.events_before(before).unwrap(), Old::default());
    assert_eq!(drop_before(&mut ledger, before), 0);
    assert_eq!(dump(&ledger, marks), marked);
    let left = "select r.token from events e left join recipients r on r.id = e.recipient order by e.id";
    assert_eq!(dump(&ledger, left).len(), 5, "{:?}", dump(&ledger, left));
    assert_eq!(dump(&ledger, "select count(*) from events where kind = 8 or how = 3"), [["Integer(2)"]]);
    // Its answer still finds it.
    ledger.conn.execute("update sends set state = ?1 where state = ?2", (State::Accepted, State::Claimed)).unwrap();
    assert_eq!(ledger.judge_waiting_events(november).unwrap().inferred, 1);
    assert_eq!(dump(&ledger, marks).len(), 2);
}
}

/// The partitions, and how many events are in each.
fn partitions(ledger: &Ledger) -> Vec<(String, i64)> {
    let mut statement = ledger
        .conn
        .prepare_cached("select relid::regclass::text from pg_partition_tree('events') where isleaf order by 1")
        .unwrap();
    let names: Vec<String> = statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count =
        |name: &str| ledger.conn.query_row(&format!("select count(*) from {name}"), (), |row| row.get(0)).unwrap();
    names.iter().map(|name| (name.clone(), count(name))).filter(|(_, rows)| *rows > 0).collect()
}

fn on_server() -> (Database, Ledger) {
    let database = Database::new();
    let ledger = Ledger::open(address(&database)).unwrap().0;
    (database, ledger)
}

#[test]
fn months_are_made_ahead_on_a_server_and_an_event_is_in_its_month() {
    let (database, mut ledger) = on_server();
    let (now, next) = (at("2031-01-31T23:59:59.999Z"), at("2031-02-01T00:00:00Z"));
    // An event that is told before its month has a partition is moved when it gets one, and is still known.
    let early = of(STAGE, "early", Some(at("2031-04-10T00:00:00Z")));
    let events =
        [of(STAGE, "now", Some(now)), of(STAGE, "next", Some(next)), early.clone(), of(Kind::Upload, "no time", None)];
    store_at(&mut ledger, &events, now);
    let at_first = [("events_2031_01", 1), ("events_2031_02", 1), ("events_rest", 2)];
    assert_eq!(partitions(&ledger), at_first.map(|(name, rows)| (name.to_owned(), rows)));
    assert_eq!(store_at(&mut ledger, &events, next).duplicates, 4);
    let moved = [("events_2031_01", 1), ("events_2031_02", 1), ("events_2031_04", 1), ("events_rest", 1)];
    assert_eq!(partitions(&ledger), moved.map(|(name, rows)| (name.to_owned(), rows)));
    // A month is dropped when it was over; what has no time of its own has that of its arrival.
    assert_eq!(drop_before(&mut ledger, UnixMillis(next.0 + HOUR)), 2);
    assert_eq!(
        database.ask("select to_regclass('events_2031_01') is null, to_regclass('events_2031_02') is null"),
        "t|f"
    );
    assert_eq!(drop_before(&mut ledger, UnixMillis(next.0 - 1)), 0);
}

#[test]
fn marks_of_a_send_are_in_no_index_of_a_server() {
    let (database, mut ledger) = on_server();
    let indexed = "select indexdef from pg_indexes where indexdef ~ '(echoed|delivered|read|clicked)_at'";
    assert_eq!(database.ask(indexed), "");
    ledger
        .conn
        .execute_batch(
            "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
             values (1, '104', '9', 'c1', '', '{}', 0)",
        )
        .unwrap();
    let now = at("2026-11-20T12:00:00Z");
    for token in ["a", "b", "c"] {
        put(&ledger, &send(1, token, State::Accepted, now.0 - HOUR, None));
        store_at(&mut ledger, &[of(STAGE, token, Some(now))], now);
    }
    drop(ledger);
    // The server counts what a session did when that is over.
    let counted = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'sends'";
    let begin = std::time::Instant::now();
    while database.ask(counted) != "3|3" {
        assert!(begin.elapsed() < Duration::from_secs(60), "{}", database.ask(counted));
        std::thread::sleep(Duration::from_millis(20));
    }
}
