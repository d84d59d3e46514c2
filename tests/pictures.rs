//! The pictures in the README and in docs/: terminals and a report, drawn from what the program prints against a sandbox. `tests/run --update` draws
//! them anew; a test that finds another output than the picture's fails.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anstyle::{Color, RgbColor};
use anstyle_svg::{Term, WIN10_CONSOLE};
use jiff::{SignedDuration, Timestamp};
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::clock::WallClock;
use crate::common::emulator::Emulator;
use crate::common::fleet::Fleet;
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people, write_message};
use crate::common::{Env, assert_fresh};

const COLUMNS: usize = 100;

/// Types a line into a shell with colours: the line, and what it printed.
fn typed(env: &Env, line: &str) -> String {
    let mmsg = env.command([""; 0]);
    let folder = std::path::Path::new(mmsg.get_program()).parent().unwrap().display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1\n{line}")]).env_clear().current_dir(env.path(""));
    shell.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{folder}:/usr/bin:/bin")).env("CLICOLOR_FORCE", "1");
    let run = env.judge(&shell.output().unwrap());
    let said = run.stdout.replace(env.path("").to_str().unwrap().trim_end_matches('/'), "/home/me");
    format!("\u{1b}[1m$ {line}\u{1b}[0m\n{}\n", said.lines().map(wrapped).collect::<String>())
}

/// The line as on a terminal of so many columns.
fn wrapped(line: &str) -> String {
    let style = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let (mut lines, mut used) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let width = style.replace_all(word, "").trim_end().chars().count();
        if used > 0 && used + width > COLUMNS {
            lines.push('\n');
            used = 0;
        }
        lines.push_str(word);
        used += style.replace_all(word, "").chars().count();
    }
    lines + "\n"
}

