//! `mmsg campaign get`.

use super::currency::currency_to_show;
use super::row::CampaignRow;
use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Exit, Result};

/// Show one campaign: name, Page, budget, times, status.
///
/// Takes the ID that create printed, or the IDs of its campaign or ad set in Ads Manager.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// ID of the campaign, as campaign create and campaign list print it.
    #[arg(value_name = "ID", value_parser = CampaignId::parse)]
    id: CampaignId,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let node = context.graph()?.find_campaign(&account, &args.id).await?;
    if node.id != args.id {
        context.ui.status(&format!("{} belongs to message {}; use that ID to send", args.id, node.id));
    }
    let currency = currency_to_show(context, &account).await?;
    context.ui.object(&PageNames::at_hand(context).row(CampaignRow::new(node, currency)))?;
    Ok(Exit::Done)
}
