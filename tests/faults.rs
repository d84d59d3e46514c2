//! What Graph and the network do wrong, and what each answer means for the row, the run and the exit code.

use std::time::{Duration, Instant};

use mmsg_sandbox::Faults;
use rustix::process::Signal;
use serde_json::json;

use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};

/// What a row is afterwards, and how a send ends in which the second of three people gets this answer.
const CLASSES: &[(&str, &str, i32)] = &[
    // Stop: nobody is harmed, the run ends.
    ("190", "pending", 4),
    ("190/463", "pending", 4),
    ("10", "pending", 4),
    ("200", "pending", 4),
    ("2300039", "pending", 4),
    ("368", "pending", 5),
    ("2300011", "pending", 5),
    ("2300013", "pending", 5),
    ("2300017", "pending", 5),
    ("2300058", "pending", 5),
    ("100/33", "pending", 5),
    // Campaign and message.
    ("2300000", "pending", 5),
    ("2300001", "pending", 5),
    ("2300014", "pending", 5),
    ("2300053", "pending", 5),
    ("2300010", "pending", 5),
    ("2300026", "pending", 5),
    ("100", "pending", 5),
    // Drop.
    ("2300034", "refused", 0),
    ("2300037", "refused", 0),
    ("2300032", "refused", 0),
    ("2300004", "refused", 8),
    ("2300005", "refused", 8),
    // Later.
    ("2300035", "pending", 6),
    ("2300036", "pending", 6),
    ("2300042", "pending", 6),
    ("2300052", "pending", 6),
    ("551", "pending", 6),
    // Wait; 2300003 while the campaign is young.
    ("2300003", "pending", 6),
    ("2300012", "pending", 6),
    ("2300028", "pending", 6),
    ("2300041", "pending", 6),
    ("2300054", "pending", 6),
    ("2300055", "pending", 6),
    ("2300057", "pending", 6),
    // Doubt.
    ("1", "unknown", 11),
    ("2", "unknown", 11),
    ("500", "unknown", 11),
    ("503-html", "unknown", 11),
    ("302", "unknown", 11),
    ("200-html", "unknown", 11),
    ("200-empty", "unknown", 11),
    ("bare", "unknown", 11),
    ("success-false", "unknown", 11),
    ("truncated", "unknown", 11),
    ("cut", "unknown", 11),
    ("drop", "unknown", 11),
    ("accepted-drop", "unknown", 11),
    ("accepted-2", "unknown", 11),
    ("accepted-504-html", "unknown", 11),
    // Not in the table.
    ("2399999", "refused", 8),
    ("987654", "refused", 8),
    // 200 with an error is the error; success without a tracking id is a success.
    ("200-2300034", "refused", 0),
    ("200-190", "pending", 4),
    ("200-2", "unknown", 11),
    ("success-only", "accepted", 0),
];

fn every_answer_has_its_state_and_exit_code() {
    let shop = Shop::open();
    let everybody = people(CLASSES.len() * 3);
    for (n, (fault, state, code)) in CLASSES.iter().enumerate() {
        let list = &everybody[n * 3..n * 3 + 3];
        shop.sandbox.error_tokens([(list[1].clone(), (*fault).to_owned())]);
        // A ledger of its own: an ended wait must not be seen by the next.
        let ledger = shop.env.other_ledger(&format!("{n}.db"));
        let args = ["--concurrency", "1", "--ledger", &ledger, "-o", "ndjson"];
        let run = shop.send(list, &args);
        assert_eq!(run.code, *code, "{fault}: {run:#?}");
        let row = run.rows().into_iter().find(|row| row["token"] == list[1].as_str());
        // A row that only went back to pending got no state.
        match row {
            Some(row) => assert_eq!(row["state"], *state, "{fault}: {row}"),
            None => assert_eq!(*state, "pending", "{fault}: {run:#?}"),
        }
        let totals = run.last_line();
        assert!(totals[*state].as_u64() >= Some(1), "{fault}: {totals:#}");
        if *code == 4 || *code == 5 {
            assert_eq!((&totals["accepted"], &totals["pending"]), (&json!(1), &json!(2)), "{fault}: the run went on");
        }
        let asked = shop.sandbox.requested().iter().filter(|token| list.contains(token)).count();
        assert_eq!(asked, if *code == 4 || *code == 5 { 2 } else { asked.max(2) }, "{fault}");
    }
    shop.sandbox.assert_nobody_twice();
    let mut asked = shop.sandbox.requested();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "somebody was asked for twice");
}

