//! What Meta did about a Page that breaks its rules.

use serde_json::value::RawValue;

use super::value::Object;
use crate::ledger::events::short_line;

/// Under which names a messaging entry holds it. The first is spelled both ways in Meta's pages.
const PARTS: [&str; 4] = ["policy_enforcement", "policy-enforcement", "integrity", "messaging_integrity"];

/// Meta documents no end of what it does about a Page; these are its names for one in notices about other things.
const ENDS: [&str; 3] = ["expiration", "expires_at", "end_time"];

/// What a notice says, in Meta's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enforcement {
    /// `warning`, `block` or `unblock`.
    pub action: Option<String>,
    pub reason: Option<String>,
    /// In any form that Graph uses for times.
    pub until: Option<String>,
}

impl Enforcement {
    pub(super) fn of(fields: &Object<'_>) -> Self {
        let words = |name: &str| fields.text(name).as_deref().and_then(short_line);
        Self { action: words("action"), reason: words("reason"), until: ENDS.iter().find_map(|name| words(name)) }
    }

    /// On one line.
    pub(super) fn words(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.action, &self.reason].into_iter().filter_map(Option::as_deref).collect();
        short_line(&parts.join(": "))
    }
}

/// The part of a messaging entry that is about the Page.
pub(super) fn part<'b>(fields: &Object<'b>) -> Option<Object<'b>> {
    PARTS.iter().find_map(|part| fields.get(part)).and_then(Object::of)
}

/// Reads an event that was stored as it came.
pub fn enforcement(raw: &str) -> Enforcement {
    let Some(fields) = serde_json::from_str::<&RawValue>(raw).ok().and_then(Object::of) else {
        return Enforcement::default();
    };
    Enforcement::of(part(&fields).as_ref().unwrap_or(&fields))
}
