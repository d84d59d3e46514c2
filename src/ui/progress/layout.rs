//! What stands in the lines of a progress bar, by the columns that there are: counts are never cut, what is less important goes first.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::text;

/// A narrower terminal shows the counts below the bar.
const WIDE: usize = 120;

/// A narrower one has no room for a bar.
const NARROW: usize = 60;

/// The bar's columns.
const BAR: u64 = 12;

/// With fewer columns for the name, something else gives way; then the name has a line of its own.
const LEAST_NAME: usize = 8;

/// So many lines has a note at most.
const NOTE_LINES: usize = 2;

/// What is said beside how far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Counts that are always whole.
    pub counts: Vec<String>,
    /// Counts that are left out, the last first, where there is no room.
    pub more: Vec<String>,
    /// What is waited for, or worked at; shortened where there is no room.
    pub note: Option<String>,
}

impl Told {
    /// As one text, for a line of any length.
    pub fn text(&self) -> String {
        let counts: Vec<&str> = self.counts.iter().chain(&self.more).map(String::as_str).collect();
        let parts = [counts.join(", "), self.note.clone().unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    /// Whose work it is.
    pub name: Option<&'a str>,
    pub done: u64,
    pub total: Option<u64>,
    pub unit: &'a str,
    /// Per second.
    pub rate: f64,
    pub left: Duration,
    pub elapsed: Duration,
}

/// What the terminal is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub ascii: bool,
    pub color: bool,
    pub columns: usize,
}

/// A line, which may hold codes of colours that have no width.
struct Line {
    text: String,
    width: usize,
}

impl Line {
    fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let width = text.width();
        Self { text, width }
    }

    fn push(&mut self, gap: &str, other: &Self) {
        self.text.push_str(gap);
        self.text.push_str(&other.text);
        self.width += gap.width() + other.width;
    }
}

/// The lines, none of them wider than the terminal.
pub(super) fn lines(at: &At<'_>, told: &Told, look: Look) -> Vec<String> {
    let mut lines: Vec<Line> = Vec::new();
    for line in head(at, look).into_iter().chain(counts(told, look.columns)).chain(note(told, look.columns)) {
        match lines.last_mut() {
            Some(last) if look.columns >= WIDE && last.width + 2 + line.width <= look.columns => last.push("  ", &line),
            _ => lines.push(line),
        }
    }
    lines.into_iter().map(|line| line.text).collect()
}

/// Name, bar, and how much is done: the richest form that leaves the name some room, or a line to itself.
fn head(at: &At<'_>, look: Look) -> Vec<Line> {
    let mut forms = forms(at, look);
    let name = at.name.map(str::trim).filter(|name| !name.is_empty());
    let room = name.map_or(0, |name| name.width().min(LEAST_NAME) + 1);
    let first = |room: usize| forms.iter().position(|form| form.width + room <= look.columns);
    let (index, beside) = match (first(room), first(0)) {
        (Some(index), _) => (index, true),
        (None, Some(index)) => (index, false),
        (None, None) => (forms.len() - 1, false),
    };
    let form = forms.swap_remove(index);
    match name {
        Some(name) if beside => {
            let mut line = Line::of(text::shortened(name, look.columns.saturating_sub(form.width + 1)));
            line.push(" ", &form);
            vec![line]
        }
        Some(name) => vec![Line::of(text::shortened(name, look.columns)), form],
        None => vec![form],
    }
}

/// The same with less and less.
fn forms(at: &At<'_>, look: Look) -> Vec<Line> {
    let done = text::thousands(at.done);
    let speed = rate_text(at.rate);
    let Some(total) = at.total else {
        let spun = format!("{} {done} {}", spinner(at.elapsed, look), at.unit);
        return vec![
            Line::of(format!("{spun}, {speed}, {}", text::span(at.elapsed))),
            Line::of(spun),
            Line::of(format!("{done} {}", at.unit)),
            Line::of(done),
        ];
    };
    let percent = percent(at.done, total);
    let amount = format!("{done} of {}", text::thousands(total));
    let whole = format!("{amount} {} ({percent}%)", at.unit);
    let mut timed = format!("{whole}, {speed}");
    if at.rate > 0.0 {
        timed.push_str(&format!(", {} left", text::span(at.left)));
    }
    let mut forms = Vec::new();
    if look.columns >= NARROW {
        let mut with_bar = bar(at.done, total, look);
        with_bar.push(" ", &Line::of(&timed));
        forms.push(with_bar);
    }
    forms.extend([timed, whole, format!("{amount} ({percent}%)"), amount, format!("{percent}%")].map(Line::of));
    forms
}

