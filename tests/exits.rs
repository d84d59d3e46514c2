//! Bad input: its exit code, one sentence and a hint on stderr, nothing on stdout.

use std::io::pipe;
use std::process::Stdio;

use crate::common::{Env, Run, TOKEN};

fn with_profiles(text: &str) -> Run {
    Env::new().profiles(text).mmsg(["config", "show"])
}

#[test]
fn wrong_profiles_are_3() {
    let shop = |line: &str| with_profiles(&format!("[profiles.shop]\n{line}\n")).exits(3).prints_nothing();
    shop("tokn = 'x'").says("config.toml:2: unknown key \"tokn\"").says("did you mean \"token\"?");
    shop(&format!("token = {TOKEN}")).says("config.toml:2: invalid TOML");
    shop("ad_account = 'shop'").says("config.toml:2").says("not an ad account ID");
    shop("graph_url = 'http://graph.facebook.com'").says("plain http");
    shop("ledger = 'ledger.db'").says("must be absolute").says("another ledger");
    shop("page = []").says("page must be");
}

#[test]
fn wrong_variables_are_3() {
    for (name, value) in [
        ("MMSG_PROFILE", "nobody"),
        ("MMSG_AD_ACCOUNT", "shop"),
        ("MMSG_GRAPH_URL", "http://example.com"),
        ("MMSG_LEDGER", "ledger.db"),
        ("MMSG_API_VERSION", "latest"),
        ("MMSG_CONFIG", "none.toml"),
        ("MMSG_OUTPUT", "yaml"),
    ] {
        let run = Env::new().set(name, value).mmsg(["config", "show"]).exits(3).prints_nothing();
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains("hint: "), "{name}: {run:#?}");
        assert!(run.stderr.contains(name), "{name} is not named: {run:#?}");
    }
}

#[test]
fn an_unknown_profile_is_3_and_names_the_known_ones() {
    let env = Env::new().profiles("[profiles.shop]\n[profiles.test]\n");
    env.mmsg(["config", "show", "--profile", "shpo"]).exits(3).says("did you mean \"shop\"").says("shop, test");
}

#[test]
fn an_unreadable_profile_file_is_3() {
    let env = Env::new();
    env.mmsg(["config", "show"]).exits(0);
    std::fs::create_dir_all(env.profile_file()).unwrap();
    env.mmsg(["config", "show"]).exits(3).prints_nothing().says("can't read the config file");
}

#[test]
fn wrong_commands_are_2() {
    let env = Env::new();
    env.mmsg(["nope"]).exits(2).prints_nothing().says("error: ");
    env.mmsg(["config", "show", "--nope"]).exits(2).prints_nothing();
    env.mmsg(["config", "show", "-o", "yaml"]).exits(2).prints_nothing();
    env.mmsg(["--quiet", "--verbose", "config", "path"]).exits(2).prints_nothing();
    env.mmsg(Vec::<&str>::new()).exits(2).prints_nothing().says("Usage: mmsg");
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let env = Env::new().set("MMSG_AD_ACCOUNT", "shop");
    for args in [&["config", "show", "-o", "json"][..], &["-ojson", "nope"], &["config", "show", "-o=ndjson", "--nope"]]
    {
        let run = env.mmsg(args);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        let kind = if run.code == 2 { "usage" } else { "config" };
        assert_eq!(error["kind"], kind, "{run:#?}");
        for key in ["kind", "message", "code", "subcode", "fbtrace_id", "hint", "next_run_at"] {
            assert!(error.get(key).is_some(), "{key}: {run:#?}");
        }
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_secret_typed_in_the_wrong_place_is_not_repeated() {
    let env = Env::new().set("MMSG_TOKEN", TOKEN);
    env.mmsg([TOKEN]).exits(2).says("[hidden]");
    env.mmsg([TOKEN, "-o", "json"]).exits(2).says("[hidden]");
}

#[test]
fn help_and_version_are_0_on_stdout() {
    for args in [["--help"], ["-h"], ["--version"]] {
        let run = Env::new().mmsg(args).exits(0);
        assert!(run.stdout.contains("mmsg") && run.stderr.is_empty(), "{run:#?}");
    }
    let colored = Env::new().mmsg(["--help", "--color=always"]).exits(0);
    assert!(colored.stdout.contains('\u{1b}'));
}

#[test]
fn a_closed_stdout_is_141_and_silent() {
    for args in [&["completions", "bash"][..], &["config", "show"], &["--help"]] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let env = Env::new();
        let output = env.command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let run = env.judge(&output).exits(141);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn every_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let env = Env::new();
    env.mmsg(["man", "--dir", "pages"]).exits(0);
    let mode = |path| std::fs::metadata(env.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("pages"), mode("pages/mmsg.1")), (0o700, 0o600));
}
