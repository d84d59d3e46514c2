//! Files of one room do not import from each other in a circle: each can be read, tested and replaced with only those below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// Rooms without circles.
const ROOMS: [&str; 7] = ["audience", "commands", "graph", "ledger", "message", "report", "send"];

/// A module of its own file, as `ledger::writer::claim`.
type Module = String;

/// The modules of a room by file; its tests stand aside.
fn modules(src: &Path, room: &str) -> BTreeMap<Module, PathBuf> {
    let mut found = BTreeMap::from([(room.to_owned(), src.join(format!("{room}.rs")))]);
    let mut folders = vec![(room.to_owned(), src.join(room))];
    while let Some((module, folder)) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let inner = format!("{module}::{name}");
            if path.is_dir() {
                folders.push((inner, path));
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
                found.insert(inner, path);
            }
        }
    }
    found.retain(|module, _| !module.split("::").any(|name| name == "tests"));
    found
}

/// What a file holds besides comments and its tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// All paths of `use` lines, groups spelled out, and paths that name a module where they are used.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let begins = code[..at].chars().next_back().is_none_or(|before| before.is_whitespace());
        if let Some(end) = code[at..].find(';').filter(|_| begins) {
            found.extend(spelled_out(&code[at + 4..at + end]));
        }
    }
    for head in ["crate::", "super::"] {
        for (at, _) in code.match_indices(head) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
            let path = path.trim_end_matches(':');
            // A group's members are spelled out above.
            if !path.split("::").all(|name| name == "super" || name == "crate") {
                found.push(path.to_owned());
            }
        }
    }
    found
}

fn spelled_out(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some((head, group)) = path.split_once('{') else {
        return vec![path.split(" as ").next().unwrap().trim().to_owned()];
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut from, mut members) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    members.push(&group[from..]);
    members
        .iter()
        .filter(|member| !member.trim().is_empty())
        .flat_map(|member| spelled_out(&format!("{}{}", head.trim(), member.trim())))
        .collect()
}

/// The module of this room that a path in `module` names, or has the name from.
fn target(path: &str, module: &str, all: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    let mut names: Vec<&str> = path.split("::").collect();
    let mut whole: Vec<&str> = match names[0] {
        "crate" => Vec::new(),
        "self" => module.split("::").collect(),
        "super" => module.split("::").collect(),
        // A child of this module.
        child if all.contains_key(&format!("{module}::{child}")) => {
            names.insert(0, "self");
            module.split("::").collect()
        }
        _ => return None,
    };
    for name in names {
        match name {
            "crate" | "self" => {}
            "super" => drop(whole.pop()),
            name => whole.push(name),
        }
    }
    (1..=whole.len()).rev().map(|length| whole[..length].join("::")).find(|module| all.contains_key(module))
}

/// Every circle's modules, each circle once: the groups in which each module reaches each other.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Vec<Module>> {
    let reached = |from: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            next.extend(imports[module].iter().filter(|other| seen.insert((*other).clone())));
        }
        seen
    };
    let all: BTreeMap<&Module, BTreeSet<Module>> = imports.keys().map(|module| (module, reached(module))).collect();
    let mut found: Vec<Vec<Module>> = Vec::new();
    for (module, reaches) in &all {
        let circle: Vec<Module> = reaches.iter().filter(|other| all[other].contains(*module)).cloned().collect();
        if !circle.is_empty() && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

fn imports_of(src: &Path, room: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let all = modules(src, room);
    let imports = |module: &Module, path: &Path| {
        let text = code(&fs::read_to_string(path).unwrap());
        let targets = paths(&text).into_iter().filter_map(|path| target(&path, module, &all));
        targets.filter(|target| target != module).collect()
    };
    all.iter().map(|(module, path)| (module.clone(), imports(module, path))).collect()
}

#[test]
fn no_files_of_a_room_import_in_a_circle() {
    let mut found = Vec::new();
    for room in ROOMS {
        let imports = imports_of(&repository("src"), room);
        for circle in circles(&imports) {
            let edges = circle.iter().flat_map(|from| {
                imports[from].iter().filter(|to| circle.contains(to)).map(move |to| format!("  {from} imports {to}"))
            });
            found.push(edges.collect::<Vec<_>>().join("\n"));
        }
    }
    assert!(found.is_empty(), "circles:\n{}", found.join("\n\n"));
}

/// Lines of code below `src`, tests left out, that a pattern is found in.
fn lines_with(pattern: &str) -> Vec<(String, String)> {
    let pattern = regex_lite::Regex::new(pattern).unwrap();
    let src = repository("src");
    let mut files = modules(&src, "ledger").into_values().collect::<Vec<_>>();
    for other in ["commands", "report", "send", "webhook"] {
        files.extend(modules(&src, other).into_values());
    }
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&src).unwrap().display().to_string();
        let text = code(&fs::read_to_string(&path).unwrap());
        found.extend(text.lines().filter(|line| pattern.is_match(line)).map(|line| (name.clone(), line.to_owned())));
    }
    found
}

