//! `mmsg unknown resolve`: a person's word on sends in doubt.

use clap::ValueEnum;

use super::filter::FilterArgs;
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::no_such_broadcast;
use crate::ledger::unknown::{Resolution, UnknownFilter};
use crate::text;
use crate::text::mask;

/// What became of them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// The message was accepted: the send is done.
    Accepted,
    /// Nothing was accepted: the row is pending again, once the person's cool-down is over.
    NotSent,
}

/// Say what became of sends in doubt.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What became of them.
    #[arg(long = "as", value_name = "WHAT")]
    what: As,
    /// Every send in doubt of the whole ledger.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    if args.filter.is_everything() != args.all {
        return Err(Error::usage("which sends in doubt?").hint(
            "name a --token, --broadcast or --campaign, or say --all, but not both; mmsg unknown list shows them",
        ));
    }
    let mut ledger = context.existing_ledger()?;
    let filter = args.filter.filter();
    let ids: Vec<i64> = ledger.unknowns(&filter)?.iter().map(|send| send.send).collect();
    if ids.is_empty() {
        refuse_strangers(&ledger, &args.filter)?;
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
    let now = context.clock.now();
    let resolved = ledger.resolve_unknown(&ids, resolution, now)?;
    ledger.audit(now, &context.operator(), "unknown resolve", &format!("{resolved} sends as {}", resolution.name()))?;
    context.ui.status(&format!("resolved {}", text::count(resolved, "send", "sends")));
    Ok(Exit::Done)
}

/// Nothing fits. A set that is empty is settled; one person or one broadcast that is not there is a slip, and "done" would hide it.
fn refuse_strangers(ledger: &Ledger, filter: &FilterArgs) -> Result<()> {
    if let Some(id) = filter.broadcast
        && !ledger.broadcasts(None)?.iter().any(|broadcast| broadcast.id == id)
    {
        return Err(no_such_broadcast(id).into());
    }
    let Some(token) = &filter.token else { return Ok(()) };
    let person = mask(token);
    let alone = UnknownFilter { token: Some(token.clone()), ..UnknownFilter::default() };
    let in_doubt = !ledger.unknowns(&alone)?.is_empty();
    if ledger.story(token)?.is_none() {
        return Err(Error::usage(format!("{person} is not in this ledger: nothing was changed"))
            .hint("mmsg unknown list shows the sends in doubt; mmsg config show tells which ledger it is"));
    }
    let what = if in_doubt { "in doubt, but not by the other flags" } else { "not in doubt" };
    Err(Error::usage(format!("{person} is {what}: nothing was changed"))
        .hint("mmsg why TOKEN tells what became of it; mmsg unknown list shows the sends in doubt"))
}
