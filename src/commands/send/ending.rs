//! How a send ends: its turns' endings become one exit code, one error, one next time to run.

use serde_json::Value;

use super::campaign::CampaignFacts;
use super::totals::{Course, Totals};
use super::turn::TurnEnd;
use crate::clock::{Clock, UnixMillis};
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::Broadcast;
use crate::send::bursts::Burst;
use crate::send::job::{Ending, SinkFailure, Stats};
use crate::send::outcome::Wait;
use crate::ui::lines::Unwritten;

/// What all turns of a command came to.
pub struct Conclusion<'a> {
    signals: &'a Signals,
    clock: Clock,
    stats: Stats,
    /// What ended a turn, the most telling first once the command ends.
    errors: Vec<Error>,
    /// The earliest time at which something that is not yet may be.
    next_run_at: Option<UnixMillis>,
    /// What the first of these waits for.
    waits_for: Option<String>,
    max_sends: bool,
    over: bool,
    /// Results that could not be written, and how: said once.
    reader_gone: bool,
    unwritable: bool,
}

impl<'a> Conclusion<'a> {
    pub fn new(signals: &'a Signals, clock: Clock) -> Self {
        Self {
            signals,
            clock,
            stats: Stats::default(),
            errors: Vec::new(),
            next_run_at: None,
            waits_for: None,
            max_sends: false,
            over: false,
            reader_gone: false,
            unwritable: false,
        }
    }

    /// Whether the command ends without another broadcast's turn.
    pub fn is_over(&self) -> bool {
        self.over || self.signals.is_stopping()
    }

    /// How it went, for the totals.
    pub fn course(&self) -> Course {
        Course {
            stats: self.stats.clone(),
            reason: self.errors.first().map(ToString::to_string).or_else(|| self.waits_for.clone()),
            now: self.clock.now(),
            next_run_at: self.next_run_at,
            stopped_at_max: self.max_sends,
        }
    }

    /// Takes in how a turn ended.
    pub async fn add(
        &mut self,
        context: &Context,
        ledger: &Ledger,
        done: TurnEnd,
        campaign: &CampaignFacts,
    ) -> Result<()> {
        self.stats.add(&done.stats);
        let requests = requests(self.stats.requests);
        match done.ending {
            Ending::Exhausted => {}
            Ending::MaxSends => {
                self.max_sends = true;
                self.over = true;
            }
            Ending::Interrupted => {
                self.over = true;
                self.errors.push(
                    Error::new(self.signals.exit(), format!("interrupted after {requests}"))
                        .hint(format!("{} continues", context.resume_command(Some(campaign.id.as_str())))),
                );
            }
            Ending::Stopped(halt) => {
                self.over |= !halt.of_broadcast();
                let go_on = context.resume_command(Some(campaign.id.as_str()));
                self.errors.push(failure::send::halted(halt, &requests, &go_on));
            }
            Ending::NotYet(wait) => self.not_yet(context, wait, &requests).await?,
            Ending::Burst(burst, sample) => {
                self.over = true;
                self.errors.push(self.burst(context, burst, sample, &requests, campaign));
            }
            // Who closed stdout sees no more rows, but the log has how far it came.
            Ending::Sink(SinkFailure::ReaderGone) => {
                self.over = true;
                self.reader_gone = true;
                self.errors.push(
                    Error::new(Exit::Terminated, format!("stdout was closed after {requests}"))
                        .hint(format!("{} continues", context.resume_command(Some(campaign.id.as_str())))),
                );
            }
            // What happened to them is told once they are closed.
            Ending::Sink(SinkFailure::Unwritable) => self.over = true,
            Ending::Ledger(error) => {
                self.over = true;
                self.errors.push(error);
            }
        }
        if self.stats.too_early >= 20 {
            context.ui.warn(&format!(
                "Graph refused {} people as too early (2300035) whom this ledger thought free: another sender is at work on this \
                 Page, or this ledger is an old copy",
                self.stats.too_early
            ));
        }
        if self.stats.overtaken > 0 {
            context.ui.warn(&format!(
                "{} answers came for rows that somebody else had settled meanwhile; ledger {}",
                self.stats.overtaken,
                ledger.path().display()
            ));
        }
        Ok(())
    }

    /// A broadcast that did not get a turn.
    pub fn add_error(&mut self, context: &Context, broadcast: &Broadcast, error: Error) {
        context.ui.warn(&format!("broadcast {} has no turn: {error}", broadcast.id));
        self.errors.push(error);
    }

