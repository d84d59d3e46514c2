//! A server that is away, loses connections or is replaced under a run. The judge is the sandbox's record.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::WallClock;
use crate::common::cluster::Database;
use crate::common::now;
use crate::common::shop::{Shop, people};
use crate::common::wire::{CUTS, Wire};

/// A shop whose ledger is on a server, and the way there.
fn shop_by_wire(latency: Duration) -> (Shop, Wire) {
    let mut shop = Shop::with(|options| options.dials.latency = latency);
    let database = Database::new();
    let wire = Wire::to(&database);
    shop.env = shop.env.on(database).set("MMSG_LEDGER", wire.address());
    (shop, wire)
}

/// Whether a step counts is found out whenever the answer to its commit is lost: it is neither done twice nor given up.
#[test]
fn a_lost_answer_to_a_commit_is_settled_and_the_send_goes_on() {
    let (shop, wire) = shop_by_wire(Duration::from_millis(5));
    let list = people(400);
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    wire.cut_every(5);
    let totals = shop.totals(&list, &["--concurrency", "4"], 0);
    wire.cut_every(0);
    assert_eq!((&totals["accepted"], &totals["unknown"]), (&400.into(), &0.into()), "{totals:#}");
    shop.assert_each_once(&list);
    let cuts = wire.cuts();
    assert!(cuts.len() >= 2 * CUTS.len(), "{cuts:?}");
    // It is one run, and what it counted is what there is.
    assert_eq!(shop.asks_ledger("select count(*) from runs where step > 20"), ["1"]);
    let counted = "select state || ':' || sum(n) from states group by state having sum(n) <> 0";
    assert_eq!(shop.asks_ledger(counted), ["2:400"]);
    // Nobody is left in the server who waits for us.
    let left = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and state like 'idle in transaction%'";
    assert_eq!(shop.asks_ledger(left), ["0"]);
}

/// Sessions that an administrator ends, and a way that is cut off: the run goes on in another session.
#[test]
fn a_lost_connection_is_made_again_and_the_send_goes_on() {
    let (shop, wire) = shop_by_wire(Duration::from_millis(20));
    let list = people(300);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "8", "-o", "json"]));
    let database = shop.env.database().unwrap();
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    for sent in [40, 80, 120] {
        shop.sandbox.wait_for_sends(sent);
        assert_ne!(database.ask(end), "0");
        shop.sandbox.wait_for_sends(sent + 20);
        wire.lead_to(database);
    }
    let totals = at_work.ends().exits(0).totals();
    assert_eq!((&totals["accepted"], &totals["unknown"]), (&300.into(), &0.into()), "{totals:#}");
    shop.assert_each_once(&list);
    assert_eq!(shop.asks_ledger("select count(*) from runs"), ["1"]);
}

