//! One event in Meta's format, and the envelopes around it.

use serde_json::{Map, Value, json};

use crate::campaigns::Campaign;
use crate::chance;
use crate::fate::Fate;
use crate::options::{Envelope, Stamps};
use crate::subscribers;
use crate::world::{Accepted, World};

/// Webhook fields of a Page that the sandbox knows.
pub const FIELDS: &[&str] = &[
    "marketing_message_delivery_failed",
    "marketing_message_echoes",
    "marketing_message_deliveries",
    "marketing_message_reads",
    "marketing_message_clicks",
    "marketing_messages_subscriber_upload_status",
    "messaging_optins",
    "messaging_policy_enforcement",
    "messaging_integrity",
    "messaging_postbacks",
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
];

/// Fields of a send's stages, in the order of `stages`.
const STAGES: [&str; 5] = [
    "marketing_message_delivery_failed",
    "marketing_message_echoes",
    "marketing_message_deliveries",
    "marketing_message_reads",
    "marketing_message_clicks",
];

/// When each stage comes.
pub fn stages(fate: &Fate) -> [Option<i64>; 5] {
    [fate.failed, fate.echoed, fate.delivered, fate.read, fate.clicked]
}

/// An event as it appears in an envelope.
#[derive(Clone, Debug)]
pub struct Event {
    /// 1 for the first; duplicates share it.
    pub n: u64,
    pub field: &'static str,
    page: String,
    value: Map<String, Value>,
    /// In `messaging[]` rather than `changes[]`.
    messaging: bool,
    /// What the truth file says about it.
    facts: Value,
}

impl Event {
    /// Whose event it is.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The stage at `place` of an accepted send.
    pub fn of_send(world: &World, accepted: &Accepted, campaign: &Campaign, place: usize, at: i64) -> Self {
        let field = STAGES[place];
        let seed = world.options.seed;
        let dials = &world.options.webhooks;
        let key = format!("{}/{place}", accepted.n);
        let share = |what: &str| chance::share(seed, what, &key, 0);
        let failed = place == 0;
        let token = &*accepted.token;
        let custom = subscribers::by_custom_audience(world, token);
        let mid = format!("m_{}", chance::letters(40, chance::draw(seed, "mid", token, accepted.n)));
        let tracking = accepted.tracking_id.to_string();
        // In mixed mode, every other event has numeric IDs.
        let mixed = dials.envelope == Envelope::Mixed;
        let id = |text: &str| match text.parse::<u64>() {
            Ok(number) if mixed && share("number") < 0.5 => json!(number),
            _ => json!(text),
        };
        let messaging = !failed
            && match dials.envelope {
                Envelope::Changes => false,
                Envelope::Messaging => true,
                Envelope::Mixed => share("envelope") < 0.5,
            };

        let mut value = Map::new();
        let mut put = |name: &str, item: Value| value.insert(name.to_owned(), item);
        if !failed && (messaging || !mixed || share("field inside") < 0.5) {
            put("field", json!(field));
        }
        if !failed && !custom {
            put("recipient_id", id(&subscribers::psid(world, token)));
        }
        put("page_id", id(&campaign.page));
        if place <= 2 {
            put("app_id", id(&world.credentials.app_id));
        }
        if failed {
            put("business_id", json!("8000000000000001"));
        }
        put("timestamp", stamp(dials.stamps, at, share("stamp")));
        if matches!(place, 1 | 2 | 4) && !custom {
            put("mid", json!(mid));
        }
        if matches!(place, 1..=3) {
            put("marketing_message_tracking_id", json!(tracking));
        }
        put("messenger_subscription_token", json!(token));
        put("message_id", id(&campaign.ad_id));
        if failed {
            let texts = [
                "The person can’t receive this message",
                "Nachricht wurde nicht zugestellt: Empfänger nicht erreichbar",
                "ส่งข้อความไม่สำเร็จ",
            ];
            put("error_message", json!(texts[(chance::draw(seed, "reason", &key, 0) % 3) as usize]));
        }
        if dials.missing_ids > 0.0 && share("missing") < dials.missing_ids {
            value.remove("mid");
            match chance::draw(seed, "missing which", &key, 0) % 4 {
                0 => drop(value.remove("marketing_message_tracking_id")),
                1 => drop(value.insert("recipient_id".to_owned(), Value::Null).filter(|_| failed)),
                2 => drop(value.insert("recipient_id".to_owned(), json!(0))),
                _ => drop(value.remove("recipient_id")),
            }
            if failed {
                value.remove("recipient_id");
            }
        }
        let kinds = ["failed", "echoed", "delivered", "read", "clicked"];
        let facts = json!({
            "kind": kinds[place],
            "send": accepted.n,
            "token": token,
            "message_id": &*campaign.ad_id,
            "tracking_id": tracking,
            "occurred_at": at,
        });
        Self { n: 0, field, page: campaign.page.clone(), value, messaging, facts }
    }

