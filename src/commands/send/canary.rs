//! A canary: the message to a few people first, and to the others only if it does well. What is known of it is in the ledger, so that
//! whoever goes on with the broadcast goes on with its canary.

mod shown;

use std::time::Duration;

use super::results::Results;
use super::turn::{Turn, TurnEnd, standing};
use crate::cli::values;
use crate::clock::{Clock, UnixMillis};
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::{Error, Result};
use crate::graph::ErrorFacts;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::canary::{Canary, CanaryCounts, CanaryTerms, Size};
use crate::ledger::{self, Ledger};
use crate::send::canary::{CanaryVerdict, Figures, Stopped};
use crate::send::job::{Ending, Limits};
use crate::send::outcome::{Wait, WaitCause};
use crate::send::writer_thread::Desk;
use crate::text;
use shown::verdict;
pub use shown::{CanaryTotals, DryCanary, plan_of, told};

/// How often the ledger is asked whether more was heard, or another process is done.
const LOOK: Duration = Duration::from_millis(500);

/// Of each of them: one for all would also be that of the flags that follow in a command.
const HEADING: &str = "Canary";

/// These stay with the broadcast: the same command and --resume obey them until others are given.
#[derive(clap::Args, Debug)]
pub struct CanaryArgs {
    /// Send to a few people first: a share such as 1%, or a number. The others follow only if these do well. none: send to everybody
    /// at once, also after a canary that stopped.
    #[arg(long, help_heading = HEADING, value_name = "SIZE", value_parser = Choice::parse)]
    canary: Option<Choice>,
    /// How long to wait for webhook events of the canary [default: 10m].
    #[arg(long, help_heading = HEADING, value_name = "DURATION", value_parser = values::duration)]
    canary_wait: Option<Duration>,
    /// Stop, with exit code 5, if more than this share of the canary is refused, fails or stays unknown; people who opted out, whose
    /// token expired or whose region is excluded do not count [default: 5%].
    #[arg(long, help_heading = HEADING, value_name = "SHARE", value_parser = values::share)]
    canary_max_failed: Option<f64>,
    /// Judge the canary by Meta's answers alone, without waiting for webhook events.
    #[arg(long, help_heading = HEADING, conflicts_with = "canary_wait")]
    canary_without_events: bool,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    None,
    Of(Size),
}

impl Choice {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" { Ok(Self::None) } else { Size::parse(text).map(Self::Of) }
    }
}

impl CanaryArgs {
    fn terms(&self) -> CanaryTerms {
        CanaryTerms {
            size: match self.canary {
                Some(Choice::Of(size)) => Some(size),
                Some(Choice::None) | None => None,
            },
            wait: self.canary_wait,
            max_failed: self.canary_max_failed,
            // Who says how long to wait wants to hear.
            hears: self.canary_without_events.then_some(false).or(self.canary_wait.map(|_| true)),
        }
    }

    /// Flags about a canary need one: of this command, or of the broadcast that it continues.
    pub fn refuse_without(&self, ledger: &Ledger, broadcast: Option<&Broadcast>) -> Result<()> {
        let terms = self.terms();
        if terms.size.is_some() || terms == CanaryTerms::default() {
            return Ok(());
        }
        if let Some(broadcast) = broadcast
            && ledger.canary(broadcast.id)?.is_some()
        {
            return Ok(());
        }
        Err(Error::usage(
            "--canary-wait, --canary-max-failed and --canary-without-events need a canary; nothing was planned or sent",
        )
        .hint("add --canary 1%, or a number of people"))
    }

    /// Records what the flags say of a broadcast's canary, before anybody of a list may get anything.
    pub fn apply(&self, context: &Context, ledger: &mut Ledger, broadcast: i64, now: UnixMillis) -> Result<()> {
        let done = self.change(ledger, broadcast, now)?;
        self.tell(context, done);
        Ok(())
    }

    /// The same for a broadcast that is continued, which may have none.
    pub async fn apply_at(&self, context: &Context, ledger: &Desk, broadcast: i64, now: UnixMillis) -> Result<()> {
        let args = Self { ..*self };
        let done = ledger.ask(move |ledger| args.change(ledger, broadcast, now)).await?;
        self.tell(context, done);
        Ok(())
    }

