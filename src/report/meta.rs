//! Meta's figures next to the ledger's counts, and the cost of each result.

use serde::Serialize;

use super::Funnel;
use super::figures::ratio;

/// Figures received from Meta, summed over campaigns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetaTotals {
    /// The number of campaigns included.
    pub campaigns: u64,
    pub date_start: Option<String>,
    pub date_stop: Option<String>,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    /// In the currency's main unit; `None` if currencies are mixed.
    pub spend: Option<f64>,
    pub currency: Option<String>,
    /// Decimals of amounts in this currency.
    pub decimals: usize,
    /// Why Meta's figures can't be compared with the ledger's; `None` if they can.
    pub apart: Option<String>,
}

/// Meta's figures. They lag and are estimates; deliveries in Europe and Japan are not counted.
#[derive(Clone, Debug, Serialize)]
pub struct Meta {
    pub campaigns: u64,
    pub date_start: Option<String>,
    pub date_stop: Option<String>,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    pub read_rate: Option<f64>,
    pub click_rate: Option<f64>,
    pub spend: Option<f64>,
    pub currency: Option<String>,
    /// By Meta's counts.
    pub cost_per: Cost,
    /// The ledger's counts minus Meta's; `None` if they don't cover the same messages.
    pub ledger_more: Option<Differences>,
    /// The cost per result by the ledger's counts; `None` likewise.
    pub cost_per_in_ledger: Option<Cost>,
    pub note: Option<String>,
    #[serde(skip)]
    pub decimals: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    pub delivered: Option<f64>,
    pub read: Option<f64>,
    pub clicked: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Differences {
    pub delivered: i64,
    pub read: i64,
    pub clicked: i64,
}

impl Meta {
    pub fn of(totals: MetaTotals, funnel: &Funnel) -> Self {
        let MetaTotals { campaigns, date_start, date_stop, delivered, read, clicked, spend, currency, decimals, apart } =
            totals;
        let same = apart.is_none();
        let cost = |delivered, read, clicked| Cost {
            delivered: each(spend, delivered),
            read: each(spend, read),
            clicked: each(spend, clicked),
        };
        Self {
            campaigns,
            date_start,
            date_stop,
            delivered,
            read,
            clicked,
            read_rate: ratio(read, delivered),
            click_rate: ratio(clicked, delivered),
            spend,
            currency,
            cost_per: cost(delivered, read, clicked),
            ledger_more: same.then(|| Differences {
                delivered: more(funnel.delivered, delivered),
                read: more(funnel.read, read),
                clicked: more(funnel.clicked, clicked),
            }),
            cost_per_in_ledger: same.then(|| cost(funnel.delivered, funnel.read, funnel.clicked)),
            note: apart,
            decimals,
        }
    }

    /// `2026-11-01 to 2026-11-24 in the ad account's time zone`.
    pub fn days(&self) -> Option<String> {
        let (from, to) = self.date_start.as_ref().zip(self.date_stop.as_ref())?;
        Some(format!("{from} to {to} in the ad account's time zone"))
    }

    /// `38.87 USD`; `-` if unknown.
    pub fn money(&self, amount: Option<f64>) -> String {
        self.with_currency(amount, self.decimals)
    }

    /// The cost of one result, with two more decimals: it is often a fraction of the smallest unit.
    pub fn price(&self, amount: Option<f64>) -> String {
        self.with_currency(amount, self.decimals + 2)
    }

    fn with_currency(&self, amount: Option<f64>, decimals: usize) -> String {
        match (amount, &self.currency) {
            (Some(_), Some(currency)) => format!("{} {currency}", plain(amount, decimals)),
            _ => plain(amount, decimals),
        }
    }

    /// Meta's figures next to the ledger's, for people.
    pub fn compared(&self, funnel: &Funnel) -> Vec<Compared> {
        use super::figures::signed;
        use crate::text::thousands;
        let more = |of: fn(&Differences) -> i64| self.ledger_more.as_ref().map_or_else(dash, |all| signed(of(all)));
        let count = |what: &str, ours: u64, theirs: u64, difference| Compared {
            what: what.to_owned(),
            ledger: thousands(ours),
            meta: thousands(theirs),
            difference,
        };
        let named =
            |what: &str| self.currency.as_ref().map_or(what.to_owned(), |currency| format!("{what} ({currency})"));
        let price = |what, of: fn(&Cost) -> Option<f64>| Compared {
            what: named(what),
            ledger: plain(self.cost_per_in_ledger.as_ref().and_then(of), self.decimals + 2),
            meta: plain(of(&self.cost_per), self.decimals + 2),
            difference: dash(),
        };
        vec![
            count("delivered", funnel.delivered, self.delivered, more(|all| all.delivered)),
            count("read", funnel.read, self.read, more(|all| all.read)),
            count("clicked", funnel.clicked, self.clicked, more(|all| all.clicked)),
            Compared {
                what: named("spent"),
                ledger: dash(),
                meta: plain(self.spend, self.decimals),
                difference: dash(),
            },
            price("cost per delivery", |cost| cost.delivered),
            price("cost per read", |cost| cost.read),
            price("cost per click", |cost| cost.clicked),
        ]
    }
}

/// A line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub what: String,
    pub ledger: String,
    pub meta: String,
    /// The ledger's count minus Meta's.
    pub difference: String,
}

fn plain(amount: Option<f64>, decimals: usize) -> String {
    amount.map_or_else(dash, |amount| format!("{amount:.decimals$}"))
}

fn dash() -> String {
    "-".to_owned()
}

fn more(ours: u64, theirs: u64) -> i64 {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    number(ours) - number(theirs)
}

/// Rounded to six decimals.
fn each(spend: Option<f64>, results: u64) -> Option<f64> {
    spend.filter(|_| results > 0).map(|spend| (spend / results as f64 * 1e6).round() / 1e6)
}
