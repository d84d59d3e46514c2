//! Imports run one way. The table is the one in `src/lib.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// Value types: no socket, no database.
const VALUES: [&str; 3] = ["campaign", "message", "audience"];

/// What every layer may import. These import nothing but each other.
const GROUND: [&str; 9] = ["clock", "endpoint", "json", "log", "rate", "secret", "statistics", "text", "times"];

/// Layers that fail with variants; `commands` chooses the exit code, the sentence and the hint.
const HAVE_ERRORS_OF_THEIR_OWN: [&str; 3] = ["graph", "ledger", "send"];

/// What a module may import besides itself, the ground floor and `error`.
fn allowed(module: &str) -> Vec<&'static str> {
    let and_values = |others: &[&'static str]| [&VALUES[..], others].concat();
    match module {
        "main" | "lib" | "cli" | "commands" => MODULES.to_vec(),
        "send" => and_values(&["graph", "ledger"]),
        "webhook" | "report" => vec!["ledger"],
        "config" => and_values(&["ledger::address"]),
        "graph" | "ledger" => VALUES.to_vec(),
        "campaign" | "message" | "audience" | "ui" | "error" => vec![],
        ground if GROUND.contains(&ground) => vec![],
        other => panic!("src/{other}: a new module needs its line here and in src/lib.rs"),
    }
}

const MODULES: [&str; 22] = [
    "audience",
    "campaign",
    "cli",
    "clock",
    "commands",
    "config",
    "endpoint",
    "error",
    "graph",
    "json",
    "ledger",
    "log",
    "message",
    "rate",
    "report",
    "secret",
    "send",
    "statistics",
    "text",
    "times",
    "ui",
    "webhook",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The top-level module that a file below `src` belongs to.
fn module_of(below: &Path) -> String {
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// All paths that start with `crate::`, groups spelled out two names deep: `graph`, `graph::codes`.
fn imports(text: &str) -> Vec<String> {
    let text = without_comments(text);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        found.extend(heads(&text[at + "crate::".len()..], 2));
    }
    found
}

fn heads(path: &str, depth: usize) -> Vec<String> {
    if let Some(group) = path.strip_prefix('{') {
        return members(group).iter().flat_map(|member| heads(member, depth)).collect();
    }
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    match rest.strip_prefix("::") {
        Some(rest) if depth > 1 => heads(rest, depth - 1).iter().map(|inner| format!("{name}::{inner}")).collect(),
        _ => vec![name.to_owned()],
    }
}

/// The members of a group, whose opening brace is gone.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => {
                members.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        members.last_mut().unwrap().push(c);
    }
    members.iter().map(|member| member.trim().to_owned()).filter(|member| !member.is_empty()).collect()
}

fn violations(below: &Path, text: &str) -> Vec<String> {
    let module = module_of(below);
    let may = allowed(&module);
    let mut wrong = Vec::new();
    for import in imports(text) {
        let head = import.split("::").next().unwrap();
        let known = MODULES.contains(&head);
        let ground = GROUND.contains(&head)
            || (head == "error"
                && !HAVE_ERRORS_OF_THEIR_OWN.contains(&module.as_str())
                && !GROUND.contains(&module.as_str()));
        let fine = !known || head == module || ground;
        if !fine && !may.iter().any(|allowed| *allowed == head || *allowed == import) {
            wrong.push(format!("{}: {module} may not import {import}", below.display()));
        }
    }
    let code = without_comments(text);
    if code.contains("super::super") {
        wrong.push(format!("{}: super::super hides which module a name comes from", below.display()));
    }
    // In a module's root file `super` is the crate.
    if below.components().count() == 1 {
        for other in MODULES.iter().filter(|other| **other != module) {
            let escape = format!("super::{other}::");
            if code.contains(&escape) && !repository(&format!("src/{module}/{other}.rs")).exists() {
                wrong.push(format!("{}: {escape} bypasses the layers", below.display()));
            }
        }
    }
    wrong
}

