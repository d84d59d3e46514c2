//! Many events at once on a server, by sets: each statement costs a trip there, and others store and send at the same time.
//!
//! What an event means is decided where it is for a file. Nothing here waits for a row: what another transaction has is left to it, and
//! all of this is done again once it is over and nobody else writes. So no two transactions wait for each other in a circle.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::attribution::{Judgement, SendCandidate};
use super::counts::EventCounts;
use super::event::{Event, Kind};
use super::marks::Marks;
use super::sends::{About, COLUMNS, Of, Said, SeenSend, Told};
use super::sitting::{Sitting, Waiting};
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::arrays::{blobs, ints, texts};
use crate::ledger::db::{self, Conn};
use crate::ledger::error::{Error, Failure, Result};
use crate::ledger::gate;
use crate::ledger::key::Key;
use crate::ledger::people;
use crate::ledger::people::choices::Whom;
use crate::ledger::people::met;
use crate::ledger::people::tombs::Tombs;
use crate::ledger::sql::{digit, sql};

/// Events that one transaction stores at most: of about 40 ms, as for a file.
const MOST: usize = 1000;
/// Bytes of them, likewise.
const MOST_BYTES: usize = 4 << 20;

impl Ledger {
    /// Stores events from `next`, and says whether it stopped before there were none.
    pub(super) fn store_by_sets<'e>(
        &mut self,
        next: &mut dyn FnMut() -> Option<&'e Event>,
        optins: &str,
        now: UnixMillis,
    ) -> Result<(EventCounts, bool)> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        let more = loop {
            if events.len() == MOST || bytes > MOST_BYTES {
                break true;
            }
            let Some(event) = next() else { break false };
            bytes += event.facts.raw.len();
            events.push(event);
        };
        let store = |conn: &Conn, others| -> Result<EventCounts> {
            gate::refuse_copied(conn)?;
            let mut counts = EventCounts::default();
            let mut sitting = Sitting::new(conn, now);
            for part in events.chunk_by(|one, next| is_of_a_set(one) && is_of_a_set(next)) {
                if let [alone] = part
                    && !is_of_a_set(alone)
                {
                    sitting.store(alone, optins)?;
                    continue;
                }
                // As of now: an event before them may have said that a token is of somebody who was erased.
                let erased = erased(conn, part)?;
                if others == Others::MayWrite && !erased.is_empty() {
                    return Err(db::Error::in_the_way().into());
                }
                let is_left = |event: &Event| !erased.contains(&event.key);
                for part in part.chunk_by(|one, next| is_left(one) && is_left(next)) {
                    match part {
                        [gone] if !is_left(gone) => sitting.store(gone, optins)?,
                        set => counts.add(&Batch::new(conn, now, others).store(set)?),
                    }
                }
            }
            counts.add(&sitting.finish()?);
            Ok(counts)
        };
        let counts = if events.iter().all(|event| is_of_a_set(event)) {
            self.write_beside_or_alone(store)
        } else {
            self.write(|conn| store(conn, Others::None))
        };
        Ok((counts?, more))
    }

    /// Judges again what waited.
    pub(super) fn judge_by_sets(&mut self, waiting: &[Waiting], now: UnixMillis) -> Result<EventCounts> {
        self.write_beside_or_alone(|conn, others| Ok(Batch::new(conn, now, others).judge_again(waiting)?))
    }

    /// Beside other transactions, and alone if one of them has what this one needs.
    fn write_beside_or_alone<T>(&mut self, work: impl Fn(&Conn, Others) -> Result<T>) -> Result<T> {
        match self.write_beside(|conn| work(conn, Others::MayWrite)) {
            Err(Error::Database { failure: Failure::Busy, .. }) => self.write(|conn| work(conn, Others::None)),
            done => done,
        }
    }
}

/// Events about people who were erased, which are kept without what names them.
fn erased(conn: &Conn, events: &[&Event]) -> db::Result<HashSet<Key>> {
    let named: Vec<_> = events.iter().map(|event| (event.person.as_ref(), event.facts.whom())).collect();
    Ok(Tombs::of(conn)?.among(conn, &named)?.into_iter().map(|place| events[place].key).collect())
}

