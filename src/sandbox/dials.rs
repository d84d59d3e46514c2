//! The dials: what is fixed when the sandbox starts, and what may be turned while it runs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::chance;
use super::faults::{Fault, Faults};
use crate::error::{Error, Result};

/// A share between 0 and 1: `1%`, `0.01` or `1/100`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratio(pub f64);

impl FromStr for Ratio {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let value = if let Some(percent) = text.strip_suffix('%') {
            number(percent).map(|value| value / 100.0)
        } else if let Some((part, whole)) = text.split_once('/') {
            number(part).zip(number(whole)).map(|(part, whole)| part / whole)
        } else {
            number(text)
        };
        value.filter(|value| (0.0..=1.0).contains(value)).map(Self).ok_or_else(|| {
            Error::usage(format!("'{text}' is no share between 0 and 100%")).hint("write 1%, 0.01 or 1/100")
        })
    }
}

/// A length of time: `50ms`, `12h`, `1m30s`, `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let wrong = || Error::usage(format!("'{text}' is no length of time")).hint("write 50ms, 12h or 1m30s");
        let parsed: SignedDuration = text.parse().map_err(|error: jiff::Error| wrong().because(&error))?;
        Duration::try_from(parsed).map(Self).map_err(|_| wrong())
    }
}

/// A length of time that may be negative: `-15m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew(pub SignedDuration);

impl FromStr for Skew {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (sign, rest) = text.trim().strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let span: Span = rest.parse()?;
        SignedDuration::try_from(span.0)
            .map(|span| Self(span * sign))
            .map_err(|error| Error::usage(format!("'{text}' is too long")).because(&error))
    }
}

/// The access tier whose rate scores are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 60 points, drained 0.2 a second, blocked for 300 s.
    Limited,
    /// 9000 points, drained 30 a second, blocked for 60 s.
    Full,
}

/// How webhook notices are wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    #[default]
    Changes,
    Messaging,
    /// Each notice in one of the two, and sometimes with `field` only inside the value.
    Mixed,
}

/// The unit of webhook timestamps, which Meta does not state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    #[default]
    Seconds,
    Millis,
    /// Eleven digits, as in Meta's sample.
    Odd,
    Mixed,
}

/// Who may call, and for what. Made from the seed unless given; these are not Meta's secrets.
#[derive(Clone)]
pub struct Credentials {
    /// The system user's access token.
    pub token: String,
    pub page_token: String,
    pub app_id: String,
    pub app_secret: String,
    pub verify_token: String,
}

impl Credentials {
    /// The same seed, the same credentials.
    pub fn from_seed(seed: u64) -> Self {
        let letters = |what: &str, length: usize| chance::letters(length, chance::draw(seed, "credentials", what, 0));
        Self {
            token: format!("EAASANDBOX{}", letters("token", 60)),
            page_token: format!("EAASANDBOXPAGE{}", letters("page", 60)),
            app_id: chance::digits("7", 15, chance::draw(seed, "credentials", "app", 0)),
            app_secret: format!("{:032x}", chance::fingerprint(&[b"app secret", &seed.to_le_bytes()])),
            verify_token: letters("verify", 24),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([hidden])")
    }
}

/// What happens to an accepted message, and how Meta's notices of it arrive. All times are real ones, whatever `time_scale` says.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Where notices are posted; none are made without it.
    pub url: Option<String>,
    /// Between acceptance and echo, and between each later stage and the one before.
    pub delay: Duration,
    /// Notices in one POST at most.
    pub batch: usize,
    /// Accepted sends that fail later.
    pub failed: f64,
    /// Sends echoed, of those that do not fail. The rest is only seen later, or never.
    pub echoed: f64,
    pub delivered: f64,
    /// Of those delivered.
    pub read: f64,
    /// Of those read.
    pub clicked: f64,
    /// Notices that come twice.
    pub duplicates: f64,
    /// Notices that come `late_by` after their time.
    pub late: f64,
    pub late_by: Duration,
    /// Notices overtaken by later ones.
    pub disorder: f64,
    /// Notices never sent, though counted in the truth.
    pub lost: f64,
    /// Notices without (or with null, 0) the ids that may be missing.
    pub missing_ids: f64,
    pub envelope: Envelope,
    pub stamps: Stamps,
    /// How long a notice is tried; Meta then unsubscribes the app.
    pub retry_for: Duration,
    /// One JSON line for each notice made and each answer of 200.
    pub truth: Option<PathBuf>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            url: None,
            delay: Duration::from_secs(1),
            batch: 100,
            failed: 0.02,
            echoed: 1.0,
            delivered: 0.97,
            read: 0.6,
            clicked: 0.2,
            duplicates: 0.0,
            late: 0.0,
            late_by: Duration::from_mins(1),
            disorder: 0.0,
            lost: 0.0,
            missing_ids: 0.0,
            envelope: Envelope::Changes,
            stamps: Stamps::Seconds,
            retry_for: Duration::from_hours(1),
            truth: None,
        }
    }
}

