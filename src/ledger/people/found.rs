//! The people that a filter finds: counted, shown, put on a list.

use serde::Serialize;

use super::filter::{Filter, OTHERS_BLOCKED_UNTIL, PEOPLE, SEVERAL, last_sent};
use super::suppression::Suppression;
use crate::clock::UnixMillis;
use crate::ledger::audiences::{newest, none};
use crate::ledger::database::Ledger;
use crate::ledger::db;
use crate::ledger::error::{Error, Result};
use crate::ledger::gate::NOBODY_BEFORE;
use crate::ledger::spool::Spool;
use crate::ledger::sql::unsigned;

/// A token, and what the ledger knows of its person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub token: String,
    pub psid: Option<String>,
    pub time_zone: Option<String>,
    /// Why nothing goes to them.
    pub suppressed: Option<&'static str>,
    /// The operator's words about that.
    pub note: Option<String>,
    pub expires_at: Option<UnixMillis>,
    /// From when on they may get the next message; none: at once.
    pub eligible_at: Option<UnixMillis>,
    pub reoptin: Option<String>,
    /// By whichever of their tokens.
    pub last_sent_at: Option<UnixMillis>,
}

/// How many a filter finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundCount {
    /// Each once, however many tokens they have: so many rows a send with this filter has.
    pub people: u64,
    pub tokens: u64,
}

impl Ledger {
    /// The audience of this name, for a filter.
    pub fn find_audience(&self, page: &str, name: &str) -> Result<i64> {
        match self.read(|conn| newest(conn, page, name))? {
            Some(found) => Ok(found),
            None => Err(self.read(|conn| none(conn, page, name))?),
        }
    }

    /// How many people the filter finds, and by how many tokens.
    pub fn count_people(&self, page: &str, filter: &Filter, now: UnixMillis) -> Result<FoundCount> {
        let mut clause = filter.clause(page, now);
        let first = filter.first_of_person(now, &mut clause);
        let sql = format!(
            "{SEVERAL} select count(*), coalesce(cast(sum(case when {first} then 1 else 0 end) as bigint), 0)
             from {PEOPLE} where {}",
            clause.sql
        );
        self.read(|conn| {
            conn.query_row(&sql, &*clause.values, |row| {
                Ok(FoundCount { tokens: row.get(0).map(unsigned)?, people: row.get(1).map(unsigned)? })
            })
        })
    }

    /// Hands every token that the filter finds to `each`, until it fails.
    pub fn each_person<E: From<Error>>(
        &self,
        page: &str,
        filter: &Filter,
        now: UnixMillis,
        each: &mut dyn FnMut(Found) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: db::Error| Error::from(error).at(self.address());
        let clause = filter.clause(page, now);
        let sql = format!(
            "{SEVERAL}
             select r.token, r.psid, r.time_zone, r.suppressed, r.note, r.expires_at, r.blocked_until, r.next_eligible_at, r.reoptin,
               {}, {OTHERS_BLOCKED_UNTIL}, {NOBODY_BEFORE}
             from {PEOPLE} where {} order by r.id",
            last_sent(),
            clause.sql
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query(&*clause.values).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let read = || {
                let free_at = row.get::<Option<UnixMillis>>(7)?.max(row.get(6)?).max(row.get(10)?).max(row.get(11)?);
                Ok(Found {
                    token: row.get(0)?,
                    psid: row.get(1)?,
                    time_zone: row.get(2)?,
                    suppressed: row.get::<Option<Suppression>>(3)?.map(Suppression::name),
                    note: row.get(4)?,
                    expires_at: row.get(5)?,
                    eligible_at: free_at.filter(|at| *at > now),
                    reoptin: row.get(8)?,
                    last_sent_at: row.get(9)?,
                })
            };
            each(read().map_err(failed)?)?;
        }
        Ok(())
    }

    /// Copies the people that the filter finds into a spool, to be planned: one token of each. `values`: with what the audience of the
    /// filter holds of them.
    pub fn spool_people(
        &self,
        page: &str,
        filter: &Filter,
        now: UnixMillis,
        values: bool,
        spool: &mut Spool,
    ) -> Result<()> {
        self.copy_people(page, filter, now, values, spool).map_err(|error| error.at(self.address()))
    }

    fn copy_people(&self, page: &str, filter: &Filter, now: UnixMillis, values: bool, spool: &mut Spool) -> Result<()> {
        let clause = filter.clause_of_persons(page, now);
        let held = match filter.audience.filter(|_| values) {
            Some(id) => {
                format!("select a.row_values from audience_rows a where a.audience = {id} and a.recipient = r.id")
            }
            None => "null".to_owned(),
        };
        let sql = format!("{SEVERAL} select r.token, ({held}) from {PEOPLE} where {} order by r.id", clause.sql);
        let snapshot = self.conn.snapshot()?;
        let mut statement = snapshot.prepare_cached(&sql)?;
        let mut rows = statement.query(&*clause.values)?;
        while let Some(row) = rows.next()? {
            let (token, values): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            spool.add(&token, values.as_deref())?;
        }
        Ok(())
    }
}
