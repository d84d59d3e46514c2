//! Deletions of campaigns that were cut off between Meta and the ledger: finished by the next command that sends or deletes.

use crate::campaign::CampaignId;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph;
use crate::ledger::deletions::Deletion;
use crate::ledger::{self, Ledger};
use crate::send::writer_thread::Desk;
use crate::text;

/// Finishes them, and returns the campaigns that are gone. One that can't be decided yet is left for the next command, with a warning.
pub async fn finish_cut(context: &Context, ledger: &mut Ledger) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for deletion in ledger.cut_deletions(context.ad_account()?.as_str())? {
        if let Some(is_deleted) = is_deleted_or_warn(context, &deletion).await {
            let closed = finish(ledger, &deletion, is_deleted)?;
            tell(context, &deletion, is_deleted, closed);
            gone.extend(is_deleted.then(|| deletion.campaign.clone()));
        }
    }
    Ok(gone)
}

/// The same for a ledger that is on its own thread.
pub async fn finish_cut_at(context: &Context, desk: &Desk) -> Result<()> {
    let account = context.ad_account()?.as_str().to_owned();
    for deletion in desk.ask(move |ledger| ledger.cut_deletions(&account)).await? {
        if let Some(is_deleted) = is_deleted_or_warn(context, &deletion).await {
            let finish = move |ledger: &mut Ledger| Ok((finish(ledger, &deletion, is_deleted)?, deletion));
            let (closed, deletion) = desk.ask(finish).await?;
            tell(context, &deletion, is_deleted, closed);
        }
    }
    Ok(())
}

/// Records how a deletion that was cut off ended; how many rows that closes.
fn finish(ledger: &mut Ledger, deletion: &Deletion, is_deleted: bool) -> ledger::error::Result<u64> {
    if is_deleted { ledger.finish_deletion(deletion) } else { ledger.drop_deletion(deletion).map(|_| 0) }
}

fn tell(context: &Context, deletion: &Deletion, is_deleted: bool, closed: u64) {
    let (campaign, at) = (&deletion.campaign, deletion.started_at);
    if is_deleted {
        tell_closed(context, campaign, closed);
        if closed == 0 {
            context.ui.status(&format!("campaign {campaign} was deleted at {at} by a command that was cut off"));
        }
        return;
    }
    context.ui.warn(&format!(
        "a command was cut off at {at} before Meta deleted campaign {campaign}: the campaign is still there"
    ));
    context.ui.hint(&format!("to delete it: mmsg campaign delete {campaign}"));
}

/// `None`, and a warning, if Meta does not say.
async fn is_deleted_or_warn(context: &Context, deletion: &Deletion) -> Option<bool> {
    let (campaign, at) = (&deletion.campaign, deletion.started_at);
    match is_deleted(context, campaign).await {
        Ok(is_deleted) => Some(is_deleted),
        Err(error) => {
            context.ui.warn(&format!(
                "a command that deletes campaign {campaign} was cut off at {at}, and Meta does not say yet whether it is deleted: \
                 {error}"
            ));
            None
        }
    }
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
