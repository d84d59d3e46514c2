//! On a terminal `send` shows what goes out and asks; anywhere else it never does.

use std::fs;

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
fn flags_and_an_empty_turn_ask_nothing() {
    let shop = shop();
    for (more, code) in [(&["--max-sends", "0"][..], 6), (&["--dry-run"], 0), (&["--yes"], 0), (&["--no-input"], 0)] {
        let words = shop.words(&[&["list.txt"], more].concat());
        let screen = shop.env.terminal(120, &words).end().exits(code).stdout;
        assert!(!screen.contains("[y/N]"), "{more:?}: {screen}");
    }
    shop.assert_each_once(&people(20));
}
