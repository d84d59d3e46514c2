//! `mmsg broadcast`: what was sent or waits, and how to call it off.

use clap::Subcommand;

use crate::cli::values;
use crate::clock::Clock;
use crate::commands::Context;
use crate::error::{Exit, Result};
use crate::ledger::broadcasts::{BroadcastSummary, no_such_broadcast};
use crate::text;
use crate::ui::table::Record;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every broadcast of the ledger with its counts, oldest first.
    List(ListArgs),
    /// Call off what is pending in a broadcast.
    ///
    /// Pending rows become skipped: closed. A row that is listed again is judged anew.
    Close(CloseArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// Only broadcasts of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
}

#[derive(clap::Args, Debug)]
struct CloseArgs {
    /// Number of the broadcast, as broadcast list shows it.
    #[arg(required = true, value_name = "BROADCAST", value_parser = values::broadcast)]
    ids: Vec<i64>,
}

pub fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list(context, &args),
        Verb::Close(args) => close(context, &args),
    }
}

fn list(context: &Context, args: &ListArgs) -> Result<Exit> {
    context.ui.list(&context.existing_ledger()?.broadcasts(args.campaign.as_deref())?)?;
    Ok(Exit::Done)
}

fn close(context: &Context, args: &CloseArgs) -> Result<Exit> {
    let mut ledger = context.existing_ledger()?;
    let all = ledger.broadcasts(None)?;
    let mut chosen = Vec::new();
    for id in &args.ids {
        chosen.push(all.iter().find(|broadcast| broadcast.id == *id).ok_or_else(|| no_such_broadcast(*id))?);
    }
    let pending: i64 = chosen.iter().map(|broadcast| broadcast.pending).sum();
    let rows = text::count(u64::try_from(pending).unwrap_or(0), "pending row", "pending rows");
    // Rows at work are closed when they come back.
    if chosen.iter().all(|broadcast| broadcast.pending + broadcast.claimed == 0) {
        context.ui.status("nothing is pending: nothing was changed");
        context.ui.list(&chosen.into_iter().cloned().collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let shown: Vec<String> = chosen
        .iter()
        .map(|broadcast| {
            format!(
                "broadcast {} of campaign {}: {} pending, {} in flight, {} accepted",
                broadcast.id, broadcast.campaign, broadcast.pending, broadcast.claimed, broadcast.accepted
            )
        })
        .collect();
    context.ui.confirm_shown(&shown, &format!("Call off {rows}?"), &format!("calling off {rows}"))?;
    let now = Clock::system().now();
    let mut closed = 0;
    for broadcast in &chosen {
        closed += ledger.close_broadcast(broadcast.id, now)?;
        ledger.audit(now, &context.operator(), "broadcast close", &format!("broadcast {}", broadcast.id))?;
    }
    context.ui.status(&format!("called off {}", text::count(closed, "row", "rows")));
    let after = ledger.broadcasts(None)?;
    context.ui.list(&after.into_iter().filter(|broadcast| args.ids.contains(&broadcast.id)).collect::<Vec<_>>())?;
    Ok(Exit::Done)
}

impl Record for BroadcastSummary {
    const PLURAL: &'static str = "broadcasts";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "campaign",
        "message",
        "repeat",
        "pending",
        "claimed",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "next run at",
        "created",
    ];
    const KEYS: &'static [&'static str] = &[
        "id",
        "campaign",
        "page",
        "message",
        "repeat",
        "pending",
        "claimed",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "unplanned_listings",
        "next_run_at",
        "created_at",
        "finished",
    ];

    fn cells(&self) -> Vec<String> {
        let count = |n: i64| text::thousands(u64::try_from(n).unwrap_or(0));
        // A row that is due has no time of its own.
        let next =
            self.next_run_at.map_or("-".to_owned(), |at| if at.0 == 0 { "now".to_owned() } else { at.to_string() });
        vec![
            self.id.to_string(),
            self.campaign.clone(),
            self.message.clone(),
            self.repeat.to_string(),
            count(self.pending),
            count(self.claimed),
            count(self.accepted),
            count(self.refused),
            count(self.skipped),
            count(self.unknown),
            next,
            self.created_at.to_string(),
        ]
    }
}
