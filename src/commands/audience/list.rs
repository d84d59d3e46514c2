//! `mmsg audience list`.

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::ledger::audiences::kept::Audience;
use crate::text::thousands;
use crate::ui::table::Record;

/// List the Page's audiences: how many recipients each has, where it comes from, and when it was last sent to.
#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(context: &Context, _: &Args) -> Result<Exit> {
    let page = context.page()?;
    let ledger = context.ledger_to_look()?;
    context.ui.list(&ledger.audiences(page.as_str())?)?;
    Ok(Exit::Done)
}

impl Record for Audience {
    const PLURAL: &'static str = "audiences";
    const COLUMNS: &'static [&'static str] = &["audience", "recipients", "source", "filled", "last used"];
    const KEYS: &'static [&'static str] = &["audience", "recipients", "source", "filled_at", "last_used_at"];

    fn cells(&self) -> Vec<String> {
        let time = |at: Option<UnixMillis>| at.map_or("-".to_owned(), |at| at.to_string());
        vec![
            self.audience.clone(),
            thousands(self.recipients),
            self.source.clone(),
            self.filled_at.map_or("not whole yet".to_owned(), |at| at.to_string()),
            time(self.last_used_at),
        ]
    }
}
