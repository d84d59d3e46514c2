//! `mmsg why TOKEN`: everything recorded about one recipient.

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::{OnAPage, PageNames};
use crate::commands::scope::ScopeArgs;
use crate::error::{Error, Exit, Result};
use crate::ledger::people::suppression::Suppression;
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
    context.ui.list_as(&PageNames::of(context, &ledger)?.rows(chapters), &args.shape)?;
    args.scope.tell_hidden(context, others.len() as u64, "event", "events");
    let now = context.now_of(&ledger)?;
    context.ui.status(&standing(story.suppressed, story.expires_at, story.free_at, now));
    Ok(Exit::Done)
}

/// Whether the person may get a message now; as the judge of a send sees it.
fn standing(
    suppressed: Option<Suppression>,
    expires_at: Option<UnixMillis>,
    free_at: UnixMillis,
    now: UnixMillis,
) -> String {
    let never = match (suppressed, expires_at) {
        (Some(Suppression::OptedOut), _) => "opted out of the Page's messages".to_owned(),
        (Some(Suppression::Expired), _) => "the token has expired".to_owned(),
        (Some(Suppression::Region), _) => "in a region without marketing messages".to_owned(),
        (Some(Suppression::Operator), _) => "suppressed by mmsg tokens suppress".to_owned(),
        (Some(Suppression::Erased), _) => "erased".to_owned(),
        (None, Some(at)) if at <= now => format!("the token expired at {at}"),
        (None, _) if free_at > now => return format!("in cool-down until {free_at}"),
        (None, _) => return "can be messaged now".to_owned(),
    };
    format!("nothing goes to this person: {never}")
}

impl OnAPage for Chapter {
    fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_person_from_messages_is_said() {
        let at = UnixMillis;
        for (suppressed, expires_at, free_at, said) in [
            (None, None, 0, "can be messaged now"),
            (None, Some(6), 5, "can be messaged now"),
            (None, None, 6, "in cool-down until 1970-01-01T00:00:00Z"),
            (None, Some(5), 6, "nothing goes to this person: the token expired at 1970-01-01T00:00:00Z"),
            (Some(Suppression::Expired), None, 0, "nothing goes to this person: the token has expired"),
            (
                Some(Suppression::Operator),
                Some(5),
                0,
                "nothing goes to this person: suppressed by mmsg tokens suppress",
            ),
            (Some(Suppression::OptedOut), None, 6, "nothing goes to this person: opted out of the Page's messages"),
            (Some(Suppression::Erased), None, 0, "nothing goes to this person: erased"),
        ] {
            assert_eq!(standing(suppressed, expires_at.map(at), at(free_at), at(5)), said);
        }
    }
}
