//! Named audiences: lists of recipients that are kept. An import counts as a whole; until it does, the previous one is in use.

pub mod fetch;
mod filling;
pub mod kept;

use std::collections::HashSet;
use std::time::Instant;

use super::db::arrays::{ints, texts};
use super::db::{self, Conn};

use super::database::{HOLD, Ledger, ROWS_OF_SET, Watch};
use super::error::{Error, Need, Result};
use super::failpoint;
use super::people::tombs::Tombs;
use super::people::{self, Arrivals};
use super::room;
use super::span::Span;
use super::spool::{Listing, Spool};
use super::sql::{sql, unsigned};
use crate::clock::UnixMillis;
use crate::text::nearest;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Good rows of the list.
    pub rows: u64,
    /// Different people among them.
    pub people: u64,
    /// People that the ledger had never seen.
    pub new: u64,
    /// Rows of people who were erased: left out.
    pub erased: u64,
}

/// The audiences `a` that a recipient, ?1, is in. SQLite would go through all rows of all audiences in any other order.
pub const OF_RECIPIENT: &str =
    "from audiences a cross join audience_rows r where r.audience = a.id and r.recipient = ?1";

impl Ledger {
    /// Makes the list the audience `name` of the Page, in place of the one that had the name.
    pub fn import_audience(
        &mut self,
        page: &str,
        name: &str,
        source: &str,
        list: &mut Listing,
        now: UnixMillis,
        watch: &mut Watch<'_>,
    ) -> Result<ImportCounts> {
        let audience: i64 = self.write(|conn| {
            let insert = "insert into audiences (page, name, source) values (?1, ?2, ?3) returning id";
            Ok(conn.query_row(insert, (page, name, source), |row| row.get(0))?)
        })?;
        let mut imported = ImportCounts::default();
        let staged = self.unsynced(|ledger| ledger.fill_audience(page, (audience, name), list, watch, &mut imported));
        if let Err(error) = staged {
            if matches!(error, Error::ImportStopped | Error::NoRoom { .. }) {
                self.drop_audience(audience)?;
            }
            return Err(error);
        }
        if self.conn.lost() > 0 {
            // Some rows may have been put there twice.
            imported.people = self.read(|conn| size(conn, audience))?;
        }
        self.read(|conn| {
            ["recipients", "audience_rows"].iter().try_for_each(|table| conn.learn_size(table, imported.rows))
        })?;
        self.write(|conn| {
            let counts = conn.execute(
                "update audiences set imported_at = ?2, rows = ?3 where id = ?1",
                (audience, now.0, i64::try_from(imported.people).unwrap_or(i64::MAX)),
            )?;
            if counts == 0 { Err(Error::AudienceOvertaken { name: name.to_owned() }) } else { Ok(()) }
        })?;
        self.drop_older(page, name, audience)?;
        Ok(imported)
    }

    /// Puts the rows of a list into an audience, in transactions short enough to share the ledger.
    fn fill_audience(
        &mut self,
        page: &str,
        (audience, name): (i64, &str),
        list: &mut Listing,
        watch: &mut Watch<'_>,
        imported: &mut ImportCounts,
    ) -> Result<()> {
        list.rewind()?;
        *imported = ImportCounts { rows: list.rows, ..ImportCounts::default() };
        let mut done = 0;
        loop {
            if (watch.stop)() {
                return Err(Error::ImportStopped);
            }
            self.require_room(Need::Import, room::left_by_long_work())?;
            let part = if self.conn.is_server() {
                self.fill_set(page, (audience, name), list)?
            } else {
                self.fill_rows(page, (audience, name), list)?
            };
            if part.rows == 0 {
                return Ok(());
            }
            imported.new += part.new;
            imported.people += part.people;
            imported.erased += part.erased;
            done += part.rows;
            (watch.progress)(done);
        }
    }

