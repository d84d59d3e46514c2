//! Text from outside, made safe to show.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

/// Control characters (and the marks that turn text around) shown as `\u{1b}`, never obeyed.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, is_control)
}

/// As [`visible`], but for tabs and line breaks, which a quoted cell of CSV may hold.
pub fn visible_in_csv(text: &str) -> Cow<'_, str> {
    shown(text, |c| is_control(c) && !matches!(c, '\t' | '\r' | '\n'))
}

fn shown(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 row`, `2 rows`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `45s`, `3m 20s`, `2h 5m`, `4d 3h`: two units, the largest first.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{} {hours}h", thousands(days) + "d"),
    }
}

/// The text in lines of at most `room` columns, broken at spaces; a longer word has a line of its own.
pub fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text with every word that may be a token (16 or more characters, or 10 with a digit among them) replaced: a panic may
/// quote whatever it stumbled over.
pub fn without_long_words(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '|' | '+' | '/' | '=');
    let mut cleaned = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        let length = word.chars().count();
        let suspicious = length >= 16 || (length >= 10 && word.contains(|c: char| c.is_numeric()));
        cleaned.push_str(if suspicious { "…" } else { &word });
        word.clear();
        cleaned.push(c);
    }
    cleaned.pop();
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        let said: Vec<String> = [0, 59, 60, 3599, 7500, 90_000].map(|s| span(Duration::from_secs(s))).to_vec();
        assert_eq!(said, ["0s", "59s", "1m 0s", "59m 59s", "2h 5m", "1d 1h"]);
        assert!(!span(Duration::MAX).is_empty());
    }

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable x", 4), ["unbreakable", "x"]);
        assert!(wrapped(" ", 4).is_empty());
    }

    #[test]
    fn tokens_are_not_quoted_and_words_are() {
        let said = without_long_words("byte index 1 of `12348141984909088` and EAABcanary9 in `Result::unwrap()`");
        assert_eq!(said, "byte index 1 of `…` and … in `Result::unwrap()`");
    }
}
