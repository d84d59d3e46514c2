//! Bad input: its exit code, one sentence and a hint on stderr, nothing on stdout, and nothing is planned, sent or lost.
//! What the profile file and the command line alone can get wrong is in `exits`.

use std::fs;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use mmsg_sandbox::Faults;
use serde_json::json;

use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, new_campaign, people, write_message};
use crate::common::{Env, NOBODY, Run, TOKEN};

/// Fails if the shop sent or planned anything.
#[track_caller]
fn assert_nothing_happened(shop: &Shop) {
    assert_eq!(shop.sandbox.count("sends"), 0, "a request to /messages");
    if shop.ledger().exists() {
        assert_eq!(shop.asks_ledger("select count(*) from sends"), ["0"], "rows were planned");
    }
}

fn send(shop: &Shop, env: &Env) -> Run {
    env.mmsg_reading(people(3).join("\n"), shop.words(&[]))
}

#[test]
fn nothing_set_up_is_3() {
    let env = Env::new();
    write_message(&env, "promo.json", &json!({"text": "Hello"}));
    for words in [
        &["campaign", "list"][..],
        &["campaign", "create", "--lifetime-budget", "3000"],
        &["campaign", "get", "1"],
        &["campaign", "delete", "1"],
        &["message", "preview", "promo.json"],
        &["send", "--campaign", "1", "--message", "promo.json"],
        &["send", "--resume"],
    ] {
        let run = env.mmsg_reading("123456\n", words).exits(3);
        run.fails(3, "mmsg init");
    }
    assert!(!env.path(".local").exists(), "a ledger was made");
}

#[test]
fn wrong_settings_are_3_before_any_request() {
    let shop = Shop::open();
    let before = shop.sandbox.count("requests");
    for (name, value, said) in [
        ("MMSG_AD_ACCOUNT", "act_", "not an ad account ID"),
        ("MMSG_AD_ACCOUNT", "12x", "not an ad account ID"),
        ("MMSG_GRAPH_URL", "http://graph.facebook.com", "plain http"),
        ("MMSG_LEDGER", "ledger.db", "must be absolute"),
        ("MMSG_PROFILE", "nobody", "nobody"),
    ] {
        let env = shop.sandbox.environment().set(name, value);
        write_message(&env, "promo.json", &json!({"text": "Hello"}));
        send(&shop, &env).fails(3, said);
    }
    assert_eq!(shop.sandbox.count("requests"), before);
    assert_nothing_happened(&shop);
    // Bare digits get their act_.
    let account = "10153748269001475";
    let env = shop.sandbox.environment().set("MMSG_AD_ACCOUNT", account);
    env.mmsg(["campaign", "list"]).exits(0);
}

#[test]
fn a_clock_that_is_off_is_3() {
    for minutes in [-11, 11] {
        let shop = Shop::with(|options| options.date_skew = SignedDuration::from_mins(minutes));
        shop.send(&people(3), &[]).fails(3, "clock says");
        assert_nothing_happened(&shop);
        shop.send(&people(3), &["--dry-run"]).fails(3, "clock says");
    }
    let shop = Shop::with(|options| options.date_skew = SignedDuration::from_mins(9));
    let _ = shop.totals(&people(3), &[], 0);
}

#[test]
fn a_clock_behind_the_ledger_is_3() {
    let shop = Shop::open();
    let list = people(3);
    let _ = shop.totals(&list, &["--max-sends", "1"], 6);
    shop.let_hours_pass(-1);
    shop.send(&list, &[]).fails(3, "the ledger has seen");
    shop.env.mmsg(["send", "--resume"]).fails(3, "the ledger has seen");
    assert_eq!(shop.sandbox.count("sends"), 1);
}

