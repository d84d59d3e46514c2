//! What a profile's values must look like, typed or read from a table.

use std::path::{Path, PathBuf};

use crate::campaign::{AdAccount, CampaignId, PageId};
use crate::config::edit::ProfileEdit;
use crate::config::environment::Environment;
use crate::config::source::SecretSource;
use crate::times::hours::Zone;

/// The columns of a table of profiles; each but the first has a flag of its name.
pub const COLUMNS: [&str; 14] = [
    NAME,
    "page",
    "ad_account",
    "token_env",
    "token_file",
    "page_token_env",
    "page_token_file",
    "app_secret_env",
    "app_secret_file",
    "ledger",
    "campaign_name",
    "time_zone",
    "campaign",
    "message",
];

pub const NAME: &str = "profile";

/// Sets the value of a column other than the name's.
///
/// # Errors
/// What is wrong with it, for people.
pub fn set(edit: &mut ProfileEdit, environment: &Environment, column: &str, text: &str) -> Result<(), String> {
    let kept = || text.to_owned();
    match column {
        "page" => edit.page = Some(checked(text, page)?),
        "ad_account" => edit.ad_account = Some(checked(text, ad_account)?),
        "token_env" => secret(&mut edit.token, from_variable(text)?, "token")?,
        "token_file" => secret(&mut edit.token, from_file(text)?, "token")?,
        "page_token_env" => secret(&mut edit.page_token, from_variable(text)?, "page_token")?,
        "page_token_file" => secret(&mut edit.page_token, from_file(text)?, "page_token")?,
        "app_secret_env" => secret(&mut edit.app_secret, from_variable(text)?, "app_secret")?,
        "app_secret_file" => secret(&mut edit.app_secret, from_file(text)?, "app_secret")?,
        "ledger" => edit.ledger = Some(ledger(text, environment)?),
        "campaign_name" => edit.campaign_name = Some(kept()),
        "time_zone" => edit.time_zone = Some(checked(text, |text| Zone::parse(text).map(drop))?),
        "campaign" => edit.campaign = Some(checked(text, |text| CampaignId::parse(text).map(drop))?),
        "message" => edit.message = Some(absolute(text)?.display().to_string()),
        other => return Err(format!("unknown column \"{other}\"")),
    }
    Ok(())
}

fn checked(text: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String, String> {
    check(text).map(|()| text.to_owned())
}

fn secret(place: &mut Option<SecretSource>, source: SecretSource, key: &str) -> Result<(), String> {
    match place.replace(source) {
        None => Ok(()),
        Some(_) => Err(format!("{key}_env and {key}_file are both set: name one source")),
    }
}

fn from_variable(name: &str) -> Result<SecretSource, String> {
    variable(name).map(|()| SecretSource::Env(name.to_owned()))
}

fn from_file(path: &str) -> Result<SecretSource, String> {
    absolute(path).map(SecretSource::File)
}

fn ledger(text: &str, environment: &Environment) -> Result<String, String> {
    match environment.server(text) {
        Some(server) => server.map(|_| text.to_owned()),
        None if text.starts_with("~/") => Ok(text.to_owned()),
        None => Ok(absolute(text)?.display().to_string()),
    }
}

/// A new profile's name: that of a file, and no pattern.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<(), String> {
    let is_bad = |c: char| c.is_control() || matches!(c, '/' | '*' | '?');
    if text.trim() != text || text.is_empty() || text.len() > 100 || text.starts_with('.') || text.contains(is_bad) {
        return Err(format!(
            "{text:?} is not a valid profile name: use 1 to 100 letters, digits, - and _, and no dot in front"
        ));
    }
    Ok(())
}

/// # Errors
/// What is wrong with it.
pub fn ad_account(text: &str) -> Result<(), String> {
    AdAccount::parse(text).map(|_| ())
}

/// # Errors
/// What is wrong with it.
pub fn page(text: &str) -> Result<(), String> {
    PageId::parse(text).map(|_| ())
}

/// # Errors
/// What is wrong with it.
pub fn variable(name: &str) -> Result<(), String> {
    let fine = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // A token pasted here would end up in the file in clear and in every later error.
    if fine && name.len() <= 64 { Ok(()) } else { Err("use only letters, digits and _".to_owned()) }
}

/// # Errors
/// What is wrong with it.
pub fn absolute(path: impl AsRef<Path>) -> Result<PathBuf, String> {
    let path = path.as_ref();
    std::path::absolute(path).map_err(|error| format!("{} is not a valid path: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_and_no_patterns() {
        for good in ["shop", "shop-01", "my shop", "Bäckerei_2", "a.b"] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", " ", " shop", "a/b", "..", ".shop", "shop-*", "a?", "a\nb", &"x".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_column_is_taken_and_a_wrong_value_is_not() {
        let set =
            |column: &str, text: &str| super::set(&mut ProfileEdit::default(), &Environment::default(), column, text);
        let good = |column: &str| match column {
            "page" | "campaign" => "12",
            "ad_account" => "act_12",
            "ledger" | "message" => "/srv/file",
            "time_zone" => "Europe/Berlin",
            _ => "SHOP",
        };
        for column in COLUMNS.into_iter().filter(|column| *column != NAME) {
            assert_eq!(set(column, good(column)), Ok(()), "{column}");
        }
        for (column, bad) in [
            ("page", "shop"),
            ("ad_account", "x"),
            ("token_env", "EAAB|x"),
            ("time_zone", "Mars/Olympus"),
            ("ledger", "postgres://h/d?nonsense=1"),
            ("token", "x"),
        ] {
            assert!(set(column, bad).is_err(), "{column} {bad}");
        }
        let mut edit = ProfileEdit::default();
        super::set(&mut edit, &Environment::default(), "token_env", "A").unwrap();
        assert!(super::set(&mut edit, &Environment::default(), "token_file", "b").is_err());
    }
}
