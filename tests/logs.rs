//! The log: what it tells, to whom, and that it costs no send. That it names nobody and no secret is swept in `sweep`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::patience::Patience;
use crate::common::receiver::{Receiver, environment, notice};
use crate::common::sandbox::lines_of;
use crate::common::shop::{Shop, people};
use crate::common::{SUBSCRIPTION_TOKEN, files_below};

fn of_event<'l>(lines: &'l [Value], event: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn a_send_can_be_followed_from_its_list_to_each_answer() {
    let shop = Shop::open();
    let list = people(30);
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([fault(1, "2300034"), fault(2, "2300035"), fault(3, "2")]);
    let requests = shop.sandbox.count("requests");
    let run = shop.send(&list, &["-vv", "--log-file", "send.log", "-o", "json"]).exits(11);
    let totals = run.totals();
    let path = shop.env.path("send.log");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = lines_of(&path);
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z') && line["pid"].is_u64(), "{line}");
        assert!(line["level"].is_string() && line["event"].is_string(), "{line}");
    }
    // One line for each request that the sandbox saw, by what it answered.
    let sends = of_event(&lines, "send");
    assert_eq!(sends.len(), shop.sandbox.requests().len());
    let accepted = sends.iter().filter(|send| send["outcome"] == "accepted").count();
    assert_eq!(accepted, shop.sandbox.accepted().len());
    let codes: BTreeSet<i64> = sends.iter().filter_map(|send| send["code"].as_i64()).collect();
    assert_eq!(codes, BTreeSet::from([2, 2_300_034, 2_300_035]));
    for send in &sends {
        assert_eq!((&send["run"], &send["broadcast"]), (&1.into(), &1.into()), "{send}");
        assert_eq!(send["campaign"].as_str(), Some(&*shop.campaign));
        assert!(send["fbtrace_id"].is_string() && send["ms"].is_u64() && send["person"].is_string(), "{send}");
    }
    let begun = of_event(&lines, "run begun");
    let ended = of_event(&lines, "run ended");
    assert_eq!((begun.len(), ended.len()), (1, 1));
    for part in ["accepted", "refused", "later", "unknown"] {
        let told = totals["this_run"][part].as_u64();
        assert!(told.is_none() || ended[0][part].as_u64() == told, "{part}: {} {totals:#}", ended[0]);
    }
    assert_eq!(ended[0]["requests"], 30);
    let ledger = of_event(&lines, "ledger opened");
    assert_eq!((ledger.len(), &ledger[0]["is_new"]), (1, &true.into()));
    assert!(!of_event(&lines, "commit").is_empty() && !of_event(&lines, "list planned").is_empty());
    let reads = of_event(&lines, "request");
    assert!(reads.iter().all(|read| read["status"] == 200 && read["edge"].as_str().unwrap().starts_with("/v")));
    let asked = shop.sandbox.count("requests") - requests;
    assert_eq!((reads.len() + sends.len()) as u64, asked, "a request is not in the log");
    let last = &lines[lines.len() - 1];
    assert_eq!(
        (&last["event"], &last["exit_code"], &last["exit"]),
        (&"command ended".into(), &11.into(), &"doubt".into())
    );
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(SUBSCRIPTION_TOKEN), "{text}");
    // On stderr, too, but for its end: the last line there is the totals'.
    for event in ["run begun", " person=", "commit ", "request method=GET"] {
        assert!(run.stderr.contains(event), "{event}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("command ended"));
}

#[test]
fn each_level_tells_more_and_stdout_never_does() {
    let shop = Shop::open();
    let everybody = people(12);
    let send = |n: usize, more: &[&str]| {
        let ledger = shop.env.other_ledger(&format!("ledger{n}.db"));
        shop.send(&everybody[3 * n..3 * (n + 1)], &[&["--ledger", &ledger], more].concat()).exits(0)
    };
    let told = |run: &crate::common::Run, event: &str| run.stderr.contains(event);
    let plain = send(0, &[]);
    assert!(!told(&plain, "request ") && !told(&plain, "command begun"), "{plain:#?}");
    let one = send(1, &["-v"]);
    assert!(told(&one, "request ") && told(&one, "run ended") && !told(&one, " person="), "{one:#?}");
    let two = send(2, &["-v", "-v"]);
    assert!(told(&two, " person=") && told(&two, "outcome=accepted"), "{two:#?}");
    assert_eq!((&one.stdout, &two.stdout), (&plain.stdout, &plain.stdout));
    let rows = send(3, &["-vv", "-o", "ndjson"]);
    assert_eq!(rows.rows().len(), 3);
    assert_eq!(rows.last_line()["this_run"]["accepted"], 3, "the totals are not the last line");
    // Errors are in the file, and once on stderr.
    let failed = shop.env.mmsg(["campaign", "get", "99", "-v", "--log-file", "log"]).exits(5);
    assert_eq!(failed.stderr.matches("error: ").count(), 1, "{failed:#?}");
    let lines = lines_of(&shop.env.path("log"));
    let [error] = of_event(&lines, "error")[..] else { panic!("{lines:#?}") };
    assert!(error["code"].is_i64() && error["fbtrace_id"].is_string() && error["level"] == "error", "{error}");
}

#[test]
fn a_file_that_takes_nothing_stops_no_send() {
    let shop = Shop::open();
    assert!(Command::new("mkfifo").arg(shop.env.path("pipe")).status().unwrap().success());
    let mut files = vec![("pipe", "nothing reads the pipe")];
    if cfg!(target_os = "linux") {
        files.push(("/dev/full", "the disk is full"));
    }
    for (n, (file, why)) in files.into_iter().enumerate() {
        let list = people(200)[n * 100..(n + 1) * 100].to_vec();
        let run = shop.send(&list, &["-vv", "--log-file", file, "-o", "json"]).exits(0);
        assert_eq!(run.totals()["accepted"], 100);
        let run = run.says("of the log not written to ").says(why);
        assert!(run.stderr.lines().last().unwrap().starts_with("warning: "), "{run:#?}");
    }
    shop.assert_each_once(&people(200));
}

#[test]
fn a_file_that_is_no_log_is_left_as_it_is() {
    let shop = Shop::open();
    let env = &shop.env;
    fs::write(env.path("list.csv"), people(3).join("\n")).unwrap();
    let _ = shop.totals(&people(3), &["--ledger", "shop.db"], 0);
    fs::write(env.path("empty.csv"), "").unwrap();
    fs::hard_link(env.path("shop.db"), env.path("other-name")).unwrap();
    let requests = shop.sandbox.requests().len();
    for (file, says) in [
        ("list.csv", "list.csv exists, and is not a log that mmsg made"),
        ("shop.db", "would overwrite the ledger"),
        ("other-name", "would overwrite the ledger"),
        ("shop.db-wal", "would overwrite a file of the ledger"),
        ("runs/new", "would write into the ledger's own folder"),
        ("promo.json", "promo.json exists, and is not a log that mmsg made"),
        ("no folder/log", "its folder does not exist"),
        (".", "it is a folder"),
        ("/dev/stdout", "would mix with standard output"),
    ] {
        let before: Vec<_> = files_below(&env.path("")).iter().filter_map(|file| fs::read(file).ok()).collect();
        let words = shop.words(&["list.csv", "--ledger", "shop.db", "--log-file", file]);
        env.mmsg(&words).fails(2, says);
        let after: Vec<_> = files_below(&env.path("")).iter().filter_map(|file| fs::read(file).ok()).collect();
        assert!(before == after, "{file}: a file was changed");
    }
    let results = shop.words(&["list.csv", "--results", "same", "--log-file", "same"]);
    env.mmsg(&results).fails(2, "--results");
    assert_eq!(shop.sandbox.requests().len(), requests);
    // For a command without settings, too.
    env.mmsg(["schema", "--log-file", "list.csv"]).fails(2, "is not a log that mmsg made");
    env.mmsg(["schema", "--log-file", "empty.csv"]).exits(0);
    assert_eq!(lines_of(&env.path("empty.csv"))[0]["command"], "schema");
}

#[test]
fn processes_share_a_file() {
    let shop = Shop::open();
    let words = |ledger: &'static str| shop.words(&["--ledger", ledger, "-vv", "--log-file", "shared.log"]);
    let lists = [0, 1, 2].map(|n| people(300)[n * 100..(n + 1) * 100].join("\n"));
    let ledgers = ["a.db", "b.db", "c.db"];
    let started: Vec<_> =
        ledgers.iter().zip(&lists).map(|(ledger, list)| shop.env.start(list, &words(ledger))).collect();
    for process in started {
        let _ = process.ends().exits(0);
    }
    let lines = lines_of(&shop.env.path("shared.log"));
    assert_eq!(of_event(&lines, "send").len(), shop.sandbox.requests().len());
    let pids: BTreeSet<u64> = lines.iter().filter_map(|line| line["pid"].as_u64()).collect();
    assert_eq!((pids.len(), of_event(&lines, "command ended").len()), (3, 3));
}

#[test]
fn a_profile_names_its_own_file() {
    let shop = Shop::open();
    let env = shop.sandbox.environment().profiles(
        "[defaults]\nlog_file = 'logs/all.log'\n[profiles.one]\nlog_file = 'logs/one.log'\n[profiles.two]\npage = 1\n",
    );
    fs::create_dir(env.path(".config/mmsg/logs")).unwrap();
    // Whose requests are in a file, and how many.
    let requests = |path: &str| {
        let lines = lines_of(&env.path(path));
        let requests = of_event(&lines, "request");
        assert!(requests.iter().all(|request| request["method"] == "GET" && request["level"] == "info"), "{lines:#?}");
        let of: BTreeSet<_> = requests.iter().map(|line| line["profile"].as_str().unwrap().to_owned()).collect();
        (of.into_iter().collect::<Vec<_>>().join(" "), requests.len())
    };
    let [one, all] = ["one", "all"].map(|name| format!(".config/mmsg/logs/{name}.log"));
    env.mmsg(["campaign", "list", "--profile", "one"]).exits(0);
    let (of, n) = requests(&one);
    assert!(of == "one" && n > 0 && !env.path(&all).exists(), "{n} requests of {of}");
    env.mmsg(["campaign", "list", "--all-profiles"]).exits(0);
    assert_eq!((requests(&one), requests(&all).0), (("one".to_owned(), 2 * n), "two".to_owned()));
    // The flag is for all of them.
    env.mmsg(["campaign", "list", "--all-profiles", "--log-file", "flag.log"]).exits(0);
    assert_eq!((requests("flag.log").0, requests(&one).1), ("one two".to_owned(), 2 * n));
    let shown = env.mmsg(["config", "show", "--profile", "two"]).exits(0).stdout;
    assert!(shown.contains("logs/all.log") && shown.contains("[defaults]"), "{shown}");
    // A wrong one is a matter of the config file.
    let env = env.profiles("[profiles.default]\nlog_file = 'no folder/log'\n");
    env.mmsg(["campaign", "list"]).fails(3, "can't write log_file");
}

#[test]
fn a_file_that_is_rotated_under_a_receiver_is_begun_anew() {
    let env = environment();
    let receiver = Receiver::start(&env, &["--log-file", "webhook.log"]);
    let statuses = |name: &str| {
        let lines = lines_of(&env.path(name));
        of_event(&lines, "webhook").iter().map(|line| line["status"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let wait_for = |name: &str| {
        let mut patience = Patience::default();
        while !env.path(name).exists() || statuses(name).is_empty() {
            assert!(patience.lasts(), "nothing is in {name}");
        }
    };
    assert_eq!(receiver.posts(&notice([1])), 200);
    wait_for("webhook.log");
    fs::rename(env.path("webhook.log"), env.path("webhook.log.1")).unwrap();
    assert_eq!(receiver.posts("{"), 400);
    wait_for("webhook.log");
    // Copied and emptied.
    fs::copy(env.path("webhook.log"), env.path("webhook.log.2")).unwrap();
    fs::File::options().write(true).open(env.path("webhook.log")).unwrap().set_len(0).unwrap();
    assert_eq!(receiver.gets("/elsewhere").0, 404);
    receiver.process.signal(Signal::TERM);
    let _ = receiver.process.ends().exits(0);
    assert_eq!(["webhook.log.1", "webhook.log.2", "webhook.log"].map(statuses), [vec![200], vec![400], vec![404]]);
}
