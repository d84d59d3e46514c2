//! `mmsg tokens erase`: what names the person is in no byte of the ledger, and they get nothing any more. The judges are the bytes of the
//! files, `psql`'s own look at a server, and the sandbox's record.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::patience::Patience;
use crate::common::receiver::notice;
use crate::common::shop::{Shop, people};
use crate::common::{files_below, holds, now};

/// A name that stands in one person's row of the list alone.
const NAME: &str = "canaryNameOfOne";

fn shop(on_server: bool) -> Shop {
    let mut shop = Shop::open();
    if on_server {
        shop.env = shop.env.on_server();
    }
    shop.message("named.json", &json!({ "text": "Hello ${name:-you}" }));
    shop
}

/// A list of these people with their names.
fn named(tokens: &[String], one: &str) -> String {
    let rows = tokens.iter().map(|token| format!("{token},{}\n", if token == one { NAME } else { "Somebody" }));
    format!("token,name\n{}", rows.collect::<String>())
}

fn ingest(shop: &Shop, body: &str) -> Value {
    shop.env.mmsg_reading(body, ["webhook", "ingest", "-", "-o", "json"]).exits(0).json()
}

/// A stop or resume of this token, of now.
fn choice(shop: &Shop, token: &str, status: &str) {
    let page = shop.env.variable("MMSG_PAGE");
    let body = json!({ "object": "page", "entry": [{ "id": page, "time": 1, "messaging": [{
        "recipient": { "id": page }, "timestamp": now(),
        "optin": { "type": "notification_messages", "notification_messages_token": token,
            "notification_messages_status": status } }] }] });
    assert_eq!(ingest(shop, &body.to_string())["opt_ins"], 1);
}

/// Where one of these texts stands, in all that the ledger keeps.
fn found(shop: &Shop, texts: &[&str]) -> Vec<String> {
    if let Some(database) = shop.env.database() {
        let tables = database.ask("select table_name from information_schema.tables where table_schema = 'public'");
        let dumped =
            tables.lines().map(|table| (table.to_owned(), database.ask(&format!("select t::text from {table} t"))));
        let samples =
            ("samples".to_owned(), database.ask("select s::text from pg_stats s where schemaname = 'public'"));
        let has = |text: &str| texts.iter().any(|one| text.contains(one));
        return dumped.chain([samples]).filter(|(_, text)| has(text)).map(|(table, _)| table).collect();
    }
    let folder = shop.ledger().parent().unwrap().to_owned();
    let files = files_below(&folder);
    assert!(files.iter().any(|file| file.ends_with("ledger.db")));
    let has = |bytes: &[u8]| texts.iter().any(|one| holds(bytes, one));
    files.into_iter().filter(|file| has(&fs::read(file).unwrap())).map(|file| file.display().to_string()).collect()
}

fn erase(shop: &Shop, token: &str) -> Value {
    let run = shop.env.mmsg(["tokens", "erase", token, "--yes", "-o", "json"]).exits(0);
    run.json()
}

#[track_caller]
fn removed(receipt: &Value, place: &str) -> u64 {
    let rows = receipt.as_array().unwrap();
    rows.iter().find(|row| row["place"] == place).unwrap()["rows"].as_u64().unwrap()
}

