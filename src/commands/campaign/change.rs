//! What pausing, resuming and editing have in common: what is changed is shown and asked for, written to the ledger, changed at Meta and
//! read back.

use super::currency::currency_to_show;
use super::row::{CampaignListRow, CampaignRow};
use crate::campaign::{AdAccount, CampaignId};
use crate::commands::changes;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::commands::scope::refuse_other_page;
use crate::error::{Error, Exit, Result};
use crate::graph::{self, Call, CampaignNode, Edit, Graph, Kind};
use crate::ledger::Ledger;
use crate::ledger::edits::{Editing, Intent};

/// A campaign and what is to be changed about it, in this order.
pub struct Planned {
    pub node: CampaignNode,
    pub edits: Vec<Edit>,
    /// Before and after, for a person.
    pub text: String,
}

/// Opens the ledger, and settles changes that were cut off.
pub async fn open(context: &Context, account: &AdAccount) -> Result<Ledger> {
    let mut ledger = context.open_ledger()?;
    for editing in ledger.cut_edits(account.as_str())? {
        settle(context, &mut ledger, account, &editing).await?;
    }
    Ok(ledger)
}

async fn settle(context: &Context, ledger: &mut Ledger, account: &AdAccount, editing: &Editing) -> Result<()> {
    let (campaign, at) = (&editing.campaign, editing.started_at);
    let Ok(edit) = serde_json::from_str::<Edit>(&editing.edit) else {
        return Ok(ledger.drop_edit(editing)?);
    };
    let id = CampaignId::parse(campaign).map_err(Error::usage)?;
    let node = match context.graph()?.find_campaign(account, &id).await {
        Ok(node) => node,
        Err(graph::Error::NoSuchCampaign { .. }) => return Ok(ledger.drop_edit(editing)?),
        Err(error) => {
            context.ui.warn(&format!(
                "a command that changes campaign {campaign} to {} was cut off at {at}, and Meta does not say yet whether it was \
                 changed: {}",
                edit.text(),
                Error::from(error)
            ));
            return Ok(());
        }
    };
    match edit.missing_in(&node) {
        None => {
            ledger.finish_edit(editing, &edit.text())?;
            context.ui.status(&format!(
                "campaign {campaign} was changed to {} at {at} by a command that was cut off",
                edit.text()
            ));
        }
        Some(still) => {
            ledger.drop_edit(editing)?;
            context.ui.warn(&format!(
                "a command was cut off at {at} before Meta changed campaign {campaign} to {}: it has {still}",
                edit.text()
            ));
        }
    }
    Ok(())
}

/// Reads a campaign that may be changed.
pub async fn find(context: &Context, account: &AdAccount, id: &CampaignId) -> Result<CampaignNode> {
    let node = context.graph()?.find_campaign(account, id).await?;
    let other = match node.kind {
        Kind::DirectSend | Kind::Unknown => None,
        Kind::Pool => Some("a pool campaign, whose recipients Meta picks"),
        Kind::OrdinaryAd => Some("an ordinary ad"),
    };
    if let Some(other) = other {
        return Err(Error::refused(format!("{id} is {other}, not a campaign of mmsg's kind; nothing was changed"))
            .hint("change it in Ads Manager"));
    }
    if let Some(status @ ("DELETED" | "ARCHIVED")) = node.status.as_deref() {
        return Err(Error::refused(format!("campaign {id} is {}; nothing was changed", status.to_lowercase()))
            .hint("mmsg campaign list shows the remaining campaigns"));
    }
    refuse_other_page(context, id.as_str(), node.page.as_deref(), "nothing was changed")?;
    Ok(node)
}

/// What is to become of a campaign that is turned on or off.
pub enum Switched {
    /// It is so already: says so.
    AsItIs(String),
    /// What changes, for a person, and by which edits.
    By(String, Vec<Edit>),
}

/// Turns campaigns on or off, each once however often it is named; whether any was changed, is told by `changed`.
pub async fn switch(
    context: &Context,
    ids: &[CampaignId],
    switched: impl Fn(&CampaignNode) -> Switched,
    changed: impl FnOnce(),
) -> Result<Exit> {
    let account = context.ad_account()?;
    let mut ledger = open(context, &account).await?;
    let (mut planned, mut nodes): (Vec<Planned>, Vec<CampaignNode>) = (Vec::new(), Vec::new());
    for id in ids {
        let node = find(context, &account, id).await?;
        if planned.iter().map(|one| &one.node).chain(&nodes).any(|known| known.id == node.id) {
            continue;
        }
        match switched(&node) {
            Switched::AsItIs(how) => {
                context.ui.status(&format!("campaign {} {how}; nothing was changed", node.id));
                nodes.push(node);
            }
            Switched::By(what, edits) => {
                let text = format!("campaign {}: {what}", named(&node, &PageNames::of(context, &ledger)?));
                planned.push(Planned { text, edits, node });
            }
        }
    }
    if !planned.is_empty() {
        nodes.extend(apply(context, &account, &mut ledger, planned).await?);
        changed();
    }
    print(context, &account, &ledger, nodes).await
}

