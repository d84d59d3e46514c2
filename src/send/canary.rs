//! Whether a canary did well, so that the others may get the message: pure.

use std::time::Duration;

use serde::Serialize;

use crate::graph::codes;
use crate::ledger::canary::CanaryCounts;
use crate::statistics;
use crate::text;

/// What has become of a canary's people. The keys never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub people: u64,
    pub accepted: u64,
    pub refused: u64,
    /// Of the refused, those who opted out, whose token expired, or to whose region nothing may go: no fault of the message.
    pub left: u64,
    pub unknown: u64,
    pub echoed: u64,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    /// Accepted, and failed later.
    pub failed: u64,
    /// Accepted, and any event came.
    pub heard: u64,
}

impl Figures {
    pub fn of(counts: &CanaryCounts) -> Self {
        let refused = |left: bool| -> u64 {
            let counted = |code: &Option<i64>| !left || code.is_some_and(has_left);
            counts.refused.iter().filter(|(code, _)| counted(code)).map(|(_, n)| n).sum()
        };
        let asked = counts.accepted + refused(false) + counts.unknown;
        Self {
            people: asked + counts.due + counts.later + counts.claimed + counts.skipped,
            accepted: counts.accepted,
            refused: refused(false),
            left: refused(true),
            unknown: counts.unknown,
            echoed: counts.echoed,
            delivered: counts.delivered,
            read: counts.read,
            clicked: counts.clicked,
            failed: counts.failed,
            heard: counts.heard,
        }
    }

    /// To whom a request was made that may have reached them or was refused.
    pub fn asked(&self) -> u64 {
        self.accepted + self.refused + self.unknown
    }

    /// Refused for another reason than that the person left, failed, or without an outcome.
    pub fn bad(&self) -> u64 {
        self.surely_bad() + self.unknown
    }

    fn surely_bad(&self) -> u64 {
        self.refused - self.left + self.failed
    }

    /// The share of those asked; 0 of nobody.
    pub fn bad_share(&self) -> f64 {
        share(self.bad(), self.asked())
    }

    /// The highest share that may be bad in truth although nobody of the canary was, if that is more than may fail.
    pub fn too_few(&self, max_failed: f64) -> Option<f64> {
        statistics::wilson(0, self.asked())
            .map_or(Some(1.0), |interval| Some(interval.high).filter(|high| *high > max_failed))
    }
}

impl Figures {
    /// `96 accepted, 4 refused, 1 failed, 95 echoed, 90 delivered, 12 read, 2 unknown`.
    pub fn told(&self) -> String {
        let n = text::thousands;
        let mut refused = format!("{} refused", n(self.refused));
        if self.left > 0 {
            refused.push_str(&format!(" ({} opted out, expired or elsewhere)", n(self.left)));
        }
        format!(
            "{} accepted, {refused}, {} failed, {} echoed, {} delivered, {} read, {} unknown",
            n(self.accepted),
            n(self.failed),
            n(self.echoed),
            n(self.delivered),
            n(self.read),
            n(self.unknown)
        )
    }
}

fn has_left(code: i64) -> bool {
    codes::lookup(code, None).is_some_and(|row| row.suppresses)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// What is to be done, once all of a canary's people were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryVerdict {
    /// More may still be heard.
    Wait,
    /// The others may get the message.
    Go,
    /// Too many failed.
    Failed,
    /// The time is over, and of most nothing was heard: no events come.
    Unheard,
}