/// Another process that comes while a run has no session takes it for dead: the run sends nothing more.
#[test]
fn a_run_that_was_buried_meanwhile_stops() {
    let (shop, wire) = shop_by_wire(Duration::from_millis(20));
    let list = people(300);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "8"]));
    shop.sandbox.wait_for_sends(60);
    let database = shop.env.database().unwrap();
    wire.lead_to_nobody();
    database.ask(
        "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    );
    let other = shop.env.command(["unknown", "list", "-o", "json"]);
    let address = database.address();
    let other = std::process::Command::new(other.get_program())
        .args(other.get_args())
        .envs(other.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("MMSG_LEDGER", &address)
        .current_dir(shop.env.path(""))
        .output()
        .unwrap();
    let listed = shop.env.judge(&other).exits(0);
    let sent = shop.sandbox.accepted().len();
    wire.lead_to(database);
    let run = at_work.ends().exits(10);
    assert!(run.stderr.contains("ended it: nothing more was sent"), "{}", run.stderr);
    assert!(run.stderr.contains("its connection to the server was lost"), "{}", run.stderr);
    assert!(shop.sandbox.accepted().len() <= sent + 8, "{}", listed.stdout);
    let accepted = shop.sandbox.accepted();
    let _ = shop.send(&list, &[]);
    let everybody: BTreeSet<_> = shop.sandbox.accepted().into_iter().collect();
    assert_eq!(everybody.len(), shop.sandbox.accepted().len(), "somebody got two messages");
    assert!(accepted.len() < everybody.len());
}

/// A server that does not come back ends the run: what is not sent is not sent, and the same command continues.
#[test]
fn a_server_that_stays_away_ends_the_run() {
    let (shop, wire) = shop_by_wire(Duration::from_millis(20));
    let list = people(300);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "8"]));
    shop.sandbox.wait_for_sends(60);
    wire.lead_to_nobody();
    let run = at_work.ends().exits(10);
    assert!(run.stderr.contains("the server can't be reached"), "{}", run.stderr);
    assert!(run.stderr.contains("run the same command again"), "{}", run.stderr);
    let sent = shop.sandbox.accepted().len();
    let _ = shop.send(&list, &[]).exits(10);
    assert_eq!(shop.sandbox.accepted().len(), sent);
    wire.lead_to(shop.env.database().unwrap());
    let _ = goes_on(&shop, &list, 2 * 8);
}

/// The same command again: whoever is not unknown has one message then. How many have.
#[track_caller]
fn goes_on(shop: &Shop, list: &[String], most_unknown: usize) -> usize {
    let totals = shop.send(list, &["-o", "json"]).totals();
    let unknown = totals["unknown"].as_u64().unwrap() as usize;
    assert!(unknown <= most_unknown, "{totals:#}");
    let once: BTreeSet<_> = shop.sandbox.accepted().into_iter().collect();
    assert_eq!(once.len(), shop.sandbox.accepted().len(), "somebody got two messages");
    assert!(once.len() + unknown >= list.len(), "{totals:#}");
    once.len()
}

/// A way on which everything is lost, and nobody says so: the run waits no longer than is documented, and the same command continues.
#[test]
fn a_way_that_swallows_everything_ends_the_run() {
    let (shop, wire) = shop_by_wire(Duration::from_millis(20));
    let list = people(300);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "8"]));
    shop.sandbox.wait_for_sends(60);
    wire.swallow();
    let run = at_work.ends().exits(10);
    assert!(run.stderr.contains("the ledger's server has not answered for "), "{}", run.stderr);
    assert!(run.stderr.contains("run the same command again"), "{}", run.stderr);
    let sent = shop.sandbox.accepted().len();
    wire.lead_to(shop.env.database().unwrap());
    assert!(sent < goes_on(&shop, &list, 2 * 8));
}

/// Cool-downs are counted by the server's clock, whatever Graph and this machine say; if it is far off, nothing is sent.
#[test]
fn the_time_of_a_ledger_on_a_server_is_the_servers() {
    let (shop, _wire) = shop_by_wire(Duration::ZERO);
    let list = people(20);
    let ahead = |minutes: i64| Timestamp::from_millisecond(now() + minutes * 60_000).unwrap();
    shop.sandbox.set_clock(ahead(5));
    let begin = now();
    let _ = shop.totals(&list[..10], &[], 0);
    let claimed = shop.asks_ledger("select min(claimed_at), max(finished_at) from sends").remove(0);
    let (first, last) = claimed.split_once('|').unwrap();
    let (first, last): (i64, i64) = (first.parse().unwrap(), last.parse().unwrap());
    assert!(begin - 1000 <= first && last <= now() + 1000, "{begin} {claimed}");
    // This machine's clock is near Graph's, and the server's is not.
    shop.sandbox.set_clock(ahead(12));
    let clock = WallClock::new();
    clock.show(ahead(6));
    let shop = clock.rules(shop, "UTC");
    let _ = shop.send(&list, &[]).fails(3, "the clock of the ledger's server says");
    assert_eq!(shop.sandbox.requests().len(), 10);
}
