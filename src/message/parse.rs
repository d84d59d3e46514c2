//! Reads a message from JSON, strictly: recipients get exactly what is read here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};

/// The largest message that is read. Meta publishes no limit; the texts of the largest carousel fit several times over, and a
/// larger file is not a message.
pub const MAX_BYTES: usize = 64 * 1024;

/// The fields of a send request's body.
const BODY_FIELDS: [&str; 4] = ["message", "message_id", "messenger_delivery_data", "min_conversation_gap_seconds"];

/// Reads one message. An object that has `message` (an object) and only other fields of a send request's body is read as such a
/// body: a message has none of these fields.
pub fn read(text: &[u8]) -> Result<Value> {
    if text.len() > MAX_BYTES {
        return Err(Error::refused(format!("the message is too large: {} bytes, at most {MAX_BYTES}", text.len()))
            .hint("use a file with one message object, not a list of recipients or an image"));
    }
    // Editors on Windows put a byte order mark first.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::refused("the message is empty")
            .hint("mmsg message build --example generic prints a complete example"));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = Strict.deserialize(&mut json).and_then(|value| json.end().map(|()| value)).map_err(not_json)?;
    match value {
        Value::Object(mut fields) => {
            let is_body = fields.keys().all(|key| BODY_FIELDS.contains(&key.as_str()))
                && fields.get("message").is_some_and(Value::is_object);
            Ok(if is_body { fields.remove("message").unwrap_or_default() } else { Value::Object(fields) })
        }
        other => Err(Error::refused(format!("the message is {}, not an object", name(&other)))
            .hint("a message looks like {\"text\": \"…\"} or {\"attachment\": {…}}")),
    }
}

fn not_json(error: serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    Error::refused(format!("the message is not valid JSON: line {line}, column {column}: {what}"))
        .hint("if this is TOML, build the message first: mmsg message build --from FILE.toml")
}

/// The type of a value, in words.
pub fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Reads a [`Value`] strictly: duplicate keys and numbers that would be rounded are errors.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// From here on, a float can't represent every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.abs() >= EXACT {
            return Err(E::custom("this number is too large to store exactly; put it in quotes"));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(serde::de::Error::custom(format_args!("the key {key:?} appears twice")));
            }
            let value = fields.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn what_is_not_a_message_is_refused_with_its_place() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        for (text, says) in [
            ("", "empty"),
            (" \n", "empty"),
            ("{\n  \"text\": \"a\",\n}", "line 3, column 1"),
            ("{\"text\": \"a\"} x", "line 1, column 15"),
            ("{\"text\": \"a\", \"text\": \"b\"}", "\"text\" appears twice"),
            ("{\"id\": 12345678901234567890123}", "too large to store exactly"),
            ("{\"text\": \"a", "line 1"),
            ("template = \"text\"", "line 1, column 2"),
            ("[]", "a list, not an object"),
            ("\"a\"", "text, not an object"),
            ("{\"text\": \"\\ud800\"}", "line 1"),
            (&deep, "recursion"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.exit(), Exit::Refused, "{text}");
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
        assert!(read(b"{\"text\": \"\xff\"}").is_err());
    }

    #[test]
    fn size_counts_to_the_byte() {
        let fill = |n: usize| format!("{{\"text\":\"{}\"}}", "a".repeat(n - 11));
        assert!(read(fill(MAX_BYTES).as_bytes()).is_ok());
        assert!(read(fill(MAX_BYTES + 1).as_bytes()).unwrap_err().to_string().contains("65537 bytes"));
    }

    #[test]
    fn a_request_body_gives_its_message_only_when_it_can_be_nothing_else() {
        let bare = serde_json::json!({"text": "a"});
        assert_eq!(read(b"\xef\xbb\xbf{\"text\":\"a\"}").unwrap(), bare);
        assert_eq!(read(br#"{"message":{"text":"a"}}"#).unwrap(), bare);
        let body = br#"{"message_id":"1","messenger_delivery_data":{"subscription_token":"t"},"message":{"text":"a"}}"#;
        assert_eq!(read(body).unwrap(), bare);
        for own in [&br#"{"message":{"text":"a"},"text":"b"}"#[..], br#"{"message":"a"}"#] {
            assert!(read(own).unwrap().get("message").is_some());
        }
    }
}
