//! What Meta reports about a campaign, and what it expects one to cost.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Graph;
use super::error::{Call, Result};
use super::pages::Pages;
use crate::campaign::{AdAccount, Budget, CampaignId, PageId};
use crate::json::Text;
use crate::log::note;

/// Values of `date_preset`. Without one Graph means `last_30d`.
pub const PRESETS: [&str; 20] = [
    "today",
    "yesterday",
    "this_month",
    "last_month",
    "this_quarter",
    "maximum",
    "data_maximum",
    "last_3d",
    "last_7d",
    "last_14d",
    "last_28d",
    "last_30d",
    "last_90d",
    "last_week_mon_sun",
    "last_week_sun_sat",
    "last_quarter",
    "last_year",
    "this_week_mon_today",
    "this_week_sun_today",
    "this_year",
];

const FIELDS: &str = "marketing_messages_delivered,marketing_messages_read_rate,marketing_messages_link_btn_click,\
    marketing_messages_link_btn_click_rate,marketing_messages_cost_per_delivered,\
    marketing_messages_cost_per_link_btn_click,marketing_messages_spend";
/// In Meta's SDKs, but on none of its pages: whether Messenger has them is not known.
const EXTRA_FIELDS: &str = "marketing_messages_sent,marketing_messages_read,marketing_messages_spend_currency";
const CONVERSION_FIELDS: &str = "actions,action_values,website_purchase_roas";
/// `offsite_conversion.fb_pixel_*`, as the contract lists them.
const CONVERSIONS: [&str; 10] = [
    "purchase",
    "add_to_cart",
    "initiate_checkout",
    "lead",
    "view_content",
    "custom",
    "complete_registration",
    "search",
    "add_payment_info",
    "add_to_wishlist",
];

/// Which days.
#[derive(Clone, Debug)]
pub enum InsightsQuery<'a> {
    Preset(&'a str),
    /// Dates (`2026-12-01`) in the ad account's time zone, both included.
    Range {
        since: &'a str,
        until: &'a str,
    },
}

/// One row of insights. Values are Meta's own text: percents, and money in major units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Insights {
    pub date_start: Option<String>,
    pub date_stop: Option<String>,
    pub marketing_messages_delivered: Option<String>,
    pub marketing_messages_read_rate: Option<String>,
    pub marketing_messages_link_btn_click: Option<String>,
    pub marketing_messages_link_btn_click_rate: Option<String>,
    pub marketing_messages_cost_per_delivered: Option<String>,
    pub marketing_messages_cost_per_link_btn_click: Option<String>,
    pub marketing_messages_spend: Option<String>,
    /// This and the next two are not documented, and missing where Graph does not know them.
    pub marketing_messages_sent: Option<String>,
    pub marketing_messages_read: Option<String>,
    pub marketing_messages_spend_currency: Option<String>,
    pub actions: Vec<Action>,
    pub action_values: Vec<Action>,
    pub website_purchase_roas: Vec<Action>,
}

/// A conversion and its number or value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Action {
    pub action_type: String,
    pub value: String,
}

/// What to estimate.
#[derive(Clone, Debug)]
pub struct EstimateQuery<'a> {
    pub page: &'a PageId,
    pub budget: Option<Budget>,
    pub lifetime_in_days: u64,
}

/// What Meta expects; costs in the currency's smallest unit. All estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    pub estimate_delivery_lower_bound: Option<u64>,
    pub estimate_delivery_upper_bound: Option<u64>,
    pub estimate_cost_lower_bound: Option<u64>,
    pub estimate_cost_upper_bound: Option<u64>,
}

impl Graph {
    /// Insights of a campaign. There is no row before anything is delivered.
    pub async fn insights(
        &self,
        id: &CampaignId,
        days: &InsightsQuery<'_>,
        conversions: bool,
    ) -> Result<Vec<Insights>> {
        self.insights_of(id.as_str(), days, conversions).await
    }

    /// Insights of a whole account.
    pub async fn account_insights(
        &self,
        account: &AdAccount,
        days: &InsightsQuery<'_>,
        conversions: bool,
    ) -> Result<Vec<Insights>> {
        self.insights_of(account.as_str(), days, conversions).await
    }

