//! The two kinds of budget, and what Meta asks of them when a campaign is created or its ad set is changed.

use serde_json::Value;

use super::params::Params;
use super::reply::Refusal;

const DAY: i64 = 86_400_000;

/// In the currency's smallest unit; at most one of them is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    pub daily: Option<i64>,
    pub lifetime: Option<i64>,
}

impl Budgets {
    /// What a call asks for. A zero beside the other budget means none, as in Meta's own answers.
    pub fn asked(params: &Params) -> Result<Self, Refusal> {
        match (params.whole("daily_budget")?, params.whole("lifetime_budget")?) {
            (Some(0), Some(lifetime)) => Ok(Self { daily: None, lifetime: Some(lifetime) }),
            (Some(daily), Some(0)) => Ok(Self { daily: Some(daily), lifetime: None }),
            (Some(_), Some(_)) => Err(Refusal::parameter("Only one of daily_budget and lifetime_budget can be given")),
            (daily, lifetime) => Ok(Self { daily, lifetime }),
        }
    }

    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Refuses a budget below the currency's minimum. A lifetime budget must cover each day from `starts_at` to `ends_at`, or 30.
    /// A budget that is near the minimum gets a warning.
    pub fn check(self, currency: &str, starts_at: i64, ends_at: Option<i64>) -> Result<Option<Value>, Refusal> {
        let minimum = minimum_daily(currency);
        let (budget, least, which) = match (self.daily, self.lifetime) {
            (Some(daily), _) => (daily, minimum, "daily_budget"),
            (None, Some(lifetime)) => {
                let days = ends_at.map_or(30, |end| ((end - starts_at) + DAY - 1) / DAY);
                (lifetime, minimum * days.max(1), "lifetime_budget")
            }
            (None, None) => return Ok(None),
        };
        if budget <= 0 {
            return Err(Refusal::parameter(format!("{which} must be greater than 0")));
        }
        if budget < least {
            return Err(Refusal::parameter(format!("{which} {budget} is below the minimum of {least}"))
                .subcode(1_885_272)
                .user("Your budget is too low", format!("Use at least {least} in the smallest unit of {currency}.")));
        }
        // Exactly the minimum is what Meta's guidance names, so it gets no warning.
        let low = budget > least && budget < least.saturating_mul(2);
        Ok(low.then(|| Value::from("The budget is lower than the reference for this Page. Delivery may be limited.")))
    }
}

/// The minimum daily budget, in the currency's smallest unit.
pub fn minimum_daily(currency: &str) -> i64 {
    match currency {
        "THB" => 3300,
        "JPY" => 150,
        "TWD" => 33,
        "VND" => 25_000,
        "IDR" => 16_000,
        "INR" => 9000,
        "BRL" => 600,
        "MXN" => 2000,
        _ => 100,
    }
}

/// How many of the smallest unit make one of the currency, by Meta's own list.
pub fn offset(currency: &str) -> f64 {
    match currency {
        "CLP" | "COP" | "CRC" | "HUF" | "IDR" | "ISK" | "JPY" | "KRW" | "PYG" | "TWD" | "VND" => 1.0,
        _ => 100.0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn zero_is_none_only_beside_the_other_budget() {
        let asked = |json: Value| Budgets::asked(&Params(json.as_object().unwrap().clone()));
        let budgets = |daily, lifetime| Budgets { daily, lifetime };
        for (json, wanted) in [
            (json!({}), budgets(None, None)),
            (json!({"daily_budget": 5}), budgets(Some(5), None)),
            (json!({"daily_budget": "0", "lifetime_budget": "3000"}), budgets(None, Some(3000))),
            (json!({"daily_budget": 5, "lifetime_budget": 0}), budgets(Some(5), None)),
            (json!({"daily_budget": 0}), budgets(Some(0), None)),
        ] {
            assert_eq!(asked(json.clone()).unwrap(), wanted, "{json}");
        }
        assert!(asked(json!({"daily_budget": 5, "lifetime_budget": 5})).is_err());
        assert!(budgets(Some(0), None).check("USD", 0, None).is_err());
        assert!(asked(json!({"daily_budget": 0, "lifetime_budget": 0})).unwrap().check("USD", 0, None).is_err());
    }

    #[test]
    fn a_lifetime_budget_pays_for_its_days() {
        let lifetime = |budget| Budgets { daily: None, lifetime: Some(budget) };
        assert!(lifetime(2999).check("USD", 0, None).is_err());
        assert_eq!(lifetime(3000).check("USD", 0, None).unwrap(), None);
        assert!(lifetime(3001).check("USD", 0, None).unwrap().is_some());
        assert_eq!(lifetime(300).check("USD", 0, Some(3 * DAY)).unwrap(), None);
        assert!(lifetime(299).check("USD", 0, Some(3 * DAY)).is_err());
    }
}