fn waits_say_when_to_come_back() {
    let shop = Shop::open();
    let list = people(3);
    shop.sandbox.error_tokens([(list[0].clone(), "2300028".to_owned())]);
    let totals = shop.totals(&list, &[], 6);
    let at: jiff::Timestamp = totals["next_run_at"].as_str().unwrap().parse().unwrap();
    let wait = at.as_second() - now();
    assert!((3500..3700).contains(&wait), "{wait} s for an hour");
    assert!(totals["reason"].as_str().is_some_and(|reason| reason.contains("2300028")), "{totals:#}");
    assert_eq!(shop.sandbox.requests().len(), 1);
}

fn now() -> i64 {
    crate::common::now() / 1000
}

fn a_warm_up_ends_with_6_and_costs_nobody_anything() {
    let shop = Shop::with(|options| {
        options.warm_up = Duration::from_secs(3600);
        options.time_scale = 360.0;
    });
    let list = people(5);
    let totals = shop.totals(&list, &[], 6);
    assert_eq!((&totals["pending"], &totals["accepted"]), (&json!(5), &json!(0)));
    assert_eq!(shop.sandbox.requests().len(), 1, "the first request goes alone");
    let begin = Instant::now();
    while shop.send(&list, &[]).code == 6 {
        assert!(begin.elapsed() < Duration::from_secs(120), "it never ended");
        std::thread::sleep(Duration::from_millis(500));
    }
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

fn one_mistake_stays_one_mistake() {
    for (fault, code) in [("190", 4), ("2300026", 5), ("2300006", 5), ("2300058", 5), ("100/33", 5)] {
        let shop = Shop::open();
        shop.sandbox.errors(&format!("{fault}=100%"));
        let list = people(300);
        let run = shop.send(&list, &[]).exits(code).prints_nothing();
        assert!(run.stderr.contains("hint: "), "{run:#?}");
        assert_eq!(shop.sandbox.requests().len(), 1, "{fault}: one mistake became many");
        shop.sandbox.errors("");
        let _ = shop.totals(&list, &[], 0);
        shop.assert_each_once(&list);
    }
}

fn a_trial_of_one_tells_what_is_wrong() {
    let shop = Shop::open();
    let list = people(3);
    for (fault, code) in [("190", 4), ("2300058", 5), ("2300026", 5), ("2300028", 6)] {
        shop.sandbox.errors(&format!("{fault}=100%"));
        let before = shop.sandbox.requests().len();
        let run = shop.send(&list, &["--max-sends", "1", "-o", "json"]).exits(code);
        assert_eq!(shop.sandbox.requests().len(), before + 1, "{fault}");
        assert!(run.stderr.contains(fault), "{fault}: {run:#?}");
        if code == 6 {
            let at: jiff::Timestamp = run.totals()["next_run_at"].as_str().unwrap().parse().unwrap();
            assert!(at.as_second() - now() > 3500, "{at}");
        }
    }
    shop.sandbox.errors("");
    let _ = shop.totals(&list, &["--max-sends", "1"], 6);
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

fn a_mistake_in_the_middle_costs_no_more_than_the_requests_in_flight() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
    let list = people(400);
    shop.sandbox.error_tokens([(list[100].clone(), "190".to_owned())]);
    let run = shop.send(&list, &["--concurrency", "16"]).exits(4);
    let asked = shop.sandbox.requests().len();
    assert!((101..=101 + 32).contains(&asked), "{asked}: {run:#?}");
    shop.sandbox.error_tokens([]);
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

fn html_503_to_everything_ends_by_the_burst_rule_not_by_the_list() {
    let shop = Shop::open();
    shop.sandbox.errors("503-html=100%");
    let list = people(1000);
    let run = shop.send(&list, &["-o", "json"]).exits(11).says("no clear answer").says("mmsg unknown list");
    let totals = run.totals();
    let asked = shop.sandbox.requests().len() as u64;
    assert!((20..=28).contains(&asked), "{asked} requests into a wall");
    assert_eq!((totals["unknown"].as_u64(), totals["pending"].as_u64()), (Some(asked), Some(1000 - asked)));
    // None of them is sent again by itself.
    shop.sandbox.errors("");
    let totals = shop.totals(&list, &[], 0);
    assert_eq!(totals["unknown"].as_u64(), Some(asked));
    assert_eq!(shop.sandbox.requests().len(), 1000);
}

fn accepted_but_never_said_so_is_found_in_the_unknowns() {
    let shop = Shop::open();
    shop.sandbox.turn(|dials| dials.lost_replies = 0.03);
    let list = people(600);
    let totals = shop.totals(&list, &[], 11);
    let unknown = totals["unknown"].as_u64().unwrap();
    assert!((3..60).contains(&unknown), "{totals:#}");
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
    assert_eq!(shop.sandbox.requests().len(), 600);
    let rows = shop.env.mmsg(["unknown", "list", "-o", "ndjson"]).exits(0).rows();
    assert_eq!(rows.len() as u64, unknown);
    // Those in doubt are the ones whose answer was lost, and no others.
    let lost: Vec<_> = shop.sandbox.requests().into_iter().filter(|line| line["outcome"] == "accepted-drop").collect();
    assert_eq!(lost.len() as u64, unknown);
    assert!(lost.iter().all(|line| rows.iter().any(|row| row["token"] == line["token"])));
}

fn a_steady_two_percent_of_lost_replies_does_not_end_a_run_before_its_list() {
    let shop = Shop::with(|options| options.seed = 3);
    shop.sandbox.turn(|dials| dials.lost_replies = 0.02);
    let list = people(5000);
    let totals = shop.totals(&list, &[], 11);
    let unknown = totals["unknown"].as_u64().unwrap();
    assert!((50..200).contains(&unknown) && totals["pending"] == 0, "{totals:#}");
    assert_eq!(shop.asks_ledger("select why from runs"), ["exhausted"]);
    shop.assert_each_once(&list);
    assert_eq!(shop.sandbox.requests().len(), 5000);
}

fn connections_cut_at_the_worst_moment_send_nobody_a_second_message() {
    let shop = Shop::open();
    shop.sandbox.turn(|dials| dials.close_idle = Some(Duration::from_millis(20)));
    let list = people(60);
    let run = shop.send(&list, &["--rate", "25", "--concurrency", "3", "-o", "json"]);
    assert!(shop.sandbox.count("cut_idle") > 0, "no connection was cut");
    assert!(matches!(run.code, 0 | 11), "{run:#?}");
    let mut asked = shop.sandbox.requested();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "a request was repeated");
    let totals = run.totals();
    let accepted = shop.sandbox.accepted().len() as u64;
    assert!(accepted <= totals["accepted"].as_u64().unwrap() + totals["unknown"].as_u64().unwrap());
}

fn all_faults_at_once_lose_nothing_and_send_nothing_twice() {
    let shop = Shop::with(|options| {
        options.seed = 7;
        options.time_scale = 1e6;
        options.dials.latency_jitter = Duration::from_millis(10);
    });
    shop.sandbox
        .errors("2300034=3%,2300004=1%,2300052=1%,2=1%,503-html=1%,cut=1%,truncated=1%,accepted-502=1%,drop=1%");
    shop.sandbox.turn(|dials| dials.lost_replies = 0.01);
    let list = people(1500);
    let totals = shop.totals(&list, &[], 11);
    for part in ["accepted", "refused", "unknown", "pending"] {
        assert!(totals[part].as_u64() > Some(0), "{part}: {totals:#}");
    }
    for _ in 0..4 {
        shop.let_hours_pass(25);
        let _ = shop.send(&list, &[]);
    }
    let totals = shop.totals(&list, &[], 0);
    assert_eq!(totals["pending"], 0);
    shop.sandbox.assert_nobody_twice();
    let (ours, truth) = (totals["accepted"].as_u64().unwrap(), shop.sandbox.accepted().len() as u64);
    assert!(ours <= truth && truth <= ours + totals["unknown"].as_u64().unwrap(), "{ours} {truth} {totals:#}");
}

fn a_rate_refusal_pauses_the_run_and_ctrl_c_ends_the_pause() {
    let shop = Shop::open();
    let list = people(30);
    shop.sandbox.error_tokens([(list[10].clone(), "80004/2446079".to_owned())]);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "1", "-o", "json"]);
    let mut started = shop.env.start(&text, &words);
    started.wait_for("waiting until");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(shop.sandbox.count("sends"), 11, "it went on calling");
    started.signal(Signal::INT);
    let totals = started.ends().exits(130).totals();
    assert_eq!((&totals["accepted"], &totals["pending"]), (&json!(10), &json!(20)), "{totals:#}");
}