fn nothing_is_left_and_nothing_goes_out(on_server: bool) {
    let shop = shop(on_server);
    let list = people(40);
    let one = &list[3];
    let texts = [one.as_str(), NAME];
    let csv = named(&list, one);
    let words = ["tokens", "import", "--audience", "spring", "-o", "json"];
    let import = |csv: &str| shop.env.mmsg_reading(csv, words).exits(0).json();
    // An event that came before the ledger had seen anybody, and others afterwards.
    ingest(&shop, &notice([3, 4]));
    import(&csv);
    let send = |args: &[&str]| shop.env.mmsg(shop.words(&[&["--message", "named.json"], args].concat()));
    send(&["--audience", "spring"]).exits(0);
    ingest(
        &shop,
        &notice([3, 5])
            .replace("1764000000", &(now() / 1000).to_string())
            .replace("120210000000000123", &shop.campaign),
    );
    choice(&shop, one, "RESUME NOTIFICATIONS");
    let report = || shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
    let before = report();
    assert_eq!(before["funnel"]["read"], 2, "{before:#}");
    assert!(!found(&shop, &[one]).is_empty() && !found(&shop, &[NAME]).is_empty());

    // Without a word of consent nothing happens.
    shop.env.mmsg(["tokens", "erase", one]).fails(9, "can't ask for confirmation before erasing 1 person");
    let receipt = erase(&shop, one);
    for (place, rows) in [("recipients", 1), ("sends", 1), ("audience_rows", 2), ("events", 3)] {
        assert_eq!(removed(&receipt, place), rows, "{place}: {receipt:#}");
    }
    assert_eq!(found(&shop, &texts), Vec::<String>::new());
    assert_eq!(report()["funnel"], before["funnel"], "totals changed");
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);

    // Whatever brings the token back, it is not written down, and no request leaves.
    let again = import(&csv);
    assert_eq!([&again["recipients"], &again["erased"], &again["duplicates"]], [&json!(39), &json!(1), &json!(0)]);
    choice(&shop, one, "STOP NOTIFICATIONS");
    choice(&shop, one, "RESUME NOTIFICATIONS");
    ingest(&shop, &notice([3]));
    let _ = shop.env.mmsg(["tokens", "suppress", "--token", one, "--reason", "again"]).exits(0);
    let lifted = shop.env.mmsg(["tokens", "unsuppress", "--token", one, "-o", "json"]).exits(0);
    assert_eq!(lifted.json()["unchanged"], 1);
    let campaign = shop.other_campaign();
    let others: Vec<String> = people(80)[40..].iter().chain([one]).cloned().collect();
    let totals = shop.env.mmsg_reading(
        named(&others, one),
        shop.words(&["--message", "named.json", "--campaign", &campaign, "-o", "json"]),
    );
    let totals = totals.exits(0).json();
    assert_eq!([&totals["accepted"], &totals["skipped_by_reason"]], [&json!(40), &json!({ "suppressed": 1 })]);
    let requested: Vec<_> = shop.sandbox.requested().into_iter().filter(|token| token == one).collect();
    assert_eq!(requested.len(), 1, "a request left for somebody who was erased");
    assert_eq!(found(&shop, &texts), Vec::<String>::new());
    let listed = shop.env.mmsg(["tokens", "list", "--count"]).exits(0).stdout;
    assert_eq!(listed.trim(), "79");
    let _ = shop.env.mmsg(["why", one]).exits(0).says("nothing goes to this person: erased");
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);

    // Again, and of somebody whom the ledger never saw: kept out from now on.
    let receipt = erase(&shop, one);
    assert!(receipt.as_array().unwrap().iter().all(|row| row["rows"] == 0), "{receipt:#}");
    let unseen = &people(81)[80];
    shop.env.mmsg(["tokens", "erase", unseen]).fails(9, "never seen in this ledger; its hash is kept");
    erase(&shop, unseen);
    assert_eq!(import(&format!("token,name\n{unseen},x\n{},y\n", list[0]))["erased"], 1);
    assert_eq!(found(&shop, &[unseen]), Vec::<String>::new());
}

#[test]
fn nothing_is_left_in_a_file_and_nothing_goes_out() {
    nothing_is_left_and_nothing_goes_out(false);
}

#[test]
fn nothing_is_left_on_a_server_and_nothing_goes_out() {
    nothing_is_left_and_nothing_goes_out(true);
}

