//! Many runs in one transaction: each gets what it would get alone.

use std::collections::BTreeMap;

use super::*;

/// A ledger on which so many runs send, each a broadcast of its own to so many people of its own.
fn runs(folder: &std::path::Path, runs: i64, people: i64, clock: Clock) -> (Ledger, Vec<Seat>) {
    let mut ledger = Ledger::in_memory(folder);
    let seats = (1..=runs).map(|n| {
        let (campaign, account) = (n.to_string(), format!("act_{n}"));
        let key =
            BroadcastKey { split: None, page: &campaign, ad_account: &account, campaign: &campaign, fingerprint: [0; 32], message: "{}" };
        let broadcast = ledger.open_broadcast(&key, Which::default(), "http://host", clock.now()).unwrap();
        assert_eq!(broadcast.id, n);
        let run = ledger.start_run(n, clock.now(), 8).unwrap();
        ledger
            .conn
            .execute_batch(&format!(
                "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at)
                 values ({n}, {n}, 'a', {people}, x'00', 1, 1);
                 with recursive p (id) as (select {n} * 1000000 + 1 union all select id + 1 from p limit {people})
                 insert into recipients (id, key, token, page) select id, cast(id as blob), 't' || id, '1' from p;
                 insert into sends (broadcast, recipient, listing) select {n}, id, {n} from recipients where id > {n} * 1000000;
                 insert into states (broadcast, state, n) values ({n}, 0, {people})"
            ))
            .unwrap();
        let scope = Scope {
            broadcast,
            run: run.id,
            listing: None,
            values: false,
            end: None,
            cool_down: Duration::from_hours(12),
            timeout: Duration::from_secs(30), ceiling: None
        };
        std::mem::forget(run);
        Seat::new(clock, scope, None)
    });
    let seats = seats.collect();
    (ledger, seats)
}

/// What a run asks for, with its number.
struct Wanted {
    run: usize,
    finishes: Vec<Finish>,
    want: usize,
}

/// What fits into one transaction.
fn in_one_commit(ledger: &mut Ledger, seats: &mut [Seat], wanted: &[Wanted]) -> Vec<Option<Result<Stepped>>> {
    let mut meters: Vec<Open> = wanted.iter().map(|_| Open).collect();
    let mut free: BTreeMap<usize, &mut Seat> = seats.iter_mut().enumerate().collect();
    let mut orders: Vec<_> = wanted
        .iter()
        .zip(&mut meters)
        .map(|(wanted, meter)| Order {
            seat: free.remove(&wanted.run).unwrap(),
            finishes: &wanted.finishes,
            want: wanted.want,
            meter,
        })
        .collect();
    step_together(ledger, &mut orders)
}

/// On a busy machine not all fit into one transaction: the rest has the next one.
fn together(ledger: &mut Ledger, seats: &mut [Seat], wanted: &[Wanted]) -> Vec<Result<Stepped>> {
    let mut answers = Vec::new();
    while answers.len() < wanted.len() {
        let done = answers.len();
        answers.extend(in_one_commit(ledger, seats, &wanted[done..]).into_iter().map_while(|answer| answer));
        assert!(answers.len() > done, "none was done");
    }
    answers
}

fn want(runs: impl IntoIterator<Item = usize>, want: usize) -> Vec<Wanted> {
    runs.into_iter().map(|run| Wanted { run, finishes: Vec::new(), want }).collect()
}

fn ids(stepped: &Stepped) -> Vec<i64> {
    stepped.claims.iter().map(|claim| claim.send).collect()
}

fn all(ledger: &Ledger, table: &str) -> Vec<String> {
    let mut statement = ledger.conn.sqlite().prepare(&format!("select * from {table} order by 1, 2, 3")).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map((), |row| {
        (0..columns).map(|n| row.get::<_, rusqlite::types::Value>(n).map(|value| format!("{value:?}"))).collect()
    });
    rows.unwrap().map(|row: rusqlite::Result<Vec<String>>| row.unwrap().join(" ")).collect()
}

