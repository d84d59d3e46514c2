//! The table of rules as a JSON Schema (draft 2020-12), for editors.
//!
//! The schema is never stricter than the table: it leaves out what JSON Schema can't express (rules about several fields, macros), and
//! `maxLength` counts code points, while the table counts UTF-16 units.

use serde_json::{Map, Value, json};

use super::path::{PatternStep, parts};
use super::rules::{self, Requirement, Rule, Severity, TemplateKind, Type};

const PAYLOAD: &str = "$.attachment.payload";

/// The whole schema.
pub fn document() -> Value {
    let mut root = Node::default();
    for rule in rules::all().filter(|rule| rule.kinds.is_empty()) {
        root.add(rule, "$", |_| true);
    }
    let templates: Vec<TemplateKind> =
        TemplateKind::ALL.into_iter().filter(|kind| *kind != TemplateKind::Text).collect();
    let mut definitions = Map::new();
    for kind in &templates {
        let mut payload = Node::default();
        for rule in rules::all().filter(|rule| rule.kinds.contains(kind)) {
            payload.add(rule, PAYLOAD, |pattern| is_of(*kind, pattern));
        }
        definitions.insert(kind.name().to_owned(), payload.into_value());
    }
    root.at(&parts(PAYLOAD)).all_of.extend(templates.iter().map(
        |kind| json!({"if": is("template_type", kind.name()), "then": {"$ref": format!("#/$defs/{}", kind.name())}}),
    ));
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    document.insert("title".to_owned(), json!("Marketing message on Messenger"));
    let what =
        "The message object of POST /act_<AD_ACCOUNT_ID>/messages, within the limits that mmsg message rules prints";
    document.insert("description".to_owned(), json!(what));
    if let Value::Object(mut fields) = root.into_value() {
        document.append(&mut fields);
    }
    document.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(document)
}

fn is(field: &str, value: &str) -> Value {
    json!({"properties": {field: {"const": value}}, "required": [field]})
}

fn has_field(kind: TemplateKind, name: &str) -> bool {
    rules::all().filter(|rule| rule.paths == [PAYLOAD] && rule.kinds == [kind]).all(|rule| match rule.check {
        Requirement::Known(fields) => fields.iter().any(|(field, _)| *field == name),
        _ => true,
    })
}

/// Whether the template has the place that a shared rule applies to: buttons are in the payload or in its elements.
fn is_of(kind: TemplateKind, pattern: &str) -> bool {
    match pattern.strip_prefix(PAYLOAD).map(parts).as_deref() {
        Some([PatternStep::Key(first), ..]) => has_field(kind, first),
        Some(_) => true,
        None => false,
    }
}

/// A schema under construction.
#[derive(Default)]
struct Node {
    own: Map<String, Value>,
    notes: Vec<String>,
    required: Vec<&'static str>,
    properties: Vec<(String, Node)>,
    items: Option<Box<Node>>,
    all_of: Vec<Value>,
}

impl Node {
    /// Adds a rule to the schema of the value at `base`.
    fn add(&mut self, rule: &'static Rule, base: &str, has: impl Fn(&str) -> bool) {
        if rule.severity != Severity::Error {
            return;
        }
        for pattern in rule.paths.iter().filter(|pattern| has(pattern)) {
            let Some(below) = pattern.strip_prefix(base) else { continue };
            let steps = parts(below);
            let Some((field, value)) = rule.when else {
                self.constrain(&steps, rule);
                continue;
            };
            let owner = match steps.split_last() {
                Some((PatternStep::Key(_), owner)) => owner,
                _ => &steps[..],
            };
            let mut then = Self::default();
            then.constrain(&steps[owner.len()..], rule);
            if !then.is_empty() {
                self.at(owner).all_of.push(json!({"if": is(field, value), "then": then.into_value()}));
            }
        }
    }

