//! The ad account, its minimum budgets and estimates, and whose token it is.

use serde_json::{Value, json};

use super::auth::{self, Who};
use super::bills;
use super::budgets::{minimum_daily, offset};
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
    let spent = bills::of_account(world, id);
    let money = &world.options.money;
    let left = money.prepaid.map(|prepaid| (prepaid as f64 - spent).max(0.0).floor());
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
        // Of the published reasons, for one that is disabled: the integrity of its ads.
        "disable_reason": i64::from(world.options.account_status == 2),
        "amount_spent": (spent.round() as i64).to_string(),
        // The amount due. Inferred: a prepaid account owes nothing.
        "balance": if left.is_some() { "0".to_owned() } else { (spent.round() as i64).to_string() },
        "spend_cap": money.spend_cap.unwrap_or(0).to_string(),
        "is_prepay_account": left.is_some(),
        "min_daily_budget": minimum_daily(&world.options.currency),
        "created_time": "2024-05-02T09:30:00-0400",
        "business": { "id": business(world), "name": "Sandbox business" },
        "business_name": "Sandbox business",
        "business_country_code": world.options.country,
        "owner": business(world),
        "funding_source": "1203005",
        "funding_source_details": match left {
            None => json!({ "id": "1203005", "display_string": "Sandbox card", "type": 1 }),
            // Inferred: the balance is told in words, as in Ads Manager.
            Some(left) => {
                let left = format!("Available balance ({:.2} {})", left / offset(&world.options.currency), world.options.currency);
                json!({ "id": "1203005", "display_string": left, "type": 20 })
            }
        },
        "capabilities": [],
        "tos_accepted": if world.options.terms_not_accepted { json!({}) } else {
            json!({ "custom_audience_tos": 1, "web_custom_audience_tos": 1 })
        },
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
    let dials = world.dials();
    let issued = world.now() / 1000 - 86_400;
    let of_user = token == known.token;
    let expires = dials.token_expires_in.filter(|_| of_user).map_or(0, |time| world.now() / 1000 + seconds(time));
    let revoked = of_user && dials.token_revoked;
    let scopes: Vec<&str> = SCOPES.into_iter().filter(|scope| !of_user || dials.permits(scope)).collect();
    let pages: Vec<&String> = world.options.pages.iter().collect();
    let granular: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            if scope.starts_with("ads") {
                json!({ "scope": scope })
            } else {
                json!({ "scope": scope, "target_ids": pages })
            }
        })
        .collect();
    let mut data = json!({
        "app_id": known.app_id,
        "type": kind,
        "application": "Sandbox app",
        "data_access_expires_at": 0,
        "expires_at": expires,
        // One that is revoked still has its scopes.
        "is_valid": !revoked,
        "issued_at": issued,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": user(world),
    });
    if revoked {
        data["error"] = json!({ "code": 190, "message": auth::REVOKED, "subcode": auth::REVOKED_SUBCODE });
    }
    Ok(json!({ "data": data }))
}

fn seconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 2)
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
pub fn permissions(world: &World) -> Value {
    let dials = world.dials();
    let status = |scope: &str| if dials.permits(scope) { "granted" } else { "declined" };
    let rows: Vec<Value> = SCOPES.iter().map(|scope| json!({ "permission": scope, "status": status(scope) })).collect();
    json!({ "data": rows })
}
