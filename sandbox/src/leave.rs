//! Who stops marketing messages, and who takes them again.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::hooks::Notice;
use super::params::Params;
use super::reply::Refusal;
use super::subscribers;
use super::world::World;

/// `POST /<PAGE>/messaging_customer_base/unsubscribe`: the people of `data` stop, each named by `subscriber_token`, by `psid`, or by
/// `phone`, `email` or both. Inferred: a row is invalid if it names nobody or its PSID is nobody's; whether somebody has a telephone number
/// or an address is not told.
pub fn unsubscribe(world: &World, page: &str, params: &Params) -> Result<Value, Refusal> {
    let data = params.json("data")?.unwrap_or_default();
    let rows = data.as_array().ok_or_else(|| Refusal::parameter("The parameter data must be a list"))?;
    let named: Vec<Named> = rows.iter().filter_map(Named::read).collect();
    let psids = by_psid(world, page, &named);
    let mut invalid = rows.len() - named.len();
    let base = subscribers::base(world, page);
    for who in &named {
        match who {
            Named::Token(token) => choose(world, token, true),
            Named::Psid(psid) => match psids.get(psid) {
                Some(token) => choose(world, token, true),
                None => invalid += 1,
            },
            Named::Contact(places) => {
                for place in places.iter().filter(|place| **place < world.options.subscribers) {
                    choose(world, &subscribers::token(world, base + *place), true);
                }
            }
        }
    }
    Ok(json!({ "invalid_rows_count": invalid }))
}

/// Whom a row names.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    Token(String),
    Psid(String),
    /// The places of the people with this telephone number or address.
    Contact(Vec<u64>),
}

impl Named {
    fn read(row: &Value) -> Option<Self> {
        // A token or PSID may be a number; serde_json keeps all digits of a whole one.
        let text = |name: &str| match &row[name] {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if let Some(token) = text("subscriber_token") {
            return Some(Self::Token(token));
        }
        if let Some(psid) = text("psid") {
            return Some(Self::Psid(psid));
        }
        let mut places = Vec::new();
        match (text("phone"), text("email")) {
            (None, None) => return None,
            (phone, email) => {
                if let Some(phone) = phone {
                    places.extend(phone_of(&phone)?);
                }
                if let Some(email) = email {
                    places.extend(email_of(&email)?);
                }
            }
        }
        Some(Self::Contact(places))
    }
}

/// The place of the person with this number, which must have its country code: `None` if it has none.
fn phone_of(phone: &str) -> Option<Option<u64>> {
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    let valid = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let place = || digits.strip_prefix("1555")?.parse().ok().filter(|place| subscribers::phone(*place) == digits);
    (valid && !digits.starts_with('0')).then(place)
}

/// The place of the person with this address; `None` if it is not an address.
fn email_of(email: &str) -> Option<Option<u64>> {
    let email = email.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let place = || name.strip_prefix("subscriber-")?.parse().ok().filter(|place| subscribers::email(*place) == email);
    (!name.is_empty() && host.contains('.')).then(place)
}

/// The tokens of the people with these PSIDs, found in one walk through the list.
fn by_psid(world: &World, page: &str, named: &[Named]) -> HashMap<String, String> {
    let wanted: HashSet<&str> = named
        .iter()
        .filter_map(|who| match who {
            Named::Psid(psid) => Some(psid.as_str()),
            _ => None,
        })
        .collect();
    let mut found = HashMap::new();
    let mut place = subscribers::base(world, page);
    let end = place + world.options.subscribers;
    while found.len() < wanted.len() && place < end {
        if subscribers::owner(world, place).is_none() {
            let token = subscribers::token(world, place);
            let psid = subscribers::psid(world, &token);
            if wanted.contains(psid.as_str()) && !subscribers::by_custom_audience(world, &token) {
                found.insert(psid, token);
            }
        }
        place += 1;
    }
    found
}

/// Records that a person stopped or resumed, for all tokens of that person, and sends the event.
pub fn choose(world: &World, token: &str, stop: bool) {
    let first = subscribers::first_of(world, token);
    world.people.lock(first.as_deref().unwrap_or(token)).person().choice = Some(stop);
    world.notify(|| Notice::OptIn { token: token.to_owned(), stop });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_somebody_in_one_of_four_ways() {
        for (row, wanted) in [
            (json!({"subscriber_token": "anna"}), Some(Named::Token("anna".to_owned()))),
            (
                json!({"subscriber_token": 7_104_857_600_123_456_781_u64}),
                Some(Named::Token("7104857600123456781".to_owned())),
            ),
            (json!({"psid": "61"}), Some(Named::Psid("61".to_owned()))),
            (json!({"phone": "+15550000042"}), Some(Named::Contact(vec![42]))),
            (json!({"phone": 15_550_000_042_u64}), Some(Named::Contact(vec![42]))),
            (json!({"phone": "66812345678"}), Some(Named::Contact(vec![]))),
            (json!({"email": "Subscriber-7@example.com"}), Some(Named::Contact(vec![7]))),
            (json!({"email": "someone@example.com"}), Some(Named::Contact(vec![]))),
            (json!({"phone": "15550000042", "email": "subscriber-7@example.com"}), Some(Named::Contact(vec![42, 7]))),
            (json!({"phone": "0812345678"}), None),
            (json!({"phone": "123"}), None),
            (json!({"email": "subscriber-7"}), None),
            (json!({"phone": "15550000042", "email": "x"}), None),
            (json!({}), None),
            (json!("anna"), None),
        ] {
            assert_eq!(Named::read(&row), wanted, "{row}");
        }
    }
}
