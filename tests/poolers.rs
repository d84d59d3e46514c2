//! A ledger behind pgbouncer: one that hands each transaction another session is found out, whatever else goes through it; one that hands out
//! whole sessions works.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::cluster::{Database, other_user};
use crate::common::patience::Patience;
use crate::common::shop::{Shop, people};

const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A pgbouncer in front of a server. It is killed with this value.
struct Pooler {
    process: Child,
    folder: PathBuf,
    database: String,
}

impl Pooler {
    fn of(database: &Database, mode: &str, most: u32) -> Self {
        assert!(fs::exists(PROGRAM).unwrap(), "pgbouncer is not installed: tests/run installs it");
        // Not in a folder of this user alone: it may run as another.
        let folder = tempfile::Builder::new().prefix("mmsg-pooler-").tempdir_in("/tmp").unwrap().keep();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let settings = format!(
            "[databases]\n* = host={} port=5432 user=postgres\n[pgbouncer]\npool_mode = {mode}\nauth_type = any\n\
             unix_socket_dir = {}\nlisten_port = 5432\ndefault_pool_size = {most}\nlogfile = {}\npidfile = {}\n",
            database.folder().display(),
            folder.display(),
            path("log"),
            path("pid"),
        );
        fs::write(path("settings"), settings).unwrap();
        for (file, mode) in [("", 0o755), ("settings", 0o644)] {
            fs::set_permissions(folder.join(file), Permissions::from_mode(mode)).unwrap();
        }
        let mut command = Command::new("setpriv");
        // It refuses to run as root.
        if let Some((user, group)) = other_user() {
            chown(&folder, Some(user), Some(group)).unwrap();
            command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
        }
        command.args(["--pdeathsig=TERM", PROGRAM, "-q", &path("settings")]);
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let pooler = Self { process, folder, database: database.name().to_owned() };
        let mut patience = Patience::default();
        while !pooler.folder.join(".s.PGSQL.5432").exists() {
            let log = || fs::read_to_string(pooler.folder.join("log")).unwrap_or_default();
            assert!(patience.lasts(), "pgbouncer did not start:\n{}", log());
        }
        pooler
    }

    fn address(&self) -> String {
        format!("postgres://postgres@/{}?host={}", self.database, self.folder.display())
    }

    /// Somebody else who asks again and again by the same way.
    fn someone_else(&self, database: &Database) -> Child {
        let text = "select pg_sleep(0.01);\n".repeat(5000);
        let file = self.folder.join("questions");
        fs::write(&file, text).unwrap();
        let mut command = database.psql(&self.folder);
        command.arg("-f").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_pooler_of_transactions_is_refused_and_one_of_sessions_works() {
    let shop = Shop::open();
    let list = people(40);
    let database = Database::new();
    for (mode, most) in [("transaction", 1), ("transaction", 20), ("statement", 20)] {
        let pooler = Pooler::of(&database, mode, most);
        let address = pooler.address();
        let run = shop.env.mmsg(["ledger", "migrate", "--ledger", &address]);
        let _ = run.fails(3, "behind a pooler that shares one session among connections");
        let run = shop.send(&list, &["--ledger", &address]);
        let _ = run.fails(3, "behind a pooler").says("name the server itself, or a pool in session mode");
    }
    assert!(shop.sandbox.requests().is_empty());
    let pooler = Pooler::of(&database, "session", 20);
    let address = pooler.address();
    for schema in ["", "&schema=of_mmsg"] {
        let ledger = format!("{address}{schema}");
        let list: Vec<_> = list.iter().map(|token| format!("{token}{}", schema.len())).collect();
        let sent = shop.sandbox.accepted().len();
        let _ = shop.totals(&list, &["--ledger", &ledger], 0);
        assert_eq!(shop.sandbox.accepted().len(), sent + list.len());
        let _ = shop.send(&list, &["--ledger", &ledger, "--new-message"]).exits(0);
    }
    shop.sandbox.assert_nobody_twice();
    // Not to look either.
    let pool = Pooler::of(&database, "transaction", 20);
    for words in [&["broadcast", "list"][..], &["ledger", "check"]] {
        let run = shop.env.mmsg([words, &["--ledger", &pool.address()]].concat());
        let _ = run.fails(3, "behind a pooler");
    }
    assert_eq!(database.ask("select count(*) from of_mmsg.sends"), "40");
    // A lock that a pooled session kept would be that of a run which looks alive for ever.
    drop(pooler);
    let held = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(database.ask(held), "0");
}

/// Where others use the pool as well, which of its sessions somebody gets is a matter of luck.
#[test]
fn a_busy_pooler_of_transactions_is_refused_each_time() {
    let shop = Shop::open();
    let database = Database::new();
    let pooler = Pooler::of(&database, "transaction", 20);
    let mut others: Vec<_> = (0..4).map(|_| pooler.someone_else(&database)).collect();
    for _ in 0..12 {
        let run = shop.env.mmsg(["ledger", "migrate", "--ledger", &pooler.address()]);
        let _ = run.fails(3, "behind a pooler that shares one session among connections");
    }
    assert!(others.iter_mut().any(|other| other.try_wait().unwrap().is_none()), "nobody else used it any more");
    for mut other in others {
        let _ = other.kill();
        let _ = other.wait();
    }
    assert_eq!(database.ask("select to_regclass('ledger') is null"), "t");
}
