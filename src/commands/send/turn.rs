//! One broadcast's turn: a run is started, sends, and ends in the ledger however it ends.

use std::sync::Arc;
use std::time::Duration;

use super::campaign::CampaignFacts;
use super::money::Money;
use super::results::Results;
use crate::clock::{Clock, UnixMillis};
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::Result;
use crate::ledger;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::error::Closed;
use crate::ledger::spending::Spending;
use crate::ledger::totals::Standing;
use crate::ledger::writer::{Scope, Seat};
use crate::log::{Instrument, note, within};
use crate::send::bursts::Burst;
use crate::send::engine;
use crate::send::job::{Ending, Job, Limits, Sink, Stats};
use crate::send::messages::Messages;
use crate::send::outcome::WaitCause;
use crate::send::writer_thread::Desk;

pub struct Turn<'a> {
    pub broadcast: &'a Broadcast,
    /// Only rows of this listing; `None`: all planned rows.
    pub listing: Option<i64>,
    pub messages: Messages,
    pub campaign: &'a CampaignFacts,
    pub end: Option<UnixMillis>,
    pub cool_down: Duration,
    pub timeout: Duration,
    /// `None`: no limit.
    pub money: Option<Money>,
    /// Whether it waits for rows that are not due yet, as long as the limits allow.
    pub awaits_rows: bool,
}

/// How a turn went.
pub struct TurnEnd {
    pub ending: Ending,
    pub stats: Stats,
    /// How long it waited for rows that were not due yet.
    pub waited: Duration,
    /// Under a spend limit: how the account stands.
    pub spending: Option<Spending>,
}

impl TurnEnd {
    /// Without a request.
    pub fn before_any(ending: Ending) -> Self {
        Self { ending, stats: Stats::default(), waited: Duration::ZERO, spending: None }
    }
}

