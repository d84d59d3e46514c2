//! `POST /act_X/messages`: must be fast, and its record must be right.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::auth;
use super::bills;
use super::campaigns::{Campaign, Kind};
use super::chance;
use super::check;
use super::clock;
use super::dials::Dials;
use super::fate::Fate;
use super::faults::{Answer, Fault};
use super::hooks::Notice;
use super::params::Params;
use super::record::{flat, quoted};
use super::reply::{JSON, Outcome, Refusal, Reply};
use super::route::Call;
use super::subscribers;
use super::terms::Status;
use super::wire::{self, Wire};
use super::world::{Accepted, World};

/// What one request turned out to be, for the requests file.
#[derive(Default)]
struct Seen {
    token: Option<String>,
    message_id: Option<String>,
    outcome: String,
    n: Option<u64>,
}

/// Handles one request. Nothing in here waits.
pub fn send(world: &World, dials: &Dials, account: &str, call: &Call<'_>) -> Outcome {
    world.stats.sends.fetch_add(1, Relaxed);
    let mut seen = Seen::default();
    let outcome = match judge(world, dials, account, call, &mut seen) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            seen.outcome = refusal.code.to_string();
            Outcome::Answer(refusal.reply(&world.trace(), call.echo(dials).as_deref()))
        }
    };
    if seen.n.is_none() {
        world.stats.refused.fetch_add(1, Relaxed);
    }
    note(world, &seen);
    outcome
}

/// A send refused before it was looked at (token, rate): tests count this request too.
pub fn refused(world: &World, code: i64) {
    world.stats.sends.fetch_add(1, Relaxed);
    world.stats.refused.fetch_add(1, Relaxed);
    note(world, &Seen { outcome: code.to_string(), ..Seen::default() });
}

fn note(world: &World, seen: &Seen) {
    let Some(file) = &world.requests else { return };
    let at = world.now();
    let [psid, zone, local] = seen.token.as_deref().map(|token| place(world, token, at)).unwrap_or_default();
    let line = serde_json::json!({
        "at": at,
        "psid": psid,
        "zone": zone,
        "local": local,
        "token": seen.token,
        "message_id": seen.message_id,
        "outcome": seen.outcome,
        "accepted": seen.n.is_some(),
        "n": seen.n,
    });
    if file.append(format!("{line}\n").as_bytes()).is_err() {
        world.stats.unrecorded.fetch_add(1, Relaxed);
    }
}

fn judge(world: &World, dials: &Dials, account: &str, call: &Call<'_>, seen: &mut Seen) -> Result<Outcome, Refusal> {
    let body = wire::body(call)?;
    let wire = Wire::read(&body)?;
    if wire.access_token.is_some() {
        auth::out_of_place(world, dials)?;
    }
    let proof = match &wire.appsecret_proof {
        None if !call.query.is_empty() => Params::of(call.query, "", b"")?.text("appsecret_proof"),
        proof => proof.clone(),
    };
    auth::check_proof(world, auth::Who::SystemUser, proof.as_deref())?;

    let token = wire.token()?;
    seen.token = Some(token.clone());
    let attempt = {
        let mut locked = world.people.lock(&token);
        let person = locked.person();
        person.requests += 1;
        u64::from(person.requests)
    };
    let message_id = wire.message_id()?;
    seen.message_id = Some(message_id.to_owned());

    let seed = world.options.seed;
    let fault = dials
        .error_tokens
        .get(&token)
        .or_else(|| dials.errors.for_attempt(seed, &token, attempt))
        .cloned()
        .or_else(|| named_losses(dials, seed, &token, attempt));
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.accepted) {
        seen.outcome.clone_from(&fault.name);
        return Ok(faulty(world, fault, None, call.echo(dials).as_deref()));
    }

    if token.is_empty() || token.len() > 512 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::new(2_300_004));
    }
    let campaign = campaign(world, account, message_id)?;
    let message = wire.message.ok_or_else(|| Refusal::parameter("The parameter message is required"))?;
    check_message(world, message.get())?;
    let gap = match &wire.min_conversation_gap_seconds {
        None | Some(Value::Null) => None,
        Some(gap) => {
            let seconds = gap.as_u64().or_else(|| gap.as_str()?.parse().ok()).filter(|gap| *gap > 0);
            let wrong = || Refusal::parameter("min_conversation_gap_seconds must be a positive integer");
            Some(Duration::from_secs(seconds.ok_or_else(wrong)?))
        }
    };
    if let Some(fault) = dials.errors.for_person(seed, &token) {
        seen.outcome.clone_from(&fault.name);
        return Ok(faulty(world, fault, None, call.echo(dials).as_deref()));
    }

    let accepted = accept(world, &campaign, &token, message.get(), gap)?;
    let Some(accepted) = accepted else {
        "unrecorded".clone_into(&mut seen.outcome);
        return Ok(Outcome::Drop);
    };
    seen.n = Some(accepted.n);
    let reply = success(&accepted);
    match fault {
        Some(fault) => {
            seen.outcome.clone_from(&fault.name);
            Ok(faulty(world, &fault, Some(reply), call.echo(dials).as_deref()))
        }
        None => {
            "accepted".clone_into(&mut seen.outcome);
            Ok(Outcome::Answer(reply))
        }
    }
}

