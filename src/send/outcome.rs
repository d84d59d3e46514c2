//! From an answer to what it means: one pure function over the table of codes.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::error::{Exit, GraphFacts};
use crate::graph::codes::{Class, Pause, Row};
use crate::graph::{Answer, Body, GraphError, Transport};
use crate::ledger::state::Skip;
use crate::ledger::writer::Outcome;

/// The person's wait after 2300035 when none is told: the documented minimum delay.
const COOL_DOWN: Duration = Duration::from_secs(12 * 3600);
/// The person's wait after every other "later".
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a campaign counts as young.
const YOUTH: Duration = Duration::from_secs(24 * 3600);
/// Meta's warm-up after creation (its FAQ and changelog say an hour).
const WARM_UP: Duration = Duration::from_secs(3600);
/// When to look again where Graph names no time.
const LOOK_AGAIN: Duration = Duration::from_secs(30 * 60);
/// The person had a message too recently, says Graph.
pub const TOO_EARLY: i64 = 2_300_035;

/// What is known of the campaign that an answer is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct CampaignTimes {
    pub created_at: Option<UnixMillis>,
    pub start: Option<UnixMillis>,
}

impl CampaignTimes {
    /// Young for 24 h from its creation, or while its age is unknown.
    pub fn is_young(&self, now: UnixMillis) -> bool {
        self.created_at.is_none_or(|created| now < created.plus(YOUTH))
    }
}

/// What an answer means for the row and for the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub outcome: Outcome,
    pub effect: Effect,
    pub reason: Option<String>,
    pub http_status: Option<u16>,
    pub facts: GraphFacts,
}

impl Verdict {
    /// No request was made.
    pub fn nothing() -> Self {
        Self {
            outcome: Outcome::Back,
            effect: Effect::NotSent,
            reason: None,
            http_status: None,
            facts: GraphFacts::default(),
        }
    }
}

/// What an answer means for the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Accepted,
    /// The token is dead, or the code unknown.
    Refused(Refusal),
    /// This person not now.
    Later {
        code: Option<i64>,
    },
    /// Nothing left.
    NotSent,
    Doubt,
    /// The run, or its turn, ends.
    Stop(Halt),
    /// Nobody now.
    Wait(Wait),
}

/// A refusal of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refusal {
    /// `None`: an error without a code.
    pub code: Option<i64>,
    /// Many of the same kind mean that the Page or the account is wrong, not the people.
    pub counts_as_burst: bool,
}

/// An answer that ends a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Halt {
    pub exit: Exit,
    /// Another broadcast of the profile may still go on.
    pub of_broadcast: bool,
    /// What happened, for people.
    pub what: String,
    pub hint: String,
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
    pub what: String,
}

/// Reads an answer. `now` is when it came.
pub fn classify(answer: &Answer, campaign: CampaignTimes, now: UnixMillis) -> Verdict {
    let facts = GraphFacts { fbtrace_id: answer.fbtrace_id.clone(), ..GraphFacts::default() };
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
                Body::Error(error) => {
                    let mut verdict = of_error(error, *status, answer, campaign, now);
                    verdict.facts = GraphFacts {
                        fbtrace_id: error.fbtrace_id.clone().or(facts.fbtrace_id.clone()),
                        ..error.facts()
                    };
                    verdict
                }
                Body::Other { sample, .. } => {
                    let reason = format!("HTTP {status} without an answer of Graph's: {sample}");
                    verdict(Outcome::Unknown, Effect::Doubt, Some(reason))
                }
            };
            verdict.http_status = Some(*status);
            verdict
        }
    }
}

