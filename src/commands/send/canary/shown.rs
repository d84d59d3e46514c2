//! A canary as people and scripts see it.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::ledger::canary::{Canary, CanaryCounts, Size};
use crate::ledger::{self, Ledger};
use crate::send::canary::{CanaryVerdict, Figures, judge};
use crate::text;

/// `1% first (about 20 people), then up to 10m 0s for webhook events; the others if at most 5% fail`.
pub fn plan_of(canary: &Canary, people: Option<u64>) -> String {
    let wait = if canary.hears {
        format!("up to {} for webhook events", text::span(canary.wait))
    } else {
        "no wait for webhook events".to_owned()
    };
    let first = match (canary.size, people.map(|people| text::count(people, "person", "people"))) {
        (Size::Share(_), Some(people)) => format!("{} first (about {people})", canary.size),
        (Size::People(_), Some(people)) => format!("{people} first"),
        (_, None) => format!("{} first", canary.size),
    };
    let allowed = text::percent(canary.max_failed).replace(".0%", "%");
    format!("{first}, then {wait}; the others if at most {allowed} fail")
}

/// A broadcast's canary, for the totals. The keys never change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CanaryTotals {
    pub broadcast: i64,
    /// `planned`, `sending`, `waiting`, `stopped` or `passed`.
    pub state: &'static str,
    #[serde(flatten)]
    pub figures: Figures,
    /// The share of those asked who were refused, failed or are unknown.
    pub failed_share: f64,
    pub max_failed: f64,
    /// The canary has too few people to tell so small a share.
    pub too_few: bool,
    /// When the last of them was asked.
    pub sent_at: Option<UnixMillis>,
    pub wait_seconds: u64,
}

/// A canary as a dry run shows it.
#[derive(Clone, Debug, Serialize)]
pub struct DryCanary {
    /// As in [`CanaryTotals`].
    pub state: &'static str,
    /// Of a share about so many, until they are chosen.
    pub people: u64,
    pub size: String,
    pub max_failed: f64,
    pub wait_seconds: u64,
    #[serde(skip)]
    plan: String,
}

impl DryCanary {
    /// `people` may get the message now.
    pub fn new(canary: &Canary, told: Option<&CanaryTotals>, people: u64) -> Self {
        Self {
            state: told.map_or("planned", |told| told.state),
            people: match told {
                Some(told) if canary.listing.is_some() => told.figures.people,
                _ => canary.size.of(people),
            },
            size: canary.size.to_string(),
            max_failed: canary.max_failed,
            wait_seconds: if canary.hears { canary.wait.as_secs() } else { 0 },
            plan: plan_of(canary, Some(canary.size.of(people))),
        }
    }

    pub fn text(&self) -> String {
        match self.state {
            "planned" => self.plan.clone(),
            state => format!("{state}: {}", text::count(self.people, "person", "people")),
        }
    }
}

impl CanaryTotals {
    pub fn text(&self) -> String {
        // It passed because somebody said so.
        if self.state == "passed" && self.sent_at.is_none() {
            return "lifted: nobody was asked first".to_owned();
        }
        format!("{}: {}", self.state, self.figures.told())
    }
}

/// How a broadcast's canary stands; `None` if it has none.
pub fn told(ledger: &Ledger, broadcast: i64, now: UnixMillis) -> ledger::error::Result<Option<CanaryTotals>> {
    let Some(canary) = ledger.canary(broadcast)? else { return Ok(None) };
    let counts = match canary.listing {
        Some(listing) => ledger.canary_counts(listing, now)?,
        None => CanaryCounts::default(),
    };
    let figures = Figures::of(&counts);
    let state = match (canary.passed_at, canary.listing, canary.sent_at) {
        (Some(_), ..) => "passed",
        (None, None, _) => "planned",
        (None, Some(_), None) => "sending",
        (None, Some(_), Some(sent)) => match verdict(&canary, &figures, sent, now) {
            CanaryVerdict::Wait | CanaryVerdict::Go => "waiting",
            CanaryVerdict::Failed | CanaryVerdict::Unheard => "stopped",
        },
    };
    Ok(Some(CanaryTotals {
        broadcast,
        state,
        figures,
        failed_share: figures.bad_share(),
        max_failed: canary.max_failed,
        too_few: figures.too_few(canary.max_failed).is_some(),
        sent_at: canary.sent_at,
        wait_seconds: canary.wait.as_secs(),
    }))
}

/// By what is known now.
pub fn verdict(canary: &Canary, figures: &Figures, sent: UnixMillis, now: UnixMillis) -> CanaryVerdict {
    judge(figures, canary.max_failed, canary.hears, now >= sent.plus(canary.wait))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_planned_canary_says_who_is_first_and_what_decides() {
        let canary = Canary {
            size: Size::Share(3330),
            wait: Duration::from_mins(10),
            max_failed: 0.05,
            hears: true,
            listing: None,
            sent_at: None,
            passed_at: None,
        };
        let rest = "then up to 10m 0s for webhook events; the others if at most 5% fail";
        assert_eq!(plan_of(&canary, Some(16)), format!("33.3% first (about 16 people), {rest}"));
        assert_eq!(plan_of(&canary, None), format!("33.3% first, {rest}"));
        let one = Canary { size: Size::People(500), max_failed: 0.025, hears: false, ..canary };
        let rest = "then no wait for webhook events; the others if at most 2.5% fail";
        assert_eq!(plan_of(&one, Some(1)), format!("1 person first, {rest}"));
        assert_eq!(plan_of(&one, None), format!("500 first, {rest}"));
    }
}
