//! The minimum budget of an ad account.

use super::currency::{currency_to_show, money};
use crate::campaign::{AdAccount, Budget, Currency};
use crate::commands::context::Context;
use crate::error::{Error, Result};

/// Refuses a budget below the account's minimum, and returns the currency to show.
pub async fn check_minimum(
    context: &Context,
    account: &AdAccount,
    budget: Budget,
    days: u64,
) -> Result<Option<Currency>> {
    let graph = context.graph()?;
    let rows = graph.minimum_budgets(account).await?;
    let row = match rows.as_slice() {
        [only] => Some(*only),
        [] => None,
        // Of several currencies only the account's own counts.
        rows => {
            let currency = graph.currency(account).await?;
            rows.iter().find(|row| Some(row.currency) == currency).copied()
        }
    };
    let Some(row) = row else {
        context.ui.warn("Graph returned no minimum budget for the ad account; the budget was not checked");
        return currency_to_show(context, account).await;
    };
    let currency = Some(row.currency);
    let least = budget.least(row.min_daily.unwrap_or(0), days);
    if budget.minor() < least {
        let per = match budget {
            Budget::Daily(_) => "per day".to_owned(),
            Budget::Lifetime(_) => format!("for {days} days"),
        };
        return Err(Error::refused(format!(
            "the budget of {} is too low: {account} requires at least {} {per}",
            money(budget.minor(), currency),
            money(least, currency)
        ))
        .hint(format!("use --{} {least} or more", budget.parameter().replace('_', "-"))));
    }
    Ok(currency)
}
