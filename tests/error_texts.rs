//! What an operator reads when something is wrong is committed, a file for each kind: read side by side, seen in review.
//!
//! A session shows the command, what it printed, and its exit code when that is not 0.

use std::fs;

use serde_json::json;

use crate::common::session::Session;
use crate::common::shop::{Shop, people, write_message};
use crate::common::{Env, TOKEN};
use crate::{other_sender, restore};

/// Environment variables enough for commands that ask nobody.
fn shop_variables(env: Env) -> Env {
    env.set("MMSG_TOKEN", TOKEN).set("MMSG_AD_ACCOUNT", "12").set("MMSG_PAGE", "34")
}

#[test]
fn the_committed_errors_of_commands_are_fresh() {
    let shop = Shop::open();
    let env = &shop.env;
    let mut session = Session::default();
    for line in [
        "nope",
        "campaign",
        "send --nope",
        "tokens export --audience spring --ledger none.db",
        "config show -o yaml",
        "--quiet --verbose config path",
        "--color sometimes config path",
        "campaign get act_1",
        "campaign get abc",
        "campaign get",
        "campaign create",
        "campaign create --daily-budget 500 --lifetime-budget 3000",
        "campaign create --lifetime-budget 30.00",
        "campaign create --lifetime-budget 0",
        "campaign create --lifetime-budget 99999999999999999999999",
        "campaign create --lifetime-budget 3000 --page shop",
        "campaign create --lifetime-budget 3000 --pixel-id x",
        "campaign create --lifetime-budget 3000 --start-time 1d",
        "campaign create --lifetime-budget 3000 --start-time 2020-01-01T00:00:00Z",
        "campaign create --lifetime-budget 3000 --name=",
        "campaign insights --since 2026-11-02 --until 2026-11-01",
        "campaign insights --since someday",
        "campaign estimate --daily-budget 500 --days 0",
        "explain abc",
        "explain 7654321",
        "message validate none.json",
        "message build",
        "message build --button Shop",
        "message build --title Hi --subtitle xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx --button Shop=shop",
        "message build --template nothing",
        "message preview promo.json --value name",
        "message preview promo.json --local --row 9",
        "send --campaign 1 --message promo.json --rate 0",
        "send --campaign 1 --message promo.json --rate fast",
        "send --campaign 1 --message promo.json --concurrency 0",
        "send --campaign 1 --message promo.json --concurrency 5000",
        "send --campaign 1 --message promo.json --wait=long",
        "send --campaign 1 --message promo.json --until tomorrow",
        "send --campaign 1 --message promo.json --retry-refused x",
        "send --campaign 1 --message promo.json --max-sends many",
        "send --campaign 1 --message promo.json --delimiter ;;",
        "send --campaign 1 --message promo.json nowhere.csv",
        "send --campaign 1 --message promo.json --audience spring",
        "send --campaign 1 --message none.json",
        "send --campaign 1",
        "send --message promo.json",
        "send --campaign 1 --message promo.json --label=",
        "send --resume --label spring",
        "send --campaign 1 --message promo.json --test 1.23E+16",
        "send --campaign 1 --message promo.json --test 12348141984909088 promo.json",
        "send --campaign 1 --message promo.json --test 12348141984909088 --canary 1%",
        "send --campaign 1 --message promo.json --value name=x",
        "send --resume --again",
        "send --resume --message promo.json",
        "tokens import",
        "tokens list --zone Mars/Olympus",
        "tokens list --expires-within soon",
        "tokens export --audience spring",
        "send --campaign 1 --message promo.json list.csv --eligible",
        "send --resume --never-sent",
        "tokens suppress",
        "tokens suppress --token 1 list.csv",
        "tokens suppress --token 7104857600123456781 --reason  ",
        "tokens unsuppress --token 7104857600123456781",
        "tokens fetch --custom-audience 7",
        "tokens fetch --audience spring --custom-audience spring",
        "tokens import nowhere.csv --audience spring",
        "tokens suppress 12348141984909088",
        "broadcast close",
        "broadcast close first",
        "unknown resolve",
        "unknown resolve --as accepted",
        "unknown resolve --as sent --all",
        "unknown list --since 1x",
        "why",
        "report --broadcast x",
        "report --since 1x",
        "report --since 2026-11-02 --until 2026-11-01",
        "report --watch",
        "webhook serve --listen nowhere",
        "webhook serve --path webhook",
        "webhook ingest",
        "webhook ingest nowhere",
        "webhook subscribe --fields Reads!",
        "completions tcsh",
        "man --dir /proc/none",
        "sandbox --errors lots",
        "sandbox --errors nope=1%",
        "sandbox --lost-replies 200%",
        "sandbox --latency soon",
        "sandbox --time-scale 0",
        "sandbox --time-zone Nowhere/Never",
        "init",
        "init --ad-account x --page 1 --token-env T",
        "init --ad-account 1 --page 1 --token-env A|B",
    ] {
        session.run(env, &line.split(' ').collect::<Vec<_>>());
    }
    session.run(env, &["config", "show", "-o", "json", "--nope"]);
    session.is_committed_as("commands");
}

