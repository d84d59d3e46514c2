//! What keeps a row from being claimed, each alone: planned while nothing was in the way, judged again in the claim's transaction.

use super::*;
use crate::times::MARGIN;

const SEND: &str = "select state, not_before, reason from sends where broadcast = 1";

#[test]
fn a_person_or_row_that_may_not_be_sent_to_is_put_off_or_skipped_when_it_would_be_claimed() {
    let day = 24 * 3_600_000;
    let later = NOW + day;
    let rival = |state: i64, repeat: i64, fingerprint: &str| {
        format!(
            "insert into broadcasts (id, page, ad_account, campaign, fingerprint, repeat, message, created_at)
             values (9, '1', '2', '3', {fingerprint}, {repeat}, '{{}}', 1);
             insert into sends (broadcast, recipient, listing, state) values (9, 1, 1, {state});"
        )
    };
    let waits = format!("Integer(0) Integer({later}) Text(\"cooling_down\")");
    let skipped = |why: &str| format!("Integer(4) Integer(0) Text(\"{why}\")");
    let claimed = "Integer(1) Integer(0) Null".to_owned();
    let other = skipped("other_message");
    for (sql, found) in [
        (format!("update recipients set next_eligible_at = {later}"), waits.clone()),
        (format!("update recipients set blocked_until = {later}"), waits),
        (format!("update recipients set expires_at = {NOW}"), skipped("expired")),
        ("update recipients set suppressed = 'operator'".to_owned(), skipped("suppressed")),
        (format!("update sends set laters = 3, first_later_at = {NOW}"), skipped("never_available")),
        (format!("update sends set laters = 1, first_later_at = {}", NOW - 7 * day), skipped("never_available")),
        (format!("update sends set laters = 2, first_later_at = {}", NOW - 6 * day), claimed.clone()),
        (rival(1, 0, "x'01'"), other.clone()),
        (rival(2, 0, "x'01'"), other.clone()),
        (rival(5, 0, "x'01'"), other.clone()),
        (rival(0, 0, "x'01'"), claimed.clone()),
        (rival(3, 0, "x'01'"), claimed.clone()),
        // Another repeat of the same message: a later one has reached whom this one may not reach again.
        (rival(2, 1, "zeroblob(32)"), other),
        ("update listings set planned_at = null".to_owned(), "Integer(0) Integer(0) Null".to_owned()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1);
        change(&writer, &sql);
        let done = writer.step(&[], 9, &mut Open).unwrap();
        assert_eq!(done.claims.len(), usize::from(found == claimed), "{sql}");
        assert_eq!(text(&writer, SEND), found, "{sql}");
    }
}

on_both! {
fn of_a_persons_tokens_one_goes_out_and_its_cool_down_holds_for_the_others() {
    let later = NOW + 24 * 3_600_000;
    let pending = |recipient: i64| format!("Integer({recipient}) Integer(0) Integer(0) Null");
    let claimed = |recipient: i64| format!("Integer({recipient}) Integer(1) Integer(0) Null");
    let skipped = |recipient: i64, why: &str| format!("Integer({recipient}) Integer(4) Integer(0) Text(\"{why}\")");
    let waits = |recipient: i64| format!("Integer({recipient}) Integer(0) Integer({later}) Text(\"cooling_down\")");
    for (sql, found) in [
        (String::new(), vec![claimed(1), skipped(2, "other_token"), claimed(3)]),
        // One that can't get it is not in the way of one that can.
        (format!("update recipients set expires_at = {NOW} where id = 1"), vec![skipped(1, "expired"), claimed(2), claimed(3)]),
        ("update sends set state = 2 where id = 1".to_owned(), vec![skipped(2, "other_token"), claimed(3)]),
        ("update sends set state = 5 where id = 2".to_owned(), vec![skipped(1, "other_token"), claimed(3)]),
        ("update sends set state = 3 where id = 1".to_owned(), vec![claimed(2), claimed(3)]),
        ("update recipients set page = '2' where id = 1".to_owned(), vec![claimed(1), claimed(2), claimed(3)]),
        (format!("delete from sends where id = 1; update recipients set blocked_until = {later} where id = 1"), vec![waits(2), claimed(3)]),
        (format!("delete from sends where id = 2; update recipients set blocked_until = {later} where id = 2"), vec![waits(1), claimed(3)]),
        ("update listings set planned_at = null".to_owned(), vec![pending(1), pending(2), pending(3)]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 3);
        change(&writer, "update recipients set psid = '61' where id <= 2");
        change(&writer, &sql);
        let done = writer.step(&[], 9, &mut Open).unwrap();
        assert_eq!(done.claims.len(), found.iter().filter(|row| row.contains(") Integer(1) ")).count(), "{sql}");
        let rows = "select recipient, state, not_before, reason from sends where state not in (2, 3, 5) order by recipient";
        assert_eq!(text(&writer, rows), found.join("\n"), "{sql}");
    }
}
}

