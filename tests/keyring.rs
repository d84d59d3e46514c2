//! Secrets in the system's keyring, with a program in place of `secret-tool` that keeps them in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::sandbox::Sandbox;
use crate::common::{APP_SECRET, Env, TOKEN};

/// Takes `lookup service mmsg account NAME` and `store --label … service mmsg account NAME`.
const PROGRAM: &str = r#"#!/bin/sh
cat /proc/$$/cmdline /proc/$$/environ >>"$HOME/seen"
case "$KEYRING" in
no-session) echo "secret-tool: Cannot autolaunch D-Bus without X11 \$DISPLAY" >&2; exit 1 ;;
esac
verb=$1
while [ $# -gt 1 ]; do shift; done
case "$verb" in
lookup) [ -f "$HOME/keyring/$1" ] || exit 1; cat "$HOME/keyring/$1" ;;
store) mkdir -p "$HOME/keyring"; cat >"$HOME/keyring/$1" ;;
*) exit 2 ;;
esac
"#;

/// With a keyring, and this profile.
fn with_keyring(env: Env, profile: &str) -> Env {
    let bin = env.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("secret-tool"), PROGRAM).unwrap();
    fs::set_permissions(bin.join("secret-tool"), fs::Permissions::from_mode(0o700)).unwrap();
    let env = env.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let env = env.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    if profile.is_empty() { env } else { env.profiles(profile) }
}

fn keep(env: &Env, name: &str, secret: &str) {
    fs::create_dir_all(env.path("keyring")).unwrap();
    fs::write(env.path("keyring").join(name), secret).unwrap();
}

/// The harness looks for secrets in every file that is left.
fn forget(env: &Env) {
    fs::remove_dir_all(env.path("keyring")).unwrap();
}

#[test]
fn a_secret_is_read_from_the_keyring_each_time() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment().unset("MMSG_TOKEN").unset("MMSG_APP_SECRET");
    let env = with_keyring(
        env,
        "[profiles.shop]\ntoken = { keyring = 'shop' }\napp_secret = { keyring = 'shop-app-secret' }\n",
    );
    keep(&env, "shop", TOKEN);
    keep(&env, "shop-app-secret", APP_SECRET);
    env.mmsg(["campaign", "list", "-vv"]).exits(0);
    let seen = fs::read_to_string(env.path("seen")).unwrap();
    for word in ["lookup\0service\0mmsg\0account\0shop\0", "account\0shop-app-secret\0", "DBUS_SESSION_BUS_ADDRESS="] {
        assert!(seen.contains(word), "{word:?}: {seen:?}");
    }
    let shown = env.mmsg(["config", "show", "-o", "csv"]).exits(0).stdout;
    assert!(shown.contains("token,set (hidden),profile shop: keyring shop"), "{shown}");
    keep(&env, "shop", "EAABanother0123456789canary");
    env.mmsg(["campaign", "list"]).exits(4);
    forget(&env);
}

#[test]
fn a_keyring_that_gives_nothing_says_what_to_type() {
    let profile = "[profiles.shop]\nad_account = '1'\npage = '2'\ntoken = { keyring = 'shop' }\n";
    let env = with_keyring(Env::new(), profile);
    let store = "secret-tool store --label 'mmsg shop' service mmsg account 'shop'";
    env.mmsg(["campaign", "list"])
        .fails(3, "can't get the access token: the keyring has no entry \"shop\"")
        .says(store);
    let cron = env.set("KEYRING", "no-session");
    cron.mmsg(["campaign", "list"]).fails(3, "Cannot autolaunch D-Bus").says("use { file = … }");
    fs::remove_file(cron.path("bin/secret-tool")).unwrap();
    cron.mmsg(["campaign", "list"]).fails(3, "secret-tool, which reads the keyring, is not installed");
    for (name, says) in [("it's", "letters, digits"), ("-x", "letters, digits"), ("", "is empty")] {
        let env = Env::new().profiles(&format!("[profiles.shop]\ntoken = {{ keyring = \"{name}\" }}\n"));
        env.mmsg(["config", "show"]).exits(3).prints_nothing().says(says);
    }
}

#[test]
fn init_offers_the_keyring_where_there_is_one_and_says_what_plain_text_means() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let env = with_keyring(env, "");
    let mut terminal = env.terminal(100, &["init", "--ad-account", "12", "--page", "34"]);
    terminal.wait_for("Name of the profile").type_keys("shop\n");
    terminal.wait_for("the system's keyring").wait_for("plain text in the config file").type_keys("1\n");
    terminal.wait_for("(not shown)").wait_until_hidden().type_keys(&format!("{TOKEN}\n"));
    terminal.wait_for("Where does the app secret").type_keys("\n");
    terminal.wait_for("Where does the Page token").type_keys("\n");
    terminal.end().exits(0);
    let file = fs::read_to_string(env.profile_file()).unwrap();
    assert!(file.contains("token = { keyring = \"shop\" }") && !file.contains(TOKEN), "{file}");
    assert_eq!(fs::read_to_string(env.path("keyring/shop")).unwrap(), TOKEN);
    let seen = fs::read_to_string(env.path("seen")).unwrap();
    assert!(seen.contains("store\0") && !seen.contains(TOKEN), "the secret is an argument or a variable");
    forget(&env);
    // Without a session nobody is offered one.
    let (_sandbox, env) = Sandbox::of_newcomer();
    let env = with_keyring(env, "").unset("DBUS_SESSION_BUS_ADDRESS");
    let mut terminal = env.terminal(100, &["init", "--ad-account", "12", "--page", "34"]);
    terminal.wait_for("Name of the profile").type_keys("shop\n");
    terminal.wait_for("plain text in the config file").type_keys("1\n");
    terminal.wait_for("(not shown)").wait_until_hidden().type_keys(&format!("{TOKEN}\n"));
    terminal.wait_for("Where does the app secret").type_keys("\n");
    terminal.wait_for("Where does the Page token").type_keys("\n");
    // Both streams are the terminal's.
    let run = terminal.end().exits(0);
    assert!(run.stdout.contains("the access token is kept in plain text"), "{run:#?}");
    assert!(!env.path("seen").exists());
}