fn bar(done: u64, total: u64, look: Look) -> Line {
    let halves = (u128::from(BAR) * 2 * u128::from(done.min(total)) / u128::from(total.max(1))) as usize;
    let (full, half) = if look.ascii { ("=", ">") } else { ("━", "╸") };
    let filled = full.repeat(halves / 2) + if halves % 2 == 1 { half } else { "" };
    let empty = " ".repeat(BAR as usize - halves.div_ceil(2));
    let filled = if look.color { format!("\x1b[36m{filled}\x1b[0m") } else { filled };
    Line { text: filled + &empty, width: BAR as usize }
}

fn spinner(elapsed: Duration, look: Look) -> char {
    let turns: &[char] = if look.ascii {
        &['|', '/', '-', '\\']
    } else {
        &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
    };
    let turn = usize::try_from(elapsed.as_millis() / 200).unwrap_or(0);
    turns.get(turn % turns.len()).copied().unwrap_or(' ')
}

/// In as few lines as they need; what may be left out stands in the last one.
fn counts(told: &Told, columns: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for count in &told.counts {
        let count = Line::of(count);
        match lines.last_mut() {
            Some(line) if line.width + 2 + count.width <= columns => line.push(", ", &count),
            _ => lines.push(count),
        }
    }
    for count in &told.more {
        let count = Line::of(count);
        match lines.last_mut() {
            Some(line) if line.width + 2 + count.width <= columns => line.push(", ", &count),
            None if count.width <= columns => lines.push(count),
            _ => break,
        }
    }
    lines
}

fn note(told: &Told, columns: usize) -> Vec<Line> {
    let mut lines = text::wrapped(told.note.as_deref().unwrap_or_default(), columns);
    if lines.len() > NOTE_LINES {
        let rest = lines.split_off(NOTE_LINES - 1).join(" ");
        lines.push(rest);
    }
    lines.into_iter().map(|line| Line::of(text::shortened(&line, columns))).collect()
}

/// Of 100.
pub(super) fn percent(done: u64, total: u64) -> u128 {
    (u128::from(done) * 100 / u128::from(total.max(1))).min(100)
}

