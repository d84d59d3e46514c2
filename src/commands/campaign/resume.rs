//! `mmsg campaign resume`.

use super::change::{self, Planned};
use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::graph::{CampaignNode, Edit, Object};

/// Resume paused campaigns.
///
/// Lifts every pause: of the campaign, of its ad set and of its message, whoever set it. Meta may take ten minutes until it accepts sends.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// IDs of the campaigns, as campaign create and campaign list print them.
    #[arg(value_name = "ID", required = true, value_parser = CampaignId::parse)]
    ids: Vec<CampaignId>,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let mut ledger = change::open(context, &account).await?;
    let now = context.graph_time()?;
    let (mut planned, mut as_they_are): (Vec<Planned>, Vec<CampaignNode>) = (Vec::new(), Vec::new());
    for id in &args.ids {
        let node = change::find(context, &account, id).await?;
        if planned.iter().map(|one| &one.node).chain(&as_they_are).any(|known| known.id == node.id) {
            continue;
        }
        if let Some(end) = node.end_time.filter(|end| *end <= now) {
            context.ui.warn(&format!("campaign {} ended at {end}; it sends again only with a later end", node.id));
            context.ui.hint(&format!("mmsg campaign edit {} --end-time TIME", node.id));
        }
        let paused: Vec<Object> =
            Object::ALL.into_iter().filter(|object| object.switch_in(&node) == Some("PAUSED")).collect();
        if paused.is_empty() {
            let status = node.status.as_deref().unwrap_or("unknown");
            context
                .ui
                .status(&format!("campaign {} is not paused: its status is {status}; nothing was changed", node.id));
            as_they_are.push(node);
            continue;
        }
        let what: Vec<&str> = paused.iter().map(|object| object.name()).collect();
        let text = format!("{}: status of its {} from PAUSED to ACTIVE", change::named(&node), what.join(" and its "));
        let edits = paused.into_iter().map(|object| Edit::switch(object, true)).collect();
        planned.push(Planned { text: format!("campaign {text}"), edits, node });
    }
    if !planned.is_empty() {
        as_they_are.extend(change::apply(context, &account, &mut ledger, planned).await?);
        context.ui.status("Meta may take ten minutes until it accepts sends; those that are too early stay pending");
    }
    change::print(context, &account, as_they_are).await
}