/// The faults of `lost_replies` and `hang`.
fn named_losses(dials: &Dials, seed: u64, token: &str, attempt: u64) -> Option<Fault> {
    let strikes = |ratio: f64, what: &str| ratio > 0.0 && chance::share(seed, what, token, attempt) < ratio;
    if strikes(dials.lost_replies, "lost") {
        Fault::named("accepted-drop").ok()
    } else if strikes(dials.hang, "hang") {
        Fault::named("accepted-hang").ok()
    } else {
        None
    }
}

/// The answer for a fault; `right` is the one without it.
pub fn faulty(world: &World, fault: &Fault, right: Option<Reply>, echo: Option<&str>) -> Outcome {
    let right =
        right.unwrap_or_else(|| Reply::raw(200, JSON, r#"{"success":true,"marketing_message_tracking_id":"0"}"#));
    match &fault.answer {
        Answer::Graph { code, subcode, ok } => {
            let mut refusal = with_waits(world, Refusal::new(*code));
            refusal.subcode = *subcode;
            let mut reply = refusal.reply(&world.trace(), echo);
            if *ok {
                reply.status = 200;
            }
            reply.into()
        }
        Answer::Status { status, html } => Reply::status(*status, *html).into(),
        Answer::Bare => Reply::raw(200, JSON, "{}").into(),
        Answer::SuccessFalse => Reply::raw(200, JSON, r#"{"success":false}"#).into(),
        Answer::SuccessOnly => Reply::raw(200, JSON, r#"{"success":true}"#).into(),
        Answer::Truncated => Reply { body: right.body.slice(..right.body.len() / 2), ..right }.into(),
        Answer::Cut => Outcome::Cut(right),
        Answer::Drop => Outcome::Drop,
        Answer::Hang => Outcome::Hang,
    }
}

/// Pacing refusals say how long to wait.
fn with_waits(world: &World, refusal: Refusal) -> Refusal {
    let period = match refusal.code {
        2_300_028 => Duration::from_hours(1),
        2_300_055 | 2_300_061 | 2_300_062 => Duration::from_mins(30),
        2_300_054 => Duration::from_hours(6),
        _ => return refusal,
    };
    refusal.remaining(Duration::from_millis(u64::try_from(world.scaled(period)).unwrap_or(1)))
}

/// Whether this campaign may send now.
fn campaign(world: &World, account: &str, message_id: &str) -> Result<Arc<Campaign>, Refusal> {
    let found = world.campaigns().get(message_id);
    let Some((Kind::Ad, campaign)) = found else { return Err(Refusal::new(2_300_001)) };
    if *campaign.account != *account {
        return Err(Refusal::new(2_300_014));
    }
    if !campaign.direct_send {
        return Err(Refusal::new(2_300_006));
    }
    let (switches, ends_at) = {
        let terms = campaign.terms();
        (terms.switches, terms.ends_at)
    };
    if switches.effective() == "DELETED" {
        return Err(Refusal::new(2_300_001));
    }
    for (status, code) in [(switches.campaign, 2_300_000), (switches.ad_set, 2_300_002), (switches.ad, 2_300_003)] {
        if status != Status::Active {
            return Err(Refusal::new(code));
        }
    }
    if let Some(review) = switches.review {
        return Err(Refusal::new(review.code()));
    }
    let now = world.now();
    if switches.resumed_at.is_some_and(|at| now < at + world.scaled(world.options.resume_delay)) {
        return Err(Refusal::new(2_300_003));
    }
    if campaign.starts_at > now {
        let wait = Duration::from_millis(u64::try_from(campaign.starts_at - now).unwrap_or(0));
        return Err(Refusal::new(2_300_033).remaining(wait));
    }
    if ends_at.is_some_and(|end| end <= now) {
        return Err(Refusal::new(2_300_000));
    }
    warm_up(world, &campaign, now)?;
    Ok(campaign)
}

/// A new campaign refuses, in the order that was observed: not active, being populated, no pacing information, not ready.
fn warm_up(world: &World, campaign: &Campaign, now: i64) -> Result<(), Refusal> {
    let whole = world.scaled(world.options.warm_up);
    let age = now - campaign.created_at.max(campaign.starts_at);
    if age >= whole {
        return Ok(());
    }
    Err(match age.max(0) * 4 / whole.max(1) {
        0 => Refusal::new(2_300_003),
        1 => Refusal::new(2_300_012),
        2 => {
            let wait = Duration::from_millis(u64::try_from(whole - age).unwrap_or(0));
            Refusal::new(2_300_028).remaining(wait)
        }
        _ => Refusal::new(2_300_041),
    })
}

fn check_message(world: &World, message: &str) -> Result<(), Refusal> {
    if **world.last_valid.read().unwrap_or_else(PoisonError::into_inner) == *message {
        return Ok(());
    }
    check::message(message)?;
    *world.last_valid.write().unwrap_or_else(PoisonError::into_inner) = message.into();
    Ok(())
}

/// Checks the person and, if the message may go, records it before anyone is told. `None`: it could not be recorded.
fn accept(
    world: &World,
    campaign: &Arc<Campaign>,
    token: &str,
    message: &str,
    gap: Option<Duration>,
) -> Result<Option<Accepted>, Refusal> {
    let now = world.now();
    subscribers::may_get(world, token, gap, now)?;
    let mut locked = world.people.lock(token);
    let person = locked.person();
    if person.choice == Some(true) {
        return Err(Refusal::new(2_300_034));
    }
    if person.last_accepted != 0 && now < person.last_accepted + world.cool_down() {
        return Err(Refusal::new(2_300_035));
    }
    let mut accepted = Accepted {
        n: 0,
        at: now,
        token: token.into(),
        message_id: Arc::clone(&campaign.ad_id),
        ad_account: Arc::clone(&campaign.account),
        tracking_id: Uuid::nil(),
        variant: world.options.webhooks.variant_mark.as_ref().is_some_and(|mark| message.contains(mark)),
        price: bills::price(world, token, u64::from(person.accepted)),
    };
    let mut fate = Fate::default();
    bills::pay(world, campaign, accepted.price, now, || {
        accepted.n = world.stats.accepted.fetch_add(1, Relaxed) + 1;
        accepted.tracking_id = world.tracking_id(accepted.n, token);
        fate = Fate::of(&world.options.webhooks, world.options.seed, &accepted);
        fate.delivered.is_some()
    })?;
    if fate.delivered.is_none() {
        accepted.price = 0;
    }
    if let Some(file) = &world.record {
        let line = record_line(world, &accepted, world.options.record_bodies.then_some(message));
        if file.append(&line).is_err() {
            world.stats.unrecorded.fetch_add(1, Relaxed);
            world.stats.accepted.fetch_sub(1, Relaxed);
            bills::repay(campaign, accepted.price);
            return Ok(None);
        }
    }
    person.last_accepted = now;
    person.accepted += 1;
    world.accepted().push(accepted.clone());
    drop(locked);
    world.notify(|| Notice::Journey { accepted: accepted.clone(), campaign: Arc::clone(campaign), fate });
    Ok(Some(accepted))
}

/// Who a person is, the time zone and what the clock says there: what nobody can know of custom audiences.
fn place(world: &World, token: &str, at: i64) -> [Option<String>; 3] {
    let zone = subscribers::zone(world, token);
    let local = zone.map(|zone| clock::local(at, &zone.rules));
    [subscribers::known_psid(world, token), zone.map(|zone| zone.name.clone()), local]
}

/// A line about an accepted send: when, and where and when that was for its person.
pub fn record_line(world: &World, accepted: &Accepted, message: Option<&str>) -> Vec<u8> {
    let mut line = Vec::with_capacity(384 + message.map_or(0, str::len));
    line.extend_from_slice(format!(r#"{{"at":{},"n":{},"token":"#, accepted.at, accepted.n).as_bytes());
    quoted(&mut line, &accepted.token);
    line.extend_from_slice(br#","message_id":"#);
    quoted(&mut line, &accepted.message_id);
    line.extend_from_slice(br#","ad_account":"#);
    quoted(&mut line, &format!("act_{}", accepted.ad_account));
    line.extend_from_slice(format!(r#","tracking_id":"{}""#, accepted.tracking_id).as_bytes());
    let place = place(world, &accepted.token, accepted.at);
    line.extend_from_slice(format!(r#","price":{}"#, bills::amount(accepted.price)).as_bytes());
    for (name, value) in ["psid", "zone", "local"].into_iter().zip(place) {
        line.extend_from_slice(format!(r#","{name}":"#).as_bytes());
        match value {
            Some(value) => quoted(&mut line, &value),
            None => line.extend_from_slice(b"null"),
        }
    }
    if let Some(message) = message {
        line.extend_from_slice(br#","message":"#);
        flat(&mut line, message);
    }
    line.extend_from_slice(b"}\n");
    line
}

fn success(accepted: &Accepted) -> Reply {
    Reply::raw(200, JSON, format!(r#"{{"success":true,"marketing_message_tracking_id":"{}"}}"#, accepted.tracking_id))
}
