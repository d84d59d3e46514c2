//! Outputs overwrite nothing that mmsg keeps or reads, nor what it did not make, and write to pipes and devices as they are.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::shop::{Shop, people};
use crate::common::{Env, TOKEN};

/// Files that the sandbox writes.
const RECORDS: [&str; 4] = ["--record", "--calls", "--requests", "--truth"];

fn mode(env: &Env, file: &str) -> u32 {
    fs::metadata(env.path(file)).unwrap().permissions().mode() & 0o777
}

fn make_pipe(env: &Env, name: &str) {
    assert!(Command::new("mkfifo").arg(env.path(name)).status().unwrap().success());
}

/// A shop with a ledger, a profile that has a secret in a file (the environment's wins), and a list.
fn shop() -> Shop {
    let mut shop = Shop::open();
    let profile = "[profiles.default]\napp_secret = { file = 'secret' }\n";
    shop.env = shop.sandbox.environment().profiles(profile);
    fs::write(shop.env.path(".config/mmsg/secret"), "of another app\n").unwrap();
    shop.message("promo.json", &json!({"text": "Half price this week"}));
    fs::write(shop.env.path("list.csv"), people(3).join("\n")).unwrap();
    let _ = shop.totals(&people(2), &[], 0);
    shop
}

#[test]
fn no_output_overwrites_what_mmsg_keeps_or_reads() {
    let shop = shop();
    let env = &shop.env;
    let ledger = shop.ledger().display().to_string();
    fs::hard_link(&ledger, env.path("hard.db")).unwrap();
    symlink(&ledger, env.path("soft.db")).unwrap();
    fs::hard_link(env.path("list.csv"), env.path("list.copy")).unwrap();
    let runs = shop.ledger().with_file_name("runs");
    let mut files = fs::read_dir(&runs).unwrap().flatten().map(|entry| entry.path());
    let witness = files.find(|path| path.extension().is_some_and(|end| end == "witness")).unwrap();
    fs::hard_link(&witness, env.path("witness")).unwrap();
    symlink(&runs, env.path("locks")).unwrap();
    let kept = ["witness", "hard.db", "list.csv", "promo.json", ".config/mmsg/config.toml", ".config/mmsg/secret"];
    let before: Vec<Vec<u8>> = kept.iter().map(|file| fs::read(env.path(file)).unwrap()).collect();
    let targets = [
        ledger.clone(),
        format!("{ledger}-wal"),
        format!("{ledger}-shm"),
        format!("{ledger}-journal"),
        "hard.db".to_owned(),
        "soft.db".to_owned(),
        "list.csv".to_owned(),
        "list.copy".to_owned(),
        "./promo.json".to_owned(),
        ".config/mmsg/config.toml".to_owned(),
        ".config/mmsg/secret".to_owned(),
        witness.display().to_string(),
        runs.join("ledger.db.seen").display().to_string(),
        runs.join("new.csv").display().to_string(),
        "locks/new.csv".to_owned(),
        "witness".to_owned(),
    ];
    let requests = shop.sandbox.requests().len();
    for target in &targets {
        let is_in_runs = ["runs/", "locks/", "witness"].iter().any(|part| target.contains(part));
        let harm = if is_in_runs { "would write into the ledger's own folder" } else { "would overwrite" };
        for force in [&[][..], &["--force"]] {
            for flag in ["--results", "--reject"] {
                let words = shop.words(&[&["list.csv", flag, target], force].concat());
                env.mmsg(&words).fails(2, harm).says("nothing was sent");
            }
            let words = [&["tokens", "import", "list.csv", "--audience", "x", "--reject", target], force].concat();
            if !target.ends_with("promo.json") {
                env.mmsg(&words).fails(2, harm).says("nothing was imported");
            }
            let words = ["message", "preview", "promo.json", "--tokens", "list.csv", "--local", "--save", target];
            env.mmsg([&words[..], force].concat()).fails(2, harm);
            if !target.contains("list") && !target.ends_with("promo.json") {
                env.mmsg([&["report", "--offline", "--html", target], force].concat()).fails(2, "no report was made");
                let words = ["message", "build", "--text", "Hello", "--save", target];
                env.mmsg([&words[..], force].concat()).fails(2, "no message was built");
            }
        }
        // The sandbox reads neither list nor message.
        if !target.contains("list") && !target.ends_with("promo.json") {
            for (flag, force) in
                [("--record", None), ("--calls", Some("--force")), ("--requests", None), ("--truth", Some("--force"))]
            {
                let words = ["sandbox", "--port", "0", flag, target].into_iter().chain(force);
                env.mmsg(words).fails(2, harm).says("the sandbox was not started");
            }
        }
    }
    for flag in ["--results", "--reject"] {
        let mut command = env.command(shop.words(&[flag, "list.copy"]));
        let output = command.stdin(File::open(env.path("list.csv")).unwrap()).output().unwrap();
        env.judge(&output).fails(2, "would overwrite the list on stdin");
    }
    let words = shop.words(&["list.csv", "--results", "one.csv", "--reject", "./one.csv"]);
    env.mmsg(&words).fails(2, "would overwrite --reject ./one.csv");
    for flag in RECORDS {
        let words = ["sandbox", "--port", "0", flag, "both", "--log-file", "./both"];
        env.mmsg(words).fails(2, "would overwrite the log (./both)").says("the sandbox was not started");
    }
    let mut command = env.command(shop.words(&["list.csv", "--results", "out.ndjson"]));
    let output = command.stdout(File::create(env.path("out.ndjson")).unwrap()).output().unwrap();
    env.judge(&output).fails(2, "would mix with standard output");
    for (file, bytes) in kept.iter().zip(before) {
        assert_eq!(fs::read(env.path(file)).unwrap(), bytes, "{file} was changed");
    }
    assert!(!runs.join("new.csv").exists());
    assert_eq!(shop.sandbox.requests().len(), requests, "Graph was asked for sends");
    shop.assert_each_once(&people(2));
}

