//! `mmsg message`: built, checked, previewed.

use std::fs;

use serde_json::{Value, json};

use crate::common::between::{Between, raw};
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, write_message};
use crate::common::{Env, Run};

fn build(env: &Env, args: &[&str]) -> Run {
    env.mmsg(["message", "build"].iter().chain(args))
}

#[test]
fn build_prints_what_the_api_takes_whatever_the_format() {
    let env = Env::new();
    let card = ["--title", "Half price", "--subtitle", "This week", "--image-url", "https://example.com/a.png"];
    let more = ["--url", "https://example.com/", "--button", "Shop now=https://example.com/?a=b=c"];
    let words: Vec<&str> = card.iter().chain(&more).copied().collect();
    let run = build(&env, &words).exits(0);
    let element = &run.json()["attachment"]["payload"]["elements"][0];
    assert_eq!((&element["title"], &element["subtitle"]), (&json!("Half price"), &json!("This week")));
    assert_eq!(element["default_action"]["url"], "https://example.com/");
    // Split at the first =.
    assert_eq!(element["buttons"][0]["title"], "Shop now");
    assert_eq!(element["buttons"][0]["url"], "https://example.com/?a=b=c");
    for format in ["json", "ndjson", "csv", "table"] {
        let other = build(&env, &[&words[..], &["-o", format]].concat()).exits(0);
        assert_eq!(other.json(), run.json(), "{format}");
    }
    assert_eq!(build(&env, &["--text", "Hello"]).exits(0).json(), json!({"text": "Hello"}));
}

#[test]
fn build_reads_toml_and_validate_takes_all_of_it() {
    let env = Env::new();
    for name in ["text", "button", "generic", "carousel"] {
        let file = crate::common::repository(&format!("tests/fixtures/message/{name}.toml"));
        let run = build(&env, &["--from", file.to_str().unwrap()]);
        let run = if run.code == 2 { build(&env, &[file.to_str().unwrap()]) } else { run }.exits(0);
        write_message(&env, "built.json", &run.json());
        env.mmsg(["message", "validate", "built.json"]).exits(0).says("within every known limit");
    }
}

#[test]
fn validate_prints_every_violation_at_once_as_data() {
    let env = Env::new();
    let long = "x".repeat(90);
    let button = json!({"type": "web_url", "title": "A title beyond twenty characters", "url": ""});
    let card = json!({"title": long, "buttons": [button, button, button, button]});
    write_message(
        &env,
        "bad.json",
        &json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [card]}}}),
    );
    let run = env.mmsg(["message", "validate", "bad.json", "-o", "json"]).exits(5);
    let violations = run.json();
    let has = |path: &str, code: Option<i64>| {
        violations.as_array().unwrap().iter().any(|violation| {
            violation["path"].as_str().unwrap().ends_with(path)
                && (code.is_none() || violation["code"].as_i64() == code)
        })
    };
    assert!(has("elements[0].title", None), "{violations:#}");
    assert!(has("buttons[0].title", None) && has("buttons", Some(2_300_026)), "{violations:#}");
    assert!(has("buttons[3].url", Some(2_300_024)), "{violations:#}");
    assert!(
        violations.as_array().unwrap().iter().all(|violation| violation["path"].as_str().unwrap().starts_with('$'))
    );
    let table = env.mmsg(["message", "validate", "bad.json"]).exits(5);
    assert!(table.stdout.contains("2300026") && table.stderr.contains("would refuse"), "{table:#?}");
}

#[test]
fn validate_reads_stdin() {
    let run = Env::new().mmsg_reading("{\"text\": \"Hello\"}", ["message", "validate", "-"]).exits(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn preview_prints_the_address_of_a_page_that_opens() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    write_message(&env, "promo.json", &json!({"text": "Half <b>price</b> & more"}));
    let run = env.mmsg(["message", "preview", "promo.json", "-o", "json"]).exits(0);
    let src = run.json()["src"].as_str().unwrap().to_owned();
    assert!(src.starts_with(&sandbox.url()) && !src.contains("&amp;"), "{src}");
    let plain = env.mmsg(["message", "preview", "promo.json"]).exits(0);
    assert!(plain.stdout.starts_with(&sandbox.url()) && plain.stdout.lines().count() == 1, "{plain:#?}");
    let page = get(&src);
    assert!(page.contains("200 OK") && page.contains("Half &lt;b&gt;price"), "{page}");
}

#[test]
fn a_message_too_long_for_an_address_is_refused_here() {
    let shop = Shop::open();
    let asked = shop.sandbox.count("requests");
    // A letter with an accent takes six bytes of an address.
    write_message(&shop.env, "long.json", &json!({ "text": "\u{e9}".repeat(11_000) }));
    let run = shop.env.mmsg(["message", "preview", "long.json"]).fails(5, "the message makes an address of 66");
    let _ = run.says("which is too long").says("mmsg message preview --local");
    assert_eq!(shop.sandbox.count("requests"), asked, "Graph was asked");
    write_message(&shop.env, "long.json", &json!({ "text": "\u{e9}".repeat(10_000) }));
    shop.env.mmsg(["message", "preview", "long.json"]).fails(5, "Graph refused: #100");
    // A proxy or Graph's edge may take less.
    for status in ["414 URI Too Long", "431 Request Header Fields Too Large"] {
        let between = Between::answers_to(&shop, "/generatepreviews", vec![raw(status, "", "")]);
        let env = between.environment(&shop);
        env.mmsg(["message", "preview", "promo.json"]).fails(5, "which is too long");
    }
}

#[test]
fn preview_saves_a_page_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    write_message(&env, "promo.json", &json!({"text": "<script>alert(1)</script>"}));
    env.mmsg(["message", "preview", "promo.json", "--save", "page.html"]).exits(0).says("page.html");
    let page = fs::read_to_string(env.path("page.html")).unwrap();
    assert!(page.contains("<iframe") && !page.contains("<script>alert"), "{page}");
    assert_eq!(fs::metadata(env.path("page.html")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_local_preview_asks_nobody() {
    let env = Env::new();
    write_message(&env, "promo.json", &json!({"text": "Half price"}));
    let run = env.mmsg(["message", "preview", "promo.json", "--local"]).exits(0);
    assert!(run.stdout.contains("Half price"), "{run:#?}");
}

#[test]
fn the_rules_and_the_schema_are_data() {
    let env = Env::new();
    let rules = env.mmsg(["message", "rules", "-o", "json"]).exits(0).json();
    assert!(rules.as_array().unwrap().iter().any(|rule| rule["code"] == 2_300_026 && rule["limit"] == 3), "{rules:#}");
    let schema = env.mmsg(["message", "schema"]).exits(0).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn explain_prints_the_row_of_a_code() {
    let env = Env::new();
    let run = env.mmsg(["explain", "2300034", "-o", "json"]).exits(0);
    let row = match run.json() {
        Value::Array(rows) => rows[0].clone(),
        row => row,
    };
    assert_eq!(row["code"], 2_300_034);
    assert!(env.mmsg(["explain", "190"]).exits(0).stdout.contains("token"));
}

/// What a browser would get.
fn get(url: &str) -> String {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
