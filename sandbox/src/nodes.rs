//! Ads, ad sets, campaigns and creatives: listed, read, changed, deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Map, Value, json};

use super::campaigns::{Campaign, Kind, Status};
use super::params::{self, Field, Params};
use super::reply::Refusal;
use super::route::{bad_cursor, limit_of, page_of};
use super::world::World;

/// The fields asked for; `id` if there are none.
pub fn asked(params: &Params) -> Result<Vec<Field>, Refusal> {
    params::fields(&params.text("fields").unwrap_or_default())
}

/// `GET /act_X/ads`: message campaigns among ordinary ads, newest first, without deleted and archived ones unless asked for.
/// Every third page is short, and some are empty although more follow, as may happen with Graph.
pub fn list(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    let asked = asked(params)?;
    let statuses = statuses(params)?;
    let limit = limit_of(params, 25, world.options.page_size.max(1))?;
    let (below, page) = match params.text("after") {
        None => (usize::MAX, 0),
        Some(cursor) => read_cursor(&cursor).ok_or_else(bad_cursor)?,
    };
    let limit = match page {
        _ if page % 5 == 2 => 0,
        _ if page % 3 == 1 => limit.div_ceil(2),
        _ => limit,
    };
    let campaigns = world.campaigns();
    let mut rows = campaigns.all().rev().filter(|(place, ad)| {
        let status = ad.switches().effective();
        *place < below
            && *ad.account == *account
            && statuses
                .as_ref()
                .map_or(status != "DELETED" && status != "ARCHIVED", |asked| asked.iter().any(|s| s == status))
    });
    let mut data = Vec::new();
    let mut first = below;
    let mut last = below;
    for (place, ad) in rows.by_ref().take(limit) {
        if data.is_empty() {
            first = place;
        }
        last = place;
        data.push(params::project(&ad_node(world, ad), &asked, "Adgroup")?);
    }
    let more = rows.next().is_some();
    let edge = format!("act_{account}/ads");
    Ok(page_of(world, &edge, &data, &cursor(first, page), &cursor(last, page + 1), more, params))
}

fn cursor(place: usize, page: usize) -> String {
    format!("QVFIU{place:x}Z{page:x}")
}

fn read_cursor(text: &str) -> Option<(usize, usize)> {
    let (place, page) = text.strip_prefix("QVFIU")?.split_once('Z')?;
    Some((usize::from_str_radix(place, 16).ok()?, usize::from_str_radix(page, 16).ok()?))
}

/// `effective_status`, or the same in `filtering`.
fn statuses(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    if let Some(list) = params.json("effective_status")? {
        return Ok(Some(words(&list)));
    }
    let filters = params.json("filtering")?;
    let filter = filters.as_ref().and_then(Value::as_array).and_then(|filters| {
        filters.iter().find(|filter| filter["field"].as_str().is_some_and(|field| field.ends_with("effective_status")))
    });
    Ok(filter.map(|filter| words(&filter["value"])))
}

/// `GET /<ID>`: an ad, ad set, campaign or creative.
pub fn read(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "get", id)?;
    let (node, name) = match kind {
        Kind::Ad => (ad_node(world, &campaign), "Adgroup"),
        Kind::AdSet => (ad_set_node(world, &campaign), "AdCampaign"),
        Kind::Campaign => (campaign_node(world, &campaign), "AdCampaignGroup"),
        Kind::Creative => (creative_node(&campaign), "AdCreative"),
    };
    params::project(&node, &asked(params)?, name)
}

/// `DELETE /<ID>`: deletes the object and everything below it.
pub fn delete(world: &World, id: &str) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "delete", id)?;
    if kind == Kind::Creative
        || status_of(&campaign, kind) == Status::Deleted
        || (kind == Kind::Ad && campaign.is_deleted())
    {
        return Err(Refusal::unknown_object("delete", id));
    }
    for below in below(kind) {
        campaign.set(*below, Status::Deleted);
    }
    world.stats.deleted.fetch_add(1, Relaxed);
    Ok(json!({ "success": true }))
}

const fn below(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Campaign => &[Kind::Campaign, Kind::AdSet, Kind::Ad],
        Kind::AdSet => &[Kind::AdSet, Kind::Ad],
        Kind::Ad => &[Kind::Ad],
        Kind::Creative => &[],
    }
}

/// `POST /<ID>` with `status`.
pub fn update(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "post", id)?;
    let status = params.text("status").ok_or_else(|| Refusal::parameter("The sandbox can change only the status"))?;
    let status = Status::named(&status).ok_or_else(|| Refusal::parameter("Invalid status"))?;
    if status_of(&campaign, kind) == Status::Deleted {
        return Err(Refusal::unknown_object("post", id));
    }
    campaign.set(kind, status);
    Ok(json!({ "success": true }))
}

