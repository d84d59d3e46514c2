//! Amounts in the ad account's currency.

use crate::campaign::{AdAccount, Budget, Currency, Money};
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::log::{Said, note};

/// The account's currency, for display only; without it, amounts are shown in the smallest unit.
pub async fn currency_to_show(context: &Context, account: &AdAccount) -> Result<Option<Currency>> {
    match context.graph()?.currency(account).await {
        Ok(currency) => Ok(currency),
        Err(error) => {
            note!(INFO, "not read", what = "the ad account's currency", why = Said(&Error::from(error).to_string()));
            Ok(None)
        }
    }
}

/// `30.00 USD in total`, or `5.00 USD per day`.
pub fn budget_text(budget: Budget, currency: Option<Currency>) -> String {
    match budget {
        Budget::Daily(minor) => format!("{} per day", money(minor, currency)),
        Budget::Lifetime(minor) => format!("{} in total", money(minor, currency)),
    }
}

/// `30.00 USD`, or the bare number of smallest units.
pub fn money(minor: u64, currency: Option<Currency>) -> String {
    match currency {
        Some(currency) => Money { minor, currency }.to_string(),
        None => format!("{minor} smallest units"),
    }
}
