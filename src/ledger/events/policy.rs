//! What Meta did about the Pages.

use super::event::Kind;
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Optional, Row};
use crate::ledger::error::Result;
use crate::ledger::sql::{digit, sql};

/// No Page has nearly as many.
const MOST: i64 = 1000;

/// By the index of notices, of which there are few: SQLite would rather go through all events from the newest on.
const LAST_OF_PAGE: &str = sql!(
    "select page, occurred_at, detail, raw from events indexed by events_policy where kind = {policy} and page = ?1
     order by id desc limit 1",
    policy = digit(Kind::Policy.number()),
);
const NEWEST: &str = sql!(
    "select page, occurred_at, detail, raw from events indexed by events_policy
     where kind = {policy} and (cast(?1 as text) is null or page = ?1) order by id desc limit ?2",
    policy = digit(Kind::Policy.number()),
);

/// What Meta did about a Page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub page: Option<String>,
    pub at: UnixMillis,
    /// In Meta's words, where they were understood.
    pub words: Option<String>,
    /// The event as it came.
    pub raw: String,
}

impl Policy {
    fn from_row(row: &Row<'_>) -> db::Result<Self> {
        Ok(Self { page: row.get(0)?, at: row.get(1)?, words: row.get(2)?, raw: row.get(3)? })
    }
}

impl Ledger {
    /// What Meta last did about a Page.
    pub fn last_policy(&self, page: &str) -> Result<Option<Policy>> {
        self.read(|conn| conn.query_row(LAST_OF_PAGE, [page], Policy::from_row).optional())
    }

    /// What Meta did about a Page, or about any: the newest notices, in the order of what happened.
    pub fn policies(&self, page: Option<&str>) -> Result<Vec<Policy>> {
        let mut found: Vec<Policy> =
            self.read(|conn| conn.prepare_cached(NEWEST)?.query_map((page, MOST), Policy::from_row)?.collect())?;
        found.reverse();
        found.sort_by_key(|policy| policy.at);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report may not read events beyond those that it shows.
    #[test]
    fn no_question_goes_through_all_events() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        for sql in [LAST_OF_PAGE, NEWEST] {
            let plan = ledger.conn.plan(sql);
            assert!(plan[0].contains("events_policy"), "{sql}: {plan:?}");
        }
    }
}
