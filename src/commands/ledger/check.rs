//! `mmsg ledger check`: whether all that the ledger keeps agrees.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::failure::ledger::fault;
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::ledger::check::Checked;
use crate::text;
use crate::ui::table::Record;

/// Check that the ledger is whole: its file, its rows, and what it counts. Changes nothing; works while sends are running.
///
/// Exits 0 if all agrees, and 10 with what is wrong and what to type next. Reads every row: a large ledger takes minutes.
#[derive(clap::Args, Debug)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Shown {
    ledger: String,
    healthy: bool,
    faults: Vec<ShownFault>,
    schema: i32,
    bytes: u64,
    log_bytes: u64,
    /// On the ledger's disk; null where it is not known.
    free_bytes: Option<u64>,
    /// In each table.
    rows: BTreeMap<&'static str, u64>,
    unknown: u64,
    /// Processes that send from it now.
    at_work: u64,
    /// Runs that died, and whose rows nobody has made unknown yet.
    dead_runs: u64,
    left_claimed: u64,
    /// How many steps the ledger has made, and how many of them the folder runs beside it has seen; null on a server.
    steps: i64,
    steps_seen: Option<i64>,
}

#[derive(Debug, Serialize)]
struct ShownFault {
    kind: &'static str,
    message: String,
}

impl Record for Shown {
    const PLURAL: &'static str = "ledgers";
    const COLUMNS: &'static [&'static str] = &[
        "ledger",
        "healthy",
        "schema",
        "size",
        "log",
        "free on its disk",
        "rows",
        "unknown",
        "sending now",
        "runs that died",
    ];
    const KEYS: &'static [&'static str] = &[
        "ledger",
        "healthy",
        "faults",
        "schema",
        "bytes",
        "log_bytes",
        "free_bytes",
        "rows",
        "unknown",
        "at_work",
        "dead_runs",
        "left_claimed",
        "steps",
        "steps_seen",
    ];

    fn cells(&self) -> Vec<String> {
        let rows = self.rows.iter().filter(|(_, rows)| **rows > 0);
        let rows: Vec<String> = rows.map(|(table, rows)| format!("{table} {}", text::thousands(*rows))).collect();
        let dead = match self.dead_runs {
            0 => "0".to_owned(),
            dead => format!("{dead}, {} left claimed", text::count(self.left_claimed, "row", "rows")),
        };
        vec![
            self.ledger.clone(),
            if self.healthy { "yes" } else { "no" }.to_owned(),
            self.schema.to_string(),
            text::size(self.bytes),
            text::size(self.log_bytes),
            self.free_bytes.map(text::size).unwrap_or_default(),
            rows.join(", "),
            text::thousands(self.unknown),
            self.at_work.to_string(),
            dead,
        ]
    }
}

pub fn run(context: &Context, _args: &Args) -> Result<Exit> {
    let ledger = context.ledger_to_check()?;
    let address = ledger.address().clone();
    let progress = context.ui.progress(None, "parts checked");
    let mut parts = 0;
    let checked = ledger.check(&mut |part| {
        parts += 1;
        progress.set(parts);
        progress.message(part);
    })?;
    progress.finish();
    let told: Vec<Error> = checked.faults.iter().map(|fault| fault::told(fault, &address)).collect();
    context.ui.object(&shown(&checked, &address, &told))?;
    if checked.schema < checked.newest_schema {
        context.ui.warn(&format!(
            "the ledger has schema {}, and this version of mmsg has {}: rows were not checked; the next command that writes to it \
             makes it newer",
            checked.schema, checked.newest_schema
        ));
    } else if checked.faults.is_empty() && checked.steps > 0 && checked.seen == Some(0) {
        context.ui.warn(
            "the folder runs beside the ledger has not seen it yet: if this is a backup or a moved copy, run mmsg ledger \
             accept-restore --since TIME before you send from it",
        );
    }
    let mut told = told.into_iter();
    let Some(first) = told.next() else { return Ok(Exit::Done) };
    for other in told {
        context.ui.warn(&other.to_string());
    }
    Err(first)
}

fn shown(checked: &Checked, address: &Address, told: &[Error]) -> Shown {
    let faults = checked.faults.iter().zip(told);
    Shown {
        ledger: address.to_string(),
        healthy: checked.faults.is_empty(),
        faults: faults.map(|(fault, told)| ShownFault { kind: fault.name(), message: told.to_string() }).collect(),
        schema: checked.schema,
        bytes: checked.bytes,
        log_bytes: checked.log_bytes,
        free_bytes: checked.free,
        rows: checked.rows.iter().copied().collect(),
        unknown: checked.unknown,
        at_work: checked.at_work,
        dead_runs: checked.dead_runs,
        left_claimed: checked.left_claimed,
        steps: checked.steps,
        steps_seen: checked.seen,
    }
}
