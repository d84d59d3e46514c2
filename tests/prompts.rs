//! Every question that `mmsg` asks, on a terminal of 40 columns: what is answered yes, no, wrongly, with Ctrl-C and with the end of input,
//! and what stands on the screen then. A question in the source that has no row here fails.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use regex_lite::Regex;

use crate::common::emulator::Emulator;
use crate::common::fleet::Fleet;
use crate::common::receiver::notice;
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people};
use crate::common::{APP_SECRET, Env, PAGE_TOKEN, Run, TOKEN, repository};

const COLUMNS: u16 = 40;

/// Something to ask about, and the command that asks.
struct Scene {
    shop: Shop,
    words: Vec<String>,
}

/// A question that takes yes only.
struct Confirmation {
    /// Where it is asked, below `src/commands`.
    file: &'static str,
    question: &'static str,
    scene: fn() -> Scene,
}

fn scene(shop: Shop, words: &[&str]) -> Scene {
    Scene { shop, words: words.iter().map(|&word| word.to_owned()).collect() }
}

fn with_list() -> Shop {
    let shop = Shop::open();
    fs::write(shop.env.path("list.csv"), people(3).join("\n")).unwrap();
    shop
}

fn with_audience() -> Shop {
    let shop = with_list();
    shop.env.mmsg(["tokens", "import", "list.csv", "--audience", "lapsed"]).exits(0);
    shop
}

fn with_gate(gate: &str) -> Shop {
    let shop = with_list();
    let _ = shop.totals(&people(3), &[], 0);
    shop.changes_ledger(&format!("update ledger set gate = '{gate}', gate_from = 1"));
    shop
}

const CONFIRMATIONS: [Confirmation; 17] = [
    Confirmation {
        file: "webhook/subscribe.rs",
        question: "Continue?",
        scene: || {
            let shop = Shop::open();
            shop.env.mmsg(["webhook", "subscribe"]).exits(0);
            scene(shop, &["webhook", "subscribe", "--fields", "messages", "--only"])
        },
    },
    Confirmation {
        file: "campaign/change.rs",
        question: "Change it?",
        scene: || {
            let shop = Shop::open();
            let id = shop.campaign.clone();
            scene(shop, &["campaign", "pause", &id])
        },
    },
    Confirmation {
        file: "campaign/delete.rs",
        question: "Delete it? This can't be undone.",
        scene: || {
            let shop = Shop::open();
            let id = shop.campaign.clone();
            scene(shop, &["campaign", "delete", &id])
        },
    },
    Confirmation {
        file: "init.rs",
        question: "Profile spring-sale already exists. Change it?",
        scene: || {
            let mut shop = Shop::open();
            shop.env = shop.sandbox.environment().profiles("[profiles.spring-sale]\npage = '1'\n");
            let page =
                ["init", "--profile", "spring-sale", "--page", "34", "--ad-account", "12", "--token-env", "SHOP"];
            scene(shop, &page)
        },
    },
    Confirmation {
        file: "profile/remove.rs",
        question: "Remove 1 profile?",
        scene: || {
            let mut shop = Shop::open();
            shop.env = shop.sandbox.environment().profiles("[profiles.shop]\npage = '1'\n");
            scene(shop, &["profile", "remove", "shop"])
        },
    },
    Confirmation {
        file: "unknown/resolve.rs",
        question: "Continue?",
        scene: || {
            let shop = with_list();
            shop.sandbox.error_tokens([(people(1).remove(0), "accepted-drop".to_owned())]);
            let _ = shop.totals(&people(3), &[], 11);
            scene(shop, &["unknown", "resolve", "--all", "--as", "accepted"])
        },
    },
    Confirmation {
        file: "ledger/accept_failover.rs",
        question: "Does the server have every commit?",
        scene: || scene(with_gate("promoted"), &["ledger", "accept-failover", "--nothing-lost"]),
    },
    Confirmation {
        file: "ledger/retention.rs",
        question: "Drop this for good?",
        scene: || {
            let shop = with_list();
            let _ = shop.totals(&people(3), &[], 0);
            fs::write(shop.env.path("notices"), notice(0..3)).unwrap();
            shop.env.mmsg(["webhook", "ingest", "notices"]).exits(0);
            shop.let_hours_pass(200 * 24);
            shop.changes_ledger("update events set received_at = 1764000000000");
            scene(shop, &["ledger", "retention", "--events-before", "90d", "--lists-before", "90d"])
        },
    },
    Confirmation {
        file: "ledger/accept_restore.rs",
        question: "Accept this ledger?",
        scene: || {
            let shop = with_list();
            let _ = shop.totals(&people(3), &[], 0);
            scene(shop, &["ledger", "accept-restore", "--since", "2020-01-01T00:00:00Z"])
        },
    },
    Confirmation {
        file: "ledger/accept_restore.rs",
        question: "Is the ledger complete?",
        scene: || scene(with_gate("refused"), &["ledger", "accept-restore", "--other-sender"]),
    },
    Confirmation {
        file: "broadcast/close.rs",
        question: "Cancel 3 pending rows?",
        scene: || {
            let shop = with_list();
            let _ = shop.totals(&people(3), &["--max-sends", "0"], 6);
            scene(shop, &["broadcast", "close", "1"])
        },
    },
    Confirmation {
        file: "tokens/replacing.rs",
        question: "Empty audience \"lapsed\" (3 recipients)?",
        scene: || {
            let shop = with_audience();
            fs::write(shop.env.path("empty.csv"), "token\n").unwrap();
            scene(shop, &["tokens", "import", "empty.csv", "--audience", "lapsed"])
        },
    },
    Confirmation {
        file: "tokens/unsubscribe.rs",
        question: "Unsubscribe 1 person from Page 104857600123457 at Meta?",
        scene: || scene(Shop::open(), &["tokens", "unsubscribe", "--token", "7000000000000000022"]),
    },
    Confirmation {
        file: "tokens/erase.rs",
        question: "for good?",
        scene: || scene(with_audience(), &["tokens", "erase", &people(1)[0]]),
    },
    Confirmation {
        file: "audience/delete.rs",
        question: "Delete 1 audience?",
        scene: || scene(with_audience(), &["audience", "delete", "lapsed"]),
    },
    Confirmation {
        file: "send/confirm.rs",
        question: "Send 3 messages?",
        scene: || {
            let shop = with_list();
            let id = shop.campaign.clone();
            scene(shop, &["send", "--campaign", &id, "--message", "promo.json", "list.csv"])
        },
    },
    Confirmation {
        file: "send/fleet.rs",
        question: "Send 4 messages for 2 profiles?",
        scene: || {
            let Fleet { sandbox, env, mut campaigns, .. } = Fleet::of(2, |_| 2, |_| {});
            let shop = Shop { sandbox, env, campaign: campaigns.remove(0) };
            scene(shop, &["send", "--resume", "--all-profiles"])
        },
    },
];

