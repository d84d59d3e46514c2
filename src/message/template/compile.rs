//! Cuts a message into parts: JSON that is copied, and texts that are filled in.

use serde_json::Value;

use super::{Filled, Part, Template, Text};
use crate::error::{Error, Result};
use crate::json;
use crate::message::Message;
use crate::message::path::{self, Path, PathStep};
use crate::message::rules::{self, Rule, Severity, TemplateKind};
use crate::message::values::{Segment, is_url_field, segments};

/// FieldTypes that decide the kind of a part. A value in one of them can change which rules apply.
const STRUCTURAL: [&str; 5] = ["type", "template_type", "content_type", "media_type", "is_hero_image"];

impl Template {
    /// Compiles a message.
    ///
    /// # Errors
    /// Refused (exit 5): an invalid placeholder. Other violations are reported by [`Message::validate`].
    pub fn compile(message: &Message) -> Result<Self> {
        let columns: Vec<String> = message.columns().into_iter().collect();
        let kind = TemplateKind::of(message.value());
        let mut template = Self { parts: Vec::new(), columns, kind, is_structural: false, tail: String::new() };
        template.add(message.value(), message.value(), &mut Path::default())?;
        template.end_json();
        Ok(template)
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
                    path.0.push(PathStep::Index(index));
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
                    json::push_string(self.json(), name);
                    self.json().push(':');
                    path.0.push(PathStep::Key(name.clone()));
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
            Error::refused(format!("{path}: {}", error.message()))
                .hint("mmsg message build --help explains placeholders under \"Values\"")
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
            json::push_string(self.json(), &literal);
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

    /// The JSON since the last text with values.
    fn json(&mut self) -> &mut String {
        &mut self.tail
    }

    fn end_json(&mut self) {
        if !self.tail.is_empty() {
            self.parts.push(Part::Json(std::mem::take(&mut self.tail)));
        }
    }
}

/// The rules that the characters of a text at this place can break.
fn rules_for(root: &Value, kind: Option<TemplateKind>, path: &Path) -> Vec<&'static Rule> {
    let owner_of = |path: &Path| {
        path.0[..path.0.len().saturating_sub(1)].iter().try_fold(root, |value, step| match step {
            PathStep::Key(name) => value.get(name),
            PathStep::Index(index) => value.get(index),
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