#[tokio::test(start_paused = true)]
async fn runs_that_share_a_commit_get_what_each_would_get_alone() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let clock = Clock::starting_at(UnixMillis(NOW));
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [(mut shared, mut seats), (mut lone, mut lone_seats)] =
            folders.each_ref().map(|folder| runs(folder.path(), 6, 20, clock));
        let mut claims: Vec<Vec<Claim>> = vec![Vec::new(); 6];
        for round in 0..12 {
            tokio::time::advance(Duration::from_millis(250)).await;
            // Somebody takes a run for dead, or its rows can't be written.
            if round == 5 {
                let run = random.i64(1..=6);
                let raise = ["raise(abort, 'no')", "raise(rollback, 'no')"][random.usize(..2)];
                for ledger in [&shared, &lone] {
                    ledger
                        .conn
                        .execute_batch(&format!(
                            "update runs set ended_at = 1 where id = {run} % 6 + 1;
                             create trigger no before update of state on sends when old.broadcast = {run}
                             begin select {raise}; end"
                        ))
                        .unwrap();
                }
            }
            let mut wanted = Vec::new();
            for (run, claims) in claims.iter_mut().enumerate() {
                if random.u8(..4) == 0 {
                    continue;
                }
                let answered = random.usize(..=claims.len());
                let finishes = claims.drain(..answered).map(|claim| {
                    let outcome = match random.u8(..6) {
                        0 => Outcome::Back,
                        1 => Outcome::Later { until: clock.now().plus(Duration::from_millis(300)) },
                        2 => Outcome::Unknown,
                        3 => Outcome::Refused { suppress: Some(Suppression::OptedOut) },
                        _ => Outcome::Accepted { tracking_id: None },
                    };
                    answer(claim, outcome)
                });
                wanted.push(Wanted { run, finishes: finishes.collect(), want: random.usize(..4) });
            }
            random.shuffle(&mut wanted);
            let answers = together(&mut shared, &mut seats, &wanted);
            for (wanted, answer) in wanted.iter().zip(answers) {
                let mut order = Order {
                    seat: &mut lone_seats[wanted.run],
                    finishes: &wanted.finishes,
                    want: wanted.want,
                    meter: &mut Open,
                };
                let at = format!("seed {seed}, round {round}, run {}", wanted.run);
                match (answer, step(&mut lone, &mut order)) {
                    (Ok(stepped), Ok(alone)) => {
                        assert_eq!(ids(&stepped), ids(&alone), "{at}");
                        assert_eq!(stepped.exhausted, alone.exhausted, "{at}");
                        assert_eq!(format!("{:?}", stepped.settled), format!("{:?}", alone.settled), "{at}");
                        claims[wanted.run].extend(stepped.claims);
                    }
                    (Err(stepped), Err(alone)) => {
                        let no_path = std::path::Path::new("");
                        assert_eq!(stepped.at(no_path).to_string(), alone.at(no_path).to_string(), "{at}");
                    }
                    (stepped, alone) => panic!("{at}: {stepped:?}, alone {alone:?}"),
                }
            }
            for table in ["sends", "recipients", "states", "counters", "attempts"] {
                assert_eq!(all(&shared, table), all(&lone, table), "{table}, seed {seed}, round {round}");
            }
        }
    }
}

#[test]
fn one_order_that_fails_costs_no_other_run_anything() {
    for (raise, lost) in [("raise(abort, 'no')", "abort"), ("raise(rollback, 'no')", "rollback")] {
        let folder = tempfile::tempdir().unwrap();
        let (mut ledger, mut seats) = runs(folder.path(), 5, 3, Clock::starting_at(UnixMillis(NOW)));
        ledger
            .conn
            .execute_batch(&format!(
                "create trigger no before update on sends when old.broadcast = 3 begin select {raise}; end;
                 update runs set ended_at = 1 where id = 5"
            ))
            .unwrap();
        let answers = together(&mut ledger, &mut seats, &want(0..5, 2));
        for (run, answer) in answers.into_iter().enumerate() {
            match (run, answer) {
                (2, Err(Error::Database { .. })) | (4, Err(Error::TakenForDead { .. })) => {}
                (0 | 1 | 3, Ok(stepped)) => assert_eq!(stepped.claims.len(), 2, "{run}, {lost}"),
                (run, answer) => panic!("{run}, {lost}: {answer:?}"),
            }
        }
        let claimed = "select broadcast, count(*) from sends where state = 1 group by 1 order by 1";
        let claimed: Vec<(i64, i64)> = ledger
            .conn
            .prepare_cached(claimed)
            .unwrap()
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(|row| row.unwrap())
            .collect();
        assert_eq!(claimed, [(1, 2), (2, 2), (4, 2)], "{lost}");
    }
}

