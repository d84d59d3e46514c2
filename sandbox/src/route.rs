//! Dispatches a method and a path to its endpoint.

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use super::auth::{self, Who};
use super::dials::Dials;
use super::limits::Usage;
use super::params::{Params, decoded};
use super::removed::{self, Removed};
use super::reply::{Outcome, Refusal, Reply};
use super::world::World;
use super::{
    account, audiences, batch, calls, campaigns, control, estimate, insights, leave, lists, messages, nodes, page,
    preview, subscribed, tokens, update,
};

/// One whole request.
#[derive(Debug)]
pub struct Call<'c> {
    pub method: Method,
    pub path: &'c str,
    pub query: &'c str,
    pub authorization: Option<&'c str>,
    pub removed: Removed,
    pub content_type: &'c str,
    pub body: Bytes,
    /// The number of requests before it.
    pub nth: u64,
}

impl Call<'_> {
    /// The token that error messages repeat if `echo_secrets` is on.
    pub fn echo(&self, dials: &Dials) -> Option<String> {
        if !dials.echo_secrets {
            return None;
        }
        auth::presented(self).ok().flatten().map(|presented| presented.token)
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
    let answered = graph(world, dials, call);
    calls::note(world, call, &answered.outcome);
    answered
}

fn graph(world: &World, dials: &Dials, call: &Call<'_>) -> Answered {
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
        return messages::faulty(world, fault, right, call.echo(dials).as_deref()).into();
    }
    let (reply, usage) = slow(world, dials, call);
    match fault {
        Some(fault) => {
            Answered { outcome: messages::faulty(world, &fault, Some(reply), call.echo(dials).as_deref()), usage }
        }
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
    let checked = Params::of(call.query, "", b"").and_then(|query| {
        removed::refuse(&[], &query, call.removed)?;
        auth::secrets_in_place(world, dials, call, &query)?;
        let who = auth::caller(world, auth::presented(call)?.as_ref())?;
        auth::refuse_revoked(dials, who, call.path)?;
        need_ads(dials, who)?;
        known_account(world, "post", account)
    });
    let (usage, refusal) = match checked {
        Err(refusal) => (None, Some(refusal)),
        Ok(()) => world.charge(account, true),
    };
    let outcome = match refusal {
        Some(refusal) => {
            messages::refused(world, refusal.code);
            refusal.reply(&world.trace(), call.echo(dials).as_deref()).into()
        }
        None => messages::send(world, dials, account, call),
    };
    Answered { outcome, usage }
}

/// All calls except `/messages`.
fn slow(world: &World, dials: &Dials, call: &Call<'_>) -> (Reply, Option<Usage>) {
    let mut usage = None;
    let result = dispatch(world, dials, call, &mut usage);
    let reply = result.unwrap_or_else(|refusal| refusal.reply(&world.trace(), call.echo(dials).as_deref()));
    (reply, usage)
}

fn dispatch(world: &World, dials: &Dials, call: &Call<'_>, usage: &mut Option<Usage>) -> Result<Reply, Refusal> {
    let mut params = Params::of(call.query, call.content_type, &call.body)?;
    let parts = parts(call.path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    removed::refuse(&parts, &params, call.removed)?;
    auth::secrets_in_place(world, dials, call, &params)?;
    let presented = auth::presented(call)?;
    let who = auth::caller(world, presented.as_ref())?;
    auth::refuse_revoked(dials, who, call.path)?;
    auth::check_proof(world, who, params.text(auth::PROOF).as_deref())?;
    // They are not parameters of what is called.
    let proof = params.0.remove(auth::PROOF);
    params.0.remove(auth::TOKEN);

    let value = match parts.as_slice() {
        [] => {
            let token = presented.map(|presented| presented.token).unwrap_or_default();
            let shared = batch::Shared { token: &token, proof: proof.as_ref().and_then(Value::as_str) };
            batch::run(world, dials, call, &params, &shared)?
        }
        [first, edge @ ..] if first.starts_with("act_") => {
            of_account(world, who, first.trim_start_matches("act_"), edge, call, &params, usage)?
        }
        [page, edge @ ..] if world.options.pages.iter().any(|known| known == page) => {
            of_page(world, dials, &Caller { who, call, params: &params }, page, edge, usage)?
        }
        other => of_object(world, who, other, call, &params, usage)?,
    };
    Ok(Reply::json(&value))
}

fn of_account(
    world: &World,
    who: Who,
    account: &str,
    edge: &[&str],
    call: &Call<'_>,
    params: &Params,
    usage: &mut Option<Usage>,
) -> Result<Value, Refusal> {
    let read = call.method == Method::GET;
    need_ads(&world.dials(), who)?;
    known_account(world, if read { "get" } else { "post" }, account)?;
    let (used, refusal) = world.charge(account, !read);
    *usage = used;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    match (edge, &call.method) {
        ([], &Method::GET) => account::node(world, account, params),
        (["message_campaign"], &Method::POST) => campaigns::create(world, account, params),
        (["generatepreviews"], &Method::GET) => preview::generate(world, params),
        (["minimum_budgets"], &Method::GET) => account::minimum_budgets(world, account, params),
        (["message_delivery_estimate"], &Method::GET) => estimate::of_account(world, params),
        (["customaudiences"], &Method::GET) => audiences::list(world, account, params),
        (["insights"], &Method::GET) => insights::of_account(world, account, params),
        ([edge], &Method::GET) => {
            let kind = lists::kind_of(edge).ok_or_else(|| no_path(call))?;
            lists::of_account(world, account, kind, edge, params)
        }
        _ => Err(no_path(call)),
    }
}

/// Who asks, and for what.
struct Caller<'c> {
    who: Who,
    call: &'c Call<'c>,
    params: &'c Params,
}

