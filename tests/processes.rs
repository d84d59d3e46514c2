//! Several `mmsg` at once on one ledger, and one of them stopped for a while. The sandbox's record is the judge.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use mmsg_sandbox::{Faults, Tier};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::patience::wait_until;
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people, write_message};
use crate::common::started::Started;
use crate::common::{APP_SECRET, Env, Run, TOKEN, now, number_of_this_process};

/// A shop whose Graph is slow and loses replies.
fn faulty_shop() -> Shop {
    Shop::with(|options| {
        options.seed = 11;
        options.dials.latency = Duration::from_millis(10);
        options.dials.latency_jitter = Duration::from_millis(20);
        options.dials.lost_replies = 0.02;
        options.dials.errors = Faults::parse("503=0.5%,2=0.5%,drop=0.5%,2300034=1%").unwrap();
    })
}

fn list_file(env: &Env, list: &[String]) {
    fs::write(env.path("list.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();
}

fn requests_of(run: &Run) -> u64 {
    run.totals()["this_run"]["requests"].as_u64().unwrap()
}

/// Fails unless nobody was asked for twice, everybody has an end, and the ledger and the sandbox agree.
fn judge(shop: &Shop, list: &[String]) {
    let asked = shop.sandbox.requested();
    let once: HashSet<&String> = asked.iter().collect();
    assert_eq!(once.len(), asked.len(), "a second request for somebody");
    shop.sandbox.assert_nobody_twice();
    let accepted: HashSet<String> = shop.sandbox.accepted().into_iter().collect();
    let rows =
        shop.asks_ledger("select r.token || ' ' || s.state from sends s join recipients r on r.id = s.recipient");
    assert_eq!(rows.len(), list.len(), "a row is lost");
    for row in rows {
        let (token, state) = row.split_once(' ').unwrap();
        match state {
            "2" => assert!(accepted.contains(token), "accepted in the ledger only"),
            "3" => assert!(!accepted.contains(token), "refused, and accepted by the sandbox"),
            // All were alive: whoever is in doubt was on the wire.
            "5" => assert!(once.contains(&token.to_owned()), "in doubt without a request"),
            state => panic!("state {state}"),
        }
    }
}

fn two_and_four_at_once_share_one_list() {
    for processes in [2, 4] {
        let shop = faulty_shop();
        let list = people(800);
        list_file(&shop.env, &list);
        let words = shop.words(&["-o", "json", "--concurrency", "2", "list.csv"]);
        let started: Vec<_> = (0..processes).map(|_| shop.env.start("", &words)).collect();
        let runs: Vec<_> = started.into_iter().map(Started::ends).collect();
        let mut shared = 0;
        let mut requests = 0;
        for run in &runs {
            // 6: others were at work on what was left. 11: one of its own answers was lost.
            assert!(matches!(run.code, 0 | 6 | 11), "{run:#?}");
            requests += requests_of(run);
            shared += usize::from(requests_of(run) > 0);
            assert_eq!(run.json()["rows"], 800, "{run:#?}");
        }
        assert_eq!((shared, requests), (processes, 800), "{runs:#?}");
        let _ = shop.totals(&list, &[], 0);
        judge(&shop, &list);
    }
}

fn overlapping_resumes_share_what_is_left() {
    let shop = faulty_shop();
    let list = people(600);
    let (one, two) = list.split_at(300);
    let other = shop.other_campaign();
    let _ = shop.totals(one, &["--max-sends", "0"], 6);
    let _ = shop.totals(two, &["--campaign", &other, "--max-sends", "0"], 6);
    let words = ["send", "--resume", "--rate", "unlimited", "--concurrency", "4", "-o", "json"];
    let mut started = Vec::new();
    for _ in 0..4 {
        started.push(shop.env.start("", &words));
        // As cron does, while the one before is at work.
        shop.sandbox.wait_for_sends(shop.sandbox.count("sends") + 5);
    }
    let runs: Vec<_> = started.into_iter().map(Started::ends).collect();
    let requests: u64 = runs.iter().map(requests_of).sum();
    assert!(runs.iter().all(|run| matches!(run.code, 0 | 6 | 11)), "{runs:#?}");
    assert!(runs.iter().filter(|run| requests_of(run) > 0).count() > 1, "{runs:#?}");
    assert_eq!(requests, 600);
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
    judge(&shop, &list);
}

/// `MMSG_STOP_SECONDS` says how long; a claim that was committed before the stop is older than it may be on the wire after it.
fn one_of_several_stopped_for_a_while_and_continued_sends_nobody_a_second_message() {
    let seconds = number_of_this_process("MMSG_STOP_SECONDS").unwrap_or(6);
    let shop = faulty_shop();
    let list = people(3000);
    list_file(&shop.env, &list);
    let words = shop.words(&["-o", "json", "--concurrency", "4", "list.csv"]);
    let stopped = shop.env.start("", &words);
    shop.sandbox.wait_for_sends(50);
    let other = shop.env.start("", &words);
    let at_work = "select count(distinct run) from sends where run is not null";
    wait_until("both are at work", || shop.asks_ledger(at_work) == ["2"]);
    // Stopped in the middle of a transaction it holds up the others: it goes on, and is stopped at another moment.
    wait_until("the other works on while one is stopped", || {
        stopped.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(200));
        let before = shop.sandbox.count("sends");
        std::thread::sleep(Duration::from_millis(300));
        let works = shop.sandbox.count("sends") > before;
        if !works {
            stopped.signal(Signal::CONT);
        }
        works
    });
    std::thread::sleep(Duration::from_secs(seconds / 2));
    // A third finds it alive: its lock is held, however still it is.
    let third = shop.env.start("", &words);
    std::thread::sleep(Duration::from_secs(seconds - seconds / 2));
    let dead = shop.asks_ledger("select count(*) from runs where why = 'died'");
    assert_eq!(dead, ["0"], "a stopped run was taken for dead");
    stopped.signal(Signal::CONT);
    let runs = [stopped.ends_within(Duration::from_secs(120)), other.ends(), third.ends()];
    assert!(runs.iter().all(|run| matches!(run.code, 0 | 6 | 11)), "{runs:#?}");
    let totals = shop.totals(&list, &[], 0);
    assert_eq!(totals["this_run"]["found_unknown"], 0, "{totals:#}");
    judge(&shop, &list);
}

// Of a file alone: a link to it.
#[test]
fn whoever_opens_the_ledger_by_a_link_finds_the_others_alive() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(100));
    let list = people(60);
    list_file(&shop.env, &list);
    let words = shop.words(&["-o", "json", "--concurrency", "4", "list.csv"]);
    let first = shop.env.start("", &words);
    shop.sandbox.wait_for_sends(8);
    let link = shop.env.path("elsewhere").join("link.db");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(shop.ledger(), &link).unwrap();
    let second = shop.env.start("", &[&words[..], &["--ledger", link.to_str().unwrap()]].concat());
    for run in [first.ends(), second.ends()] {
        assert!(matches!(run.code, 0 | 6), "{run:#?}");
    }
    assert_eq!(shop.asks_ledger("select count(*) from runs where why = 'died'"), ["0"]);
    shop.assert_each_once(&list);
}