/// With all tokens of the person, also one that Meta's list brings later.
fn all_tokens_of_a_person_go(on_server: bool) {
    let mut shop = Shop::with(|options| {
        options.subscribers = 300;
        options.crowd.doubled = 0.2;
    });
    if on_server {
        shop.env = shop.env.on_server();
    }
    let rows = shop.sandbox.subscribers();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let psid = |row: &Value| text(row, "recipient_id");
    let token = |row: &Value| text(row, "notification_messages_token");
    let mut seen = BTreeSet::new();
    let twice = rows.iter().map(psid).find(|psid| !psid.is_empty() && !seen.insert(psid.clone())).unwrap();
    let theirs: Vec<String> = rows.iter().filter(|row| psid(row) == twice).map(token).collect();
    assert!(theirs.len() > 1);
    // The list comes once with only one of their tokens known, and then whole.
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let receipt = erase(&shop, &theirs[0]);
    assert_eq!(removed(&receipt, "recipients"), theirs.len() as u64);
    let texts: Vec<&str> = theirs.iter().map(String::as_str).chain([twice.as_str()]).collect();
    assert_eq!(found(&shop, &texts), Vec::<String>::new());
    let fetched = shop.env.mmsg(["tokens", "fetch", "-o", "json"]).exits(0).json();
    assert_eq!(fetched["erased"], theirs.len(), "{fetched:#}");
    let _ = shop.env.mmsg(shop.words(&["--audience", "subscribers"]));
    let requested: BTreeSet<String> = shop.sandbox.requested().into_iter().collect();
    assert!(requested.len() > 100 && theirs.iter().all(|token| !requested.contains(token)));
    assert_eq!(found(&shop, &texts), Vec::<String>::new());
    // A copy knows them as well.
    if !on_server {
        let _ = shop.env.mmsg(["ledger", "copy", shop.ledger().to_str().unwrap(), "copy.db", "--yes"]).exits(0);
        let words = ["tokens", "fetch", "-o", "json", "--ledger", "copy.db"];
        assert_eq!(shop.env.mmsg(words).exits(0).json()["erased"], theirs.len());
    }
}

#[test]
fn all_tokens_of_a_person_go_from_a_file() {
    all_tokens_of_a_person_go(false);
}

#[test]
fn all_tokens_of_a_person_go_from_a_server() {
    all_tokens_of_a_person_go(true);
}

/// What a shop's sandbox was asked for these people.
fn asked_for(shop: &Shop, people: &[&String]) -> usize {
    shop.sandbox.requested().iter().filter(|token| people.contains(token)).count()
}

#[test]
fn who_was_erased_does_not_come_back_with_a_backup() {
    // Its 12 hours are over in a moment: nobody is refused by Graph.
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let list = people(12);
    let (known, new) = (&list[3], &list[11]);
    let import = |list: &[String]| {
        let words = ["tokens", "import", "--audience", "spring", "-o", "json"];
        shop.env.mmsg_reading(list.join("\n"), words).exits(0).json()
    };
    import(&list[..10]);
    let _ = shop.env.mmsg(shop.words(&["--audience", "spring"])).exits(0);
    shop.env.mmsg(["ledger", "backup", "backup.db"]).exits(0);
    // One who is in the backup, and one who came since.
    import(&list);
    erase(&shop, known);
    erase(&shop, new);
    let before = (asked_for(&shop, &[known]), asked_for(&shop, &[new]));
    assert_eq!(before, (1, 0));
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.ledger().with_file_name(format!("ledger.db{end}")));
    }
    fs::rename(shop.env.path("backup.db"), shop.ledger()).unwrap();
    assert!(!found(&shop, &[known]).is_empty());
    let words = shop.words(&["--audience", "spring"]);
    shop.env.mmsg(&words).fails(11, "is older than what was sent from it");
    let accept = ["ledger", "accept-restore", "--since", "2026-01-01T00:00:00Z", "--yes", "-o", "json"];
    assert_eq!(shop.env.mmsg(accept).exits(0).json()["erased_again"], 1);
    assert_eq!(found(&shop, &[known, new]), Vec::<String>::new());
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);

    assert_eq!(import(&list)["erased"], 2);
    shop.let_hours_pass(14);
    let campaign = shop.other_campaign();
    let words = shop.words(&["--campaign", &campaign, "--allow-restored", "-o", "json"]);
    let totals = shop.env.mmsg_reading(list.join("\n"), words).exits(0).json();
    assert_eq!(
        [&totals["accepted"], &totals["skipped_by_reason"]],
        [&json!(10), &json!({ "suppressed": 2 })],
        "{totals:#}"
    );
    assert_eq!((asked_for(&shop, &[known]), asked_for(&shop, &[new])), before);
    assert_eq!(found(&shop, &[known, new]), Vec::<String>::new());
    // The same again: nobody is left.
    assert_eq!(shop.env.mmsg(accept).exits(0).json()["erased_again"], 0);
}

