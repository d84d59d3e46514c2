//! `mmsg campaign estimate`.

use serde::Serialize;

use super::currency::{currency_to_show, money};
use crate::campaign::{Budget, Currency, DEFAULT_DAYS, PageId};
use crate::commands::context::Context;
use crate::error::{Exit, Result};
use crate::graph::{Estimate, EstimateQuery};
use crate::ui::table::Record;

/// Estimate what a campaign of the Page would reach and cost.
///
/// The estimate is Meta's; nothing is created or charged.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Daily budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount, conflicts_with = "lifetime_budget")]
    daily_budget: Option<u64>,
    /// Total budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount)]
    lifetime_budget: Option<u64>,
    /// Page that sends [default: the profile's].
    #[arg(long, value_name = "ID", value_parser = PageId::parse)]
    page: Option<PageId>,
    /// Number of days it runs.
    #[arg(long, value_name = "DAYS", default_value_t = DEFAULT_DAYS, value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let page = match args.page {
        Some(page) => page,
        None => context.page()?,
    };
    let budget = args.daily_budget.map(Budget::Daily).or(args.lifetime_budget.map(Budget::Lifetime));
    let ask = EstimateQuery { page: &page, budget, lifetime_in_days: args.days };
    let estimate = context.graph()?.estimate(&account, &ask).await?;
    let currency = currency_to_show(context, &account).await?;
    context.ui.object(&EstimateRow { estimate, currency })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct EstimateRow {
    #[serde(flatten)]
    estimate: Estimate,
    currency: Option<Currency>,
}

impl Record for EstimateRow {
    const PLURAL: &'static str = "estimates";
    const COLUMNS: &'static [&'static str] = &["deliveries", "cost"];

    fn cells(&self) -> Vec<String> {
        let number = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let cost = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| money(n, self.currency));
        let Estimate {
            estimate_delivery_lower_bound: low,
            estimate_delivery_upper_bound: high,
            estimate_cost_lower_bound: cheap,
            estimate_cost_upper_bound: dear,
        } = self.estimate;
        vec![format!("{} to {}", number(low), number(high)), format!("{} to {}", cost(cheap), cost(dear))]
    }
}
