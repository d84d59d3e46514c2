//! The state of one sandbox: campaigns, people, accepted sends and counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::auth::{Credentials, Proofs};
use super::bills;
use super::campaigns::Campaigns;
use super::chance;
use super::clock::{self, Clock};
use super::dials::Dials;
use super::error::Result;
use super::hooks::Notice;
use super::limits::{Score, Usage};
use super::options::Options;
use super::people::People;
use super::record::Lines;
use super::reply::Refusal;
use super::tokens::Queries;

/// One accepted send.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// 1 for the first.
    pub n: u64,
    /// Milliseconds since 1970.
    pub at: i64,
    pub token: Arc<str>,
    /// As the caller named the campaign.
    pub message_id: Arc<str>,
    pub ad_account: Arc<str>,
    pub tracking_id: Uuid,
    /// Whether its message has the mark of the variant.
    pub variant: bool,
    /// What it is billed, in thousandths of the currency's smallest unit; nothing if it will not be delivered.
    pub price: u64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// All requests except control requests.
    pub requests: AtomicU64,
    /// Requests to `/messages`, whatever their outcome.
    pub sends: AtomicU64,
    pub accepted: AtomicU64,
    /// Requests to `/messages` that did not take effect.
    pub refused: AtomicU64,
    pub created: AtomicU64,
    pub deleted: AtomicU64,
    /// Connections cut by the `close_idle` dial.
    pub cut_idle: AtomicU64,
    /// Requests whose URL contained a secret.
    pub leaks: AtomicU64,
    /// Sends that could not be recorded, and so were not accepted.
    pub unrecorded: AtomicU64,
    /// Events made, events answered with 200, posts that failed, and events dropped.
    pub notices: AtomicU64,
    /// What is still to become an event, and events not yet answered with 200.
    pub notices_waiting: AtomicU64,
    pub notices_acked: AtomicU64,
    pub posts_failed: AtomicU64,
    pub notices_dropped: AtomicU64,
    /// Whether the receiver answered the challenge: 0 not asked yet, 1 yes, 2 no.
    pub verified: AtomicU64,
}

#[derive(Debug)]
pub struct World {
    pub options: Options,
    pub credentials: Credentials,
    pub base: String,
    pub clock: Clock,
    pub zone: TimeZone,
    pub proofs: Proofs,
    pub people: People,
    pub stats: Stats,
    pub record: Option<Lines>,
    pub requests: Option<Lines>,
    pub calls: Option<Lines>,
    pub truth: Option<Lines>,
    pub cancel: CancellationToken,
    /// The clock was set: what is due may be due sooner.
    pub clock_set: Notify,
    /// The last valid message, so that it is not parsed again for each person.
    pub last_valid: RwLock<Box<str>>,
    /// The fields of each Page's app.
    pub subscriptions: Mutex<BTreeMap<String, BTreeSet<String>>>,
    pub previews: Mutex<VecDeque<(String, Value)>>,
    notices: Option<mpsc::UnboundedSender<Notice>>,
    dials: RwLock<Arc<Dials>>,
    campaigns: RwLock<Campaigns>,
    accepted: Mutex<Vec<Accepted>>,
    scores: Mutex<HashMap<String, Score>>,
    /// Held while a send is paid for.
    pub till: Mutex<()>,
    pub queries: Mutex<Queries>,
    traces: AtomicU64,
    pub started_at: i64,
}

impl World {
    pub fn new(options: Options, base: String, notices: Option<mpsc::UnboundedSender<Notice>>) -> Result<Self> {
        let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(Lines::open).transpose();
        let clock = Clock::start(options.clock_start, options.clock_speed);
        let credentials = options.credentials.clone().unwrap_or_else(|| Credentials::from_seed(options.seed));
        Ok(Self {
            base,
            zone: TimeZone::get(&options.time_zone).unwrap_or(TimeZone::UTC),
            proofs: Proofs::of(&credentials),
            credentials,
            people: People::default(),
            stats: Stats::default(),
            record: open(&options.record)?,
            requests: open(&options.requests)?,
            calls: open(&options.calls)?,
            truth: open(&options.webhooks.truth)?,
            cancel: CancellationToken::new(),
            clock_set: Notify::new(),
            last_valid: RwLock::default(),
            subscriptions: Mutex::default(),
            previews: Mutex::default(),
            notices,
            dials: RwLock::new(Arc::new(options.dials.clone())),
            campaigns: RwLock::default(),
            accepted: Mutex::default(),
            scores: Mutex::default(),
            till: Mutex::default(),
            queries: Mutex::default(),
            traces: AtomicU64::new(0),
            started_at: clock.now(),
            clock,
            options,
        })
    }

