//! Every write boundary: a run is cut off before and after each commit and each request, once by an abort and once by an I/O error,
//! each time that it passes there, and is run again until its list is done. The sandbox's record is the judge.

use std::collections::{HashMap, HashSet};

use mmsg::FAIL_POINTS;
use rusqlite::Connection;
use serde_json::Value;

use crate::common::shop::{Shop, people};
use crate::common::{Run, files_below, repository};

const CONCURRENCY: usize = 2;
/// People of one list: one opted out, one in doubt, the others fine.
const PEOPLE: usize = 6;
/// Lists of one shop.
const LISTS: usize = 200;

const ABORTED: i32 = 134;

/// How a point ends a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Abort,
    Error,
}

/// What the ledger holds when the run begins that is cut off.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    /// A run that died in the middle of the list, and somebody whom another message of the campaign reached.
    DeadRun,
}

#[test]
fn a_run_cut_off_at_any_commit_or_request_sends_nothing_twice_and_loses_nobody() {
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut bench = Bench::new();
                for name in FAIL_POINTS.into_iter().skip(thread).step_by(3) {
                    bench.every_pass(name);
                }
                (bench.cut, bench.never_arrived)
            })
        })
        .collect();
    let done = threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>();
    let (cut, never_arrived) = done.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!(
        "{} fail-points, {cut} runs cut off: duplicates 0, lost 0, {never_arrived} in doubt never arrived",
        FAIL_POINTS.len()
    );
}

