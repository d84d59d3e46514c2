//! `mmsg init`: asked on a terminal, told by flags in a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Env, TOKEN};

const FLAGS: [&str; 7] = ["init", "--ad-account", "12", "--page", "34", "--token-env", "SHOP_TOKEN"];

#[test]
fn a_script_writes_a_profile_without_being_asked() {
    let env = Env::new().set("SHOP_TOKEN", TOKEN);
    env.mmsg(FLAGS).exits(0).prints_nothing().says("wrote profile default");
    let mode = fs::metadata(env.profile_file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let run = env.mmsg(["config", "show", "-o", "csv"]).exits(0);
    assert!(run.stdout.contains("token,set (hidden),profile default: variable SHOP_TOKEN"), "{run:#?}");
    assert!(run.stdout.contains("ad_account,act_12,profile default"), "{run:#?}");
}

#[test]
fn an_existing_profile_is_changed_only_when_said_so() {
    let old = "# ours\n[profiles.default]\npage = '1' # old\ncampaign_name = 'x'\n";
    let env = Env::new().profiles(old);
    env.mmsg(FLAGS).exits(9).prints_nothing().says("pass --yes");
    assert_eq!(fs::read_to_string(env.profile_file()).unwrap(), old);
    env.mmsg(FLAGS.iter().chain(&["--yes"])).exits(0);
    let new = fs::read_to_string(env.profile_file()).unwrap();
    assert!(new.contains("# ours") && new.contains("page = \"34\" # old") && new.contains("campaign_name"), "{new}");
}

#[test]
fn without_a_terminal_missing_answers_are_2_and_nothing_is_written() {
    let env = Env::new();
    env.mmsg(["init"]).exits(2).prints_nothing().says("--token-env");
    env.mmsg(["init", "--ad-account", "x", "--page", "1", "--token-env", "T"]).exits(3).says("not an ad account ID");
    env.mmsg(["init", "--page", "1", "--ad-account", "1", "--token-env", "EAAB|x"]).exits(2);
    assert!(!env.profile_file().exists());
}

#[test]
fn a_wrong_file_is_not_written_over() {
    let env = Env::new().profiles("[[[");
    env.mmsg(FLAGS.iter().chain(&["--yes"])).exits(3);
    assert_eq!(fs::read_to_string(env.profile_file()).unwrap(), "[[[");
}

#[test]
fn a_person_is_asked_step_by_step_and_the_token_is_not_shown() {
    for columns in [100, 40] {
        let env = Env::new();
        let mut terminal = env.terminal(columns, &["init"]);
        terminal.wait_for("Name of the profile").type_keys("shop\n");
        terminal.wait_for("Ad account").type_keys("abc\n");
        terminal.wait_for("not an ad account ID").wait_for("Ad account").type_keys("act_12\n");
        terminal.wait_for("Page that sends").type_keys("34\n");
        terminal.wait_for("Where does the access token").type_keys("1\n");
        terminal.wait_for("(not shown)").wait_until_hidden().type_keys(&format!("{TOKEN}\n"));
        terminal.wait_for("Where does the app secret").type_keys("\n");
        // The harness fails if the token stood on the screen.
        terminal.end().exits(0);
        let file = fs::read_to_string(env.profile_file()).unwrap();
        assert!(
            file.contains("[profiles.shop]") && file.contains(&format!("token = \"{TOKEN}\"")),
            "{columns} columns"
        );
        assert!(file.contains("ad_account = \"act_12\"") && file.contains("page = \"34\""), "{columns} columns");
        assert!(!file.contains("app_secret"), "{columns} columns");
    }
}

#[test]
fn ctrl_c_at_any_question_is_130_and_writes_nothing() {
    for at in ["Name of the profile", "Ad account", "Where does the access token", "(not shown)"] {
        let env = Env::new();
        let mut terminal = env.terminal(80, &["init"]);
        for (question, answer) in [
            ("Name of the profile", "\n"),
            ("Ad account", "12\n"),
            ("Page that sends", "34\n"),
            ("Where does the access token", "1\n"),
            ("(not shown)", ""),
        ] {
            terminal.wait_for(question).wait_until_hidden();
            if question == at {
                terminal.type_keys("\x03");
                break;
            }
            terminal.type_keys(answer);
        }
        terminal.end().exits(130);
        assert!(!env.profile_file().exists(), "{at}");
    }
}

#[test]
fn a_question_before_a_change_takes_yes_only() {
    let old = "[profiles.default]\npage = '1'\n";
    for (keys, code) in [("y\n", 0), ("yes\n", 0), ("n\n", 9), ("\n", 9), ("\x04\n", 9), ("x\n", 9), ("\x03", 130)] {
        let env = Env::new().profiles(old);
        let mut terminal = env.terminal(80, &FLAGS);
        terminal.wait_for("[y/N]").wait_until_hidden().type_keys(keys);
        terminal.end().exits(code);
        assert_eq!(fs::read_to_string(env.profile_file()).unwrap() == old, code != 0, "{keys:?}");
    }
}

#[test]
fn no_input_never_asks_even_on_a_terminal() {
    let env = Env::new().profiles("[profiles.default]\n");
    let args: Vec<&str> = FLAGS.into_iter().chain(["--no-input"]).collect();
    env.terminal(80, &args).end().exits(9);
}