#[test]
fn the_committed_errors_of_settings_are_fresh() {
    let mut session = Session::default();
    let mut profiles = |text: &str| {
        let env = Env::new().profiles(text);
        session.0.push_str(&format!("config.toml:\n{text}"));
        session.run(&env, &["config", "show"]);
    };
    profiles("[profiles.shop\n");
    profiles("profiles = 1\n");
    profiles("[profile.shop]\n");
    for line in [
        "tokn = 'x'",
        "token = x",
        "token = { environment = 'X' }",
        "token = 7",
        "ad_account = 'shop'",
        "page = []",
        "page = 'shop'",
        "api_version = 'latest'",
        "graph_url = 'http://graph.facebook.com'",
        "graph_url = 'graph'",
        "graph_url = 'https://graph.facebook.com/v26.0'",
        "ledger = 'ledger.db'",
        "send.rate = 0",
        "send.rate = 'fast'",
        "send.concurrency = 0",
        "send.cool_down = '1h'",
        "send.cool_down = 'soon'",
        "send.campaign = ''",
        "send.mesage = 'promo.json'",
    ] {
        profiles(&format!("[profiles.shop]\n{line}\n"));
    }
    for (name, value) in [
        ("MMSG_PROFILE", "nobody"),
        ("MMSG_AD_ACCOUNT", "shop"),
        ("MMSG_PAGE", "shop"),
        ("MMSG_GRAPH_URL", "http://example.com"),
        ("MMSG_LEDGER", "ledger.db"),
        ("MMSG_API_VERSION", "latest"),
        ("MMSG_CONFIG", "none.toml"),
        ("MMSG_OUTPUT", "yaml"),
    ] {
        session.0.push_str(&format!("$ export {name}={value}\n"));
        session.run(&Env::new().set(name, value), &["config", "show"]);
    }
    let two = || Env::new().profiles("[profiles.shop]\n[profiles.test]\n");
    session.run(&two(), &["config", "show", "--profile", "shpo"]);
    session.run(&two(), &["campaign", "list"]);
    session.run(&Env::new(), &["config", "show", "--profile", "shop"]);

    let empty = Env::new();
    session.run(&empty, &["campaign", "list"]);
    session.run(&empty, &["send", "--resume"]);
    let none = |text: &str| Env::new().profiles(&format!("[profiles.shop]\nad_account = '1'\npage = '2'\n{text}\n"));
    for text in [
        "",
        "token = ''",
        "token = 'two words'",
        "token = { file = '/nowhere' }",
        "token = { env = 'NOT_SET' }",
        "token = { command = ['false'] }",
        "token = { command = ['no-such-command'] }",
    ] {
        session.0.push_str(&format!("config.toml: {text}\n"));
        session.run(&none(text), &["campaign", "list"]);
    }
    session.run(&Env::new().set("MMSG_TOKEN", TOKEN), &["campaign", "list"]);
    session.run(&shop_variables(Env::new()), &["webhook", "serve"]);
    session.is_committed_as("settings");
}

