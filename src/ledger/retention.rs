//! Lists that nobody needs any more, and how they go: audiences, values that were sent, and which rows were in which list. People, their
//! cool-downs and suppressions, and what became of each send stay.
//!
//! Events go in [`super::events::old`].

use super::database::{Ledger, Watch};
use super::db::{self, Conn};
use super::error::{Error, Result};
use super::events::old::Old;
use super::gate;
use super::sql::{sql, unsigned};
use crate::clock::UnixMillis;

/// Rows that one transaction looks at.
const AT_ONCE: i64 = 5_000;

/// What a row that names two others has of its own.
const BYTES_OF_PAIR: &str = "16";

/// An audience that was neither filled nor used since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldAudience {
    id: i64,
    pub page: String,
    pub name: String,
    pub filled_at: UnixMillis,
    pub recipients: u64,
    pub bytes: u64,
}

/// Rows of a list, and where they are.
struct OldListing {
    id: i64,
    broadcast: i64,
}

impl Ledger {
    /// Values of rows that were accepted before. What is pending, unknown, refused or skipped needs its own.
    pub fn values_before(&self, before: UnixMillis) -> Result<Old> {
        self.read(|conn| {
            conn.query_row(
                sql!(
                    "select count(*), coalesce(cast(sum(octet_length(row_values)) as bigint), 0), min(finished_at) from sends
                     where state = {accepted} and row_values is not null and finished_at < ?1"
                ),
                [before],
                |row| Ok(Old { rows: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?), oldest: row.get(2)? }),
            )
        })
    }

    /// Which rows were in the lists of broadcasts of which nothing is to go out, and that no run has been at since.
    pub fn listings_before(&self, before: UnixMillis) -> Result<Old> {
        self.read(|conn| {
            let mut old = Old::default();
            for listing in listings(conn, before)? {
                let count = sql!(
                    "select count(*), count(*) * {pair}, (select planned_at from listings where id = ?1)
                     from listing_rows where listing = ?1",
                    pair = BYTES_OF_PAIR
                );
                conn.prepare_cached(count)?.query_row([listing.id], |row| {
                    old.rows += unsigned(row.get(0)?);
                    old.bytes += unsigned(row.get(1)?);
                    let planned: Option<UnixMillis> = row.get(2)?;
                    old.oldest = [old.oldest, planned].into_iter().flatten().min();
                    Ok(())
                })?;
            }
            Ok(old)
        })
    }

    /// Audiences of every Page that were neither filled nor used since.
    pub fn audiences_before(&self, before: UnixMillis) -> Result<Vec<OldAudience>> {
        self.read(|conn| {
            conn.prepare_cached(sql!(
                "select a.id, a.page, a.name, a.imported_at, a.rows,
                   (select coalesce(cast(sum({pair} + coalesce(octet_length(r.row_values), 0)) as bigint), 0)
                    from audience_rows r where r.audience = a.id)
                 from audiences a
                 where a.imported_at < ?1 and not exists
                   (select 1 from listings l join broadcasts b on b.id = l.broadcast
                    where b.page = a.page and l.created_at >= ?1 and (l.source = 'audience ' || a.name
                      or substr(l.source, 1, length(a.name) + 11) = 'audience ' || a.name || ': '))
                 order by a.page, a.name, a.id",
                pair = BYTES_OF_PAIR
            ))?
            .query_map([before], |row| {
                Ok(OldAudience {
                    id: row.get(0)?,
                    page: row.get(1)?,
                    name: row.get(2)?,
                    filled_at: row.get(3)?,
                    recipients: unsigned(row.get(4)?),
                    bytes: unsigned(row.get(5)?),
                })
            })?
            .collect()
        })
    }

    /// Takes away what [`Ledger::values_before`] finds; how many rows had some.
    ///
    /// # Errors
    /// The caller asked to stop, and what is gone stays gone; the database fails. So with the others here.
    pub fn drop_values_before(&mut self, before: UnixMillis, watch: &mut Watch<'_>) -> Result<u64> {
        let (mut after, mut dropped) = (i64::MIN, 0);
        loop {
            go_on(watch)?;
            let part: Option<i64> = self.read(|conn| {
                let last = "select max(id) from (select id from sends where id > ?1 order by id limit ?2) part";
                conn.prepare_cached(last)?.query_row((after, AT_ONCE), |row| row.get(0))
            })?;
            let Some(last) = part else { return Ok(dropped) };
            dropped += self.write(|conn| {
                gate::refuse_copied(conn)?;
                Ok(conn
                    .prepare_cached(sql!(
                        "update sends set row_values = null where id > ?1 and id <= ?2
                         and state = {accepted} and row_values is not null and finished_at < ?3"
                    ))?
                    .execute((after, last, before))?)
            })? as u64;
            (watch.progress)(dropped);
            after = last;
        }
    }

    /// Takes away what [`Ledger::listings_before`] finds; how many rows it was.
    pub fn drop_listings_before(&mut self, before: UnixMillis, watch: &mut Watch<'_>) -> Result<u64> {
        let mut dropped = 0;
        for OldListing { id, broadcast } in self.read(|conn| listings(conn, before))? {
            // Whoever is given the same list just now is done with it first, and opens its broadcast again.
            let _lock = self.lock_planning(broadcast, &mut || {})?;
            let mut more = self.read(|conn| listings(conn, before))?.iter().any(|listing| listing.id == id);
            while more {
                go_on(watch)?;
                let part = self.write(|conn| {
                    gate::refuse_copied(conn)?;
                    // A list of the same rows is another one from now on: it is planned anew. No list has so short a hash.
                    conn.execute("update listings set rows_hash = ?2 where id = ?1", (id, id.to_be_bytes()))?;
                    Ok(conn
                        .prepare_cached(
                            "delete from listing_rows where (listing, send) in
                               (select listing, send from listing_rows where listing = ?1 limit ?2)",
                        )?
                        .execute((id, AT_ONCE))?)
                })?;
                dropped += part as u64;
                more = part > 0;
                (watch.progress)(dropped);
            }
        }
        Ok(dropped)
    }

    /// Takes away what [`Ledger::audiences_before`] finds; how many recipients they had. The people stay.
    pub fn drop_audiences_before(&mut self, before: UnixMillis, watch: &mut Watch<'_>) -> Result<u64> {
        let mut dropped = 0;
        for audience in self.audiences_before(before)? {
            go_on(watch)?;
            self.drop_audience(audience.id)?;
            dropped += audience.recipients;
            (watch.progress)(dropped);
        }
        Ok(dropped)
    }

    /// What is dropped from now on leaves nothing behind in a file.
    ///
    /// # Errors
    /// The ledger was copied to another one; the database fails.
    pub fn drop_for_good(&mut self) -> Result<()> {
        self.read(Conn::overwrite_deleted)?;
        self.write(gate::refuse_copied)
    }

    /// Makes room, on a server, of what was dropped.
    pub fn clean_after_drop(&self) -> Result<()> {
        // Months of events are dropped; what has no month is deleted.
        ["events_rest", "sends", "listing_rows", "audience_rows"]
            .iter()
            .try_for_each(|table| self.read(|conn| conn.clean(table)))
    }
}

fn go_on(watch: &Watch<'_>) -> Result<()> {
    if (watch.stop)() { Err(Error::RetentionStopped) } else { Ok(()) }
}

/// Planned lists with rows, of broadcasts that no run has been at since, and of which nothing is to go out. The people of a canary stay: a
/// broadcast is judged by them.
fn listings(conn: &Conn, before: UnixMillis) -> db::Result<Vec<OldListing>> {
    conn.prepare_cached(sql!(
        "select l.id, l.broadcast from broadcasts b join listings l on l.broadcast = b.id
         where l.planned_at < ?1
           and exists (select 1 from listing_rows h where h.listing = l.id)
           and not exists (select 1 from canaries c where c.listing = l.id)
           and not exists (select 1 from runs r where r.broadcast = b.id and (r.ended_at is null or r.ended_at >= ?1))
           and not exists (select 1 from sends s indexed by sends_pending where s.broadcast = b.id and s.state = {pending})
         order by l.id"
    ))?
    .query_map([before], |row| Ok(OldListing { id: row.get(0)?, broadcast: row.get(1)? }))?
    .collect()
}

#[cfg(test)]
mod tests;
