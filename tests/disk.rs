//! Disks: full, read-only, and a ledger that goes away under a run. Truth is counted at the sandbox.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::common::preload::Preload;
use crate::common::shop::{Shop, people};
use crate::common::small_disk::SmallDisk;
use crate::common::started::{Started, held_by_permissions};
use crate::common::{Env, Run, files_below};

/// Fails unless the rows of the list are each counted once.
fn assert_totals(totals: &Value, rows: u64) {
    let count = |part: &str| totals[part].as_u64().unwrap();
    let parts = ["accepted", "refused", "skipped", "unknown", "claimed", "pending"];
    let sum: u64 = parts.into_iter().map(count).sum();
    assert_eq!((count("rows"), sum), (rows, rows), "{totals:#}");
}

/// Fails unless the ledger knows of every message that the sandbox accepted, and of no other.
fn assert_agrees(shop: &Shop, totals: &Value) {
    let count = |part: &str| totals[part].as_u64().unwrap();
    let truth = shop.sandbox.accepted().len() as u64;
    // What could not be recorded any more is claimed still.
    let doubt = count("unknown") + count("claimed");
    assert!(count("accepted") <= truth && truth <= count("accepted") + doubt, "{truth}: {totals:#}");
    shop.sandbox.assert_nobody_twice();
}

/// The same command on a disk that has so much room.
fn with_room(env: &Env, library: &Preload, disk: &Path, room: u64, words: &[&str]) -> Command {
    let mut command = env.command(words);
    command.env("LD_PRELOAD", library.path()).env("FULL_DISK", disk).env("ROOM", room.to_string());
    command
}

#[test]
fn a_ledger_without_room_is_10_however_far_it_came_and_loses_nothing() {
    const CONCURRENCY: u64 = 4;
    let library = Preload::compile("full_disk");
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(1));
    let everybody = people(40 * 60);
    let (mut before, mut while_sending, mut last) = (0, 0, false);
    for (n, list) in everybody.chunks(60).enumerate() {
        // From nothing up, in steps that fall into reading, making tables, planning, claiming and ending.
        let room = 3000 * (n * n) as u64;
        let disk = shop.env.path(format!("disk{n}"));
        let ledger = disk.join("ledger.db").to_str().unwrap().to_owned();
        let words = shop.words(&["--ledger", &ledger, "--concurrency", "4", "-o", "json"]);
        let text = list.join("\n");
        let sent = shop.sandbox.requests().len();
        let run = shop.env.start_command(&text, with_room(&shop.env, &library, &disk, room, &words)).ends();
        let asked = (shop.sandbox.requests().len() - sent) as u64;
        last = run.code == 0;
        if last {
            break;
        }
        let run = run.exits(10).prints_nothing();
        let full = run.stderr.contains("the disk is full") || run.stderr.contains("No space left");
        assert!(full && run.stderr.contains("\"hint\":\""), "{room}: {run:#?}");
        before += u64::from(asked == 0);
        while_sending += u64::from(asked > 0);
        if run.last_line()["totals"].is_object() {
            assert_totals(&run.totals(), 60);
        }
        let totals = shop.totals(list, &["--ledger", &ledger], 0);
        assert_eq!(
            totals["accepted"].as_u64().unwrap() + totals["unknown"].as_u64().unwrap(),
            60,
            "{room}: {totals:#}"
        );
        assert!(totals["unknown"].as_u64().unwrap() <= 2 * CONCURRENCY, "{room}: {totals:#}");
        assert_eq!(shop.sandbox.requests().len() - sent, 60 - never_asked(&shop, list), "{room}");
        shop.sandbox.assert_nobody_twice();
    }
    assert!(last && before > 2 && while_sending > 2, "{before} {while_sending}");
}

/// People of the list for whom no request ever came.
fn never_asked(shop: &Shop, list: &[String]) -> usize {
    let asked = shop.sandbox.requested();
    list.iter().filter(|token| !asked.contains(token)).count()
}

#[test]
fn results_without_room_in_the_middle_end_it_with_10() {
    let library = Preload::compile("full_disk");
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(1));
    let list = people(2000);
    let disk = shop.env.path("disk");
    fs::create_dir(&disk).unwrap();
    let words = shop.words(&["--results", "disk/results.csv", "-o", "json"]);
    let run = shop.env.start_command(&list.join("\n"), with_room(&shop.env, &library, &disk, 20_000, &words)).ends();
    let run = run.exits(10).says("results.csv").says("No space left");
    let totals = run.totals();
    assert_totals(&totals, 2000);
    assert_agrees(&shop, &totals);
    assert!(shop.sandbox.requests().len() < 2000, "it went on without its results");
    let written = fs::read_to_string(disk.join("results.csv")).unwrap();
    assert!(written.lines().count() > 10, "{written}");
    let totals = shop.totals(&list, &[], 0);
    assert_eq!(totals["accepted"], 2000, "{totals:#}");
    shop.assert_each_once(&list);
}

