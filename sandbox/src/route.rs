//! Dispatches a method and a path to its endpoint.

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use super::auth::{self, Who};
use super::dials::Dials;
use super::limits::Usage;
use super::params::{Params, decoded};
use super::reply::{Outcome, Refusal, Reply};
use super::world::World;
use super::{account, campaigns, control, insights, messages, nodes, page, preview};

/// One whole request.
#[derive(Debug)]
pub struct Call<'c> {
    pub method: Method,
    pub path: &'c str,
    pub query: &'c str,
    pub authorization: Option<&'c str>,
    pub content_type: &'c str,
    pub body: Bytes,
    /// The number of requests before it.
    pub nth: u64,
}

impl Call<'_> {
    /// The token that error messages repeat if `echo_secrets` is on.
    pub fn echo(&self, dials: &Dials) -> Option<&str> {
        self.authorization.and_then(auth::bearer).filter(|_| dials.echo_secrets)
    }
}

/// How a call ends, and the usage headers that go with it.
pub struct Answered {
    pub outcome: Outcome,
    pub usage: Option<Usage>,
}

impl From<Outcome> for Answered {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, usage: None }
    }
}

/// Parts of the path without slashes and version: `/v26.0/act_1/ads` is `["act_1", "ads"]`.
fn parts(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    if parts.first().is_some_and(|part| version(part).is_some()) {
        parts.remove(0);
    }
    parts
}

/// `v26.0` as (26, 0).
fn version(part: &str) -> Option<(u32, u32)> {
    let (major, minor) = part.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The version that answers: the one asked for, or a later one where Meta has retired it.
pub fn version_used(path: &str) -> &str {
    let asked = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match version(asked) {
        None => "v26.0",
        Some(version) if version < (25, 0) => "v25.0",
        Some(_) => asked,
    }
}

/// Whether this path is exempt from faults.
pub fn is_control(path: &str) -> bool {
    path.starts_with("/sandbox/") || path.starts_with("/preview_iframe")
}

/// Answers one request.
pub fn answer(world: &World, dials: &Dials, call: &Call<'_>) -> Answered {
    if is_control(call.path) {
        return control::answer(world, call).into();
    }
    if call.method == Method::POST
        && let Some(account) = messages_of(call.path)
    {
        return send(world, dials, account, call);
    }
    let faults = if call.method == Method::GET { &dials.read_errors } else { &dials.write_errors };
    let fault = faults.for_attempt(world.options.seed, "", call.nth).cloned();
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.accepted) {
        // To cut an answer in half it must be made first; a read changes nothing.
        let right = (call.method == Method::GET).then(|| slow(world, dials, call).0);
        return messages::faulty(world, fault, right, call.echo(dials)).into();
    }
    let (reply, usage) = slow(world, dials, call);
    match fault {
        Some(fault) => Answered { outcome: messages::faulty(world, &fault, Some(reply), call.echo(dials)), usage },
        None => Answered { outcome: reply.into(), usage },
    }
}

/// The ad account of `/act_1/messages`, with or without a version prefix.
fn messages_of(path: &str) -> Option<&str> {
    let rest = path.strip_suffix("/messages")?;
    let (front, account) = rest.rsplit_once('/')?;
    let front = front.trim_start_matches('/');
    (front.is_empty() || version(front).is_some()).then(|| account.strip_prefix("act_")).flatten()
}

fn send(world: &World, dials: &Dials, account: &str, call: &Call<'_>) -> Answered {
    let checked = admit(world, call).and_then(|who| {
        need_ads(who)?;
        known_account(world, "post", account)
    });
    let (usage, refusal) = match checked {
        Err(refusal) => (None, Some(refusal)),
        Ok(()) => world.charge(account, true),
    };
    let outcome = match refusal {
        Some(refusal) => {
            messages::refused(world, refusal.code);
            refusal.reply(&world.trace(), call.echo(dials)).into()
        }
        None => messages::send(world, dials, account, call),
    };
    Answered { outcome, usage }
}

fn admit(world: &World, call: &Call<'_>) -> Result<Who, Refusal> {
    auth::no_secret_in(world, call.path, call.query)?;
    auth::caller(world, call.authorization)
}

