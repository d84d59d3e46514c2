//! JSON as the outside has it: a string written in place, and fields that hold text where a number was promised, or the reverse.

use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::text::is_hidden;

/// Appends a text as a JSON string, quotes included.
pub fn push_string(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// JSON with its hidden characters escaped: the same value, and nothing in it that a terminal obeys. They stand in strings only.
pub fn visible(json: String) -> String {
    let hides = |c: char| c != '\n' && is_hidden(c);
    if !json.chars().any(hides) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String can't fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Appends a value as JSON in which nothing is hidden. Nearly always all of it is plain: it is looked at without a stop at the first
/// byte that is not, many bytes at a time.
pub fn push_visible(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    // Writing to a Vec can't fail; a value that has no JSON leaves nothing.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
    } else if !out[start..].iter().fold(true, |plain, byte| plain & is_plain(byte)) {
        let text = String::from_utf8_lossy(&out[start..]).into_owned();
        out.truncate(start);
        out.extend_from_slice(visible(text).as_bytes());
    }
}

fn is_plain(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n')
}

/// The text of a string or a number, digit by digit: an id must never pass through a float. Anything else is `None`.
pub fn text(raw: &RawValue) -> Option<String> {
    let raw = raw.get();
    match raw.as_bytes().first()? {
        // Most strings have no escape in them.
        b'"' if !raw.contains('\\') => raw.get(1..raw.len().checked_sub(1)?).map(str::to_owned),
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// A whole number, or a string that holds one. Some writers make it a float: `190.0`, `1.9e2`.
pub fn integer(raw: &RawValue) -> Option<i64> {
    let text = raw.get().trim_matches('"').trim();
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let float: f64 = text.parse().ok()?;
    (float.fract() == 0.0 && float.abs() <= LARGEST_EXACT).then_some(float as i64)
}

/// Up to here a float holds every whole number.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Whole seconds, rounded up; `None` for negative ones.
pub fn seconds(raw: &RawValue) -> Option<u64> {
    let text = raw.get().trim_matches('"');
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let float: f64 = text.parse().ok()?;
    // Far beyond any wait, and within what a u64 holds.
    (0.0..1e12).contains(&float).then_some(float.ceil() as u64)
}

pub fn is_true(raw: &RawValue) -> bool {
    flag(raw) == Some(true)
}

/// True or false, also as text or as 1 and 0.
fn flag(raw: &RawValue) -> Option<bool> {
    let text = raw.get().trim_matches('"').trim();
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The text of a body, if it is an object. A mark of the byte order at its start is not part of it.
pub fn object_in(body: &[u8]) -> Option<&str> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    std::str::from_utf8(body).ok().filter(|text| is_object(text))
}

/// Serde reads a struct from an array too; Graph never answers with one, and we must not guess.
pub fn is_object(raw: &str) -> bool {
    raw.trim_start().starts_with('{')
}

/// A field that holds text or a number; anything else counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl Text {
    pub fn whole(&self) -> Option<u64> {
        self.0.as_deref()?.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(text(raw)))
    }
}

/// A field that is true, false, or missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(flag(raw)))
    }
}

/// An object, or the default where something else stands.
pub fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    if !is_object(raw.get()) {
        return Ok(T::default());
    }
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Deserialize)]
    struct Node {
        #[serde(default)]
        id: Text,
    }

    #[test]
    fn ids_keep_every_digit_as_numbers_and_as_strings() {
        for (json, want) in [
            (r#"{"id":120210000000000123456789012}"#, Some("120210000000000123456789012")),
            (r#"{"id":"00123"}"#, Some("00123")),
            (r#"{"id":"a\u0062c"}"#, Some("abc")),
            (r#"{"id":9007199254740993}"#, Some("9007199254740993")),
            (r#"{"id":null}"#, None),
            (r#"{"id":{"a":1}}"#, None),
            (r#"{"id":true}"#, None),
            (r"{}", None),
        ] {
            let node: Node = serde_json::from_str(json).unwrap();
            assert_eq!(node.id.0.as_deref(), want, "{json}");
        }
    }

    #[test]
    fn numbers_and_flags_are_read_in_every_way_of_writing_them() {
        let raw = |json: &str| serde_json::from_str::<Box<RawValue>>(json).unwrap();
        for (json, want) in [
            ("190", Some(190)),
            ("190.0", Some(190)),
            ("1.9e2", Some(190)),
            (r#""190""#, Some(190)),
            (r#""190.0""#, Some(190)),
            (r#"" 190 ""#, Some(190)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("190.5", None),
            ("1e300", None),
            (r#""NaN""#, None),
            (r#""x""#, None),
            ("null", None),
            ("[190]", None),
        ] {
            assert_eq!(integer(&raw(json)), want, "{json}");
        }
        for (json, want) in [
            ("true", Some(true)),
            (r#""True""#, Some(true)),
            ("1", Some(true)),
            (r#""1""#, Some(true)),
            ("false", Some(false)),
            ("0", Some(false)),
            (r#""false""#, Some(false)),
            (r#""yes""#, None),
            ("2", None),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(flag(&raw(json)), want, "{json}");
        }
        assert_eq!(object_in("\u{feff}{}".as_bytes()), Some("{}"));
        assert_eq!((object_in(b" {"), object_in(b"[]"), object_in(b"{\xff}")), (Some(" {"), None, None));
    }

    proptest! {
        #[test]
        fn visible_json_is_the_same_value_without_a_hidden_character(text in any::<String>()) {
            let text = format!("{text}\u{9b}31m\u{202e}\u{e0041}\u{7f}");
            let shown = visible(serde_json::to_string_pretty(&[&text]).unwrap());
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)), "{}", shown);
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [&*text]);
            let mut out = b"before".to_vec();
            push_visible(&mut out, &[&text]);
            let want = visible(serde_json::to_string(&[&text]).unwrap());
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{want}"));
        }

        #[test]
        fn strings_are_written_as_the_parser_reads_them(text in any::<String>()) {
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
