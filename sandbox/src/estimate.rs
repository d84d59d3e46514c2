//! Estimates of deliveries and costs: what a campaign to everybody on the Page's token list is going to be billed here, as long as no
//! faults are turned on, and `--enforce-budget` is where a budget is given.

use serde_json::{Value, json};

use super::bills;
use super::budgets::Budgets;
use super::campaigns::Kind;
use super::nodes::{asked, find};
use super::params::{self, Params};
use super::reply::Refusal;
use super::world::World;

const DAY: i64 = 86_400_000;

/// `GET /act_X/message_delivery_estimate`.
pub fn of_account(world: &World, params: &Params) -> Result<Value, Refusal> {
    params.not_served(&["bid_amount", "optimization_goal"])?;
    let promoted = params.json("promoted_object")?.unwrap_or_default();
    if promoted["page_id"].is_null() {
        return Err(Refusal::parameter("The parameter promoted_object.page_id is required"));
    }
    let targeting = params.json("targeting_spec")?.unwrap_or_default();
    if targeting["messenger_positions"]
        .as_array()
        .is_none_or(|positions| !positions.contains(&json!("marketing_messages")))
    {
        return Err(Refusal::parameter("targeting_spec must name messenger_positions marketing_messages"));
    }
    if params.text("is_direct_send_campaign").or_else(|| Some(params.0.get("is_direct_send_campaign")?.to_string()))
        != Some("true".to_owned())
    {
        return Err(Refusal::parameter("The parameter is_direct_send_campaign must be true"));
    }
    let days = params.whole("lifetime_in_days")?.unwrap_or(30).max(1);
    shown(world, Budgets::asked(params)?, days, params)
}

/// `GET /<AD_SET>/message_delivery_estimate`, by the budget and the days of the ad set. Inferred: it needs no other parameters.
pub fn of_ad_set(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (kind, campaign) = find(world, "get", id)?;
    if kind != Kind::AdSet {
        return Err(params::no_field("message_delivery_estimate", super::nodes::type_of(kind)));
    }
    let (budgets, ends_at) = {
        let terms = campaign.terms();
        (terms.budgets, terms.ends_at)
    };
    let days = ends_at.map_or(30, |end| (end - campaign.starts_at + DAY - 1) / DAY).max(1);
    shown(world, budgets, days, params)
}

fn shown(world: &World, Budgets { daily, lifetime }: Budgets, days: i64, params: &Params) -> Result<Value, Refusal> {
    let budget = lifetime.or_else(|| daily.map(|daily| daily.saturating_mul(days)));
    if budget.is_some_and(|budget| budget <= 0) {
        return Err(Refusal::parameter("The budget must be greater than 0"));
    }
    let Range { delivered: (least, most), cost: (cheap, dear) } =
        ranged(reach(world), bills::prices(world), budget.map(|budget| budget as f64));
    let node = json!({
        "estimate_delivery_lower_bound": least as i64,
        "estimate_delivery_upper_bound": most as i64,
        "estimate_cost_lower_bound": cheap as i64,
        "estimate_cost_upper_bound": dear as i64,
        // Only the SDKs know these. Inferred: the middle of each range.
        "estimate_delivery": f64::midpoint(least, most) as i64,
        "estimate_cost": f64::midpoint(cheap, dear) as i64,
        "estimate_coverage_lower_bound": null,
        "estimate_coverage_upper_bound": null,
        "estimate_status": null,
    });
    Ok(json!({ "data": [params::project(&node, &asked(params)?, "MessageDeliveryEstimate")?] }))
}

/// How many deliveries one message to everybody has, at least and at most.
fn reach(world: &World) -> (f64, f64) {
    let options = &world.options;
    let (crowd, hooks) = (&options.crowd, &options.webhooks);
    let all = options.subscribers as f64;
    let stays = (1.0 - crowd.stopped) * (1.0 - hooks.failed) * hooks.delivered;
    // Custom audiences hide neither expired nor ineligible people, and a second token may be left out or not.
    let most = stays * (1.0 - crowd.expired * (1.0 - options.custom_audience));
    let least = stays * (1.0 - crowd.expired - crowd.ineligible).max(0.0) * (1.0 - crowd.doubled);
    // Four standard deviations: the counts are drawn by chance, and by the seed.
    let off = |share: f64| 4.0 * (all * share * (1.0 - share)).max(0.0).sqrt();
    ((all * least - off(least)).max(0.0).floor(), (all * most + off(most)).min(all).ceil())
}

#[derive(Debug, PartialEq)]
struct Range {
    delivered: (f64, f64),
    cost: (f64, f64),
}

/// The ranges for so many deliveries at these prices, within a budget: the last one may leave up to a price of it.
fn ranged(reach: (f64, f64), (cheap, dear): (f64, f64), budget: Option<f64>) -> Range {
    let (least, most) = reach;
    let Some(budget) = budget else {
        return Range { delivered: reach, cost: ((least * cheap).floor(), (most * dear).ceil()) };
    };
    let left = (budget - dear).max(0.0);
    let per = |budget: f64, price: f64| if price > 0.0 { budget / price } else { f64::INFINITY };
    Range {
        delivered: (least.min(per(left, dear)).floor(), most.min(per(budget, cheap)).ceil()),
        cost: ((least * cheap).min(left).floor(), (most * dear).min(budget).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_people_and_budget_counts() {
        for (reach, prices, budget, wanted) in [
            ((80.0, 100.0), (1.0, 2.0), None, Range { delivered: (80.0, 100.0), cost: (80.0, 200.0) }),
            ((80.0, 100.0), (1.0, 2.0), Some(1000.0), Range { delivered: (80.0, 100.0), cost: (80.0, 200.0) }),
            ((80.0, 100.0), (1.0, 2.0), Some(50.0), Range { delivered: (24.0, 50.0), cost: (48.0, 50.0) }),
            ((80.0, 100.0), (3.0, 3.0), Some(2.0), Range { delivered: (0.0, 1.0), cost: (0.0, 2.0) }),
            ((0.0, 0.0), (1.0, 2.0), Some(50.0), Range { delivered: (0.0, 0.0), cost: (0.0, 0.0) }),
            ((80.0, 100.0), (0.0, 0.0), Some(50.0), Range { delivered: (80.0, 100.0), cost: (0.0, 0.0) }),
        ] {
            assert_eq!(ranged(reach, prices, budget), wanted, "{reach:?} {prices:?} {budget:?}");
        }
    }
}
