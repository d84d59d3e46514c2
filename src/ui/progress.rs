//! Progress on stderr: a bar on a terminal, otherwise one line per minute, nothing with `--quiet`.

mod layout;

use std::io::stderr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
pub use layout::Told;
use layout::{At, Look, lines, percent, rate_text};
use rustix::termios::tcgetwinsize;

use super::Ui;
use crate::text;

/// Interval between lines when stderr is not a terminal: cron mails them.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// The bar on the screen, if any.
#[derive(Clone, Debug, Default)]
pub(super) struct Live(Arc<Mutex<Option<ProgressBar>>>);

impl Live {
    /// Hides the bar while something prints.
    pub(super) fn suspended<T>(&self, print: impl FnOnce() -> T) -> T {
        let bar = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn set(&self, bar: Option<ProgressBar>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }
}

/// Progress of some work. Cheap enough for a hot loop; removed from the screen when dropped.
#[derive(Debug)]
pub struct Progress {
    ui: Ui,
    total: Option<u64>,
    unit: &'static str,
    started: Instant,
    done: AtomicU64,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    /// The bar, and what it says beside itself.
    Bar(ProgressBar, Arc<Mutex<Told>>),
    /// When the last line was printed, in milliseconds since the start; and what it says besides.
    Lines {
        last: AtomicU64,
        told: Mutex<Told>,
    },
}

impl Ui {
    /// Starts to show progress; `unit` is a plural noun. Of several businesses at once each has lines, since there is one bar.
    pub fn progress(&self, total: Option<u64>, unit: &'static str) -> Progress {
        let shown = if self.is_quiet() {
            Shown::Nothing
        } else if self.stderr_is_terminal() && self.name.is_none() && !self.options.dumb {
            let told = Arc::new(Mutex::new(Told::default()));
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10))
                .with_style(self.style(unit, Arc::clone(&told)));
            bar.enable_steady_tick(Duration::from_millis(200));
            self.live.set(Some(bar.clone()));
            Shown::Bar(bar, told)
        } else {
            Shown::Lines { last: AtomicU64::new(0), told: Mutex::default() }
        };
        Progress { ui: self.clone(), total, unit, started: Instant::now(), done: AtomicU64::new(0), shown }
    }

    /// All of it is laid out by us, for as many columns as there are when it is drawn.
    fn style(&self, unit: &'static str, told: Arc<Mutex<Told>>) -> ProgressStyle {
        let name = self.shop.as_ref().map(|name| self.clean(name).into_owned());
        let (ascii, color) = (self.options.ascii, self.colors(true));
        let drawn = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let at = At {
                name: name.as_deref(),
                done: state.pos(),
                total: state.len(),
                unit,
                rate: state.per_sec(),
                left: state.eta(),
                elapsed: state.elapsed(),
            };
            let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = out.write_str(&lines(&at, &told, Look { ascii, color, columns: columns() }).join("\n"));
        };
        // A fixed template: a test checks that it is valid.
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        style.with_key("all", drawn)
    }
}

const TEMPLATE: &str = "{all}";

/// Of the terminal on stderr; some do not know their size.
fn columns() -> usize {
    tcgetwinsize(stderr()).map(|size| usize::from(size.ws_col)).ok().filter(|columns| *columns > 0).unwrap_or(80)
}

impl Progress {
    /// Sets the number done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar, _) => bar.set_position(done),
            Shown::Lines { last, told } => {
                let elapsed = self.started.elapsed();
                if !is_due(last, elapsed) {
                    return;
                }
                let told = told.lock().unwrap_or_else(PoisonError::into_inner).text();
                self.ui.status(&line(done, self.total, self.unit, elapsed, &told));
            }
        }
    }

    /// Sets what is said besides: what is worked at.
    pub fn message(&self, text: &str) {
        self.tell(&Told { note: Some(text.to_owned()), ..Told::default() });
    }

    /// Sets what is said besides.
    pub fn tell(&self, what: &Told) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(_, told) => {
                let clean = |texts: &[String]| texts.iter().map(|text| self.ui.clean(text).into_owned()).collect();
                let note = what.note.as_ref().map(|note| self.ui.clean(note).into_owned());
                *told.lock().unwrap_or_else(PoisonError::into_inner) =
                    Told { counts: clean(&what.counts), more: clean(&what.more), note };
            }
            Shown::Lines { told, .. } => {
                what.clone_into(&mut told.lock().unwrap_or_else(PoisonError::into_inner));
                self.set(self.done.load(Ordering::Relaxed));
            }
        }
    }

    /// Removes it from the screen.
    pub fn finish(&self) {
        if let Shown::Bar(bar, _) = &self.shown {
            bar.finish_and_clear();
            self.ui.live.set(None);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Whether a line is due; true for only one caller.
fn is_due(last: &AtomicU64, elapsed: Duration) -> bool {
    let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let before = last.load(Ordering::Relaxed);
    let due = u128::from(now.saturating_sub(before)) >= BETWEEN_LINES.as_millis();
    due && last.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// `412,000 of 1,000,000 tokens (41%), 206,000/s, 2s left; 3 rejected`.
fn line(done: u64, total: Option<u64>, unit: &str, elapsed: Duration, message: &str) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut line = match total {
        Some(total) if total > 0 => {
            format!("{} of {} {unit} ({}%)", text::thousands(done), text::thousands(total), percent(done, total))
        }
        _ => format!("{} {unit}", text::thousands(done)),
    };
    line.push_str(&format!(", {}", rate_text(rate)));
    if let Some(total) = total
        && rate > 0.0
    {
        let left = Duration::try_from_secs_f64(total.saturating_sub(done) as f64 / rate).unwrap_or(Duration::MAX);
        line.push_str(&format!(", {} left", text::span(left)));
    }
    if !message.is_empty() {
        line.push_str(&format!("; {message}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn a_line_has_share_rate_and_time_left() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(250_000, Some(1_000_000), "rows", ten, ""),
            "250,000 of 1,000,000 rows (25%), 25,000/s, 30s left"
        );
        assert_eq!(line(15, None, "rows", ten, "3 rejected"), "15 rows, 1.5/s; 3 rejected");
        assert_eq!(line(0, Some(0), "rows", ten, ""), "0 rows, 0.0/s");
        // Nothing known yet, and numbers that overflow: must not panic.
        let _ = line(0, Some(u64::MAX), "rows", Duration::ZERO, "");
        let _ = line(1, Some(u64::MAX), "rows", Duration::MAX, "");
    }

    #[test]
    fn one_line_per_minute() {
        let last = AtomicU64::new(0);
        let due: Vec<bool> = [1, 59, 60, 61, 119, 120].map(|s| is_due(&last, Duration::from_secs(s))).to_vec();
        assert_eq!(due, [false, false, true, false, false, true]);
    }
}
