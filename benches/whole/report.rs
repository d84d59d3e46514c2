//! A report over a ledger with many events.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::floor::{Floor, PAGE};
use crate::process::run;
use crate::row::{Bar, Row, median};
use crate::shop::{Shop, write_list};

const STAGES: [&str; 4] =
    ["marketing_message_echoes", "marketing_message_deliveries", "marketing_message_reads", "marketing_message_clicks"];
/// Events per body.
const EVENTS: usize = 100;

/// `report`
pub fn report(shop: &Shop) -> Vec<Row> {
    let sends = shop.plan.events / STAGES.len();
    let events = sends * STAGES.len();
    let folder = shop.round();
    let at = |name: &str| folder.path().join(name);
    let (list, ledger, results, bodies) = (at("list.csv"), at("ledger.db"), at("results.ndjson"), at("bodies.ndjson"));
    write_list(&list, sends, 0);
    let mut floor = Floor::start(Duration::ZERO);
    run(shop.send_list(&floor, &ledger, &list).arg("--results").arg(&results), 0);
    floor.sends(sends);
    write_events(&results, &bodies);
    let ingested = run(shop.mmsg(&ledger).args(["webhook", "ingest"]).arg(&bodies), 0);
    eprintln!("  {events} events ingested, {:.0}/s", events as f64 / ingested.wall);

    let made = at("report.json");
    let walls: Vec<f64> = (0..3 * shop.plan.rounds)
        .map(|_| {
            let mut command = shop.mmsg(&ledger);
            command.env("MMSG_PAGE", PAGE).env("MMSG_AD_ACCOUNT", "act_77").env("MMSG_GRAPH_URL", floor.url());
            run(command.args(["report", "--offline", "-o", "json"]).stdout(File::create(&made).unwrap()), 0).wall
        })
        .collect();
    let report: Value = serde_json::from_str(&fs::read_to_string(made).unwrap()).unwrap();
    for stage in ["accepted", "echoed", "delivered", "read", "clicked"] {
        assert_eq!(report["funnel"][stage], sends, "{stage}: {}", report["funnel"]);
    }
    vec![
        Row::new("report", median(walls) * 1e3, " ms", Bar::AtMost(2000.0))
            .note(format!("{sends} sends, {events} events; the target is for 10,000,000 events")),
    ]
}

/// Meta's events about these sends: all echoes first, then all deliveries, and so on.
fn write_events(results: &Path, bodies: &Path) {
    let text = fs::read_to_string(results).unwrap();
    let sends: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut bodies = BufWriter::new(File::create(bodies).unwrap());
    for (place, field) in STAGES.iter().enumerate() {
        for group in sends.chunks(EVENTS) {
            let changes: Vec<Value> = group.iter().map(|send| change(send, field, place)).collect();
            let entry = json!([{"id": PAGE, "changes": changes}]);
            writeln!(bodies, "{}", json!({"object": "page", "entry": entry})).unwrap();
        }
    }
    bodies.flush().unwrap();
}

fn change(send: &Value, field: &str, place: usize) -> Value {
    let sent: jiff::Timestamp = send["at"].as_str().unwrap().parse().unwrap();
    json!({"field": field, "value": {
        "field": field,
        "page_id": PAGE,
        "recipient_id": "6123456789012345",
        "timestamp": sent.as_second() + 1 + place as i64,
        "mid": format!("m_{}", send["tracking_id"].as_str().unwrap()),
        "marketing_message_tracking_id": send["tracking_id"],
        "messenger_subscription_token": send["token"],
        "message_id": "1",
    }})
}
