//! Whatever clock a machine has, what it writes to a ledger on a server, and what it reads there, goes by the server's clock. The judge is
//! `psql`.

use crate::clock::WallClock;
use crate::common::receiver::{Receiver, notice};
use crate::common::shop::{Shop, people};
use crate::common::{APP_SECRET, now};

/// Seconds by which the machine's clock is off.
const OFF: [i64; 4] = [13 * 86_400, -13 * 86_400, 11 * 60, -11 * 60];

/// All times that commands write.
const TIMES: [(&str, &str); 14] = [
    ("audit", "at"),
    ("audiences", "imported_at"),
    ("broadcasts", "created_at"),
    ("broadcasts", "finished_at"),
    ("events", "received_at"),
    ("ledger", "newest_at"),
    ("listings", "created_at"),
    ("listings", "planned_at"),
    ("recipients", "suppressed_at"),
    ("recipients", "erased_at"),
    ("runs", "started_at"),
    ("runs", "ended_at"),
    ("sends", "claimed_at"),
    ("sends", "finished_at"),
];

fn opted_in(token: &str, psid: &str, page: &str) -> String {
    let value = serde_json::json!({
        "sender": {"id": psid}, "recipient": {"id": page}, "timestamp": now(),
        "optin": {"type": "notification_messages", "notification_messages_token": token,
            "notification_messages_status": "RESUME NOTIFICATIONS", "user_token_status": "REFRESHED"},
    });
    serde_json::json!({"object": "page", "entry": [{"id": page, "time": now(), "messaging": [value]}]}).to_string()
}

/// Everything but a send, which is refused: Graph's clock is not the machine's either.
#[test]
fn commands_of_a_machine_whose_clock_is_off_go_by_the_clock_of_the_ledgers_server() {
    for off in OFF {
        let clock = WallClock::new();
        let mut shop = Shop::open();
        shop.env = shop.env.on_server().set("MMSG_APP_SECRET", APP_SECRET);
        let shop = clock.rules(shop, "UTC");
        let begin = now();
        let list = people(30);
        shop.sandbox.error_tokens(list[..4].iter().map(|token| (token.clone(), "accepted-drop".to_owned())));
        let _ = shop.send(&list[..20], &[]).exits(11);
        let _ = shop.totals(&list[..25], &["--max-sends", "0"], 6);
        shop.sandbox.error_tokens([]);
        clock.add(off);
        let env = &shop.env;
        let list_of = |file: &str, tokens: &[String]| std::fs::write(env.path(file), tokens.join("\n")).unwrap();
        let run = |words: &[&str]| env.mmsg(words).exits(0);
        list_of("all", &list);
        run(&["tokens", "import", "all", "--audience", "spring", "-o", "json"]);
        run(&["tokens", "suppress", "--token", &list[21], "--yes"]);
        run(&["tokens", "erase", &list[22], "--yes"]);
        run(&["unknown", "settle", "--events-only"]);
        run(&["unknown", "resolve", "--token", &list[0], "--as", "accepted", "--yes"]);
        run(&["broadcast", "close", "1", "--yes"]);
        let page = env.variable("MMSG_PAGE");
        env.mmsg_reading(opted_in(&list[5], "61", &page), ["webhook", "ingest", "-"]).exits(0);
        let receiver = Receiver::of(env, env.start("", &["webhook", "serve", "--listen", "127.0.0.1:0"]));
        assert_eq!(receiver.posts(&notice([7])), 200);
        receiver.process.signal(rustix::process::Signal::TERM);
        receiver.process.ends().exits(0);
        run(&["audience", "delete", "spring", "--yes"]);

        let end = now();
        for (table, column) in TIMES {
            let written = format!("select min({column}), max({column}) from {table} where {column} > 0");
            let written = shop.asks_ledger(&written).remove(0);
            let Some((first, last)) = written.split_once('|').filter(|(first, _)| !first.is_empty()) else {
                // Nothing is left of the audience.
                assert_eq!(table, "audiences", "nothing has {column}");
                continue;
            };
            let (first, last): (i64, i64) = (first.parse().unwrap(), last.parse().unwrap());
            let range = begin - 2000..=end + 2000;
            assert!(
                range.contains(&first) && range.contains(&last),
                "{off}: {table}.{column} {first} {last} {range:?}"
            );
        }
        // Who was just asked is in their cool-down, and the others are not.
        let count = |filter: &str| run(&["tokens", "list", "--count", filter]).stdout.trim().to_owned();
        assert_eq!(count("--eligible"), "8", "{off}");
        let _ = run(&["why", &list[10]]).says("in cool-down until");
        let report = run(&["report", "--offline", "-o", "json"]).json();
        let made_at: jiff::Timestamp = report["made_at"].as_str().unwrap().parse().unwrap();
        assert!((made_at.as_millisecond() - now()).abs() < 10_000, "{off}: {made_at}");
        shop.send(&list, &[]).fails(3, "this machine's clock says");
        shop.send(&list, &["--dry-run"]).fails(3, "this machine's clock says");
        assert_eq!(shop.sandbox.requests().len(), 20);
    }
}

/// Tokens expire, and a list is fetched, by the server's clock as well.
#[test]
fn a_list_is_fetched_and_filtered_by_the_clock_of_the_ledgers_server() {
    for off in OFF {
        let clock = WallClock::new();
        let mut shop = Shop::with(|options| {
            options.subscribers = 200;
            options.crowd.expired = 0.2;
        });
        shop.env = shop.env.on_server();
        let shop = clock.rules(shop, "UTC");
        let counted = |shop: &Shop| {
            let run = |words: &[&str]| shop.env.mmsg(words).exits(0).stdout.trim().to_owned();
            let of = |filter: &str| run(&["tokens", "list", "--count", filter]);
            [of("--expired"), of("--eligible"), run(&["tokens", "list", "--count", "--expires-within", "7d"])]
        };
        let _ = shop.env.mmsg(["tokens", "fetch"]).exits(0);
        let right = counted(&shop);
        assert!(right[0] != "0" && right[1] != "0", "{right:?}");
        clock.add(off);
        let begin = now();
        let _ = shop.env.mmsg(["tokens", "fetch", "--restart"]).exits(0);
        assert_eq!(counted(&shop), right, "{off}");
        let at: i64 = shop.asks_ledger("select max(imported_at) from audiences").remove(0).parse().unwrap();
        assert!((begin - 2000..=now() + 2000).contains(&at), "{off}: {at}");
    }
}