    /// The schema of the place `steps` below.
    fn at(&mut self, steps: &[PatternStep<'_>]) -> &mut Self {
        let mut here = self;
        for step in steps {
            here = match step {
                PatternStep::Key(name) => here.property(name),
                PatternStep::Each => here.items.get_or_insert_default(),
            };
        }
        here
    }

    fn property(&mut self, name: &str) -> &mut Self {
        let index = match self.properties.iter().position(|(known, _)| known == name) {
            Some(index) => index,
            None => {
                self.properties.push((name.to_owned(), Self::default()));
                self.properties.len() - 1
            }
        };
        &mut self.properties[index].1
    }

    fn constrain(&mut self, steps: &[PatternStep<'_>], rule: &'static Rule) {
        if matches!(rule.check, Requirement::Required)
            && let (Some((PatternStep::Key(_), owner)), Some(name)) = (steps.split_last(), last_key(rule))
        {
            self.at(owner).required.push(name);
        }
        let own: &[(&str, Value)] = &match rule.check {
            Requirement::Required => {
                vec![("minLength", json!(1)), ("minItems", json!(1)), ("minProperties", json!(1))]
            }
            Requirement::MaxChars(limit) => vec![("maxLength", json!(limit))],
            Requirement::MaxItems(limit) => vec![("maxItems", json!(limit))],
            Requirement::OneOf(values) => vec![("enum", json!(values))],
            Requirement::WebUrl => vec![("pattern", json!(r"^([Hh][Tt][Tt][Pp][Ss]?://[^\s/?#<>]|\$\{)"))],
            Requirement::FacebookMedia { .. } => {
                vec![("pattern", json!(r"^(https://([A-Za-z0-9-]+\.)*facebook\.com/|\$\{)"))]
            }
            Requirement::AppUrl => vec![("pattern", json!(r"^([A-Za-z][A-Za-z0-9+.-]*:|\$\{)"))],
            Requirement::Digits => vec![("pattern", json!(r"^[0-9]+$|\$\{"))],
            Requirement::Currency => vec![("pattern", json!(r"^[A-Z]{3}$|\$\{"))],
            Requirement::DateTime => {
                vec![("pattern", json!(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$|\$\{"))]
            }
            Requirement::AnyOf(names) => {
                let any: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
                vec![("anyOf", json!(any))]
            }
            Requirement::AtMostOneOf(names) => vec![("not", json!({"required": names}))],
            Requirement::Types(fields) => {
                let here = self.at(steps);
                here.own.insert("type".to_owned(), json!("object"));
                for (name, kind) in fields {
                    here.property(name).own.extend(kind_of(*kind));
                }
                return;
            }
            Requirement::MaxLineBreaks(_)
            | Requirement::Known(_)
            | Requirement::Macros
            | Requirement::Visible
            | Requirement::Placeholders
            | Requirement::DoubtfulLiteral
            | Requirement::Custom { .. } => return,
        };
        let here = self.at(steps);
        // A second rule with the same keyword (two `anyOf` on one object) is added next to the first.
        if own.iter().any(|(keyword, _)| here.own.contains_key(*keyword) && *keyword != "minLength") {
            here.all_of.push(own.iter().map(|(keyword, value)| ((*keyword).to_owned(), value.clone())).collect());
        } else {
            here.own.extend(own.iter().map(|(keyword, value)| ((*keyword).to_owned(), value.clone())));
        }
        if rule.check.limit().is_some() {
            here.notes.push(format!("{} ({}, {}).", rule.check.says(), rule.basis.name(), rule.page));
        }
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty()
            && self.required.is_empty()
            && self.properties.is_empty()
            && self.items.is_none()
            && self.all_of.is_empty()
    }

    fn into_value(self) -> Value {
        let mut schema = Map::new();
        if !self.notes.is_empty() {
            schema.insert("description".to_owned(), json!(self.notes.join(" ")));
        }
        schema.extend(self.own);
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        if !self.properties.is_empty() {
            let fields: Map<String, Value> =
                self.properties.into_iter().map(|(name, node)| (name, node.into_value())).collect();
            schema.insert("properties".to_owned(), Value::Object(fields));
        }
        if let Some(items) = self.items {
            schema.insert("items".to_owned(), items.into_value());
        }
        if !self.all_of.is_empty() {
            schema.insert("allOf".to_owned(), Value::Array(self.all_of));
        }
        Value::Object(schema)
    }
}

fn last_key(rule: &'static Rule) -> Option<&'static str> {
    rule.paths.first()?.rsplit('.').next()
}

fn kind_of(kind: Type) -> Vec<(String, Value)> {
    let one = |name: &str| vec![("type".to_owned(), json!(name))];
    match kind {
        Type::Text => one("string"),
        Type::TextOrNumber => vec![("type".to_owned(), json!(["string", "number"]))],
        Type::Bool => one("boolean"),
        Type::BoolOrText => vec![("enum".to_owned(), json!([true, false, "true", "false"]))],
        Type::Object => one("object"),
        Type::List => one("array"),
    }
}

#[cfg(test)]
mod tests;
