//! README and docs/: transcripts are run, the first campaign reaches everybody, and tables are held against the binary.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use mmsg::Exit;
use regex_lite::Regex;

use crate::common::documents::{Document, commands, document, documents};
use crate::common::sandbox::Sandbox;
use crate::common::{Env, TOKEN, repository};

/// A command of a console block, and what stands below it.
#[derive(Debug, Default)]
struct Step {
    line: String,
    output: String,
}

fn steps(page: &Document) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in page.blocks_of("console") {
        let mut goes_on = false;
        for line in block.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step { line: command.to_owned(), output: String::new() });
            } else if goes_on {
                let step = steps.last_mut().unwrap();
                step.line = format!("{}\n{line}", step.line);
            } else {
                let step = steps.last_mut().unwrap();
                step.output = format!("{}{line}\n", step.output);
            }
            goes_on = line.ends_with('\\') && (goes_on || line.starts_with("$ "));
        }
    }
    steps
}

/// What differs from run to run, made the same: times, and what the sandbox draws for a preview.
fn settled(text: &str) -> String {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    let preview = Regex::new(r"&d=\w+&t=\w+").unwrap();
    let text = time.replace_all(text, "TIME");
    preview.replace_all(&text, "&d=…&t=…").trim_end().to_owned()
}

#[test]
fn the_commands_do_what_the_documents_show() {
    let transcripts: Vec<_> = documents().into_iter().map(|page| (steps(&page), page.file)).collect();
    let shown: usize = transcripts.iter().map(|(steps, _)| steps.len()).sum();
    assert!(shown > 15, "{shown} commands");
    for (steps, file) in transcripts.iter().filter(|(steps, _)| !steps.is_empty()) {
        do_what_is_shown(steps, file);
    }
}

/// The transcript of a page, in one shell of a machine of its own.
fn do_what_is_shown(steps: &[Step], file: &str) {
    // No other test is given it by chance: the system hands out ports from 32768 up.
    let port = (10_000..20_000_u16).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap().to_string();
    let env = Env::new();
    let mmsg = env.command([""; 0]);
    let program = Path::new(mmsg.get_program());
    let mut script = String::from("trap 'kill $(jobs -p) 2> /dev/null' EXIT\n");
    for step in steps {
        // One shell for all, as in a terminal. $? is the last command's, for the line that asks for it.
        script.push_str(&format!("{{ {}\n}}\n_status=$?\necho \"@@ $_status\"\n(exit $_status)\n", step.line));
    }
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("exec 2>&1\n{}", script.replace("8123", &port))]).env_clear();
    shell.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(env.path(""));
    shell.env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()));
    let run = env.judge(&shell.output().unwrap());

    let said = run.stdout.replace(&port, "8123").replace(&env.path("").to_string_lossy().into_owned(), "/home/me/");
    let mut rest = said.as_str();
    for (index, step) in steps.iter().enumerate() {
        let (output, after) = rest.split_once("@@ ").unwrap_or_else(|| panic!("{} never ended:\n{said}", step.line));
        let (status, after) = after.split_once('\n').unwrap();
        assert_eq!(
            settled(output),
            settled(&step.output),
            "{file}: $ {}\n(left: it printed, right: the page says)",
            step.line
        );
        let is_asked_for = steps.get(index + 1).is_some_and(|next| next.line == "echo $?");
        assert!(is_asked_for || status == "0", "$ {}\nended with {status}:\n{output}", step.line);
        rest = after;
    }
}

