//! Can this cell be a token? One cell alone: whether it looks like the others of its list is judged by `pattern`.

use super::HEADER_NAMES;
use super::pattern::{Shape, TokenKind};
use crate::text::mask;

/// The most characters a token may have. Ours: Meta gives no length; those seen have 15 digits to about 250 characters.
pub const MAX_TOKEN: usize = 512;

pub(super) const AS_TEXT: &str =
    "export the column as text (format its cells as Text before pasting, or write the CSV from the database)";

/// Bits of [`CLASS`].
const DIGIT: u8 = 1;
const LETTER: u8 = 2;
/// What base64, URLs and file names use inside a word.
const JOINT: u8 = 4;
/// Other visible ASCII. No token seen has it, but Meta does not rule it out.
const MARK: u8 = 8;
/// Delimiters of columns, quotes and angle brackets: where one is in the cell, the list was split at the wrong places.
const NEVER: u8 = 16;
const NOT_VISIBLE: u8 = 32;
const ALPHANUMERIC: u8 = DIGIT | LETTER;

const CLASS: [u8; 256] = {
    let mut class = [NOT_VISIBLE; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' | b'a'..=b'z' => LETTER,
            b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' => JOINT,
            b',' | b';' | b'|' | b'"' | b'\'' | b'`' | b'<' | b'>' => NEVER,
            _ => MARK,
        };
        byte += 1;
    }
    class
};

/// A cell that can be a token: 1 to 512 visible ASCII characters with a letter or digit among them, undamaged, without
/// delimiters, quotes and angle brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'c> {
    pub(super) text: &'c str,
    pub(super) shape: Shape,
}

/// The cell as a token, or the reason why it can't be one.
///
/// The reason quotes numbers that a spreadsheet made, and nothing else of the cell.
pub(super) fn read(cell: &[u8]) -> Result<Token<'_>, String> {
    let mut seen = 0;
    for byte in cell {
        seen |= CLASS[usize::from(*byte)];
    }
    // What spreadsheets and databases write in place of a token has another character, or no digit.
    if !matches!(seen, DIGIT | ALPHANUMERIC) || cell.len() > MAX_TOKEN {
        return unusual(cell, seen);
    }
    let text = std::str::from_utf8(cell).map_err(|_| "not valid UTF-8".to_owned())?;
    let kind = if seen == DIGIT { TokenKind::Digits } else { kind(text, seen) };
    Ok(Token { text, shape: Shape::new(kind, cell.len()) })
}

/// Why `cell` can't be a token; `None` when it can.
pub fn fault(cell: &[u8]) -> Option<String> {
    read(cell).err()
}

/// Whether somebody may have typed a token where a file is meant: long, with digits, and nothing that file names have.
pub(super) fn may_be_one(word: &str) -> bool {
    const LONG: usize = 12;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    word.len() >= LONG && word.bytes().all(is_word) && word.bytes().filter(u8::is_ascii_digit).count() >= LONG / 2
}

/// Everything but digits, alone or with letters.
fn unusual(cell: &[u8], seen: u8) -> Result<Token<'_>, String> {
    if cell.is_empty() {
        return Err("no token: the cell is empty".to_owned());
    }
    let text =
        std::str::from_utf8(cell).map_err(|error| format!("not valid UTF-8 at byte {}", error.valid_up_to() + 1))?;
    // The apostrophe that our own CSV output puts before what a spreadsheet would run.
    if let [b'\'', b'=' | b'+' | b'-' | b'@', ..] = cell
        && let Ok(token) = read(&cell[1..])
    {
        return Ok(token);
    }
    if let Some(reason) = damage(text) {
        return Err(reason);
    }
    if seen & NOT_VISIBLE != 0
        && let Some((index, c)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic())
    {
        let what = match c {
            '\u{fffd}' => "a character that was lost in a conversion".to_owned(),
            c if c.is_whitespace() => format!("white space (U+{:04X})", u32::from(c)),
            c if c.is_control() => format!("a control character (U+{:04X})", u32::from(c)),
            c => format!("a character outside ASCII (U+{:04X})", u32::from(c)),
        };
        return Err(format!("a token has only visible ASCII characters; character {} is {what}", index + 1));
    }
    if let Some((index, c)) = text.char_indices().find(|(_, c)| is_of(*c, NEVER)) {
        return Err(match c {
            ',' | ';' | '|' => format!("a token has no {c}; if it separates columns, pass --delimiter '{c}'"),
            '<' | '>' => format!("a token has no angle brackets; character {} is {c}", index + 1),
            _ => format!("a token has no quotes; character {} is {c}", index + 1),
        });
    }
    if seen & (DIGIT | LETTER) == 0 {
        return Err("no token: there is no letter or digit in it".to_owned());
    }
    if cell.len() > MAX_TOKEN {
        return Err(format!("a token has at most {MAX_TOKEN} characters, this one has {}", cell.len()));
    }
    Ok(Token { text, shape: Shape::new(kind(text, seen), cell.len()) })
}

