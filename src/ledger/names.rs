//! What a ledger can name, for shells that complete a word: a few short queries, whatever its size.

use super::database::Ledger;
use super::db;
use super::error::Result;

/// So many broadcasts are named, the newest.
const MOST: i64 = 200;

/// What can be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The newest first.
    pub broadcasts: Vec<Named>,
    pub audiences: Vec<String>,
}

/// A broadcast, and its campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: i64,
    pub campaign: String,
    pub name: Option<String>,
    pub label: Option<String>,
}

impl Ledger {
    /// Of this Page, or of all.
    pub fn names(&self, page: Option<&str>) -> Result<Names> {
        self.read(|conn| {
            let broadcasts = conn
                .prepare_cached(
                    "select id, campaign, campaign_name, label from broadcasts where cast(?1 as text) is null or page = ?1 order by id desc limit ?2",
                )?
                .query_map((page, MOST), |row| {
                    Ok(Named { id: row.get(0)?, campaign: row.get(1)?, name: row.get(2)?, label: row.get(3)? })
                })?
                .collect::<db::Result<_>>()?;
            let audiences = conn
                .prepare_cached(
                    "select distinct name from audiences where imported_at is not null and (cast(?1 as text) is null or page = ?1)
                     order by name",
                )?
                .query_map([page], |row| row.get(0))?
                .collect::<db::Result<_>>()?;
            Ok(Names { broadcasts, audiences })
        })
    }
}
