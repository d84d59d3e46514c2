//! The Debian package, made of the program under test: what is in it, that it is the same each time, what an installation does and what a
//! removal leaves, and that its units do what `mmsg` can within the limits that they are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::common::fleet::{Fleet, page};
use crate::common::receiver::{Receiver, VERIFY_TOKEN};
use crate::common::{APP_SECRET, Env, SUBSCRIPTION_TOKEN, now, repository};

const UNITS: [&str; 3] = ["mmsg-webhook.service", "mmsg-resume.service", "mmsg-resume.timer"];
/// The limits of all services.
const LIMITS: &str = "mmsg-.service.d/hardening.conf";
/// In tenths, of what `systemd-analyze security` says a service may do: 0 is nothing.
const EXPOSURE: &str = "15";

/// What a program prints on stdout; it must end well and say nothing else.
#[track_caller]
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("tests/run installs it: {command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The package of this program, in `folder`, by somebody with these settings.
fn package(folder: &Path, mask: &str, zone: &str) -> PathBuf {
    // Without what only debuggers read it is half as large.
    let program = folder.join("mmsg");
    printed(Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_mmsg")));
    let mut make = Command::new("sh");
    make.args(["-c", &format!("umask {mask} && exec \"$@\""), "sh"]).arg(repository("packages/deb"));
    make.arg(&program).arg(folder).arg("-Znone").current_dir(folder);
    make.envs([("TMPDIR", folder.to_str().unwrap()), ("TZ", zone), ("LANG", zone)]);
    make.envs([("DEBFULLNAME", "Test"), ("DEBEMAIL", "test@example.com"), ("SOURCE_DATE_EPOCH", "1700000000")]);
    PathBuf::from(printed(&mut make).trim())
}

#[test]
fn the_same_program_makes_the_same_package_with_all_that_belongs_to_it() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = package(first.path(), "022", "UTC");
    let other = package(second.path(), "077", "Asia/Tokyo");
    assert!(fs::read(&made).unwrap() == fs::read(other).unwrap(), "two packages of one program differ");

    let field = |name: &str| printed(Command::new("dpkg-deb").arg("--field").arg(&made).arg(name)).trim().to_owned();
    assert_eq!(field("Version"), format!("{}-1", env!("CARGO_PKG_VERSION")));
    assert_eq!(field("Maintainer"), "Test <test@example.com>");
    let needed = field("Depends");
    for library in ["libc6 (>= 2.", "libgcc-s1 (>= ", "ca-certificates", "tzdata"] {
        assert!(needed.contains(library), "{needed}");
    }

    let list = printed(Command::new("dpkg-deb").arg("--contents").arg(&made).env("TZ", "UTC"));
    for line in list.lines() {
        let modes = ["drwxr-xr-x root/root ", "-rw-r--r-- root/root ", "-rwxr-xr-x root/root "];
        assert!(modes.iter().any(|mode| line.starts_with(mode)) && line.contains(" 2023-11-14 22:13 "), "{line}");
        assert!(!line.starts_with("-rwx") || line.ends_with(" ./usr/bin/mmsg"), "{line}");
    }
    let files = list.lines().filter(|line| line.starts_with('-')).map(|line| line.split_once(" ./").unwrap().1);
    let files: BTreeSet<_> = files.map(str::to_owned).collect();
    let pages = fs::read_dir(repository("tests/snapshots/help")).unwrap().map(|page| {
        let page = page.unwrap().file_name().into_string().unwrap();
        format!("usr/share/man/man1/{}.1.gz", page.strip_suffix(".txt").unwrap())
    });
    let units = UNITS.iter().chain([&LIMITS]).map(|unit| format!("usr/lib/systemd/system/{unit}"));
    let others = [
        "usr/bin/mmsg",
        "usr/lib/sysusers.d/mmsg.conf",
        "usr/lib/tmpfiles.d/mmsg.conf",
        "usr/share/bash-completion/completions/mmsg",
        "usr/share/doc/mmsg/README.Debian",
        "usr/share/doc/mmsg/changelog.Debian.gz",
        "usr/share/doc/mmsg/changelog.gz",
        "usr/share/doc/mmsg/copyright",
        "usr/share/doc/mmsg/examples/config.toml",
        "usr/share/doc/mmsg/licences.gz",
        "usr/share/elvish/lib/mmsg.elv",
        "usr/share/fish/vendor_completions.d/mmsg.fish",
        "usr/share/zsh/vendor-completions/_mmsg",
    ];
    assert_eq!(files, pages.chain(units).chain(others.map(str::to_owned)).collect::<BTreeSet<_>>());

    let root = first.path().join("root");
    printed(Command::new("dpkg-deb").arg("--extract").arg(&made).arg(&root));
    for (file, source) in [
        ("usr/share/bash-completion/completions/mmsg", "completions/mmsg.bash"),
        ("usr/share/zsh/vendor-completions/_mmsg", "completions/_mmsg"),
        ("usr/share/doc/mmsg/examples/config.toml", "config.example.toml"),
    ] {
        assert_eq!(fs::read(root.join(file)).unwrap(), fs::read(repository(source)).unwrap(), "{file}");
    }
    let unpacked = |file: &str| printed(Command::new("gzip").arg("-dc").arg(root.join("usr/share").join(file)));
    assert!(unpacked("man/man1/mmsg-send.1.gz").contains(".TH mmsg-send 1"));
    let licences = unpacked("doc/mmsg/licences.gz");
    for text in ["\nrusqlite 0.", "\naws-lc-sys ", "\n== ", "Permission is hereby granted"] {
        assert!(licences.contains(text), "{text:?} is not in licences.gz");
    }
    let version = printed(Command::new(root.join("usr/bin/mmsg")).arg("--version").env_clear());
    assert_eq!(version, Env::new().mmsg(["--version"]).exits(0).stdout);
}

/// A root folder of its own for dpkg. The package's scripts are run by this machine's shell, for that folder.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for file in ["status", "available"] {
            fs::write(root.path().join("var/lib/dpkg").join(file), "").unwrap();
        }
        Self(root)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// What dpkg says.
    #[track_caller]
    fn dpkg(&self, arguments: &[&str]) -> String {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(self.0.path()).args(["--log", "/dev/null", "--force-depends"]);
        dpkg.arg("--force-script-chrootless").args(arguments).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let output = dpkg.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What starts with the machine.
    fn enabled(&self) -> Vec<String> {
        let Ok(wants) = fs::read_dir(self.path("etc/systemd/system")) else { return Vec::new() };
        let units = wants.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        let mut units: Vec<_> = units.map(|unit| unit.unwrap().file_name().into_string().unwrap()).collect();
        units.sort();
        units
    }
}

