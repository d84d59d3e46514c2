//! `mmsg broadcast list`.

use crate::commands::context::Context;
use crate::commands::scope::ScopeArgs;
use crate::error::{Exit, Result};

/// List the Page's broadcasts with their counts, oldest first.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only broadcasts of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let mut shown = context.ledger_to_look()?.broadcasts(args.campaign.as_deref(), context.clock.now())?;
    let all = shown.len();
    if let Some(page) = args.scope.page(context) {
        shown.retain(|broadcast| broadcast.page == page);
    }
    context.ui.list(&shown)?;
    args.scope.tell_hidden(context, (all - shown.len()) as u64, "broadcast", "broadcasts");
    Ok(Exit::Done)
}
