//! The subscription tokens of a Page: all of them in pages, and one.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::dials::Dials;
use super::limits::Usage;
use super::nodes::asked;
use super::paging::{From, Page, limit_of, page_of, window};
use super::params::{self, Field, Params};
use super::reply::Refusal;
use super::subscribers;
use super::world::World;

/// Of cursors.
const PREFIX: &str = "QVFIT";
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
/// With `do_not_return_duplicates`, the whole list ends here.
const MOST_WITHOUT_DUPLICATES: usize = 10_000;
/// A smaller custom audience has no tokens.
const LEAST_OF_AUDIENCE: usize = 100;

/// Token queries since the hour began.
#[derive(Debug, Default)]
pub struct Queries {
    since: i64,
    count: u32,
}

impl Queries {
    /// Counts a query; refuses it once the hour is full. Inferred: the hour begins with a query, and the usage headers of the Page tell
    /// how full it is.
    fn one_more(&mut self, most: u32, hour: i64, now: i64) -> Result<u32, (Refusal, i64)> {
        if now >= self.since.saturating_add(hour) {
            *self = Self { since: now, count: 0 };
        }
        if self.count >= most {
            return Err((Refusal::new(2_300_080), self.since + hour - now));
        }
        self.count += 1;
        Ok(self.count * 100 / most.max(1))
    }
}

/// Counts a token query of a Page, if `--token-queries` is given.
fn count_query(world: &World, page: &str, usage: &mut Option<Usage>) -> Result<(), Refusal> {
    let Some(most) = world.options.crowd.token_queries else { return Ok(()) };
    let counted = {
        let mut queries = world.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.one_more(most, world.scaled(HOUR), world.now())
    };
    let (percent, wait) = counted.as_ref().map_or_else(|(_, wait)| (100, *wait), |percent| (*percent, 0));
    *usage = Some(Usage::of_page(page, percent, wait));
    counted.map(|_| ()).map_err(|(refusal, _)| refusal)
}

/// One person's entry in the token list.
fn node(world: &World, token: &str) -> Value {
    let audience = subscribers::audience_of(world, token);
    let person = world.people.get(token).unwrap_or_default();
    let (eligible, paid) = subscribers::eligible(world, token, &person);
    let expires = subscribers::expires(world, token);
    let reoptin = subscribers::reoptin(world, token);
    // Inferred: a token that has expired, or that its person would not opt in again, was not refreshed.
    let refreshed = reoptin && expires.is_none_or(|at| at > world.now());
    let known = |value: Value| if audience.is_some() { Value::Null } else { value };
    json!({
        "notification_messages_token": token,
        "recipient_id": subscribers::known_psid(world, token),
        "notification_messages_reoptin": if reoptin { "ENABLED" } else { "DISABLED" },
        "creation_timestamp": known(json!(subscribers::created(world, token))),
        "token_expiry_timestamp": known(json!(expires.or_else(|| subscribers::says_never(world, token)))),
        "next_eligible_time": known(json!(eligible)),
        "next_eligible_time_for_paid_messaging": known(json!(paid)),
        "user_token_status": known(json!(if refreshed { "REFRESHED" } else { "NOT_REFRESHED" })),
        "topic_title": "Offers and news",
        "notification_messages_timezone": subscribers::zone(world, token).map(|zone| &zone.name),
        "notification_messages_frequency": null,
        "custom_audience_ids": audience.map(|audience| [audience]),
    })
}

fn fields(params: &Params) -> Result<Vec<Field>, Refusal> {
    let asked = asked(params)?;
    if !asked.is_empty() {
        return Ok(asked);
    }
    params::fields(
        "notification_messages_token,recipient_id,notification_messages_reoptin,creation_timestamp,token_expiry_timestamp,\
         next_eligible_time,user_token_status,topic_title,notification_messages_timezone,custom_audience_ids",
    )
}

