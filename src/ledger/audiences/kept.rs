//! The audiences that a Page has, and how they go.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn};
use crate::ledger::error::Result;
use crate::ledger::sql::unsigned;

/// An audience, as it is used now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audience {
    pub audience: String,
    pub recipients: u64,
    pub source: String,
    /// When the import or fetch ended, or the last opt-in came; none: it has not ended yet.
    pub filled_at: Option<UnixMillis>,
    /// When a broadcast was last planned for it.
    pub last_used_at: Option<UnixMillis>,
}

impl Ledger {
    /// The Page's audiences by name.
    pub fn audiences(&self, page: &str) -> Result<Vec<Audience>> {
        self.read(|conn| {
            conn.prepare_cached(
                "select a.name, a.rows, a.source, a.imported_at,
                   (select max(l.planned_at) from listings l join broadcasts b on b.id = l.broadcast
                    where b.page = a.page and (l.source = 'audience ' || a.name
                      or substr(l.source, 1, length(a.name) + 11) = 'audience ' || a.name || ': '))
                 from audiences a
                 where a.page = ?1 and a.id = (select o.id from audiences o where o.page = a.page and o.name = a.name
                   order by case when o.imported_at is null then 1 else 0 end, o.id desc limit 1)
                 order by a.name",
            )?
            .query_map([page], |row| {
                Ok(Audience {
                    audience: row.get(0)?,
                    recipients: unsigned(row.get(1)?),
                    source: row.get(2)?,
                    filled_at: row.get(3)?,
                    last_used_at: row.get(4)?,
                })
            })?
            .collect()
        })
    }

    /// Deletes an audience, also what is being filled for it: whoever fills it stops. Its people stay.
    pub fn delete_audience(&mut self, page: &str, name: &str) -> Result<()> {
        // Its rows hold what lists say of people.
        self.read(Conn::overwrite_deleted)?;
        let ids: Vec<i64> = self.read(|conn| {
            conn.prepare_cached("select id from audiences where page = ?1 and name = ?2")?
                .query_map((page, name), |row| row.get(0))?
                .collect::<db::Result<_>>()
        })?;
        ids.into_iter().try_for_each(|id| self.drop_audience(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::Watch;
    use crate::ledger::database::tests::engine::on_both;
    use crate::ledger::spool::Spool;

    on_both! {
        fn an_audience_is_listed_as_it_is_used_and_goes_without_its_people() {
            let folder = tempfile::tempdir().unwrap();
            let mut ledger = Ledger::in_memory(folder.path());
            for (page, name, people) in [("1", "b", 3), ("1", "a", 2), ("2", "a", 1)] {
                let mut spool = Spool::new(folder.path()).unwrap();
                (0..people).for_each(|n| spool.add(&format!("token{n}"), Some("{}")).unwrap());
                let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
                let mut list = spool.finish().unwrap();
                ledger.import_audience(page, name, "list.csv", &mut list, UnixMillis(7), &mut watch).unwrap();
            }
            let broadcast = "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
                values (1, '1', 'act_1', '7', ?1, '{}', 1)";
            ledger.conn.execute(broadcast, [[1_u8]]).unwrap();
            for (source, planned) in [("a", 50_i64), ("a: --never-sent", 60), ("ab", 90)] {
                let listing = "insert into listings (broadcast, source, rows, rows_hash, created_at, planned_at)
                    values (1, ?1, 2, ?2, 1, ?3)";
                ledger.conn.execute(listing, (format!("audience {source}"), planned.to_be_bytes(), planned)).unwrap();
            }
            let all = ledger.audiences("1").unwrap();
            let told: Vec<_> = all
                .iter()
                .map(|one| (one.audience.as_str(), one.recipients, one.filled_at, one.last_used_at))
                .collect();
            let at = |at| Some(UnixMillis(at));
            assert_eq!(told, [("a", 2, at(7), at(60)), ("b", 3, at(7), None)]);
            ledger.delete_audience("1", "a").unwrap();
            assert_eq!(ledger.audiences("1").unwrap().len(), 1);
            assert_eq!(ledger.audiences("2").unwrap().len(), 1);
            let count = |sql: &str| ledger.conn.query_row(sql, (), |row| row.get::<i64>(0)).unwrap();
            assert_eq!(count("select count(*) from audience_rows"), 4);
            assert_eq!(count("select count(*) from recipients"), 3);
        }
    }
}
