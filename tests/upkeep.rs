//! Looking after a ledger: check, backup, copy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::cluster::Database;
use crate::common::shop::{Shop, people};

const CHECK: [&str; 4] = ["ledger", "check", "-o", "json"];

/// The ledger and its folder, with sizes and when each was changed; without what SQLite keeps for whoever reads.
fn files(shop: &Shop) -> Vec<(std::path::PathBuf, u64, std::time::SystemTime)> {
    let mut found: Vec<_> = crate::common::files_below(shop.ledger().parent().unwrap())
        .into_iter()
        .filter(|path| !["ledger.db-wal", "ledger.db-shm"].iter().any(|name| path.ends_with(name)))
        .map(|path| {
            let data = fs::metadata(&path).unwrap();
            (path, data.len(), data.modified().unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_ledger_that_is_whole_is_told_so_and_stays_as_it_is() {
    let shop = Shop::open();
    let list = people(30);
    shop.env.mmsg(CHECK).exits(10).says("there is no ledger at");
    shop.sandbox.errors("2300034=20%,2300036=20%");
    let _ = shop.send(&list, &["--max-sends", "20"]);
    let before = files(&shop);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["healthy"], &told["faults"]), (&json!(true), &json!([])), "{told:#}");
    assert_eq!((&told["rows"]["sends"], &told["rows"]["recipients"]), (&json!(30), &json!(30)), "{told:#}");
    assert_eq!((&told["at_work"], &told["dead_runs"]), (&json!(0), &json!(0)), "{told:#}");
    assert!(told["steps"].as_i64().unwrap() > 0 && told["steps"] == told["steps_seen"], "{told:#}");
    assert!(told["bytes"].as_u64().unwrap() > 0 && told["free_bytes"].as_u64().unwrap() > 0, "{told:#}");
    let table = shop.env.mmsg(["ledger", "check"]).exits(0).stdout;
    assert!(table.contains("recipients 30") && table.contains("sends 30"), "{table}");
    assert_eq!(files(&shop), before);
}

#[test]
fn a_ledger_in_use_is_checked_and_a_run_that_died_is_counted() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(100));
    let list = people(200);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "4"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(4);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!(
        (&told["at_work"], &told["dead_runs"], &told["left_claimed"]),
        (&json!(1), &json!(0), &json!(0)),
        "{told:#}"
    );
    assert!(run.is_running(), "the run was not at work any more");
    run.kill();
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["at_work"], &told["dead_runs"], &told["unknown"]), (&json!(0), &json!(1), &json!(0)), "{told:#}");
    let left = told["left_claimed"].as_u64().unwrap();
    assert!((1..=4).contains(&left), "{told:#}");
    // It was only looked at: the next command that shows the ledger makes them unknown.
    let _ = shop.env.mmsg(["unknown", "list"]).exits(0);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["dead_runs"], &told["unknown"]), (&json!(0), &json!(left)), "{told:#}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_type_next() {
    let shop = Shop::open();
    let _ = shop.totals(&people(20), &[], 0);
    let counted = "update states set n = n + 1 where state = 2";
    shop.changes_ledger(counted);
    let run = shop.env.mmsg(CHECK).exits(10).says("counts the rows of broadcast 1 wrongly");
    assert_eq!(run.json()["faults"][0]["kind"], "states", "{run:#?}");
    shop.changes_ledger(
        "update states set n = n - 1 where state = 2; update recipients set token = token || 'x' where id = 3",
    );
    let run = shop
        .env
        .mmsg(CHECK)
        .exits(10)
        .says("1 recipient would not be found by their token and could get a message twice");
    run.says("restore the latest backup, then run mmsg ledger accept-restore --since TIME");
    shop.changes_ledger("update ledger set gate = 'refused'");
    let run = shop
        .env
        .mmsg(["ledger", "check"])
        .exits(10)
        .says("would not be found")
        .says("or something else sends for this Page");
    assert!(run.stdout.contains("healthy"), "{run:#?}");
    // A page of the file that is not what it was.
    let conn = rusqlite::Connection::open(shop.ledger()).unwrap();
    conn.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(())).unwrap();
    let page: u64 = conn
        .query_row("select rootpage from sqlite_schema where name = 'sends_once'", (), |row| row.get::<_, i64>(0))
        .unwrap() as u64;
    drop(conn);
    let mut bytes = fs::read(shop.ledger()).unwrap();
    let at = (page as usize - 1) * 4096;
    bytes[at + 4000..at + 4096].fill(0);
    fs::write(shop.ledger(), bytes).unwrap();
    let run = shop.env.mmsg(CHECK).exits(10).says("is damaged");
    run.says("restore the latest backup");
}