#[test]
fn the_committed_terminal_is_fresh() {
    let sandbox = Sandbox::start();
    let list = people(400);
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    let opted_out = [11, 205, 318].map(|n| fault(n, "2300034"));
    sandbox.error_tokens([fault(134, "accepted-drop"), fault(143, "accepted-drop")].into_iter().chain(opted_out));
    let env = sandbox.environment().profiles("[profiles.shop.send]\nrate = 'unlimited'\n");
    // Whatever engine the suite runs on.
    let ledger = env.path("shop.db").display().to_string();
    let env = env.set("MMSG_LEDGER", ledger);
    write_message(&env, "promo.json", &json!({"text": "20% off until Sunday"}));
    fs::write(env.path("lapsed.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();

    let mut screen = typed(&env, "mmsg campaign create --name 'Spring sale' --lifetime-budget 50000");
    let campaign = env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json()[0]["id"].as_str().unwrap().to_owned();
    let send = format!("mmsg send --campaign {campaign} --message promo.json lapsed.csv");
    screen += &typed(&env, &send);
    screen += &typed(&env, &format!("{send}   # once more"));
    screen += &typed(&env, "mmsg unknown settle");
    // What the picture shows is what the sandbox saw.
    sandbox.assert_nobody_twice();
    assert_eq!(sandbox.requests().len(), 400);
    assert_drawn("terminal", &screen);
}

/// Fails unless this screen is the committed picture of this name.
#[track_caller]
fn assert_drawn(name: &str, screen: &str) {
    let term = Term::new()
        .palette(WIN10_CONSOLE)
        .fg_color(Color::Rgb(RgbColor(0xd8, 0xde, 0xe9)))
        .bg_color(Color::Rgb(RgbColor(0x16, 0x1a, 0x22)));
    assert_fresh(&format!("docs/pictures/{name}.svg"), &term.render_svg(screen.trim_end()));
}

/// The line, and what a real terminal of this many columns shows of it; what differs from machine to machine is made the same.
fn shown(env: &Env, line: &str) -> String {
    let words = shell_words::split(line).unwrap();
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let run = env.terminal(u16::try_from(COLUMNS).unwrap(), &words).end();
    let home = env.path("").to_str().unwrap().trim_end_matches('/').to_owned();
    // A bar that came and went, if the machine was slow, is not what stays on the screen.
    let stays = |line: &str| line.rsplit("\u{1b}[2K").next().unwrap_or_default().replace('\r', "");
    let mut said = run.stdout.lines().map(stays).collect::<Vec<_>>().join("\n").replace(&home, "/home/me");
    for (pattern, same) in [(r"[\d.]+ [kM]B\b", "303 kB"), (r"[\d.]+ [GT]B\b", "21.2 GB")] {
        said = Regex::new(pattern).unwrap().replace_all(&said, same).into_owned();
    }
    format!("\u{1b}[1m$ {line}\u{1b}[0m\n{}\n\n", said.trim_end())
}

/// A shop with a list of 400, its campaign and a profile.
fn with_list() -> Shop {
    let sandbox = Sandbox::start();
    let env = sandbox.environment_in(Env::with_short_paths()).profiles("[profiles.shop.send]\nrate = 'unlimited'\n");
    let ledger = env.path("shop.db").display().to_string();
    let env = env.set("MMSG_LEDGER", ledger);
    fs::write(env.path("lapsed.csv"), format!("token\n{}\n", people(400).join("\n"))).unwrap();
    write_message(&env, "promo.json", &json!({"text": "20% off until Sunday"}));
    let created = ["campaign", "create", "--name", "Spring sale", "--lifetime-budget", "50000", "-o", "json"];
    let campaign = env.mmsg(created).exits(0).json()["id"].as_str().unwrap().to_owned();
    Shop { sandbox, env, campaign }
}

#[test]
fn the_committed_lists_and_plan_are_fresh() {
    let shop = with_list();
    let Shop { env, campaign, .. } = &shop;
    let send = format!("mmsg send --campaign {campaign} --message promo.json lapsed.csv");
    assert_drawn("plan", &shown(env, &format!("{send} --dry-run")));
    assert!(shop.sandbox.requests().is_empty());
    env.mmsg(["tokens", "import", "lapsed.csv", "--audience", "lapsed"]).exits(0);
    let fault = |n: usize, fault: &str| (people(400)[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([fault(1, "accepted-drop"), fault(2, "2300004"), fault(3, "2300004")]);
    let words = ["send", "--campaign", campaign, "--message", "promo.json", "--audience", "lapsed"];
    env.mmsg([&words[..], &["--label", "Until Sunday", "--max-sends", "300"]].concat()).exits(11);
    let mut screen = shown(env, "mmsg campaign list --columns id,name,status,budget");
    screen += &shown(env, "mmsg broadcast list --columns id,name,label,pending,accepted,refused,unknown");
    screen += &shown(env, "mmsg audience list --columns audience,recipients");
    screen += &shown(env, "mmsg unknown list --columns broadcast,campaign,reason");
    assert_drawn("list", &screen);
}

#[test]
fn the_committed_doctor_is_fresh() {
    let shop = with_list();
    shop.env.mmsg(["tokens", "import", "lapsed.csv", "--audience", "lapsed"]).exits(0);
    assert_drawn("doctor", &shown(&shop.env, "mmsg doctor"));
}

#[test]
fn the_committed_status_is_fresh() {
    let fleet = Fleet::of(5, |shop| 40 * (shop + 1), |_| {});
    let fault = |shop: usize, n: usize, fault: &str| (fleet.people[shop][n].clone(), fault.to_owned());
    fleet.sandbox.error_tokens([fault(1, 1, "accepted-drop"), fault(2, 1, "2300004"), fault(2, 2, "2300004")]);
    fleet.resume(&["--profile", "shop-0?", "--max-sends", "100"]).exits(11);
    assert_drawn("status", &shown(&fleet.env, "mmsg status"));
}

/// The bar of a run at work, of a terminal of so many columns: what differs from run to run is made the same, the bar too.
fn bar(columns: u16) -> String {
    let shop = with_list();
    let fault = |n: usize, fault: &str| (people(400)[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([fault(1, "accepted-drop"), fault(2, "2300004"), fault(3, "2300004")]);
    shop.sandbox.turn(|dials| dials.latency = Duration::from_millis(40));
    let words = ["send", "--campaign", &shop.campaign, "--message", "promo.json", "lapsed.csv", "--yes"];
    let words = [&words[..], &["--concurrency", "8"]].concat();
    let run = shop.env.terminal(columns, &words).end().exits(11);
    // As it stood once both kinds of failure were counted for a while.
    let counted = "1 unknown, 2 refused";
    let (at, word) = run.stdout.match_indices(counted).nth(5).unwrap_or_else(|| panic!("no bar:\n{}", run.stdout));
    let end = run.stdout[at..].find(['\r', '\u{1b}']).map_or(at + word.len(), |length| at + length);
    let lines = Emulator::of(usize::from(columns), &run.stdout[..end]).lines();
    let rows = if columns < 120 { 2 } else { 1 };
    let frame = lines[lines.len() - rows..].join("\n");
    // The narrowest has no bar, room for the speed only while it is low, and none for what is in flight.
    let is_narrow = columns < 60;
    let bar = if is_narrow { "" } else { "[━╸ ]{12} " };
    let speed = if is_narrow { r"(, [\d.,]+/s, \d+s left)?" } else { r", [\d.,]+/s, \d+s left" };
    let gap = if columns < 120 { "\n" } else { "  " };
    let form = format!(r"^shop {bar}[\d,]+ of 400 sends \(\d+%\){speed}{gap}[\d,]+ accepted, {counted}");
    assert!(Regex::new(&form).unwrap().is_match(&frame), "{frame}");
    let (bar, speed) =
        if is_narrow { ("", "") } else { ("\u{1b}[36m━━━━━\u{1b}[0m        ", ", 97/s, 2s left") };
    let in_flight = if is_narrow { "" } else { ", 8 in flight" };
    let frame = format!("shop {bar}168 of 400 sends (42%){speed}{gap}165 accepted, {counted}{in_flight}");
    format!("\u{1b}[1m# on {columns} columns\u{1b}[0m\n{frame}\n\n")
}

#[test]
fn the_committed_progress_is_fresh() {
    assert_drawn("progress", &[120, 80, 40].map(bar).concat());
}

/// How many were sent to in three hours.
const PARTS: [usize; 3] = [240, 150, 90];

/// Sends to all of them, by a clock that is always the same.
fn sent(clock: &WallClock, begin: Timestamp) -> Shop {
    clock.show(begin);
    let sandbox = Sandbox::with(|options| {
        options.clock_start = Some(begin);
        options.insights_lag = Duration::ZERO;
        options.webhooks.delay = Duration::ZERO;
        (options.webhooks.failed, options.webhooks.delivered) = (0.0, 1.0);
    });
    let env = sandbox.environment();
    let created = ["campaign", "create", "--name", "Spring sale", "--lifetime-budget", "50000", "-o", "json"];
    let campaign = env.mmsg(created).exits(0).json()["id"].as_str().unwrap().to_owned();
    let shop = clock.rules(Shop { sandbox, env, campaign }, "UTC");
    shop.message("promo.json", &json!({"text": "20% off until Sunday"}));
    let list = people(PARTS.iter().sum());
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    let refused = [(5, "2300034"), (77, "2300034"), (260, "2300034"), (181, "2300037")].map(|(n, code)| fault(n, code));
    shop.sandbox.error_tokens([fault(30, "accepted-drop"), fault(33, "accepted-drop")].into_iter().chain(refused));
    let mut rest = &list[..];
    for (hours, size) in (0..).zip(PARTS) {
        let at = begin + SignedDuration::from_hours(hours);
        if hours > 0 {
            clock.show(at);
            shop.sandbox.set_clock(at);
        }
        let _ = shop.totals(&rest[..size], &["--concurrency", "1"], if hours == 0 { 11 } else { 0 });
        rest = &rest[size..];
    }
    // Each of them a minute after the hour, however long it took.
    let minute = |time: &str| format!("{time} = {time} / 3600000 * 3600000 + 60000");
    shop.changes_ledger(&format!("update sends set {}, {}", minute("claimed_at"), minute("finished_at")));
    shop
}

/// What became of them, as Meta would tell.
fn told(shop: &Shop, begin: Timestamp) -> String {
    let list = people(PARTS.iter().sum());
    let mut changes = Vec::new();
    for line in shop.sandbox.record() {
        let token = line["token"].as_str().unwrap();
        let n = list.iter().position(|other| other == token).unwrap();
        let part = PARTS
            .iter()
            .scan(0, |end, size| {
                *end += size;
                Some(*end)
            })
            .position(|end| n < end)
            .unwrap();
        let sent = begin.as_second() + i64::try_from(part).unwrap() * 3600 + 60;
        // Of one in doubt nothing is heard.
        if n == 33 {
            continue;
        }
        let mut add = |what: &str, after: usize, more: Value| {
            let mut value = json!({
                "page_id": "104857600123457", "message_id": shop.campaign, "messenger_subscription_token": token,
                "timestamp": sent + i64::try_from(after).unwrap(),
            });
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            changes.push(json!({ "field": format!("marketing_message_{what}"), "value": value }));
        };
        let known =
            if n % 20 == 5 { json!({}) } else { json!({ "marketing_message_tracking_id": line["tracking_id"] }) };
        if n % 37 == 9 {
            let mut why = known;
            why["error_message"] = json!("This person isn't available right now.");
            add("delivery_failed", 3, why);
            continue;
        }
        add("echoes", 1, known.clone());
        let delivered = 2 + n * 7 % 41 + if n % 29 == 0 { 1800 } else { 0 };
        add("deliveries", delivered, known.clone());
        if n % 5 < 3 {
            let read = delivered + 30 + n * n * 13 % 9000;
            add("reads", read, known.clone());
            if n % 7 == 0 {
                add("clicks", read + 5 + n % 50, known);
            }
        }
    }
    json!({ "object": "page", "entry": [{ "id": "104857600123457", "time": 1, "changes": changes }] }).to_string()
}

/// The page as a picture: the browser that shows it draws the page itself, in light and dark. Without scripts, as a picture has none.
fn framed(page: &str, width: usize, height: usize) -> String {
    let between = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let style = between("<style>", "</style>");
    let body = between("<body>", "</body>").replace("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         style=\"width: {width}px; height: {height}px; overflow: hidden\">\n\
         <foreignObject width=\"{width}\" height=\"{height}\">\n\
         <body xmlns=\"http://www.w3.org/1999/xhtml\" style=\"height: {height}px; overflow: hidden\">\n\
         <style>{style}</style>\n{body}</body>\n</foreignObject>\n</svg>\n"
    )
}

/// Fails unless every element of the picture ends: in a page a browser forgives that, in a picture it shows nothing.
#[track_caller]
fn assert_whole(picture: &str) {
    let mut open = Vec::new();
    for tag in Regex::new("<(/?)([a-zA-Z]+)[^<>]*?(/?)>").unwrap().captures_iter(picture) {
        match (&tag[1], &tag[3]) {
            ("/", _) => assert_eq!(open.pop(), Some(tag[2].to_owned()), "{}", &tag[0]),
            (_, "/") => {}
            _ => open.push(tag[2].to_owned()),
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn the_committed_report_is_fresh() {
    let begin: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
    let clock = WallClock::new();
    let shop = sent(&clock, begin);
    let later = begin + SignedDuration::from_hours(7);
    clock.show(later);
    shop.sandbox.set_clock(later);
    let body = told(&shop, begin);
    shop.env.mmsg_reading(body, ["webhook", "ingest", "-"]).exits(0);
    shop.env.mmsg(["report", "--campaign", &shop.campaign, "--html", "report.html"]).exits(0);
    assert_drawn("report-terminal", &shown(&shop.env, &format!("mmsg report --campaign {}", shop.campaign)));
    let page = fs::read_to_string(shop.env.path("report.html")).unwrap();
    let made = Regex::new(r"Generated by mmsg at \S+").unwrap();
    let page = made.replace(&page, "Generated by mmsg at 2026-11-27T16:00:00Z");
    let picture = framed(&page, 1120, 1000);
    assert_whole(&picture);
    assert_fresh("docs/pictures/report.svg", &picture);
}