fn of_error(error: &GraphError, status: u16, answer: &Answer, campaign: CampaignTimes, now: UnixMillis) -> Verdict {
    let new = |outcome, effect, reason: String| Verdict {
        outcome,
        effect,
        reason: Some(reason),
        http_status: None,
        facts: GraphFacts::default(),
    };
    let Some(row) = error.row() else {
        if error.is_transient || matches!(status, 300..=399 | 500..=599) {
            return new(Outcome::Unknown, Effect::Doubt, error.text());
        }
        let refusal = Refusal { code: error.code, counts_as_burst: true };
        return new(Outcome::Refused { suppress: None }, Effect::Refused(refusal), error.text());
    };
    let young = campaign.is_young(now);
    let what = || format!("{} ({})", row.meaning, error.text());
    let halt = |of_broadcast| {
        Effect::Stop(Halt { exit: row.exit_when(young), of_broadcast, what: what(), hint: row.hint.to_owned() })
    };
    let reason = row.meaning.to_owned();
    match row.class_when(young) {
        Class::Stop => new(Outcome::Back, halt(false), reason),
        Class::Campaign | Class::Message => new(Outcome::Back, halt(true), reason),
        Class::Drop => {
            let refusal = Refusal { code: Some(row.code), counts_as_burst: !row.suppresses };
            let suppress = row.suppresses.then_some(match row.code {
                2_300_037 => Skip::Expired,
                2_300_032 => Skip::Region,
                _ => Skip::OptedOut,
            });
            new(Outcome::Refused { suppress }, Effect::Refused(refusal), reason)
        }
        Class::Later => {
            let told = error.remaining_seconds.map(Duration::from_secs);
            let wait = told.unwrap_or(if row.code == TOO_EARLY { COOL_DOWN } else { A_DAY });
            new(Outcome::Later { until: now.plus(wait) }, Effect::Later { code: Some(row.code) }, reason)
        }
        Class::Wait => new(Outcome::Back, Effect::Wait(wait(row, error, answer, campaign, now, what())), reason),
        Class::Doubt => new(Outcome::Unknown, Effect::Doubt, error.text()),
    }
}

