//! The report on a terminal or in a pipe.

use serde::Serialize;

use crate::ledger::events::Stage;
use crate::report::charts::{Bin, bins};
use crate::report::figures::{Quantiles, percent, ratio, span};
use crate::report::splits::ArmRow;
use crate::report::{BroadcastRow, Compared, HourRow, PolicyNotice, ReasonCount, RefusalRow, Report};
use crate::text::{self, thousands};
use crate::ui::sheet::{Bar, Sheet};
use crate::ui::table::Record;

/// Lines of time that a person still reads; a machine gets every hour.
const LINES: i64 = 24;
/// Reasons likewise.
const REASONS: usize = 10;
/// And broadcasts, the newest.
const BROADCASTS: usize = 20;
/// And notices from Meta.
const NOTICES: usize = 10;

pub fn draw(sheet: &mut Sheet, report: &Report) {
    sheet.heading(&report.title());
    let covers = report.covers();
    if !covers.is_empty() {
        sheet.line(&covers.join(", "));
    }
    sheet.heading("Funnel");
    funnel(sheet, report);
    times(sheet, report);
    if !report.failures.is_empty() {
        sheet.heading("Why messages failed");
        let shown = report.failures.iter().take(REASONS);
        sheet.table(&shown.map(|failure| FailureRow::of(failure, report.funnel.failed)).collect::<Vec<_>>());
        if report.failures.len() > REASONS {
            sheet.line(&format!("{REASONS} of {} reasons; -o json has all", report.failures.len()));
        }
    }
    if !report.refusals.is_empty() {
        sheet.heading("Refused by Meta");
        sheet.table(&report.refusals);
    }
    if !report.policy.is_empty() {
        sheet.heading("What Meta did about the Page");
        let older = report.policy.len().saturating_sub(NOTICES);
        sheet.table(report.policy.get(older..).unwrap_or_default());
        if older > 0 {
            sheet.line(&format!("the newest {NOTICES} of {}; -o json has all", report.policy.len()));
        }
    }
    if let Some(meta) = &report.meta {
        sheet.heading("Meta's figures beside the ledger's");
        sheet.table(&meta.compared(&report.funnel));
        for said in [meta.days(), meta.note.clone()].into_iter().flatten() {
            sheet.line(&said);
        }
    }
    if report.broadcasts.len() > 1 {
        sheet.heading("By broadcast");
        let older = report.broadcasts.len().saturating_sub(BROADCASTS);
        sheet.table(report.broadcasts.get(older..).unwrap_or_default());
        if older > 0 {
            sheet.line(&format!("the newest {BROADCASTS} of {}; -o json has all", report.broadcasts.len()));
        }
    }
    for split in &report.splits {
        sheet.heading(&split.title());
        sheet.table(&split.arms);
        split.sentences().iter().for_each(|sentence| sheet.line(sentence));
    }
    hours(sheet, report);
    if let Some(foreign) = report.foreign_events.filter(|foreign| *foreign > 0) {
        sheet.heading(&format!("{} of no message in this ledger", text::count(foreign, "event was", "events were")));
    }
}

fn funnel(sheet: &mut Sheet, report: &Report) {
    let funnel = &report.funnel;
    let widest = Stage::ALL.iter().map(|stage| funnel.reached(*stage)).fold(funnel.accepted, u64::max);
    let mut rows = vec![bar("accepted", funnel.accepted, ratio(funnel.accepted, widest), [""; 4])];
    for stage in Stage::ALL {
        let n = funnel.reached(stage);
        let of_delivered = match stage {
            Stage::Read => percent(report.rates.read_of_delivered),
            Stage::Clicked => percent(report.rates.clicked_of_delivered),
            Stage::Echoed | Stage::Delivered | Stage::Failed => String::new(),
        };
        let how = report.attribution.get(stage);
        let share = percent(ratio(n, funnel.accepted));
        let (inferred, ambiguous) = (percent(how.inferred_share), percent(how.ambiguous_share));
        rows.push(bar(stage.name(), n, ratio(n, widest), [&share, &of_delivered, &inferred, &ambiguous]));
    }
    rows.push(bar("unknown", funnel.unknown, None, [""; 4]));
    rows.push(bar("refused", funnel.refused, None, [""; 4]));
    if let Some(unsent) = report.unsent {
        let others = [("pending", unsent.pending), ("claimed", unsent.claimed), ("skipped", unsent.skipped)];
        rows.extend(others.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| bar(name, n, None, [""; 4])));
    }
    sheet.bars(&["", "messages", "share", "of delivered", "inferred", "ambiguous"], &rows);
}

fn bar(name: &str, n: u64, share: Option<f64>, cells: [&str; 4]) -> Bar {
    let mut row = vec![name.to_owned(), thousands(n)];
    row.extend(cells.map(str::to_owned));
    Bar { cells: row, share }
}

fn times(sheet: &mut Sheet, report: &Report) {
    let times = &report.time_to;
    let named = [("delivered", times.delivered), ("read", times.read), ("clicked", times.clicked)];
    let rows: Vec<TimeRow> =
        named.into_iter().filter_map(|(stage, quantiles)| Some(TimeRow { stage, quantiles: quantiles? })).collect();
    if !rows.is_empty() {
        sheet.heading("Time from sending");
        sheet.table(&rows);
    }
}

