//! `mmsg campaign delete`.

use serde::Serialize;

use super::currency::currency_to_show;
use crate::campaign::{AdAccount, CampaignId, Currency};
use crate::commands::changes;
use crate::commands::context::Context;
use crate::commands::deletions;
use crate::commands::pages::{OnAPage, PageNames};
use crate::commands::scope::refuse_other_page;
use crate::error::{Error, Exit, Result};
use crate::graph::{self, Call, CampaignNode, Kind};
use crate::ledger::Ledger;
use crate::log::{Said, note};
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

impl OnAPage for DeletedRow {
    fn page(&self) -> Option<&str> {
        self.page_id.as_deref()
    }
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
    let mut ledger = context.open_ledger()?;
    let finished = deletions::finish_cut(context, &mut ledger).await?;
    let names = PageNames::of(context, &ledger)?;
    let Found { targets, gone } = read_back(context, &account, &args.ids, &finished, &mut ledger).await?;
    if targets.is_empty() {
        context.ui.list(&names.rows(gone))?;
        return Ok(Exit::Done);
    }
    let currency = currency_to_show(context, &account).await?;
    let shown: Vec<String> = targets
        .iter()
        .map(|target| format!("will be permanently deleted: {}", target.text(currency, &names)))
        .collect();
    let (question, what) = match targets.len() {
        1 => ("Delete it? This can't be undone.".to_owned(), "deleting a campaign".to_owned()),
        n => (format!("Delete these {n}? This can't be undone."), format!("deleting {n} campaigns")),
    };
    context.ui.confirm_shown(&shown, &question, &what)?;
    delete(context, &account, targets, gone, ledger, &names).await
}

/// What the ids stand for.
#[derive(Default)]
struct Found {
    targets: Vec<Target>,
    /// Deleted earlier, by a command that was cut off or by somebody else; what was pending of them is canceled now.
    gone: Vec<DeletedRow>,
}

/// Reads everything before anything is deleted: one wrong ID stops the command. `finished`: campaigns whose deletion was finished just now.
async fn read_back(
    context: &Context,
    account: &AdAccount,
    ids: &[CampaignId],
    finished: &[String],
    ledger: &mut Ledger,
) -> Result<Found> {
    let graph = context.graph()?;
    let mut found = Found::default();
    let targets = &mut found.targets;
    for id in ids {
        let node = graph.find_campaign(account, id).await?;
        let other = match node.kind {
            Kind::DirectSend | Kind::Unknown => None,
            Kind::Pool => Some("a pool campaign, whose recipients Meta picks"),
            Kind::OrdinaryAd => Some("an ordinary ad"),
        };
        if let Some(other) = other {
            return Err(Error::refused(format!("{id} is {other}, not a campaign of mmsg's kind; nothing was deleted"))
                .hint("delete it in Ads Manager"));
        }
        if node.status.as_deref() == Some("DELETED") {
            let now = context.now_of(ledger)?;
            let closed = ledger.close_campaign(node.id.as_str(), now)?;
            deletions::tell_closed(context, node.id.as_str(), closed);
            if closed > 0 || finished.iter().any(|id| id == node.id.as_str()) {
                found.gone.push(DeletedRow::new(node, None));
                continue;
            }
            return Err(Error::refused(format!("{id} is already deleted; nothing was changed"))
                .hint("mmsg campaign list shows the remaining campaigns"));
        }
        refuse_other_page(context, id.as_str(), node.page.as_deref(), "nothing was deleted")?;
        if targets.iter().any(|target| target.node.id == node.id) {
            continue;
        }
        let spend = match graph.spend(&node.id).await {
            Ok(spend) => Ok(spend),
            Err(error) => {
                note!(
                    INFO,
                    "not read",
                    what = "a campaign's spend",
                    campaign = node.id,
                    why = Said(&Error::from(error).to_string())
                );
                Err(())
            }
        };
        targets.push(Target { node, spend });
    }
    Ok(found)
}

impl DeletedRow {
    fn new(node: CampaignNode, spend: Option<String>) -> Self {
        Self { id: node.id, name: node.name, page_id: node.page, spend, deleted: true }
    }
}

