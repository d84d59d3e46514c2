//! `mmsg why TOKEN`: everything recorded about one recipient.

use crate::commands::context::Context;
use crate::commands::scope::ScopeArgs;
use crate::error::{Error, Exit, Result};
use crate::ledger::story::Chapter;
use crate::text::{self, mask};
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Show everything recorded about one recipient: imports, plans, attempts, outcomes and events, newest last.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The subscription token.
    #[arg(value_name = "TOKEN")]
    token: String,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let ledger = context.ledger_to_look()?;
    let Some(story) = ledger.story(&args.token)? else {
        return Err(Error::usage(format!("{} is not in this ledger", mask(&args.token)))
            .hint("mmsg config show shows which ledger is used"));
    };
    let ours = args.scope.page(context);
    let is_ours = |chapter: &Chapter| ours.is_none() || chapter.page.is_none() || chapter.page.as_deref() == ours;
    let (chapters, others): (Vec<_>, Vec<_>) = story.chapters.into_iter().partition(is_ours);
    if !chapters.iter().any(|chapter| chapter.page.is_some())
        && let Some(page) = others.iter().find_map(|chapter| chapter.page.as_deref())
    {
        args.scope.refuse_other(context, &mask(&args.token), page, "nothing is recorded for it here")?;
    }
    context.ui.list_as(&chapters, &args.shape)?;
    args.scope.tell_hidden(context, others.len() as u64, "event", "events");
    let now = context.now_of(&ledger)?;
    context.ui.status(&match (&story.suppressed, story.free_at > now) {
        (Some(why), _) => format!("nothing goes to this person: {}", why.name()),
        (None, true) => format!("in cool-down until {}", story.free_at),
        (None, false) => "can be messaged now".to_owned(),
    });
    Ok(Exit::Done)
}

impl Record for Chapter {
    const PLURAL: &'static str = "events of this recipient";
    const COLUMNS: &'static [&'static str] = &["at", "what", "Page", "broadcast", "campaign", "detail"];
    const KEYS: &'static [&'static str] = &["at", "broadcast", "campaign", "page", "what", "detail", "campaign_name"];
    const EXPENDABLE: &'static [&'static str] = &["Page", "campaign", "broadcast"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.at.map_or("-".to_owned(), |at| at.to_string()),
            self.what.clone(),
            self.page.clone().unwrap_or_else(|| "-".to_owned()),
            self.broadcast.map_or("-".to_owned(), |id| id.to_string()),
            self.campaign.as_deref().map_or("-".to_owned(), |id| text::with_name(id, self.campaign_name.as_deref())),
            self.detail.clone(),
        ]
    }
}