on_both! {
fn whoever_comes_after_what_is_wanted_is_left_for_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 5);
    change(&writer, "update recipients set suppressed = 'operator' where id > 3");
    let rows = "select recipient, state from sends where recipient > 3 order by recipient";
    for (claims, left) in [(3, "Integer(4) Integer(0)\nInteger(5) Integer(0)"), (0, "Integer(4) Integer(4)\nInteger(5) Integer(4)")] {
        let done = writer.step(&[], 3, &mut Open).unwrap();
        assert_eq!((done.claims.len(), done.settled.len()), (claims, if claims == 3 { 0 } else { 2 }));
        assert_eq!(text(&writer, rows), left);
    }
}
}

#[test]
fn a_repeat_reaches_those_whom_earlier_repeats_reached() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    change(
        &writer,
        "insert into broadcasts (id, page, ad_account, campaign, fingerprint, repeat, message, created_at)
         select 9, page, ad_account, campaign, fingerprint, 1, message, 1 from broadcasts;
         update sends set state = 2; insert into sends (broadcast, recipient, listing) values (9, 1, 1)",
    );
    writer.seat.scope.broadcast = writer.ledger.broadcast(9).unwrap().unwrap();
    assert_eq!(writer.step(&[], 9, &mut Open).unwrap().claims.len(), 1);
}

#[test]
fn nothing_is_claimed_from_the_end_of_the_campaign_on() {
    for (end, claims) in [(NOW - 1, 0), (NOW * 2, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1);
        writer.seat.scope.end = Some(UnixMillis(end));
        assert_eq!(writer.step(&[], 9, &mut Open).unwrap().claims.len(), claims);
        let state = if claims == 0 { "Integer(4) Integer(0) Text(\"ended\")" } else { "Integer(1) Integer(0) Null" };
        assert_eq!(text(&writer, SEND), state);
    }
}

#[test]
fn a_run_that_was_taken_for_dead_claims_nothing_and_still_settles_what_it_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 2);
    let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
    // A cool-down that is longer than the finder's stays.
    change(&writer, "update recipients set blocked_until = blocked_until * 2 where id = 1");
    let before = text(&writer, "select blocked_until from recipients where id = 1");
    std::fs::remove_dir_all(folder.path().join("runs")).unwrap();
    let (clock, cool_down) = (writer.seat.clock, writer.seat.scope.cool_down);
    assert_eq!(writer.ledger.bury_dead_runs(&clock, cool_down).unwrap(), 1);
    assert_eq!(text(&writer, "select blocked_until from recipients where id = 1"), before);
    let ended = text(&writer, "select ended_at, why from runs");
    assert_eq!(text(&writer, "select state, reason from sends where id = 1"), "Integer(5) Text(\"killed\")");
    let error = writer.step(&[], 1, &mut Open).unwrap_err();
    assert!(matches!(error, Error::TakenForDead { .. }), "{error:?}");
    assert_eq!(text(&writer, "select state from sends where id = 2"), "Integer(0)");
    let accepted = answer(claim, Outcome::Accepted { tracking_id: None });
    assert_eq!(writer.step(&[accepted], 0, &mut Open).unwrap().overtaken, 0);
    assert_eq!(text(&writer, "select state from sends where id = 1"), "Integer(2)");
    assert_eq!(text(&writer, "select ended_at, why from runs"), ended);
}

