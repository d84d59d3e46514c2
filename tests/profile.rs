//! `mmsg profile`, and where profiles are: in the config file, in a folder beside it, with what all share.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::sandbox::Sandbox;
use crate::common::{APP_SECRET, Env, TOKEN};

fn own(env: &Env, name: &str) -> PathBuf {
    env.path(format!(".config/mmsg/profiles.d/{name}.toml"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Writes a profile's own file, for its owner alone.
fn write_own(env: &Env, name: &str, text: &str) {
    let path = own(env, name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// `setting: (value, source)` of `config show`.
fn shown(env: &Env, profile: &str, setting: &str) -> (String, String) {
    let lines = env.mmsg(["config", "show", "--profile", profile, "-o", "json"]).exits(0).json();
    let line = lines.as_array().unwrap().iter().find(|line| line["setting"] == setting).unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&line["value"]), text(&line["source"]))
}

fn names(env: &Env) -> Vec<String> {
    let rows = env.mmsg(["profile", "list", "-o", "json"]).json();
    rows.as_array().unwrap().iter().map(|row| row["profile"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_profile_has_its_own_values_then_what_all_share() {
    let env = Env::new().profiles(&format!(
        "[defaults]\ntoken = '{TOKEN}'\napp_secret = '{APP_SECRET}'\nad_account = '7'\nledger = '/srv/all.db'\n\
         [defaults.send]\nrate = 5\nmessage = 'promo.json'\n\
         [profiles.one]\npage = '1'\nad_account = '8'\n[profiles.one.send]\nrate = 6\n"
    ));
    write_own(&env, "two", "page = '2'\n[send]\nmessage = 'own.json'\n");
    let is = |profile: &str, setting: &str, value: &str, source: &str| {
        assert_eq!(shown(&env, profile, setting), (value.to_owned(), source.to_owned()), "{profile} {setting}");
    };
    is("one", "page", "1", "profile one");
    is("one", "ad_account", "act_8", "profile one");
    is("one", "send.rate", "6", "profile one");
    is("two", "ad_account", "act_7", "[defaults]");
    is("two", "token", "set (hidden)", "[defaults]");
    is("two", "send.rate", "5", "[defaults]");
    is("two", "ledger", "/srv/all.db", "[defaults]");
    // A path is relative to the file that it stands in.
    let folder = env.path(".config/mmsg");
    is("one", "send.message", folder.join("promo.json").to_str().unwrap(), "[defaults]");
    is("two", "send.message", folder.join("profiles.d/own.json").to_str().unwrap(), "profile two");
    // What all share is each profile's, and wins over a stray variable as the profile does.
    let stray = env.set("MMSG_AD_ACCOUNT", "99").set("MMSG_TOKEN", TOKEN);
    let run = stray.mmsg(["config", "show", "--profile", "two", "-o", "csv"]).exits(0);
    let run =
        run.says("warning: MMSG_AD_ACCOUNT is ignored: [defaults] sets it for the profile selected with --profile");
    assert!(run.stdout.contains("\nad_account,act_7,[defaults]\n"), "{run:#?}");
}

#[test]
fn a_page_is_nobodys_but_its_profiles() {
    for (line, key) in [
        ("page = '1'", "page"),
        ("page_token = 'x'", "page_token"),
        ("[defaults.send]\ncampaign = '1'", "send.campaign"),
    ] {
        let env = Env::new().profiles(&format!("[defaults]\n{line}\n"));
        let said = format!("{key} can't be in [defaults]: it belongs to one business");
        let _ = env.mmsg(["config", "show"]).fails(3, &said);
    }
}

#[test]
fn a_broken_file_is_the_failure_of_its_own_profile_alone() {
    let env = Env::new().profiles("[profiles.one]\npage = '1'\n[profiles.twice]\npage = '2'\n");
    write_own(&env, "broken", &format!("page = 1\ntoken = {TOKEN}\n"));
    write_own(&env, "nested", "[profiles.nested]\npage = '1'\n");
    write_own(&env, "twice", "page = '3'\n");
    fs::write(own(&env, ".hidden"), "[[[").unwrap();
    fs::write(env.path(".config/mmsg/profiles.d/one.toml~"), "[[[").unwrap();
    env.mmsg(["config", "show", "--profile", "one"]).exits(0);
    let _ = env.mmsg(["config", "show", "--profile", "broken"]).fails(3, "broken.toml:2: invalid TOML");
    let _ = env.mmsg(["config", "show", "--profile", "nested"]).fails(3, "its keys stand at the top level");
    let _ = env.mmsg(["config", "show", "--profile", "twice"]).fails(3, "profile \"twice\" is in ");
    let list = env.mmsg(["profile", "list", "-o", "json"]).exits(3);
    let list = list.says("warning: broken: ").says("warning: nested: ").says("warning: twice: ");
    let rows = list.json();
    let errors: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["error"].is_string()).collect();
    assert_eq!(
        (names(&env), errors),
        (["broken", "nested", "one", "twice"].map(str::to_owned).to_vec(), vec![true, true, false, true])
    );
    // It can be removed all the same.
    env.mmsg(["profile", "remove", "twice", "broken", "--yes"]).exits(0);
    assert!(!own(&env, "twice").exists() && !own(&env, "broken").exists());
    env.mmsg(["config", "show", "--profile", "twice"]).exits(0);
}

#[test]
fn a_file_of_a_profile_that_others_can_read_is_warned_about() {
    let env = Env::new();
    write_own(&env, "one", "page = '1'\n");
    fs::set_permissions(own(&env, "one"), fs::Permissions::from_mode(0o640)).unwrap();
    env.mmsg(["config", "show"]).exits(0).says("warning: other users can read").says("one.toml; run chmod 600");
}

#[test]
fn profiles_are_added_chosen_renamed_and_removed() {
    let config = "# ours\n[profiles.main] # first\npage = '1'\n";
    let env = Env::new().profiles(config);
    let added = ["profile", "add", "shop", "--page", "2", "--ad-account", "3", "--token-env", "SHOP_TOKEN"];
    env.mmsg(added).exits(0).prints_nothing().says("added 1 profile in ");
    assert_eq!(
        fs::read_to_string(own(&env, "shop")).unwrap(),
        "page = \"2\"\nad_account = \"3\"\ntoken = { env = \"SHOP_TOKEN\" }\n"
    );
    assert_eq!((mode(&own(&env, "shop")), mode(own(&env, "shop").parent().unwrap())), (0o600, 0o700));
    let _ = env.mmsg(added).fails(2, "there already, such as shop");
    env.mmsg(added.iter().chain(&["--if-absent"])).exits(0).says("added 0 profiles").says("1 was there already");
    // Who selects nothing is told what there is.
    let _ = env.mmsg(["tokens", "fetch"]).fails(3, "there are several profiles, and none is selected");
    env.mmsg(["profile", "use", "shop"]).exits(0).prints_nothing();
    let list = env.mmsg(["profile", "list"]).exits(0);
    let row = list.stdout.lines().find(|line| line.starts_with("shop ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>()[..4], ["shop", "yes", "2", "act_3"], "{list:#?}");
    env.mmsg(["profile", "rename", "shop", "store"]).exits(0);
    env.mmsg(["profile", "rename", "main", "old main"]).exits(0);
    let text = fs::read_to_string(env.profile_file()).unwrap();
    assert_eq!(text, "default_profile = \"store\"\n# ours\n[profiles.\"old main\"] # first\npage = '1'\n");
    let _ = env.mmsg(["profile", "rename", "store", "old main"]).fails(2, "there is already a profile old main");
    let _ = env.mmsg(["profile", "rename", "store", "a/b"]).fails(2, "not a valid profile name");
    // It asks first.
    let _ = env.mmsg(["profile", "remove", "store"]).fails(9, "pass --yes");
    assert_eq!(names(&env), ["old main", "store"]);
    let removed = env.mmsg(["profile", "remove", "store", "--yes"]).exits(0).says("ledger.db stays");
    let _ = removed.says("no profile is selected any more");
    env.mmsg(["profile", "remove", "old main", "--yes"]).exits(0);
    assert_eq!(names(&env), Vec::<String>::new());
}

#[test]
fn a_mistyped_profile_gets_the_nearest_name() {
    let env = Env::new().profiles("[profiles.shop-berlin]\n[profiles.shop-bern]\n[profiles.test]\n");
    for words in [
        &["profile", "use", "shop-berlni"][..],
        &["profile", "remove", "shop-berlni"],
        &["profile", "rename", "shop-berlni", "x"],
        &["campaign", "list", "--profile", "shop-berlni"],
    ] {
        let run = env.mmsg(words).fails(3, "unknown profile \"shop-berlni\"");
        assert!(run.stderr.contains("did you mean \"shop-berlin\"?"), "{run:#?}");
    }
    let many: String = (0..1000).map(|shop| format!("[profiles.shop-{shop:04}]\n")).collect();
    let run = Env::new().profiles(&many).mmsg(["campaign", "list", "--profile", "shop-00111"]).exits(3);
    assert!(run.stderr.len() < 1000 && run.stderr.contains("and 980 more (mmsg profile list shows all)"), "{run:#?}");
}

#[test]
fn a_table_adds_all_its_profiles_or_none() {
    let env = Env::new();
    let table: String = (1..=40).map(|shop| format!("shop-{shop:02},{shop}00,act_{shop}\n")).collect();
    let add = ["profile", "add", "--from", "-"];
    let _ = env.mmsg_reading(format!("profile,page,ad_account\n{table}bad,x,1\n"), add).fails(5, "line 42: ");
    assert!(!env.path(".config/mmsg/profiles.d").exists(), "some were added");
    let run = env.mmsg_reading(format!("profile,page,ad_account\n{table}"), add).exits(0);
    let _ = run.prints_nothing().says("added 40 profiles in ");
    assert_eq!(names(&env).len(), 40);
    assert_eq!(shown(&env, "shop-07", "ad_account").0, "act_7");
    // Five more are added to the same table.
    fs::write(env.path("shops.csv"), format!("profile,page,ad_account\n{table}shop-41,4100,1\n")).unwrap();
    let more = ["profile", "add", "--from", "shops.csv"];
    let _ = env.mmsg(more).fails(2, "40 profiles are there already");
    env.mmsg(more.iter().chain(&["--if-absent"])).exits(0).says("added 1 profile").says("40 were there already");
    let pasted = format!("profile,page,token\na,1,{TOKEN}\n");
    let _ = env.mmsg_reading(pasted, add).fails(5, "secrets are not read from tables");
}

#[test]
fn init_adds_to_what_is_there() {
    let (_sandbox, env) = Sandbox::of_newcomer();
    let env = env.profiles("# ours\n[defaults]\ntoken = { env = 'ALL' }\nad_account = '1'\n[profiles.a]\npage = '1'\n");
    let init = |name: &str, page: &str| env.mmsg(["init", "--profile", name, "--page", page]);
    init("b", "2").exits(0).says("wrote profile b to");
    let text = fs::read_to_string(env.profile_file()).unwrap();
    assert!(text.starts_with("# ours\n") && text.contains("[profiles.b]\npage = \"2\"\n"), "{text}");
    write_own(&env, "c", "# its own\npage = '3' # old\n");
    init("d", "4").exits(0);
    assert_eq!(fs::read_to_string(own(&env, "d")).unwrap(), "page = \"4\"\n");
    let _ = init("c", "5").fails(9, "changing profile c in ");
    env.mmsg(["init", "--profile", "c", "--page", "5", "--yes"]).exits(0);
    assert_eq!(fs::read_to_string(own(&env, "c")).unwrap(), "# its own\npage = \"5\" # old\n");
    assert_eq!(fs::read_to_string(env.profile_file()).unwrap(), text);
    assert_eq!(names(&env), ["a", "b", "c", "d"]);
    let mut terminal = env.terminal(100, &["init"]);
    terminal.wait_for("there already: a, b, c, d").wait_for("Name of the profile").type_keys("e\n");
    terminal.wait_for("the one in [defaults]").type_keys("\n");
    terminal.wait_for("Where does the app secret").type_keys("\n");
    terminal.wait_for("Ad account").type_keys("\n");
    terminal.wait_for("Page that sends").type_keys("6\n");
    terminal.wait_for("Where does the Page token").type_keys("\n");
    // Nothing sets that variable.
    terminal.end().exits(4);
    assert_eq!(shown(&env, "e", "token").1, "[defaults]: variable ALL");
}

#[test]
fn no_output_is_written_among_the_profiles() {
    let env = Env::new();
    write_own(&env, "one", "page = '1'\n");
    let run = env.mmsg(["message", "build", "--text", "Hi", "--save", ".config/mmsg/profiles.d/new.toml"]).exits(2);
    assert!(run.stderr.contains("would write into the folder of profiles"), "{run:#?}");
}
