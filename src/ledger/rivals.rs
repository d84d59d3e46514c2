//! What keeps a person out of a broadcast: another message of its campaign reached them, or this one is theirs by another of their tokens.

use std::collections::{HashMap, HashSet};

use super::db::arrays::ints;
use super::db::{self, Ahead, Conn, Optional};

use super::broadcasts::Broadcast;
use super::judge::{Person, Reached};
use super::people::others::{self, OtherToken};
use super::sql::sql;
use super::state::State;
use crate::clock::UnixMillis;

/// Broadcasts whose rows keep a person out of another one.
pub struct Rivals {
    /// Other messages of the campaign.
    others: Vec<i64>,
    /// The broadcast itself, if it exists: its rows of the person's other tokens.
    own: Option<i64>,
}

/// A row that is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub recipient: i64,
    /// Whether other tokens are known to be the person's.
    pub has_others: bool,
    /// The row, if it waits to go out: of two such rows of a person the first one goes.
    pub send: Option<i64>,
}

impl Judged {
    pub fn new(recipient: i64, person: &Person, send: Option<i64>) -> Self {
        Self { recipient, has_others: person.others_blocked_until.is_some(), send }
    }
}

/// What holds for all rows of a transaction.
#[derive(Clone, Copy, Debug)]
pub struct RivalTerms {
    pub now: UnixMillis,
    /// The listing that is being planned: what it holds so far counts.
    pub listing: Option<i64>,
}

/// A row of one of a person's other tokens.
struct Other {
    broadcast: i64,
    send: i64,
    state: State,
    /// Its list was planned, or is being planned.
    counts: bool,
}

/// What is known of many people; on a server.
#[derive(Default)]
pub struct ReachedOf {
    reached: HashMap<i64, Reached>,
    others: HashMap<i64, Vec<OtherToken>>,
    /// Those of several tokens that are to go out.
    going: HashSet<i64>,
}

impl ReachedOf {
    pub fn get(&self, recipient: i64) -> Reached {
        let goes = |others: &Vec<OtherToken>| others.iter().any(|other| self.going.contains(&other.id));
        match self.reached.get(&recipient) {
            Some(reached) => *reached,
            None if self.others.get(&recipient).is_some_and(goes) => Reached::ByOtherToken,
            None => Reached::Nothing,
        }
    }

    /// The message is to go to this token: not to the person's others.
    pub fn goes(&mut self, recipient: i64) {
        if self.others.contains_key(&recipient) {
            self.going.insert(recipient);
        }
    }

    /// How many other tokens a person has.
    pub fn others(&self, recipient: i64) -> usize {
        self.others.get(&recipient).map_or(0, Vec::len)
    }
}

const OTHERS: &str = "select id from broadcasts
    where campaign = ?1 and page = ?2 and id <> ?3 and not (fingerprint = ?4 and repeat < ?5)";

impl Rivals {
    pub fn of(conn: &Conn, broadcast: &Broadcast) -> db::Result<Self> {
        let Broadcast { id, campaign, page, fingerprint, repeat, .. } = broadcast;
        let own = Some(*id);
        if broadcast.new_message {
            return Ok(Self { others: Vec::new(), own });
        }
        // A repeat is meant for people whom its earlier repeats reached.
        let others = conn
            .prepare_cached(OTHERS)?
            .query_map((campaign, page, id, fingerprint, repeat), |row| row.get(0))?
            .collect::<db::Result<_>>()?;
        Ok(Self { others, own })
    }

    /// What [`Rivals::of`] asks.
    pub fn ask(ahead: &mut Ahead, broadcast: &Broadcast) {
        let Broadcast { id, campaign, page, fingerprint, repeat, new_message, .. } = broadcast;
        if !new_message {
            ahead.ask(OTHERS, (campaign, page, id, fingerprint, repeat));
        }
    }

    /// Of a broadcast that does not exist yet: the first of its message, or the next repeat.
    pub fn of_new(conn: &Conn, (campaign, page): (&str, &str), fingerprint: [u8; 32]) -> db::Result<Self> {
        let others = conn
            .prepare_cached("select id from broadcasts where campaign = ?1 and page = ?2 and fingerprint <> ?3")?
            .query_map((campaign, page, fingerprint), |row| row.get(0))?
            .collect::<db::Result<_>>()?;
        Ok(Self { others, own: None })
    }

