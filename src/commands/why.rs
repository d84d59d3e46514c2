//! `mmsg why TOKEN`: everything recorded about one recipient.

use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::story::Chapter;
use crate::text::mask;
use crate::ui::table::Record;

/// Show everything recorded about one recipient: imports, plans, attempts, outcomes and events, newest last.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The subscription token.
    #[arg(value_name = "TOKEN")]
    token: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let ledger = context.ledger_to_look()?;
    let Some(story) = ledger.story(&args.token)? else {
        return Err(Error::usage(format!("{} is not in this ledger", mask(&args.token)))
            .hint("mmsg config show shows which ledger is used"));
    };
    context.ui.list(&story.chapters)?;
    let now = context.clock.now();
    context.ui.status(&match (&story.suppressed, story.free_at > now) {
        (Some(why), _) => format!("nothing goes to this person: {}", why.name()),
        (None, true) => format!("in cool-down until {}", story.free_at),
        (None, false) => "can be messaged now".to_owned(),
    });
    Ok(Exit::Done)
}

impl Record for Chapter {
    const PLURAL: &'static str = "events of this recipient";
    const COLUMNS: &'static [&'static str] = &["at", "what", "broadcast", "campaign", "detail"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.at.map_or("-".to_owned(), |at| at.to_string()),
            self.what.clone(),
            self.broadcast.map_or("-".to_owned(), |id| id.to_string()),
            self.campaign.clone().unwrap_or_else(|| "-".to_owned()),
            self.detail.clone(),
        ]
    }
}