/// All calls except `/messages`.
fn slow(world: &World, dials: &Dials, call: &Call<'_>) -> (Reply, Option<Usage>) {
    let mut usage = None;
    let result = dispatch(world, call, &mut usage);
    let reply = result.unwrap_or_else(|refusal| refusal.reply(&world.trace(), call.echo(dials)));
    (reply, usage)
}

fn dispatch(world: &World, call: &Call<'_>, usage: &mut Option<Usage>) -> Result<Reply, Refusal> {
    let who = admit(world, call)?;
    let params = Params::of(call.query, call.content_type, &call.body)?;
    if params.0.contains_key("access_token") {
        world.stats.leaks.fetch_add(1, Relaxed);
        return Err(Refusal::parameter("The sandbox accepts the token in the Authorization header only"));
    }
    auth::check_proof(world, who, params.text("appsecret_proof").as_deref())?;
    // A long read may come as a POST with `method=get`.
    let read =
        call.method == Method::GET || params.0.get("method").is_some_and(|method| method == "get" || method == "GET");
    let parts = parts(call.path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();

    if let [first, ..] = parts[..]
        && let Some(account) = first.strip_prefix("act_")
    {
        need_ads(who)?;
        known_account(world, if read { "get" } else { "post" }, account)?;
        let (used, refusal) = world.charge(account, !read);
        *usage = used;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let value = match (&parts[1..], read) {
            ([], true) => account::node(world, account, &params)?,
            (["message_campaign"], false) => campaigns::create(world, account, &params)?,
            (["ads"], true) => nodes::list(world, account, &params)?,
            (["generatepreviews"], true) => preview::generate(world, &params)?,
            (["minimum_budgets"], true) => account::minimum_budgets(world),
            (["message_delivery_estimate"], true) => account::estimate(&params)?,
            (["insights"], true) => insights::of_account(world, account, &params)?,
            _ => return Err(no_path(call)),
        };
        return Ok(Reply::json(&value));
    }

    let value = match (parts.as_slice(), &call.method, read) {
        (["debug_token"], _, true) => account::debug_token(world, &params)?,
        (["me"], _, true) => account::me(world, who, &params)?,
        (["me", "permissions"], _, true) => account::permissions(),
        (["me", "accounts"], _, true) => page::list(world, &params)?,
        (["me", "adaccounts"], _, true) => account::list(world, &params)?,
        ([page], _, true) if world.options.pages.iter().any(|known| known == page) => {
            page::node(world, page, who, &params)?
        }
        ([page, edge], method, _) if world.options.pages.iter().any(|known| known == page) => {
            if who != Who::Page {
                return Err(Refusal::token("This method must be called with a Page Access Token")
                    .subcode(2_069_032)
                    .status(400));
            }
            match (*edge, method, read) {
                ("notification_message_tokens", _, true) => page::tokens(world, page, &params)?,
                ("subscribed_apps", _, true) => page::subscribed_apps(world),
                ("subscribed_apps", &Method::POST, _) => page::subscribe(world, &params)?,
                ("subscribed_apps", &Method::DELETE, _) => page::unsubscribe_app(world),
                _ => return Err(no_path(call)),
            }
        }
        ([page, "messaging_customer_base", "unsubscribe"], &Method::POST, _)
            if world.options.pages.iter().any(|known| known == page) =>
        {
            if who != Who::Page {
                return Err(Refusal::token("This method must be called with a Page Access Token")
                    .subcode(2_069_032)
                    .status(400));
            }
            page::unsubscribe(world, &params)?
        }
        ([id], _, true) if id.starts_with("notification_messages_") => {
            page::token(world, id.trim_start_matches("notification_messages_"), &params)?
        }
        ([id], _, true) => charged(world, who, id, false, usage).and_then(|()| nodes::read(world, id, &params))?,
        ([id], &Method::DELETE, _) => charged(world, who, id, true, usage).and_then(|()| nodes::delete(world, id))?,
        ([id], &Method::POST, _) => {
            charged(world, who, id, true, usage).and_then(|()| nodes::update(world, id, &params))?
        }
        ([id, "insights"], _, true) => {
            charged(world, who, id, false, usage).and_then(|()| insights::of_object(world, id, &params))?
        }
        _ => return Err(no_path(call)),
    };
    Ok(Reply::json(&value))
}

/// An object of an ad account counts against that account.
fn charged(world: &World, who: Who, id: &str, write: bool, usage: &mut Option<Usage>) -> Result<(), Refusal> {
    need_ads(who)?;
    let found = world.campaigns().get(id);
    let Some((_, campaign)) = found else { return Ok(()) };
    let (used, refusal) = world.charge(&campaign.account, write);
    *usage = used;
    refusal.map_or(Ok(()), Err)
}

fn need_ads(who: Who) -> Result<(), Refusal> {
    if who == Who::SystemUser {
        return Ok(());
    }
    Err(Refusal::new(200).words("(#200) The token has no permission ads_management for this ad account"))
}

fn known_account(world: &World, verb: &str, account: &str) -> Result<(), Refusal> {
    if world.options.ad_accounts.iter().any(|known| known == account) {
        Ok(())
    } else {
        Err(Refusal::unknown_object(verb, &format!("act_{account}")))
    }
}

fn no_path(call: &Call<'_>) -> Refusal {
    Refusal::new(2500).words(format!("Unknown path components: {}", call.path)).status(400)
}

/// Pages a list by `limit` and an `after` cursor; `rows` are in order.
pub fn paged(world: &World, edge: &str, rows: &[Value], params: &Params) -> Result<Value, Refusal> {
    let limit = limit_of(params, 25, world.options.page_size.max(1))?;
    let from: usize = match params.text("after") {
        None => 0,
        Some(after) => after.strip_prefix("QVFI").and_then(|n| n.parse().ok()).ok_or_else(bad_cursor)?,
    };
    let end = (from + limit).min(rows.len());
    let page = rows.get(from..end).unwrap_or_default();
    Ok(page_of(world, edge, page, &format!("QVFI{from}"), &format!("QVFI{end}"), end < rows.len(), params))
}

pub fn limit_of(params: &Params, default: usize, most: usize) -> Result<usize, Refusal> {
    match params.whole("limit")? {
        None => Ok(default.min(most)),
        Some(limit) if limit < 1 => Err(Refusal::parameter("Param limit must be positive")),
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(most).min(most)),
    }
}

