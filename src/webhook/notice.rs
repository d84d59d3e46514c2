//! Parses a notice: both envelopes, ids as numbers or strings, missing values, timestamps in any unit.
//!
//! Only a body that is not a JSON object is refused. Anything unexpected inside it is stored unchanged.

mod policy;
mod value;

use serde_json::value::RawValue;

use crate::clock::UnixMillis;
use crate::ledger::events::{Event, Facts, Kind, OptIn, Stage, short_line};
pub use policy::{Enforcement, enforcement};
use value::{Object, Scalar};

/// A byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The contents of a body.
#[derive(Debug, Default)]
pub struct Notice {
    pub events: Vec<Event>,
    /// Ordinary Messenger events: not stored.
    pub ignored: u64,
    /// Stored unchanged, because nothing says what they are about.
    pub unreadable: u64,
    /// Of these, changes without a value: "Include values" is off in the app's settings.
    pub empty: u64,
}

/// Why a body is refused.
#[derive(Debug)]
pub struct Malformed(Option<serde_json::Error>);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the text itself: it may contain tokens.
        match &self.0 {
            Some(error) => write!(f, "not a JSON object: error at line {} column {}", error.line(), error.column()),
            None => f.write_str("not a JSON object"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Parses a body.
///
/// # Errors
/// If it is not a JSON object.
pub fn read(body: &[u8]) -> Result<Notice, Malformed> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| Malformed(Some(error))).and_then(read_whole).or_else(|malformed| {
        let mended = mended(body);
        let whole = serde_json::from_str(&mended).map_err(|_| malformed)?;
        read_whole(whole)
    })
}

/// A body with stray bytes in its strings must not lose its events: what is not UTF-8, and control characters that JSON does not
/// allow, are replaced. A field that holds one is then no id.
fn mended(body: &[u8]) -> String {
    String::from_utf8_lossy(body).replace(|c: char| c < ' ', " ")
}

fn read_whole(whole: &RawValue) -> Result<Notice, Malformed> {
    let body = Object::of(whole).ok_or(Malformed(None))?;
    let mut notice = Notice::default();
    // The entries of other objects, such as `ad_account`, have ids of other things.
    let of_page = body.text("object").is_none_or(|object| object == "page");
    match body.array("entry") {
        Some(entries) => {
            for raw in entries {
                match Object::of(raw) {
                    Some(entry) => read_entry(raw, &entry, of_page, &mut notice),
                    None => notice.keep(raw, &Sender::default()),
                }
            }
        }
        // Only the inner object, as shown in the documentation.
        None if body.has("field") || body.has("messenger_subscription_token") => {
            read_value(None, whole, &Sender::default(), &mut notice);
        }
        None => notice.keep(whole, &Sender::default()),
    }
    Ok(notice)
}

/// The Page of the entry, and the time when the notice was sent.
#[derive(Default)]
struct Sender {
    page: Option<String>,
    time: Option<UnixMillis>,
}

impl Notice {
    /// Stores what can't be parsed unchanged: once acknowledged, it can't be requested again.
    fn keep(&mut self, raw: &RawValue, sender: &Sender) {
        self.unreadable += 1;
        let facts = Facts { page: sender.page.clone(), raw: raw.get().to_owned(), ..Facts::default() };
        self.events.push(Event::new(Kind::Other, facts).or_at(sender.time));
    }
}

fn read_entry(raw: &RawValue, entry: &Object<'_>, of_page: bool, notice: &mut Notice) {
    let page = entry.id("id").filter(|_| of_page);
    let sender = Sender { page, time: time(&entry.value("time")) };
    let (changes, messaging) = (entry.array("changes"), entry.array("messaging"));
    if changes.is_none() && messaging.is_none() {
        // An entry of another kind (`standby` and other Messenger entries) is not ours; one whose arrays are not arrays is broken.
        if entry.has("changes") || entry.has("messaging") {
            notice.keep(raw, &sender);
        } else {
            notice.ignored += 1;
        }
        return;
    }
    for raw in changes.into_iter().flatten() {
        let Some(change) = Object::of(raw) else {
            notice.keep(raw, &sender);
            continue;
        };
        let field = change.text("field").filter(|field| !field.is_empty());
        if field.as_deref().is_some_and(|field| !is_ours(field)) {
            notice.ignored += 1;
            continue;
        }
        match change.get("value") {
            Some(value) => read_value(field.as_deref(), value, &sender, notice),
            // The value's fields may be directly in the change.
            None if change.has("messenger_subscription_token") => read_value(None, raw, &sender, notice),
            None => {
                notice.empty += 1;
                notice.keep(raw, &sender);
            }
        }
    }
    for raw in messaging.into_iter().flatten() {
        read_value(None, raw, &sender, notice);
    }
}

/// People's own choices. The second is in Meta's SDK only.
const CHOICES: [&str; 2] = ["messaging_optins", OPT_OUTS];
const OPT_OUTS: &str = "messaging_optouts";

