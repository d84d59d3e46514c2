//! A campaign as it is printed.

use serde::Serialize;

use super::currency::money;
use crate::campaign::Currency;
use crate::clock::UnixMillis;
use crate::commands::pages::OnAPage;
use crate::graph::{CampaignNode, Kind};
use crate::ui::table::Record;

/// Everything known about one campaign. Budgets are in the currency's smallest unit.
#[derive(Serialize)]
pub struct CampaignRow {
    id: String,
    pub name: Option<String>,
    status: Option<String>,
    pub page_id: Option<String>,
    pub daily_budget: Option<u64>,
    pub lifetime_budget: Option<u64>,
    currency: Option<Currency>,
    pub start_time: Option<UnixMillis>,
    pub end_time: Option<UnixMillis>,
    created_time: Option<UnixMillis>,
    adset_name: Option<String>,
    pixel_id: Option<String>,
    campaign_id: Option<String>,
    adset_id: Option<String>,
    is_message_campaign: Option<bool>,
    /// Only these can be sent with.
    is_direct_send_campaign: Option<bool>,
    message_status: Option<String>,
    adset_status: Option<String>,
    campaign_status: Option<String>,
    #[serde(skip)]
    kind: Kind,
}

impl CampaignRow {
    pub fn new(node: CampaignNode, currency: Option<Currency>) -> Self {
        Self {
            id: node.id.to_string(),
            name: node.name,
            status: node.status,
            message_status: node.switches.message,
            adset_status: node.switches.adset,
            campaign_status: node.switches.campaign,
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
            is_direct_send_campaign: match node.kind {
                Kind::DirectSend => Some(true),
                Kind::Pool | Kind::OrdinaryAd => Some(false),
                Kind::Unknown => None,
            },
            is_message_campaign: match node.kind {
                Kind::DirectSend | Kind::Pool => Some(true),
                Kind::OrdinaryAd => Some(false),
                Kind::Unknown => None,
            },
            kind: node.kind,
        }
    }

    pub fn budget(&self) -> String {
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

impl OnAPage for CampaignRow {
    fn page(&self) -> Option<&str> {
        self.page_id.as_deref()
    }
}

impl Record for CampaignRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "status",
        "message status",
        "ad set status",
        "campaign status",
        "budget",
        "Page",
        "ad set",
        "starts",
        "ends",
        "created",
        "pixel",
        "campaign ID",
        "ad set ID",
        "can send",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            text(self.name.as_deref()),
            text(self.status.as_deref()),
            text(self.message_status.as_deref()),
            text(self.adset_status.as_deref()),
            text(self.campaign_status.as_deref()),
            self.budget(),
            text(self.page_id.as_deref()),
            text(self.adset_name.as_deref()),
            time(self.start_time),
            time(self.end_time),
            time(self.created_time),
            text(self.pixel_id.as_deref()),
            text(self.campaign_id.as_deref()),
            text(self.adset_id.as_deref()),
            match self.kind {
                Kind::DirectSend => "yes".to_owned(),
                Kind::Unknown => "-".to_owned(),
                Kind::Pool | Kind::OrdinaryAd => format!("no ({})", self.kind.name()),
            },
        ]
    }
}

/// The columns of a list: what fits on a terminal.
#[derive(Serialize)]
#[serde(transparent)]
pub struct CampaignListRow(pub CampaignRow);

impl OnAPage for CampaignListRow {
    fn page(&self) -> Option<&str> {
        self.0.page()
    }
}

impl Record for CampaignListRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &["id", "name", "status", "budget", "Page", "starts", "ends"];
    const EXPENDABLE: &'static [&'static str] = &["Page", "starts", "ends", "budget"];
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
        "is_direct_send_campaign",
        "message_status",
        "adset_status",
        "campaign_status",
    ];

    fn cells(&self) -> Vec<String> {
        let row = &self.0;
        let other = match row.kind {
            Kind::DirectSend => String::new(),
            Kind::Pool | Kind::OrdinaryAd | Kind::Unknown => format!(" ({})", row.kind.name()),
        };
        vec![
            row.id.clone(),
            format!("{}{other}", text(row.name.as_deref())),
            text(row.status.as_deref()),
            row.budget(),
            text(row.page_id.as_deref()),
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
