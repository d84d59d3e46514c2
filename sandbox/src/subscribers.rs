//! The people of each Page's token list. Each entry is made from the seed and its place, so that a list of any length takes no memory.

use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::chance;
use super::error::{Error, Result};
use super::people::Person;
use super::reply::Refusal;
use super::values;
use super::world::World;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// What the people of the token list are like. Expired, ineligible and doubled tokens are never of custom audiences, whose entries
/// would not show it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Subscribers")]
pub struct Crowd {
    /// Time zones of the people, each with its SHARE; those without one divide the rest.
    #[arg(
        long,
        default_value = "America/New_York,America/Sao_Paulo,Asia/Bangkok,Asia/Manila",
        value_name = "ZONE=SHARE,…",
        value_parser = Zones::parse
    )]
    pub zones: Zones,
    /// Entries of the token list that are another token of somebody listed before.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub doubled: f64,
    /// People whose token has expired (2300037).
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub expired: f64,
    /// People whose token expires within seven days.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub expiring: f64,
    /// People whose token never expires: its time is 0 or missing.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub no_expiry: f64,
    /// People who got a message from somebody else before the start, so that they are eligible 1 to 12 hours later (2300035).
    ///
    /// A third of them by `next_eligible_time` only, a third by `next_eligible_time_for_paid_messaging` only.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub ineligible: f64,
    /// People who stopped before the start (2300034): the list leaves them out.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub stopped: f64,
    /// People whose re-opt-in state is DISABLED. They take messages.
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub reoptin_disabled: f64,
    /// People who talked with the Page in the hour before the start: a `min_conversation_gap_seconds` that reaches back to that refuses
    /// the send (2300052).
    #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub talking: f64,
    /// Custom audiences among which --custom-audience divides its people.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub audiences: u32,
    /// Maximum rows per page of the token list, whatever limit the caller asks for.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub token_page_size: usize,
    /// Token queries per hour, before --time-scale; more are refused (2300080).
    #[arg(long, value_name = "N")]
    pub token_queries: Option<u32>,
    /// Serve the parameters since, until and opt_in_source of the token list, which Meta's SDKs know and its pages do not. Without this
    /// they are refused (100).
    #[arg(long)]
    pub token_filters: bool,
}

/// Time zones and how many people live in each.
#[derive(Clone, Debug)]
pub struct Zones(Vec<Zone>);

#[derive(Clone, Debug)]
pub struct Zone {
    pub name: String,
    pub rules: TimeZone,
    /// Of the draws from 0 to 1, those below this one and not below the zone before.
    upto: f64,
}

impl Zones {
    /// Reads `Asia/Kolkata=30%,Europe/Kyiv,Asia/Manila`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut named = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, share) = match entry.split_once('=') {
                None => (entry, None),
                Some((name, share)) => (name.trim(), Some(values::share(share)?)),
            };
            let rules = match TimeZone::get(name) {
                Ok(rules) => rules,
                // A machine without a time zone database.
                Err(_) if jiff::tz::db().is_definitively_empty() => TimeZone::UTC,
                Err(_) => {
                    return Err(Error::Value(format!("'{name}' is not a time zone: write one like Asia/Bangkok")));
                }
            };
            named.push((name.to_owned(), rules, share));
        }
        let given: f64 = named.iter().filter_map(|(_, _, share)| *share).sum();
        let open = named.iter().filter(|(_, _, share)| share.is_none()).count();
        if named.is_empty() || given > 1.000_001 || (open == 0 && given < 0.999_999) {
            return Err(Error::Value(format!("the shares of the time zones '{text}' do not add up to 100%")));
        }
        let rest = (1.0 - given).max(0.0) / open.max(1) as f64;
        let mut upto = 0.0;
        let zones = named.into_iter().map(|(name, rules, share)| {
            upto += share.unwrap_or(rest);
            Zone { name, rules, upto }
        });
        Ok(Self(zones.collect()))
    }

    fn at(&self, draw: f64) -> Option<&Zone> {
        self.0.iter().find(|zone| draw < zone.upto).or(self.0.last())
    }
}

fn strikes(world: &World, what: &str, token: &str, ratio: f64) -> bool {
    ratio > 0.0 && chance::share(world.options.seed, what, token, 0) < ratio
}

/// So many people may a Page have.
const OF_A_PAGE: u64 = 1 << 40;

/// The first place of a Page's people: no two Pages have one in common.
pub fn base(world: &World, page: &str) -> u64 {
    world.options.pages.iter().position(|other| other == page).unwrap_or(0) as u64 * OF_A_PAGE
}

/// The token of the entry at `place`: nineteen digits, more than a float can hold.
pub fn token(world: &World, place: u64) -> String {
    match owner(world, place) {
        None => first_token(world, place),
        Some(_) => format!("7{:018}", 2 * shuffled(world.options.seed, place, &ROUNDS) + 1),
    }
}

fn first_token(world: &World, place: u64) -> String {
    chance::digits("7", 18, chance::draw(world.options.seed, "subscriber", "", place))
}

