//! The result of each row, as lines on stdout and in the results file, and progress on stderr.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::output::{Kind, Opened, Outputs, RESULTS_HEADER};
use crate::error::Result;
use crate::json;
use crate::ledger::Ledger;
use crate::ledger::plan::Planned;
use crate::ledger::writer::Settled;
use crate::send::job::{Sink, SinkFailure, Stats};
use crate::send::outcome::WaitCause;
use crate::text;
use crate::ui::lines::{Lines, Target, Unwritten};
use crate::ui::progress::Progress;
use crate::ui::{Format, Ui, table};

/// One row's line. The keys never change.
#[derive(Serialize)]
struct Line<'a> {
    token: &'a str,
    state: &'a str,
    reason: Option<&'a str>,
    tracking_id: Option<&'a str>,
    code: Option<i64>,
    subcode: Option<i64>,
    fbtrace_id: Option<&'a str>,
    not_before: Option<UnixMillis>,
    at: UnixMillis,
}

/// How often the counts next to the progress bar change.
const BETWEEN_COUNTS: Duration = Duration::from_millis(200);

const FLAG: &str = "--results";

/// One place that lines go to.
struct Out {
    lines: Lines,
    csv: bool,
    buffer: Vec<u8>,
    rows: usize,
}

impl Out {
    fn open(target: Target, csv: bool, header: bool) -> Result<Self> {
        let buffer = if csv && header { format!("{RESULTS_HEADER}\n").into_bytes() } else { Vec::new() };
        Ok(Self { lines: Lines::open(target)?, csv, buffer, rows: 0 })
    }

    fn add(&mut self, row: &Settled) {
        let line = Line {
            token: &row.token,
            state: row.state.name(),
            reason: row.reason.as_deref(),
            tracking_id: row.tracking_id.as_deref(),
            code: row.code,
            subcode: row.subcode,
            fbtrace_id: row.fbtrace_id.as_deref(),
            not_before: row.not_before,
            at: row.at,
        };
        if self.csv {
            let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
            let cells = [
                line.token,
                line.state,
                line.reason.unwrap_or_default(),
                line.tracking_id.unwrap_or_default(),
                &number(line.code),
                &number(line.subcode),
                line.fbtrace_id.unwrap_or_default(),
                &line.not_before.map(|at| at.to_string()).unwrap_or_default(),
                &line.at.to_string(),
            ];
            table::write_csv_cells(&mut self.buffer, &cells);
        } else if let Ok(line) = serde_json::to_string(&line) {
            self.buffer.extend_from_slice(json::visible(line).as_bytes());
            self.buffer.push(b'\n');
        }
        self.rows += 1;
    }

    fn hand_over(&mut self) {
        if !self.buffer.is_empty() {
            let room = self.buffer.len();
            let bytes = std::mem::replace(&mut self.buffer, Vec::with_capacity(room));
            self.lines.push(bytes, std::mem::take(&mut self.rows));
        }
    }
}

/// Where rows are written, and the progress that is shown.
pub struct Results {
    ui: Ui,
    outs: Vec<Out>,
    failures: Vec<Unwritten>,
    progress: Option<Progress>,
    said: Instant,
}

/// By the file's name.
fn kind(path: &Path) -> Kind {
    let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    if is_csv { Kind::ResultsCsv } else { Kind::ResultsNdjson }
}

impl Results {
    /// Announces the results file before the command does anything.
    pub fn expect(outputs: &mut Outputs, path: Option<&Path>) -> Result<()> {
        match path {
            Some(path) => outputs.expect(FLAG, path, kind(path)),
            None => Ok(()),
        }
    }

    /// stdout takes lines with `-o ndjson` and `csv`; the file, if any, always does.
    pub fn open(context: &Context, outputs: &Outputs, path: Option<&Path>) -> Result<Self> {
        let mut outs = Vec::new();
        match context.ui.format() {
            Format::Ndjson => outs.push(Out::open(Target::Stdout, false, false)?),
            Format::Csv => outs.push(Out::open(Target::Stdout, true, true)?),
            Format::Table | Format::Json => {}
        }
        if let Some(path) = path {
            let kind = kind(path);
            let Opened { file, is_empty } = outputs.append(FLAG, path, kind)?;
            outs.push(Out::open(Target::File(path.to_owned(), file), kind == Kind::ResultsCsv, is_empty)?);
        }
        Ok(Self { ui: context.ui.clone(), outs, failures: Vec::new(), progress: None, said: Instant::now() })
    }

    /// Lines of the rows that planning skipped or postponed.
    pub fn planned(&mut self, ledger: &Ledger, planned: &Planned, at: UnixMillis) -> Result<()> {
        if self.outs.is_empty() || planned.skipped + planned.later == 0 {
            return Ok(());
        }
        ledger.planned_rows(planned.listing, at, &mut |row| {
            self.settled(row);
            if self.outs.iter().any(|out| out.rows > 1000) {
                self.hand_over();
            }
        })?;
        self.hand_over();
        Ok(())
    }

    pub fn begin(&mut self, ui: &Ui, total: u64) {
        self.progress = Some(ui.progress(Some(total), "sends"));
    }

    pub fn end(&mut self) {
        self.progress = None;
        self.hand_over();
    }

    pub fn wait_for_rows(&self, until: UnixMillis) {
        self.ui.status(&format!("waiting: the remaining rows may go out from {until}"));
    }

    /// Writes what is left. Returns earlier failures, too.
    pub fn finish(self) -> Vec<Unwritten> {
        let ends = self.outs.into_iter().filter_map(|mut out| {
            out.hand_over();
            out.lines.finish().err()
        });
        self.failures.into_iter().chain(ends).collect()
    }

    fn hand_over(&mut self) {
        self.outs.iter_mut().for_each(Out::hand_over);
    }
}

impl Sink for Results {
    fn settled(&mut self, row: Settled) {
        for out in &mut self.outs {
            out.add(&row);
        }
    }

    fn backlog(&self) -> usize {
        self.outs.iter().map(|out| out.lines.waiting()).max().unwrap_or(0)
    }

    fn failure(&mut self) -> Option<SinkFailure> {
        let failure = self.outs.iter().find_map(|out| out.lines.failure())?;
        let kind = match failure {
            Unwritten::ReaderGone => SinkFailure::ReaderGone,
            Unwritten::Failed(_) => SinkFailure::Unwritable,
        };
        self.failures.push(failure);
        Some(kind)
    }

    fn progress(&mut self, stats: &Stats) {
        self.hand_over();
        if let Some(progress) = &self.progress {
            progress.set(stats.done());
            if self.said.elapsed() > BETWEEN_COUNTS {
                self.said = Instant::now();
                progress.message(&counts(stats));
            }
        }
    }

    fn waiting(&mut self, until: UnixMillis, cause: &WaitCause) {
        self.ui.status(&format!("waiting until {until}: {}", failure::send::cause(cause)));
    }
}

/// `9,310 accepted, 12 refused, 3 unknown, 64 in flight`.
fn counts(stats: &Stats) -> String {
    let mut parts = vec![format!("{} accepted", text::thousands(stats.accepted))];
    for (n, what) in [
        (stats.refused_in_all(), "refused"),
        (stats.later, "later"),
        (stats.skipped, "skipped"),
        (stats.unknown, "unknown"),
        (stats.not_sent, "not sent"),
        (stats.in_flight as u64, "in flight"),
    ] {
        if n > 0 {
            parts.push(format!("{} {what}", text::thousands(n)));
        }
    }
    parts.join(", ")
}