#[test]
fn a_token_that_is_missing_empty_or_malformed_is_4() {
    let shop = Shop::open();
    let before = shop.sandbox.count("requests");
    let env = || shop.sandbox.environment();
    let fresh = |env: Env| {
        write_message(&env, "promo.json", &json!({"text": "Hello"}));
        env
    };
    let without = |text: &str| {
        let env = shop.sandbox.environment().set("MMSG_TOKEN", "").profiles(&format!("[profiles.default]\n{text}\n"));
        fresh(env.unset("MMSG_TOKEN"))
    };
    send(&shop, &without("campaign_name = 'x'")).fails(4, "no access token");
    send(&shop, &without("token = ''")).exits(4);
    send(&shop, &without("token = { file = '/nowhere' }")).fails(4, "/nowhere");
    send(&shop, &without("token = { env = 'NOT_SET' }")).fails(4, "NOT_SET");
    send(&shop, &without("token = { command = ['false'] }")).fails(4, "false");
    for wrong in ["EAAB with a space", "EAAB\twith-a-tab", "EAABtwo\nlines"] {
        let run = send(&shop, &fresh(env().set("MMSG_TOKEN", wrong))).exits(4).prints_nothing();
        assert!(!run.stderr.contains(wrong), "{run:#?}");
    }
    assert_eq!(shop.sandbox.count("requests"), before, "a request with a malformed token");
    // One final newline of a file or command is cut, two are not.
    let file = shop.env.path("token");
    for (text, code) in [(format!("{TOKEN}\n"), 0), (TOKEN.to_owned(), 0), (format!("{TOKEN}\n\n"), 4)] {
        fs::write(&file, text).unwrap();
        let env = without(&format!("token = {{ file = '{}' }}", file.display()));
        env.mmsg(["campaign", "list"]).exits(code);
        let env = without(&format!("token = {{ command = ['cat', '{}'] }}", file.display()));
        env.mmsg(["campaign", "list"]).exits(code);
    }
    fs::remove_file(file).unwrap();
    assert_nothing_happened(&shop);
}

#[test]
fn a_token_that_graph_refuses_is_4() {
    let shop = Shop::open();
    let env = shop.sandbox.environment().set("MMSG_TOKEN", "EAABdead-token-of-somebody");
    write_message(&env, "promo.json", &json!({"text": "Hello"}));
    env.mmsg(["campaign", "list"]).fails(4, "Graph refused");
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).fails(4, "Graph refused");
    send(&shop, &env).fails(4, "Graph refused");
    assert_nothing_happened(&shop);
    for code in ["190/463", "200", "10", "294", "102"] {
        let faults = Faults::parse(&format!("{code}=100%")).unwrap();
        shop.sandbox.turn(|dials| dials.read_errors = faults);
        let run = shop.send(&people(3), &[]);
        assert!(run.stderr.contains("fbtrace_id"), "{code}: {run:#?}");
        run.fails(4, "Graph refused");
    }
    assert_nothing_happened(&shop);
}

#[test]
fn wrong_budgets_are_2() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    for budget in [
        &["--daily-budget", "500", "--lifetime-budget", "3000"][..],
        &[],
        &["--lifetime-budget", "30.00"],
        &["--lifetime-budget", "many"],
        &["--lifetime-budget", "0"],
        &["--lifetime-budget", "-3000"],
        &["--daily-budget", "0"],
        &["--daily-budget", ""],
        &["--daily-budget", "99999999999999999999999"],
    ] {
        let run = env.mmsg(["campaign", "create"].iter().chain(budget)).exits(2).prints_nothing();
        assert!(run.stderr.starts_with("error: "), "{budget:?}: {run:#?}");
    }
    assert_eq!(sandbox.count("requests"), 0);
}

#[test]
fn no_such_column_and_a_terminal_on_stdin_are_2() {
    let shop = Shop::open();
    let run = shop.env.mmsg_reading("id,name\n1,Ann\n", shop.words(&["--token-column", "psid"]));
    run.fails(2, "psid");
    shop.env.mmsg_reading("id,name\n1,Ann\n", shop.words(&[])).fails(2, "--token-column");
    let words = shop.words(&[]);
    let run = shop.env.terminal(100, &words).end().exits(2);
    assert!(run.stdout.contains("stdin is a terminal") && run.stdout.contains("hint: "), "{run:#?}");
    let run = shop.env.terminal(100, &["tokens", "import", "--audience", "x"]).end().exits(2);
    assert!(run.stdout.contains("stdin is a terminal"), "{run:#?}");
    assert_nothing_happened(&shop);
}