/// The place of the person of whom the entry at `place` is another token.
pub fn owner(world: &World, place: u64) -> Option<u64> {
    let seed = world.options.seed;
    let ratio = world.options.crowd.doubled;
    let (in_page, base) = (place % OF_A_PAGE, place / OF_A_PAGE * OF_A_PAGE);
    let doubles = |place: u64| ratio > 0.0 && place > base && chance::share(seed, "double", "", place) < ratio;
    if !doubles(place) {
        return None;
    }
    (0..16)
        .map(|attempt| base + chance::draw(seed, "double of", "", place * 16 + attempt) % in_page)
        .find(|first| !doubles(*first) && !by_custom_audience(world, &first_token(world, *first)))
}

/// The place of a token that is another token of somebody.
fn place_of_double(world: &World, token: &str) -> Option<u64> {
    if world.options.crowd.doubled == 0.0 {
        return None;
    }
    let digits = token.strip_prefix('7').filter(|digits| digits.len() == 18)?;
    let value: u64 = digits.parse().ok()?;
    let place = value.checked_sub(1).filter(|_| value % 2 == 1)? / 2;
    let backwards: Vec<u64> = ROUNDS.iter().rev().copied().collect();
    let place = (place >> BITS <= MASK).then(|| shuffled(world.options.seed, place, &backwards))?;
    (place % OF_A_PAGE < world.options.subscribers && owner(world, place).is_some()).then_some(place)
}

/// The first token of the person who has this token: one choice to stop holds for all of them.
pub fn first_of(world: &World, token: &str) -> Option<String> {
    place_of_double(world, token).and_then(|place| owner(world, place)).map(|place| first_token(world, place))
}

const BITS: u32 = 28;
const MASK: u64 = (1 << BITS) - 1;
const ROUNDS: [u64; 4] = [1, 2, 3, 4];

/// A Feistel network: tokens made by it look random and still tell their place. With the rounds in reverse it undoes itself.
fn shuffled(seed: u64, value: u64, rounds: &[u64]) -> u64 {
    let (mut left, mut right) = (value >> BITS & MASK, value & MASK);
    for round in rounds {
        let mixed = chance::mix(seed ^ round.rotate_left(48) ^ right) & MASK;
        (left, right) = (right, left ^ mixed);
    }
    // Swapped, so that the same walk leads back.
    right << BITS | left
}

/// Whether this person came through a custom audience.
pub fn by_custom_audience(world: &World, token: &str) -> bool {
    strikes(world, "custom audience", token, world.options.custom_audience) && place_of_double(world, token).is_none()
}

/// The ID of the custom audience at `place`.
pub fn audience(world: &World, place: u32) -> String {
    chance::digits("1202", 14, chance::draw(world.options.seed, "id", "audience", u64::from(place)))
}

/// The custom audience through which this person came.
pub fn audience_of(world: &World, token: &str) -> Option<String> {
    by_custom_audience(world, token).then(|| {
        let draw = chance::draw(world.options.seed, "which audience", token, 0);
        audience(world, (draw % u64::from(world.options.crowd.audiences.max(1))) as u32)
    })
}

pub fn psid(world: &World, token: &str) -> String {
    let first = first_of(world, token);
    let first = first.as_deref().unwrap_or(token);
    chance::digits("6", 16, chance::draw(world.options.seed, "psid", first, 0))
}

/// The PSID, which the Page does not know of somebody from a custom audience.
pub fn known_psid(world: &World, token: &str) -> Option<String> {
    (!by_custom_audience(world, token)).then(|| psid(world, token))
}

/// Where this person lives, as far as the token list says it.
pub fn zone<'w>(world: &'w World, token: &str) -> Option<&'w Zone> {
    if by_custom_audience(world, token) {
        return None;
    }
    let first = first_of(world, token);
    let first = first.as_deref().unwrap_or(token);
    world.options.crowd.zones.at(chance::share(world.options.seed, "zone", first, 0))
}

/// `creation_timestamp`.
pub fn created(world: &World, token: &str) -> i64 {
    world.started_at / DAY * DAY - DAY * (1 + (chance::draw(world.options.seed, "created", token, 0) % 90) as i64)
}

/// Where the person subscribed.
pub fn source(world: &World, token: &str) -> &'static str {
    const SOURCES: [&str; 4] = ["CTM", "SUBSCRIBER_LIST", "COMMENT_AUTOMATION", "REPLY_AUTOMATION"];
    match by_custom_audience(world, token) {
        true => SOURCES[1],
        false => SOURCES[(chance::draw(world.options.seed, "source", token, 0) % 4) as usize],
    }
}

/// `token_expiry_timestamp`; none if the token never expires. One draw decides: who is expired is not among those that expire soon.
pub fn expires(world: &World, token: &str) -> Option<i64> {
    let crowd = &world.options.crowd;
    let created = created(world, token);
    let draw = |span: i64| (chance::draw(world.options.seed, "expiry by", token, 0) % span.max(1) as u64) as i64;
    if by_custom_audience(world, token) || crowd.expired + crowd.expiring + crowd.no_expiry == 0.0 {
        return Some(created + 365 * DAY);
    }
    match chance::share(world.options.seed, "expiry", token, 0) {
        share if share < crowd.expired => Some(created + draw(world.started_at - created - HOUR)),
        share if share < crowd.expired + crowd.expiring => Some(world.started_at + HOUR + draw(7 * DAY - 2 * HOUR)),
        share if share < crowd.expired + crowd.expiring + crowd.no_expiry => None,
        _ => Some(created + 365 * DAY),
    }
}

