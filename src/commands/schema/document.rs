//! Makes JSON Schemas of `outputs.txt`, whose head says how it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The whole file.
#[derive(Debug, Default)]
pub struct SchemaFile<'t> {
    types: BTreeMap<&'t str, Fields<'t>>,
    /// In the order of the file.
    outputs: Vec<Output<'t>>,
}

#[derive(Debug)]
struct Output<'t> {
    command: &'t str,
    is_list: bool,
    fields: Fields<'t>,
}

type Fields<'t> = Vec<Field<'t>>;

#[derive(Clone, Copy, Debug)]
enum Field<'t> {
    Key {
        name: &'t str,
        may_be_missing: bool,
        kind: &'t str,
    },
    /// All keys of a type.
    AllOf(&'t str),
    /// Any key.
    Any,
}

impl<'t> SchemaFile<'t> {
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &'t str) -> Result<Self, String> {
        let mut outputs = Self::default();
        let mut blocks: Vec<(&str, Fields<'t>)> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if !line.starts_with(' ') {
                blocks.push((line, Vec::new()));
                continue;
            }
            let Some((_, fields)) = blocks.last_mut() else { return Err(format!("a key without a block: {line}")) };
            let Some((name, kind)) = line.trim().split_once(' ') else {
                return Err(format!("a key without a type: {line}"));
            };
            fields.push(match name {
                "+" => Field::AllOf(kind),
                "*" => Field::Any,
                name => match name.strip_prefix('~') {
                    Some(name) => Field::Key { name, may_be_missing: true, kind },
                    None => Field::Key { name, may_be_missing: false, kind },
                },
            });
        }
        for (head, fields) in blocks {
            match head.split_once(' ') {
                Some(("type", name)) => drop(outputs.types.insert(name, fields)),
                Some((what @ ("list" | "object"), command)) => {
                    outputs.outputs.push(Output { command, is_list: what == "list", fields });
                }
                _ => return Err(format!("not a block: {head}")),
            }
        }
        Ok(outputs)
    }

    /// The commands, each once.
    pub fn commands(&self) -> impl Iterator<Item = &'t str> {
        let mut seen = BTreeSet::new();
        self.outputs.iter().map(|output| output.command).filter(move |command| seen.insert(*command))
    }

    /// The keys of the rows of a command that prints a list.
    pub fn keys_of(&self, command: &str) -> Vec<&'t str> {
        let mut keys = Vec::new();
        if let Some(list) = self.outputs.iter().find(|output| output.is_list && output.command == command) {
            self.add_keys(&list.fields, &mut keys);
        }
        keys
    }

    fn add_keys(&self, fields: &[Field<'t>], keys: &mut Vec<&'t str>) {
        for field in fields {
            match *field {
                Field::Key { name, .. } => keys.push(name),
                Field::AllOf(name) => self.add_keys(self.types.get(name).map_or(&[], Vec::as_slice), keys),
                Field::Any => {}
            }
        }
    }

    /// The schema of what a command prints; `None` for one that prints no JSON.
    pub fn of(&self, command: &str) -> Option<Value> {
        let mut used = BTreeSet::new();
        let ways: Vec<Value> = self
            .outputs
            .iter()
            .filter(|output| output.command == command)
            .map(|output| {
                let object = self.object(&output.fields, &mut used);
                if output.is_list { json!({ "type": "array", "items": object }) } else { object }
            })
            .collect();
        match ways.as_slice() {
            [] => None,
            [only] => Some(self.whole(command, only.clone(), used)),
            several => Some(self.whole(command, json!({ "anyOf": several }), used)),
        }
    }

    /// A schema with its dialect, its title and the types that it refers to.
    fn whole(&self, name: &str, schema: Value, mut used: BTreeSet<&'t str>) -> Value {
        let mut definitions = BTreeMap::new();
        while let Some(next) = used.pop_first() {
            if let Some(fields) = self.types.get(next).filter(|_| !definitions.contains_key(next)) {
                // It may refer to itself.
                definitions.insert(next, Value::Null);
                definitions.insert(next, self.object(fields, &mut used));
            }
        }
        let mut whole = Map::new();
        whole.insert("$schema".to_owned(), DIALECT.into());
        whole.insert("title".to_owned(), format!("mmsg {name}").into());
        if let Value::Object(keywords) = schema {
            whole.extend(keywords);
        }
        if !definitions.is_empty() {
            whole.insert("$defs".to_owned(), json!(definitions));
        }
        Value::Object(whole)
    }

    fn object(&self, fields: &[Field<'t>], used: &mut BTreeSet<&'t str>) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        self.add(fields, &mut properties, &mut required, used);
        let mut object = json!({ "type": "object", "properties": properties, "required": required });
        if fields.iter().any(|field| self.is_any(field)) {
            object["additionalProperties"] = Value::Bool(true);
        }
        object
    }

    fn is_any(&self, field: &Field<'_>) -> bool {
        match field {
            Field::Any => true,
            Field::AllOf(name) => {
                self.types.get(name).is_some_and(|fields| fields.iter().any(|field| self.is_any(field)))
            }
            Field::Key { .. } => false,
        }
    }

    fn add(
        &self,
        fields: &[Field<'t>],
        properties: &mut Map<String, Value>,
        required: &mut Vec<&'t str>,
        used: &mut BTreeSet<&'t str>,
    ) {
        for field in fields {
            match *field {
                Field::Any => {}
                Field::AllOf(name) => {
                    self.add(self.types.get(name).map_or(&[], Vec::as_slice), properties, required, used);
                }
                Field::Key { name, may_be_missing, kind } => {
                    properties.insert(name.to_owned(), self.kind(kind, used));
                    if !may_be_missing {
                        required.push(name);
                    }
                }
            }
        }
    }

    fn kind(&self, kind: &'t str, used: &mut BTreeSet<&'t str>) -> Value {
        if let Some(kind) = kind.strip_suffix('?') {
            let mut schema = self.kind(kind, used);
            // A plain type may be two; anything else is one of two schemas.
            return match schema.get_mut("type") {
                Some(plain) => {
                    *plain = json!([plain.take(), "null"]);
                    schema
                }
                None => json!({ "anyOf": [schema, { "type": "null" }] }),
            };
        }
        let inner = |open: char, close: char| kind.strip_prefix(open)?.strip_suffix(close);
        if let Some(item) = inner('[', ']') {
            return json!({ "type": "array", "items": self.kind(item, used) });
        }
        if let Some(value) = inner('{', '}') {
            return json!({ "type": "object", "additionalProperties": self.kind(value, used) });
        }
        if let Some(texts) = kind.strip_prefix('=') {
            return json!({ "enum": texts.split('|').collect::<Vec<_>>() });
        }
        match kind {
            "text" => json!({ "type": "string" }),
            "time" => json!({ "type": "string", "format": "date-time" }),
            "whole" => json!({ "type": "integer", "minimum": 0 }),
            "int" => json!({ "type": "integer" }),
            "number" => json!({ "type": "number" }),
            "bool" => json!({ "type": "boolean" }),
            "object" => json!({ "type": "object" }),
            "any" => json!({}),
            name => {
                used.insert(name);
                json!({ "$ref": format!("#/$defs/{name}") })
            }
        }
    }
}

/// The schema of one type of the file.
pub fn document(outputs: &SchemaFile<'_>, title: &str, name: &str) -> Option<Value> {
    let mut used = BTreeSet::new();
    let object = outputs.object(outputs.types.get(name)?, &mut used);
    Some(outputs.whole(title, object, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUTS: &str = include_str!("outputs.txt");

    #[test]
    fn a_block_becomes_a_schema() {
        let outputs = SchemaFile::parse(
            "# words\ntype Arm\n  share number?\n  next Arm?\n\nlist shop list\n  ~profile text\n  arms [Arm]\n  rows {whole}\n  at time?\n\
             object shop get\n  + Arm\nobject shop get\n  state =on|off\n",
        )
        .unwrap();
        assert_eq!(outputs.commands().collect::<Vec<_>>(), ["shop list", "shop get"]);
        let arm = json!({ "type": "object", "required": ["share", "next"], "properties": {
            "share": { "type": ["number", "null"] },
            "next": { "anyOf": [{ "$ref": "#/$defs/Arm" }, { "type": "null" }] },
        } });
        assert_eq!(
            outputs.of("shop list").unwrap(),
            json!({
                "$schema": DIALECT, "title": "mmsg shop list", "type": "array",
                "items": { "type": "object", "required": ["arms", "rows", "at"], "properties": {
                    "profile": { "type": "string" },
                    "arms": { "type": "array", "items": { "$ref": "#/$defs/Arm" } },
                    "rows": { "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } },
                    "at": { "type": ["string", "null"], "format": "date-time" },
                } },
                "$defs": { "Arm": arm },
            })
        );
        let get = outputs.of("shop get").unwrap();
        assert_eq!((get["anyOf"].as_array().unwrap().len(), &get["$defs"]["Arm"]), (2, &arm));
        assert_eq!(outputs.of("shop delete"), None);
        for wrong in ["  key text\n", "list a\n  key\n", "lists a\n"] {
            assert!(SchemaFile::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_type_that_is_named_is_there_and_used() {
        let outputs = SchemaFile::parse(OUTPUTS).unwrap();
        let mut named = BTreeSet::from(["Error"]);
        for output in &outputs.outputs {
            let schema = outputs.of(output.command).unwrap();
            named.extend(output.fields.iter().filter_map(|field| match field {
                Field::AllOf(name) => Some(*name),
                _ => None,
            }));
            let text = schema.to_string();
            for name in text.split("#/$defs/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(outputs.types.contains_key(name), "{}: no type {name}", output.command);
            }
        }
        for fields in outputs.types.values() {
            for field in fields {
                match field {
                    Field::AllOf(name) => drop(named.insert(name)),
                    Field::Key { kind, .. } => drop(named.insert(kind.trim_matches(['[', ']', '{', '}', '?']))),
                    Field::Any => {}
                }
            }
        }
        for output in &outputs.outputs {
            for field in &output.fields {
                if let Field::Key { kind, .. } = field {
                    named.insert(kind.trim_matches(['[', ']', '{', '}', '?']));
                }
            }
        }
        let unused: Vec<_> = outputs.types.keys().filter(|name| !named.contains(**name)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }
}
