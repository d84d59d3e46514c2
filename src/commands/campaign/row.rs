//! A campaign as it is printed.

use serde::Serialize;

use super::currency::money;
use crate::campaign::Currency;
use crate::clock::UnixMillis;
use crate::graph::CampaignNode;
use crate::ui::table::Record;

/// Everything known about one campaign. Budgets are in the currency's smallest unit.
#[derive(Serialize)]
pub struct CampaignRow {
    id: String,
    name: Option<String>,
    status: Option<String>,
    page_id: Option<String>,
    daily_budget: Option<u64>,
    lifetime_budget: Option<u64>,
    currency: Option<Currency>,
    start_time: Option<UnixMillis>,
    end_time: Option<UnixMillis>,
    created_time: Option<UnixMillis>,
    adset_name: Option<String>,
    pixel_id: Option<String>,
    campaign_id: Option<String>,
    adset_id: Option<String>,
    is_message_campaign: Option<bool>,
}

impl CampaignRow {
    pub fn new(node: CampaignNode, currency: Option<Currency>) -> Self {
        Self {
            id: node.id.to_string(),
            name: node.name,
            status: node.status,
            page_id: node.page,
            daily_budget: node.daily_budget,
            lifetime_budget: node.lifetime_budget,
            currency,
            start_time: node.start_time,
            end_time: node.end_time,
            created_time: node.created_time,
            adset_name: node.adset_name,
            pixel_id: node.pixel_id,
            campaign_id: node.campaign_id,
            adset_id: node.adset_id,
            is_message_campaign: node.is_message,
        }
    }

    fn budget(&self) -> String {
        match (self.daily_budget, self.lifetime_budget) {
            (Some(daily), None) => format!("{} per day", money(daily, self.currency)),
            (None, Some(lifetime)) => format!("{} in total", money(lifetime, self.currency)),
            (Some(daily), Some(lifetime)) => {
                format!("{} per day, {} in total", money(daily, self.currency), money(lifetime, self.currency))
            }
            (None, None) => "-".to_owned(),
        }
    }
}

impl Record for CampaignRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "status",
        "budget",
        "Page",
        "ad set",
        "starts",
        "ends",
        "created",
        "pixel",
        "campaign ID",
        "ad set ID",
        "message campaign",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            text(self.name.as_deref()),
            text(self.status.as_deref()),
            self.budget(),
            text(self.page_id.as_deref()),
            text(self.adset_name.as_deref()),
            time(self.start_time),
            time(self.end_time),
            time(self.created_time),
            text(self.pixel_id.as_deref()),
            text(self.campaign_id.as_deref()),
            text(self.adset_id.as_deref()),
            match self.is_message_campaign {
                Some(true) => "yes".to_owned(),
                Some(false) => "no (ordinary ad)".to_owned(),
                None => "-".to_owned(),
            },
        ]
    }
}

/// The columns of a list: what fits on a terminal.
#[derive(Serialize)]
#[serde(transparent)]
pub struct CampaignListRow(pub CampaignRow);

impl Record for CampaignListRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &["id", "name", "status", "budget", "starts", "ends"];
    const KEYS: &'static [&'static str] = &[
        "id",
        "name",
        "status",
        "page_id",
        "daily_budget",
        "lifetime_budget",
        "currency",
        "start_time",
        "end_time",
        "created_time",
        "adset_name",
        "pixel_id",
        "campaign_id",
        "adset_id",
        "is_message_campaign",
    ];

    fn cells(&self) -> Vec<String> {
        let row = &self.0;
        let ordinary = if row.is_message_campaign == Some(true) { "" } else { " (ordinary ad)" };
        vec![
            row.id.clone(),
            format!("{}{ordinary}", text(row.name.as_deref())),
            text(row.status.as_deref()),
            row.budget(),
            time(row.start_time),
            time(row.end_time),
        ]
    }
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn time(at: Option<UnixMillis>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}
