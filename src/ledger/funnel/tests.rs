use proptest::prelude::*;

use super::*;
use crate::ledger::events::{Event, Facts, Kind, Stage};
use crate::ledger::tally::{BY_HOUR, Tally};

struct Sent {
    broadcast: i64,
    person: usize,
    state: State,
    hour: i64,
    code: Option<i64>,
}

/// A ledger in memory with two broadcasts of one campaign and one of another, on two Pages.
fn ledger(sends: &[Sent]) -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::in_memory(folder.path());
    ledger
        .conn
        .execute_batch(
            "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
               values (1, '104', '9', 'c1', x'01', '{}', 0), (2, '104', '9', 'c1', x'02', '{}', 0),
                      (3, '105', '9', 'c2', x'01', '{}', 0);",
        )
        .unwrap();
    for sent in sends {
        put(&ledger.conn, sent);
    }
    (folder, ledger)
}

/// As the writer leaves it.
fn put(conn: &Conn, sent: &Sent) {
    let token = format!("p{}", sent.person);
    let key = crate::ledger::key::key(&token);
    conn.execute(
        "insert into recipients (key, token, page) values (?1, ?2, '104') on conflict do nothing",
        (key, &token),
    )
    .unwrap();
    let at = UnixMillis::of_hour(sent.hour).0 + 1000;
    let inserted = conn
        .execute(
            "insert into sends (broadcast, recipient, listing, state, claimed_at, finished_at, code)
             values (?1, (select id from recipients where key = ?2), 1, ?3, ?4, ?4, ?5) on conflict do nothing",
            (sent.broadcast, key, sent.state, at, sent.code),
        )
        .unwrap();
    if inserted == 0 {
        return;
    }
    let mut tally = Tally::default();
    tally.rows(sent.broadcast, sent.state, 1);
    tally.write(conn).unwrap();
    if sent.state == State::Accepted {
        conn.execute(
            "insert into counters values (?1, ?2, 'accepted', 1) on conflict do update set n = n + 1",
            (sent.broadcast, sent.hour),
        )
        .unwrap();
    }
}

fn tell(ledger: &mut Ledger, stage: Stage, campaign: &str, person: usize, at: i64) {
    let facts = Facts {
        token: Some(format!("p{person}")),
        campaign: Some(campaign.to_owned()),
        occurred_at: Some(UnixMillis(at)),
        words: (stage == Stage::Failed).then(|| format!("reason {}", person % 2)),
        raw: format!("{stage:?}{campaign}{person}{at}"),
        ..Facts::default()
    };
    let event = Event::new(Kind::Stage(stage), facts);
    let mut events = [&event].into_iter();
    ledger.store_events(&mut || events.next(), "optins", UnixMillis(at)).unwrap();
}

fn of_campaign(campaign: &str) -> Coverage {
    Coverage { campaign: Some(campaign.to_owned()), ..Coverage::default() }
}

fn range(from: i64, to: i64) -> Hours {
    Hours::between(Some(UnixMillis::of_hour(from)), Some(UnixMillis::of_hour(to)))
}

fn sent(broadcast: i64, person: usize, state: State, hour: i64) -> Sent {
    let code = (state == State::Refused).then_some(2_300_034);
    Sent { broadcast, person, state, hour, code }
}

#[test]
fn whole_hours_are_meant() {
    let at = |hour: i64, more: i64| Some(UnixMillis(UnixMillis::of_hour(hour).0 + more));
    assert_eq!(Hours::between(at(5, 1), at(7, 0)), Hours { from: 5, to: 7 });
    assert_eq!(Hours::between(at(6, -1), at(7, 1)), Hours { from: 5, to: 8 });
    assert_eq!(range(5, 7).since().zip(range(5, 7).until()), at(5, 0).zip(at(7, 0)));
    let all = Hours::between(None, None);
    assert!(all.is_all() && all.since().is_none() && all.until().is_none());
    assert!(!Hours::between(at(5, 0), None).is_all());
}

#[test]
fn a_range_of_hours_is_a_cohort() {
    let mut sends = vec![sent(1, 0, State::Accepted, 10), sent(1, 1, State::Accepted, 11)];
    sends.extend([sent(1, 2, State::Refused, 11), sent(1, 3, State::Unknown, 11), sent(1, 4, State::Pending, 0)]);
    let (_folder, mut ledger) = ledger(&sends);
    tell(&mut ledger, Stage::Delivered, "c1", 0, UnixMillis::of_hour(30).0);
    tell(&mut ledger, Stage::Failed, "c1", 1, UnixMillis::of_hour(30).0);
    let all = ledger.counted(&of_campaign("c1"), Hours::ALL).unwrap();
    let totals = all.totals();
    assert_eq!((totals.accepted, totals.refused, totals.unknown, totals.pending), (2, 1, 1, 1));
    assert_eq!(totals.reached, [0, 1, 0, 0, 1]);
    assert_eq!(totals.inferred, [0, 1, 0, 0, 1]);
    let early = ledger.counted(&of_campaign("c1"), range(0, 11)).unwrap();
    assert_eq!((early.totals().accepted, early.totals().reached), (1, [0, 1, 0, 0, 0]));
    assert_eq!((early.totals().pending, early.failures.len(), early.refusals.len()), (0, 0, 0));
    let late = ledger.counted(&of_campaign("c1"), range(11, 40)).unwrap();
    assert_eq!((late.totals().accepted, late.totals().reached), (1, [0, 0, 0, 0, 1]));
    assert_eq!(late.failures, HashMap::from([(Some("reason 1".to_owned()), 1)]));
    assert_eq!(late.refusals, BTreeMap::from([(Some(2_300_034), 1)]));
    // What happened in an hour is told, whenever the message was sent.
    assert_eq!(late.hours[&30].reached, [0, 1, 0, 0, 1]);
}