fn two_profiles_on_one_account_share_one_budget() {
    let pages = ["104857600123457", "204857600123457"];
    // 60 points, and 12 a second drain: four sends a second for good. One that begins at 10 must slow down, two even more.
    let sandbox = Sandbox::with(|options| {
        options.pages = pages.map(str::to_owned).to_vec();
        options.tier = Some(Tier::Limited);
        options.time_scale = 60.0;
    });
    let profile = |name: &str, page: &str| {
        format!(
            "[profiles.{name}]\ntoken = \"{TOKEN}\"\napp_secret = \"{APP_SECRET}\"\nad_account = \"10153748269001475\"\n\
             page = \"{page}\"\ngraph_url = \"{}\"\n",
            sandbox.url()
        )
    };
    let env = Env::new().profiles(&(profile("one", pages[0]) + &profile("two", pages[1])));
    write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
    let list = people(60);
    let started: Vec<_> = ["one", "two"]
        .into_iter()
        .zip(list.chunks(30))
        .map(|(profile, list)| {
            let words = ["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", profile];
            let campaign = env.mmsg(words).exits(0).json()["id"].as_str().unwrap().to_owned();
            (profile, campaign, list.join("\n"))
        })
        .collect();
    // Counted from before the start: of a request that the machine holds up, the next ones are nearer than their claims were.
    let begin = now();
    let started: Vec<_> = started
        .iter()
        .map(|(profile, campaign, list)| {
            let words = ["send", "--campaign", campaign, "--message", "promo.json", "--profile", profile, "-o", "json"];
            env.start(list, &words)
        })
        .collect();
    for run in started.into_iter().map(Started::ends) {
        let totals = run.exits(0).totals();
        assert_eq!(totals["accepted"], 30, "{totals:#}");
    }
    sandbox.assert_nobody_twice();
    let requests = sandbox.requests();
    let refused: Vec<&Value> = requests.iter().filter(|line| line["outcome"] != "accepted").collect();
    assert!(refused.is_empty(), "the account's limit was passed: {refused:#?}");
    // Ten a second, for both together: two budgets would have let 20 leave in a second.
    let took = requests[20]["at"].as_i64().unwrap() - begin;
    assert!(took >= 1850, "21 sends within {took} ms");
}

fn four_processes_with_one_rate_hold_it_together() {
    const PROCESSES: usize = 4;
    let shop = Shop::open();
    let list = people(1500);
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let words = ["send", "--resume", "--rate", "300", "-o", "json"];
    let begin = now();
    let started: Vec<_> = (0..PROCESSES).map(|_| shop.env.start("", &words)).collect();
    let runs: Vec<_> = started.into_iter().map(Started::ends).collect();
    assert!(runs.iter().all(|run| matches!(run.code, 0 | 6)), "{runs:#?}");
    assert!(runs.iter().filter(|run| requests_of(run) > 0).count() > 1, "they took no turns: {runs:#?}");
    shop.assert_each_once(&list);
    // Five seconds at 300 a second, less what each may be off by in reading the server's clock; four times as fast would be little more than one.
    let took = shop.sandbox.record()[1499]["at"].as_i64().unwrap() - begin;
    assert!(took >= 4700, "1500 sends within {took} ms");
}

on_both! {
    two_and_four_at_once_share_one_list
    overlapping_resumes_share_what_is_left
    one_of_several_stopped_for_a_while_and_continued_sends_nobody_a_second_message
    two_profiles_on_one_account_share_one_budget
    four_processes_with_one_rate_hold_it_together
}