/// Access tokens have about 200 characters; the shortest that are documented have more than this.
const ACCESS_TOKEN: usize = 40;

fn kind(text: &str, seen: u8) -> TokenKind {
    if text.starts_with("EAA") && text.len() > ACCESS_TOKEN {
        return TokenKind::Access;
    }
    let mark = || text.chars().find(|c| is_of(*c, MARK)).unwrap_or_default();
    match (seen & MARK != 0, seen & LETTER != 0, seen & DIGIT != 0) {
        (true, ..) => TokenKind::Marked(mark()),
        (false, false, _) => TokenKind::NoLetters,
        (false, true, false) => TokenKind::Word,
        (false, true, true) => joint(text).map_or(TokenKind::Mixed, TokenKind::Joined),
    }
}

/// The only joint, if it is between a long number and a word: `12348141984909088_Anna`.
fn joint(text: &str) -> Option<char> {
    const LONG: usize = 10;
    let (at, joint) = text.char_indices().find(|(_, c)| is_of(*c, JOINT))?;
    let (one, other) = (&text[..at], &text[at + 1..]);
    let long_number = |text: &str| text.len() >= LONG && is_digits(text);
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    ((long_number(one) && word(other)) || (word(one) && long_number(other))).then_some(joint)
}

fn is_of(c: char, class: u8) -> bool {
    u8::try_from(c).is_ok_and(|byte| CLASS[usize::from(byte)] & class != 0)
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
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 64 {
        return None;
    }
    if is_scientific(unsigned) {
        return Some(format!("a spreadsheet turned the token into {text} and its digits are lost; {AS_TEXT}"));
    }
    if is_grouped(text) {
        return Some(format!("a spreadsheet put separators into the token: {text}; {AS_TEXT}"));
    }
    let (whole, fraction) = unsigned.split_once(['.', ','])?;
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
            "AbC-_=+/~!",
            "'-dash",
            "12e5",
            "1234E5678",
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
    fn digits_with_letters_need_none_of_the_longer_looks() {
        let access = format!("EAAB{}", "x1".repeat(30));
        for word in ["1e16", "12E3", "0x1F", "nan1", "token1", "1token", "12348141984909088a", "aB3", &access] {
            assert_eq!(read(word.as_bytes()), unusual(word.as_bytes(), ALPHANUMERIC), "{word}");
        }
    }

    #[test]
    fn a_token_is_told_from_the_name_of_a_file() {
        for (word, expected) in [
            ("7533126525823753005", true),
            ("12348141984909088", true),
            ("aB3_94kd0-2840194mmQ", true),
            ("20261128", false),
            ("monday", false),
            ("tokens_of_all_customers", false),
            ("20261128112233.csv", false),
            ("lists/12348141984909088", false),
        ] {
            assert_eq!(may_be_one(word), expected, "{word}");
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
        let cases: [(&[u8], &str); 33] = [
            (b"", "empty"),
            (b"12348141984909088.0", "decimals"),
            (b"1234,5", "decimals"),
            (b"=\"0012348141984909088\"", "formula"),
            (b"'12348141984909088", "apostrophe"),
            (b"########", "####"),
            (b"#N/A", "error value"),
            (b"NULL", "nothing"),
            (b"a,b", "no ,;"),
            (b"12348141;x", "no ;;"),
            (b"1234|8141", "no |;"),
            (b"\"12348141\"", "no quotes"),
            (b"1234'8141a", "no quotes"),
            (b"`12348141`", "no quotes"),
            (b"<12348141>", "angle brackets"),
            (b"a>b", "angle brackets"),
            (b"-------------------", "no letter or digit"),
            (b"+----+", "no letter or digit"),
            (b"\\.", "no letter or digit"),
            (b"...", "no letter or digit"),
            (b"-1.23E+16", "a spreadsheet turned the token into -1.23E+16"),
            ("┌──┐".as_bytes(), "outside ASCII"),
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
}
