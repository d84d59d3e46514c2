use proptest::prelude::*;

use super::*;
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::key::key;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

#[test]
fn sizes_are_read_and_written_alike() {
    for (text, size) in [
        ("1", Size::People(1)),
        ("500", Size::People(500)),
        ("1%", Size::Share(100)),
        ("0.25%", Size::Share(25)),
        ("12.5%", Size::Share(1250)),
        ("99.99%", Size::Share(9999)),
    ] {
        assert_eq!(Size::parse(text), Ok(size), "{text}");
        assert_eq!(Size::parse(&size.to_string()), Ok(size), "{text}");
    }
    for text in ["", "0", "-1", "1.5", "0%", "0.00%", "100%", "250%", "%", ".5%", "1.%", "0.001%", "+1%", "1e2", "1 %"]
    {
        assert!(Size::parse(text).is_err(), "{text}");
    }
}

/// A broadcast to so many people, the first of whom have to wait, and their keys by send.
fn broadcast(folder: &std::path::Path, people: i64, waiting: i64) -> (Ledger, Broadcast, BTreeMap<i64, Key>) {
    let mut ledger = Ledger::in_memory(folder);
    let named =
        BroadcastKey { split: None, page: "1", ad_account: "2", campaign: "3", fingerprint: [7; 32], message: "{}" };
    let broadcast = ledger.open_broadcast(&named, Which::default(), "http://host", NOW).unwrap();
    add(&ledger, 1, 1..=people, waiting);
    let keys = (1..=people).map(|n| (n, key(&format!("t{n}")))).collect();
    (ledger, broadcast, keys)
}

fn add(ledger: &Ledger, listing: i64, people: std::ops::RangeInclusive<i64>, waiting: i64) {
    let conn = &ledger.conn;
    conn.execute(
        "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (?1, 1, 'a', 1, ?2, 1, 1)",
        (listing * 1000, [listing as u8]),
    )
    .unwrap();
    for n in people {
        let insert = "insert into recipients (id, key, token, page) values (?1, ?2, ?3, '1')";
        conn.execute(insert, (n, key(&format!("t{n}")), format!("t{n}"))).unwrap();
        let not_before = if n <= waiting { NOW.0 + 1000 } else { 0 };
        conn.execute(
            "insert into sends (id, broadcast, recipient, listing, not_before) values (?1, 1, ?1, ?2, ?3)",
            (n, listing * 1000, not_before),
        )
        .unwrap();
        conn.execute("insert into listing_rows (listing, send) values (?1, ?2)", (listing * 1000, n)).unwrap();
    }
}

fn people_of(ledger: &Ledger, listing: i64) -> Vec<i64> {
    ledger
        .read(|conn| {
            conn.prepare_cached("select send from listing_rows where listing = ?1 order by send")?
                .query_map([listing], |row| row.get(0))?
                .collect()
        })
        .unwrap()
}

fn sized(size: Size) -> CanaryTerms {
    CanaryTerms { size: Some(size), ..CanaryTerms::default() }
}

on_both! {
fn the_people_are_those_of_the_lowest_lots_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, broadcast, keys) = broadcast(folder.path(), 300, 20);
    let lots = Lots::new("canary", "1", "3", [7; 32]);
    let mut due: Vec<_> = keys.iter().filter(|(send, _)| **send > 20).map(|(send, key)| (lots.of(key), *send)).collect();
    due.sort_unstable();
    let mut wanted: Vec<i64> = due[..30].iter().map(|(_, send)| *send).collect();
    wanted.sort_unstable();
    assert_eq!(ledger.choose_canary(&broadcast, None, NOW).unwrap(), None, "there is no canary");
    ledger.set_canary(1, sized(Size::People(30))).unwrap();
    let listing = ledger.choose_canary(&broadcast, None, NOW).unwrap().unwrap();
    assert_eq!(people_of(&ledger, listing), wanted);
    // Neither other people nor another size move anybody.
    add(&ledger, 2, 1001..=1300, 0);
    let canary = ledger.set_canary(1, sized(Size::Share(5000))).unwrap().unwrap();
    assert_eq!((canary.size, canary.listing), (Size::People(30), Some(listing)));
    assert_eq!(ledger.choose_canary(&broadcast, Some(2000), NOW).unwrap(), Some(listing));
    assert_eq!(people_of(&ledger, listing), wanted);
    let counts = ledger.canary_counts(listing, NOW).unwrap();
    assert_eq!(counts, CanaryCounts { due: 30, ..CanaryCounts::default() });
}
}

