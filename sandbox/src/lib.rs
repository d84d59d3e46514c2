//! A local stand-in for the Graph API: an HTTP server on loopback that behaves as the API's contract says, with dials for
//! everything that can go wrong.
//!
//! The demo, the tests, the benchmarks and rehearsals run against it, and they judge by its record of what it accepted. It is
//! written from the contract alone and shares no type with the client: otherwise both could make the same mistake.
//!
//! Periods of Meta's rules (12 h, warm-up, rate blocks, waits) are divided by `time_scale`, and drain rates are multiplied by it.
//! The times shown (`created_time`, `next_eligible_time`, `Date`) are those of the sandbox's clock, which is the machine's unless
//! `clock_start` or `clock_speed` set it. `time_scale` shortens no webhook delays.

mod account;
mod audiences;
mod auth;
mod batch;
mod bills;
mod budgets;
mod calls;
mod campaigns;
mod chance;
mod check;
mod clock;
mod control;
mod dials;
mod error;
mod estimate;
mod fate;
mod faults;
mod filter;
mod form;
mod hooks;
mod insights;
mod leave;
mod limits;
mod lists;
mod messages;
mod nodes;
mod options;
mod page;
mod paging;
mod params;
mod people;
mod preview;
mod record;
mod removed;
mod reply;
mod route;
mod server;
mod subscribed;
mod subscribers;
mod terms;
#[cfg(test)]
mod tests;
mod tokens;
mod update;
mod values;
mod wire;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use auth::Credentials;
pub use bills::Money;
pub use dials::{Dials, ErrorTokens};
pub use error::{Error, Result};
pub use faults::{Answer, Fault, Faults};
pub use options::{Envelope, Options, Stamps, Tier, Webhooks};
pub use people::Person;
pub use subscribers::{Crowd, Zones};
pub use world::Accepted;
use world::World;

/// Starts a sandbox on 127.0.0.1.
///
/// # Errors
///
/// The time scale or the time zone is invalid, the port is taken, or a record file can't be opened.
pub async fn start(options: Options) -> Result<Running> {
    if !(options.time_scale > 0.0 && options.time_scale.is_finite()) {
        return Err(Error::Value("the time scale must be a number greater than 0".to_owned()));
    }
    if !(options.clock_speed > 0.0 && options.clock_speed.is_finite()) {
        return Err(Error::Value("the clock's speed must be a number greater than 0".to_owned()));
    }
    // A machine without a time zone database still runs the default, in UTC.
    if options.time_zone != Options::default().time_zone && TimeZone::get(&options.time_zone).is_err() {
        return Err(Error::Value(format!("'{}' is not a time zone: write one like Asia/Bangkok", options.time_zone)));
    }
    let port = options.port;
    let busy = |source| Error::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(busy)?;
    let addr = listener.local_addr().map_err(busy)?;
    let hook = options.webhooks.url.clone();
    let (sender, receiver) = mpsc::unbounded_channel();
    let world = Arc::new(World::new(options, format!("http://{addr}"), hook.is_some().then_some(sender))?);
    campaigns::furnish(&world);
    let mut tasks = vec![tokio::spawn(server::run(listener, Arc::clone(&world)))];
    if let Some(url) = hook {
        hooks::subscribe_all(&world);
        tasks.push(tokio::spawn(hooks::run(Arc::clone(&world), url, receiver)));
    }
    Ok(Running { world, addr, tasks })
}

/// A running sandbox. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    world: Arc<World>,
    addr: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.world.base.clone()
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn options(&self) -> &Options {
        &self.world.options
    }

    pub fn credentials(&self) -> &Credentials {
        &self.world.credentials
    }

    /// The environment variables that point `mmsg` at this sandbox.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let options = &self.world.options;
        let known = self.credentials();
        let first = |list: &[String]| list.first().cloned().unwrap_or_default();
        vec![
            ("MMSG_GRAPH_URL", self.url()),
            ("MMSG_TOKEN", known.token.clone()),
            ("MMSG_PAGE_TOKEN", known.page_token.clone()),
            ("MMSG_APP_SECRET", known.app_secret.clone()),
            ("MMSG_VERIFY_TOKEN", known.verify_token.clone()),
            ("MMSG_AD_ACCOUNT", format!("act_{}", first(&options.ad_accounts))),
            ("MMSG_PAGE", first(&options.pages)),
        ]
    }

    /// A copy of all accepted sends so far, in order: expensive while there are many.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.world.accepted().clone()
    }

    pub fn accepted_count(&self) -> usize {
        self.world.accepted().len()
    }

    /// What is known about one subscription token: requests, accepted sends, opt-out.
    pub fn person(&self, token: &str) -> Person {
        self.world.people.get(token).unwrap_or_default()
    }

    /// The same as `GET /sandbox/person?token=…`.
    pub fn about(&self, token: &str) -> Value {
        control::about(&self.world, token)
    }

    /// The tokens of the Page's token list, in order, those of people who stopped included.
    pub fn subscribers(&self) -> Vec<String> {
        (0..self.world.options.subscribers).map(|n| subscribers::token(&self.world, n)).collect()
    }

    /// The same counts as `GET /sandbox/stats`.
    pub fn stats(&self) -> Value {
        self.world.stats()
    }

    /// Changes dials while the sandbox runs.
    pub fn turn(&self, change: impl FnOnce(&mut Dials)) {
        let mut dials = (*self.world.dials()).clone();
        change(&mut dials);
        self.world.set_dials(dials);
    }

    /// Sets the sandbox's clock to a later time; `false` if that is not later.
    pub fn set_clock(&self, at: Timestamp) -> bool {
        self.world.set_clock(at)
    }

    /// Waits until every webhook event that is to come was answered with 200, or dropped.
    pub async fn webhooks_delivered(&self) {
        while self.world.stats.notices_waiting.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Closes the connections and drops the events not yet posted. The record is complete then.
    pub async fn stop(mut self) {
        self.world.cancel.cancel();
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.world.cancel.cancel();
    }
}