    /// Results that could not be written.
    pub fn add_unwritten(&mut self, failures: Vec<Unwritten>) {
        for failure in failures {
            match failure {
                Unwritten::ReaderGone if !self.reader_gone => {
                    self.reader_gone = true;
                    self.errors.push(Error::stdout_closed());
                }
                Unwritten::Failed(error) if !self.unwritable => {
                    self.unwritable = true;
                    self.errors.push(error);
                }
                Unwritten::ReaderGone | Unwritten::Failed(_) => {}
            }
        }
    }

    async fn not_yet(&mut self, context: &Context, wait: Wait, requests: &str) -> Result<()> {
        let until = match wait.until {
            Some(until) => until,
            None if wait.next_day => context.next_day(self.clock.now()).await,
            None => self.clock.now().plus(std::time::Duration::from_secs(1800)),
        };
        self.over |= !wait.of_broadcast;
        let cause = failure::send::cause(&wait.cause);
        self.waits_for.get_or_insert_with(|| cause.clone());
        self.next_run_at = Some(self.next_run_at.map_or(until, |other| other.min(until)));
        let id = wait.facts.fbtrace_id.map(|id| format!(" (fbtrace_id {id})")).unwrap_or_default();
        context.ui.status(&format!("not yet, after {requests}: {cause}{id}; run again at {until}"));
        Ok(())
    }

    fn burst(
        &self,
        context: &Context,
        burst: Burst,
        sample: Option<String>,
        requests: &str,
        campaign: &CampaignFacts,
    ) -> Error {
        let sample = sample.unwrap_or_default();
        let again = context.resume_command(Some(campaign.id.as_str()));
        match burst {
            Burst::Doubt { in_row } => {
                let how = if in_row { "twenty in a row" } else { "more than half of the last hundred" };
                Error::doubt(format!("stopped after {requests}: {how} had no clear answer ({sample})"))
                    .hint(format!("mmsg unknown list shows them; none of them is sent again by itself; {again} continues with the others"))
            }
            Burst::Unreachable { probes } => Error::network(format!(
                "Graph can't be reached: {probes} tries failed over a minute ({sample}); nothing is in doubt by them"
            ))
            .hint(format!("check the network, then {again}")),
            Burst::Refusals { refusal, count } => {
                let (kind, hint) = match refusal.code {
                    Some(code) => (
                        format!("refusals with code {code}"),
                        format!(
                            "mmsg explain {code} tells what it means; once mended, add --retry-refused {code}; --allow-refusals goes on regardless"
                        ),
                    ),
                    None => ("refusals without a code".to_owned(), "--allow-refusals goes on regardless".to_owned()),
                };
                Error::refused(format!(
                    "stopped after {requests}: {count} {kind} and hardly an acceptance ({sample}): the Page or the account is \
                     likelier wrong than the people"
                ))
                .hint(hint)
            }
        }
    }

    /// Decides the exit code, prints the totals, and the error if there is one.
    ///
    /// First wins: 10; 11 if doubt ended the run; 3, 4, 5, 7, 130/143, 6; 11 if this run left a send unknown; 8; 0.
    pub fn finish(mut self, context: &Context, totals: Totals) -> Result<Exit> {
        self.errors.sort_by_key(|error| failure::send::rank(error.exit()));
        let waits = self.waits_for.is_some() || totals.waits();
        let counted = if waits {
            Exit::NotYet
        } else if self.stats.unknown > 0 || totals.left_unknown() {
            Exit::Doubt
        } else if self.stats.refused_to_look_at() > 0 {
            Exit::PartlyRefused
        } else {
            Exit::Done
        };
        let mut errors = self.errors.into_iter();
        let Some(error) = errors.next() else {
            return totals.print(context, Some(counted));
        };
        for other in errors {
            context.ui.warn(&other.to_string());
        }
        match error.exit() {
            // A burst of doubt: the totals are data all the same.
            Exit::Doubt => {
                context.ui.warn(error.message());
                if let Some(hint) = error.hint_text() {
                    context.ui.hint(hint);
                }
                totals.ended(Exit::Doubt, Some(&error)).print(context, Some(Exit::Doubt))
            }
            exit => {
                let value = serde_json::to_value(totals.ended(exit, Some(&error))).unwrap_or(Value::Null);
                Err(error.totals(value))
            }
        }
    }
}

fn requests(n: u64) -> String {
    crate::text::count(n, "request", "requests")
}