    /// What the broadcast's canary would be, for a run that writes nothing; `None`: everybody would get the message at once.
    pub fn dry(
        &self,
        ledger: &Ledger,
        broadcast: Option<&Broadcast>,
        now: UnixMillis,
        people: u64,
    ) -> Result<Option<DryCanary>> {
        self.refuse_without(ledger, broadcast)?;
        let before = broadcast.map(|broadcast| ledger.canary(broadcast.id)).transpose()?.flatten();
        let told = broadcast.map(|broadcast| told(ledger, broadcast.id, now)).transpose()?.flatten();
        if matches!(self.canary, Some(Choice::None)) {
            return Ok(None);
        }
        Ok(self.terms().over(before).map(|canary| DryCanary::new(&canary, told.as_ref(), people)))
    }

    fn change(&self, ledger: &mut Ledger, broadcast: i64, now: UnixMillis) -> ledger::error::Result<Option<Canary>> {
        if let Some(Choice::None) = self.canary {
            ledger.pass_canary(broadcast, now)?;
        }
        ledger.set_canary(broadcast, self.terms())
    }

    fn tell(&self, context: &Context, canary: Option<Canary>) {
        let (Some(Choice::Of(asked)), Some(canary)) = (self.canary, canary) else { return };
        if canary.size != asked {
            context.ui.warn(&format!("the canary of {} stays: its people are chosen already", canary.size));
        }
    }
}

/// What a turn's canary needs.
pub struct CanaryRun<'a> {
    pub context: &'a Context,
    pub ledger: &'a Desk,
    pub clock: Clock,
    pub signals: &'a Signals,
}

/// What comes next.
enum Next {
    /// Everybody may get the message.
    Everybody,
    /// The people of this listing.
    These(i64),
    /// Look again after so long.
    Look(Duration),
    End(Ending),
}

