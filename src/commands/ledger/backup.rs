//! `mmsg ledger backup`: a copy of the ledger as of one moment.

use std::path::PathBuf;

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::output::{Kind, Outputs};
use crate::error::{Error, Exit, Result};
use crate::ledger::identity;
use crate::text;
use crate::ui::table::Record;

/// Write a backup of the ledger to a new file, as of one moment, while sends go on.
///
/// It is complete and on the disk when the command ends. Never send from it: to put it back, see mmsg ledger accept-restore.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// File to write; only you can read it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Debug, Serialize)]
struct BackedUp {
    file: String,
    bytes: u64,
    /// What was recorded before is in it.
    made_at: UnixMillis,
}

impl Record for BackedUp {
    const PLURAL: &'static str = "backups";
    const COLUMNS: &'static [&'static str] = &["backup", "size", "made at"];
    const KEYS: &'static [&'static str] = &["file", "bytes", "made_at"];

    fn cells(&self) -> Vec<String> {
        vec![self.file.clone(), text::size(self.bytes), self.made_at.to_string()]
    }
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    const FILE: &str = "FILE";
    let ledger = context.ledger_to_check()?;
    let mut outputs = Outputs::of(context, args.force, "nothing was backed up");
    outputs.expect(FILE, &args.file, Kind::Backup)?;
    if let Some(log) = identity::beside(&args.file).into_iter().find(|path| path.exists()) {
        return Err(Error::usage(format!(
            "{} is there: SQLite would take it for the log of the backup; nothing was backed up",
            log.display()
        ))
        .hint("choose another file with FILE"));
    }
    let made_at = context.now_of(&ledger)?;
    let bytes = outputs.whole(FILE, &args.file, Kind::Backup, |new| {
        let failed = |error: Error| error.within(format!("can't write the backup {}", args.file.display()));
        ledger.back_up(new).map_err(|error| failed(error.into()))
    })?;
    context.ui.object(&BackedUp { file: args.file.display().to_string(), bytes, made_at })?;
    context.ui.hint(&format!("once it was put back: mmsg ledger accept-restore --since {made_at}"));
    Ok(Exit::Done)
}
