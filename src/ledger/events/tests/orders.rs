//! Events in any order, told more than once.

use proptest::prelude::*;

use super::*;
use crate::ledger::database::tests::engine::{Engine, on};

fn any_event() -> impl Strategy<Value = Event> {
    let stage = proptest::sample::select(Stage::ALL.to_vec());
    let token = proptest::sample::select(vec!["anna", "bert", "cleo", "nobody"]);
    let tracking = proptest::sample::select(vec![None, Some("t1"), Some("t2"), Some("x")]);
    let at = proptest::sample::select(vec![HOUR + 500, 2 * HOUR, 15 * HOUR, 15 * HOUR + 1, 30 * HOUR]);
    // The order of stops and resumes matters: `a_stop_holds_until_a_resume_is_received_and_a_later_resume_lifts_it`.
    let stop = proptest::sample::select(vec![None, Some(true)]);
    (stage, token, tracking, at, stop, 0..5).prop_map(|(stage, token, tracking, at, stop, which)| {
        if which == 0 { choice(token, stop, at) } else { event(stage, token, tracking, at) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn any_order_and_repetition_gives_the_same_ledger(
        events in proptest::collection::vec(any_event(), 1..14),
        seed in any::<u64>(),
        part in 1_usize..6,
        late in any::<bool>(),
    ) {
        let run = |events: &[Event], part: usize, late: bool| {
            let (_folder, mut ledger) = ledger();
            put(&ledger, &send(1, "anna", State::Accepted, HOUR, Some("t1")));
            put(&ledger, &send(2, "anna", State::Unknown, 14 * HOUR, None));
            put(&ledger, &send(1, "bert", State::Unknown, HOUR, None));
            // Its answer comes before all events, or after some of them.
            let state = if late { State::Claimed } else { State::Accepted };
            let id = put(&ledger, &send(1, "cleo", state, HOUR, if late { None } else { Some("t2") }));
            let half = events.len() / 2;
            store(&mut ledger, &events[..half], part);
            crate::ledger::tally::shift(&ledger.conn, 1, state, State::Accepted, 1).unwrap();
            ledger.conn.execute("update sends set state = 2, tracking_id = 't2' where id = ?1", [id]).unwrap();
            store(&mut ledger, &events[half..], part);
            ledger.judge_waiting_events(UnixMillis(90 * HOUR)).unwrap();
            picture(&ledger)
        };
        let mut other = [events.clone(), events.clone()].concat();
        fastrand::Rng::with_seed(seed).shuffle(&mut other);
        prop_assert_eq!(run(&events, 100, false), run(&other, part, late));
    }

    #[test]
    fn a_stop_holds_until_a_resume_is_received_and_a_later_resume_lifts_it(
        choices in proptest::collection::vec((any::<bool>(), 0_i64..6), 1..10),
        part in 1_usize..4,
    ) {
        let (_folder, mut ledger) = ledger();
        let mut store = |choices: &[(bool, i64)]| {
            let events: Vec<Event> = choices.iter().map(|(stop, at)| choice("anna", Some(*stop), *at)).collect();
            super::store(&mut ledger, &events, part);
            text(&ledger, "select suppressed from recipients")
        };
        let after = store(&choices);
        // A choice told again is not received again.
        let is_new = |place: &usize| !choices[..*place].contains(&choices[*place]);
        let newest = |stop: bool| (0..choices.len()).rev().find(|place| choices[*place].0 == stop && is_new(place));
        if newest(true) > newest(false) {
            prop_assert_eq!(after, "opted_out", "{:?}", choices);
        }
        prop_assert_eq!(store(&[(false, 9)]), "-", "{:?}", choices);
        prop_assert_eq!(store(&[(true, 9)]), "opted_out", "{:?}", choices);
        prop_assert_eq!(store(&[(true, 8), (false, 7)]), "opted_out", "{:?}", choices);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn one_by_one_and_by_sets_leave_the_same_ledger(
        events in proptest::collection::vec(any_event(), 1..40),
        part in 1_usize..40,
    ) {
        let run = |engine| on(engine, || {
            let (_folder, mut ledger) = ledger();
            put(&ledger, &send(1, "anna", State::Accepted, HOUR, Some("t1")));
            put(&ledger, &send(2, "anna", State::Unknown, 14 * HOUR, None));
            put(&ledger, &send(1, "bert", State::Unknown, HOUR, None));
            let id = put(&ledger, &send(1, "cleo", State::Claimed, HOUR, None));
            let told = [event(Stage::Read, "anna", Some("t1"), HOUR)];
            let mut counts = store(&mut ledger, &told, 1);
            counts.add(&store(&mut ledger, &events, part));
            crate::ledger::tally::shift(&ledger.conn, 1, State::Claimed, State::Accepted, 1).unwrap();
            ledger.conn.execute("update sends set state = 2, tracking_id = 't2' where id = ?1", [id]).unwrap();
            counts.add(&ledger.judge_waiting_events(UnixMillis(90 * HOUR)).unwrap());
            (counts, picture(&ledger))
        });
        prop_assert_eq!(run(Engine::Sqlite), run(Engine::Postgres));
    }
}
