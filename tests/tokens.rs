//! `mmsg tokens import`: lists of every shape become an audience, whole or not at all.

use std::fs;

use serde_json::{Value, json};

use crate::common::shop::{Shop, people};
use crate::common::started::Started;
use crate::common::{Env, Run};

fn import(env: &Env, list: impl Into<Vec<u8>>, args: &[&str]) -> Run {
    let words = ["tokens", "import", "--audience", "spring", "-o", "json"];
    env.mmsg_reading(list, words.iter().chain(args))
}

fn counts(imported: &Value) -> [u64; 4] {
    ["rows", "recipients", "duplicates", "bad"].map(|part| imported[part].as_u64().unwrap())
}

fn env() -> Env {
    Env::new().set("MMSG_PAGE", "1")
}

#[test]
fn lists_of_every_shape_are_read() {
    let [one, two] = [&people(2)[0], &people(2)[1]];
    let lists: Vec<(&str, Vec<u8>)> = vec![
        ("plain", format!("{one}\n{two}\n").into()),
        ("plain without a final newline", format!("{one}\n{two}").into()),
        ("CRLF and BOM", format!("\u{feff}token\r\n{one}\r\n{two}\r\n").into()),
        ("columns", format!("name,token\nAnn,{one}\n\"O, \"\"Bo\"\"\n2\",{two}\n").into()),
        ("semicolons", format!("name;Subscription_Token\nAnn;{one}\nBo;{two}\n").into()),
        ("ndjson", format!("{{\"token\":\"{one}\"}}\n{{\"token\":\"{two}\"}}\n").into()),
        ("UTF-16", utf16(&format!("token\n{one}\n{two}\n"))),
    ];
    for (what, list) in lists {
        let run = import(&env(), list, &[]).exits(0);
        assert_eq!(counts(&run.json()), [2, 2, 0, 0], "{what}: {run:#?}");
    }
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn any_column_may_hold_the_tokens() {
    let list = people(2);
    let csv = format!("id,who\n{},Ann\n{},Bo\n", list[0], list[1]);
    import(&env(), csv.clone(), &[]).exits(2);
    let run = import(&env(), csv, &["--token-column", "id"]).exits(0);
    assert_eq!(run.json()["columns"], json!(["who"]), "extra columns are kept: {run:#?}");
    let run = import(&env(), format!("Ann,{}\nBo,{}\n", list[0], list[1]), &["--token-column", "2"]).exits(0);
    assert_eq!(counts(&run.json()), [2, 2, 0, 0]);
}

#[test]
fn duplicates_are_folded_and_bad_rows_reported_with_line_and_reason() {
    let env = env();
    let list = people(3);
    let [a, b, c] = [&list[0], &list[1], &list[2]];
    let csv = format!("token,name\n{a},1\n{b},2\n{a},3\n,4\n{c},5,6,7\n1.23E+16,8\n{c},\"multi\nline\"\n{b} x,9\n");
    let run = import(&env, csv, &["--reject", "rejects.csv"]).exits(0).says("see rejects.csv");
    let [rows, recipients, duplicates, bad] = counts(&run.json());
    assert_eq!(rows, recipients + duplicates + bad);
    assert_eq!((recipients, duplicates), (3, 1), "{run:#?}");
    let rejects = fs::read_to_string(env.path("rejects.csv")).unwrap();
    for line in ["\n5,", "\n6,", "\n7,", "\n10,"] {
        assert!(rejects.contains(line), "{line:?}\n{rejects}");
    }
    assert!(rejects.contains("1.23E+16") && !rejects.contains(b.as_str()), "{rejects}");
}

#[test]
fn rows_that_are_too_long_and_lone_quotes_are_bad_rows() {
    let list = people(4);
    let long = "x".repeat(1_100_000);
    let csv = format!("token,name\n{},a\n{},{long}\n{},\"never closed\n{},d\n", list[0], list[1], list[2], list[3]);
    let env = env();
    let run = import(&env, csv, &["--reject", "rejects.csv"]).exits(0);
    assert_eq!(counts(&run.json()), [4, 2, 0, 2], "{run:#?}");
    let rejects = fs::read_to_string(env.path("rejects.csv")).unwrap();
    assert!(rejects.contains("\n3,") && rejects.contains("\n4,"), "{rejects}");
    assert!(rejects.len() < 100_000, "the report repeats a row of a megabyte");
}

#[test]
fn an_import_takes_the_place_of_the_one_before() {
    let shop = Shop::open();
    let send = |code: i32| shop.env.mmsg(shop.words(&["--audience", "spring", "-o", "json"])).exits(code).json();
    import(&shop.env, people(5).join("\n"), &[]).exits(0);
    import(&shop.env, people(8)[5..].join("\n"), &[]).exits(0);
    assert_eq!(send(0)["rows"], 3);
    assert_eq!(shop.sandbox.accepted().len(), 3);
    shop.env.mmsg(shop.words(&["--audience", "autumn"])).fails(2, "autumn");
}

#[test]
fn an_import_says_what_it_replaces_and_asks_before_it_empties() {
    let env = env();
    import(&env, people(10).join("\n"), &[]).exits(0);
    let smaller = import(&env, people(9).join("\n"), &[]).exits(0).says("audience \"spring\" had 10 recipients, now 9");
    assert!(!smaller.stderr.contains("warning"), "{smaller:#?}");
    import(&env, people(2).join("\n"), &["--quiet"])
        .exits(0)
        .says("warning: audience \"spring\" had 9 recipients, now 2");
    // A query that failed leaves a header.
    for args in [&[][..], &["--yes"], &["--quiet"]] {
        let run = import(&env, "token,name\n", args).exits(5).prints_nothing();
        assert!(run.stderr.contains("has 2 recipients") && run.stderr.contains("--replace"), "{run:#?}");
    }
    fs::write(env.path("empty.csv"), "token\n").unwrap();
    let words = ["tokens", "import", "--audience", "spring", "empty.csv"];
    let mut terminal = env.terminal(100, &words);
    terminal.wait_for("Empty audience \"spring\" (2 recipients)? [y/N]");
    terminal.type_keys("n\n");
    terminal.end().exits(9);
    let emptied = import(&env, "token\n", &["--replace"]).exits(0).says("had 2 recipients, now 0");
    assert_eq!(counts(&emptied.json()), [0, 0, 0, 0]);
    import(&env, "token\n", &[]).exits(0);
}

#[test]
fn an_import_shows_how_tokens_were_read_and_masks_them() {
    let env = env();
    let list =
        format!("Tokens\n{}\n98765432109876\n", (0..9).map(|n| format!("1234814198490908{n}\n")).collect::<String>());
    let run = import(&env, list, &[]).exits(0);
    assert!(!run.stderr.contains("12348141984909080") && !run.stderr.contains("98765432109876"), "{run:#?}");
    run.says("looks like a header (Tokens)")
        .says("first token: 1234…80 (17 digits; stdin line 2)")
        .says("oddest token: 9876…76 (14 digits; stdin line 12)");
    import(&env, "1\n2\n", &["--quiet"]).exits(0);
}

#[test]
fn memory_is_flat_however_long_the_list() {
    let env = env();
    let list: String =
        people(200_000).iter().fold(String::new(), |text, token| text + token + ",some value of theirs\n");
    fs::write(env.path("list.csv"), format!("token,name\n{list}")).unwrap();
    let mut started = env.start("", &["tokens", "import", "--audience", "spring", "list.csv"]);
    let peak = started.most_until_it_ends(Started::own_kib);
    started.ends().exits(0);
    assert!((1..64 * 1024).contains(&peak), "{peak} KiB");
}
