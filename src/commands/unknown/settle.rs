//! `mmsg unknown settle`: unknown sends against evidence.

use futures_util::stream::{self, StreamExt};
use serde::Serialize;

use super::filter::UnknownFilterArgs;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::shell::quoted;
use crate::error::{Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::unknown::{PROBABLY_NOT_SENT, Resolution, UnknownSend, Weight, weigh};
use crate::text;
use crate::ui::table::Record;
use crate::webhook::waiting;

/// Concurrent requests to Graph.
const AT_ONCE: usize = 8;

/// Sends settled per transaction.
const TOGETHER: usize = 256;

/// Settle unknown sends by evidence: webhook events, and the time from which Graph allows the next message.
///
/// An echo, delivery, read or click proves that a send was accepted; so does a next eligible time that is now 12 hours after the
/// request. If a day passes without an event and the eligible time has not moved, the send was probably not accepted: it stays
/// unknown, with that reason, until you resolve it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Use only events received so far; do not ask Graph.
    #[arg(long)]
    events_only: bool,
    #[command(flatten)]
    filter: UnknownFilterArgs,
}

/// What happened to the unknown sends.
#[derive(Clone, Debug, Default, Serialize)]
struct Settled {
    /// Confirmed by events that were waiting.
    by_events: u64,
    /// Unknown sends that Graph was asked about.
    asked: u64,
    /// Confirmed by the recipient's next eligible time.
    by_eligible_time: u64,
    probably_not_sent: u64,
    /// Tokens that Graph no longer knows.
    gone: u64,
    /// Of a Page other than the profile's: not asked about.
    of_other_pages: u64,
    /// Still unknown, including those that were probably not sent.
    in_doubt: u64,
}

impl Record for Settled {
    const PLURAL: &'static str = "unknown sends";
    const COLUMNS: &'static [&'static str] = &[
        "confirmed by webhook",
        "checked with Meta",
        "confirmed by eligible time",
        "probably not sent",
        "token no longer exists",
        "skipped (other Pages)",
        "still unknown",
    ];
    const KEYS: &'static [&'static str] =
        &["by_events", "asked", "by_eligible_time", "probably_not_sent", "gone", "of_other_pages", "in_doubt"];

    fn cells(&self) -> Vec<String> {
        [
            self.by_events,
            self.asked,
            self.by_eligible_time,
            self.probably_not_sent,
            self.gone,
            self.of_other_pages,
            self.in_doubt,
        ]
        .map(|n| n.to_string())
        .to_vec()
    }
}

/// What was found and is not recorded yet.
#[derive(Default)]
struct Found {
    proved: Vec<i64>,
    not_sent: Vec<i64>,
    /// When the people of these sends may get the next message.
    eligible: Vec<(i64, UnixMillis)>,
}

impl Found {
    fn record(&mut self, ledger: &mut Ledger, settled: &mut Settled, now: UnixMillis) -> Result<()> {
        settled.by_eligible_time += ledger.resolve_unknown(&self.proved, Resolution::Proved, now)?;
        ledger.doubt_less(&self.not_sent)?;
        ledger.keep_next_eligible(&self.eligible)?;
        settled.probably_not_sent += self.not_sent.len() as u64;
        *self = Self::default();
        Ok(())
    }
}

pub async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let mut ledger = context.ledger_to_look()?;
    let filter = args.filter.filter(context);
    let cool_down = context.cool_down();
    let mut settled = Settled::default();
    let clock = ledger.clock(context.clock)?;
    let (tally, _) = waiting::judge(&mut ledger, &clock, cool_down)?;
    settled.by_events = tally.settled;

    let mut doubts = ledger.unknowns(&filter)?;
    settled.of_other_pages = args.filter.hidden(context, &ledger)?;
    let mut failed = None;
    if !args.events_only && !doubts.is_empty() {
        ledger.refuse_other_host(context.settings.graph_url.value.as_str())?;
        let page = context.page()?;
        let all = doubts.len();
        doubts.retain(|send| send.page == page.as_str());
        settled.of_other_pages += (all - doubts.len()) as u64;
        // Who was erased has no token to ask about.
        doubts.retain(|send| !send.token.is_empty());
        let graph = context.page_graph(&page).await?;
        let ask = |send: UnknownSend| {
            let graph = &graph;
            async move {
                let answer = graph.eligibility(&send.token).await;
                (send, answer)
            }
        };
        let mut answers = stream::iter(doubts).map(ask).buffer_unordered(AT_ONCE);
        let mut found = Found::default();
        while let Some((send, answer)) = answers.next().await {
            match answer {
                Ok(answer) => {
                    settled.asked += 1;
                    settled.gone += u64::from(answer.is_none());
                    let eligible = answer.and_then(|answer| answer.next_eligible_at);
                    found.eligible.extend(eligible.map(|at| (send.send, at)));
                    match weigh(&send, eligible, cool_down, clock.now()) {
                        Weight::Accepted => found.proved.push(send.send),
                        Weight::ProbablyNotSent => found.not_sent.push(send.send),
                        Weight::Open => {}
                    }
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            if found.proved.len() + found.not_sent.len() + found.eligible.len() >= TOGETHER {
                found.record(&mut ledger, &mut settled, clock.now())?;
            }
        }
        found.record(&mut ledger, &mut settled, clock.now())?;
    }
    settled.in_doubt = ledger.unknowns(&filter)?.len() as u64;
    let now = clock.now();
    let proved = settled.by_events + settled.by_eligible_time;
    if proved + settled.probably_not_sent > 0 {
        let what = format!("{proved} sends proved accepted, {} probably not sent", settled.probably_not_sent);
        ledger.audit(now, &context.operator(), "unknown settle", &what)?;
    }
    context.ui.object(&settled)?;
    if settled.probably_not_sent > 0 {
        let sends = text::count(settled.probably_not_sent, "send was", "sends were");
        let mut again = format!("mmsg unknown resolve --as not-sent --why {}", quoted(PROBABLY_NOT_SENT));
        context.push_globals(&mut again);
        context.ui.hint(&format!("{sends} probably not accepted; {again} makes them pending again"));
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(Exit::Done),
    }
}
