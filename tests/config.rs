//! `mmsg config`: where values come from, and that secrets stay hidden.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::sandbox::Sandbox;
use crate::common::{APP_SECRET, Env, TOKEN};

fn shop() -> Env {
    Env::new().profiles(&format!(
        "[profiles.shop]\ntoken = '{TOKEN}'\napp_secret = {{ command = ['touch', 'ran'] }}\nad_account = '12'\npage = 34\n\
         [profiles.test]\npage = '56'\n"
    ))
}

/// `setting value source` of `config show`, without the columns' blanks.
fn shown(env: &Env, args: &[&str]) -> Vec<(String, Option<String>, Option<String>)> {
    let run = env.mmsg(["config", "show", "-o", "json"].iter().chain(args)).exits(0);
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let lines = run.json();
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| (text(&line["setting"]).unwrap(), text(&line["value"]), text(&line["source"]))).collect()
}

fn line(lines: &[(String, Option<String>, Option<String>)], setting: &str) -> (String, String) {
    let (_, value, source) = lines.iter().find(|(name, _, _)| name == setting).unwrap();
    (value.clone().unwrap_or_default(), source.clone().unwrap_or_default())
}

#[test]
fn show_tells_value_and_source_and_hides_secrets() {
    let env = shop().set("MMSG_PROFILE", "shop").set("MMSG_PAGE", "99").set("MMSG_VERIFY_TOKEN", APP_SECRET);
    let lines = shown(&env, &["--ledger", "here.db"]);
    let expect = |setting: &str, value: &str, source: &str| {
        assert_eq!(line(&lines, setting), (value.to_owned(), source.to_owned()), "{setting}");
    };
    expect("profile", "shop", "environment MMSG_PROFILE");
    expect("token", "set (hidden)", "profile shop");
    expect("page_token", "", "");
    expect("app_secret", "set (hidden)", "profile shop: command touch");
    expect("verify_token", "set (hidden)", "environment MMSG_VERIFY_TOKEN");
    expect("ad_account", "act_12", "profile shop");
    expect("page", "99", "environment MMSG_PAGE");
    expect("api_version", "v26.0", "default");
    expect("send.rate", "auto", "default");
    expect("send.concurrency", "64", "default");
    expect("send.cool_down", "12h", "default");
    expect("ledger", env.path("here.db").to_str().unwrap(), "flag --ledger");
    assert!(!env.path("ran").exists(), "a command was run to show it");
}

#[test]
fn show_tells_a_secret_that_is_missing() {
    let env = Env::new().profiles(
        "[profiles.shop]\ntoken = { env = 'SHOP_TOKEN' }\npage_token = { file = '/nowhere' }\n\
         app_secret = [{ command = ['false'] }, { env = 'OLD_SECRET' }]\n",
    );
    let lines = shown(&env, &[]);
    assert_eq!(line(&lines, "token").0, "missing: variable SHOP_TOKEN is not set");
    assert_eq!(line(&lines, "page_token").0, "missing: file /nowhere does not exist");
    assert_eq!(line(&lines, "app_secret").0, "missing: variable OLD_SECRET is not set");
    let lines = shown(&env.set("SHOP_TOKEN", TOKEN), &[]);
    assert_eq!(line(&lines, "token").0, "set (hidden)");
}

#[test]
fn a_profile_on_the_command_line_wins_over_stray_variables() {
    let env = shop().set("MMSG_PAGE", "99").set("MMSG_TOKEN", TOKEN);
    let run = env.mmsg(["--profile", "shop", "config", "show", "-o", "csv"]).exits(0);
    let run = run.says("warning: MMSG_PAGE is ignored").says("warning: MMSG_TOKEN is ignored");
    assert!(run.stdout.contains("\npage,34,profile shop\n"), "{run:#?}");
    let run = env.mmsg(["config", "show", "--profile", "test", "-o", "csv", "--quiet"]).exits(0);
    assert!(run.stdout.contains("\ntoken,set (hidden),environment MMSG_TOKEN\n"), "{run:#?}");
}

#[test]
fn a_table_in_a_pipe_has_one_line_a_setting() {
    let run = shop().mmsg(["config", "show"]).exits(0);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("ledger ")).count(), 1, "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "{run:#?}");
    let colored = shop().mmsg(["config", "show", "--color", "always"]).exits(0);
    assert!(colored.stdout.contains('\u{1b}'), "{colored:#?}");
}

#[test]
fn path_is_told_even_when_the_file_is_wrong() {
    let env = Env::new().profiles("[[[");
    let run = env.mmsg(["config", "path"]).exits(0);
    assert_eq!(run.stdout, format!("{}\n", env.profile_file().display()));
    let run = env.mmsg(["config", "path", "-o", "json"]).exits(0);
    assert_eq!(run.json()["path"], env.profile_file().to_str().unwrap());
    let elsewhere = Env::new().set("MMSG_CONFIG", "/etc/mmsg.toml").mmsg(["config", "path"]).exits(0);
    assert_eq!(elsewhere.stdout, "/etc/mmsg.toml\n");
}

#[test]
fn a_file_that_others_can_read_is_a_warning() {
    let env = shop();
    fs::set_permissions(env.profile_file(), fs::Permissions::from_mode(0o644)).unwrap();
    env.mmsg(["config", "show", "--profile", "shop"]).exits(0).says("warning: other users can read").says("chmod 600");
}

#[test]
fn a_version_whose_marketing_api_ended_is_warned_about() {
    for (version, warned) in [("v24.0", true), ("v26.0", false), ("v27.0", false)] {
        let run = shop().set("MMSG_API_VERSION", version).mmsg(["config", "show"]).exits(0);
        assert_eq!(run.stderr.contains("has ended"), warned, "{version}: {run:#?}");
    }
    // A Page is asked through the Graph API, which lives longer: by its own dates.
    let sandbox = Sandbox::start();
    let said = |version: &str, words: &[&str]| {
        let env = sandbox.environment().set("MMSG_API_VERSION", version);
        env.mmsg(words).stderr.lines().filter(|line| line.contains("has ended")).collect::<Vec<_>>().join("\n")
    };
    let status = ["webhook", "status"];
    assert_eq!(said("v24.0", &status), "");
    assert!(said("v20.0", &status).contains("the Graph API of v20.0 has ended"));
    let list = said("v24.0", &["campaign", "list"]);
    assert!(list.contains("the Marketing API of v24.0 has ended") && list.lines().count() == 1, "{list}");
    let run = shop().set("MMSG_API_VERSION", "26.0").mmsg(["config", "show"]).exits(3);
    run.says("is not a valid API version").says("MMSG_API_VERSION");
}

#[test]
fn a_profile_and_the_flag_take_the_same_concurrency() {
    let profile = |number: u32| Env::new().profiles(&format!("[profiles.shop.send]\nconcurrency = {number}\n"));
    profile(4096).mmsg(["config", "show"]).exits(0);
    profile(4097).mmsg(["config", "show"]).exits(3).says("use 1 to 4096");
    shop().mmsg(["send", "--concurrency", "4097"]).exits(2).says("4096");
}