impl CanaryRun<'_> {
    /// A turn of a broadcast: its canary, if it has one that has not passed, and then everybody.
    pub async fn run(&self, turn: &Turn<'_>, limits: &Limits, results: &mut Results) -> Result<TurnEnd> {
        let mut limits = limits.clone();
        let mut sum = TurnEnd::before_any(Ending::Exhausted);
        let mut said = Said::default();
        // Without a request there is nothing to go first.
        while limits.max_sends != Some(0) {
            let listing = match self.next(turn, &limits, &mut said).await? {
                Next::Everybody => break,
                Next::End(ending) => return Ok(TurnEnd { ending, ..sum }),
                Next::These(listing) => Some(listing),
                Next::Look(after) => {
                    if self.pauses(after).await {
                        return Ok(TurnEnd { ending: Ending::Interrupted, ..sum });
                    }
                    continue;
                }
            };
            let first = Turn { listing, awaits_rows: false, messages: turn.messages.clone(), ..*turn };
            let done = self.turn(&first, &mut limits, results, &mut sum).await?;
            match done {
                // Other processes may have rows of it: they are at work.
                Ending::Exhausted if sum.stats.requests == said.requests => {
                    if self.pauses(LOOK).await {
                        return Ok(TurnEnd { ending: Ending::Interrupted, ..sum });
                    }
                }
                Ending::Exhausted => said.requests = sum.stats.requests,
                ending => return Ok(TurnEnd { ending, ..sum }),
            }
        }
        let ending = self.turn(turn, &mut limits, results, &mut sum).await?;
        Ok(TurnEnd { ending, ..sum })
    }

    async fn turn(
        &self,
        turn: &Turn<'_>,
        limits: &mut Limits,
        results: &mut Results,
        sum: &mut TurnEnd,
    ) -> Result<Ending> {
        let TurnEnd { ending, stats, waited, spending } =
            turn.run(self.context, self.ledger, limits, self.clock, self.signals, results).await?;
        if let Some(max) = &mut limits.max_sends {
            *max = max.saturating_sub(stats.requests);
        }
        limits.wait = limits.wait.saturating_sub(waited);
        limits.beginning = stats.beginning;
        sum.stats.add(&stats);
        sum.waited += waited;
        sum.spending = spending.or(sum.spending.take());
        Ok(ending)
    }

    /// Whether somebody asked to stop meanwhile.
    async fn pauses(&self, after: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(after) => false,
            () = self.signals.stopped() => true,
        }
    }

    /// What comes next, by what the ledger says now: another process may have been faster.
    async fn next(&self, turn: &Turn<'_>, limits: &Limits, said: &mut Said) -> Result<Next> {
        let (ui, now) = (&self.context.ui, self.clock.now());
        let broadcast = turn.broadcast.id;
        let found = self.ledger.ask(move |ledger| ledger.canary(broadcast)).await?;
        let Some(canary) = found.filter(|canary| canary.passed_at.is_none()) else { return Ok(Next::Everybody) };
        let whole = standing(self.ledger, broadcast, turn.listing).await?;
        let Some(listing) = self.people(turn, &canary, now).await? else {
            // Everybody has to wait: so does the choice.
            let wait = whole.next_at.map(|at| at.since(now) + Duration::from_millis(1));
            return Ok(match wait.filter(|wait| *wait <= limits.wait) {
                Some(wait) => Next::Look(wait),
                None => Next::End(Ending::Exhausted),
            });
        };
        let counts = self.ledger.ask(move |ledger| ledger.canary_counts(listing, now)).await?;
        let figures = Figures::of(&counts);
        said.once(Part::Size, || {
            ui.status(&format!(
                "canary: {} of broadcast {broadcast} first",
                text::count(figures.people, "person", "people")
            ));
        });
        let Some(sent) = canary.sent_at else {
            return self.to_send(broadcast, listing, &counts, &figures, now).await;
        };
        match verdict(&canary, &figures, sent, now) {
            _ if whole.pending == 0 => Ok(Next::Everybody),
            CanaryVerdict::Go => {
                self.ledger.ask(move |ledger| ledger.pass_canary(broadcast, now)).await?;
                if let Some(high) = figures.too_few(canary.max_failed) {
                    ui.warn(&format!(
                        "the canary of {} is too small to tell whether at most {} fail: with nobody of it failing, it may still be \
                         {} of all",
                        text::count(figures.asked(), "person", "people"),
                        text::percent(canary.max_failed),
                        text::percent(high)
                    ));
                }
                ui.status(&format!("canary passed: {}; sending to the others", figures.told()));
                Ok(Next::Everybody)
            }
            CanaryVerdict::Wait => {
                let left = sent.plus(canary.wait).since(now);
                said.once(Part::Wait, || {
                    ui.status(&format!(
                        "waiting up to {} for events of the canary: {}",
                        text::span(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))),
                        figures.told()
                    ));
                });
                Ok(Next::Look(LOOK.min(left + Duration::from_millis(1))))
            }
            verdict @ (CanaryVerdict::Failed | CanaryVerdict::Unheard) => Ok(Next::End(Ending::Canary(Stopped {
                broadcast,
                verdict,
                figures,
                max_failed: canary.max_failed,
                waited: canary.wait,
                held: whole.pending,
            }))),
        }
    }

    async fn people(&self, turn: &Turn<'_>, canary: &Canary, now: UnixMillis) -> Result<Option<i64>> {
        if canary.listing.is_some() {
            return Ok(canary.listing);
        }
        let (broadcast, listing) = (turn.broadcast.clone(), turn.listing);
        Ok(self.ledger.ask(move |ledger| ledger.choose_canary(&broadcast, listing, now)).await?)
    }

    /// While not all of a canary's people were asked.
    async fn to_send(
        &self,
        broadcast: i64,
        listing: i64,
        counts: &CanaryCounts,
        figures: &Figures,
        now: UnixMillis,
    ) -> Result<Next> {
        if counts.due > 0 {
            return Ok(Next::These(listing));
        }
        if counts.claimed > 0 {
            // Of a process at work, or of one that has died.
            let (clock, cool_down) = (self.clock, self.context.cool_down());
            self.ledger.ask(move |ledger| ledger.bury_dead_runs(&clock, cool_down)).await?;
            return Ok(Next::Look(LOOK));
        }
        if figures.asked() > 0 {
            self.ledger.ask(move |ledger| ledger.canary_is_sent(broadcast, now)).await?;
            return Ok(Next::Look(Duration::ZERO));
        }
        match counts.next_at {
            Some(at) => Ok(Next::End(Ending::NotYet(Wait {
                is_rate: false,
                of_broadcast: true,
                until: Some(at),
                next_day: false,
                cause: WaitCause::Canary,
                facts: ErrorFacts::default(),
            }))),
            None => {
                self.ledger.ask(move |ledger| ledger.forget_canary(broadcast)).await?;
                Ok(Next::Look(Duration::ZERO))
            }
        }
    }
}

/// What was said, once each, and how many requests were made by then.
#[derive(Default)]
struct Said {
    parts: [bool; 2],
    requests: u64,
}

#[derive(Clone, Copy)]
enum Part {
    Size,
    Wait,
}

impl Said {
    fn once(&mut self, part: Part, say: impl FnOnce()) {
        if !std::mem::replace(&mut self.parts[part as usize], true) {
            say();
        }
    }
}