fn screen(run: &Run) -> Emulator {
    Emulator::of(usize::from(COLUMNS), &run.stdout)
}

/// Fails unless this stands on the screen exactly once, however it wraps.
#[track_caller]
fn assert_once(run: &Run, text: &str) {
    let shown = screen(run);
    let times = shown.unwrapped().matches(text).count();
    assert_eq!(times, 1, "{text:?} stands there {times} times:\n{}", shown.lines().join("\n"));
}

/// Every way to say no, and at last yes: until then nothing has changed, so that the question comes again.
fn only_yes_is_yes(all: &[Confirmation]) {
    for Confirmation { file, question, scene } in all {
        let Scene { shop, words } = scene();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for (keys, answer, code) in [
            ("n\n", "n", 9),
            ("\n", "", 9),
            ("maybe\n", "maybe", 9),
            ("\x04\n", "", 9),
            ("\x03", "", 130),
            ("yes\n", "yes", 0),
        ] {
            let mut terminal = shop.env.terminal(COLUMNS, &words);
            terminal.wait_for("[y/N]").wait_until_hidden().type_keys(keys);
            let run = terminal.end();
            assert_eq!(run.code, code, "{file}, {keys:?}:\n{}", screen(&run).lines().join("\n"));
            assert_once(&run, &format!("{question} [y/N]: {answer}"));
        }
    }
}

#[test]
fn only_yes_is_yes_when_meta_is_to_be_changed() {
    only_yes_is_yes(&CONFIRMATIONS[..6]);
}

#[test]
fn only_yes_is_yes_when_a_ledger_is_to_be_changed() {
    only_yes_is_yes(&CONFIRMATIONS[6..12]);
}

#[test]
fn only_yes_is_yes_when_people_are_to_be_changed_or_sent_to() {
    only_yes_is_yes(&CONFIRMATIONS[12..]);
}

const WRONG: &str = "a_wrong_answer_is_asked_again_at_once_and_a_line_that_wraps_stands_there_once";

/// The other questions: where, by which call, how often, and what the tests below type.
const QUESTIONS: [(&str, &str, usize, &str); 8] = [
    ("init.rs", "ask", 1, WRONG),
    ("init/questions.rs", "ask", 1, "ids_are_typed_where_nothing_is_offered"),
    ("init/questions.rs", "choose_or_type", 1, WRONG),
    ("init/secrets.rs", "ask", 3, WRONG),
    ("init/secrets.rs", "choose", 1, WRONG),
    ("init/secrets.rs", "ask_secret", 1, "the_end_of_input_and_ctrl_c_write_nothing"),
    ("message/questions.rs", "ask_text", 4, "a_message_is_built_in_a_form"),
    ("message/questions.rs", "menu", 4, "a_message_is_built_in_a_form"),
];

