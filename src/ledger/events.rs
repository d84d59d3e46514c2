//! What webhooks told, stored once whatever is told twice, and what it says of sends and people.
//!
//! Any order and repetition of the same events gives the same ledger. Three things make it so: an event is judged by what Graph
//! answered about the sends of its person, never by other events (`judge`); what it says is merged into a send by operations
//! whose order does not matter (`marks`); and one that comes while the request it may belong to is still on the wire is kept
//! waiting and judged again when the outcome is known ([`Ledger::judge_waiting_events`]).

mod judge;
mod marks;
mod optin;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::broadcasts::shift;
use super::spool::{Key, key};
use super::state::State;
use super::{Fault, Ledger};
use crate::clock::UnixMillis;
use crate::error::Result;
pub use judge::{CLOCK_SLACK, How};
use judge::{Candidate, Judgement, judge};
use marks::Marks;
pub use marks::{Stage, bucket_of, bucket_seconds, failure_text};
pub use optin::OptIn;

/// How long one transaction may go on.
const HOLD: Duration = Duration::from_millis(35);

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
    const fn number(self) -> i64 {
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

    pub fn kind(&self) -> Kind {
        self.kind
    }

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
pub struct Tally {
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

impl Tally {
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
    ) -> Result<(Tally, bool)> {
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
    pub fn judge_waiting_events(&mut self, now: UnixMillis) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut after = 0;
        loop {
            let waiting: Vec<Waiting> = self.read(|conn| {
                conn.prepare_cached(
                    "select id, kind, recipient, campaign, tracking_id, occurred_at, raw ->> '$.error_message' from events
                     where how = 3 and recipient >= ?1 order by recipient, id limit ?2",
                )?
                .query_map((after, AT_ONCE), Waiting::from_row)?
                .collect()
            })?;
            let Some(last) = waiting.last().map(|event| event.recipient) else { return Ok(tally) };
            let part = self.write(|conn| {
                let mut sitting = Sitting::new(conn, now);
                for event in &waiting {
                    sitting.judge_again(event)?;
                }
                sitting.finish()
            })?;
            tally.add(&part);
            if waiting.len() < AT_ONCE as usize {
                return Ok(tally);
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
            campaign: row.get(3)?,
            tracking_id: row.get(4)?,
            occurred_at: row.get(5)?,
            failure: row.get(6)?,
        })
    }
}

/// A send as the events of its person see it.
struct Row {
    broadcast: i64,
    state: State,
    candidate: Candidate,
    marks: Marks,
}

/// One transaction's work on events.
struct Sitting<'c> {
    conn: &'c Connection,
    now: UnixMillis,
    tally: Tally,
    /// Broadcasts of the campaigns met.
    broadcasts: HashMap<String, Vec<i64>>,
    counts: HashMap<(i64, i64, marks::What), i64>,
}

impl<'c> Sitting<'c> {
    fn new(conn: &'c Connection, now: UnixMillis) -> Self {
        Self { conn, now, tally: Tally::default(), broadcasts: HashMap::new(), counts: HashMap::new() }
    }