#[test]
fn an_installation_enables_nothing_and_a_removal_keeps_the_ledger() {
    if !rustix::process::geteuid().is_root() {
        println!("not tested here: only root installs packages");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = package(folder.path(), "022", "UTC");
    let root = Root::new();
    let install = || root.dpkg(&["--install", made.to_str().unwrap()]);
    install();
    assert_eq!(root.enabled(), [""; 0]);

    // The user, and what is their own alone.
    let users = fs::read_to_string(root.path("etc/passwd")).unwrap();
    let user: Vec<_> = users.lines().find(|line| line.starts_with("mmsg:")).unwrap().split(':').collect();
    assert_eq!(&user[5..], ["/var/lib/mmsg", "/usr/sbin/nologin"]);
    for folder in ["etc/mmsg", "var/lib/mmsg", "var/lib/mmsg/.config"] {
        let data = fs::metadata(root.path(folder)).unwrap();
        assert_eq!((data.uid().to_string().as_str(), data.mode() & 0o777), (user[2], 0o700), "{folder}");
    }
    assert_eq!(fs::read_link(root.path("var/lib/mmsg/.config/mmsg")).unwrap(), Path::new("/etc/mmsg"));

    // What a person enables stays through an update, and ends with the package.
    let all = ["mmsg-resume.timer", "mmsg-webhook.service"];
    let enable = Command::new("systemctl").arg("--root").arg(root.0.path()).arg("enable").args(all).output().unwrap();
    assert!(enable.status.success(), "{enable:?}");
    assert_eq!(root.enabled(), all);
    install();
    assert_eq!(root.enabled(), all);
    let ledger = root.path("var/lib/mmsg/.local/share/mmsg/ledger.db");
    fs::create_dir_all(ledger.parent().unwrap()).unwrap();
    fs::write(&ledger, "who was messaged").unwrap();
    fs::write(root.path("etc/mmsg/config.toml"), "[profiles.shop]\n").unwrap();
    root.dpkg(&["--remove", "mmsg"]);
    assert!(!root.path("usr/bin/mmsg").exists());
    assert_eq!(root.enabled(), [""; 0]);
    install();
    assert_eq!(root.enabled(), [""; 0], "an earlier installation's choice counts");

    let said = root.dpkg(&["--purge", "mmsg"]);
    for folder in ["/etc/mmsg", "/var/lib/mmsg"] {
        assert!(said.contains(&format!("mmsg: kept {folder};")), "{said}");
    }
    assert_eq!(fs::read_to_string(&ledger).unwrap(), "who was messaged");
    assert!(!root.path("usr").exists(), "the package left something");
}

/// The values of this key in a file of systemd's.
fn values(file: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(repository("packages/systemd").join(file)).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect()
}

/// What a service starts, without the program.
fn words_of(service: &str) -> Vec<String> {
    let [line] = &values(service, "ExecStart")[..] else { panic!("{service} starts one command") };
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    assert_eq!(words[0], "/usr/bin/mmsg");
    words[1..].to_vec()
}

#[test]
fn systemd_takes_the_units_and_lets_them_do_little() {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("usr/lib/systemd/system");
    fs::create_dir_all(units.join("mmsg-.service.d")).unwrap();
    for unit in UNITS.iter().chain([&LIMITS]) {
        fs::copy(repository("packages/systemd").join(unit), units.join(unit)).unwrap();
    }
    // What they are ordered after.
    for target in fs::read_dir("/usr/lib/systemd/system").unwrap().map(|unit| unit.unwrap().path()) {
        if target.extension().is_some_and(|extension| extension == "target") && target.is_file() {
            fs::copy(&target, units.join(target.file_name().unwrap())).unwrap();
        }
    }
    let program = root.path().join("usr/bin/mmsg");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

    let analyze = |words: &[&str]| {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(words).arg("--root").arg(root.path());
        analyze
    };
    printed(analyze(&["verify", "--man=no"]).args(UNITS));
    for service in &UNITS[..2] {
        printed(&mut analyze(&["security", "--offline=true", "--threshold", EXPOSURE, service]));
        let command = mmsg::command().try_get_matches_from([vec!["mmsg".to_owned()], words_of(service)].concat());
        assert!(command.is_ok(), "{service}: {command:?}");
    }
    // Without the limits both checks fail.
    fs::write(units.join(LIMITS), "[Service]\nNoNewPrivilege=yes\n").unwrap();
    assert!(!analyze(&["verify", "--man=no", UNITS[0]]).output().unwrap().stderr.is_empty());
    let open = analyze(&["security", "--offline=true", "--threshold", EXPOSURE, UNITS[0]]).output().unwrap();
    assert!(!open.status.success(), "{open:?}");

    let calendar = values("mmsg-resume.timer", "OnCalendar");
    printed(Command::new("systemd-analyze").arg("calendar").args(calendar));
    for manual in UNITS.iter().flat_map(|unit| values(unit, "Documentation")) {
        let page = manual.strip_prefix("man:").unwrap().strip_suffix("(1)").unwrap();
        assert!(repository(&format!("tests/snapshots/help/{page}.txt")).exists(), "{manual}");
    }
}

/// The system calls that the services may make: those of the sets that are allowed, without those that are taken back.
fn allowed() -> BTreeSet<String> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut set = None;
    // On some kernels it remarks that it can't list the calls that are in no set.
    let asked = Command::new("systemd-analyze").args(["syscall-filter", "--no-pager"]).output().unwrap();
    assert!(asked.status.success(), "{asked:?}");
    let all = String::from_utf8(asked.stdout).unwrap();
    for line in all.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_prefix("    ") {
            Some(name) => sets.get_mut::<str>(set.unwrap()).unwrap().push(name.to_owned()),
            None if line.starts_with('@') => {
                set = Some(line);
                sets.insert(line.to_owned(), Vec::new());
            }
            None => assert_eq!(line, ""),
        }
    }
    fn add(sets: &BTreeMap<String, Vec<String>>, name: &str, calls: &mut BTreeSet<String>) {
        match sets.get(name) {
            Some(below) => below.iter().for_each(|name| add(sets, name, calls)),
            None => {
                calls.insert(name.to_owned());
            }
        }
    }
    let mut calls = BTreeSet::new();
    for filter in values(LIMITS, "SystemCallFilter") {
        let mut named = BTreeSet::new();
        filter.trim_start_matches('~').split(' ').for_each(|name| add(&sets, name, &mut named));
        if filter.starts_with('~') {
            calls.retain(|call| !named.contains(call));
        } else {
            calls.extend(named);
        }
    }
    assert!(calls.len() > 200, "{calls:?}");
    calls
}