/// What the list shows for a token that never expires: 0, or nothing. Inferred.
pub fn says_never(world: &World, token: &str) -> Option<i64> {
    strikes(world, "never is 0", token, 0.5).then_some(0)
}

/// When this person last talked with the Page, if that was a short while before the start.
fn talked(world: &World, token: &str) -> Option<i64> {
    let hour = world.scaled(Duration::from_hours(1)).max(1) as u64;
    let ago = || (chance::draw(world.options.seed, "talked at", token, 0) % hour) as i64;
    strikes(world, "talking", token, world.options.crowd.talking).then(|| world.started_at - ago())
}

/// `next_eligible_time` and `next_eligible_time_for_paid_messaging`.
pub fn eligible(world: &World, token: &str, person: &Person) -> (i64, i64) {
    let created = created(world, token);
    let own = if person.last_accepted == 0 { created } else { person.last_accepted + world.cool_down() };
    let Some(until) = ineligible_until(world, token) else { return (own, own) };
    match chance::draw(world.options.seed, "eligible by", token, 0) % 3 {
        0 => (until.max(own), own),
        1 => (own, until.max(own)),
        _ => (until.max(own), until.max(own)),
    }
}

/// When the cool-down after somebody else's message ends.
fn ineligible_until(world: &World, token: &str) -> Option<i64> {
    if !strikes(world, "ineligible", token, world.options.crowd.ineligible) || by_custom_audience(world, token) {
        return None;
    }
    let hour = world.cool_down() / 12;
    let draw = chance::draw(world.options.seed, "eligible at", token, 0) % (hour * 11).max(1) as u64;
    Some(world.started_at + hour + draw as i64)
}

/// `notification_messages_reoptin`.
pub fn reoptin(world: &World, token: &str) -> bool {
    !strikes(world, "reoptin", token, world.options.crowd.reoptin_disabled)
}

/// Whether this person stopped, before the start or since.
pub fn stopped(world: &World, token: &str) -> bool {
    let first = first_of(world, token);
    let first = first.as_deref().unwrap_or(token);
    match world.people.get(first).and_then(|person| person.choice) {
        Some(stopped) => stopped,
        None => strikes(world, "stopped", first, world.options.crowd.stopped),
    }
}

/// Refuses a send that this person can't get now, apart from what this token was sent and chose here.
/// `gap`: how long the person must not have talked with the Page.
pub fn may_get(world: &World, token: &str, gap: Option<Duration>, now: i64) -> Result<(), Refusal> {
    let crowd = &world.options.crowd;
    if crowd.stopped + crowd.doubled > 0.0 && stopped(world, token) {
        return Err(Refusal::new(2_300_034));
    }
    if crowd.expired + crowd.expiring > 0.0 && expires(world, token).is_some_and(|at| at <= now) {
        return Err(Refusal::new(2_300_037));
    }
    if ineligible_until(world, token).is_some_and(|until| now < until) {
        return Err(Refusal::new(2_300_035));
    }
    if gap.zip(talked(world, token)).is_some_and(|(gap, at)| now - at < world.scaled(gap)) {
        return Err(Refusal::new(2_300_052));
    }
    Ok(())
}

/// The e-mail address of the person at `place`, by whom the Page knows them.
pub fn email(place: u64) -> String {
    format!("subscriber-{place}@example.com")
}

/// The telephone number of the person at `place`, in digits without a plus.
pub fn phone(place: u64) -> String {
    format!("1555{place:07}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shuffle_undoes_itself() {
        let backwards: Vec<u64> = ROUNDS.iter().rev().copied().collect();
        let mut seen = std::collections::HashSet::new();
        for value in (0..2000).chain([MASK, MASK + 1, (1 << (2 * BITS)) - 1]) {
            let there = shuffled(9, value, &ROUNDS);
            assert_eq!(shuffled(9, there, &backwards), value);
            assert!(there >> (2 * BITS) == 0 && seen.insert(there));
        }
    }

    #[test]
    fn zones_have_their_shares() {
        let zones = Zones::parse("Asia/Kolkata=30%, Asia/Manila, Asia/Bangkok=0.5").unwrap();
        for (draw, name) in [
            (0.0, "Asia/Kolkata"),
            (0.3, "Asia/Manila"),
            (0.499, "Asia/Manila"),
            (0.6, "Asia/Bangkok"),
            (1.0, "Asia/Bangkok"),
        ] {
            assert_eq!(zones.at(draw).unwrap().name, name, "{draw}");
        }
        for wrong in ["", "Mars/Olympus", "Asia/Manila=50%", "Asia/Manila=70%,Asia/Kolkata=70%", "Asia/Manila=x"] {
            assert!(Zones::parse(wrong).is_err(), "{wrong}");
        }
    }
}