#[test]
fn every_question_of_the_source_is_in_this_file() {
    let call =
        Regex::new(r"\bui\.(confirm_shown|confirm|ask_secret|ask_text|ask|choose_or_type|choose|menu)\(").unwrap();
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut by_library = Vec::new();
    look(&repository("src"), &mut |path, text| {
        let name = path.strip_prefix(repository("src")).unwrap().display().to_string();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        if code.contains("dialoguer::") {
            by_library.push(name.clone());
        }
        if let Some(file) = name.strip_prefix("commands/") {
            for asked in call.captures_iter(&code) {
                let kind = if asked[1].starts_with("confirm") { "confirm" } else { &asked[1] };
                *found.entry((file.to_owned(), kind.to_owned())).or_default() += 1;
            }
        } else if !name.starts_with("ui/") && name != "ui.rs" {
            assert!(!call.is_match(&code), "{name} asks");
        }
    });
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for Confirmation { file, .. } in &CONFIRMATIONS {
        *told.entry(((*file).to_owned(), "confirm".to_owned())).or_default() += 1;
    }
    let own = fs::read_to_string(repository("tests/prompts.rs")).unwrap();
    for (file, kind, n, test) in QUESTIONS {
        assert!(own.contains(&format!("fn {test}()")), "{test}");
        told.insert((file.to_owned(), kind.to_owned()), n);
    }
    assert_eq!(found, told, "a question of the source, and one of the tests");
    by_library.sort();
    assert_eq!(by_library, ["ui/prompt.rs", "ui/stops.rs"], "questions are asked in one place");
}

fn look(folder: &Path, see: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, see);
        } else {
            see(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn a_wrong_answer_is_asked_again_at_once_and_a_line_that_wraps_stands_there_once() {
    let long = "a-profile-whose-name-is-longer-than-the-terminal";
    for (number, question, wrong, said, right, written) in [
        (
            "2",
            "Name of the variable",
            "A-B",
            "use only letters, digits and _",
            "SHOP_TOKEN",
            "token = { env = \"SHOP_TOKEN\" }",
        ),
        ("3", "Path of the file", "", "it can't be empty", "token-file", "token = { file = \"token-file\" }"),
        (
            "4",
            "The command, as you would type it",
            " ",
            "it can't be empty",
            "cat token-file",
            "token = { command = [\"/bin/sh\", \"-c\", \"cat token-file\"] }",
        ),
    ] {
        let (_sandbox, env) = Sandbox::of_newcomer();
        let env = env.set("SHOP_TOKEN", TOKEN);
        fs::write(env.path("token"), TOKEN).unwrap();
        fs::set_permissions(env.path("token"), Permissions::from_mode(0o600)).unwrap();
        let place = env.path("token").display().to_string();
        let (right, written) = (right.replace("token-file", &place), written.replace("token-file", &place));
        let mut terminal = env.terminal(COLUMNS, &["init"]);
        for (question, wrong, said, right) in [
            ("Name of the profile", "a/b", "is not a valid profile name", long),
            ("Where does the access token come from", "9", "enter a number from 1 to", number),
            (question, wrong, said, &right),
            ("Where does the app secret come from", "x", "enter a number from 1 to", "1"),
            ("Ad account that pays (number or ID)", "act", "not an ad account ID", "act_12"),
            ("Page that sends (number or ID)", "shop", "not a Page ID", "34"),
            ("Where does the Page token come from", "0", "enter a number from 1 to", "1"),
        ] {
            terminal.wait_for(question).wait_until_hidden().type_keys(&format!("{wrong}\n"));
            terminal.wait_for(said).wait_for(question).wait_until_hidden().type_keys(&format!("{right}\n"));
        }
        let run = terminal.end().exits(0);
        fs::remove_file(place).unwrap();
        assert_once(&run, &format!("Name of the profile: {long}"));
        assert_once(&run, &format!("{question}: {right}"));
        assert_once(&run, &format!("Where does the access token come from: {number}"));
        let file = fs::read_to_string(env.profile_file()).unwrap();
        assert!(file.contains(&written) && file.contains(&format!("[profiles.{long}]")), "{file}");
    }
}

#[test]
fn ids_are_typed_where_nothing_is_offered() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let mut terminal = env.terminal(COLUMNS, &["init", "--profile", "shop", "--token-env", "NOT_SET"]);
    for (question, wrong, said, right) in [
        ("Ad account that pays (digits)", "act", "not an ad account ID", "act_12"),
        ("Page that sends (its ID)", "shop", "not a Page ID", "34"),
    ] {
        if question.starts_with("Ad") {
            terminal.wait_for("Where does the app secret").wait_until_hidden().type_keys("\n");
        }
        terminal.wait_for(question).wait_until_hidden().type_keys(&format!("{wrong}\n"));
        terminal.wait_for(said).wait_for(question).wait_until_hidden().type_keys(&format!("{right}\n"));
    }
    terminal.wait_for("Where does the Page token").wait_until_hidden().type_keys("\n");
    let _ = terminal.end().exits(4);
    let file = fs::read_to_string(env.profile_file()).unwrap();
    assert!(file.contains("ad_account = \"act_12\"") && file.contains("page = \"34\""), "{file}");
}

#[test]
fn the_end_of_input_and_ctrl_c_write_nothing() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let answers = [
        ("Name of the profile", "shop"),
        ("Where does the access token come from", "1"),
        ("The access token (not shown)", TOKEN),
        ("Where does the app secret come from", "2"),
        ("The app secret (not shown)", APP_SECRET),
        ("Ad account that pays (number or ID)", "12"),
        ("Page that sends (number or ID)", "34"),
        ("Where does the Page token come from", "2"),
        ("The Page token (not shown)", PAGE_TOKEN),
    ];
    for at in 0..answers.len() {
        for (keys, codes) in [("\x03", &[130][..]), ("\x04", &[9, 4])] {
            let mut terminal = env.terminal(COLUMNS, &["init"]);
            for (question, answer) in &answers[..at] {
                terminal.wait_for(question).wait_until_hidden().type_keys(&format!("{answer}\n"));
            }
            let (question, _) = answers[at];
            terminal.wait_for(question).wait_until_hidden().type_keys(keys);
            if keys == "\x04" && !question.ends_with("(not shown)") {
                // A line that ends like this is not an answer: it is asked again.
                terminal.type_keys("\n").wait_for("control characters are not allowed");
                terminal.wait_for(question).wait_until_hidden().type_keys("\x03");
                let _ = terminal.end().exits(130);
            } else {
                let run = terminal.end();
                assert!(codes.contains(&run.code), "{question}, {keys:?}: {run:#?}");
            }
            assert!(!env.profile_file().exists(), "{question}, {keys:?}");
        }
    }
}

