//! The settings of several profiles, for a command that works for many businesses at once.

use super::environment::Environment;
use super::resolve::{All, combine};
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
    let all = All::read(environment)?;
    let settings = names(wanted, &all)?.into_iter().map(|name| {
        let overrides = Overrides { profile: Some(name.clone()), ..overrides.clone() };
        let settings = all
            .known(name.clone(), Origin::Flag("--profile"))
            .and_then(|chosen| combine(&overrides, environment, &all, Some(chosen)));
        (name, settings)
    });
    Ok(settings.collect())
}

/// Whether there is no profile at all.
///
/// # Errors
/// Exit 3: the config file can't be read.
pub fn is_none(environment: &Environment) -> Result<bool> {
    Ok(All::read(environment)?.file.is_empty())
}

/// Names in their order, each once.
fn names(wanted: &[String], all: &All) -> Result<Vec<String>> {
    let known = all.file.names();
    if known.is_empty() {
        let place = all.path.as_ref().map_or_else(String::new, |path| format!(" in {}", path.display()));
        return Err(Error::config(format!("there are no profiles{place}"))
            .hint("mmsg init creates one, and mmsg profile add --from FILE many"));
    }
    for one in wanted {
        if !known.iter().any(|name| matches(one, name)) {
            return Err(if is_pattern(one) {
                Error::config(format!("no profile matches \"{one}\" (flag --profile)"))
                    .hint(format!("the profiles are {}", all.file.shown_names()))
            } else {
                all.file.unknown(one, Some("flag --profile"), all.path.as_deref())
            });
        }
    }
    let is_wanted = |name: &&str| wanted.iter().any(|one| matches(one, name));
    Ok(known.into_iter().filter(is_wanted).map(str::to_owned).collect())
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
