//! Claims under a spend limit: what each reserves, and what gives it back.

use std::sync::Barrier;

use super::*;
use crate::campaign::Amount;
use crate::ledger::database::tests::engine::{Engine, on};
use crate::ledger::events::stage::Stage;
use crate::ledger::spending::{Ceiling, Spending, WhichCeiling};
use crate::ledger::tally::{Tally, What};
use crate::times::day::Day;
use crate::times::hours::Zone;

const ACCOUNT: &str = "2";

/// 10 for each, in smallest units.
fn ceiling(daily: Option<u64>, in_all: Option<u64>) -> Ceiling {
    let zone = Zone::named("Asia/Kolkata");
    let today = Day::at(UnixMillis(NOW), zone);
    Ceiling {
        each: Amount::of_minor(10),
        currency: None,
        zone,
        daily: daily.map(Amount::of_minor),
        in_all: in_all.map(|limit| (Amount::of_minor(limit), today)),
    }
}

fn limited(folder: &std::path::Path, people: i64, ceiling: Ceiling) -> Writer {
    let mut writer = writer(folder, people);
    writer.seat.scope.ceiling = Some(ceiling);
    writer
}

/// Claims so many, in as many steps as a loaded machine takes, unless the money or the rows end first.
fn claims(writer: &mut Writer, finishes: &[Finish], want: usize) -> (Vec<Claim>, Option<Spending>) {
    let mut stepped = writer.step(finishes, want, &mut Open).unwrap();
    let mut claims = std::mem::take(&mut stepped.claims);
    while claims.len() < want && stepped.spent_up.is_none() && !stepped.exhausted {
        stepped = writer.step(&[], want - claims.len(), &mut Open).unwrap();
        claims.append(&mut stepped.claims);
    }
    (claims, stepped.spent_up)
}

/// How it stands: spent, reserved, left, in smallest units.
fn standing(writer: &Writer) -> (u64, u64, u64) {
    let now = writer.seat.clock.now();
    let spending = writer.ledger.spending(ACCOUNT, &writer.seat.scope.ceiling.unwrap(), now).unwrap().unwrap();
    (spending.spent().minor(), spending.reserved().minor(), spending.left().minor())
}

on_both! {
fn what_is_claimed_is_reserved_and_what_cost_nothing_is_given_back_in_the_same_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = limited(folder.path(), 20, ceiling(None, Some(55)));
    let (mut first, spent_up) = claims(&mut writer, &[], 9);
    assert_eq!((first.len(), spent_up.map(|spending| spending.left().minor())), (5, Some(5)), "six would cost 60");
    assert_eq!(standing(&writer), (0, 50, 5));
    let (none, spent_up) = claims(&mut writer, &[], 9);
    let spent_up = spent_up.unwrap();
    assert_eq!((none.len(), spent_up.which, spent_up.affords()), (0, WhichCeiling::InAll, 0));
    let later = UnixMillis(NOW * 2);
    let outcomes = [
        Outcome::Accepted { tracking_id: None },
        Outcome::Unknown,
        Outcome::Back,
        Outcome::Refused { suppress: None },
        Outcome::Later { until: later },
    ];
    let finishes: Vec<_> = first.drain(..).zip(outcomes).map(|(claim, outcome)| answer(claim, outcome)).collect();
    let (second, _) = claims(&mut writer, &finishes, 9);
    assert_eq!(second.len(), 3, "two are or may be accepted");
    assert_eq!(standing(&writer), (0, 50, 5));
}

