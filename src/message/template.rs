//! A message compiled once and filled for every recipient.
//!
//! The texts with `${…}` are cut into segments, everything between them is JSON that is copied as it stands. A value can't break the
//! JSON (it is escaped) nor add a key (only texts are filled). What a value can break, the length of a title or the form of an address,
//! is checked by the same table of rules as the message itself.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::path::{self, Path, Step};
use super::rules::{self, Kind, Rule, Severity};
use super::validate::{self, Stage};
use super::values::{Segment, is_url_field, segments};
use super::{Message, parse};
use crate::error::{Error, Result};

/// What is encoded in a value inside an address: all but the unreserved characters of RFC 3986.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A [`Message`], ready to be filled.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
    /// Sorted; segments name them by their index.
    columns: Vec<String>,
    kind: Option<Kind>,
    /// A value decides what kind of thing something is: only the whole message can be checked.
    is_structural: bool,
    /// While compiling: the JSON since the last text.
    tail: String,
}

#[derive(Clone, Debug)]
enum Part {
    /// JSON as it stands.
    Json(String),
    /// A text in quotes, made of literals and values.
    Text(Text),
}

#[derive(Clone, Debug)]
struct Text {
    path: Path,
    segments: Vec<Filled>,
    /// Encode values for use inside an address.
    encode: bool,
    rules: Vec<&'static Rule>,
}

#[derive(Clone, Debug)]
enum Filled {
    Literal(String),
    Column { index: usize, default: Option<String> },
}

/// Why a recipient's message can't be made: that row is skipped. Names columns and rules, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillError {
    /// The row has no value for a column that has no default.
    Missing { column: String },
    /// The filled message breaks a rule.
    Limit { rule: &'static str, path: String, message: String },
    /// The values are not a JSON object of texts.
    Unreadable,
}

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { column } => write!(f, "no value for ${{{column}}}"),
            Self::Limit { rule, path, message } => write!(f, "{path}: {message} ({rule})"),
            Self::Unreadable => f.write_str("the values of this row can't be read"),
        }
    }
}

impl std::error::Error for FillError {}

/// Fields that say what something is. A value in one of them can make other rules apply.
const STRUCTURAL: [&str; 5] = ["type", "template_type", "content_type", "media_type", "is_hero_image"];

impl Template {
    /// Compiles a message.
    ///
    /// # Errors
    /// Refused (exit 5): a placeholder that can't be read. Other violations are for [`Message::validate`] to tell.
    pub fn compile(message: &Message) -> Result<Self> {
        let columns: Vec<String> = message.columns().into_iter().collect();
        let kind = Kind::of(message.value());
        let mut template = Self { parts: Vec::new(), columns, kind, is_structural: false, tail: String::new() };
        template.add(message.value(), message.value(), &mut Path::default())?;
        template.end_json();
        Ok(template)
    }

    /// The same bytes for everybody.
    pub fn is_constant(&self) -> bool {
        self.columns.is_empty()
    }

    /// The message, when it is the same for everybody: compact JSON, `$${` resolved.
    pub fn constant(&self) -> Option<&str> {
        match (self.is_constant(), self.parts.as_slice()) {
            (true, [Part::Json(json)]) => Some(json),
            _ => None,
        }
    }

    /// The columns that it needs, sorted.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Appends the message of one recipient, compact JSON, to `out`. `values` is the text of a JSON object, column to value; a column
    /// that is absent, null or empty counts as missing. On an error `out` is as it was.
    pub fn fill(&self, values: Option<&str>, out: &mut String) -> std::result::Result<(), FillError> {
        let start = out.len();
        let filled =
            self.fill_parts(values, out).and_then(|has_empty_text| self.check_whole(has_empty_text, &out[start..]));
        if filled.is_err() {
            out.truncate(start);
        }
        filled
    }

