//! `mmsg sandbox`: the local Graph host. Needs no profile.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Exit, Result};
use crate::sandbox::{self, Dials, Envelope, Faults, Options, Ratio, Skew, Span, Stamps, Tier, Webhooks};
use crate::ui::{Format, Ui};

/// Run a Graph host on this machine: rehearse without a Meta account.
///
/// Listens on 127.0.0.1 until Ctrl-C, and prints the environment that points mmsg at it.
///
///
/// Shares are written 1%, 0.01 or 1/100; lengths of time 50ms, 12h or 1m30s.
/// Dials turn while it runs: POST /sandbox/errors with {"errors": "2=1%", "latency": "50ms", …}.
/// GET /sandbox/stats counts; GET /sandbox/record lists what was accepted.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
    /// The same seed gives the same credentials, ids, people and faults.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Ad account, more than once for several; the first is printed.
    #[arg(long, value_name = "DIGITS")]
    ad_account: Vec<String>,
    /// Page, more than once for several; the first is printed.
    #[arg(long, value_name = "DIGITS")]
    page: Vec<String>,
    /// Currency of the ad accounts.
    #[arg(long, default_value = "USD", value_name = "CODE")]
    currency: String,
    /// Time zone of the ad accounts.
    #[arg(long, default_value = "America/New_York", value_name = "ZONE")]
    time_zone: String,
    /// Status of the ad accounts; 1 is active.
    #[arg(long, default_value_t = 1, value_name = "N")]
    account_status: i64,

    /// How much faster the rules' time runs: 43200 makes 12 hours one second.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    time_scale: f64,
    /// How long a new campaign refuses to send.
    #[arg(long, default_value = "0", value_name = "TIME")]
    warm_up: Span,
    /// Keep rate scores of this tier: limited is 60 points and 0.2 a second, full 9000 and 30.
    #[arg(long, value_name = "TIER")]
    tier: Option<TierName>,
    /// Refuse calls without appsecret_proof.
    #[arg(long)]
    require_proof: bool,
    /// Refuse campaigns without a budget (2300007).
    #[arg(long)]
    require_budget: bool,
    /// Refuse sends once a campaign's budget is used up.
    #[arg(long)]
    enforce_budget: bool,
    /// Cost of a message in the currency's smallest unit.
    #[arg(long, default_value_t = 1.4, value_name = "AMOUNT")]
    cost: f64,
    /// Ads in the account that are no messages.
    #[arg(long, default_value_t = 7, value_name = "N")]
    ordinary_ads: u32,
    /// Rows of a page of a list at most.
    #[arg(long, default_value_t = 100, value_name = "N")]
    page_size: usize,
    /// People in the Page's token list.
    #[arg(long, default_value_t = 250, value_name = "N")]
    subscribers: u64,
    /// People without PSID and eligibility time.
    #[arg(long, default_value = "0", value_name = "SHARE")]
    custom_audience: Ratio,
    /// How far insights stay behind.
    #[arg(long, default_value = "5s", value_name = "TIME")]
    insights_lag: Span,

    /// How long an answer takes.
    #[arg(long, default_value = "0", value_name = "TIME", help_heading = "Faults")]
    latency: Span,
    /// Up to this much is added to the latency.
    #[arg(long, default_value = "0", value_name = "TIME", help_heading = "Faults")]
    latency_jitter: Span,
    /// Faults of sends: 2300034=0.5%,503-html=1%,accepted-2=0.1%,drop=100%*3 (three times).
    ///
    /// Names: a Graph code (2300034, 100/33; 200-CODE with status 200), 500, 502, 503, 504, 302, 503-html, 200-html, 200-empty,
    /// bare, success-false, success-only, truncated, cut, drop, hang; with accepted- in front the send takes effect all the
    /// same. Codes that speak of a person (2300004, 2300005, 2300032, 2300034, 2300036 to 2300038, 2300042 to 2300044, 2300052)
    /// stay with that person; all others are drawn anew at each attempt.
    #[arg(long, value_name = "NAME=SHARE,…", help_heading = "Faults")]
    errors: Option<String>,
    /// Faults of reads, with the same names.
    #[arg(long, value_name = "NAME=SHARE,…", help_heading = "Faults")]
    read_errors: Option<String>,
    /// Faults of create, delete and all other writes, with the same names.
    #[arg(long, value_name = "NAME=SHARE,…", help_heading = "Faults")]
    write_errors: Option<String>,
    /// Lines of token,fault: what these tokens get, every time.
    #[arg(long, value_name = "FILE", help_heading = "Faults")]
    error_tokens: Option<PathBuf>,
    /// Accept, record, then cut the connection without an answer.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Faults")]
    lost_replies: Ratio,
    /// Accept, record, then never answer.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Faults")]
    hang: Ratio,
    /// Answer nothing at all.
    #[arg(long, help_heading = "Faults")]
    stall: bool,
    /// Cut a kept connection idle for this long or longer when its next request arrives.
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "100ms",
        help_heading = "Faults"
    )]
    close_idle: Option<Span>,
    /// Error messages repeat the caller's token.
    #[arg(long, help_heading = "Faults")]
    echo_secrets: bool,
    /// What the Date header is off by.
    #[arg(long, default_value = "0", value_name = "TIME", allow_hyphen_values = true, help_heading = "Faults")]
    date_skew: Skew,

    /// Append one JSON line for each accepted send.
    #[arg(long, value_name = "FILE", help_heading = "Truth")]
    record: Option<PathBuf>,
    /// Whether those lines hold the message.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL", help_heading = "Truth")]
    record_bodies: bool,
    /// Append one JSON line for each request to /messages, refused ones too.
    #[arg(long, value_name = "FILE", help_heading = "Truth")]
    requests: Option<PathBuf>,
    /// Append one JSON line for each webhook event made, and for each POST answered with 200.
    #[arg(long, value_name = "FILE", help_heading = "Truth")]
    truth: Option<PathBuf>,

    /// Post signed webhook events here.
    #[arg(long, value_name = "URL", help_heading = "Webhooks")]
    webhook_url: Option<String>,
    /// Between acceptance and echo, and from each stage to the next. Real time, whatever the scale.
    #[arg(long, default_value = "1s", value_name = "TIME", help_heading = "Webhooks")]
    webhook_delay: Span,
    /// Events in one POST at most.
    #[arg(long, default_value_t = 100, value_name = "N", help_heading = "Webhooks")]
    webhook_batch: usize,
    /// Accepted sends that fail afterwards.
    #[arg(long, default_value = "2%", value_name = "SHARE", help_heading = "Webhooks")]
    failed: Ratio,
    /// Sends echoed, of those that do not fail.
    #[arg(long, default_value = "100%", value_name = "SHARE", help_heading = "Webhooks")]
    echoed: Ratio,
    /// Sends delivered, of those that do not fail.
    #[arg(long, default_value = "97%", value_name = "SHARE", help_heading = "Webhooks")]
    delivered: Ratio,
    /// Sends read, of those delivered.
    #[arg(long, default_value = "60%", value_name = "SHARE", help_heading = "Webhooks")]
    read: Ratio,
    /// Sends clicked, of those read.
    #[arg(long, default_value = "20%", value_name = "SHARE", help_heading = "Webhooks")]
    clicked: Ratio,
    /// Events that come twice.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Webhooks")]
    webhook_duplicates: Ratio,
    /// Events that come later by --webhook-late-by.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Webhooks")]
    webhook_late: Ratio,
    /// How late those come.
    #[arg(long, default_value = "1m", value_name = "TIME", help_heading = "Webhooks")]
    webhook_late_by: Span,
    /// Events overtaken by later ones.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Webhooks")]
    webhook_disorder: Ratio,
    /// Events never sent.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Webhooks")]
    webhook_lost: Ratio,
    /// Events without the ids that may be missing, or with null or 0 in their place.
    #[arg(long, default_value = "0", value_name = "SHARE", help_heading = "Webhooks")]
    webhook_missing_ids: Ratio,
    /// How events are wrapped.
    #[arg(long, default_value = "changes", value_name = "KIND", help_heading = "Webhooks")]
    webhook_envelope: EnvelopeName,
    /// Unit of the events' timestamps.
    #[arg(long, default_value = "seconds", value_name = "UNIT", help_heading = "Webhooks")]
    webhook_timestamps: StampsName,
    /// How long an event is tried before it is dropped and the app unsubscribed.
    #[arg(long, default_value = "1h", value_name = "TIME", help_heading = "Webhooks")]
    webhook_retry_for: Span,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TierName {
    Limited,
    Full,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EnvelopeName {
    Changes,
    Messaging,
    Mixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StampsName {
    Seconds,
    Millis,
    Odd,
    Mixed,
}

/// Runs until Ctrl-C or SIGTERM, which are how a sandbox ends well.
pub async fn run(ui: &Ui, args: Args) -> Result<Exit> {
    let stopped = |error: std::io::Error| Error::internal("can't wait for signals").because(&error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(stopped)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(stopped)?;
    let sandbox = sandbox::start(args.options()?).await?;
    print_environment(ui, &sandbox)?;
    ui.status(&format!("the sandbox listens on {}; Ctrl-C stops it", sandbox.url()));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let stats = sandbox.stats();
    ui.status(&format!("stopped: {} requests, {} sends accepted", stats["requests"], stats["accepted"]));
    sandbox.stop().await;
    Ok(Exit::Done)
}

fn print_environment(ui: &Ui, sandbox: &sandbox::Running) -> Result<()> {
    let environment = sandbox.environment();
    match ui.format() {
        Format::Table | Format::Csv => {
            let lines: Vec<String> = environment.iter().map(|(name, value)| format!("export {name}={value}")).collect();
            ui.text(&lines.join("\n"))
        }
        Format::Json | Format::Ndjson => {
            let variables: serde_json::Map<_, _> =
                environment.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            ui.text(&json!({ "url": sandbox.url(), "environment": variables }).to_string())
        }
    }
}

impl Args {
    pub(super) fn options(self) -> Result<Options> {
        let mut options = Options::with_seed(self.seed);
        for (name, given, known) in
            [("--ad-account", self.ad_account, &mut options.ad_accounts), ("--page", self.page, &mut options.pages)]
        {
            if !given.is_empty() {
                *known = given.iter().map(|id| digits(name, id)).collect::<Result<_>>()?;
            }
        }
        let faults =
            |text: &Option<String>| text.as_deref().map(Faults::parse).transpose().map(Option::unwrap_or_default);
        options.dials = Dials {
            latency: self.latency.0,
            latency_jitter: self.latency_jitter.0,
            errors: faults(&self.errors)?,
            read_errors: faults(&self.read_errors)?,
            write_errors: faults(&self.write_errors)?,
            error_tokens: match &self.error_tokens {
                Some(path) => Dials::parse_error_tokens(&read(path)?)?,
                None => Default::default(),
            },
            lost_replies: self.lost_replies.0,
            hang: self.hang.0,
            stall: self.stall,
            echo_secrets: self.echo_secrets,
            close_idle: self.close_idle.map(|idle| idle.0),
        };
        options.webhooks = Webhooks {
            url: self.webhook_url,
            delay: self.webhook_delay.0,
            batch: self.webhook_batch,
            failed: self.failed.0,
            echoed: self.echoed.0,
            delivered: self.delivered.0,
            read: self.read.0,
            clicked: self.clicked.0,
            duplicates: self.webhook_duplicates.0,
            late: self.webhook_late.0,
            late_by: self.webhook_late_by.0,
            disorder: self.webhook_disorder.0,
            lost: self.webhook_lost.0,
            missing_ids: self.webhook_missing_ids.0,
            envelope: match self.webhook_envelope {
                EnvelopeName::Changes => Envelope::Changes,
                EnvelopeName::Messaging => Envelope::Messaging,
                EnvelopeName::Mixed => Envelope::Mixed,
            },
            stamps: match self.webhook_timestamps {
                StampsName::Seconds => Stamps::Seconds,
                StampsName::Millis => Stamps::Millis,
                StampsName::Odd => Stamps::Odd,
                StampsName::Mixed => Stamps::Mixed,
            },
            retry_for: self.webhook_retry_for.0,
            truth: self.truth,
        };
        Ok(Options {
            port: self.port,
            currency: self.currency,
            time_zone: self.time_zone,
            account_status: self.account_status,
            time_scale: self.time_scale,
            warm_up: self.warm_up.0,
            tier: self.tier.map(|tier| match tier {
                TierName::Limited => Tier::Limited,
                TierName::Full => Tier::Full,
            }),
            require_proof: self.require_proof,
            require_budget: self.require_budget,
            enforce_budget: self.enforce_budget,
            cost: self.cost,
            ordinary_ads: self.ordinary_ads,
            page_size: self.page_size.max(1),
            subscribers: self.subscribers,
            custom_audience: self.custom_audience.0,
            insights_lag: self.insights_lag.0,
            date_skew: self.date_skew.0,
            record: self.record,
            record_bodies: self.record_bodies,
            requests: self.requests,
            ..options
        })
    }
}

fn digits(flag: &str, id: &str) -> Result<String> {
    let digits = id.strip_prefix("act_").unwrap_or(id);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits.to_owned())
    } else {
        Err(Error::usage(format!("{flag} {id} is no number")))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::usage(format!("can't read {}", path.display())).because(&error))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn options(line: &str) -> Result<Options> {
        let words = std::iter::once("sandbox").chain(line.split_whitespace());
        Line::try_parse_from(words).map_err(|error| Error::usage(error.to_string()))?.args.options()
    }

    #[test]
    fn no_flag_means_the_defaults() {
        assert_eq!(format!("{:?}", options("").unwrap()), format!("{:?}", Options::default()));
    }

    #[test]
    fn dials_are_read() {
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
    fn wrong_dials_are_usage_errors() {
        for line in [
            "--errors nonsense=1%",
            "--errors 2=200%",
            "--hang 2",
            "--latency 5",
            "--ad-account x",
            "--error-tokens /nowhere",
        ] {
            assert_eq!(options(line).unwrap_err().exit(), Exit::Usage, "{line}");
        }
    }
}
