//! Changes of campaigns: the intent is written before the request, as for a deletion. What was changed lately stays, for Meta counts how often
//! a budget is changed.

use std::cell::Cell;
use std::time::Duration;

use uuid::Uuid;

use super::alive::{self, Owner, Work};
use super::database::{Ledger, audit};
use super::db::{self, Conn};
use super::error::{Error, Result};
use crate::campaign::{CHANGES_IN, next_change};
use crate::clock::UnixMillis;

/// A change that this process has begun: others leave it alone while its lock is held.
pub struct Editing {
    id: i64,
    pub campaign: String,
    /// The change, as whoever asked for it wrote it.
    pub edit: String,
    pub started_at: UnixMillis,
    who: String,
    _lock: Owner,
}

/// What is about to be changed, and by whom.
pub struct Intent<'a> {
    pub ad_account: &'a str,
    pub campaign: &'a str,
    pub edit: &'a str,
    pub changes_budget: bool,
    pub who: &'a str,
}

/// For so long a change is kept after it is done.
pub const KEPT: Duration = Duration::from_hours(24);

impl Ledger {
    /// Writes down that a campaign is about to be changed. The request may leave once this returns.
    ///
    /// # Errors
    /// [`Error::BudgetChanges`]: of several processes that ask at once, none makes one change too many.
    pub fn begin_edit(&mut self, intent: &Intent<'_>, started_at: UnixMillis) -> Result<Editing> {
        let uuid = Uuid::now_v7().to_string();
        let before = Cell::new(alive::before_row(self, &uuid)?);
        let (id, lock) = self.write(|conn| {
            if intent.changes_budget {
                let changes = budget_changes(conn, intent.campaign, started_at.minus(CHANGES_IN))?;
                refuse_change(intent.campaign, &changes, started_at)?;
            }
            conn.prepare_cached("delete from edits where done = 1 and started_at < ?1")?
                .execute([started_at.minus(KEPT)])?;
            let id = conn
                .prepare_cached(
                    "insert into edits (uuid, ad_account, campaign, edit, changes_budget, done, who, started_at)
                     values (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7) returning id",
                )?
                .query_row(
                    (
                        &uuid,
                        intent.ad_account,
                        intent.campaign,
                        intent.edit,
                        i64::from(intent.changes_budget),
                        intent.who,
                        started_at,
                    ),
                    |row| row.get(0),
                )?;
            Ok((id, alive::with_row(conn, before.take(), Work::Edit, id)?))
        })?;
        Ok(Editing {
            id,
            campaign: intent.campaign.to_owned(),
            edit: intent.edit.to_owned(),
            started_at,
            who: intent.who.to_owned(),
            _lock: Owner::Own { _lock: lock },
        })
    }

    /// Changes in an ad account that were cut off: their process is gone, and whether Meta did them is not recorded.
    pub fn cut_edits(&self, ad_account: &str) -> Result<Vec<Editing>> {
        let open: Vec<(i64, String, String, String, String, UnixMillis)> = self.read(|conn| {
            conn.prepare_cached(
                "select id, uuid, campaign, edit, who, started_at from edits
                 where ad_account = ?1 and done = 0 order by id",
            )?
            .query_map([ad_account], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?
            .collect()
        })?;
        let mut cut = Vec::new();
        for (id, uuid, campaign, edit, who, started_at) in open {
            if let Some(remains) = alive::take_dead(self, Work::Edit, id, &uuid)? {
                cut.push(Editing { id, campaign, edit, started_at, who, _lock: Owner::Dead { _remains: remains } });
            }
        }
        Ok(cut)
    }

    /// The campaign is changed: `what` is kept in the audit.
    pub fn finish_edit(&mut self, editing: &Editing, what: &str) -> Result<()> {
        self.write(|conn| {
            conn.prepare_cached("update edits set done = 1 where id = ?1")?.execute([editing.id])?;
            let what = format!("campaign {}: {what}", editing.campaign);
            audit(conn, editing.started_at, &editing.who, "campaign edit", &what)?;
            Ok(())
        })
    }

    /// The campaign is not changed, and no request to change it is under way.
    pub fn drop_edit(&mut self, editing: &Editing) -> Result<()> {
        self.write(|conn| {
            conn.prepare_cached("delete from edits where id = ?1")?.execute([editing.id])?;
            Ok(())
        })
    }

    /// Whether the campaign's budget may be changed now.
    ///
    /// # Errors
    /// [`Error::BudgetChanges`] where Meta would refuse it, as far as the ledger knows.
    pub fn refuse_budget_change(&self, campaign: &str, now: UnixMillis) -> Result<()> {
        let changes = self.read(|conn| budget_changes(conn, campaign, now.minus(CHANGES_IN)))?;
        refuse_change(campaign, &changes, now)
    }
}

fn refuse_change(campaign: &str, changes: &[UnixMillis], now: UnixMillis) -> Result<()> {
    match next_change(changes, now) {
        None => Ok(()),
        Some(next) => Err(Error::BudgetChanges { campaign: campaign.to_owned(), changes: changes.len(), next }),
    }
}

/// When the campaign's budget was changed since then, the oldest first. Changes that are under way count.
fn budget_changes(conn: &Conn, campaign: &str, since: UnixMillis) -> db::Result<Vec<UnixMillis>> {
    conn.prepare_cached(
        "select started_at from edits
         where campaign = ?1 and changes_budget = 1 and started_at > ?2 order by started_at",
    )?
    .query_map((campaign, since), |row| row.get(0))?
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::tests::engine::on_both;

    fn intent(changes_budget: bool) -> Intent<'static> {
        Intent { ad_account: "act_1", campaign: "7", edit: "{}", changes_budget, who: "somebody" }
    }