/// The list of a run on a small disk, and its arguments.
fn on_disk<'w>(shop: &'w Shop, concurrency: &'w str) -> Vec<&'w str> {
    shop.words(&["--ledger", "disk/ledger.db", "--concurrency", concurrency, "-o", "json"])
}

/// How many rows of the ledger on the disk are in doubt, by a copy of it: unknown, or claimed with no run to answer.
fn doubts(shop: &Shop, disk: &SmallDisk<'_>) -> String {
    let copy = disk.copy_to("copy").join("ledger.db");
    let conn = rusqlite::Connection::open(copy).unwrap();
    let doubts: i64 = conn.query_row("select count(*) from sends where state in (1, 5)", (), |row| row.get(0)).unwrap();
    format!("{doubts} in doubt of {} requests", shop.sandbox.requests().len())
}

/// What the ledger on the disk says of the list, which must be whole.
fn ended(run: &Run, rows: u64) -> Value {
    let totals = run.totals();
    assert_totals(&totals, rows);
    totals
}

#[test]
fn a_small_disk_that_is_full_is_10_and_loses_nothing() {
    const ROWS: usize = 12_000;
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(1));
    let list = people(ROWS);
    let text = list.join("\n");
    let Some(disk) = SmallDisk::mount(&shop.env, 12_288) else { return };
    let plan = [&on_disk(&shop, "8")[..], &["--max-sends", "0"]].concat();
    let _ = shop.env.start_command(&text, disk.mmsg(&plan)).ends().exits(6);
    // What the run needs, and a little of what its answers will take up.
    disk.shell(
        "free=$(df --output=avail -k disk | tail -1); head -c $(( (free - 3600) * 1024 )) /dev/zero > disk/filler",
    );
    let run = shop.env.start_command(&text, disk.mmsg(&on_disk(&shop, "8"))).ends().exits(10).says("the disk is full");
    let asked = shop.sandbox.requests().len();
    assert!((1..ROWS).contains(&asked), "{asked} requests: {run:#?}");
    assert_agrees(&shop, &ended(&run, ROWS as u64));
    assert_eq!(doubts(&shop, &disk), format!("0 in doubt of {asked} requests"), "{run:#?}");
    disk.shell("rm disk/filler");
    let run = shop.env.start_command(&text, disk.mmsg(&on_disk(&shop, "8"))).ends().exits(0);
    assert_eq!(ended(&run, ROWS as u64)["accepted"], ROWS as u64, "{run:#?}");
    shop.assert_each_once(&list);
}

#[test]
fn a_disk_that_another_program_fills_leaves_nobody_in_doubt_however_often_it_is_tried() {
    const ROWS: usize = 3000;
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
    let list = people(ROWS);
    let text = list.join("\n");
    let Some(disk) = SmallDisk::mount(&shop.env, 24_576) else { return };
    let started = shop.env.start_command(&text, disk.mmsg(&on_disk(&shop, "64")));
    shop.sandbox.wait_for_sends(300);
    disk.fill();
    let run = started.ends().exits(10).says("the disk is full").says("free some space");
    let asked = shop.sandbox.requests().len();
    assert!(asked < ROWS, "{run:#?}");
    assert_agrees(&shop, &ended(&run, ROWS as u64));
    assert_eq!(ended(&run, ROWS as u64)["accepted"], asked as u64, "{run:#?}");
    for _ in 0..3 {
        disk.fill();
        let _ =
            shop.env.start_command(&text, disk.mmsg(&on_disk(&shop, "64"))).ends().exits(10).says("the disk is full");
        assert_eq!(doubts(&shop, &disk), format!("0 in doubt of {asked} requests"));
    }
    disk.shell("rm disk/filler");
    let run = shop.env.start_command(&text, disk.mmsg(&on_disk(&shop, "64"))).ends().exits(0);
    assert_eq!(ended(&run, ROWS as u64)["accepted"], ROWS as u64, "{run:#?}");
    shop.assert_each_once(&list);
}

#[test]
fn two_sends_at_once_go_through_on_a_disk_of_24_mb() {
    const ROWS: usize = 4000;
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(5));
    let list = people(ROWS);
    let text = list.join("\n");
    let Some(disk) = SmallDisk::mount(&shop.env, 24_576) else { return };
    let plan = [&on_disk(&shop, "8")[..], &["--max-sends", "0"]].concat();
    let _ = shop.env.start_command(&text, disk.mmsg(&plan)).ends().exits(6);
    let send = |results: &'static str| {
        let words = [&on_disk(&shop, "64")[..], &["--results", results]].concat();
        shop.env.start_command(&text, disk.mmsg(&words))
    };
    for run in [send("disk/one.csv"), send("disk/two.csv")].map(Started::ends) {
        // The first to find nothing left ends while the other's answers are out.
        assert!(run.code == 0 || run.code == 6, "{run:#?}");
        assert_totals(&run.totals(), ROWS as u64);
    }
    assert_eq!(doubts(&shop, &disk), format!("0 in doubt of {ROWS} requests"));
    shop.assert_each_once(&list);
    let lines: usize = disk.shell("cat disk/one.csv disk/two.csv | wc -l").parse().unwrap();
    assert_eq!(lines, ROWS + 2, "a line for each row, and two headers");
}

