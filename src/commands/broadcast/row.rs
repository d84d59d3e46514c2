//! A broadcast as it is printed.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::commands::pages::OnAPage;
use crate::commands::send::{CanaryTotals, canary_of};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::ledger::broadcasts::BroadcastSummary;
use crate::text;
use crate::ui::table::Record;

/// A broadcast with its canary.
#[derive(Clone, Debug, Serialize)]
pub struct BroadcastRow {
    #[serde(flatten)]
    pub summary: BroadcastSummary,
    pub canary: Option<CanaryTotals>,
}

impl BroadcastRow {
    pub fn all(
        ledger: &Ledger,
        summaries: impl IntoIterator<Item = BroadcastSummary>,
        now: UnixMillis,
    ) -> Result<Vec<Self>> {
        let row = |summary: BroadcastSummary| {
            let canary = canary_of(ledger, summary.id, now)?;
            Ok(Self { summary, canary })
        };
        summaries.into_iter().map(row).collect()
    }
}

impl OnAPage for BroadcastRow {
    fn page(&self) -> Option<&str> {
        Some(&self.summary.page)
    }
}

impl Record for BroadcastRow {
    const PLURAL: &'static str = "broadcasts";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "Page",
        "campaign",
        "name",
        "label",
        "message",
        "repeat",
        "pending",
        "claimed",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "canary",
        "next run at",
        "created",
    ];
    const EXPENDABLE: &'static [&'static str] = &[
        "repeat",
        "message",
        "created",
        "canary",
        "Page",
        "claimed",
        "skipped",
        "refused",
        "next run at",
        "accepted",
        "name",
        "label",
        "campaign",
    ];
    const KEYS: &'static [&'static str] = &[
        "id",
        "campaign",
        "page",
        "message",
        "repeat",
        "pending",
        "claimed",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "unplanned_listings",
        "next_run_at",
        "created_at",
        "finished",
        "campaign_name",
        "label",
        "canary",
    ];

    fn cells(&self) -> Vec<String> {
        let summary = &self.summary;
        let count = |n: i64| text::thousands(u64::try_from(n).unwrap_or(0));
        let next = match summary.next_run_at {
            Some(_) if summary.is_due => "now".to_owned(),
            Some(at) => at.to_string(),
            None => "-".to_owned(),
        };
        vec![
            summary.id.to_string(),
            summary.page.clone(),
            summary.campaign.clone(),
            summary.campaign_name.clone().unwrap_or_else(|| "-".to_owned()),
            summary.label.clone().unwrap_or_else(|| "-".to_owned()),
            summary.message.clone(),
            summary.repeat.to_string(),
            count(summary.pending),
            count(summary.claimed),
            count(summary.accepted),
            count(summary.refused),
            count(summary.skipped),
            count(summary.unknown),
            self.canary.as_ref().map_or("-", |canary| canary.state).to_owned(),
            next,
            summary.created_at.to_string(),
        ]
    }
}