/// The ten commands of the README, as typed by somebody whose profile is new, against a sandbox. Its record says whom they reached.
#[test]
fn the_first_campaign_of_the_readme_reaches_everybody_once() {
    let sandbox = Sandbox::with(|options| options.subscribers = 40);
    let token = |row: &serde_json::Value| row["notification_messages_token"].as_str().unwrap().to_owned();
    let mut list: Vec<String> = sandbox.subscribers().iter().map(token).collect();
    let old = sandbox.environment();
    let (page, account) = (old.variable("MMSG_PAGE"), old.variable("MMSG_AD_ACCOUNT"));
    // Nothing but the host is known before the profile: what else it takes is in there.
    let env = Env::new().set("MMSG_GRAPH_URL", sandbox.url()).set("SHOP_TOKEN", TOKEN);
    fs::write(env.path("tokens.csv"), format!("token\n{}\n", list.join("\n"))).unwrap();

    let block = document("README.md").section("## Your first campaign").blocks_of("sh").remove(0).text;
    let typed = commands(&block);
    assert_eq!(typed.len(), 10, "ten commands");
    let mut campaign = String::new();
    for words in &typed {
        let words: Vec<&str> =
            words[1..].iter().map(|word| if word == "120210000000000001" { campaign.as_str() } else { word }).collect();
        let run = match words[0] {
            // In a script the answers are flags.
            "init" => env.mmsg(["init", "--ad-account", &account, "--page", &page, "--token-env", "SHOP_TOKEN"]),
            _ => env.mmsg(&words),
        };
        let run = run.exits(0);
        if words.starts_with(&["campaign", "create"]) {
            campaign = run.stdout.lines().next().and_then(|line| line.strip_prefix("id")).unwrap().trim().to_owned();
        }
    }
    let mut reached = sandbox.accepted();
    list.sort();
    reached.sort();
    assert_eq!(reached, list);
    assert!(fs::read_to_string(env.path("report.html")).unwrap().contains(&campaign));
}

/// `campaign create`, `send`, …: every command that does something.
fn every_command() -> BTreeSet<String> {
    fn add(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name());
            if below.has_subcommands() {
                add(below, &path, found);
            } else {
                found.insert(path);
            }
        }
    }
    let mut found = BTreeSet::new();
    add(&mmsg::command(), "mmsg", &mut found);
    found
}

#[test]
fn the_table_has_every_command_and_no_other() {
    let table = document("docs/commands.md").text;
    let code = Regex::new("`(mmsg [a-z -]+)`").unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let told: BTreeSet<String> =
        rows.flat_map(|row| code.captures_iter(row).map(|found| found[1].to_owned()).collect::<Vec<_>>()).collect();
    assert_eq!(told, every_command());
}

#[test]
fn the_table_has_every_exit_code() {
    let all = [
        Exit::Done,
        Exit::Internal,
        Exit::Usage,
        Exit::Config,
        Exit::Credentials,
        Exit::Refused,
        Exit::NotYet,
        Exit::Network,
        Exit::PartlyRefused,
        Exit::NotConfirmed,
        Exit::Ledger,
        Exit::Doubt,
        Exit::Interrupted,
        Exit::PipeClosed,
        Exit::Terminated,
    ];
    let table = document("docs/exit-codes.md").text;
    for exit in all {
        let row = format!("\n| {} | {} | ", exit.code(), exit.name().replace('_', " "));
        assert!(table.contains(&row), "no row {row:?}");
    }
    assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), all.len() + 1);
}

/// The keys that are promised of this command's data.
fn promised(data: &str) -> Vec<String> {
    let table = document("docs/output.md").text;
    let row = table.lines().find(|line| line.starts_with(&format!("| `{data}` |"))).unwrap();
    let cell = row.split('|').nth(2).unwrap();
    cell.split_whitespace().map(|key| key.trim_matches('`').to_owned()).collect()
}