fn of_page(
    world: &World,
    dials: &Dials,
    caller: &Caller<'_>,
    page: &str,
    edge: &[&str],
    usage: &mut Option<Usage>,
) -> Result<Value, Refusal> {
    let Caller { who, call, params } = *caller;
    if edge.is_empty() && call.method == Method::GET {
        return page::node(world, page, who, params);
    }
    need_page(who)?;
    match (edge, &call.method) {
        (["notification_message_tokens"], &Method::GET) => tokens::list(world, dials, page, params, usage),
        (["subscribed_apps"], &Method::GET) => subscribed::apps(world, page, params),
        (["subscribed_apps"], &Method::POST) => subscribed::subscribe(world, page, params),
        (["subscribed_apps"], &Method::DELETE) => Ok(subscribed::unsubscribe(world, page)),
        (["messaging_customer_base", "unsubscribe"], &Method::POST) => leave::unsubscribe(world, page, params),
        _ => Err(no_path(call)),
    }
}

fn of_object(
    world: &World,
    who: Who,
    parts: &[&str],
    call: &Call<'_>,
    params: &Params,
    usage: &mut Option<Usage>,
) -> Result<Value, Refusal> {
    if let ([id], &Method::GET) = (parts, &call.method)
        && let Some(token) = id.strip_prefix("notification_messages_")
    {
        need_page(who)?;
        return tokens::one(world, token, params, usage);
    }
    let mut charge = |id: &str, write: bool| charged(world, who, id, write, usage);
    match (parts, &call.method) {
        (["debug_token"], &Method::GET) => account::debug_token(world, params),
        (["me"], &Method::GET) => account::me(world, who, params),
        (["me", "permissions"], &Method::GET) => Ok(account::permissions(world)),
        (["me", "accounts"], &Method::GET) => page::list(world, params),
        (["me", "adaccounts"], &Method::GET) => account::list(world, params),
        ([id], &Method::GET) => charge(id, false)
            .and_then(|()| audiences::read(world, id, params).unwrap_or_else(|| nodes::read(world, id, params))),
        ([id], &Method::DELETE) => charge(id, true).and_then(|()| nodes::delete(world, id)),
        ([id], &Method::POST) => charge(id, true).and_then(|()| update::update(world, id, params)),
        ([id, "insights"], &Method::GET) => charge(id, false).and_then(|()| insights::of_object(world, id, params)),
        ([id, "message_delivery_estimate"], &Method::GET) => {
            charge(id, false).and_then(|()| estimate::of_ad_set(world, id, params))
        }
        ([id, edge], &Method::GET) if lists::kind_of(edge).is_some() => {
            charge(id, false).and_then(|()| lists::of_object(world, id, edge, params))
        }
        _ => Err(no_path(call)),
    }
}

/// An object of an ad account counts against that account.
fn charged(world: &World, who: Who, id: &str, write: bool, usage: &mut Option<Usage>) -> Result<(), Refusal> {
    need_ads(&world.dials(), who)?;
    let found = world.campaigns().get(id);
    let Some((_, campaign)) = found else { return Ok(()) };
    let (used, refusal) = world.charge(&campaign.account, write);
    *usage = used;
    refusal.map_or(Ok(()), Err)
}

fn need_page(who: Who) -> Result<(), Refusal> {
    if who == Who::Page {
        return Ok(());
    }
    Err(Refusal::token("This method must be called with a Page Access Token").subcode(2_069_032).status(400))
}

fn need_ads(dials: &Dials, who: Who) -> Result<(), Refusal> {
    if who == Who::SystemUser && dials.permits("ads_management") {
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