fn status_of(campaign: &Campaign, kind: Kind) -> Status {
    let switches = campaign.switches();
    match kind {
        Kind::Ad | Kind::Creative => switches.ad,
        Kind::AdSet => switches.ad_set,
        Kind::Campaign => switches.campaign,
    }
}

pub fn find(world: &World, verb: &str, id: &str) -> Result<(Kind, Arc<Campaign>), Refusal> {
    world.campaigns().get(id).ok_or_else(|| Refusal::unknown_object(verb, id))
}

/// The fields that every node of an ad account has.
fn common(
    world: &World,
    campaign: &Campaign,
    id: &str,
    name: &str,
    status: Status,
    effective: &str,
) -> Map<String, Value> {
    let mut node = Map::new();
    for (field, value) in [
        ("id", json!(id)),
        ("name", json!(name)),
        ("account_id", json!(&*campaign.account)),
        ("status", json!(status.name())),
        ("configured_status", json!(status.name())),
        ("effective_status", json!(effective)),
        ("created_time", json!(world.show_time(campaign.created_at))),
        ("updated_time", json!(world.show_time(campaign.created_at))),
        ("issues_info", Value::Null),
        ("recommendations", Value::Null),
    ] {
        node.insert(field.to_owned(), value);
    }
    node
}

fn extended(mut node: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        node.extend(more);
    }
    Value::Object(node)
}

fn ad_node(world: &World, campaign: &Campaign) -> Value {
    let switches = campaign.switches();
    let node = common(world, campaign, &campaign.ad_id, &campaign.name, switches.ad, switches.effective());
    extended(
        node,
        json!({
            "adset_id": campaign.ad_set_id,
            "campaign_id": campaign.campaign_id,
            "adset": ad_set_node(world, campaign),
            "campaign": campaign_node(world, campaign),
            "creative": creative_node(campaign),
            "bid_amount": null,
            "preview_shareable_link": null,
            "source_ad_id": "0",
        }),
    )
}

fn ad_set_node(world: &World, campaign: &Campaign) -> Value {
    let switches = campaign.switches();
    let effective = match switches.campaign {
        Status::Deleted => "DELETED",
        Status::Paused if switches.ad_set == Status::Active => "CAMPAIGN_PAUSED",
        _ => switches.ad_set.name(),
    };
    let name = format!("{} message set", campaign.name);
    let node = common(world, campaign, &campaign.ad_set_id, &name, switches.ad_set, effective);
    let budget = campaign.lifetime_budget.or(campaign.daily_budget);
    let left = budget.map(|budget| (budget as f64 - world.cost_of(campaign)).max(0.0).floor() as i64);
    extended(
        node,
        json!({
            "campaign_id": campaign.campaign_id,
            "campaign": { "id": campaign.campaign_id, "name": campaign.name },
            "daily_budget": campaign.daily_budget.unwrap_or(0).to_string(),
            "lifetime_budget": campaign.lifetime_budget.unwrap_or(0).to_string(),
            "budget_remaining": left.map(|left| left.to_string()),
            "start_time": world.show_time(campaign.starts_at),
            "end_time": campaign.ends_at.map(|end| world.show_time(end)),
            "promoted_object": { "page_id": campaign.page, "pixel_id": campaign.pixel_id },
            "optimization_goal": if campaign.direct_send { "MESSAGING_DELIVERIES" } else { "LINK_CLICKS" },
            "billing_event": "IMPRESSIONS",
            "pacing_type": ["no_pacing"],
        }),
    )
}

fn campaign_node(world: &World, campaign: &Campaign) -> Value {
    let switches = campaign.switches();
    let node =
        common(world, campaign, &campaign.campaign_id, &campaign.name, switches.campaign, switches.campaign.name());
    extended(
        node,
        json!({
            "is_direct_send_campaign": campaign.direct_send,
            "is_message_campaign": campaign.direct_send,
            "objective": if campaign.direct_send { "OUTCOME_ENGAGEMENT" } else { "OUTCOME_TRAFFIC" },
            "buying_type": "AUCTION",
            "start_time": world.show_time(campaign.starts_at),
            "stop_time": campaign.ends_at.map(|end| world.show_time(end)),
            "daily_budget": null,
            "lifetime_budget": null,
            "spend_cap": null,
            "special_ad_categories": [],
        }),
    )
}

fn creative_node(campaign: &Campaign) -> Value {
    json!({
        "id": campaign.creative_id,
        "name": format!("{} creative", campaign.name),
        "account_id": &*campaign.account,
        "actor_id": campaign.page,
        "status": "ACTIVE",
        "object_type": "SHARE",
        "object_story_spec": null,
    })
}
