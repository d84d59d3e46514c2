//! The ad account, its minimum budgets and estimates, and whose token it is.

use serde_json::{Value, json};

use super::auth::Who;
use super::budgets::{Budgets, minimum_daily};
use super::chance;
use super::clock;
use super::nodes::asked;
use super::paging::paged;
use super::params::{self, Params};
use super::reply::Refusal;
use super::world::World;

const SCOPES: [&str; 7] = [
    "ads_management",
    "ads_read",
    "business_management",
    "pages_manage_metadata",
    "pages_messaging",
    "paid_marketing_messages",
    "pages_show_list",
];

fn account(world: &World, id: &str) -> Value {
    let spent: f64 =
        world.campaigns().all().filter(|(_, ad)| *ad.account == *id).map(|(_, ad)| world.cost_of(ad)).sum();
    let now = clock::timestamp(world.now());
    let hours = f64::from(world.zone.to_offset(now).seconds()) / 3600.0;
    json!({
        "id": format!("act_{id}"),
        "account_id": id,
        "name": "Sandbox ad account",
        "currency": world.options.currency,
        "timezone_name": world.options.time_zone,
        "timezone_id": 7,
        "timezone_offset_hours_utc": hours,
        "account_status": world.options.account_status,
        "disable_reason": 0,
        "amount_spent": (spent.round() as i64).to_string(),
        "balance": "0",
        "spend_cap": "0",
        "min_daily_budget": minimum_daily(&world.options.currency),
        "created_time": "2024-05-02T09:30:00-0400",
        "business": { "id": business(world), "name": "Sandbox business" },
        "business_name": "Sandbox business",
        "owner": business(world),
        "funding_source": "1203005",
        "funding_source_details": { "id": "1203005", "display_string": "Sandbox card", "type": 1 },
        "capabilities": [],
        "tos_accepted": { "206760949512025": 1 },
        "user_tasks": ["DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"],
    })
}

fn business(world: &World) -> String {
    chance::digits("8", 15, chance::draw(world.options.seed, "id", "business", 0))
}

/// `GET /act_X`.
pub fn node(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    params::project(&account(world, id), &asked(params)?, "AdAccount")
}

/// `GET /me/adaccounts`.
pub fn list(world: &World, params: &Params) -> Result<Value, Refusal> {
    let asked = asked(params)?;
    let rows: Result<Vec<Value>, Refusal> = world
        .options
        .ad_accounts
        .iter()
        .map(|id| {
            let mut row = params::project(&account(world, id), &asked, "AdAccount")?;
            row["account_id"] = json!(id);
            Ok(row)
        })
        .collect();
    paged(world, "me/adaccounts", &rows?, params)
}

/// `GET /act_X/minimum_budgets`: rows for several currencies, including the account's.
pub fn minimum_budgets(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    params.not_served(&["bid_amount"])?;
    let asked = asked(params)?;
    let mut currencies = vec!["BRL", "INR", "JPY", "THB", "TWD", "USD", "VND"];
    if !currencies.contains(&world.options.currency.as_str()) {
        currencies.push(&world.options.currency);
    }
    let rows: Result<Vec<Value>, Refusal> = currencies
        .into_iter()
        .map(|currency| {
            let least = minimum_daily(currency);
            let row = json!({
                "currency": currency,
                "min_daily_budget_imp": least,
                "min_daily_budget_high_freq": least * 5,
                "min_daily_budget_low_freq": least * 40,
                "min_daily_budget_video_views": least,
            });
            if asked.is_empty() { Ok(row) } else { params::project(&row, &asked, "MinimumBudget") }
        })
        .collect();
    paged(world, &format!("act_{account}/minimum_budgets"), &rows?, params)
}

/// `GET /act_X/message_delivery_estimate`.
pub fn estimate(params: &Params) -> Result<Value, Refusal> {
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
    let Budgets { daily, lifetime } = Budgets::asked(params)?;
    let spend = lifetime.or_else(|| daily.map(|daily| daily.saturating_mul(days))).unwrap_or(20_000);
    let node = json!({
        "estimate_delivery_lower_bound": spend / 2,
        "estimate_delivery_upper_bound": spend.saturating_mul(9) / 10,
        "estimate_cost_lower_bound": spend / 2,
        "estimate_cost_upper_bound": spend,
    });
    Ok(json!({ "data": [params::project(&node, &asked(params)?, "MessageDeliveryEstimate")?] }))
}

/// `GET /debug_token`.
pub fn debug_token(world: &World, params: &Params) -> Result<Value, Refusal> {
    let known = &world.credentials;
    let token =
        params.text("input_token").ok_or_else(|| Refusal::parameter("The parameter input_token is required"))?;
    let kind = if token == known.token {
        "SYSTEM_USER"
    } else if token == known.page_token {
        "PAGE"
    } else {
        return Ok(json!({ "data": {
            "app_id": known.app_id,
            "is_valid": false,
            "error": { "code": 190, "message": "Invalid OAuth access token.", "subcode": 467 },
            "scopes": [],
        } }));
    };
    let issued = world.now() / 1000 - 86_400;
    let pages: Vec<&String> = world.options.pages.iter().collect();
    let granular: Vec<Value> = SCOPES
        .iter()
        .map(|scope| {
            if scope.starts_with("ads") {
                json!({ "scope": scope })
            } else {
                json!({ "scope": scope, "target_ids": pages })
            }
        })
        .collect();
    Ok(json!({ "data": {
        "app_id": known.app_id,
        "type": kind,
        "application": "Sandbox app",
        "data_access_expires_at": 0,
        "expires_at": 0,
        "is_valid": true,
        "issued_at": issued,
        "scopes": SCOPES,
        "granular_scopes": granular,
        "user_id": user(world),
    } }))
}

fn user(world: &World) -> String {
    chance::digits("1221", 13, chance::draw(world.options.seed, "id", "user", 0))
}

/// `GET /me`.
pub fn me(world: &World, who: Who, params: &Params) -> Result<Value, Refusal> {
    let node = match who {
        Who::SystemUser => json!({ "id": user(world), "name": "Sandbox system user" }),
        Who::Page => json!({ "id": world.options.pages.first(), "name": "Sandbox Page" }),
        Who::App => json!({ "id": world.credentials.app_id, "name": "Sandbox app" }),
    };
    let mut asked = asked(params)?;
    if asked.is_empty() {
        asked = params::fields("id,name")?;
    }
    params::project(&node, &asked, "User")
}

/// `GET /me/permissions`.
pub fn permissions() -> Value {
    let rows: Vec<Value> = SCOPES.iter().map(|scope| json!({ "permission": scope, "status": "granted" })).collect();
    json!({ "data": rows })
}
