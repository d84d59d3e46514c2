//! What was changed at Meta or about people, as it was written down: see [`Ledger::audit`].

use serde::Serialize;

use super::database::Ledger;
use super::db;
use super::error::Result;
use crate::clock::UnixMillis;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub at: UnixMillis,
    /// Who ran the command, and where.
    pub who: String,
    pub command: String,
    pub what: String,
}

impl Ledger {
    /// All changes of this time, the oldest first.
    pub fn changes(&self, since: Option<UnixMillis>, until: Option<UnixMillis>) -> Result<Vec<Change>> {
        let (since, until) = (since.unwrap_or(UnixMillis(i64::MIN)), until.unwrap_or(UnixMillis(i64::MAX)));
        self.read(|conn| {
            conn.prepare_cached("select at, who, command, what from audit where at >= ?1 and at < ?2 order by id")?
                .query_map((since, until), |row| {
                    Ok(Change { at: row.get(0)?, who: row.get(1)?, command: row.get(2)?, what: row.get(3)? })
                })?
                .collect::<db::Result<_>>()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::tests::engine::on_both;

    on_both! {
        fn changes_are_told_in_their_order_and_by_their_time() {
            let folder = tempfile::tempdir().unwrap();
            let mut ledger = Ledger::in_memory(folder.path());
            for (at, what) in [(5, "first"), (7, "second"), (9, "third")] {
                ledger.audit(UnixMillis(at), "uid 1 on here", "campaign edit", what).unwrap();
            }
            let whats = |since: Option<i64>, until: Option<i64>| {
                let changes = ledger.changes(since.map(UnixMillis), until.map(UnixMillis)).unwrap();
                changes.into_iter().map(|change| change.what).collect::<Vec<_>>()
            };
            assert_eq!(whats(None, None), ["first", "second", "third"]);
            assert_eq!(whats(Some(7), None), ["second", "third"]);
            assert_eq!(whats(Some(6), Some(9)), ["second"]);
        }
    }
}
