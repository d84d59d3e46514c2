//! `mmsg audit`: what was changed at Meta or about people.

use crate::cli::when::{self, When};
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::ledger::audited::Change;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// List every change that mmsg made at Meta or about people with this ledger: when, who, the command, and what; the oldest first.
///
/// What Meta is asked to change is written down first: if its answer was lost, or the command was cut off, the change is listed as "asked for,
/// answer unknown". Sends are not listed: see broadcast list and why. People are counted, not named.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only changes at or after TIME: 1d (a day ago), yesterday, a date, or a time.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<When>,
    /// Only changes before TIME, or up to the end of a date.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<When>,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let (now, zone) = (context.clock.now(), context.ui.zone());
    let since = args.since.as_ref().map(|when| when.begins(now, zone));
    let until = args.until.as_ref().map(|when| when.ends(now, zone));
    let changes = context.ledger_to_look()?.changes(since, until)?;
    context.ui.list_as(&changes, &args.shape)?;
    Ok(Exit::Done)
}

impl Record for Change {
    const PLURAL: &'static str = "changes";
    const COLUMNS: &'static [&'static str] = &["at", "who", "command", "what"];
    const EXPENDABLE: &'static [&'static str] = &["who"];

    fn cells(&self) -> Vec<String> {
        vec![self.at.to_string(), self.who.clone(), self.command.clone(), self.what.clone()]
    }
}
