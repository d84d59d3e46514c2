//! `filtering` of lists and insights.

use serde_json::Value;

use super::params::Params;
use super::reply::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Contain,
    NotContain,
    GreaterThan,
    LessThan,
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Filter {
    /// As a path in the node, without the kind of the list itself.
    pub field: String,
    operator: Operator,
    value: Value,
}

impl Filter {
    /// The conditions of a call. `own` is what fields of the list's own kind may begin with (`ad.`); `known` are the fields that can
    /// be asked for.
    pub fn all(params: &Params, own: &str, known: &[&str]) -> Result<Vec<Self>, Refusal> {
        let Some(filters) = params.json("filtering")? else { return Ok(Vec::new()) };
        let filters = filters.as_array().ok_or_else(|| Refusal::parameter("param filtering must be an array"))?;
        filters.iter().map(|filter| Self::read(filter, own, known)).collect()
    }

    fn read(filter: &Value, own: &str, known: &[&str]) -> Result<Self, Refusal> {
        let missing = || Refusal::parameter("Each filter of filtering needs field, operator and value");
        let named = filter["field"].as_str().ok_or_else(missing)?;
        let operator = filter["operator"].as_str().ok_or_else(missing)?;
        let value = filter.get("value").cloned().ok_or_else(missing)?;
        let field = named.strip_prefix(own).unwrap_or(named);
        let unsupported = || {
            Refusal::parameter(format!(
                "Filtering field '{named}' with operation '{}' is not supported",
                operator.to_lowercase()
            ))
        };
        if !known.contains(&field) {
            return Err(unsupported());
        }
        let operator = match operator {
            "EQUAL" => Operator::Equal,
            "NOT_EQUAL" => Operator::NotEqual,
            "IN" => Operator::In,
            "NOT_IN" => Operator::NotIn,
            "CONTAIN" => Operator::Contain,
            "NOT_CONTAIN" => Operator::NotContain,
            "GREATER_THAN" => Operator::GreaterThan,
            "LESS_THAN" => Operator::LessThan,
            _ => return Err(unsupported()),
        };
        if matches!(operator, Operator::In | Operator::NotIn) != value.is_array() {
            return Err(unsupported());
        }
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) && number(&value).is_none() {
            return Err(unsupported());
        }
        Ok(Self { field: field.to_owned(), operator, value })
    }

    /// Whether the filter's field of this node passes. A time is a number of seconds since 1970.
    pub fn holds(&self, node: &Value) -> bool {
        // A row of insights has `campaign_id` where a node has `campaign{id}`.
        let flat = &node[self.field.replace('.', "_")];
        let found = if flat.is_null() { self.field.split('.').fold(node, |node, name| &node[name]) } else { flat };
        let text = words(found);
        match self.operator {
            Operator::Equal => text == words(&self.value),
            Operator::NotEqual => text != words(&self.value),
            Operator::In => self.listed(&text),
            Operator::NotIn => !self.listed(&text),
            Operator::Contain => contains(&text, &words(&self.value)),
            Operator::NotContain => !contains(&text, &words(&self.value)),
            Operator::GreaterThan => self.compared(found).is_some_and(std::cmp::Ordering::is_gt),
            Operator::LessThan => self.compared(found).is_some_and(std::cmp::Ordering::is_lt),
        }
    }

    fn listed(&self, text: &str) -> bool {
        self.value.as_array().is_some_and(|list| list.iter().any(|value| words(value) == text))
    }

    fn compared(&self, found: &Value) -> Option<std::cmp::Ordering> {
        number(found)?.partial_cmp(&number(&self.value)?)
    }
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// A number, or a time that Graph wrote.
pub fn number(value: &Value) -> Option<f64> {
    let text = words(value);
    text.parse().ok().or_else(|| {
        let at = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", &text).ok()?.to_timestamp().ok()?;
        Some(at.as_second() as f64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filters(filtering: Value) -> Result<Vec<Filter>, Refusal> {
        let params = Params([("filtering".to_owned(), json!(filtering.to_string()))].into_iter().collect());
        Filter::all(&params, "ad.", &["name", "effective_status", "campaign.id", "created_time"])
    }

    #[test]
    fn each_operator_keeps_what_it_says() {
        let node = json!({"name": "Spring sale", "effective_status": "ACTIVE", "campaign": {"id": "7"},
            "created_time": "2026-11-24T03:15:00-0500"});
        for (field, operator, value, wanted) in [
            ("name", "EQUAL", json!("Spring sale"), true),
            ("ad.name", "NOT_EQUAL", json!("Spring sale"), false),
            ("name", "CONTAIN", json!("SPRING"), true),
            ("name", "NOT_CONTAIN", json!("autumn"), true),
            ("effective_status", "IN", json!(["PAUSED", "ACTIVE"]), true),
            ("effective_status", "NOT_IN", json!(["ACTIVE"]), false),
            ("campaign.id", "EQUAL", json!(7), true),
            ("created_time", "GREATER_THAN", json!(1_763_000_000), true),
            ("created_time", "LESS_THAN", json!("1763000000"), false),
        ] {
            let filters = filters(json!([{"field": field, "operator": operator, "value": value}])).unwrap();
            assert_eq!(filters[0].holds(&node), wanted, "{field} {operator} {value}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in [
            json!({"field": "name"}),
            json!([{"field": "name", "operator": "EQUAL"}]),
            json!([{"field": "nonsense", "operator": "EQUAL", "value": "x"}]),
            json!([{"field": "name", "operator": "RESEMBLES", "value": "x"}]),
            json!([{"field": "name", "operator": "IN", "value": "x"}]),
            json!([{"field": "name", "operator": "EQUAL", "value": ["x"]}]),
            json!([{"field": "created_time", "operator": "GREATER_THAN", "value": "x"}]),
        ] {
            assert_eq!(filters(wrong.clone()).unwrap_err().code, 100, "{wrong}");
        }
    }
}
