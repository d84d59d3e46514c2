//! A campaign that is there already, by its name: for `mmsg campaign create --if-absent` and `mmsg send --campaign-name`.

use std::time::Duration;

use super::currency::budget_text;
use crate::campaign::{AdAccount, Budget, CampaignId, Currency, PageId};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Result};
use crate::graph::{CampaignNode, Kind};
use crate::ui::Ui;

/// A list may lag behind what was created: for so long it is looked at …
const LONGEST_LAG: Duration = Duration::from_secs(30);
/// … and so often.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The live campaign of this name and Page, if there is one; `nothing` completes a refusal: `nothing was created`.
///
/// # Errors
/// There are several, or Graph does not list them.
pub async fn live(
    context: &Context,
    account: &AdAccount,
    page: &PageId,
    name: &str,
    nothing: &str,
) -> Result<Option<CampaignNode>> {
    let graph = context.graph()?;
    let nodes = graph.campaigns(account).all().await?;
    let now = context.graph_time()?;
    let mut live: Vec<_> = nodes.into_iter().filter(|node| is_it(node, page, name, now)).collect();
    if live.len() > 1 {
        let ids: Vec<&str> = live.iter().map(|node| node.id.as_str()).collect();
        let page = PageNames::at_hand(context).shown(page.as_str());
        return Err(Error::refused(format!(
            "{} campaigns of Page {page} are named {name:?}: {}; {nothing}",
            ids.len(),
            ids.join(", ")
        ))
        .hint("send with one of these IDs, and delete the others: mmsg campaign delete ID"));
    }
    Ok(live.pop())
}

/// Says that a campaign is there, and whether its budget is another one than was asked for.
pub fn tell(ui: &Ui, node: &CampaignNode, budget: Budget, currency: Option<Currency>) {
    ui.status(&format!("campaign {} of that name and Page is there already; nothing was created", node.id));
    if let Some(has) = node.budget().filter(|has| *has != budget) {
        let [has, asked] = [has, budget].map(|budget| budget_text(budget, currency));
        ui.warn(&format!("its budget is {has}, not the {asked} asked for; mmsg campaign edit {} changes it", node.id));
    }
}

/// Waits until the list of campaigns has a new one: whoever looks for it next does not find it before.
pub async fn until_listed(context: &Context, account: &AdAccount, id: &CampaignId, since: UnixMillis) {
    let listed = async {
        let graph = context.graph().ok()?;
        loop {
            if graph.campaigns_since(account, since).await.ok()?.iter().any(|node| node.id == *id) {
                return Some(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    if !matches!(tokio::time::timeout(LONGEST_LAG, listed).await, Ok(Some(()))) {
        context.ui.warn(&format!("campaign {id} is not in the list of campaigns yet"));
        context.ui.hint(
            "before you run this again, check that mmsg campaign list has it: --if-absent does not find it earlier",
        );
    }
}

/// Lists have no deleted or archived campaigns.
fn is_it(node: &CampaignNode, page: &PageId, name: &str, now: UnixMillis) -> bool {
    matches!(node.kind, Kind::DirectSend | Kind::Unknown)
        && !matches!(node.status.as_deref(), Some("DELETED" | "ARCHIVED"))
        && node.name.as_deref().map(str::trim) == Some(name)
        && node.page.as_deref() == Some(page.as_str())
        && node.end_time.is_none_or(|end| end > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_live_campaign_of_that_name_and_page_is_it() {
        let page = PageId::parse("104").unwrap();
        let now = UnixMillis(1_800_000_000_000);
        let whole = serde_json::json!({
            "id": "1", "effective_status": "PAUSED", "adset": { "id": "2", "end_time": 1_800_000_001 },
            "campaign": { "id": "3", "name": "Spring ", "is_direct_send_campaign": true },
            "creative": { "actor_id": "104" },
        });
        let is = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut node = whole.clone();
            change(&mut node);
            is_it(&serde_json::from_str(&node.to_string()).unwrap(), &page, "Spring", now)
        };
        assert!(is(&|_| {}));
        assert!(is(&|node| node["adset"]["end_time"] = 0.into()), "one without an end never ends");
        for (path, value) in [
            ("/campaign/name", serde_json::json!("spring")),
            ("/creative/actor_id", serde_json::json!("105")),
            ("/adset/end_time", serde_json::json!(1_800_000_000)),
            ("/effective_status", serde_json::json!("ARCHIVED")),
            ("/campaign/is_direct_send_campaign", serde_json::json!(false)),
        ] {
            assert!(!is(&|node| *node.pointer_mut(path).unwrap() = value.clone()), "{path} {value}");
        }
    }
}
