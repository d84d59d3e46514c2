//! `mmsg campaign pause`.

use super::change::{self, Switched};
use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::graph::{CampaignNode, Edit, Object};

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
    let switched = |node: &CampaignNode| match Object::Campaign.switch_in(node) {
        Some("PAUSED") => Switched::AsItIs("is paused already".to_owned()),
        from => {
            let what = format!("status from {} to PAUSED", from.unwrap_or("unknown"));
            Switched::By(what, vec![Edit::switch(Object::Campaign, false)])
        }
    };
    change::switch(context, &args.ids, switched, || ()).await
}