    /// Returns whether some text came out empty, so that rules about what must be there have to be asked again.
    fn fill_parts(&self, values: Option<&str>, out: &mut String) -> std::result::Result<bool, FillError> {
        let row = self.read(values)?;
        let mut has_empty_text = false;
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Json(json) => out.push_str(json),
                Part::Text(text) => {
                    filled.clear();
                    text.fill(&row, &self.columns, &mut filled)?;
                    text.check(self.kind, &filled)?;
                    has_empty_text |= filled.trim().is_empty();
                    push_json_string(&filled, out);
                }
            }
        }
        Ok(has_empty_text)
    }

    fn check_whole(&self, has_empty_text: bool, json: &str) -> std::result::Result<(), FillError> {
        if json.len() > parse::MAX_BYTES {
            return Err(FillError::Limit {
                rule: "message.size",
                path: "$".to_owned(),
                message: format!("{} bytes, at most {}", json.len(), parse::MAX_BYTES),
            });
        }
        if !has_empty_text && !self.is_structural {
            return Ok(());
        }
        let value: Value = serde_json::from_str(json).map_err(|_| FillError::Unreadable)?;
        match validate::check(&value, Stage::Filled).into_iter().find(validate::Violation::is_error) {
            // The message of a violation may quote a text, which may hold a value: told is the rule alone.
            Some(broken) => Err(FillError::Limit {
                rule: broken.rule,
                path: broken.path,
                message: "breaks this rule once filled in".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn read<'v>(&self, values: Option<&'v str>) -> std::result::Result<Row<'v>, FillError> {
        let mut row = vec![None; self.columns.len()];
        let Some(values) = values else { return Ok(row) };
        let mut json = serde_json::Deserializer::from_str(values);
        json.deserialize_map(Columns { names: &self.columns, row: &mut row }).map_err(|_| FillError::Unreadable)?;
        json.end().map_err(|_| FillError::Unreadable)?;
        Ok(row)
    }

    fn add(&mut self, root: &Value, value: &Value, path: &mut Path) -> Result<()> {
        match value {
            Value::String(text) => self.add_text(root, text, path)?,
            Value::Array(items) => {
                self.json().push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.json().push(',');
                    }
                    path.0.push(Step::Index(index));
                    self.add(root, item, path)?;
                    path.0.pop();
                }
                self.json().push(']');
            }
            Value::Object(fields) => {
                self.json().push('{');
                for (index, (name, field)) in fields.iter().enumerate() {
                    if index > 0 {
                        self.json().push(',');
                    }
                    push_json_string(name, self.json());
                    self.json().push(':');
                    path.0.push(Step::Key(name.clone()));
                    self.add(root, field, path)?;
                    path.0.pop();
                }
                self.json().push('}');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                let text = value.to_string();
                self.json().push_str(&text);
            }
        }
        Ok(())
    }

    fn add_text(&mut self, root: &Value, text: &str, path: &Path) -> Result<()> {
        let found = segments(text).map_err(|error| {
            Error::refused(format!("{path}: {}", error.message())).hint("see mmsg message build --help, \"Values\"")
        })?;
        let mut has_values = false;
        let mut pieces: Vec<Filled> = Vec::new();
        for segment in &found {
            match segment {
                Segment::Literal(literal) => match pieces.last_mut() {
                    Some(Filled::Literal(before)) => before.push_str(literal),
                    _ => pieces.push(Filled::Literal((*literal).to_owned())),
                },
                Segment::Column { name, default } => {
                    has_values = true;
                    let index = self.columns.binary_search_by(|column| column.as_str().cmp(name));
                    let index = index.map_err(|_| Error::internal("a column of the message is not in its list"))?;
                    pieces.push(Filled::Column { index, default: default.map(str::to_owned) });
                }
            }
        }
        if !has_values {
            let literal: String = match pieces.pop() {
                Some(Filled::Literal(literal)) => literal,
                _ => String::new(),
            };
            push_json_string(&literal, self.json());
            return Ok(());
        }
        let name = path.last_key().unwrap_or_default();
        self.is_structural |= STRUCTURAL.contains(&name);
        let encode = is_url_field(name) && pieces.len() > 1;
        let rules = rules_for(root, self.kind, path);
        self.end_json();
        self.parts.push(Part::Text(Text { path: path.clone(), segments: pieces, encode, rules }));
        Ok(())
    }

    /// The JSON that stands since the last text.
    fn json(&mut self) -> &mut String {
        &mut self.tail
    }

    fn end_json(&mut self) {
        if !self.tail.is_empty() {
            self.parts.push(Part::Json(std::mem::take(&mut self.tail)));
        }
    }
}

/// The rules that a text at this place can break by its own characters.
fn rules_for(root: &Value, kind: Option<Kind>, path: &Path) -> Vec<&'static Rule> {
    let owner_of = |path: &Path| {
        path.0[..path.0.len().saturating_sub(1)].iter().try_fold(root, |value, step| match step {
            Step::Key(name) => value.get(name),
            Step::Index(index) => value.get(index),
        })
    };
    let holds = |rule: &Rule| {
        rule.when.is_none_or(|(field, value)| {
            owner_of(path).and_then(|owner| owner.get(field)).and_then(Value::as_str) == Some(value)
        })
    };
    rules::all()
        .filter(|rule| rule.severity == Severity::Error && rule.is_for(kind) && rule.check.is_about_text())
        .filter(|rule| rule.paths.iter().any(|pattern| path::matches(pattern, path)) && holds(rule))
        .collect()
}