#[test]
fn a_ledger_that_is_not_there_yet_is_safe_too() {
    let shop = Shop::open();
    for file in ["new.db", "new.db-wal", "./new.db-shm"] {
        shop.send(&people(1), &["--ledger", "new.db", "--results", file]).fails(2, "would overwrite");
        assert!(!shop.env.path("new.db").exists());
    }
}

#[test]
fn a_file_that_mmsg_did_not_make_is_replaced_only_by_force() {
    let shop = shop();
    let env = &shop.env;
    let theirs = "the work of years\n";
    let list = people(9);
    let cases: [(&[&str], &str, bool); 5] = [
        (&["report", "--offline", "--html", "notes"], "no report was made", false),
        (&["message", "preview", "promo.json", "--local", "--save", "notes"], "no preview was made", false),
        (&["message", "build", "--text", "Hello", "--save", "notes"], "no message was built", false),
        (&["tokens", "import", "list.csv", "--audience", "x", "--reject", "notes"], "nothing was imported", false),
        (&["send", "--resume", "--results", "notes"], "nothing was sent", true),
    ];
    for (words, nothing, appends) in cases {
        fs::write(env.path("notes"), theirs).unwrap();
        env.mmsg(words).fails(2, nothing).says("notes exists, and is not").says("with --force");
        assert_eq!(fs::read_to_string(env.path("notes")).unwrap(), theirs);
        env.mmsg([words, &["--force"]].concat()).exits(0);
        let now = fs::read_to_string(env.path("notes")).unwrap();
        assert_eq!(now.starts_with(theirs), appends, "{words:?}: {now}");
        // Its own work it replaces without a word; a message is nobody's for sure.
        if !appends && words[1] != "build" {
            env.mmsg(words).exits(0);
        }
    }
    fs::write(env.path("notes"), theirs).unwrap();
    for flag in RECORDS {
        let words = ["sandbox", "--port", "0", flag, "notes"];
        env.mmsg(words).fails(2, "is not a record that the sandbox made").says("append to this one with --force");
        assert_eq!(fs::read_to_string(env.path("notes")).unwrap(), theirs);
        let mut sandbox = env.start("", &[&words[..], &["--force"]].concat());
        sandbox.wait_for("the sandbox listens on");
        sandbox.signal(Signal::TERM);
        sandbox.ends().exits(0);
        assert!(fs::read_to_string(env.path("notes")).unwrap().starts_with(theirs), "{flag}");
    }
    // A list of another day is not a file of results.
    fs::write(env.path("other.ndjson"), "{\"token\":\"1\",\"name\":\"Anna\"}\n").unwrap();
    shop.send(&list, &["--results", "other.ndjson"]).fails(2, "is not NDJSON of results that mmsg made");
    shop.assert_each_once(&people(2));
}

