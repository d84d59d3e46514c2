//! The options of a sandbox. Each field is a flag of `mmsg sandbox`; its default is the default of the flag.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::auth::Credentials;
use super::bills::Money;
use super::dials::Dials;
use super::subscribers::Crowd;
use super::values;

/// What a sandbox is started with.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Port to listen on; 0 picks a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub port: u16,
    /// The same seed gives the same credentials, IDs, people and faults.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    // Default: made from the seed.
    #[arg(skip)]
    pub credentials: Option<Credentials>,
    /// Ad account; repeat for several. The first one is printed.
    #[arg(
        long = "ad-account",
        default_value = "10153748269001475",
        value_name = "DIGITS",
        value_parser = values::digits
    )]
    pub ad_accounts: Vec<String>,
    /// Page; repeat for several. The first one is printed.
    #[arg(long = "page", default_value = "104857600123457", value_name = "DIGITS", value_parser = values::digits)]
    pub pages: Vec<String>,
    /// Currency of the ad accounts (ISO 4217).
    #[arg(long, default_value = "USD", value_name = "CODE")]
    pub currency: String,
    /// Time zone of the ad accounts.
    #[arg(long, default_value = "America/New_York", value_name = "ZONE")]
    pub time_zone: String,
    /// Status of the ad accounts; 1 is active.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub account_status: i64,
    /// Meta's terms for custom audiences were not accepted for the ad accounts.
    #[arg(long)]
    pub terms_not_accepted: bool,
    /// Country of the ad accounts' business and of the Pages (ISO 3166).
    #[arg(long, default_value = "US", value_name = "CODE")]
    pub country: String,
    /// The Pages are not published.
    #[arg(long)]
    pub unpublished: bool,

    /// Divide the periods of Meta's rules by this: with 43200, 12 hours take one second.
    ///
    /// Cool-downs, warm-up, rate blocks and waits get shorter and rates higher; the times shown stay real.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub time_scale: f64,
    /// Time that the sandbox's clock shows at the start, such as 2027-03-13T20:00:00Z; without it, the machine's.
    #[arg(long, value_name = "TIMESTAMP")]
    pub clock_start: Option<Timestamp>,
    /// Let the sandbox's clock run this much faster: with 60, an hour takes one minute.
    ///
    /// All times shown follow it, the Date header and the delays of webhooks and insights included. Latency, retries of webhooks and
    /// --close-idle stay real.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub clock_speed: f64,
    /// How long a new campaign refuses to send, before --time-scale.
    #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
    pub warm_up: Duration,
    /// How long an ad, ad set or campaign that was turned on still refuses to send (2300003), before --time-scale.
    #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
    pub resume_delay: Duration,
    /// How long ago a new campaign says that it was created.
    #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
    pub campaign_age: Duration,
    /// Apply the rate limits of this access tier.
    #[arg(long, value_name = "TIER")]
    pub tier: Option<Tier>,
    /// Refuse calls without appsecret_proof. A wrong one is always refused.
    #[arg(long)]
    pub require_proof: bool,
    /// Ads in the account that are not marketing messages.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub ordinary_ads: u32,
    /// Message campaigns in the account whose recipients Meta picks; nothing can be sent with them.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub pool_campaigns: u32,
    /// Maximum rows per page of a list, whatever limit the caller asks for.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub page_size: usize,
    /// How long a new campaign is missing in lists, before --time-scale; by its ID it is read at once.
    #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
    pub list_lag: Duration,
    /// How far insights lag behind.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = values::span)]
    pub insights_lag: Duration,

    /// Entries of the Page's token list.
    #[arg(long, default_value_t = 250, value_name = "N", help_heading = "Subscribers")]
    pub subscribers: u64,
    /// People who came through a custom audience: without PSID and eligibility time.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Subscribers", value_parser = values::share)]
    pub custom_audience: f64,
    #[command(flatten)]
    pub crowd: Crowd,

    /// Refuse campaigns without a budget (2300007).
    #[arg(long, help_heading = "Money")]
    pub require_budget: bool,
    /// Refuse sends that a campaign's budget does not pay for (2300053 lifetime, 2300054 daily).
    #[arg(long, help_heading = "Money")]
    pub enforce_budget: bool,
    /// Price of a delivery, in the currency's smallest unit.
    #[arg(long, default_value_t = 1.4, value_name = "AMOUNT", help_heading = "Money")]
    pub cost: f64,
    #[command(flatten)]
    pub money: Money,

    #[command(flatten)]
    pub dials: Dials,
    /// Offset of the Date header.
    #[arg(
        long,
        default_value = "0",
        value_name = "TIME",
        allow_hyphen_values = true,
        help_heading = "Faults",
        value_parser = values::skew
    )]
    pub date_skew: SignedDuration,

    /// Append one JSON line per accepted send to FILE.
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub record: Option<PathBuf>,
    /// Whether those lines include the message.
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL", help_heading = "Records")]
    pub record_bodies: bool,
    /// Append one JSON line per request to /messages, refused ones included, to FILE.
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub requests: Option<PathBuf>,
    /// Append one JSON line per request of any kind to FILE: method, path, parameters and status, with secrets hidden.
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub calls: Option<PathBuf>,

    #[command(flatten)]
    pub webhooks: Webhooks,
}

impl Default for Options {
    fn default() -> Self {
        Self::parse_from(["sandbox"])
    }
}

