//! README, CONTRIBUTING and docs/: no link leads nowhere, and no command or flag that they show is one that `mmsg` does not have.
//!
//! What the commands print is compared in [`crate::readme`], and the recipes are run in [`crate::recipes`].

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::error::ErrorKind;
use regex_lite::Regex;

use crate::common::documents::{Block, commands, document, documents};
use crate::common::{Env, repository};

#[test]
fn links_lead_somewhere() {
    // In place, or below: [words](target) and [words][name].
    let link = Regex::new(r"\]\(([^)\s]+)\)|\]\[([a-z]+)\]").unwrap();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for page in documents() {
        let folder = Path::new(&page.file).parent().unwrap().to_owned();
        for found in link.captures_iter(&page.prose()) {
            let below = |name: &str| page.text.lines().find_map(|line| line.strip_prefix(&format!("[{name}]: ")));
            let target = match (found.get(1), found.get(2)) {
                (Some(target), _) => target.as_str(),
                (_, name) => below(name.unwrap().as_str()).unwrap_or("nowhere"),
            };
            seen += 1;
            if target.starts_with("https://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
            let file = if path.is_empty() { Path::new(&page.file).to_owned() } else { folder.join(path) };
            let is_there = repository(file.to_str().unwrap()).exists();
            let has_anchor =
                |anchor: &str| document(file.to_str().unwrap()).anchors().iter().any(|other| other == anchor);
            if !is_there || anchor.is_some_and(|anchor| !has_anchor(anchor)) {
                wrong.push(format!("{}: {target}", page.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "{seen} links");
}

/// Words that a native reader stumbles over, with what a line may have beside them.
#[test]
fn what_operators_read_is_plain_english() {
    const ODD: [&str; 6] =
        [r"\b(is|are) no ", r"\bwhoever\b", r"\bmend", r"\bslips?\b", "has no turn", "sends a second"];
    let fine = Regex::new(r"\b(there|There) (is|are) no |\b(is|are) no (longer|more)\b").unwrap();
    let odd: Vec<_> = ODD.iter().map(|odd| Regex::new(odd).unwrap()).collect();
    let kept = ["errors", "help"].map(|folder| repository("tests/snapshots").join(folder));
    let kept = kept.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let pages = documents().into_iter().map(|page| repository(&page.file));
    let others = ["CHANGELOG.md", "config.example.toml"].map(repository);
    let mut lines = 0;
    let mut found = Vec::new();
    for path in kept.chain(pages).chain(others) {
        for line in fs::read_to_string(&path).unwrap().lines() {
            lines += 1;
            let rest = fine.replace_all(line, "");
            if odd.iter().any(|odd| odd.is_match(&rest.to_lowercase())) {
                found.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(lines > 5000, "{lines} lines");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_page_is_in_the_index() {
    let index = document("docs/README.md").text;
    for page in documents() {
        let Some(name) = page.file.strip_prefix("docs/").filter(|name| *name != "README.md") else { continue };
        assert!(index.contains(&format!("]({name})")), "docs/README.md does not link {name}");
    }
}

#[test]
fn every_document_names_files_that_exist() {
    for page in documents() {
        for word in page.text.split('`').filter(|word| word.starts_with("src/") || word.starts_with("tests/")) {
            let path = word.split([' ', '\n']).next().unwrap().trim_end_matches('/');
            // Of somebody else's sources.
            if page.file != "docs/comparison.md" || !path.ends_with(".js") {
                assert!(repository(path).exists(), "{} names {path}", page.file);
            }
        }
    }
}

/// Fails unless `mmsg` would take these words. Help is not asked for.
fn assert_taken(words: &[String], place: &str) {
    if let Err(error) = mmsg::command().try_get_matches_from(words) {
        let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        assert!(is_asked_for, "{place}: {}\n{error}", words.join(" "));
    }
}

#[test]
fn every_block_is_held_against_something() {
    let (mut blocks, mut seen) = (0, 0);
    for page in documents() {
        for Block { language, text, at } in page.blocks() {
            let place = format!("{}:{at}", page.file);
            blocks += 1;
            let lines = match language.as_str() {
                "sh" | "indented" => text,
                "crontab" => text.lines().map(|line| command_of_cron(line) + "\n").collect(),
                "ini" => text
                    .lines()
                    .filter_map(|line| line.strip_prefix("ExecStart="))
                    .map(|line| format!("{line}\n"))
                    .collect(),
                // Run, or read by the program itself, in a test of its own; not about mmsg.
                "console" | "toml" | "nginx" | "caddyfile" | "sql" | "rust" | "text" => continue,
                other => panic!("{place}: what holds a block of {other} true?"),
            };
            for words in commands(&lines) {
                seen += 1;
                assert_taken(&words, &place);
            }
        }
    }
    println!("{blocks} blocks, {seen} commands of mmsg in those that are not transcripts");
    assert!(blocks > 40 && seen > 40, "{blocks} blocks, {seen} commands");
}

/// The command of a line of a crontab.
fn command_of_cron(line: &str) -> String {
    line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ")
}

/// The flags of every command, and those of one.
fn flags(command: &clap::Command) -> BTreeSet<String> {
    let names = |arg: &clap::Arg| {
        let long = arg.get_long_and_visible_aliases().unwrap_or_default();
        long.into_iter().map(|name| format!("--{name}")).collect::<Vec<_>>()
    };
    let mut found: BTreeSet<String> = command.get_arguments().flat_map(names).collect();
    found.extend(command.get_subcommands().flat_map(flags));
    found.extend(["--help".to_owned(), "--version".to_owned()]);
    found
}

/// The prose of the pages names commands and flags in passing, too: `mmsg send --resume`, `--canary none`.
#[test]
fn commands_and_flags_in_the_prose_are_there() {
    let cli = mmsg::command();
    let everywhere: BTreeSet<String> = flags(&cli);
    let global: BTreeSet<String> =
        cli.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    // Of psql and bq.
    let of_others = ["--csv", "--max_rows"];
    let code = Regex::new("`([^`]+)`").unwrap();
    let flag = Regex::new("--[a-z_-]+").unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in documents() {
        // A span may go on in the next line.
        let prose = page.prose().replace('\n', " ");
        for span in code.captures_iter(&prose).map(|found| found[1].to_owned()) {
            let mut command = &cli;
            let mut words = span.split_whitespace().peekable();
            let is_ours = words.next_if(|word| *word == "mmsg").is_some();
            if !is_ours && !span.starts_with("--") {
                continue;
            }
            while let Some(word) =
                words.next_if(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-'))
            {
                match command.find_subcommand(word) {
                    Some(below) => command = below,
                    None if command.has_subcommands() => wrong.push(format!("{}: {span}", page.file)),
                    None => break,
                }
            }
            let own = if is_ours { flags(command) } else { everywhere.clone() };
            for name in flag.find_iter(&span).map(|found| found.as_str()) {
                seen += 1;
                let is_there = own.contains(name) || global.contains(name) || (!is_ours && of_others.contains(&name));
                // The beginning of several.
                let is_some = name.ends_with('-') && own.iter().any(|flag| flag.starts_with(name));
                if !is_there && !is_some {
                    wrong.push(format!("{}: {name} in {span}", page.file));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 80, "{seen}");
}

#[test]
fn the_profiles_of_the_documents_are_taken() {
    let mut seen = 0;
    for page in documents() {
        // What all share, without a profile, is used in tests/forty.rs.
        for block in page
            .blocks_of("toml")
            .into_iter()
            .filter(|block| page.file != "docs/fleet.md" || block.text.contains("[profiles"))
        {
            seen += 1;
            let run =
                Env::new().profiles(&block.text).mmsg(["config", "show", "--profile", "shop", "-o", "csv"]).exits(0);
            assert!(run.stdout.contains("send.campaign,120210000000000001,"), "{}:{}\n{run:#?}", page.file, block.at);
        }
    }
    assert!(seen >= 2, "{seen}");
}

/// The files of the blocks that begin with a path below `/etc/systemd/system`, in a folder, with this `mmsg`.
#[cfg(target_os = "linux")]
fn units(page: &crate::common::documents::Document, folder: &Path, program: &str) -> Vec<String> {
    let mut written = Vec::new();
    for block in page.blocks_of("ini") {
        let name =
            block.text.lines().next().and_then(|line| line.strip_prefix("# /etc/systemd/system/")).unwrap().to_owned();
        fs::write(folder.join(&name), block.text.replace("/usr/bin/mmsg", program)).unwrap();
        written.push(name);
    }
    written
}

#[test]
#[cfg(target_os = "linux")]
fn systemd_takes_the_units() {
    use std::process::Command;

    let is_there =
        Command::new("systemd-analyze").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        crate::common::not_run("the units of the documents, since systemd-analyze is not installed");
        return;
    }
    let mut seen = 0;
    for file in ["README.md", "docs/automation.md"] {
        let env = Env::new();
        let program = env.command([""; 0]).get_program().to_str().unwrap().to_owned();
        for name in units(&document(file), &env.path(""), &program) {
            seen += 1;
            let path = env.path(&name);
            let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // It also says what it thinks of this machine's other units.
            let about_it: Vec<&str> = said.lines().filter(|line| line.contains(&name)).collect();
            assert!(output.status.success() && about_it.is_empty(), "{file}: {name}: {said}");
        }
    }
    assert!(seen >= 5, "{seen}");
}

/// What to watch on a server, asked as its operator would.
#[test]
#[cfg(target_os = "linux")]
fn a_server_answers_the_queries_of_the_documents() {
    let env = Env::new().on_server();
    env.mmsg(["ledger", "migrate"]).exits(0);
    let mut seen = 0;
    for page in documents() {
        for block in page.blocks_of("sql") {
            seen += 1;
            let said = env.database().unwrap().ask(&block.text);
            assert!(said.contains("sends|") && said.contains("events_"), "{}:{}\n{said}", page.file, block.at);
        }
    }
    assert_eq!(seen, 1);
}
