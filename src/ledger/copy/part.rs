//! Rows on their way into a table: many go in one statement.

use crate::ledger::db::arrays::{self, Array, ValueKind};
use crate::ledger::db::{self, Conn, Owned, ToValue, Value};
use crate::ledger::tables::Table;

/// Parameters of one statement for a file, of which SQLite takes 32,766: a row has one for each column.
const PARAMETERS: usize = 3000;
/// Rows of one for a server, which takes each column as an array.
const ROWS: usize = 8192;
/// Bytes of texts and blobs, about.
const BYTES: usize = 8 << 20;

pub struct Part<'t> {
    target: &'t Conn,
    table: &'t Table,
    /// What the columns hold, on a server.
    kinds: Option<Vec<ValueKind>>,
    /// How many rows it may have, and the statement for that many.
    most: usize,
    sql: String,
    values: Vec<Owned>,
    bytes: usize,
}

impl<'t> Part<'t> {
    pub fn new(target: &'t Conn, table: &'t Table) -> db::Result<Self> {
        let kinds = target.kinds(table.name, table.columns)?;
        let (most, sql) = match &kinds {
            Some(kinds) => (ROWS, insert_arrays(table, kinds)),
            None => {
                let most = PARAMETERS / table.columns.len();
                (most, insert_rows(table, most))
            }
        };
        Ok(Self { target, table, kinds, most, sql, values: Vec::new(), bytes: 0 })
    }

    /// The next column of its last row.
    pub fn push(&mut self, value: Value<'_>) {
        self.bytes += match value {
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            Value::Null | Value::Int(_) | Value::Real(_) => 0,
        };
        self.values.push(Owned::from(value));
    }

    pub fn is_full(&self) -> bool {
        self.values.len() >= self.most * self.table.columns.len() || self.bytes > BYTES
    }

    /// Writes what it has.
    pub fn write(&mut self) -> db::Result<()> {
        let width = self.table.columns.len();
        let rows = self.values.len() / width;
        if rows == 0 {
            return Ok(());
        }
        if let Some(kinds) = &self.kinds {
            let column = |place: usize| self.values.iter().skip(place).step_by(width).map(Owned::value);
            let arrays = kinds.iter().enumerate().map(|(place, kind)| arrays::values(*kind, column(place)));
            let arrays: Vec<Array> = arrays.collect::<db::Result<_>>()?;
            let values: Vec<Value<'_>> = arrays.iter().map(ToValue::value).collect();
            self.target.execute(&self.sql, &values[..])?;
        } else {
            let values: Vec<Value<'_>> = self.values.iter().map(Owned::value).collect();
            if rows == self.most {
                self.target.execute(&self.sql, &values[..])?;
            } else {
                self.target.execute(&insert_rows(self.table, rows), &values[..])?;
            }
        }
        self.values.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn insert_rows(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let row = |n: usize| {
        let values: Vec<String> = (1..=width).map(|column| format!("?{}", n * width + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("insert into {} ({}) values {}", table.name, table.columns.join(", "), rows.join(", "))
}

fn insert_arrays(table: &Table, kinds: &[ValueKind]) -> String {
    let arrays = kinds.iter().enumerate().map(|(place, kind)| format!("cast(?{} as {}[])", place + 1, kind.name()));
    let arrays: Vec<String> = arrays.collect();
    let (name, columns) = (table.name, table.columns.join(", "));
    format!("insert into {name} ({columns}) select * from unnest({})", arrays.join(", "))
}
