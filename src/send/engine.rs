//! The engine: permit, claim, request, outcome, until nothing is left or something stops it.
//!
//! One task. While the writer commits one step, the next one collects the outcomes that came in and as many claims as permits
//! and free places allow; it may wait a moment for more of them, see [`super::company`]. A request is sent only after the step that
//! claimed it was committed.

mod waiting;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::bursts::Bursts;
use super::company::Company;
use super::job::{Deliver, Ending, Job, Limits, Sink, SinkFailure, Stats};
use super::learn::Observed;
use super::outcome::{Effect, TOO_EARLY, Verdict, Wait, classify};
use super::pace::Pace;
use super::writer_thread::RunWriter;
use crate::clock::Clock;
use crate::graph::Answer;
use crate::ledger;
use crate::ledger::spending::Spending;
use crate::ledger::state::State;
use crate::ledger::writer::{Claim, Finish, Outcome, Stepped};
use crate::log::{Person, Said, Trace, note};
use crate::times::STALE_CLAIM;

/// How long requests in flight may go on after an interrupt.
const GRACE: Duration = Duration::from_secs(4);
/// A pause this long is shown to people.
const SHOWN_PAUSE: Duration = Duration::from_secs(5);
/// How often a sink with unwritten rows is checked for failure.
const LOOK: Duration = Duration::from_millis(500);
/// Nothing more is claimed while more rows than this wait to be written to stdout or the results file.
const MAX_BACKLOG: usize = 20_000;

/// How urgently a person or the system asked to stop: 0 not, 1 gracefully, 2 now.
pub type StopLevel = watch::Receiver<u8>;

/// One request in flight, with the row that it is for.
struct Flight {
    claim: Option<Claim>,
    request: Pin<Box<dyn Future<Output = Answer>>>,
}

impl Future for Flight {
    type Output = (Option<Claim>, Answer);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(self.request.as_mut().poll(context));
        Poll::Ready((self.claim.take(), answer))
    }
}

/// Works through a job. The last answer of its writer is in before this returns, except after a second interrupt.
pub async fn run<D: Deliver, S: Sink>(
    job: &Job,
    limits: &Limits,
    clock: Clock,
    writer: &mut RunWriter,
    deliver: &D,
    sink: &mut S,
    stop: &mut StopLevel,
) -> (Ending, Stats) {
    let mut engine = Engine::new(job, limits, clock, deliver, sink);
    engine.run(writer, stop).await;
    engine.stats.beginning = engine.bursts.beginning();
    let ending = engine.ending.unwrap_or(Ending::Exhausted);
    (ending, engine.stats)
}

struct Engine<'a, D, S> {
    job: &'a Job,
    limits: &'a Limits,
    clock: Clock,
    deliver: &'a D,
    sink: &'a mut S,
    pace: Pace,
    bursts: Bursts,
    company: Company,
    /// Their step is committed, and they are about to be requested.
    ready: Vec<Claim>,
    flights: FuturesUnordered<Flight>,
    finishes: Vec<Finish>,
    /// Permits given with the current order.
    permits_out: usize,
    /// The writer found nothing more that may go out now.
    exhausted: bool,
    /// A row was given back after the current order: it can be claimed again.
    came_back: bool,
    ending: Option<Ending>,
    /// The money that may be spent is: what is on its way decides whether some comes back.
    spent_up: Option<Spending>,
    wait_left: Duration,
    /// What the next order tells the writer about the account's limits.
    observed: Observed,
    stats: Stats,
}

impl<'a, D: Deliver, S: Sink> Engine<'a, D, S> {
    fn new(job: &'a Job, limits: &'a Limits, clock: Clock, deliver: &'a D, sink: &'a mut S) -> Self {
        Self {
            job,
            limits,
            clock,
            deliver,
            sink,
            pace: Pace::new(limits.rate, Instant::now()),
            bursts: Bursts::new(limits.allow_refusals, limits.beginning),
            company: Company::new(Instant::now()),
            ready: Vec::new(),
            flights: FuturesUnordered::new(),
            finishes: Vec::new(),
            permits_out: 0,
            exhausted: false,
            came_back: false,
            ending: None,
            spent_up: None,
            wait_left: limits.wait,
            observed: Observed::nothing(limits.rate),
            stats: Stats::default(),
        }
    }

