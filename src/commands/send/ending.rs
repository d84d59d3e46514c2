//! How a send ends: the endings of its turns become one exit code, one error and one next time to run.

use serde_json::Value;

use super::campaign::CampaignFacts;
use super::finish::Finish;
use super::totals::{Course, Totals};
use super::turn::TurnEnd;
use crate::clock::{Clock, UnixMillis};
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::spending::Spending;
use crate::send::bursts::Burst;
use crate::send::job::{Ending, SinkFailure, Stats};
use crate::send::outcome::{LOOK_AGAIN, Wait, WaitCause};
use crate::text;
use crate::ui::lines::Unwritten;

/// Something that ended a turn.
struct Failure {
    error: Error,
    /// The totals are data all the same: there is something to look at.
    keeps_totals: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let keeps_totals = failure::send::keeps_totals(error.exit());
        Self { error, keeps_totals }
    }
}

/// What all turns of a command came to.
pub struct Conclusion<'a> {
    signals: &'a Signals,
    clock: Clock,
    stats: Stats,
    /// What ended a turn; sorted by weight once the command ends.
    failures: Vec<Failure>,
    /// The earliest time at which something that must wait may go out.
    next_run_at: Option<UnixMillis>,
    /// Under a spend limit: how the account stood last.
    spending: Option<Spending>,
    /// What the first of these waits for.
    waits_for: Option<String>,
    max_sends: bool,
    over: bool,
    /// Results that could not be written, and how: reported once.
    reader_gone: bool,
    unwritable: bool,
}

impl<'a> Conclusion<'a> {
    pub fn new(signals: &'a Signals, clock: Clock) -> Self {
        Self {
            signals,
            clock,
            stats: Stats::default(),
            failures: Vec::new(),
            next_run_at: None,
            spending: None,
            waits_for: None,
            max_sends: false,
            over: false,
            reader_gone: false,
            unwritable: false,
        }
    }

