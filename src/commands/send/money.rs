//! What a send may spend: `--max-spend` and the profile's daily limit.

use serde::Serialize;

use super::cost;
use crate::campaign::{Amount, Currency};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::ledger::spending::{Ceiling, Spending, WhichCeiling};
use crate::ledger::{self, Ledger};
use crate::times::day::Day;

#[derive(clap::Args, Debug)]
pub struct MoneyArgs {
    /// Spend at most AMOUNT on the ad account's day, in the currency's smallest unit (3000 is 30.00 USD); what all other runs on
    /// this ledger spend on that day counts. Then the run ends with exit code 6. --resume needs it again; daily_spend_limit in the
    /// profile holds for every run.
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse_whole)]
    max_spend: Option<Amount>,
    /// Count a delivery as AMOUNT, in the currency's smallest unit, such as 1.4 [default: what one cost so far in the ad account;
    /// before the first, Meta's upper estimate].
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse_cost)]
    cost_per_delivery: Option<Amount>,
}

impl Money {
    /// How the account stands, for whoever writes nothing.
    pub fn spending(
        &self,
        ledger: &Ledger,
        ad_account: &str,
        now: UnixMillis,
    ) -> ledger::error::Result<Option<Spending>> {
        let spending = ledger.spending(ad_account, &self.ceiling, now)?;
        Ok(spending.map(|spending| Spending { told: spending.told.max(self.told.unwrap_or_default()), ..spending }))
    }
}

/// What may be spent, and what Meta says was spent today.
#[derive(Clone, Copy, Debug)]
pub struct Money {
    pub ceiling: Ceiling,
    pub today: Day,
    pub told: Option<Amount>,
}

impl MoneyArgs {
    pub fn cost_per_delivery(&self) -> Option<Amount> {
        self.cost_per_delivery
    }

    /// The flags as words, for the command that continues.
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(limit) = self.max_spend {
            words.push_str(&format!(" --max-spend {}", limit.minor()));
        }
        if let Some(cost) = self.cost_per_delivery {
            words.push_str(&format!(" --cost-per-delivery {}", cost.units(None)));
        }
        words
    }

    /// `None` without a limit: nothing is asked then.
    ///
    /// # Errors
    /// Exit 5 if nobody knows what a delivery costs.
    pub async fn read(&self, context: &Context, now: UnixMillis) -> Result<Option<Money>> {
        let daily = context.settings.send.daily_spend_limit.as_ref().map(|limit| limit.value);
        if daily.is_none() && self.max_spend.is_none() {
            return Ok(None);
        }
        let price = cost::price(context, self.cost_per_delivery).await?;
        let Some(each) = price.each else {
            return Err(Error::refused(
                "a spend limit needs to know what a delivery costs: the ad account has not paid for one yet, and Meta gives no \
                 estimate; nothing was planned or sent",
            )
            .hint("pass --cost-per-delivery AMOUNT in the currency's smallest unit: that much is reserved for each message"));
        };
        let zone = context.account_zone().await?;
        let today = Day::at(now, zone);
        let in_all = self.max_spend.map(|limit| (limit, today));
        let ceiling = Ceiling { each, currency: price.currency, zone, daily, in_all };
        let told = match price.currency {
            Some(currency) => cost::spent_today(context, currency).await,
            None => None,
        };
        Ok(Some(Money { ceiling, today, told }))
    }
}

/// How the ad account stands under its limit; in main units of the currency, or in smallest ones where that is not known.
#[derive(Clone, Debug, Serialize)]
pub struct SpendTotals {
    /// `max_spend` or `daily_spend_limit`: what leaves less.
    pub by: &'static str,
    /// The first day that counts, in the ad account's time zone.
    pub since: String,
    pub limit: f64,
    pub spent: f64,
    /// For messages that are not known to be delivered.
    pub reserved: f64,
    pub left: f64,
    pub cost_per_delivery: f64,
    pub currency: Option<Currency>,
    #[serde(skip)]
    spending: Spending,
}

impl SpendTotals {
    /// `0.40 USD spent and 0.60 USD reserved of 1.50 USD since 2026-12-01; 0.50 USD left`.
    pub fn text(&self) -> String {
        let shown = |amount: Amount| amount.text(self.currency);
        let Spending { limit, since, .. } = self.spending;
        format!(
            "{} spent and {} reserved of {} since {since}; {} left",
            shown(self.spending.spent()),
            shown(self.spending.reserved()),
            shown(limit),
            shown(self.spending.left())
        )
    }
}

impl From<Spending> for SpendTotals {
    fn from(spending: Spending) -> Self {
        let units = |amount: Amount| amount.units(spending.currency);
        Self {
            by: match spending.which {
                WhichCeiling::Daily => "daily_spend_limit",
                WhichCeiling::InAll => "max_spend",
            },
            since: spending.since.to_string(),
            limit: units(spending.limit),
            spent: units(spending.spent()),
            reserved: units(spending.reserved()),
            left: units(spending.left()),
            cost_per_delivery: units(spending.each),
            currency: spending.currency,
            spending,
        }
    }
}