pub fn bad_cursor() -> Refusal {
    Refusal::parameter("Invalid cursors values. You may use paging parameters incorrectly")
}

/// One page with its cursors. As in Graph, `next` contains the access token: clients must not follow it.
pub fn page_of(
    world: &World,
    edge: &str,
    rows: &[Value],
    before: &str,
    after: &str,
    more: bool,
    params: &Params,
) -> Value {
    let mut page = serde_json::json!({ "data": rows });
    let mut paging = serde_json::Map::new();
    if !rows.is_empty() || more {
        paging.insert("cursors".to_owned(), serde_json::json!({ "before": before, "after": after }));
    }
    if more {
        let known = &world.credentials;
        let token = if edge.ends_with("_tokens") { &known.page_token } else { &known.token };
        let mut next = format!("{}/v26.0/{edge}?access_token={token}", world.base);
        for (name, value) in params.0.iter().filter(|(name, _)| *name != "after" && *name != "appsecret_proof") {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let value = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            next.push_str(&format!("&{name}={value}"));
        }
        next.push_str(&format!("&after={after}"));
        paging.insert("next".to_owned(), Value::String(next));
    }
    if !paging.is_empty() {
        page["paging"] = Value::Object(paging);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_and_without_a_version() {
        assert_eq!(parts("/v26.0/act_1/ads"), ["act_1", "ads"]);
        assert_eq!(parts("/act_1/ads/"), ["act_1", "ads"]);
        assert_eq!(messages_of("/v26.0/act_12/messages"), Some("12"));
        assert_eq!(messages_of("/act_12/messages"), Some("12"));
        assert_eq!(messages_of("/x/act_12/messages"), None);
        assert_eq!(messages_of("/12/messages"), None);
        assert_eq!(
            (version_used("/v26.0/1"), version_used("/1"), version_used("/v24.0/1")),
            ("v26.0", "v26.0", "v25.0")
        );
    }
}
