//! Checks one message against the table of rules.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::parse;
use super::path::{self, Path};
use super::rules::check::{self, nearest};
use super::rules::macros::{self, MACROS};
use super::rules::{self, Basis, Requirement, Rule, Severity, TemplateKind};
use super::values::{Outline, doubtful_literal, is_url_field};
use crate::text;

/// One broken rule at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: &'static str,
    pub severity: Severity,
    /// `$.attachment.payload.elements[0].title`.
    pub path: String,
    /// What is wrong, without the path: `93 characters, at most 80`.
    pub message: String,
    /// The rule's limit, if it has one.
    pub limit: Option<u32>,
    /// The error code that Meta would return, if published.
    pub code: Option<u32>,
    pub basis: Basis,
    /// Key of the page that the rule comes from; `mmsg` for one of our own.
    pub page: &'static str,
}

impl Violation {
    pub(crate) fn new(rule: &Rule, path: String, message: String) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            path,
            message,
            limit: rule.check.limit(),
            code: rule.code,
            basis: rule.basis,
            page: rule.page,
        }
    }

    /// Whether Meta would refuse the message because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// When a message is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// As written: values for `${…}` are not known yet.
    Author,
    /// Filled in: every text is what the recipient gets.
    Filled,
}

/// All violations, in the order of the table.
pub fn check(message: &Value, phase: Phase) -> Vec<Violation> {
    let kind = TemplateKind::of(message);
    let mut found = Vec::new();
    for rule in rules::all().filter(|rule| rule.is_for(kind)) {
        for pattern in rule.paths {
            if *pattern == ANY_TEXT {
                path::each_text(message, &mut |path, text| {
                    if let Some(what) = any_text(rule, kind, path, text, phase) {
                        found.push(Violation::new(rule, path.to_string(), what));
                    }
                });
                continue;
            }
            for place in path::select(message, pattern) {
                if rule.when.is_none_or(|(field, value)| is(place.owner, field, value)) {
                    found.extend(at(rule, &place, phase));
                }
            }
        }
    }
    found
}

/// The pattern of rules that apply to every text of a message.
pub(crate) const ANY_TEXT: &str = "$..*";

fn is(owner: &Value, field: &str, value: &str) -> bool {
    owner.get(field).and_then(Value::as_str) == Some(value)
}