#[test]
fn devices_and_pipes_are_written_to_and_stay_what_they_are() {
    let shop = shop();
    let env = &shop.env;
    make_pipe(env, "pipe");
    let words = |target: &'static str| -> [Vec<&'static str>; 3] {
        [
            vec!["report", "--offline", "--html", target],
            vec!["message", "preview", "promo.json", "--local", "--save", target],
            vec!["message", "build", "--text", "Hello", "--save", target],
        ]
    };
    symlink("/dev/null", env.path("null")).unwrap();
    for words in words("null") {
        env.mmsg(&words).exits(0);
    }
    env.mmsg(shop.words(&["list.csv", "--reject", "/dev/null", "--results", "/dev/null"])).exits(0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    // Without a reader nobody waits for one.
    for words in words("pipe") {
        env.mmsg(&words).fails(2, "nothing reads the pipe");
    }
    for flag in ["--reject", "--results"] {
        shop.send(&people(9), &[flag, "pipe"]).fails(2, "nothing reads the pipe").says("nothing was sent");
    }
    shop.assert_each_once(&people(3));

    for (words, text) in words("pipe").into_iter().zip(["<!doctype html>", "<!doctype html>", "{\n"]) {
        let read = read_pipe(env, "pipe", || {
            env.mmsg(&words).exits(0);
        });
        assert!(read.starts_with(text), "{words:?}: {read}");
    }
    let read = read_pipe(env, "pipe", || {
        let _ = shop.totals(&people(5), &["--results", "pipe"], 0);
    });
    let rows: Vec<Value> = read.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokens: Vec<&str> = rows.iter().filter_map(|row| row["token"].as_str()).collect();
    assert_eq!(tokens, people(5)[3..]);
    assert!(fs::metadata(env.path("pipe")).unwrap().file_type().is_fifo());
    shop.assert_each_once(&people(5));
}

/// What comes through a pipe while `work` writes to it.
fn read_pipe(env: &Env, name: &str, work: impl FnOnce()) -> String {
    // Opened for both, so that it doesn't wait for a writer, and `work` finds a reader.
    let both = File::options().read(true).write(true).open(env.path(name)).unwrap();
    let mut reader = File::open(env.path(name)).unwrap();
    let end = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    work();
    drop(both);
    end.join().unwrap()
}

#[test]
fn results_that_others_could_read_are_narrowed_first() {
    let shop = shop();
    let env = &shop.env;
    for (file, flag) in [("results.csv", "--results"), ("rejects.csv", "--reject")] {
        fs::write(env.path(file), "").unwrap();
        fs::set_permissions(env.path(file), fs::Permissions::from_mode(0o644)).unwrap();
        shop.send(&people(3), &[flag, file]).exits(0).says("now only you can read it");
        assert_eq!(mode(env, file), 0o600, "{file}");
        assert!(!shop.send(&people(3), &[flag, file]).exits(0).stderr.contains("now only you"));
    }
}

#[test]
fn a_built_message_is_there_whole_or_not_at_all() {
    let env = Env::new();
    let build = |more: &[&str]| env.mmsg([&["message", "build", "--save", "promo.json"], more].concat());
    build(&["--text", &"x".repeat(99_999)]).fails(5, "Meta would refuse the message");
    assert!(!env.path("promo.json").exists());
    let said = build(&["--text", "Hello ${name}"]).exits(0).prints_nothing().says("the message is in promo.json");
    assert_eq!(said.stderr.lines().count(), 1);
    let printed = env.mmsg(["message", "build", "--text", "Hello ${name}"]).exits(0).stdout;
    assert_eq!(fs::read_to_string(env.path("promo.json")).unwrap(), printed);
    assert_eq!(mode(&env, "promo.json"), 0o600);
    build(&["--text", "Bye"]).fails(2, "promo.json exists");
    build(&["--text", &"x".repeat(99_999), "--force"]).fails(5, "Meta would refuse the message");
    assert_eq!(fs::read_to_string(env.path("promo.json")).unwrap(), printed);
    build(&["--text", "Bye", "--force"]).exits(0);
    env.mmsg(["message", "validate", "promo.json"]).exits(0);
    assert!(!printed.contains(TOKEN));
}

#[test]
fn a_temporary_folder_that_is_not_there_is_named() {
    let shop = shop();
    let gone = shop.env.path("gone").display().to_string();
    let env = shop.sandbox.environment().set("TMPDIR", &gone);
    let ledger = shop.ledger().display().to_string();
    let message = shop.env.path("promo.json").display().to_string();
    let send = |more: &[&str]| {
        let words = ["send", "--ledger", &ledger, "--campaign", &shop.campaign, "--message", &message];
        env.mmsg_reading(people(3).join("\n"), [&words[..], more].concat())
    };
    let named = format!("in the temporary folder {gone}");
    send(&["--dry-run"]).fails(10, &named).says("TMPDIR");
    env.mmsg(["message", "preview", &message, "--local", "--open"]).fails(10, &named).says("TMPDIR");
    // Nothing else needs one.
    send(&[]).exits(0);
    shop.assert_each_once(&people(3));
}
