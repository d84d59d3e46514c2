use std::time::Duration;

use super::*;
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::key::key;
use crate::ledger::state::State;
use crate::ledger::tally::Tally;
use crate::ledger::unknown::Resolution;

mod choices;
mod old;
mod orders;
mod receivers;

const HOUR: i64 = 3_600_000;
const CAMPAIGN: &str = "c1";

fn ledger() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::in_memory(folder.path());
    for (id, campaign, fingerprint) in [(1, "c1", [1_u8]), (2, "c1", [2]), (3, "c2", [1])] {
        let insert = "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
            values (?1, '104', '9', ?2, ?3, '{}', 0)";
        ledger.conn.execute(insert, (id, campaign, fingerprint)).unwrap();
    }
    (folder, ledger)
}

struct Send {
    broadcast: i64,
    token: &'static str,
    state: State,
    claimed_at: Option<i64>,
    tracking_id: Option<&'static str>,
    reason: Option<&'static str>,
}

fn send(broadcast: i64, token: &'static str, state: State, claimed_at: i64, tracking_id: Option<&'static str>) -> Send {
    Send { broadcast, token, state, claimed_at: Some(claimed_at), tracking_id, reason: None }
}

fn put(ledger: &Ledger, send: &Send) -> i64 {
    let conn = &ledger.conn;
    conn.execute(
        "insert into recipients (key, token, page, blocked_until) values (?1, ?2, '104', 50000000) on conflict do nothing",
        (key(send.token), send.token),
    )
    .unwrap();
    let insert = "insert into sends (broadcast, recipient, listing, state, claimed_at, finished_at, tracking_id, reason, attempts)
         values (?1, (select id from recipients where key = ?2), 1, ?3, ?4, ?4, ?5, ?6, 1) returning id";
    let values = (send.broadcast, key(send.token), send.state, send.claimed_at, send.tracking_id, send.reason);
    let id = conn.query_row(insert, values, |row| row.get(0)).unwrap();
    let mut tally = Tally::default();
    tally.rows(send.broadcast, send.state, 1);
    tally.write(conn).unwrap();
    id
}

fn event(stage: Stage, token: &str, tracking_id: Option<&str>, at: i64) -> Event {
    let facts = Facts {
        page: Some("104".to_owned()),
        token: Some(token.to_owned()),
        campaign: Some(CAMPAIGN.to_owned()),
        tracking_id: tracking_id.map(str::to_owned),
        occurred_at: Some(UnixMillis(at)),
        words: (stage == Stage::Failed).then(|| "gone".to_owned()),
        raw: "{\"error_message\":\"gone\"}".to_owned(),
        ..Facts::default()
    };
    Event::new(Kind::Stage(stage), facts)
}

fn choice(token: &str, stop: Option<bool>, at: i64) -> Event {
    let facts = Facts {
        page: Some("104".to_owned()),
        token: Some(token.to_owned()),
        occurred_at: Some(UnixMillis(at)),
        opt_in: Some(OptIn { stop, expires_at: Some(UnixMillis(at + 100 * HOUR)), ..OptIn::default() }),
        raw: format!("{token}{stop:?}{at}"),
        ..Facts::default()
    };
    Event::new(Kind::OptIn, facts)
}

/// Stores events in transactions of `part` at most.
fn store(ledger: &mut Ledger, events: &[Event], part: usize) -> EventCounts {
    let mut tally = EventCounts::default();
    for part in events.chunks(part.max(1)) {
        let mut left = part.iter();
        loop {
            let (stored, more) = ledger.store_events(&mut || left.next(), "optins", UnixMillis(90 * HOUR)).unwrap();
            tally.add(&stored);
            if !more {
                break;
            }
        }
    }
    tally
}

fn dump(ledger: &Ledger, sql: &str) -> Vec<Vec<String>> {
    let mut statement = ledger.conn.prepare_cached(sql).unwrap();
    statement.query_map((), |row| Ok(row.words())).unwrap().map(Result::unwrap).collect()
}

/// Everything that events may change, without what only names rows.
fn picture(ledger: &Ledger) -> Vec<Vec<String>> {
    [
        "select id, state, reason, not_before, finished_at, echoed_at, delivered_at, read_at, clicked_at, failed_at, failure,
                attribution from sends order by id",
        "select broadcast, hour, what, n from counters where n <> 0 order by 1, 2, 3",
        "select broadcast, state, n from states where n <> 0 order by 1, 2",
        "select key, blocked_until, suppressed, suppressed_at, opt_at, opted_out, optin_at, expires_at from recipients order by key",
        "select key, kind, send, how, occurred_at from events order by key",
        "select a.name, a.rows, r.key from audience_rows m join audiences a on a.id = m.audience
           join recipients r on r.id = m.recipient order by 1, 3",
    ]
    .iter()
    .flat_map(|sql| dump(ledger, sql))
    .collect()
}

