//! Positions of the marks in the page's charts. Horizontal positions are percentages, so that a chart fits any screen while its text
//! keeps its size; vertical positions are pixels.

use super::figures::{Quantiles, percent, ratio, span};
use super::{HourRow, Report};
use crate::clock::UnixMillis;
use crate::text::thousands;

/// The most bars that a phone can show separately.
pub const MOST_BARS: i64 = 96;
/// Possible bin widths in hours, up to days and weeks.
const BIN_HOURS: [i64; 8] = [1, 2, 3, 6, 12, 24, 72, 168];
/// Height of a strip of bars in pixels.
pub const STRIP: f64 = 56.0;

/// A bar of the funnel.
pub struct FunnelBar {
    pub name: &'static str,
    pub count: String,
    pub share: String,
    /// Percentage of the width.
    pub width: String,
    pub top: usize,
}

impl FunnelBar {
    pub fn text_at(&self) -> usize {
        self.top + 14
    }

    pub fn bar_at(&self) -> usize {
        self.top + 21
    }
}

/// Height of a funnel bar with its text, in pixels.
pub const STEP: usize = 46;

pub fn steps(report: &Report) -> Vec<FunnelBar> {
    let funnel = &report.funnel;
    let mut all = vec![
        ("accepted", funnel.accepted),
        ("echoed", funnel.echoed),
        ("delivered", funnel.delivered),
        ("read", funnel.read),
        ("clicked", funnel.clicked),
    ];
    all.push(("failed", funnel.failed));
    let widest = all.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let step = |(place, (name, n)): (usize, (&'static str, u64))| FunnelBar {
        name,
        count: thousands(n),
        share: percent(ratio(n, funnel.accepted)),
        width: across(n, widest),
        top: place * STEP,
    };
    all.into_iter().enumerate().map(step).collect()
}

/// Counts of several consecutive hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    pub from: UnixMillis,
    pub hours: i64,
    pub counts: [u64; 5],
}

impl Bin {
    /// The length of the bin, as in "per hour", "per 6 hours", "per day".
    pub fn length(&self) -> String {
        match self.hours {
            1 => "hour".to_owned(),
            24 => "day".to_owned(),
            168 => "week".to_owned(),
            hours if hours % 24 == 0 => format!("{} days", hours / 24),
            hours => format!("{hours} hours"),
        }
    }
}

/// The names of a bin's counts.
pub const SERIES: [&str; 5] = ["accepted", "delivered", "read", "clicked", "failed"];

