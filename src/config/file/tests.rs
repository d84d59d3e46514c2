use super::*;
use crate::error::Exit;

fn parse(text: &str) -> Result<ProfileFile> {
    ProfileFile::parse(text, Path::new("/etc/mmsg/config.toml"), &Environment::at_home(Path::new("/home/op")))
}

fn wrong(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.exit(), Exit::Config);
    format!("{error} | {}", error.hint_text().unwrap_or("-"))
}

#[test]
fn every_mistake_names_its_line() {
    let table = [
        (
            "default_profil = 'shop'",
            ":1: unknown key \"default_profil\" at the top level | did you mean \"default_profile\"?",
        ),
        ("[profiles.shop]\npage = '1'\ntokn = 'x'", ":3: unknown key \"tokn\" in a profile | did you mean \"token\"?"),
        (
            "[profiles.shop]\nad-account = 1",
            ":2: unknown key \"ad-account\" in a profile | did you mean \"ad_account\"?",
        ),
        (
            "[profiles.shop.send]\ncooldown = '12h'",
            ":2: unknown key \"cooldown\" in send | did you mean \"cool_down\"?",
        ),
        ("[profiles.shop.send]\nxyz = 1", ":2: unknown key \"xyz\" in send | valid keys: campaign, "),
        ("[profiles.shop]\ntoken = { evn = 'X' }", ":2: unknown key \"evn\" in token | did you mean \"env\"?"),
        ("[profiles.shop]\ntoken = 12", ":2: token must be a string or one of "),
        ("[profiles.shop]\ntoken = { env = 'A', file = 'b' }", ":2: token must be a string or one of "),
        ("[profiles.shop]\ntoken = { command = 'pass show x' }", ":2: token.command must be a list of strings"),
        ("[profiles.shop]\ntoken = { command = [] }", ":2: token.command must be a list of strings"),
        ("[profiles.shop]\n\n\ngraph_url = true", ":4: graph_url must be a string, not a boolean"),
        ("[profiles.shop]\npage = true", ":2: page must be a string or a number, not a boolean"),
        ("[profiles.shop]\npage = ''", ":2: page is empty"),
        ("[profiles.shop.send]\nconcurrency = '8'", ":2: send.concurrency must be a whole number, not a string"),
        ("profiles = 3", ":1: profiles must be a table, not an integer"),
        ("[profiles]\nshop = 3", ":2: a profile must be a table, not an integer"),
        ("[profiles.'']", ":1: a profile needs a name"),
        ("[profiles.shop]\npage = '1'\npage = '2'", ":3: invalid TOML: duplicate key"),
    ];
    for (text, expected) in table {
        let said = wrong(text);
        assert!(said.contains(expected), "{text:?}\n said {said}\n not {expected}");
    }
}

#[test]
fn invalid_toml_names_the_line_and_never_quotes_it() {
    let said = wrong("[profiles.shop]\ntoken = EAABcanary\n");
    assert!(said.contains("config.toml:2: invalid TOML"), "{said}");
    assert!(!said.contains("EAABcanary"), "{said}");
}

#[test]
fn numbers_may_stand_for_ids_and_paths_start_at_the_file() {
    let file = parse(
        "[profiles.shop]\npage = 12345678901234567890\nledger = '~/ledger.db'\ntoken = { file = 'token' }\n\
         [profiles.shop.send]\nrate = 2.5\nmessage = 'promo.json'",
    )
    .unwrap();
    let shop = &file.profiles["shop"];
    assert_eq!(shop.page.as_ref().unwrap().value, "12345678901234567890");
    assert_eq!(shop.page.as_ref().unwrap().place, "/etc/mmsg/config.toml:2");
    assert_eq!(shop.ledger.as_ref().unwrap().value, Path::new("/home/op/ledger.db").into());
    assert_eq!(shop.send.message.as_ref().unwrap().value, Path::new("/etc/mmsg/promo.json"));
    assert_eq!(shop.send.rate.as_ref().unwrap().value, "2.5");
    assert!(matches!(&shop.token, Some(SecretSource::File(path)) if path == Path::new("/etc/mmsg/token")));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}|(\\[profiles\\.[a-c\"']*\\]\n|(token|page|send) = [\\[{\"'a-z0-9 =}\\]]*\n){0,4}") {
        let _ = parse(&text);
    }
}