/// How a campaign is named in what is shown.
pub fn named(node: &CampaignNode, names: &PageNames) -> String {
    let name = node.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| format!("{name:?}"));
    let page = node.page.as_deref().map_or_else(|| "unknown".to_owned(), |page| names.shown(page));
    format!("{} {name} (Page {page})", node.id)
}

/// Shows what will be changed, asks, changes it one after another, and prints how the campaigns read afterwards. Stops at the first
/// failure.
pub async fn apply(
    context: &Context,
    account: &AdAccount,
    ledger: &mut Ledger,
    planned: Vec<Planned>,
) -> Result<Vec<CampaignNode>> {
    let shown: Vec<String> = planned.iter().map(|one| format!("will be changed: {}", one.text)).collect();
    let (question, what) = match planned.len() {
        1 => ("Change it?".to_owned(), "changing a campaign".to_owned()),
        n => (format!("Change these {n}?"), format!("changing {n} campaigns")),
    };
    context.ui.confirm_shown(&shown, &question, &what)?;
    let mut changed = Vec::new();
    let mut rest = planned.into_iter();
    for Planned { mut node, edits, .. } in rest.by_ref() {
        let mut done = Vec::new();
        for edit in edits {
            match change(context, account, ledger, &node, &edit).await {
                Ok(after) => node = after,
                Err(error) => {
                    let not_tried: Vec<String> = rest.map(|one| one.node.id.to_string()).collect();
                    let campaigns = changed.iter().map(|node: &CampaignNode| node.id.to_string());
                    let before: Vec<String> = campaigns.chain(done).collect();
                    return Err(stopped(error, &node, &before, &not_tried));
                }
            }
            done.push(edit.text());
        }
        changed.push(node);
    }
    Ok(changed)
}

fn stopped(error: Error, node: &CampaignNode, changed: &[String], not_tried: &[String]) -> Error {
    if changed.is_empty() && not_tried.is_empty() {
        return error;
    }
    let list = |what: &[String]| if what.is_empty() { "none".to_owned() } else { what.join(", ") };
    error.within(format!("stopped at {}; changed: {}; not tried: {}", node.id, list(changed), list(not_tried)))
}

/// Prints campaigns as they read now.
pub async fn print(context: &Context, account: &AdAccount, ledger: &Ledger, nodes: Vec<CampaignNode>) -> Result<Exit> {
    let currency = currency_to_show(context, account).await?;
    let rows = nodes.into_iter().map(|node| CampaignListRow(CampaignRow::new(node, currency)));
    context.ui.list(&PageNames::of(context, ledger)?.rows(rows))?;
    Ok(Exit::Done)
}

/// Intent in the ledger, request to Meta, end in the ledger.
async fn change(
    context: &Context,
    account: &AdAccount,
    ledger: &mut Ledger,
    node: &CampaignNode,
    edit: &Edit,
) -> Result<CampaignNode> {
    let kept = serde_json::to_string(edit).map_err(|error| Error::internal(error.to_string()))?;
    let intent = Intent {
        ad_account: account.as_str(),
        campaign: node.id.as_str(),
        edit: &kept,
        changes_budget: edit.has_budget(),
        who: &context.operator(),
    };
    let editing = ledger.begin_edit(&intent, context.now_of(ledger)?)?;
    match ask(context.graph()?, node, edit).await {
        Ok(after) => {
            ledger.finish_edit(&editing, &edit.text()).map_err(|error| {
                Error::from(error).within(format!("campaign {} is changed to {}", node.id, edit.text()))
            })?;
            Ok(after)
        }
        // The next command asks Meta.
        Err(unclear @ graph::Error::Unclear { .. }) => Err(unclear.into()),
        Err(failed) => {
            ledger.drop_edit(&editing)?;
            Err(failed.into())
        }
    }
}

/// The request itself.
async fn ask(graph: &Graph, node: &CampaignNode, edit: &Edit) -> graph::Result<CampaignNode> {
    let call = Call::EditCampaign { id: node.id.clone(), what: edit.text() };
    changes::with_fail_points(call, graph.edit_campaign(node, edit)).await
}
