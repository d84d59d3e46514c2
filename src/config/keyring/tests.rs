use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use super::*;
use crate::error::Exit;

/// With programs in place of macOS's, and entries in this folder.
fn on_a_mac(home: &Path) -> Environment {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/keychain");
    let environment = Environment::at_home(home).with("HOME", home);
    environment.with("PATH", format!("{programs}:/usr/bin:/bin")).with("MMSG_TOKEN", "EAABvariable")
}

#[test]
fn no_secret_is_an_argument() {
    let secret = Secret::new("EAAB\"1\\2");
    for kind in [Kind::SecretTool, Kind::Security] {
        let words = [kind.lookup("shop"), kind.store("shop")].concat();
        assert!(words.iter().all(|word| !word.contains("EAAB")), "{words:?}");
    }
    assert_eq!(Kind::SecretTool.given("shop", &secret).expose(), "EAAB\"1\\2");
    assert_eq!(
        Kind::Security.given("shop", &secret).expose(),
        "add-generic-password -U -s mmsg -a \"shop\" -w \"EAAB\\\"1\\\\2\"\n"
    );
}

#[test]
fn names_are_words_that_a_shell_takes_as_they_are() {
    for name in ["shop", "shop-01", "a.b_c", &name_for("Bäckerei 2", Some("app-secret"))] {
        assert_eq!(name_fault(name), None, "{name}");
    }
    for name in ["-x", "it's", "a b", "a\nb", "ä", &"x".repeat(101)] {
        assert!(name_fault(name).is_some(), "{name}");
    }
    assert_eq!((name_for("shop", None), name_for("my shop", Some("x"))), ("shop".to_owned(), "my_shop-x".to_owned()));
}

#[test]
fn each_failure_says_what_to_do() {
    let ended =
        |code: i32, said: Option<&str>| Failure::Ended(ExitStatus::from_raw(code << 8), said.map(str::to_owned));
    for (kind, failure, says, hints) in [
        (Kind::SecretTool, ended(1, None), "no entry \"shop\"", "secret-tool store --label 'mmsg shop'"),
        (Kind::SecretTool, ended(1, Some("Cannot autolaunch D-Bus")), "Cannot autolaunch D-Bus", "cron"),
        (Kind::SecretTool, Failure::TooLong, "may be locked", "unlock"),
        (Kind::SecretTool, Failure::NotStarted(ErrorKind::NotFound.into()), "not installed", "libsecret-tools"),
        (
            Kind::Security,
            ended(44, Some("could not be found")),
            "no entry \"shop\"",
            "-a shop -w \"%s\"\\n' \"$(pbpaste)\" | security -i",
        ),
        (Kind::Security, ended(36, Some("User interaction is not allowed.")), "not allowed", "unlock"),
    ] {
        let (why, hint) = kind.told("shop", &failure);
        assert!(why.contains(says) && hint.contains(hints), "{failure:?}: {why}; {hint}");
    }
}

#[test]
fn macos_keeps_a_secret_and_gives_it_back() {
    let home = tempfile::tempdir().unwrap();
    let environment = on_a_mac(home.path());
    let (store, read) = (
        |secret: &str| {
            store_by(Kind::Security, "shop", "token", &Secret::new(secret), environment.without_secrets(&[]))
        },
        || read_by(Kind::Security, "shop", "token", environment.without_secrets(&[])),
    );
    let missing = read().unwrap_err();
    assert_eq!(
        (missing.exit(), missing.message()),
        (Exit::Config, "can't get the token: the keyring has no entry \"shop\"")
    );
    // The second of two changes what is there.
    let longest = "x".repeat(LONGEST_LINE - "add-generic-password -U -s mmsg -a \"shop\" -w \"\"\n".len());
    for secret in ["EAAB0123456789canary", "a\"b\\c'd $HOME `id` \\\"", "-w", &longest] {
        store(secret).unwrap();
        assert_eq!(String::from_utf8(read().unwrap()).unwrap(), format!("{secret}\n"));
    }
    let seen = fs::read_to_string(home.path().join("seen")).unwrap();
    assert!(seen.contains("find-generic-password\n-s\nmmsg\n-a\nshop\n-w\n"), "{seen}");
    assert!(
        !seen.contains("canary") && !seen.contains("EAABvariable"),
        "a secret is an argument or a variable: {seen}"
    );
}

#[test]
fn macos_is_never_given_what_it_would_cut() {
    let home = tempfile::tempdir().unwrap();
    let environment = on_a_mac(home.path());
    let store = |secret: &str| {
        store_by(Kind::Security, "shop", "token", &Secret::new(secret), environment.without_secrets(&[])).unwrap_err()
    };
    // Quotes take two.
    for long in ["x".repeat(LONGEST_LINE), "\"".repeat(LONGEST_LINE / 2)] {
        assert_eq!(store(&long).message(), "can't store the token: it is too long for the keyring");
    }
    assert!(!home.path().join("seen").exists(), "it was started");
    // It prints the bytes of what is not ASCII as numbers.
    assert_eq!(store("gr\u{fc}n").message(), "can't store the token: the keyring gives back something else");
}

#[test]
fn what_to_type_on_macos_stores_the_secret() {
    let home = tempfile::tempdir().unwrap();
    let environment = on_a_mac(home.path());
    let token = format!("EAAB{}", "0123456789".repeat(20));
    fs::write(home.path().join("copied"), &token).unwrap();
    let hint = Kind::Security.by_hand("shop");
    let typed = hint.strip_prefix("copy it, then type: ").unwrap();
    assert!(include_str!("../../../config.example.toml").contains(typed), "config.example.toml says something else");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", typed]).env_clear().envs(environment.without_secrets(&[]));
    assert!(shell.status().unwrap().success());
    let kept = read_by(Kind::Security, "shop", "token", environment.without_secrets(&[])).unwrap();
    assert_eq!(String::from_utf8(kept).unwrap().trim_end(), token);
    assert!(!fs::read_to_string(home.path().join("seen")).unwrap().contains(&token));
}
