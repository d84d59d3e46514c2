//! The progress that is shown: of one run, or the sums of many.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::send::job::Stats;
use crate::text;
use crate::ui::Ui;
use crate::ui::progress::Progress;

/// How often the counts next to the progress bar change.
const BETWEEN_COUNTS: Duration = Duration::from_millis(200);

/// What an operator must see stands first: a narrow terminal cuts the last.
const NAMES: [&str; 7] = ["accepted", "refused", "unknown", "later", "skipped", "not sent", "in flight"];

/// In the order of [`NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; NAMES.len()]);

impl Counts {
    fn of(stats: &Stats) -> Self {
        Self([
            stats.accepted,
            stats.refused_in_all(),
            stats.unknown,
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

    /// `9,310 accepted, 12 refused, 3 unknown, 64 in flight`.
    fn text(&self) -> String {
        let shown = self.0.iter().zip(NAMES).enumerate().filter(|(place, (n, _))| *place == 0 || **n > 0);
        shown.map(|(_, (n, what))| format!("{} {what}", text::thousands(*n))).collect::<Vec<_>>().join(", ")
    }
}

pub struct Board {
    progress: Progress,
    sums: Counts,
    said: Instant,
}

impl Board {
    pub fn show(ui: &Ui, total: Option<u64>) -> Rc<RefCell<Self>> {
        let progress = ui.progress(total, "sends");
        Rc::new(RefCell::new(Self { progress, sums: Counts::default(), said: Instant::now() }))
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
            self.progress.message(&self.sums.text());
        }
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
        assert_eq!(board.sums.text(), "1,207 accepted, 1 in flight");
        assert_eq!(board.sums.done(), 1207);
    }
}