type Row<'v> = Vec<Option<Cow<'v, str>>>;

impl Text {
    fn fill(&self, row: &Row<'_>, columns: &[String], out: &mut String) -> std::result::Result<(), FillError> {
        for segment in &self.segments {
            match segment {
                Filled::Literal(literal) => out.push_str(literal),
                Filled::Column { index, default } => {
                    let value = row[*index].as_deref().filter(|value| !value.is_empty()).or(default.as_deref());
                    let Some(value) = value else {
                        return Err(FillError::Missing { column: columns[*index].clone() });
                    };
                    if self.encode {
                        out.extend(utf8_percent_encode(value, IN_URL));
                    } else {
                        out.push_str(value);
                    }
                }
            }
        }
        Ok(())
    }

    fn check(&self, kind: Option<Kind>, filled: &str) -> std::result::Result<(), FillError> {
        let broken =
            |rule: &'static str, message: String| Err(FillError::Limit { rule, path: self.path.to_string(), message });
        for rule in &self.rules {
            if let Some(what) = rule.check.text(filled) {
                return broken(rule.id, what);
            }
        }
        if filled.contains("{{") && validate::wrong_macro(kind, &self.path, filled).is_some() {
            return broken("macros", "a macro that is not filled in here".to_owned());
        }
        Ok(())
    }
}

/// Reads a row's values for the columns that the message uses and passes over the others.
struct Columns<'c, 'r, 'v> {
    names: &'c [String],
    row: &'r mut Row<'v>,
}

