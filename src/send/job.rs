//! What a run is given, and what it gives back.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::bursts::{Beginning, Burst};
use super::canary::Stopped;
use super::messages::Messages;
use super::outcome::{CampaignTimes, Halt, Refusal, Wait, WaitCause};
use crate::clock::UnixMillis;
use crate::graph::{Answer, RequestFrame, Sender, Transport};
use crate::ledger::writer::Settled;
use crate::ledger::{self, failpoint};
use crate::rate::Rate;

/// One broadcast to work through.
pub struct Job {
    pub messages: Messages,
    pub frame: RequestFrame,
    pub campaign: CampaignTimes,
}

/// The limits of a run.
#[derive(Clone, Debug)]
pub struct Limits {
    pub rate: Rate,
    /// Maximum requests in flight.
    pub concurrency: usize,
    /// Maximum requests of this run.
    pub max_sends: Option<u64>,
    /// Refusals of one kind never end the run.
    pub allow_refusals: bool,
    /// How long the run may wait in total; zero: it ends instead.
    pub wait: Duration,
    /// What was answered in earlier stretches of the command.
    pub beginning: Beginning,
}

/// Puts one request on the wire.
pub trait Deliver: Clone + 'static {
    fn deliver(&self, body: Bytes) -> impl Future<Output = Answer> + 'static;
}

/// Shared: each request in flight has a hold on it.
impl Deliver for Arc<Sender> {
    fn deliver(&self, body: Bytes) -> impl Future<Output = Answer> + 'static {
        let sender = Self::clone(self);
        async move {
            if let Err(error) = failpoint::hit("request.before") {
                return Answer::without_one(Transport::NotSent { why: error.to_string() });
            }
            let answer = sender.send(body).await;
            match failpoint::hit("request.after") {
                Ok(()) => answer,
                Err(error) => Answer::without_one(Transport::Lost { why: error.to_string() }),
            }
        }
    }
}

/// Gets the result of each row, after it was committed.
pub trait Sink {
    fn settled(&mut self, row: Settled);
    /// Rows handed over but not written yet: the run stops claiming while there are many.
    fn backlog(&self) -> usize;
    /// Whether rows can't be written any more. The sink keeps what happened.
    fn failure(&mut self) -> Option<SinkFailure>;
    /// The counts so far; called often.
    fn progress(&mut self, stats: &Stats);
    /// The run waits until then, and for what.
    fn waiting(&mut self, until: UnixMillis, cause: &WaitCause);
}

/// How a [`Sink`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkFailure {
    /// Nobody reads the rows any more.
    ReaderGone,
    Unwritable,
}

/// What a run counted.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Requests that were given to the network.
    pub requests: u64,
    pub in_flight: usize,
    pub accepted: u64,
    pub later: u64,
    /// Of the later ones: 2300035 for people whom the ledger took for eligible.
    pub too_early: u64,
    pub unknown: u64,
    pub not_sent: u64,
    /// Skipped while claiming.
    pub skipped: u64,
    /// By code, with a sample of what Graph said.
    pub refused: BTreeMap<Refusal, SampledRefusals>,
    /// Outcomes whose row another process had already settled.
    pub overtaken: u64,
    /// How much of its allowed waiting time the run has used.
    pub waited: Duration,
    /// The command's first answers, those of earlier stretches included.
    pub beginning: Beginning,
}

#[derive(Clone, Debug, Default)]
pub struct SampledRefusals {
    pub count: u64,
    pub sample: String,
    pub fbtrace_id: Option<String>,
}

impl Stats {
    /// Adds the counts of another stretch of the same command.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.in_flight = other.in_flight;
        self.accepted += other.accepted;
        self.later += other.later;
        self.too_early += other.too_early;
        self.unknown += other.unknown;
        self.not_sent += other.not_sent;
        self.skipped += other.skipped;
        self.overtaken += other.overtaken;
        self.waited += other.waited;
        self.beginning = other.beginning;
        for (refusal, refused) in &other.refused {
            let sum = self.refused.entry(*refusal).or_default();
            if sum.count == 0 {
                sum.clone_from(refused);
            } else {
                sum.count += refused.count;
            }
        }
    }

    pub fn refused_in_all(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }

    /// Refusals that a script should look at: neither opted out nor expired nor of another region.
    pub fn refused_to_look_at(&self) -> u64 {
        self.refused.iter().filter(|(refusal, _)| refusal.counts_as_burst).map(|(_, refused)| refused.count).sum()
    }
}

/// Why a run ended.
#[derive(Debug)]
pub enum Ending {
    /// Nothing more may go out now.
    Exhausted,
    /// `--max-sends` requests were made.
    MaxSends,
    Interrupted,
    Stopped(Halt),
    NotYet(Wait),
    /// With a sample of what Graph said.
    Burst(Burst, Option<String>),
    /// Nobody follows the canary.
    Canary(Stopped),
    Sink(SinkFailure),
    Ledger(ledger::error::Error),
}

impl Ending {
    /// Which of several reasons counts, the lowest first: the order of the exit codes, and what ends everything before what ends one
    /// broadcast.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::Ledger(_) | Self::Sink(SinkFailure::Unwritable) => 0,
            Self::Burst(Burst::Doubt { .. } | Burst::TooEarly { .. }, _) => 1,
            Self::Stopped(halt) if halt.row.needs_credentials => 2,
            Self::Burst(Burst::Refusals { .. }, _) => 3,
            Self::Stopped(halt) => 3 + u8::from(halt.of_broadcast()),
            Self::Canary(_) => 4,
            Self::Burst(Burst::Unreachable { .. }, _) => 5,
            Self::Interrupted | Self::Sink(SinkFailure::ReaderGone) => 6,
            Self::NotYet(wait) => 7 + u8::from(wait.of_broadcast),
            Self::MaxSends => 9,
            Self::Exhausted => 10,
        }
    }

    /// As recorded with the run in the ledger.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::MaxSends => "max_sends",
            Self::Interrupted => "interrupted",
            Self::Stopped(..) => "stopped",
            Self::NotYet(..) => "not_yet",
            Self::Burst(..) => "burst",
            Self::Canary(_) => "canary",
            Self::Sink(..) | Self::Ledger(..) => "failed",
        }
    }
}
