//! `mmsg campaign list`.

use super::currency::currency_to_show;
use super::row::{CampaignListRow, CampaignRow};
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{Named, PageNames};
use crate::commands::several;
use crate::error::{Exit, Result};
use crate::graph::Kind;
use crate::ui::shape::Shape;

/// List the campaigns of the ad account that mmsg can send with, in Graph's order.
///
/// Graph leaves out deleted and archived ones. Budgets in JSON are in the currency's smallest unit.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Include ordinary ads, and message campaigns whose recipients Meta picks.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    shape: Shape,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    context.ui.list_as(&rows(context, &args).await?, &args.shape)?;
    Ok(Exit::Done)
}

pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    several::list(frame, &args.shape, async |context| Ok((rows(context, &args).await?, Exit::Done))).await
}

async fn rows(context: &Context, args: &Args) -> Result<Vec<Named<CampaignListRow>>> {
    let account = context.ad_account()?;
    let nodes = context.graph()?.campaigns(&account).all().await?;
    let shown: Vec<_> = nodes.into_iter().filter(|node| args.all || node.kind == Kind::DirectSend).collect();
    let currency = if shown.is_empty() { None } else { currency_to_show(context, &account).await? };
    let rows = shown.into_iter().map(|node| CampaignListRow(CampaignRow::new(node, currency)));
    Ok(PageNames::at_hand(context).rows(rows))
}
