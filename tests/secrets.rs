//! Secrets stay in. The canaries are used by the whole suite, and the harness looks for them in every output and file; here is
//! what needs a test of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::patience::Patience;
use crate::common::receiver::VERIFY_TOKEN;
use crate::common::shop::{Shop, people};
use crate::common::{APP_SECRET, Env, PAGE_TOKEN, SUBSCRIPTION_TOKEN, TOKEN, files_below, holds};

#[test]
fn subscription_tokens_are_only_in_data_that_was_asked_for() {
    let shop = Shop::open();
    let mut list = people(60);
    list.push(format!("{} and a blank", list[3]));
    list.push(format!("{}{}", list[4], "x".repeat(600)));
    let fault = |n: usize, fault: &str| (people(60)[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([
        fault(1, "2300004"),
        fault(2, "2"),
        fault(3, "2300034"),
        fault(5, "2300052"),
        fault(6, "2399999"),
    ]);
    fs::write(shop.env.path("list.csv"), list.join("\n")).unwrap();
    let words = shop.words(&["list.csv", "--reject", "rejects.csv", "--results", "results.ndjson", "-v"]);
    let run = shop.env.mmsg(&words);
    assert_eq!(run.code, 11, "{run:#?}");
    assert!(!run.stdout.contains(SUBSCRIPTION_TOKEN), "the totals are not rows of tokens");
    shop.env.mmsg(["broadcast", "list"]).exits(0);
    shop.env.mmsg(["tokens", "import", "--audience", "x", "list.csv", "-v"]).exits(0);
    shop.env.mmsg(["unknown", "resolve", "--as", "accepted", "--all", "--yes"]).exits(0);
    let mut holders = Vec::new();
    for path in files_below(&shop.env.path("")) {
        if holds(&fs::read(&path).unwrap(), SUBSCRIPTION_TOKEN) {
            holders.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    holders.sort();
    assert_eq!(holders, ["ledger.db", "list.csv", "results.ndjson"]);
}

#[test]
fn a_program_that_fetches_a_secret_gets_no_other() {
    let shop = Shop::open();
    let env = shop.sandbox.environment().unset("MMSG_TOKEN");
    let script = env.path("fetch.sh");
    let seen = env.path("seen");
    fs::write(&script, format!("#!/bin/sh\nenv > {}\ncat /proc/$$/cmdline >> {0}\necho {TOKEN}\n", seen.display()))
        .unwrap();
    let env = env.profiles(&format!("[profiles.default]\ntoken = {{ command = ['sh', '{}'] }}\n", script.display()));
    env.mmsg(["campaign", "list"]).exits(0);
    let text = fs::read_to_string(&seen).unwrap();
    assert!(text.contains("PATH="), "{text}");
    for secret in [TOKEN, APP_SECRET, PAGE_TOKEN] {
        assert!(!text.contains(secret), "the program was given a secret");
    }
    fs::remove_file(script).unwrap();
}

#[test]
fn a_browser_gets_no_secret() {
    let shop = Shop::open();
    let bin = shop.env.path("bin");
    let seen = bin.join("seen");
    let env = shop.sandbox.environment().set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let env = env.set("OTHER_TOKEN", "EAABcanaryOfAnotherShop").set("PLAIN", "yes");
    let env = env.profiles("[profiles.default]\n[profiles.other]\ntoken = { env = 'OTHER_TOKEN' }\n");
    fs::create_dir(&bin).unwrap();
    for name in ["xdg-open", "open"] {
        let script = format!("#!/bin/sh\n(env; cat /proc/$$/cmdline) > {0}.part; mv {0}.part {0}\n", seen.display());
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let ledger = shop.ledger().display().to_string();
    let message = shop.env.path("promo.json").display().to_string();
    let _ = shop.totals(&people(1), &[], 0);
    for words in [
        &["report", "--offline", "--ledger", &ledger, "--html", "page.html", "--open"][..],
        &["message", "preview", &message, "--local", "--save", "page.html", "--open"],
    ] {
        env.mmsg(words).exits(0);
        let mut patience = Patience::default();
        while !seen.exists() {
            assert!(patience.lasts(), "{words:?}: no browser was started");
        }
        let text = fs::read_to_string(&seen).unwrap();
        assert!(text.contains("PLAIN=yes") && text.contains("page.html"), "{text}");
        for secret in [TOKEN, APP_SECRET, PAGE_TOKEN, VERIFY_TOKEN, "EAABcanaryOfAnotherShop"] {
            assert!(!text.contains(secret), "the browser was given a secret");
        }
        fs::remove_file(&seen).unwrap();
    }
}

#[test]
fn no_secret_is_in_the_arguments_or_the_address() {
    // Addresses: the sandbox counts leaks, and its end fails the test that made one. Arguments: there is no flag for a secret.
    let shop = Shop::with(|options| options.require_proof = true);
    let _ = shop.totals(&people(3), &[], 0);
    shop.env.mmsg(["campaign", "get", &shop.campaign]).exits(0);
    assert_eq!(shop.sandbox.count("leaks"), 0);
    for words in [&["send", "--help"][..], &["campaign", "create", "--help"], &["init", "--help"], &["--help"]] {
        let help = shop.env.mmsg(words).exits(0).stdout;
        for flag in ["--token ", "--access-token", "--app-secret ", "--secret "] {
            assert!(!help.contains(flag), "{words:?} takes a secret on the command line: {flag}");
        }
    }
}

#[test]
fn the_next_page_of_a_list_holds_the_token_and_is_not_followed_nor_shown() {
    let shop = Shop::with(|options| options.page_size = 2);
    shop.env.mmsg(["campaign", "list", "--all", "-v", "-o", "json"]).exits(0);
    assert_eq!(shop.sandbox.count("leaks"), 0);
}

#[test]
fn control_characters_from_outside_are_shown_not_obeyed() {
    let shop = Shop::open();
    let env = &shop.env;
    let evil = "evil\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\r\n\u{202e}name";
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "--name", evil]).exits(0);
    for words in [&["campaign", "list"][..], &["campaign", "list", "-o", "csv"]] {
        let run = env.mmsg(words).exits(0);
        assert!(
            run.stdout.contains("evil\\u{1b}") && !run.stdout.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{run:#?}"
        );
    }
    let list = ["\u{1b}[31mred".to_owned(), people(1)[0].clone()];
    let run = shop.send(&list, &[]).exits(0);
    assert!(!run.stderr.contains('\u{1b}'), "{run:#?}");
}

#[test]
fn a_token_in_place_of_a_name_is_not_shown() {
    let token = "EAABmistake0123456789abcdef";
    let (app, hex) = ("123456789|mistake0123456789abcdef", "0123456789abcdef0123456789abcdef");
    for profile in [
        format!("token = {{ env = '{token}' }}"),
        format!("token = {{ env = '{app}' }}"),
        format!("app_secret = {{ env = '{hex}' }}"),
        format!("token = {{ file = '{token}' }}"),
        format!("token = {{ command = ['{token}', '{app}'] }}"),
        format!("campaign_name = '{token}'"),
        format!("page = '{token}'"),
        format!("{token} = 1"),
        format!("token = {token}"),
    ] {
        let env = Env::new().profiles(&format!("[profiles.default]\nad_account = '1'\n{profile}\n"));
        for words in
            [&["config", "show"][..], &["config", "show", "-o", "json"], &["campaign", "list"], &["-v", "init"]]
        {
            let run = env.mmsg(words);
            let said = run.stdout + &run.stderr;
            for secret in [token, "mistake0123456789abcdef", hex] {
                assert!(!said.contains(secret), "{profile}, {words:?}: {said}");
            }
        }
    }
    let run = Env::new().set("MMSG_PAGE", token).mmsg(["config", "show"]).exits(3);
    assert!(!run.stderr.contains(token), "{run:#?}");
}
