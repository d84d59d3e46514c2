//! Ads, ad sets, campaigns and creatives: read and deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Map, Value, json};

use super::bills;
use super::budgets::Budgets;
use super::campaigns::{Campaign, Kind};
use super::params::{self, Field, Params};
use super::reply::Refusal;
use super::terms::{Status, Terms};
use super::world::World;

/// The fields asked for; `id` if there are none.
pub fn asked(params: &Params) -> Result<Vec<Field>, Refusal> {
    params::fields(&params.text("fields").unwrap_or_default())
}

/// `GET /<ID>`: an ad, ad set, campaign or creative.
pub fn read(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "get", id)?;
    params::project(&node(world, &campaign, kind), &asked(params)?, type_of(kind))
}

/// Everything that can be read of an object.
pub fn node(world: &World, campaign: &Campaign, kind: Kind) -> Value {
    match kind {
        Kind::Ad => ad_node(world, campaign),
        Kind::AdSet => ad_set_node(world, campaign),
        Kind::Campaign => campaign_node(world, campaign),
        Kind::Creative => creative_node(campaign),
    }
}

/// What Graph calls this kind.
pub fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Ad => "Adgroup",
        Kind::AdSet => "AdCampaign",
        Kind::Campaign => "AdCampaignGroup",
        Kind::Creative => "AdCreative",
    }
}

/// `DELETE /<ID>`: deletes the object and everything below it.
pub fn delete(world: &World, id: &str) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "delete", id)?;
    if kind == Kind::Creative
        || campaign.switches().of(kind) == Status::Deleted
        || (kind == Kind::Ad && campaign.is_deleted())
    {
        return Err(Refusal::unknown_object("delete", id));
    }
    let mut terms = campaign.terms();
    for below in below(kind) {
        terms.set(*below, Status::Deleted);
    }
    drop(terms);
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

pub fn find(world: &World, verb: &str, id: &str) -> Result<(Kind, Arc<Campaign>), Refusal> {
    world.campaigns().get(id).ok_or_else(|| Refusal::unknown_object(verb, id))
}

/// The fields that every node of an ad account has.
fn common(world: &World, campaign: &Campaign, terms: &mut Terms, kind: Kind, effective: &str) -> Map<String, Value> {
    let status = terms.switches.of(kind).name();
    let mut node = Map::new();
    for (field, value) in [
        ("id", json!(campaign.id(kind))),
        ("name", json!(terms.name(kind))),
        ("account_id", json!(&*campaign.account)),
        ("status", json!(status)),
        ("configured_status", json!(status)),
        ("effective_status", json!(effective)),
        ("created_time", json!(world.show_time(campaign.created_at))),
        ("updated_time", json!(world.show_time(*terms.updated(kind)))),
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
    let mut terms = campaign.terms().clone();
    let effective = terms.switches.effective();
    let node = common(world, campaign, &mut terms, Kind::Ad, effective);
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
    let mut terms = campaign.terms().clone();
    let effective = terms.switches.effective_set();
    let node = common(world, campaign, &mut terms, Kind::AdSet, effective);
    let Budgets { daily, lifetime } = terms.budgets;
    let budget = lifetime.or(daily);
    let left = budget.map(|budget| (budget as f64 - bills::of_campaign(campaign)).max(0.0).floor() as i64);
    extended(
        node,
        json!({
            "campaign_id": campaign.campaign_id,
            "campaign": { "id": campaign.campaign_id, "name": terms.names.campaign },
            "daily_budget": daily.unwrap_or(0).to_string(),
            "lifetime_budget": lifetime.unwrap_or(0).to_string(),
            "budget_remaining": left.map(|left| left.to_string()),
            "start_time": world.show_time(campaign.starts_at),
            "end_time": terms.ends_at.map(|end| world.show_time(end)),
            "promoted_object": { "page_id": campaign.page, "pixel_id": campaign.pixel_id },
            "optimization_goal": if campaign.direct_send { "MESSAGING_DELIVERIES" } else { "LINK_CLICKS" },
            "billing_event": "IMPRESSIONS",
            "pacing_type": ["no_pacing"],
        }),
    )
}

fn campaign_node(world: &World, campaign: &Campaign) -> Value {
    let mut terms = campaign.terms().clone();
    let effective = terms.switches.campaign.name();
    let node = common(world, campaign, &mut terms, Kind::Campaign, effective);
    extended(
        node,
        json!({
            "is_direct_send_campaign": campaign.direct_send,
            "is_message_campaign": campaign.messages,
            "objective": if campaign.direct_send { "OUTCOME_ENGAGEMENT" } else { "OUTCOME_TRAFFIC" },
            "buying_type": "AUCTION",
            "start_time": world.show_time(campaign.starts_at),
            "stop_time": terms.ends_at.map(|end| world.show_time(end)),
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
        "name": format!("{} creative", campaign.terms().names.ad),
        "account_id": &*campaign.account,
        "actor_id": campaign.page,
        "status": "ACTIVE",
        "object_type": "SHARE",
        "object_story_spec": null,
    })
}
