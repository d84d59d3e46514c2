//! Control requests from tests and operators. They need no token and get no faults.
//!
//! `GET /sandbox/stats`, `GET /sandbox/record`, `GET /sandbox/person?token=…`, `POST /sandbox/errors` with dials as JSON,
//! `POST /sandbox/optin` with `{"token": …, "status": "stop" | "resume"}`, `POST /sandbox/clock` with `{"at": "2027-03-14T08:00:00Z"}`,
//! and `POST /sandbox/review` with
//! `{"id": …, "status": "DISAPPROVED" | "PENDING_BILLING_INFO" | ""}`.

use hyper::Method;
use serde_json::{Value, json};

use super::leave;
use super::messages;
use super::params::Params;
use super::preview;
use super::reply::{JSON, Outcome, Reply};
use super::route::Call;
use super::subscribers;
use super::terms::Review;
use super::world::World;

pub fn answer(world: &World, call: &Call<'_>) -> Outcome {
    if call.path.starts_with("/preview_iframe") {
        return preview::page(world, call.query).into();
    }
    let params = match Params::of(call.query, call.content_type, &call.body) {
        Ok(params) => params,
        Err(refusal) => return refusal.reply("sandbox", None).into(),
    };
    match (&call.method, call.path) {
        (&Method::GET, "/sandbox/stats") => Reply::json(&world.stats()).into(),
        (&Method::GET, "/sandbox/record") => record(world).into(),
        (&Method::GET, "/sandbox/person") => {
            Reply::json(&about(world, &params.text("token").unwrap_or_default())).into()
        }
        (&Method::POST, "/sandbox/errors") => match world.dials().turn(&params.0) {
            Ok(dials) => {
                world.set_dials(dials);
                Reply::json(&json!({ "success": true })).into()
            }
            Err(error) => wrong(&error.to_string()),
        },
        (&Method::POST, "/sandbox/optin") => match (params.text("token"), params.text("status").as_deref()) {
            (Some(token), Some(status @ ("stop" | "resume"))) => {
                leave::choose(world, &token, status == "stop");
                Reply::json(&json!({ "success": true })).into()
            }
            _ => wrong("token is required, and status must be stop or resume"),
        },
        (&Method::POST, "/sandbox/clock") => match params.text("at").and_then(|at| at.parse().ok()) {
            Some(at) if world.set_clock(at) => Reply::json(&json!({ "success": true })).into(),
            _ => wrong("at must be a time such as 2027-03-14T08:00:00Z, and not in the past of the sandbox's clock"),
        },
        (&Method::POST, "/sandbox/review") => {
            let found = world.campaigns().get(&params.text("id").unwrap_or_default());
            let status = params.text("status");
            match (found, status.as_deref().map(Review::named)) {
                (Some((_, campaign)), None | Some(Some(_))) => {
                    campaign.terms().switches.review = status.as_deref().and_then(Review::named);
                    Reply::json(&json!({ "success": true })).into()
                }
                _ => wrong("id must be a campaign's, and status DISAPPROVED, PENDING_BILLING_INFO or empty"),
            }
        }
        _ => {
            let mut reply = Reply::json(&json!({ "error": "unknown control request" }));
            reply.status = 404;
            reply.into()
        }
    }
}

fn wrong(message: &str) -> Outcome {
    let mut reply = Reply::json(&json!({ "error": message }));
    reply.status = 400;
    reply.into()
}

/// The accepted sends, as in the record file but without messages.
fn record(world: &World) -> Reply {
    let lines: Vec<u8> =
        world.accepted().iter().flat_map(|accepted| messages::record_line(world, accepted, None)).collect();
    Reply::raw(200, JSON, lines)
}

/// What the sandbox knows about the person who has this token.
pub fn about(world: &World, token: &str) -> Value {
    let person = world.people.get(token).unwrap_or_default();
    let (any, paid) = subscribers::eligible(world, token, &person);
    json!({
        "requests": person.requests,
        "accepted": person.accepted,
        "last_accepted": person.last_accepted,
        "opted_out": subscribers::stopped(world, token),
        "psid": subscribers::known_psid(world, token),
        "zone": subscribers::zone(world, token).map(|zone| &zone.name),
        "expires": subscribers::expires(world, token),
        "eligible": any.max(paid),
    })
}
