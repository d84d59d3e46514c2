//! An audience that is filled from Meta's token list, page by page. Where the next page begins is committed with the rows before it, so
//! that a fetch that was cut off goes on; the audience counts once the list has ended.

use std::time::Duration;

use super::filling::{Added, Filling};
use super::size;
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn, Optional};
use crate::ledger::error::{Error, Need, Result};
use crate::ledger::host;
use crate::ledger::people::listed::Listed;
use crate::ledger::room;
use crate::ledger::sql::unsigned;

/// A fetch that was cut off goes on within this time; an older one begins anew, since people have left and come since.
const GOES_ON: Duration = Duration::from_hours(24);

/// What is fetched, and for which audience.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub page: String,
    pub name: String,
    /// What is asked of Meta: a cursor belongs to its question.
    pub asked: String,
    /// The Graph host that is asked.
    pub host: String,
}

/// An audience that is being filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    id: i64,
    page: String,
    name: String,
    /// Where the next page begins.
    pub cursor: Option<String>,
    pub begun_at: UnixMillis,
    pub counts: FetchCounts,
}

/// What came so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchCounts {
    pub pages: u64,
    /// Entries of the list.
    pub rows: u64,
    /// Those that can't be read.
    pub unreadable: u64,
    /// Other tokens of people who are in the audience with one.
    pub folded: u64,
    /// Tokens that the ledger had never seen.
    pub new: u64,
    /// Those of people who were erased: left out.
    pub erased: u64,
}

/// A page of the list.
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    pub rows: Vec<Listed>,
    pub unreadable: u64,
    /// Where the next one begins; `None` after the last.
    pub next: Option<String>,
}

impl Ledger {
    /// Begins to fill an audience, or goes on where a fetch of the same was cut off. `anew`: never goes on.
    ///
    /// # Errors
    /// The ledger belongs to another Graph host; the database fails.
    pub fn begin_fetch(&mut self, wanted: &Wanted, anew: bool, now: UnixMillis) -> Result<Fetch> {
        let Wanted { page, name, asked, host } = wanted;
        let ledger = self.address().clone();
        self.write(|conn| host::bind(conn, &ledger, host))?;
        let found = self.read(|conn| unfinished(conn, page, name, asked))?;
        if let Some(fetch) = found.filter(|found| !anew && now.since(found.begun_at) < GOES_ON) {
            return Ok(fetch);
        }
        let id = self.write(|conn| {
            let insert = "insert into audiences (page, name, source) values (?1, ?2, ?3) returning id";
            let source = format!("Meta's token list{}{asked}", if asked.is_empty() { "" } else { " of " });
            let id: i64 = conn.query_row(insert, (page, name, source), |row| row.get(0))?;
            conn.execute("insert into fetches (audience, asked, begun_at) values (?1, ?2, ?3)", (id, asked, now))?;
            Ok(id)
        })?;
        let counts = FetchCounts::default();
        Ok(Fetch { id, page: page.clone(), name: name.clone(), cursor: None, begun_at: now, counts })
    }

    /// Puts a page into the audience, all of it or nothing.
    ///
    /// # Errors
    /// Another process fills the audience, or replaced it; the disk is about to be full; the database fails.
    pub fn keep_page(&mut self, fetch: &mut Fetch, page: &ListPage, now: UnixMillis) -> Result<()> {
        self.require_room(Need::Fetch, room::left_by_long_work())?;
        let before = fetch.counts;
        let (id, of) = (fetch.id, fetch.page.as_str());
        let counts = self.write(|conn| {
            let mut counts = before;
            counts.pages += 1;
            counts.rows += page.rows.len() as u64 + page.unreadable;
            counts.unreadable += page.unreadable;
            // By compare-and-set, so that of two processes that fill the same audience one stops.
            let moved = conn.execute(
                "update fetches set cursor = ?2, pages = ?3, rows = ?4, unreadable = ?5 where audience = ?1 and pages = ?6",
                (
                    id,
                    &page.next,
                    signed(counts.pages),
                    signed(counts.rows),
                    signed(counts.unreadable),
                    signed(before.pages),
                ),
            )?;
            if moved == 0 {
                return Err(Error::FetchOvertaken { name: fetch.name.clone() });
            }
            let Added { new, folded, erased } = Filling { conn, audience: id, page: of, now }.add(&page.rows)?;
            counts.new += new;
            counts.folded += folded;
            counts.erased += erased;
            let update = "update fetches set folded = ?2, new = ?3, erased = ?4 where audience = ?1";
            conn.execute(update, (id, signed(counts.folded), signed(counts.new), signed(counts.erased)))?;
            Ok(counts)
        })?;
        fetch.cursor.clone_from(&page.next);
        fetch.counts = counts;
        Ok(())
    }

    /// How many recipients the audience has so far.
    pub fn fetched(&self, fetch: &Fetch) -> Result<u64> {
        self.read(|conn| size(conn, fetch.id))
    }

    /// The list has ended: the audience takes the place of the one that had its name. Returns how many recipients it has.
    ///
    /// # Errors
    /// Another process filled the audience, or replaced it; the database fails.
    pub fn finish_fetch(&mut self, fetch: &Fetch, now: UnixMillis) -> Result<u64> {
        let people = self.write(|conn| {
            let people = size(conn, fetch.id)?;
            if conn.execute("delete from fetches where audience = ?1", [fetch.id])? == 0 {
                return Err(Error::FetchOvertaken { name: fetch.name.clone() });
            }
            let update = "update audiences set imported_at = ?2, rows = ?3 where id = ?1";
            conn.execute(update, (fetch.id, now, signed(people)))?;
            Ok(people)
        })?;
        self.drop_older(&fetch.page, &fetch.name, fetch.id)?;
        Ok(people)
    }

    /// Forgets what was fetched for the audience; what was learned of people stays.
    pub fn drop_fetch(&mut self, fetch: &Fetch) -> Result<()> {
        self.drop_audience(fetch.id)
    }
}

/// The newest fetch of this audience, and of the same question, that did not end.
fn unfinished(conn: &Conn, page: &str, name: &str, asked: &str) -> db::Result<Option<Fetch>> {
    conn.prepare_cached(
        "select a.id, f.cursor, f.begun_at, f.pages, f.rows, f.unreadable, f.folded, f.new, f.erased
         from fetches f join audiences a on a.id = f.audience
         where a.page = ?1 and a.name = ?2 and f.asked = ?3 order by a.id desc limit 1",
    )?
    .query_row((page, name, asked), |row| {
        let count = |column| row.get(column).map(unsigned);
        Ok(Fetch {
            id: row.get(0)?,
            page: page.to_owned(),
            name: name.to_owned(),
            cursor: row.get(1)?,
            begun_at: row.get(2)?,
            counts: FetchCounts {
                pages: count(3)?,
                rows: count(4)?,
                unreadable: count(5)?,
                folded: count(6)?,
                new: count(7)?,
                erased: count(8)?,
            },
        })
    })
    .optional()
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
