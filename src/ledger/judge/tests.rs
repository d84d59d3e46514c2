use super::*;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const HOUR: Duration = Duration::from_hours(1);

fn later(hours: u32) -> UnixMillis {
    NOW.plus(HOUR * hours)
}

fn terms(end: Option<UnixMillis>) -> Terms {
    Terms { now: NOW, end, lost: Lost::default(), hours: Hours::default() }
}

#[test]
fn the_first_reason_in_order_decides() {
    let free = Person::default();
    let blocked = Person { blocked_until: later(2), ..free };
    let both = Person { next_eligible_at: Some(later(3)), ..blocked };
    let skip = |skip| Decision::never(skip);
    let never = Laters { count: MAX_LATERS, first_at: None };
    let old = Laters { count: 1, first_at: Some(NOW.minus(MAX_LATER_SPAN)) };
    let young = Laters { count: MAX_LATERS - 1, first_at: Some(NOW.minus(MAX_LATER_SPAN).plus(HOUR)) };
    let none = Laters::default();
    let [nothing, message, token] = [Reached::Nothing, Reached::OtherMessage, Reached::ByOtherToken];
    let others = Person { others_blocked_until: Some(later(4)), ..both };
    for (person, reached, laters, end, decision) in [
        (free, nothing, none, None, Decision::Now),
        (free, nothing, young, Some(later(1)), Decision::Now),
        (Person { blocked_until: NOW, next_eligible_at: Some(NOW), ..free }, nothing, none, None, Decision::Now),
        (blocked, nothing, none, None, Decision::Later { at: later(2) }),
        (both, nothing, none, None, Decision::Later { at: later(3) }),
        (Person { next_eligible_at: Some(later(1)), ..blocked }, nothing, none, None, Decision::Later { at: later(2) }),
        (Person { next_eligible_at: Some(later(1)), ..free }, nothing, none, None, Decision::Later { at: later(1) }),
        (
            Person { expires_at: Some(later(1)), ..blocked },
            nothing,
            none,
            Some(later(3)),
            Decision::Later { at: later(2) },
        ),
        (free, nothing, none, Some(NOW), skip(Skip::Ended)),
        (blocked, nothing, none, Some(later(2)), skip(Skip::Ended)),
        (free, nothing, never, None, skip(Skip::NeverAvailable)),
        (blocked, nothing, old, Some(NOW), skip(Skip::NeverAvailable)),
        (others, nothing, none, None, Decision::Later { at: later(4) }),
        (Person { others_blocked_until: Some(NOW), ..free }, nothing, none, None, Decision::Now),
        (others, token, never, Some(NOW), skip(Skip::OtherToken)),
        (Person { expires_at: Some(NOW), ..free }, token, none, None, skip(Skip::Expired)),
        (blocked, message, never, Some(NOW), skip(Skip::OtherMessage)),
        (Person { expires_at: Some(NOW), ..blocked }, message, never, Some(NOW), skip(Skip::Expired)),
    ] {
        assert_eq!(
            judge(Some(&person), reached, laters, terms(end)),
            decision,
            "{person:?} {reached:?} {laters:?} {end:?}"
        );
        for why in [Suppression::OptedOut, Suppression::Expired, Suppression::Region, Suppression::Operator] {
            let person = Person { suppressed: Some(why), ..person };
            assert_eq!(judge(Some(&person), reached, laters, terms(end)), skip(why.skip()), "{person:?}");
        }
    }
    assert_eq!(judge(None, Reached::Nothing, none, terms(None)), Decision::Now);
    assert_eq!(judge(None, Reached::OtherMessage, none, terms(None)), skip(Skip::OtherMessage));
}