#[test]
fn a_list_that_a_disk_of_24_mb_has_no_room_for_is_10_and_nothing_is_planned() {
    const ROWS: usize = 100_000;
    let shop = Shop::open();
    let small = people(500);
    let Some(disk) = SmallDisk::mount(&shop.env, 24_576) else { return };
    let send = |list: &[String]| shop.env.start_command(&list.join("\n"), disk.mmsg(&on_disk(&shop, "64")));
    let plan = [&on_disk(&shop, "64")[..], &["--max-sends", "200"]].concat();
    let _ = shop.env.start_command(&small.join("\n"), disk.mmsg(&plan)).ends().exits(6);
    // Neither of them fits, and the second comes while the first is at it.
    let list = people(ROWS);
    for run in [send(&list), send(&list)].map(|run| run.ends_within(Duration::from_secs(300))) {
        let _ = run.exits(10).says("the disk is full");
    }
    assert_eq!(doubts(&shop, &disk), "0 in doubt of 200 requests");
    // What is kept free is enough for what was planned before.
    let resume = ["send", "--resume", "--rate", "unlimited", "--ledger", "disk/ledger.db"];
    let _ = shop.env.start_command("", disk.mmsg(&resume)).ends().exits(0);
    shop.assert_each_once(&small);
}

#[test]
fn a_ledger_that_can_only_be_read_is_10_and_nothing_is_sent() {
    let shop = Shop::open();
    let list = people(20);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "5"], 6);
    let folder = shop.ledger().parent().unwrap().to_owned();
    let permit = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let resume = ["send", "--resume", "--rate", "unlimited"];
    let send = shop.words(&[]);
    for (file, folder_mode) in [(0o600, 0o500), (0o400, 0o500), (0o400, 0o700)] {
        permit(&shop.ledger(), file);
        permit(&folder, folder_mode);
        for words in [&send[..], &resume] {
            let run = shop.env.start_command(&text, held_by_permissions(&shop.env, words)).ends();
            let run = run.fails(10, "ledger");
            // SQLite gives its files beside the ledger the ledger's permissions, and they stay.
            assert!(file != 0o400 || folder_mode != 0o700 || run.stderr.contains("-wal and -shm"), "{run:#?}");
        }
        assert_eq!(shop.sandbox.requests().len(), 5, "{file:o} {folder_mode:o}");
        permit(&folder, 0o700);
        for file in files_below(&folder) {
            permit(&file, 0o600);
        }
    }
    // And where there is none yet.
    permit(&folder, 0o500);
    let new = folder.join("new.db");
    let words = shop.words(&["--ledger", new.to_str().unwrap()]);
    let _ = shop.env.start_command(&text, held_by_permissions(&shop.env, &words)).ends().fails(10, "ledger");
    permit(&folder, 0o700);
    assert_eq!(shop.sandbox.requests().len(), 5);
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

#[test]
fn a_ledger_deleted_or_replaced_by_a_copy_under_a_run_is_10_with_right_totals() {
    const CONCURRENCY: usize = 4;
    for deleted in [true, false] {
        let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(15));
        let list = people(600);
        let text = list.join("\n");
        let _ = shop.totals(&list, &["--max-sends", "0"], 6);
        let words = shop.words(&["--concurrency", "4", "-o", "json"]);
        let copy = shop.env.path("copy.db");
        fs::copy(shop.ledger(), &copy).unwrap();
        let started = shop.env.start(&text, &words);
        shop.sandbox.wait_for_sends(40);
        if deleted {
            for ending in ["db", "db-wal", "db-shm"] {
                fs::remove_file(shop.ledger().with_extension(ending)).unwrap();
            }
        } else {
            fs::rename(&copy, shop.ledger()).unwrap();
        }
        let then = shop.sandbox.count("sends") as usize;
        let run = started.ends().exits(10).says(if deleted { "is gone" } else { "was replaced" });
        // Claims of a commit before, and those on the wire.
        let asked = shop.sandbox.requests().len();
        assert!(asked <= then + 2 * CONCURRENCY, "{asked} requests, {then} when the ledger went: {run:#?}");
        let totals = run.totals();
        assert_totals(&totals, 600);
        assert_agrees(&shop, &totals);
        assert_eq!(
            totals["accepted"].as_u64().unwrap() + totals["unknown"].as_u64().unwrap(),
            asked as u64,
            "{totals:#}"
        );
    }
}
