//! Completions are committed, so that packages need no build to have them; they are what the binary prints.

use crate::common::shop::{Shop, people};
use crate::common::{Env, assert_fresh};

const SHELLS: [(&str, &str); 4] = [
    ("bash", "completions/mmsg.bash"),
    ("zsh", "completions/_mmsg"),
    ("fish", "completions/mmsg.fish"),
    ("elvish", "completions/mmsg.elv"),
];

#[test]
fn the_committed_completions_are_fresh() {
    for (shell, file) in SHELLS {
        let run = Env::new().mmsg(["completions", shell]).exits(0);
        assert!(run.stdout.contains("MMSG_COMPLETE"), "{shell}");
        assert_fresh(file, &run.stdout);
    }
}

#[test]
fn other_shells_are_refused() {
    Env::new().mmsg(["completions", "powershell"]).exits(2).prints_nothing().says("bash, zsh, fish, elvish");
}

/// What bash offers for the last of these words.
fn offered(env: &Env, words: &[&str]) -> Vec<String> {
    let script = env.mmsg(["completions", "bash"]).exits(0).stdout;
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_mmsg")).parent().unwrap().to_owned();
    let (words, last) = (words.join(" "), words.last().unwrap());
    let line = format!(
        "export PATH={}:$PATH\n{script}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
         _clap_complete_mmsg mmsg {last} x; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        folder.display()
    );
    let command = env.command([""; 0]);
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &line]).env_clear().current_dir(env.path(""));
    bash.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));

    let output = env.judge(&bash.output().unwrap()).exits(0);
    let mut found: Vec<String> = output.stdout.split_whitespace().map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn bash_is_told_commands_and_flags() {
    let env = Env::new();
    assert_eq!(offered(&env, &["mmsg", "conf"]), ["config"]);
    assert_eq!(offered(&env, &["mmsg", "send", "--all-prof"]), ["--all-profiles"]);
    let profiles =
        [("[profiles.shop-1]\n[profiles.shop-2]\n[profiles.test]\n", vec!["shop-1", "shop-2"]), ("[[[", vec![])];
    for (text, expected) in profiles {
        let env = Env::new().profiles(text);
        assert_eq!(offered(&env, &["mmsg", "send", "--profile", "shop"]), expected);
        assert_eq!(offered(&env, &["mmsg", "profile", "remove", "shop"]), expected);
    }
}

#[test]
fn campaigns_audiences_and_broadcasts_come_from_the_ledger_of_the_profile() {
    let shop = Shop::open();
    let _ = shop.send(&people(3), &["--max-sends", "0"]).exits(6);
    let _ = shop.env.mmsg_reading(people(3).join("\n"), ["tokens", "import", "--audience", "spring"]).exits(0);
    let offers = |words: &[&str]| offered(&shop.env, words);
    let campaign = shop.campaign.as_str();
    let begins = &campaign[..5];
    for words in [
        &["mmsg", "send", "--campaign", begins][..],
        &["mmsg", "campaign", "pause", begins],
        &["mmsg", "report", "--campaign", begins],
    ] {
        assert_eq!(offers(words), [campaign], "{words:?}");
    }
    assert_eq!(offers(&["mmsg", "send", "--audience", "s"]), ["spring"]);
    for verb in ["close", "show"] {
        assert_eq!(offers(&["mmsg", "broadcast", verb, "1"]), ["1"]);
    }
    assert_eq!(offers(&["mmsg", "audience", "list", "--sort", "reci"]), ["recipients"]);
    // Shells that show more than the word are told the campaign's name.
    let name =
        shop.env.mmsg(["campaign", "get", campaign, "-o", "json"]).exits(0).json()["name"].as_str().unwrap().to_owned();
    let fish =
        shop.env.command(["--", "mmsg", "send", "--campaign", begins]).env("MMSG_COMPLETE", "fish").output().unwrap();
    assert_eq!(shop.env.judge(&fish).exits(0).stdout.trim(), format!("{campaign}\t{name}"));
    let by_name = shop.env.command(["--", "mmsg", "send", "--campaign-name", &name[..4]]);
    let fish = { by_name }.env("MMSG_COMPLETE", "fish").output().unwrap();
    assert_eq!(shop.env.judge(&fish).exits(0).stdout.trim(), name);
    // Another Page's are not offered, and a ledger that is not there offers nothing, nor is it made.
    assert_eq!(
        offered(
            &Env::new().set("MMSG_PAGE", "1").set("MMSG_LEDGER", shop.ledger().to_str().unwrap()),
            &["mmsg", "send", "--campaign", begins]
        ),
        [""; 0]
    );
    let none = Env::new();
    assert_eq!(offered(&none, &["mmsg", "send", "--audience", "s"]), [""; 0]);
    assert!(!none.path(".local").exists());
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let env = Env::new();
    let page = env.mmsg(["man"]).exits(0);
    assert!(page.stdout.contains(".TH mmsg 1"), "{page:#?}");
    env.mmsg(["man", "--dir", "pages"]).exits(0).prints_nothing();
    assert!(env.path("pages/mmsg.1").exists() && env.path("pages/mmsg-config-show.1").exists());
}
