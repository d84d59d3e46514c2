//! The result of each row, as lines on stdout and in the results file, and progress on stderr.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;

use super::board::{Board, Counts};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::output::{
    Kind, Opened, Outputs, RESULTS_HEADER, RESULTS_OF_SEVERAL_HEADER, RESULTS_OF_SPLIT_HEADER,
};
use crate::error::Result;
use crate::json;
use crate::ledger::Ledger;
use crate::ledger::plan::Planned;
use crate::ledger::split::Split;
use crate::ledger::writer::Settled;
use crate::send::job::{Sink, SinkFailure, Stats};
use crate::send::outcome::WaitCause;
use crate::ui::lines::{Lines, Target, Unwritten};
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
    /// Only where several were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    /// Only of a broadcast with several messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<&'a str>,
}

const FLAG: &str = "--results";

/// One place that lines go to.
struct Out {
    lines: Lines,
    csv: bool,
    /// Whether there is a column for the arm.
    arms: bool,
    buffer: Vec<u8>,
    rows: usize,
}

impl Out {
    fn open(target: Target, header: Option<&str>, csv: bool, arms: bool) -> Result<Self> {
        let buffer = header.map(|header| format!("{header}\n").into_bytes()).unwrap_or_default();
        Ok(Self { lines: Lines::open(target)?, csv, arms, buffer, rows: 0 })
    }

    fn add(&mut self, row: &Settled, profile: Option<&str>, arm: Option<&str>) {
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
            profile,
            arm,
        };
        if self.csv {
            let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
            let (code, subcode) = (number(line.code), number(line.subcode));
            let (not_before, at) = (line.not_before.map(|at| at.to_string()).unwrap_or_default(), line.at.to_string());
            let mut cells = vec![
                line.token,
                line.state,
                line.reason.unwrap_or_default(),
                line.tracking_id.unwrap_or_default(),
                &code,
                &subcode,
                line.fbtrace_id.unwrap_or_default(),
                &not_before,
                &at,
            ];
            cells.extend(line.profile);
            if self.arms {
                cells.push(arm.unwrap_or_default());
            }
            table::write_csv_cells(&mut self.buffer, &cells);
        } else {
            json::push_visible(&mut self.buffer, &line);
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

/// Everything that lines go to; the runs of several businesses share it.
pub struct Outs {
    outs: Vec<Out>,
    failed: Option<SinkFailure>,
    failures: Vec<Unwritten>,
}

impl Outs {
    /// stdout takes lines with `-o ndjson` and `csv`; the file, if any, always does.
    pub fn open(ui: &Ui, outputs: &Outputs, path: Option<&Path>, of: Businesses) -> Result<Rc<RefCell<Self>>> {
        let mut outs = Vec::new();
        match ui.format() {
            Format::Ndjson => outs.push(Out::open(Target::Stdout, None, false, true)?),
            Format::Csv => outs.push(Out::open(Target::Stdout, Some(of.header()), true, of.has_arms())?),
            Format::Table | Format::Json => {}
        }
        if let Some(path) = path {
            let kind = of.kind(path);
            let Opened { file, is_empty } = outputs.append(FLAG, path, kind)?;
            let csv = kind != Kind::ResultsNdjson;
            let header = Some(of.header()).filter(|_| csv && is_empty);
            outs.push(Out::open(Target::File(path.to_owned(), file), header, csv, of.has_arms())?);
        }
        Ok(Rc::new(RefCell::new(Self { outs, failed: None, failures: Vec::new() })))
    }

    /// Writes what is left. Returns earlier failures, too.
    pub fn finish(&mut self) -> Vec<Unwritten> {
        let ends = std::mem::take(&mut self.outs).into_iter().filter_map(|mut out| {
            out.hand_over();
            out.lines.finish().err()
        });
        std::mem::take(&mut self.failures).into_iter().chain(ends).collect()
    }

    fn hand_over(&mut self) {
        self.outs.iter_mut().for_each(Out::hand_over);
    }
}

/// Whose results stand in one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Businesses {
    One,
    /// With broadcasts that have several messages.
    OneWithArms,
    Several,
}

impl Businesses {
    const fn header(self) -> &'static str {
        match self {
            Self::One => RESULTS_HEADER,
            Self::OneWithArms => RESULTS_OF_SPLIT_HEADER,
            Self::Several => RESULTS_OF_SEVERAL_HEADER,
        }
    }

    fn has_arms(self) -> bool {
        self == Self::OneWithArms
    }

    /// By the file's name.
    fn kind(self, path: &Path) -> Kind {
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        match (is_csv, self) {
            (false, _) => Kind::ResultsNdjson,
            (true, Self::One) => Kind::ResultsCsv,
            (true, Self::OneWithArms) => Kind::ResultsOfSplitCsv,
            (true, Self::Several) => Kind::ResultsOfSeveralCsv,
        }
    }

    /// Announces the results file before the command does anything.
    pub fn expect(self, outputs: &mut Outputs, path: Option<&Path>) -> Result<()> {
        match path {
            Some(path) => outputs.expect(FLAG, path, self.kind(path)),
            None => Ok(()),
        }
    }
}

