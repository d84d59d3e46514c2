//! One JSON value as a cell: the text of it, and whether it can be a token.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::judge::{Out, TokenCell};
use super::token;
use crate::error::Result;
use crate::text::mask;

/// The text of a string, or of a whole number as it is written.
pub(super) struct JsonValue<'b> {
    pub(super) text: Cow<'b, str>,
    number: bool,
}

pub(super) fn good(
    line: u64,
    column: Option<&str>,
    scalar: &JsonValue<'_>,
    values: Option<&str>,
    raw: &[u8],
    out: &mut Out<'_>,
) -> Result<()> {
    match token::read(scalar.text.as_bytes()) {
        Ok(token) => out.good(TokenCell { line, column, token, number: scalar.number, raw }, values),
        Err(reason) => out.bad(line, column, reason, raw),
    }
}

/// What may be a token, or why it can't be one.
pub(super) fn scalar_token(raw: &[u8]) -> Result<JsonValue<'_>, String> {
    let Ok(text) = std::str::from_utf8(raw) else { return Err("not valid UTF-8".to_owned()) };
    match text.as_bytes().first() {
        Some(b'"') => match plain_string(text) {
            Some(inner) => Ok(JsonValue { text: Cow::Borrowed(inner.trim_ascii()), number: false }),
            None => match serde_json::from_str::<String>(text) {
                Ok(text) => Ok(JsonValue { text: Cow::Owned(text.trim_ascii().to_owned()), number: false }),
                Err(error) => Err(not_json(&error)),
            },
        },
        Some(b'0'..=b'9' | b'-') => {
            if let Some(reason) = token::damage(text) {
                return Err(reason);
            }
            if !text.bytes().all(|byte| byte.is_ascii_digit()) || serde_json::from_str::<IgnoredAny>(text).is_err() {
                return Err(format!("no token: {} is not a whole number", mask(text)));
            }
            Ok(JsonValue { text: Cow::Borrowed(text), number: true })
        }
        Some(b'{') => Err("no token: an object is in its place".to_owned()),
        Some(b'[') => Err("no token: an array is in its place".to_owned()),
        _ if matches!(text, "null" | "true" | "false") => Err(format!("no token: {text} is in its place")),
        _ => Err("not JSON".to_owned()),
    }
}

/// The text of a string, or any other value as it is written. `None` for a string that is not valid text.
pub(super) fn string(raw: &str) -> Option<Cow<'_, str>> {
    match (raw.starts_with('"'), plain_string(raw)) {
        (false, _) => Some(Cow::Borrowed(raw)),
        (true, Some(inner)) => Some(Cow::Borrowed(inner)),
        (true, None) => serde_json::from_str(raw).ok().map(Cow::Owned),
    }
}

/// The inside of a JSON string that has nothing to unescape.
fn plain_string(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    inner.bytes().all(|byte| byte >= 0x20 && byte != b'\\' && byte != b'"').then_some(inner)
}

/// What is wrong, without the text that is wrong.
pub(super) fn not_json(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "not JSON: it ends inside a value".to_owned();
    }
    match error.column() {
        0 => "not JSON: a nested object has a key that is not valid text".to_owned(),
        column => format!("not JSON at character {column} of the row"),
    }
}
