//! `mmsg ledger migrate`: its tables, as this version needs them.

use serde::Serialize;

use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::ledger::Ledger;
use crate::ui::table::Record;

/// Make the tables of the ledger, or change them to what this version of mmsg needs.
///
/// Other commands do it by themselves where they may: on a server that is the role that owns the tables (see mmsg ledger grants). Older
/// versions of mmsg refuse the ledger from then on, and one that is at work stops sending.
#[derive(clap::Args, Debug)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Migrated {
    ledger: String,
    schema: i32,
}

impl Record for Migrated {
    const PLURAL: &'static str = "ledgers";
    const COLUMNS: &'static [&'static str] = &["ledger", "schema"];

    fn cells(&self) -> Vec<String> {
        vec![self.ledger.clone(), self.schema.to_string()]
    }
}

pub fn run(context: &Context, _: &Args) -> Result<Exit> {
    let (ledger, _) = Ledger::open(context.ledger_address()?)?;
    context.ui.object(&Migrated { ledger: ledger.address().to_string(), schema: ledger.schema()? })?;
    Ok(Exit::Done)
}