/// What a service starts, with the system calls written to `trace` that are not among these.
fn traced(env: &Env, service: &str, more: &[&str], calls: &BTreeSet<String>, trace: &Path) -> Command {
    let mmsg = env.command(words_of(service).iter().map(String::as_str).chain(more.iter().copied()));
    // Not every machine has all of them.
    let known: Vec<_> = calls.iter().map(|call| format!("?{call}")).collect();
    let mut command = Command::new("strace");
    command.args(["--seccomp-bpf", "-f", "-qq", "-e", "signal=none", "-e", &format!("trace=!{}", known.join(","))]);
    command.arg("-o").arg(trace).arg(mmsg.get_program()).args(mmsg.get_args()).env_clear();
    command.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(env.path(""));
    command
}

/// The names of the system calls in a trace. SQLite gives its files to their owner's user where root runs it, which no service does.
fn calls_in(trace: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(trace).unwrap();
    let calls = text.lines().filter_map(|line| Some(line.split_whitespace().nth(1)?.split('(').next()?.to_owned()));
    calls.filter(|call| call != "fchown" || !rustix::process::geteuid().is_root()).collect()
}

#[test]
fn the_services_work_in_their_home_and_make_no_call_that_is_not_allowed() {
    let mut fleet = Fleet::of(2, |_| 3, |_| {});
    fleet.profiles(2, |_, profile| {
        profile.insert("app_secret", format!("'{APP_SECRET}'"));
        profile.insert("verify_token", format!("'{VERIFY_TOKEN}'"));
    });
    // As the package lays it out: settings behind a link in the home folder, and no variable that names a folder.
    let settings = tempfile::tempdir().unwrap();
    let folder = fleet.env.path(".config/mmsg");
    fs::copy(folder.join("config.toml"), settings.path().join("config.toml")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    symlink(settings.path(), folder).unwrap();
    fleet.env = fleet.env.unset("XDG_CONFIG_HOME").unset("XDG_DATA_HOME");
    let trace = fleet.env.path("trace");
    let mut calls = allowed();

    let started = fleet.env.start_command("", traced(&fleet.env, "mmsg-resume.service", &[], &calls, &trace));
    let run = started.ends();
    if run.stderr.contains("PTRACE_TRACEME") || run.stderr.contains("ptrace") && run.code != 0 {
        println!("not tested here: ptrace is refused ({})", run.stderr.trim());
        return;
    }
    let _ = run.exits(0);
    fleet.assert_each_once(0..2);
    assert_eq!(calls_in(&trace), BTreeSet::new());

    let listen = ["--listen", "127.0.0.1:0"];
    let command = traced(&fleet.env, "mmsg-webhook.service", &listen, &calls, &trace);
    let receiver = Receiver::of(&fleet.env, fleet.env.start_command("", command));
    let event = json!({ "object": "page", "entry": [{ "id": page(1), "time": 1, "messaging": [{
        "recipient": { "id": page(1) }, "timestamp": now(),
        "optin": { "type": "notification_messages", "notification_messages_token": format!("{SUBSCRIPTION_TOKEN}001000"),
            "notification_messages_status": "STOP_NOTIFICATIONS" } }] }] });
    assert_eq!(receiver.posts(&event.to_string()), 200);
    let ledger = fleet.env.path(".local/share/mmsg/ledger.db");
    assert_eq!(fleet.env.asks(&ledger, "select count(*) from events"), ["1"]);
    let strace = receiver.process.id();
    let child = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    kill_process(Pid::from_raw(child.trim().parse().unwrap()).unwrap(), Signal::TERM).unwrap();
    let _ = receiver.process.ends().exits(0);
    assert_eq!(calls_in(&trace), BTreeSet::new());

    // A call that is not allowed is found.
    assert!(calls.remove("fdatasync"));
    fleet.plan(0, &[format!("{SUBSCRIPTION_TOKEN}000009")]);
    let command = traced(&fleet.env, "mmsg-resume.service", &[], &calls, &trace);
    let _ = fleet.env.start_command("", command).ends().exits(0);
    assert_eq!(calls_in(&trace), BTreeSet::from(["fdatasync".to_owned()]));
}