impl Turn<'_> {
    /// If somebody asked twice to stop, the run is left for the next one to find dead.
    pub async fn run(
        &self,
        context: &Context,
        ledger: &Desk,
        limits: &Limits,
        clock: Clock,
        signals: &Signals,
        results: &mut Results,
    ) -> Result<TurnEnd> {
        let sender = Arc::new(context.sender(self.timeout, limits.concurrency)?);
        let frame = sender.frame(&self.campaign.id, self.broadcast.min_gap);
        let values = self.messages.uses_values();
        results.name_arms(self.broadcast.split.as_ref());
        let job = Job { messages: self.messages.clone(), frame, campaign: self.campaign.times };
        let (broadcast, in_flight) = (self.broadcast.id, limits.concurrency);
        let run = match ledger.ask(move |ledger| ledger.start_run(broadcast, clock.now(), in_flight)).await {
            Ok(run) => run,
            // An earlier turn of the command may have sent: its end says how many.
            Err(error @ ledger::error::Error::Closed { .. }) => {
                return Ok(TurnEnd::before_any(Ending::Ledger(error)));
            }
            Err(error) => return Err(error.into()),
        };
        let span = within!(run = run.id, broadcast = broadcast, campaign = self.campaign.id);
        span.in_scope(|| note!(INFO, "run begun", listing = self.listing, in_flight = in_flight));
        if let Some(Money { today, told: Some(told), .. }) = self.money {
            let account = self.broadcast.ad_account.clone();
            ledger.ask(move |ledger| ledger.told_spending(&account, today, told)).await?;
        }
        if let Some(end) = self.end {
            ledger.ask(move |ledger| ledger.judge_late_rows(broadcast, end)).await?;
        }
        let scope = Scope {
            broadcast: self.broadcast.clone(),
            run: run.id,
            listing: self.listing,
            values,
            end: self.end,
            cool_down: self.cool_down,
            timeout: self.timeout,
            ceiling: self.money.map(|money| money.ceiling),
        };
        let mut limits = limits.clone();
        let mut waited = Duration::ZERO;
        let mut whole = Stats::default();
        let mut writer = ledger.writer(Seat::new(clock, scope, run.reserve.clone()).by_server());
        let mut level = signals.level();
        let ending = loop {
            // Progress is measured by what this stretch may do, not by the whole list.
            let (pending, _) = self.waiting(ledger).await?;
            results.begin(&context.ui, limits.max_sends.map_or(pending, |max| pending.min(max)));
            let stretch = engine::run(&job, &limits, clock, &mut writer, &sender, results, &mut level);
            let (ending, stats) = stretch.instrument(span.clone()).await;
            whole.add(&stats);
            limits.beginning = stats.beginning;
            let ending =
                self.unless_nothing_is_due(closing_the_gate(ending, ledger).await, ledger, clock.now()).await?;
            if *level.borrow() > 1 {
                span.in_scope(|| log_end("abandoned", &whole));
                run.abandon();
                results.end();
                return Ok(TurnEnd { ending, stats: whole, waited, spending: None });
            }
            if let Some(max) = &mut limits.max_sends {
                *max = max.saturating_sub(stats.requests);
            }
            limits.wait = limits.wait.saturating_sub(stats.waited);
            waited += stats.waited;
            // Waits for rows that become due within the time that the run may wait, and for the account's next day.
            let due = match &ending {
                Ending::Exhausted if self.awaits_rows => self.waiting(ledger).await?.1,
                Ending::NotYet(wait) if wait.next_day && !limits.wait.is_zero() => {
                    Some(context.next_day(clock.now()).await)
                }
                _ => None,
            };
            let wait = due.map(|at| at.since(clock.now()) + Duration::from_millis(1));
            let Some(wait) = wait.filter(|wait| *wait <= limits.wait) else { break ending };
            span.in_scope(|| note!(INFO, "wait", until = due, why = "rows that are not due yet"));
            match &ending {
                Ending::NotYet(told) => results.waiting(due.unwrap_or_default(), &told.cause),
                _ => results.wait_for_rows(due.unwrap_or_default()),
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = signals.stopped() => break Ending::Interrupted,
            }
            limits.wait = limits.wait.saturating_sub(wait);
            waited += wait;
        };
        results.end();
        span.in_scope(|| log_end(ending.name(), &whole));
        let (why, cool_down) = (ending.name(), self.cool_down);
        let failed_before = matches!(ending, Ending::Ledger(_) | Ending::Sink(_));
        let ended = ledger.ask(move |ledger| ledger.end_run(run, clock.now(), why, cool_down)).await;
        let ending = match ended {
            // The first failure is the one to report.
            Err(error) if !failed_before => Ending::Ledger(error),
            _ => ending,
        };
        let spending = match self.money {
            Some(money) if !matches!(ending, Ending::Ledger(_)) => {
                let account = self.broadcast.ad_account.clone();
                ledger.ask(move |ledger| ledger.spending(&account, &money.ceiling, clock.now())).await?
            }
            _ => None,
        };
        Ok(TurnEnd { ending, stats: whole, waited, spending })
    }

    /// How many of its rows wait, and when the first of them is due.
    async fn waiting(&self, ledger: &Desk) -> Result<(u64, Option<UnixMillis>)> {
        let (broadcast, listing) = (self.broadcast.id, self.listing);
        Ok(ledger.ask(move |ledger| ledger.waiting(broadcast, listing)).await?)
    }

    /// Nobody waits for money if nobody may get a message now.
    async fn unless_nothing_is_due(&self, ending: Ending, ledger: &Desk, now: UnixMillis) -> Result<Ending> {
        if !matches!(&ending, Ending::NotYet(wait) if matches!(wait.cause, WaitCause::SpendLimit(_))) {
            return Ok(ending);
        }
        let (broadcast, listing) = (self.broadcast.id, self.listing);
        let due = ledger.ask(move |ledger| ledger.due(broadcast, listing, now)).await?;
        Ok(if due == 0 { Ending::Exhausted } else { ending })
    }
}

fn log_end(why: &'static str, stats: &Stats) {
    note!(
        INFO,
        "run ended",
        why = why,
        requests = stats.requests,
        accepted = stats.accepted,
        refused = stats.refused_in_all(),
        later = stats.later,
        unknown = stats.unknown,
        not_sent = stats.not_sent,
        skipped = stats.skipped,
        waited_ms = stats.waited,
    );
}

/// Whoever may have been messaged by an old copy of the ledger, or by another one, gets nothing more from any process.
async fn closing_the_gate(ending: Ending, ledger: &Desk) -> Ending {
    if !matches!(ending, Ending::Burst(Burst::TooEarly { .. }, _)) {
        return ending;
    }
    match ledger.ask(|ledger| ledger.close_gate(Closed::Refused)).await {
        Ok(()) => ending,
        Err(error) => Ending::Ledger(error),
    }
}

/// How a broadcast stands, or a listing of it.
pub async fn standing(ledger: &Desk, broadcast: i64, listing: Option<i64>) -> ledger::error::Result<Standing> {
    ledger
        .ask(move |ledger| match listing {
            Some(listing) => ledger.standing_of_listing(broadcast, listing, None),
            None => ledger.standing_of_broadcast(broadcast),
        })
        .await
}
