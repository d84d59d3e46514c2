//! On a terminal `send` shows what goes out and asks; anywhere else it never does.

use std::fs;

use mmsg_sandbox::Faults;
use rustix::process::Signal;
use serde_json::json;

use crate::common::patience::wait_until;
use crate::common::preload::Preload;
use crate::common::shop::{Shop, people};

fn shop() -> Shop {
    let shop = Shop::open();
    fs::write(shop.env.path("list.txt"), people(20).join("\n")).unwrap();
    shop
}

#[test]
fn a_person_sees_what_goes_out_and_says_yes() {
    let shop = shop();
    let words = shop.words(&["list.txt", "--rate", "100"]);
    let mut terminal = shop.env.terminal(120, &words);
    terminal.wait_for("Page      104857600123457").wait_for("campaign  ").wait_for(&shop.campaign);
    terminal.wait_for("message   text: \"Half price this week\"").wait_for("people    20 now");
    terminal.wait_for("about 1s at 100 sends per second").wait_for("Send 20 messages? [y/N]");
    assert!(shop.sandbox.accepted().is_empty(), "sent before the answer");
    terminal.type_keys("y\n");
    let _ = terminal.end().exits(0);
    shop.assert_each_once(&people(20));
    // Nothing is left to ask about.
    let screen = shop.env.terminal(120, &words).end().exits(0).stdout;
    assert!(!screen.contains("[y/N]"), "{screen}");
}

#[test]
fn whoever_says_no_has_sent_nothing_and_can_go_on_later() {
    let shop = shop();
    let words = shop.words(&["list.txt"]);
    for (keys, code) in [("n\n", 9), ("\n", 9), ("\x03", 130)] {
        let mut terminal = shop.env.terminal(120, &words);
        terminal.wait_for("Send 20 messages? [y/N]").type_keys(keys);
        let screen = terminal.end().exits(code).stdout;
        assert!(screen.contains("nothing was sent"), "{screen}");
        assert!(screen.contains("mmsg send --resume") && screen.contains("mmsg broadcast close 1"), "{screen}");
    }
    assert!(shop.sandbox.accepted().is_empty());
    assert_eq!(shop.asks_ledger("select count(*) from sends where state = 0"), ["20"]);

    let resume = ["send", "--resume", "--rate", "unlimited", "--max-sends", "5"];
    let mut terminal = shop.env.terminal(120, &resume);
    terminal.wait_for("5 now, 15 more are due").wait_for("Send 5 messages? [y/N]").type_keys("no\n");
    let _ = terminal.end().exits(9);
    assert!(shop.sandbox.accepted().is_empty());
    let mut terminal = shop.env.terminal(120, &resume);
    terminal.wait_for("Send 5 messages? [y/N]").type_keys("yes\n");
    let _ = terminal.end().exits(6);
    assert_eq!(shop.sandbox.accepted().len(), 5);
    // From cron nobody is asked.
    shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]).exits(0);
    shop.assert_each_once(&people(20));
}

#[test]
fn a_signal_ends_a_question_and_leaves_the_terminal_usable() {
    let shop = shop();
    let send = shop.words(&["list.txt"]);
    let delete = ["campaign", "delete", &shop.campaign];
    let build = ["message", "build", "--interactive", "--draft", "draft.toml"];
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        // With signals of its own, without, of a secret, and a menu.
        for (words, question, said) in [
            (&send[..], "Send 20 messages? [y/N]", "nothing was sent"),
            (&delete[..], "[y/N]", "nothing was changed"),
            (&["init", "--ad-account", "1", "--page", "2"][..], "(not shown)", "nothing was changed"),
            (&build[..], "Which message", "interrupted"),
        ] {
            let mut terminal = shop.env.terminal(120, words);
            if words[0] == "init" {
                terminal.wait_for("Name of the profile").wait_until_hidden().type_keys("\n");
                terminal.wait_for("Where does the access token").wait_until_hidden().type_keys("1\n");
            }
            terminal.wait_for(question).wait_until_hidden().signal(signal);
            let screen = terminal.end().exits(code).stdout;
            assert!(screen.contains(said), "{words:?}, {signal:?}: {screen}");
        }
    }
    assert!(shop.sandbox.accepted().is_empty() && shop.sandbox.count("deleted") == 0);
    assert!(!shop.env.profile_file().exists());
}

/// A terminal whose mode changes late, as on a busy machine: the question hides what is typed while the signal ends it, or after.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_while_a_question_begins_leaves_the_terminal_usable() {
    let mut shop = shop();
    let library = Preload::compile("slow_terminal");
    shop.env = shop.env.set("LD_PRELOAD", library.path());
    for delay in (0..8000).step_by(200) {
        shop.env = shop.env.set("SLOW_TERMINAL", delay.to_string());
        let mut terminal = shop.env.terminal(120, &shop.words(&["list.txt"]));
        terminal.wait_for("Send 20 messages? [y/N]").signal(Signal::TERM);
        let _ = terminal.end().exits(143);
    }
    assert!(shop.sandbox.accepted().is_empty());
}

#[test]
fn a_signal_after_the_answer_ends_the_command_that_does_not_look_at_signals() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        let shop = shop();
        let mut terminal = shop.env.terminal(120, &["campaign", "delete", &shop.campaign]);
        terminal.wait_for("[y/N]").wait_until_hidden();
        let asked = shop.sandbox.count("requests");
        shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("hang=100%").unwrap());
        terminal.type_keys("y\n");
        wait_until("it asks", || shop.sandbox.count("requests") > asked);
        terminal.signal(signal);
        let _ = terminal.end().exits(code);
    }
}

/// Of those who are due only as many are asked about as the limit pays for, and below an arm's name everything is in line.
#[test]
fn the_question_is_about_as_many_messages_as_are_paid_for() {
    let shop = shop();
    shop.message("b.json", &json!({"text": "Another one"}));
    let words = ["send", "--campaign", &shop.campaign, "--split", "promo.json=50,b.json=40,holdout=10", "list.txt"];
    let words = [&words[..], &["--rate", "unlimited", "--max-spend", "10", "--cost-per-delivery", "1.4"]].concat();
    let mut terminal = shop.env.terminal(120, &words);
    terminal.wait_for("arm promo    50% of the people: ").wait_for("arm holdout  10% of the people: nothing is sent");
    terminal
        .wait_for("people       7 now, ")
        .wait_for("more are due")
        .wait_for("Send 7 messages? [y/N]")
        .type_keys("y\n");
    let _ = terminal.end().exits(6);
    assert_eq!(shop.sandbox.accepted().len(), 7);
    let screen = shop.env.terminal(120, &words).end().exits(6).stdout;
    assert!(!screen.contains("[y/N]") && screen.contains("--max-spend 0.10 USD is reached"), "{screen}");
    assert_eq!(shop.sandbox.requests().len(), 7);
}

#[test]
fn flags_and_an_empty_turn_ask_nothing() {
    let shop = shop();
    for (more, code) in [(&["--max-sends", "0"][..], 6), (&["--dry-run"], 0), (&["--yes"], 0), (&["--no-input"], 0)] {
        let words = shop.words(&[&["list.txt"], more].concat());
        let screen = shop.env.terminal(120, &words).end().exits(code).stdout;
        assert!(!screen.contains("[y/N]"), "{more:?}: {screen}");
    }
    shop.assert_each_once(&people(20));
}
