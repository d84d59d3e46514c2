//! `mmsg broadcast close`.

use super::row::BroadcastRow;
use crate::cli::values;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::commands::scope::ScopeArgs;
use crate::error::{Exit, Result};
use crate::ledger::broadcasts::no_such_broadcast;
use crate::text;

/// Cancel the pending rows of a broadcast.
///
/// They become skipped (closed). A row that is listed again is evaluated again.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Number of the broadcast, as broadcast list shows it.
    #[arg(required = true, value_name = "BROADCAST", value_parser = values::broadcast)]
    ids: Vec<i64>,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let mut ledger = context.ledger_to_look()?;
    let all = ledger.broadcasts(None, context.now_of(&ledger)?)?;
    let names = PageNames::of(context, &ledger)?;
    let mut chosen = Vec::new();
    for id in &args.ids {
        let found = all.iter().find(|broadcast| broadcast.id == *id).ok_or_else(|| no_such_broadcast(*id))?;
        args.scope.refuse_other(context, &format!("broadcast {id}"), &found.page, "nothing was changed")?;
        chosen.push(found);
    }
    let pending: i64 = chosen.iter().map(|broadcast| broadcast.pending).sum();
    let rows = text::count(u64::try_from(pending).unwrap_or(0), "pending row", "pending rows");
    // Rows in flight are closed when they come back.
    if chosen.iter().all(|broadcast| broadcast.pending + broadcast.claimed == 0) {
        context.ui.status("nothing is pending; nothing was changed");
        let rows = BroadcastRow::all(&ledger, chosen.into_iter().cloned(), context.now_of(&ledger)?)?;
        context.ui.list(&names.rows(rows))?;
        return Ok(Exit::Done);
    }
    let shown: Vec<String> = chosen
        .iter()
        .map(|broadcast| {
            format!(
                "broadcast {} of Page {}, campaign {}: {} pending, {} in flight, {} accepted",
                broadcast.id,
                names.shown(&broadcast.page),
                text::with_name(&broadcast.campaign, broadcast.campaign_name.as_deref()),
                broadcast.pending,
                broadcast.claimed,
                broadcast.accepted
            )
        })
        .collect();
    context.ui.confirm_shown(&shown, &format!("Cancel {rows}?"), &format!("canceling {rows}"))?;
    let now = context.now_of(&ledger)?;
    let mut closed = 0;
    for broadcast in &chosen {
        closed += ledger.close_broadcast(broadcast.id, now)?;
        ledger.audit(now, &context.operator(), "broadcast close", &format!("broadcast {}", broadcast.id))?;
    }
    context.ui.status(&format!("canceled {}", text::count(closed, "row", "rows")));
    let after = ledger.broadcasts(None, now)?;
    let after = after.into_iter().filter(|broadcast| args.ids.contains(&broadcast.id));
    context.ui.list(&names.rows(BroadcastRow::all(&ledger, after, now)?))?;
    Ok(Exit::Done)
}
