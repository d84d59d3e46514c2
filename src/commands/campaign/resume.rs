//! `mmsg campaign resume`.

use super::change::{self, Switched};
use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::graph::{CampaignNode, Edit, Object};

/// Resume paused campaigns.
///
/// Lifts every pause: of the campaign, its ad set and its message, no matter who paused them. Meta may take ten minutes until it accepts sends.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// IDs of the campaigns, as campaign create and campaign list print them.
    #[arg(value_name = "ID", required = true, value_parser = CampaignId::parse)]
    ids: Vec<CampaignId>,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let ui = &context.ui;
    let switched = |node: &CampaignNode| {
        let now = context.graph_time().unwrap_or_else(|_| context.clock.now());
        if let Some(end) = node.end_time.filter(|end| *end <= now) {
            ui.warn(&format!("campaign {} ended at {end}; it sends again only with a later end", node.id));
            ui.hint(&format!("mmsg campaign edit {} --end-time TIME", node.id));
        }
        let paused: Vec<Object> =
            Object::ALL.into_iter().filter(|object| object.switch_in(node) == Some("PAUSED")).collect();
        if paused.is_empty() {
            let status = node.status.as_deref().unwrap_or("unknown");
            return Switched::AsItIs(format!("is not paused: its status is {status}"));
        }
        let what: Vec<&str> = paused.iter().map(|object| object.name()).collect();
        let edits = paused.into_iter().map(|object| Edit::switch(object, true)).collect();
        Switched::By(format!("status of its {} from PAUSED to ACTIVE", what.join(" and its ")), edits)
    };
    change::switch(context, &args.ids, switched, || {
        ui.status("Meta may take ten minutes until it accepts sends; those that are too early stay pending");
    })
    .await
}