#[test]
fn a_backup_is_a_whole_ledger_of_one_moment_and_holds_no_send_up() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(20);
    let told = shop.env.mmsg(["ledger", "backup", "backup.db", "-o", "json"]).exits(0).json();
    assert!(run.is_running(), "the run was not at work any more");
    assert_eq!(run.ends().code, 0);
    shop.assert_each_once(&list);
    let backup = shop.env.path("backup.db");
    let data = fs::metadata(&backup).unwrap();
    assert_eq!((data.permissions().mode() & 0o777, &json!(data.len())), (0o600, &told["bytes"]));
    let checked = shop.env.mmsg(["ledger", "check", "-o", "json", "--ledger", "backup.db"]).exits(0);
    let checked = checked.says("if this is a backup or a moved copy, run mmsg ledger accept-restore").json();
    assert_eq!((&checked["rows"]["sends"], &checked["at_work"]), (&json!(400), &json!(0)), "{checked:#}");
    let pending = rusqlite::Connection::open(&backup).unwrap();
    let pending: i64 = pending.query_row("select count(*) from sends where state = 0", (), |row| row.get(0)).unwrap();
    assert!((1..400).contains(&pending), "{pending}: not of a moment while it was sent");
}

#[test]
fn a_backup_replaces_nothing_without_force_and_is_there_whole_or_not_at_all() {
    let shop = Shop::open();
    let backup = |file: &str, more: &[&str]| shop.env.mmsg([&["ledger", "backup", file], more].concat());
    backup("backup.db", &[]).fails(10, "there is no ledger at");
    let _ = shop.totals(&people(20), &[], 0);
    let ledger = shop.ledger().display().to_string();
    let before = fs::read(&ledger).unwrap();
    for force in [&[][..], &["--force"]] {
        backup(&ledger, force).fails(2, "would overwrite the ledger");
        backup(&format!("{ledger}-wal"), force).fails(2, "would overwrite a file of the ledger");
        backup(".local/share/mmsg/runs/x", force).fails(2, "the ledger's own folder");
        backup("no/folder", force).fails(2, "its folder does not exist");
        backup("/dev/null", force).fails(2, "is not a file");
    }
    assert_eq!(fs::read(&ledger).unwrap(), before);
    fs::write(shop.env.path("notes"), "mine").unwrap();
    backup("notes", &[]).fails(2, "exists, and is not empty: nothing was backed up");
    backup("notes", &["--force"]).exits(0);
    shop.env.mmsg(["ledger", "check", "--ledger", "notes"]).exits(0);
    backup("notes", &[]).fails(2, "exists, and is not empty");
    fs::write(shop.env.path("other.db-wal"), "of another").unwrap();
    backup("other.db", &["--force"]).fails(2, "would take it for the log of the backup");
    // A ledger that can't be read leaves nothing behind.
    let names = |shop: &Shop| {
        let mut names: Vec<_> =
            fs::read_dir(shop.env.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&shop);
    let middle = fs::metadata(&ledger).unwrap().len() as usize / 4096 / 2 * 4096;
    let mut bytes = fs::read(&ledger).unwrap();
    bytes[middle..].fill(7);
    fs::write(&ledger, bytes).unwrap();
    backup("third.db", &[]).fails(10, "can't write the backup third.db");
    assert_eq!(names(&shop), before);
}

fn copy(shop: &Shop, from: &str, to: &str) -> crate::common::Run {
    shop.env.mmsg(["ledger", "copy", from, to, "-o", "json"])
}

/// The same command on another ledger.
fn sent_from(shop: &Shop, list: &[String], ledger: &str) -> crate::common::Run {
    shop.send(list, &["--ledger", ledger, "-o", "json"])
}

#[test]
fn a_ledger_is_copied_both_ways_and_only_the_newest_copy_sends() {
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let list = people(300);
    let first = shop.ledger().display().to_string();
    let _ = shop.totals(&list, &["--max-sends", "100"], 6);
    let rows = shop.env.mmsg(CHECK).exits(0).json()["rows"].clone();
    let database = Database::new();
    let server = database.address();
    let copied = copy(&shop, &first, &server).exits(0).json();
    assert_eq!((&copied["rows"]["sends"], &copied["rows"]["recipients"]), (&json!(300), &json!(300)), "{copied:#}");
    // Cut off before the source was closed: the next attempt takes over what is there, and no copy of another ledger.
    shop.changes_ledger("update ledger set gate = null");
    for (from, code) in [("another.db", 2), (&*first, 0)] {
        database.ask(&format!("update ledger set gate = 'copying from {from}'; update recipients set token = 'half'"));
        let _ = copy(&shop, &first, &server).exits(code);
    }
    assert_eq!(database.ask("select count(*), count(distinct token), min(id) from recipients"), "300|300|1");
    // The source says where it went, to everybody, however it is asked; and keeps nothing that comes.
    sent_from(&shop, &list, &first).exits(11).says("was copied to postgres://");
    shop.env.mmsg(["send", "--resume"]).fails(11, "was copied to postgres://");
    shop.env.mmsg(["ledger", "accept-restore", "--other-sender", "--yes"]).fails(11, "was copied to postgres://");
    copy(&shop, &first, "other.db").exits(11).says("was copied to postgres://");
    assert_eq!(shop.sandbox.requests().len(), 100);
    let _ = shop.send(&list, &["--ledger", &server, "--max-sends", "100", "-o", "json"]).exits(6);
    let checked = shop.env.mmsg(["ledger", "check", "-o", "json", "--ledger", &server]).exits(0).json();
    assert_eq!(checked["rows"]["sends"], rows["sends"]);
    // Back to a file, in the folder of the first.
    let third = shop.ledger().with_file_name("third.db").display().to_string();
    copy(&shop, &server, &third).exits(0);
    sent_from(&shop, &list, &server).exits(11).says("was copied to ");
    let _ = sent_from(&shop, &list, &third).exits(0);
    shop.assert_each_once(&list);
    assert_eq!(shop.sandbox.requests().len(), 300, "a second request for somebody");
    shop.env.mmsg(["ledger", "check", "--ledger", &third]).exits(0);
    // New rows go on after those that were copied.
    let more = people(310).split_off(300);
    let _ = sent_from(&shop, &more, &third).exits(0);
}

#[test]
fn a_copy_that_is_cut_off_leaves_one_ledger_that_sends() {
    let list = people(40);
    for (failpoint, is_finished_by_copy) in [("write.before:abort@2", false), ("write.after:abort@2", true)] {
        let shop = Shop::with(|options| options.time_scale = 1e6);
        let first = shop.ledger().display().to_string();
        let _ = shop.totals(&list, &["--max-sends", "10"], 6);
        let mut cut = shop.env.command(["ledger", "copy", &first, "copy.db"]);
        assert!(!cut.env("MMSG_FAILPOINT", failpoint).output().unwrap().status.success());
        sent_from(&shop, &list, "copy.db").exits(11).says("that was not finished");
        shop.env
            .mmsg(["ledger", "accept-restore", "--since", "2026-01-01T00:00:00Z", "--yes", "--ledger", "copy.db"])
            .exits(11);
        let again = copy(&shop, &first, "copy.db");
        let last = if is_finished_by_copy {
            again.exits(0);
            sent_from(&shop, &list, &first).exits(11).says("was copied to ");
            "copy.db"
        } else {
            again.exits(2).says("a ledger is copied only to a new one; nothing was copied");
            &first
        };
        let _ = sent_from(&shop, &list, last).exits(0);
        shop.assert_each_once(&list);
    }
}

/// Killed at any moment, both ways: of the two ledgers one sends and the other does not, and the same command ends it.
#[test]
#[cfg(target_os = "linux")]
fn a_copy_that_is_killed_leaves_one_ledger_that_sends() {
    const KILLS: u32 = 5;
    let list = people(1500);
    let mut random = fastrand::Rng::with_seed(7);
    for to_server in [true, false] {
        let (mut cut, mut takes) = (0, None);
        // The first one is not killed: that is how long it takes.
        for round in 0..=KILLS {
            let shop = Shop::with(|options| options.time_scale = 1e6);
            let database = Database::new();
            let (file, server) = (shop.ledger().display().to_string(), database.address());
            fs::create_dir_all(shop.ledger().parent().unwrap()).unwrap();
            let (from, to) = if to_server { (file, server) } else { (server, file) };
            let send_some =
                |ledger: &str| shop.send(&list, &["--ledger", ledger, "--max-sends", "5", "-o", "json"]).code;
            assert_eq!(send_some(&from), 6);
            let begin = Instant::now();
            let mut copying = shop.env.start("", &["ledger", "copy", &from, &to]);
            if let Some(takes) = takes {
                let share = (f64::from(round - 1) + random.f64()) / f64::from(KILLS);
                std::thread::sleep(Duration::mul_f64(takes, share));
            }
            if takes.is_some() && copying.is_running() {
                copying.signal(rustix::process::Signal::KILL);
                cut += u32::from(copying.ends().code != 0);
            } else {
                let _ = copying.ends().exits(0);
                takes.get_or_insert(begin.elapsed());
            }
            let is_there = if to_server {
                database.ask("select to_regclass('sends') is not null") == "t"
                    && database.ask("select count(*) from sends") != "0"
            } else {
                shop.ledger().exists()
            };
            let codes = (send_some(&from), if is_there { send_some(&to) } else { 11 });
            let only = match codes {
                (11, 6) => &to,
                // A file that is not finished has to be removed first.
                (6, 11) if is_there && !to_server => &from,
                // Nothing of it counts, or all but the last step was done.
                (6 | 11, 11) => {
                    copy(&shop, &from, &to).exits(0);
                    assert_eq!((send_some(&from), send_some(&to)), (11, 6));
                    &to
                }
                both => panic!("killed after {:?}: {both:?}", begin.elapsed()),
            };
            let _ = shop.send(&list[..40], &["--ledger", only, "-o", "json"]).exits(0);
            shop.env.mmsg(["ledger", "check", "--ledger", only]).exits(0);
            shop.sandbox.assert_nobody_twice();
        }
        assert!(cut >= 2, "it was killed {cut} times");
    }
}

#[test]
fn a_copy_is_refused_while_a_run_is_at_work_and_where_something_is() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(50));
    let list = people(100);
    let first = shop.ledger().display().to_string();
    copy(&shop, &first, "copy.db").exits(10).says("there is no ledger at");
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "2"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(4);
    copy(&shop, &first, "copy.db").exits(10).says("1 process is still sending from this ledger");
    assert!(run.is_running() && !shop.env.path("copy.db").exists());
    assert_eq!(run.ends().code, 0);
    shop.assert_each_once(&list);
    fs::write(shop.env.path("copy.db"), "mine").unwrap();
    copy(&shop, &first, "copy.db").exits(2).says("a ledger is copied only to a new one");
    copy(&shop, &first, &first).exits(2).says("a ledger is copied only to a new one");
    assert_eq!(fs::read(shop.env.path("copy.db")).unwrap(), b"mine");
    shop.env.mmsg(CHECK).exits(0);
}
