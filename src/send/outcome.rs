//! What an answer means: one pure function over the table of codes.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::graph::codes::{self, Class, CodeRow, Pause};
use crate::graph::{Answer, Body, ErrorFacts, GraphError, Transport};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::spending::{Spending, WhichCeiling};
use crate::ledger::writer::Outcome;
use crate::times::{COOL_DOWN, YOUTH};

/// The recipient's wait after every other "later".
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// The least of Meta's warm-up after creation (its FAQ and changelog say an hour; one to two and a half were seen).
const WARM_UP: Duration = Duration::from_secs(3600);
/// How long a campaign that was turned on may still answer that it is not active (Meta's FAQ).
const AFTER_CHANGE: Duration = Duration::from_secs(600);
/// When to try again if Graph names no time.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30 * 60);
/// Graph says that the recipient got a message too recently.
pub const TOO_EARLY: i64 = 2_300_035;

/// Graph refuses the access token; what HTTP 401 without a code means as well.
const TOKEN_REFUSED: i64 = 190;

/// What is known about the campaign of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct CampaignTimes {
    pub created_at: Option<UnixMillis>,
    /// The last change of its message, message set or campaign, such as being turned on.
    pub changed_at: Option<UnixMillis>,
    pub start: Option<UnixMillis>,
}

impl CampaignTimes {
    /// Young for 24 h from its creation, or while its age is unknown.
    pub fn is_young(&self, now: UnixMillis) -> bool {
        self.created_at.is_none_or(|created| now < created.plus(YOUTH))
    }

    /// Young, or changed minutes ago: an inactive message is then no final answer.
    pub fn is_getting_ready(&self, now: UnixMillis) -> bool {
        self.is_young(now) || self.changed_at.is_some_and(|changed| now < changed.plus(AFTER_CHANGE))
    }

    /// When Meta says that it is ready, if that is still to come.
    fn ready_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let warm = self.created_at.map(|created| created.plus(WARM_UP));
        let settled = self.changed_at.map(|changed| changed.plus(AFTER_CHANGE));
        warm.max(settled).filter(|ready| *ready > now)
    }
}

/// What an answer means for the row and for the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub outcome: Outcome,
    pub effect: Effect,
    pub reason: Option<String>,
    pub http_status: Option<u16>,
    pub facts: ErrorFacts,
}

impl Verdict {
    /// No request was made.
    pub fn nothing() -> Self {
        Self {
            outcome: Outcome::Back,
            effect: Effect::NotSent,
            reason: None,
            http_status: None,
            facts: ErrorFacts::default(),
        }
    }
}

/// What an answer means for the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Accepted,
    /// The token is dead, or the code unknown.
    Refused(Refusal),
    /// Not this recipient now.
    Later {
        code: Option<i64>,
    },
    /// Nothing was sent.
    NotSent,
    Doubt,
    /// The run, or its turn, ends.
    Stop(Halt),
    /// Nobody now.
    Wait(Wait),
}

impl Effect {
    /// In one word, for the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Later { .. } => "later",
            Self::NotSent => "not_sent",
            Self::Doubt => "unknown",
            Self::Stop(_) => "stop",
            Self::Wait(_) => "wait",
        }
    }
}

/// A refusal of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refusal {
    /// `None`: an error without a code.
    pub code: Option<i64>,
    /// Many of the same kind mean that the Page or the ad account is wrong, not the recipients.
    pub counts_as_burst: bool,
}

/// An answer that ends a run, or a broadcast's turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Halt {
    /// The row of the table that says so.
    pub row: &'static CodeRow,
    /// What the row means for a campaign of this age: [`Class::Stop`], [`Class::Campaign`] or [`Class::Message`].
    pub class: Class,
    /// Graph's own text.
    pub text: String,
    pub facts: ErrorFacts,
}

impl Halt {
    /// Another broadcast of the profile may still go on.
    pub fn of_broadcast(&self) -> bool {
        self.class != Class::Stop
    }
}

/// An answer that makes everybody wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// A limit on requests: the run pauses instead of ending.
    pub is_rate: bool,
    /// Another broadcast of the profile may still go on.
    pub of_broadcast: bool,
    /// `None`: Graph named no time; the pace backs off.
    pub until: Option<UnixMillis>,
    /// Until the ad account's next day begins.
    pub next_day: bool,
    pub cause: WaitCause,
    pub facts: ErrorFacts,
}

impl Wait {
    /// Until the ad account's next day: a daily limit begins anew, and so does the limit of a run that is started then.
    pub fn for_money(spending: Spending) -> Self {
        Self {
            is_rate: false,
            of_broadcast: false,
            until: Some(spending.next_day),
            next_day: spending.which == WhichCeiling::Daily,
            cause: WaitCause::SpendLimit(spending),
            facts: ErrorFacts::default(),
        }
    }
}

/// What everybody waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum WaitCause {
    /// A row of the table, with Graph's own text.
    Code { row: &'static CodeRow, text: String },
    /// HTTP 429 with an error that is not in the table: Graph's own text.
    TooManyRequests { text: String },
    /// The budget that all runs of the ad account share allows nothing.
    SharedLimit,
    /// What may be spent is spent or reserved.
    SpendLimit(Spending),
    /// No one of a broadcast's canary can be asked before.
    Canary,
}

impl WaitCause {
    /// In a few words, for the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Code { .. } => "told by Meta",
            Self::TooManyRequests { .. } => "too many requests",
            Self::SharedLimit => "limit shared by the ad account's runs",
            Self::SpendLimit(_) => "spend limit",
            Self::Canary => "canary",
        }
    }

    /// Graph's own text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Code { text, .. } | Self::TooManyRequests { text } => Some(text),
            Self::SharedLimit | Self::SpendLimit(_) | Self::Canary => None,
        }
    }
}

