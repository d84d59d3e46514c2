//! What was changed at Meta or about people, as it was written down: see [`Ledger::audit`]. What Meta is asked to change is written down
//! before the request, so that nothing that cuts it off leaves a change without its line. (Edits and deletions of campaigns have tables of
//! their own for that, from which the next command settles them.)

use serde::Serialize;

use super::database::{Ledger, audit};
use super::db::{self, Conn};
use super::error::Result;
use super::witness;
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

/// A change that Meta is being asked for.
#[derive(Debug)]
pub struct Asked(i64);

impl Ledger {
    /// Writes down what Meta will be asked for. The request may leave once this returns.
    pub fn begin_change(&mut self, now: UnixMillis, who: &str, command: &str, what: &str) -> Result<Asked> {
        let asked = self.write(|conn| {
            let id = audit(conn, now, who, command, &format!("asked for, answer unknown: {what}"))?;
            witness::step(conn, None)?;
            Ok(Asked(id))
        })?;
        self.be_seen();
        Ok(asked)
    }

    /// What became of it.
    pub fn end_change(&mut self, asked: &Asked, what: &str) -> Result<()> {
        self.write(|conn| Ok(end(conn, asked, what)?))
    }

    /// Meta did not do it.
    pub fn drop_change(&mut self, asked: &Asked) -> Result<()> {
        self.write(|conn| {
            conn.prepare_cached("delete from audit where id = ?1")?.execute([asked.0])?;
            Ok(())
        })
    }

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

/// The same as part of a transaction.
pub(super) fn end(conn: &Conn, asked: &Asked, what: &str) -> db::Result<()> {
    conn.prepare_cached("update audit set what = ?2 where id = ?1")?.execute((asked.0, what)).map(drop)
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

        fn a_change_is_told_before_and_after_its_answer_and_not_when_it_was_refused() {
            let folder = tempfile::tempdir().unwrap();
            let mut ledger = Ledger::in_memory(folder.path());
            let mut begin = |what: &str| {
                let asked = ledger.begin_change(UnixMillis(5), "uid 1 on here", "campaign create", what).unwrap();
                (asked, ledger.changes(None, None).unwrap().pop().unwrap().what)
            };
            let (done, before) = begin("one");
            assert_eq!(before, "asked for, answer unknown: one");
            let (refused, _) = begin("two");
            let _ = begin("three");
            ledger.end_change(&done, "number one").unwrap();
            ledger.drop_change(&refused).unwrap();
            let whats: Vec<_> = ledger.changes(None, None).unwrap().into_iter().map(|change| change.what).collect();
            assert_eq!(whats, ["number one", "asked for, answer unknown: three"]);
        }
    }
}
