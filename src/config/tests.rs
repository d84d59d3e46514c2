use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::error::Exit;

/// A home folder with a profile file.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/mmsg");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), config).unwrap();
        fs::set_permissions(folder.join("config.toml"), fs::Permissions::from_mode(0o600)).unwrap();
        Self(home)
    }

    fn environment(&self) -> Environment {
        Environment::at_home(self.0.path())
    }
}

fn load(environment: &Environment) -> Result<Settings> {
    Settings::load(&Overrides::default(), environment)
}

fn with_profile(name: &str, environment: &Environment) -> Result<Settings> {
    Settings::load(&Overrides { profile: Some(name.to_owned()), ..Overrides::default() }, environment)
}

fn value<T: ToString>(sourced: &Option<Sourced<T>>) -> (String, Origin) {
    let sourced = sourced.as_ref().unwrap();
    (sourced.value.to_string(), sourced.origin.clone())
}

const TWO: &str = "
    [profiles.shop]
    token = 'EAABshop'
    page_token = 'EAABpage'
    app_secret = ['secret-one', 'secret-two']
    ad_account = 'act_1'
    page = 11
    api_version = 'v25.0'
    [profiles.test]
    token = 'EAABtest'
    ad_account = '2'
";

#[test]
fn the_environment_alone_is_enough() {
    let nowhere = Environment::default()
        .with(names::TOKEN, "EAABenv")
        .with(names::AD_ACCOUNT, "12")
        .with(names::PAGE, "34")
        .with(names::LEDGER, "/var/lib/mmsg/ledger.db");
    let settings = load(&nowhere).unwrap();
    assert_eq!(settings.token().unwrap().expose(), "EAABenv");
    assert_eq!(settings.required_ad_account().unwrap().as_str(), "act_12");
    assert_eq!(settings.required_page().unwrap().as_str(), "34");
    assert_eq!(settings.api_version.value.to_string(), DEFAULT_API_VERSION);
    assert_eq!(settings.api_version.origin, Origin::Default);
    assert!(settings.profile.is_none() && settings.warnings.is_empty());
}