#[test]
fn the_keys_are_those_that_are_promised() {
    let sandbox = Sandbox::start();
    sandbox.errors("2=100%*1");
    let env = sandbox.environment();
    // Of an empty list, too.
    let empty = env.path("empty.db").display().to_string();
    env.mmsg_reading("111\n", ["tokens", "import", "--audience", "a", "--ledger", &empty]).exits(0);
    for list in ["campaign list", "broadcast list", "unknown list"] {
        let run = env.mmsg(list.split(' ').chain(["-o", "csv", "--ledger", &empty])).exits(0);
        assert_eq!(run.stdout, promised(&format!("mmsg {list}")).join(",") + "\n");
    }
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let first = |text: &str| keys(&serde_json::from_str(text.lines().next().unwrap()).unwrap());

    let created = env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "-o", "json"]).exits(0).json();
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(keys(&created), promised("mmsg campaign create"));
    let list = env.mmsg(["campaign", "list", "-o", "ndjson"]).exits(0);
    assert_eq!(first(&list.stdout), promised("mmsg campaign list"));
    fs::write(env.path("m.json"), r#"{"text":"Hello"}"#).unwrap();
    let send = ["send", "--campaign", &id, "--message", "m.json", "--concurrency", "1", "-o"];
    let rows = env.mmsg_reading("111\n222\n", [&send[..], &["ndjson"]].concat()).exits(11);
    assert_eq!(first(&rows.stdout), promised("mmsg send -o ndjson"));
    let totals = env.mmsg_reading("111\n222\n", [&send[..], &["json"]].concat()).exits(0);
    assert_eq!(keys(&totals.json()), promised("mmsg send -o json"));
    let imported = env.mmsg_reading("111\n", ["tokens", "import", "--audience", "a", "-o", "json"]).exits(0);
    assert_eq!(keys(&imported.json()), promised("mmsg tokens import"));
    let broadcasts = env.mmsg(["broadcast", "list", "-o", "ndjson"]).exits(0);
    assert_eq!(first(&broadcasts.stdout), promised("mmsg broadcast list"));
    let unknown = env.mmsg(["unknown", "list", "-o", "ndjson"]).exits(0);
    assert_eq!(first(&unknown.stdout), promised("mmsg unknown list"));
    let report = env.mmsg(["report", "-o", "json"]).exits(0).json();
    assert_eq!(keys(&report), promised("mmsg report -o json"));
    let hours = env.mmsg(["report", "-o", "csv"]).exits(0);
    assert_eq!(hours.stdout.lines().next().unwrap(), promised("mmsg report -o csv").join(","));
    assert_eq!(keys(&report["hours"][0]), promised("mmsg report -o csv"));
    let doctor = env.mmsg(["doctor", "-o", "ndjson"]).exits(0);
    assert_eq!(first(&doctor.stdout), promised("mmsg doctor"));
    let accept = ["ledger", "accept-restore", "--since", "2020-01-01T00:00:00Z", "--yes", "-o", "json"];
    assert_eq!(keys(&env.mmsg(accept).exits(0).json()), promised("mmsg ledger accept-restore"));
    assert_eq!(promised("mmsg ledger accept-failover"), promised("mmsg ledger accept-restore"));
    let backup = ["ledger", "backup", "backup.db", "-o", "json"];
    assert_eq!(keys(&env.mmsg(backup).exits(0).json()), promised("mmsg ledger backup"));
    let check = ["ledger", "check", "-o", "json"];
    assert_eq!(keys(&env.mmsg(check).exits(0).json()), promised("mmsg ledger check"));
    let retention = ["ledger", "retention", "--events-before", "30d", "--dry-run", "-o", "json"];
    assert_eq!(keys(&env.mmsg(retention).exits(0).json()[0]), promised("mmsg ledger retention"));
    let migrate = ["ledger", "migrate", "-o", "json"];
    assert_eq!(keys(&env.mmsg(migrate).exits(0).json()), promised("mmsg ledger migrate"));
}

/// Every text of the program that tells what to type names a command that is there.
#[test]
fn hints_name_commands_that_exist() {
    fn look(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, check);
            } else {
                check(&path, &fs::read_to_string(&path).unwrap());
            }
        }
    }
    let cli = mmsg::command();
    // Words after mmsg that are not prose in a hint: those of the design, there or not.
    let named = Regex::new(
        "mmsg (init|doctor|campaign|message|send|tokens|broadcast|unknown|why|report|webhook|explain|sandbox|demo|config|audit|\
         ledger|completions|man)( [a-z]+(?:-[a-z]+)*)?",
    )
    .unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    look(&repository("src"), &mut |path, text| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for found in named.captures_iter(&code) {
            seen += 1;
            let word = cli.find_subcommand(&found[1]);
            let verb = found.get(2).map(|verb| verb.as_str().trim());
            let fits = word.is_some_and(|word| {
                !word.has_subcommands() || verb.is_none_or(|verb| word.find_subcommand(verb).is_some())
            });
            if !fits {
                wrong.push(format!("{}: {}", path.display(), &found[0]));
            }
        }
    });
    assert!(seen > 40, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
