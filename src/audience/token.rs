//! Is it a token, or what a spreadsheet or a database left of one?

use super::HEADER_NAMES;
use crate::error::{Error, Result};
use crate::text::mask;

/// The most characters a token may have. Ours: Meta gives no length; those seen have 17 digits to about 250 characters.
pub const MAX_TOKEN: usize = 512;

const AS_TEXT: &str =
    "export the column as text (format its cells as Text before pasting, or write the CSV from the database)";

/// Bits of [`CLASS`].
const OTHER: u8 = 1;
const NOT_VISIBLE: u8 = 2;

/// 0 for digits, [`OTHER`] for other visible ASCII, [`NOT_VISIBLE`] for the rest.
const CLASS: [u8; 256] = {
    let mut class = [NOT_VISIBLE; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        class[byte] = if byte >= 0x30 && byte <= 0x39 { 0 } else { OTHER };
        byte += 1;
    }
    class
};

/// Why `cell` is no token, or `None` when it is one: 1 to 512 visible ASCII characters that nothing has damaged.
///
/// The reason quotes a number that a spreadsheet made as it stands, and nothing else of the cell.
pub fn fault(cell: &[u8]) -> Option<String> {
    let mut seen = 0;
    for byte in cell {
        seen |= CLASS[usize::from(*byte)];
    }
    if seen == 0 && (1..=MAX_TOKEN).contains(&cell.len()) { None } else { unusual(cell, seen) }
}

/// Everything but plain digits.
fn unusual(cell: &[u8], seen: u8) -> Option<String> {
    if cell.is_empty() {
        return Some("no token: the cell is empty".to_owned());
    }
    let text = match std::str::from_utf8(cell) {
        Ok(text) => text,
        Err(error) => return Some(format!("not valid UTF-8 at byte {}", error.valid_up_to() + 1)),
    };
    if let Some(reason) = damage(text) {
        return Some(reason);
    }
    if seen & NOT_VISIBLE != 0 {
        let (index, c) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic())?;
        let what = match c {
            '\u{fffd}' => "a character that was lost in a conversion".to_owned(),
            c if c.is_whitespace() => format!("white space (U+{:04X})", u32::from(c)),
            c if c.is_control() => format!("a control character (U+{:04X})", u32::from(c)),
            c => format!("a character outside ASCII (U+{:04X})", u32::from(c)),
        };
        return Some(format!("a token has only visible ASCII characters; character {} is {what}", index + 1));
    }
    (cell.len() > MAX_TOKEN).then(|| format!("a token has at most {MAX_TOKEN} characters, this one has {}", cell.len()))
}

/// What spreadsheets and databases write in place of a token.
pub(super) fn damage(text: &str) -> Option<String> {
    if let Some(reason) = number(text) {
        return Some(reason);
    }
    if text.starts_with("=\"") && text.ends_with('"') {
        return Some(format!("a spreadsheet formula around the token; {AS_TEXT}"));
    }
    if text.starts_with('\'') && text[1..].starts_with(|c: char| c.is_ascii_digit() || "=+-@".contains(c)) {
        return Some(format!("a spreadsheet's apostrophe before the token; {AS_TEXT}"));
    }
    if text.len() >= 2 && text.bytes().all(|b| b == b'#') {
        return Some("a spreadsheet's ####: the column was too narrow when it was copied; widen it".to_owned());
    }
    if ["#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!"].contains(&text) {
        return Some(format!("a spreadsheet's error value {text}"));
    }
    let nothing = ["null", "none", "nil", "nan", "n/a", "na", "undefined", "\\n", "(null)", "<null>"];
    if text.len() <= 9 && nothing.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(format!("no token: {text} is a database's word for nothing"));
    }
    HEADER_NAMES
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
        .then(|| format!("a header among the rows: {text}; were two lists joined?"))
}

/// A number as a spreadsheet shows it.
fn number(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 64 {
        return None;
    }
    if is_scientific(text) {
        return Some(format!("a spreadsheet turned the token into {text} and its digits are lost; {AS_TEXT}"));
    }
    if is_grouped(text) {
        return Some(format!("a spreadsheet put separators into the token: {text}; {AS_TEXT}"));
    }
    let (whole, fraction) = text.split_once(['.', ','])?;
    // The digits before the point may be the whole token, so this one is masked.
    (is_digits(whole) && is_digits(fraction))
        .then(|| format!("the token was turned into a number with decimals ({}); {AS_TEXT}", mask(text)))
}

/// Whether a whole line is a number that a spreadsheet made; its commas are then no delimiters.
pub(super) fn is_spreadsheet_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 64 && (is_scientific(text) || is_grouped(text))
}

/// `1.23E+16`, `1,23E+16`, `1E+16`, `1.2348141984909088e16`: an exponent, and a sign or a decimal mark.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let (signed, exponent) = match exponent.strip_prefix(['+', '-']) {
        Some(rest) => (true, rest),
        None => (false, exponent),
    };
    let (whole, decimals) = match mantissa.split_once(['.', ',']) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (mantissa, None),
    };
    whole.len() == 1
        && is_digits(whole)
        && decimals.is_none_or(is_digits)
        && (signed || decimals.is_some())
        && exponent.len() <= 3
        && is_digits(exponent)
}