#[test]
fn what_is_missing_or_contradicts_itself_is_2() {
    let shop = Shop::open();
    let env = &shop.env;
    env.mmsg_reading("1\n", ["send", "--message", "promo.json"]).fails(2, "no campaign");
    env.mmsg_reading("1\n", ["send", "--campaign", &shop.campaign]).fails(2, "no message");
    env.mmsg_reading("1\n", ["send", "--campaign", &shop.campaign, "--message", "none.json"]).fails(2, "none.json");
    env.mmsg(["send", "--resume", "--again"]).exits(2).prints_nothing();
    env.mmsg(["send", "--resume", "--message", "promo.json"]).exits(2).prints_nothing();
    env.mmsg_reading("1\n", shop.words(&["--rate", "0"])).exits(2).prints_nothing();
    env.mmsg_reading("1\n", shop.words(&["--rate", "fast"])).exits(2).prints_nothing();
    env.mmsg(shop.words(&["nowhere.csv"])).exits(2).prints_nothing().says("nowhere.csv");
    assert_nothing_happened(&shop);
}

#[test]
fn a_message_that_is_none_or_breaks_a_limit_is_5() {
    let shop = Shop::open();
    let before = shop.sandbox.count("requests");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("no JSON", b"{\"text\":\n  \"a\" oops}".to_vec(), "line 2, column 7"),
        ("empty", Vec::new(), "empty"),
        ("no object", b"[1]".to_vec(), "object"),
        ("not UTF-8", b"{\"text\":\"\xff\xfe\"}".to_vec(), ""),
        ("too large", format!("{{\"text\":\"{}\"}}", "x".repeat(2_000_000)).into_bytes(), "large"),
        ("too long", json!({"text": "x".repeat(641)}).to_string().into_bytes(), "640"),
    ];
    for (what, bytes, said) in cases {
        fs::write(shop.env.path("promo.json"), bytes).unwrap();
        let run = shop.send(&people(3), &[]).exits(5).prints_nothing();
        assert!(run.stderr.contains(said), "{what}: {run:#?}");
        run.fails(5, "");
        let run = shop.env.mmsg(["message", "validate", "promo.json"]).exits(5);
        // Only a message has violations; what is none has an error.
        assert_eq!(run.stdout.is_empty(), what != "too long", "{what}: {run:#?}");
    }
    assert_eq!(shop.sandbox.count("requests"), before);
    assert_nothing_happened(&shop);
}

#[test]
fn lists_without_anybody_are_5() {
    let shop = Shop::open();
    let lists: Vec<(&str, Vec<u8>)> = vec![
        ("zero bytes", Vec::new()),
        ("no good row", b"token\nx y\n1.2E+16\n".to_vec()),
        ("no text", [b"\x7fELF\0\0\0".as_slice(), &[0; 5000]].concat()),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
    ];
    for (what, list) in lists {
        let run = shop.env.mmsg_reading(list.clone(), shop.words(&[])).exits(5);
        assert!(run.stdout.is_empty() && run.stderr.contains("error: "), "{what}: {run:#?}");
        run.fails(5, "");
        let words = ["tokens", "import", "--audience", "spring"];
        shop.env.mmsg_reading(list, words).fails(5, "");
    }
    shop.env.mmsg(shop.words(&["--audience", "spring"])).exits(2);
    assert_nothing_happened(&shop);
}