/// A commit that goes past the fail-points would be one that nobody proves.
#[test]
fn every_commit_of_the_ledger_goes_through_a_fail_point() {
    let files = files_below(&repository("src/ledger")).into_iter().chain([repository("src/ledger.rs")]);
    let around: Vec<_> = files
        .filter(|path| !path.ends_with("failpoint.rs") && !path.ends_with("tests.rs"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains(".commit()"))
        .collect();
    assert!(around.is_empty(), "{around:?}");
}

struct Bench {
    shop: Shop,
    pool: Vec<String>,
    lists: usize,
    cut: usize,
    never_arrived: usize,
}

impl Bench {
    fn new() -> Self {
        let shop = Shop::open();
        shop.message("other.json", &serde_json::json!({"text": "Another message"}));
        let pool = people(LISTS * PEOPLE);
        let faults = pool.iter().enumerate().filter_map(|(n, token)| match n % PEOPLE {
            2 => Some((token.clone(), "2300034".to_owned())),
            4 => Some((token.clone(), "2".to_owned())),
            _ => None,
        });
        shop.sandbox.error_tokens(faults);
        Self { shop, pool, lists: 0, cut: 0, never_arrived: 0 }
    }

    /// Cuts a run off the first time that it passes the point, then another the second time, until one comes through.
    fn every_pass(&mut self, name: &str) {
        let stages =
            if name.starts_with("write") { &[Before::Nothing, Before::DeadRun][..] } else { &[Before::Nothing] };
        for before in stages {
            for fault in [Fault::Abort, Fault::Error] {
                let mut pass = 1;
                while self.cut_off(name, fault, pass, *before) {
                    self.cut += 1;
                    pass += 1;
                }
                assert!(pass > 1, "no run passes {name} ({fault:?}, {before:?})");
            }
        }
    }

    /// Whether the run was cut off, which is its point; it is then run to its end and judged.
    fn cut_off(&mut self, name: &str, fault: Fault, pass: u32, before: Before) -> bool {
        let case = format!("{name} {fault:?} {pass} {before:?}");
        let list = self.pool[self.lists * PEOPLE..][..PEOPLE].to_vec();
        let ledger = format!("{}.db", self.lists);
        self.lists += 1;
        let import = name.starts_with("import");
        let mut kills = 0;
        if before == Before::DeadRun {
            let other = self.send(&list[5..], &ledger, &["--message", "other.json"], "");
            assert_eq!(other.code, 0, "{other:#?}");
            let killed = self.send(&list, &ledger, &[], "request.after:abort@3");
            assert_eq!(killed.code, ABORTED, "{killed:#?}");
            kills += 1;
        }

        let kind = if fault == Fault::Abort { "abort" } else { "error" };
        let point = format!("{name}:{kind}@{pass}");
        let run = if import { self.import(&list, &ledger, &point) } else { self.send(&list, &ledger, &[], &point) };
        if !self.was_hit(&run, &ledger, name, fault) {
            assert!(matches!(run.code, 0 | 11), "{case}: {run:#?}");
            return false;
        }
        kills += 1;
        self.no_request_without_a_claim(&list, &ledger, &case);

        if import {
            let again = self.import(&list, &ledger, "");
            assert_eq!(again.code, 0, "{case}: {again:#?}");
        }
        let run =
            self.send(if import { &[] } else { &list }, &ledger, if import { &["--audience", "all"] } else { &[] }, "");
        assert!(matches!(run.code, 0 | 11), "{case}: {run:#?}");
        // Claims whose commit failed were not sent; what was recorded with them stays in doubt.
        let lost_arrived = match (name, fault) {
            ("step.after", Fault::Error) => Some(false),
            ("step.before", Fault::Error) => Some(true),
            _ => None,
        };
        self.judge(&list, &ledger, kills, lost_arrived, &case);
        true
    }

    fn send(&self, list: &[String], ledger: &str, args: &[&str], point: &str) -> Run {
        let args = [args, &["--ledger", ledger, "--concurrency", "2", "-o", "json"]].concat();
        self.run(list, &self.shop.words(&args), point)
    }

    fn import(&self, list: &[String], ledger: &str, point: &str) -> Run {
        self.run(list, &["tokens", "import", "-", "--audience", "all", "--ledger", ledger], point)
    }

    fn run(&self, list: &[String], words: &[&str], point: &str) -> Run {
        let mut command = self.shop.env.command(words);
        command.env("MMSG_FAILPOINT", point);
        self.shop.env.start_command(&list.join("\n"), command).ends()
    }

    /// State and reason of each row of the first message.
    fn states(&self, ledger: &str) -> HashMap<String, (i64, String)> {
        let conn = Connection::open(self.shop.env.path(ledger)).unwrap();
        // A run that was cut off before it made its tables has no rows.
        let Ok(mut statement) = conn.prepare(
            "select r.token, s.state, coalesce(s.reason, '') from sends s join recipients r on r.id = s.recipient
             join broadcasts b on b.id = s.broadcast where b.message not like '%Another%'",
        ) else {
            return HashMap::new();
        };
        let rows = statement.query_map((), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Whoever was asked for has a row that says so, as soon as the run is over.
    fn no_request_without_a_claim(&self, list: &[String], ledger: &str, case: &str) {
        let states = self.states(ledger);
        for token in self.asked(list) {
            let state = states.get(&token).map_or(0, |(state, _)| *state);
            assert_ne!(state, 0, "{case}: a request left without a claim");
        }
    }

    /// Requests for people of this list, in order.
    fn asked(&self, list: &[String]) -> Vec<String> {
        self.shop.sandbox.requested().into_iter().filter(|token| list.contains(token)).collect()
    }

    /// Whether the run came to its fail-point; if so, it must have ended as it should.
    fn was_hit(&self, run: &Run, ledger: &str, name: &str, fault: Fault) -> bool {
        if fault == Fault::Abort {
            return run.code == ABORTED;
        }
        match name {
            // No commit failed: the run goes on, and says what happened.
            "request.before" => run.json()["this_run"]["not_sent"] == 1,
            "request.after" => self.states(ledger).values().any(|(_, reason)| reason.contains("fail-point")),
            _ => {
                let hit = run.stderr.contains(&format!("fail-point {name}"));
                assert_eq!(hit, run.code == 10, "{name}: {run:#?}");
                assert!(!hit || run.stdout.is_empty(), "{name}: {run:#?}");
                if hit && run.stderr.contains("\"totals\"") {
                    assert_totals(&run.totals());
                }
                hit
            }
        }
    }

    fn judge(&mut self, list: &[String], ledger: &str, kills: usize, lost_arrived: Option<bool>, case: &str) {
        let asked = self.asked(list);
        let once: HashSet<&String> = asked.iter().collect();
        assert_eq!(once.len(), asked.len(), "{case}: a second request for somebody");
        let accepted: HashSet<String> = self.shop.sandbox.accepted().into_iter().collect();
        let states = self.states(ledger);
        assert_eq!(states.len(), PEOPLE, "{case}: a row is lost");
        let mut never_arrived = 0;
        for (token, (state, reason)) in &states {
            let (reached, arrived) = (accepted.contains(token), once.contains(token));
            if let Some(expected) = lost_arrived.filter(|_| reason == "lost") {
                assert_eq!(arrived, expected, "{case}: a claim whose commit failed");
            }
            match state {
                2 => assert!(reached, "{case}: accepted in the ledger only"),
                3 => assert!(arrived && !reached, "{case}: refused, {reason}"),
                4 => assert_eq!(reason, "other_message", "{case}"),
                5 => never_arrived += usize::from(!arrived),
                state => panic!("{case}: state {state} ({reason})"),
            }
        }
        assert!(never_arrived <= kills * CONCURRENCY, "{case}: {never_arrived} in doubt never arrived");
        self.never_arrived += never_arrived;
    }
}

/// The rows of the list, each counted once.
fn assert_totals(totals: &Value) {
    let parts = ["accepted", "refused", "skipped", "unknown", "claimed", "pending"];
    let sum: u64 = parts.iter().map(|part| totals[part].as_u64().unwrap()).sum();
    assert_eq!((totals["rows"].as_u64(), sum), (Some(PEOPLE as u64), PEOPLE as u64), "{totals:#}");
}