#[test]
fn the_committed_errors_of_lists_are_fresh() {
    let env = &shop_variables(Env::new());
    let mut session = Session::default();
    for (what, list) in [
        ("empty", String::new()),
        ("only white space", "\n\n".to_owned()),
        ("one column without a good row", "token\nx y\n1.2E+16\n".to_owned()),
        ("no token column", "id,name\n1,Ann\n2,Bob\n".to_owned()),
        ("two token columns", "token,subscription_token\n1,2\n".to_owned()),
        ("rows without a header", "1,2\n3,4\n".to_owned()),
        ("not text", format!("\u{7f}ELF{}", "\0".repeat(5000))),
        ("a PNG", "PNG\r\n\0\0\0".to_owned()),
        ("NDJSON without a token", "{\"id\":\"1\",\"name\":\"Ann\"}\n".to_owned()),
        ("broken JSON", "[{\"token\":\"1\"},{\"token\":".to_owned()),
        ("an error of Graph", json!({"error": {"message": "Invalid OAuth access token.", "code": 190}}).to_string()),
        ("a spreadsheet's numbers", (10..30).map(|n| format!("{n}348141984909000\n")).collect()),
    ] {
        session.0.push_str(&format!("{what}:\n"));
        session.run_reading(env, &list, &["tokens", "import", "--audience", "spring"]);
    }
    let words = ["tokens", "import", "--audience", "spring"];
    session.run_reading(env, "token\n1\n", &[&words[..], &["--token-column", "psid"]].concat());
    session.run_reading(env, "token\n1\n\n2 3\n", &[&words[..], &["--strict"]].concat());
    session.run_reading(env, "1\n", &[&words[..], &["-", "-"]].concat());
    session.run_reading(env, "1\n", &[&words[..], &["--reject", "no/where.csv"]].concat());
    fs::write(env.path("list.csv"), "1\n").unwrap();
    session.run(env, &[&words[..], &["list.csv", "--reject", "list.csv"]].concat());
    fs::write(env.path("list.csv.gz"), b"\x1f\x8b\x08\0damaged").unwrap();
    session.run(env, &[&words[..], &["list.csv.gz"]].concat());
    // Bad rows among good ones, and a list without rows, are not an error.
    let bad = format!("token,name\n1,Ann\n2 3,Bob\n4,\"Cy\n{},Dee\n1.2E+16,Eve\n,Flo\n", "9".repeat(600));
    session.run_reading(env, &bad, &words);
    session.run_reading(env, "token\n", &words);
    session.is_committed_as("lists");
}

