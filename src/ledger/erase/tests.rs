use super::rows::of_erased;
use super::*;
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::events::{Event, Facts, Kind, OptIn, Stage};
use crate::ledger::people::choices::Whom;
use crate::ledger::people::met::meet;
use crate::ledger::people::suppression::Suppression;
use crate::ledger::people::{Arrivals, get, keep_out, suppression_of};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

fn arrive(conn: &Conn, token: &str, psid: Option<&str>) -> i64 {
    let id = Arrivals::new(conn).unwrap().find_or_add(&key(token), token, "1").unwrap().id;
    if let Some(psid) = psid {
        meet(conn, id, Whom { page: "1", psid }).unwrap();
    }
    id
}

#[test]
fn a_word_is_found_whole_and_not_in_a_longer_one() {
    for (text, found) in [
        (r#"{"id":"61"}"#, true),
        (r#"{"id":61}"#, true),
        (r#"{"id":"612"}"#, false),
        (r#"{"id":"261"}"#, false),
        ("", false),
        ("61", true),
        ("612 261 61", true),
    ] {
        assert_eq!(holds_whole(text, "61"), found, "{text}");
    }
}

on_both! {
    fn who_was_erased_keeps_cool_down_and_suppression_by_token_and_by_psid() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let one = arrive(&ledger.conn, "one", Some("61"));
        let two = arrive(&ledger.conn, "two", Some("61"));
        arrive(&ledger.conn, "other", Some("62"));
        ledger.conn.execute("update recipients set blocked_until = 9000 where id = ?1", [one]).unwrap();
        keep_out(&ledger.conn, two, Suppression::OptedOut, NOW).unwrap();
        assert_eq!(ledger.known_of("two").unwrap().tokens, 2);
        let removed = ledger.erase("1", "two", "me", NOW).unwrap();
        assert_eq!(removed.tokens, 2);
        assert_eq!(ledger.known_of("one").unwrap(), Erasable { erased_at: Some(NOW), ..Erasable::default() });
        let conn = &ledger.conn;
        for (token, id) in [("one", one), ("two", two)] {
            let met = Arrivals::new(conn).unwrap().find_or_add(&key(token), token, "1").unwrap();
            assert_eq!((met.id, met.is_new, met.is_erased), (id, false, true), "{token}");
            assert_eq!(suppression_of(conn, id).unwrap().0.map(|now| now.why), Some(Suppression::Erased), "{token}");
        }
        assert_eq!(get(conn, one).unwrap().blocked_until, UnixMillis(9000));
        // The opt-out that the erasure hid.
        assert!(suppression_of(conn, two).unwrap().1.is_some_and(|choice| choice.opted_out));
        // A third token of theirs, with a PSID and without.
        let tombs = Tombs::of(conn).unwrap();
        let third = of_erased(conn, &tombs, &key("three"), ("1", Some("61")), NOW).unwrap().unwrap();
        assert_eq!(get(conn, third).unwrap().blocked_until, UnixMillis(9000));
        assert_eq!(get(conn, third).unwrap().suppressed, Some(Suppression::Erased));
        assert_eq!(of_erased(conn, &tombs, &key("four"), ("1", None), NOW).unwrap(), None);
        assert_eq!(of_erased(conn, &tombs, &key("four"), ("2", Some("61")), NOW).unwrap(), None, "of another Page");
        assert_eq!(of_erased(conn, &tombs, &key("other"), ("1", Some("62")), NOW).unwrap(), None);
        // One that the ledger held without knowing whose it is.
        let left = arrive(conn, "left", None);
        assert_eq!(of_erased(conn, &tombs, &key("left"), ("1", Some("61")), NOW).unwrap(), Some(left));
        assert_eq!(erased::token_of(conn, left).unwrap(), "");
        assert_eq!(crate::ledger::people::wrong_keys(conn).unwrap(), 0);
    }
}

on_both! {
    fn a_psid_that_is_learned_after_the_erasure_keeps_out_the_persons_other_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        arrive(&ledger.conn, "one", None);
        let two = arrive(&ledger.conn, "two", Some("61"));
        assert_eq!(ledger.erase("1", "one", "me", NOW).unwrap().tokens, 1);
        let conn = &ledger.conn;
        let tombs = Tombs::of(conn).unwrap();
        assert!(of_erased(conn, &tombs, &key("one"), ("1", Some("61")), NOW).unwrap().is_some());
        assert_eq!(get(conn, two).unwrap().suppressed, Some(Suppression::Operator));
        // From then on the second is seen to be theirs.
        assert_eq!(of_erased(conn, &tombs, &key("two"), ("1", Some("61")), NOW).unwrap(), Some(two));
        assert_eq!(erased::token_of(conn, two).unwrap(), "");
    }
}

on_both! {
    fn a_token_that_turns_out_to_be_of_somebody_erased_is_kept_by_no_event_of_the_same_post() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        arrive(&ledger.conn, "one", Some("61"));
        ledger.erase("1", "one", "me", NOW).unwrap();
        let event = |kind: Kind, psid: Option<&str>| {
            let facts = Facts {
                page: Some("1".to_owned()),
                token: Some("new".to_owned()),
                psid: psid.map(str::to_owned),
                campaign: Some("7".to_owned()),
                occurred_at: Some(NOW),
                opt_in: (kind == Kind::OptIn).then(OptIn::default),
                raw: r#"{"token":"new"}"#.to_owned(),
                ..Facts::default()
            };
            Event::new(kind, facts)
        };
        let post = [event(Kind::OptIn, Some("61")), event(Kind::Stage(Stage::Delivered), None)];
        let mut left = post.iter();
        ledger.store_events(&mut || left.next(), "optins", NOW).unwrap();
        let named = "select count(*) from events where raw <> '{}' or recipient is null";
        let count = |sql: &str| -> i64 { ledger.conn.query_row(sql, (), |row| row.get(0)).unwrap() };
        assert_eq!((count("select count(*) from events"), count(named)), (2, 0));
    }
}
