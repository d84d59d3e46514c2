//! `mmsg report`: its totals against the sandbox's record and the events that were told, on every width, as data and as a page.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::shop::{Shop, people};
use crate::common::{SUBSCRIPTION_TOKEN, holds, not_run};

const EVIL: &str = "</td><script src=http://evil.example/x.js></script>\u{1b}[2J";

/// What was told of the sends, by token.
#[derive(Default)]
struct Truth {
    accepted: HashSet<String>,
    echoed: HashSet<String>,
    delivered: HashSet<String>,
    read: HashSet<String>,
    clicked: HashSet<String>,
    failed: HashSet<String>,
}

/// A shop that sent to sixty people: two are refused, of two the reply was lost. Of all in the sandbox's record but one of these
/// it is then told what became of them: a few failed, all others have it, every third read it, every ninth clicked.
fn shop() -> (Shop, Truth) {
    let shop = Shop::with(|options| {
        options.insights_lag = Duration::ZERO;
        options.webhooks.delay = Duration::ZERO;
        options.webhooks.failed = 0.0;
        options.webhooks.delivered = 1.0;
    });
    let list = people(60);
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([
        fault(1, "2300034"),
        fault(2, "2300004"),
        fault(3, "accepted-drop"),
        fault(4, "accepted-drop"),
    ]);
    let _ = shop.totals(&list, &[], 11);
    // What is told below lies in the past by then: an event dated ahead counts as of now.
    shop.let_hours_pass(1);
    let truth = tell(&shop, &list);
    (shop, truth)
}

fn tell(shop: &Shop, list: &[String]) -> Truth {
    let record = shop.sandbox.record();
    let mut truth = Truth { accepted: shop.sandbox.accepted().into_iter().collect(), ..Truth::default() };
    // Of this one in doubt nothing is heard.
    truth.accepted.remove(&list[4]);
    let mut changes = Vec::new();
    for line in record.iter().filter(|line| line["token"] != list[4].as_str()) {
        let token = line["token"].as_str().unwrap();
        let n = list.iter().position(|other| other == token).unwrap();
        let at = line["at"].as_i64().unwrap() / 1000 - 3600;
        let mut add = |what: &str, after: i64, more: Value| {
            let mut value = json!({
                "page_id": "104857600123457", "message_id": shop.campaign, "messenger_subscription_token": token,
                "timestamp": at + after,
            });
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            changes.push(json!({ "field": format!("marketing_message_{what}"), "value": value }));
        };
        if n % 20 == 7 {
            add("delivery_failed", 5, json!({ "error_message": format!("{token}: {EVIL}") }));
            truth.failed.insert(token.to_owned());
            continue;
        }
        // One in ten comes without its tracking id.
        let known =
            if n % 10 == 5 { json!({}) } else { json!({ "marketing_message_tracking_id": line["tracking_id"] }) };
        add("echoes", 1, known.clone());
        add("deliveries", 30, known.clone());
        truth.echoed.insert(token.to_owned());
        truth.delivered.insert(token.to_owned());
        if n % 3 == 0 {
            add("reads", 600, known);
            truth.read.insert(token.to_owned());
        }
        if n % 9 == 0 {
            add("clicks", 630, json!({}));
            truth.clicked.insert(token.to_owned());
        }
    }
    let body = json!({ "object": "page", "entry": [{ "id": "104857600123457", "time": 1, "changes": changes }] });
    // Twice, as Meta does.
    for new in [changes.len(), 0] {
        let ingested =
            shop.env.mmsg_reading(body.to_string(), ["webhook", "ingest", "-", "-o", "json"]).exits(0).json();
        let counts = [&ingested["new"], &ingested["duplicates"], &ingested["unreadable_parts"]];
        assert_eq!(counts, [&json!(new), &json!(changes.len() - new), &json!(0)], "{ingested}");
    }
    truth
}

fn report(shop: &Shop, args: &[&str]) -> Value {
    shop.env.mmsg([&["report", "-o", "json"], args].concat()).exits(0).json()
}