fn at(rule: &Rule, place: &path::Found<'_>, phase: Phase) -> Vec<Violation> {
    let one = |what: String| vec![Violation::new(rule, place.path.to_string(), what)];
    let Some(value) = place.value else {
        return if matches!(rule.check, Requirement::Required) { one("is missing".to_owned()) } else { Vec::new() };
    };
    match (&rule.check, value) {
        (Requirement::Required, Value::Null) => one("is null".to_owned()),
        (Requirement::Required, Value::Array(items)) if items.is_empty() => one("is empty".to_owned()),
        (Requirement::Required, Value::Object(fields)) if fields.is_empty() => one("is empty".to_owned()),
        (Requirement::MaxItems(limit), Value::Array(items)) if items.len() > *limit as usize => {
            one(format!("{} items, at most {limit}", items.len()))
        }
        (Requirement::Types(fields), Value::Object(object)) => fields
            .iter()
            .filter_map(|(name, kind)| object.get(*name).map(|value| (name, kind, value)))
            .filter(|(_, kind, value)| !kind.accepts(value))
            .map(|(name, kind, value)| {
                let what = format!("must be {}, not {}", kind.name(), parse::name(value));
                Violation::new(rule, place.path.key(name).to_string(), what)
            })
            .collect(),
        (Requirement::Types(_), other) => one(format!("must be an object, not {}", parse::name(other))),
        (Requirement::Known(fields), Value::Object(object)) => {
            let names = || fields.iter().map(|(name, _)| *name);
            object
                .keys()
                .filter(|key| !names().any(|name| name == key.as_str()))
                .map(|key| {
                    let what = match nearest(key, names().filter(|name| !object.contains_key(*name))) {
                        Some(near) => format!("is not a known field; did you mean {near}?"),
                        None => "is not a known field here; it is sent unchanged".to_owned(),
                    };
                    Violation::new(rule, place.path.key(key).to_string(), what)
                })
                .collect()
        }
        (Requirement::AnyOf(fields), Value::Object(object)) => {
            let is_given = |name: &&&str| object.get(**name).is_some_and(|value| !is_blank(value));
            if fields.iter().any(|name| is_given(&name)) {
                return Vec::new();
            }
            one(format!("needs {}", fields.join(" or ")))
        }
        (Requirement::AtMostOneOf(fields), Value::Object(object)) => {
            let given: Vec<&str> = fields.iter().copied().filter(|name| object.contains_key(*name)).collect();
            if given.len() < 2 { Vec::new() } else { one(format!("has both {}; use only one", given.join(" and "))) }
        }
        (Requirement::Custom { find, .. }, value) => find(value)
            .into_iter()
            .map(|(below, what)| {
                let path = match below {
                    None => place.path.to_string(),
                    Some(below) if below.starts_with('[') => format!("{}{below}", place.path),
                    Some(below) => format!("{}.{below}", place.path),
                };
                Violation::new(rule, path, what)
            })
            .collect(),
        (check, Value::String(text)) if check.is_about_text() => {
            let is_url = matches!(check, Requirement::WebUrl | Requirement::FacebookMedia { .. } | Requirement::AppUrl);
            written(check, text, phase, is_url).map_or_else(Vec::new, one)
        }
        // An amount or an id may be a number as well as text.
        (check @ (Requirement::Digits | Requirement::Currency), Value::Number(number)) => {
            check.text(&number.to_string()).map_or_else(Vec::new, one)
        }
        _ => Vec::new(),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text::is_blank(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What is wrong with a text that may contain placeholders, whatever their values.
fn written(check: &Requirement, text: &str, phase: Phase, is_url: bool) -> Option<String> {
    let outline = match phase {
        Phase::Filled => return check.text(text),
        // Reported by the rule about placeholders.
        Phase::Author => Outline::of(text).ok()?,
    };
    if !outline.has_values {
        return check.text(&outline.literal);
    }
    match check {
        Requirement::MaxChars(_) | Requirement::MaxLineBreaks(_) => {
            check.text(&outline.literal).map(|what| format!("{what}, even before values are filled in"))
        }
        _ if is_url && outline.is_whole => None,
        _ if is_url && outline.starts_with_value => Some(
            "starts with a value followed by more text: use a value for the whole URL, or only after its beginning"
                .to_owned(),
        ),
        _ if is_url => check.text(&outline.sample),
        _ => None,
    }
}

/// Checks a rule that applies to every text of a message.
pub(crate) fn any_text(
    rule: &Rule,
    kind: Option<TemplateKind>,
    path: &Path,
    text: &str,
    phase: Phase,
) -> Option<String> {
    match rule.check {
        Requirement::Macros => {
            let literal = match phase {
                Phase::Filled => Cow::Borrowed(text),
                Phase::Author => Cow::Owned(Outline::of(text).ok()?.literal),
            };
            wrong_macro(kind, path, &literal)
        }
        Requirement::Visible => invisible(path, text),
        Requirement::Placeholders if phase == Phase::Author => Outline::of(text).err().map(|error| error.message()),
        Requirement::DoubtfulLiteral if phase == Phase::Author => doubtful_literal(text)
            .map(|name| {
                format!("people will see ${{{name}}}; for a dollar sign followed by the value write $$${{{name}}}")
            })
            .or_else(|| {
                macros::single_braces(text).map(|name| {
                    format!(
                        "people will see {{{name}}}; write {{{{{name}}}}} for Meta's macro, ${{{name}}} for a column"
                    )
                })
            }),
        _ => None,
    }
}

/// A text in which there is nothing to see, or a control character. A `payload` is for the developer and never shown.
fn invisible(path: &Path, text: &str) -> Option<String> {
    if let Some(c) = check::control(text) {
        return Some(format!("contains the control character U+{:04X}", u32::from(c)));
    }
    let shown = path.last_key() != Some("payload");
    (shown && !text.trim().is_empty() && text::is_blank(text)).then(|| "contains only invisible characters".to_owned())
}

/// Where Meta fills in its macros.
const MACRO_PLACES: &[(TemplateKind, &str)] = &[
    (TemplateKind::Generic, "$.attachment.payload.text"),
    (TemplateKind::Generic, "$.attachment.payload.elements[*].title"),
    (TemplateKind::Generic, "$.attachment.payload.elements[*].subtitle"),
    (TemplateKind::Coupon, "$.attachment.payload.title"),
    (TemplateKind::Coupon, "$.attachment.payload.subtitle"),
    (TemplateKind::Coupon, "$.attachment.payload.coupon_pre_message"),
];

/// A macro that Meta does not know or does not fill in at this place. A `payload` is for the developer and never shown.
pub(crate) fn wrong_macro(kind: Option<TemplateKind>, path: &Path, text: &str) -> Option<String> {
    if path.last_key() == Some("payload") {
        return None;
    }
    if let Some(broken) = macros::broken_macro(text) {
        let name = broken.trim_matches(['{', '}', ' ']);
        return Some(format!("{broken} lacks a brace: write {{{{{name}}}}}, or people see it as written"));
    }
    let works = MACRO_PLACES.iter().any(|(of, pattern)| Some(*of) == kind && path::matches(pattern, path));
    macros::macros(text).find_map(|name| {
        let is_known = MACROS.contains(&name);
        match (is_known, works) {
            (true, true) => None,
            (true, false) => {
                let place = if path.last_key().is_some_and(is_url_field) { "a URL" } else { "this text" };
                Some(format!("Meta does not fill in {name} in {place}: people would see it as written"))
            }
            (false, _) => Some(match nearest(name, MACROS.into_iter()) {
                Some(near) => format!("{name} is not one of Meta's macros; did you mean {near}?"),
                None => format!("{name} is not one of Meta's macros ({})", MACROS.join(", ")),
            }),
        }
    })
}

#[cfg(test)]
mod tests;
