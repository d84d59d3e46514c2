//! Lists written to the ledger, compared with the `sqlite3` shell.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::floor::Floor;
use crate::process::{Used, run};
use crate::row::{Bar, Row, median};
use crate::shop::{Shop, write_list};

/// `load`
pub fn load(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.rows;
    let mut floor = Floor::start(Duration::ZERO);
    let has_shell = Command::new("sqlite3").arg("-version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !has_shell {
        eprintln!(
            "  sqlite3 IS NOT IN PATH: import AND plan HAVE NOTHING TO COMPARE WITH. Install it (apt install sqlite3)."
        );
    }
    let (mut imports, mut plans) = (vec![], vec![]);
    let (mut import_rate, mut plan_rate) = (vec![], vec![]);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        write_list(&list, n, round as u64);
        let shell = if has_shell { shell(&folder.path().join("shell.db"), &list).wall } else { f64::NAN };
        let mut import = shop.mmsg(folder.path().join("import.db"));
        import.env("MMSG_PAGE", crate::floor::PAGE).env("MMSG_GRAPH_URL", floor.url());
        let import = run(import.args(["tokens", "import", "--audience", "bench"]).arg(&list), 0).wall;
        let plan = plan(shop, &mut floor, folder.path(), &list).wall;
        let rate = |wall: f64| n as f64 / wall;
        eprintln!("  rows/s: sqlite3 {:.0}, import {:.0}, plan {:.0}", rate(shell), rate(import), rate(plan));
        imports.push(import / shell);
        plans.push(plan / shell);
        import_rate.push(rate(import));
        plan_rate.push(rate(plan));
    }
    let bar = if has_shell { Bar::AtMost(2.0) } else { Bar::None };
    let note = |rates: Vec<f64>| {
        let missing = if has_shell { "" } else { "; no sqlite3 in PATH" };
        format!("{:.0} rows/s, {n} rows{missing}", median(rates))
    };
    vec![
        Row::new("plan, relative to the sqlite3 shell", median(plans), " ×", bar).note(note(plan_rate)),
        Row::new("import, relative to the sqlite3 shell", median(imports), " ×", bar).note(note(import_rate)),
    ]
}

/// Loads a list into a table with a unique index.
fn shell(database: &Path, list: &Path) -> Used {
    let import = format!(".import --csv --skip 1 '{}' tokens", list.display());
    let mut command = Command::new("sqlite3");
    command.args(["-bail", "-init", "/dev/null"]).arg(database).stdout(Stdio::null());
    run(command.args(["create table tokens (token text not null unique)", &import]), 0)
}

/// Plans a list for a broadcast without sending a request.
fn plan(shop: &Shop, floor: &mut Floor, folder: &Path, list: &Path) -> Used {
    let ledger = folder.join("plan.db");
    let used = run(shop.send_list(floor, &ledger, list).args(["--max-sends", "0"]), 6);
    floor.sends(0);
    used
}

/// `memory`
pub fn memory(shop: &Shop) -> Vec<Row> {
    let mut floor = Floor::start(Duration::ZERO);
    [shop.plan.rows, 10 * shop.plan.rows]
        .map(|n| {
            let folder = shop.round();
            let list = folder.path().join("list.csv");
            write_list(&list, n, 0);
            let used = plan(shop, &mut floor, folder.path(), &list);
            Row::new(format!("peak memory, {n} tokens planned"), used.peak_mib, " MiB", Bar::AtMost(128.0))
                .note(format!("{:.0} rows/s", n as f64 / used.wall))
        })
        .into()
}
