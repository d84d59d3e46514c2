//! Faults by name: how often each occurs, and whether the call takes effect anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chance;
use super::error::{Error, Result};
use super::values;

/// Codes about a person: the same person gets the same answer each time.
const PERSON_CODES: &[i64] = &[
    551, 1_893_047, 2_018_300, 2_018_321, 2_300_004, 2_300_005, 2_300_032, 2_300_034, 2_300_036, 2_300_037, 2_300_038,
    2_300_042, 2_300_043, 2_300_044, 2_300_052,
];

/// How a call with a fault is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An error envelope; `ok` sends it with status 200.
    Graph { code: i64, subcode: Option<i64>, ok: bool },
    /// A status with an empty body, an HTML page, or (302) a redirect.
    Status { status: u16, html: bool },
    /// `{}` with 200.
    Bare,
    /// `{"success": false}` with 200.
    SuccessFalse,
    /// `{"success": true}` without a tracking ID.
    SuccessOnly,
    /// Half of the right body, with a matching Content-Length.
    Truncated,
    /// Half of the right body, then the connection is cut.
    Cut,
    /// The connection is cut without an answer.
    Drop,
    /// No answer for two minutes, then the connection is cut.
    Hang,
}

/// One named fault.
#[derive(Clone, Debug)]
pub struct Fault {
    pub name: String,
    pub answer: Answer,
    /// Whether the call takes effect, whatever the answer says.
    pub accepted: bool,
    ratio: f64,
    left: Option<Arc<AtomicU64>>,
}

impl Fault {
    /// Reads a fault's name:
    ///
    /// * `2300034`, `100/33`: a Graph error, with or without subcode; `200-2300034` the same with status 200;
    /// * `500`, `502`, `503`, `504`, `302`: that status with an empty body; `503-html` with an HTML page; `200-html`, `200-empty`;
    /// * `bare` (`{}`), `success-false`, `success-only` (no tracking ID; the call takes effect), `truncated`, `cut`, `drop`, `hang`;
    /// * `no-op`: `success: true`, but the call does not take effect;
    /// * `accepted-` in front of any of them: the call takes effect first.
    pub fn named(name: &str) -> Result<Self> {
        let (accepted, rest) = name.strip_prefix("accepted-").map_or((false, name), |rest| (true, rest));
        let answer = Self::answer(rest).ok_or_else(|| {
            Error::Value(format!(
                "unknown fault '{name}': use a Graph code (2300034, 100/33), 500, 502, 503, 504, 302, 503-html, 200-html, 200-empty, \
                 200-CODE, bare, success-false, success-only, no-op, truncated, cut, drop or hang, with accepted- in front if the call \
                 should take effect",
            ))
        })?;
        let accepted = accepted || rest == "success-only";
        Ok(Self { name: name.to_owned(), answer, accepted, ratio: 1.0, left: None })
    }

    fn answer(name: &str) -> Option<Answer> {
        Some(match name {
            "bare" => Answer::Bare,
            "success-false" => Answer::SuccessFalse,
            "success-only" | "no-op" => Answer::SuccessOnly,
            "truncated" => Answer::Truncated,
            "cut" => Answer::Cut,
            "drop" => Answer::Drop,
            "hang" => Answer::Hang,
            "200-html" => Answer::Status { status: 200, html: true },
            "200-empty" => Answer::Status { status: 200, html: false },
            "302" | "500" | "502" | "503" | "504" => Answer::Status { status: name.parse().ok()?, html: false },
            "500-html" | "502-html" | "503-html" | "504-html" => {
                Answer::Status { status: name.get(..3)?.parse().ok()?, html: true }
            }
            code => {
                let (code, ok) = code.strip_prefix("200-").map_or((code, false), |code| (code, true));
                let (code, subcode) = match code.split_once('/') {
                    Some((code, subcode)) => (code, Some(subcode.parse().ok()?)),
                    None => (code, None),
                };
                Answer::Graph { code: code.parse().ok().filter(|code| *code >= 0)?, subcode, ok }
            }
        })
    }

    /// Whether it belongs to the person rather than to the attempt.
    fn sticks(&self) -> bool {
        !self.accepted && matches!(self.answer, Answer::Graph { code, .. } if PERSON_CODES.contains(&code))
    }

    /// Uses up one of the remaining times; `false` if there are none.
    fn take(&self) -> bool {
        self.left.as_ref().is_none_or(|left| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok())
    }
}

/// A set of faults and how often each occurs.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    sticky: Vec<Fault>,
    passing: Vec<Fault>,
}