#[test]
fn the_committed_errors_of_messages_are_fresh() {
    let env = &shop_variables(Env::new());
    let mut session = Session::default();
    session.run(env, &["message", "rules", "-o", "csv"]);
    for (text, what) in [
        ("", "empty"),
        ("[1]", "a list"),
        ("{\"text\":\n  \"a\" oops}", "broken"),
        ("{\"text\":\"a\",\"text\":\"b\"}", "a key twice"),
        ("{\"text\":\"${a}\",\"n\":123456789012345678901}", "a number too long"),
        ("{\"text\":\"${a\"}", "a placeholder that is not closed"),
    ] {
        fs::write(env.path("message.json"), text).unwrap();
        session.0.push_str(&format!("{what}:\n"));
        session.run(env, &["message", "validate", "message.json"]);
    }
    let button = |button: serde_json::Value| {
        json!({"attachment": {"type": "template",
            "payload": {"template_type": "button", "text": "Hello", "buttons": [button]}}})
    };
    let generic = |card: serde_json::Value| json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [card]}}});
    for message in [
        json!({}),
        json!({"text": "x".repeat(641)}),
        json!({"text": "a", "attachment": {"type": "image"}}),
        json!({"text": "Hello {{first_nam}}, {{ last_name }}"}),
        json!({"text": "100 $ {name} %s"}),
        json!({"text": 7, "quick_replies": {"a": 1}}),
        json!({"text": "a", "metadata": "x"}),
        button(json!({"type": "web_ur", "title": "Shop", "url": "shop.example"})),
        button(json!({"type": "web_url", "title": "b".repeat(21), "url": "${host}/a"})),
        button(json!({"type": "postback", "title": "Yes"})),
        generic(json!({"titel": "Sale"})),
        generic(json!({"title": "t".repeat(93), "subtitle": "1\n2\n3\n4\n5", "image_url": "<IMAGE_URL>"})),
        generic(json!({"title": "Sale", "media_type": "video"})),
        json!({"attachment": {"type": "template", "payload": {"template_type": "generics"}}}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [
            {"media_type": "image", "url": "https://shop.example/videos/1"}]}}}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "receipt", "currency": "usd",
            "timestamp": "2026-01-01", "summary": {"total_cost": "x"}}}}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "coupon", "title": "20%",
            "coupon_code": "A1", "expire_time": "2026-02-29 00:00:00"}}}),
    ] {
        write_message(env, "message.json", &message);
        session.0.push_str(&format!("{message}:\n"));
        session.run(env, &["message", "validate", "message.json", "-o", "csv"]);
    }
    write_message(env, "message.json", &json!({"text": "x".repeat(641)}));
    session.run(env, &["send", "--campaign", "1", "--message", "message.json"]);
    for (text, what) in [
        ("template = ", "broken TOML"),
        ("text = 'Hello'", "no template"),
        ("template = 'cards'", "an unknown template"),
        ("template = 'text'\ntxt = 'Hello'", "a typo"),
    ] {
        fs::write(env.path("message.toml"), text).unwrap();
        session.0.push_str(&format!("{what}:\n"));
        session.run(env, &["message", "build", "--from", "message.toml"]);
    }
    session.is_committed_as("messages");
}

/// What a closed gate says, to whoever sends and to whoever opens it.
#[test]
fn the_committed_errors_of_restored_ledgers_are_fresh() {
    let list = people(30);
    let mut session = Session::default();
    let send = |session: &mut Session, shop: &Shop, more: &[&str]| {
        let campaign = shop.campaign.as_str();
        let words = ["send", "--campaign", campaign, "--message", "promo.json", "--concurrency", "1"];
        session.run_reading(&shop.env, &list.join("\n"), &[&words, more].concat());
    };
    let shop = restore::forgetful_shop();
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let backup = restore::back_up(&shop);
    let _ = shop.totals(&list, &[], 0);
    restore::put_back(&shop, &backup);
    send(&mut session, &shop, &[]);
    send(&mut session, &shop, &["--dry-run"]);
    session.run(&shop.env, &["send", "--resume"]);
    session.run(&shop.env, &["ledger", "accept-restore"]);
    session.run(&shop.env, &["ledger", "accept-restore", "--other-sender", "--yes"]);
    session.run(&shop.env, &["ledger", "accept-restore", "--since", "2026-01-01T00:00:00Z"]);

    let shop = other_sender::elsewhere(&list);
    send(&mut session, &shop, &["--rate", "unlimited"]);
    send(&mut session, &shop, &[]);
    send(&mut session, &shop, &["--dry-run"]);
    session.run(&shop.env, &["send", "--resume"]);
    session.run(&shop.env, &["ledger", "accept-restore", "--other-sender"]);
    session.run(&shop.env, &["ledger", "accept-restore", "--other-sender", "--yes"]);
    session.run(&shop.env, &["ledger", "accept-restore", "--since", "2026-01-01T00:00:00Z", "--yes"]);
    session.is_committed_as("restored");
}

