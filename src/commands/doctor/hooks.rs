//! Whether Meta tells what became of messages.

use super::finding::{Check, Finding, Findings};
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::commands::webhook::status::{Status, ask_with, troubles};
use crate::error::Result;

/// As `mmsg webhook status` judges it. Nothing fails by it: sends need no webhooks.
pub async fn check(context: &Context, findings: &mut Findings) {
    if findings.may(Check::Webhooks) {
        findings.add(match ask(context).await {
            Ok(status) => {
                let page = PageNames::at_hand(context).shown(status.page_id.as_str());
                judge(&status, &page)
            }
            Err(error) => Finding::warning(
                Check::Webhooks,
                error.to_string(),
                error.hint_text().unwrap_or("mmsg webhook status asks again"),
            ),
        });
    }
}

async fn ask(context: &Context) -> Result<Status> {
    let page = context.page()?;
    let graph = context.any_page_graph(&page).await?;
    // Nothing is written to it, and what is wrong with it is another check's.
    let ledger = if context.has_ledger().unwrap_or(false) { context.ledger_to_check().ok() } else { None };
    let is_current =
        ledger.as_ref().is_some_and(|ledger| ledger.glance().is_ok_and(|seen| seen.schema == seen.newest_schema));
    ask_with(context, &graph, page, ledger.as_ref().filter(|_| is_current)).await
}

fn judge(status: &Status, page: &str) -> Finding {
    let troubles = troubles(status, page);
    let heard = status.last_event_at.map(|at| at.to_string());
    let finding = match (troubles.is_empty(), &heard) {
        (false, _) => Finding::warning(
            Check::Webhooks,
            troubles.join("; "),
            if status.healthy {
                "mmsg webhook status shows it again"
            } else {
                "mmsg webhook subscribe, then mmsg webhook status"
            },
        ),
        (true, Some(at)) => Finding::ok(Check::Webhooks, format!("subscribed; the last event was received at {at}")),
        (true, None) => Finding::ok(Check::Webhooks, "subscribed; no event was received yet"),
    };
    finding.with("healthy", status.healthy).with("last_event_at", heard)
}