/// Where one run's rows are written, and the progress that is shown.
pub struct Results {
    ui: Ui,
    outs: Rc<RefCell<Outs>>,
    /// Whose rows they are, where several were asked for.
    profile: Option<String>,
    board: Option<Rc<RefCell<Board>>>,
    /// What the board has of this run.
    counted: Counts,
    /// Its requests so far.
    requests: u64,
    /// How many they were when it began to wait.
    waits_since: Option<u64>,
    /// Whether this run knows that rows can't be written.
    is_told: bool,
    /// Of the broadcast at work, where it has several messages.
    split: Option<Split>,
}

impl Results {
    pub fn open(context: &Context, outputs: &Outputs, path: Option<&Path>, of: Businesses) -> Result<Self> {
        let outs = Outs::open(&context.ui, outputs, path, of)?;
        Ok(Self {
            ui: context.ui.clone(),
            outs,
            profile: None,
            board: None,
            counted: Counts::default(),
            requests: 0,
            waits_since: None,
            is_told: false,
            split: None,
        })
    }

    /// Of the plan of one of several businesses: nothing is under way yet.
    pub fn of_plan(ui: &Ui, outs: &Rc<RefCell<Outs>>, profile: &str) -> Self {
        Self {
            ui: ui.clone(),
            outs: Rc::clone(outs),
            profile: Some(profile.to_owned()),
            board: None,
            counted: Counts::default(),
            requests: 0,
            waits_since: None,
            is_told: false,
            split: None,
        }
    }

    /// Of one of several businesses.
    pub fn of_one(ui: &Ui, outs: &Rc<RefCell<Outs>>, profile: &str, board: &Rc<RefCell<Board>>) -> Self {
        Self { board: Some(Rc::clone(board)), ..Self::of_plan(ui, outs, profile) }
    }

    /// The arms of the broadcast whose rows come next.
    pub fn name_arms(&mut self, split: Option<&Split>) {
        self.split = split.cloned();
    }

    /// Lines of the rows that planning skipped or postponed.
    pub fn planned(&mut self, ledger: &Ledger, planned: &Planned, at: UnixMillis) -> Result<()> {
        if self.outs.borrow().outs.is_empty() || planned.skipped + planned.later == 0 {
            return Ok(());
        }
        ledger.planned_rows(planned.listing, at, &mut |row| {
            self.settled(row);
            if self.outs.borrow().outs.iter().any(|out| out.rows > 1000) {
                self.outs.borrow_mut().hand_over();
            }
        })?;
        self.outs.borrow_mut().hand_over();
        Ok(())
    }

    pub fn begin(&mut self, ui: &Ui, total: u64) {
        self.go_on();
        (self.counted, self.requests) = (Counts::default(), 0);
        if self.profile.is_none() {
            // One bar goes before the next comes.
            self.board = None;
            self.board = Some(Board::show(ui, Some(total)));
        }
    }

    pub fn end(&mut self) {
        self.go_on();
        if self.profile.is_none() {
            self.board = None;
        }
        self.outs.borrow_mut().hand_over();
    }

    pub fn wait_for_rows(&mut self, until: UnixMillis) {
        self.ui.status(&format!("waiting: the remaining rows may go out from {until}"));
        self.wait(until, "the remaining rows may not go out before".to_owned());
    }

    fn wait(&mut self, until: UnixMillis, why: String) {
        self.waits_since = Some(self.requests);
        if let Some(board) = &self.board {
            board.borrow_mut().wait(self.profile.as_deref(), until, why);
        }
    }

    fn go_on(&mut self) {
        if let (Some(_), Some(board)) = (self.waits_since.take(), &self.board) {
            board.borrow_mut().go_on(self.profile.as_deref());
        }
    }

    /// Writes what is left. Returns earlier failures, too.
    pub fn finish(self) -> Vec<Unwritten> {
        self.outs.borrow_mut().finish()
    }
}

impl Sink for Results {
    fn settled(&mut self, row: Settled) {
        let arm = self.split.as_ref().and_then(|split| split.arm(row.arm)).map(|arm| arm.name.as_str());
        for out in &mut self.outs.borrow_mut().outs {
            out.add(&row, self.profile.as_deref(), arm);
        }
    }

    fn backlog(&self) -> usize {
        self.outs.borrow().outs.iter().map(|out| out.lines.waiting()).max().unwrap_or(0)
    }

    fn failure(&mut self) -> Option<SinkFailure> {
        let mut outs = self.outs.borrow_mut();
        if let Some(failure) = outs.outs.iter().find_map(|out| out.lines.failure()) {
            outs.failed = Some(match failure {
                Unwritten::ReaderGone => SinkFailure::ReaderGone,
                Unwritten::Failed(_) => SinkFailure::Unwritable,
            });
            outs.failures.push(failure);
            self.is_told = false;
        }
        let failed = outs.failed.filter(|_| !self.is_told);
        self.is_told |= failed.is_some();
        failed
    }

    fn progress(&mut self, stats: &Stats) {
        self.outs.borrow_mut().hand_over();
        self.requests = stats.requests;
        // What was on the wire when the wait began is not a new request.
        if self.waits_since.is_some_and(|before| before < stats.requests) {
            self.go_on();
        }
        if let Some(board) = &self.board {
            board.borrow_mut().count(&mut self.counted, stats);
        }
    }

    fn waiting(&mut self, until: UnixMillis, cause: &WaitCause) {
        let why = failure::send::cause(cause);
        self.ui.status(&format!("waiting until {until}: {why}"));
        self.wait(until, why);
    }
}
