//! `mmsg unknown resolve`: a person says what happened to unknown sends.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::filter::UnknownFilterArgs;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::no_such_broadcast;
use crate::ledger::unknown::{Resolution, UnknownFilter, UnknownSend};
use crate::text;
use crate::text::mask;

/// What happened to them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// Meta accepted the message: the send is done.
    Accepted,
    /// Meta did not accept the message: the row is pending again after the recipient's cool-down.
    NotSent,
}

/// Say what happened to unknown sends.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What happened to them.
    #[arg(long = "as", value_name = "WHAT")]
    what: As,
    /// All unknown sends of the Page.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: UnknownFilterArgs,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    if args.filter.is_everything() != args.all {
        return Err(Error::usage("say which unknown sends: --token, --broadcast, --campaign or --all")
            .hint("give filters or --all, but not both; mmsg unknown list shows the sends"));
    }
    let mut ledger = context.ledger_to_look()?;
    let found = ledger.unknowns(&args.filter.filter(context))?;
    if found.is_empty() {
        refuse_strangers(context, &ledger, &args.filter)?;
        context.ui.status("no matching unknown sends; nothing was changed");
        let hidden = args.filter.hidden(context, &ledger)?;
        args.filter.scope.tell_hidden(context, hidden, "unknown send", "unknown sends");
        return Ok(Exit::Done);
    }
    let ids: Vec<i64> = found.iter().map(|send| send.send).collect();
    let sends = text::count(ids.len() as u64, "unknown send", "unknown sends");
    let (resolution, what) = match args.what {
        As::Accepted => (Resolution::Accepted, "accepted; these people will not get this message again"),
        As::NotSent => (
            Resolution::NotSent,
            "not sent; they are pending again after their cool-down, and anyone who did get the message gets it twice",
        ),
    };
    let shown = [format!("{sends} of {} will be marked {what}", pages(&found, &PageNames::of(context, &ledger)?))];
    context.ui.confirm_shown(&shown, "Continue?", &format!("resolving {sends}"))?;
    let now = context.now_of(&ledger)?;
    let resolved = ledger.resolve_unknown(&ids, resolution, now)?;
    ledger.audit(now, &context.operator(), "unknown resolve", &format!("{resolved} sends as {}", resolution.name()))?;
    context.ui.status(&format!("resolved {}", text::count(resolved, "send", "sends")));
    Ok(Exit::Done)
}

/// `Page 1`, or `Pages 1 and 2`.
fn pages(sends: &[UnknownSend], names: &PageNames) -> String {
    let pages: BTreeSet<&str> = sends.iter().map(|send| send.page.as_str()).collect();
    let word = if pages.len() == 1 { "Page" } else { "Pages" };
    format!("{word} {}", pages.into_iter().map(|page| names.shown(page)).collect::<Vec<_>>().join(" and "))
}

/// Nothing matches. An empty set is settled, but one recipient or broadcast that does not exist is a mistake, and "done" would
/// hide it.
fn refuse_strangers(context: &Context, ledger: &Ledger, filter: &UnknownFilterArgs) -> Result<()> {
    if let Some(id) = filter.broadcast {
        let broadcast = ledger.broadcast(id)?.ok_or_else(|| no_such_broadcast(id))?;
        filter.scope.refuse_other(context, &format!("broadcast {id}"), &broadcast.page, "nothing was changed")?;
    }
    let Some(token) = &filter.token else { return Ok(()) };
    let person = mask(token);
    let alone = UnknownFilter { token: Some(token.clone()), ..UnknownFilter::default() };
    let unknown = ledger.unknowns(&alone)?;
    if let Some(other) = unknown.first() {
        filter.scope.refuse_other(context, &format!("the send to {person}"), &other.page, "nothing was changed")?;
    }
    if ledger.story(token)?.is_none() {
        return Err(Error::usage(format!("{person} is not in this ledger; nothing was changed"))
            .hint("mmsg unknown list shows the unknown sends; mmsg config show shows which ledger is used"));
    }
    let what = if !unknown.is_empty() { "unknown, but does not match the other flags" } else { "not unknown" };
    Err(Error::usage(format!("the send to {person} is {what}; nothing was changed"))
        .hint("mmsg why TOKEN shows what happened; mmsg unknown list shows the unknown sends"))
}
