//! JSON paths: patterns with `[*]`, as the rules use them, and the places in a message that they match.

use std::fmt;

use serde_json::Value;

/// One step into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    Key(String),
    Index(usize),
}

/// A place in a message: `$.attachment.payload.elements[0].title`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<PathStep>);

impl Path {
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Key(name.to_owned()));
        Self(steps)
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Index(index));
        Self(steps)
    }

    /// The last key: `url` in `$.image_urls[0].url`.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            PathStep::Key(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                PathStep::Key(name) if is_plain(name) => write!(f, ".{name}")?,
                PathStep::Key(name) => write!(f, "[{}]", Value::from(name.as_str()))?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternStep<'p> {
    Key(&'p str),
    Each,
}

/// Parses `$.a.b[*].c`. Patterns come from our own table: anything that is not a step is skipped.
pub fn parts(pattern: &str) -> Vec<PatternStep<'_>> {
    let mut parts = Vec::new();
    for key in pattern.trim_start_matches('$').split('.').filter(|key| !key.is_empty()) {
        match key.strip_suffix("[*]") {
            Some(key) => parts.extend([PatternStep::Key(key), PatternStep::Each]),
            None => parts.push(PatternStep::Key(key)),
        }
    }
    parts
}

/// Whether the pattern matches this place.
pub fn matches(pattern: &str, path: &Path) -> bool {
    let parts = parts(pattern);
    parts.len() == path.0.len()
        && parts.iter().zip(&path.0).all(|(part, step)| match (part, step) {
            (PatternStep::Key(key), PathStep::Key(name)) => key == name,
            (PatternStep::Each, PathStep::Index(_)) => true,
            (PatternStep::Key(_), PathStep::Index(_)) | (PatternStep::Each, PathStep::Key(_)) => false,
        })
}

/// A place that a pattern matches. The last key may be missing; everything before it is present.
pub struct Found<'v> {
    pub path: Path,
    pub value: Option<&'v Value>,
    /// The object that contains it; for the root or a list item, the value itself.
    pub owner: &'v Value,
}

/// All places in `root` that the pattern matches.
pub fn select<'v>(root: &'v Value, pattern: &str) -> Vec<Found<'v>> {
    let mut found = vec![Found { path: Path::default(), value: Some(root), owner: root }];
    for part in parts(pattern) {
        let mut next = Vec::new();
        for place in found {
            let Some(value) = place.value else { continue };
            match (part, value) {
                (PatternStep::Key(key), Value::Object(fields)) => {
                    next.push(Found { path: place.path.key(key), value: fields.get(key), owner: value });
                }
                (PatternStep::Each, Value::Array(items)) => {
                    next.extend(items.iter().enumerate().map(|(index, item)| Found {
                        path: place.path.index(index),
                        value: Some(item),
                        owner: item,
                    }))
                }
                _ => {}
            }
        }
        found = next;
    }
    found
}

/// Calls `each` with every text in `root` and its place.
pub fn each_text<'v>(root: &'v Value, each: &mut dyn FnMut(&Path, &'v str)) {
    fn walk<'v>(value: &'v Value, path: &mut Path, each: &mut dyn FnMut(&Path, &'v str)) {
        match value {
            Value::String(text) => each(path, text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.0.push(PathStep::Index(index));
                    walk(item, path, each);
                    path.0.pop();
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    path.0.push(PathStep::Key(name.clone()));
                    walk(field, path, each);
                    path.0.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    walk(root, &mut Path::default(), each);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_matches_every_place_and_a_missing_last_key() {
        let root = json!({"a": [{"b": 1}, {}, "x"], "odd key": {"c": 2}});
        let places: Vec<_> =
            select(&root, "$.a[*].b").iter().map(|f| (f.path.to_string(), f.value.is_some())).collect();
        assert_eq!(places, [("$.a[0].b".to_owned(), true), ("$.a[1].b".to_owned(), false)]);
        assert_eq!(select(&root, "$.none[*].b").len(), 0);
        assert_eq!(select(&root, "$").len(), 1);
        assert_eq!(Path::default().key("odd key").key("c").to_string(), "$[\"odd key\"].c");
    }

    #[test]
    fn a_place_matches_its_pattern_only() {
        let path = Path::default().key("a").index(3).key("b");
        assert!(matches("$.a[*].b", &path));
        assert!(!matches("$.a[*]", &path));
        assert!(!matches("$.a.b", &path));
        assert_eq!(path.last_key(), Some("b"));
    }
}