/// What is fixed when the sandbox starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 takes a free one.
    pub port: u16,
    pub seed: u64,
    pub credentials: Credentials,
    /// Without `act_`. The first one is the one that operators are told.
    pub ad_accounts: Vec<String>,
    pub pages: Vec<String>,
    /// ISO 4217, of all ad accounts.
    pub currency: String,
    /// Of all ad accounts.
    pub time_zone: String,
    /// 1 is active.
    pub account_status: i64,
    /// The periods of the rules (12 h, warm-up, blocks, waits) are divided by this and rates multiplied; times shown stay real.
    pub time_scale: f64,
    /// How long a new campaign refuses, before `time_scale`.
    pub warm_up: Duration,
    pub tier: Option<Tier>,
    /// Calls without `appsecret_proof` are refused. A wrong one always is.
    pub require_proof: bool,
    /// A campaign without a budget is refused, as before 2026-06-30.
    pub require_budget: bool,
    /// Cost of a delivered message in the currency's smallest unit.
    pub cost: f64,
    /// Sends are refused once the budget is used up.
    pub enforce_budget: bool,
    /// Ads in the account that are no messages.
    pub ordinary_ads: u32,
    /// Rows of a page of ads at most, whatever the caller's limit says.
    pub page_size: usize,
    /// People in the Page's token list.
    pub subscribers: u64,
    /// People that came by a custom audience: no PSID, no mid, no eligibility time.
    pub custom_audience: f64,
    /// How far insights stay behind the truth.
    pub insights_lag: Duration,
    /// What the `Date` header is off by.
    pub date_skew: SignedDuration,
    /// One JSON line for each accepted send.
    pub record: Option<PathBuf>,
    /// Whether those lines hold the message.
    pub record_bodies: bool,
    /// One JSON line for each request to `/messages`, refused ones too.
    pub requests: Option<PathBuf>,
    pub webhooks: Webhooks,
    pub dials: Dials,
}

impl Default for Options {
    fn default() -> Self {
        Self::with_seed(0)
    }
}

impl Options {
    /// The defaults, with the credentials of this seed.
    pub fn with_seed(seed: u64) -> Self {
        Self {
            port: 0,
            seed,
            credentials: Credentials::from_seed(seed),
            ad_accounts: vec!["10153748269001475".to_owned()],
            pages: vec!["104857600123457".to_owned()],
            currency: "USD".to_owned(),
            time_zone: "America/New_York".to_owned(),
            account_status: 1,
            time_scale: 1.0,
            warm_up: Duration::ZERO,
            tier: None,
            require_proof: false,
            require_budget: false,
            cost: 1.4,
            enforce_budget: false,
            ordinary_ads: 7,
            page_size: 100,
            subscribers: 250,
            custom_audience: 0.0,
            insights_lag: Duration::from_secs(5),
            date_skew: SignedDuration::ZERO,
            record: None,
            record_bodies: true,
            requests: None,
            webhooks: Webhooks::default(),
            dials: Dials::default(),
        }
    }
}

/// What may be turned while the sandbox runs.
#[derive(Clone, Debug, Default)]
pub struct Dials {
    /// Each answer takes this long: half of it before the call takes effect, half after.
    pub latency: Duration,
    /// Up to this much is added to the latency.
    pub latency_jitter: Duration,
    /// Faults of `/messages`.
    pub errors: Faults,
    /// Faults of reads (GET).
    pub read_errors: Faults,
    /// Faults of all other writes (create, delete, subscribe).
    pub write_errors: Faults,
    /// Faults of chosen tokens, every time.
    pub error_tokens: HashMap<String, Fault>,
    /// Sends accepted, then the connection is cut without an answer.
    pub lost_replies: f64,
    /// Sends accepted, then never answered.
    pub hang: f64,
    /// Nothing is answered at all, and nothing takes effect.
    pub stall: bool,
    /// Error messages repeat the caller's token.
    pub echo_secrets: bool,
    /// A kept connection idle for this long or longer is cut at the moment its next request arrives.
    pub close_idle: Option<Duration>,
}

