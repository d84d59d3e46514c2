//! `mmsg broadcast list`.

use super::row::BroadcastRow;
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{Named, PageNames};
use crate::commands::scope::ScopeArgs;
use crate::commands::several;
use crate::error::{Exit, Result};
use crate::ui::shape::Shape;

/// List the Page's broadcasts with their counts, oldest first.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only broadcasts of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let (shown, hidden) = rows(context, args)?;
    context.ui.list_as(&shown, &args.shape)?;
    args.scope.tell_hidden(context, hidden, "broadcast", "broadcasts");
    Ok(Exit::Done)
}

pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    args.scope.refuse_all()?;
    several::list(frame, &args.shape, async |context| Ok((rows(context, &args)?.0, Exit::Done))).await
}

/// Those to show, and how many of other Pages are not.
fn rows(context: &Context, args: &Args) -> Result<(Vec<Named<BroadcastRow>>, u64)> {
    let ledger = context.ledger_to_look()?;
    let now = context.now_of(&ledger)?;
    let mut shown = ledger.broadcasts(args.campaign.as_deref(), now)?;
    let all = shown.len();
    if let Some(page) = args.scope.page(context) {
        shown.retain(|broadcast| broadcast.page == page);
    }
    let hidden = (all - shown.len()) as u64;
    Ok((PageNames::of(context, &ledger)?.rows(BroadcastRow::all(&ledger, shown, now)?), hidden))
}
