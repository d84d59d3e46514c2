//! Writes to one object. Graph drops parameters that an object does not own, and still says `success`: a budget that is sent to an ad
//! changes nothing.

use serde_json::{Value, json};

use super::bills;
use super::budgets::Budgets;
use super::campaigns::{Campaign, Kind};
use super::nodes::find;
use super::params::Params;
use super::reply::Refusal;
use super::terms::{Status, Terms};
use super::world::World;

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
/// An ad set's budget may change this often within an hour.
const CHANGES: usize = 4;

/// `POST /<ID>`: the status and the name of an ad, ad set or campaign; the budget and the end of an ad set.
pub fn update(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "post", id)?;
    if kind == Kind::Creative || campaign.switches().of(kind) == Status::Deleted {
        return Err(Refusal::unknown_object("post", id));
    }
    params.not_served(owned_but_not_served(kind))?;
    if kind == Kind::Campaign && !Budgets::asked(params)?.is_none() {
        return Err(Refusal::parameter("Can't use campaign budget if its ad sets have budgets").subcode(1_885_621));
    }
    let status = params
        .text("status")
        .map(|status| Status::named(&status).ok_or_else(|| Refusal::parameter("Invalid status")))
        .transpose()?;
    // All of it or nothing.
    let now = world.now();
    let mut terms = campaign.terms();
    let mut changed = terms.clone();
    if let Some(name) = params.text("name") {
        *changed.name(kind) = name;
    }
    if kind == Kind::AdSet {
        budget_and_end(world, &campaign, params, &mut changed, now)?;
    }
    if let Some(status) = status {
        if status == Status::Active && changed.switches.of(kind) != Status::Active {
            changed.switches.resumed_at = Some(now);
        }
        changed.set(kind, status);
    }
    *changed.updated(kind) = now;
    *terms = changed;
    Ok(json!({ "success": true }))
}

fn budget_and_end(
    world: &World,
    campaign: &Campaign,
    params: &Params,
    terms: &mut Terms,
    now: i64,
) -> Result<(), Refusal> {
    let ends_at = match params.text("end_time") {
        None => terms.ends_at,
        Some(text) => {
            let at = world.parse_time(&text).ok_or_else(|| Refusal::parameter("end_time is not a valid time"))?;
            if at <= campaign.starts_at.max(now) {
                return Err(Refusal::parameter("end_time must be after start_time"));
            }
            Some(at)
        }
    };
    terms.ends_at = ends_at;
    let budgets = Budgets::asked(params)?;
    if budgets.is_none() {
        return Ok(());
    }
    if budgets.lifetime.is_some() && ends_at.is_none() {
        return Err(Refusal::parameter("lifetime_budget needs an end_time").subcode(1_487_094).user(
            "The end date is missing",
            "Give end_time with lifetime_budget: an ad set with a lifetime budget must end.",
        ));
    }
    budgets.check(&world.options.currency, campaign.starts_at, ends_at)?;
    if budgets.lifetime.is_some_and(|lifetime| (lifetime as f64) < bills::of_campaign(campaign)) {
        return Err(Refusal::parameter("lifetime_budget is below what was spent")
            .subcode(1_885_272)
            .user("Your budget is too low", "The lifetime budget must be above the amount that was spent already."));
    }
    terms.budget_changes.retain(|at| *at > now - world.scaled(HOUR));
    if terms.budget_changes.len() >= CHANGES {
        return Err(Refusal::new(613).subcode(1_487_632).user(
            "The budget was changed too often",
            "An ad set's budget can be changed four times per hour. Try again later.",
        ));
    }
    terms.budget_changes.push(now);
    terms.budgets = budgets;
    Ok(())
}

/// What an object of this kind owns at Meta, while the sandbox can't change it.
fn owned_but_not_served(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ad | Kind::Creative => &[
            "creative",
            "bid_amount",
            "adlabels",
            "tracking_specs",
            "conversion_domain",
            "display_sequence",
            "ad_schedule_start_time",
            "ad_schedule_end_time",
            "execution_options",
        ],
        Kind::AdSet => &[
            "targeting",
            "bid_amount",
            "bid_strategy",
            "billing_event",
            "optimization_goal",
            "pacing_type",
            "promoted_object",
            "start_time",
            "daily_min_spend_target",
            "daily_spend_cap",
            "lifetime_min_spend_target",
            "lifetime_spend_cap",
            "budget_schedule_specs",
            "adset_schedule",
            "attribution_spec",
            "adlabels",
            "execution_options",
        ],
        Kind::Campaign => &[
            "spend_cap",
            "start_time",
            "stop_time",
            "bid_strategy",
            "pacing_type",
            "objective",
            "special_ad_categories",
            "budget_schedule_specs",
            "adlabels",
            "adset_budgets",
            "execution_options",
        ],
    }
}