/// What Meta does about a Page that breaks its rules.
const POLICIES: [&str; 2] = ["messaging_policy_enforcement", "messaging_integrity"];

/// Whether the field is one that mmsg subscribes to, or may subscribe to in the future.
fn is_ours(field: &str) -> bool {
    field.starts_with("marketing_") || CHOICES.contains(&field) || POLICIES.contains(&field)
}

fn read_value(field: Option<&str>, raw: &RawValue, sender: &Sender, notice: &mut Notice) {
    let Some(fields) = Object::of(raw) else {
        notice.keep(raw, sender);
        return;
    };
    let inner = fields.text("field");
    let name = field.or(inner.as_deref()).unwrap_or_default();
    let choice = match fields.get("optin").or_else(|| fields.get("optout")) {
        Some(choice) => Object::of(choice),
        None if name == OPT_OUTS => Object::of(raw),
        None => None,
    };
    let policy = policy::part(&fields);
    let failure = fields.text("error_message");
    let kind = match name.strip_prefix("marketing_message_") {
        Some("echoes") => Kind::Stage(Stage::Echoed),
        Some("deliveries") => Kind::Stage(Stage::Delivered),
        Some("reads") => Kind::Stage(Stage::Read),
        Some("clicks") => Kind::Stage(Stage::Clicked),
        Some("delivery_failed") => Kind::Stage(Stage::Failed),
        Some(_) => Kind::Other,
        None if choice.is_some() => Kind::OptIn,
        None if policy.is_some() || POLICIES.contains(&name) => Kind::Policy,
        None if name == "marketing_messages_subscriber_upload_status" => Kind::Upload,
        // A failure names its field only in the envelope, where it may be missing.
        None if name.is_empty() && failure.is_some() && fields.has("messenger_subscription_token") => {
            Kind::Stage(Stage::Failed)
        }
        None if is_ours(name) => Kind::Other,
        // About a marketing message, but nothing says what happened.
        None if fields.has("messenger_subscription_token") || fields.has("marketing_message_tracking_id") => {
            notice.keep(raw, sender);
            return;
        }
        None => {
            notice.ignored += 1;
            return;
        }
    };
    let party = |name: &str| fields.get(name).and_then(Object::of).and_then(|party| party.id("id"));
    let mut facts = Facts {
        page: fields.id("page_id"),
        token: fields.id("messenger_subscription_token"),
        psid: fields.id("recipient_id"),
        campaign: fields.id("message_id"),
        tracking_id: fields.id("marketing_message_tracking_id"),
        mid: fields.id("mid"),
        occurred_at: time(&fields.value("timestamp")),
        words: match kind {
            Kind::Stage(Stage::Failed) => failure.as_deref().and_then(short_line),
            Kind::Policy => Enforcement::of(policy.as_ref().unwrap_or(&fields)).words(),
            _ => None,
        },
        opt_in: None,
        raw: raw.get().to_owned(),
    };
    if matches!(kind, Kind::OptIn | Kind::Policy) {
        facts.page = facts.page.or_else(|| party("recipient"));
    }
    if let Some(choice) = choice.filter(|_| kind == Kind::OptIn) {
        let words = |name: &str| choice.text(name).as_deref().and_then(short_line);
        let status = words("notification_messages_status").map(|status| status.to_lowercase());
        facts.token = choice.id("notification_messages_token");
        facts.psid = party("sender");
        facts.opt_in = Some(OptIn {
            stop: match status.as_deref() {
                Some(status) if status.contains("stop") => Some(true),
                Some(status) if status.contains("resume") => Some(false),
                _ => (name == OPT_OUTS || fields.has("optout")).then_some(true),
            },
            status,
            time_zone: words("notification_messages_timezone"),
            expires_at: time(&choice.value("token_expiry_timestamp")),
        });
    }
    facts.page = facts.page.or_else(|| sender.page.clone());
    notice.events.push(Event::new(kind, facts).or_at(sender.time));
}

/// A time in the unit that fits its number of digits: seconds, milliseconds, microseconds, or the tenths in Meta's sample. `None` for
/// 0, text and numbers that are not a time between 2001 and 2255.
fn time(text: &Scalar<'_>) -> Option<UnixMillis> {
    let text = text.text()?;
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
    let number: i64 = whole.parse().ok()?;
    let digits = whole.len();
    if number <= 0 || !(10..=19).contains(&digits) || whole.starts_with(['+', '0']) {
        return None;
    }
    let millis = match digits {
        10..=12 => number.checked_mul(10_i64.pow(13 - digits as u32))?,
        _ => number / 10_i64.pow(digits as u32 - 13),
    };
    // Ten digits reach 9,999,999,999 s, the year 2286; fewer digits would be before September 2001.
    (millis < 9_000_000_000_000).then_some(UnixMillis(millis))
}

#[cfg(test)]
mod tests;
