//! Progress on stderr: a bar on a terminal, otherwise one line per minute, nothing with `--quiet`.

use std::fmt;
use std::io::stderr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
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
    Bar(ProgressBar),
    /// When the last line was printed, in milliseconds since the start; and the message.
    Lines {
        last: AtomicU64,
        message: Mutex<String>,
    },
}

impl Ui {
    /// Starts to show progress; `unit` is a plural noun. Of several businesses at once each has lines, since there is one bar.
    pub fn progress(&self, total: Option<u64>, unit: &'static str) -> Progress {
        let shown =
            if self.is_quiet() {
                Shown::Nothing
            } else if self.stderr_is_terminal() && self.name.is_none() && !self.options.dumb {
                let columns = tcgetwinsize(stderr()).map_or(0, |size| size.ws_col);
                // A terminal that does not know its size.
                let columns = if columns == 0 { 80 } else { columns };
                let look = Look { ascii: self.options.ascii, columns };
                let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10))
                    .with_style(style(total.is_some(), unit, self.colors(true), look));
                bar.enable_steady_tick(Duration::from_millis(200));
                self.live.set(Some(bar.clone()));
                Shown::Bar(bar)
            } else {
                Shown::Lines { last: AtomicU64::new(0), message: Mutex::default() }
            };
        Progress { ui: self.clone(), total, unit, started: Instant::now(), done: AtomicU64::new(0), shown }
    }
}

impl Progress {
    /// Sets the number done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.set_position(done),
            Shown::Lines { last, message } => {
                let elapsed = self.started.elapsed();
                if !is_due(last, elapsed) {
                    return;
                }
                let message = message.lock().unwrap_or_else(PoisonError::into_inner).clone();
                self.ui.status(&line(done, self.total, self.unit, elapsed, &message));
            }
        }
    }

    /// Sets the message: what is being done or waited for; counts.
    pub fn message(&self, text: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.set_message(self.ui.clean(text).into_owned()),
            Shown::Lines { message, .. } => {
                text.clone_into(&mut message.lock().unwrap_or_else(PoisonError::into_inner));
                self.set(self.done.load(Ordering::Relaxed));
            }
        }
    }

    /// Removes it from the screen.
    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
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
            let percent = u128::from(done) * 100 / u128::from(total);
            format!("{} of {} {unit} ({percent}%)", text::thousands(done), text::thousands(total))
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

/// `1.5/s`, `12,345/s`.
fn rate_text(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{}/s", text::thousands(rate as u64)) }
}

/// A narrower terminal shows the message below the bar, so that none of it is cut.
const WIDE: u16 = 120;

/// A narrower one has no room for a bar.
const NARROW: u16 = 60;

fn style(has_total: bool, unit: &str, color: bool, look: Look) -> ProgressStyle {
    // A fixed template: a test checks that it is valid.
    let style = ProgressStyle::with_template(&template(has_total, unit, color, look.columns));
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "rate",
        |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = out.write_str(&rate_text(state.per_sec()));
        },
    );
    if look.ascii { style.progress_chars("=> ").tick_chars("|/-\\ ") } else { style.progress_chars("━╸ ") }
}

/// What the terminal is like.
#[derive(Clone, Copy)]
struct Look {
    ascii: bool,
    columns: u16,
}

fn template(has_total: bool, unit: &str, color: bool, columns: u16) -> String {
    let bar = if color { "{bar:12.cyan}" } else { "{bar:12}" };
    let gap = if columns < WIDE { "\n" } else { "  " };
    if has_total && columns < NARROW {
        format!("{{human_pos}} of {{human_len}} {unit} ({{percent}}%){gap}{{wide_msg}}")
    } else if has_total {
        format!("{bar} {{human_pos}} of {{human_len}} {unit} ({{percent}}%), {{rate}}, {{eta}} left{gap}{{wide_msg}}")
    } else {
        format!("{{spinner}} {{human_pos}} {unit}, {{rate}}, {{elapsed}}{gap}{{wide_msg}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for (has_total, color) in [(true, true), (true, false), (false, false)] {
            for columns in [40, 80, 120] {
                let template = template(has_total, "rows", color, columns);
                assert!(ProgressStyle::with_template(&template).is_ok(), "{template}");
            }
        }
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
