//! Argument values that several commands share.

use crate::audience::token_fault;
use crate::campaign::parse_time;
use crate::clock::UnixMillis;
use crate::text;
pub use crate::times::parse_duration as duration;

/// RFC 3339 or Unix seconds.
pub fn time(text: &str) -> Result<UnixMillis, String> {
    parse_time(text)
}

/// A Graph error code.
pub fn code(text: &str) -> Result<i64, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text:?} is not an error code: use numbers such as 2300004, separated by commas"))
}

/// A token of the command line. What is wrong with it is said without showing it.
pub fn token(text: &str) -> Result<String, String> {
    let masked = |fault: String| fault.replace(text, &text::mask(text));
    token_fault(text.as_bytes()).map_or_else(|| Ok(text.to_owned()), |fault| Err(masked(fault)))
}

/// A broadcast's number.
pub fn broadcast(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a broadcast number: mmsg broadcast list shows them"))
}

/// An audience's name is for people and scripts: 1 to 100 characters, no control characters, no space at its ends.
pub fn audience(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !(1..=100).contains(&length) {
        return Err(format!("1 to 100 characters; this has {length}"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err("no control characters, and no white space at its ends".to_owned());
    }
    Ok(text.to_owned())
}

/// What the operator calls a broadcast is for people: 1 to 80 characters of one line, at least one of which can be seen.
pub fn label(text: &str) -> Result<String, String> {
    let label = text::trimmed(text);
    let length = label.chars().count();
    if !(1..=80).contains(&length) || text::is_blank(label) {
        return Err(format!("1 to 80 visible characters; this has {length}"));
    }
    match label.chars().find(|c| text::is_hidden(*c)) {
        Some(c) => Err(format!("no line breaks and no hidden characters; this has {}", c.escape_unicode())),
        None => Ok(label.to_owned()),
    }
}

/// `5%` or `0.05`, as a share of 1.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    match number.parse::<f64>() {
        Ok(number) if (0.0..=of).contains(&number) => Ok(number / of),
        _ => Err(format!("\"{text}\" is not a share: use 5%, or a number from 0 to 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_that_people_can_see() {
        let longest = "x".repeat(80);
        for (text, read) in [
            ("Black Friday", "Black Friday"),
            ("  spring\u{200b} ", "spring"),
            ("ลดราคา 50%", "ลดราคา 50%"),
            (longest.as_str(), longest.as_str()),
        ] {
            assert_eq!(label(text), Ok(read.to_owned()), "{text:?}");
        }
        let too_long = "x".repeat(81);
        for text in ["", "  ", "\u{3164}\u{3164}", "two\nlines", "a\u{202e}b", "a\tb", too_long.as_str()] {
            assert!(label(text).is_err(), "{text:?}");
        }
    }
}