#[test]
fn imports_run_one_way() {
    let src = repository("src");
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let text = fs::read_to_string(&path).unwrap();
        wrong.extend(violations(path.strip_prefix(&src).unwrap(), &text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_every_way_to_import() {
    let bad = [
        ("graph/client.rs", "use crate::ledger::Ledger;"),
        ("graph.rs", "use crate::{campaign::Money, send::Plan};"),
        ("graph/client.rs", "use crate::error::Error;"),
        ("ledger/writer.rs", "fn f() { crate::graph::codes::class(1); }"),
        ("ui/table.rs", "use crate::config::Settings;"),
        ("report.rs", "use crate::{config::Settings, text::mask};"),
        ("secret.rs", "use crate::error::Error;"),
        ("config.rs", "use crate::graph::Graph;"),
        ("message/rules.rs", "use super::super::graph::Graph;"),
        ("message.rs", "use super::graph::Graph;"),
    ];
    for (path, text) in bad {
        assert_eq!(violations(Path::new(path), text).len(), 1, "{path}: {text}");
    }
    let good = [
        ("graph/client.rs", "use crate::{clock::Clock, secret::{Redactor, Secret}, campaign::Money};"),
        ("send.rs", "use crate::ledger::Ledger; use crate::graph::Graph;"),
        ("campaign.rs", "// use crate::ledger::Ledger;\nuse crate::clock::Clock;"),
        ("ui.rs", "use crate::secret::Redactor; mod tests { use super::table; }"),
        ("json.rs", "use crate::text::is_hidden;"),
    ];
    for (path, text) in good {
        assert_eq!(violations(Path::new(path), text), Vec::<String>::new(), "{path}");
    }
}

/// What is logged passes through `log`, whose types mask it.
#[test]
fn nobody_logs_past_the_types_that_mask() {
    let src = repository("src");
    for path in sources(&src) {
        let below = path.strip_prefix(&src).unwrap();
        let code = without_comments(&fs::read_to_string(&path).unwrap());
        let may = below.starts_with("log") || below == Path::new("log.rs");
        assert!(may || !code.contains("tracing"), "{} logs by itself", below.display());
        assert!(!code.contains("impl Shown for String"), "{}: any text could be logged", below.display());
    }
}

#[test]
fn module_roots_stand_beside_their_folders() {
    for src in [repository("src"), repository("sandbox/src")] {
        for path in sources(&src) {
            assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
            let folder = path.parent().unwrap();
            if folder != src {
                assert!(folder.with_extension("rs").exists(), "{} has no root file", folder.display());
            }
        }
    }
}

/// Another database that speaks the SQL of one of these is a file beside them, and an arm wherever an engine is told from another.
#[test]
fn few_files_know_which_database_it_is() {
    let src = repository("src");
    let files: Vec<(String, String)> = sources(&src)
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&src).unwrap().display().to_string();
            (below, without_comments(&fs::read_to_string(path).unwrap()))
        })
        .filter(|(below, _)| !below.ends_with("tests.rs") && !below.contains("tests/"))
        .collect();
    let knowing = |is_named: &dyn Fn(&str) -> bool| -> BTreeSet<&str> {
        let knows = files.iter().filter(|(_, code)| is_named(code));
        knows
            .map(|(below, _)| if below.starts_with("ledger/db/postgres/") { "ledger/db/postgres" } else { below })
            .collect()
    };
    assert_eq!(knowing(&|code| code.contains("rusqlite")), BTreeSet::from(["ledger/db/sqlite.rs"]));
    assert_eq!(knowing(&|code| code.contains("tokio_postgres")), BTreeSet::from(["ledger/db/postgres"]));
    assert_eq!(
        knowing(&|code| code.contains("Sqlite(") || code.contains("Postgres(")),
        BTreeSet::from(["ledger/db.rs", "ledger/db/upkeep.rs"])
    );
}
