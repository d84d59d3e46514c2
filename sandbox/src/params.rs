//! Parameters of a call, from the query, a JSON body or a form of either kind, and the field lists of reads.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::form;
use super::removed;
use super::reply::Refusal;

/// Parameters by name. Query and form values are strings; a JSON body keeps its types.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Map<String, Value>);

impl Params {
    /// The body takes precedence over the query.
    pub fn of(query: &str, content_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let mut params = Self::default();
        params.form(query);
        let body = body.trim_ascii();
        if body.is_empty() {
            return Ok(params);
        }
        if content_type.starts_with("application/x-www-form-urlencoded") {
            let text = std::str::from_utf8(body).map_err(|_| Refusal::parameter("The form is not UTF-8"))?;
            params.form(text);
        } else if let Some(boundary) = form::boundary(content_type) {
            let fields = form::fields(boundary, body)?;
            params.0.extend(fields.into_iter().map(|(name, value)| (name, Value::String(value))));
        } else {
            let parsed: Map<String, Value> = serde_json::from_slice(body)
                .map_err(|error| Refusal::parameter(format!("The body is not a JSON object: {error}")))?;
            params.0.extend(parsed);
        }
        Ok(params)
    }

    fn form(&mut self, text: &str) {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.insert(decoded(name), Value::String(decoded(value)));
        }
    }

    /// A string or a number, as text; `null` and an empty string count as absent.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An integer, written as a number or a string.
    pub fn whole(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| not_whole(name)),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| not_whole(name)),
        }
    }

    /// Refuses parameters that Graph knows and the sandbox can't follow, so that none is ignored in silence.
    pub fn not_served(&self, names: &[&str]) -> Result<(), Refusal> {
        match names.iter().find(|name| self.0.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(Refusal::parameter(format!("The sandbox does not serve the parameter {name} here"))),
        }
    }

    /// An object or list, or a string of JSON.
    pub fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|error| Refusal::parameter(format!("param {name} must be JSON: {error}"))),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

fn not_whole(name: &str) -> Refusal {
    Refusal::parameter(format!("Param {name} must be an integer"))
}

/// Percent-decodes; `+` is a space.
pub fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// One field of a read and the fields asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub inner: Vec<Self>,
}

/// Reads `id,adset{name,promoted_object{pixel_id}},campaign{name}`.
pub fn fields(text: &str) -> Result<Vec<Field>, Refusal> {
    let mut rest = text;
    let fields = level(&mut rest, 0)?;
    if rest.is_empty() { Ok(fields) } else { Err(bad_fields(text)) }
}

