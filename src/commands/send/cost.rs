//! What a send is expected to cost, for a person who plans it. Nothing here decides anything.

use serde::Serialize;

use super::campaign::CampaignFacts;
use crate::campaign::{Amount, Budget, Currency};
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph::{self, Estimate, EstimateQuery, Insights, InsightsQuery};
use crate::log::{Said, note};

/// In main units of the currency, such as dollars, as Meta reports what was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    pub cost_per_delivery: Option<f64>,
    /// `given` by the operator, `observed` in this ad account, or `estimated` by Meta at its upper end.
    pub cost_source: Option<&'static str>,
    /// If everybody gets it who would be sent to, now or later.
    pub estimated_cost: Option<f64>,
    /// The campaign's.
    pub budget: Option<f64>,
    /// `daily`, which Meta may exceed on a day, or `lifetime`.
    pub budget_kind: Option<&'static str>,
    /// What is left of it: of a daily one today.
    pub budget_left: Option<f64>,
    /// So many deliveries are paid for by what is left.
    pub budget_pays_for: Option<u64>,
    pub currency: Option<Currency>,
}

/// What a delivery is reckoned at.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    pub each: Option<Amount>,
    pub source: Option<&'static str>,
    pub currency: Option<Currency>,
}

/// What the operator says, else what deliveries cost so far in this ad account, else Meta's estimate at its upper end. What Graph refuses to
/// tell is not known.
///
/// # Errors
/// Graph can't be asked.
pub async fn price(context: &Context, given: Option<Amount>) -> Result<Price> {
    let (graph, account) = (context.graph()?, context.ad_account()?);
    let currency = told(graph.currency(&account).await)?.flatten();
    let price = |each: Option<Amount>, source| Price { each, source: each.map(|_| source), currency };
    if given.is_some() {
        return Ok(price(given, "given"));
    }
    if let Some(currency) = currency {
        let rows = graph.account_insights(&account, &InsightsQuery::Preset("maximum"), false).await;
        let each = told(rows)?.and_then(|rows| observed(&rows));
        if let Some(each) = each.and_then(|each| Amount::of_main_units(each, currency)) {
            return Ok(price(Some(each), "observed"));
        }
    }
    let query = EstimateQuery { page: &context.page()?, budget: None, lifetime_in_days: crate::campaign::DEFAULT_DAYS };
    let estimate = told(graph.estimate(&account, &query).await)?;
    let each = estimate.and_then(|estimate| estimated(&estimate)).and_then(Amount::of_smallest_units);
    Ok(price(each.filter(|each| *each > Amount::default()), "estimated"))
}

/// What Meta says the ad account's marketing messages cost today.
pub async fn spent_today(context: &Context, currency: Currency) -> Option<Amount> {
    let (graph, account) = (context.graph().ok()?, context.ad_account().ok()?);
    let rows = graph.account_insights(&account, &InsightsQuery::Preset("today"), false).await.ok()?;
    Amount::of_main_units(spent(&rows), currency)
}

