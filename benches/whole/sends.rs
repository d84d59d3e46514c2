//! Sends to the floor server, compared with a bare client.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bare;
use crate::floor::{Floor, Sends};
use crate::process::run;
use crate::row::{Bar, Row, median};
use crate::shop::{Shop, write_list};

/// `send`
pub fn send(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.tokens;
    let mut floor = Floor::start(Duration::ZERO);
    let (mut whole, mut planned, mut cpu, mut peak) = (vec![], vec![], vec![], vec![]);
    let (mut bare_rate, mut bare_cpu) = (vec![], vec![]);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        write_list(&list, n, round as u64);

        let bare = run(&mut bare_client(shop, &floor, &list), 0);
        floor.sends(n);
        let one = run(&mut shop.send_list(&floor, folder.path().join("whole.db"), &list), 0);
        floor.sends(n);
        let ledger = folder.path().join("planned.db");
        let plan = run(shop.send_list(&floor, &ledger, &list).args(["--max-sends", "0"]), 6);
        floor.sends(0);
        let resumed = run(shop.send(&floor, &ledger).arg("--resume"), 0);
        floor.sends(n);

        let rate = |wall: f64| n as f64 / wall;
        let each = |seconds: f64| seconds / n as f64 * 1e6;
        eprintln!(
            "  bare {:.0}/s {:.1} µs; whole {:.0}/s {:.1} µs; plan {:.0}/s; planned {:.0}/s; peak {:.0} MiB",
            rate(bare.wall),
            each(bare.cpu),
            rate(one.wall),
            each(one.cpu),
            rate(plan.wall),
            rate(resumed.wall),
            one.peak_mib
        );
        whole.push(bare.wall / one.wall);
        planned.push(bare.wall / resumed.wall);
        cpu.push(one.cpu / bare.cpu);
        peak.push(one.peak_mib.max(plan.peak_mib).max(resumed.peak_mib));
        bare_rate.push(rate(bare.wall));
        bare_cpu.push(each(bare.cpu));
    }
    let bare = format!("bare client {:.0} sends/s", median(bare_rate));
    vec![
        Row::new("planned broadcast, sends/s relative to the bare client", median(planned), " ×", Bar::AtLeast(0.5))
            .note(&bare),
        Row::new("whole command, sends/s relative to the bare client", median(whole), " ×", Bar::AtLeast(0.35))
            .note(bare),
        Row::new("whole command, processor time relative to the bare client", median(cpu), " ×", Bar::AtMost(2.5))
            .note(format!("bare client {:.1} µs per send", median(bare_cpu))),
        Row::new("peak memory of send", median(peak), " MiB", Bar::AtMost(128.0)).note(format!("{n} tokens")),
    ]
}

fn bare_client(shop: &Shop, floor: &Floor, list: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(bare::WORD).arg(floor.url()).arg(shop.message()).arg(list).arg(shop.plan.concurrency.to_string());
    command.stdout(Stdio::null());
    command
}

/// `latency`
pub fn latency(shop: &Shop) -> Vec<Row> {
    const LATENCY: f64 = 0.05;
    const LONGEST: f64 = 10.0;
    let concurrency = shop.plan.concurrency as f64;
    let ideal = concurrency / LATENCY;
    let n = shop.plan.tokens.min((ideal * LONGEST) as usize);
    assert!(n > shop.plan.concurrency, "latency needs more tokens than requests in flight");
    let mut floor = Floor::start(Duration::from_secs_f64(LATENCY));
    let (mut whole, mut steady, mut bare, mut took) = (vec![], vec![], vec![], vec![]);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        write_list(&list, n, round as u64);
        // The requests that start all at once at the beginning don't count.
        let share = |sends: &Sends| (n as f64 - concurrency) / sends.spread / ideal * 100.0;
        run(&mut bare_client(shop, &floor, &list), 0);
        bare.push(share(&floor.sends(n)));
        let used = run(&mut shop.send_list(&floor, folder.path().join("ledger.db"), &list), 0);
        let sends = floor.sends(n);
        steady.push(share(&sends));
        took.push(sends.took);
        whole.push(n as f64 / used.wall / ideal * 100.0);
        eprintln!(
            "  of {ideal:.0}/s: bare {:.1} %, steady {:.1} %, whole command {:.1} %; the server took {:.2} ms",
            bare[round], steady[round], whole[round], took[round]
        );
    }
    let note = format!("of {ideal:.0} sends/s, {n} tokens, {:.2} ms; bare client {:.1} %", median(took), median(bare));
    vec![
        Row::new("at 50 ms latency, first answer to last", median(steady), " %", Bar::AtLeast(95.0)).note(&note),
        Row::new("at 50 ms latency, whole command", median(whole), " %", Bar::AtLeast(95.0)).note(note),
    ]
}

/// `rerun`
pub fn rerun(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.rows;
    let mut floor = Floor::start(Duration::ZERO);
    let folder = shop.round();
    let (list, ledger) = (folder.path().join("list.csv"), folder.path().join("ledger.db"));
    write_list(&list, n, 0);
    run(&mut shop.send_list(&floor, &ledger, &list), 0);
    floor.sends(n);
    let walls: Vec<f64> = (0..shop.plan.rounds)
        .map(|_| {
            let wall = run(&mut shop.send_list(&floor, &ledger, &list), 0).wall;
            floor.sends(0);
            wall
        })
        .collect();
    let wall = median(walls);
    vec![
        Row::new("rerun over 1,000,000 finished rows", wall / n as f64 * 1e6, " s", Bar::AtMost(3.0))
            .note(format!("{wall:.2} s over {n}")),
    ]
}