fn level(rest: &mut &str, depth: u32) -> Result<Vec<Field>, Refusal> {
    if depth > 8 {
        return Err(bad_fields(rest));
    }
    let mut fields = Vec::new();
    loop {
        let end = rest.find([',', '{', '}']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        *rest = &rest[end..];
        let mut inner = Vec::new();
        if let Some(after) = rest.strip_prefix('{') {
            *rest = after;
            inner = level(rest, depth + 1)?;
            *rest = rest.strip_prefix('}').ok_or_else(|| bad_fields(rest))?;
        }
        if name.is_empty() && (!inner.is_empty() || !fields.is_empty()) {
            return Err(bad_fields(rest));
        }
        if !name.is_empty() {
            if let Some((_, modifier)) = name.split_once('.') {
                return Err(modified(&name, modifier));
            }
            fields.push(Field { name, inner });
        }
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

/// `name.as(x)` is an alias; others, such as `ads.limit(1)`, belong to edges in a field list, which the sandbox has not.
fn modified(name: &str, modifier: &str) -> Refusal {
    if modifier.starts_with("as(") {
        removed::gone("Field aliases")
    } else if modifier.starts_with("date_format(") {
        removed::gone("Date formats")
    } else {
        Refusal::parameter(format!("The sandbox does not serve the field modifier in {name}"))
    }
}

fn bad_fields(text: &str) -> Refusal {
    let mut refusal = Refusal::new(2500);
    refusal.status = 400;
    let shown: String = text.chars().take(60).collect();
    refusal.words(format!("Syntax error: the field list is malformed at: {shown}"))
}

/// Keeps the fields asked for. Without a list only `id` remains; nested nodes keep their `id`. As in Graph, an unknown field is an
/// error, and null fields are left out.
pub fn project(node: &Value, asked: &[Field], kind: &str) -> Result<Value, Refusal> {
    let Some(all) = node.as_object() else { return Ok(node.clone()) };
    let mut kept = Map::new();
    for field in asked {
        let Some(value) = all.get(&field.name) else {
            return Err(no_field(&field.name, kind));
        };
        let value = match value {
            Value::Null => continue,
            Value::Object(inner) if !field.inner.is_empty() => {
                project(value, &field.inner, type_of(&field.name, inner))?
            }
            // A node without a field list shows only its ID.
            Value::Object(inner) if inner.contains_key("id") => project(value, &[], &field.name)?,
            value => value.clone(),
        };
        kept.insert(field.name.clone(), value);
    }
    if let Some(id) = all.get("id") {
        kept.entry("id").or_insert_with(|| id.clone());
    }
    Ok(Value::Object(kept))
}

pub fn no_field(name: &str, kind: &str) -> Refusal {
    Refusal::parameter(format!("Tried accessing nonexisting field ({name}) on node type ({kind})"))
}

fn type_of<'n>(name: &'n str, _inner: &Map<String, Value>) -> &'n str {
    match name {
        "adset" => "AdCampaign",
        "campaign" => "AdCampaignGroup",
        "creative" => "AdCreative",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_are_read_and_kept() {
        let node = json!({"id": "1", "name": "n", "gone": null, "adset": {"id": "2", "name": "s", "promoted_object": {"pixel_id": "9", "page_id": "7"}}});
        let asked = fields("name,gone,adset{name,promoted_object{pixel_id}}").unwrap();
        assert_eq!(
            project(&node, &asked, "Adgroup").unwrap(),
            json!({"name": "n", "adset": {"name": "s", "promoted_object": {"pixel_id": "9"}, "id": "2"}, "id": "1"})
        );
        assert_eq!(
            project(&node, &fields("adset").unwrap(), "Adgroup").unwrap(),
            json!({"adset": {"id": "2"}, "id": "1"})
        );
        assert!(project(&node, &fields("adset{nope}").unwrap(), "Adgroup").is_err());
        for (wrong, code) in [
            ("a{b", 2500),
            ("a}b", 2500),
            ("a,,b", 2500),
            ("{a}", 2500),
            ("name.as(n)", 12),
            ("adset{name.as(n)}", 12),
            ("created_time.date_format(U)", 12),
            ("ads.limit(1){id}", 100),
        ] {
            assert_eq!(fields(wrong).unwrap_err().code, code, "{wrong}");
        }
    }

    #[test]
    fn a_form_and_a_query_and_a_body_are_merged() {
        let params = Params::of("a=1&b=x%20y", "application/json", br#"{"a": 2, "c": null}"#).unwrap();
        assert_eq!(params.whole("a").unwrap(), Some(2));
        assert_eq!(params.text("b").unwrap(), "x y");
        assert_eq!(params.whole("c").unwrap(), None);
        let form = Params::of("", "application/x-www-form-urlencoded", b"m=%7B%22a%22%3A1%7D&t=a+b").unwrap();
        assert_eq!(form.json("m").unwrap().unwrap(), json!({"a": 1}));
        assert_eq!(form.text("t").unwrap(), "a b");
        let body = b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\na b\r\n--b--\r\n";
        let parts = Params::of("t=x", "multipart/form-data; boundary=b", body).unwrap();
        assert_eq!(parts.text("t").unwrap(), "a b");
        assert!(Params::of("", "application/json", b"[1]").is_err());
    }
}
