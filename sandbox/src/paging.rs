//! Pages of lists, with cursors in both directions.

use serde_json::{Map, Value, json};

use super::params::Params;
use super::reply::Refusal;
use super::world::World;

/// Where a page was cut out of its list.
pub struct Page {
    pub rows: Vec<Value>,
    pub before: String,
    pub after: String,
    /// Whether rows come before it, and after it.
    pub earlier: bool,
    pub more: bool,
}

/// The cursor that a call goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Start,
    After(String),
    Before(String),
}

impl From {
    pub fn of(params: &Params) -> Result<Self, Refusal> {
        match (params.text("after"), params.text("before")) {
            (None, None) => Ok(Self::Start),
            (Some(after), None) => Ok(Self::After(after)),
            (None, Some(before)) => Ok(Self::Before(before)),
            (Some(_), Some(_)) => Err(Refusal::parameter("Cannot specify both before and after")),
        }
    }
}

/// The rows of a list of `all` rows that a call asks for: the first, and the one after the last.
pub fn window(params: &Params, prefix: &str, limit: u64, all: u64) -> Result<(u64, u64), Refusal> {
    let place = |cursor: &str| cursor.strip_prefix(prefix).and_then(|n| n.parse::<u64>().ok()).ok_or_else(bad_cursor);
    Ok(match From::of(params)? {
        From::Start => (0, limit.min(all)),
        From::After(cursor) => {
            let from = place(&cursor)?.min(all);
            (from, from.saturating_add(limit).min(all))
        }
        From::Before(cursor) => {
            let end = place(&cursor)?.min(all);
            (end.saturating_sub(limit), end)
        }
    })
}

/// Pages a list by `limit` and cursors; `rows` are in order.
pub fn paged(world: &World, edge: &str, rows: &[Value], params: &Params) -> Result<Value, Refusal> {
    const PREFIX: &str = "QVFI";
    let limit = limit_of(params, 25, world.options.page_size.max(1))?;
    let (from, end) = window(params, PREFIX, limit as u64, rows.len() as u64)?;
    let page = Page {
        rows: rows.get(from as usize..end as usize).unwrap_or_default().to_vec(),
        before: format!("{PREFIX}{from}"),
        after: format!("{PREFIX}{end}"),
        earlier: from > 0,
        more: end < rows.len() as u64,
    };
    Ok(page_of(world, edge, page, params))
}

pub fn limit_of(params: &Params, default: usize, most: usize) -> Result<usize, Refusal> {
    match params.whole("limit")? {
        None => Ok(default.min(most)),
        Some(limit) if limit < 1 => Err(Refusal::parameter("Param limit must be positive")),
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(most).min(most)),
    }
}

pub fn bad_cursor() -> Refusal {
    Refusal::parameter("Invalid cursors values. You may use paging parameters incorrectly")
}

/// One page with its cursors. As in Graph, `next` and `previous` contain the access token: clients must not follow them.
pub fn page_of(world: &World, edge: &str, page: Page, params: &Params) -> Value {
    let Page { rows, before, after, earlier, more } = page;
    let mut paging = Map::new();
    if !rows.is_empty() || more || earlier {
        paging.insert("cursors".to_owned(), json!({ "before": before, "after": after }));
    }
    if more {
        paging.insert("next".to_owned(), json!(address(world, edge, params, "after", &after)));
    }
    if earlier {
        paging.insert("previous".to_owned(), json!(address(world, edge, params, "before", &before)));
    }
    let mut answer = json!({ "data": rows });
    if !paging.is_empty() {
        answer["paging"] = Value::Object(paging);
    }
    answer
}

fn address(world: &World, edge: &str, params: &Params, direction: &str, cursor: &str) -> String {
    let known = &world.credentials;
    let token = if edge.ends_with("_tokens") { &known.page_token } else { &known.token };
    let mut address = format!("{}/v26.0/{edge}?access_token={token}", world.base);
    for (name, value) in params.0.iter().filter(|(name, _)| !matches!(name.as_str(), "after" | "before")) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
        address.push_str(&format!("&{name}={value}"));
    }
    address.push_str(&format!("&{direction}={cursor}"));
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_go_both_ways() {
        let with = |name: &str, cursor: &str| Params([(name.to_owned(), json!(cursor))].into_iter().collect());
        for (params, wanted) in [
            (Params::default(), (0, 3)),
            (with("after", "C3"), (3, 6)),
            (with("after", "C9"), (9, 10)),
            (with("after", "C99"), (10, 10)),
            (with("before", "C6"), (3, 6)),
            (with("before", "C2"), (0, 2)),
            (with("before", "C0"), (0, 0)),
        ] {
            assert_eq!(window(&params, "C", 3, 10).unwrap(), wanted, "{params:?}");
        }
        let mut both = with("after", "C3");
        both.0.insert("before".to_owned(), json!("C3"));
        for wrong in [with("after", "nonsense"), with("before", "D3"), both] {
            assert!(window(&wrong, "C", 3, 10).is_err(), "{wrong:?}");
        }
    }
}