    on_both! {
    fn changes_of_a_budget_count_unless_they_were_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let at = |minutes: i64| UnixMillis(1_800_000_000_000 + minutes * 60_000);
        let done = ledger.begin_edit(&intent(true), at(0)).unwrap();
        ledger.finish_edit(&done, "lifetime_budget 5000").unwrap();
        let refused = ledger.begin_edit(&intent(true), at(1)).unwrap();
        ledger.drop_edit(&refused).unwrap();
        let name = ledger.begin_edit(&intent(false), at(2)).unwrap();
        ledger.finish_edit(&name, "name Spring").unwrap();
        let open = ledger.begin_edit(&intent(true), at(3)).unwrap();
        let changes = |ledger: &Ledger, campaign: &str, since: i64| {
            ledger.read(|conn| budget_changes(conn, campaign, at(since))).unwrap()
        };
        assert_eq!(changes(&ledger, "7", -1), [at(0), at(3)]);
        assert_eq!(changes(&ledger, "7", 0), [at(3)]);
        assert!(changes(&ledger, "8", -1).is_empty());
        // One that is under way is not cut off.
        assert!(ledger.cut_edits("act_1").unwrap().is_empty());
        drop(open);
        let cut = ledger.cut_edits("act_1").unwrap();
        assert_eq!((cut.len(), cut[0].started_at), (1, at(3)));
        assert!(ledger.cut_edits("act_2").unwrap().is_empty());
        ledger.finish_edit(&cut[0], "lifetime_budget 6000").unwrap();
        drop(cut);
        assert!(ledger.cut_edits("act_1").unwrap().is_empty());
        // After a day what was done is forgotten.
        let late = ledger.begin_edit(&intent(true), at(60 * 25)).unwrap();
        assert_eq!(changes(&ledger, "7", -1), [late.started_at]);
    }

    fn the_fifth_change_is_refused_in_the_transaction_that_would_begin_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let at = |minutes: i64| UnixMillis(1_800_000_000_000 + minutes * 60_000);
        let mut under_way: Vec<Editing> =
            (0..4).map(|minute| ledger.begin_edit(&intent(true), at(minute)).unwrap()).collect();
        let refused = |ledger: &mut Ledger, now| match ledger.begin_edit(&intent(true), now) {
            Ok(_) => None,
            Err(Error::BudgetChanges { campaign, changes, next }) => Some((campaign, changes, next)),
            Err(other) => panic!("{other}"),
        };
        let wait = Some(("7".to_owned(), 4, at(60)));
        assert_eq!(refused(&mut ledger, at(4)), wait);
        assert!(ledger.refuse_budget_change("7", at(4)).is_err() && ledger.refuse_budget_change("8", at(4)).is_ok());
        // Its name may be changed, and the budgets of others.
        for other in [intent(false), Intent { campaign: "8", ..intent(true) }] {
            let editing = ledger.begin_edit(&other, at(4)).unwrap();
            ledger.drop_edit(&editing).unwrap();
        }
        // What Meta refused does not count.
        ledger.drop_edit(&under_way.pop().unwrap()).unwrap();
        under_way.push(ledger.begin_edit(&intent(true), at(5)).unwrap());
        under_way.iter().for_each(|editing| ledger.finish_edit(editing, "lifetime_budget 5000").unwrap());
        assert_eq!(refused(&mut ledger, at(59)), wait);
        assert_eq!(refused(&mut ledger, at(60)), None);
    }
    }
}
