//! A broadcast as it is printed.

use crate::ledger::broadcasts::BroadcastSummary;
use crate::text;
use crate::ui::table::Record;

impl Record for BroadcastSummary {
    const PLURAL: &'static str = "broadcasts";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "Page",
        "campaign",
        "name",
        "message",
        "repeat",
        "pending",
        "claimed",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "next run at",
        "created",
    ];
    const EXPENDABLE: &'static [&'static str] = &[
        "repeat",
        "message",
        "created",
        "Page",
        "claimed",
        "skipped",
        "refused",
        "next run at",
        "accepted",
        "name",
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
    ];

    fn cells(&self) -> Vec<String> {
        let count = |n: i64| text::thousands(u64::try_from(n).unwrap_or(0));
        let next = match self.next_run_at {
            Some(_) if self.is_due => "now".to_owned(),
            Some(at) => at.to_string(),
            None => "-".to_owned(),
        };
        vec![
            self.id.to_string(),
            self.page.clone(),
            self.campaign.clone(),
            self.campaign_name.clone().unwrap_or_else(|| "-".to_owned()),
            self.message.clone(),
            self.repeat.to_string(),
            count(self.pending),
            count(self.claimed),
            count(self.accepted),
            count(self.refused),
            count(self.skipped),
            count(self.unknown),
            next,
            self.created_at.to_string(),
        ]
    }
}