    async fn run(&mut self, writer: &mut RunWriter, stop: &mut StopLevel) {
        let mut timer: Pin<Box<Sleep>> = Box::pin(sleep_until(Instant::now()));
        let mut deadline: Option<Instant> = None;
        let mut look = Instant::now();
        loop {
            let now = Instant::now();
            if let Some(failure) = self.sink.failure() {
                if failure == SinkFailure::ReaderGone {
                    deadline.get_or_insert(now + GRACE);
                }
                self.end(Ending::Sink(failure));
            }
            let mut wake = deadline;
            if self.sink.backlog() > 0 {
                // Only a write notices that the reader is gone, and answers may be rare.
                if look <= now {
                    look = now + LOOK;
                }
                wake = earliest(wake, Some(look));
            }
            if !writer.is_busy() {
                let company = self.company.until(now, self.places(), self.in_flight(), self.finishes.len());
                let company = company.filter(|_| self.ending.is_none());
                let want = if company.is_some() { 0 } else { self.permits(now) };
                if company.is_some() {
                    wake = earliest(wake, company);
                } else if want > 0 || !self.finishes.is_empty() {
                    self.company.ordered(now);
                    self.permits_out = want;
                    self.came_back = false;
                    let observed = std::mem::replace(&mut self.observed, Observed::nothing(self.limits.rate));
                    writer.order(std::mem::take(&mut self.finishes), want, observed);
                } else if self.in_flight() == 0 && self.is_over() {
                    return;
                } else {
                    wake = earliest(wake, self.next_chance(now));
                }
            }
            // The ledger is at the next step meanwhile.
            if !self.ready.is_empty() {
                std::mem::take(&mut self.ready).into_iter().for_each(|claim| self.launch(claim));
                continue;
            }
            if let Some(at) = wake
                && timer.deadline() != at
            {
                timer.as_mut().reset(at);
            }
            tokio::select! {
                biased;
                changed = stop.changed() => {
                    let level = if changed.is_ok() { *stop.borrow_and_update() } else { 1 };
                    if level >= 2 {
                        // Requests in flight stay claimed; the next run makes them unknown.
                        self.end(Ending::Interrupted);
                        return;
                    }
                    self.end(Ending::Interrupted);
                    deadline.get_or_insert(Instant::now() + GRACE);
                }
                done = writer.answer(), if writer.is_busy() => {
                    self.company.stepped(Instant::now());
                    self.stepped(done);
                }
                Some((claim, answer)) = self.flights.next(), if !self.flights.is_empty() => {
                    self.landed(claim, answer);
                    while let Some(Some((claim, answer))) = self.flights.next().now_or_never() {
                        self.landed(claim, answer);
                    }
                }
                () = timer.as_mut(), if wake.is_some() => {
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        self.give_up_flights();
                        deadline = None;
                    }
                }
            }
            self.stats.in_flight = self.flights.len();
            self.sink.progress(&self.stats);
        }
    }

    /// The weightiest reason to end wins; the first of equal ones.
    fn end(&mut self, ending: Ending) {
        if self.ending.as_ref().is_none_or(|other| ending.weight() < other.weight()) {
            self.ending = Some(ending);
        }
    }

    /// A step is committed, or failed.
    fn stepped(&mut self, done: ledger::error::Result<Stepped>) {
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.permits_out = 0;
                self.end(Ending::Ledger(error));
                return;
            }
        };
        self.stats.overtaken += done.overtaken;
        if let Some(error) = done.closed {
            self.end(Ending::Ledger(error));
        }
        for row in done.settled {
            self.stats.skipped += u64::from(row.state == State::Skipped);
            self.sink.settled(row);
        }
        if self.permits_out > 0 {
            self.pace.give_back(self.permits_out - done.claims.len().min(self.permits_out));
            self.exhausted = done.exhausted && done.claims.is_empty() && !self.came_back;
            self.spent_up = done.spent_up;
            if let Some(spending) = self.spent_up.filter(|_| self.flights.is_empty() && self.finishes.is_empty()) {
                self.end(Ending::NotYet(Wait::for_money(spending)));
            }
            if let Some(at) = done.permit_at.filter(|_| !self.exhausted) {
                self.hold(at);
            }
        }
        self.permits_out = 0;
        // By the clock, which includes the time a machine was suspended.
        if self.ending.is_some() || self.clock.now().since(done.committed) > STALE_CLAIM {
            done.claims.into_iter().for_each(|claim| self.give_back(claim));
        } else {
            self.ready = done.claims;
        }
    }

    fn in_flight(&self) -> usize {
        self.flights.len() + self.ready.len()
    }

    fn give_back(&mut self, claim: Claim) {
        self.finish(claim, Outcome::Back, Verdict::nothing());
    }

    fn launch(&mut self, claim: Claim) {
        let Some(body) = self.body(&claim) else { return };
        self.stats.requests += 1;
        let request = self.deliver.deliver(body);
        self.flights.push(Flight { claim: Some(claim), request: Box::pin(request) });
    }

    /// The request of one recipient. Values were checked when the row was planned, so a message that can't be filled here
    /// means that the ledger was edited: the row is refused without a request.
    fn body(&mut self, claim: &Claim) -> Option<Bytes> {
        let mut message = String::new();
        let why = match self.job.messages.of(claim.arm) {
            None => "the ledger has no message for this row's arm".to_owned(),
            Some(template) => match (template.constant(), claim.values.as_deref()) {
                (Some(constant), _) => return Some(self.job.frame.fill(&claim.token, constant.as_bytes())),
                (None, values) => match template.fill(values, &mut message) {
                    Ok(()) => return Some(self.job.frame.fill(&claim.token, message.as_bytes())),
                    Err(error) => error.to_string(),
                },
            },
        };
        let verdict = Verdict { reason: Some(why), ..Verdict::nothing() };
        self.finish(claim.clone(), Outcome::Refused { suppress: None }, verdict);
        None
    }

    fn landed(&mut self, claim: Option<Claim>, mut answer: Answer) {
        // An abandoned request no longer has a row.
        let Some(claim) = claim else { return };
        answer.hide(&claim.token);
        self.observed.see(&answer.usage);
        let at = self.clock.now();
        let verdict = classify(&answer, self.job.campaign, at);
        let now = Instant::now();
        if let Some(burst) = self.bursts.record(&verdict.effect, now) {
            note!(INFO, "burst", why = verdict.reason.as_deref().map(Said));
            self.end(Ending::Burst(burst, verdict.reason.clone()));
        }
        if !matches!(verdict.effect, Effect::Wait(Wait { is_rate: true, .. }) | Effect::NotSent | Effect::Doubt) {
            self.pace.passed();
        }
        match &verdict.effect {
            Effect::Accepted => self.stats.accepted += 1,
            Effect::Refused(refusal) => {
                let refused = self.stats.refused.entry(*refusal).or_default();
                refused.count += 1;
                if refused.count == 1 {
                    refused.sample = verdict.reason.clone().unwrap_or_default();
                    refused.fbtrace_id = verdict.facts.fbtrace_id.clone();
                }
            }
            Effect::Later { code } => {
                self.stats.later += 1;
                self.stats.too_early += u64::from(*code == Some(TOO_EARLY));
            }
            Effect::NotSent => self.stats.not_sent += 1,
            Effect::Doubt => self.stats.unknown += 1,
            Effect::Stop(halt) => self.end(Ending::Stopped(halt.clone())),
            Effect::Wait(wait) => self.wait(wait.clone(), at, now),
        }
        let outcome = verdict.outcome.clone();
        note!(
            DEBUG,
            "send",
            person = Person(&claim.token),
            outcome = verdict.effect.name(),
            status = verdict.http_status,
            code = verdict.facts.code,
            subcode = verdict.facts.subcode,
            why = verdict.reason.as_deref().map(Said),
            fbtrace_id = verdict.facts.fbtrace_id.as_deref().map(Trace),
            ms = at.since(claim.at),
        );
        self.finish(claim, outcome, verdict);
    }

    fn finish(&mut self, claim: Claim, outcome: Outcome, verdict: Verdict) {
        if outcome == Outcome::Back {
            self.exhausted = false;
            self.came_back = true;
        }
        self.finishes.push(Finish {
            claim,
            outcome,
            at: self.clock.now(),
            reason: verdict.reason,
            http_status: verdict.http_status,
            code: verdict.facts.code,
            subcode: verdict.facts.subcode,
            fbtrace_id: verdict.facts.fbtrace_id,
        });
    }

    /// The grace period after an interrupt is over: these answers are no longer awaited.
    fn give_up_flights(&mut self) {
        let claims: Vec<Claim> = self.flights.iter_mut().filter_map(|flight| flight.claim.take()).collect();
        self.flights.clear();
        for claim in claims {
            self.stats.unknown += 1;
            let verdict =
                Verdict { reason: Some("interrupted before an answer came".to_owned()), ..Verdict::nothing() };
            self.finish(claim, Outcome::Unknown, verdict);
        }
    }
}

fn earliest(one: Option<Instant>, two: Option<Instant>) -> Option<Instant> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

#[cfg(test)]
mod tests;
