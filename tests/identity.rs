//! One ledger, and what could make two of it: another name, a log that goes away, a file that is empty or gone. Each is tried with two
//! sends at once; the sandbox's record is the judge.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::Run;
use crate::common::shop::{Shop, people};
use crate::common::small_disk::SmallDisk;
use crate::common::started::Started;

const PEOPLE: usize = 600;

fn slow_shop() -> Shop {
    Shop::with(|options| options.dials.latency = Duration::from_millis(10))
}

/// The words of a send by this name of the ledger.
fn by<'w>(shop: &'w Shop, ledger: &'w Path) -> Vec<&'w str> {
    shop.words(&["--concurrency", "4", "-o", "json", "--ledger", ledger.to_str().unwrap()])
}

/// Fails if somebody was asked twice, accepted or not.
#[track_caller]
fn assert_nobody_asked_twice(shop: &Shop) {
    let asked = shop.sandbox.requested();
    let once: HashSet<&String> = asked.iter().collect();
    assert_eq!(once.len(), asked.len(), "a second request for somebody");
    shop.sandbox.assert_nobody_twice();
}

/// The same command again, when nothing is in its way: it ends the list, and knows of everybody what was asked before.
#[track_caller]
fn completes(shop: &Shop, ledger: &Path, list: &[String]) {
    let run = shop.env.mmsg_reading(list.join("\n"), by(shop, ledger)).exits(0);
    assert_eq!(run.totals()["accepted"], list.len(), "{run:#?}");
    shop.assert_each_once(list);
    assert_nobody_asked_twice(shop);
}

fn beside(ledger: &Path, end: &str) -> PathBuf {
    let mut path = ledger.as_os_str().to_owned();
    path.push(end);
    path.into()
}

#[test]
fn a_hard_link_is_refused_by_both_names_before_and_while_it_sends() {
    let shop = slow_shop();
    let list = people(PEOPLE);
    let text = list.join("\n");
    let (first, second) = (shop.ledger(), shop.env.path("second.db"));
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    fs::hard_link(&first, &second).unwrap();
    let names = [&first, &second];
    let started = names.map(|name| shop.env.start(&text, &by(&shop, name)));
    for run in started.map(Started::ends) {
        run.exits(10).says("has 2 names (hard links)");
    }
    assert_eq!(shop.sandbox.requests().len(), 0);
    shop.env.mmsg(["unknown", "list", "--ledger", second.to_str().unwrap()]).exits(10).says("2 names");
    shop.send(&list, &["--dry-run"]).exits(10).says("2 names");
    fs::remove_file(&second).unwrap();

    // The link comes while one sends.
    let one = shop.env.start(&text, &by(&shop, &first));
    shop.sandbox.wait_for_sends(40);
    fs::hard_link(&first, &second).unwrap();
    let two = shop.env.start(&text, &by(&shop, &second));
    two.ends().exits(10).says("has 2 names");
    one.ends().exits(10).says("has 2 names");
    assert_nobody_asked_twice(&shop);
    let asked = shop.sandbox.requests().len();
    assert!(asked < PEOPLE, "the link was not seen");
    fs::remove_file(&second).unwrap();
    completes(&shop, &first, &list);
}

#[test]
fn a_symbolic_link_and_a_mounted_folder_are_the_same_ledger() {
    let shop = slow_shop();
    let list = people(PEOPLE);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let link = shop.env.path("link.db");
    symlink(shop.ledger(), &link).unwrap();
    let mounts = SmallDisk::mount(&shop.env, 64).expect("this test must be allowed to mount");
    mounts.shell("mkdir there && mount --bind .local/share/mmsg there");
    let mounted = shop.env.path("there/ledger.db");
    let started = [
        shop.env.start(&text, &by(&shop, &shop.ledger())),
        shop.env.start(&text, &by(&shop, &link)),
        shop.env.start_command(&text, mounts.mmsg(&by(&shop, &mounted))),
    ];
    let runs = started.map(Started::ends);
    assert!(runs.iter().all(|run| matches!(run.code, 0 | 6)), "{runs:#?}");
    completes(&shop, &link, &list);
    shop.assert_each_once(&list);
}