#[test]
fn a_clock_that_is_ahead_where_a_dead_run_is_found_stops_no_later_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    writer.step(&[], 1, &mut Open).unwrap();
    let until = text(&writer, "select blocked_until from recipients");
    let newest = writer.ledger.newest_at().unwrap();
    std::fs::remove_dir_all(folder.path().join("runs")).unwrap();
    let ahead = Clock::starting_at(UnixMillis(NOW * 2));
    assert_eq!(writer.ledger.bury_dead_runs(&ahead, writer.seat.scope.cool_down).unwrap(), 1);
    assert_eq!(writer.ledger.newest_at().unwrap(), newest);
    assert_ne!(text(&writer, "select blocked_until from recipients"), until, "its person is kept all the longer");
}

/// Puts another file in the ledger's place while the transaction goes on.
struct Swap<'p>(&'p std::path::Path);

impl Meter for Swap<'_> {
    fn allow(&mut self, _: &mut Option<PaceRow>, _: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        std::fs::rename(self.0, self.0.with_extension("old")).unwrap();
        std::fs::write(self.0, "").unwrap();
        (want, None)
    }

    fn has_news(&self) -> bool {
        true
    }

    fn only_looks(&self) -> bool {
        false
    }

    fn unused(&mut self, _: &mut PaceRow, _: usize) {}
}

#[test]
fn a_ledger_that_is_replaced_inside_the_transaction_commits_no_claim() {
    let folder = tempfile::tempdir().unwrap();
    let made = writer(folder.path(), 1);
    let path = folder.path().join("ledger.db");
    made.ledger.conn.execute("vacuum into ?1", [path.to_str().unwrap()]).unwrap();
    let (ledger, _) = Ledger::open(&path).unwrap();
    let mut writer = Writer::new(ledger, made.seat.clock, made.seat.scope, None);
    let stepped = writer.step(&[], 1, &mut Swap(&path)).unwrap();
    assert!(stepped.claims.is_empty());
    assert!(matches!(stepped.closed, Some(Error::Replaced { .. })), "{stepped:?}");
    assert_eq!(text(&writer, "select state from sends"), "Integer(0)");
}

#[test]
fn a_clock_may_be_as_far_behind_the_ledger_as_the_margin_of_cool_downs_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path(), 1);
    let newest = writer.ledger.newest_at().unwrap();
    assert_eq!(newest, UnixMillis(NOW));
    writer.ledger.refuse_clock_behind(newest.minus(MARGIN)).unwrap();
    let error = writer.ledger.refuse_clock_behind(newest.minus(MARGIN + Duration::from_millis(1))).unwrap_err();
    assert!(matches!(error, Error::ClockBehind { .. }), "{error:?}");
}

#[test]
fn a_person_who_changed_since_they_were_read_ahead_is_judged_as_they_are_now() {
    let day = Duration::from_hours(24);
    let later = UnixMillis(NOW).plus(day).0;
    // What was read ahead, what is true at the claim, and what becomes of the row.
    let put_off = format!("Integer(0) Integer({later}) Text(\"cooling_down\")");
    let claimed = "Integer(1) Integer(0) Null".to_owned();
    let skipped = |skip: &str| format!("Integer(4) Integer(0) Text(\"{skip}\")");
    for (ahead, now, found) in [
        ("blocked_until = 5".to_owned(), "blocked_until = 6".to_owned(), claimed.clone()),
        ("blocked_until = 5".to_owned(), format!("blocked_until = {later}"), put_off.clone()),
        (format!("blocked_until = {later}"), "blocked_until = 5".to_owned(), claimed.clone()),
        ("next_eligible_at = null".to_owned(), format!("next_eligible_at = {later}"), put_off.clone()),
        (format!("next_eligible_at = {later}"), format!("next_eligible_at = {NOW}"), claimed.clone()),
        ("expires_at = null".to_owned(), format!("expires_at = {NOW}"), skipped("expired")),
        (format!("expires_at = {NOW}"), format!("expires_at = {later}"), claimed.clone()),
        ("suppressed = null".to_owned(), "suppressed = 'operator'".to_owned(), skipped("suppressed")),
        ("suppressed = 'opted_out'".to_owned(), "suppressed = null".to_owned(), claimed.clone()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 2);
        change(&writer, &format!("update recipients set {ahead} where id = 2"));
        // The first step claims one row and reads both.
        assert_eq!(writer.step(&[], 1, &mut Open).unwrap().claims.len(), 1);
        change(&writer, &format!("update recipients set {now} where id = 2"));
        let done = writer.step(&[], 9, &mut Open).unwrap();
        assert_eq!(done.claims.len(), usize::from(found == claimed), "{ahead} then {now}");
        assert_eq!(text(&writer, &format!("{SEND} and id = 2")), found, "{ahead} then {now}");
        if found == claimed {
            let before = text(&writer, "select blocked_until_before_claim from recipients where id = 2");
            let blocked =
                if now.starts_with("blocked_until") { now.replace("blocked_until = ", "") } else { "0".to_owned() };
            assert_eq!(before, format!("Integer({blocked})"), "{ahead} then {now}");
        }
    }
}

