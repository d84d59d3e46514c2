//! The Page.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::auth::Who;
use super::nodes::asked;
use super::paging::paged;
use super::params::{self, Params};
use super::reply::Refusal;
use super::world::World;

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
        "is_webhooks_subscribed": world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id),
        "phone": null,
        "picture": { "data": { "height": 50, "width": 50, "is_silhouette": true, "url": "https://example.com/page.png" } },
        "verification_status": "not_verified",
        "website": "https://example.com/",
        "tasks": ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
        "is_published": !world.options.unpublished,
        "location": { "city": "Springfield", "country_code": world.options.country },
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

pub fn name(world: &World, id: &str) -> String {
    let place = world.options.pages.iter().position(|page| page == id).unwrap_or(0);
    if place == 0 { "Sandbox Page".to_owned() } else { format!("Sandbox Page {}", place + 1) }
}

/// `GET /me/accounts`.
pub fn list(world: &World, params: &Params) -> Result<Value, Refusal> {
    let rows: Result<Vec<Value>, Refusal> =
        world.options.pages.iter().map(|id| node(world, id, Who::SystemUser, params)).collect();
    paged(world, "me/accounts", &rows?, params)
}