/// The hours since the first message, combined into bins if there are many. Events before it or in the future have a wrong time and are
/// left out: they would squeeze the rest of the chart.
pub fn bins(hours: &[HourRow], now: UnixMillis, most: i64) -> Vec<Bin> {
    let Some(first) = hours.iter().find(|row| row.accepted > 0).or(hours.first()) else { return Vec::new() };
    let (first, now) = (first.hour.hour(), now.hour());
    let shown = || hours.iter().filter(|row| (first..=now.max(first)).contains(&row.hour.hour()));
    let last = shown().map(|row| row.hour.hour()).max().unwrap_or(first);
    let count = last - first + 1;
    let fits = |width: &&i64| count.div_euclid(**width) < most;
    let width = BIN_HOURS.iter().find(fits).copied().unwrap_or(count.div_euclid(most.max(1)) + 1);
    // Days begin at midnight.
    let first = first.div_euclid(width.min(24)) * width.min(24);
    let bins = (last - first).div_euclid(width) + 1;
    let mut all: Vec<Bin> = (0..bins)
        .map(|bin| Bin { from: UnixMillis::of_hour(first + bin * width), hours: width, counts: [0; 5] })
        .collect();
    for row in shown() {
        let bin = usize::try_from((row.hour.hour() - first).div_euclid(width)).unwrap_or(0);
        if let Some(bin) = all.get_mut(bin) {
            let counts = [row.accepted, row.delivered, row.read, row.clicked, row.failed];
            bin.counts.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
    }
    all
}

/// The bars of one series over time, with their own scale.
pub struct Strip {
    pub name: &'static str,
    pub total: String,
    pub most: String,
    pub bars: Vec<Column>,
}

pub struct Column {
    pub x: String,
    pub width: String,
    pub y: String,
    pub height: String,
    pub title: String,
}

pub fn strips(bins: &[Bin]) -> Vec<Strip> {
    let strip = |(series, name): (usize, &'static str)| {
        let count = |bin: &Bin| bin.counts[series];
        let most = bins.iter().map(count).max().unwrap_or(0);
        let room = 100.0 / bins.len().max(1) as f64;
        let bars = bins.iter().enumerate().filter(|(_, bin)| count(bin) > 0).map(|(place, bin)| {
            // Even the smallest bar must be visible.
            let height = (count(bin) as f64 / most as f64 * STRIP).max(1.5);
            Column {
                x: format!("{:.3}%", (place as f64 + 0.08) * room),
                width: format!("{:.3}%", (room * 0.84).min(12.0)),
                y: format!("{:.1}", STRIP - height),
                height: format!("{height:.1}"),
                title: format!("{}: {} {name}", time(bin.from), thousands(count(bin))),
            }
        });
        Strip { name, total: thousands(bins.iter().map(count).sum()), most: thousands(most), bars: bars.collect() }
    };
    // A series of zeros is left out.
    SERIES.into_iter().enumerate().map(strip).filter(|strip| !strip.bars.is_empty()).collect()
}

/// `2026-11-24 09:00`.
pub fn time(at: UnixMillis) -> String {
    at.timestamp().strftime("%Y-%m-%d %H:%M").to_string()
}

/// How long a stage took: a line from the median to the 99th percentile.
pub struct Lag {
    pub name: &'static str,
    pub top: usize,
    pub p50: Mark,
    pub p90: Mark,
    pub p99: Mark,
}

impl Lag {
    pub fn text_at(&self) -> usize {
        self.top + 14
    }

    pub fn line_at(&self) -> usize {
        self.top + 28
    }

    pub fn caption(&self) -> String {
        format!("median {} · p90 {} · p99 {}", self.p50.said, self.p90.said, self.p99.said)
    }
}

pub struct Mark {
    pub x: String,
    pub said: String,
}

/// A grid line in the chart of times.
pub struct Tick {
    pub x: String,
    pub said: &'static str,
}

pub const LAG: usize = 44;

const TICKS: [(f64, &str); 5] = [(1.0, "1s"), (60.0, "1m"), (3600.0, "1h"), (86_400.0, "1d"), (604_800.0, "7d")];

/// Times on a logarithmic scale, with its ticks.
pub fn lags(report: &Report) -> (Vec<Lag>, Vec<Tick>) {
    let times = &report.time_to;
    let named = [("delivered", times.delivered), ("read", times.read), ("clicked", times.clicked)];
    let told: Vec<(&'static str, Quantiles)> =
        named.into_iter().filter_map(|(name, quantiles)| Some((name, quantiles?))).collect();
    let longest = told.iter().map(|(_, quantiles)| quantiles.p99).fold(60.0, f64::max) * 1.5;
    // Marks stay completely inside the chart.
    let x = |seconds: f64| format!("{:.2}%", 2.0 + seconds.max(1.0).ln() / longest.ln() * 96.0);
    let mark = |seconds: f64| Mark { x: x(seconds), said: span(seconds) };
    let lags = told.iter().enumerate().map(|(place, (name, quantiles))| Lag {
        name,
        top: place * LAG,
        p50: mark(quantiles.p50),
        p90: mark(quantiles.p90),
        p99: mark(quantiles.p99),
    });
    let ticks = TICKS.into_iter().filter(|(seconds, _)| *seconds <= longest);
    (lags.collect(), ticks.map(|(seconds, said)| Tick { x: x(seconds), said }).collect())
}

/// A part of the whole as a percentage of the width; even the smallest part stays visible.
pub fn across(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    format!("{:.3}%", (part as f64 / whole as f64 * 100.0).clamp(0.3, 100.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hour(at: i64, accepted: u64, read: u64) -> HourRow {
        HourRow { hour: UnixMillis::of_hour(at), accepted, read, ..HourRow::default() }
    }

    #[test]
    fn wrong_times_do_not_squeeze_the_chart() {
        let rows = [hour(0, 0, 1), hour(490_000, 50, 0), hour(490_002, 0, 20), hour(900_000, 0, 1)];
        let bins = bins(&rows, UnixMillis::of_hour(490_010), MOST_BARS);
        let picture: Vec<_> = bins.iter().map(|bin| (bin.from.hour(), bin.counts[0], bin.counts[2])).collect();
        assert_eq!(picture, [(490_000, 50, 0), (490_001, 0, 0), (490_002, 0, 20)]);
        assert!(super::bins(&[], UnixMillis(0), 1).is_empty());
    }

    proptest! {
        #[test]
        fn every_hour_is_in_one_bar_and_bars_are_few(
            hours in proptest::collection::btree_map(490_000_i64..520_000, (1_u64..1000, 0_u64..1000), 1..200),
            most in 1_i64..100,
        ) {
            let rows: Vec<HourRow> = hours.iter().map(|(at, (accepted, read))| hour(*at, *accepted, *read)).collect();
            let bins = bins(&rows, UnixMillis::of_hour(520_000), most);
            prop_assert!(bins.len() as i64 <= most + 1, "{}", bins.len());
            let sum = |series: usize| bins.iter().map(|bin| bin.counts[series]).sum::<u64>();
            prop_assert_eq!(sum(0), rows.iter().map(|row| row.accepted).sum::<u64>());
            prop_assert_eq!(sum(2), rows.iter().map(|row| row.read).sum::<u64>());
            for strip in strips(&bins) {
                for bar in strip.bars {
                    let number = |text: &str| text.trim_end_matches('%').parse::<f64>().unwrap();
                    prop_assert!(number(&bar.x) + number(&bar.width) <= 100.01);
                    prop_assert!(number(&bar.y) >= 0.0 && number(&bar.y) + number(&bar.height) <= STRIP + 0.11);
                }
            }
        }
    }
}