#[test]
fn coverage_narrows_and_others_stay_out() {
    let sends = [sent(1, 0, State::Accepted, 1), sent(2, 1, State::Accepted, 1), sent(3, 2, State::Accepted, 1)];
    let (_folder, ledger) = ledger(&sends);
    let ids = |coverage: Coverage| {
        let counted = ledger.counted(&coverage, Hours::ALL).unwrap();
        assert_eq!(counted.totals().accepted, counted.broadcasts.len() as u64);
        counted.broadcasts.iter().map(|one| (one.id, one.alone)).collect::<Vec<_>>()
    };
    let page = |page: &str| Coverage { page: Some(page.to_owned()), ..Coverage::default() };
    assert_eq!(ids(Coverage::default()), [(1, false), (2, false), (3, true)]);
    assert_eq!(ids(page("104")), [(1, false), (2, false)]);
    assert_eq!(ids(of_campaign("c2")), [(3, true)]);
    assert_eq!(ids(Coverage { broadcast: Some(2), ..Coverage::default() }), [(2, false)]);
    assert_eq!(ids(Coverage { ad_account: Some("8".to_owned()), ..page("104") }), []);
}

#[test]
fn a_run_is_at_work_while_its_lock_is_held() {
    let (_folder, mut ledger) = ledger(&[sent(1, 0, State::Accepted, 1)]);
    let run = ledger.start_run(1, UnixMillis(0), 8).unwrap();
    assert!(ledger.is_running(&[1, 2]).unwrap());
    assert!(!ledger.is_running(&[3]).unwrap());
    run.crash();
    assert!(!ledger.is_running(&[1, 2]).unwrap());
}

/// A report may not read sends beyond those that failed, were refused or are in doubt.
#[test]
fn no_question_scans() {
    let (_folder, ledger) = ledger(&[]);
    for sql in [FAILURES, REFUSALS, UNKNOWNS, BY_HOUR] {
        let plan = ledger.conn.plan(sql);
        assert!(plan[0].starts_with("SEARCH"), "{sql}\n{plan:?}");
    }
}

fn sends() -> impl Strategy<Value = Vec<(i64, usize, State, i64)>> {
    let state = proptest::sample::select(vec![State::Accepted, State::Accepted, State::Refused, State::Unknown]);
    proptest::collection::vec((1_i64..4, 0_usize..8, state, 0_i64..20), 0..30)
}

fn events() -> impl Strategy<Value = Vec<(Stage, bool, usize, i64)>> {
    let stage = proptest::sample::select(Stage::ALL.to_vec());
    proptest::collection::vec((stage, any::<bool>(), 0_usize..9, 0_i64..60), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn parts_add_up_to_the_whole(sends in sends(), events in events(), cut in 0_i64..22) {
        let sends: Vec<Sent> = sends.into_iter().map(|(broadcast, person, state, hour)| sent(broadcast, person, state, hour)).collect();
        let (_folder, mut ledger) = ledger(&sends);
        for (stage, first, person, hour) in events {
            tell(&mut ledger, stage, if first { "c1" } else { "c2" }, person, UnixMillis::of_hour(hour).0);
        }
        let everything = Coverage::default();
        let all = ledger.counted(&everything, Hours::ALL).unwrap();
        let totals = all.totals();
        prop_assert_eq!(all.failures.values().sum::<u64>(), totals.reached[Stage::Failed as usize]);
        prop_assert_eq!(all.refusals.values().sum::<u64>(), totals.refused);
        for stage in 0..5 {
            prop_assert_eq!(all.hours.values().map(|hour| hour.of_sent[stage]).sum::<u64>(), totals.reached[stage]);
            prop_assert_eq!(all.hours.values().map(|hour| hour.reached[stage]).sum::<u64>(), totals.reached[stage]);
        }
        for stage in [Stage::Delivered, Stage::Read, Stage::Clicked] {
            prop_assert_eq!(totals.after[stage as usize].values().sum::<u64>(), totals.reached[stage as usize]);
        }
        let mut parts = Counts::default();
        for part in [Hours { to: cut, ..Hours::ALL }, Hours { from: cut, ..Hours::ALL }] {
            parts.add(&ledger.counted(&everything, part).unwrap().totals());
        }
        // Rows that were not sent are of no hour.
        prop_assert_eq!(parts, Counts { pending: 0, claimed: 0, skipped: 0, held_out: 0, ..totals });
    }
}