/// What happens to an accepted message, and how Meta's events about it arrive. `time_scale` shortens none of these times.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Webhooks")]
pub struct Webhooks {
    /// Append one JSON line per webhook event, and per POST answered with 200, to FILE.
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub truth: Option<PathBuf>,
    /// Post signed webhook events to this URL; without it there are none.
    #[arg(long = "webhook-url", value_name = "URL")]
    pub url: Option<String>,
    /// Time from acceptance to echo, and from each stage to the next, whatever --time-scale.
    #[arg(long = "webhook-delay", default_value = "1s", value_name = "TIME", value_parser = values::span)]
    pub delay: Duration,
    /// Maximum events per POST.
    #[arg(long = "webhook-batch", default_value_t = 100, value_name = "N")]
    pub batch: usize,
    /// Accepted sends that fail later.
    #[arg(long, default_value = "2%", value_name = "SHARE", value_parser = values::share)]
    pub failed: f64,
    /// Echoed sends, of those that do not fail.
    #[arg(long, default_value = "100%", value_name = "SHARE", value_parser = values::share)]
    pub echoed: f64,
    /// Delivered sends, of those that do not fail.
    #[arg(long, default_value = "97%", value_name = "SHARE", value_parser = values::share)]
    pub delivered: f64,
    /// Read sends, of those delivered.
    #[arg(long, default_value = "60%", value_name = "SHARE", value_parser = values::share)]
    pub read: f64,
    /// Clicked sends, of those read.
    #[arg(long, default_value = "20%", value_name = "SHARE", value_parser = values::share)]
    pub clicked: f64,
    /// Mark a variant: messages whose JSON contains this TEXT are read and clicked by shares of their own.
    #[arg(long, value_name = "TEXT")]
    pub variant_mark: Option<String>,
    /// Read sends of the variant, of those delivered; without it, as --read.
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub variant_read: Option<f64>,
    /// Clicked sends of the variant, of those read; without it, as --clicked.
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub variant_clicked: Option<f64>,
    /// Events that arrive twice.
    #[arg(long = "webhook-duplicates", default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub duplicates: f64,
    /// Events that arrive late, by --webhook-late-by.
    #[arg(long = "webhook-late", default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub late: f64,
    /// How late they arrive.
    #[arg(long = "webhook-late-by", default_value = "1m", value_name = "TIME", value_parser = values::span)]
    pub late_by: Duration,
    /// Events overtaken by later ones.
    #[arg(long = "webhook-disorder", default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub disorder: f64,
    /// Events that are never posted.
    #[arg(long = "webhook-lost", default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub lost: f64,
    /// Events whose optional IDs are missing, null or 0.
    #[arg(long = "webhook-missing-ids", default_value = "0", value_name = "SHARE", value_parser = values::share)]
    pub missing_ids: f64,
    /// How events are wrapped.
    #[arg(long = "webhook-envelope", default_value = "changes", value_name = "KIND")]
    pub envelope: Envelope,
    /// Unit of the timestamps of events.
    #[arg(long = "webhook-timestamps", default_value = "seconds", value_name = "UNIT")]
    pub stamps: Stamps,
    /// How long an event is retried before it is dropped and the app unsubscribed.
    #[arg(long = "webhook-retry-for", default_value = "1h", value_name = "TIME", value_parser = values::span)]
    pub retry_for: Duration,
}

/// The access tier whose rate scores are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// 60 points, drained at 0.2 per second, blocked for 300 s.
    Limited,
    /// 9000 points, drained at 30 per second, blocked for 60 s.
    Full,
}

/// How webhook events are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Envelope {
    Changes,
    Messaging,
    /// Each event in one of the two, sometimes with `field` only inside the value.
    Mixed,
}

/// The unit of webhook timestamps, which Meta does not state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stamps {
    Seconds,
    Millis,
    /// Eleven digits, as in Meta's sample.
    Odd,
    Mixed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("sandbox").chain(line.split_whitespace()))
    }

    #[test]
    fn flags_are_read() {
        let options = options(
            "--seed 3 --lost-replies 1% --latency 50ms --close-idle --tier full --ad-account act_12 --ad-account 13 \
             --errors 2300034=0.5%,503-html=1% --date-skew -15m --warm-up 1h --record-bodies false",
        )
        .unwrap();
        assert_eq!(options.dials.lost_replies, 0.01);
        assert_eq!(options.dials.latency.as_millis(), 50);
        assert_eq!(options.dials.close_idle.unwrap().as_millis(), 100);
        assert_eq!(options.ad_accounts, ["12", "13"]);
        assert_eq!(options.tier, Some(Tier::Full));
        assert!(options.date_skew.is_negative() && !options.record_bodies && !options.dials.errors.is_empty());
    }

    #[test]
    fn the_defaults_change_nothing() {
        let options = Options::default();
        assert_eq!((options.ad_accounts.len(), options.pages.len()), (1, 1));
        assert!(options.credentials.is_none() && options.record_bodies && options.tier.is_none());
        let dials = options.dials;
        assert!(dials.errors.is_empty() && dials.error_tokens.is_empty() && !dials.stall && dials.close_idle.is_none());
        assert_eq!((dials.latency, dials.hang, dials.lost_replies), (Duration::ZERO, 0.0, 0.0));
    }

    #[test]
    fn wrong_values_are_refused() {
        for line in [
            "--errors nonsense=1%",
            "--errors 2=200%",
            "--hang 2",
            "--latency 5",
            "--ad-account x",
            "--error-tokens /nowhere",
        ] {
            assert_eq!(options(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
