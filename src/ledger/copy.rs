//! All of a ledger in a new one, of whatever engine.
//!
//! Never may both be sent from. The source is held by its writing transaction while it is read. The copy is whole or not there, and closed
//! from its first moment on; then the source is closed for good, and only then the copy opens. Whoever is cut off before that types the
//! command again: until the source is closed it is as it was, and afterwards only the last step is left.

mod part;

use std::path::Path;

use sha2::{Digest, Sha256};

use super::address::Address;
use super::alive;
use super::database::{Ledger, audit};
use super::db::{self, Conn, OpenMode, Value};
use super::error::{Closed, Error, Result};
use super::events;
use super::failpoint;
use super::gate;
use super::making;
use super::sql::unsigned;
use super::tables::{TABLES, Table};
use crate::clock::UnixMillis;
use part::Part;

/// What the ledger's own row says, besides its gate.
const ITSELF: &str = "graph_host, newest_at, identity, steps, restored_at, nobody_before, erasure_key";

/// What was copied.
#[derive(Debug, Default)]
pub struct Copied {
    pub rows: Vec<(&'static str, u64)>,
}

/// Of a table: so many rows, and a hash of all their values in the order of their keys, the same on every engine.
#[derive(Debug, PartialEq, Eq)]
struct Sum {
    rows: u64,
    hash: [u8; 32],
}

impl Ledger {
    /// Copies all of it to a new ledger and closes this one. `progress` is told how many rows are written.
    ///
    /// # Errors
    /// A closed gate, processes at work, a target that is not new, or a database that fails.
    pub fn copy_to(
        &mut self,
        to: &Address,
        now: UnixMillis,
        who: &str,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Copied> {
        match self.gate()?.closed {
            None => {}
            // Cut off before its last step.
            Some(Closed::Copied { to: before, .. }) if *before == *to.to_string() => {
                return open_copy(to, &self.address().to_string(), now, who).map(|()| Copied::default());
            }
            Some(why) => return Err(Error::closed(why).at(self.address())),
        }
        let from = self.address().to_string();
        let held = self.conn.begin().map_err(|error| Error::from(error).at(self.address()))?;
        match alive::at_work(self)? {
            0 => {}
            processes => return Err(Error::AtWork { processes }),
        }
        let mut copied = Copied::default();
        let mut fill = |target: &Conn| -> Result<()> {
            copied.rows = fill(&held, target, to, progress)?;
            Ok(gate::close(target, Closed::Unfinished { from: from.as_str().into() })?)
        };
        match to {
            Address::File(path) => {
                let folder = path.parent().unwrap_or_else(|| Path::new("."));
                std::fs::create_dir_all(folder)
                    .map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
                making::refuse_lost(path)?;
                let made = making::make(path, |new| {
                    Self::fill(new)?;
                    let target = Conn::open(new, OpenMode::Write)?;
                    let all = target.begin()?;
                    fill(&all)?;
                    Ok(failpoint::commit(all, "write.before", "write.after")?)
                })?;
                if !made {
                    return Err(Error::NotNew { ledger: to.clone() });
                }
                making::note_use(path)?;
            }
            Address::Server(_) => {
                let (target, _) = Self::open(to)?;
                let written = target.conn.begin().map_err(Error::from).and_then(|all| {
                    make_empty(&all, to, &from)?;
                    fill(&all)?;
                    Ok(failpoint::commit(all, "write.before", "write.after")?)
                });
                written.map_err(|error| error.at(to))?;
            }
        }
        // The copy counts from here on. If this fails it stays closed, and this ledger is as it was.
        gate::close(&held, Closed::Copied { to: to.to_string().into(), at: now })?;
        audit(&held, now, who, "ledger copy", &format!("to {to}"))?;
        self.file().refuse_replaced()?;
        failpoint::commit(held, "write.before", "write.after")
            .map_err(|error| Error::from(error).at(self.address()))?;
        open_copy(to, &from, now, who)?;
        Ok(copied)
    }
}

impl Ledger {
    /// Whether there is anything in any table.
    pub fn holds_anything(&self) -> Result<bool> {
        self.read(holds_rows)
    }
}

/// The last step.
fn open_copy(to: &Address, from: &str, now: UnixMillis, who: &str) -> Result<()> {
    let (mut copy, _) = Ledger::open(to)?;
    copy.write(|conn| match gate::read(conn)?.closed {
        Some(Closed::Unfinished { from: of }) if *of == *from => {
            gate::open(conn)?;
            audit(conn, now, who, "ledger copy", &format!("from {from}"))?;
            Ok(())
        }
        _ => Err(Error::NotNew { ledger: to.clone() }),
    })
}

/// Takes over what an earlier attempt left, which nobody has sent from: it could not be removed as a file is.
fn make_empty(conn: &Conn, to: &Address, from: &str) -> Result<()> {
    match gate::read(conn)?.closed {
        Some(Closed::Unfinished { from: before }) if *before == *from => {
            for table in TABLES.iter().rev() {
                conn.execute_batch(&format!("delete from {}", table.name))?;
            }
            Ok(gate::open(conn)?)
        }
        _ => refuse_not_new(conn, to),
    }
}

/// A server's tables may have been made before.
fn refuse_not_new(conn: &Conn, to: &Address) -> Result<()> {
    if holds_rows(conn)? {
        return Err(Error::NotNew { ledger: to.clone() });
    }
    gate::pass(conn).map(drop)
}

fn holds_rows(conn: &Conn) -> db::Result<bool> {
    for table in &TABLES {
        if conn.prepare_cached(&format!("select 1 from {} limit 1", table.name))?.exists(())? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes all tables, and reads them again.
fn fill(source: &Conn, target: &Conn, to: &Address, progress: &mut dyn FnMut(u64)) -> Result<Vec<(&'static str, u64)>> {
    events::make_for(source, target)?;
    let mut done = 0;
    let mut written = Vec::new();
    for table in &TABLES {
        written.push(copy_table(source, target, table, &mut |rows| progress(done + rows))?);
        if table.columns[0] == "id" {
            target.go_on_after_ids(table.name)?;
        }
        done += written.last().map_or(0, |sum| sum.rows);
    }
    let columns = ITSELF.split(", ").enumerate();
    let set: Vec<String> = columns.map(|(n, name)| format!("{name} = ?{}", n + 1)).collect();
    let mut itself = source.prepare_cached(&format!("select {ITSELF} from ledger"))?;
    let mut rows = itself.query(())?;
    let row = rows.next()?.ok_or(db::Error::NoRow)?;
    let values = (0..set.len()).map(|column| row.value(column)).collect::<db::Result<Vec<_>>>()?;
    target.execute(&format!("update ledger set {}", set.join(", ")), &values[..])?;
    for (table, sum) in TABLES.iter().zip(&written) {
        if read_again(target, table)? != *sum {
            return Err(Error::CopyDiffers { ledger: to.clone(), table: table.name });
        }
    }
    Ok(TABLES.iter().map(|table| table.name).zip(written.iter().map(|sum| sum.rows)).collect())
}

/// Rows of a table in the order of their keys.
fn in_order(table: &Table) -> String {
    format!(
        "select {} from {} order by {}",
        table.columns.join(", "),
        table.name,
        table.columns[..table.key].join(", ")
    )
}

fn copy_table(source: &Conn, target: &Conn, table: &Table, progress: &mut dyn FnMut(u64)) -> Result<Sum> {
    let mut hash = Sha256::new();
    let mut rows = 0;
    let mut read = source.prepare_cached(&in_order(table))?;
    let mut left = read.query(())?;
    let mut part = Part::new(target, table)?;
    while let Some(row) = left.next()? {
        for column in 0..table.columns.len() {
            let value = row.value(column)?;
            add(&mut hash, value);
            part.push(value);
        }
        rows += 1;
        if part.is_full() {
            part.write()?;
            progress(rows);
        }
    }
    part.write()?;
    progress(rows);
    Ok(Sum { rows, hash: hash.finalize().into() })
}

fn read_again(target: &Conn, table: &Table) -> Result<Sum> {
    let mut hash = Sha256::new();
    let mut rows = 0;
    let mut read = target.prepare_cached(&in_order(table))?;
    let mut left = read.query(())?;
    while let Some(row) = left.next()? {
        for column in 0..table.columns.len() {
            add(&mut hash, row.value(column)?);
        }
        rows += 1;
    }
    let counted = target.query_row(&format!("select count(*) from {}", table.name), (), |row| row.get(0))?;
    Ok(Sum { rows: if unsigned(counted) == rows { rows } else { u64::MAX }, hash: hash.finalize().into() })
}

/// What it is and how long, so that no two rows look alike. U+0000 is in no text of a server's.
fn add(hash: &mut Sha256, value: Value<'_>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Null => put(0, &[]),
        Value::Int(n) => put(1, &n.to_le_bytes()),
        Value::Real(number) => put(2, &number.to_bits().to_le_bytes()),
        Value::Text(text) if text.contains('\0') => put(3, text.replace('\0', "").as_bytes()),
        Value::Text(text) => put(3, text.as_bytes()),
        Value::Blob(bytes) => put(4, bytes),
    }
}
