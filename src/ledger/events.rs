//! What webhooks told, stored once whatever is told twice, and what it says of sends and people.
//!
//! Any order and repetition of the same events gives the same ledger. Three things make it so: an event is judged by what Graph
//! answered about the sends of its person, never by other events (`judge`); what it says is merged into a send by operations
//! whose order does not matter (`marks`); and one that comes while the request it may belong to is still on the wire is kept
//! waiting and judged again when the outcome is known ([`Ledger::judge_waiting_events`]).

mod judge;
mod marks;
mod sitting;
pub mod stage;

use std::time::Instant;

use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use super::key::{Key, key};
pub use super::people::OptIn;
use super::sql::{digit, sql};
use super::{HOLD, Ledger};
use crate::clock::UnixMillis;
use crate::error::Result;
use judge::Judgement;
#[cfg(test)]
pub use marks::bucket_of;
pub use marks::{bucket_seconds, failure_text};
use sitting::Sitting;
pub use stage::{How, Stage};

/// Waiting events that one transaction judges again at most.
const AT_ONCE: i64 = 500;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stage(Stage),
    OptIn,
    Upload,
    /// Kept and nothing more.
    Other,
}

impl Kind {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Stage(stage) => stage as i64,
            Self::OptIn => 5,
            Self::Upload => 6,
            Self::Other => 7,
        }
    }
}

/// One event of a notice.
#[derive(Clone, Debug)]
pub struct Event {
    kind: Kind,
    facts: Facts,
    /// Two notices with the same key are the same event.
    key: Key,
    person: Option<Key>,
}

/// What an event says, as far as `mmsg` reads it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub page: Option<String>,
    pub token: Option<String>,
    pub campaign: Option<String>,
    pub tracking_id: Option<String>,
    pub mid: Option<String>,
    pub occurred_at: Option<UnixMillis>,
    /// Why delivery failed.
    pub failure: Option<String>,
    pub opt_in: Option<OptIn>,
    /// The event's JSON as it came.
    pub raw: String,
}

impl Event {
    pub fn new(kind: Kind, facts: Facts) -> Self {
        let key = event_key(kind, &facts);
        Self { kind, person: facts.token.as_deref().map(self::key), facts, key }
    }

    /// When the notice was sent, for an event that names no time of its own. It does not tell events apart: a notice that is
    /// repeated is sent at another time.
    #[must_use]
    pub fn or_at(mut self, at: Option<UnixMillis>) -> Self {
        self.facts.occurred_at = self.facts.occurred_at.or(at);
        self
    }

    #[cfg(test)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether both are the same event, told twice.
    #[cfg(test)]
    pub fn is_same(&self, other: &Self) -> bool {
        self.key == other.key
    }

    #[cfg(test)]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// Meta repeats a notice with the same content, perhaps in another envelope. What names an event that a send or person has is
/// hashed; of all others the whole text.
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
        for part in [&facts.token, &facts.campaign, &facts.tracking_id, &facts.mid, &facts.failure] {
            add(part.as_deref());
        }
        add(facts.occurred_at.map(|at| at.0.to_string()).as_deref());
    } else {
        add(Some(&facts.raw));
    }
    let digest = hash.finalize();
    let mut key = [0; 16];
    let seconds = facts.occurred_at.map_or(0, |at| u32::try_from(at.0.div_euclid(1000)).unwrap_or(u32::MAX));
    key[..4].copy_from_slice(&seconds.to_be_bytes());
    key[4..].copy_from_slice(&digest[..12]);
    key
}

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Never seen before.
    pub new: u64,
    pub duplicates: u64,
    pub exact: u64,
    pub inferred: u64,
    pub ambiguous: u64,
    /// Kept until the request they may belong to has an outcome.
    pub waiting: u64,
    /// Of no send in this ledger.
    pub foreign: u64,
    /// Sends in doubt that events proved accepted.
    pub settled: u64,
    pub opt_ins: u64,
}

impl EventCounts {
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.new, other.new),
            (&mut self.duplicates, other.duplicates),
            (&mut self.exact, other.exact),
            (&mut self.inferred, other.inferred),
            (&mut self.ambiguous, other.ambiguous),
            (&mut self.waiting, other.waiting),
            (&mut self.foreign, other.foreign),
            (&mut self.settled, other.settled),
            (&mut self.opt_ins, other.opt_ins),
        ] {
            *sum += n;
        }
    }
}

impl Ledger {
    /// Stores events, durably once this returns, in one transaction of about 40 ms: takes from `next` until it has none or the
    /// time is over, and says whether it stopped early. People of opt-ins join the audience `optins`.
    ///
    /// On an error nothing of this call is stored.
    pub fn store_events<'e>(
        &mut self,
        next: &mut dyn FnMut() -> Option<&'e Event>,
        optins: &str,
        now: UnixMillis,
    ) -> Result<(EventCounts, bool)> {
        // An event in a file that nobody opens again is lost, and must not be acknowledged.
        self.refuse_replaced()?;
        self.write(|conn| {
            let begin = Instant::now();
            let mut sitting = Sitting::new(conn, now);
            let mut more = true;
            for n in 1_u64.. {
                let Some(event) = next() else {
                    more = false;
                    break;
                };
                sitting.store(event, optins)?;
                if n % 32 == 0 && begin.elapsed() > HOLD {
                    break;
                }
            }
            Ok((sitting.finish()?, more))
        })
    }

    /// Judges again the events that waited for the outcome of a request.
    pub fn judge_waiting_events(&mut self, now: UnixMillis) -> Result<EventCounts> {
        let mut counts = EventCounts::default();
        let mut after = 0;
        loop {
            let waiting: Vec<Waiting> = self.read(|conn| {
                conn.prepare_cached(sql!(
                    "select id, kind, recipient, page, campaign, tracking_id, occurred_at, raw ->> '$.error_message' from events
                     where how = {waiting} and recipient >= ?1 order by recipient, id limit ?2",
                    waiting = digit(Judgement::Waiting.number())
                ))?
                .query_map((after, AT_ONCE), Waiting::from_row)?
                .collect()
            })?;
            let Some(last) = waiting.last().map(|event| event.recipient) else { return Ok(counts) };
            let part = self.write(|conn| {
                let mut sitting = Sitting::new(conn, now);
                for event in &waiting {
                    sitting.judge_again(event)?;
                }
                sitting.finish()
            })?;
            counts.add(&part);
            if waiting.len() < AT_ONCE as usize {
                return Ok(counts);
            }
            // Events of one person may stand on both sides of the cut; those that still wait are read once more at most.
            after = if last == after { last + 1 } else { last };
        }
    }

    /// When the last event came.
    pub fn last_event_at(&self) -> Result<Option<UnixMillis>> {
        self.read(|conn| {
            conn.query_row("select received_at from events order by id desc limit 1", (), |row| {
                row.get(0).map(UnixMillis)
            })
            .optional()
        })
    }
}

struct Waiting {
    id: i64,
    kind: i64,
    recipient: i64,
    page: Option<String>,
    campaign: Option<String>,
    tracking_id: Option<String>,
    occurred_at: i64,
    failure: Option<String>,
}

impl Waiting {
    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            recipient: row.get(2)?,
            page: row.get(3)?,
            campaign: row.get(4)?,
            tracking_id: row.get(5)?,
            occurred_at: row.get(6)?,
            failure: row.get(7)?,
        })
    }
}

#[cfg(test)]
mod tests;
