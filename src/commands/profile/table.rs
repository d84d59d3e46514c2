//! A table of profiles: CSV, a row for each.

use std::collections::BTreeMap;

use super::values::{self, COLUMNS, NAME};
use crate::config::edit::ProfileEdit;
use crate::config::environment::Environment;
use crate::error::{Error, Result};
use crate::text::nearest;

/// As many mistakes are shown.
const SHOWN: usize = 5;

/// The profiles of a table, by name. All or none: one mistake refuses it.
///
/// # Errors
/// Exit 5 with the lines that are wrong.
pub fn read(bytes: &[u8], source: &str, environment: &Environment) -> Result<BTreeMap<String, ProfileEdit>> {
    let refused = |why: String| Error::refused(format!("{source}: {why}: no profile was added"));
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = csv.headers().map_err(|error| refused(broken(&error)))?.clone();
    for (place, column) in header.iter().enumerate() {
        check_column(column).map_err(|error| Error::refused(format!("{source}: {error}")).hint(known()))?;
        if header.iter().take(place).any(|other| other == column) {
            return Err(refused(format!("there are two columns {column}")));
        }
    }
    for needed in [NAME, "page"] {
        if !header.iter().any(|column| column == needed) {
            return Err(refused(format!("there is no column {needed}")).hint(known()));
        }
    }
    let mut profiles = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in csv.records() {
        let row = row.map_err(|error| refused(broken(&error)))?;
        let line = row.position().map_or(0, csv::Position::line);
        match one(&header, &row, environment) {
            Ok((name, edit)) => {
                if profiles.insert(name.clone(), edit).is_some() {
                    wrong.push(format!("line {line}: profile {name} is there twice"));
                }
            }
            Err(why) => wrong.push(format!("line {line}: {why}")),
        }
    }
    if wrong.is_empty() {
        return Ok(profiles);
    }
    let more = wrong.len().saturating_sub(SHOWN);
    wrong.truncate(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(refused(format!("{}{more}", wrong.join("; "))).hint("fix these lines, then run the same command again"))
}

fn one(
    header: &csv::StringRecord,
    row: &csv::StringRecord,
    environment: &Environment,
) -> Result<(String, ProfileEdit), String> {
    let mut edit = ProfileEdit::default();
    let mut name = String::new();
    for (column, text) in header.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
        if column == NAME {
            values::name(text)?;
            text.clone_into(&mut name);
        } else {
            values::set(&mut edit, environment, column, text)?;
        }
    }
    match (name.is_empty(), &edit.page) {
        (true, _) => Err("the profile has no name".to_owned()),
        (false, None) => Err(format!("profile {name} has no Page")),
        (false, Some(_)) => Ok((name, edit)),
    }
}

fn check_column(column: &str) -> Result<(), String> {
    if COLUMNS.contains(&column) {
        return Ok(());
    }
    if ["token", "page_token", "app_secret"].contains(&column) {
        return Err(format!(
            "secrets are not read from tables: use {column}_env or {column}_file in place of {column}"
        ));
    }
    let near = nearest(column, &COLUMNS).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("unknown column \"{column}\"{near}"))
}

fn known() -> String {
    format!("the columns are {}; profile and page are required", COLUMNS.join(", "))
}

/// Never the text itself: it may hold a secret in the wrong place.
fn broken(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} columns, and the header {expected_len}")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {} is not UTF-8", pos.as_ref().map_or(0, csv::Position::line))
        }
        _ => "it is not a CSV file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let error = read(text.as_bytes(), "shops.csv", &Environment::default()).unwrap_err();
        format!("{error} | {}", error.hint_text().unwrap_or("-"))
    }

    #[test]
    fn a_row_is_a_profile_and_an_empty_cell_is_not_set() {
        let text = "\u{feff}profile, page ,ad_account,token_env\nshop-1,11,act_1,ONE\nshop-2,12,,\n";
        let found = read(text.as_bytes(), "-", &Environment::default()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["shop-1", "shop-2"]);
        assert_eq!(found["shop-1"].ad_account.as_deref(), Some("act_1"));
        assert!(found["shop-2"].ad_account.is_none() && found["shop-2"].token.is_none());
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_adds_none() {
        for (text, said) in [
            ("profile,pgae\na,1", "unknown column \"pgae\"; did you mean page?"),
            ("profile,page,token\na,1,EAAB", "use token_env or token_file in place of token"),
            ("name,page\na,1", "unknown column \"name\""),
            ("profile\na", "there is no column page"),
            ("profile,page,page\na,1,1", "there are two columns page"),
            ("profile,page\na,1\na,2", "line 3: profile a is there twice: no profile was added"),
            (
                "profile,page\na,\n,2\n../x,3",
                "line 2: profile a has no Page; line 3: the profile has no name; line 4: ",
            ),
            ("profile,page\na,1,2", "line 2 has 3 columns, and the header 2"),
        ] {
            assert!(wrong(text).contains(said), "{text:?}: {}", wrong(text));
        }
        assert!(!wrong("profile,page,token\na,1,EAAB").contains("EAAB"));
    }
}