#[test]
fn the_environment_wins_over_the_profile_that_a_variable_names() {
    let home = Home::new(TWO);
    let environment =
        home.environment().with(names::PROFILE, "shop").with(names::PAGE, "99").with(names::TOKEN, "EAABenv");
    let settings = load(&environment).unwrap();
    assert_eq!(value(&settings.page), ("99".to_owned(), Origin::Env(names::PAGE)));
    assert_eq!(value(&settings.ad_account), ("act_1".to_owned(), Origin::Profile("shop".to_owned())));
    assert_eq!(settings.token().unwrap().expose(), "EAABenv");
    assert_eq!(settings.page_token().unwrap().unwrap().expose(), "EAABpage");
    assert_eq!(settings.app_secrets().unwrap().len(), 2);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn a_profile_on_the_command_line_wins_over_what_names_another_business() {
    let home = Home::new(TWO);
    let environment = home
        .environment()
        .with(names::TOKEN, "EAABenv")
        .with(names::AD_ACCOUNT, "98")
        .with(names::PAGE, "99")
        .with(names::APP_SECRET, "other")
        .with(names::API_VERSION, "v26.0");
    let settings = with_profile("shop", &environment).unwrap();
    assert_eq!(settings.token().unwrap().expose(), "EAABshop");
    assert_eq!(settings.required_ad_account().unwrap().as_str(), "act_1");
    assert_eq!(settings.required_page().unwrap().as_str(), "11");
    assert_eq!(settings.app_secrets().unwrap()[0].expose(), "secret-one");
    assert_eq!(settings.api_version.origin, Origin::Env(names::API_VERSION));
    for variable in [names::TOKEN, names::AD_ACCOUNT, names::PAGE, names::APP_SECRET] {
        assert!(settings.warnings.iter().any(|warning| warning.contains(variable)), "{variable}");
    }
    // What this profile lacks still comes from the environment.
    let settings = with_profile("test", &environment).unwrap();
    assert_eq!(value(&settings.page), ("99".to_owned(), Origin::Env(names::PAGE)));
    assert_eq!(settings.required_ad_account().unwrap().as_str(), "act_2");
}

#[test]
fn a_leftover_variable_loses_to_what_all_share_and_no_profile_has_that_too() {
    let home = Home::new(
        "[defaults]\ntoken = 'EAABall'\nad_account = 7\nledger = '/l.db'\n[profiles.a]\npage = 1\n[profiles.b]",
    );
    let environment = home.environment().with(names::AD_ACCOUNT, "98").with(names::PAGE, "99");
    let settings = with_profile("a", &environment).unwrap();
    assert_eq!(value(&settings.ad_account), ("act_7".to_owned(), Origin::Defaults));
    assert_eq!(settings.token().unwrap().expose(), "EAABall");
    assert_eq!(settings.redactor().clean("EAABall"), "[hidden]");
    assert_eq!(settings.warnings.len(), 2, "{:?}", settings.warnings);
    // Without a profile, the environment wins as over one that a variable names; the ledger is the same.
    let settings = load(&environment).unwrap();
    assert_eq!(value(&settings.ad_account), ("act_98".to_owned(), Origin::Env(names::AD_ACCOUNT)));
    assert_eq!(settings.ledger.value, Path::new("/l.db").into());
    assert!(settings.refuse_unselected_profile().is_err());
}

#[test]
fn which_profile() {
    let of = |config: &str| load(&Home::new(config).environment()).unwrap().profile.map(|name| name.value);
    assert_eq!(of("[profiles.a]\n[profiles.b]"), None);
    assert_eq!(of("[profiles.a]\n[profiles.default]"), Some("default".to_owned()));
    assert_eq!(of("default_profile = 'b'\n[profiles.a]\n[profiles.b]"), Some("b".to_owned()));
    assert_eq!(of("[profiles.a]"), Some("a".to_owned()));
    assert_eq!(of(""), None);
}

#[test]
fn an_unknown_profile_names_the_known_ones() {
    let home = Home::new(TWO);
    let error = with_profile("shpo", &home.environment()).unwrap_err();
    assert_eq!(error.exit(), Exit::Config);
    let hint = error.hint_text().unwrap();
    assert!(hint.contains("did you mean \"shop\"") && hint.contains("shop, test"), "{hint}");
    let error = load(&home.environment().with(names::PROFILE, "x")).unwrap_err();
    assert!(error.message().contains(names::PROFILE), "{error}");
    let error = with_profile("shop", &Environment::at_home(Path::new("/nonexistent"))).unwrap_err();
    assert!(error.hint_text().unwrap().contains("mmsg init"), "{error}");
}

#[test]
fn nothing_set_up_is_exit_3_and_a_missing_token_exit_4() {
    let empty = tempfile::tempdir().unwrap();
    let settings = load(&Environment::at_home(empty.path())).unwrap();
    for error in [
        settings.token().unwrap_err(),
        settings.required_page().unwrap_err(),
        settings.required_ad_account().unwrap_err(),
    ] {
        assert_eq!(error.exit(), Exit::Config);
        assert!(error.hint_text().unwrap().contains("mmsg init"));
    }
    let settings = load(&Home::new("[profiles.shop]\npage = '1'").environment()).unwrap();
    let error = settings.token().unwrap_err();
    assert_eq!(error.exit(), Exit::Credentials);
    assert!(error.hint_text().unwrap().contains("profile shop"), "{error:?}");
    assert_eq!(settings.required_ad_account().unwrap_err().exit(), Exit::Config);
    let settings = load(&Home::new(TWO).environment()).unwrap();
    let error = settings.token().unwrap_err();
    assert_eq!(error.exit(), Exit::Config);
    assert!(error.hint_text().unwrap().contains("shop, test"), "{error:?}");
}

#[test]
fn an_empty_token_variable_is_exit_4_and_not_another_token() {
    let home = Home::new(TWO);
    let environment = home.environment().with(names::PROFILE, "shop").with(names::TOKEN, "");
    let error = load(&environment).unwrap().token().unwrap_err();
    assert_eq!(error.exit(), Exit::Credentials);
    assert!(error.message().contains("is empty"), "{error}");
}

#[test]
fn wrong_values_are_exit_3_and_say_where() {
    let profile = |line: &str| load(&Home::new(&format!("[profiles.shop]\n{line}")).environment()).unwrap_err();
    for line in [
        "ad_account = 'x12'",
        "graph_url = 'http://graph.facebook.com'",
        "ledger = 'ledger.db'",
        "api_version = '26'",
        "[profiles.shop.send]\nrate = '0'",
        "[profiles.shop.send]\ncool_down = '1h'",
        "[profiles.shop.send]\nconcurrency = 0",
    ] {
        let error = profile(line);
        assert_eq!(error.exit(), Exit::Config, "{line}");
        assert!(error.message().contains("config.toml:"), "{line}: {error}");
    }
    let home = Home::new(TWO);
    for (variable, text) in [
        (names::AD_ACCOUNT, "shop"),
        (names::GRAPH_URL, "http://example.com"),
        (names::LEDGER, "ledger.db"),
        (names::API_VERSION, "latest"),
    ] {
        let error = load(&home.environment().with(variable, text)).unwrap_err();
        assert_eq!(error.exit(), Exit::Config, "{variable}");
        let said = format!("{error} {}", error.hint_text().unwrap());
        assert!(said.contains(variable), "{said}");
    }
}

#[test]
fn the_ledger_comes_from_flag_environment_profile_or_the_data_folder() {
    let home = Home::new("[profiles.shop]\nledger = '~/shop.db'");
    let environment = home.environment();
    assert_eq!(load(&environment).unwrap().ledger.value, home.0.path().join("shop.db").into());
    let environment = environment.with(names::LEDGER, "/srv/l.db");
    assert_eq!(load(&environment).unwrap().ledger.value, Path::new("/srv/l.db").into());
    let flag = Overrides { ledger: Some("here.db".into()), ..Overrides::default() };
    let ledger = Settings::load(&flag, &environment).unwrap().ledger;
    assert_eq!(ledger.origin, Origin::Flag("--ledger"));
    assert!(!ledger.value.is_relative() && ledger.value.to_string().ends_with("/here.db"));
    let plain = load(&Environment::at_home(Path::new("/home/op"))).unwrap().ledger;
    assert_eq!(plain.value, Path::new("/home/op/.local/share/mmsg/ledger.db").into());
    assert_eq!(load(&Environment::default()).unwrap_err().exit(), Exit::Config);
}

#[test]
fn a_file_that_others_can_read_is_warned_about() {
    let home = Home::new(TWO);
    let path = home.0.path().join(".config/mmsg/config.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let settings = load(&home.environment()).unwrap();
    assert!(settings.warnings.iter().any(|warning| warning.contains("chmod 600")), "{:?}", settings.warnings);
}

#[test]
fn a_named_file_must_be_there_and_a_folder_is_unreadable() {
    let home = Home::new("");
    let missing = home.environment().with(names::CONFIG, home.0.path().join("none.toml"));
    assert_eq!(load(&missing).unwrap_err().exit(), Exit::Config);
    let folder = home.environment().with(names::CONFIG, home.0.path());
    let error = load(&folder).unwrap_err();
    assert_eq!(error.exit(), Exit::Config);
    assert!(error.message().contains("can't read"), "{error}");
}

#[test]
fn a_host_that_is_not_metas_is_warned_about() {
    let home = Home::new("[profiles.shop]\ngraph_url = 'https://proxy.example'");
    let warnings = load(&home.environment()).unwrap().warnings.join("\n");
    assert!(warnings.contains("https://proxy.example"), "{warnings}");
    let home = Home::new("[profiles.shop]\ngraph_url = 'http://127.0.0.1:1'\n[profiles.shop.send]\ncool_down = '2s'");
    let settings = load(&home.environment()).unwrap();
    assert_eq!(settings.send.cool_down.value, Duration::from_secs(2));
    assert!(settings.warnings.is_empty());
}

#[test]
fn the_redactor_knows_the_secrets_of_all_profiles() {
    let home = Home::new(TWO);
    let settings = load(&home.environment().with(names::TOKEN, "EAABenv")).unwrap();
    settings.token().unwrap();
    let text = settings.redactor().clean("EAABshop EAABtest EAABpage EAABenv secret-two EAABelse").into_owned();
    assert_eq!(text, "[hidden] [hidden] [hidden] [hidden] [hidden] EAABelse");
    assert!(!format!("{settings:?}").contains("EAAB"));
}

#[test]
fn a_ledger_on_a_server_has_more_requests_in_flight_unless_it_is_told_otherwise() {
    let in_flight = |profile: &str, ledger: &str| {
        let home = Home::new(&format!("[profiles.shop]\ntoken = 'EAAB'\n{profile}"));
        load(&home.environment().with(names::LEDGER, ledger)).unwrap().send.concurrency.value
    };
    let server = "postgres://me@localhost/mmsg";
    assert_eq!((in_flight("", "/ledger.db"), in_flight("", server)), (64, 192));
    let own = "[profiles.shop.send]\nconcurrency = 8";
    assert_eq!((in_flight(own, "/ledger.db"), in_flight(own, server)), (8, 8));
}

#[test]
fn the_example_is_complete_and_all_its_values_are_valid() {
    let example = include_str!("../../config.example.toml");
    let home = Home::new(example);
    let settings = with_profile("shop", &home.environment().with("SHOP_TOKEN", "EAABshop")).unwrap();
    assert_eq!(settings.token().unwrap().expose(), "EAABshop");
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    assert!(settings.secret_places().iter().all(|place| place.source.is_some()));
    let send = &settings.send;
    assert!(send.campaign.is_some() && send.message.is_some());
    assert!(settings.campaign_name.is_some() && settings.page.is_some());
    let send_origins = [&send.rate.origin, &send.concurrency.origin, &send.cool_down.origin];
    let origins = [&settings.api_version.origin, &settings.graph_url.origin, &settings.ledger.origin];
    for origin in origins.into_iter().chain(send_origins) {
        assert_eq!(*origin, Origin::Profile("shop".to_owned()));
    }
    assert!(settings.ad_account.is_some());
    for key in file::all_keys() {
        assert!(example.contains(&format!("{key} = ")) || example.contains(&format!(".{key}]")), "{key} is missing");
    }
    assert_eq!(
        load(&home.environment().with(names::PROFILE, "rehearsal")).unwrap().token().unwrap().expose(),
        "sandbox-token"
    );
}
