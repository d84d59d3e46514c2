//! Stops and resumes without a token, and events that are dated ahead.

use super::*;
use crate::times::EVENT_AHEAD;

fn by_psid(psid: &str, stop: Option<bool>, at: i64) -> Event {
    let facts = Facts {
        page: Some("104".to_owned()),
        psid: Some(psid.to_owned()),
        occurred_at: Some(UnixMillis(at)),
        opt_in: Some(OptIn { stop, ..OptIn::default() }),
        raw: format!("{psid}{stop:?}{at}"),
        ..Facts::default()
    };
    Event::new(Kind::OptIn, facts)
}

fn with_psid(mut event: Event, psid: &str) -> Event {
    event.facts.psid = Some(psid.to_owned());
    event
}

const SUPPRESSED: &str = "select token, suppressed from recipients order by token";

on_both! {
fn a_choice_without_a_token_holds_for_every_token_of_the_person() {
    let (_folder, mut ledger) = ledger();
    let known = ["anna", "anna2", "bert"].map(|token| with_psid(choice(token, None, 5), &token[..4]));
    store(&mut ledger, &known, 9);
    let counts = store(&mut ledger, &[by_psid("anna", Some(true), 6)], 1);
    assert_eq!((counts.opt_ins, counts.choices_kept), (1, 0));
    assert_eq!(text(&ledger, SUPPRESSED), "anna opted_out\nanna2 opted_out\nbert -");
    assert_eq!(text(&ledger, "select recipient from events order by id desc limit 1"), "1");
    // Of another Page it is another person.
    let mut elsewhere = by_psid("bert", Some(true), 6);
    elsewhere.facts.page = Some("105".to_owned());
    assert_eq!(store(&mut ledger, &[elsewhere], 1).choices_kept, 1);
    assert_eq!(text(&ledger, SUPPRESSED), "anna opted_out\nanna2 opted_out\nbert -");
    // One that turns up later is the same person's, until the person resumes.
    store(&mut ledger, &[with_psid(choice("anna3", None, 7), "anna")], 1);
    assert_eq!(text(&ledger, "select suppressed from recipients where token = 'anna3'"), "opted_out");
    store(&mut ledger, &[by_psid("anna", Some(false), 8), with_psid(choice("anna4", None, 7), "anna")], 1);
    assert_eq!(text(&ledger, SUPPRESSED), "anna -\nanna2 -\nanna3 -\nanna4 -\nbert -");
}
}

on_both! {
fn a_choice_of_nobody_known_waits_until_the_person_is() {
    let (_folder, mut ledger) = ledger();
    for token in ["anna", "bert", "cleo"] {
        put(&ledger, &send(1, token, State::Accepted, HOUR, None));
    }
    let stops = ["p-anna", "p-bert", "p-cleo", "p-dora"].map(|psid| by_psid(psid, Some(true), 6));
    let counts = store(&mut ledger, &stops, 9);
    assert_eq!((counts.new, counts.choices_kept), (4, 4));
    let told = [
        with_psid(event(Stage::Echoed, "anna", None, HOUR + 1), "p-anna"),
        with_psid(event(Stage::Echoed, "cleo", None, HOUR + 1), "p-eve"),
        with_psid(choice("bert", Some(false), 7), "p-bert"),
        with_psid(choice("bert2", None, 8), "p-bert"),
        with_psid(choice("dora", None, 8), "p-dora"),
    ];
    store(&mut ledger, &told, 1);
    assert_eq!(text(&ledger, SUPPRESSED), "anna opted_out\nbert -\nbert2 -\ncleo -\ndora opted_out");
}
}

#[test]
fn nothing_that_is_dated_ahead_outranks_what_comes_later() {
    let (_folder, mut ledger) = ledger();
    put(&ledger, &send(1, "anna", State::Accepted, HOUR, None));
    let now = UnixMillis(90 * HOUR);
    for (nth, ahead) in (1..).zip([60_000, 4 * 60_000, 24 * HOUR, 9_000_000_000_000 - now.0]) {
        let (stop, resume) = (now.0 - nth, now.0 + ahead);
        store(&mut ledger, &[choice("anna", Some(false), resume), choice("anna", Some(true), stop)], 1);
        assert_eq!(text(&ledger, "select suppressed from recipients"), "opted_out", "{ahead}");
        assert_eq!(text(&ledger, "select count(*) from recipients where max(opt_at, optin_at) > 324000000"), "0");
        ledger.conn.execute("update recipients set suppressed = null, suppressed_at = null, opt_at = 1", ()).unwrap();
    }
    // It is kept, and told once.
    let read = event(Stage::Read, "anna", None, now.0 + 24 * HOUR);
    let tally = store(&mut ledger, &[read.clone(), read], 1);
    assert_eq!((tally.new, tally.duplicates, tally.inferred), (1, 1, 1));
    assert_eq!(text(&ledger, "select read_at from sends"), now.0.to_string());
    let soon = now.plus(EVENT_AHEAD);
    store(&mut ledger, &[event(Stage::Clicked, "anna", None, soon.0)], 1);
    assert_eq!(text(&ledger, "select clicked_at from sends"), soon.0.to_string());
}
