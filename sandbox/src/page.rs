//! The Page: its subscription tokens, opt-outs, and the webhook subscriptions of its app.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::auth::Who;
use super::chance;
use super::hooks::{self, FIELDS, Notice};
use super::nodes::asked;
use super::params::{self, Field, Params};
use super::people::Person;
use super::reply::Refusal;
use super::route::{bad_cursor, limit_of, page_of};
use super::world::World;

const DAY: i64 = 86_400_000;

/// `GET /<PAGE>`.
pub fn node(world: &World, id: &str, who: Who, params: &Params) -> Result<Value, Refusal> {
    let mut node = json!({
        "id": id,
        "name": name(world, id),
        "category": "Shopping & retail",
        "link": format!("https://www.facebook.com/{id}"),
        "username": null,
        "tasks": ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
        "is_published": true,
        "access_token": null,
    });
    if who != Who::App {
        node["access_token"] = json!(world.credentials.page_token);
    }
    let mut asked = asked(params)?;
    if asked.is_empty() {
        asked = params::fields("id,name")?;
    }
    params::project(&node, &asked, "Page")
}

fn name(world: &World, id: &str) -> String {
    let place = world.options.pages.iter().position(|page| page == id).unwrap_or(0);
    if place == 0 { "Sandbox Page".to_owned() } else { format!("Sandbox Page {}", place + 1) }
}

/// `GET /me/accounts`.
pub fn list(world: &World, params: &Params) -> Result<Value, Refusal> {
    let rows: Result<Vec<Value>, Refusal> =
        world.options.pages.iter().map(|id| node(world, id, Who::SystemUser, params)).collect();
    super::route::paged(world, "me/accounts", &rows?, params)
}

/// The token of the nth subscriber: nineteen digits, more than a float can hold.
pub fn subscriber(world: &World, n: u64) -> String {
    chance::digits("7", 18, chance::draw(world.options.seed, "subscriber", "", n))
}

/// Whether this person came through a custom audience.
pub fn by_custom_audience(world: &World, token: &str) -> bool {
    let ratio = world.options.custom_audience;
    ratio > 0.0 && chance::share(world.options.seed, "custom audience", token, 0) < ratio
}

pub fn psid(world: &World, token: &str) -> String {
    chance::digits("6", 16, chance::draw(world.options.seed, "psid", token, 0))
}

/// One person's entry in the token list.
fn token_node(world: &World, token: &str) -> Value {
    let seed = world.options.seed;
    let custom = by_custom_audience(world, token);
    let created = world.now() / DAY * DAY - DAY * (1 + (chance::draw(seed, "created", token, 0) % 90) as i64);
    let person: Person = world.people.get(token).unwrap_or_default();
    let eligible = if person.last_accepted == 0 { created } else { person.last_accepted + world.cool_down() };
    let zones = ["America/New_York", "America/Sao_Paulo", "Asia/Bangkok", "Asia/Manila"];
    let zone = zones[(chance::draw(seed, "zone", token, 0) % 4) as usize];
    let known = |value: Value| if custom { Value::Null } else { value };
    json!({
        "notification_messages_token": token,
        "recipient_id": known(json!(psid(world, token))),
        "notification_messages_reoptin": "ENABLED",
        "creation_timestamp": known(json!(created)),
        "token_expiry_timestamp": known(json!(created + 365 * DAY)),
        "next_eligible_time": known(json!(eligible)),
        "next_eligible_time_for_paid_messaging": known(json!(eligible)),
        "user_token_status": known(json!("REFRESHED")),
        "topic_title": "Offers and news",
        "notification_messages_timezone": known(json!(zone)),
        "notification_messages_frequency": null,
        "custom_audience_ids": if custom { json!([chance::digits("1202", 14, chance::draw(seed, "id", "audience", 0))]) } else { Value::Null },
    })
}

fn token_fields(params: &Params) -> Result<Vec<Field>, Refusal> {
    let asked = asked(params)?;
    if !asked.is_empty() {
        return Ok(asked);
    }
    params::fields(
        "notification_messages_token,recipient_id,notification_messages_reoptin,creation_timestamp,token_expiry_timestamp,\
         next_eligible_time,user_token_status,topic_title,notification_messages_timezone,custom_audience_ids",
    )
}

