use fastrand::Rng;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::database::tests::engine::{Engine, on};
use crate::ledger::people::choices;
use crate::ledger::people::keep_out;
use crate::ledger::people::suppression::{Choice, Suppression};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const TOKENS: usize = 60;

fn token(n: usize) -> String {
    format!("token{n}")
}

/// Two tokens in three are known to be somebody's, most of them of a person who has two.
fn psid(n: usize) -> Option<String> {
    (!n.is_multiple_of(3)).then(|| format!("6{}", n / 4))
}

fn row(rng: &mut Rng) -> Listed {
    let n = rng.usize(..TOKENS);
    let at = |rng: &mut Rng| UnixMillis(NOW.0 + rng.i64(-5..5) * 1000);
    let time = |rng: &mut Rng| rng.bool().then(|| at(rng));
    let word = |rng: &mut Rng, words: [&str; 2]| rng.choice(words).filter(|_| rng.bool()).map(str::to_owned);
    Listed {
        token: token(n),
        psid: psid(n),
        reoptin: word(rng, ["enabled", "disabled"]),
        time_zone: word(rng, ["Europe/Berlin", "Asia/Tokyo"]),
        expires_at: rng.bool().then(|| time(rng)),
        next_eligible_at: time(rng),
    }
}

/// What is known before the fetch: cool-downs, suppressions, choices without a token, somebody who was erased.
fn prepare(ledger: &mut Ledger, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    for _ in 0..20 {
        let n = rng.usize(..TOKENS);
        let id = Arrivals::new(&ledger.conn).unwrap().find_or_add(&key(&token(n)), &token(n), "1").unwrap().id;
        if let Some(psid) = psid(n).filter(|_| rng.bool()) {
            people::met::meet(&ledger.conn, id, Whom { page: "1", psid: &psid }).unwrap();
        }
        let blocked = "update recipients set blocked_until = ?2 where id = ?1";
        ledger.conn.execute(blocked, (id, NOW.0 + rng.i64(..1000))).unwrap();
        if let Some(why) = [None, Some(Suppression::Expired), Some(Suppression::Operator)][rng.usize(..3)] {
            keep_out(&ledger.conn, id, why, UnixMillis(5)).unwrap();
        }
    }
    for _ in 0..5 {
        if let Some(psid) = psid(rng.usize(..TOKENS)) {
            let said = Choice { at: UnixMillis(rng.i64(1..9)), opted_out: rng.bool() };
            choices::keep(&ledger.conn, Whom { page: "1", psid: &psid }, said).unwrap();
        }
    }
    for _ in 0..2 {
        ledger.erase("1", &token(rng.usize(..TOKENS)), "me", NOW).unwrap();
    }
}

/// Pages of a list put into an audience: what that counted, and all that is known afterwards.
fn fetched(seed: u64) -> (Vec<Added>, Vec<Vec<String>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::in_memory(folder.path());
    prepare(&mut ledger, seed);
    let mut rng = Rng::with_seed(seed ^ 1);
    let audience: i64 = ledger
        .conn
        .query_row("insert into audiences (page, name, source) values ('1', 'all', '') returning id", (), |row| {
            row.get(0)
        })
        .unwrap();
    let mut counts = Vec::new();
    for _ in 0..4 {
        let rows: Vec<_> = (0..rng.usize(..30)).map(|_| row(&mut rng)).collect();
        let added = ledger.write(|conn| Filling { conn, audience, page: "1", now: NOW }.add(&rows)).unwrap();
        assert!(added.new + added.folded + added.erased <= 2 * rows.len() as u64);
        counts.push(added);
    }
    let mut statement = ledger
        .conn
        .prepare_cached(
            "select r.token, case when r.erased_at is null then r.psid end, r.suppressed, r.suppressed_at, r.opt_at, r.opted_out,
               r.blocked_until, r.next_eligible_at, r.expires_at, r.time_zone, r.reoptin,
               case when exists (select 1 from audience_rows a where a.audience = ?1 and a.recipient = r.id) then 1 else 0 end
             from recipients r",
        )
        .unwrap();
    let mut people: Vec<_> =
        statement.query_map([audience], |row| Ok(row.words())).unwrap().map(Result::unwrap).collect();
    people.sort();
    (counts, people)
}

#[test]
fn a_list_says_the_same_by_rows_and_by_sets() {
    for seed in 0..12 {
        let [by_rows, by_sets] = [Engine::Sqlite, Engine::Postgres].map(|engine| on(engine, || fetched(seed)));
        assert_eq!(by_rows, by_sets, "seed {seed}");
    }
}
