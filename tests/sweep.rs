//! A sweep of every command, as it works and as it fails, with canary secrets: over what it prints, the files it leaves, and the
//! arguments and environments of the processes that it starts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::common::receiver::{PSID, Receiver, VERIFY_TOKEN, get, notice, post};
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people, write_message};
use crate::common::started::Started;
use crate::common::{APP_SECRET, Env, PAGE_TOKEN, Run, SUBSCRIPTION_TOKEN, TOKEN, files_below, holds};

const OTHER: &str = "EAABcanaryOther0123456789";
const STALE: &str = "EAABcanaryStale0123456789abc";
/// The log of every command.
const LOG: &str = "everything.log";
const SECRETS: [&str; 6] = [TOKEN, PAGE_TOKEN, APP_SECRET, VERIFY_TOKEN, OTHER, STALE];

/// What was swept, and how it ended.
#[derive(Default)]
struct Sweep {
    /// Exit codes, by the words that were run.
    ended: RefCell<Vec<(Vec<String>, i32)>>,
    masked: RefCell<usize>,
    /// Places of secrets, and programs that hold one in parts.
    may_hold: RefCell<Vec<PathBuf>>,
}

impl Sweep {
    fn note(&self, words: &[&str], run: &Run) {
        let said = format!("{}{}", run.stdout, run.stderr);
        *self.masked.borrow_mut() += said.matches("[hidden]").count();
        for secret in SECRETS {
            assert!(!said.contains(secret), "{words:?}: {said}");
        }
        self.ended.borrow_mut().push((words.iter().map(|&word| word.to_owned()).collect(), run.code));
    }

    fn run(&self, env: &Env, words: &[&str]) {
        for format in ["table", "json"] {
            self.note(words, &env.mmsg([words, &["-vv", "--log-file", LOG, "-o", format]].concat()));
        }
    }

    fn files(&self, env: &Env) {
        for path in files_below(&env.path("")) {
            let Ok(bytes) = fs::read(&path) else { continue };
            if path.ends_with(LOG) {
                assert_nobody_is_named(&bytes);
            }
            for secret in SECRETS {
                assert!(
                    self.may_hold.borrow().contains(&path) || !holds(&bytes, secret),
                    "{} holds a secret",
                    path.display()
                );
            }
        }
    }

    /// Fails if a command of the tree was never run, or never worked, or never failed.
    fn is_whole(&self) {
        let mut ends: BTreeMap<String, BTreeSet<bool>> =
            commands(&mmsg::command()).into_iter().map(|name| (name, BTreeSet::new())).collect();
        for (words, code) in self.ended.borrow().iter() {
            let is_of = |name: &str| name.split(' ').eq(words.iter().take(name.split(' ').count()));
            if let Some((_, worked)) = ends.iter_mut().find(|(name, _)| is_of(name)) {
                worked.insert(*code == 0);
            }
        }
        let missing: Vec<_> = ends.iter().filter(|(_, worked)| worked.len() < 2).collect();
        assert!(missing.is_empty(), "to be swept as it works (true) and as it fails (false): {missing:?}");
    }
}

/// The words of every command that can be run.
pub fn commands(command: &clap::Command) -> Vec<String> {
    let mut names = Vec::new();
    for sub in command.get_subcommands() {
        let below = commands(sub);
        if below.is_empty() {
            names.push(sub.get_name().to_owned());
        }
        names.extend(below.into_iter().map(|rest| format!("{} {rest}", sub.get_name())));
    }
    names
}