fn text(ledger: &Ledger, sql: &str) -> String {
    let rows = dump(ledger, sql);
    let show = |word: &String| match word.split_once('(') {
        None => "-".to_owned(),
        Some((_, inner)) => inner.trim_end_matches(')').trim_matches('"').replace("\\\"", "\""),
    };
    rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

on_both! {
fn a_told_stage_stands_on_the_send_and_in_the_counters() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, Some("t1")));
    let events = [
        event(Stage::Read, "anna", Some("t1"), 2 * HOUR),
        event(Stage::Delivered, "anna", Some("t1"), HOUR + 3000),
        event(Stage::Clicked, "anna", None, 2 * HOUR + 5),
        event(Stage::Read, "anna", Some("t1"), 2 * HOUR),
    ];
    let tally = store(&mut ledger, &events, 100);
    assert_eq!((tally.new, tally.duplicates, tally.exact, tally.inferred), (3, 1, 2, 1));
    assert_eq!(
        text(&ledger, "select delivered_at, read_at, clicked_at, failed_at, attribution from sends"),
        format!("{} {} {} - -eei-", HOUR + 3000, 2 * HOUR, 2 * HOUR + 5)
    );
    assert_eq!(
        text(&ledger, "select hour, what, n from counters order by what"),
        format!(
            "1 after.clicked.{slow} 1\n1 after.delivered.12 1\n1 after.read.{slow} 1\n2 clicked 1\n1 delivered 1\n\
             1 how.clicked.inferred 1\n1 of.clicked 1\n1 of.delivered 1\n1 of.read 1\n2 read 1",
            slow = bucket_of(HOUR)
        )
    );
}
}

on_both! {
fn what_proves_a_send_settles_its_doubt_and_leaves_the_cool_down() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Unknown, HOUR, None));
    let tally = store(&mut ledger, &[event(Stage::Echoed, "anna", Some("t9"), HOUR + 1000)], 1);
    assert_eq!((tally.settled, tally.inferred), (1, 1));
    assert_eq!(text(&ledger, "select state, reason, finished_at from sends"), format!("2 evidence {HOUR}"));
    assert_eq!(text(&ledger, "select state, n from states where n <> 0"), "2 1");
    assert_eq!(text(&ledger, "select blocked_until from recipients"), "50000000");
    assert_eq!(text(&ledger, "select n from counters where what in ('accepted', 'settled')"), "1\n1");
}
}

on_both! {
fn what_may_come_from_another_send_settles_nothing() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, Some("t1")));
    put(&ledger, &send(2, "anna", State::Unknown, 14 * HOUR, None));
    // Its own tracking id, no tracking id at all, and a time before the doubt.
    let tally = store(
        &mut ledger,
        &[
            event(Stage::Delivered, "anna", Some("t1"), 15 * HOUR),
            event(Stage::Clicked, "anna", None, 15 * HOUR),
            event(Stage::Failed, "anna", None, 2 * HOUR),
        ],
        9,
    );
    assert_eq!((tally.exact, tally.ambiguous, tally.inferred, tally.settled), (1, 1, 1, 0));
    assert_eq!(text(&ledger, "select state, clicked_at from sends order by id"), format!("2 -\n5 {}", 15 * HOUR));
    // Another tracking id can only be the one in doubt.
    let tally = store(&mut ledger, &[event(Stage::Delivered, "anna", Some("t2"), 15 * HOUR)], 1);
    assert_eq!((tally.inferred, tally.settled), (1, 1));
}
}

on_both! {
fn an_event_knows_better_than_a_person_who_said_not_sent() {
    let (_folder, mut ledger) = ledger();
    let mut row = send(1, "anna", State::Pending, HOUR, None);
    row.reason = Some("resolved");
    put(&ledger, &row);
    put(&ledger, &send(1, "bert", State::Pending, HOUR, None));
    put(&ledger, &send(1, "cleo", State::Refused, HOUR, None));
    let events = ["anna", "bert", "cleo", "dora"].map(|token| event(Stage::Echoed, token, None, HOUR + 1));
    let tally = store(&mut ledger, &events, 9);
    assert_eq!((tally.settled, tally.foreign), (1, 3));
    assert_eq!(text(&ledger, "select state from sends order by id"), "2\n0\n3");
    assert_eq!(text(&ledger, "select cast(sum(n) as bigint) from counters where what = 'foreign'"), "3");
}
}