#[test]
fn what_was_lost_is_skipped_and_holds_everybody_back() {
    let known = Person::default();
    let blocked = Person { blocked_until: later(3), ..known };
    let opted_out = Person { suppressed: Some(Suppression::OptedOut), ..known };
    let at = |hours| Decision::Later { at: later(hours) };
    let skip = |skip| Decision::never(skip);
    // Until when nobody gets anything, in hours; whether the row may have been sent; the campaign's end.
    for (person, until, rows, end, decision) in [
        (None, 0, false, None, Decision::Now),
        (None, 2, false, None, at(2)),
        (Some(&known), 2, false, None, at(2)),
        (Some(&blocked), 2, false, None, at(3)),
        (Some(&blocked), 4, false, None, at(4)),
        (None, 2, false, Some(later(3)), at(2)),
        (None, 2, false, Some(later(2)), skip(Skip::Ended)),
        (None, 0, true, None, skip(Skip::Restored)),
        (Some(&blocked), 4, true, Some(later(1)), skip(Skip::Restored)),
        (Some(&opted_out), 4, true, None, skip(Skip::OptedOut)),
    ] {
        let lost = Lost { nobody_before: later(until), rows };
        let judged = judge(person, Reached::Nothing, Laters::default(), Terms { lost, ..terms(end) });
        assert_eq!(judged, decision, "{person:?} {lost:?} {end:?}");
    }
    let lost = Lost { nobody_before: NOW, rows: false };
    assert_eq!(judge(None, Reached::Nothing, Laters::default(), Terms { lost, ..terms(None) }), Decision::Now);
}

#[test]
fn a_row_that_comes_back_waits_is_given_up_or_stays_closed() {
    let at = later(2);
    assert_eq!(put_back(UnixMillis(0), false), Decision::Now);
    assert_eq!(put_back(at, false), Decision::Later { at });
    assert_eq!(put_back(at, true), Decision::never(Skip::Closed));
    let two = Laters { count: MAX_LATERS - 1, first_at: Some(NOW) };
    let three = Laters { count: MAX_LATERS, ..two };
    assert_eq!(put_off(at, two, false, terms(None)), Decision::Later { at });
    assert_eq!(put_off(at, two, false, terms(Some(later(3)))), Decision::Later { at });
    assert_eq!(put_off(at, two, false, terms(Some(at))), Decision::never(Skip::Ended));
    assert_eq!(put_off(at, two, true, terms(Some(at))), Decision::never(Skip::Closed));
    assert_eq!(put_off(at, three, true, terms(Some(at))), Decision::never(Skip::NeverAvailable));
}

#[test]
fn the_hour_decides_after_everything_else() {
    // 08:00 UTC; in Kolkata it is 13:30.
    let zone = Zone::named("Asia/Kolkata");
    let free = Person { zone, ..Person::default() };
    let blocked = Person { blocked_until: later(4), ..free };
    let quiet = Some(crate::times::hours::Quiet::parse("17:00-19:30").unwrap());
    let hours = Hours { quiet, fallback: Zone::named("UTC"), ..Hours::default() };
    let at = |hours| Decision::OffHours { at: later(hours) };
    for (person, not_before, end, decision) in [
        (Some(&free), 0, None, Decision::Now),
        (None, 0, None, Decision::Now),
        // At the end of the cool-down it is quiet where they are, and not elsewhere.
        (Some(&blocked), 0, None, at(6)),
        (Some(&Person { zone: Zone::default(), ..blocked }), 0, None, Decision::Later { at: later(4) }),
        (Some(&free), 1, None, at(1)),
        (Some(&free), 4, None, at(6)),
        (Some(&blocked), 9, None, at(9)),
        (Some(&blocked), 0, Some(later(6)), Decision::never(Skip::Ended)),
        (None, 2, Some(later(2)), Decision::never(Skip::Ended)),
        (
            Some(&Person { suppressed: Some(Suppression::Operator), ..free }),
            4,
            None,
            Decision::never(Suppression::Operator.skip()),
        ),
    ] {
        let hours = Hours { not_before: if not_before == 0 { UnixMillis(0) } else { later(not_before) }, ..hours };
        let judged = judge(person, Reached::Nothing, Laters::default(), Terms { hours, ..terms(end) });
        assert_eq!(judged, decision, "{person:?} {not_before} {end:?}");
        assert_eq!(judged.reason().as_deref() == Some(OFF_HOURS), matches!(judged, Decision::OffHours { .. }));
    }
}