    /// Milliseconds since 1970, by the sandbox's clock.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Sets the clock to a later time; `false` if that is not later.
    pub fn set_clock(&self, at: Timestamp) -> bool {
        let set = self.clock.set(at);
        self.clock_set.notify_one();
        set
    }

    /// How long a period of Meta's rules lasts here, in milliseconds of the sandbox's clock.
    pub fn scaled(&self, period: Duration) -> i64 {
        (period.as_secs_f64() * 1000.0 / self.options.time_scale).ceil() as i64
    }

    /// The 12 hours between two messages to one person.
    pub fn cool_down(&self) -> i64 {
        self.scaled(Duration::from_hours(12))
    }

    /// Causes webhook events, if there is a receiver.
    pub fn notify(&self, notice: impl FnOnce() -> Notice) {
        if let Some(notices) = &self.notices {
            self.stats.notices_waiting.fetch_add(1, Relaxed);
            // The receiver of this channel is gone only when the sandbox stops.
            let _ = notices.send(notice());
        }
    }

    pub fn dials(&self) -> Arc<Dials> {
        Arc::clone(&self.dials.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_dials(&self, dials: Dials) {
        *self.dials.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(dials);
    }

    pub fn campaigns(&self) -> RwLockReadGuard<'_, Campaigns> {
        self.campaigns.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn campaigns_mut(&self) -> RwLockWriteGuard<'_, Campaigns> {
        self.campaigns.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn accepted(&self) -> MutexGuard<'_, Vec<Accepted>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An ID for debugging, as in `fbtrace_id` and `x-fb-trace-id`.
    pub fn trace(&self) -> String {
        let n = self.traces.fetch_add(1, Relaxed);
        chance::letters(23, chance::mix(self.options.seed ^ self.started_at as u64 ^ n.rotate_left(32)))
    }

    /// A tracking ID that looks like Meta's and is unique, even after a restart.
    pub fn tracking_id(&self, n: u64, token: &str) -> Uuid {
        let bits = chance::fingerprint(&[
            &self.options.seed.to_le_bytes(),
            &self.started_at.to_le_bytes(),
            &n.to_le_bytes(),
            token.as_bytes(),
        ]);
        uuid::Builder::from_random_bytes(bits.to_le_bytes()).into_uuid()
    }

    /// Counts a call against the ad account's rate score, if `--tier` is given.
    pub fn charge(&self, account: &str, write: bool) -> (Option<Usage>, Option<Refusal>) {
        let Some(tier) = self.options.tier else { return (None, None) };
        let now = self.now();
        let mut scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        let score = scores.entry(account.to_owned()).or_insert_with(|| Score::new(tier, self.options.time_scale, now));
        let refusal = score.call(write, now).err();
        (score.usage(account, now), refusal)
    }

    /// Parses a time as Graph does: Unix seconds, RFC 3339, or a date and time in the ad account's zone.
    pub fn parse_time(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Ok(seconds) = text.parse::<i64>() {
            return seconds.checked_mul(1000);
        }
        if let Ok(at) = Timestamp::from_str(text) {
            return Some(at.as_millisecond());
        }
        let civil = DateTime::from_str(&text.replace(' ', "T")).ok()?;
        Some(civil.to_zoned_datetime(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    /// Writes a time as Graph does: `2026-11-24T03:15:00-0500`.
    pub fn show_time(&self, at: i64) -> String {
        clock::timestamp(at).to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%z").to_string()
    }

    pub fn stats(&self) -> Value {
        let stats = &self.stats;
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        json!({
            "requests": count(&stats.requests),
            "sends": count(&stats.sends),
            "accepted": count(&stats.accepted),
            "refused": count(&stats.refused),
            "spent": self.options.ad_accounts.iter().map(|account| bills::of_account(self, account)).sum::<f64>(),
            "campaigns": self.campaigns().count(),
            "created": count(&stats.created),
            "deleted": count(&stats.deleted),
            "cut_idle": count(&stats.cut_idle),
            "leaks": count(&stats.leaks),
            "unrecorded": count(&stats.unrecorded),
            "webhook": {
                "verified": match count(&stats.verified) { 0 => Value::Null, verified => json!(verified == 1) },
                "notices": count(&stats.notices),
                "waiting": count(&stats.notices_waiting),
                "acked": count(&stats.notices_acked),
                "posts_failed": count(&stats.posts_failed),
                "dropped": count(&stats.notices_dropped),
            },
        })
    }
}