/// `12,348,141`, `12.348.141`, `12 348 141` (plain, no-break and narrow spaces), `12'348'141`, and `1,23,48,141`.
fn is_grouped(text: &str) -> bool {
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else { return false };
    if !matches!(separator, ',' | '.' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}') {
        return false;
    }
    let groups: Vec<&str> = text.split(separator).collect();
    let [first, middle @ .., last] = groups.as_slice() else { return false };
    // One point or comma alone may as well be a decimal mark; that is refused too, but not quoted.
    let sure = groups.len() > 2 || !matches!(separator, '.');
    sure && is_digits(first)
        && first.len() <= 3
        && is_digits(last)
        && last.len() == 3
        && middle.iter().all(|group| is_digits(group) && (2..=3).contains(&group.len()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Finds lists whose long numbers a spreadsheet rounded to the fifteen digits that it keeps.
///
/// One such token proves nothing (a token may end in zeros). All long ones of a list do, once they hold twelve such digits
/// between them: by chance that happens to one list in 10^12.
#[derive(Debug, Default)]
pub(super) struct Rounding {
    zeros: u64,
    rounded: u64,
    exact: bool,
}

const KEPT: usize = 15;
const ZEROS_THAT_PROVE: u64 = 12;

impl Rounding {
    pub(super) fn observe(&mut self, token: &[u8]) {
        if self.exact || token.len() <= KEPT || !token.iter().all(u8::is_ascii_digit) {
            return;
        }
        if token[KEPT..].iter().all(|digit| *digit == b'0') {
            self.rounded += 1;
            self.zeros += (token.len() - KEPT) as u64;
        } else {
            self.exact = true;
        }
    }

    pub(super) fn refuse_if_rounded(&self, file: &str) -> Result<()> {
        if self.exact || self.zeros < ZEROS_THAT_PROVE {
            return Ok(());
        }
        Err(Error::refused(format!(
            "a spreadsheet rounded the tokens of {}: all {} numbers longer than {KEPT} digits have only zeros after the fifteenth",
            super::shown_file(file),
            self.rounded,
        ))
        .hint(AS_TEXT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_pass() {
        let longest = "x".repeat(MAX_TOKEN);
        for token in [
            "1",
            "12348141984909088",
            "00123",
            "AbC-_=+/|~!",
            "12e5",
            "1234E5678",
            "a,b",
            "-dash",
            "Nanette",
            "token1",
            "v1.2.3",
            "12-348-141",
            longest.as_str(),
        ] {
            assert_eq!(fault(token.as_bytes()), None, "{token}");
        }
    }

    #[test]
    fn spreadsheet_numbers_are_quoted_as_they_stand() {
        for number in [
            "1.23E+16",
            "1,23E+16",
            "1E+16",
            "1.2348141984909088e16",
            "1.23e+016",
            "12,348,141",
            "12.348.141",
            "12 348 141",
            "12\u{a0}348\u{a0}141",
            "12\u{202f}348\u{202f}141",
            "12'348'141",
            "1,23,48,141",
            "348,141",
        ] {
            let reason = fault(number.as_bytes()).unwrap_or_default();
            assert!(reason.contains(number), "{number}: {reason}");
            assert!(reason.contains("export the column as text"), "{reason}");
        }
    }

    #[test]
    fn other_faults_name_the_kind_and_hide_the_cell() {
        let long = "9".repeat(513);
        let cases: [(&[u8], &str); 19] = [
            (b"", "empty"),
            (b"12348141984909088.0", "decimals"),
            (b"1234,5", "decimals"),
            (b"=\"0012348141984909088\"", "formula"),
            (b"'12348141984909088", "apostrophe"),
            (b"########", "####"),
            (b"#N/A", "error value"),
            (b"NULL", "nothing"),
            (b"nan", "nothing"),
            (b"\\N", "nothing"),
            (b"Subscription_Token", "header"),
            (b"12348 141984909088", "white space (U+0020)"),
            (b"12348141984909088\xc2\xa0", "white space (U+00A0)"),
            (b"\xef\xbb\xbf12348141984909088", "outside ASCII (U+FEFF)"),
            ("123481419849\u{fffd}".as_bytes(), "lost in a conversion"),
            (b"12348141\x00984909088", "control character (U+0000)"),
            (b"12348\n141984909088", "white space (U+000A)"),
            (b"1234814198490\xff", "UTF-8"),
            (long.as_bytes(), "at most 512"),
        ];
        for (cell, expected) in cases {
            let reason = fault(cell).unwrap_or_default();
            assert!(reason.contains(expected), "{expected}: {reason:?}");
            assert!(!reason.contains("141984909088"), "{reason}");
        }
    }

    #[test]
    fn only_a_list_of_rounded_numbers_is_refused() {
        let rounded = |tokens: &[&str]| {
            let mut rounding = Rounding::default();
            tokens.iter().for_each(|token| rounding.observe(token.as_bytes()));
            rounding.refuse_if_rounded("x.csv").is_err()
        };
        let damaged = ["12348141984909000"; 6];
        assert!(rounded(&damaged));
        assert!(!rounded(&damaged[..5]));
        assert!(!rounded(&[&damaged[..], &["12348141984909001"]].concat()));
        assert!(!rounded(&["100000000000000"; 100]));
        assert!(!rounded(&["a2348141984909000"; 100]));
    }
}
