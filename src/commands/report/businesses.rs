//! Reports of several businesses: a line for each.

use serde::Serialize;

use crate::commands::several::Of;
use crate::error::Result;
use crate::report::{Funnel, HourRow, Report};
use crate::text::{self, thousands};
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

pub fn print(ui: &Ui, reports: &[(String, Report)]) -> Result<()> {
    match ui.format() {
        Format::Table => {
            let mut rows: Vec<Row> = reports.iter().map(|(profile, report)| Row::of(profile, report)).collect();
            if rows.len() > 1 {
                rows.push(Row::sum(&rows));
            }
            ui.list(&rows)
        }
        Format::Json | Format::Ndjson => {
            let whole = |(profile, report): &(String, Report)| Of { profile: profile.clone(), row: report.clone() };
            ui.list(&reports.iter().map(whole).collect::<Vec<_>>())
        }
        Format::Csv => {
            let hours = |(profile, report): &(String, Report)| {
                let of = |row: &HourRow| Of { profile: profile.clone(), row: *row };
                report.hours.iter().map(of).collect::<Vec<_>>()
            };
            ui.list(&reports.iter().flat_map(hours).collect::<Vec<_>>())
        }
    }
}

/// One business in the table.
#[derive(Serialize)]
struct Row {
    profile: String,
    page: Option<String>,
    page_name: Option<String>,
    #[serde(flatten)]
    funnel: Funnel,
    /// By Meta, with its currency and the decimals of that.
    spend: Option<(f64, String, usize)>,
}

impl Row {
    fn of(profile: &str, report: &Report) -> Self {
        let spend = report.meta.as_ref().and_then(|meta| Some((meta.spend?, meta.currency.clone()?, meta.decimals)));
        Self {
            profile: profile.to_owned(),
            page: report.page.clone(),
            page_name: report.page_name.clone(),
            funnel: report.funnel,
            spend,
        }
    }

    /// Amounts in several currencies can't be added up.
    fn sum(rows: &[Self]) -> Self {
        let mut funnel = Funnel::default();
        let mut spend: Option<(f64, String, usize)> = None;
        let mut is_mixed = false;
        for row in rows {
            let one = &row.funnel;
            funnel.accepted += one.accepted;
            funnel.echoed += one.echoed;
            funnel.delivered += one.delivered;
            funnel.read += one.read;
            funnel.clicked += one.clicked;
            funnel.failed += one.failed;
            funnel.unknown += one.unknown;
            funnel.refused += one.refused;
            match (&mut spend, &row.spend) {
                (Some((sum, currency, _)), Some((more, other, _))) if currency == other => *sum += more,
                (None, Some(first)) => spend = Some(first.clone()),
                (Some(_), Some(_)) => is_mixed = true,
                (_, None) => {}
            }
        }
        let spend = spend.filter(|_| !is_mixed);
        Self { profile: format!("all {}", rows.len()), page: None, page_name: None, funnel, spend }
    }
}

impl Record for Row {
    const PLURAL: &'static str = "profiles";
    const COLUMNS: &'static [&'static str] =
        &["profile", "Page", "accepted", "delivered", "read", "clicked", "failed", "refused", "unknown", "spend"];
    const EXPENDABLE: &'static [&'static str] = &["Page", "clicked", "refused", "failed", "read", "spend"];

    fn cells(&self) -> Vec<String> {
        let Funnel { accepted, delivered, read, clicked, failed, refused, unknown, .. } = self.funnel;
        let dash = || "-".to_owned();
        let spend = |(spend, currency, decimals): &(f64, String, usize)| format!("{spend:.decimals$} {currency}");
        let page = self.page.as_ref().map_or_else(dash, |page| text::with_name(page, self.page_name.as_deref()));
        let mut cells = vec![self.profile.clone(), page];
        cells.extend([accepted, delivered, read, clicked, failed, refused, unknown].map(thousands));
        cells.push(self.spend.as_ref().map_or_else(dash, spend));
        cells
    }
}