#[test]
fn only_one_module_has_sql_on_people() {
    let found = lines_with(r"\b(update|into|from|join) recipients\b|\brecipients (set|r)\b");
    assert!(found.len() > 10, "the pattern finds nothing: {found:#?}");
    let is_theirs = |file: &str| file == "ledger/people.rs" || file.starts_with("ledger/people/");
    let elsewhere: Vec<_> = found.iter().filter(|(file, _)| !is_theirs(file)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}

/// All files below `src`, with what they hold besides comments and tests.
fn sources() -> Vec<(PathBuf, String)> {
    let src = repository("src");
    let mut files: Vec<PathBuf> = fs::read_dir(&src).unwrap().map(|entry| entry.unwrap().path()).collect();
    let rooms: Vec<_> = files.extract_if(.., |path| path.is_dir()).collect();
    for room in rooms {
        files.extend(modules(&src, room.file_name().unwrap().to_str().unwrap()).into_values());
    }
    let file = |path: PathBuf| {
        let text = code(&fs::read_to_string(&path).unwrap());
        (path.strip_prefix(&src).unwrap().to_owned(), text)
    };
    files.into_iter().map(file).collect()
}

/// Why something failed is a variant: the exit code and the sentence are for whoever ran the command.
#[test]
fn nobody_goes_by_an_exit_code_or_a_sentence() {
    let words = [".exit() ==", ".exit() !=", ".exit() {", "message().contains(", "message().starts_with("];
    let goes_by = |(_, text): &&(PathBuf, String)| words.iter().any(|word| text.contains(word));
    let mut texts = sources();
    // It is where exit codes are.
    texts.retain(|(path, _)| path != Path::new("error.rs"));
    let found: Vec<_> = texts.iter().filter(goes_by).map(|(path, _)| path).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// What a change of the rule would have to find everywhere, by words that it is written in.
#[test]
fn a_rule_that_many_need_stands_in_one_file() {
    let texts = sources();
    for (rule, words, home) in [
        ("the cool-down", &["from_hours(12)", "43_200", "43200", "12 * 60 * 60"][..], "times.rs"),
        ("the margin of the cool-down", &["const MARGIN"], "times.rs"),
        ("how far a clock may be off", &["const CLOCK_SKEW", "SKEW: Duration = Duration::from_mins(10)"], "times.rs"),
        ("how long a request may take", &["const REQUEST_TIMEOUT"], "times.rs"),
        ("which hosts are this machine", &["eq_ignore_ascii_case(\"localhost\")"], "endpoint.rs"),
        ("how JSON writes a string", &["fn push_string", "\\\\u00"], "json.rs"),
        ("which cells a spreadsheet runs", &["'=', '+'", "'-', '@'"], "text.rs"),
        ("which characters are hidden", &["fn is_hidden", "{202a}", "{61c}"], "text.rs"),
    ] {
        let has_it = texts.iter().filter(|(_, text)| words.iter().any(|word| text.contains(word)));
        let found: BTreeSet<&Path> = has_it.map(|(path, _)| path.as_path()).collect();
        assert_eq!(found, BTreeSet::from([Path::new(home)]), "{rule}");
    }
}

/// Types that other files of the room can use. A layer's own error and result, the arguments of a command, and what each engine has of its
/// own are named for what they are.
#[test]
fn a_type_of_a_room_has_a_name_of_its_own() {
    const SHARED: [&str; 6] = ["Args", "Error", "Result", "Conn", "Rows", "Statement"];
    let src = repository("src");
    let mut homes: BTreeMap<(&str, String), Vec<PathBuf>> = BTreeMap::new();
    for room in ROOMS {
        for path in modules(&src, room).into_values() {
            for line in code(&fs::read_to_string(&path).unwrap()).lines() {
                let Some(rest) = line.strip_prefix("pub ") else { continue };
                let is_type = ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| rest.strip_prefix(word));
                let Some(rest) = is_type else { continue };
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                homes.entry((room, name)).or_default().push(path.clone());
            }
        }
    }
    assert!(homes.len() > 400, "only {} types were found", homes.len());
    homes.retain(|(_, name), files| files.len() > 1 && !SHARED.contains(&name.as_str()));
    assert!(homes.is_empty(), "{homes:#?}");
}

#[test]
fn sql_names_states_and_leaves_json_to_those_who_know_it() {
    let numbers = lines_with(r"\bstate (=|<>|in|is) ?\(?[0-9]|\bhow = [0-9]");
    assert!(numbers.is_empty(), "{numbers:#?}");
    let json = lines_with(r"json_extract|->>");
    assert!(json.is_empty(), "{json:#?}");
}

/// Words of SQL that one engine alone understands, or each in its own way. See `docs/architecture.md`.
const DIALECT: &str = concat!(
    r"\b(instr|hex|iif|ifnull|glob|total|printf|randomblob|strftime|group_concat|greatest|least)\(|",
    r"\b(max|min)\([^()]*,|\bsum\([a-z.]+\)([^ ]| [^a]|$)|insert or |\bn = n \+|",
    r"\bis (not )?[?'0-9]|\?[0-9]+ is (not )?null|\bas (integer|blob)\b|",
    r"\bpragma\b|sqlite_|\browid\b|without rowid|temp table",
);

#[test]
fn statements_are_in_words_that_every_engine_has() {
    // SQLite's own, and what is kept in SQLite beside any ledger.
    let engine = ["ledger/db.rs", "ledger/db/sqlite.rs", "ledger/db/upkeep.rs", "ledger/database/file.rs"];
    let is_foreign = |(file, line): &(String, String)| {
        file.starts_with("ledger/") && !engine.contains(&file.as_str()) && !line.contains("create table seen")
    };
    let found: Vec<_> = lines_with(DIALECT).into_iter().filter(is_foreign).collect();
    assert!(found.is_empty(), "{found:#?}");
    let ids = lines_with("last_insert_rowid");
    assert!(ids.is_empty(), "`returning id` tells it in every engine: {ids:#?}");
    let pattern = regex_lite::Regex::new(DIALECT).unwrap();
    for (line, is_dialect) in [
        ("set a = max(a, ?1)", true),
        ("select max(a) from b", false),
        ("where a is ?1 and b", true),
        ("where gate is not ?1", true),
        ("where a is not distinct from ?1 and b is null", false),
        ("where (?1 is null or a = ?1)", true),
        ("where (cast(?1 as text) is null or a = ?1)", false),
        ("coalesce(sum(n), 0)", true),
        ("coalesce(cast(sum(n) as bigint), 0)", false),
        ("insert or ignore into a", true),
        ("do update set n = n + excluded.n", true),
        ("do update set n = states.n + excluded.n", false),
        ("pragma user_version", true),
    ] {
        assert_eq!(pattern.is_match(line), is_dialect, "{line}");
    }
}

#[test]
fn the_check_sees_every_way_to_import() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("room.rs", "mod a;\nmod b;\nmod c;\npub use a::Thing;\n");
    write("room/a.rs", "use super::{\n    b::{self, One},\n    c::Two as Other,\n};\n// use super::d;\n");
    write(
        "room/b.rs",
        "fn f() { crate::room::c::inner::g(); }\n#[cfg(test)]\nmod tests { use super::super::a::Thing; }\n",
    );
    write("room/c.rs", "mod inner;\nuse inner::g;\n");
    write("room/c/inner.rs", "use std::fs;\n");
    write("room/d.rs", "use crate::room::{Thing, e};\n");
    write("room/e.rs", "use crate::elsewhere::room::a;\n");
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let imports = imports_of(folder.path(), "room");
    assert_eq!(imports["room"], named(&["room::a"]));
    assert_eq!(imports["room::a"], named(&["room::b", "room::c"]));
    assert_eq!(imports["room::b"], named(&["room::c::inner"]));
    assert_eq!(imports["room::c"], named(&["room::c::inner"]));
    assert_eq!(imports["room::d"], named(&["room", "room::e"]));
    assert!(imports["room::c::inner"].is_empty() && imports["room::e"].is_empty());
    assert!(circles(&imports).is_empty());
    write("room/c/inner.rs", "use super::super::d;\n");
    write("room/d.rs", "use crate::room::a;\n");
    let circle = circles(&imports_of(folder.path(), "room"));
    assert_eq!(circle, [["room::a", "room::b", "room::c", "room::c::inner", "room::d"].map(str::to_owned).to_vec()]);
}