    /// One transaction of it, in a file.
    fn fill_rows(&mut self, page: &str, (audience, name): (i64, &str), list: &mut Listing) -> Result<ImportCounts> {
        let transaction = self.begin()?;
        refuse_overtaken(&transaction, audience, name)?;
        let begin = Instant::now();
        let mut part = ImportCounts::default();
        {
            let mut arrivals = Arrivals::new(&transaction)?;
            let mut hold = transaction.prepare_cached(
                "insert into audience_rows (audience, recipient, row_values) values (?1, ?2, ?3)
                 on conflict (audience, recipient) do nothing",
            )?;
            let mut hold_span = transaction.prepare_cached(sql!(
                "insert into audience_rows (audience, recipient) {people} on conflict do nothing",
                people = people::SPAN,
            ))?;
            let mut hold_new = |people: Option<(i64, i64)>| match people {
                Some((first, last)) => hold_span.execute((audience, first, last)).map(drop),
                None => Ok(()),
            };
            let mut span = Span::default();
            while let Some(row) = list.next_row()? {
                let met = arrivals.find_or_add(&row.key, &row.token, page)?;
                if met.is_erased {
                    part.erased += 1;
                } else if met.is_new && row.values.is_none() {
                    hold_new(span.add(met.id))?;
                    part.new += 1;
                    part.people += 1;
                } else {
                    // The same person may have come before.
                    hold_new(span.take())?;
                    let held = hold.execute((audience, met.id, row.values.as_deref()))?;
                    part.new += u64::from(met.is_new);
                    part.people += held as u64;
                }
                part.rows += 1;
                if part.rows % 64 == 0 && begin.elapsed() > HOLD {
                    break;
                }
            }
            hold_new(span.take())?;
        }
        if part.rows > 0 {
            failpoint::commit(transaction, "import.before", "import.after")?;
        }
        Ok(part)
    }

    /// The same on a server.
    fn fill_set(&mut self, page: &str, (audience, name): (i64, &str), list: &mut Listing) -> Result<ImportCounts> {
        let rows = list.next_rows(ROWS_OF_SET)?;
        if rows.is_empty() {
            return Ok(ImportCounts::default());
        }
        self.beside_or_alone(|transaction| {
            refuse_overtaken(&transaction, audience, name)?;
            let named: Vec<_> = rows.iter().map(|row| (Some(&row.key), None)).collect();
            let erased = Tombs::of(&transaction)?.among(&transaction, &named)?;
            // Somebody's first row counts.
            let mut seen = HashSet::with_capacity(rows.len());
            let left = rows.iter().enumerate().filter(|(place, _)| !erased.contains(place)).map(|(_, row)| row);
            let once: Vec<_> = left.filter(|row| seen.insert(row.key)).collect();
            let mut ids = people::ids_of(&transaction, once.iter().map(|row| &row.key))?;
            let new = once.iter().filter(|row| !ids.contains_key(&row.key));
            let arrived = people::arrive(&transaction, new.map(|row| (&row.key, &*row.token)), page)?;
            let new = arrived.len() as u64;
            ids.extend(arrived);
            let hold = "insert into audience_rows (audience, recipient, row_values)
                select cast(?1 as int8), t.* from unnest(cast(?2 as int8[]), cast(?3 as text[])) as t
                on conflict (audience, recipient) do nothing";
            let held = transaction.prepare_cached(hold)?.execute((
                audience,
                ints(once.iter().map(|row| ids.get(&row.key).copied())),
                texts(once.iter().map(|row| row.values.as_deref())),
            ))?;
            failpoint::commit(transaction, "import.before", "import.after")?;
            Ok(ImportCounts { rows: rows.len() as u64, people: held as u64, new, erased: erased.len() as u64 })
        })
    }

    /// Drops what had the name before, and imports that did not finish.
    fn drop_older(&mut self, page: &str, name: &str, newest: i64) -> Result<()> {
        let older: Vec<i64> = {
            self.read(|conn| {
                conn.prepare_cached("select id from audiences where page = ?1 and name = ?2 and id < ?3")?
                    .query_map((page, name, newest), |row| row.get(0))?
                    .collect()
            })?
        };
        older.into_iter().try_for_each(|id| self.drop_audience(id))
    }

