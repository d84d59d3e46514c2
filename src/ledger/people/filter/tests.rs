use std::collections::BTreeSet;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::database::Watch;
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::error::Error;
use crate::ledger::people::found::Found;
use crate::ledger::spool::Spool;

const NOW: UnixMillis = UnixMillis(1000);
const DAY: Duration = Duration::from_hours(24);

/// Nine people of Page 1, each with something of their own, and one of Page 2.
fn ledger(folder: &std::path::Path) -> Ledger {
    let ledger = Ledger::in_memory(folder);
    let soon = NOW.plus(Duration::from_hours(1)).0;
    ledger
        .conn
        .execute_batch(&format!(
            "insert into recipients (id, key, token, page, blocked_until, next_eligible_at, expires_at, time_zone, suppressed) values
               (1, x'01', 'new',        '1', 0,      null,   null,    'Asia/Manila',  null),
               (2, x'02', 'blocked',    '1', {soon}, null,   null,    null,           null),
               (3, x'03', 'later',      '1', 0,      {soon}, {soon},  'Asia/Manila',  null),
               (4, x'04', 'expired',    '1', 0,      null,   999,     'Asia/Bangkok', null),
               (5, x'05', 'told',       '1', 0,      null,   null,    null,           'expired'),
               (6, x'06', 'out',        '1', 0,      null,   null,    null,           'operator'),
               (7, x'07', 'unread',     '1', 0,      500,    null,    null,           null),
               (8, x'08', 'clicked',    '1', 0,      null,   null,    null,           null),
               (9, x'09', 'unknown',    '1', 0,      null,   null,    null,           null),
               (10, x'0a', 'elsewhere', '2', 0,      null,   null,    'Asia/Manila',  null);
             insert into sends (broadcast, recipient, listing, state, finished_at, read_at, clicked_at) values
               (1, 2, 1, 2, 900, 950, null),
               (1, 7, 1, 2, 300, 310, null), (2, 7, 2, 2, 600, null, null),
               (1, 8, 1, 2, 300, null, 320), (2, 8, 2, 2, 600, 610, null),
               (1, 9, 1, 5, 700, null, null),
               (2, 1, 2, 3, 700, null, null);
             insert into audiences (id, page, name, source, imported_at) values (3, '1', 'some', 'x', 1);
             insert into audience_rows (audience, recipient) values (3, 1), (3, 4), (3, 8);"
        ))
        .unwrap();
    ledger
}

fn found(ledger: &Ledger, filter: &Filter) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    let each = &mut |found: Found| {
        tokens.insert(found.token);
        Ok::<_, Error>(())
    };
    ledger.each_person("1", filter, NOW, each).unwrap();
    assert_eq!(ledger.count_people("1", filter, NOW).unwrap().tokens, tokens.len() as u64);
    tokens
}

#[test]
fn each_filter_finds_its_own_and_two_find_whom_both_find() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    type Sets = fn(&mut Filter);
    let filters: [(Sets, &[&str]); 12] = [
        (|_| (), &["new", "blocked", "later", "expired", "told", "out", "unread", "clicked", "unknown"]),
        (|filter| filter.eligible = true, &["new", "unread", "clicked", "unknown"]),
        (|filter| filter.never_sent = true, &["new", "later", "expired", "told", "out"]),
        (|filter| filter.sent_before = Some(UnixMillis(700)), &["unread", "clicked"]),
        (|filter| filter.sent_before = Some(UnixMillis(600)), &[]),
        (|filter| filter.not_read = true, &["unread"]),
        (|filter| filter.clicked = true, &["clicked"]),
        (|filter| filter.expired = true, &["expired", "told"]),
        (|filter| filter.expires_within = Some(DAY), &["later"]),
        (|filter| filter.suppressed = true, &["told", "out"]),
        (|filter| filter.audience = Some(3), &["new", "expired", "clicked"]),
        (
            |filter| filter.zones = vec!["Asia/Manila".to_owned(), "Asia/Bangkok".to_owned()],
            &["new", "later", "expired"],
        ),
    ];
    for (one, alone) in filters {
        let mut filter = Filter::default();
        one(&mut filter);
        let alone: BTreeSet<String> = alone.iter().map(|&token| token.to_owned()).collect();
        assert_eq!(found(&ledger, &filter), alone, "{filter:?}");
        for (other, theirs) in filters {
            let mut both = filter.clone();
            other(&mut both);
            // Two times of the same filter do not compose: the second takes the place of the first.
            if both.sent_before != filter.sent_before && filter.sent_before.is_some() {
                continue;
            }
            let common: BTreeSet<String> =
                theirs.iter().filter(|token| alone.contains(**token)).map(|&t| t.to_owned()).collect();
            assert_eq!(found(&ledger, &both), common, "{both:?}");
        }
    }
}

/// Whom a send with this filter has, each by one token.
fn sent_to(ledger: &Ledger, folder: &std::path::Path, filter: &Filter) -> Vec<String> {
    let mut spool = Spool::new(folder).unwrap();
    ledger.spool_people("1", filter, NOW, false, &mut spool).unwrap();
    let mut list = spool.finish().unwrap();
    list.rewind().unwrap();
    let mut tokens = Vec::new();
    while let Some(row) = list.next_row().unwrap() {
        tokens.push(row.token.to_string());
    }
    assert_eq!(ledger.count_people("1", filter, NOW).unwrap().people, tokens.len() as u64, "{filter:?}");
    tokens
}