/// Programs in the folder `bin` that note which arguments and environment they were given: a browser, and one that fetches a secret.
fn programs(sweep: &Sweep, env: &Env) -> PathBuf {
    let (bin, seen) = (env.path("bin"), env.path("seen"));
    fs::create_dir(&bin).unwrap();
    let note = format!("cat /proc/$$/environ /proc/$$/cmdline >> '{}'", seen.display());
    let (head, tail) = TOKEN.split_at(8);
    for (name, then) in
        [("xdg-open", String::new()), ("open", String::new()), ("fetch", format!("echo {head}''{tail}"))]
    {
        fs::write(bin.join(name), format!("#!/bin/sh\n{note}\n{then}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    sweep.may_hold.borrow_mut().push(env.profile_file());
    seen
}

fn assert_given_none(seen: &[u8], of: &str) {
    for secret in SECRETS {
        assert!(!holds(seen, secret), "{of} was given a secret: {}", String::from_utf8_lossy(seen));
    }
}

/// Fails unless the log tells of requests and sends, and of nobody by a token or PSID.
fn assert_nobody_is_named(log: &[u8]) {
    let text = String::from_utf8_lossy(log);
    assert!(text.contains(r#""event":"request""#) && text.contains(r#""event":"webhook""#), "the log is not used");
    for person in people(4).iter().map(String::as_str).chain([SUBSCRIPTION_TOKEN, PSID, "7000000000000000021"]) {
        assert!(!text.contains(person), "{person} is in the log");
    }
}

/// Arguments and environment of every process below this one.
fn below(pid: u32) -> BTreeMap<u32, Vec<u8>> {
    // Who is whose child is asked of the parents: to look at every process of the machine again and again costs more than all commands
    // of the demo.
    let (mut seen, mut parents) = (BTreeMap::new(), vec![pid]);
    while let Some(parent) = parents.pop() {
        let of_parent = told(parent);
        for child in children(parent) {
            parents.push(child);
            let of_child = told(child);
            // One that shows what its parent does has not begun: it is a copy still. One that shows nothing has ended.
            if !of_child.is_empty() && of_child != of_parent {
                seen.insert(child, of_child);
            }
        }
    }
    seen
}

/// Those of every thread.
fn children(pid: u32) -> Vec<u32> {
    // Either may end meanwhile.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split(' ').filter_map(|child| child.parse().ok()).collect::<Vec<_>>()).collect()
}

fn told(pid: u32) -> Vec<u8> {
    ["cmdline", "environ"].map(|file| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default()).concat()
}

fn stopped(sweep: &Sweep, words: &[&str], process: Started<'_>) {
    for (pid, seen) in below(process.id()) {
        assert_given_none(&seen, &format!("process {pid}"));
    }
    let own = fs::read(format!("/proc/{}/cmdline", process.id())).unwrap();
    assert_given_none(&own, "mmsg itself, as arguments,");
    process.signal(Signal::TERM);
    sweep.note(words, &process.ends());
}

#[test]
fn no_command_shows_stores_or_passes_on_a_secret() {
    let shop = Shop::with(|options| options.dials.echo_secrets = true);
    let sweep = Sweep::default();
    // Secrets of the environment and of a profile; all of a profile; and a token that Graph refuses.
    let of_both = shop.sandbox.environment().set("OTHER", OTHER).set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN);
    let of_both = of_both.profiles(&format!(
        "[profiles.default]\ntoken = {{ env = 'OTHER' }}\npage_token = '{PAGE_TOKEN}'\napp_secret = ['{APP_SECRET}']\n"
    ));
    let of_profile = shop.sandbox.environment().unset("MMSG_TOKEN").unset("MMSG_PAGE_TOKEN").unset("MMSG_APP_SECRET");
    let of_profile = of_profile.set("OTHER", OTHER).set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN).profiles(&format!(
        "[profiles.default]\ntoken = {{ command = ['fetch', '--for', 'mmsg'] }}\napp_secret = ['{APP_SECRET}', {{ env = 'OTHER' }}]\n\
         verify_token = {{ file = 'verify' }}\n"
    ));
    fs::write(of_profile.path(".config/mmsg/verify"), VERIFY_TOKEN).unwrap();
    sweep.may_hold.borrow_mut().push(of_profile.path(".config/mmsg/verify"));
    let refused = shop.sandbox.environment().set("MMSG_TOKEN", STALE).set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN);
    let mut seen = Vec::new();
    let envs = [of_both, of_profile, refused].map(|env| {
        seen.push(programs(&sweep, &env));
        let path = format!("{}:/usr/bin:/bin", env.path("bin").display());
        env.set("PATH", path)
    });
    for (env, known) in envs.iter().zip([TOKEN, VERIFY_TOKEN, STALE]) {
        run_all(&sweep, &shop, env, known);
        serve(&sweep, env);
        sandbox(&sweep, env);
        sweep.files(env);
    }
    for (seen, part) in seen.iter().zip(["page.html", "--for\0mmsg", "report.html"]) {
        let seen = fs::read(seen).unwrap();
        assert!(holds(&seen, "PATH=") && holds(&seen, part), "no program was started: {part}");
        assert_given_none(&seen, "a program");
    }
    let demo = &envs[0];
    let mut process = demo.start("", &["demo"]);
    let mut children = BTreeMap::new();
    while process.is_running() {
        children.extend(below(process.id()));
        // Each of its commands goes on for longer.
        std::thread::sleep(Duration::from_millis(4));
    }
    sweep.note(&["demo"], &process.ends().exits(0));
    assert!(!cfg!(target_os = "linux") || children.len() > 5, "the demo runs more commands than {children:?}");
    children.values().for_each(|seen| assert_given_none(seen, "a command of the demo"));
    ask(&sweep);

    assert!(*sweep.masked.borrow() > 5, "the host's errors repeated no token, so nothing was proved");
    assert_eq!(shop.sandbox.count("leaks"), 0);
    sweep.is_whole();
}

/// All that ends by itself. A command that works in one environment fails in another, or with a flag that takes a secret for itself.
fn run_all(sweep: &Sweep, shop: &Shop, env: &Env, known: &str) {
    each_command(shop, env, &mut |words| sweep.run(env, words));
    // A secret that the environment has, typed where nothing takes one.
    for name in commands(&mmsg::command()) {
        let flag = format!("--no-such-flag={known}");
        let words: Vec<&str> = name.split(' ').chain([&*flag]).collect();
        sweep.note(&words, &env.mmsg(&words).exits(2));
    }
}

/// Every command that ends by itself, in an order in which most of them have something to do.
pub fn each_command(shop: &Shop, env: &Env, run: &mut dyn FnMut(&[&str])) {
    write_message(env, "promo.json", &json!({ "text": "Half price" }));
    fs::write(env.path("list.csv"), people(4).join("\n")).unwrap();
    fs::write(env.path("notices.ndjson"), notice([1, 2])).unwrap();
    let fault = |n: usize, fault: &str| (people(4)[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([fault(1, "2399999"), fault(2, "accepted-drop"), fault(3, "190")]);
    let campaign = shop.other_campaign();
    let (id, person) = (campaign.as_str(), people(1).remove(0));
    let send = ["send", "--campaign", id, "--message", "promo.json", "list.csv"];
    let all: Vec<Vec<&str>> = vec![
        vec!["config", "show"],
        vec!["config", "path"],
        vec!["campaign", "create", "--lifetime-budget", "1"],
        vec!["campaign", "create", "--lifetime-budget", "3000"],
        vec!["campaign", "list", "--all"],
        vec!["campaign", "get", id],
        vec!["campaign", "get", "99"],
        vec!["campaign", "estimate", "--lifetime-budget", "3000"],
        vec!["campaign", "insights", id],
        vec!["message", "build", "--text", "Hello", "--save", "new.json", "--force"],
        vec!["message", "validate", "promo.json"],
        vec!["message", "rules"],
        vec!["message", "schema"],
        vec!["message", "preview", "promo.json", "--save", "page.html", "--open"],
        vec!["message", "preview", "no.json"],
        vec!["message", "preview", "promo.json", "--local", "--open"],
        vec!["tokens", "import", "list.csv", "--audience", "x"],
        vec!["tokens", "fetch"],
        vec!["tokens", "list"],
        vec!["tokens", "list", "--audience", "nobody"],
        vec!["tokens", "export"],
        vec!["tokens", "export", "--audience", "nobody"],
        vec!["tokens", "suppress", "list.csv"],
        vec!["tokens", "suppress", "no.csv"],
        vec!["tokens", "unsuppress", "list.csv"],
        vec!["tokens", "unsuppress", "no.csv"],
        vec!["tokens", "unsubscribe", "--token", "7000000000000000022", "--yes"],
        vec!["tokens", "unsubscribe", "--psid", "7000000000000000022"],
        vec!["audience", "list"],
        vec!["audit"],
        vec!["audit", "--ledger", "no.db"],
        vec!["audience", "list", "--ledger", "no.db"],
        vec!["audience", "delete", "x", "--yes"],
        vec!["audience", "delete", "nobody", "--yes"],
        vec!["tokens", "erase", "7000000000000000021", "--yes"],
        vec!["tokens", "erase", "7000000000000000021"],
        vec!["tokens", "fetch", "--audience", "y", "--custom-audience", "99"],
        [&send[..], &["--dry-run"]].concat(),
        ["message", "send"].iter().chain(&send[1..]).copied().chain(["--dry-run"]).collect(),
        [&send[..], &["--results", "results.ndjson"]].concat(),
        vec!["send", "--campaign", "99", "--message", "promo.json", "list.csv"],
        vec!["send", "--resume"],
        vec!["broadcast", "list"],
        vec!["broadcast", "show", "1"],
        vec!["broadcast", "show", "99"],
        vec!["broadcast", "close", "1", "--yes"],
        vec!["unknown", "list"],
        vec!["unknown", "settle"],
        vec!["unknown", "resolve", "--all", "--as", "accepted", "--yes"],
        vec!["why", "nobody"],
        vec!["why", &person],
        vec!["webhook", "status"],
        vec!["webhook", "subscribe"],
        vec!["webhook", "ingest", "promo.json"],
        vec!["webhook", "ingest", "notices.ndjson"],
        vec!["report", "--html", "report.html", "--open"],
        vec!["ledger", "check"],
        vec!["ledger", "migrate"],
        vec!["ledger", "retention", "--events-before", "90d", "--lists-before", "90d", "--yes"],
        vec!["ledger", "retention", "--events-before", "1d", "--yes"],
        vec!["ledger", "grants"],
        vec!["ledger", "grants", "--ledger", "postgres://me@localhost/shop"],
        vec!["ledger", "copy", "no.db", "copy.db"],
        vec!["ledger", "backup", "backup.db", "--force"],
        vec!["ledger", "copy", "backup.db", "copied.db", "--yes"],
        vec!["ledger", "accept-failover", "--nothing-lost", "--yes"],
        vec!["ledger", "accept-restore", "--since", "2026-01-01T00:00:00Z", "--yes"],
        vec!["explain", "190"],
        vec!["explain"],
        vec!["completions", "bash"],
        vec!["completions", "zsh"],
        vec!["man"],
        vec!["man", "--dir", "pages"],
        vec!["campaign", "pause", id, "--yes"],
        vec!["campaign", "resume", id, "--yes"],
        vec!["campaign", "edit", id, "--lifetime-budget", "4000", "--name", "Summer", "--yes"],
        vec!["campaign", "delete", id, "--yes"],
        vec!["campaign", "delete", "99", "--yes"],
        vec!["status"],
        vec!["doctor"],
        vec!["schema"],
        vec!["schema", "broadcast", "list"],
        vec!["schema", "nothing"],
        vec!["profile", "add", "swept", "--page", "1", "--token-env", "SWEPT"],
        vec!["profile", "list"],
        vec!["profile", "use", "swept"],
        vec!["profile", "rename", "swept", "clean"],
        vec!["profile", "remove", "clean", "--yes"],
        vec!["no", "such", "command"],
    ];
    for words in &all {
        run(words);
    }
}

/// The receiver: a check of the address, an event that is signed and a forged one, each also wrong.
fn serve(sweep: &Sweep, env: &Env) {
    let receiver = Receiver::start(env, &["-vv", "--log-file", LOG]);
    for (token, status) in [(VERIFY_TOKEN, 200), (TOKEN, 403)] {
        let check = format!("/webhook?hub.mode=subscribe&hub.challenge=7&hub.verify_token={token}");
        assert_eq!(receiver.asks(get(&check).as_bytes()).0, status);
    }
    let body = notice([1, 2, 3]);
    assert_eq!(receiver.posts(&body), 200);
    assert_eq!(receiver.asks(&post(&body, TOKEN)).0, 401);
    assert_eq!(receiver.asks(&post(&body.replace("page", PSID), APP_SECRET)).0, 200);
    assert_eq!(receiver.posts("{"), 400);
    assert_eq!(receiver.gets("/healthz").0, 200);
    stopped(sweep, &["webhook", "serve"], receiver.process);
}

/// The sandbox, asked with a token that is not its own.
fn sandbox(sweep: &Sweep, env: &Env) {
    let words = ["sandbox", "--port", "0", "--record", "record", "--calls", "calls", "--echo-secrets"];
    let mut process = env.start("", &words);
    process.wait_for("the sandbox listens on");
    let printed = process.stdout();
    let url = printed.lines().find_map(|line| line.strip_prefix("export MMSG_GRAPH_URL=")).unwrap();
    let words_of_client = ["campaign", "list", "-v"];
    let mut client = env.command(words_of_client);
    let run = env.judge(&client.env("MMSG_GRAPH_URL", url).output().unwrap());
    sweep.note(&words_of_client, &run);
    assert!(!process.stdout().is_empty());
    stopped(sweep, &words, process);
    assert!(fs::read_to_string(env.path("calls")).unwrap().contains("/ads"), "no call was recorded");
}

/// What is asked on a terminal.
fn ask(sweep: &Sweep) {
    let (_sandbox, env) = Sandbox::of_newcomer();
    sweep.may_hold.borrow_mut().push(env.profile_file());
    let words = ["init", "--ad-account", "12"];
    let mut terminal = env.terminal(100, &words);
    for (question, answer) in [
        ("Name of the profile", "shop"),
        ("Where does the access token", "1"),
        ("(not shown)", TOKEN),
        ("Where does the app secret", "2"),
        ("(not shown)", APP_SECRET),
        ("Page that sends", "34"),
        ("Where does the Page token", "2"),
        ("(not shown)", PAGE_TOKEN),
    ] {
        terminal.wait_for(question).wait_until_hidden().type_keys(&format!("{answer}\n"));
    }
    sweep.note(&words, &terminal.end().exits(0));
    let profile = fs::read_to_string(env.profile_file()).unwrap();
    let all = [TOKEN, APP_SECRET, PAGE_TOKEN];
    assert!(all.iter().all(|secret| profile.contains(secret)), "the answers were not taken");
    let mut terminal = env.terminal(100, &words);
    terminal.wait_for("Name of the profile").wait_until_hidden().type_keys("shop\n");
    terminal.wait_for("[y/N]").wait_until_hidden().type_keys("n\n");
    sweep.note(&words, &terminal.end().exits(9));
    sweep.files(&env);
}
