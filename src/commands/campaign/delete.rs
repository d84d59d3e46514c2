//! `mmsg campaign delete`.

use serde::Serialize;

use super::currency::currency_to_show;
use crate::campaign::{AdAccount, CampaignId, Currency};
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::graph::CampaignNode;
use crate::text;
use crate::ui::table::Record;

/// Delete campaigns permanently. Asks for confirmation unless --yes is given.
///
/// This deletes the message (ad), whose ID create printed; IDs of its campaign or ad set are translated. Meta keeps the insights
/// of a deleted message under its ID, but no list or total includes it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// IDs of the campaigns, as campaign create and campaign list print them.
    #[arg(value_name = "ID", required = true, value_parser = CampaignId::parse)]
    ids: Vec<CampaignId>,
}

/// What will be deleted, as Graph describes it.
struct Target {
    node: CampaignNode,
    /// In major units; `Err` when it could not be read.
    spend: Result<Option<String>, ()>,
}

#[derive(Serialize)]
struct DeletedRow {
    id: CampaignId,
    name: Option<String>,
    page_id: Option<String>,
    spend: Option<String>,
    deleted: bool,
}

impl Record for DeletedRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &["deleted", "name", "Page", "spent"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.id.to_string(), text(&self.name), text(&self.page_id), text(&self.spend)]
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let targets = read_back(context, &account, &args.ids).await?;
    let currency = currency_to_show(context, &account).await?;
    let shown: Vec<String> =
        targets.iter().map(|target| format!("will be permanently deleted: {}", target.text(currency))).collect();
    let (question, what) = match targets.len() {
        1 => ("Delete it? This can't be undone.".to_owned(), "deleting a campaign".to_owned()),
        n => (format!("Delete these {n}? This can't be undone."), format!("deleting {n} campaigns")),
    };
    context.ui.confirm_shown(&shown, &question, &what)?;
    delete(context, targets).await
}

/// Reads everything before anything is deleted: one wrong ID stops the command.
async fn read_back(context: &Context, account: &AdAccount, ids: &[CampaignId]) -> Result<Vec<Target>> {
    let graph = context.graph()?;
    let mut targets: Vec<Target> = Vec::new();
    for id in ids {
        let node = graph.find_campaign(account, id).await?.value;
        if node.is_message == Some(false) {
            return Err(Error::refused(format!(
                "{id} is an ordinary ad, not a marketing message campaign; nothing was deleted"
            ))
            .hint("delete ordinary ads in Ads Manager"));
        }
        if node.status.as_deref() == Some("DELETED") {
            return Err(Error::refused(format!("{id} is already deleted; nothing was changed"))
                .hint("mmsg campaign list shows the remaining campaigns"));
        }
        if targets.iter().any(|target| target.node.id == node.id) {
            continue;
        }
        let spend = match graph.spend(&node.id).await {
            Ok(spend) => Ok(spend),
            Err(error) => {
                context.ui.debug(&format!("can't read the spend of {}: {}", node.id, Error::from(error)));
                Err(())
            }
        };
        targets.push(Target { node, spend });
    }
    Ok(targets)
}

impl Target {
    /// Name, Page, spend, and which of the objects it is.
    fn text(&self, currency: Option<Currency>) -> String {
        let node = &self.node;
        let name = node.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| format!("{name:?}"));
        let page = node.page.as_deref().unwrap_or("unknown");
        let spend = match (&self.spend, currency) {
            (Ok(Some(spend)), Some(currency)) => format!("{spend} {currency} spent"),
            (Ok(Some(spend)), None) => format!("{spend} spent"),
            (Ok(None), _) => "no spend reported by Meta".to_owned(),
            (Err(()), _) => "spend unknown".to_owned(),
        };
        let stays = match (&node.campaign_id, &node.adset_id) {
            (Some(campaign), Some(adset)) => {
                format!("; its empty Ads Manager campaign {campaign} and ad set {adset} may remain")
            }
            _ => String::new(),
        };
        format!("message {} {name} (Page {page}, {spend}{stays})", node.id)
    }
}

/// Deletes one after another, and stops at the first failure.
async fn delete(context: &Context, targets: Vec<Target>) -> Result<Exit> {
    let graph = context.graph()?;
    let mut deleted = Vec::new();
    let mut failed = None;
    let mut rest = targets.into_iter();
    for target in rest.by_ref() {
        let id = target.node.id.clone();
        if let Err(error) = graph.delete_campaign(&id).await {
            failed = Some((id, error));
            break;
        }
        // It is gone, whatever happens to the ledger.
        let closed = close_broadcasts(context, &id);
        deleted.push(DeletedRow {
            id,
            name: target.node.name,
            page_id: target.node.page,
            spend: target.spend.ok().flatten(),
            deleted: true,
        });
        if let Err(error) = closed {
            context.ui.list(&deleted)?;
            let rest: Vec<String> = rest.map(|target| target.node.id.to_string()).collect();
            let not_tried = if rest.is_empty() { String::new() } else { format!("; not tried: {}", rest.join(", ")) };
            return Err(error
                .within(format!("the campaign is deleted, but its pending rows could not be canceled{not_tried}"))
                .hint("once the ledger works again: mmsg broadcast list, then mmsg broadcast close BROADCAST"));
        }
    }
    let Some((id, error)) = failed else {
        context.ui.list(&deleted)?;
        return Ok(Exit::Done);
    };
    if deleted.is_empty() && rest.len() == 0 {
        return Err(error.into());
    }
    if !deleted.is_empty() {
        context.ui.list(&deleted)?;
    }
    let gone: Vec<String> = deleted.iter().map(|row| row.id.to_string()).collect();
    let not_tried: Vec<String> = rest.map(|target| target.node.id.to_string()).collect();
    let list = |ids: Vec<String>| if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let partly = format!("stopped at {id}; deleted: {}; not tried: {}", list(gone), list(not_tried));
    Err(Error::from(error).within(partly))
}

fn close_broadcasts(context: &Context, id: &CampaignId) -> Result<()> {
    let now = context.clock.now();
    // Without a ledger nothing is pending, and deleting creates none.
    if context.settings.ledger.value.exists() {
        let mut ledger = context.open_ledger()?;
        let closed = ledger.close_campaign(id.as_str(), now)?;
        ledger.audit(now, &context.operator(), "campaign delete", &format!("campaign {id}"))?;
        if closed > 0 {
            context.ui.status(&format!("canceled {} of it", text::count(closed, "pending row", "pending rows")));
        }
    }
    Ok(())
}