fn failures_and_deliveries_settle_what_was_reserved() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = limited(folder.path(), 20, ceiling(Some(40), None));
    let (first, _) = claims(&mut writer, &[], 9);
    let finishes: Vec<_> =
        first.into_iter().map(|claim| answer(claim, Outcome::Accepted { tracking_id: None })).collect();
    assert_eq!(claims(&mut writer, &finishes, 9).0.len(), 0);
    let mut tally = Tally::default();
    tally.add(1, UnixMillis(NOW), What::Of(Stage::Failed), 1);
    tally.add(1, UnixMillis(NOW), What::Of(Stage::Delivered), 2);
    tally.write(&writer.ledger.conn).unwrap();
    assert_eq!(standing(&writer), (20, 10, 10));
    assert_eq!(claims(&mut writer, &[], 9).0.len(), 1);
    // Meta says that more was spent, on this account's day, than the sends of this ledger can cost.
    let today = Day::at(UnixMillis(NOW), Zone::named("Asia/Kolkata"));
    let mut told = |spent| writer.ledger.told_spending(ACCOUNT, today, Amount::of_minor(spent)).unwrap();
    told(39);
    told(3);
    assert_eq!(standing(&writer), (39, 1, 0));
    writer.ledger.told_spending("3", today, Amount::of_minor(100)).unwrap();
    assert_eq!(standing(&writer), (39, 1, 0), "that is another account's");
}

fn a_daily_limit_begins_anew_with_the_accounts_day_and_that_of_a_run_does_not() {
    let folder = tempfile::tempdir().unwrap();
    for (daily, in_all, tomorrow) in [(Some(20), None, 2), (Some(20), Some(30), 1), (None, Some(30), 0)] {
        let mut writer = limited(folder.path(), 20, ceiling(daily, in_all));
        let (first, _) = claims(&mut writer, &[], 9);
        assert_eq!(first.len() as u64, daily.or(in_all).unwrap() / 10);
        let finishes: Vec<_> =
            first.into_iter().map(|claim| answer(claim, Outcome::Accepted { tracking_id: None })).collect();
        assert_eq!(claims(&mut writer, &finishes, 9).0.len(), 0);
        let next = Day::at(UnixMillis(NOW), Zone::named("Asia/Kolkata")).ends;
        // The hour within which the day began counts to both days.
        writer.seat.clock = Clock::starting_at(next.plus(Duration::from_secs(3600)));
        let (second, spent_up) = claims(&mut writer, &[], 9);
        assert_eq!(second.len(), tomorrow, "{daily:?} {in_all:?}");
        assert!(spent_up.is_some(), "{daily:?} {in_all:?}");
    }
}
}

/// The claims of runs without a limit count for those that have one.
#[test]
fn what_others_send_without_a_limit_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 20);
    let (first, _) = claims(&mut writer, &[], 3);
    assert_eq!(first.len(), 3);
    writer.seat.scope.ceiling = Some(ceiling(Some(50), None));
    assert_eq!(claims(&mut writer, &[], 9).0.len(), 2);
}

#[test]
fn runs_that_claim_at_once_on_a_server_take_no_money_twice() {
    const RUNS: usize = 4;
    on(Engine::Postgres, || {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = limited(folder.path(), 100, ceiling(Some(100), None));
        let today = Day::at(UnixMillis(NOW), Zone::named("Asia/Kolkata"));
        writer.ledger.told_spending(ACCOUNT, today, Amount::default()).unwrap();
        let (broadcast, address) = (writer.seat.scope.broadcast.id, writer.ledger.address().clone());
        let runs: Vec<_> = (0..RUNS).map(|_| writer.ledger.start_run(broadcast, UnixMillis(NOW), 8).unwrap()).collect();
        let (start, clock, scope) = (Barrier::new(RUNS), writer.seat.clock, writer.seat.scope.clone());
        let claimed: Vec<usize> = std::thread::scope(|threads| {
            let at_work: Vec<_> = runs
                .iter()
                .map(|run| {
                    let (start, scope) = (&start, Scope { run: run.id, ..scope.clone() });
                    let mut own = Writer::new(Ledger::open(address.clone()).unwrap().0, clock, scope, None);
                    threads.spawn(move || {
                        start.wait();
                        let mut claimed = 0;
                        loop {
                            let (claims, spent_up) = claims(&mut own, &[], 8);
                            claimed += claims.len();
                            if spent_up.is_some() {
                                return claimed;
                            }
                        }
                    })
                })
                .collect();
            at_work.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert_eq!(claimed.iter().sum::<usize>(), 10, "each alone could have claimed 8: {claimed:?}");
    });
}
