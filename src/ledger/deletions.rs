//! Deletions of campaigns: Meta changes first and the ledger second, so the intent is written before both.

use std::cell::Cell;

use super::db::{self, Conn};
use uuid::Uuid;

use super::alive::{self, Owner, Work};
use super::database::{Ledger, audit};
use super::error::Result;
use crate::clock::UnixMillis;

/// A deletion that this process has begun: others leave it alone while its lock is held.
pub struct Deletion {
    pub campaign: String,
    pub started_at: UnixMillis,
    who: String,
    _lock: Owner,
}

impl Ledger {
    /// Writes down that a campaign is about to be deleted. The request may leave once this returns.
    pub fn begin_deletion(
        &mut self,
        ad_account: &str,
        campaign: &str,
        who: &str,
        started_at: UnixMillis,
    ) -> Result<Deletion> {
        let uuid = Uuid::now_v7().to_string();
        let before = Cell::new(alive::before_row(self, &uuid)?);
        let lock = self.write(|conn| {
            let id = conn.query_row(
                "insert into deletions (uuid, ad_account, campaign, who, started_at) values (?1, ?2, ?3, ?4, ?5)
                 returning id",
                (&uuid, ad_account, campaign, who, started_at),
                |row| row.get(0),
            )?;
            Ok(alive::with_row(conn, before.take(), Work::Deletion, id)?)
        })?;
        let (campaign, who) = (campaign.to_owned(), who.to_owned());
        Ok(Deletion { campaign, started_at, who, _lock: Owner::Own { _lock: lock } })
    }

    /// Deletions of an ad account that were cut off: their process is gone, and whether Meta deleted the campaign is not recorded.
    pub fn cut_deletions(&self, ad_account: &str) -> Result<Vec<Deletion>> {
        let open: Vec<(i64, String, String, String, UnixMillis)> = self.read(|conn| {
            conn.prepare_cached(
                "select id, uuid, campaign, who, started_at from deletions where ad_account = ?1 order by id",
            )?
            .query_map([ad_account], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
            .collect()
        })?;
        let mut cut = Vec::new();
        for (id, uuid, campaign, who, started_at) in open {
            if let Some(remains) = alive::take_dead(self, Work::Deletion, id, &uuid)? {
                cut.push(Deletion { campaign, started_at, who, _lock: Owner::Dead { _remains: remains } });
            }
        }
        Ok(cut)
    }

    /// The campaign is deleted: closes its broadcasts. Returns how many pending rows were skipped by that.
    pub fn finish_deletion(&mut self, deletion: &Deletion) -> Result<u64> {
        let closed = self.close_campaign(&deletion.campaign, deletion.started_at)?;
        self.write(|conn| {
            forget(conn, &deletion.campaign)?;
            let what = format!("campaign {}", deletion.campaign);
            audit(conn, deletion.started_at, &deletion.who, "campaign delete", &what)?;
            Ok(())
        })?;
        Ok(closed)
    }

    /// The campaign is not deleted, and no request to delete it is under way.
    pub fn drop_deletion(&mut self, deletion: &Deletion) -> Result<()> {
        self.write(|conn| Ok(forget(conn, &deletion.campaign)?))
    }
}

fn forget(conn: &Conn, campaign: &str) -> db::Result<()> {
    conn.prepare_cached("delete from deletions where campaign = ?1")?.execute([campaign]).map(drop)
}
