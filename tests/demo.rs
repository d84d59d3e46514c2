//! The demo: what it shows is what happens, and its last table is counted at the sandbox's side.

use std::fs;

use crate::common::Env;

#[test]
fn the_demo_ends_well_and_the_books_agree() {
    let env = Env::new();
    let run = env.mmsg(["demo"]).exits(0).says("sandbox and ledger agree; no duplicates");
    for shown in [
        "\n$ mmsg campaign create --name 'Spring sale' --lifetime-budget 3000\nid ",
        "\n$ mmsg message validate promo.json\nthe message is within every known limit\n",
        "\n$ mmsg tokens import tokens.csv",
        "\nrecipients  600\n",
        "\nrequests in this run  580\n",
        "\nrequests in this run  0\n",
        "\n$ mmsg unknown list\ntoken ",
        "\n$ mmsg unknown settle\nconfirmed by webhook ",
        "\n$ mmsg report --campaign ",
        "\nFunnel\n",
        "\nthe report is in report.html\n",
        "\nsent: accepted + unknown ",
    ] {
        assert!(run.stdout.contains(shown), "no {shown:?} in\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("EAASANDBOX"), "a token was shown");
    assert_eq!(fs::read_dir(env.path("tmp")).unwrap().count(), 0, "the folder stays behind");
}

#[test]
fn for_machines_the_comparison_is_the_data() {
    let run = Env::new().mmsg(["demo", "-o", "json"]).exits(0).says("$ mmsg campaign list");
    let rows = run.json();
    let count = |row: usize, book: &str| rows[row][book].as_u64().unwrap();
    assert!(rows.as_array().unwrap().iter().all(|row| row["agree"] == true), "{rows}");
    assert_eq!(count(0, "ledger"), count(1, "ledger") + count(2, "ledger"), "{rows}");
    assert_eq!(count(2, "ledger"), 0, "doubt was left: {rows}");
    assert!(!run.stderr.contains("\nproved by eligible time  0\n"), "no doubt was there to be settled: {}", run.stderr);
    assert!(count(1, "sandbox") > 500, "{rows}");
    assert_eq!(count(3, "sandbox"), 0, "{rows}");
}

#[test]
fn a_closed_stdout_ends_it() {
    let env = Env::new();
    let mmsg = env.command(["demo"]);
    let line = format!("'{}' demo | head -n 1", mmsg.get_program().to_str().unwrap());
    let mut shell = std::process::Command::new("bash");
    shell.args(["-o", "pipefail", "-c", &line]).env_clear();
    shell.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(env.path(""));
    let run = env.judge(&shell.output().unwrap());
    assert_eq!((run.code, run.stdout.as_str()), (141, "\n"), "{run:#?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_new_ledger_on_a_server_serves_for_all_of_it_and_one_in_use_is_refused() {
    let database = crate::common::cluster::Database::new();
    let address = format!("{}&schema=of_demo", database.address());
    // Whatever the caller's own ledger is, the demo leaves it alone.
    let env = Env::new().set("MMSG_LEDGER", database.address());
    let run = env.mmsg(["demo", "--ledger", &address]).exits(0).says("sandbox and ledger agree; no duplicates");
    run.says("the demo's tables stay in postgres://");
    assert_eq!(database.ask("select count(*) > 500 from of_demo.sends where state = 2"), "t");
    assert_eq!(database.ask("select count(*) > 500 from of_demo.events"), "t");
    let before = database.ask("select count(*), max(id) from of_demo.events");
    env.mmsg(["demo", "--ledger", &address]).fails(2, "is in use: the demo needs a new one");
    env.mmsg(["demo", "--ledger", "mine.db"]).fails(2, "makes a ledger of its own");
    assert_eq!(database.ask("select count(*), max(id) from of_demo.events"), before);
    assert_eq!(database.ask("select to_regclass('public.ledger') is null"), "t");
}
