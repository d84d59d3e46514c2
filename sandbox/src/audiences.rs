//! Custom audiences: those whose members got tokens of the Page, and one that has to do with no Page.

use serde_json::{Value, json};

use super::chance;
use super::nodes::asked;
use super::page;
use super::paging::paged;
use super::params::{self, Params};
use super::reply::Refusal;
use super::subscribers;
use super::world::World;

const KIND: &str = "CustomAudience";

/// `GET /act_X/customaudiences`.
pub fn list(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    params.not_served(&["business_id", "fetch_primary_audience", "pixel_id", "filtering"])?;
    let asked = asked(params)?;
    let nodes = (0..count(world)).map(|place| node(world, Some(place))).chain([node(world, None)]);
    let rows: Result<Vec<Value>, Refusal> = nodes.map(|node| params::project(&node, &asked, KIND)).collect();
    paged(world, &format!("act_{account}/customaudiences"), &rows?, params)
}

/// `GET /<AUDIENCE>`; `None` if the ID is not one of them.
pub fn read(world: &World, id: &str, params: &Params) -> Option<Result<Value, Refusal>> {
    let places = (0..count(world)).map(Some).chain([None]);
    let node = places.map(|place| node(world, place)).find(|node| node["id"] == *id)?;
    Some(asked(params).and_then(|asked| params::project(&node, &asked, KIND)))
}

/// Without people of custom audiences there are none.
fn count(world: &World) -> u32 {
    if world.options.custom_audience > 0.0 { world.options.crowd.audiences } else { 0 }
}

/// An audience by its place; no place, the ordinary one.
fn node(world: &World, place: Option<u32>) -> Value {
    let page_id = world.options.pages.first().cloned().unwrap_or_default();
    let share = world.options.custom_audience / f64::from(count(world).max(1));
    let members = if place.is_some() { world.options.subscribers as f64 * share } else { 1000.0 };
    json!({
        "id": match place {
            Some(place) => subscribers::audience(world, place),
            None => chance::digits("1202", 14, chance::draw(world.options.seed, "id", "ordinary audience", 0)),
        },
        "account_id": world.options.ad_accounts.first(),
        "name": place.map_or("Website visitors".to_owned(), |place| format!("Customers {}", place + 1)),
        "description": null,
        "subtype": if place.is_some() { "CUSTOM" } else { "WEBSITE" },
        "customer_file_source": place.map(|_| "USER_PROVIDED_ONLY"),
        "time_created": world.started_at / 1000 - 30 * 86_400,
        // Inferred: rounded, as Graph's sizes of audiences are.
        "approximate_count_lower_bound": (members * 0.009).floor() as i64 * 100,
        "approximate_count_upper_bound": (members * 0.011).ceil() as i64 * 100,
        "operation_status": { "code": 200, "description": "Normal" },
        "delivery_status": { "code": 200, "description": "This audience is ready for use." },
        "messenger_marketing_messages_page": place.map(|_| json!({ "id": page_id, "name": page::name(world, &page_id) })),
    })
}