    /// Asks for undocumented fields, too, and once more without them if Graph refuses a parameter.
    async fn insights_of(&self, id: &str, days: &InsightsQuery<'_>, conversions: bool) -> Result<Vec<Insights>> {
        match self.insights_with(&format!("{FIELDS},{EXTRA_FIELDS}"), id, days, conversions).await {
            Err(error) if error.is_bad_parameter() => {
                note!(INFO, "asked without undocumented fields");
                self.insights_with(FIELDS, id, days, conversions).await
            }
            read => read,
        }
    }

    async fn insights_with(
        &self,
        fields: &str,
        id: &str,
        days: &InsightsQuery<'_>,
        conversions: bool,
    ) -> Result<Vec<Insights>> {
        let mut query = Vec::new();
        if conversions {
            let types: Vec<String> =
                CONVERSIONS.iter().map(|name| format!("offsite_conversion.fb_pixel_{name}")).collect();
            let filter = json!([{ "field": "action_type", "operator": "IN", "value": types }]);
            query.push(("fields", format!("{fields},{CONVERSION_FIELDS}")));
            query.push(("action_breakdowns", "action_type".to_owned()));
            query.push(("filtering", filter.to_string()));
        } else {
            query.push(("fields", fields.to_owned()));
        }
        match days {
            InsightsQuery::Preset(preset) => query.push(("date_preset", (*preset).to_owned())),
            InsightsQuery::Range { since, until } => {
                query.push(("time_range", json!({ "since": since, "until": until }).to_string()));
            }
        }
        let pages: Pages<'_, InsightsWire> = Pages::new(self, &[id, "insights"], query, Call::Insights(id.to_owned()));
        Ok(pages.all().await?.into_iter().map(Insights::from).collect())
    }

    /// What a campaign has spent since its start, in major units; `None` when Meta does not say.
    pub async fn spend(&self, id: &CampaignId) -> Result<Option<String>> {
        let rows = self.insights_with(FIELDS, id.as_str(), &InsightsQuery::Preset("maximum"), false).await?;
        Ok(rows.into_iter().find_map(|row| row.marketing_messages_spend))
    }

    /// What a campaign is expected to reach and cost.
    pub async fn estimate(&self, account: &AdAccount, ask: &EstimateQuery<'_>) -> Result<Estimate> {
        let promoted = json!({ "page_id": ask.page.as_str() }).to_string();
        let targeting = json!({ "publisher_platforms": ["messenger"], "messenger_positions": ["marketing_messages"] });
        let (targeting, days) = (targeting.to_string(), ask.lifetime_in_days.to_string());
        let amount = ask.budget.map(|budget| budget.minor().to_string());
        let mut query = vec![
            ("promoted_object", promoted.as_str()),
            ("targeting_spec", targeting.as_str()),
            ("is_direct_send_campaign", "true"),
            ("pacing_type", "no_pacing"),
            ("lifetime_in_days", days.as_str()),
            (
                "fields",
                "estimate_delivery_upper_bound,estimate_delivery_lower_bound,estimate_cost_upper_bound,\
                 estimate_cost_lower_bound",
            ),
        ];
        if let (Some(budget), Some(amount)) = (ask.budget, &amount) {
            query.push((budget.parameter(), amount));
        }
        let url = self.address(&[account.as_str(), "message_delivery_estimate"], &query)?;
        let answer: Value = self.read(&url, &Call::Estimate(account.clone())).await?;
        // It is not documented whether the figures are in a list.
        let row = answer.pointer("/data/0").or_else(|| answer.get("data")).unwrap_or(&answer);
        let figure = |name: &str| match row.get(name)? {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().or_else(|| other.as_f64().filter(|n| (0.0..1e15).contains(n)).map(|n| n as u64)),
        };
        Ok(Estimate {
            estimate_delivery_lower_bound: figure("estimate_delivery_lower_bound"),
            estimate_delivery_upper_bound: figure("estimate_delivery_upper_bound"),
            estimate_cost_lower_bound: figure("estimate_cost_lower_bound"),
            estimate_cost_upper_bound: figure("estimate_cost_upper_bound"),
        })
    }
}

