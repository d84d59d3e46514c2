//! Text for people: what is safe to show, to mask, to count and to wrap.

pub mod prometheus;

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters that a terminal would obey or nobody could see, shown as `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, is_hidden)
}

/// As [`visible`], except for tabs and line breaks, which a quoted cell of CSV may hold.
fn visible_in_csv(text: &str) -> Cow<'_, str> {
    shown(text, |c| is_hidden(c) && !matches!(c, '\t' | '\r' | '\n'))
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front; hidden characters are shown.
pub fn spreadsheet_safe(cell: &str) -> Cow<'_, str> {
    let shown = visible_in_csv(cell);
    let formula = shown.starts_with(['=', '+', '-', '@', '\t', '\r']) && shown != "-";
    if formula { Cow::Owned(format!("'{shown}")) } else { shown }
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

/// Control characters (C0 and C1), every mark that changes the direction of text, and characters without a glyph. The joiners
/// U+200C and U+200D are left: scripts and emoji need them.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether nobody could see anything of a text: white space, hidden characters, and characters that are drawn as nothing.
pub fn is_blank(text: &str) -> bool {
    let drawn_as_nothing = |c: char| {
        matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{200c}'
                | '\u{200d}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        )
    };
    text.chars().all(|c| c.is_whitespace() || is_hidden(c) || drawn_as_nothing(c))
}

/// A text without white space and hidden characters at its edges.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_hidden(c))
}

/// Whether two names of columns are the same, in whatever case and whatever stands at their edges.
pub fn is_same_name(one: &str, other: &str) -> bool {
    let (one, other) = (trimmed(one), trimmed(other));
    one.eq_ignore_ascii_case(other)
        || (!(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase())
}

/// `120283923210160581 (Spring sale)`; the ID alone where there is no name.
pub fn with_name(id: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{id} ({name})"),
        None => id.to_owned(),
    }
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

/// `96.7%`. Shares close to 0 or 1 are not rounded to them.
pub fn percent(share: f64) -> String {
    match share {
        share if share > 0.0 && share < 0.0005 => "<0.1%".to_owned(),
        share if share < 1.0 && share > 0.9995 => ">99.9%".to_owned(),
        share => format!("{:.1}%", share * 100.0),
    }
}

/// Bytes as `350 kB`, `2.1 MB`, `1.4 GB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
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

/// The known word most similar to a mistyped one, if any is similar enough.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase();
    let near = known.iter().map(|known| {
        let one_typo = strsim::damerau_levenshtein(&word, &known.to_lowercase()) <= 1;
        (if one_typo { 1.0 } else { strsim::jaro_winkler(&word, known) }, *known)
    });
    near.filter(|(score, _)| *score >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
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

/// The text in at most `room` columns: one that is longer ends with an ellipsis.
pub fn shortened(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let Some(mut left) = room.checked_sub(1) else { return String::new() };
    let kept: String = text
        .chars()
        .take_while(|c| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect();
    format!("{kept}…")
}

/// A subscription token or PSID as it may be shown: its ends, never the whole.
pub fn mask(token: &str) -> String {
    let count = token.chars().count();
    if count < 10 {
        return format!("…({count})");
    }
    let head: String = token.chars().take(4).collect();
    let tail: String = token.chars().skip(count - 2).collect();
    format!("{head}…{tail}")
}

/// The text with every word that may be a token replaced by `…`: one of more than `longest` characters, or of ten or more with a
/// digit among them. Tokens are ASCII, so the words of other scripts stay whole.
pub fn without_tokens(text: &str, longest: usize) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|' | '+' | '/' | '=');
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end.max(c.len_utf8()));
        let token = word.len() > longest || (word.len() >= 10 && word.contains(|c: char| c.is_ascii_digit()));
        cleaned.push_str(if end > 0 && token { "…" } else { word });
        rest = after;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_or_more() {
        let said = [0, 999_999, 1_000_000, 24_117_248, 999_949_999, 1_500_000_000].map(size);
        assert_eq!(said, ["0 kB", "999 kB", "1.0 MB", "24.1 MB", "999.9 MB", "1.5 GB"]);
    }

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
    fn what_is_too_long_ends_with_an_ellipsis() {
        for (text, room, short) in [
            ("Empfänger 人人人", 13, "Empfänger 人…"),
            ("abc", 3, "abc"),
            ("abc", 2, "a…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(shortened(text, room), short);
        }
    }

    #[test]
    fn a_mask_shows_the_ends_only() {
        assert_eq!(mask("12348141984909088"), "1234…88");
        assert_eq!(mask("123456789"), "…(9)");
    }

    #[test]
    fn nothing_hidden_or_obeyed_stays_as_it_is() {
        for c in
            "\u{1b}\u{7f}\u{9b}\u{61c}\u{180e}\u{200b}\u{200e}\u{202e}\u{2028}\u{2063}\u{2069}\u{feff}\u{e0041}".chars()
        {
            assert_eq!(visible(&c.to_string()), c.escape_unicode().to_string());
        }
        let fine = "Zürich, ไทย, 👩\u{200d}👧, می\u{200c}خواهم";
        assert_eq!(visible(fine), fine);
    }

    #[test]
    fn blank_is_what_nobody_can_see() {
        for text in
            ["", " \t\n", "\u{a0}\u{3000}", "\u{200b}\u{feff}", "\u{3164}", "\u{2800} ", "\0", "\u{200d}\u{fe0f}"]
        {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [".", "é", "👩\u{200d}👧", " a "] {
            assert!(!is_blank(text), "{text:?}");
        }
        assert_eq!(trimmed("\u{feff} \u{a0}Anna B\u{200b}\n"), "Anna B");
    }

    #[test]
    fn names_are_the_same_in_any_case_and_with_blanks_around_them() {
        for (one, other, same) in [
            ("first_name", "First_Name ", true),
            ("\u{feff}ÜBER", " über", true),
            ("first name", "first_name", false),
            ("a", "b", false),
        ] {
            assert_eq!(is_same_name(one, other), same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_spreadsheet_runs_no_cell() {
        for (cell, safe) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-5", "'-5"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("-", "-"),
            ("", ""),
            ("a\nb=", "a\nb="),
            ("a\u{1b}b", "a\\u{1b}b"),
        ] {
            assert_eq!(spreadsheet_safe(cell), safe, "{cell:?}");
        }
    }

    #[test]
    fn tokens_are_not_quoted_and_words_are() {
        let said = without_tokens("byte index 1 of `12348141984909088` and EAABcanary9 in `Result::unwrap()`", 15);
        assert_eq!(said, "byte index 1 of `…` and … in `Result::unwrap()`");
        assert_eq!(without_tokens("ส่งข้อความไม่สำเร็จ misconfiguration", 16), "ส่งข้อความไม่สำเร็จ misconfiguration");
        assert_eq!(without_tokens("misconfiguration", 15), "…");
    }
}
