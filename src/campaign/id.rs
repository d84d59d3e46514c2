//! Meta's ids: opaque text, never numbers.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::log::Shown;

/// The longest id that is accepted; Meta's have about 18 digits.
const MAX_ID: usize = 128;

/// The id of a campaign as returned by `campaign create` (`message_id` in a send). Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CampaignId(String);

impl CampaignId {
    /// Accepts any id of visible ASCII characters. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let id = text.trim();
        if id.is_empty() {
            return Err("the campaign ID is empty".to_owned());
        }
        if id.len() > MAX_ID || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("{id:?} is not a campaign ID (1 to {MAX_ID} visible ASCII characters)"));
        }
        // These two would change the path of a URL, escaped or not.
        if id == "." || id == ".." {
            return Err(format!("{id:?} is not a campaign ID"));
        }
        Ok(Self(id.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An ad account: `act_` and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdAccount(String);

impl AdAccount {
    /// Accepts `act_123` and `123`. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match digits(text.strip_prefix("act_").unwrap_or(text)) {
            Some(number) => Ok(Self(format!("act_{number}"))),
            None => Err(format!("{text:?} is not an ad account ID (digits, optionally after act_)")),
        }
    }

    /// With `act_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A Page: digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(String);

impl PageId {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match digits(text) {
            Some(number) => Ok(Self(number.to_owned())),
            None => Err(format!("{text:?} is not a Page ID (digits)")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn digits(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= MAX_ID && text.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(text)
}

macro_rules! shown_as_text {
    ($($id:ident)*) => { $(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Shown for $id {
            type Value<'a> = &'a str;

            fn shown(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )* };
}

shown_as_text!(CampaignId AdAccount PageId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_digits_get_their_act_and_anything_else_is_refused() {
        for (text, want) in [("123", "act_123"), ("act_123", "act_123"), (" 9\n", "act_9")] {
            assert_eq!(AdAccount::parse(text).unwrap().as_str(), want);
        }
        for text in ["", "act_", "act_act_1", "12a", "-1", "1.5", "１２", "act_1/..", "1 2"] {
            assert!(AdAccount::parse(text).is_err(), "{text}");
        }
        assert!(PageId::parse("act_1").is_err());
    }

    #[test]
    fn a_campaign_id_is_opaque_but_never_a_folder() {
        for text in ["1202100", "a/b", "%2e", "x.y", "..."] {
            assert_eq!(CampaignId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", ".", "..", "a b", "a\nb", "é", &"9".repeat(129)] {
            assert!(CampaignId::parse(text).is_err(), "{text}");
        }
    }
}