    /// Someone stopped or resumed marketing messages. Without its ID, such an event names the person by PSID alone.
    pub fn opt_in(world: &World, token: &str, stop: bool, at: i64) -> Self {
        let page = world.options.pages.first().cloned().unwrap_or_default();
        let status = if stop { "STOP NOTIFICATIONS" } else { "RESUME NOTIFICATIONS" };
        let mut value = json!({
            // Inferred: the Page does not learn who somebody from a custom audience is.
            "sender": subscribers::known_psid(world, token).map(|psid| json!({ "id": psid })),
            "recipient": { "id": page },
            "timestamp": at,
            "optin": {
                "type": "notification_messages",
                "payload": "sandbox",
                "notification_messages_token": token,
                "notification_messages_timezone": subscribers::zone(world, token).map(|zone| &zone.name),
                "user_token_status": "NOT_REFRESHED",
                "notification_messages_status": status,
                "title": "Offers and news",
                "token_expiry_timestamp": subscribers::expires(world, token).or_else(|| subscribers::says_never(world, token)),
            },
        });
        let missing = world.options.webhooks.missing_ids;
        if missing > 0.0
            && !value["sender"].is_null()
            && chance::share(world.options.seed, "missing", token, at as u64) < missing
            && let Some(optin) = value["optin"].as_object_mut()
        {
            optin.remove("notification_messages_token");
        }
        let facts = json!({
            "kind": "optin",
            "token": token,
            "psid": value["sender"]["id"],
            "status": status,
            "occurred_at": at,
        });
        let value = value.as_object().cloned().unwrap_or_default();
        Self { n: 0, field: "messaging_optins", page, value, messaging: true, facts }
    }

    /// Its line in the truth file.
    pub fn truth(&self, lost: bool) -> String {
        let mut line = Map::new();
        line.insert("event".to_owned(), json!(self.n));
        if let Value::Object(facts) = &self.facts {
            line.extend(facts.clone());
        }
        line.insert("sent".to_owned(), json!(!lost));
        format!("{}\n", Value::Object(line))
    }
}

fn stamp(stamps: Stamps, at: i64, share: f64) -> Value {
    match stamps {
        Stamps::Seconds => json!(at / 1000),
        Stamps::Millis => json!(at),
        Stamps::Odd => json!(at / 100),
        Stamps::Mixed if share < 0.34 => json!(at / 1000),
        Stamps::Mixed if share < 0.67 => json!(at),
        Stamps::Mixed => json!(at / 100),
    }
}

/// The body of one POST: entries by Page and kind of envelope.
pub fn body(events: &[Event], now: i64, stamps: Stamps) -> Value {
    let mut entries: Vec<(String, bool, Vec<Value>)> = Vec::new();
    for event in events {
        let item = if event.messaging {
            Value::Object(event.value.clone())
        } else {
            json!({ "field": event.field, "value": event.value })
        };
        match entries.iter_mut().find(|(page, messaging, _)| *page == event.page && *messaging == event.messaging) {
            Some((_, _, items)) => items.push(item),
            None => entries.push((event.page.clone(), event.messaging, vec![item])),
        }
    }
    let time = if stamps == Stamps::Millis { now } else { now / 1000 };
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(page, messaging, items)| {
            if messaging {
                json!({ "id": page, "time": time, "messaging": items })
            } else {
                json!({ "id": page, "time": time, "changes": items })
            }
        })
        .collect();
    json!({ "object": "page", "entry": entries })
}

/// JSON as Meta signs it: ASCII only, with `/` escaped.
pub fn signed_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len());
    let mut units = [0_u16; 2];
    for character in plain.chars() {
        match character {
            '/' => text.push_str("\\/"),
            ascii if ascii.is_ascii() => text.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_is_ascii_and_means_the_same() {
        let value = json!({"a": "Empfänger 😀 a/b"});
        let text = signed_json(&value);
        assert!(text.is_ascii());
        assert!(text.contains("Empf\\u00e4nger \\ud83d\\ude00 a\\/b"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn stamps_have_their_digits() {
        let at = 1_764_000_000_123;
        assert_eq!(stamp(Stamps::Seconds, at, 0.0).to_string().len(), 10);
        assert_eq!(stamp(Stamps::Odd, at, 0.0).to_string().len(), 11);
        assert_eq!(stamp(Stamps::Millis, at, 0.0).to_string().len(), 13);
    }
}
