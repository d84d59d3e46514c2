//! The report as one HTML page that loads nothing from the network: no script, charts as SVG, with the figures in tables as well.

use askama::Template;

use super::Report;
use super::charts::{self, Bin, FunnelBar, Lag, SERIES, STEP, STRIP, Strip, Tick};
use super::figures::percent;
use super::meta::Compared;
use crate::error::{Error, Result};
use crate::ledger::events::Stage;
use crate::text::thousands;

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'r> {
    report: &'r Report,
    title: String,
    covers: Vec<String>,
    tiles: Vec<Tile>,
    steps: Vec<FunnelBar>,
    stages: Vec<StageRow>,
    lags: Vec<Lag>,
    ticks: Vec<Tick>,
    reasons: Vec<Reason<'r>>,
    bins: Vec<Bin>,
    strips: Vec<Strip>,
    compared: Vec<Compared>,
}

/// A key figure.
struct Tile {
    name: &'static str,
    figure: String,
    detail: String,
}

struct StageRow {
    name: &'static str,
    count: String,
    of_accepted: String,
    inferred: String,
    ambiguous: String,
}

struct Reason<'r> {
    text: &'r str,
    count: String,
    share: String,
    width: String,
}

/// The page.
///
/// # Errors
/// Exit 1 if rendering fails.
pub fn render(report: &Report) -> Result<String> {
    let (lags, ticks) = charts::lags(report);
    let bins = charts::bins(&report.hours, report.made_at, charts::MOST_BARS);
    let compared = report.meta.as_ref().map(|meta| meta.compared(&report.funnel)).unwrap_or_default();
    Page {
        report,
        title: report.title(),
        covers: report.covers(),
        tiles: tiles(report),
        steps: charts::steps(report),
        stages: stages(report),
        lags,
        ticks,
        reasons: reasons(report),
        strips: charts::strips(&bins),
        bins,
        compared,
    }
    .render()
    .map_err(|error| Error::internal("can't render the report page").because(&error))
}

impl Page<'_> {
    fn funnel_height(&self) -> usize {
        self.steps.len() * STEP
    }

    fn lag_height(&self) -> usize {
        self.lags.len() * charts::LAG
    }

    fn first_hour(&self) -> String {
        self.bins.first().map(|bin| charts::time(bin.from)).unwrap_or_default()
    }

    fn last_hour(&self) -> String {
        self.bins.last().map(|bin| charts::time(bin.from)).unwrap_or_default()
    }

    fn bar_means(&self) -> String {
        self.bins.first().map(Bin::length).unwrap_or_default()
    }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let (funnel, rates) = (&report.funnel, &report.rates);
    let mut tiles = vec![
        Tile { name: "accepted", figure: thousands(funnel.accepted), detail: "accepted by Meta".to_owned() },
        Tile {
            name: "delivered",
            figure: percent(rates.delivered_of_accepted),
            detail: format!("{} · share of accepted", thousands(funnel.delivered)),
        },
        Tile {
            name: "read",
            figure: percent(rates.read_of_delivered),
            detail: format!("{} · share of delivered", thousands(funnel.read)),
        },
        Tile {
            name: "clicked",
            figure: percent(rates.clicked_of_delivered),
            detail: format!("{} · share of delivered", thousands(funnel.clicked)),
        },
        Tile {
            name: "failed",
            figure: percent(rates.failed_of_accepted),
            detail: format!("{} · share of accepted", thousands(funnel.failed)),
        },
    ];
    if let Some(meta) = report.meta.as_ref().filter(|meta| meta.spend.is_some()) {
        let click = meta.cost_per_in_ledger.unwrap_or(meta.cost_per).clicked;
        tiles.push(Tile {
            name: "spent",
            figure: meta.money(meta.spend),
            detail: if click.is_some() {
                format!("{} per click", meta.price(click))
            } else {
                "as reported by Meta".to_owned()
            },
        });
    }
    tiles
}

fn stages(report: &Report) -> Vec<StageRow> {
    let funnel = &report.funnel;
    let row = |stage: Stage| {
        let how = report.attribution.get(stage);
        let n = funnel.reached(stage);
        StageRow {
            name: stage.name(),
            count: thousands(n),
            of_accepted: percent(super::ratio(n, funnel.accepted)),
            inferred: percent(how.inferred_share),
            ambiguous: percent(how.ambiguous_share),
        }
    };
    Stage::ALL.into_iter().map(row).collect()
}

fn reasons(report: &Report) -> Vec<Reason<'_>> {
    let most = report.failures.first().map_or(0, |failure| failure.messages);
    report
        .failures
        .iter()
        .map(|failure| Reason {
            text: &failure.reason,
            count: thousands(failure.messages),
            share: percent(super::ratio(failure.messages, report.funnel.failed)),
            width: charts::across(failure.messages, most),
        })
        .collect()
}

/// Filters of the template.
mod filters {
    #[askama::filter_fn]
    pub fn grouped(n: &u64, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(crate::text::thousands(*n))
    }
}