    /// From now on by this clock.
    pub fn keep_time(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Whether the command ends without trying another broadcast.
    pub fn is_over(&self) -> bool {
        self.over || self.signals.is_stopping()
    }

    /// How it went, for the totals.
    pub fn course(&self) -> Course {
        Course {
            stats: self.stats.clone(),
            reason: self.failures.first().map(|failure| failure.error.to_string()).or_else(|| self.waits_for.clone()),
            now: self.clock.now(),
            next_run_at: self.next_run_at,
            spending: self.spending,
            stopped_at_max: self.max_sends,
        }
    }

    /// Takes in how a turn ended.
    pub async fn add(&mut self, context: &Context, done: TurnEnd, campaign: &CampaignFacts) -> Result<()> {
        self.stats.add(&done.stats);
        self.spending = done.spending.or(self.spending);
        let requests = requests(self.stats.requests);
        let go_on = context.resume_command(Some(campaign.id.as_str()));
        // Why people were refused as too early.
        let mut is_told = false;
        match done.ending {
            Ending::Exhausted => {}
            Ending::MaxSends => {
                self.max_sends = true;
                self.over = true;
            }
            Ending::Interrupted => {
                self.over = true;
                self.fail(
                    Error::new(self.signals.exit(), format!("interrupted after {requests}"))
                        .hint(format!("{go_on} continues")),
                );
            }
            Ending::Stopped(halt) => {
                self.over |= !halt.of_broadcast();
                self.fail(failure::send::halted(halt, &requests, &go_on));
            }
            Ending::NotYet(wait) => self.not_yet(context, wait, &requests, &go_on).await?,
            Ending::Burst(burst, sample) => {
                self.over = true;
                is_told = matches!(burst, Burst::TooEarly { .. });
                self.fail(failure::send::burst(&burst, sample.as_deref(), &requests, &go_on));
            }
            Ending::Canary(stopped) => {
                let mut close = format!("mmsg broadcast close {}", stopped.broadcast);
                context.push_globals(&mut close);
                self.fail(failure::send::canary(&stopped, &go_on, &close));
            }
            // Whoever closed stdout sees no more rows, but the log shows how far it got.
            Ending::Sink(SinkFailure::ReaderGone) => {
                self.over = true;
                self.reader_gone = true;
                self.fail(
                    Error::new(Exit::PipeClosed, format!("stdout was closed after {requests}"))
                        .hint(format!("{go_on} continues")),
                );
            }
            // What happened is reported when the results are closed.
            Ending::Sink(SinkFailure::Unwritable) => self.over = true,
            Ending::Ledger(error) => {
                self.over = true;
                let after = (self.stats.requests > 0).then_some(requests.as_str());
                self.fail(failure::ledger::ended(error, after));
            }
        }
        if self.stats.too_early >= 20 && !is_told {
            context.ui.warn(&format!(
                "Graph refused {} recipients as too early (2300035) although this ledger has no recent message to them: either \
                 something else sends for this Page, or this ledger is an old copy",
                text::thousands(self.stats.too_early)
            ));
        }
        if self.stats.overtaken > 0 {
            context.ui.warn(&format!(
                "{} arrived after another process had already settled the row (ledger {})",
                text::count(self.stats.overtaken, "answer", "answers"),
                context.settings.ledger.value
            ));
        }
        Ok(())
    }

    /// A broadcast that was skipped.
    pub fn add_error(&mut self, context: &Context, broadcast: &Broadcast, error: Error) {
        context.ui.warn(&format!("skipping broadcast {}: {error}", broadcast.id));
        self.fail(error);
    }

    /// Nothing more is sent: somebody said no, or stop.
    pub fn end(&mut self, error: Error) {
        self.over = true;
        self.fail(error);
    }

    /// Results that could not be written.
    pub fn add_unwritten(&mut self, failures: Vec<Unwritten>) {
        for failure in failures {
            match failure {
                Unwritten::ReaderGone if !self.reader_gone => {
                    self.reader_gone = true;
                    self.fail(Error::stdout_closed());
                }
                Unwritten::Failed(error) if !self.unwritable => {
                    self.unwritable = true;
                    self.fail(error);
                }
                Unwritten::ReaderGone | Unwritten::Failed(_) => {}
            }
        }
    }

    async fn not_yet(&mut self, context: &Context, wait: Wait, requests: &str, go_on: &str) -> Result<()> {
        let until = match wait.until {
            Some(until) => until,
            None if wait.next_day => context.next_day(self.clock.now()).await,
            None => self.clock.now().plus(LOOK_AGAIN),
        };
        self.over |= !wait.of_broadcast;
        let cause = failure::send::cause(&wait.cause);
        self.waits_for.get_or_insert_with(|| cause.clone());
        self.next_run_at = Some(self.next_run_at.map_or(until, |other| other.min(until)));
        let id = wait.facts.fbtrace_id.map(|id| format!(" (fbtrace_id {id})")).unwrap_or_default();
        context.ui.status(&format!("not yet, after {requests}: {cause}{id}; run again at {until}"));
        if let WaitCause::SpendLimit(spending) = &wait.cause {
            context.ui.hint(&failure::send::spend_more(spending, go_on));
        }
        Ok(())
    }

    fn fail(&mut self, error: Error) {
        self.failures.push(error.into());
    }

    /// Decides the exit code, prints the totals, and the error if there is one.
    pub fn finish(self, context: &Context, totals: Totals, finish: &Finish<'_>) -> Result<Exit> {
        let now = self.clock.now();
        let Concluded { totals, exit, failure, others } = self.conclude(totals);
        let error = failure.as_ref().map(|failure| &failure.error);
        let told = serde_json::to_value(totals.clone().ended(exit, error)).unwrap_or(Value::Null);
        finish.tell_one(context, now, &told);
        for other in others {
            context.ui.warn(&other.to_string());
        }
        let Some(Failure { error, keeps_totals }) = failure else {
            return totals.print(context, Some(exit));
        };
        if keeps_totals {
            context.ui.warn(error.message());
            if let Some(hint) = error.hint_text() {
                context.ui.hint(hint);
            }
            return totals.ended(exit, Some(&error)).print(context, Some(exit));
        }
        let value = serde_json::to_value(totals.ended(exit, Some(&error))).unwrap_or(Value::Null);
        Err(error.totals(value))
    }

    /// Decides the exit code.
    ///
    /// First wins: 10; 11 if a burst of unknown sends ended the run; 3, 4, 5, 7, 130/141/143; 11 if this run left a send unknown; 6; 8; 0.
    pub fn conclude(mut self, totals: Totals) -> Concluded {
        self.failures.sort_by_key(|failure| failure::send::rank(failure.error.exit()));
        let waits = self.waits_for.is_some() || totals.waits();
        // A run may be repeated in any case, so rows that wait must not hide what is unknown.
        let counted = if totals.left_unknown() {
            Exit::Doubt
        } else if waits {
            Exit::NotYet
        } else if self.stats.refused_to_look_at() > 0 || totals.skipped_most() {
            Exit::PartlyRefused
        } else {
            Exit::Done
        };
        let mut failures = self.failures.into_iter();
        let failure = failures.next();
        let exit = failure.as_ref().map_or(counted, |failure| failure.error.exit());
        Concluded { totals, exit, failure, others: failures.map(|failure| failure.error).collect() }
    }
}

/// How a send ended.
pub struct Concluded {
    pub totals: Totals,
    pub exit: Exit,
    /// The weightiest; `None` if all that could go out did.
    failure: Option<Failure>,
    /// What else went wrong.
    pub others: Vec<Error>,
}

impl Concluded {
    /// Of what ended it before anything was sent.
    pub fn by(error: Error, totals: Totals) -> Self {
        Self { totals, exit: error.exit(), failure: Some(error.into()), others: Vec::new() }
    }

    /// Of a business that never sent.
    pub fn nothing() -> Self {
        Self::of(Totals::default())
    }

    /// Of a list without rows.
    pub fn of(totals: Totals) -> Self {
        Self { totals, exit: Exit::Done, failure: None, others: Vec::new() }
    }

    pub fn error(&self) -> Option<&Error> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// Which of several ends is told, the lowest first. What is counted weighs less than what ended a run, though both may be 11.
    pub fn weight(&self) -> u8 {
        match self.failure {
            None if self.exit == Exit::Doubt => 2 * failure::send::rank(Exit::NotYet) - 1,
            _ => 2 * failure::send::rank(self.exit),
        }
    }
}

fn requests(n: u64) -> String {
    text::count(n, "request", "requests")
}