on_both! {
fn an_event_knows_better_even_when_the_row_was_put_off_or_closed_since() {
    type Deed<'d> = &'d dyn Fn(&mut Ledger);
    let put_off = |ledger: &mut Ledger| {
        ledger.conn.execute("update sends set reason = 'cooling_down', not_before = 99", ()).unwrap();
    };
    let close = |ledger: &mut Ledger| assert!(ledger.close_broadcast(1, UnixMillis(9 * HOUR)).is_ok());
    let nothing = |_: &mut Ledger| {};
    // What happens before a person says that it was not sent, and after.
    let cases: [(Deed<'_>, Deed<'_>, &str); 3] =
        [(&nothing, &put_off, "0 cooling_down"), (&nothing, &close, "4 closed"), (&close, &nothing, "4 closed")];
    for (before, after, waits) in cases {
        let (_folder, mut ledger) = ledger();
        let id = put(&ledger, &send(1, "anna", State::Unknown, HOUR, None));
        before(&mut ledger);
        ledger.resolve_unknown(&[id], Resolution::NotSent, UnixMillis(9 * HOUR)).unwrap();
        after(&mut ledger);
        assert_eq!(text(&ledger, "select state, reason from sends"), waits);
        let tally = store(&mut ledger, &[event(Stage::Echoed, "anna", None, HOUR + 1)], 1);
        assert_eq!((tally.settled, tally.foreign), (1, 0), "{waits}");
        assert_eq!(text(&ledger, "select state, reason from sends"), "2 evidence");
    }
}
}

on_both! {
fn an_event_before_the_answer_waits_and_is_judged_by_it() {
    for (outcome, tracking_id, wanted) in [
        (State::Accepted, Some("t1"), "2 e---- 0"),
        (State::Accepted, None, "2 i---- 1"),
        (State::Unknown, None, "2 i---- 1"),
        (State::Refused, None, "3 - 4"),
        (State::Accepted, Some("other"), "2 - 4"),
    ] {
        let (_folder, mut ledger) = ledger();
        let id = put(&ledger, &send(1, "anna", State::Claimed, HOUR, None));
        let tally = store(&mut ledger, &[event(Stage::Echoed, "anna", Some("t1"), HOUR)], 1);
        assert_eq!(tally.waiting, 1);
        assert_eq!(ledger.judge_waiting_events(UnixMillis(0)).unwrap().waiting, 1);
        ledger
            .conn
            .execute("update sends set state = ?2, tracking_id = ?3 where id = ?1", (id, outcome, tracking_id))
            .unwrap();
        assert_eq!(ledger.judge_waiting_events(UnixMillis(0)).unwrap().waiting, 0);
        assert_eq!(text(&ledger, "select s.state, s.attribution, e.how from sends s, events e"), wanted);
    }
}
}

on_both! {
fn many_who_wait_are_all_judged() {
    let (_folder, mut ledger) = ledger();
    let tokens: Vec<&'static str> = (0..1203).map(|n| &*format!("p{n}").leak()).collect();
    for token in &tokens {
        put(&ledger, &send(1, token, State::Claimed, HOUR, None));
    }
    let events: Vec<Event> = tokens.iter().map(|token| event(Stage::Echoed, token, None, HOUR)).collect();
    assert_eq!(store(&mut ledger, &events, 5000).waiting, 1203);
    ledger.conn.execute("update sends set state = 2 where id % 3 <> 0", ()).unwrap();
    assert_eq!(ledger.judge_waiting_events(UnixMillis(0)).unwrap().inferred, 802);
    assert_eq!(text(&ledger, "select count(*) from events where how = 3"), "401");
}
}

on_both! {
fn a_stop_suppresses_a_resume_lifts_and_an_operators_word_stands() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, None));
    ledger.conn.execute("update recipients set suppressed = 'suppressed', suppressed_at = 1", ()).unwrap();
    store(
        &mut ledger,
        &[
            choice("anna", Some(true), 5),
            choice("anna", Some(false), 6),
            choice("bert", Some(true), 5),
            choice("cleo", Some(true), 5),
            choice("cleo", Some(false), 6),
            choice("dora", None, 5),
        ],
        2,
    );
    assert_eq!(
        text(&ledger, "select token, suppressed from recipients order by token"),
        "anna suppressed\nbert opted_out\ncleo -\ndora -"
    );
    assert_eq!(text(&ledger, "select name, rows from audiences"), "optins 3");
}
}

