//! Answers that no dial of the sandbox makes: a host in between passes everything on but sends, and answers those byte by byte.

use rustix::process::Signal;
use serde_json::json;

use crate::common::between::{Between, error, raw, yes};
use crate::common::now;
use crate::common::shop::{Shop, people};

#[test]
fn a_daily_budget_without_a_time_waits_for_the_accounts_next_day_where_waiting_was_asked_for() {
    let shop = Shop::open();
    let refusal = error("400 Bad Request", "", r#"{"code":2300054,"message":"The daily budget has been reached."}"#);
    let between = Between::answers(&shop, vec![yes(), refusal]);
    let env = between.environment(&shop);
    let list = people(5).join("\n");
    let words = shop.words(&["-o", "json", "--concurrency", "1"]);
    let run = env.mmsg_reading(list.clone(), &words).exits(6).says("daily budget");
    let next_run = run.totals()["next_run_at"].as_str().unwrap().to_owned();
    let words = shop.words(&["-o", "json", "--concurrency", "1", "--wait"]);
    let mut started = env.start(&list, &words);
    started.wait_for(&format!("waiting until {next_run}: the daily budget"));
    assert_eq!(between.asked(), 3);
    started.signal(Signal::INT);
    let totals = started.ends().exits(130).totals();
    assert_eq!((&totals["accepted"], &totals["pending"]), (&json!(1), &json!(4)), "{totals:#}");
}

/// A usage header that says 20 minutes, 1200 seconds, or the like.
fn rate(header: &str, value: &str) -> String {
    error("400 Bad Request", &format!("{header}: {value}\r\n"), r#"{"code":80004,"message":"too many calls"}"#)
}

#[test]
fn every_shape_of_an_answer_has_its_state_and_exit_code() {
    let chunked =
        |body: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{body}");
    let success = r#"{"success":true}"#;
    let business = "x-business-use-case-usage";
    let answers = [
        ("chunked", chunked("8\r\n{\"succes\r\n8\r\ns\":true}\r\n0\r\n\r\n"), "accepted", 0),
        ("a chunk cut off", chunked("8\r\n{\"succes\r\n8\r\ns\":"), "unknown", 11),
        ("chunks without an end", chunked("10\r\n{\"success\":true}\r\n"), "unknown", 11),
        ("another content type", raw("200 OK", "content-type: text/html\r\n", success), "accepted", 0),
        ("a huge answer", raw("200 OK", "", &format!("{}{success}", " ".repeat(1 << 20))), "unknown", 11),
        ("a redirect", raw("307 Temporary Redirect", "location: /elsewhere\r\n", ""), "unknown", 11),
        ("500 with success", raw("500 Internal Server Error", "", success), "unknown", 11),
        ("429 with HTML", raw("429 Too Many Requests", "retry-after: 5\r\n", "<html>slow</html>"), "unknown", 11),
        ("a code in quotes", error("400 Bad Request", "", r#"{"code":"190"}"#), "pending", 4),
        ("no object", error("400 Bad Request", "", r#""invalid_request""#), "refused", 8),
        ("minutes", rate(business, r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":20}]}"#), "pending", 6),
        (
            "minutes in quotes, of the second of three accounts",
            rate(
                business,
                r#"{"1":[{"call_count":5}],"2":[7,{"call_count":"100","estimated_time_to_regain_access":"20"}],"3":null}"#,
            ),
            "pending",
            6,
        ),
        ("seconds", rate("x-ad-account-usage", r#"{"acc_id_util_pct":100,"reset_time_duration":1200}"#), "pending", 6),
        (
            "429 with an unknown code",
            raw(
                "429 Too Many Requests",
                "x-business-use-case-usage: {\"1\":[{\"estimated_time_to_regain_access\":20}]}\r\n",
                r#"{"error":{"code":424242,"message":"slow down"}}"#,
            ),
            "pending",
            6,
        ),
    ];
    for (n, (what, answer, state, code)) in answers.into_iter().enumerate() {
        let shop = Shop::open();
        let between = Between::answers(&shop, vec![yes(), answer, yes()]);
        let ledger = format!("{n}.db");
        let words = shop.words(&["-o", "json", "--concurrency", "1", "--ledger", &ledger]);
        let env = between.environment(&shop);
        let run = env.mmsg_reading(people(3).join("\n"), words);
        assert_eq!(run.code, code, "{what}: {run:#?}");
        let all = run.totals();
        assert!(all[state].as_u64() >= Some(1), "{what}: {all:#}");
        if code == 6 {
            let at: jiff::Timestamp = all["next_run_at"].as_str().unwrap().parse().unwrap();
            let wait = at.as_second() - now() / 1000;
            assert!((1100..=1200).contains(&wait), "{what}: {wait} s for 20 minutes");
        }
    }
}
