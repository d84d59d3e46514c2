//! Every help page is committed, so that all of them are read side by side and a change of one is seen in review.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Env, assert_fresh, repository};

const FOLDER: &str = "tests/snapshots/help";

/// The names under `Commands:` of a help page.
fn commands(page: &str) -> Vec<String> {
    let list = page.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // The lines of a long description are indented further.
    let names = list.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Adds the page of this command and those of all below it.
fn add_pages(env: &Env, words: &[String], pages: &mut Vec<(String, String)>) {
    let page = env.mmsg(words.iter().map(String::as_str).chain(["--help"])).exits(0).stdout;
    let below = commands(&page);
    let name = [&["mmsg".to_owned()], words].concat().join("-");
    // They are the same everywhere: the first page shows them.
    let page = match page.split_once("\n\nGlobal options:") {
        Some((own, rest)) if !words.is_empty() => match rest.split_once("\n\nExamples:") {
            Some((_, examples)) => format!("{own}\n\nExamples:{examples}"),
            None => format!("{own}\n"),
        },
        _ => page,
    };
    pages.push((format!("{name}.txt"), page));
    for command in below {
        add_pages(env, &[words, &[command]].concat(), pages);
    }
}

#[test]
fn the_committed_help_is_fresh() {
    let mut pages = Vec::new();
    add_pages(&Env::new().set("COLUMNS", "80"), &[], &mut pages);
    assert!(pages.len() > 35, "{} pages", pages.len());
    for (file, page) in &pages {
        assert_fresh(&format!("{FOLDER}/{file}"), page);
    }
    let committed = fs::read_dir(repository(FOLDER)).unwrap();
    let committed: BTreeSet<_> = committed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let printed: BTreeSet<_> = pages.into_iter().map(|(file, _)| file).collect();
    assert_eq!(committed, printed, "a page of a command that is gone, or no page of one that is new");
}

#[test]
fn help_can_be_asked_for_by_a_word() {
    let env = Env::new();
    for words in [&[][..], &["campaign"], &["campaign", "create"], &["send"]] {
        let asked = env.mmsg([&["help"], words].concat()).exits(0).stdout;
        assert_eq!(asked, env.mmsg([words, &["--help"]].concat()).exits(0).stdout, "{words:?}");
    }
    let top = env.mmsg(["help"]).exits(0).stdout;
    for part in ["Exit status:\n", "Files:\n", "Environment:\n"] {
        assert!(top.contains(part), "{top}");
    }
    env.mmsg(["help", "brodcast"]).exits(2).says("broadcast");
}

/// What stands below a heading has it for a reason, and does not just follow what has.
#[test]
fn only_filters_are_filters() {
    let below = |page: &str, heading: &str| {
        let lines = page.lines().skip_while(|line| *line != heading).skip(1);
        let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
        let flags = lines.filter_map(|line| line.trim_start().strip_prefix("--"));
        let name = |flag: &str| flag.split([' ', '=', '[']).next().unwrap().to_owned();
        flags.map(name).collect::<Vec<_>>()
    };
    let filters = "eligible never-sent sent-before not-read clicked expired expires-within suppressed zone";
    let lists = "columns sort limit";
    let canary = "canary canary-wait canary-max-failed canary-without-events";
    for (words, heading, flags) in [
        (&["send"][..], "Filters:", filters),
        (&["send"], "Canary:", canary),
        (&["tokens", "list"], "Filters:", filters),
        (&["tokens", "list"], "List options:", lists),
        (&["broadcast", "list"], "List options:", lists),
    ] {
        let page = Env::new().mmsg(words.iter().chain(&["--help"])).exits(0).stdout;
        assert_eq!(below(&page, heading).join(" "), flags, "{words:?}");
    }
}