#[test]
fn copies_to_a_server_and_back_know_who_was_erased() {
    let shop = Shop::open();
    let list = people(10);
    let database = crate::common::cluster::Database::new();
    let (server, back) = (database.address(), shop.env.path("back.db").display().to_string());
    let import = |ledger: &str| {
        let words = ["tokens", "import", "--audience", "spring", "-o", "json", "--ledger", ledger];
        shop.env.mmsg_reading(list.join("\n"), words).exits(0).json()
    };
    let erase = |ledger: &str, token: &str| {
        let _ = shop.env.mmsg(["tokens", "erase", token, "--yes", "--ledger", ledger]).exits(0);
    };
    let file = shop.ledger().display().to_string();
    import(&file);
    erase(&file, &list[2]);
    let _ = shop.env.mmsg(["ledger", "copy", &file, &server, "--yes"]).exits(0);
    assert_eq!(import(&server)["erased"], 1);
    erase(&server, &list[5]);
    let _ = shop.env.mmsg(["ledger", "copy", &server, &back, "--yes"]).exits(0);
    assert_eq!(import(&back)["erased"], 2);
    let words = shop.words(&["--audience", "spring", "--ledger", &back]);
    let _ = shop.env.mmsg(&words).exits(0);
    assert_eq!((shop.sandbox.requested().len(), asked_for(&shop, &[&list[2], &list[5]])), (8, 0));
    let dumped = database.ask("select r::text from recipients r");
    assert!(!dumped.contains(&list[2]) && !dumped.contains(&list[5]) && dumped.contains(&list[0]));
}

/// Whether the run has come so far that there is a ledger with its list.
fn has_sends(shop: &Shop) -> bool {
    match shop.env.database() {
        Some(database) => database.ask("select to_regclass('listings')").contains("listings"),
        None => shop.ledger().exists(),
    }
}

/// While their message is on its way nothing is erased; once it was accepted, they are erased and the others get theirs.
fn while_a_message_is_on_its_way(on_server: bool) {
    let mut shop = Shop::open();
    if on_server {
        shop.env = shop.env.on_server();
    }
    shop.sandbox.errors("hang=100%");
    let list = people(6);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "1"]));
    let claimed = "select r.token from sends s join recipients r on r.id = s.recipient where s.state = 1 order by 1";
    let mut patience = Patience::default();
    let on_the_wire = loop {
        let claimed = if has_sends(&shop) { shop.asks_ledger(claimed) } else { Vec::new() };
        if !claimed.is_empty() {
            break claimed;
        }
        assert!(patience.lasts(), "it does not send");
    };
    // For as long as this takes.
    at_work.signal(Signal::STOP);
    let waits = list.iter().find(|token| !on_the_wire.contains(token)).unwrap();
    shop.env.mmsg(["tokens", "erase", &on_the_wire[0], "--yes"]).fails(6, "a message to this person is on its way");
    // Whose message is not on its way can be erased meanwhile.
    let run = shop.env.mmsg(["tokens", "erase", waits, "--yes", "-o", "json"]);
    assert!(matches!(run.code, 0 | 6), "{run:#?}");
    assert_eq!(removed(&run.json(), "recipients"), 1);
    at_work.kill();
    // What a dead run had on the wire is unknown, stays so, and the person can go.
    let receipt = erase(&shop, &on_the_wire[0]);
    assert_eq!(removed(&receipt, "sends"), 1);
    assert_eq!(found(&shop, &[waits, &on_the_wire[0]]), Vec::<String>::new());
    shop.sandbox.errors("");
    let totals = shop.send(&list, &["-o", "json"]).totals();
    assert_eq!([&totals["unknown"], &totals["skipped"]], [1, 1], "{totals:#}");
    assert_eq!(totals["accepted"], 4, "{totals:#}");
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);
    let _ = shop.env.mmsg(["unknown", "settle"]);
    assert_eq!(shop.sandbox.accepted().len(), 4);
}

#[test]
fn while_a_message_is_on_its_way_nothing_is_erased_from_a_file() {
    while_a_message_is_on_its_way(false);
}

#[test]
fn while_a_message_is_on_its_way_nothing_is_erased_from_a_server() {
    while_a_message_is_on_its_way(true);
}
