//! `mmsg ledger accept-failover`: a person says since when the server that took another one's place may lack something.

use super::accept_restore::{Door, accept};
use crate::cli::values;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::ledger::error::{Closed, Error as LedgerError};

/// Accept the server that took the place of the one that the ledger was on, so that nobody gets a message twice.
///
/// A standby that followed asynchronously may lack what was committed last, and a server made from a dump or a backup lacks more. Everybody
/// may have been messaged since TIME, so nobody gets anything for one cool-down from now on, and every pending row becomes unknown (restored).
/// Stop whatever still sends from the old server first. Otherwise as mmsg ledger accept-restore.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// When the other server had everything for the last time; earlier is safe, later is not.
    #[arg(long, value_name = "TIME", value_parser = values::time, required_unless_present = "nothing_lost")]
    since: Option<UnixMillis>,
    /// The other server has every commit: it was a synchronous standby, or the old server was shut down first. Changes nothing but that
    /// sends are possible again.
    #[arg(long, conflicts_with = "since")]
    nothing_lost: bool,
}

pub async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let mut ledger = context.ledger_to_look()?;
    ledger.refuse_other_host(context.settings.graph_url.value.as_str())?;
    if let Some(since) = args.since {
        return accept(context, &mut ledger, since, Door::Failover).await;
    }
    match ledger.gate()?.closed {
        None => {
            context.ui.status("sends are possible; nothing was changed");
            return Ok(Exit::Done);
        }
        Some(Closed::Promoted { .. }) => {}
        Some(closed) => return Err(LedgerError::closed(closed).at(ledger.address()).into()),
    }
    let shown = [format!("sends from the ledger {} will be possible again", ledger.address())];
    context.ui.confirm_shown(&shown, "Does the server have every commit?", "saying that nothing was lost")?;
    let now = context.now_of(&ledger)?;
    ledger.open_gate(now, &context.operator(), Door::Failover.command(), "nothing lost")?;
    context.ui.status("sends are possible again");
    Ok(Exit::Done)
}
