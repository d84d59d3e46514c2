//! A send's end: metrics for Prometheus, and a command that is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::common::fleet::{Fleet, name};
use crate::common::shop::{Shop, people};

#[test]
fn the_end_of_a_run_is_written_for_prometheus_and_told_to_a_command() {
    let shop = Shop::open();
    let tell = "cat > told.json; env > environment; echo said";
    let flags = ["--metrics", "mmsg.prom", "--on-finish", tell, "-o", "json"];
    let run = shop.send(&people(4), &flags).exits(0).says("said");
    let told: Value = serde_json::from_str(&fs::read_to_string(shop.env.path("told.json")).unwrap()).unwrap();
    assert_eq!(told, run.json(), "the totals are those that are printed");
    let metrics = fs::read_to_string(shop.env.path("mmsg.prom")).unwrap();
    let page = shop.env.variable("MMSG_PAGE");
    assert!(metrics.contains(&format!("\nmmsg_send_accepted{{page=\"{page}\"}} 4\n")), "{metrics}");
    assert!(metrics.contains(&format!("\nmmsg_send_exit_code{{page=\"{page}\"}} 0\n")), "{metrics}");
    let mode = fs::metadata(shop.env.path("mmsg.prom")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "another user's collector reads it");
    // Of the environment only what is secret is missing; that no secret stands in it is looked at when the test ends.
    let environment = fs::read_to_string(shop.env.path("environment")).unwrap();
    assert!(environment.contains("MMSG_PAGE=") && !environment.contains("MMSG_TOKEN"), "{environment}");

    // A run that fails is told, too; what the command does changes nothing, and a file of somebody else's is left alone.
    shop.sandbox.errors("190=100%");
    let more = [&flags[..3], &["cat > told.json; exit 9", "-o", "json", "--new-message"]].concat();
    let _ = shop.send(&people(8), &more).exits(4).says("--on-finish: the command failed");
    let told: Value = serde_json::from_str(&fs::read_to_string(shop.env.path("told.json")).unwrap()).unwrap();
    assert_eq!((&told["exit"], &told["exit_code"]), (&"credentials".into(), &4.into()));
    assert!(fs::read_to_string(shop.env.path("mmsg.prom")).unwrap().contains("mmsg_send_exit_code{"));
    fs::write(shop.env.path("other.prom"), "# HELP node_load1 load\n").unwrap();
    let _ = shop.send(&people(8), &["--metrics", "other.prom"]).exits(2).says("other.prom");
    assert_eq!(shop.sandbox.accepted().len(), 4);
}

#[test]
fn several_businesses_have_a_line_each() {
    let fleet = Fleet::of(2, |_| 3, |_| {});
    let flags = ["--all-profiles", "--metrics", "mmsg.prom", "--on-finish", "cat > told.json", "-o", "json"];
    let run = fleet.resume(&flags).exits(0);
    let told: Value = serde_json::from_str(&fs::read_to_string(fleet.env.path("told.json")).unwrap()).unwrap();
    assert_eq!(told, run.json());
    let metrics = fs::read_to_string(fleet.env.path("mmsg.prom")).unwrap();
    for shop in 0..2 {
        let line = format!("mmsg_send_accepted{{profile=\"{}\",page=\"", name(shop));
        let line = metrics.lines().find(|other| other.starts_with(&line)).unwrap_or_else(|| panic!("{metrics}"));
        assert!(line.ends_with(" 3"), "{line}");
    }
}