    /// With `--new-message`: other messages are not rivals.
    #[must_use]
    pub fn without_others(self) -> Self {
        Self { others: Vec::new(), ..self }
    }

    /// What these people have; on a server.
    pub fn reached_of(&self, conn: &Conn, rows: &[Judged], look: RivalTerms) -> db::Result<ReachedOf> {
        let mut all = ReachedOf::default();
        if !self.others.is_empty() {
            let mut themselves = conn.prepare_cached(sql!(
                "select recipient from sends where broadcast = any (cast(?1 as int8[]))
                   and recipient = any (cast(?2 as int8[])) and state in ({claimed}, {accepted}, {unknown})"
            ))?;
            let values = (ints(self.others.iter().copied()), ints(rows.iter().map(|row| row.recipient)));
            for recipient in themselves.query_map(values, |row| row.get(0))? {
                all.reached.insert(recipient?, Reached::OtherMessage);
            }
        }
        let several: Vec<&Judged> = rows.iter().filter(|row| row.has_others).collect();
        if several.is_empty() {
            return Ok(all);
        }
        all.others = others::of_many(conn, several.iter().map(|row| row.recipient), look.now)?;
        let mut rows_of = HashMap::<i64, Vec<Other>>::new();
        let mut find = conn.prepare_cached(
            "select s.recipient, s.broadcast, s.id, s.state, l.planned_at is not null or s.listing is not distinct from cast(?3 as int8)
             from sends s join listings l on l.id = s.listing
             where s.broadcast = any (cast(?1 as int8[])) and s.recipient = any (cast(?2 as int8[]))",
        )?;
        let tokens = all.others.values().flatten().map(|other| other.id);
        let mut found = find.query((ints(self.all()), ints(tokens), look.listing))?;
        while let Some(row) = found.next()? {
            let other = Other { broadcast: row.get(1)?, send: row.get(2)?, state: row.get(3)?, counts: row.get(4)? };
            rows_of.entry(row.get(0)?).or_default().push(other);
        }
        for judged in several {
            for token in all.others.get(&judged.recipient).into_iter().flatten() {
                for other in rows_of.get(&token.id).into_iter().flatten() {
                    if let Some(reached) = self.told(*judged, *token, other) {
                        all.reached.entry(judged.recipient).or_insert(reached);
                    }
                }
            }
        }
        Ok(all)
    }

    /// What the person has.
    pub fn reached(&self, conn: &Conn, row: Judged, look: RivalTerms) -> db::Result<Reached> {
        for rival in &self.others {
            let mut statement = conn.prepare_cached(sql!(
                "select 1 from sends where broadcast = ?1 and recipient = ?2 and state in ({claimed}, {accepted}, {unknown})"
            ))?;
            if statement.exists((rival, row.recipient))? {
                return Ok(Reached::OtherMessage);
            }
        }
        if !row.has_others {
            return Ok(Reached::Nothing);
        }
        for token in others::of(conn, row.recipient, look.now)? {
            for broadcast in self.all() {
                let found = conn
                    .prepare_cached(
                        "select s.id, s.state, l.planned_at is not null or s.listing is not distinct from ?3
                         from sends s join listings l on l.id = s.listing where s.broadcast = ?1 and s.recipient = ?2",
                    )?
                    .query_row((broadcast, token.id, look.listing), |row| {
                        Ok(Other { broadcast, send: row.get(0)?, state: row.get(1)?, counts: row.get(2)? })
                    })
                    .optional()?;
                if let Some(reached) = found.and_then(|other| self.told(row, token, &other)) {
                    return Ok(reached);
                }
            }
        }
        Ok(Reached::Nothing)
    }

    fn all(&self) -> impl Iterator<Item = i64> {
        self.others.iter().copied().chain(self.own)
    }

    /// What a row of another token of the person says of theirs.
    fn told(&self, row: Judged, token: OtherToken, other: &Other) -> Option<Reached> {
        let may_have = matches!(other.state, State::Claimed | State::Accepted | State::Unknown);
        if self.own != Some(other.broadcast) {
            return may_have.then_some(Reached::OtherMessage);
        }
        let goes_first = other.state == State::Pending
            && other.counts
            && token.can_receive
            && row.send.is_none_or(|send| other.send < send);
        (may_have || goes_first).then_some(Reached::ByOtherToken)
    }
}
