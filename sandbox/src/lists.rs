//! Lists of ads, ad sets and campaigns: of an ad account, or of an object above them.

use super::campaigns::{Campaign, Kind};
use super::filter::Filter;
use super::nodes;
use super::paging::{From, Page, bad_cursor, limit_of, page_of};
use super::params::{self, Params};
use super::reply::Refusal;
use super::world::World;
use serde_json::{Value, json};

/// What Graph has and the sandbox has not.
const NOT_SERVED: &[&str] =
    &["date_preset", "time_range", "is_completed", "ad_draft_id", "offset", "default_summary", "__paging_token"];

/// The kind of object that an edge lists.
pub fn kind_of(edge: &str) -> Option<Kind> {
    match edge {
        "ads" => Some(Kind::Ad),
        "adsets" => Some(Kind::AdSet),
        "campaigns" => Some(Kind::Campaign),
        _ => None,
    }
}

/// `GET /act_X/ads`, `/adsets`, `/campaigns`.
pub fn of_account(world: &World, account: &str, kind: Kind, edge: &str, params: &Params) -> Result<Value, Refusal> {
    list(world, &format!("act_{account}/{edge}"), kind, params, |ad| *ad.account == *account)
}

/// `GET /<CAMPAIGN>/ads`, `/<CAMPAIGN>/adsets`, `/<AD_SET>/ads`.
pub fn of_object(world: &World, id: &str, edge: &str, params: &Params) -> Result<Value, Refusal> {
    let (above, _) = nodes::find(world, "get", id)?;
    let kind = match (above, kind_of(edge)) {
        (Kind::Campaign, Some(kind @ (Kind::Ad | Kind::AdSet))) | (Kind::AdSet, Some(kind @ Kind::Ad)) => kind,
        _ => return Err(params::no_field(edge, nodes::type_of(above))),
    };
    list(world, &format!("{id}/{edge}"), kind, params, |ad| ad.id(above) == id)
}

/// Newest first, message campaigns among ordinary ads, without deleted and archived ones unless asked for. Every third page is short,
/// and some are empty although more follow, as may happen with Graph.
fn list(
    world: &World,
    edge: &str,
    kind: Kind,
    params: &Params,
    ours: impl Fn(&Campaign) -> bool,
) -> Result<Value, Refusal> {
    params.not_served(NOT_SERVED)?;
    let asked = nodes::asked(params)?;
    let wanted = Wanted::of(kind, params)?;
    let limit = limit_of(params, 25, world.options.page_size.max(1))?;
    let read = |cursor: &str| read_cursor(cursor).ok_or_else(bad_cursor);
    // A boundary is a place in the order of creation: what comes after it has a lower place, what comes before it has that or a higher.
    let (boundary, page, backwards) = match From::of(params)? {
        From::Start => (usize::MAX, 0, false),
        From::After(cursor) => {
            let (boundary, page) = read(&cursor)?;
            (boundary, page, false)
        }
        From::Before(cursor) => {
            let (boundary, page) = read(&cursor)?;
            (boundary, page.saturating_sub(1), true)
        }
    };
    let listed_until = world.now() - world.scaled(world.options.list_lag);
    let campaigns = world.campaigns();
    let mut places = Vec::new();
    let mut total = 0;
    for (place, ad) in campaigns.all().rev().filter(|(_, ad)| ours(ad) && ad.created_at <= listed_until) {
        let node = nodes::node(world, ad, kind);
        if wanted.holds(&node) {
            total += 1;
            places.push((place, node));
        }
    }
    let at = places.partition_point(|(place, _)| *place >= boundary);
    let (from, end) = if backwards {
        (at.saturating_sub(limit), at)
    } else {
        let limit = match page {
            _ if page % 5 == 2 => 0,
            _ if page % 3 == 1 => limit.div_ceil(2),
            _ => limit,
        };
        (at, (at + limit).min(places.len()))
    };
    let mut rows = Vec::new();
    for (_, node) in places.get(from..end).unwrap_or_default() {
        rows.push(params::project(node, &asked, nodes::type_of(kind))?);
    }
    let first = places.get(from).filter(|_| from < end).map_or(boundary, |(place, _)| place + 1);
    let last = places.get(end.wrapping_sub(1)).filter(|_| from < end).map_or(boundary, |(place, _)| *place);
    let page = Page {
        rows,
        before: cursor(first, page),
        after: cursor(last, page + 1),
        earlier: from > 0,
        more: end < places.len(),
    };
    let mut answer = page_of(world, edge, page, params);
    if params.text("summary").is_some_and(|summary| summary != "false") {
        answer["summary"] = json!({ "total_count": total });
    }
    Ok(answer)
}

/// Which rows a call wants.
struct Wanted {
    statuses: Option<Vec<String>>,
    /// Whether deleted and archived ones are left out.
    alive: bool,
    updated_since: Option<i64>,
    filters: Vec<Filter>,
}

impl Wanted {
    fn of(kind: Kind, params: &Params) -> Result<Self, Refusal> {
        let statuses = match params.json("effective_status")? {
            None => None,
            Some(Value::Array(list)) => {
                Some(list.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect())
            }
            Some(_) => return Err(Refusal::parameter("param effective_status must be an array")),
        };
        let (own, known): (_, &[&str]) = match kind {
            Kind::Ad => (
                "ad.",
                &[
                    "id",
                    "name",
                    "effective_status",
                    "created_time",
                    "updated_time",
                    "adset.id",
                    "adset.name",
                    "adset.effective_status",
                    "campaign.id",
                    "campaign.name",
                    "campaign.effective_status",
                ],
            ),
            Kind::AdSet => (
                "adset.",
                &["id", "name", "effective_status", "created_time", "updated_time", "campaign.id", "campaign.name"],
            ),
            Kind::Campaign | Kind::Creative => {
                ("campaign.", &["id", "name", "effective_status", "created_time", "updated_time", "objective"])
            }
        };
        let filters = Filter::all(params, own, known)?;
        let alive = statuses.is_none() && !filters.iter().any(|filter| filter.field == "effective_status");
        Ok(Self { statuses, alive, updated_since: params.whole("updated_since")?, filters })
    }

    fn holds(&self, node: &Value) -> bool {
        let status = node["effective_status"].as_str().unwrap_or_default();
        let alive = !self.alive || !matches!(status, "DELETED" | "ARCHIVED");
        let listed = self.statuses.as_ref().is_none_or(|asked| asked.iter().any(|asked| asked == status));
        alive && listed && self.recent(node) && self.filters.iter().all(|filter| filter.holds(node))
    }

    fn recent(&self, node: &Value) -> bool {
        let Some(since) = self.updated_since else { return true };
        super::filter::number(&node["updated_time"]).is_some_and(|updated| updated >= since as f64)
    }
}

fn cursor(place: usize, page: usize) -> String {
    format!("QVFIU{place:x}Z{page:x}")
}

fn read_cursor(text: &str) -> Option<(usize, usize)> {
    let (place, page) = text.strip_prefix("QVFIU")?.split_once('Z')?;
    Some((usize::from_str_radix(place, 16).ok()?, usize::from_str_radix(page, 16).ok()?))
}
