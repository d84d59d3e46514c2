//! `mmsg unknown resolve`: a person's word on sends in doubt.

use clap::ValueEnum;

use super::FilterArgs;
use crate::clock::Clock;
use crate::commands::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::unknown::Resolution;
use crate::ui::text;

/// What became of them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// The message was accepted: the send is done.
    Accepted,
    /// Nothing was accepted: the row is pending again, once the person's cool-down is over.
    NotSent,
}

#[derive(clap::Args, Debug)]
pub struct ResolveArgs {
    /// What became of them.
    #[arg(long = "as", value_name = "WHAT")]
    what: As,
    /// Every send in doubt of the whole ledger.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(context: &Context, args: &ResolveArgs) -> Result<Exit> {
    if args.filter.is_everything() != args.all {
        return Err(Error::usage("which sends in doubt?").hint(
            "name a --token, --broadcast or --campaign, or say --all, but not both; mmsg unknown list shows them",
        ));
    }
    let mut ledger = context.existing_ledger()?;
    let filter = args.filter.filter();
    let mut ids = Vec::new();
    ledger.unknowns(&filter, &mut |send| {
        ids.push(send.send);
        Ok(())
    })?;
    if ids.is_empty() {
        context.ui.status("no send in doubt fits: nothing was changed");
        return Ok(Exit::Done);
    }
    let sends = text::count(ids.len() as u64, "send", "sends");
    let (resolution, what) = match args.what {
        As::Accepted => (Resolution::Accepted, "accepted: nobody of them gets this message again"),
        As::NotSent => (
            Resolution::NotSent,
            "not sent: they are pending again once their cool-down is over; whoever was reached after all gets it twice",
        ),
    };
    let shown = [format!("{sends} in doubt will be taken for {what}")];
    context.ui.confirm_shown(&shown, "Go on?", &format!("resolving {sends} in doubt"))?;
    let now = Clock::system().now();
    let resolved = ledger.resolve_unknown(&ids, resolution, now)?;
    ledger.audit(now, &context.operator(), "unknown resolve", &format!("{resolved} sends as {}", resolution.name()))?;
    context.ui.status(&format!("resolved {}", text::count(resolved, "send", "sends")));
    Ok(Exit::Done)
}