/// `None` where Graph answers that it does not tell.
fn told<T>(answer: graph::Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_final() => {
            note!(INFO, "not read", what = "what deliveries cost", why = Said(&Error::from(error).to_string()));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Best effort: what can't be read is left out.
pub async fn read(context: &Context, facts: &CampaignFacts, people: u64, given: Option<Amount>) -> Cost {
    if people == 0 {
        return Cost::default();
    }
    match ask(context, facts, people, given).await {
        Ok(cost) => cost,
        Err(error) => {
            note!(INFO, "not read", what = "what deliveries cost", why = Said(&error.to_string()));
            Cost::default()
        }
    }
}

async fn ask(context: &Context, facts: &CampaignFacts, people: u64, given: Option<Amount>) -> Result<Cost> {
    let Price { each, source, currency } = price(context, given).await?;
    let mut cost = Cost { currency, ..Cost::default() };
    if currency.is_some() {
        cost.cost_per_delivery = each.map(|each| each.units(currency));
        cost.cost_source = source;
        cost.estimated_cost = each.map(|each| hundredths(each.times(people).units(currency)));
    }
    if let (Some(budget), Some(known)) = (facts.budget, currency) {
        let (kind, days) = match budget {
            Budget::Daily(_) => ("daily", "today"),
            Budget::Lifetime(_) => ("lifetime", "maximum"),
        };
        let whole = Amount::of_minor(budget.minor());
        (cost.budget, cost.budget_kind) = (Some(whole.units(currency)), Some(kind));
        let rows = context.graph()?.insights(&facts.id, &InsightsQuery::Preset(days), false).await;
        let spent = told(rows)?.and_then(|rows| Amount::of_main_units(spent(&rows), known));
        if let Some(spent) = spent {
            let left = whole.minus(spent);
            cost.budget_left = Some(hundredths(left.units(currency)));
            cost.budget_pays_for = each.map(|each| left.holds(each));
        }
    }
    Ok(cost)
}

/// What a delivery cost so far; `None` before the first. Meta rounds what was spent, which after few deliveries is far off: its own
/// average counts where that is dearer.
fn observed(rows: &[Insights]) -> Option<f64> {
    let delivered = sum(rows, |row| row.marketing_messages_delivered.as_ref());
    let spent = spent(rows);
    let average = match rows {
        [only] => number(only.marketing_messages_cost_per_delivered.as_ref()),
        _ => None,
    };
    let each = (spent / delivered).max(average.unwrap_or(0.0));
    (delivered > 0.0 && each > 0.0 && each.is_finite()).then_some(each)
}

fn spent(rows: &[Insights]) -> f64 {
    sum(rows, |row| row.marketing_messages_spend.as_ref())
}

fn sum(rows: &[Insights], of: fn(&Insights) -> Option<&String>) -> f64 {
    rows.iter().filter_map(|row| number(of(row))).sum()
}

fn number(text: Option<&String>) -> Option<f64> {
    text.and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite())
}

/// In smallest units, the dearer of both ends.
fn estimated(estimate: &Estimate) -> Option<f64> {
    let each = |cost: Option<u64>, deliveries: Option<u64>| Some(count(cost?) / count(deliveries.filter(|n| *n > 0)?));
    let low = each(estimate.estimate_cost_lower_bound, estimate.estimate_delivery_lower_bound);
    let high = each(estimate.estimate_cost_upper_bound, estimate.estimate_delivery_upper_bound);
    [low, high].into_iter().flatten().reduce(f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn count(n: u64) -> f64 {
    n as f64
}

fn hundredths(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

impl Cost {
    /// `about 14.00 USD (0.0140 each, observed); 16.00 USD are left of the lifetime budget of 30.00 USD`.
    pub fn text(&self) -> String {
        let decimals = self.currency.map_or(2, Currency::decimals);
        let currency = self.currency.map_or_else(String::new, |currency| format!(" {currency}"));
        let mut parts = Vec::new();
        if let (Some(all), Some(each), Some(source)) = (self.estimated_cost, self.cost_per_delivery, self.cost_source) {
            let finer = decimals + 2;
            parts.push(format!("about {all:.decimals$}{currency} ({each:.finer$} each, {source})"));
        }
        if let (Some(left), Some(whole), Some(kind)) = (self.budget_left, self.budget, self.budget_kind) {
            let today = if kind == "daily" { " today" } else { "" };
            parts.push(format!(
                "{left:.decimals$}{currency} are left{today} of the {kind} budget of {whole:.decimals$}{currency}"
            ));
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let cost = |code: &str| Cost {
            cost_per_delivery: Some(3.0),
            cost_source: Some("observed"),
            estimated_cost: Some(120.0),
            budget: Some(6000.0),
            budget_kind: Some("daily"),
            budget_left: Some(5910.0),
            currency: Currency::parse(code),
            ..Cost::default()
        };
        let usd =
            "about 120.00 USD (3.0000 each, observed); 5910.00 USD are left today of the daily budget of 6000.00 USD";
        assert_eq!(cost("USD").text(), usd);
        let jpy = "about 120 JPY (3.00 each, observed); 5910 JPY are left today of the daily budget of 6000 JPY";
        assert_eq!(cost("JPY").text(), jpy);
    }

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
        // Three deliveries at 0.014 are billed as 0.04; one at 0.004 as nothing.
        let average = |each: &str, row: Insights| Insights {
            marketing_messages_cost_per_delivered: Some(each.to_owned()),
            ..row
        };
        assert_eq!(observed(&[average("0.014", row("3", "0.04"))]), Some(0.014));
        assert_eq!(observed(&[average("0.004", row("1", "0.00"))]), Some(0.004));
        assert_eq!(observed(&[average("0.01", row("100", "1.5"))]), Some(0.015));
        assert_eq!(observed(&[average("0.014", row("0", "0"))]), None);
        assert_eq!(observed(&[average("NaN", row("100", "1.5"))]), Some(0.015));
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