/// What people say is rare, and changes more than sends; of what Meta does about a Page the order counts.
fn is_of_a_set(event: &Event) -> bool {
    match event.kind {
        Kind::Stage(_) | Kind::Upload | Kind::Other => true,
        Kind::OptIn | Kind::Policy => false,
    }
}

/// Whether other transactions may write meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    MayWrite,
    None,
}

/// Part of one transaction: the sends that its events can be about, as they are and will be written.
struct Batch<'c> {
    conn: &'c Conn,
    now: UnixMillis,
    others: Others,
    told: Told,
    broadcasts: HashMap<String, Vec<i64>>,
    rows: Vec<SeenSend>,
    /// By recipient and broadcast.
    places: HashMap<(i64, i64), usize>,
    marked: BTreeSet<usize>,
    settled: BTreeSet<usize>,
}

impl<'c> Batch<'c> {
    fn new(conn: &'c Conn, now: UnixMillis, others: Others) -> Self {
        Self {
            conn,
            now,
            others,
            told: Told::default(),
            broadcasts: HashMap::new(),
            rows: Vec::new(),
            places: HashMap::new(),
            marked: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    fn store(mut self, events: &[&Event]) -> db::Result<EventCounts> {
        let mut seen = HashSet::new();
        let once: Vec<&Event> = events.iter().copied().filter(|event| seen.insert(event.key)).collect();
        let people = people::ids_of(self.conn, once.iter().filter_map(|event| event.person.as_ref()))?;
        let recipient = |event: &Event| event.person.as_ref().and_then(|key| people.get(key).copied());
        let abouts: Vec<_> = once.iter().map(|event| event.about(recipient(event))).collect();
        let stages = || once.iter().zip(&abouts).filter(|(event, _)| matches!(event.kind, Kind::Stage(_)));
        self.find(stages().map(|(_, about)| about))?;
        let judged: Vec<_> = once
            .iter()
            .zip(&abouts)
            .map(|(event, about)| {
                matches!(event.kind, Kind::Stage(_)).then(|| self.judge(about, event.occurred_at(self.now)))
            })
            .collect();
        let mut new = self.insert(&once, &abouts, &judged)?;
        let met = self.met(
            once.iter().copied().filter(|event| new.contains(&event.key)).map(|event| (event, recipient(event))),
        )?;
        self.told.counts.duplicates += (events.len() - new.len()) as u64;
        self.told.counts.new += new.len() as u64;
        for (event, judged) in once.iter().zip(judged) {
            if let (Kind::Stage(stage), Some(judged), true) = (event.kind, judged, new.remove(&event.key)) {
                let failure = event.facts.words.as_deref();
                self.merge(Said { stage, at: event.occurred_at(self.now), failure }, judged);
            }
        }
        for (recipient, whom) in met {
            met::meet(self.conn, recipient, whom)?;
        }
        self.finish()
    }

    fn judge_again(mut self, waiting: &[Waiting]) -> db::Result<EventCounts> {
        let told: Vec<_> = waiting.iter().filter_map(|event| Some((event.id, event.about(), event.said()?))).collect();
        self.find(told.iter().map(|(_, about, _)| about))?;
        let judged: Vec<_> = told.iter().map(|(id, about, said)| (*id, *said, self.judge(about, said.at))).collect();
        let (still, over): (Vec<_>, Vec<_>) =
            judged.into_iter().partition(|(_, _, judged)| judged.judgement == Judgement::Waiting);
        self.told.counts.waiting += still.len() as u64;
        // Another process may have judged some of them since they were read.
        let own: HashSet<i64> = self
            .conn
            .prepare_cached(sql!(
                "update events e set send = t.send, how = t.how
                 from unnest(cast(?1 as int8[]), cast(?2 as int8[]), cast(?3 as int8[])) as t (id, send, how)
                 where e.id = t.id and e.how = {waiting} returning e.id",
                waiting = digit(Judgement::Waiting.number())
            ))?
            .query_map(
                (
                    ints(over.iter().map(|(id, ..)| *id)),
                    ints(over.iter().map(|(_, _, judged)| self.send(judged))),
                    ints(over.iter().map(|(_, _, judged)| judged.judgement.number())),
                ),
                |row| row.get(0),
            )?
            .collect::<db::Result<_>>()?;
        for (_, said, judged) in over.into_iter().filter(|(id, ..)| own.contains(id)) {
            self.merge(said, judged);
        }
        self.finish()
    }

    /// Looks up the sends that these can be about, and keeps others from changing them.
    fn find<'e>(&mut self, abouts: impl Iterator<Item = &'e About<'e>>) -> db::Result<()> {
        let mut wanted = BTreeSet::new();
        for (recipient, of) in abouts.filter_map(About::among) {
            wanted.extend(self.broadcasts_of(of)?.iter().map(|broadcast| (recipient, *broadcast)));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut statement = self.conn.prepare_cached(sql!(
            "select s.recipient, s.broadcast, s.id, s.claimed_at, s.state = {claimed}
             from unnest(cast(?1 as int8[]), cast(?2 as int8[])) as t (recipient, broadcast)
             cross join lateral (select * from sends where broadcast = t.broadcast and recipient = t.recipient limit 1) s
             where s.claimed_at is not null"
        ))?;
        let mut found = statement.query((
            ints(wanted.iter().map(|(recipient, _)| *recipient)),
            ints(wanted.iter().map(|(_, broadcast)| *broadcast)),
        ))?;
        let mut others = Vec::new();
        while let Some(row) = found.next()? {
            let (recipient, broadcast, send) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if row.get(4)? {
                // It is recorded by whoever sent it, and no event changes it before.
                self.keep((recipient, broadcast), SeenSend::on_the_wire(broadcast, send, row.get(3)?));
            } else {
                others.push(send);
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        // Not in one statement: the planner would compare each of these with each of those.
        let mut statement = self.conn.prepare_cached(sql!(
            "select s.recipient, s.broadcast, {columns} from sends s where s.id = any (cast(?1 as int8[])) order by s.id
             for no key update skip locked",
            columns = COLUMNS,
        ))?;
        let mut held = statement.query([ints(others.iter().copied())])?;
        let mut count = 0;
        while let Some(row) = held.next()? {
            count += 1;
            let (recipient, broadcast) = (row.get(0)?, row.get(1)?);
            if let Some(send) = SeenSend::read(broadcast, &row, 2)? {
                self.keep((recipient, broadcast), send);
            }
        }
        if count == others.len() { Ok(()) } else { Err(db::Error::in_the_way()) }
    }

    fn keep(&mut self, at: (i64, i64), row: SeenSend) {
        self.places.insert(at, self.rows.len());
        self.rows.push(row);
    }

    fn broadcasts_of(&mut self, of: Of<'_>) -> db::Result<&[i64]> {
        let (Of::Campaign(name) | Of::Page(name)) = of;
        if !self.broadcasts.contains_key(name) {
            self.broadcasts.insert(name.to_owned(), of.broadcasts(self.conn)?);
        }
        Ok(self.broadcasts.get(name).map_or(&[], Vec::as_slice))
    }

    fn judge(&self, about: &About<'_>, at: UnixMillis) -> Judged {
        let places: Vec<usize> = match about.among() {
            Some((recipient, Of::Campaign(name) | Of::Page(name))) => {
                let broadcasts = self.broadcasts.get(name).into_iter().flatten();
                broadcasts.filter_map(|broadcast| self.places.get(&(recipient, *broadcast)).copied()).collect()
            }
            None => Vec::new(),
        };
        let candidates: Vec<&SendCandidate> = places.iter().map(|place| &self.rows[*place].candidate).collect();
        let judgement = about.judge(&candidates, at);
        Judged { judgement, row: judgement.place().and_then(|place| places.get(place).copied()) }
    }

    fn send(&self, judged: &Judged) -> Option<i64> {
        judged.row.map(|row| self.rows[row].candidate.send)
    }

    fn merge(&mut self, said: Said<'_>, Judged { judgement, row: place }: Judged) {
        let row = place.and_then(|place| self.rows.get_mut(place));
        let changed = self.told.add(said, judgement, row);
        self.marked.extend(place.filter(|_| changed.marks));
        self.settled.extend(place.filter(|_| changed.settled.is_some()));
    }

    /// The keys of those that were not there. In their order, so that two receivers of the same events wait in the same order.
    fn insert(&self, events: &[&Event], abouts: &[About<'_>], judged: &[Option<Judged>]) -> db::Result<HashSet<Key>> {
        let facts = || events.iter().map(|event| &event.facts);
        self.conn
            .prepare_cached(
                "insert into events (received_at, key, kind, page, recipient, campaign, tracking_id, mid, occurred_at, send, how, raw,
                   detail)
                 select cast(?1 as int8), t.* from unnest(cast(?2 as bytea[]), cast(?3 as int8[]), cast(?4 as text[]),
                   cast(?5 as int8[]), cast(?6 as text[]), cast(?7 as text[]), cast(?8 as text[]), cast(?9 as int8[]),
                   cast(?10 as int8[]), cast(?11 as int8[]), cast(?12 as text[]), cast(?13 as text[])) as t (key) order by t.key
                 on conflict (key) do nothing returning key",
            )?
            .query_map(
                (
                    self.now,
                    blobs(events.iter().map(|event| &event.key)),
                    ints(events.iter().map(|event| event.kind.number())),
                    texts(facts().map(|facts| facts.page.as_deref())),
                    ints(abouts.iter().map(|about| about.recipient)),
                    texts(facts().map(|facts| facts.campaign.as_deref())),
                    texts(facts().map(|facts| facts.tracking_id.as_deref())),
                    texts(facts().map(|facts| facts.mid.as_deref())),
                    ints(events.iter().map(|event| event.occurred_at(self.now).0)),
                    ints(judged.iter().map(|judged| judged.as_ref().and_then(|judged| self.send(judged)))),
                    ints(judged.iter().map(|judged| judged.as_ref().map(|judged| judged.judgement.number()))),
                    texts(facts().map(|facts| Some(facts.raw.as_str()))),
                    texts(facts().map(|facts| facts.detail())),
                ),
                |row| row.get(0),
            )?
            .collect()
    }

    /// People of these events whose choices are kept without a token. Those who are new are few: they are met while nobody else writes.
    fn met<'e>(&self, events: impl Iterator<Item = (&'e Event, Option<i64>)>) -> db::Result<Vec<(i64, Whom<'e>)>> {
        let all: Vec<(i64, Whom<'e>)> = events
            .filter(|(event, _)| matches!(event.kind, Kind::Stage(_)))
            .filter_map(|(event, recipient)| Some((recipient?, event.facts.whom()?)))
            .collect();
        let kept = people::with_choices(self.conn, &all)?;
        if self.others == Others::MayWrite && kept.iter().any(|(_, is_known)| !is_known) {
            return Err(db::Error::in_the_way());
        }
        Ok(kept.into_iter().filter_map(|(place, _)| all.get(place).copied()).collect())
    }

    fn finish(self) -> db::Result<EventCounts> {
        if !self.marked.is_empty() {
            let rows = self.marked.iter().map(|place| &self.rows[*place]);
            let marked: Vec<_> = rows.map(|row| (row.candidate.send, &row.marks)).collect();
            Marks::write_all(self.conn, &marked)?;
        }
        if !self.settled.is_empty() {
            self.conn
                .prepare_cached(sql!(
                    "update sends set state = {accepted}, reason = 'evidence', not_before = 0,
                       finished_at = coalesce(finished_at, claimed_at)
                     where id = any (cast(?1 as int8[]))"
                ))?
                .execute([ints(self.settled.iter().map(|place| self.rows[*place].candidate.send))])?;
        }
        self.told.tally.write(self.conn)?;
        Ok(self.told.counts)
    }
}

/// What was decided about an event, and the place of the row that it is about.
struct Judged {
    judgement: Judgement,
    row: Option<usize>,
}
