//! Usage headers: how close to the limits we are, and how long to wait. Their units differ.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Text, is_object};

static BUSINESS: HeaderName = HeaderName::from_static("x-business-use-case-usage");
static ACCOUNT: HeaderName = HeaderName::from_static("x-ad-account-usage");
static APP: HeaderName = HeaderName::from_static("x-app-usage");

/// What the usage headers of one answer say. Percentages of the limit: 100 is the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// `X-Business-Use-Case-Usage`: the highest of its percents.
    pub business: Option<f64>,
    /// `X-Ad-Account-Usage`.
    pub account: Option<f64>,
    /// `X-App-Usage`: the highest of its percents.
    pub app: Option<f64>,
    /// Until access comes back, when it is lost: minutes in the header.
    pub regain: Option<Duration>,
    /// Until the ad account's score is reset: seconds in the header.
    pub reset: Option<Duration>,
    pub tier: Option<Tier>,
}

/// The app's access to the ads API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// `development_access`, formerly Standard.
    Limited,
    /// `standard_access`, formerly Advanced.
    Full,
}

impl Usage {
    /// The highest percent of all.
    pub fn percent(&self) -> Option<f64> {
        [self.business, self.account, self.app].into_iter().flatten().reduce(f64::max)
    }

    /// How long to wait, if given: the time to regain access, otherwise the reset of a used-up score.
    pub fn wait(&self) -> Option<Duration> {
        self.regain.or_else(|| self.reset.filter(|_| self.account.is_some_and(|percent| percent >= 100.0)))
    }

    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut usage = Self::default();
        // One that is given twice was written on both sides of a proxy: the worse counts.
        texts(headers, &BUSINESS).for_each(|json| usage.read_business(json));
        texts(headers, &ACCOUNT).for_each(|json| usage.read_account(json));
        for app in texts(headers, &APP).filter_map(Fields::read) {
            usage.app = highest(usage.app, app.percent());
        }
        usage
    }

    fn read_business(&mut self, json: &str) {
        let Ok(accounts) = serde_json::from_str::<HashMap<String, &RawValue>>(json) else {
            return;
        };
        // A bad entry of one account must not hide another's.
        let cases = accounts.values().filter_map(|cases| serde_json::from_str::<Vec<&RawValue>>(cases.get()).ok());
        for case in cases.flatten().filter_map(|case| Fields::read(case.get())) {
            self.business = highest(self.business, case.percent());
            let minutes = number(&case.estimated_time_to_regain_access);
            self.regain = self.regain.max(minutes.and_then(|minutes| time(minutes * 60.0)));
            self.tier = self.tier.or_else(|| tier(&case.ads_api_access_tier));
        }
    }

    fn read_account(&mut self, json: &str) {
        let Some(account) = Fields::read(json) else {
            return;
        };
        self.account = highest(self.account, number(&account.acc_id_util_pct));
        self.reset = self.reset.max(number(&account.reset_time_duration).and_then(time));
        self.tier = tier(&account.ads_api_access_tier).or(self.tier);
    }
}

/// The fields of all three headers; one whose value makes no sense counts as missing.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    call_count: Text,
    #[serde(default)]
    total_cputime: Text,
    #[serde(default)]
    total_time: Text,
    #[serde(default)]
    estimated_time_to_regain_access: Text,
    #[serde(default)]
    acc_id_util_pct: Text,
    #[serde(default)]
    reset_time_duration: Text,
    #[serde(default)]
    ads_api_access_tier: Text,
}

impl Fields {
    fn read(json: &str) -> Option<Self> {
        if is_object(json) { serde_json::from_str(json).ok() } else { None }
    }

    /// The highest of the three percents.
    fn percent(&self) -> Option<f64> {
        [&self.call_count, &self.total_cputime, &self.total_time].into_iter().map(number).fold(None, highest)
    }
}

fn number(text: &Text) -> Option<f64> {
    text.0.as_deref()?.parse().ok()
}

/// The texts of a header, each of them one JSON value.
fn texts<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other.filter(|percent| percent.is_finite() && *percent >= 0.0)) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

/// At most one day: no documented block is longer, and a wrong header must not stop us for years.
fn time(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(86_400.0)))
}

