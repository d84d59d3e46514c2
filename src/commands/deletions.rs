//! Deletions of campaigns that were cut off between Meta and the ledger: finished by the next command that sends or deletes.

use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph;
use crate::ledger::Ledger;
use crate::ledger::deletions::Deletion;
use crate::text;

/// Finishes them, and returns the campaigns that are gone. One that can't be decided yet is left for the next command, with a warning.
pub async fn finish_cut(context: &Context, ledger: &mut Ledger) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for deletion in ledger.cut_deletions(context.ad_account()?.as_str())? {
        let (campaign, at) = (&deletion.campaign, deletion.started_at);
        match is_deleted(context, campaign).await {
            Ok(true) => {
                let closed = close(context, ledger, &deletion)?;
                if closed == 0 {
                    context.ui.status(&format!("campaign {campaign} was deleted at {at} by a command that was cut off"));
                }
                gone.push(campaign.clone());
            }
            Ok(false) => {
                ledger.drop_deletion(&deletion)?;
                context.ui.warn(&format!(
                    "a command was cut off at {at} before Meta deleted campaign {campaign}: the campaign is still there"
                ));
                context.ui.hint(&format!("to delete it: mmsg campaign delete {campaign}"));
            }
            Err(error) => context.ui.warn(&format!(
                "a command that deletes campaign {campaign} was cut off at {at}, and Meta does not say yet whether it is deleted: \
                 {error}"
            )),
        }
    }
    Ok(gone)
}

/// The campaign is gone: closes what was pending of it, and says so.
pub fn close(context: &Context, ledger: &mut Ledger, deletion: &Deletion) -> Result<u64> {
    let closed = ledger.finish_deletion(deletion)?;
    tell_closed(context, &deletion.campaign, closed);
    Ok(closed)
}

/// Says how many rows will not go out.
pub fn tell_closed(context: &Context, campaign: &str, closed: u64) {
    if closed > 0 {
        let rows = text::count(closed, "pending row", "pending rows");
        context.ui.status(&format!("canceled {rows} of campaign {campaign}, which is deleted"));
    }
}

async fn is_deleted(context: &Context, campaign: &str) -> Result<bool> {
    let id = CampaignId::parse(campaign).map_err(Error::usage)?;
    match context.graph()?.find_campaign(&context.ad_account()?, &id).await {
        Ok(node) => Ok(node.status.as_deref() == Some("DELETED")),
        // It was there when its deletion began.
        Err(graph::Error::NoSuchCampaign { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
