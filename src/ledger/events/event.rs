//! One event of a notice, as far as `mmsg` reads it.

use sha2::{Digest, Sha256};

use super::sends::About;
use super::stage::Stage;
use crate::clock::UnixMillis;
use crate::ledger::key::{Key, key};
use crate::ledger::people::OptIn;
use crate::ledger::people::choices::Whom;
use crate::times::EVENT_AHEAD;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stage(Stage),
    OptIn,
    Upload,
    /// Kept, but not read.
    Other,
    /// What Meta did about the Page.
    Policy,
}

impl Kind {
    pub(in crate::ledger) const fn number(self) -> i64 {
        match self {
            Self::Stage(stage) => stage as i64,
            Self::OptIn => 5,
            Self::Upload => 6,
            Self::Other => 7,
            Self::Policy => 8,
        }
    }
}

/// One event of a notice.
#[derive(Clone, Debug)]
pub struct Event {
    pub(super) kind: Kind,
    pub(super) facts: Facts,
    /// Events with the same key are the same event.
    pub(super) key: Key,
    pub(super) person: Option<Key>,
}

impl Event {
    /// The Page that it is about, if it says so.
    pub fn page(&self) -> Option<&str> {
        self.facts.page.as_deref()
    }
}

/// What an event says, as far as `mmsg` reads it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub page: Option<String>,
    pub token: Option<String>,
    /// The person's id for this Page.
    pub psid: Option<String>,
    pub campaign: Option<String>,
    pub tracking_id: Option<String>,
    pub mid: Option<String>,
    pub occurred_at: Option<UnixMillis>,
    /// Why delivery failed, or what Meta did about the Page, in Meta's words.
    pub words: Option<String>,
    pub opt_in: Option<OptIn>,
    /// The event's JSON as it came.
    pub raw: String,
}

impl Facts {
    /// The person of a Page, as far as both are named.
    pub(super) fn whom(&self) -> Option<Whom<'_>> {
        Some(Whom { page: self.page.as_deref()?, psid: self.psid.as_deref()? })
    }

    /// What the event says besides its columns.
    pub(super) fn detail(&self) -> Option<&str> {
        let status = self.opt_in.as_ref().and_then(|opt_in| opt_in.status.as_deref());
        self.words.as_deref().or(status)
    }
}

impl Event {
    pub fn new(kind: Kind, facts: Facts) -> Self {
        let person = facts.token.as_deref().map(key);
        let key = event_key(kind, &facts);
        Self { kind, person, facts, key }
    }

    /// When the notice was sent, for an event without a time of its own. It is not part of what makes two events the same: a repeated
    /// notice is sent at another time.
    #[must_use]
    pub fn or_at(mut self, at: Option<UnixMillis>) -> Self {
        self.facts.occurred_at = self.facts.occurred_at.or(at);
        self
    }

    /// Nothing happened in the future; its own words are kept as they came.
    pub(super) fn occurred_at(&self, now: UnixMillis) -> UnixMillis {
        let latest = now.plus(EVENT_AHEAD);
        self.facts.occurred_at.filter(|at| *at <= latest).unwrap_or(now)
    }

    pub(super) fn about(&self, recipient: Option<i64>) -> About<'_> {
        About {
            recipient,
            campaign: self.facts.campaign.as_deref(),
            page: self.facts.page.as_deref(),
            tracking_id: self.facts.tracking_id.as_deref(),
        }
    }

    #[cfg(test)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether both are the same event, reported twice.
    #[cfg(test)]
    pub fn is_same(&self, other: &Self) -> bool {
        self.key == other.key
    }

    #[cfg(test)]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// Meta repeats notices with the same content, perhaps in another envelope. For an event of a person's send, the fields that identify
/// it are hashed; for all others, the whole text.
fn event_key(kind: Kind, facts: &Facts) -> Key {
    let mut hash = Sha256::new();
    let mut add = |part: Option<&str>| {
        let text = part.unwrap_or_default();
        hash.update([u8::from(part.is_some())]);
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(Some(&kind.number().to_string()));
    if facts.token.is_some() && matches!(kind, Kind::Stage(_)) {
        for part in [&facts.token, &facts.campaign, &facts.tracking_id, &facts.mid, &facts.words] {
            add(part.as_deref());
        }
        add(facts.occurred_at.map(|at| at.0.to_string()).as_deref());
    } else {
        add(Some(&facts.raw));
    }
    let digest = hash.finalize();
    let mut key = [0; 16];
    if let Some(at) = facts.occurred_at {
        key[..4].copy_from_slice(&seconds(at));
    }
    key[4..].copy_from_slice(&digest[..12]);
    key
}

/// How the keys of events of this second begin; in the order of time. What has no time of its own begins with zeros.
fn seconds(at: UnixMillis) -> [u8; 4] {
    u32::try_from(at.0.div_euclid(1000)).unwrap_or(u32::MAX).to_be_bytes()
}

/// All keys of events with a time of their own before this one are less.
pub(super) fn first_key(at: UnixMillis) -> Key {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&seconds(at));
    key
}

/// The second with which a key begins.
pub(super) fn time_of(key: &Key) -> UnixMillis {
    let [a, b, c, d, ..] = *key;
    UnixMillis(i64::from(u32::from_be_bytes([a, b, c, d])) * 1000)
}