fn tier(name: &Text) -> Option<Tier> {
    match name.0.as_deref()? {
        "development_access" | "limited_access" | "limited" => Some(Tier::Limited),
        "standard_access" | "full_access" | "full" => Some(Tier::Full),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(headers: &[(&'static str, &'static str)]) -> Usage {
        Usage::read(&headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
    }

    #[test]
    fn each_header_is_read_in_its_own_unit() {
        let read = usage(&[
            (
                "x-business-use-case-usage",
                r#"{"1":[{"type":"ads_management","call_count":95,"total_cputime":20,"estimated_time_to_regain_access":3}],"2":[{"call_count":7}]}"#,
            ),
            (
                "x-ad-account-usage",
                r#"{"acc_id_util_pct":9.67,"reset_time_duration":100,"ads_api_access_tier":"standard_access"}"#,
            ),
            ("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":29}"#),
        ]);
        assert_eq!((read.business, read.account, read.app), (Some(95.0), Some(9.67), Some(29.0)));
        assert_eq!(read.regain, Some(Duration::from_secs(180)));
        assert_eq!(read.reset, Some(Duration::from_secs(100)));
        assert_eq!(read.tier, Some(Tier::Full));
        assert_eq!(read.percent(), Some(95.0));
        assert_eq!(read.wait(), Some(Duration::from_secs(180)));
    }

    #[test]
    fn of_a_header_given_twice_the_worse_counts() {
        for (first, second) in [(20, 95), (95, 20)] {
            let percents = |headers: [(&'static str, String); 2]| {
                let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
                Usage::read(&headers.into_iter().collect())
            };
            let business = |percent| ("x-business-use-case-usage", format!(r#"{{"1":[{{"call_count":{percent}}}]}}"#));
            assert_eq!(percents([business(first), business(second)]).business, Some(95.0));
            let account = |percent| {
                let json = format!(r#"{{"acc_id_util_pct":{percent},"reset_time_duration":{percent}}}"#);
                ("x-ad-account-usage", json)
            };
            let both = percents([account(first), account(second)]);
            assert_eq!((both.account, both.reset), (Some(95.0), Some(Duration::from_secs(95))));
            let app = |percent| ("x-app-usage", format!(r#"{{"total_time":{percent}}}"#));
            assert_eq!(percents([app(first), app(second)]).app, Some(95.0));
        }
    }

    #[test]
    fn a_reset_is_a_wait_only_when_the_score_is_used_up() {
        let account = |json| usage(&[("x-ad-account-usage", json)]).wait();
        assert_eq!(account(r#"{"acc_id_util_pct":99,"reset_time_duration":60}"#), None);
        assert_eq!(account(r#"{"acc_id_util_pct":100,"reset_time_duration":60}"#), Some(Duration::from_secs(60)));
    }

    #[test]
    fn nonsense_is_ignored() {
        for json in [
            "",
            "{",
            "[]",
            "null",
            r#"{"1":5}"#,
            r#"{"1":[{"call_count":"x"}]}"#,
            r#"{"1":[{"call_count":"NaN"}],"call_count":1e999}"#,
            r#"{"acc_id_util_pct":-1}"#,
        ] {
            for name in ["x-business-use-case-usage", "x-ad-account-usage", "x-app-usage"] {
                assert_eq!(usage(&[(name, json)]).percent(), None, "{name}: {json}");
            }
        }
        // One entry without sense does not hide the others.
        let json = r#"{"1":null,"2":[5,{"call_count":[],"total_time":-3},{"call_count":"96.5","estimated_time_to_regain_access":"2"}],"3":{}}"#;
        let mixed =
            usage(&[("x-business-use-case-usage", json), ("x-ad-account-usage", r#"{"acc_id_util_pct":"9","x":1}"#)]);
        assert_eq!((mixed.business, mixed.account), (Some(96.5), Some(9.0)));
        assert_eq!(mixed.regain, Some(Duration::from_secs(120)));
        let several = r#"{"1":[{"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":9},{"estimated_time_to_regain_access":4}]}"#;
        assert_eq!(usage(&[("x-business-use-case-usage", several)]).regain, Some(Duration::from_secs(540)));
        // Access that was not lost comes back in no time: that is not a wait, but the account's reset is.
        let none = [
            ("x-business-use-case-usage", r#"{"1":[{"estimated_time_to_regain_access":0}]}"#),
            ("x-ad-account-usage", r#"{"acc_id_util_pct":100,"reset_time_duration":60}"#),
        ];
        assert_eq!((usage(&none).regain, usage(&none).wait()), (None, Some(Duration::from_secs(60))));
        assert_eq!(usage(&none[..1]).wait(), None);
        let far = usage(&[("x-business-use-case-usage", r#"{"1":[{"estimated_time_to_regain_access":1e300}]}"#)]);
        assert_eq!(far.regain, Some(Duration::from_secs(86_400)));
    }
}
