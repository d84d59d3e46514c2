//! Reads a notice: both envelopes, ids as numbers or strings, absent values, timestamps of any unit.
//!
//! Only a body that is no JSON object is refused. Whatever else is strange in it is kept as it came, or counted.

mod value;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::clock::UnixMillis;
use crate::ledger::events::{Event, Facts, Kind, OptIn, Stage, failure_text};
use value::{Text, lenient};

/// What a body held.
#[derive(Debug, Default)]
pub struct Notice {
    pub events: Vec<Event>,
    /// Ordinary Messenger events, which are none of our business: not kept.
    pub ignored: u64,
    /// Entries that can't be read, and changes without a value (the app's "Include values" is off).
    pub empty: u64,
}

/// Why a body is refused.
#[derive(Debug)]
pub struct Malformed(Option<serde_json::Error>);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the text itself: it may hold tokens.
        match &self.0 {
            Some(error) => write!(f, "no JSON object: wrong at line {} column {}", error.line(), error.column()),
            None => f.write_str("no JSON object"),
        }
    }
}

impl std::error::Error for Malformed {}

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    entry: Option<Vec<&'b RawValue>>,
    #[serde(borrow, default)]
    field: Option<&'b RawValue>,
    #[serde(borrow, default)]
    messenger_subscription_token: Option<&'b RawValue>,
}

#[derive(Deserialize, Default)]
struct Entry<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    time: Text<'b>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    changes: Option<Vec<&'b RawValue>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    messaging: Option<Vec<&'b RawValue>>,
}

#[derive(Deserialize, Default)]
struct Change<'b> {
    #[serde(borrow, default)]
    field: Text<'b>,
    #[serde(borrow, default)]
    value: Option<&'b RawValue>,
}

/// The fields of every kind of event, all optional.
#[derive(Deserialize, Default)]
struct Fields<'b> {
    #[serde(borrow, default)]
    field: Text<'b>,
    #[serde(borrow, default)]
    page_id: Text<'b>,
    #[serde(borrow, default)]
    timestamp: Text<'b>,
    #[serde(borrow, default)]
    mid: Text<'b>,
    #[serde(borrow, default)]
    marketing_message_tracking_id: Text<'b>,
    #[serde(borrow, default)]
    messenger_subscription_token: Text<'b>,
    #[serde(borrow, default)]
    message_id: Text<'b>,
    #[serde(borrow, default)]
    error_message: Text<'b>,
    #[serde(borrow, default)]
    sender: Option<&'b RawValue>,
    #[serde(borrow, default)]
    recipient: Option<&'b RawValue>,
    #[serde(borrow, default)]
    optin: Option<&'b RawValue>,
}

#[derive(Deserialize, Default)]
struct Party<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
}

#[derive(Deserialize, Default)]
struct OptInFields<'b> {
    #[serde(borrow, default)]
    notification_messages_token: Text<'b>,
    #[serde(borrow, default)]
    notification_messages_timezone: Text<'b>,
    #[serde(borrow, default)]
    notification_messages_status: Text<'b>,
    #[serde(borrow, default)]
    token_expiry_timestamp: Text<'b>,
}

/// Reads a body.
///
/// # Errors
/// When it is no JSON object.
pub fn read(body: &[u8]) -> Result<Notice, Malformed> {
    let whole: &RawValue = serde_json::from_slice(body).map_err(|error| Malformed(Some(error)))?;
    let body: Body<'_> = object(whole).ok_or(Malformed(None))?;
    let mut notice = Notice::default();
    match body.entry {
        Some(entries) => {
            for raw in entries {
                match object(raw) {
                    Some(entry) => read_entry(&entry, &mut notice),
                    None => notice.empty += 1,
                }
            }
        }
        // The inner object alone, as the documentation shows it.
        None if body.field.is_some() || body.messenger_subscription_token.is_some() => {
            read_value(None, whole, &Entry::default(), &mut notice);
        }
        None => notice.empty += 1,
    }
    Ok(notice)
}

