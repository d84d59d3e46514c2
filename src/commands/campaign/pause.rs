//! `mmsg campaign pause`.

use super::change::{self, Planned};
use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::graph::{Edit, Object};

/// Pause campaigns: sends are refused until they are resumed.
///
/// Pauses the campaign of Ads Manager, with everything in it. What is pending stays pending.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// IDs of the campaigns, as campaign create and campaign list print them.
    #[arg(value_name = "ID", required = true, value_parser = CampaignId::parse)]
    ids: Vec<CampaignId>,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let mut ledger = change::open(context, &account).await?;
    let (mut planned, mut as_they_are): (Vec<Planned>, Vec<_>) = (Vec::new(), Vec::new());
    for id in &args.ids {
        let node = change::find(context, &account, id).await?;
        if planned
            .iter()
            .map(|one| &one.node.id)
            .chain(as_they_are.iter().map(|(id, _)| id))
            .any(|known| *known == node.id)
        {
            continue;
        }
        if Object::Campaign.switch_in(&node) == Some("PAUSED") {
            context.ui.status(&format!("campaign {} is paused already; nothing was changed", node.id));
            as_they_are.push((node.id.clone(), node));
            continue;
        }
        let from = Object::Campaign.switch_in(&node).unwrap_or("unknown");
        let text = format!("campaign {}: status from {from} to PAUSED", change::named(&node));
        planned.push(Planned { text, edits: vec![Edit::switch(Object::Campaign, false)], node });
    }
    let mut nodes: Vec<_> = as_they_are.into_iter().map(|(_, node)| node).collect();
    if !planned.is_empty() {
        nodes.extend(change::apply(context, &account, &mut ledger, planned).await?);
    }
    change::print(context, &account, nodes).await
}