#[derive(Deserialize)]
struct InsightsWire {
    #[serde(default)]
    date_start: Text,
    #[serde(default)]
    date_stop: Text,
    #[serde(default)]
    marketing_messages_delivered: Text,
    #[serde(default)]
    marketing_messages_read_rate: Text,
    #[serde(default)]
    marketing_messages_link_btn_click: Text,
    #[serde(default)]
    marketing_messages_link_btn_click_rate: Text,
    #[serde(default)]
    marketing_messages_cost_per_delivered: Text,
    #[serde(default)]
    marketing_messages_cost_per_link_btn_click: Text,
    #[serde(default)]
    marketing_messages_spend: Text,
    #[serde(default)]
    marketing_messages_sent: Text,
    #[serde(default)]
    marketing_messages_read: Text,
    #[serde(default)]
    marketing_messages_spend_currency: Text,
    #[serde(default)]
    actions: Vec<ActionWire>,
    #[serde(default)]
    action_values: Vec<ActionWire>,
    #[serde(default)]
    website_purchase_roas: Vec<ActionWire>,
}

#[derive(Deserialize)]
struct ActionWire {
    #[serde(default)]
    action_type: Text,
    #[serde(default)]
    value: Text,
}

impl From<InsightsWire> for Insights {
    fn from(wire: InsightsWire) -> Self {
        let actions = |rows: Vec<ActionWire>| {
            rows.into_iter()
                .filter_map(|row| Some(Action { action_type: row.action_type.0?, value: row.value.0? }))
                .collect()
        };
        Self {
            date_start: wire.date_start.0,
            date_stop: wire.date_stop.0,
            marketing_messages_delivered: wire.marketing_messages_delivered.0,
            marketing_messages_read_rate: wire.marketing_messages_read_rate.0,
            marketing_messages_link_btn_click: wire.marketing_messages_link_btn_click.0,
            marketing_messages_link_btn_click_rate: wire.marketing_messages_link_btn_click_rate.0,
            marketing_messages_cost_per_delivered: wire.marketing_messages_cost_per_delivered.0,
            marketing_messages_cost_per_link_btn_click: wire.marketing_messages_cost_per_link_btn_click.0,
            marketing_messages_spend: wire.marketing_messages_spend.0,
            marketing_messages_sent: wire.marketing_messages_sent.0,
            marketing_messages_read: wire.marketing_messages_read.0,
            marketing_messages_spend_currency: wire.marketing_messages_spend_currency.0,
            actions: actions(wire.actions),
            action_values: actions(wire.action_values),
            website_purchase_roas: actions(wire.website_purchase_roas),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, Play, answer};

    #[tokio::test]
    async fn undocumented_fields_are_asked_for_and_dropped_where_graph_refuses_them() {
        let id = CampaignId::parse("7").unwrap();
        let days = InsightsQuery::Preset("maximum");
        let row = r#"{"data":[{"marketing_messages_spend":"1.40","marketing_messages_sent":12}]}"#;
        let refused =
            r#"{"error":{"code":100,"message":"(#100) marketing_messages_sent is not valid for fields param"}}"#;
        let gone = r#"{"error":{"code":100,"error_subcode":33,"message":"no such object"}}"#;
        let limited = r#"{"error":{"code":4,"message":"too many calls"}}"#;
        for (answers, sent, requests) in [
            (vec![row], Some("12"), 1),
            (vec![refused, r#"{"data":[{"marketing_messages_spend":"1.40"}]}"#], None, 2),
            (vec![refused], None, 2),
            (vec![gone], None, 1),
            (vec![limited], None, 1),
        ] {
            let host = Host::plays(answers.iter().map(|body| Play::Close(answer("200 OK", body))).collect());
            let read = host.graph().insights(&id, &days, true).await;
            let fails = answers.last().unwrap().contains("error");
            assert_eq!(read.is_err(), fails, "{answers:?}");
            let found = read.ok().and_then(|rows| rows.into_iter().next()?.marketing_messages_sent);
            assert_eq!(found.as_deref(), sent, "{answers:?}");
            let asked = host.requests();
            let extra = |n: usize| asked[n].contains("marketing_messages_sent");
            assert_eq!((asked.len(), extra(0)), (requests, true), "{answers:?}");
            assert!(requests == 1 || !extra(1), "{asked:?}");
            assert!(asked.iter().all(|asked| asked.contains("marketing_messages_spend") && asked.contains("actions")));
        }
    }
}