#[test]
fn a_campaign_that_graph_does_not_know_or_of_another_page_or_account_is_5() {
    let shop = Shop::with(|options| {
        options.pages.push("777".to_owned());
        options.ad_accounts.push("888".to_owned());
    });
    for unknown in ["999999999", "no-such-campaign"] {
        shop.send(&people(3), &["--campaign", unknown]).fails(5, unknown);
        shop.send(&people(3), &["--campaign", unknown, "--dry-run"]).fails(5, unknown);
    }
    let env = shop.sandbox.environment().set("MMSG_PAGE", "777");
    let theirs = new_campaign(&env);
    shop.send(&people(3), &["--campaign", &theirs]).fails(5, "belongs to Page 777");
    let env = shop.sandbox.environment().set("MMSG_AD_ACCOUNT", "888");
    let theirs = new_campaign(&env);
    for args in [&["--campaign", &theirs][..], &["--campaign", &theirs, "--dry-run"]] {
        shop.send(&people(3), args).fails(5, "belongs to ad account act_888");
    }
    let all = shop.env.mmsg(["campaign", "list", "--all", "-o", "json"]).exits(0).json();
    let ordinary = all.as_array().unwrap().iter().find(|row| row["is_message_campaign"] != true).unwrap();
    shop.send(&people(3), &["--campaign", ordinary["id"].as_str().unwrap()]).fails(5, "ordinary ad");
    // One that was deleted meanwhile.
    shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).exits(0);
    shop.send(&people(3), &[]).fails(5, "deleted");
    assert_nothing_happened(&shop);
}

#[test]
fn an_id_cannot_change_the_path() {
    let shop = Shop::open();
    for id in ["../me", "1/insights", "1?fields=x", "%2e%2e", "act_1"] {
        let run = shop.env.mmsg(["campaign", "get", id]);
        assert!(matches!(run.code, 2 | 5) && run.stdout.is_empty(), "{id}: {run:#?}");
    }
    shop.env.mmsg(["campaign", "delete", "../me", "--yes"]).prints_nothing();
    assert_eq!(shop.sandbox.count("deleted"), 0);
}

#[test]
fn a_graph_that_cannot_be_reached_is_7() {
    let shop = Shop::open();
    let env = shop.sandbox.environment().set("MMSG_GRAPH_URL", NOBODY);
    write_message(&env, "promo.json", &json!({"text": "Hello"}));
    let begin = Instant::now();
    send(&shop, &env).fails(7, "can't be reached");
    // As long as all tries of a read may take.
    assert!(begin.elapsed() < Duration::from_secs(90), "{:?}", begin.elapsed());
    // A create that could not leave is not unknown.
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).fails(7, "can't be reached");
}

#[test]
fn strange_answers_to_a_read_are_7() {
    for (fault, said) in [
        ("200-html", "other than Graph's JSON"),
        ("truncated", "200"),
        ("503-html", "503"),
        ("drop", "before the answer was complete"),
    ] {
        let shop = Shop::open();
        let faults = Faults::parse(&format!("{fault}=100%")).unwrap();
        shop.sandbox.turn(|dials| dials.read_errors = faults);
        shop.send(&people(3), &[]).fails(7, said);
        assert_nothing_happened(&shop);
    }
}

#[test]
fn a_read_goes_on_after_a_moments_trouble() {
    let shop = Shop::open();
    for fault in ["503-html", "2", "drop", "truncated"] {
        let faults = Faults::parse(&format!("{fault}=100%*2")).unwrap();
        shop.sandbox.turn(|dials| dials.read_errors = faults);
        shop.env.mmsg(["campaign", "get", &shop.campaign]).exits(0);
    }
}

#[test]
fn a_graph_that_never_answers_is_7_after_its_slowest_answer_was_waited_for() {
    let shop = Shop::open();
    shop.sandbox.turn(|dials| dials.stall = true);
    let begin = Instant::now();
    shop.send(&people(3), &[]).fails(7, "did not answer in time");
    // Graph's own edge gives up after 60 s.
    assert!(begin.elapsed().as_secs() >= 60, "{:?}", begin.elapsed());
    assert_nothing_happened(&shop);
}

