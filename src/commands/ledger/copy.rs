//! `mmsg ledger copy`: all of a ledger in a new one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::waiting::attended;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::text;
use crate::ui::table::Record;

/// Copy a ledger to a new one, a file or postgres://USER@HOST/DATABASE, and send from the new one from then on.
///
/// All of it is copied, or nothing, and read again to compare. Ends with exit 10 while runs are at work. Afterwards FROM can't be sent
/// from any more. If the command is cut off, run it again.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Ledger to copy.
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// New ledger.
    #[arg(value_name = "TO")]
    to: PathBuf,
}

#[derive(Debug, Serialize)]
struct Shown {
    from: String,
    to: String,
    /// In each table.
    rows: BTreeMap<&'static str, u64>,
}

impl Record for Shown {
    const PLURAL: &'static str = "copies";
    const COLUMNS: &'static [&'static str] = &["from", "to", "rows"];

    fn cells(&self) -> Vec<String> {
        let rows = self.rows.iter().filter(|(_, rows)| **rows > 0);
        let rows: Vec<String> = rows.map(|(table, rows)| format!("{table} {}", text::thousands(*rows))).collect();
        vec![self.from.clone(), self.to.clone(), rows.join(", ")]
    }
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    for warning in [&args.from, &args.to].into_iter().filter_map(|typed| context.settings.warning_of(typed)) {
        context.ui.warn(&warning);
    }
    let address = |typed| Ok::<_, Error>(attended(&context.ui, context.settings.address_of(typed)?));
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    let Some(mut ledger) = Ledger::open_existing(from.clone())? else {
        return Err(Error::ledger(format!("there is no ledger at {from}; nothing was copied"))
            .hint("mmsg config show shows which ledger a profile uses"));
    };
    ledger.bury_dead_runs_unclocked(context.cool_down())?;
    let progress = context.ui.progress(None, "rows copied");
    let copied = ledger.copy_to(&to, context.now_of(&ledger)?, &context.operator(), &mut |rows| progress.set(rows))?;
    progress.finish();
    context.ui.object(&Shown {
        from: from.to_string(),
        to: to.to_string(),
        rows: copied.rows.into_iter().collect(),
    })?;
    context.ui.hint(&format!("name {to} as the ledger from now on: in the profile, in MMSG_LEDGER or with --ledger"));
    Ok(Exit::Done)
}
