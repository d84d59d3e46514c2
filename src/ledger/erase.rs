//! One person out of the ledger, with all their tokens. What is left are rows that name nobody, for totals, and tombstones, by which the
//! person is recognised: see [`super::people::erased`].

mod book;
pub mod rows;
mod traces;

use std::collections::HashSet;

use super::audiences;
use super::database::{Ledger, audit};
use super::db::{self, Conn};
use super::error::{Error, Result};
use super::gate;
use super::key::{Key, key};
use super::people::erased;
use super::people::tombs::Tombs;
use super::people::{find_id, operator};
use super::sql::{sql, unsigned};
use super::witness;
use crate::clock::UnixMillis;
use crate::text::count;
use book::{Book, Stone};
use rows::{Removed, remove};
pub use traces::Traces;

/// Events that are read together.
const TOGETHER: i64 = 5_000;

/// What is known of somebody who may be erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erasable {
    /// None: the ledger has never seen the token, or they were erased.
    pub tokens: u64,
    pub sends: u64,
    pub audiences: u64,
    pub erased_at: Option<UnixMillis>,
}

/// Who is to be erased, by all that names them.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    ids: Vec<i64>,
    texts: Vec<String>,
    psids: Vec<String>,
}

impl Names {
    fn of(conn: &Conn, token: &str, tombs: &Tombs) -> db::Result<Self> {
        let mut names = Self { ids: Vec::new(), texts: vec![token.to_owned()], psids: Vec::new() };
        let Some(id) = find_id(conn, &key(token))? else { return Ok(names) };
        if tombs.erased_at(conn, id)?.is_some() {
            return Ok(names);
        }
        names.ids = operator::tokens(conn, id)?;
        for id in &names.ids {
            names.texts.push(erased::token_of(conn, *id)?);
            names.psids.extend(erased::psid_of(conn, *id)?);
        }
        names.texts.sort();
        names.texts.dedup();
        names.psids.sort();
        names.psids.dedup();
        Ok(names)
    }

    /// Whether an event is about them.
    fn are_in(&self, recipient: Option<i64>, raw: &str) -> bool {
        match recipient {
            Some(recipient) => self.ids.contains(&recipient),
            // It came before the ledger had seen the token, or is of a kind that is kept unread.
            None => {
                self.texts.iter().any(|token| holds_whole(raw, token) || holds_whole(raw, &token.replace('/', "\\/")))
                    || self.psids.iter().any(|psid| holds_whole(raw, psid))
            }
        }
    }
}

/// Whether a text holds this word, and not as a part of a longer one.
fn holds_whole(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, found)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + found.len()..].chars().next())
    })
}

impl Ledger {
    /// What is known of the person who has this token.
    pub fn known_of(&self, token: &str) -> Result<Erasable> {
        self.read(|conn| {
            let tombs = Tombs::of(conn)?;
            let mut known = Erasable::default();
            if let Some(id) = find_id(conn, &key(token))? {
                known.erased_at = tombs.erased_at(conn, id)?;
            }
            let count = |sql: &str, id: i64| -> db::Result<u64> {
                conn.prepare_cached(sql)?.query_row([id], |row| row.get(0).map(unsigned))
            };
            for id in Names::of(conn, token, &tombs)?.ids {
                known.tokens += 1;
                known.sends += count(
                    "select count(*) from broadcasts b join sends s on s.broadcast = b.id where s.recipient = ?1",
                    id,
                )?;
                known.audiences += count(sql!("select count(*) {audiences}", audiences = audiences::OF_RECIPIENT), id)?;
            }
            Ok(known)
        })
    }

    /// Erases the person who has this token, or keeps a tombstone of a token that the ledger has never seen: all of it or nothing.
    ///
    /// # Errors
    /// A message to them is on its way; the ledger is an old one; the database fails.
    pub fn erase(&mut self, page: &str, token: &str, who: &str, now: UnixMillis) -> Result<Removed> {
        self.read(Conn::overwrite_deleted)?;
        loop {
            let names = self.read(|conn| Names::of(conn, token, &Tombs::of(conn)?))?;
            let (found, last) = self.events_of(&names)?;
            if let Some(removed) = self.write(|conn| {
                gate::refuse_copied(conn)?;
                let tombs = Tombs::make(conn)?;
                if Names::of(conn, token, &tombs)? != names {
                    return Ok(None);
                }
                for id in &names.ids {
                    refuse_claimed(conn, *id)?;
                }
                let mut removed = Removed::default();
                // And of what came since.
                let (found_since, _) = events_of(conn, &names, last, i64::MAX)?;
                for id in found.iter().chain(&found_since) {
                    removed.events += conn.prepare_cached("delete from events where id = ?1")?.execute([*id])? as u64;
                }
                for id in &names.ids {
                    remove(conn, &tombs, *id, now, &mut removed)?;
                }
                if find_id(conn, &key(token))?.is_none() {
                    erased::add(&tombs, conn, &key(token), page, now)?;
                }
                audit(
                    conn,
                    now,
                    who,
                    "tokens erase",
                    &format!("1 person, {}", count(removed.tokens, "token", "tokens")),
                )?;
                witness::step(conn, None)?;
                Ok(Some(removed))
            })? {
                self.be_seen();
                let noted = self.note_erased(&names.ids, token)?;
                return Ok(Removed { noted, ..removed });
            }
        }
    }