#[test]
fn questions_without_a_terminal_are_9() {
    let shop = Shop::open();
    let _ = shop.totals(&people(2), &["--max-sends", "0"], 6);
    shop.env.mmsg(["campaign", "delete", &shop.campaign]).fails(9, "can't ask for confirmation");
    shop.env.mmsg(["broadcast", "close", "1"]).fails(9, "can't ask for confirmation");
    assert_eq!(shop.sandbox.count("deleted"), 0);
    // On a narrow terminal and with --quiet, too, what goes is told before the question, and each of them once.
    let mut terminal = shop.env.terminal(40, &["campaign", "delete", &shop.campaign, "--quiet"]);
    terminal.wait_for("will be permanently deleted: ");
    terminal.wait_for("Delete it? This can't be undone. [y/N]").wait_until_hidden().type_keys("n\n");
    terminal.end().exits(9);
    assert_eq!(shop.sandbox.count("deleted"), 0);
}

#[test]
fn a_ledger_of_a_newer_version_is_10() {
    let shop = Shop::open();
    let _ = shop.totals(&people(2), &["--max-sends", "0"], 6);
    rusqlite::Connection::open(shop.ledger()).unwrap().pragma_update(None, "user_version", 999).unwrap();
    shop.send(&people(2), &[]).fails(10, "newer version");
    shop.send(&people(2), &["--dry-run"]).fails(10, "newer version");
    shop.env.mmsg(["send", "--resume"]).fails(10, "newer version");
    shop.env.mmsg(["unknown", "list"]).fails(10, "newer version");
    assert_eq!(shop.sandbox.count("sends"), 0);
}

#[test]
fn a_ledger_of_another_graph_host_is_10() {
    let shop = Shop::open();
    let _ = shop.totals(&people(2), &["--max-sends", "0"], 6);
    let other = Shop::open();
    let ledger = shop.ledger();
    let ledger = ledger.to_str().unwrap();
    other.send(&people(2), &["--ledger", ledger]).fails(10, "belongs to");
    other.send(&people(2), &["--ledger", ledger, "--dry-run"]).fails(10, "belongs to");
    other.env.mmsg(["send", "--resume", "--ledger", ledger]).fails(10, "belongs to");
    assert_eq!(other.sandbox.count("sends") + shop.sandbox.count("sends"), 0);
}

#[test]
fn what_is_no_ledger_is_10_and_left_alone() {
    let shop = Shop::open();
    let path = shop.env.path("notes.db");
    fs::write(&path, "not a database, but the only copy of something\n".repeat(200)).unwrap();
    shop.send(&people(2), &["--ledger", "notes.db"]).fails(10, "notes.db");
    assert!(fs::read_to_string(&path).unwrap().starts_with("not a database"));
    let other = rusqlite::Connection::open(shop.env.path("other.db")).unwrap();
    other.execute_batch("create table theirs (x); insert into theirs values (1)").unwrap();
    drop(other);
    shop.send(&people(2), &["--ledger", "other.db"]).fails(10, "not a ledger made by mmsg");
    shop.send(&people(2), &["--ledger", "/proc/none/ledger.db"]).fails(10, "/proc/none");
    assert_nothing_happened(&shop);
}

#[test]
fn a_ledger_that_is_not_there_is_10_and_none_is_made() {
    let env = Env::new();
    // Not at the default path either: "no unknown sends" would be said of nothing.
    for args in [&["broadcast", "list"][..], &["unknown", "list"], &["unknown", "list", "-o", "csv"]] {
        env.mmsg(args).fails(10, "there is no ledger at ").says("(default)");
        assert!(!env.path(".local/share/mmsg/ledger.db").exists(), "{args:?} made a ledger");
    }
    let look: [&[&str]; 6] = [
        &["broadcast", "list"],
        &["broadcast", "close", "1"],
        &["unknown", "list"],
        &["unknown", "resolve", "--all", "--as", "accepted"],
        &["why", "12348141984909088"],
        &["broadcast", "list", "-q"],
    ];
    for args in look {
        let run = env.mmsg([args, &["--ledger", "typo/ledger.db"]].concat());
        run.fails(10, "there is no ledger at ").says("--ledger");
        assert!(!env.path("typo").exists(), "{args:?} made a ledger");
    }
    let elsewhere = env.path("gone.db").display().to_string();
    let env = env.set("MMSG_LEDGER", elsewhere);
    env.mmsg(["broadcast", "list"]).fails(10, "there is no ledger at ").says("MMSG_LEDGER");
}