#[test]
fn a_ledger_mounted_without_its_folder_is_refused_while_another_sends() {
    let shop = slow_shop();
    let list = people(PEOPLE);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let mounts = SmallDisk::mount(&shop.env, 64).expect("this test must be allowed to mount");
    mounts.shell(
        "mkdir alone && touch 'alone/my ledger.db' && mount --bind .local/share/mmsg/ledger.db 'alone/my ledger.db'",
    );
    let (ledger, alone) = (shop.ledger(), shop.env.path("alone/my ledger.db"));
    let outside = shop.env.start(&text, &by(&shop, &ledger));
    shop.sandbox.wait_for_sends(40);
    let inside = shop.env.start_command(&text, mounts.mmsg(&by(&shop, &alone)));
    inside.ends().exits(10).says("is mounted without its folder").says("mount the folder");
    // It does no harm to the one that uses it as it should be used.
    outside.ends().exits(0);
    shop.assert_each_once(&list);
    assert_nobody_asked_twice(&shop);
}

/// What happens to a file beside the ledger.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Removed,
    Replaced,
}

impl Loss {
    fn of(self, file: &Path) {
        match self {
            Self::Removed => fs::remove_file(file).unwrap(),
            Self::Replaced => {
                let new = beside(file, ".new");
                fs::write(&new, "").unwrap();
                fs::rename(new, file).unwrap();
            }
        }
    }
}

#[test]
fn a_log_that_went_away_under_a_send_stops_it_and_keeps_every_other_out() {
    let ends: [&[&str]; 3] = [&["-wal", "-shm"], &["-wal"], &["-shm"]];
    for (loss, ends) in [Loss::Removed, Loss::Replaced].into_iter().flat_map(|loss| ends.map(|ends| (loss, ends))) {
        let case = format!("{loss:?} {ends:?}");
        let shop = slow_shop();
        let list = people(PEOPLE);
        let text = list.join("\n");
        let _ = shop.totals(&list, &["--max-sends", "0"], 6);
        let one = shop.env.start(&text, &by(&shop, &shop.ledger()));
        shop.sandbox.wait_for_sends(40);
        // So that it doesn't see it before the others come.
        one.signal(Signal::STOP);
        for end in ends {
            loss.of(&beside(&shop.ledger(), end));
        }
        let others =
            [shop.env.start(&text, &by(&shop, &shop.ledger())), shop.env.start(&text, &by(&shop, &shop.ledger()))];
        for run in others.map(Started::ends) {
            run.exits(10).says("another mmsg has the ledger").prints_nothing();
        }
        one.signal(Signal::CONT);
        let run = one.ends().exits(10).says("was removed or replaced while the ledger was open");
        assert_totals(&run, PEOPLE);
        let asked = shop.sandbox.requests().len();
        assert!((40..PEOPLE).contains(&asked), "{case}: {asked} requests");
        assert_nobody_asked_twice(&shop);
        // What it had recorded in the log that is gone is in the ledger.
        completes(&shop, &shop.ledger(), &list);
    }
}

#[test]
fn a_log_removed_while_two_send_at_once_costs_nobody_a_second_message() {
    for ends in [&["-wal", "-shm"][..], &["-wal"], &["-shm"]] {
        let shop = slow_shop();
        let list = people(PEOPLE);
        let text = list.join("\n");
        let _ = shop.totals(&list, &["--max-sends", "0"], 6);
        let one = shop.env.start(&text, &by(&shop, &shop.ledger()));
        shop.sandbox.wait_for_sends(40);
        for end in ends {
            fs::remove_file(beside(&shop.ledger(), end)).unwrap();
        }
        let two = shop.env.start(&text, &by(&shop, &shop.ledger()));
        let (one, two) = (one.ends(), two.ends());
        assert_eq!(one.code, 10, "{ends:?}: {one:#?}");
        // It came while the first was there, or just after it had ended.
        assert!(matches!(two.code, 0 | 10 | 11), "{ends:?}: {two:#?}");
        assert_nobody_asked_twice(&shop);
        completes(&shop, &shop.ledger(), &list);
    }
}