#[test]
fn the_committed_errors_of_ledgers_are_fresh() {
    let env = &shop_variables(Env::new());
    write_message(env, "promo.json", &json!({"text": "Hello"}));
    let mut session = Session::default();
    for line in ["broadcast list", "unknown list", "report", "why 12348141984909088", "unknown settle --events-only"] {
        session.run(env, &line.split(' ').collect::<Vec<_>>());
        session.run(env, &[line.split(' ').collect::<Vec<_>>(), vec!["--ledger", "typo/ledger.db"]].concat());
    }
    session.run(env, &["broadcast", "close", "1"]);
    fs::write(env.path("notes.db"), "not a database\n".repeat(600)).unwrap();
    rusqlite::Connection::open(env.path("other.db")).unwrap().execute_batch("create table theirs (x)").unwrap();
    fs::create_dir(env.path("folder")).unwrap();
    for ledger in ["notes.db", "other.db", "folder", "/proc/none/ledger.db"] {
        session.run(env, &["broadcast", "list", "--ledger", ledger]);
        session.run_reading(env, "1\n", &["tokens", "import", "--audience", "spring", "--ledger", ledger]);
    }
    session.run_reading(env, "1\n", &["tokens", "import", "--audience", "spring"]);
    let ledger = rusqlite::Connection::open(env.path(".local/share/mmsg/ledger.db")).unwrap();
    ledger.pragma_update(None, "user_version", 999).unwrap();
    drop(ledger);
    session.run(env, &["broadcast", "list"]);
    // Two names, then one that was used: empty, then gone.
    fs::hard_link(env.path("other.db"), env.path("second.db")).unwrap();
    session.run(env, &["broadcast", "list", "--ledger", "second.db"]);
    fs::write(env.path("used.db"), "").unwrap();
    fs::create_dir_all(env.path("runs")).unwrap();
    fs::write(env.path("runs/used.db.seen"), "").unwrap();
    session.run(env, &["broadcast", "list", "--ledger", "used.db"]);
    fs::remove_file(env.path("used.db")).unwrap();
    session.run(env, &["broadcast", "list", "--ledger", "used.db"]);
    session.run_reading(env, "1\n", &["tokens", "import", "--audience", "spring", "--ledger", "used.db"]);
    session.is_committed_as("ledgers");
}

/// What a server may answer, whatever it takes to make it answer so; and what is said of it where that takes nothing.
#[test]
fn the_committed_errors_of_servers_are_fresh() {
    let mut session = Session::default();
    for (name, exit, sentence, hint) in mmsg::server_failures() {
        assert!(sentence.starts_with("the ledger postgres://USER@HOST/DATABASE: ") && !hint.is_empty(), "{name}");
        session.0.push_str(&format!("{name}:\nerror: {sentence}\nhint: {hint}\n[exit {exit}]\n\n"));
    }
    let env = &shop_variables(Env::new()).set("USER", "me");
    for address in [
        "postgres:///shop?host=/nowhere",
        "postgres://me@127.0.0.1:1/shop",
        "postgres://me@db1,db2/shop",
        "postgres://me@db/shop?sslmod=require",
        "postgres://me@db/shop?sslmode=maybe",
        "postgres://me@db:five/shop",
        "postgres://me@db/shop?schema=Shop",
        "postgres://me@db/shop?connect_timeout=soon",
        "postgres://me:word@127.0.0.1:1/shop",
    ] {
        session.run(env, &["broadcast", "list", "--ledger", address]);
    }
    session.is_committed_as("servers");
}

#[test]
fn the_committed_codes_are_fresh() {
    let env = &Env::new();
    let mut session = Session::default();
    for (code, subcode) in mmsg::graph_codes() {
        let number = match subcode {
            Some(subcode) => format!("{code}/{subcode}"),
            None => code.to_string(),
        };
        session.run(env, &["explain", &number]);
    }
    session.is_committed_as("codes");
}