impl Faults {
    /// Reads `NAME=SHARE[*TIMES]`, separated by commas: `2300034=0.5%,503-html=1%,drop=100%*2`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut faults = Self::default();
        let mut sums = [0.0, 0.0];
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, ratio) = entry.split_once('=').ok_or_else(|| {
                Error::Value(format!("'{entry}' does not say how often: write NAME=SHARE, such as 2300034=0.5%"))
            })?;
            let (ratio, times) = match ratio.split_once('*') {
                None => (ratio, None),
                Some((ratio, times)) => {
                    let times: u64 = times.trim().parse().map_err(|_| {
                        Error::Value(format!("'{entry}' has no number after *: write NAME=SHARE*TIMES"))
                    })?;
                    (ratio, Some(times))
                }
            };
            let mut fault = Fault::named(name.trim())?;
            fault.ratio = values::share(ratio)?;
            fault.left = times.map(|times| Arc::new(AtomicU64::new(times)));
            sums[usize::from(fault.sticks())] += fault.ratio;
            if fault.sticks() { faults.sticky.push(fault) } else { faults.passing.push(fault) }
        }
        if sums.iter().any(|sum| *sum > 1.000_001) {
            return Err(Error::Value(format!("the faults in '{text}' add up to more than 100%")));
        }
        Ok(faults)
    }

    pub fn is_empty(&self) -> bool {
        self.sticky.is_empty() && self.passing.is_empty()
    }

    /// The fault of this person, if any: the same for every attempt.
    pub fn for_person(&self, seed: u64, token: &str) -> Option<&Fault> {
        strike(&self.sticky, || chance::share(seed, "person", token, 0))
    }

    /// The fault of this attempt, if any.
    pub fn for_attempt(&self, seed: u64, key: &str, attempt: u64) -> Option<&Fault> {
        strike(&self.passing, || chance::share(seed, "attempt", key, attempt))
    }
}

fn strike(faults: &[Fault], share: impl FnOnce() -> f64) -> Option<&Fault> {
    if faults.is_empty() {
        return None;
    }
    let mut share = share();
    for fault in faults {
        if share < fault.ratio {
            return fault.take().then_some(fault);
        }
        share -= fault.ratio;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_understood() {
        for (name, answer, accepted) in [
            ("2300034", Answer::Graph { code: 2_300_034, subcode: None, ok: false }, false),
            ("100/33", Answer::Graph { code: 100, subcode: Some(33), ok: false }, false),
            ("200-2", Answer::Graph { code: 2, subcode: None, ok: true }, false),
            ("503", Answer::Status { status: 503, html: false }, false),
            ("503-html", Answer::Status { status: 503, html: true }, false),
            ("200-html", Answer::Status { status: 200, html: true }, false),
            ("accepted-200-html", Answer::Status { status: 200, html: true }, true),
            ("truncated", Answer::Truncated, false),
            ("accepted-2", Answer::Graph { code: 2, subcode: None, ok: false }, true),
            ("success-only", Answer::SuccessOnly, true),
            ("no-op", Answer::SuccessOnly, false),
            ("accepted-drop", Answer::Drop, true),
        ] {
            let fault = Fault::named(name).unwrap();
            assert_eq!((fault.answer, fault.accepted), (answer, accepted), "{name}");
        }
        for wrong in ["", "x", "accepted-", "503-pdf", "100/x", "-1"] {
            assert!(Fault::named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_person_keeps_the_answer_and_an_attempt_does_not() {
        let faults = Faults::parse("2300034=50%, 2=50%").unwrap();
        let mut passed = 0;
        for n in 0..200 {
            let token = format!("token-{n}");
            let first = faults.for_person(9, &token).map(|fault| fault.name.clone());
            assert_eq!(first, faults.for_person(9, &token).map(|fault| fault.name.clone()));
            let attempts: Vec<bool> = (0..20).map(|attempt| faults.for_attempt(9, &token, attempt).is_some()).collect();
            passed += usize::from(attempts.contains(&true) && attempts.contains(&false));
        }
        assert!(passed > 190, "{passed}");
    }

    #[test]
    fn counted_faults_run_out_and_sums_are_checked() {
        let faults = Faults::parse("503=100%*2").unwrap();
        let hits = (0..10).filter(|n| faults.for_attempt(1, "k", *n).is_some()).count();
        assert_eq!(hits, 2);
        assert!(Faults::parse("2=60%,1=60%").is_err());
        assert!(Faults::parse("2").is_err());
        assert!(Faults::parse("").unwrap().is_empty());
    }
}
