//! A page of Meta's token list on its way into an audience: by sets on a server, where each statement costs a trip.

use std::collections::{BTreeSet, HashSet};

use crate::clock::UnixMillis;
use crate::ledger::db::arrays::ints;
use crate::ledger::db::{self, Conn};
use crate::ledger::erase::rows;
use crate::ledger::error::Result;
use crate::ledger::judge::Person;
use crate::ledger::key::{Key, key};
use crate::ledger::people::choices::Whom;
use crate::ledger::people::listed::{self, Listed};
use crate::ledger::people::tombs::Tombs;
use crate::ledger::people::{self, Arrivals};

/// An audience that is filled, in a transaction beside which nobody else writes.
pub struct Filling<'c> {
    pub conn: &'c Conn,
    pub audience: i64,
    pub page: &'c str,
    pub now: UnixMillis,
}

/// What a page added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Tokens that the ledger had never seen.
    pub new: u64,
    /// Other tokens of people who are in the audience with one.
    pub folded: u64,
    /// Those of people who were erased: left out.
    pub erased: u64,
}

/// A row, and the key of its token.
type Keyed<'r> = (Key, &'r Listed);

impl Filling<'_> {
    pub fn add(&self, listed: &[Listed]) -> Result<Added> {
        let listed: Vec<Keyed<'_>> = listed.iter().map(|row| (key(&row.token), row)).collect();
        let tombs = Tombs::of(self.conn)?;
        let mut added = Added::default();
        if !self.conn.is_server() {
            self.add_rows(&listed, &tombs, &mut added)?;
            return Ok(added);
        }
        let named: Vec<_> = listed.iter().map(|(key, row)| (Some(key), self.whom(row))).collect();
        let (together, rest) = apart(&listed, &tombs.among(self.conn, &named)?);
        self.add_set(&together, &mut added)?;
        self.add_rows(&rest, &tombs, &mut added)?;
        Ok(added)
    }

    fn whom<'r>(&'r self, row: &'r Listed) -> Option<Whom<'r>> {
        row.psid.as_deref().map(|psid| Whom { page: self.page, psid })
    }

    /// One after the other: each sees what became of those before it.
    fn add_rows(&self, listed: &[Keyed<'_>], tombs: &Tombs, added: &mut Added) -> Result<()> {
        let mut arrivals = Arrivals::new(self.conn)?;
        for (key, row) in listed {
            if rows::of_erased(self.conn, tombs, key, (self.page, row.psid.as_deref()), self.now)?.is_some() {
                added.erased += 1;
                continue;
            }
            let met = arrivals.find_or_add(key, &row.token, self.page)?;
            added.new += u64::from(met.is_new);
            listed::keep(self.conn, met.id, self.page, row, self.now)?;
            added.folded += u64::from(!self.hold(met.id, row)?);
        }
        Ok(())
    }

    /// Rows that have nothing to do with each other; on a server.
    fn add_set(&self, listed: &[Keyed<'_>], added: &mut Added) -> db::Result<()> {
        if listed.is_empty() {
            return Ok(());
        }
        let mut ids = people::ids_of(self.conn, listed.iter().map(|(key, _)| key))?;
        let new = listed.iter().filter(|(key, _)| !ids.contains_key(key));
        let arrived = people::arrive(self.conn, new.map(|(key, row)| (key, &*row.token)), self.page)?;
        added.new += arrived.len() as u64;
        ids.extend(arrived);
        let id_of = |key: &Key| ids.get(key).copied().ok_or(db::Error::Changed);
        let said: Vec<(i64, &Listed)> =
            listed.iter().map(|(key, row)| Ok((id_of(key)?, *row))).collect::<db::Result<_>>()?;
        listed::keep_set(self.conn, self.page, &said, self.now)?;
        let others = listed::others_in_audience(self.conn, self.audience, self.page, &said)?;
        let (met, alone): (Vec<_>, Vec<_>) = said.into_iter().partition(|(id, _)| others.contains(id));
        let hold = "insert into audience_rows (audience, recipient)
            select cast(?1 as int8), t.id from unnest(cast(?2 as int8[])) as t (id) on conflict (audience, recipient) do nothing";
        self.conn.prepare_cached(hold)?.execute((self.audience, ints(alone.iter().map(|(id, _)| *id))))?;
        for (id, row) in met {
            added.folded += u64::from(!self.hold(id, row)?);
        }
        Ok(())
    }

    /// Puts the recipient into the audience, with one token for each person. `false`: another token of the person was, or is now, left out.
    fn hold(&self, id: i64, row: &Listed) -> db::Result<bool> {
        let (conn, audience) = (self.conn, self.audience);
        let mut is_alone = true;
        if let Some(whom) = self.whom(row)
            && let Some((other, theirs)) = listed::other_in_audience(conn, audience, id, whom)?
        {
            is_alone = false;
            if !is_better((id, &people::get(conn, id)?), (other, &theirs), self.now) {
                return Ok(false);
            }
            let delete = "delete from audience_rows where audience = ?1 and recipient = ?2";
            conn.prepare_cached(delete)?.execute((audience, other))?;
        }
        let insert = "insert into audience_rows (audience, recipient) values (?1, ?2) on conflict (audience, recipient) do nothing";
        conn.prepare_cached(insert)?.execute((audience, id))?;
        Ok(is_alone)
    }
}

/// Those that have nothing to do with each other, and those that name a token or a person for another time, or somebody who was erased, whose
/// order counts.
fn apart<'r>(listed: &[Keyed<'r>], erased: &BTreeSet<usize>) -> (Vec<Keyed<'r>>, Vec<Keyed<'r>>) {
    let (mut keys, mut psids) = (HashSet::new(), HashSet::new());
    let (mut together, mut rest) = (Vec::new(), Vec::new());
    for (place, (key, row)) in listed.iter().enumerate() {
        let is_new_key = keys.insert(*key);
        let is_new_person = row.psid.as_deref().is_none_or(|psid| psids.insert(psid));
        let is_first = is_new_key && is_new_person && !erased.contains(&place);
        if is_first { &mut together } else { &mut rest }.push((*key, *row));
    }
    (together, rest)
}

/// Which of two tokens of a person gets the message: one that can, else the one that the ledger knew first, so that it stays the same.
fn is_better(one: (i64, &Person), other: (i64, &Person), now: UnixMillis) -> bool {
    let can = |person: &Person| person.suppressed.is_none() && person.expires_at.is_none_or(|at| at > now);
    match (can(one.1), can(other.1)) {
        (true, true) | (false, false) => one.0 < other.0,
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests;