on_both! {
fn the_people_of_a_share_are_chosen_by_their_own_lot_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, broadcast, keys) = broadcast(folder.path(), 400, 0);
    add(&ledger, 2, 1001..=1100, 0);
    ledger.set_canary(1, sized(Size::Share(1000))).unwrap();
    let listing = ledger.choose_canary(&broadcast, Some(1000), NOW).unwrap().unwrap();
    let lots = Lots::new("canary", "1", "3", [7; 32]);
    let wanted: Vec<i64> =
        keys.iter().filter(|(_, key)| place(lots.of(key), 10_000) < 1000).map(|(send, _)| *send).collect();
    assert_eq!(people_of(&ledger, listing), wanted);
    // Of 400 people 40 are expected; four standard deviations are 24.
    assert!((16..=64).contains(&wanted.len()), "{}", wanted.len());
}
}

on_both! {
fn a_canary_has_somebody_unless_everybody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, broadcast, _) = broadcast(folder.path(), 5, 5);
    ledger.set_canary(1, sized(Size::Share(1))).unwrap();
    assert_eq!(ledger.choose_canary(&broadcast, None, NOW).unwrap(), None);
    let later = NOW.plus(Duration::from_secs(1));
    let listing = ledger.choose_canary(&broadcast, None, later).unwrap().unwrap();
    assert_eq!(people_of(&ledger, listing).len(), 1);
}
}

on_both! {
fn a_choice_that_was_cut_off_is_made_again_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, broadcast, _) = broadcast(folder.path(), 50, 0);
    ledger.set_canary(1, sized(Size::People(10))).unwrap();
    let listing = ledger.choose_canary(&broadcast, None, NOW).unwrap().unwrap();
    let whole = people_of(&ledger, listing);
    let cut = "delete from listing_rows where listing = ?1 and send in (select max(send) from listing_rows where listing = ?1)";
    ledger.conn.execute(cut, [listing]).unwrap();
    ledger.forget_canary(1).unwrap();
    assert_eq!(ledger.choose_canary(&broadcast, None, NOW).unwrap(), Some(listing));
    assert_eq!(people_of(&ledger, listing), whole);
    assert_eq!(ledger.unplanned_listings("1").unwrap(), []);
}
}

on_both! {
fn the_wait_begins_once_and_a_canary_passes_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _, _) = broadcast(folder.path(), 1, 0);
    assert!(!ledger.pass_canary(1, NOW).unwrap(), "there is none");
    assert_eq!(ledger.set_canary(1, CanaryTerms { hears: Some(false), ..CanaryTerms::default() }).unwrap(), None);
    ledger.set_canary(1, sized(Size::People(1))).unwrap();
    let terms = CanaryTerms {
        wait: Some(Duration::from_secs(7)),
        max_failed: Some(0.125),
        hears: Some(false),
        ..CanaryTerms::default()
    };
    ledger.set_canary(1, terms).unwrap();
    for later in [1, 2] {
        ledger.canary_is_sent(1, UnixMillis(NOW.0 + later)).unwrap();
        assert_eq!(ledger.pass_canary(1, UnixMillis(NOW.0 + 10 + later)).unwrap(), later == 1);
    }
    let canary = Canary {
        size: Size::People(1),
        wait: Duration::from_secs(7),
        max_failed: 0.125,
        hears: false,
        listing: None,
        sent_at: Some(UnixMillis(NOW.0 + 1)),
        passed_at: Some(UnixMillis(NOW.0 + 11)),
    };
    assert_eq!(ledger.canary(1).unwrap(), Some(canary));
}
}

