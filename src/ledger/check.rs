//! Whether all that a ledger keeps agrees: what the engine says of its file, and what the rows say of each other. It only looks.

use super::address::Address;
use super::database::Ledger;
use super::db::{self, Conn};
use super::error::{Closed, Result};
use super::identity;
use super::people;
use super::room::Room;
use super::schema;
use super::sql::unsigned;
use super::state::State;
use super::tables::TABLES;
use super::tally;
use super::witness::Progress;

/// Tables whose rows are of a person.
const OF_PEOPLE: [&str; 3] = ["sends", "audience_rows", "events"];

/// What else names a row that must be there: table, column, and the table of that row.
const REFERENCES: [(&str, &str, &str); 4] = [
    ("sends", "broadcast", "broadcasts"),
    ("sends", "listing", "listings"),
    ("listing_rows", "send", "sends"),
    ("attempts", "send", "sends"),
];

/// What a ledger is like.
#[derive(Debug, Default)]
pub struct Checked {
    pub schema: i32,
    pub newest_schema: i32,
    /// Of the file or the tables, and of the log beside a file.
    pub bytes: u64,
    pub log_bytes: u64,
    /// On its disk; `None` where that is not known.
    pub free: Option<u64>,
    /// In each table; none of a ledger with an older schema, or with a damaged file.
    pub rows: Vec<(&'static str, u64)>,
    pub unknown: u64,
    /// Processes that send from it.
    pub at_work: u64,
    /// Runs whose process is gone, and what they left claimed.
    pub dead_runs: u64,
    pub left_claimed: u64,
    /// How many steps the ledger has made, and how many its witness has seen: 0 where it has seen none yet, `None` on a server.
    pub steps: i64,
    pub seen: Option<i64>,
    /// The weightiest first.
    pub faults: Vec<Fault>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In the words of the engine.
    Broken(Vec<String>),
    /// Rows of a table that name a row of another one that is not there.
    Missing {
        table: &'static str,
        of: &'static str,
        rows: u64,
    },
    /// People whose key is not their token's.
    Keys {
        rows: u64,
    },
    /// The ledger says of itself something other than once.
    NotOne {
        rows: u64,
    },
    Closed(Closed),
    /// Broadcasts whose counts of states are wrong.
    States {
        broadcasts: Vec<i64>,
    },
    /// Broadcasts whose counts by the hour are wrong.
    Hours {
        broadcasts: Vec<i64>,
    },
}

impl Fault {
    /// For scripts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Broken(_) => "broken",
            Self::Missing { .. } => "missing",
            Self::Keys { .. } => "keys",
            Self::NotOne { .. } => "ledger_row",
            Self::Closed(_) => "closed",
            Self::States { .. } => "states",
            Self::Hours { .. } => "hours",
        }
    }
}

impl Ledger {
    /// What can be told without reading all rows, in a moment.
    pub fn glance(&self) -> Result<Checked> {
        let mut checked = self.sizes()?;
        checked.schema = self.schema()?;
        if checked.schema == checked.newest_schema {
            checked.unknown = self.read(|conn| tally::rows_in_all(conn, State::Unknown))?;
            checked.steps = self.read(Progress::of)?.steps();
            let closed = self.runs_and_gate(&mut checked)?;
            checked.faults.extend(closed.map(Fault::Closed));
        }
        Ok(checked)
    }

    fn sizes(&self) -> Result<Checked> {
        let (bytes, log_bytes, free) = match self.address() {
            Address::File(path) => {
                let size = |path| std::fs::metadata(path).map_or(0, |data| data.len());
                let log = identity::beside(path).into_iter().next().map_or(0, size);
                (size(path.clone()), log, Room::in_folder(self.folder()).free())
            }
            Address::Server(_) => {
                let sizes = TABLES.iter().map(|table| self.read(|conn| conn.size_of(table.name)));
                (sizes.sum::<Result<u64>>()?, 0, None)
            }
        };
        Ok(Checked { newest_schema: schema::newest(), bytes, log_bytes, free, ..Checked::default() })
    }

    /// Who is at work and who died; why the gate is closed, if it is.
    fn runs_and_gate(&self, checked: &mut Checked) -> Result<Option<Closed>> {
        checked.at_work = self.at_work()?;
        checked.dead_runs = self.dead_runs()?;
        checked.left_claimed = self.left_by_dead_runs()?;
        checked.seen = match self.address() {
            Address::File(_) => Some(self.read(|conn| self.witness().steps(conn))?),
            Address::Server(_) => None,
        };
        Ok(self.gate()?.closed)
    }

    /// Looks at everything. `at` is told the name of each part before it is looked at.
    pub fn check(&self, at: &mut dyn FnMut(&str)) -> Result<Checked> {
        let mut checked = self.sizes()?;
        let broken = self.snapshot_once(|conn| {
            checked.schema = conn.version()?;
            at("the database");
            conn.broken()
        })?;
        if !broken.is_empty() {
            // What can still be read of it proves nothing.
            checked.faults.push(Fault::Broken(broken));
            return Ok(checked);
        }
        if checked.schema < checked.newest_schema {
            return Ok(checked);
        }
        self.snapshot_once(|conn| look(conn, &mut checked, at))?;
        if let Some(why) = self.runs_and_gate(&mut checked)? {
            let counts =
                checked.faults.iter().position(|fault| matches!(fault, Fault::States { .. } | Fault::Hours { .. }));
            checked.faults.insert(counts.unwrap_or(checked.faults.len()), Fault::Closed(why));
        }
        Ok(checked)
    }
}

fn look(conn: &Conn, checked: &mut Checked, at: &mut dyn FnMut(&str)) -> db::Result<()> {
    let count = |sql: &str| conn.query_row(sql, (), |row| row.get(0).map(unsigned));
    let faults = &mut checked.faults;
    let itself = count("select count(*) from ledger")?;
    if itself != 1 {
        faults.push(Fault::NotOne { rows: itself });
        return Ok(());
    }
    for table in &TABLES {
        at(table.name);
        checked.rows.push((table.name, count(&format!("select count(*) from {}", table.name))?));
    }
    at("people");
    for table in OF_PEOPLE {
        let rows = unsigned(people::missing(conn, table)?);
        if rows > 0 {
            faults.push(Fault::Missing { table, of: "recipients", rows });
        }
    }
    let rows = unsigned(people::wrong_keys(conn)?);
    if rows > 0 {
        faults.push(Fault::Keys { rows });
    }
    for (table, column, of) in REFERENCES {
        at(table);
        let rows = count(&format!(
            "select count(*) from {table} t where not exists (select 1 from {of} o where o.id = t.{column})"
        ))?;
        if rows > 0 {
            faults.push(Fault::Missing { table, of, rows });
        }
    }
    at("counts");
    let wrong = tally::compare(conn)?;
    if !wrong.states.is_empty() {
        faults.push(Fault::States { broadcasts: wrong.states.into_iter().collect() });
    }
    if !wrong.hours.is_empty() {
        faults.push(Fault::Hours { broadcasts: wrong.hours.into_iter().collect() });
    }
    checked.unknown = tally::rows_in_all(conn, State::Unknown)?;
    checked.steps = Progress::of(conn)?.steps();
    Ok(())
}

#[cfg(test)]
mod tests;