#[test]
fn a_ledger_moved_away_from_its_log_under_a_send_is_whole_when_that_has_ended() {
    let shop = slow_shop();
    let list = people(PEOPLE);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let one = shop.env.start(&text, &by(&shop, &shop.ledger()));
    shop.sandbox.wait_for_sends(40);
    one.signal(Signal::STOP);
    let moved = shop.env.path("moved.db");
    fs::rename(shop.ledger(), &moved).unwrap();
    shop.env.start(&text, &by(&shop, &moved)).ends().exits(10).says("another mmsg has the ledger");
    one.signal(Signal::CONT);
    one.ends().exits(10).says("is gone");
    completes(&shop, &moved, &list);
}

#[test]
fn a_backup_put_in_the_place_of_a_ledger_under_a_send_is_kept_from_its_log() {
    let shop = slow_shop();
    let list = people(PEOPLE);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let (backup, aside) = (shop.env.path("backup.db"), shop.env.path("aside.db"));
    fs::copy(shop.ledger(), &backup).unwrap();
    let bytes = fs::read(&backup).unwrap();
    let one = shop.env.start(&text, &by(&shop, &shop.ledger()));
    shop.sandbox.wait_for_sends(40);
    one.signal(Signal::STOP);
    fs::rename(shop.ledger(), &aside).unwrap();
    fs::rename(&backup, shop.ledger()).unwrap();
    shop.env.start(&text, &by(&shop, &shop.ledger())).ends().exits(10).says("another mmsg has the file open that");
    one.signal(Signal::CONT);
    one.ends().exits(10).says("was replaced while it was open");
    assert!(fs::read(shop.ledger()).unwrap() == bytes, "the log of one ledger was written into another");
    assert_nobody_asked_twice(&shop);
    // All that was recorded is where it belongs.
    fs::rename(&aside, shop.ledger()).unwrap();
    completes(&shop, &shop.ledger(), &list);
}

#[test]
fn a_ledger_that_was_used_and_is_empty_or_gone_is_not_taken_for_a_new_one() {
    let list = people(20);
    let (lost, trace) = ("it was used before", "runs/ledger.db.seen is still there");
    for is_empty in [true, false] {
        let shop = Shop::open();
        let _ = shop.totals(&list, &[], 0);
        fs::remove_file(shop.ledger()).unwrap();
        if is_empty {
            fs::write(shop.ledger(), "").unwrap();
        }
        let what = if is_empty { "is empty (0 bytes)" } else { "is gone" };
        shop.send(&list, &["--new-message"]).fails(10, what).says(lost).says(trace);
        shop.send(&list, &["--dry-run"]).fails(10, what).says(lost);
        for words in [
            &["send", "--resume"][..],
            &["unknown", "list"],
            &["broadcast", "list"],
            &["webhook", "status"],
            &["campaign", "delete", &shop.campaign, "--yes"],
        ] {
            shop.env.mmsg(words).exits(10).says(what).says(lost);
        }
        assert_eq!(shop.sandbox.requests().len(), 20, "a second request for somebody");
        // Whoever wants a new one says so.
        fs::remove_file(beside(&shop.ledger().parent().unwrap().join("runs/ledger.db"), ".seen")).unwrap();
        shop.send(&people(1), &["--max-sends", "0"]).exits(6).says("created a new, empty ledger");
    }
}

