//! `mmsg send --resume`: every unfinished broadcast of the Page, oldest first.

use tokio::sync::Semaphore;

use super::campaign::{CampaignFacts, Unfit};
use super::canary::{self, CanaryRun};
use super::confirm::Question;
use super::ending::Conclusion;
use super::finish::Finish;
use super::results::{Businesses, Results};
use super::split::Sent;
use super::timing::{self, Until};
use super::totals::Totals;
use super::turn::{Turn, standing};
use super::{Args, tell_retried, tell_safety};
use crate::commands::context::Context;
use crate::commands::deletions;
use crate::commands::signals::Signals;
use crate::error::{Exit, Result};
use crate::ledger::broadcasts::Broadcast;
use crate::send::job::Limits;
use crate::send::writer_thread::{Desk, LedgerThread};
use crate::times::REQUEST_TIMEOUT;

const NOTHING: &str = "nothing to resume";

pub async fn run(context: &Context, args: &Args, signals: &Signals) -> Result<Exit> {
    let limits = args.limits(context)?;
    let page = context.page()?.as_str().to_owned();
    let Some(ledger) = context.ledger_if_any()? else {
        args.outputs(context, &[], Businesses::One)?;
        context.ui.status(NOTHING);
        return Totals::default().print(context, None);
    };
    let unfinished = ledger.unfinished_broadcasts(&page, args.campaign.as_deref())?;
    let has_arms = unfinished.iter().any(|broadcast| broadcast.split.is_some());
    let of = if has_arms { Businesses::OneWithArms } else { Businesses::One };
    let outputs = args.outputs(context, &[], of)?;
    let thread = LedgerThread::open(ledger)?;
    tell_safety(context, thread.desk().ask(|ledger| ledger.safety()).await?);
    let readers = Semaphore::new(1);
    let resume = Resume { context, args, signals, page, ledger: thread.desk(), readers: &readers };
    resume.check().await?;
    thread.desk().ask(|ledger| ledger.finish_closes()).await?;
    let mut results = Results::open(context, &outputs, args.results.as_deref(), of)?;
    let (mut conclusion, totals) = resume.send(limits, &mut results).await?;
    conclusion.add_unwritten(results.finish());
    conclusion.finish(context, totals, &Finish::of(&args.finish, &outputs, &context.settings))
}

/// One Page's broadcasts, from one profile.
pub struct Resume<'a> {
    pub context: &'a Context,
    pub args: &'a Args,
    pub signals: &'a Signals,
    pub page: String,
    pub ledger: &'a Desk,
    /// How many campaigns may be read at once, where many are.
    pub readers: &'a Semaphore,
}

impl<'a> Resume<'a> {
    /// What must hold before anything is sent, and what other commands left half done.
    pub async fn check(&self) -> Result<()> {
        let host = self.context.settings.graph_url.value.as_str().to_owned();
        let page = self.page.clone();
        let unplanned = self.ledger.ask(move |ledger| {
            ledger.refuse_other_host(&host)?;
            ledger.refuse_closed()?;
            ledger.unplanned_listings(&page)
        });
        for (broadcast, source, rows) in unplanned.await? {
            self.context.ui.warn(&format!(
                "planning of the list {source} ({rows} rows) of broadcast {broadcast} was interrupted, so it is not sent; run its \
                 send command again to plan it"
            ));
        }
        deletions::finish_cut_at(self.context, self.ledger).await
    }

