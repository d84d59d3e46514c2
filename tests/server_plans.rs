//! How a server looks things up for a ledger. It makes the plan of a statement once a session, maybe while the tables are empty, and uses it
//! when they are full: a plan that goes through all rows for each row is noticed by those that it looked at in vain.

use std::collections::BTreeMap;
use std::fs;

use regex_lite::Regex;

use crate::common::cluster::{Database, Start};
use crate::common::receiver::notice;
use crate::common::shop::{Shop, people};

/// What the server writes of each statement: how it was done, and of how many rows. Nobody analyzes its tables.
const TOLD: Start<'static> = Start::with(&[
    "shared_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_analyze=on",
    "auto_explain.log_timing=off",
]);

const PEOPLE: usize = 6000;

#[test]
fn nothing_is_looked_up_by_going_through_all_rows_for_each() {
    let mut shop = Shop::with(|options| options.subscribers = PEOPLE as u64 / 2);
    shop.env = shop.env.on(Database::started(TOLD));
    let list = people(PEOPLE);
    fs::write(shop.env.path("list.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();
    let of_audience = shop.words(&["--audience", "all", "--max-sends", "0"]);
    let of_list = shop.words(&["list.csv", "--max-sends", "0"]);
    let again = shop.words(&["list.csv", "--again", "--max-sends", "0"]);
    let send = shop.words(&["list.csv", "--max-sends", "300", "--rate", "unlimited"]);
    // With PSIDs; some people have two tokens.
    let known: String =
        list.iter().enumerate().map(|(n, token)| format!("{token},{}\n", 700_000 + n * 9 / 10)).collect();
    fs::write(shop.env.path("known.csv"), format!("token,psid\n{known}")).unwrap();
    let import = ["tokens", "import", "list.csv", "--audience", "all"];
    let import_known = ["tokens", "import", "known.csv", "--audience", "known"];
    let of_known = shop.words(&["--audience", "known", "--max-sends", "0", "--again"]);
    for words in [
        &import[..],
        &of_audience,
        &of_list,
        &import,
        &send,
        &import_known,
        &of_known,
        &["tokens", "fetch", "--audience", "fetched"],
        &["tokens", "fetch", "--audience", "fetched"],
        &again,
    ] {
        let run = shop.env.mmsg(words);
        assert!([0, 6].contains(&run.code), "{run:#?}");
    }
    assert_eq!(shop.sandbox.accepted().len(), 300);
    fs::write(shop.env.path("notices"), (0..300).map(|n| notice([n]) + "\n").collect::<String>()).unwrap();
    shop.env.mmsg(["webhook", "ingest", "notices"]).exits(0);

    let log = fs::read_to_string(shop.env.database().unwrap().folder().join("server.log")).unwrap();
    let removed = Regex::new(r"Rows Removed by (?:Join )?Filter: (\d+)").unwrap();
    let loops = Regex::new(r"\(actual rows=(\d+) loops=(\d+)\)").unwrap();
    let of = |captures: &regex_lite::Captures<'_>, n: usize| captures[n].parse::<usize>().unwrap();
    let mut told = 0;
    let mut in_all: BTreeMap<&str, usize> = BTreeMap::new();
    let is_told = |text: &&str| text.contains("Query Text: ") && !text.contains("Query Text: select count(*) from");
    for statement in log.split("LOG:  duration: ").filter(is_told) {
        told += 1;
        let in_vain: usize = removed.captures_iter(statement).map(|found| of(&found, 1)).sum();
        let in_all = in_all
            .entry(statement.split("Query Text: ").nth(1).unwrap().split("  (cost=").next().unwrap())
            .or_default();
        *in_all += in_vain;
        assert!(*in_all <= 8 * PEOPLE, "{in_all} rows were looked at in vain:\n{statement}");
        let most = loops.captures_iter(statement).map(|found| of(&found, 1) * of(&found, 2)).max().unwrap_or(0);
        assert!(most <= 10 * PEOPLE, "{most} rows were looked at:\n{statement}");
    }
    assert!(told > 100, "the server told of {told} statements");
}