/// `GET /<PAGE>/notification_message_tokens`, without people who opted out.
pub fn tokens(world: &World, page: &str, params: &Params) -> Result<Value, Refusal> {
    let asked = token_fields(params)?;
    let limit = limit_of(params, 100, 1000)? as u64;
    let from: u64 = match params.text("after") {
        None => 0,
        Some(after) => after.strip_prefix("QVFIT").and_then(|n| n.parse().ok()).ok_or_else(bad_cursor)?,
    };
    let end = from.saturating_add(limit).min(world.options.subscribers);
    let mut rows = Vec::new();
    for n in from..end {
        let token = subscriber(world, n);
        if world.people.get(&token).is_some_and(|person| person.opted_out) {
            continue;
        }
        rows.push(params::project(&token_node(world, &token), &asked, "NotificationMessagesToken")?);
    }
    let edge = format!("{page}/notification_message_tokens");
    let more = end < world.options.subscribers;
    Ok(page_of(world, &edge, &rows, &format!("QVFIT{from}"), &format!("QVFIT{end}"), more, params))
}

/// `GET /notification_messages_<TOKEN>`. Any text is a subscriber's token here, unless a dial says that it is dead.
pub fn token(world: &World, token: &str, params: &Params) -> Result<Value, Refusal> {
    let dials = world.dials();
    let dead = dials
        .error_tokens
        .get(token)
        .or_else(|| dials.errors.for_person(world.options.seed, token))
        .is_some_and(|fault| fault.name == "2300004");
    if dead || token.is_empty() {
        return Err(Refusal::unknown_object("get", &format!("notification_messages_{token}")));
    }
    params::project(&token_node(world, token), &token_fields(params)?, "NotificationMessagesToken")
}

/// `POST /<PAGE>/messaging_customer_base/unsubscribe`.
pub fn unsubscribe(world: &World, params: &Params) -> Result<Value, Refusal> {
    let data = params.json("data")?.unwrap_or_default();
    let rows = data.as_array().ok_or_else(|| Refusal::parameter("The parameter data must be a list"))?;
    let mut invalid = 0;
    for row in rows {
        let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty());
        if let Some(token) = text("subscriber_token") {
            opt_out(world, token, true);
        } else if let Some(wanted) = text("psid") {
            match (0..world.options.subscribers)
                .map(|n| subscriber(world, n))
                .find(|token| psid(world, token) == wanted)
            {
                Some(token) => opt_out(world, &token, true),
                None => invalid += 1,
            }
        } else if text("phone").or_else(|| text("email")).is_none() {
            invalid += 1;
        }
    }
    Ok(json!({ "invalid_rows_count": invalid }))
}

/// Records that a person stopped or resumed, and sends the event.
pub fn opt_out(world: &World, token: &str, stop: bool) {
    world.people.lock(token).person().opted_out = stop;
    world.notify(|| Notice::OptIn {
        token: token.to_owned(),
        status: if stop { "STOP NOTIFICATIONS" } else { "RESUME NOTIFICATIONS" },
    });
}

/// `GET /<PAGE>/subscribed_apps`.
pub fn subscribed_apps(world: &World) -> Value {
    let fields = world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
    if fields.is_empty() {
        return json!({ "data": [] });
    }
    json!({ "data": [{
        "category": "Business",
        "link": "https://example.com/",
        "name": "Sandbox app",
        "id": world.credentials.app_id,
        "subscribed_fields": fields.iter().collect::<Vec<_>>(),
    }] })
}

/// `POST /<PAGE>/subscribed_apps?subscribed_fields=…`: replaces the list of fields.
pub fn subscribe(world: &World, params: &Params) -> Result<Value, Refusal> {
    let listed = match params.0.get("subscribed_fields") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>(),
        _ => params
            .text("subscribed_fields")
            .ok_or_else(|| Refusal::parameter("The parameter subscribed_fields is required"))?
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
    };
    if let Some(wrong) = listed.iter().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Refusal::parameter(format!(
            "Param subscribed_fields must be one of the known fields, not \"{wrong}\""
        )));
    }
    *world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner) = listed.into_iter().collect();
    Ok(json!({ "success": true }))
}

/// `DELETE /<PAGE>/subscribed_apps`.
pub fn unsubscribe_app(world: &World) -> Value {
    hooks::unsubscribe(world);
    json!({ "success": true })
}
