//! The Page, its subscription tokens, and opt-outs.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::auth::Who;
use super::chance;
use super::hooks::Notice;
use super::nodes::asked;
use super::paging::{Page, limit_of, page_of, paged, window};
use super::params::{self, Field, Params};
use super::people::Person;
use super::reply::Refusal;

use super::world::World;

const DAY: i64 = 86_400_000;
/// Of cursors of the token list.
const PREFIX: &str = "QVFIT";

/// `GET /<PAGE>`.
pub fn node(world: &World, id: &str, who: Who, params: &Params) -> Result<Value, Refusal> {
    let mut node = json!({
        "id": id,
        "name": name(world, id),
        "category": "Shopping & retail",
        "link": format!("https://www.facebook.com/{id}"),
        "username": null,
        "about": "A Page for rehearsals",
        "category_list": [{ "id": "200600219953504", "name": "Shopping & retail" }],
        "description": null,
        "emails": ["page@example.com"],
        "fan_count": 1200,
        "followers_count": 1250,
        "has_transitioned_to_new_page_experience": true,
        "is_webhooks_subscribed": !world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).is_empty(),
        "phone": null,
        "picture": { "data": { "height": 50, "width": 50, "is_silhouette": true, "url": "https://example.com/page.png" } },
        "verification_status": "not_verified",
        "website": "https://example.com/",
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
    paged(world, "me/accounts", &rows?, params)
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
    params.not_served(&[
        "custom_audience_ids",
        "do_not_return_duplicates",
        "is_previously_messaged",
        "opt_in_source",
        "since",
        "subscriber_tag_ids",
        "until",
    ])?;
    let all = world.options.subscribers;
    let (from, end) = window(params, PREFIX, limit_of(params, 100, 1000)? as u64, all)?;
    let mut rows = Vec::new();
    for n in from..end {
        let token = subscriber(world, n);
        if world.people.get(&token).is_some_and(|person| person.opted_out) {
            continue;
        }
        rows.push(params::project(&token_node(world, &token), &asked, "NotificationMessagesToken")?);
    }
    let edge = format!("{page}/notification_message_tokens");
    let before = format!("{PREFIX}{from}");
    let page = Page { rows, before, after: format!("{PREFIX}{end}"), earlier: from > 0, more: end < all };
    Ok(page_of(world, &edge, page, params))
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
        // A token or PSID may be a number; serde_json keeps all digits of a whole one.
        let text = |name: &str| match &row[name] {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if let Some(token) = text("subscriber_token") {
            opt_out(world, &token, true);
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