    /// Sends, until nothing is left that may go out or something ends it.
    ///
    /// # Errors
    /// What ends it before anything is sent, and a ledger that fails.
    pub async fn send(&self, mut limits: Limits, results: &mut Results) -> Result<(Conclusion<'a>, Totals)> {
        let Self { context, args, signals, ledger, .. } = *self;
        let mut conclusion = Conclusion::new(signals, context.clock);
        let mut totals = Totals::default();
        let mut tried = Vec::new();
        let (mut money, mut until) = (None, None);
        loop {
            let next = self.unfinished().await?.into_iter().find(|broadcast| !tried.contains(&broadcast.id));
            let Some(broadcast) = next.filter(|_| !conclusion.is_over()) else { break };
            tried.push(broadcast.id);
            let sent = Sent::of(&broadcast)?;
            let read = match self.facts(&broadcast).await {
                Ok(facts) => Ok(facts),
                Err(Unfit::Campaign(error)) => Err(error),
                Err(Unfit::Everything(error)) => return Err(error),
            };
            let clock = context.graph_clock()?;
            let clock = ledger.ask(move |ledger| ledger.clock_by(clock)).await?;
            conclusion.keep_time(clock);
            ledger.ask(move |ledger| ledger.refuse_clock_behind(clock.now())).await?;
            if tried.len() == 1 {
                // Only after the clock was compared with Graph's: otherwise a wrong time could get into the ledger.
                let cool_down = context.cool_down();
                totals.this_run.found_unknown =
                    ledger.ask(move |ledger| ledger.bury_dead_runs(&clock, cool_down)).await?;
                money = args.money.read(context, clock.now()).await?;
                until = args.timing.until(context, args.until.as_ref(), clock.now())?;
            }
            let facts = match read {
                Ok(facts) => facts,
                // A problem with one campaign skips only its broadcast.
                Err(error) => {
                    conclusion.add_error(context, &broadcast, error);
                    totals.add(&standing(ledger, broadcast.id, None).await?);
                    continue;
                }
            };
            if !args.retry_refused.is_empty() {
                let (id, codes) = (broadcast.id, args.retry_refused.clone());
                tell_retried(context, &ledger.ask(move |ledger| ledger.retry_refused(id, &codes)).await?);
            }
            context.ui.status(&format!("broadcast {} of campaign {}", broadcast.id, facts.shown()));
            timing::tell(context, &broadcast);
            args.canary.apply_at(context, ledger, broadcast.id, clock.now()).await?;
            let asked = Question {
                broadcast: &broadcast,
                listing: None,
                campaign: &facts,
                sent: &sent,
                testers: None,
                limits: &limits,
                money,
                cost_per_delivery: args.money.cost_per_delivery(),
            };
            if let Err(error) = asked.confirm(context, signals, ledger, clock.now()).await {
                conclusion.end(error);
                totals.add(&standing(ledger, broadcast.id, None).await?);
                break;
            }
            let turn = Turn {
                broadcast: &broadcast,
                listing: None,
                messages: sent.messages,
                campaign: &facts,
                end: [facts.end, Until::over(until, broadcast.until)].into_iter().flatten().min(),
                cool_down: context.cool_down(),
                timeout: REQUEST_TIMEOUT,
                money,
                awaits_rows: true,
            };
            let done = CanaryRun { context, ledger, clock, signals }.run(&turn, &limits, results).await?;
            if let Some(max) = &mut limits.max_sends {
                *max = max.saturating_sub(done.stats.requests);
            }
            limits.wait = limits.wait.saturating_sub(done.waited);
            limits.beginning = done.stats.beginning;
            conclusion.add(context, done, &facts).await?;
            totals.add(&standing(ledger, broadcast.id, None).await?);
            let id = broadcast.id;
            totals.canaries.extend(ledger.ask(move |ledger| canary::told(ledger, id, clock.now())).await?);
        }
        // Broadcasts that were not reached wait, too.
        for broadcast in self.unfinished().await? {
            if !tried.contains(&broadcast.id) {
                totals.add(&standing(ledger, broadcast.id, None).await?);
            }
        }
        if tried.is_empty() {
            context.ui.status(NOTHING);
        }
        totals.complete(ledger.ask(|ledger| ledger.unknown_in_all()).await?, &conclusion.course());
        Ok((conclusion, totals))
    }

    /// How all of it stands, where nothing could be sent.
    pub async fn standing(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        for broadcast in self.unfinished().await? {
            totals.add(&standing(self.ledger, broadcast.id, None).await?);
        }
        Ok(totals)
    }

    async fn unfinished(&self) -> Result<Vec<Broadcast>> {
        let (page, campaign) = (self.page.clone(), self.args.campaign.clone());
        Ok(self.ledger.ask(move |ledger| ledger.unfinished_broadcasts(&page, campaign.as_deref())).await?)
    }

    async fn facts(&self, broadcast: &Broadcast) -> Result<CampaignFacts, Unfit> {
        // A semaphore that is never closed has no error.
        let _turn = self.readers.acquire().await.ok();
        let facts = CampaignFacts::read(self.context, &broadcast.campaign).await?;
        facts.refuse_other_page(self.context)?;
        facts.refuse_obstacle_of_resume(self.context)?;
        Ok(facts)
    }
}
