use super::*;
use crate::clock::UnixMillis;
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::key::key;
use crate::ledger::tally::{Tally, What};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// A ledger whose rows agree: more people than are read at once, each with a send, of two broadcasts.
fn ledger(folder: &std::path::Path) -> Ledger {
    let mut ledger = Ledger::in_memory(folder);
    ledger
        .write(|conn| {
            let mut tally = Tally::default();
            for broadcast in 1..=2_i64 {
                conn.execute(
                    "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
                     values (?1, '1', '1', ?2, ?3, '{}', 0)",
                    (broadcast, broadcast.to_string(), [0_u8; 32]),
                )?;
                conn.execute(
                    "insert into listings (id, broadcast, source, rows, rows_hash, created_at) values (?1, ?1, 'x', 1, ?2, 0)",
                    (broadcast, [0_u8; 32]),
                )?;
            }
            for id in 1..=10_100_i64 {
                let (token, broadcast) = (format!("token{id}"), 1 + id % 2);
                conn.execute("insert into recipients (id, key, token, page) values (?1, ?2, ?3, '1')", (id, key(&token), token))?;
                let state = State::ALL[(id % 6) as usize];
                let claimed_at = NOW.plus(std::time::Duration::from_secs(60 * (id % 600) as u64));
                conn.execute(
                    "insert into sends (id, broadcast, recipient, listing, state, claimed_at) values (?1, ?2, ?1, ?2, ?3, ?4)",
                    (id, broadcast, state, claimed_at),
                )?;
                conn.execute("insert into listing_rows (listing, send) values (?1, ?2)", (broadcast, id))?;
                tally.rows(broadcast, State::Pending, 1);
                tally.moved(broadcast, claimed_at, State::Pending, state);
            }
            // What is counted besides states is not held against rows.
            tally.add(1, NOW, What::Later, 5);
            Ok(tally.write(conn)?)
        })
        .unwrap();
    ledger
}

fn check(ledger: &Ledger) -> Checked {
    ledger.check(&mut |_| {}).unwrap()
}

on_both! {
fn rows_that_agree_are_counted_and_have_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    let checked = check(&ledger(folder.path()));
    assert_eq!(checked.faults, []);
    let rows = |name: &str| checked.rows.iter().find(|(table, _)| *table == name).unwrap().1;
    assert_eq!((rows("recipients"), rows("sends"), rows("broadcasts"), rows("events")), (10_100, 10_100, 2, 0));
    assert_eq!(checked.unknown, (1..=10_100).filter(|id| id % 6 == 5).count() as u64);
    assert_eq!((checked.schema, checked.rows.len()), (schema::newest(), TABLES.len()));
}
}

#[test]
fn each_thing_that_does_not_agree_is_found_and_nothing_else() {
    let missing = |table, of, rows| vec![Fault::Missing { table, of, rows }];
    let cases = [
        ("update recipients set id = 20000 where id = 10050", missing("sends", "recipients", 1)),
        ("update recipients set token = 'other' where id in (1, 10099)", vec![Fault::Keys { rows: 2 }]),
        ("update recipients set key = x'00' where id = 3", vec![Fault::Keys { rows: 1 }]),
        (
            "insert into events (key, kind, recipient, occurred_at, received_at, raw) values (x'01', 1, 77777, 0, 0, '')",
            missing("events", "recipients", 1),
        ),
        ("delete from listing_rows; insert into listing_rows values (1, 77777)", missing("listing_rows", "sends", 1)),
        (
            "insert into attempts (send, claimed_at, finished_at, outcome) values (77777, 0, 0, 'back')",
            missing("attempts", "sends", 1),
        ),
        ("update sends set listing = 9 where id < 4", missing("sends", "listings", 3)),
        ("update states set n = n + 1 where broadcast = 2 and state = 1", vec![Fault::States { broadcasts: vec![2] }]),
        ("delete from states where broadcast = 1", vec![Fault::States { broadcasts: vec![1] }]),
        (
            "update counters set n = n - 1 where broadcast = 1 and what = 'accepted' and hour % 2 = 0",
            vec![Fault::Hours { broadcasts: vec![1] }],
        ),
        ("update counters set n = n - 1 where what = 'later'", vec![]),
        // One row changed by hand: its old state, its new one, and both hours.
        (
            "update sends set state = 3 where id = (select min(id) from sends where state = 5 and broadcast = 2)",
            vec![Fault::States { broadcasts: vec![2] }, Fault::Hours { broadcasts: vec![2] }],
        ),
        ("update ledger set gate = 'refused'", vec![Fault::Closed(Closed::Refused)]),
        (
            "update ledger set gate = 'refused'; update states set n = 0; delete from recipients where id = 1",
            vec![
                Fault::Missing { table: "sends", of: "recipients", rows: 1 },
                Fault::Closed(Closed::Refused),
                Fault::States { broadcasts: vec![1, 2] },
            ],
        ),
        ("pragma ignore_check_constraints = 1; insert into ledger (id) values (2)", vec![Fault::NotOne { rows: 2 }]),
    ];
    for (change, faults) in cases {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(folder.path());
        ledger.conn.execute_batch(&format!("pragma foreign_keys = 0; {change}")).unwrap();
        assert_eq!(check(&ledger).faults, faults, "{change}");
    }
}

#[test]
fn a_reference_that_the_engine_misses_is_told_in_its_words_and_nothing_else_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    ledger.conn.execute_batch("pragma foreign_keys = 0; delete from broadcasts where id = 1").unwrap();
    let checked = check(&ledger);
    let [Fault::Broken(lines)] = &checked.faults[..] else { panic!("{:?}", checked.faults) };
    assert_eq!(lines[..], ["a row of listings names a row of broadcasts that is not there"]);
    assert!(checked.rows.is_empty());
}
