//! Messages as TOML: `template = "generic"`, then the template's fields and `[[quick_replies]]`.

use serde::Deserialize;
use serde_json::{Value, json};
use toml::de::{DeTable, Deserializer, ValueDeserializer};

use super::{Draft, TemplateKind, read_content};
use crate::error::{Error, Result};
use crate::message::parse::MAX_BYTES;
use crate::message::rules::check::nearest;

impl Draft {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// Refused (exit 5), with line and column: not TOML, a missing or unknown `template`, a field that the template does not have.
    pub fn from_toml(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::refused(format!("the file is too large: {} bytes, at most {MAX_BYTES}", text.len())));
        }
        let text =
            std::str::from_utf8(text).map_err(|error| Error::refused("the file is not UTF-8 text").because(&error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let refused = |mut error: toml::de::Error| {
            error.set_input(Some(text));
            let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
            Error::refused(format!("{place}{}", with_suggestion(error.message())))
                .hint("mmsg message build --example TEMPLATE prints a complete file")
        };
        let mut table = DeTable::parse(text).map_err(refused)?;
        let kind = match table.get_mut().remove("template") {
            Some(name) => TemplateKind::deserialize(ValueDeserializer::from(name)).map_err(refused)?,
            None => {
                return Err(Error::refused("the file does not name its template")
                    .hint("start it with template = \"generic\" (or text, button, media, product, receipt, coupon)"));
            }
        };
        let quick_replies = match table.get_mut().remove("quick_replies") {
            Some(replies) => Vec::deserialize(ValueDeserializer::from(replies)).map_err(refused)?,
            None => Vec::new(),
        };
        let content = read_content(kind, Deserializer::from(table)).map_err(refused)?;
        Ok(Self { content, quick_replies })
    }

    /// The draft as a file that [`Draft::from_toml`] reads again.
    pub fn to_toml(&self) -> Result<String> {
        let mut draft = self.clone();
        draft.infer()?;
        let mut file = serde_json::Map::new();
        file.insert("template".to_owned(), json!(self.kind().name()));
        file.append(&mut draft.fields()?);
        let mut file = Value::Object(file);
        hero_as_bool(&mut file);
        toml::to_string(&file).map_err(|error| Error::internal("can't write the draft").because(&error))
    }
}

/// The API takes a text where the file has a boolean.
fn hero_as_bool(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "is_hero_image" {
                    *field = json!(field.as_str() == Some("true"));
                } else {
                    hero_as_bool(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hero_as_bool),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: ")
}

/// serde's message; for an unknown name, with the most similar known one.
pub fn with_suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    match names.next() {
        Some(unknown) if is_unknown => match nearest(unknown, names) {
            Some(near) => format!("{message}; did you mean `{near}`?"),
            None => message.to_owned(),
        },
        _ => message.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_not_be_read_is_reported_with_its_place() {
        for (file, says) in [
            ("", "does not name its template"),
            ("template = \"generic\"\nx = ", "line 2"),
            ("template = \"genric\"", "did you mean `generic`?"),
            ("template = \"text\"\ntexte = \"a\"", "line 2, column 1: unknown field `texte`"),
            ("template = \"generic\"\n[[elements]]\ntitel = \"a\"", "line 3, column 1: unknown field `titel`"),
            ("template = \"text\"\ntext = 5", "line 2, column 8"),
            ("template = \"text\"\n[[quick_replies]]\nname = \"a\"", "line 3, column 1"),
        ] {
            let error = Draft::from_toml(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{file}: {error}");
        }
        let both =
            "template = \"generic\"\n[[elements]]\nurl = \"https://a.example\"\ndefault_action = { url = \"b\" }";
        let error = Draft::from_toml(both.as_bytes()).unwrap().to_message().unwrap_err();
        assert!(error.to_string().contains("card 1"), "{error}");
    }

    #[test]
    fn inferred_fields_need_not_be_written() {
        let file = r#"
            template = "generic"
            [[elements]]
            title = "Sale"
            url = "https://shop.example/"
            buttons = [{ title = "Shop", url = "https://shop.example/a" }, { title = "Stop", payload = "STOP" },
                       { ios_url = "shop://a" }]
            [[quick_replies]]
            title = "More"
        "#;
        let message = Draft::from_toml(file.as_bytes()).unwrap().to_message().unwrap();
        assert_eq!(
            message.to_json(),
            concat!(
                r#"{"attachment":{"type":"template","payload":{"template_type":"generic","elements":[{"title":"Sale","#,
                r#""default_action":{"type":"web_url","url":"https://shop.example/"},"buttons":["#,
                r#"{"type":"web_url","title":"Shop","url":"https://shop.example/a"},"#,
                r#"{"type":"postback","title":"Stop","payload":"STOP"},{"type":"app","ios_url":"shop://a"}]}]}},"#,
                r#""quick_replies":[{"content_type":"text","title":"More","payload":"More"}]}"#
            )
        );
        assert_eq!(message.validate(), []);
    }
}
