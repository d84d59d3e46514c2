//! Several receivers on one server.

use std::sync::Barrier;
use std::time::Instant;

use super::*;
use crate::ledger::database::tests::engine::{Engine, on};

/// Of many sends, of each several events.
fn told(tokens: &[&'static str]) -> Vec<Event> {
    let of = |token: &'static str| {
        [Stage::Delivered, Stage::Read, Stage::Clicked].map(|stage| event(stage, token, None, HOUR + 1 + stage as i64))
    };
    tokens.iter().flat_map(|token| of(token)).collect()
}

fn tokens(n: usize) -> Vec<&'static str> {
    (0..n).map(|n| &*format!("p{n}").leak()).collect()
}

#[test]
fn the_same_events_at_several_receivers_count_once() {
    const RECEIVERS: u64 = 4;
    let tokens = tokens(150);
    let events = told(&tokens);
    let alone = {
        let (_folder, mut ledger) = ledger();
        for token in &tokens {
            put(&ledger, &send(1, token, State::Unknown, HOUR, None));
        }
        store(&mut ledger, &events, 1000);
        picture(&ledger)
    };
    on(Engine::Postgres, || {
        let (_folder, ledger) = ledger();
        for token in &tokens {
            put(&ledger, &send(1, token, State::Unknown, HOUR, None));
        }
        let start = Barrier::new(RECEIVERS as usize);
        let counts: Vec<EventCounts> = std::thread::scope(|scope| {
            let receivers: Vec<_> = (0..RECEIVERS)
                .map(|seed| {
                    let (start, mut events, address) = (&start, events.clone(), ledger.address().clone());
                    fastrand::Rng::with_seed(seed).shuffle(&mut events);
                    scope.spawn(move || {
                        let (mut own, _) = Ledger::open(address).unwrap();
                        start.wait();
                        store(&mut own, &events, 60)
                    })
                })
                .collect();
            receivers.into_iter().map(|receiver| receiver.join().unwrap()).collect()
        });
        let sum = |of: fn(&EventCounts) -> u64| counts.iter().map(of).sum::<u64>();
        assert_eq!(sum(|counts| counts.new), events.len() as u64);
        assert_eq!(sum(|counts| counts.duplicates), (RECEIVERS - 1) * events.len() as u64);
        assert_eq!(sum(|counts| counts.settled), tokens.len() as u64);
        assert_eq!(picture(&ledger), alone);
    });
}

#[test]
fn what_a_step_is_about_to_record_is_waited_for_and_counts() {
    on(Engine::Postgres, || {
        let (_folder, mut ledger) = ledger();
        let id = put(&ledger, &send(1, "anna", State::Unknown, HOUR, None));
        let (other, _) = Ledger::open(ledger.address().clone()).unwrap();
        let step = other.conn.begin_beside().unwrap();
        // A late answer: by its tracking ID the event is of another send.
        step.execute("update sends set state = 2, tracking_id = 't1' where id = ?1", [id]).unwrap();
        let counts = std::thread::scope(|scope| {
            let receiver = scope.spawn(|| store(&mut ledger, &[event(Stage::Read, "anna", Some("t2"), 2 * HOUR)], 1));
            let begin = Instant::now();
            let waits = "select 1 from pg_locks where locktype = 'advisory' and not granted
                and database = (select oid from pg_database where datname = current_database())";
            while !step.prepare_cached(waits).unwrap().exists(()).unwrap() {
                assert!(begin.elapsed() < Duration::from_secs(60), "it does not wait");
                std::thread::sleep(Duration::from_millis(5));
            }
            step.commit().unwrap();
            receiver.join().unwrap()
        });
        assert_eq!((counts.settled, counts.foreign), (0, 1), "{counts:?}");
        assert_eq!(text(&ledger, "select read_at from sends"), "-");
    });
}

on_both! {
fn one_odd_event_fails_no_other() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, Some("t1")));
    let mut odd = event(Stage::Failed, "an\0na", Some("\0"), 2 * HOUR).facts;
    for text in [&mut odd.page, &mut odd.campaign, &mut odd.mid, &mut odd.psid, &mut odd.words] {
        *text = Some("a\0b".to_owned());
    }
    odd.raw = "\0".to_owned();
    let odd = Event::new(Kind::Stage(Stage::Failed), odd);
    let counts = store(&mut ledger, &[odd, event(Stage::Read, "anna", Some("t1"), 2 * HOUR)], 9);
    assert_eq!((counts.new, counts.exact, counts.foreign), (2, 1, 1));
    assert_eq!(text(&ledger, "select read_at from sends"), (2 * HOUR).to_string());
}
}