/// `GET /<PAGE>/notification_message_tokens`, without people who stopped. What a page leaves out makes it shorter, and perhaps empty.
pub fn list(
    world: &World,
    dials: &Dials,
    page: &str,
    params: &Params,
    usage: &mut Option<Usage>,
) -> Result<Value, Refusal> {
    count_query(world, page, usage)?;
    let asked = fields(params)?;
    // The SDKs know these; no page says who may use them.
    params.not_served(&["is_previously_messaged", "subscriber_tag_ids"])?;
    if !world.options.crowd.token_filters {
        params.not_served(&["opt_in_source", "since", "until"])?;
    }
    let (since, until) = (moment(world, params, "since")?, moment(world, params, "until")?);
    let sources = list_of(params, "opt_in_source")?;
    // Inferred: by when the token was made, of people of whom that is told.
    let in_time = |token: &str| {
        (since.is_none() && until.is_none()) || {
            let made = subscribers::created(world, token);
            subscribers::audience_of(world, token).is_none()
                && since.is_none_or(|since| since <= made)
                && until.is_none_or(|until| made < until)
        }
    };
    let audiences = list_of(params, "custom_audience_ids")?;
    let once = matches!(params.0.get("do_not_return_duplicates"), Some(value) if *value == true || *value == "true");
    let base = subscribers::base(world, page);
    let most = world.options.crowd.token_page_size.clamp(1, 1000);
    let (mut all, mut limit) = (world.options.subscribers, limit_of(params, 100, most)? as u64);
    if once {
        all = firsts(world, base).nth(MOST_WITHOUT_DUPLICATES).unwrap_or(all);
    }
    let of_audience = |token: &str| match &audiences {
        None => true,
        Some(ids) => subscribers::audience_of(world, token).is_some_and(|audience| ids.contains(&audience)),
    };
    let wanted = |token: &str| {
        of_audience(token)
            && in_time(token)
            && sources.as_ref().is_none_or(|all| all.iter().any(|one| one == subscribers::source(world, token)))
    };
    let found = |place: &u64| of_audience(&subscribers::token(world, base + *place));
    if audiences.is_some() && (0..all).filter(found).take(LEAST_OF_AUDIENCE).count() < LEAST_OF_AUDIENCE {
        (all, limit) = (0, 0);
    }
    let (from, end) = window(params, PREFIX, limit, all)?;
    let mut rows = Vec::new();
    for place in (from..end).filter(|place| !once || subscribers::owner(world, base + *place).is_none()) {
        let token = subscribers::token(world, base + place);
        if wanted(&token) && !subscribers::stopped(world, &token) {
            rows.push(params::project(&node(world, &token), &asked, "NotificationMessagesToken")?);
        }
    }
    let edge = format!("{page}/notification_message_tokens");
    let stuck = dials.stuck_cursor.is_some_and(|row| from >= row) && !matches!(From::of(params)?, From::Before(_));
    let after = if stuck { from } else { end };
    let page = Page {
        rows,
        before: format!("{PREFIX}{from}"),
        after: format!("{PREFIX}{after}"),
        earlier: from > 0,
        more: stuck || end < all,
    };
    Ok(page_of(world, &edge, page, params))
}

/// The places of first tokens in the list of a Page.
fn firsts(world: &World, base: u64) -> impl Iterator<Item = u64> {
    (0..world.options.subscribers).filter(move |place| subscribers::owner(world, base + *place).is_none())
}

fn moment(world: &World, params: &Params, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let read = world.parse_time(&text).ok_or_else(|| Refusal::parameter(format!("Param {name} must be a time")))?;
    Ok(Some(read))
}

/// A list, as such or as text.
fn list_of(params: &Params, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let wrong = || Refusal::parameter(format!("Param {name} must be an array"));
    let Some(list) = params.json(name)? else { return Ok(None) };
    let ids = list.as_array().ok_or_else(wrong)?.iter().map(|id| match id {
        Value::String(id) => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(wrong()),
    });
    ids.collect::<Result<Vec<_>, _>>().map(Some)
}

/// `GET /notification_messages_<TOKEN>`. Any text is a subscriber's token here, unless a dial says that it is dead.
pub fn one(world: &World, token: &str, params: &Params, usage: &mut Option<Usage>) -> Result<Value, Refusal> {
    let page = world.options.pages.first().map_or("0", String::as_str);
    count_query(world, page, usage)?;
    let dials = world.dials();
    let dead = dials
        .error_tokens
        .get(token)
        .or_else(|| dials.errors.for_person(world.options.seed, token))
        .is_some_and(|fault| fault.name == "2300004");
    if dead || token.is_empty() {
        return Err(Refusal::unknown_object("get", &format!("notification_messages_{token}")));
    }
    params::project(&node(world, token), &fields(params)?, "NotificationMessagesToken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_queries_and_the_next_as_many() {
        let mut queries = Queries::default();
        let mut ask = |now: i64| queries.one_more(2, 1000, now).map_err(|(refusal, wait)| (refusal.code, wait));
        assert_eq!([ask(5000), ask(5001), ask(5900)], [Ok(50), Ok(100), Err((2_300_080, 100))]);
        assert_eq!([ask(5999), ask(6000), ask(6999)], [Err((2_300_080, 1)), Ok(50), Ok(100)]);
    }
}
