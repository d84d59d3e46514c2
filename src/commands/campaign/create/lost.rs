//! A campaign whose answer was lost or has no ID: it is looked for before anybody asks for it again.

use std::collections::HashSet;
use std::time::Duration;

use crate::campaign::{AdAccount, CampaignId};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph::{self, Created, NewCampaign};
use crate::log::{Said, note};

/// Of how long before the request the campaigns are listed: more than any clock is off by that was told by Graph.
pub const LATELY: Duration = Duration::from_secs(60 * 60);

/// What there was before a campaign was asked for.
pub struct Before {
    pub asked: UnixMillis,
    /// The campaigns created shortly before it; `None` if they could not be listed.
    pub known: Option<HashSet<CampaignId>>,
}

/// The campaigns of the last hour. Somebody else may just have created one of the same name and budget.
pub async fn known(context: &Context, account: &AdAccount) -> Option<HashSet<CampaignId>> {
    let graph = context.graph().ok()?;
    let now = context.graph_time().ok()?;
    match graph.campaigns_since(account, now.minus(LATELY)).await {
        Ok(nodes) => Some(nodes.into_iter().map(|node| node.id).collect()),
        Err(error) => {
            note!(
                INFO,
                "not read",
                what = "the campaigns of the last hour",
                why = Said(&Error::from(error).to_string())
            );
            None
        }
    }
}

/// Looks for a campaign whose answer was lost or has no ID. Only one that fits in every part, was not there before and was created since
/// is taken for it.
pub async fn look_up(
    context: &Context,
    account: &AdAccount,
    new: &NewCampaign<'_>,
    before: Before,
    unclear: graph::Error,
) -> Result<Created> {
    let unclear = Error::from(unclear);
    let Some(known) = before.known else {
        return Err(unclear.hint("check mmsg campaign list before you run this again"));
    };
    let nodes = match context.graph()?.campaigns(account).all().await {
        Ok(nodes) => nodes,
        Err(error) => {
            note!(INFO, "not read", what = "the new campaign", why = Said(&Error::from(error).to_string()));
            return Err(unclear);
        }
    };
    let found: Vec<_> =
        nodes.into_iter().filter(|node| !known.contains(&node.id) && new.may_be(node, before.asked)).collect();
    match found.as_slice() {
        [only] => {
            context.ui.warn(&format!(
                "Graph's answer has no ID or was lost, but campaign {} of that name was created just now: it is taken for it",
                only.id
            ));
            Ok(Created { id: only.id.clone(), info: None, warning: None })
        }
        [] => Err(unclear.hint(
            "it is not in the list of campaigns, which may be late: check mmsg campaign list in a few minutes, or run this again then with --name and --if-absent",
        )),
        several => {
            let ids: Vec<&str> = several.iter().map(|node| node.id.as_str()).collect();
            Err(unclear.hint(format!(
                "several of that name were created just now: {}; see mmsg campaign list",
                ids.join(", ")
            )))
        }
    }
}