impl<'v> Visitor<'v> for Columns<'_, '_, 'v> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of columns and values")
    }

    fn visit_map<A: MapAccess<'v>>(self, mut fields: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = fields.next_key_seed(Plain)? {
            let index = name.and_then(|name| self.names.binary_search_by(|known| known.as_str().cmp(&name)).ok());
            match index {
                Some(index) => self.row[index] = fields.next_value_seed(Plain)?,
                None => {
                    fields.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A value as text, borrowed where the JSON has no escapes; `None` for null.
struct Plain;

impl<'v> DeserializeSeed<'v> for Plain {
    type Value = Option<Cow<'v, str>>;

    fn deserialize<D: Deserializer<'v>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'v> Visitor<'v> for Plain {
    type Value = Option<Cow<'v, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true or false")
    }

    fn visit_borrowed_str<E>(self, value: &'v str) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value)))
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}

/// Appends a text as a JSON string, quotes included.
pub(crate) fn push_json_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn template(value: &Value) -> Template {
        Template::compile(&Message::from_value(value.clone())).unwrap()
    }

    fn filled(value: &Value, values: &str) -> std::result::Result<Value, FillError> {
        let mut out = String::from("before");
        template(value).fill(Some(values), &mut out).inspect_err(|_| assert_eq!(out, "before"))?;
        Ok(serde_json::from_str(out.strip_prefix("before").unwrap()).unwrap())
    }

    fn card(title: &str, url: &str) -> Value {
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
            {"title": title, "buttons": [{"type": "web_url", "title": "Go", "url": url}]}]}}})
    }

    #[test]
    fn a_constant_message_is_the_same_bytes_for_everybody() {
        let value = json!({"text": "5 $${x} {{y} \"quoted\" \u{1}", "n": [1, 2.5, null, true]});
        let constant = template(&value);
        assert!(constant.is_constant());
        let json = constant.constant().unwrap();
        assert_eq!(json, r#"{"text":"5 ${x} {{y} \"quoted\" \u0001","n":[1,2.5,null,true]}"#);
        let mut out = String::new();
        constant.fill(None, &mut out).unwrap();
        assert_eq!(out, json);
        assert!(template(&json!({"text": "${a}"})).constant().is_none());
    }

    #[test]
    fn values_are_filled_escaped_and_encoded_where_they_stand() {
        let value = card("Hi ${name:-you}, $$${price}", "https://shop.example/?q=${q}&r=${r:-a b}");
        let out = filled(&value, r#"{"name":"\"Ann\"","price":9.5,"q":"a/b&c=ü","x":{"y":[1]}}"#).unwrap();
        assert_eq!(out, card("Hi \"Ann\", $9.5", "https://shop.example/?q=a%2Fb%26c%3D%C3%BC&r=a%20b"));
        let out = filled(&card("a", "${link}"), r#"{"link":"https://shop.example/?a=b&c=d"}"#).unwrap();
        assert_eq!(out, card("a", "https://shop.example/?a=b&c=d"));
        // A value is text, never a placeholder or a key.
        let out = filled(&json!({"text": "${a}"}), r#"{"a":"${b}\",\"x\":\"y"}"#).unwrap();
        assert_eq!(out, json!({"text": "${b}\",\"x\":\"y"}));
    }

    #[test]
    fn a_row_that_does_not_fit_is_named_without_its_values() {
        let name = |error: FillError| error.to_string();
        let value = card("${t}", "https://shop.example/");
        let long = format!(r#"{{"t":"{}"}}"#, "secret ".repeat(20));
        let path = "$.attachment.payload.elements[0].title";
        assert_eq!(name(filled(&value, "{}").unwrap_err()), "no value for ${t}");
        assert_eq!(name(filled(&value, r#"{"t":""}"#).unwrap_err()), "no value for ${t}");
        assert_eq!(name(filled(&value, r#"{"t":null}"#).unwrap_err()), "no value for ${t}");
        assert_eq!(
            name(filled(&value, &long).unwrap_err()),
            format!("{path}: 140 characters, at most 80 (generic.title.length)")
        );
        for bad in ["", "[]", "{\"t\":", "{\"t\":[1]}", "{} x"] {
            assert_eq!(filled(&value, bad).unwrap_err(), FillError::Unreadable, "{bad}");
        }
        let url = filled(&card("a", "${u}"), r#"{"u":"secret.example"}"#).unwrap_err();
        assert!(matches!(&url, FillError::Limit { rule: "button.url", .. }), "{url}");
        let r#macro = filled(&value, r#"{"t":"{{secret}}"}"#).unwrap_err();
        assert!(matches!(&r#macro, FillError::Limit { rule: "macros", .. }), "{}", r#macro);
        for error in [url, r#macro] {
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_empty_default_and_a_value_that_decides_are_checked_with_the_whole_message() {
        let reply =
            json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "${t:-}", "payload": "p"}]});
        assert!(matches!(filled(&reply, "{}"), Err(FillError::Limit { rule: "quick_reply.face", .. })));
        assert!(filled(&reply, r#"{"t":"Yes"}"#).is_ok());
        let mut button = card("a", "https://shop.example/");
        button["attachment"]["payload"]["elements"][0]["buttons"][0]["type"] = json!("${kind}");
        assert!(filled(&button, r#"{"kind":"web_url"}"#).is_ok());
        assert!(matches!(
            filled(&button, r#"{"kind":"postback"}"#),
            Err(FillError::Limit { rule: "button.payload.required", .. })
        ));
    }

    #[test]
    fn a_message_that_a_value_makes_too_large_is_a_skipped_row() {
        let value = json!({"text": "a", "extra": "${x}"});
        let error = filled(&value, &json!({"x": "y".repeat(parse::MAX_BYTES)}).to_string()).unwrap_err();
        assert!(matches!(error, FillError::Limit { rule: "message.size", .. }));
    }

    proptest! {
        #[test]
        fn json_strings_are_escaped_as_the_parser_reads_them(text in any::<String>()) {
            let mut out = String::new();
            push_json_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn filling_never_breaks_the_json_nor_adds_a_key(
            literal in "[a-z{}\"\\\\]{0,8}(\\$\\$\\{)?[a-z}]{0,3}", a in any::<String>(), b in any::<String>()
        ) {
            let text = format!("{literal}${{a}}-${{b:-d}}");
            let value = json!({"text": text, "more": {"url": "https://shop.example/${a}", "list": ["${b:-x}", 1]}});
            let Ok(template) = Template::compile(&Message::from_value(value.clone())) else { return Ok(()) };
            let mut out = String::new();
            match template.fill(Some(&json!({"a": a, "b": b}).to_string()), &mut out) {
                Ok(()) => {
                    let filled: Value = serde_json::from_str(&out).unwrap();
                    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                    prop_assert_eq!(keys(&filled), keys(&value));
                    prop_assert_eq!(keys(&filled["more"]), keys(&value["more"]));
                    let url = filled["more"]["url"].as_str().unwrap();
                    let rest = url.strip_prefix("https://shop.example/").unwrap();
                    let decoded = percent_encoding::percent_decode_str(rest).decode_utf8().unwrap();
                    prop_assert_eq!(decoded, a.as_str());
                    prop_assert!(!rest.contains(['/', '?', '#', '&', ' ']));
                    let list = filled["more"]["list"][0].as_str().unwrap();
                    prop_assert_eq!(list, if b.is_empty() { "x" } else { b.as_str() });
                }
                Err(FillError::Missing { column }) => prop_assert!(column == "a" && a.is_empty()),
                Err(FillError::Limit { .. }) => {}
                Err(FillError::Unreadable) => prop_assert!(false, "values are readable"),
            }
        }
    }
}
