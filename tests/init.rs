//! `mmsg init`: asked on a terminal, told by flags in a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::sandbox::Sandbox;
use crate::common::{Env, NOBODY, PAGE_TOKEN, TOKEN};

const FLAGS: [&str; 7] = ["init", "--ad-account", "12", "--page", "34", "--token-env", "SHOP_TOKEN"];

#[test]
fn a_script_writes_a_profile_without_being_asked() {
    let env = Env::new().set("SHOP_TOKEN", TOKEN);
    env.mmsg(FLAGS).exits(0).prints_nothing().says("wrote profile default").says("mmsg doctor checks it");
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
        let (sandbox, env) = Sandbox::of_newcomer();
        let mut terminal = env.terminal(columns, &["init"]);
        for (question, keys) in [
            ("Name of the profile", "shop\n"),
            ("Where does the access token", "1\n"),
            ("(not shown)", &format!("{TOKEN}\n")),
            ("Where does the app secret", "\n"),
            ("1  act_12 (", "abc\n"),
            ("not an ad account ID", "act_12\n"),
            ("1  34 (Sandbox Page)", "1\n"),
            ("Where does the Page token", "2\n"),
            ("(not shown)", &format!("{PAGE_TOKEN}\n")),
        ] {
            terminal.wait_for(question).wait_until_hidden().type_keys(keys);
        }
        // The harness fails if a token stood on the screen.
        terminal.wait_for("wrote profile shop").wait_for(" of 20 checks are ok");
        let screen = terminal.end().exits(0).stdout;
        assert!(!screen.contains("failed"), "{screen}");
        let file = fs::read_to_string(env.profile_file()).unwrap();
        let token = format!("token = \"{TOKEN}\"");
        assert!(file.contains("[profiles.shop]") && file.contains(&token), "{columns} columns");
        assert!(file.contains("ad_account = \"act_12\"") && file.contains("page = \"34\""), "{columns} columns");
        assert!(file.contains(&format!("page_token = \"{PAGE_TOKEN}\"")), "{columns} columns");
        assert!(!file.contains("app_secret"), "{columns} columns");
        assert_eq!(sandbox.count("sends") + sandbox.count("created"), 0);
        env.mmsg(["doctor"]).exits(0);
    }
}

#[test]
fn a_token_that_meta_does_not_take_is_asked_for_again_at_once() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let mut terminal = env.terminal(100, &["init", "--profile", "shop", "--page", "34"]);
    for (question, keys) in [
        ("Where does the access token", "1\n"),
        ("(not shown)", "EAABnotTheOne0123456789\n"),
        ("Where does the app secret", "\n"),
        ("Meta does not accept this token", ""),
        ("Where does the access token", "1\n"),
        ("(not shown)", &format!("{TOKEN}\n")),
        ("Where does the app secret", "\n"),
        ("1  act_12", "\n"),
        ("Where does the Page token", "\n"),
    ] {
        terminal.wait_for(question).wait_until_hidden().type_keys(keys);
    }
    let _ = terminal.end().exits(0);
    let file = fs::read_to_string(env.profile_file()).unwrap();
    assert!(file.contains(TOKEN) && file.contains("ad_account = \"act_12\"") && !file.contains("page_token"), "{file}");
}

#[test]
fn without_a_way_to_meta_ids_are_typed_and_the_check_says_what_failed() {
    let env = Env::new().set("MMSG_GRAPH_URL", NOBODY).set("SHOP_TOKEN", TOKEN);
    for (variable, why, failed) in [
        ("SHOP_TOKEN", "can't list the ", "1 of 20 checks failed: tls"),
        ("NOT_SET_HERE", "the environment variable NOT_SET_HERE is not set", "2 of 20 checks failed: profile, tls"),
    ] {
        let mut terminal = env.terminal(100, &["init", "--profile", variable]);
        for (question, keys) in [
            ("Where does the access token", "2\n"),
            ("Name of the variable", &format!("{variable}\n")),
            ("Where does the app secret", "\n"),
            ("the ad account and the Page can't be offered", ""),
            (why, ""),
            ("Ad account that pays (digits)", "12\n"),
            ("Page that sends (its ID)", "34\n"),
            ("Where does the Page token", "\n"),
            ("wrote profile", ""),
            ("tls failed: no connection to 127.0.0.1", ""),
        ] {
            terminal.wait_for(question).type_keys(keys);
        }
        terminal.wait_for(failed);
        let _ = terminal.end().exits(if failed.contains("profile") { 4 } else { 7 });
        assert!(fs::read_to_string(env.profile_file()).unwrap().contains(&format!("env = \"{variable}\"")));
    }
}

#[test]
fn pages_are_offered_up_to_a_screen_and_say_whose_they_are() {
    let sandbox = Sandbox::with(|options| {
        options.ad_accounts = vec!["12".to_owned()];
        options.pages = (1000..1030).map(|page: u32| page.to_string()).collect();
    });
    let env = Env::new()
        .set("MMSG_GRAPH_URL", sandbox.url())
        .set("SHOP_TOKEN", TOKEN)
        .profiles("[defaults]\ntoken = { env = 'SHOP_TOKEN' }\nad_account = '12'\n[profiles.a]\npage = '1001'\n");
    let mut terminal = env.terminal(100, &["init", "--profile", "b"]);
    for (question, keys) in [
        ("the one in [defaults]", "\n"),
        ("Where does the app secret", "\n"),
        ("Ad account that pays (number or ID) [12]", "\n"),
        ("the token sees more than these", ""),
        ("2  1001 (Sandbox Page 2), in profile a", ""),
        ("15  1014 (Sandbox Page 15)", ""),
        ("Page that sends (number or ID)", "1029\n"),
        ("Where does the Page token", "\n"),
    ] {
        terminal.wait_for(question).type_keys(keys);
    }
    let screen = terminal.end().exits(0).stdout;
    assert!(!screen.contains("16  "), "{screen}");
    assert!(fs::read_to_string(env.profile_file()).unwrap().contains("page = \"1029\""));
}

#[test]
fn ctrl_c_at_any_question_is_130_and_writes_nothing() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let questions = [
        ("Name of the profile", "\n".to_owned()),
        ("Where does the access token", "1\n".to_owned()),
        ("(not shown)", format!("{TOKEN}\n")),
        ("Where does the app secret", "\n".to_owned()),
        ("Ad account", "12\n".to_owned()),
        ("Page that sends", "34\n".to_owned()),
        ("Where does the Page token", String::new()),
    ];
    for (at, _) in &questions {
        let mut terminal = env.terminal(80, &["init"]);
        for (question, answer) in &questions {
            terminal.wait_for(question).wait_until_hidden();
            if question == at {
                terminal.type_keys("\x03");
                break;
            }
            terminal.type_keys(answer);
        }
        let _ = terminal.end().exits(130);
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