/// `1.5/s`, `12,345/s`.
pub(super) fn rate_text(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{}/s", text::thousands(rate as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, done: u64, total: Option<u64>) -> At<'_> {
        let (rate, left, elapsed) = (20.0, Duration::from_secs(20), Duration::from_secs(5));
        At { name: Some(name).filter(|name| !name.is_empty()), done, total, unit: "sends", rate, left, elapsed }
    }

    fn told(accepted: u64, unknown: u64, refused: u64, note: Option<&str>) -> Told {
        let n = text::thousands;
        Told {
            counts: vec![
                format!("{} accepted", n(accepted)),
                format!("{} unknown", n(unknown)),
                format!("{} refused", n(refused)),
            ],
            more: ["12 later", "64 in flight"].map(str::to_owned).to_vec(),
            note: note.map(str::to_owned),
        }
    }

    const PLAIN: Look = Look { ascii: false, color: false, columns: 80 };

    fn drawn(name: &str, columns: usize) -> Vec<String> {
        lines(&at(name, 97, Some(500)), &told(96, 1, 0, None), Look { columns, ..PLAIN })
    }

    #[test]
    fn counts_are_whole_and_no_line_wraps_at_any_width() {
        let names = [
            "",
            "shop",
            "Lotus Flowers of Chiang Mai and Lampang",
            "ร้านดอกไม้บัวหลวง",
            "人人人人人人人人人人人人",
            " \t",
        ];
        let notes = [
            None,
            Some("waiting until Nov 28 14:30: the ad account's budget of the day is used up"),
            Some("人人人人人人人人人人人人人人人人人人人人人人"),
        ];
        for columns in 20..=140 {
            for (name, note) in names.iter().flat_map(|name| notes.iter().map(move |note| (name, note))) {
                for accepted in [0, 96, 1_234_567, 999_999_999] {
                    for total in [None, Some(0), Some(1_999_999_999)] {
                        for color in [true, false] {
                            let told = told(accepted, accepted / 3, accepted / 7, *note);
                            let shown = lines(&at(name, accepted, total), &told, Look { columns, color, ascii: false });
                            let plain: Vec<String> = shown
                                .iter()
                                .map(|line| line.replace("\u{1b}[36m", "").replace("\u{1b}[0m", ""))
                                .collect();
                            let all = plain.join("\n");
                            assert!(plain.iter().all(|line| line.width() <= columns), "{columns}\n{all}");
                            for count in &told.counts {
                                let is_whole = |line: &String| {
                                    line.split(", ").flat_map(|part| part.split("  ")).any(|part| part == count)
                                };
                                assert!(plain.iter().any(is_whole), "{count:?} at {columns}\n{all}");
                            }
                            assert!(
                                note.is_none() || all.contains("waiting") || all.contains('人'),
                                "{columns}\n{all}"
                            );
                            let short: String = name.trim().chars().take(3).collect();
                            assert!(all.starts_with(&short), "{columns}\n{all}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_name_is_shortened_before_anything_else_is_left_out() {
        let long = "Lotus Flowers of Chiang Mai";
        assert_eq!(
            drawn(long, 80),
            [
                "Lotus Flowers of Chiang Mai ━━           97 of 500 sends (19%), 20/s, 20s left",
                "96 accepted, 1 unknown, 0 refused, 12 later, 64 in flight"
            ]
        );
        assert_eq!(drawn(long, 70)[0], "Lotus Flowers of C… ━━           97 of 500 sends (19%), 20/s, 20s left");
        assert_eq!(drawn(long, 59)[0], "Lotus Flowers of Chi… 97 of 500 sends (19%), 20/s, 20s left");
        assert_eq!(drawn(long, 40), ["Lotus Flowers of … 97 of 500 sends (19%)", "96 accepted, 1 unknown, 0 refused"]);
        assert_eq!(drawn("shop", 120).len(), 1);
        assert_eq!(drawn("shop", 24), ["shop 97 of 500 (19%)", "96 accepted, 1 unknown", "0 refused, 12 later"]);
    }

    #[test]
    fn a_note_says_what_is_waited_for_in_two_lines_at_most() {
        let told = told(96, 1, 0, Some("waiting until Nov 28 14:30: the ad account's budget of the day is used up"));
        let shown = |columns| lines(&at("shop", 97, Some(500)), &told, Look { columns, ..PLAIN });
        assert_eq!(shown(80)[2..], ["waiting until Nov 28 14:30: the ad account's budget of the day is used up"]);
        assert_eq!(shown(40)[2..], ["waiting until Nov 28 14:30: the ad", "account's budget of the day is used up"]);
        assert_eq!(shown(24)[3..], ["waiting until Nov 28", "14:30: the ad account's…"]);
        assert_eq!(
            told.text(),
            "96 accepted, 1 unknown, 0 refused, 12 later, 64 in flight; waiting until Nov 28 14:30: the ad account's budget of the day is used up"
        );
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let drawn = |done, total| bar(done, total, PLAIN).text;
        for (done, total, want) in [(0, 9, ""), (1, 24, "╸"), (1, 2, "━━━━━━"), (9, 9, "━━━━━━━━━━━━"), (9, 0, "")]
        {
            assert_eq!(drawn(done, total).trim_end(), want, "{done} of {total}");
            assert_eq!(drawn(done, total).width(), 12);
        }
        assert_eq!(drawn(u64::MAX, u64::MAX), drawn(1, 1));
        assert_eq!(bar(1, 24, Look { ascii: true, ..PLAIN }).text.trim_end(), ">");
    }
}