on_both! {
fn what_became_of_its_people_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, broadcast, _) = broadcast(folder.path(), 12, 0);
    ledger.set_canary(1, sized(Size::People(12))).unwrap();
    let listing = ledger.choose_canary(&broadcast, None, NOW).unwrap().unwrap();
    ledger
        .conn
        .execute_batch(&format!(
            "update sends set state = 2 where id <= 6;
             update sends set echoed_at = 5 where id <= 4;
             update sends set delivered_at = 6, read_at = 7 where id = 2;
             update sends set failed_at = 6 where id in (2, 5);
             update sends set state = 3, code = 2300034 where id in (7, 8);
             update sends set state = 3, code = 2300004 where id = 9;
             update sends set state = 5 where id = 10;
             update sends set not_before = {} where id = 11;
             update sends set state = 1 where id = 12;",
            NOW.0 + 60_000
        ))
        .unwrap();
    let counts = CanaryCounts {
        later: 1,
        claimed: 1,
        accepted: 6,
        unknown: 1,
        refused: BTreeMap::from([(Some(2_300_034), 2), (Some(2_300_004), 1)]),
        heard: 5,
        echoed: 4,
        delivered: 1,
        read: 1,
        failed: 1,
        next_at: Some(UnixMillis(NOW.0 + 60_000)),
        ..CanaryCounts::default()
    };
    assert_eq!(ledger.canary_counts(listing, NOW).unwrap(), counts);
}
}

proptest! {
    /// Whoever comes and goes, those who stay are drawn by their own lots.
    #[test]
    fn adding_people_moves_nobody_of_a_share(tokens in proptest::collection::hash_set("[a-z0-9]{1,12}", 1..200), share in 1_u32..10_000) {
        let lots = Lots::new("canary", "p", "c", [1; 32]);
        let tokens: Vec<_> = tokens.into_iter().collect();
        let drawn = |tokens: &[String]| {
            let mut draw = Draw::new(Size::Share(share));
            for (n, token) in tokens.iter().enumerate() {
                draw.add(lots.of(&key(token)), n as i64);
            }
            draw.finish()
        };
        let (all, some) = (drawn(&tokens), drawn(&tokens[..tokens.len().div_ceil(2)]));
        let below = |n: &i64| place(lots.of(&key(&tokens[*n as usize])), 10_000) < share;
        prop_assert!(all.len() == 1 || all.iter().all(below));
        prop_assert!(some.iter().filter(|n| below(n)).all(|n| all.contains(n)));
    }

    /// A number is as many people, of the lowest lots.
    #[test]
    fn a_number_is_as_many_people(n in 1_u64..50, of in 1_i64..100) {
        let mut draw = Draw::new(Size::People(n));
        (0..of).for_each(|send| draw.add((send as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), send));
        let chosen = draw.finish();
        prop_assert_eq!(chosen.len() as u64, n.min(of as u64));
        let mut lots: Vec<_> = (0..of).map(|send| ((send as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), send)).collect();
        lots.sort_unstable();
        let mut lowest: Vec<i64> = lots[..chosen.len()].iter().map(|(_, send)| *send).collect();
        lowest.sort_unstable();
        prop_assert_eq!(chosen, lowest);
    }
}

/// Shares of a hundred thousand people, for several broadcasts: within five standard deviations, and each broadcast has its own people.
#[test]
fn shares_are_even_and_broadcasts_independent() {
    let keys: Vec<Key> = (0..100_000).map(|n| key(&format!("person-{n}"))).collect();
    let people = |broadcast: u8, share: u32| -> Vec<usize> {
        let lots = Lots::new("canary", "1", "2", [broadcast; 32]);
        (0..keys.len()).filter(|n| place(lots.of(&keys[*n]), 10_000) < share).collect()
    };
    for share in [1, 100, 2500, 5000, 9900] {
        for broadcast in [1, 2] {
            let p = f64::from(share) / 10_000.0;
            let n = keys.len() as f64;
            let bound = 5.0 * (n * p * (1.0 - p)).sqrt();
            let drawn = people(broadcast, share).len() as f64;
            assert!((drawn - n * p).abs() < bound, "{share}: {drawn}");
        }
    }
    let (one, two) = (people(1, 1000), people(2, 1000));
    let both = one.iter().filter(|n| two.binary_search(n).is_ok()).count() as f64;
    assert!((both - 1000.0).abs() < 5.0 * (100_000.0_f64 * 0.01 * 0.99).sqrt(), "{both}");
}