#[test]
fn whoever_has_to_wait_is_met_once_and_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 2000);
    // All but the last one have to wait.
    change(&writer, &format!("update recipients set blocked_until = {} where id < 2000", NOW * 2));
    let mut met = 0;
    let claims = loop {
        let done = writer.step(&[], 1, &mut Open).unwrap();
        met += done.settled.len();
        if !done.claims.is_empty() {
            break done.claims;
        }
        assert!(!done.exhausted, "nobody was found");
    };
    assert_eq!((claims[0].token.as_str(), met), ("t2000", 1999));
    let done = writer.step(&[], 1, &mut Open).unwrap();
    assert_eq!((done.settled.len(), done.exhausted), (0, true), "they are not met again before their time");
}

/// One run has read rows ahead that another claims, and meets them when the other's cool-down is long over.
#[tokio::test(start_paused = true)]
async fn a_row_that_another_run_claimed_leaves_its_person_as_that_claim_left_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = writer(folder.path(), 3);
    let claims = first.step(&[], 1, &mut Open).unwrap().claims;
    assert_eq!(claims.iter().map(|claim| claim.send).collect::<Vec<_>>(), [1]);
    let clock = first.seat.clock;
    let run = first.ledger.start_run(first.seat.scope.broadcast.id, clock.now(), 8).unwrap().id;
    let mut second = Seat::new(clock, Scope { run, ..first.seat.scope.clone() }, None);
    let mut order = Order { seat: &mut second, finishes: &[], want: 1, meter: &mut Open };
    let others = step(&mut first.ledger, &mut order).unwrap().claims;
    assert_eq!(others.iter().map(|claim| claim.send).collect::<Vec<_>>(), [2]);
    tokio::time::advance(Duration::from_hours(20)).await;
    let claims = first.step(&[], 3, &mut Open).unwrap().claims;
    assert_eq!(claims.iter().map(|claim| claim.send).collect::<Vec<_>>(), [3]);
    let held = others[0].at.plus(first.seat.scope.timeout).plus(first.seat.scope.cool_down).plus(MARGIN).0;
    let person = "select blocked_until, blocked_until_before_claim from recipients where id = 2";
    assert_eq!(text(&first, person), format!("Integer({held}) Integer(0)"));
    // So its answer can still take the cool-down back.
    let finishes = [answer(others[0].clone(), Outcome::Back)];
    step(&mut first.ledger, &mut Order { seat: &mut second, finishes: &finishes, want: 0, meter: &mut Open }).unwrap();
    assert_eq!(text(&first, person), "Integer(0) Null");
}

#[test]
fn a_row_that_came_back_behind_the_search_is_claimed_before_nothing_more_is_said_to_be_due() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 3);
    let claims = writer.step(&[], 1, &mut Open).unwrap().claims;
    writer.step(&[answer(claims[0].clone(), Outcome::Refused { suppress: None })], 2, &mut Open).unwrap();
    assert_eq!(text(&writer, "select state from sends order by id"), "Integer(3)\nInteger(1)\nInteger(1)");
    change(&writer, "update sends set state = 0, run = null where id = 1");
    let stepped = writer.step(&[], 2, &mut Open).unwrap();
    assert_eq!(stepped.claims.iter().map(|claim| claim.send).collect::<Vec<_>>(), [1]);
    assert!(stepped.exhausted);
}