#[test]
fn a_secret_is_hidden_and_its_question_stands_there_once() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let mut terminal = env.terminal(20, &["init", "--ad-account", "12", "--page", "34", "--profile", "shop"]);
    terminal.wait_for("come from").wait_until_hidden().type_keys("1\n");
    terminal.wait_for("shown)").wait_until_hidden().type_keys(&format!("{TOKEN}\n"));
    terminal.wait_for("app secret").wait_until_hidden().type_keys("1\n");
    terminal.wait_for("Page token").wait_until_hidden().type_keys("1\n");
    let run = terminal.end().exits(0);
    let shown = Emulator::of(20, &run.stdout);
    assert_eq!(shown.unwrapped().matches("The access token (not shown): [hidden]").count(), 1, "{:#?}", shown.lines());
}

#[test]
fn a_message_is_built_in_a_form() {
    let env = Env::new();
    let text = "Half price this week, and only for you: come and see it";
    let words = ["message", "build", "--interactive", "--draft", "draft.toml"];
    let form = |keys: &[(&str, &str)]| {
        let mut terminal = env.terminal(COLUMNS, &words);
        for (question, keys) in keys {
            terminal.wait_for(question).wait_until_hidden().type_keys(keys);
        }
        terminal.end()
    };
    // Ctrl-C in the menu, and in a line, of which the draft is kept.
    let _ = form(&[("Which message", "\x03")]).exits(130);
    assert!(!env.path("draft.toml").exists());
    let (up, down) = ("\x1b[A", "\x1b[B");
    let text_of_line = "\x1b[?25hText";
    let _ = form(&[("Which message", &format!("{up}{up}\n")), (text_of_line, "\x03")]).exits(130);
    let _ = fs::remove_file(env.path("draft.toml"));
    // An empty answer breaks a rule: the form says so at once, and goes on.
    let run = form(&[
        ("Which message", &format!("{up}{up}\n")),
        (text_of_line, "\n"),
        ("Change", &format!("{up}\n")),
        ("not within the limits", ""),
        ("Change", "\n"),
        (text_of_line, &format!("{text}\n")),
        ("Change", &format!("{down}\n")),
    ])
    .exits(0);
    let shown = screen(&run).unwrapped();
    assert_eq!(shown.matches(&format!(": {text}")).count(), 1, "{}", screen(&run).lines().join("\n"));
    assert!(shown.contains(&format!("\"text\": \"{text}\"")), "{shown}");
    // Nobody chooses a template.
    let _ = form(&[("Which message", "\x1b")]).exits(9);
}