fn errors_that_repeat_the_token_do_not_show_it() {
    let shop = Shop::with(|options| options.dials.echo_secrets = true);
    let list = people(30);
    // The harness fails when the token stands in any output or file.
    for fault in ["190", "2300004", "2", "2399999", "2300026"] {
        shop.sandbox.errors(&format!("{fault}=100%"));
        let ledger = shop.env.other_ledger(&format!("{fault}.db"));
        let run = shop.send(&list, &["--verbose", "--ledger", &ledger, "--results", "results.csv"]);
        // What Graph said of dead tokens is not shown: our own words are.
        assert!(run.code > 0 && (run.stderr.contains("[hidden]") || fault == "2300004"), "{fault}: {run:#?}");
        let _ = shop.send(&list, &["-o", "ndjson", "--ledger", &ledger]);
        let _ = shop.env.mmsg(["unknown", "list", "--ledger", &ledger, "-o", "csv"]);
    }
    let faults = Faults::parse("190=100%").unwrap();
    shop.sandbox.turn(|dials| {
        dials.read_errors = faults.clone();
        dials.write_errors = faults;
    });
    for words in [&["campaign", "list", "-v"][..], &["campaign", "create", "--lifetime-budget", "3000", "-o", "json"]] {
        shop.env.mmsg(words).exits(4).says("[hidden]");
    }
}