#[test]
fn the_totals_are_those_of_the_sandbox_and_of_what_was_told() {
    let (shop, truth) = shop();
    let report = report(&shop, &["--offline"]);
    let funnel = json!({
        "accepted": truth.accepted.len(), "echoed": truth.echoed.len(), "delivered": truth.delivered.len(),
        "read": truth.read.len(), "clicked": truth.clicked.len(), "failed": truth.failed.len(), "unknown": 1, "refused": 2,
    });
    assert_eq!(report["funnel"], funnel);
    assert_eq!(truth.accepted.len(), 57);
    // Without a tracking id, and the one in doubt, which has none in the ledger.
    let of = |stage: &str, how: &str| report["attribution"][stage][how].as_u64().unwrap();
    assert_eq!((of("delivered", "inferred"), of("delivered", "ambiguous")), (7, 0));
    assert_eq!((of("clicked", "inferred") as usize, of("failed", "inferred")), (truth.clicked.len(), 3));
    assert_eq!(report["failures"].as_array().unwrap().len(), 1, "equal but for the token: {report:#}");
    let codes: Vec<_> =
        report["refusals"].as_array().unwrap().iter().map(|row| row["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [2_300_004, 2_300_034]);
    assert!(report["refusals"][0]["meaning"].as_str().unwrap().contains("subscription token"), "{report:#}");
    let p50 = |stage: &str| report["time_to"][stage]["p50"].as_f64().unwrap();
    assert!((25.0..36.0).contains(&p50("delivered")) && (560.0..650.0).contains(&p50("read")), "{report:#}");
    for (key, total) in
        [("accepted", "accepted"), ("delivered", "delivered"), ("of_clicked", "clicked"), ("refused", "refused")]
    {
        let hours = report["hours"].as_array().unwrap();
        assert_eq!(hours.iter().map(|hour| hour[key].as_u64().unwrap()).sum::<u64>(), report["funnel"][total], "{key}");
    }
    assert_eq!(report["meta"], Value::Null);
}

#[test]
fn meta_is_asked_and_compared_and_may_be_silent() {
    let (mut shop, truth) = shop();
    let asked = report(&shop, &[]);
    let meta = &asked["meta"];
    let in_record = shop.sandbox.record().len();
    assert_eq!(meta["delivered"], in_record);
    assert_eq!(meta["ledger_more"]["delivered"], truth.delivered.len() as i64 - in_record as i64);
    // 1.40 USD cents a delivery, as the sandbox's dials say.
    assert_eq!((meta["spend"].as_f64(), meta["currency"].as_str()), (Some(0.81), Some("USD")), "{meta:#}");
    let each = meta["cost_per_in_ledger"]["delivered"].as_f64().unwrap();
    assert!((each - 0.81 / truth.delivered.len() as f64).abs() < 1e-6, "{meta:#}");
    let table = shop.env.mmsg(["report", "--campaign", &shop.campaign]).exits(0);
    assert!(table.stdout.contains("spent (USD)") && table.stdout.contains("difference"), "{table:#?}");
    // A range: Meta counts by day, so there is nothing to compare.
    let ranged = report(&shop, &["--since", "2020-01-01"]);
    assert_eq!((&ranged["meta"]["delivered"], &ranged["meta"]["ledger_more"]), (&json!(in_record), &Value::Null));
    assert!(ranged["meta"]["note"].is_string());
    // Another message of the campaign: Meta's figures are of both.
    shop.message("other.json", &json!({"text": "Another"}));
    let _ = shop.totals(&[format!("{SUBSCRIPTION_TOKEN}other")], &["--message", "other.json"], 0);
    let second = report(&shop, &["--broadcast", "2"]);
    assert_eq!((&second["funnel"]["accepted"], &second["meta"]["ledger_more"]), (&json!(1), &Value::Null));
    // No token, then no network: the ledger's part stands.
    let before = shop.sandbox.count("requests");
    report(&shop, &["--offline"]);
    assert_eq!(shop.sandbox.count("requests"), before);
    shop.sandbox.stop();
    let run = shop.env.mmsg(["report", "-o", "json"]).exits(0).says("warning: Meta's figures are missing");
    assert_eq!(
        (&run.json()["funnel"]["delivered"], &run.json()["meta"]),
        (&json!(truth.delivered.len()), &Value::Null)
    );
    shop.env = shop.env.unset("MMSG_TOKEN");
    let run = shop.env.mmsg(["report", "-o", "json"]).exits(0).says("warning: Meta's figures are missing");
    assert_eq!(run.json()["funnel"]["accepted"], truth.accepted.len() + 1);
}

#[test]
fn only_what_is_asked_for_is_covered() {
    let (shop, truth) = shop();
    let all = truth.accepted.len();
    let accepted = |args: &[&str]| report(&shop, &[args, &["--offline"]].concat())["funnel"]["accepted"].clone();
    assert_eq!(accepted(&["--broadcast", "1"]), all);
    assert_eq!(accepted(&["--campaign", &shop.campaign, "--since", "2020-01-01T00:00:00Z"]), all);
    assert_eq!(accepted(&["--until", "2020-01-01"]), 0);
    let cohort = report(&shop, &["--until", "2020-01-01", "--offline"]);
    assert_eq!((&cohort["funnel"]["refused"], &cohort["funnel"]["unknown"]), (&json!(0), &json!(0)));
    assert_eq!((&cohort["unsent"], &cohort["until"]), (&Value::Null, &json!("2020-01-02T00:00:00Z")));
    let fails = |args: &[&str], says: &str| {
        let _ = shop.env.mmsg([&["report", "--offline"], args].concat()).fails(2, says);
    };
    fails(&["--broadcast", "9"], "there is no broadcast 9");
    fails(&["--campaign", "9"], "no broadcast of campaign 9");
    fails(&["--campaign", "9", "--broadcast", "1"], "broadcast 1 belongs to campaign");
    fails(&["--since", "2020-01-02", "--until", "2020-01-01"], "not before the end");
    fails(&["--watch"], "--watch needs a terminal");
    let elsewhere = ["report", "--offline", "--ledger", "nowhere.db"];
    let _ = shop.env.mmsg(elsewhere).fails(10, "there is no ledger");
    let another =
        shop.sandbox.environment().set("MMSG_LEDGER", shop.ledger().to_str().unwrap()).set("MMSG_PAGE", "777");
    let run = another.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
    assert_eq!((&run["funnel"]["accepted"], &run["broadcasts"]), (&json!(0), &json!([])));
}

#[test]
fn it_fits_every_terminal_and_a_pipe_and_a_spreadsheet() {
    let (shop, truth) = shop();
    for columns in [40, 80, 200] {
        let run = shop.env.terminal(columns, &["report", "--color", "never", "--quiet"]).end().exits(0);
        let widest = run.stdout.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
        assert!(widest <= usize::from(columns), "{widest} of {columns}:\n{}", run.stdout);
        let line = run.stdout.lines().find(|line| line.starts_with("delivered")).unwrap();
        assert!(line.contains(&truth.delivered.len().to_string()) && line.contains('█'), "{columns}:\n{}", run.stdout);
        assert!(!run.stdout.contains(SUBSCRIPTION_TOKEN), "{}", run.stdout);
    }
    let colored = shop.env.terminal(80, &["report", "--offline"]).end().exits(0);
    assert!(colored.stdout.contains("\u{1b}["), "{colored:#?}");
    let pipe = shop.env.mmsg(["report"]).exits(0).says("1 send is unknown");
    assert!(!pipe.stdout.contains('\u{1b}') && !pipe.stdout.contains(SUBSCRIPTION_TOKEN), "{pipe:#?}");
    let csv = shop.env.mmsg(["report", "-o", "csv"]).exits(0).stdout;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let place = rows[0].iter().position(|name| *name == "of_delivered").unwrap();
    let sum: usize = rows[1..].iter().map(|row| row[place].parse::<usize>().unwrap()).sum();
    assert_eq!(sum, truth.delivered.len(), "{csv}");
    let line = shop.env.mmsg(["report", "-o", "ndjson"]).exits(0);
    assert_eq!(line.rows().len(), 1);
    assert_eq!(line.rows()[0]["funnel"], report(&shop, &[])["funnel"]);
}

#[test]
fn the_page_is_one_file_for_its_owner_alone() {
    let (shop, _) = shop();
    shop.env.mmsg(["report", "--html", "report.html"]).exits(0).says("the report is in report.html");
    let file = shop.env.path("report.html");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let page = fs::read_to_string(&file).unwrap();
    assert!(!holds(page.as_bytes(), SUBSCRIPTION_TOKEN), "a token is in the page");
    for needle in ["<script", "href", "url(", "<link", "<img", "\u{1b}"] {
        assert!(!page.contains(needle), "{needle}");
    }
    // Meta's text is text.
    assert_eq!(page.matches("src=").count(), page.matches("&#60;script src=http:").count());
    assert!(page.contains("0.81 USD") && page.contains("&#60;script"), "{page}");
    let nowhere = ["report", "--offline", "--html", "nowhere/report.html"];
    shop.env
        .mmsg(nowhere)
        .exits(2)
        .says("can't write --html nowhere/report.html: its folder does not exist; no report was made")
        .says("hint: choose a file in an existing folder that you can write to with --html");
    shop.env.mmsg(["report", "--open"]).exits(2).says("--html");
}

#[test]
fn watching_goes_on_while_a_run_is_at_work_and_ends_with_it() {
    let shop = Shop::open();
    let list = people(600);
    let _ = shop.totals(&list[..1], &[], 0);
    let idle = shop.env.terminal(80, &["report", "--watch", "--offline"]).end().exits(0);
    assert!(idle.stdout.contains("no run is active") && idle.stdout.contains("accepted"), "{idle:#?}");

    let text = list.join("\n");
    let words = shop.words(&["--rate", "10"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(3);
    let mut watcher = shop.env.terminal(80, &["report", "--watch", "--offline"]);
    watcher.wait_for("a run is active").wait_for("accepted").wait_for("a run is active").type_keys("\x03");
    let watched = watcher.end().exits(130);
    assert!(watched.stdout.contains("\u{1b}[?1049h") && watched.stdout.contains("\u{1b}[?1049l"), "{watched:#?}");
    assert!(run.is_running(), "who watches does not stop the run");
    let mut watcher = shop.env.terminal(80, &["report", "--watch", "--offline"]);
    watcher.wait_for("a run is active");
    run.signal(Signal::INT);
    let _ = run.ends();
    let watched = watcher.end().exits(0);
    assert!(watched.stdout.rfind("\u{1b}[?1049l") < watched.stdout.rfind("accepted"), "{watched:#?}");
}

#[test]
fn watching_waits_for_the_first_send() {
    let shop = Shop::open();
    let list = people(6);
    let _ = shop.env.mmsg_reading(list.join("\n"), ["tokens", "import", "--audience", "x"]).exits(0);
    // There is no broadcast of it yet.
    let mut watcher = shop.env.terminal(80, &["report", "--watch", "--offline", "--campaign", &shop.campaign]);
    watcher.wait_for("waiting for the first run");
    let words = shop.words(&["--rate", "1"]);
    let text = list.join("\n");
    let run = shop.env.start(&text, &words);
    watcher.wait_for("a run is active");
    let _ = run.ends().exits(0);
    let watched = watcher.end().exits(0).stdout;
    let line = watched.lines().rfind(|line| line.starts_with("accepted")).unwrap();
    assert!(line.contains(" 6 "), "{watched}");
    shop.assert_each_once(&list);
    // A mistyped ID is still refused where nothing is watched.
    shop.env.mmsg(["report", "--offline", "--campaign", "9"]).fails(2, "no broadcast of campaign 9");
}

#[test]
fn what_meta_did_about_the_page_is_shown() {
    let shop = Shop::open();
    let _ = shop.totals(&people(1), &[], 0);
    let page = "104857600123457";
    let tell = |at: &str, what: Value| {
        let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let told = json!({ "recipient": { "id": page }, "timestamp": at, "policy_enforcement": what });
        let body = json!({ "object": "page", "entry": [{ "id": page, "messaging": [told] }] });
        let counts = shop.env.mmsg_reading(body.to_string(), ["webhook", "ingest", "-", "-o", "json"]).exits(0).json();
        assert_eq!(counts["policy"], 1, "{counts}");
    };
    assert!(!shop.env.mmsg(["report", "--offline"]).exits(0).stdout.contains("What Meta did"));
    // As they may come: the last first.
    tell("2026-03-04T05:00:00Z", json!({ "action": "unblock" }));
    tell("2026-03-01T05:00:00Z", json!({ "action": "warning", "reason": "<b>Spam\u{1b}[2J</b>" }));
    tell("2026-03-02T05:00:00Z", json!({ "action": "block", "reason": "Spam" }));
    let told = |args: &[&str]| -> Vec<String> {
        let report = report(&shop, &[&["--offline"], args].concat());
        let row = |row: &Value| format!("{} {} {} {}", row["at"], row["action"], row["reason"], row["until"]);
        report["policy"].as_array().unwrap().iter().map(|one| row(one).replace('"', "")).collect()
    };
    let all = told(&[]);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[0].starts_with("2026-03-01T05:00:00Z warning <b>Spam"), "{all:?}");
    assert_eq!(
        all[1..],
        [
            "2026-03-02T05:00:00Z block Spam 2026-03-04T05:00:00Z".to_owned(),
            "2026-03-04T05:00:00Z unblock null null".to_owned()
        ]
    );
    assert_eq!(told(&["--since", "2026-03-03"]), all[1..], "a block that went on is of this time");
    assert_eq!(told(&["--until", "2026-03-01"]), all[..1]);
    assert_eq!(told(&["--campaign", &shop.campaign]), [""; 0], "before there was the campaign");
    assert_eq!(told(&["--all-pages"]), all);

    let run = shop.env.mmsg(["report", "--offline", "--html", "report.html"]).exits(0);
    let table = &run.stdout[run.stdout.find("What Meta did about the Page").unwrap()..];
    let line = table.lines().find(|line| line.contains(" block ")).unwrap();
    assert!(line.contains(page) && line.contains("2026-03-04T05:00:00Z") && line.ends_with("Spam"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
    let html = fs::read_to_string(shop.env.path("report.html")).unwrap();
    assert!(html.contains("What Meta did about the Page") && html.contains("&#60;b&#62;Spam"), "{html}");
    assert!(!html.contains('\u{1b}'));
    shop.env
        .mmsg(["report", "--offline", "-o", "csv"])
        .exits(0)
        .says("hint: 3 policy notices from Meta about the Page");
}

/// A browser of this machine, if any.
fn browser() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs)
}

#[test]
fn a_browser_shows_the_page_without_a_complaint_or_a_request() {
    let Some(browser) = browser() else {
        not_run("no browser has looked at the page of mmsg report, since none is installed");
        return;
    };
    let (shop, _) = shop();
    shop.env.mmsg(["report", "--html", "report.html"]).exits(0);
    fs::write(shop.env.path("bad.html"), "<img src='http://evil.example/x.png'>").unwrap();
    let log = shop.env.path("net.json");
    let look = |page: &str, width: u32, args: &[String]| {
        let mut command = Command::new("timeout");
        command.args(["60", browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.args(["--enable-logging=stderr", &format!("--window-size={width},2400")]);
        command.arg(format!("--user-data-dir={}", shop.env.path("browser").display())).args(args);
        command.arg(format!("--log-net-log={}", log.display()));
        let output = command.arg(format!("file://{}", shop.env.path(page).display())).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains(":CONSOLE"), "{said}");
        // Requests of the page itself; the browser makes others.
        fs::read_to_string(&log).unwrap().contains("\"initiator\":\"null\"")
    };
    for (width, name, scheme) in [(360, "phone", 0), (1280, "desktop", 1)] {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.png"));
        let _ = fs::remove_file(&kept);
        let args =
            [format!("--screenshot={}", kept.display()), format!("--blink-settings=preferredColorScheme={scheme}")];
        assert!(!look("report.html", width, &args), "the page asked for something");
        assert!(fs::metadata(&kept).unwrap().len() > 10_000, "an empty picture");
    }
    assert!(look("bad.html", 360, &["--dump-dom".to_owned()]), "a request would not be seen");
}