fn wait(
    row: &Row,
    error: &GraphError,
    answer: &Answer,
    campaign: CampaignTimes,
    now: UnixMillis,
    what: String,
) -> Wait {
    let told = error.remaining_seconds.map(Duration::from_secs).or_else(|| answer.usage.wait());
    let warm = campaign.created_at.map(|created| created.plus(WARM_UP)).filter(|warm| row.of_campaign && *warm > now);
    let until = match row.wait {
        Some(Pause::CampaignStart) => Some(campaign.start.filter(|start| *start > now).unwrap_or(now.plus(WARM_UP))),
        Some(Pause::For(time)) => Some(match (told, warm) {
            (Some(told), _) => now.plus(told),
            // Still warming up: the hour that Meta names, then a look as often as the table says.
            (None, Some(warm)) if time < WARM_UP => warm,
            (None, _) => now.plus(time),
        }),
        _ if told.is_some() => told.map(|told| now.plus(told)),
        Some(Pause::NextDay) | None => None,
        Some(Pause::Told) if row.is_rate => None,
        Some(Pause::Told) => Some(warm.unwrap_or(now.plus(LOOK_AGAIN))),
    };
    let next_day = row.wait == Some(Pause::NextDay) && until.is_none();
    Wait { is_rate: row.is_rate, of_broadcast: row.of_campaign, until, next_day, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Usage;
    use crate::graph::codes;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn of(transport: Transport, campaign: CampaignTimes) -> Verdict {
        let answer = Answer { transport, usage: Usage::default(), fbtrace_id: None, date: None };
        classify(&answer, campaign, NOW)
    }

    fn error(status: u16, error: GraphError) -> Transport {
        Transport::Answered { status, body: Body::Error(error) }
    }

    fn coded(code: i64, subcode: Option<i64>) -> GraphError {
        GraphError { code: Some(code), subcode, message: "said".to_owned(), ..GraphError::default() }
    }

    fn grown() -> CampaignTimes {
        CampaignTimes { created_at: Some(NOW.minus(A_DAY)), start: None }
    }

    #[test]
    fn every_code_of_the_table_does_to_row_and_run_what_its_class_says() {
        for row in codes::all() {
            for campaign in [CampaignTimes::default(), grown()] {
                let young = campaign.is_young(NOW);
                let verdict = of(error(400, coded(row.code, row.subcode)), campaign);
                let name = format!("{}/{:?} young {young}: {verdict:?}", row.code, row.subcode);
                match row.class_when(young) {
                    Class::Stop | Class::Campaign | Class::Message => {
                        assert_eq!(verdict.outcome, Outcome::Back, "{name}");
                        let Effect::Stop(halt) = verdict.effect else { panic!("{name}") };
                        assert_eq!(halt.exit, row.exit_when(young), "{name}");
                        assert!(matches!(halt.exit, Exit::Credentials | Exit::Refused), "{name}");
                        assert_eq!(halt.of_broadcast, row.class_when(young) != Class::Stop, "{name}");
                    }
                    Class::Drop => {
                        let Outcome::Refused { suppress } = verdict.outcome else { panic!("{name}") };
                        assert_eq!(suppress.is_some(), row.suppresses, "{name}");
                        let Effect::Refused(refusal) = verdict.effect else { panic!("{name}") };
                        assert_eq!(refusal.counts_as_burst, !row.suppresses, "{name}");
                    }
                    Class::Later => {
                        let wait = if row.code == TOO_EARLY { COOL_DOWN } else { A_DAY };
                        assert_eq!(verdict.outcome, Outcome::Later { until: NOW.plus(wait) }, "{name}");
                    }
                    Class::Wait => {
                        assert_eq!(verdict.outcome, Outcome::Back, "{name}");
                        let Effect::Wait(wait) = verdict.effect else { panic!("{name}") };
                        assert_eq!((wait.is_rate, wait.of_broadcast), (row.is_rate, row.of_campaign), "{name}");
                        assert!(wait.until.is_some_and(|until| until > NOW) || wait.is_rate || wait.next_day, "{name}");
                    }
                    Class::Doubt => {
                        assert_eq!((verdict.outcome, verdict.effect), (Outcome::Unknown, Effect::Doubt), "{name}");
                    }
                }
                assert_eq!((verdict.http_status, verdict.facts.code), (Some(400), Some(row.code)));
            }
        }
    }

    #[test]
    fn a_code_in_the_table_decides_alone() {
        let transient = GraphError { is_transient: true, ..coded(2_300_034, None) };
        for status in [200, 302, 400, 500, 503] {
            let verdict = of(error(status, transient.clone()), grown());
            assert_eq!(verdict.outcome, Outcome::Refused { suppress: Some(Skip::OptedOut) }, "{status}");
        }
    }

    #[test]
    fn without_a_known_code_status_and_transience_decide() {
        let unknown = coded(424_242, None);
        for (status, transient, is_doubt) in
            [(400, false, false), (200, false, false), (400, true, true), (500, false, true), (302, false, true)]
        {
            for code in [Some(424_242), None] {
                let verdict =
                    of(error(status, GraphError { code, is_transient: transient, ..unknown.clone() }), grown());
                assert_eq!(verdict.outcome == Outcome::Unknown, is_doubt, "{status} {transient} {code:?}");
                if !is_doubt {
                    assert_eq!(verdict.effect, Effect::Refused(Refusal { code, counts_as_burst: true }));
                }
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_doubt_and_what_never_left_is_not() {
        for status in [200, 204, 302, 403, 404, 500] {
            let body = Body::Other { sample: "<html>".to_owned(), is_json: false };
            assert_eq!(of(Transport::Answered { status, body }, grown()).outcome, Outcome::Unknown, "{status}");
        }
        assert_eq!(of(Transport::Lost { why: "reset".to_owned() }, grown()).outcome, Outcome::Unknown);
        assert_eq!(of(Transport::NotSent { why: "refused".to_owned() }, grown()).outcome, Outcome::Back);
        let accepted = Transport::Answered { status: 200, body: Body::Success { tracking_id: None } };
        assert_eq!(of(accepted, grown()).outcome, Outcome::Accepted { tracking_id: None });
    }

    #[test]
    fn a_told_time_is_the_time() {
        let told = GraphError { remaining_seconds: Some(90), ..coded(2_300_036, None) };
        let until = NOW.plus(Duration::from_secs(90));
        assert_eq!(of(error(400, told), grown()).outcome, Outcome::Later { until });
        let told = GraphError { remaining_seconds: Some(90), ..coded(2_300_055, None) };
        let Effect::Wait(wait) = of(error(400, told), grown()).effect else { panic!() };
        assert_eq!(wait.until, Some(until));
    }

    #[test]
    fn warming_up_waits_for_metas_hour_then_looks_every_half_hour() {
        let until = |age: u64| {
            let created = NOW.minus(Duration::from_secs(age));
            let campaign = CampaignTimes { created_at: Some(created), start: None };
            let Effect::Wait(wait) = of(error(400, coded(2_300_041, None)), campaign).effect else { panic!() };
            wait.until.unwrap().since(NOW).as_secs()
        };
        assert_eq!((until(600), until(3000), until(5000)), (3000, 600, 1800));
    }
}
