//! Reading JSON that comes from outside: any field may be missing, null, or a number where text was promised.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::campaign::read_time;
use crate::clock::UnixMillis;

/// Text of a string or a number, digit by digit: an id must never pass through a float. Anything else is `None`.
pub fn text(raw: &RawValue) -> Option<String> {
    let raw = raw.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// A whole number, or a string that holds one.
pub fn integer(raw: &RawValue) -> Option<i64> {
    raw.get().trim_matches('"').parse().ok()
}

/// Whole seconds, rounded up; negative ones are none.
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
    raw.get() == "true"
}

/// A struct is also read from an array; Graph never answers so, and we must not guess.
pub fn is_object(raw: &str) -> bool {
    raw.trim_start().starts_with('{')
}

/// A field that holds text or a number; anything else counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl Text {
    pub fn time(&self) -> Option<UnixMillis> {
        read_time(self.0.as_deref()?)
    }

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
        Ok(Self(match raw.get() {
            "true" | "1" | "\"true\"" => Some(true),
            "false" | "0" | "\"false\"" => Some(false),
            _ => None,
        }))
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

/// The `Date` of an HTTP answer: `Tue, 24 Nov 2026 08:15:00 GMT`.
pub fn http_date(text: &str) -> Option<UnixMillis> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(UnixMillis::from)
}

#[cfg(test)]
mod tests {
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
    fn an_http_date_is_read() {
        assert_eq!(http_date("Tue, 01 Dec 2026 00:00:00 GMT"), Some(UnixMillis::from_seconds(1_796_083_200)));
        assert_eq!(http_date("yesterday"), None);
    }
}
