use std::collections::BTreeSet;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::people::found::Found;

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
    assert_eq!(ledger.count_people("1", filter, NOW).unwrap(), tokens.len() as u64);
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
