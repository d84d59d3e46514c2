//! Whether Meta tells what became of messages.

use super::finding::{Check, Finding, Findings};
use crate::commands::context::Context;
use crate::commands::webhook::status::{Status, ask_with, troubles};
use crate::error::Result;

/// As `mmsg webhook status` judges it. Nothing fails by it: sends need no webhooks.
pub async fn check(context: &Context, findings: &mut Findings) {
    if findings.may(Check::Webhooks) {
        findings.add(match ask(context).await {
            Ok(status) => judge(&status),
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
    ask_with(context, &graph, page).await
}

fn judge(status: &Status) -> Finding {
    let troubles = troubles(status);
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