    /// Notes beside the ledger who was erased; whether it could be noted.
    fn note_erased(&self, ids: &[i64], token: &str) -> Result<bool> {
        let (book, stones) = self.read(|conn| {
            let with: [u8; 32] = conn.query_row("select erasure_key from ledger", (), |row| row.get(0))?;
            let mut stones = Vec::new();
            for id in ids.iter().copied().chain(find_id(conn, &key(token))?) {
                let stone = erased::tombstone(conn, id)?.map(|tomb| Stone::new(&with, tomb));
                stones.extend(stone.filter(|stone| !stones.contains(stone)));
            }
            Ok((Book::of(conn, self.folder())?, stones))
        })?;
        Ok(book.add(&stones).is_ok())
    }

    /// Erases whom the book beside this ledger says to be erased, and who came back with a backup; how many people. Nobody sends
    /// meanwhile.
    pub(super) fn erase_again(&mut self, who: &str, now: UnixMillis) -> Result<u64> {
        let book = self.read(|conn| Book::of(conn, self.folder()))?;
        let Ok(all) = book.read() else { return Ok(0) };
        let mut people = 0;
        let mut tokens = Vec::new();
        for (with, stones) in all {
            let adopted = self.write(|conn| Ok(Tombs::adopt(conn, &with)?))?;
            let tombs = Tombs::with(&with);
            let erased: HashSet<Key> = stones.iter().filter_map(Stone::key).collect();
            for (page, token) in self.came_back(&tombs, &erased)? {
                // Another token of theirs may have taken this one along.
                if self.known_of(&token)?.erased_at.is_none() {
                    self.erase(&page, &token, who, now)?;
                    people += 1;
                }
                tokens.push(token);
            }
            // Of those who are not in the copy; by another key they could not be recognised.
            self.write(|conn| {
                for stone in stones.iter().filter(|_| adopted) {
                    if let Some(key) = stone.key() {
                        erased::put(conn, &key, &stone.page, stone.psid.as_deref(), UnixMillis(stone.at))?;
                    }
                }
                Ok(())
            })?;
        }
        if !tokens.is_empty() {
            self.clear_traces(&tokens)?;
        }
        Ok(people)
    }

    /// Those of the ledger's tokens whose hashes are these, with their Pages.
    fn came_back(&self, tombs: &Tombs, erased: &HashSet<Key>) -> Result<Vec<(String, String)>> {
        let (mut found, mut after) = (Vec::new(), i64::MIN);
        loop {
            let before = after;
            let part = self.read(|conn| {
                let mut found = Vec::new();
                let last = erased::others(conn, before, TOGETHER, &mut |key, page, token| {
                    if tombs.key(key).is_some_and(|key| erased.contains(&key)) {
                        found.push((page.to_owned(), token.to_owned()));
                    }
                })?;
                Ok((found, last))
            })?;
            found.extend(part.0);
            after = part.1;
            if after == before {
                return Ok(found);
            }
        }
    }

    /// All events about them, and the last event that was read. It takes long where there are many: others write meanwhile.
    fn events_of(&self, names: &Names) -> Result<(Vec<i64>, i64)> {
        let (mut all, mut after) = (Vec::new(), i64::MIN);
        loop {
            let (found, last) = self.read(|conn| events_of(conn, names, after, TOGETHER))?;
            all.extend(found);
            match last {
                Some(last) => after = last,
                None => return Ok((all, after)),
            }
        }
    }
}

/// Of so many events, those that are about them; and the last event that was read.
fn events_of(conn: &Conn, names: &Names, after: i64, most: i64) -> db::Result<(Vec<i64>, Option<i64>)> {
    let mut statement =
        conn.prepare_cached("select id, recipient, raw from events where id > ?1 order by id limit ?2")?;
    let mut rows = statement.query((after, most))?;
    let (mut found, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        last = Some(id);
        if names.are_in(row.get(1)?, row.text(2)?.unwrap_or_default()) {
            found.push(id);
        }
    }
    Ok((found, last))
}

fn refuse_claimed(conn: &Conn, id: i64) -> Result<()> {
    let is_claimed = conn
        .prepare_cached(sql!(
            "select 1 from broadcasts b join sends s on s.broadcast = b.id where s.recipient = ?1 and s.state = {claimed}"
        ))?
        .exists([id])?;
    if is_claimed { Err(Error::OnTheWay) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
