//! How a ledger's server is reached: what it has to prove, what is proved to it, and what is said where either fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::common::guarded::{Guarded, IN_ADDRESS, Machine, NAME, PASSWORD, USER, knows_password};
use crate::common::shop::{Shop, people};
use crate::common::{Env, SUBSCRIPTION_TOKEN};

/// A machine that knows the password.
fn knowing() -> Env {
    Env::new().set("PGPASSWORD", PASSWORD)
}

fn write_for_owner(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_server_elsewhere_proves_its_name_and_one_that_cannot_gets_nothing() {
    let server = Guarded::new();
    let root = server.certify();
    let (root, other) = (root.display(), server.other_root());
    let (name, numbers) = (NAME.to_owned(), server.numbers());
    server.admit("hostssl");
    let knowing = || server.is_named(knowing());
    let machine = Machine(knowing());
    let at = |host: &str, more: &str| format!("postgres://{USER}@{host}/postgres?schema=of_mmsg{more}");
    server.database.ask(&format!("create schema of_mmsg authorization {USER}"));
    let no_certificate = machine.0.path("notes");
    fs::write(&no_certificate, "no certificate\n").unwrap();
    // The system vouches for no certificate of a test.
    for (more, says) in [
        (String::new(), "the server did not prove who it is"),
        (format!("&sslrootcert={}", other.display()), "the server did not prove who it is"),
        ("&sslmode=verify-ca".to_owned(), "the server did not prove who it is"),
        ("&sslrootcert=/nowhere".to_owned(), "the file of root certificates can't be used"),
        (format!("&sslrootcert={}", no_certificate.display()), "the file of root certificates can't be used"),
        ("&sslmode=disable".to_owned(), "the server does not let this user in"),
    ] {
        let _ = machine.migrates(&at(&name, &more)).fails(3, says);
    }
    let wrong = at(&numbers, &format!("&sslmode=verify-full&sslrootcert={root}"));
    let _ = machine.migrates(&wrong).fails(3, "the server's certificate is for another name");
    let nobody = "select count(*) from pg_stat_activity where usename = 'sender'";
    assert_eq!(server.database.ask(nobody), "0");
    assert_eq!(server.database.ask("select to_regclass('of_mmsg.ledger') is null"), "t");
    for (host, more) in [
        (&name, format!("&sslrootcert={root}")),
        (&numbers, format!("&sslmode=verify-ca&sslrootcert={root}")),
        (&name, "&sslmode=require".to_owned()),
        // Of this machine's own servers nothing is asked, and what they can is used.
        (&numbers, String::new()),
    ] {
        let _ = machine.migrates(&at(host, &more)).exits(0);
    }
    // As psql's users have it.
    let home = knowing();
    fs::create_dir(home.path(".postgresql")).unwrap();
    fs::copy(root.to_string(), home.path(".postgresql/root.crt")).unwrap();
    let _ = Machine(home).migrates(&at(&name, "")).exits(0);
    let by_variables = knowing().set("PGSSLROOTCERT", root.to_string()).set("PGSSLMODE", "verify-full");
    let _ = Machine(by_variables).migrates(&at(&name, "")).exits(0);
    // A server that can't encrypt.
    server.database.set("ssl", "off");
    server.admit("host");
    for mode in ["", "&sslmode=require", "&sslmode=verify-ca"] {
        let _ = machine.migrates(&at(&name, mode)).fails(3, "the server does not encrypt connections");
    }
    for (host, mode) in [(&name, "&sslmode=prefer"), (&name, "&sslmode=disable"), (&numbers, "")] {
        let _ = machine.migrates(&at(host, mode)).exits(0);
    }
}

#[test]
fn a_password_comes_from_wherever_a_secret_may_and_is_never_told() {
    let server = Guarded::new();
    let place = format!("{}/postgres", server.numbers());
    let at = format!("postgres://{USER}@{place}");
    let of_profile = |password: &str| {
        let text = format!("[profiles.shop]\nledger = '{at}'\n{password}\n");
        Machine(Env::new().profiles(&text))
    };
    let shows = |machine: &Machine| {
        let shown = machine.runs(&["config", "show"]).exits(0);
        assert!(shown.stdout.contains(&at), "{}", shown.stdout);
        let _ = machine.runs(&["ledger", "migrate"]).exits(0);
        let _ = machine.runs(&["broadcast", "list"]).exits(0);
    };
    shows(&of_profile(&format!("ledger_password = '{PASSWORD}'")));
    shows(&Machine(of_profile("ledger_password = { env = 'LEDGER_WORD' }").0.set("LEDGER_WORD", PASSWORD)));
    let folder = tempfile::tempdir().unwrap();
    let word = folder.path().join("word");
    write_for_owner(&word, &format!("{PASSWORD}\n"));
    shows(&of_profile(&format!("ledger_password = {{ file = '{}' }}", word.display())));
    shows(&of_profile(&format!("ledger_password = {{ command = ['printf', '%s', '{PASSWORD}'] }}")));
    shows(&Machine(of_profile("").0.set("PGPASSWORD", PASSWORD)));
    // libpq's file: for its owner alone.
    let by_file = of_profile("");
    let line = format!("other:*:*:*:no\n{}:5432:postgres:{USER}:{}\n", server.numbers(), PASSWORD.replace(':', "\\:"));
    let file = by_file.0.path(".pgpass");
    fs::write(&file, &line).unwrap();
    for (mode, is_used) in [(0o600, true), (0o640, false), (0o604, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        if is_used {
            shows(&by_file);
        } else {
            let run = by_file.runs(&["ledger", "migrate"]).fails(3, "the server refused the password");
            let _ = run.says(&format!("since others can read it: chmod 600 {}", file.display()));
        }
    }
    let elsewhere = of_profile("");
    write_for_owner(&elsewhere.0.path("words"), &line);
    let words = elsewhere.0.path("words").to_str().unwrap().to_owned();
    shows(&Machine(elsewhere.0.set("PGPASSFILE", words)));
    // In the address: whoever lists processes sees it, which is said, and nobody else does.
    let typed = format!("postgres://{USER}:{IN_ADDRESS}@{place}");
    let _ = Machine(Env::new()).migrates(&typed).exits(0).says("can see the password in --ledger");
    let set = Machine(Env::new().set("MMSG_LEDGER", typed));
    shows(&set);
    // All of it from the environment, as for psql.
    let by_variables = knowing().set("PGHOST", server.numbers()).set("PGUSER", USER).set("PGDATABASE", "postgres");
    let _ = Machine(by_variables.set("PGPORT", "5432")).migrates("postgres://").exits(0);
    // A socket asks for it as well.
    let socket = format!("postgres://{USER}@/postgres?host={}", server.database.folder().display());
    let _ = Machine(knowing()).migrates(&socket).exits(0);
    for wrong in [Env::new(), Env::new().set("PGPASSWORD", "not-this-one")] {
        let machine = Machine(wrong);
        for ledger in [&at, &socket] {
            let run = machine.migrates(ledger).fails(3, "the server refused the password");
            let _ = run.says("set ledger_password in the profile");
        }
    }
}

#[test]
fn a_send_hides_the_password_from_whoever_lists_processes() {
    let server = Guarded::new();
    let mut shop = Shop::with(|options| options.dials.latency = Duration::from_millis(50));
    let word = shop.env.path("word");
    write_for_owner(&word, PASSWORD);
    shop.env = shop.env.profiles(&format!(
        "[profiles.shop]\nledger = 'postgres://{USER}@{}/postgres'\nledger_password = {{ file = '{}' }}\n",
        server.numbers(),
        word.display()
    ));
    let list = people(200);
    let words = shop.words(&["--concurrency", "4"]);
    let at_work = shop.env.start(&list.join("\n"), &words);
    shop.sandbox.wait_for_sends(20);
    // One session is enough, after a moment at the beginning.
    assert_eq!(server.database.ask("select count(*) from pg_stat_activity where application_name = 'mmsg'"), "1");
    for file in ["cmdline", "environ"] {
        assert!(!knows_password(format!("/proc/{}/{file}", at_work.id()).as_ref()), "{file}");
    }
    let run = at_work.ends().exits(0);
    assert!(!run.stderr.contains(PASSWORD) && !run.stderr.contains(SUBSCRIPTION_TOKEN));
    shop.assert_each_once(&list);
    let shown = "select count(*) from pg_stat_activity where query like '%canary/Ledger%' and pid <> pg_backend_pid()";
    assert_eq!(server.database.ask(shown), "0");
}

#[test]
fn whom_a_server_does_not_let_in_is_told_why_and_what_to_do() {
    let server = Guarded::new();
    let machine = Machine(knowing());
    let at = |user: &str, database: &str| format!("postgres://{user}@{}/{database}", server.numbers());
    let all = [
        (at(USER, "none"), 3, "there is no such database", "create it (createdb NAME)"),
        // By its rules, whoever it is.
        (at("stranger", "postgres"), 3, "the server does not let this user in", "pg_hba.conf must admit the user"),
        (format!("postgres://{USER}@127.0.0.1:1/postgres"), 10, "the server can't be reached", "check host and port"),
        (format!("postgres://{USER}@no-such-host.invalid/x"), 10, "the server can't be reached", "check host and port"),
        (format!("postgres://{USER}@/x?host=/nowhere"), 10, "the server can't be reached", "check host and port"),
    ];
    for (ledger, code, says, hint) in all {
        let _ = machine.migrates(&ledger).fails(code, says).says(hint);
    }
    let database = &server.database;
    // No role of that name, though the rules would let it in.
    database.admit("host all all 127.0.0.0/8 scram-sha-256\nlocal all all trust\n");
    let by_socket = format!("postgres://stranger@/postgres?host={}", database.folder().display());
    let _ = machine.migrates(&by_socket).fails(3, "the server does not let this user in").says("check the user");
    let _ = machine.migrates(&at("stranger", "postgres")).fails(3, "the server refused the password");
    // One connection is not enough; two are.
    database.ask(&format!("alter role {USER} connection limit 1"));
    let full = machine.migrates(&at(USER, "postgres")).fails(10, "the server has no connection left");
    let _ = full.says("raise max_connections");
    database.ask(&format!("alter role {USER} connection limit -1"));
    let _ = machine.migrates(&at(USER, "postgres")).exits(0);
    database.ask("create database closed");
    database.ask("revoke connect on database closed from public");
    let _ = machine.migrates(&at(USER, "closed")).fails(10, "the role lacks a privilege");
    database.ask(&format!("alter role {USER} nologin"));
    let _ = machine.migrates(&at(USER, "postgres")).fails(3, "the server does not let this user in");
}
