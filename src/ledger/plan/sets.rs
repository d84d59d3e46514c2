//! Part of a list on a server, by sets: each statement costs a trip there, and runs go on sending meanwhile.
//!
//! Who may get the message is decided where it is for a file. Nothing here waits for a row: what another transaction has is left to it, and
//! the part is planned again once it is over and nobody else writes.

use std::collections::{HashMap, HashSet};

use super::check::CheckValues;
use super::row::{Act, Existing, Known, PlanSums};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::db::arrays::{blobs, ints, texts};
use crate::ledger::db::{self, Conn};
use crate::ledger::judge::{Decision, Laters, Reached, Terms};
use crate::ledger::key::Key;
use crate::ledger::people;
use crate::ledger::people::tombs::Tombs;
use crate::ledger::rivals::{Judged, ReachedOf, RivalTerms, Rivals};
use crate::ledger::spool::ListedRow;
use crate::ledger::sql::sql;

/// People whom the ledger knows, with their ids, by the places of their rows.
type KnownByPlace = HashMap<usize, (i64, Known)>;

/// A list and the broadcast that it is planned for.
pub struct PlanTarget<'c> {
    pub conn: &'c Conn,
    pub broadcast: &'c Broadcast,
    pub listing: i64,
}

/// A row of a person who had none.
struct Added<'r> {
    recipient: i64,
    arm: Option<i64>,
    values: Option<&'r str>,
    decision: Decision,
}

/// A row whose person had one before.
pub struct Taken {
    pub existing: Existing,
    pub decision: Decision,
    pub values: Option<String>,
}

impl PlanTarget<'_> {
    pub fn add(&self, rows: &[ListedRow], terms: Terms, check: &mut CheckValues<'_>) -> db::Result<PlanSums> {
        // After somebody's first row the others say nothing.
        let mut seen = HashSet::with_capacity(rows.len());
        let rows: Vec<&ListedRow> = rows.iter().filter(|row| seen.insert(row.key)).collect();
        let (mut known, mut reached) = self.known(&self.keys(&rows)?, terms)?;
        let new = rows.iter().enumerate().filter(|(place, _)| !known.contains_key(place));
        let mut arrived = people::arrive(self.conn, new.map(|(_, row)| (&row.key, &*row.token)), &self.broadcast.page)?;
        let mut sums = PlanSums::default();
        let arms = self.broadcast.arms();
        let (mut added, mut held, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for (place, row) in rows.into_iter().enumerate() {
            let (recipient, known) = match known.remove(&place) {
                Some((id, known)) => (id, Some(Known { reached: reached.get(id), ..known })),
                None => (arrived.remove(&row.key).ok_or(db::Error::Changed)?, None),
            };
            let arm = arms.as_ref().and_then(|arms| arms.arm(&row.key));
            let act = sums.decide(row, known.as_ref(), (self.broadcast.id, self.listing), arm, terms, check);
            if act.goes() {
                reached.goes(recipient);
            }
            let existing = known.and_then(|known| known.existing);
            held.extend(existing.as_ref().filter(|(_, again)| !again).map(|(existing, _)| existing.id));
            match (act, existing) {
                (Act::Add { decision, values }, _) => added.push(Added { recipient, arm, values, decision }),
                (Act::TakeOver { decision, values }, Some((existing, _))) => {
                    taken.push(Taken { existing, decision, values });
                }
                _ => {}
            }
        }
        self.insert(&added, terms)?;
        if !held.is_empty() {
            let hold = "insert into listing_rows (listing, send) select cast(?1 as int8), t.send
                from unnest(cast(?2 as int8[])) as t (send) on conflict do nothing";
            self.conn.prepare_cached(hold)?.execute((self.listing, ints(held)))?;
        }
        take_over(self.conn, &taken, self.listing, terms)?;
        sums.tally.write(self.conn)?;
        Ok(sums)
    }

    /// By which the ledger knows the people of these rows: those who were erased by that of their tombstones.
    fn keys(&self, rows: &[&ListedRow]) -> db::Result<Vec<Key>> {
        let mut keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
        let tombs = Tombs::of(self.conn)?;
        let named: Vec<_> = rows.iter().map(|row| (Some(&row.key), None)).collect();
        for place in tombs.among(self.conn, &named)? {
            keys[place] = tombs.key(&keys[place]).ok_or(db::Error::NoRow)?;
        }
        Ok(keys)
    }

    /// Those of the rows whose people the ledger knows, by their places; and what these people have. Their sends are looked up one by one:
    /// a plan that the server made while the broadcast had few would go through all of them for each.
    fn known(&self, keys: &[Key], terms: Terms) -> db::Result<(KnownByPlace, ReachedOf)> {
        let mut statement = self.conn.prepare_cached(sql!(
            "select t.place, r.id, s.id, s.state, s.listing, s.row_values, s.laters, s.first_later_at, s.finished_at,
               l.planned_at is not null, h.send is not null, {person}
             from {people}
             left join lateral (select * from sends where broadcast = ?2 and recipient = r.id limit 1) s on true
             left join listings l on l.id = s.listing
             left join lateral (select send from listing_rows where listing = ?3 and send = s.id limit 1) h on true",
            person = people::COLUMNS,
            people = people::OF_KEYS,
        ))?;
        let mut known = HashMap::new();
        let mut found = statement.query((blobs(keys), self.broadcast.id, self.listing))?;
        while let Some(row) = found.next()? {
            let existing = match row.get(2)? {
                Some(id) => Some((
                    Existing {
                        id,
                        state: row.get(3)?,
                        listing: row.get(4)?,
                        row_values: row.get(5)?,
                        laters: Laters { count: row.get(6)?, first_at: row.get(7)? },
                        finished_at: row.get(8)?,
                        planned: row.get(9)?,
                    },
                    row.get(10)?,
                )),
                None => None,
            };
            let person = people::person(&row, 11)?;
            let place = usize::try_from(row.get::<i64>(0)? - 1).unwrap_or(usize::MAX);
            known.insert(place, (row.get(1)?, Known { person, reached: Reached::Nothing, existing }));
        }
        if known.is_empty() {
            return Ok((known, ReachedOf::default()));
        }
        let rows: Vec<_> = known.values().map(|(id, known)| Judged::new(*id, &known.person, None)).collect();
        let look = RivalTerms { now: terms.now, listing: Some(self.listing) };
        let reached = Rivals::of(self.conn, self.broadcast)?.reached_of(self.conn, &rows, look)?;
        Ok((known, reached))
    }

    /// New rows of the broadcast, in the order of the list.
    fn insert(&self, added: &[Added<'_>], terms: Terms) -> db::Result<()> {
        if added.is_empty() {
            return Ok(());
        }
        let decisions = || added.iter().map(|added| &added.decision);
        let reasons: Vec<_> = decisions().map(Decision::reason).collect();
        let inserted = self
            .conn
            .prepare_cached(
                "with made as (
                   insert into sends (broadcast, listing, recipient, state, not_before, finished_at, row_values, reason, arm)
                   select cast(?1 as int8), cast(?2 as int8), t.* from unnest(cast(?3 as int8[]), cast(?4 as int8[]),
                     cast(?5 as int8[]), cast(?6 as int8[]), cast(?7 as text[]), cast(?8 as text[]), cast(?9 as int8[])) as t
                   returning id)
                 insert into listing_rows (listing, send) select cast(?2 as int8), made.id from made",
            )?
            .execute((
                self.broadcast.id,
                self.listing,
                ints(added.iter().map(|added| added.recipient)),
                ints(decisions().map(|decision| decision.state().number())),
                ints(decisions().map(|decision| decision.not_before().0)),
                ints(decisions().map(|decision| decision.decided_at(terms.now).map(|at| at.0))),
                texts(added.iter().map(|added| added.values)),
                texts(reasons.iter().map(Option::as_deref)),
                ints(added.iter().map(|added| added.arm)),
            ))?;
        if inserted == added.len() { Ok(()) } else { Err(db::Error::Changed) }
    }
}