fn hours(sheet: &mut Sheet, report: &Report) {
    let bins = bins(&report.hours, report.made_at, LINES);
    let Some(first) = bins.first() else { return };
    let told = bins.iter().any(|bin| bin.counts[1] > 0);
    let most = bins.iter().map(|bin| bin.counts[usize::from(told)]).max().unwrap_or(0);
    let of = if told { "delivered" } else { "accepted" };
    sheet.heading(&format!("Per {} (UTC); bars: {of}", first.length()));
    let last = bins.last().unwrap_or(first);
    // Where all is of one year, it need not be said.
    let year = |bin: &Bin| bin.from.timestamp().strftime("%Y").to_string();
    let form = if year(first) == year(last) { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M" };
    let line = |bin: &Bin| Bar {
        cells: [vec![bin.from.timestamp().strftime(form).to_string()], bin.counts.map(thousands).to_vec()].concat(),
        share: ratio(bin.counts[usize::from(told)], most),
    };
    sheet.bars(&["", "accepted", "delivered", "read", "clicked", "failed"], &bins.iter().map(line).collect::<Vec<_>>());
}

#[derive(Serialize)]
struct TimeRow {
    stage: &'static str,
    quantiles: Quantiles,
}

impl Record for TimeRow {
    const PLURAL: &'static str = "times";
    const COLUMNS: &'static [&'static str] = &["time to", "median", "p90", "p99"];

    fn cells(&self) -> Vec<String> {
        let Quantiles { p50, p90, p99 } = self.quantiles;
        vec![self.stage.to_owned(), span(p50), span(p90), span(p99)]
    }
}

#[derive(Serialize)]
struct FailureRow<'r> {
    messages: u64,
    share: String,
    reason: &'r str,
}

impl<'r> FailureRow<'r> {
    fn of(failure: &'r ReasonCount, failed: u64) -> Self {
        Self { messages: failure.messages, share: percent(ratio(failure.messages, failed)), reason: &failure.reason }
    }
}

impl Record for FailureRow<'_> {
    const PLURAL: &'static str = "failures";
    const COLUMNS: &'static [&'static str] = &["messages", "share", "reason"];

    fn cells(&self) -> Vec<String> {
        vec![thousands(self.messages), self.share.clone(), self.reason.to_owned()]
    }
}

impl Record for RefusalRow {
    const PLURAL: &'static str = "refusals";
    const COLUMNS: &'static [&'static str] = &["refused", "code", "meaning"];

    fn cells(&self) -> Vec<String> {
        let code = self.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        vec![thousands(self.sends), code, self.said().to_owned()]
    }
}

impl Record for PolicyNotice {
    const PLURAL: &'static str = "notices";
    const COLUMNS: &'static [&'static str] = &["Page", "at", "action", "until", "reason"];

    fn cells(&self) -> Vec<String> {
        let page = self.page.clone().unwrap_or_else(|| "-".to_owned());
        vec![page, self.at.to_string(), self.action().to_owned(), self.until(), self.reason().to_owned()]
    }
}

impl Record for Compared {
    const PLURAL: &'static str = "figures";
    const COLUMNS: &'static [&'static str] = &["", "ledger", "Meta", "difference"];

    fn cells(&self) -> Vec<String> {
        vec![self.what.clone(), self.ledger.clone(), self.meta.clone(), self.difference.clone()]
    }
}

impl Record for BroadcastRow {
    const PLURAL: &'static str = "broadcasts";
    const COLUMNS: &'static [&'static str] =
        &["id", "label", "campaign", "accepted", "delivered", "read", "clicked", "failed", "refused", "unknown"];
    const EXPENDABLE: &'static [&'static str] = &["unknown", "refused", "failed", "clicked", "label"];

    fn cells(&self) -> Vec<String> {
        let funnel = &self.funnel;
        let counts = [
            funnel.accepted,
            funnel.delivered,
            funnel.read,
            funnel.clicked,
            funnel.failed,
            funnel.refused,
            funnel.unknown,
        ];
        let label = self.label.clone().unwrap_or_else(|| "-".to_owned());
        [vec![self.broadcast.to_string(), label, self.campaign_shown()], counts.map(thousands).to_vec()].concat()
    }
}

impl Record for ArmRow {
    const PLURAL: &'static str = "arms";
    const COLUMNS: &'static [&'static str] =
        &["arm", "share", "accepted", "delivered (95%)", "read of delivered (95%)", "clicked of delivered (95%)"];

    fn cells(&self) -> Vec<String> {
        self.cells()
    }
}

impl Record for HourRow {
    const PLURAL: &'static str = "hours";
    const COLUMNS: &'static [&'static str] = &[
        "hour",
        "accepted",
        "refused",
        "unknown",
        "echoed",
        "delivered",
        "read",
        "clicked",
        "failed",
        "of_echoed",
        "of_delivered",
        "of_read",
        "of_clicked",
        "of_failed",
    ];

    fn cells(&self) -> Vec<String> {
        let counts = [
            self.accepted,
            self.refused,
            self.unknown,
            self.echoed,
            self.delivered,
            self.read,
            self.clicked,
            self.failed,
            self.of_echoed,
            self.of_delivered,
            self.of_read,
            self.of_clicked,
            self.of_failed,
        ];
        [vec![self.hour.to_string()], counts.map(thousands).to_vec()].concat()
    }
}

impl Record for Report {
    const PLURAL: &'static str = "reports";
    const COLUMNS: &'static [&'static str] = &["covers", "accepted"];

    fn cells(&self) -> Vec<String> {
        vec![self.title(), thousands(self.funnel.accepted)]
    }
}
