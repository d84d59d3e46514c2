//! The progress that is shown: of one run, or the sums of many.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::clock::UnixMillis;
use crate::send::job::Stats;
use crate::text;
use crate::ui::Ui;
use crate::ui::progress::{Progress, Told};

/// How often the counts next to the progress bar change.
const BETWEEN_COUNTS: Duration = Duration::from_millis(200);

/// What an operator must see stands first, and is always shown: a narrow terminal leaves out the last.
const NAMES: [&str; 7] = ["accepted", "unknown", "refused", "later", "skipped", "not sent", "in flight"];

/// So many of [`NAMES`] are always shown.
const ALWAYS: usize = 3;

/// In the order of [`NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; NAMES.len()]);

impl Counts {
    fn of(stats: &Stats) -> Self {
        Self([
            stats.accepted,
            stats.unknown,
            stats.refused_in_all(),
            stats.later,
            stats.skipped,
            stats.not_sent,
            stats.in_flight as u64,
        ])
    }

    /// Rows that got an outcome.
    fn done(&self) -> u64 {
        self.0[..5].iter().sum()
    }

    /// `9,310 accepted`, `3 unknown`, `12 refused`; and `64 in flight`.
    fn told(&self, note: Option<String>) -> Told {
        let mut counts: Vec<String> = Vec::new();
        let mut more = Vec::new();
        for (place, (n, what)) in self.0.iter().zip(NAMES).enumerate() {
            let said = format!("{} {what}", text::thousands(*n));
            match (place < ALWAYS, *n) {
                (true, _) => counts.push(said),
                (false, 0) => {}
                (false, _) => more.push(said),
            }
        }
        Told { counts, more, note }
    }
}

/// What a run waits for.
struct Wait {
    until: UnixMillis,
    why: String,
}

pub struct Board {
    progress: Progress,
    sums: Counts,
    said: Instant,
    zone: TimeZone,
    /// By profile; of one business, by no name.
    waits: BTreeMap<String, Wait>,
}

impl Board {
    pub fn show(ui: &Ui, total: Option<u64>) -> Rc<RefCell<Self>> {
        let (progress, zone) = (ui.progress(total, "sends"), ui.zone().clone());
        let (sums, said, waits) = (Counts::default(), Instant::now(), BTreeMap::new());
        let board = Self { progress, sums, said, zone, waits };
        board.tell();
        Rc::new(RefCell::new(board))
    }

    /// Takes in a run's counts; `counted` is what it had been counted with.
    pub fn count(&mut self, counted: &mut Counts, stats: &Stats) {
        let now = Counts::of(stats);
        for ((sum, before), now) in self.sums.0.iter_mut().zip(counted.0).zip(now.0) {
            *sum = (*sum + now).saturating_sub(before);
        }
        *counted = now;
        self.progress.set(self.sums.done());
        if self.said.elapsed() > BETWEEN_COUNTS {
            self.said = Instant::now();
            self.tell();
        }
    }

    /// A run waits; `profile` says whose, where several are at work.
    pub fn wait(&mut self, profile: Option<&str>, until: UnixMillis, why: String) {
        self.waits.insert(profile.unwrap_or_default().to_owned(), Wait { until, why });
        self.tell();
    }

    /// It goes on, or has ended.
    pub fn go_on(&mut self, profile: Option<&str>) {
        if self.waits.remove(profile.unwrap_or_default()).is_some() {
            self.tell();
        }
    }

    fn tell(&self) {
        self.progress.tell(&self.sums.told(self.note()));
    }

    /// `waiting until Nov 28 14:30: Graph asks to slow down`.
    fn note(&self) -> Option<String> {
        let (profile, first) = self.waits.iter().min_by_key(|(_, wait)| wait.until)?;
        let until = first.until.timestamp().to_zoned_datetime(self.zone.clone()).strftime("%b %d %H:%M:%S").to_string();
        let said = format!("{until}: {}", first.why);
        Some(if profile.is_empty() {
            format!("waiting until {said}")
        } else {
            let waiting = text::count(self.waits.len() as u64, "profile waits", "profiles wait");
            format!("{waiting}, first {profile} until {said}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::UiOptions;

    #[test]
    fn the_sums_are_those_of_all_runs_each_counted_once() {
        let board = Board::show(&Ui::new(UiOptions { quiet: true, ..UiOptions::default() }), None);
        let mut board = board.borrow_mut();
        let mut runs = [Counts::default(), Counts::default()];
        for (run, accepted, in_flight) in [(0, 5, 2), (1, 1, 9), (0, 7, 0), (0, 7, 0), (1, 1_200, 1)] {
            let stats = Stats { accepted, in_flight, ..Stats::default() };
            board.count(&mut runs[run], &stats);
        }
        assert_eq!(board.sums.told(None).text(), "1,207 accepted, 0 unknown, 0 refused, 1 in flight");
        assert_eq!(board.sums.done(), 1207);
    }

    #[test]
    fn a_wait_is_said_until_it_is_over_and_of_several_the_first() {
        let ui = Ui::new(UiOptions { quiet: true, utc: true, ..UiOptions::default() });
        let board = Board::show(&ui, None);
        let mut board = board.borrow_mut();
        let at = |minute: i64| UnixMillis(1_796_083_200_000 + minute * 60_000);
        board.wait(None, at(0), "because".to_owned());
        assert_eq!(board.note().unwrap(), "waiting until Dec 01 00:00:00: because");
        board.go_on(None);
        board.wait(Some("one"), at(2), "of one".to_owned());
        board.wait(Some("two"), at(1), "of two".to_owned());
        assert_eq!(board.note().unwrap(), "2 profiles wait, first two until Dec 01 00:01:00: of two");
        board.go_on(Some("two"));
        board.go_on(Some("three"));
        assert_eq!(board.note().unwrap(), "1 profile waits, first one until Dec 01 00:02:00: of one");
        board.go_on(Some("one"));
        assert!(board.note().is_none());
    }
}