    pub(super) fn drop_audience(&mut self, id: i64) -> Result<()> {
        loop {
            let is_gone = self.write(|conn| {
                let part = conn.execute(
                    "delete from audience_rows where (audience, recipient) in
                       (select audience, recipient from audience_rows where audience = ?1 limit 10000)",
                    [id],
                )?;
                if part == 0 {
                    conn.execute("delete from fetches where audience = ?1", [id])?;
                    conn.execute("delete from audiences where id = ?1", [id])?;
                }
                Ok(part == 0)
            })?;
            if is_gone {
                return Ok(());
            }
        }
    }

    /// How many recipients the audience has; `None` if there is none of that name.
    pub fn audience_size(&self, page: &str, name: &str) -> Result<Option<u64>> {
        self.read(|conn| {
            let Some(audience) = newest(conn, page, name)? else { return Ok(None) };
            conn.query_row("select rows from audiences where id = ?1", [audience], |row| {
                row.get(0).map(unsigned).map(Some)
            })
        })
    }

    /// Copies an audience into a spool, to be planned.
    pub fn spool_audience(&self, page: &str, name: &str, values: bool, spool: &mut Spool) -> Result<()> {
        self.copy_audience(page, name, values, spool).map_err(|error| error.at(self.address()))
    }

    fn copy_audience(&self, page: &str, name: &str, values: bool, spool: &mut Spool) -> Result<()> {
        // In one snapshot: an import may take its place and drop its rows in parts.
        let snapshot = self.conn.snapshot()?;
        let Some(audience) = newest(&snapshot, page, name)? else {
            return Err(none(&snapshot, page, name)?);
        };
        let mut statement = snapshot.prepare_cached(sql!(
            "select r.token, case when ?2 then a.row_values end from audience_rows a {people}
             where a.audience = ?1 and r.erased_at is null order by a.recipient",
            people = people::OF_AUDIENCE
        ))?;
        let mut rows = statement.query((audience, values))?;
        while let Some(row) = rows.next()? {
            let (token, values): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            spool.add(&token, values.as_deref())?;
        }
        Ok(())
    }
}

/// How many recipients it holds.
fn size(conn: &Conn, audience: i64) -> db::Result<u64> {
    conn.query_row("select count(*) from audience_rows where audience = ?1", [audience], |row| row.get(0).map(unsigned))
}

/// A newer import drops the older ones, those at work among them.
fn refuse_overtaken(conn: &Conn, audience: i64, name: &str) -> Result<()> {
    let is_there = conn.prepare_cached("select 1 from audiences where id = ?1")?.exists([audience])?;
    if is_there { Ok(()) } else { Err(Error::AudienceOvertaken { name: name.to_owned() }) }
}

/// Adds the person to the audience of that name, which is created if there is none.
pub fn join(conn: &Conn, recipient: i64, page: &str, name: &str, now: UnixMillis) -> db::Result<()> {
    let audience = match newest(conn, page, name)? {
        Some(id) => id,
        None => conn
            .prepare_cached(
                "insert into audiences (page, name, source, imported_at) values (?1, ?2, 'opt-in events', ?3) returning id",
            )?
            .query_row((page, name, now), |row| row.get(0))?,
    };
    let new = conn
        .prepare_cached(
            "insert into audience_rows (audience, recipient) values (?1, ?2) on conflict (audience, recipient) do nothing",
        )?
        .execute((audience, recipient))?;
    if new == 1 {
        conn.prepare_cached(
            "update audiences set rows = rows + 1, imported_at = case when imported_at < ?2 then ?2 else imported_at end
             where id = ?1",
        )?
        .execute((audience, now))?;
    }
    Ok(())
}

/// The audience that has this name now.
pub fn newest(conn: &Conn, page: &str, name: &str) -> db::Result<Option<i64>> {
    conn.prepare_cached("select max(id) from audiences where page = ?1 and name = ?2 and imported_at is not null")?
        .query_row((page, name), |row| row.get(0))
}

