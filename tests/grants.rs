//! Two roles for a ledger on a server, made by the SQL that `mmsg` prints: one works, and one changes the tables.

use std::time::Duration;

use crate::common::cluster::Database;
use crate::common::shop::{Shop, people};

/// A ledger in a schema of its own, with its roles. Roles are of the whole server, where other tests have theirs.
struct Roles {
    database: Database,
    runner: String,
    owner: String,
}

impl Roles {
    fn new(shop: &Shop) -> Self {
        let database = Database::new();
        let name = database.ask("select current_database()");
        let roles = Self { database, runner: format!("run_{name}"), owner: format!("owner_{name}") };
        // Again changes nothing.
        for _ in 0..2 {
            roles.grant(shop);
        }
        roles
    }

    fn grant(&self, shop: &Shop) {
        let ledger = format!("{}&schema=of_mmsg", self.database.address());
        let words = ["ledger", "grants", "--runner", &self.runner, "--owner", &self.owner, "--ledger", &ledger];
        self.database.script(&shop.env.mmsg(words).exits(0).stdout);
    }

    /// The ledger as a role sees it.
    fn as_role(&self, role: &str) -> String {
        format!("{}&schema=of_mmsg&user={role}", self.database.address())
    }
}

#[test]
fn one_role_makes_and_changes_the_tables_and_another_one_sends() {
    let shop = Shop::open();
    let roles = Roles::new(&shop);
    let (runner, owner) = (roles.as_role(&roles.runner), roles.as_role(&roles.owner));
    let list = people(20);
    let send = |ledger: &str| shop.send(&list, &["--ledger", ledger]);
    // Who runs can't make the tables.
    send(&runner).fails(3, "the role may not make or change the ledger's tables");
    let migrated = shop.env.mmsg(["ledger", "migrate", "--ledger", &owner, "-o", "json"]).exits(0).json();
    let _ = send(&runner).exits(0);
    shop.assert_each_once(&list);
    let _ = shop.env.mmsg(["report", "--offline", "--ledger", &runner]).exits(0);
    // It has partitions made and dropped, and can make nothing else.
    let database = &roles.database;
    let as_runner = format!("set role {}; set search_path = of_mmsg;", roles.runner);
    let made = database.ask(&format!("{as_runner} select make_months_of_events(1900000000000, 0)"));
    assert_eq!(made, "1");
    let insert = "insert into events (key, kind, occurred_at, received_at, raw) values (decode(to_hex(1900000000), 'hex'), 1, 1, 1, '')";
    database.ask(&format!("{as_runner} {insert}"));
    assert_eq!(database.ask("select count(*) from of_mmsg.events_2030_03"), "1");
    assert_eq!(database.ask(&format!("{as_runner} select drop_month_of_events(1950000000000)")), "t");
    let privileges = "has_schema_privilege('of_mmsg', 'create'), has_table_privilege('of_mmsg.sends', 'truncate')";
    assert_eq!(database.ask(&format!("{as_runner} select {privileges}")), "f|f");
    // An older schema: who runs says who has to change it, and sends nothing.
    let schema = migrated["schema"].as_i64().unwrap();
    database.ask(&format!("update of_mmsg.ledger set schema = {}", schema - 1));
    send(&runner).fails(3, "the role may not change it; nothing was sent");
    assert_eq!(database.ask("select schema from of_mmsg.ledger"), (schema - 1).to_string());
    database.ask(&format!("update of_mmsg.ledger set schema = {schema}"));
    let _ = send(&runner).exits(0);
    assert_eq!(shop.sandbox.requests().len(), 20);
}

#[test]
fn tables_that_are_there_get_the_owner_and_a_newer_version_stops_an_older_one_at_work() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
    let list = people(400);
    // Made by somebody else, before there were roles.
    let roles = Roles::new(&shop);
    let admin = roles.as_role("postgres");
    let _ = shop.send(&list, &["--ledger", &admin, "--max-sends", "0"]).exits(6);
    roles.grant(&shop);
    let owners = "select distinct tableowner from pg_tables where schemaname = 'of_mmsg'";
    assert_eq!(roles.database.ask(owners), roles.owner);
    let runner = roles.as_role(&roles.runner);
    let _ = shop.env.mmsg(["ledger", "migrate", "--ledger", &roles.as_role(&roles.owner)]).exits(0);
    let words = shop.words(&["--ledger", &runner, "--concurrency", "4"]);
    let at_work = shop.env.start(&list.join("\n"), &words);
    shop.sandbox.wait_for_sends(30);
    roles.database.ask("update of_mmsg.ledger set schema = schema + 1000");
    at_work.ends().fails(10, "was written by a newer version of mmsg");
    let sent = shop.sandbox.requests().len();
    assert!(sent < 400, "it went on");
    shop.send(&list, &["--ledger", &runner]).fails(10, "was written by a newer version of mmsg");
    assert_eq!(shop.sandbox.requests().len(), sent);
    // What was on the wire is recorded: nobody is in doubt.
    roles.database.ask("update of_mmsg.ledger set schema = schema - 1000");
    assert_eq!(shop.totals(&list, &["--ledger", &runner], 0)["accepted"], 400);
    shop.assert_each_once(&list);
}

#[test]
fn a_ledger_in_a_file_has_no_roles() {
    let shop = Shop::open();
    shop.env.mmsg(["ledger", "grants", "--ledger", "ledger.db"]).fails(2, "the ledger is a file");
    let words = ["ledger", "grants", "--runner", "a", "--owner", "a", "--ledger", "postgres://me@localhost/shop"];
    shop.env.mmsg(words).fails(2, "are the same role");
}

/// What the page for whoever runs the server says to type there.
#[test]
fn the_queries_of_the_page_are_answered_and_its_commands_are_there() {
    let page = std::fs::read_to_string(crate::common::repository("docs/postgresql.md")).unwrap();
    let blocks = |language: &str| -> Vec<String> {
        let begins = format!("```{language}\n");
        page.split(&begins).skip(1).map(|part| part.split("```").next().unwrap().to_owned()).collect()
    };
    let shop = Shop::open();
    let database = Database::new();
    let _ = shop.env.mmsg(["ledger", "migrate", "--ledger", &database.address()]).exits(0);
    let queries = blocks("sql").join("\n");
    assert_eq!(queries.matches("select").count(), 4);
    database.script(&queries);
    database.script("reindex index concurrently sends_pending");
    let lines = blocks("sh").concat();
    let typed: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("mmsg ")).collect();
    assert_eq!(typed.len(), 4);
    for line in typed {
        let words: Vec<&str> = line.split([' ', '|']).take_while(|word| !word.is_empty()).collect();
        let of_command = words.iter().take_while(|word| !word.starts_with("--"));
        let help = shop.env.mmsg(of_command.chain(&["--help"])).exits(0).stdout;
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{line}: {help}");
        }
    }
}
