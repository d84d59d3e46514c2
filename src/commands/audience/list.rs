//! `mmsg audience list`.

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::ledger::audiences::kept::Audience;
use crate::text::thousands;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// List the Page's audiences: how many recipients each has, where it comes from, and when it was last sent to.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let page = context.page()?;
    let ledger = context.ledger_to_look()?;
    context.ui.list_as(&ledger.audiences(page.as_str())?, &args.shape)?;
    Ok(Exit::Done)
}

impl Record for Audience {
    const PLURAL: &'static str = "audiences";
    const COLUMNS: &'static [&'static str] = &["audience", "recipients", "source", "filled", "last used"];
    const EXPENDABLE: &'static [&'static str] = &["source", "last used", "filled"];
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
