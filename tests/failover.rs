//! Another server takes the place of the one that a ledger is on. Graph refuses nobody here, its 12 hours are over in a moment: the sandbox's
//! record alone is the judge.

use std::time::Duration;

use crate::common::cluster::Database;
use crate::common::patience::Patience;
use crate::common::shop::{Shop, people};
use crate::common::wire::Wire;

const OTHER: &str = "is on another server than before";

/// A ledger's server, another one that follows it, and the way to them.
struct Pair {
    shop: Shop,
    wire: Wire,
    first: Database,
    second: Database,
}

impl Pair {
    fn new() -> Self {
        let mut shop = Shop::with(|options| {
            options.time_scale = 1e6;
            options.dials.latency = Duration::from_millis(20);
        });
        let first = Database::alone();
        let second = first.follower();
        let wire = Wire::to(&first);
        shop.env = shop.env.set("MMSG_LEDGER", wire.address());
        Self { shop, wire, first, second }
    }

    /// The second server takes the place of the first, which is gone.
    fn fail_over(&self) {
        self.first.die();
        self.second.promote();
        self.wire.lead_to(&self.second);
    }

    /// The shop, whose ledger is on the second server from now on.
    fn on_second(self) -> (Shop, Wire) {
        let Self { mut shop, wire, second, .. } = self;
        shop.env = shop.env.on(second).set("MMSG_LEDGER", wire.address());
        (shop, wire)
    }
}

fn wait_for(database: &Database, sql: &str, answer: &str) {
    let mut patience = Patience::default();
    while database.ask(sql) != answer {
        assert!(patience.lasts(), "{sql}: {}", database.ask(sql));
    }
}

/// Each commit waits for the follower.
pub fn wait_for_follower(first: &Database) {
    first.ask("alter system set synchronous_standby_names = '*'");
    first.ask("select pg_reload_conf()");
    wait_for(first, "select count(*) from pg_stat_replication where sync_state = 'sync'", "1");
}

#[test]
fn a_standby_that_lost_the_last_second_sends_nothing_until_somebody_speaks_and_then_nobody_twice() {
    let pair = Pair::new();
    let list = people(600);
    let text = list.join("\n") + "\n";
    let at_work = pair.shop.env.start(&text, &pair.shop.words(&["--concurrency", "8"]));
    pair.shop.sandbox.wait_for_sends(100);
    pair.second.ask("alter system set primary_conninfo = ''");
    pair.second.ask("select pg_reload_conf()");
    wait_for(&pair.first, "select count(*) from pg_stat_replication", "0");
    let heard = pair.shop.sandbox.accepted().len() as u64;
    pair.shop.sandbox.wait_for_sends(heard + 100);
    pair.fail_over();
    let _ = at_work.ends().exits(11).says(OTHER).says("nothing more is sent").says("mmsg ledger accept-failover");
    let sent = pair.shop.sandbox.accepted().len();
    let (mut shop, wire) = pair.on_second();
    let known = "select count(*) from sends where state in (1, 2, 5)";
    let known: usize = shop.asks_ledger(known)[0].parse().unwrap();
    assert!(known + 50 < sent, "only {known} of {sent} are known: something must have been lost");
    for hours in [0, 13] {
        shop.let_hours_pass(hours);
        let _ = shop.send(&list, &[]).fails(11, OTHER);
        let _ = shop.send(&list, &["--dry-run"]).fails(11, OTHER);
        let _ = shop.env.mmsg(["send", "--resume"]).fails(11, OTHER);
        let _ = shop.env.mmsg(["broadcast", "list"]).exits(0);
        let _ = shop.env.mmsg(["ledger", "accept-restore", "--other-sender", "--yes"]).fails(11, OTHER);
        assert_eq!(shop.sandbox.requests().len(), sent, "{hours} hours later");
    }
    let since = shop.asks_ledger("select gate_from / 1000 from ledger").remove(0);
    let accept = ["ledger", "accept-failover", "--since", &since, "--yes", "-o", "json"];
    let accepted = shop.env.mmsg(accept).exits(0).json();
    assert!(accepted["unknown"].as_u64().unwrap() as usize >= list.len() - sent, "{accepted:#}");
    // Whoever comes by another way to the same server goes on as well.
    let database = shop.env.database().unwrap().address();
    for (hours, address) in [(0, database), (13, wire.address())] {
        shop.let_hours_pass(hours);
        shop.env = shop.env.set("MMSG_LEDGER", address);
        let _ = shop.send(&list, &[]).exits(0);
        let _ = shop.env.mmsg(["send", "--resume"]).exits(0);
        assert_eq!(shop.sandbox.accepted().len(), sent);
        shop.sandbox.assert_nobody_twice();
    }
    let others = people(620).split_off(600);
    let _ = shop.send(&others, &["--allow-restored"]).exits(0);
    assert_eq!(shop.sandbox.accepted().len(), sent + 20);
}

