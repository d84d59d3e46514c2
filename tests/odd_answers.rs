//! Answers that are odd but legal, by Graph or by what stands in between: each is understood, or counted as what it is.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::common::between::{Between, error, raw, raw_bytes, yes};
use crate::common::now;
use crate::common::shop::{Shop, people};

const SUCCESS: &str = r#"{"success":true,"marketing_message_tracking_id":"t1"}"#;

fn gzip(body: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn ok(body: &str) -> Vec<u8> {
    raw("200 OK", "", body).into()
}

fn refused(error: &str) -> Vec<u8> {
    self::error("400 Bad Request", "", error).into()
}

/// An answer without a body.
fn bare(status: &str, headers: &str) -> Vec<u8> {
    raw(status, headers, "").into()
}

/// A usage header that says 20 minutes, and one that says little.
const TWENTY_MINUTES: &str =
    "x-business-use-case-usage: {\"1\":[{\"call_count\":100,\"estimated_time_to_regain_access\":20}]}\r\n";
const LITTLE: &str =
    "X-Business-Use-Case-Usage: {\"1\":[{\"call_count\":5,\"estimated_time_to_regain_access\":0}]}\r\n";

/// Three people; the second gets each of these answers, the others are accepted. By state: the row's, and the exit code.
fn assert_sends(answers: Vec<(&str, Vec<u8>, &str, i32)>) {
    let shop = Shop::open();
    for (n, (what, answer, state, code)) in answers.into_iter().enumerate() {
        let between = Between::answers(&shop, vec![yes().into_bytes(), answer, yes().into_bytes()]);
        let ledger = format!("{n}.db");
        let words = shop.words(&["-o", "json", "--concurrency", "1", "--ledger", &ledger]);
        let run = between.environment(&shop).mmsg_reading(people(3).join("\n"), words);
        assert_eq!(run.code, code, "{what}: {run:#?}");
        let all = run.totals();
        let count = |state: &str| all[state].as_u64().unwrap();
        // A run that goes on sends to the third as well.
        let goes_on = !matches!(code, 4..=6) || state == "later";
        let accepted = 1 + u64::from(goes_on) + u64::from(state == "accepted");
        assert_eq!(count("accepted"), accepted, "{what}: {all:#}");
        let other = ["refused", "unknown", "pending"].map(count);
        let want = match state {
            "accepted" => [0, 0, 0],
            "refused" => [1, 0, 0],
            "unknown" => [0, 1, 0],
            "later" => [0, 0, 1],
            "pending" => [0, 0, 2],
            state => panic!("{state}"),
        };
        assert_eq!(other, want, "{what}: {all:#}");
        if what.contains("20 minutes") {
            let at: jiff::Timestamp = all["next_run_at"].as_str().unwrap().parse().unwrap();
            let wait = at.as_second() - now() / 1000;
            assert!((1100..=1200).contains(&wait), "{what}: {wait} s");
        }
    }
}

#[test]
fn a_yes_is_understood_however_it_is_written() {
    let unknown = format!(r#"{{"new":"{}","success":true}}"#, "x".repeat(300_000));
    let deep = format!(r#"{{"new":{}{},"success":true}}"#, "[".repeat(60), "]".repeat(60));
    let chunked = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n"
            .as_slice(),
        format!("{:x}\r\n", gzip(SUCCESS).len()).as_bytes(),
        &gzip(SUCCESS),
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let answers = [
        ("a mark of the byte order", ok(&format!("\u{feff}{SUCCESS}"))),
        ("gzip", raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip(SUCCESS))),
        ("gzip by its old name", raw_bytes("200 OK", "Content-Encoding: x-gzip\r\n", &gzip(SUCCESS))),
        ("gzip in chunks", chunked),
        ("gzip of a mark of the byte order", {
            raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip(&format!("\u{feff}{SUCCESS}")))
        }),
        ("300 kB of unknown fields", ok(&unknown)),
        ("300 kB of unknown fields, in gzip", raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip(&unknown))),
        ("unknown fields in each other", ok(&deep)),
        ("success as text", ok(r#"{"success":"true"}"#)),
        ("success as text with a capital", ok(r#"{"success":"True"}"#)),
        ("success as 1", ok(r#"{"success":1}"#)),
        ("success as 1 in quotes", ok(r#"{"success":"1"}"#)),
        ("a tracking ID as a number", ok(r#"{"success":true,"marketing_message_tracking_id":120210000000000000123}"#)),
        ("a tracking ID of null", ok(r#"{"success":true,"marketing_message_tracking_id":null}"#)),
        ("a tracking ID that is an object", ok(r#"{"success":true,"marketing_message_tracking_id":{}}"#)),
        ("an error of null", ok(r#"{"error":null,"success":true}"#)),
        ("an escaped name", ok(r#"{"succ\u0065ss":true}"#)),
        ("blanks around it", ok(&format!("\r\n\t {SUCCESS} \n"))),
        ("another 2xx", raw("202 Accepted", "", SUCCESS).into()),
        ("no reason phrase", raw("200 ", "", SUCCESS).into()),
        ("HTML as content type", raw("200 OK", "content-type: text/html\r\n", SUCCESS).into()),
        ("usage headers without sense", raw("200 OK", "x-app-usage: {\r\nx-ad-account-usage: 5\r\n", SUCCESS).into()),
        ("an interim answer first", [b"HTTP/1.1 103 Early Hints\r\n\r\n".as_slice(), &ok(SUCCESS)].concat()),
        ("HTTP/1.0 without a length", format!("HTTP/1.0 200 OK\r\n\r\n{SUCCESS}").into()),
    ];
    assert_sends(answers.into_iter().map(|(what, answer)| (what, answer, "accepted", 0)).collect());
}

#[test]
fn a_no_is_understood_however_it_is_written() {
    assert_sends(vec![
        ("a code as a float", refused(r#"{"code":190.0}"#), "pending", 4),
        ("a code as text", refused(r#"{"code":"190","message":"x"}"#), "pending", 4),
        ("a code as a float in quotes", refused(r#"{"code":"190.0"}"#), "pending", 4),
        ("a code with an exponent", refused(r#"{"code":1.9e2}"#), "pending", 4),
        ("a code after a mark", ok("\u{feff}{\"error\":{\"code\":190}}"), "pending", 4),
        (
            "a code in gzip",
            raw_bytes("400 Bad Request", "content-encoding: gzip\r\n", &gzip(r#"{"error":{"code":190}}"#)),
            "pending",
            4,
        ),
        ("an error beside success", ok(r#"{"success":true,"error":{"code":190}}"#), "pending", 4),
        ("401 without a body", bare("401 Unauthorized", "www-authenticate: OAuth\r\n"), "pending", 4),
        ("401 without a code", error("401 Unauthorized", "", r#"{"message":"who?"}"#).into(), "pending", 4),
        ("no permission, as a float", refused(r#"{"code":200.0}"#), "pending", 4),
        ("an account as a float", refused(r#"{"code":368.0}"#), "pending", 5),
        ("429 without a body for 20 minutes", bare("429 Too Many Requests", TWENTY_MINUTES), "pending", 6),
        (
            "a rate as a float for 20 minutes, in the first of two headers",
            error("400 Bad Request", &format!("{TWENTY_MINUTES}{LITTLE}"), r#"{"code":80004.0}"#).into(),
            "pending",
            6,
        ),
        (
            "a rate for 20 minutes, in the second of two headers",
            error("400 Bad Request", &format!("{LITTLE}{TWENTY_MINUTES}"), r#"{"code":80004}"#).into(),
            "pending",
            6,
        ),
        (
            "seconds in text in text for 20 minutes",
            refused(r#"{"code":80004,"error_data":"{\"remaining_seconds\":\"1200\"}"}"#),
            "pending",
            6,
        ),
        (
            "seconds as a float for 20 minutes",
            refused(r#"{"code":80004,"error_data":{"remaining_seconds":1199.5}}"#),
            "pending",
            6,
        ),
        ("too early, as text", refused(r#"{"code":"2300035"}"#), "later", 6),
        ("too early, with data that is a list", refused(r#"{"code":2300035,"error_data":[1]}"#), "later", 6),
        ("opted out, as a float", refused(r#"{"code":2300034.0}"#), "refused", 0),
        ("opted out, as a subcode in quotes", refused(r#"{"code":100.0,"error_subcode":"2300034"}"#), "refused", 0),
        ("a dead token, as text", refused(r#"{"code":"2300004"}"#), "refused", 8),
        ("an unknown code, as a float", refused(r#"{"code":424242.0}"#), "refused", 8),
        ("is_transient as text: false", refused(r#"{"code":424242,"is_transient":"false"}"#), "refused", 8),
        ("an error that is text", refused(r#""invalid_request""#), "refused", 8),
        ("an error that is a number", refused("5"), "refused", 8),
        ("an error that is a list", refused("[190]"), "refused", 8),
        ("an error that is empty", refused("{}"), "refused", 8),
    ]);
}

#[test]
fn what_says_neither_is_doubt() {
    let utf16: Vec<u8> = SUCCESS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gzip_cut = gzip(SUCCESS).get(..20).unwrap().to_vec();
    let answers = [
        ("success: false", ok(r#"{"success":false}"#)),
        ("success as another text", ok(r#"{"success":"yes"}"#)),
        ("success as another number", ok(r#"{"success":2}"#)),
        ("success of null", ok(r#"{"success":null}"#)),
        ("no field", ok("{}")),
        ("a list", ok(r#"[{"success":true}]"#)),
        ("only true", ok("true")),
        ("two answers", ok(&format!("{SUCCESS}{SUCCESS}"))),
        ("success twice", ok(r#"{"success":false,"success":true}"#)),
        ("UTF-16", raw_bytes("200 OK", "", &utf16)),
        ("gzip cut off", raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip_cut)),
        ("gzip that is none", raw("200 OK", "content-encoding: gzip\r\n", "<html>").into()),
        ("nothing", bare("200 OK", "")),
        ("no content", b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec()),
        ("400 without a body", bare("400 Bad Request", "")),
        ("502 without a body", bare("502 Bad Gateway", "")),
        ("429 of a proxy", raw("429 Too Many Requests", "", "<html>slow</html>").into()),
        ("401 of a proxy", raw("401 Unauthorized", "", "<html>who?</html>").into()),
        ("a redirect with an error", error("302 Found", "", r#"{"message":"elsewhere"}"#).into()),
        ("is_transient as text", refused(r#"{"code":424242,"is_transient":"true"}"#)),
        ("is_transient as 1", refused(r#"{"code":424242,"is_transient":1}"#)),
        ("a temporary code as a float", refused(r#"{"code":2.0}"#)),
        ("a temporary code as text", refused(r#"{"code":"1"}"#)),
    ];
    assert_sends(answers.into_iter().map(|(what, answer)| (what, answer, "unknown", 11)).collect());
}

/// A row of a list of campaigns.
fn row(id: &str, end: &Value) -> String {
    json!({
        "id": id, "effective_status": "ACTIVE", "creative": {"actor_id": "1"},
        "adset": {"id": "92", "lifetime_budget": "3000", "end_time": end},
        "campaign": {"id": "91", "name": "Spring", "is_message_campaign": "true", "is_direct_send_campaign": 1},
    })
    .to_string()
}

#[test]
fn lists_and_nodes_are_read_however_they_are_written() {
    let none = Value::Null;
    let page = |rows: &str, after: &str| ok(&format!(r#"{{"data":[{rows}],"paging":{after}}}"#));
    let next = r#"{"cursors":{"before":1,"after":77},"next":"https://x/next"}"#;
    let (one, two) = (row("11", &none), row("12", &none));
    let shop = Shop::open();
    for (what, answers, rows, code) in [
        ("a mark of the byte order", vec![ok(&format!("\u{feff}{{\"data\":[{one}]}}"))], 1, 0),
        (
            "gzip",
            vec![raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip(&format!("{{\"data\":[{one}]}}")))],
            1,
            0,
        ),
        ("a row of null", vec![page(&format!("null,{one},null"), "null")], 1, 0),
        (
            "a row without an ID",
            vec![page(&format!(r#"{{"campaign":{{"is_direct_send_campaign":true}}}},{one}"#), "[]")],
            1,
            0,
        ),
        ("a row that is a list", vec![page(&format!("[1],{one}"), "{}")], 1, 0),
        ("a row on two pages", vec![page(&format!("{one},{two}"), next), page(&two, "{}")], 2, 0),
        (
            "an ID as a number on the second page",
            vec![page(&one, next), page(&row("11", &none).replace(r#""11""#, "11"), "{}")],
            1,
            0,
        ),
        ("an empty page in the middle", vec![page(&one, next), page("", "{}")], 1, 0),
        ("more pages, but not where", vec![page(&one, r#"{"next":"https://x/next"}"#)], 0, 7),
        ("a page that leads to itself", vec![page(&one, next)], 0, 7),
        ("401 without a body", vec![bare("401 Unauthorized", "")], 0, 4),
        ("429 without a body", vec![bare("429 Too Many Requests", "")], 0, 6),
    ] {
        let between = Between::answers_to(&shop, "/ads?", answers);
        let run = between.environment(&shop).mmsg(["campaign", "list", "-o", "json"]);
        assert_eq!(run.code, code, "{what}: {run:#?}");
        assert!(code != 0 || run.json().as_array().unwrap().len() == rows, "{what}: {run:#?}");
    }
    for (end, shown) in [
        (json!(0), None),
        (json!("0"), None),
        (json!("1969-12-31T16:00:00-0800"), None),
        (json!("1970-01-01T00:00:00+0000"), None),
        (json!(null), None),
        (json!("1796083200"), Some("2026-12-01T00:00:00Z")),
        (json!(1_796_083_200), Some("2026-12-01T00:00:00Z")),
    ] {
        let between = Between::answers_to(&shop, "/11?", vec![ok(&row("11", &end))]);
        let run = between.environment(&shop).mmsg(["campaign", "get", "11", "-o", "json"]).exits(0);
        assert_eq!(run.json()["end_time"].as_str(), shown, "{end}");
    }
}

/// The answer that the sandbox gives about a campaign, with these two fields changed.
fn node(shop: &Shop, status: &str, end: &Value) -> Vec<u8> {
    let run = shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0);
    let known = run.json();
    let node = json!({
        "id": shop.campaign, "effective_status": status, "creative": {"actor_id": known["page_id"]},
        "created_time": "2020-01-01T00:00:00+0000",
        "adset": {"id": known["adset_id"], "lifetime_budget": "3000", "end_time": end},
        "campaign": {"id": known["campaign_id"], "name": "Spring", "is_message_campaign": true, "is_direct_send_campaign": true},
    });
    let now = jiff::Timestamp::from_millisecond(now()).unwrap();
    let date = now.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n").to_string();
    raw("200 OK", &date, &node.to_string()).into()
}

#[test]
fn an_end_of_0_is_none_and_another_one_that_is_over_refuses_the_list() {
    let shop = Shop::open();
    let line = format!("/{}?", shop.campaign);
    let list = people(3).join("\n");
    let send = |end: &Value, words: &[&str]| {
        let between = Between::answers_to(&shop, &line, vec![node(&shop, "ACTIVE", end)]);
        between.environment(&shop).mmsg_reading(list.as_str(), shop.words(words))
    };
    let over = send(&json!("2026-01-01T00:00:00+0000"), &[]).exits(5).prints_nothing();
    let _ = over.says("ended at 2026-01-01T00:00:00Z; nothing was planned or sent");
    for end in [json!(0), json!("0"), json!("1969-12-31T16:00:00-0800")] {
        let run = send(&end, &["--dry-run", "-o", "json"]).exits(0);
        assert_eq!(run.json()["would_send"], 3, "{end}: {run:#?}");
    }
    let _ = send(&json!("0"), &[]).exits(0);
    shop.assert_each_once(&people(3));
}

#[test]
fn a_campaign_whose_row_comes_twice_is_found_by_its_own_id() {
    let shop = Shop::open();
    let one = row("11", &Value::Null);
    let next = r#""paging":{"cursors":{"after":"7"},"next":"https://x/next"}"#;
    let pages = vec![ok(&format!(r#"{{"data":[{one}],{next}}}"#)), ok(&format!(r#"{{"data":[{one}]}}"#))];
    let list = Between::answers_to(&shop, "/ads?", pages);
    // Its own ID is not a message's; its message is read by the ID found in the list.
    let run = list.environment(&shop).mmsg(["campaign", "get", "91"]);
    let _ = run.exits(5).says("campaign 11");
    assert_eq!(list.asked(), 2);
}

#[test]
fn an_answer_of_61_mib_is_refused_at_once() {
    let shop = Shop::open();
    let body = format!(r#"{{"data":[],"x":"{}"}}"#, "x".repeat(61 << 20));
    let between = Between::answers_to(&shop, "/ads?", vec![ok(&body)]);
    let _ = between.environment(&shop).mmsg(["campaign", "list"]).exits(7).prints_nothing().says("more than 33.6 MB");
    assert_eq!(between.asked(), 1);
}

#[test]
fn a_create_is_understood_however_it_is_answered() {
    let shop = Shop::open();
    for (what, answer, code) in [
        ("an ID as a number", ok(r#"{"id":120210000000000123}"#), 0),
        ("a mark of the byte order", ok("\u{feff}{\"id\":\"11\"}"), 0),
        ("gzip", raw_bytes("200 OK", "content-encoding: gzip\r\n", &gzip(r#"{"id":"11"}"#)), 0),
        ("unknown fields", ok(&format!(r#"{{"id":"11","info":[1],"x":"{}"}}"#, "x".repeat(300_000))), 0),
        ("401 without a body", bare("401 Unauthorized", ""), 4),
        ("429 without a body", bare("429 Too Many Requests", ""), 6),
        ("a code as a float", refused(r#"{"code":190.0}"#), 4),
        ("nothing", bare("200 OK", ""), 11),
        ("no ID", ok("{}"), 11),
        ("an ID of null", ok(r#"{"id":null}"#), 11),
        ("502 without a body", bare("502 Bad Gateway", ""), 11),
    ] {
        let between = Between::answers_to(&shop, "/message_campaign ", vec![answer]);
        let run = between.environment(&shop).mmsg([
            "campaign",
            "create",
            "--lifetime-budget",
            "3000",
            "--name",
            what,
            "-o",
            "json",
        ]);
        assert_eq!(run.code, code, "{what}: {run:#?}");
        assert_eq!(between.asked(), 1, "{what}");
    }
}

#[test]
fn a_server_that_closes_each_connection_in_silence_leaves_nearly_nobody_in_doubt() {
    const ROWS: usize = 1000;
    let shop = Shop::with(|options| options.dials.latency = std::time::Duration::from_millis(2));
    let between = Between::closes_in_silence(&shop);
    let env = between.environment(&shop);
    let list = people(ROWS);
    let run = env.mmsg_reading(list.join("\n"), shop.words(&["-o", "json"]));
    assert!(run.code == 0 || run.code == 11, "{run:#?}");
    let totals = run.totals();
    let unknown = totals["unknown"].as_u64().unwrap();
    assert!(unknown < 10, "{totals:#}");
    let asked = shop.sandbox.requests().len() as u64;
    assert!(asked + unknown >= ROWS as u64, "{asked}: {totals:#}");
    shop.sandbox.assert_nobody_twice();
    // A create reads first: its own request comes right after an answer.
    for _ in 0..100 {
        let _ = env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).exits(0);
    }
}