    fn store(&mut self, event: &Event, optins: &str) -> Result<(), Fault> {
        let facts = &event.facts;
        let occurred_at = facts.occurred_at.unwrap_or(self.now);
        let mut recipient = self.recipient(event.person.as_ref())?;
        let (judgement, rows) = match (event.kind, recipient) {
            (Kind::Stage(_), Some(recipient)) => {
                let rows = self.sends_of(recipient, facts.campaign.as_deref())?;
                (Some(judge(&candidates(&rows), facts.tracking_id.as_deref(), occurred_at)), rows)
            }
            (Kind::Stage(_), None) => (Some(Judgement::Foreign), Vec::new()),
            _ => (None, Vec::new()),
        };
        if let (Kind::OptIn, None, Some(token)) = (event.kind, recipient, &facts.token) {
            // Somebody new who stopped is known as well, so that a later import does not bring them back.
            recipient = Some(optin::new_person(self.conn, token, facts.page.as_deref())?);
        }
        let send = judgement.and_then(Judgement::place).and_then(|place| rows.get(place)).map(|row| row.candidate.send);
        let stored = self
            .conn
            .prepare_cached(
                "insert into events (key, kind, page, recipient, campaign, tracking_id, mid, occurred_at, received_at, send, how, raw)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict (key) do nothing",
            )?
            .execute(rusqlite::params![
                event.key,
                event.kind.number(),
                facts.page,
                recipient,
                facts.campaign,
                facts.tracking_id,
                facts.mid,
                occurred_at.0,
                self.now.0,
                send,
                judgement.map(Judgement::number),
                facts.raw,
            ])?;
        if stored == 0 {
            self.tally.duplicates += 1;
            return Ok(());
        }
        self.tally.new += 1;
        match (event.kind, judgement) {
            (Kind::Stage(stage), Some(judgement)) => {
                self.apply(stage, judgement, rows, occurred_at, facts.failure.as_deref())?;
            }
            (Kind::OptIn, _) => {
                self.tally.opt_ins += 1;
                if let (Some(recipient), Some(opt_in)) = (recipient, &facts.opt_in) {
                    opt_in.apply(self.conn, recipient, occurred_at)?;
                    if !opt_in.is_stop()
                        && let Some(page) = &facts.page
                    {
                        optin::join(self.conn, recipient, page, optins, self.now)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn judge_again(&mut self, event: &Waiting) -> Result<(), Fault> {
        let Some(stage) = Stage::of_number(event.kind) else { return Ok(()) };
        let rows = self.sends_of(event.recipient, event.campaign.as_deref())?;
        let occurred_at = UnixMillis(event.occurred_at);
        let judgement = judge(&candidates(&rows), event.tracking_id.as_deref(), occurred_at);
        if judgement == Judgement::Waiting {
            self.tally.waiting += 1;
            return Ok(());
        }
        let send = judgement.place().and_then(|place| rows.get(place)).map(|row| row.candidate.send);
        // Another process may have judged it since it was read.
        let changed = self
            .conn
            .prepare_cached("update events set send = ?2, how = ?3 where id = ?1 and how = 3")?
            .execute((event.id, send, judgement.number()))?;
        if changed == 1 {
            let failure = event.failure.as_deref().and_then(marks::failure_text);
            self.apply(stage, judgement, rows, occurred_at, failure.as_deref())?;
        }
        Ok(())
    }

    /// Merges what an event says into the send it belongs to.
    fn apply(
        &mut self,
        stage: Stage,
        judgement: Judgement,
        mut rows: Vec<Row>,
        at: UnixMillis,
        failure: Option<&str>,
    ) -> Result<(), Fault> {
        let how = match judgement {
            Judgement::Of { how, .. } => how,
            Judgement::Waiting => {
                self.tally.waiting += 1;
                return Ok(());
            }
            Judgement::Foreign => {
                self.tally.foreign += 1;
                self.count(0, marks::hour(at.0), marks::What::Foreign, 1);
                return Ok(());
            }
        };
        match how {
            How::Exact => self.tally.exact += 1,
            How::Inferred => self.tally.inferred += 1,
            How::Ambiguous => self.tally.ambiguous += 1,
        }
        let Some(place) = judgement.place().filter(|place| *place < rows.len()) else { return Ok(()) };
        let row = rows.swap_remove(place);
        let merged = row.marks.clone().with(stage, at.0, how, failure);
        if merged != row.marks {
            let sent_at = row.candidate.claimed_at.0;
            for (sign, marks) in [(-1, &row.marks), (1, &merged)] {
                marks.count(sent_at, &mut |hour, what| self.count(row.broadcast, hour, what, sign));
            }
            merged.write(self.conn, row.candidate.send)?;
        }
        if how != How::Ambiguous && row.state != State::Accepted {
            self.settle(&row)?;
        }
        Ok(())
    }

    /// What can only come from this send proves that it was accepted. The person's cool-down stays: it was set when the send
    /// became unknown.
    fn settle(&mut self, row: &Row) -> Result<(), Fault> {
        let settled = self
            .conn
            .prepare_cached(
                "update sends set state = 2, reason = 'evidence', not_before = 0, finished_at = coalesce(finished_at, claimed_at)
                 where id = ?1 and state = ?2 returning coalesce(finished_at, claimed_at)",
            )?
            .query_row((row.candidate.send, row.state), |found| found.get::<_, i64>(0))
            .optional()?;
        if let Some(at) = settled {
            shift(self.conn, row.broadcast, row.state, State::Accepted, 1)?;
            self.count(row.broadcast, marks::hour(at), marks::What::Accepted, 1);
            self.count(row.broadcast, marks::hour(at), marks::What::Settled, 1);
            self.tally.settled += 1;
        }
        Ok(())
    }

    fn recipient(&self, person: Option<&Key>) -> rusqlite::Result<Option<i64>> {
        let Some(person) = person else { return Ok(None) };
        self.conn
            .prepare_cached("select id from recipients where key = ?1")?
            .query_row([person], |row| row.get(0))
            .optional()
    }

    /// The sends to a person in a campaign that an event can be about.
    fn sends_of(&mut self, recipient: i64, campaign: Option<&str>) -> rusqlite::Result<Vec<Row>> {
        let Some(campaign) = campaign else { return Ok(Vec::new()) };
        if !self.broadcasts.contains_key(campaign) {
            let ids = self
                .conn
                .prepare_cached("select id from broadcasts where campaign = ?1")?
                .query_map([campaign], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            self.broadcasts.insert(campaign.to_owned(), ids);
        }
        let mut rows = Vec::new();
        for broadcast in self.broadcasts.get(campaign).into_iter().flatten() {
            let found = self
                .conn
                .prepare_cached(
                    "select id, state, claimed_at, tracking_id, echoed_at, delivered_at, read_at, clicked_at, failed_at, failure,
                            attribution, reason
                     from sends where broadcast = ?1 and recipient = ?2 and claimed_at is not null",
                )?
                .query_row((broadcast, recipient), |row| {
                    let state: State = row.get(1)?;
                    // A person said it was not sent; what is heard of it knows better.
                    let resolved = state == State::Pending && row.get_ref(11)?.as_str_or_null()? == Some("resolved");
                    let counts = resolved || matches!(state, State::Claimed | State::Accepted | State::Unknown);
                    Ok(counts.then_some(Row {
                        broadcast: *broadcast,
                        state,
                        candidate: Candidate {
                            send: row.get(0)?,
                            claimed: state == State::Claimed,
                            claimed_at: UnixMillis(row.get(2)?),
                            tracking_id: row.get(3)?,
                        },
                        marks: Marks::from_row(row, 4)?,
                    }))
                })
                .optional()?;
            rows.extend(found.flatten());
        }
        Ok(rows)
    }

    fn count(&mut self, broadcast: i64, hour: i64, what: marks::What, n: i64) {
        *self.counts.entry((broadcast, hour, what)).or_default() += n;
    }

    fn finish(self) -> Result<Tally, Fault> {
        let mut add = self.conn.prepare_cached(
            "insert into counters (broadcast, hour, what, n) values (?1, ?2, ?3, ?4)
             on conflict (broadcast, hour, what) do update set n = n + excluded.n",
        )?;
        for ((broadcast, hour, what), n) in self.counts {
            if n != 0 {
                add.execute((broadcast, hour, what.name(), n))?;
            }
        }
        Ok(self.tally)
    }
}

fn candidates(rows: &[Row]) -> Vec<&Candidate> {
    rows.iter().map(|row| &row.candidate).collect()
}

#[cfg(test)]
mod tests;