/// `hears`: events are awaited. `is_over`: for as long as they are.
pub fn judge(figures: &Figures, max_failed: f64, hears: bool, is_over: bool) -> CanaryVerdict {
    let asked = figures.asked();
    let is_too_much = |bad| share(bad, asked) > max_failed;
    if is_too_much(figures.surely_bad()) {
        return CanaryVerdict::Failed;
    }
    let all_heard = figures.heard >= figures.accepted && figures.unknown == 0;
    if hears && !is_over && !all_heard {
        return CanaryVerdict::Wait;
    }
    // An event may settle what is unknown, as long as any is awaited.
    if is_too_much(figures.bad()) {
        return CanaryVerdict::Failed;
    }
    // Silence about a few is usual, silence about most means that nobody listens.
    if hears && figures.heard * 2 < figures.accepted {
        return CanaryVerdict::Unheard;
    }
    CanaryVerdict::Go
}

/// A canary that nobody follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    pub broadcast: i64,
    pub verdict: CanaryVerdict,
    pub figures: Figures,
    pub max_failed: f64,
    /// How long events were awaited.
    pub waited: Duration,
    /// People of the broadcast who wait behind it.
    pub held: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn figures(accepted: u64, heard: u64, refused: u64, left: u64, failed: u64, unknown: u64) -> Figures {
        Figures { accepted, heard, refused, left, failed, unknown, ..Figures::default() }
    }

    #[test]
    fn a_canary_is_judged_by_what_is_known_and_how_long_it_was_awaited() {
        use CanaryVerdict::{Failed, Go, Unheard, Wait};
        // Figures, and the verdicts while events are awaited, when the time is over, and without events.
        for (figures, waiting, over, deaf) in [
            (figures(100, 0, 0, 0, 0, 0), Wait, Unheard, Go),
            (figures(100, 49, 0, 0, 0, 0), Wait, Unheard, Go),
            (figures(100, 50, 0, 0, 0, 0), Wait, Go, Go),
            (figures(100, 100, 0, 0, 0, 0), Go, Go, Go),
            (figures(100, 100, 0, 0, 5, 0), Go, Go, Go),
            (figures(100, 60, 0, 0, 6, 0), Failed, Failed, Failed),
            (figures(94, 0, 6, 0, 0, 0), Failed, Failed, Failed),
            // People who left are not the message's fault, but they were asked.
            (figures(60, 60, 40, 40, 0, 0), Go, Go, Go),
            (figures(60, 60, 40, 38, 3, 0), Go, Go, Go),
            (figures(60, 60, 40, 36, 2, 0), Failed, Failed, Failed),
            // What is unknown may be settled while events come.
            (figures(90, 90, 0, 0, 0, 10), Wait, Failed, Failed),
            (figures(96, 96, 0, 0, 0, 4), Wait, Go, Go),
            // Nobody is left to hear of.
            (figures(0, 0, 20, 20, 0, 0), Go, Go, Go),
            (figures(0, 0, 1, 0, 0, 0), Failed, Failed, Failed),
        ] {
            let judged = [(true, false), (true, true), (false, false)]
                .map(|(hears, is_over)| judge(&figures, 0.05, hears, is_over));
            assert_eq!(judged, [waiting, over, deaf], "{figures:?}");
        }
    }

    #[test]
    fn refusals_of_people_who_left_are_known_by_their_code() {
        let refused = BTreeMap::from([(Some(2_300_034), 4), (Some(2_300_037), 2), (Some(2_300_004), 1), (None, 1)]);
        let counts = CanaryCounts { accepted: 3, refused, later: 5, due: 1, ..CanaryCounts::default() };
        let figures = Figures::of(&counts);
        assert_eq!((figures.refused, figures.left, figures.bad(), figures.asked(), figures.people), (8, 6, 2, 11, 17));
    }

    #[test]
    fn a_canary_of_few_people_says_little() {
        // 73 people of whom nobody failed: with 95 % confidence fewer than 5 % fail.
        for (asked, max_failed, few) in
            [(0, 0.05, true), (72, 0.05, true), (74, 0.05, false), (74, 0.01, true), (500, 0.01, false)]
        {
            assert_eq!(figures(asked, asked, 0, 0, 0, 0).too_few(max_failed).is_some(), few, "{asked} {max_failed}");
        }
    }
}