impl Dials {
    /// Reads lines of `token,fault`; empty lines and lines that start with `#` count for nothing.
    pub fn parse_error_tokens(text: &str) -> Result<HashMap<String, Fault>> {
        let mut tokens = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (token, name) = line.rsplit_once(',').ok_or_else(|| {
                Error::usage(format!("line {} of the error tokens has no comma", index + 1)).hint("write token,2300034")
            })?;
            tokens.insert(token.trim().to_owned(), Fault::named(name.trim())?);
        }
        Ok(tokens)
    }

    /// Turns the dials named in a JSON object; the others stay. Nothing is turned when one is wrong.
    pub fn turn(&self, changes: &Map<String, Value>) -> Result<Self> {
        let mut dials = self.clone();
        for (name, value) in changes {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            let text = text.as_str();
            match name.as_str() {
                "latency" => dials.latency = text.parse::<Span>()?.0,
                "latency_jitter" => dials.latency_jitter = text.parse::<Span>()?.0,
                "errors" => dials.errors = Faults::parse(text)?,
                "read_errors" => dials.read_errors = Faults::parse(text)?,
                "write_errors" => dials.write_errors = Faults::parse(text)?,
                "error_tokens" => {
                    let pairs: BTreeMap<String, Value> = serde_json::from_value(value.clone())
                        .map_err(|error| Error::usage("error_tokens is no object").because(&error))?;
                    dials.error_tokens.clear();
                    for (token, fault) in pairs {
                        let fault = fault.as_str().map_or_else(|| fault.to_string(), str::to_owned);
                        dials.error_tokens.insert(token, Fault::named(&fault)?);
                    }
                }
                "lost_replies" => dials.lost_replies = text.parse::<Ratio>()?.0,
                "hang" => dials.hang = text.parse::<Ratio>()?.0,
                "stall" => dials.stall = value.as_bool().unwrap_or(false),
                "echo_secrets" => dials.echo_secrets = value.as_bool().unwrap_or(false),
                "close_idle" => dials.close_idle = if value.is_null() { None } else { Some(text.parse::<Span>()?.0) },
                other => return Err(Error::usage(format!("'{other}' is no dial that turns while the sandbox runs"))),
            }
        }
        Ok(dials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_spans_are_read() {
        for (text, value) in
            [("1%", 0.01), ("0.5%", 0.005), ("0.25", 0.25), ("1/200", 0.005), ("0", 0.0), ("100%", 1.0)]
        {
            assert_eq!(text.parse::<Ratio>().unwrap().0, value, "{text}");
        }
        for wrong in ["", "%", "101%", "-1%", "x", "1/0", "NaN"] {
            assert!(wrong.parse::<Ratio>().is_err(), "{wrong}");
        }
        for (text, millis) in [("50ms", 50), ("12h", 43_200_000), ("1m30s", 90_000), ("1m 30s", 90_000), ("0", 0)] {
            assert_eq!(text.parse::<Span>().unwrap().0, Duration::from_millis(millis), "{text}");
        }
        for wrong in ["", "5", "-5s", "x"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert_eq!("-15m".parse::<Skew>().unwrap().0, SignedDuration::from_mins(-15));
    }

    #[test]
    fn a_wrong_dial_turns_nothing() {
        let dials = Dials::default();
        let changes = serde_json::json!({"latency": "1s", "hang": "2"});
        assert!(dials.turn(changes.as_object().unwrap()).is_err());
        let changes = serde_json::json!({"latency": "1s", "error_tokens": {"a": 2300034, "b": "accepted-drop"}});
        let turned = dials.turn(changes.as_object().unwrap()).unwrap();
        assert_eq!(turned.latency, Duration::from_secs(1));
        assert_eq!(turned.error_tokens.len(), 2);
    }
}