fn an_answer_that_never_comes_is_in_doubt_after_30_seconds() {
    let shop = Shop::open();
    let list = people(20);
    shop.sandbox.error_tokens([(list[3].clone(), "accepted-hang".to_owned()), (list[4].clone(), "hang".to_owned())]);
    let begin = Instant::now();
    let totals = shop.totals(&list, &[], 11);
    assert!((29..40).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert_eq!((&totals["unknown"], &totals["accepted"]), (&json!(2), &json!(18)));
    shop.sandbox.error_tokens([]);
    let _ = shop.totals(&list, &[], 0);
    shop.sandbox.assert_nobody_twice();
    assert_eq!(shop.sandbox.requests().len(), 20);
}

fn a_graph_that_goes_away_in_the_middle_ends_it_with_7_and_is_knocked_at_softly() {
    let mut shop = Shop::with(|options| options.dials.latency = Duration::from_millis(10));
    let list = people(2000);
    let text = list.join("\n");
    let words: Vec<String> =
        shop.words(&["--concurrency", "8", "-o", "json"]).iter().map(|&word| word.into()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let started = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(50);
    shop.sandbox.stop();
    let begin = Instant::now();
    let run = started.ends_within(Duration::from_secs(120)).exits(7).says("can't be reached");
    assert!((55..100).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    let totals = run.totals();
    let count = |part: &str| totals[part].as_u64().unwrap();
    assert_eq!(count("accepted") + count("unknown") + count("pending"), 2000, "{totals:#}");
    // Only what was on the wire is in doubt; what could not leave is not.
    assert!(count("unknown") <= 8, "{totals:#}");
    let probes = totals["this_run"]["not_sent"].as_u64().unwrap();
    assert!((10..=40).contains(&probes), "{probes} knocks");
    let truth = shop.sandbox.accepted().len() as u64;
    assert!(count("accepted") <= truth && truth <= count("accepted") + count("unknown"), "{truth} {totals:#}");
    shop.sandbox.assert_nobody_twice();
}

on_both! {
    every_answer_has_its_state_and_exit_code
    waits_say_when_to_come_back
    a_warm_up_ends_with_6_and_costs_nobody_anything
    one_mistake_stays_one_mistake
    a_trial_of_one_tells_what_is_wrong
    a_mistake_in_the_middle_costs_no_more_than_the_requests_in_flight
    html_503_to_everything_ends_by_the_burst_rule_not_by_the_list
    accepted_but_never_said_so_is_found_in_the_unknowns
    a_steady_two_percent_of_lost_replies_does_not_end_a_run_before_its_list
    connections_cut_at_the_worst_moment_send_nobody_a_second_message
    all_faults_at_once_lose_nothing_and_send_nothing_twice
    a_rate_refusal_pauses_the_run_and_ctrl_c_ends_the_pause
    errors_that_repeat_the_token_do_not_show_it
    an_answer_that_never_comes_is_in_doubt_after_30_seconds
    a_graph_that_goes_away_in_the_middle_ends_it_with_7_and_is_knocked_at_softly
}