on_both! {
fn a_person_is_one_whichever_of_their_tokens_got_what() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::in_memory(folder.path());
    for (name, tokens) in [("all", &["a1", "a2", "b1", "b2", "c1"][..]), ("second", &["a2", "c1"])] {
        let mut spool = Spool::new(folder.path()).unwrap();
        tokens.iter().for_each(|token| spool.add(token, None).unwrap());
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        ledger.import_audience("1", name, "x", &mut spool.finish().unwrap(), NOW, &mut watch).unwrap();
    }
    let second = ledger.find_audience("1", "second").unwrap();
    let run = |ledger: &mut Ledger, sql: &str| {
        ledger.write(|conn| Ok(conn.execute(sql, ())?)).unwrap();
    };
    run(&mut ledger, "update recipients set psid = 'A', time_zone = case when token = 'a2' then 'Asia/Manila' end where token like 'a%'");
    run(&mut ledger, "update recipients set psid = 'B' where token like 'b%'");
    // The first of B's tokens got a message that was not read, the second a later one that was.
    for (broadcast, token, finished, read) in [(1, "b1", 100, "null"), (2, "b2", 600, "610")] {
        run(&mut ledger, &format!(
            "insert into sends (broadcast, recipient, listing, state, finished_at, read_at)
             select {broadcast}, id, 1, {}, {finished}, {read} from recipients where token = '{token}'",
            State::Accepted.number()
        ));
    }
    let soon = NOW.plus(Duration::from_hours(1)).0;
    run(&mut ledger, &format!("update recipients set blocked_until = {soon} where token = 'a2'"));

    type Sets = fn(&mut Filter);
    let check = |ledger: &Ledger, set: &dyn Fn(&mut Filter), tokens: &[&str], people: &[&str]| {
        let mut filter = Filter::default();
        set(&mut filter);
        let tokens: BTreeSet<String> = tokens.iter().map(|&token| token.to_owned()).collect();
        assert_eq!(found(ledger, &filter), tokens, "{filter:?}");
        assert_eq!(sent_to(ledger, folder.path(), &filter), people, "{filter:?}");
    };
    let filters: [(Sets, &[&str], &[&str]); 8] = [
        (|_| (), &["a1", "a2", "b1", "b2", "c1"], &["a1", "b1", "c1"]),
        // A's first token is not the one in that zone.
        (|filter| filter.zones = vec!["Asia/Manila".to_owned()], &["a2"], &["a2"]),
        (|filter| filter.never_sent = true, &["a1", "a2", "c1"], &["a1", "c1"]),
        (|filter| filter.sent_before = Some(UnixMillis(500)), &[], &[]),
        (|filter| filter.sent_before = Some(UnixMillis(601)), &["b1", "b2"], &["b1"]),
        (|filter| filter.not_read = true, &[], &[]),
        (|filter| filter.clicked = true, &[], &[]),
        // One token of A is in its cool-down: so is A.
        (|filter| filter.eligible = true, &["b1", "b2", "c1"], &["b1", "c1"]),
    ];
    for (set, tokens, people) in filters {
        check(&ledger, &set, tokens, people);
    }
    check(&ledger, &|filter| filter.audience = Some(second), &["a2", "c1"], &["a2", "c1"]);
    check(&ledger, &|filter| (filter.audience, filter.never_sent) = (Some(second), true), &["a2", "c1"], &["a2", "c1"]);
    // What the list says of A's first token is what is true of A.
    let mut told = Vec::new();
    ledger.each_person("1", &Filter::default(), NOW, &mut |found| {
        told.push((found.token, found.eligible_at.map(|at| at.0), found.last_sent_at.map(|at| at.0)));
        Ok::<_, Error>(())
    }).unwrap();
    let of = |token: &str| told.iter().find(|row| row.0 == token).map(|row| (row.1, row.2)).unwrap();
    assert_eq!((of("a1"), of("b1"), of("c1")), ((Some(soon), None), (None, Some(600)), (None, None)));

    // After a backup was restored nobody may get anything for a while.
    run(&mut ledger, &format!("update ledger set nobody_before = {soon}"));
    check(&ledger, &|filter| filter.eligible = true, &[], &[]);
    let mut until = BTreeSet::new();
    ledger.each_person("1", &Filter::default(), NOW, &mut |found| {
        until.insert(found.eligible_at.map(|at| at.0));
        Ok::<_, Error>(())
    }).unwrap();
    assert_eq!(until, BTreeSet::from([Some(soon)]));
    run(&mut ledger, "update ledger set nobody_before = 0");

    // A token that can't receive any more leaves its place to one that can; a person without any is still one.
    run(&mut ledger, "update recipients set expires_at = 999 where token = 'b1'");
    check(&ledger, &|_| (), &["a1", "a2", "b1", "b2", "c1"], &["a1", "b2", "c1"]);
    run(&mut ledger, "update recipients set suppressed = 'operator' where token like 'a%'");
    check(&ledger, &|filter| filter.suppressed = true, &["a1", "a2"], &["a1"]);
    // Another request may have reached B.
    run(&mut ledger, &format!("update sends set state = {}, finished_at = 700 where broadcast = 2", State::Unknown.number()));
    check(&ledger, &|filter| filter.never_sent = true, &["a1", "a2", "c1"], &["a1", "c1"]);
    run(&mut ledger, "delete from sends where broadcast = 1");
    check(&ledger, &|filter| filter.never_sent = true, &["a1", "a2", "c1"], &["a1", "c1"]);
}
}