/// Reads an answer. `now` is when it came.
pub fn classify(answer: &Answer, campaign: CampaignTimes, now: UnixMillis) -> Verdict {
    let facts = ErrorFacts { fbtrace_id: answer.fbtrace_id.clone(), ..ErrorFacts::default() };
    let verdict = |outcome, effect, reason: Option<String>| Verdict {
        outcome,
        effect,
        reason,
        http_status: None,
        facts: facts.clone(),
    };
    match &answer.transport {
        Transport::NotSent { why } => verdict(Outcome::Back, Effect::NotSent, Some(why.clone())),
        Transport::Lost { why } => verdict(Outcome::Unknown, Effect::Doubt, Some(why.clone())),
        Transport::Answered { status, body } => {
            let mut verdict = match body {
                Body::Success { tracking_id } => {
                    verdict(Outcome::Accepted { tracking_id: tracking_id.clone() }, Effect::Accepted, None)
                }
                Body::Error(error) => of_error(error, *status, answer, campaign, now),
                Body::Other { sample, .. } => {
                    let reason = format!("HTTP {status} without Graph's JSON: {sample}");
                    verdict(Outcome::Unknown, Effect::Doubt, Some(reason))
                }
            };
            verdict.http_status = Some(*status);
            verdict
        }
    }
}

fn of_error(error: &GraphError, status: u16, answer: &Answer, campaign: CampaignTimes, now: UnixMillis) -> Verdict {
    let facts = || ErrorFacts { fbtrace_id: error.fbtrace_id.clone().or(answer.fbtrace_id.clone()), ..error.facts() };
    let new = |outcome, effect, reason: String| Verdict {
        outcome,
        effect,
        reason: Some(reason),
        http_status: None,
        facts: facts(),
    };
    let Some(row) = error.row() else {
        if error.is_transient || matches!(status, 300..=399 | 407 | 500..=599) {
            return new(Outcome::Unknown, Effect::Doubt, error.text());
        }
        if status == 429 {
            // A rate limit under another code: nobody is refused because of it.
            let told = error.told_wait().or_else(|| answer.usage.wait());
            let until = told.map(|told| now.plus(told));
            let cause = WaitCause::TooManyRequests { text: error.text() };
            let wait = Wait { is_rate: true, of_broadcast: false, until, next_day: false, cause, facts: facts() };
            return new(Outcome::Back, Effect::Wait(wait), error.text());
        }
        if status == 401
            && error.code.is_none()
            && let Some(row) = codes::lookup(TOKEN_REFUSED, None)
        {
            let halt = Halt { row, class: row.class, text: error.text(), facts: facts() };
            return new(Outcome::Back, Effect::Stop(halt), error.text());
        }
        let refusal = Refusal { code: error.code, counts_as_burst: true };
        return new(Outcome::Refused { suppress: None }, Effect::Refused(refusal), error.text());
    };
    let getting_ready = campaign.is_getting_ready(now);
    let halt = |class| Effect::Stop(Halt { row, class, text: error.text(), facts: facts() });
    let reason = row.meaning.to_owned();
    match row.class_when(getting_ready) {
        class @ (Class::Stop | Class::Campaign | Class::Message) => new(Outcome::Back, halt(class), reason),
        Class::Drop => {
            let refusal = Refusal { code: Some(row.code), counts_as_burst: !row.suppresses };
            let suppress = row.suppresses.then_some(match row.code {
                2_300_037 => Suppression::Expired,
                2_300_032 => Suppression::Region,
                _ => Suppression::OptedOut,
            });
            new(Outcome::Refused { suppress }, Effect::Refused(refusal), reason)
        }
        Class::Later => {
            let wait = error.told_wait().unwrap_or(if row.code == TOO_EARLY { COOL_DOWN } else { A_DAY });
            new(Outcome::Later { until: now.plus(wait) }, Effect::Later { code: Some(row.code) }, reason)
        }
        Class::Wait => new(Outcome::Back, Effect::Wait(wait(row, error, answer, campaign, now, facts())), reason),
        Class::Doubt => new(Outcome::Unknown, Effect::Doubt, error.text()),
    }
}

fn wait(
    row: &'static CodeRow,
    error: &GraphError,
    answer: &Answer,
    campaign: CampaignTimes,
    now: UnixMillis,
    facts: ErrorFacts,
) -> Wait {
    let told = error.told_wait().or_else(|| answer.usage.wait());
    let warm = campaign.ready_at(now).filter(|_| row.of_campaign);
    let until = match row.wait {
        Some(Pause::CampaignStart) => {
            let start = campaign.start.filter(|start| *start > now);
            Some(error.told_wait().map(|told| now.plus(told)).or(start).unwrap_or(now.plus(WARM_UP)))
        }
        Some(Pause::For(time)) => Some(match (told, warm) {
            (Some(told), _) => now.plus(told),
            // Still warming up: the hour that Meta names, then again as often as the table says.
            (None, Some(warm)) if time < WARM_UP => warm,
            (None, _) => now.plus(time),
        }),
        _ if told.is_some() => told.map(|told| now.plus(told)),
        Some(Pause::NextDay) | None => None,
        Some(Pause::Told) if row.is_rate => None,
        Some(Pause::Told) => Some(warm.unwrap_or(now.plus(LOOK_AGAIN))),
    };
    let next_day = row.wait == Some(Pause::NextDay) && until.is_none();
    let cause = WaitCause::Code { row, text: error.text() };
    Wait { is_rate: row.is_rate, of_broadcast: row.of_campaign, until, next_day, cause, facts }
}

#[cfg(test)]
mod tests;