/// The fields of a JSON object; an array is none, though serde would take one.
fn object<'b, T: Deserialize<'b>>(raw: &'b RawValue) -> Option<T> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

fn read_entry(entry: &Entry<'_>, notice: &mut Notice) {
    for raw in entry.changes.iter().flatten() {
        match object(raw) {
            Some(Change { field, value: Some(value) }) => read_value(field.text().as_deref(), value, entry, notice),
            // The value may lie flat in the change.
            Some(_) if raw.get().contains("messenger_subscription_token") => read_value(None, raw, entry, notice),
            Some(_) | None => notice.empty += 1,
        }
    }
    for raw in entry.messaging.iter().flatten() {
        read_value(None, raw, entry, notice);
    }
}

fn read_value(field: Option<&str>, raw: &RawValue, entry: &Entry<'_>, notice: &mut Notice) {
    let Some(fields) = object::<Fields<'_>>(raw) else {
        notice.empty += 1;
        return;
    };
    let inner = fields.field.text();
    let name = field.or(inner.as_deref()).unwrap_or_default();
    let optin = fields.optin.and_then(object::<OptInFields<'_>>);
    let kind = match name.strip_prefix("marketing_message_") {
        Some("echoes") => Kind::Stage(Stage::Echoed),
        Some("deliveries") => Kind::Stage(Stage::Delivered),
        Some("reads") => Kind::Stage(Stage::Read),
        Some("clicks") => Kind::Stage(Stage::Clicked),
        Some("delivery_failed") => Kind::Stage(Stage::Failed),
        Some(_) => Kind::Other,
        None if optin.is_some() => Kind::OptIn,
        None if name == "marketing_messages_subscriber_upload_status" => Kind::Upload,
        // A failure names its field only outside, and outside it may be missing.
        None if name.is_empty() && fields.error_message.text().is_some() => Kind::Stage(Stage::Failed),
        None if name.starts_with("marketing_") => Kind::Other,
        None => {
            notice.ignored += 1;
            return;
        }
    };
    let page = |party: Option<&RawValue>| party.and_then(object::<Party<'_>>).and_then(|party| party.id.id());
    let mut facts = Facts {
        page: fields.page_id.id(),
        token: fields.messenger_subscription_token.id(),
        campaign: fields.message_id.id(),
        tracking_id: fields.marketing_message_tracking_id.id(),
        mid: fields.mid.id(),
        occurred_at: time(&fields.timestamp).or_else(|| time(&entry.time)),
        failure: match kind {
            Kind::Stage(Stage::Failed) => fields.error_message.text().as_deref().and_then(failure_text),
            _ => None,
        },
        opt_in: None,
        raw: raw.get().to_owned(),
    };
    if let Some(optin) = optin.filter(|_| kind == Kind::OptIn) {
        let status = optin.notification_messages_status.text().map(|status| status.to_ascii_uppercase());
        facts.page = facts.page.or_else(|| page(fields.recipient));
        facts.token = optin.notification_messages_token.id();
        facts.opt_in = Some(OptIn {
            stop: match status.as_deref() {
                Some(status) if status.contains("STOP") => Some(true),
                Some(status) if status.contains("RESUME") => Some(false),
                _ => None,
            },
            psid: page(fields.sender),
            time_zone: optin.notification_messages_timezone.text(),
            expires_at: time(&optin.token_expiry_timestamp),
        });
    }
    facts.page = facts.page.or_else(|| entry.id.id());
    notice.events.push(Event::new(kind, facts));
}

/// A time in whatever unit its digits make sense in: seconds, milliseconds, microseconds, or the tenths that Meta's sample shows.
/// `None` for 0, text and numbers that are no time between 2001 and 2255.
fn time(text: &Text<'_>) -> Option<UnixMillis> {
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
    // Ten digits may be no more than 9,999,999,999 s, the year 2286; what is shorter was before September 2001.
    (millis < 9_000_000_000_000).then_some(UnixMillis(millis))
}

#[cfg(test)]
mod tests;