/// Gives these rows their decisions, and to this listing those that no planned one has.
pub fn take_over(conn: &Conn, taken: &[Taken], listing: i64, terms: Terms) -> db::Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let decisions = || taken.iter().map(|taken| &taken.decision);
    let reasons: Vec<_> = decisions().map(Decision::reason).collect();
    // Not in one statement with what follows: the planner would compare each of these with each of those.
    let lock = "select count(*) from (select s.id from sends s where s.id = any (cast(?1 as int8[])) order by s.id
          for no key update skip locked) held";
    let ids = || ints(taken.iter().map(|taken| taken.existing.id));
    let locked: i64 = conn.prepare_cached(lock)?.query_row([ids()], |row| row.get(0))?;
    if locked != taken.len() as i64 {
        return Err(db::Error::in_the_way());
    }
    let changed = conn
        .prepare_cached(
            "update sends s set listing = t.listing, state = t.state, not_before = t.not_before, finished_at = t.finished_at,
               reason = t.reason, row_values = t.row_values
             from unnest(cast(?1 as int8[]), cast(?2 as int8[]), cast(?3 as int8[]), cast(?4 as int8[]),
               cast(?5 as int8[]), cast(?6 as int8[]), cast(?7 as text[]), cast(?8 as text[]))
               as t (id, state_before, listing, state, not_before, finished_at, reason, row_values)
             where s.id = t.id and s.state = t.state_before",
        )?
        .execute((
            ids(),
            ints(taken.iter().map(|taken| taken.existing.state.number())),
            ints(taken.iter().map(|taken| taken.existing.listing_after(listing))),
            ints(decisions().map(|decision| decision.state().number())),
            ints(decisions().map(|decision| decision.not_before().0)),
            ints(decisions().map(|decision| decision.decided_at(terms.now).map(|at| at.0))),
            texts(reasons.iter().map(Option::as_deref)),
            texts(taken.iter().map(|taken| taken.values.as_deref())),
        ))?;
    // Since it was read, a late answer came.
    if changed == taken.len() { Ok(()) } else { Err(db::Error::in_the_way()) }
}
