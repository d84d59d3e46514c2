//! How long a send takes.

use std::time::Duration;

use crate::ledger::pace::PaceRow;
use crate::rate::Rate;
use crate::send::learn::expected_rate;
use crate::text;

/// Sends per second that a run may expect, by what is kept of its ad account; `None`: as many as Graph answers.
pub fn pace(rate: Rate, kept: Option<&PaceRow>) -> Option<f64> {
    match rate {
        Rate::Auto => Some(expected_rate(kept)),
        Rate::PerSecond(rate) => Some(rate),
        Rate::Unlimited => None,
    }
    .filter(|rate| *rate > 0.0)
}

pub fn duration(sends: u64, pace: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = (sends as f64 / pace).ceil();
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// `about 3m 20s at 10 sends per second`.
pub fn time(sends: u64, pace: Option<f64>) -> String {
    let Some(pace) = pace else { return "as fast as Meta answers".to_owned() };
    let per_second = if pace < 10.0 { format!("{pace:.1}") } else { format!("{pace:.0}") };
    let per_second = per_second.trim_end_matches(".0");
    format!("about {} at {per_second} sends per second", text::span(duration(sends, pace)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_what_the_pace_makes_of_the_count() {
        for (sends, rate, shown) in [
            (3000, Rate::PerSecond(10.0), "about 5m 0s at 10 sends per second"),
            (1, Rate::PerSecond(0.5), "about 2s at 0.5 sends per second"),
            (36_000, Rate::Auto, "about 1h 0m at 10 sends per second"),
            (5, Rate::Unlimited, "as fast as Meta answers"),
        ] {
            assert_eq!(time(sends, pace(rate, None)), shown);
        }
    }
}
