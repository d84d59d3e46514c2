//! What a send is expected to cost, for a person who plans it. Nothing here decides anything.

use serde::Serialize;

use super::campaign::CampaignFacts;
use crate::campaign::Currency;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Estimate, EstimateQuery, Insights, InsightsQuery};

/// In main units of the currency, such as dollars, as Meta reports what was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    pub cost_per_delivery: Option<f64>,
    /// `observed` in this ad account, or `estimated` by Meta at its upper end.
    pub cost_source: Option<&'static str>,
    /// If everybody gets it who would be sent to, now or later.
    pub estimated_cost: Option<f64>,
    /// What is left of a total budget.
    pub budget_left: Option<f64>,
    pub currency: Option<Currency>,
}

/// Best effort: what can't be read is left out.
pub async fn read(context: &Context, facts: &CampaignFacts, people: u64) -> Cost {
    if people == 0 {
        return Cost::default();
    }
    match ask(context, facts, people).await {
        Ok(cost) => cost,
        Err(error) => {
            context.ui.debug(&format!("can't read what deliveries cost: {error}"));
            Cost::default()
        }
    }
}

async fn ask(context: &Context, facts: &CampaignFacts, people: u64) -> Result<Cost> {
    let (graph, account, page) = (context.graph()?, context.ad_account()?, context.page()?);
    let currency = graph.currency(&account).await?;
    let rows = graph.account_insights(&account, &InsightsQuery::Preset("maximum"), false).await?;
    let mut cost = Cost { currency, ..Cost::default() };
    if let Some(each) = observed(&rows) {
        (cost.cost_per_delivery, cost.cost_source) = (Some(each), Some("observed"));
    } else {
        let query = EstimateQuery { page: &page, budget: None, lifetime_in_days: crate::campaign::DEFAULT_DAYS };
        let estimate = graph.estimate(&account, &query).await?;
        if let (Some(each), Some(currency)) = (estimated(&estimate), currency) {
            (cost.cost_per_delivery, cost.cost_source) = (Some(each / units(currency)), Some("estimated"));
        }
    }
    cost.estimated_cost = cost.cost_per_delivery.map(|each| hundredths(each * count(people)));
    if let (Some(budget), Some(currency)) = (facts.lifetime_budget, currency) {
        let spent = graph.spend(&facts.id).await.map_err(Error::from)?;
        let spent = spent.and_then(|spent| spent.parse::<f64>().ok()).unwrap_or(0.0);
        cost.budget_left = Some(hundredths((count(budget) / units(currency) - spent).max(0.0)));
    }
    Ok(cost)
}

/// What a delivery cost so far; `None` before the first.
fn observed(rows: &[Insights]) -> Option<f64> {
    let sum = |of: fn(&Insights) -> Option<&String>| -> f64 {
        rows.iter().filter_map(of).filter_map(|text| text.parse::<f64>().ok()).sum()
    };
    let delivered = sum(|row| row.marketing_messages_delivered.as_ref());
    let spent = sum(|row| row.marketing_messages_spend.as_ref());
    (delivered > 0.0 && spent > 0.0).then(|| spent / delivered)
}

/// In smallest units, the dearer of both ends.
fn estimated(estimate: &Estimate) -> Option<f64> {
    let each = |cost: Option<u64>, deliveries: Option<u64>| Some(count(cost?) / count(deliveries.filter(|n| *n > 0)?));
    let low = each(estimate.estimate_cost_lower_bound, estimate.estimate_delivery_lower_bound);
    let high = each(estimate.estimate_cost_upper_bound, estimate.estimate_delivery_upper_bound);
    [low, high].into_iter().flatten().reduce(f64::max)
}

fn units(currency: Currency) -> f64 {
    count(currency.offset())
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn count(n: u64) -> f64 {
    n as f64
}

fn hundredths(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

impl Cost {
    /// `about 14.00 USD (0.0140 each, observed); 16.00 USD of the budget are left`.
    pub fn text(&self) -> String {
        let currency = self.currency.map_or_else(String::new, |currency| format!(" {currency}"));
        let mut parts = Vec::new();
        if let (Some(all), Some(each), Some(source)) = (self.estimated_cost, self.cost_per_delivery, self.cost_source) {
            parts.push(format!("about {all:.2}{currency} ({each:.4} each, {source})"));
        }
        if let Some(left) = self.budget_left {
            parts.push(format!("{left:.2}{currency} of the budget are left"));
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_billed_counts_before_what_is_estimated() {
        let row = |delivered: &str, spend: &str| Insights {
            marketing_messages_delivered: Some(delivered.to_owned()),
            marketing_messages_spend: Some(spend.to_owned()),
            ..Insights::default()
        };
        assert_eq!(observed(&[]), None);
        assert_eq!(observed(&[row("0", "0")]), None);
        assert_eq!(observed(&[row("100", "1.5"), row("100", "2.5")]), Some(0.02));
        let estimate = Estimate {
            estimate_delivery_lower_bound: Some(100),
            estimate_delivery_upper_bound: Some(200),
            estimate_cost_lower_bound: Some(150),
            estimate_cost_upper_bound: Some(400),
        };
        assert_eq!(estimated(&estimate), Some(2.0));
        assert_eq!(estimated(&Estimate { estimate_delivery_upper_bound: Some(0), ..estimate }), Some(1.5));
        assert_eq!(estimated(&Estimate::default()), None);
    }
}