#[test]
fn a_standby_that_had_every_commit_takes_over_under_a_send_without_a_word() {
    let pair = Pair::new();
    wait_for_follower(&pair.first);
    let list = people(400);
    let text = list.join("\n") + "\n";
    let at_work = pair.shop.env.start(&text, &pair.shop.words(&["--concurrency", "8", "-o", "json"]));
    pair.shop.sandbox.wait_for_sends(100);
    pair.fail_over();
    let run = at_work.ends().exits(0);
    assert!(!run.stderr.contains("waits for no standby"), "{}", run.stderr);
    let totals = run.totals();
    assert_eq!((&totals["accepted"], &totals["unknown"]), (&400.into(), &0.into()), "{totals:#}");
    let (shop, _wire) = pair.on_second();
    shop.assert_each_once(&list);
    assert_eq!(shop.asks_ledger("select count(*) from runs"), ["1"]);
    let noted = "select count(*) from audit where command = 'failover' and what like '% took the place of %'";
    assert_eq!(shop.asks_ledger(noted), ["1"]);
    let _ = shop.send(&list, &[]).exits(0).says("waits for no standby");
    shop.assert_each_once(&list);
}

#[test]
fn an_operator_who_knows_that_nothing_was_lost_says_so() {
    let pair = Pair::new();
    let list = people(40);
    let _ = pair.shop.send(&list, &["--max-sends", "20"]).exits(6);
    let all = "select count(*) from sends where state = 2";
    wait_for(&pair.second, "select to_regclass('sends') is not null", "t");
    wait_for(&pair.second, all, "20");
    pair.fail_over();
    let (shop, _wire) = pair.on_second();
    let _ = shop.send(&list, &[]).fails(11, OTHER).says("mmsg ledger accept-failover --nothing-lost");
    let _ = shop.env.mmsg(["ledger", "accept-failover", "--nothing-lost"]).exits(9);
    let _ = shop.send(&list, &[]).fails(11, OTHER);
    let _ = shop.env.mmsg(["ledger", "accept-failover", "--nothing-lost", "--yes"]).exits(0);
    let _ = shop.env.mmsg(["ledger", "accept-failover", "--nothing-lost"]).exits(0).says("nothing was changed");
    let _ = shop.send(&list, &[]).exits(0);
    shop.assert_each_once(&list);
}

/// A standby grants locks that exclude nobody.
#[test]
fn a_standby_is_refused() {
    let pair = Pair::new();
    let list = people(5);
    let _ = pair.shop.totals(&list, &[], 0);
    let address = pair.second.address();
    let _ = pair.shop.send(&list, &["--ledger", &address]).fails(3, "the server is a standby");
    let _ = pair.shop.env.mmsg(["broadcast", "list", "--ledger", &address]).fails(3, "the server is a standby");
}

/// A dump that was read into another server is an old copy like any other.
#[test]
fn a_dump_that_was_read_into_another_server_sends_nothing() {
    let pair = Pair::new();
    let list = people(40);
    let _ = pair.shop.send(&list, &["--max-sends", "20"]).exits(6);
    let other = Database::alone();
    other.restore(&pair.first.dump());
    let _ = pair.shop.send(&list, &["--max-sends", "10"]).exits(6);
    pair.wire.lead_to(&other);
    let _ = pair.shop.send(&list, &[]).fails(11, OTHER);
    assert_eq!(pair.shop.sandbox.requests().len(), 30);
}