/// That no audience of the Page has this name, and which has one like it.
pub fn none(conn: &Conn, page: &str, name: &str) -> db::Result<Error> {
    let names: Vec<String> = conn
        .prepare_cached("select distinct name from audiences where page = ?1 and imported_at is not null")?
        .query_map([page], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = nearest(name, &names).map(str::to_owned);
    Ok(Error::NoSuchAudience { page: page.to_owned(), name: name.to_owned(), near })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audiences_of_a_recipient_are_found_without_those_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        let plan = ledger.conn.plan(sql!("select a.name {audiences}", audiences = OF_RECIPIENT));
        assert!(plan.iter().any(|step| step.contains("SEARCH r")), "{plan:?}");
    }

    #[test]
    fn the_newer_of_two_imports_stands_and_the_older_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (mut one, _) = Ledger::open(&path).unwrap();
        let (mut other, _) = Ledger::open(&path).unwrap();
        let list = |people: std::ops::Range<u32>| {
            let mut spool = Spool::new(folder.path()).unwrap();
            people.for_each(|n| spool.add(&format!("token{n}"), None).unwrap());
            spool.finish().unwrap()
        };
        let mut none = |_| {};
        let mut first = true;
        // Once some of the older one's rows are in, the newer one runs from its beginning to its end.
        let mut overtake = |done| {
            if std::mem::take(&mut first) {
                assert!(done < 100_000, "the whole list went into one transaction");
                let mut watch = Watch { progress: &mut none, stop: &|| false };
                other.import_audience("1", "all", "new", &mut list(0..7), UnixMillis(2), &mut watch).unwrap();
            }
        };
        let mut watch = Watch { progress: &mut overtake, stop: &|| false };
        let error =
            one.import_audience("1", "all", "old", &mut list(0..100_000), UnixMillis(1), &mut watch).unwrap_err();
        assert!(matches!(&error, Error::AudienceOvertaken { name } if name == "all"), "{error}");
        let sql =
            "select group_concat(name || ' of ' || page || ': ' || rows || ' from ' || source, ', ') from audiences
                   where imported_at is not null";
        let imported: String = one.conn.query_row(sql, (), |row| row.get(0)).unwrap();
        assert_eq!(imported, "all of 1: 7 from new");
        let rows: i64 = one.conn.query_row("select count(*) from audience_rows", (), |row| row.get(0)).unwrap();
        assert_eq!(rows, 7);
    }

    #[test]
    fn everybody_is_in_the_audience_once_whoever_is_new_or_known_or_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (mut ledger, _) = Ledger::open(folder.path().join("ledger.db")).unwrap();
        let mut import = |name: &str, rows: &[(&str, Option<&str>)]| {
            let mut spool = Spool::new(folder.path()).unwrap();
            rows.iter().for_each(|(token, values)| spool.add(token, *values).unwrap());
            let mut list = spool.finish().unwrap();
            let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
            let counts = ledger.import_audience("1", name, "test", &mut list, UnixMillis(1), &mut watch).unwrap();
            let mut found = ledger
                .conn
                .prepare_cached(
                    "select r.token, a.row_values from audience_rows a join recipients r on r.id = a.recipient
                     where a.audience = (select max(id) from audiences where name = ?1) order by r.token",
                )
                .unwrap();
            let found: Vec<(String, Option<String>)> = found
                .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<db::Result<_>>()
                .unwrap();
            (counts.rows, counts.new, counts.people, found)
        };
        let pair = |token: &str, values: Option<&str>| (token.to_owned(), values.map(str::to_owned));
        assert_eq!(import("known", &[("c", None), ("g", None)]), (2, 2, 2, vec![pair("c", None), pair("g", None)]));
        let rows = [
            ("a", None),
            ("b", None),
            ("a", None),
            ("c", None),
            ("d", Some("{}")),
            ("d", None),
            ("e", None),
            ("f", None),
            ("e", Some("{}")),
            ("g", Some("{}")),
        ];
        let values = [None, None, None, Some("{}"), None, None, Some("{}")];
        let found =
            ["a", "b", "c", "d", "e", "f", "g"].into_iter().zip(values).map(|(token, values)| pair(token, values));
        assert_eq!(import("mixed", &rows), (10, 5, 7, found.collect()));
    }
}