#[test]
fn a_log_without_its_ledger_shows_that_there_was_one() {
    let shop = slow_shop();
    let list = people(200);
    let one = shop.env.start(&list.join("\n"), &by(&shop, &shop.ledger()));
    shop.sandbox.wait_for_sends(40);
    one.kill();
    let (ledger, away) = (shop.ledger(), shop.env.path("away"));
    fs::rename(ledger.parent().unwrap().join("runs"), shop.env.path("runs-away")).unwrap();
    fs::rename(&ledger, &away).unwrap();
    shop.send(&list, &["--new-message"])
        .exits(10)
        .says("is gone")
        .says("ledger.db-wal is still there")
        .says("put it back beside this file");
    fs::rename(&away, &ledger).unwrap();
    fs::rename(shop.env.path("runs-away"), ledger.parent().unwrap().join("runs")).unwrap();
    let run = shop.env.mmsg_reading(list.join("\n"), by(&shop, &ledger));
    assert!(matches!(run.code, 0 | 11), "{run:#?}");
    let totals = run.totals();
    let count = |part: &str| totals[part].as_u64().unwrap();
    assert_eq!(count("accepted") + count("unknown"), 200, "{totals:#}");
    assert!(count("unknown") <= 4, "{totals:#}");
    assert_nobody_asked_twice(&shop);
}

#[test]
fn an_empty_file_without_a_trace_is_taken_for_new_and_says_so() {
    let shop = Shop::open();
    let list = people(3);
    let mine = shop.env.path("mine.db");
    fs::write(&mine, "").unwrap();
    shop.env.mmsg(["unknown", "list", "--ledger", "mine.db"]).exits(10).says("there is no ledger at");
    shop.send(&list, &["--ledger", "mine.db"]).exits(0).says("created a new, empty ledger");
    // Also behind a link that leads to nothing, and beside a ledger that was used.
    symlink(shop.env.path("behind.db"), shop.env.path("link.db")).unwrap();
    let others = people(6).split_off(3);
    shop.send(&others, &["--ledger", "link.db"]).exits(0).says("created a new, empty ledger");
    assert!(shop.env.path("runs/behind.db.seen").exists() && shop.env.path("behind.db").exists());
    shop.assert_each_once(&people(6));
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let shop = Shop::open();
    let made = std::process::Command::new("mkfifo").arg(shop.env.path("pipe")).status().unwrap();
    assert!(made.success());
    for ledger in ["pipe", "/dev/null", "/"] {
        shop.send(&people(1), &["--ledger", ledger]).fails(10, "is not a file");
        shop.send(&people(1), &["--ledger", ledger, "--dry-run"]).fails(10, "is not a file");
        shop.env.mmsg(["unknown", "list", "--ledger", ledger]).fails(10, "is not a file");
    }
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn a_crash_while_the_ledger_is_made_leaves_none() {
    for point in ["migrate.before:abort", "migrate.before:error", "migrate.after:abort", "migrate.after:error"] {
        let shop = Shop::open();
        let list = people(3);
        let mut command = shop.env.command(shop.words(&[]));
        command.env("MMSG_FAILPOINT", point);
        let run = shop.env.start_command(&list.join("\n"), command).ends();
        assert!(matches!(run.code, 10 | 134), "{point}: {run:#?}");
        assert!(!shop.ledger().exists(), "{point}");
        shop.send(&list, &[]).exits(0).says("created a new, empty ledger");
        shop.assert_each_once(&list);
    }
}

#[test]
fn of_several_that_make_one_ledger_at_once_one_says_so() {
    let shop = slow_shop();
    let list = people(60);
    let text = list.join("\n");
    let started: Vec<_> = (0..4).map(|_| shop.env.start(&text, &by(&shop, &shop.ledger()))).collect();
    let runs: Vec<_> = started.into_iter().map(Started::ends).collect();
    assert!(runs.iter().all(|run| matches!(run.code, 0 | 6)), "{runs:#?}");
    let said = runs.iter().filter(|run| run.stderr.contains("created a new, empty ledger")).count();
    assert_eq!(said, 1, "{runs:#?}");
    shop.assert_each_once(&list);
    assert_nobody_asked_twice(&shop);
}

/// Fails unless the rows of the list are each counted once.
#[track_caller]
fn assert_totals(run: &Run, rows: usize) {
    let totals: Value = run.totals();
    let parts = ["accepted", "refused", "skipped", "unknown", "claimed", "pending"];
    let sum: u64 = parts.iter().map(|part| totals[part].as_u64().unwrap()).sum();
    assert_eq!((totals["rows"].as_u64(), sum), (Some(rows as u64), rows as u64), "{totals:#}");
}