impl Target {
    /// Name, Page, spend, and which of the objects it is.
    fn text(&self, currency: Option<Currency>, names: &PageNames) -> String {
        let node = &self.node;
        let name = node.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| format!("{name:?}"));
        let page = node.page.as_deref().map_or_else(|| "unknown".to_owned(), |page| names.shown(page));
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

/// Deletes one after another, and stops at the first failure. `deleted`: those that were gone before.
async fn delete(
    context: &Context,
    account: &AdAccount,
    targets: Vec<Target>,
    mut deleted: Vec<DeletedRow>,
    mut ledger: Ledger,
    names: &PageNames,
) -> Result<Exit> {
    let mut failed = None;
    let mut rest = targets.into_iter();
    for target in rest.by_ref() {
        let id = target.node.id.clone();
        match delete_one(context, account, &id, &mut ledger).await {
            Ok(()) => deleted.push(DeletedRow::new(target.node, target.spend.ok().flatten())),
            Err(Failed::NotDeleted(error) | Failed::Unclear(error)) => {
                failed = Some((id, error));
                break;
            }
            Err(Failed::Closing(error)) => {
                deleted.push(DeletedRow::new(target.node, target.spend.ok().flatten()));
                context.ui.list(&names.rows(deleted))?;
                let rest: Vec<String> = rest.map(|target| target.node.id.to_string()).collect();
                let not_tried =
                    if rest.is_empty() { String::new() } else { format!("; not tried: {}", rest.join(", ")) };
                return Err(error
                    .within(format!("the campaign is deleted, but its pending rows could not be canceled{not_tried}"))
                    .hint("once the ledger works again, mmsg send --resume cancels them"));
            }
        }
    }
    let gone: Vec<String> = deleted.iter().map(|row| row.id.to_string()).collect();
    let Some((id, error)) = failed else {
        context.ui.list(&names.rows(deleted))?;
        return Ok(Exit::Done);
    };
    if deleted.is_empty() && rest.len() == 0 {
        return Err(error);
    }
    if !deleted.is_empty() {
        context.ui.list(&names.rows(deleted))?;
    }
    let not_tried: Vec<String> = rest.map(|target| target.node.id.to_string()).collect();
    let list = |ids: Vec<String>| if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let partly = format!("stopped at {id}; deleted: {}; not tried: {}", list(gone), list(not_tried));
    Err(error.within(partly))
}

/// Why a campaign was not deleted, or not to the end.
enum Failed {
    NotDeleted(Error),
    /// It may be deleted or not.
    Unclear(Error),
    /// It is deleted, but the ledger failed.
    Closing(Error),
}

/// Intent in the ledger, request to Meta, end in the ledger: whatever cuts it off, the next command finds the intent.
async fn delete_one(
    context: &Context,
    account: &AdAccount,
    id: &CampaignId,
    ledger: &mut Ledger,
) -> Result<(), Failed> {
    let begun = ledger
        .now(context.clock)
        .and_then(|now| ledger.begin_deletion(account.as_str(), id.as_str(), &context.operator(), now));
    let deletion = begun.map_err(|error| Failed::NotDeleted(Error::from(error).within("nothing was deleted")))?;
    match ask(context, id).await {
        Ok(()) => deletions::close(context, ledger, &deletion).map(drop).map_err(Failed::Closing),
        // The next command asks Meta.
        Err(unclear @ Failed::Unclear(_)) => Err(unclear),
        Err(failed) => {
            ledger.drop_deletion(&deletion).map_err(|error| Failed::NotDeleted(error.into()))?;
            Err(failed)
        }
    }
}

impl Failed {
    fn asking(error: graph::Error) -> Self {
        match error {
            error @ graph::Error::Unclear { .. } => Self::Unclear(error.into()),
            error => Self::NotDeleted(error.into()),
        }
    }
}

/// The request itself.
async fn ask(context: &Context, id: &CampaignId) -> Result<(), Failed> {
    let graph = context.graph().map_err(Failed::NotDeleted)?;
    let call = Call::DeleteCampaign(id.clone());
    changes::with_fail_points(call, graph.delete_campaign(id)).await.map_err(Failed::asking)
}
