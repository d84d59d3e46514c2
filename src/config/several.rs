//! The settings of several profiles, for a command that works for many businesses at once.

use super::environment::Environment;
use super::file::ProfileFile;
use super::resolve::{combine, known, read_file, redactor};
use super::{Origin, Overrides, Settings};
use crate::error::{Error, Result};

/// Whether these `--profile` values may mean more than one profile.
pub fn is_several(wanted: &[String]) -> bool {
    wanted.len() > 1 || wanted.iter().any(|one| is_pattern(one))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Each profile that is wanted, by name, as if it were the only one. What is wrong with one is that one's failure.
///
/// # Errors
/// Exit 3: the file can't be read, a name is unknown, or a pattern matches nothing.
pub fn load(
    wanted: &[String],
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Vec<(String, Result<Settings>)>> {
    let (path, file) = read_file(environment)?;
    let names = names(wanted, &file, || {
        path.as_deref().map_or_else(|| "the config file".to_owned(), |path| path.display().to_string())
    })?;
    let hidden = redactor(environment, &file);
    let settings = names.into_iter().map(|name| {
        let overrides = Overrides { profile: Some(name.clone()), ..overrides.clone() };
        let settings = known(&file, path.as_deref(), name.clone(), Origin::Flag("--profile"))
            .and_then(|chosen| combine(&overrides, environment, path.clone(), &file, chosen, hidden.clone()));
        (name, settings)
    });
    Ok(settings.collect())
}

/// Names in the order of the file, each once.
fn names(wanted: &[String], file: &ProfileFile, place: impl Fn() -> String) -> Result<Vec<String>> {
    for one in wanted {
        if !file.profiles.keys().any(|name| matches(one, name)) {
            let what = if is_pattern(one) { "no profile matches" } else { "unknown profile" };
            let error = Error::config(format!("{what} \"{one}\" (flag --profile)"));
            return Err(if file.profiles.is_empty() {
                error.hint(format!("there are no profiles in {}; run mmsg init to create one", place()))
            } else {
                error.hint(format!("profiles in {}: {}", place(), file.names()))
            });
        }
    }
    let is_wanted = |name: &&String| wanted.iter().any(|one| matches(one, name));
    Ok(file.profiles.keys().filter(is_wanted).cloned().collect())
}

/// `*` stands for any characters, `?` for one.
fn matches(pattern: &str, name: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            matches(rest, name) || name.char_indices().any(|(at, c)| matches(rest, &name[at + c.len_utf8()..]))
        }
        Some(letter) => {
            let mut name = name.chars();
            name.next().is_some_and(|c| letter == '?' || letter == c) && matches(letters.as_str(), name.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_letter() {
        for (pattern, name, found) in [
            ("*", "", true),
            ("*", "shop", true),
            ("shop-*", "shop-1", true),
            ("shop-*", "shop-", true),
            ("shop-*", "my-shop-1", false),
            ("*-shop", "my-shop", true),
            ("s*p*1", "shop-shop-1", true),
            ("shop-?", "shop-ä", true),
            ("shop-?", "shop-", false),
            ("shop-?", "shop-12", false),
            ("shop", "shop", true),
            ("shop", "shops", false),
        ] {
            assert_eq!(matches(pattern, name), found, "{pattern} {name}");
        }
    }
}