#[test]
fn a_commit_that_fails_fails_for_all_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, mut seats) = runs(folder.path(), 3, 3, Clock::starting_at(UnixMillis(NOW)));
    ledger
        .conn
        .execute_batch(
            "create table parents (id integer primary key);
             create table children (parent integer references parents (id) deferrable initially deferred);
             create trigger no after update of steps on ledger begin insert into children values (9); end;
             pragma foreign_keys = on",
        )
        .unwrap();
    let answers = in_one_commit(&mut ledger, &mut seats, &want(0..3, 1));
    assert!(matches!(answers[0], Some(Err(Error::Database { .. }))), "{answers:?}");
    // On a busy machine some were to wait for the next commit.
    assert!(answers.iter().all(|answer| matches!(answer, None | Some(Err(Error::Database { .. })))), "{answers:?}");
    ledger.conn.execute_batch("drop trigger no").unwrap();
    assert!(all(&ledger, "sends where state <> 0").is_empty());
    // The search begins anew: nobody is passed over.
    let answers = together(&mut ledger, &mut seats, &want(0..3, 9));
    assert!(answers.iter().all(|answer| matches!(answer, Ok(stepped) if stepped.claims.len() == 3)), "{answers:?}");
}

#[test]
fn a_gate_that_closes_lets_every_run_record_its_answers_and_claim_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, mut seats) = runs(folder.path(), 3, 3, Clock::starting_at(UnixMillis(NOW)));
    let answers = together(&mut ledger, &mut seats, &want(0..3, 1));
    crate::ledger::gate::close(&ledger.conn, crate::ledger::error::Closed::Refused).unwrap();
    let accepted = answers.into_iter().enumerate().map(|(run, answer)| {
        let claim = answer.unwrap().claims.remove(0);
        Wanted { run, finishes: vec![super::answer(claim, Outcome::Accepted { tracking_id: None })], want: 1 }
    });
    let mut wanted: Vec<_> = accepted.collect();
    wanted[2].want = 0;
    for (run, answer) in together(&mut ledger, &mut seats, &wanted).into_iter().enumerate() {
        let stepped = answer.unwrap();
        assert!(stepped.claims.is_empty() && stepped.settled.len() == 1, "{stepped:?}");
        // Who wanted nothing is not in the way of the gate.
        assert_eq!(matches!(stepped.closed, Some(Error::Closed { .. })), run != 2, "{stepped:?}");
    }
    assert_eq!(all(&ledger, "sends where state = 2").len(), 3);
}

#[test]
fn what_does_not_fit_into_a_short_transaction_waits_and_the_first_never_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, mut seats) = runs(folder.path(), 3, 20_000, Clock::starting_at(UnixMillis(NOW)));
    // Everybody has to wait: each order alone takes longer than a transaction may.
    ledger.conn.execute("update recipients set blocked_until = ?1", [NOW * 2]).unwrap();
    let answers = in_one_commit(&mut ledger, &mut seats, &want(0..3, 1));
    assert!(answers[0].is_some());
    assert!(answers.last().unwrap().is_none(), "all in one transaction");
    let left: Vec<usize> = (0..3).filter(|run| answers[*run].is_none()).collect();
    assert!(in_one_commit(&mut ledger, &mut seats, &want(left, 1))[0].is_some());
}