on_both! {
fn an_opt_in_lifts_an_expiry_that_is_older() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, None));
    for (suppressed_at, left) in [(5, "-"), (7, "expired")] {
        ledger
            .conn
            .execute(
                "update recipients set suppressed = 'expired', suppressed_at = ?1 where token = 'anna'",
                [suppressed_at],
            )
            .unwrap();
        store(&mut ledger, &[choice("anna", None, 6 - i64::from(suppressed_at == 5))], 1);
        assert_eq!(text(&ledger, "select suppressed from recipients"), left);
    }
}
}

on_both! {
fn without_its_campaign_an_event_needs_the_tracking_id() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(3, "anna", State::Accepted, HOUR, Some("t1")));
    put(&ledger, &send(1, "bert", State::Unknown, HOUR, None));
    let nameless = |token: &str, tracking_id: Option<&str>| {
        let mut facts = event(Stage::Read, token, tracking_id, 2 * HOUR).facts;
        facts.campaign = None;
        Event::new(Kind::Stage(Stage::Read), facts)
    };
    let events = [
        nameless("anna", Some("t1")),
        nameless("anna", None),
        nameless("anna", Some("t2")),
        nameless("bert", Some("t3")),
    ];
    let tally = store(&mut ledger, &events, 9);
    assert_eq!((tally.exact, tally.inferred, tally.foreign, tally.settled), (1, 0, 3, 0));
    assert_eq!(text(&ledger, "select read_at from sends order by id"), format!("{}\n-", 2 * HOUR));
}
}

on_both! {
fn doubt_that_is_settled_is_taken_back_where_it_was_counted() {
    let (_folder, mut ledger) = ledger();
    let clock = crate::clock::Clock::system();
    let run = ledger.start_run(1, UnixMillis(HOUR), 8).unwrap();
    for token in ["anna", "bert", "cleo", "dora"] {
        let id = put(&ledger, &send(1, token, State::Claimed, HOUR, None));
        ledger.conn.execute("update sends set run = ?2 where id = ?1", (id, run.id)).unwrap();
    }
    drop(run);
    assert_eq!(ledger.bury_dead_runs(&clock, Duration::ZERO).unwrap(), 4);
    let doubt = "select hour, what, n from counters where n <> 0 order by what";
    assert_eq!(text(&ledger, doubt), "1 unknown 4");
    ledger.resolve_unknown(&[1], Resolution::Accepted, UnixMillis(9 * HOUR)).unwrap();
    ledger.resolve_unknown(&[2], Resolution::NotSent, UnixMillis(9 * HOUR)).unwrap();
    store(&mut ledger, &[event(Stage::Echoed, "cleo", None, 2 * HOUR)], 1);
    assert_eq!(
        text(&ledger, doubt),
        "1 accepted 2\n2 echoed 1\n1 how.echoed.inferred 1\n1 of.echoed 1\n1 settled 1\n1 unknown 1"
    );
    assert_eq!(text(&ledger, "select state, n from states where n <> 0 order by 1"), "0 1\n2 2\n5 1");
}
}

#[test]
fn a_persons_story_tells_what_no_send_of_theirs_does() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, 2 * HOUR, Some("t1")));
    ledger
        .conn
        .execute_batch(
            "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (1, 1, 'a.csv', 1, x'00', 1, 1)",
        )
        .unwrap();
    let mut stop = choice("anna", Some(true), 4 * HOUR);
    stop.facts.opt_in.as_mut().unwrap().status = Some("stop notifications".to_owned());
    let told = [
        stop,
        event(Stage::Delivered, "anna", Some("t1"), 3 * HOUR),
        event(Stage::Read, "anna", Some("elsewhere"), HOUR),
    ];
    store(&mut ledger, &told, 9);
    ledger.conn.execute("insert into sends (broadcast, recipient, listing) values (2, 1, 1)", ()).unwrap();
    let story = ledger.story("anna").unwrap().unwrap();
    let chapters: Vec<String> =
        story.chapters.iter().map(|chapter| format!("{}: {}", chapter.what, chapter.detail)).collect();
    assert_eq!(
        chapters,
        [
            "planned: a.csv",
            "planned: a.csv",
            "read: event of a send that is not in this ledger",
            "claimed: attempt 1",
            "accepted: tracking_id t1",
            "delivered: ",
            "suppressed: opted_out",
            "opt-in: stop notifications",
            "pending: ",
        ]
    );
}
