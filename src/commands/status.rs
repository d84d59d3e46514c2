//! `mmsg status`: all businesses on one screen.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::commands::context::{Context, Invocation};
use crate::commands::report::watch;
use crate::commands::several::{self, Business, Failed, Gathered};
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::ledger::overview::{Overview, Overviews};
use crate::text::{self, thousands};
use crate::times::day::Day;
use crate::times::hours::Zone;
use crate::ui::shape::Shape;
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

const BETWEEN: Duration = Duration::from_secs(2);

/// Show all businesses on one screen, from their ledgers alone: what waits, what is unknown, what happened today.
///
/// Covers every profile, or those of --profile. Today begins at midnight in the profile's time_zone, or in UTC; whole hours are counted.
/// Spend today is what Meta last said of the ad account, in the currency's smallest unit; it is asked when a spend limit is set. Webhook
/// is the last hour, of 30 days, in which an event of a message was received. Nothing is asked of Meta.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Redraw every two seconds until Ctrl-C (terminal only).
    #[arg(long, conflicts_with_all = ["columns", "sort", "limit"])]
    watch: bool,
    #[command(flatten)]
    shape: Shape,
}

/// One business. The keys never change.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    profile: Option<String>,
    page: Option<String>,
    page_name: Option<String>,
    ad_account: Option<String>,
    /// With rows that are pending or claimed.
    active_campaigns: u64,
    pending: u64,
    next_due_at: Option<UnixMillis>,
    unknown: u64,
    accepted_today: u64,
    refused_today: u64,
    spend_today: Option<u64>,
    /// The hour.
    webhook_at: Option<UnixMillis>,
    ledger: Option<String>,
    #[serde(skip)]
    now: UnixMillis,
}

impl Record for Row {
    const PLURAL: &'static str = "profiles";
    const COLUMNS: &'static [&'static str] = &[
        "profile",
        "Page",
        "campaigns",
        "pending",
        "next due",
        "unknown",
        "accepted today",
        "refused today",
        "spend today",
        "webhook",
    ];
    const KEYS: &'static [&'static str] = &[
        "profile",
        "page",
        "page_name",
        "ad_account",
        "active_campaigns",
        "pending",
        "next_due_at",
        "unknown",
        "accepted_today",
        "refused_today",
        "spend_today",
        "webhook_at",
        "ledger",
    ];
    const EXPENDABLE: &'static [&'static str] =
        &["Page", "accepted today", "spend today", "webhook", "campaigns", "refused today", "next due"];

    fn cells(&self) -> Vec<String> {
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            dash(self.profile.clone()),
            dash(self.page.as_ref().map(|page| text::with_name(page, self.page_name.as_deref()))),
            thousands(self.active_campaigns),
            thousands(self.pending),
            dash(self.next_due_at.map(|at| due(at, self.now))),
            thousands(self.unknown),
            thousands(self.accepted_today),
            thousands(self.refused_today),
            dash(self.spend_today.map(thousands)),
            dash(self.webhook_at.map(|at| ago(at, self.now))),
        ]
    }
}

fn due(at: UnixMillis, now: UnixMillis) -> String {
    if at <= now { "now".to_owned() } else { format!("in {}", text::span(at.since(now))) }
}

/// Of an hour: how long ago it ended.
fn ago(hour: UnixMillis, now: UnixMillis) -> String {
    let hours = now.hour() - hour.hour();
    match hours {
        ..1 => "this hour".to_owned(),
        1..48 => format!("{hours}h ago"),
        _ => format!("{}d ago", hours / 24),
    }
}

pub async fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let businesses = businesses(frame)?;
    if !args.watch {
        let (rows, gathered) = look(frame, &businesses, Some(frame.ui));
        print(frame.ui, rows, &args.shape)?;
        return gathered.conclude();
    }
    watch::check(frame.ui)?;
    let signals = Signals::listen(frame.ui)?;
    let screen = frame.ui.screen()?;
    while !signals.is_stopping() {
        let (rows, gathered) = look(frame, &businesses, None);
        let mut sheet = frame.ui.sheet();
        sheet.line(&format!("{} (Ctrl-C stops this view)", frame.clock.now()));
        sheet.table(&with_sum(frame.ui, rows));
        if let Err(error) = gathered.conclude() {
            sheet.line(&error.to_string());
        }
        screen.show(&sheet)?;
        tokio::select! {
            () = tokio::time::sleep(BETWEEN) => {}
            () = signals.stopped() => {}
        }
    }
    Ok(Exit::Done)
}

/// All profiles, unless some are named; without any, what the environment sets.
fn businesses(frame: &Invocation<'_>) -> Result<Vec<Business>> {
    let ui_of = |name: &str| frame.ui.named(name);
    if !frame.global.profile.is_empty() || frame.global.all_profiles {
        return several::load(frame, ui_of);
    }
    match several::load_all(frame, ui_of)? {
        found if found.is_empty() => {
            let context = Context::new(frame.settings()?, frame.ui.clone(), frame.clock);
            Ok(vec![Business { name: String::new(), context: Ok(context) }])
        }
        found => Ok(found),
    }
}

/// Looks once into each ledger, whoever uses it.
fn look(frame: &Invocation<'_>, businesses: &[Business], tell: Option<&Ui>) -> (Vec<Row>, Gathered<()>) {
    let mut ledgers: BTreeMap<Address, Result<Option<Looked>, Failed>> = BTreeMap::new();
    let now = frame.clock.now();
    let mut gathered = Gathered::none();
    let mut rows = Vec::new();
    for business in businesses {
        let row = match &business.context {
            Ok(context) => row(context, businesses, &mut ledgers, now),
            Err(error) => Err(Error::from(Failed::from(error))),
        };
        let row = row.map(|row| {
            let name = Some(business.name.clone()).filter(|name| !name.is_empty());
            rows.push(Row { profile: name, ..row });
            ((), Exit::Done)
        });
        gathered.take(tell, business.name.clone(), row);
    }
    (rows, gathered)
}

fn row(
    context: &Context,
    businesses: &[Business],
    ledgers: &mut BTreeMap<Address, Result<Option<Looked>, Failed>>,
    now: UnixMillis,
) -> Result<Row> {
    let page = context.page()?;
    let real = context.settings.ledger.value.real();
    let looked = ledgers
        .entry(real)
        .or_insert_with(|| read(context, businesses).map_err(|error| Failed::from(&error)))
        .as_ref()
        .map_err(|failed| Error::from(failed.clone()))?;
    let overview = looked.as_ref().and_then(|looked| looked.all.pages.get(page.as_str())).cloned();
    let Overview { campaigns, pending, next_due, unknown, accepted_today, refused_today, heard_at } =
        overview.unwrap_or_default();
    let ad_account = context.settings.ad_account.as_ref().map(|account| account.value.as_str().to_owned());
    let spend = |all: &Overviews| ad_account.as_ref().and_then(|account| all.spent_today.get(account)).copied();
    Ok(Row {
        page: Some(page.as_str().to_owned()),
        page_name: looked.as_ref().and_then(|looked| looked.names.get(page.as_str()).cloned()),
        active_campaigns: campaigns,
        pending,
        next_due_at: next_due,
        unknown,
        accepted_today,
        refused_today,
        spend_today: looked.as_ref().and_then(|looked| spend(&looked.all)),
        now: looked.as_ref().map_or(now, |looked| looked.at),
        webhook_at: heard_at,
        ledger: Some(context.settings.ledger.value.to_string()),
        ad_account,
        ..Row::default()
    })
}

/// A look into a ledger, and when that was by its clock.
struct Looked {
    all: Overviews,
    /// What Meta calls the Pages.
    names: BTreeMap<String, String>,
    at: UnixMillis,
}

/// `None`: nothing was ever sent by it.
fn read(context: &Context, businesses: &[Business]) -> Result<Option<Looked>> {
    let Some(ledger) = context.ledger_to_look_if_any()? else { return Ok(None) };
    let at = context.now_of(&ledger)?;
    let days = days(businesses, at);
    let today = |page: &str| days.get(page).copied().unwrap_or_else(|| Day::at(at, Zone::named("")).begins);
    Ok(Some(Looked { all: ledger.overview(at, &today)?, names: ledger.page_names()?, at }))
}

/// When the day of each Page began.
fn days(businesses: &[Business], now: UnixMillis) -> BTreeMap<String, UnixMillis> {
    let of = |business: &Business| {
        let context = business.context.as_ref().ok()?;
        let zone = context.settings.time_zone.as_ref()?.value;
        Some((context.page().ok()?.as_str().to_owned(), Day::at(now, zone).begins))
    };
    businesses.iter().filter_map(of).collect()
}

/// With the sum of all, unless only some of it is wanted.
fn print(ui: &Ui, rows: Vec<Row>, shape: &Shape) -> Result<()> {
    if shape.is_all() { ui.list(&with_sum(ui, rows)) } else { ui.list_as(&rows, shape) }
}

/// For people also what all come to.
fn with_sum(ui: &Ui, mut rows: Vec<Row>) -> Vec<Row> {
    if ui.format() == Format::Table && rows.len() > 1 {
        let sum = |of: fn(&Row) -> u64| rows.iter().map(of).sum();
        rows.push(Row {
            profile: Some(format!("all {}", rows.len())),
            active_campaigns: sum(|row| row.active_campaigns),
            pending: sum(|row| row.pending),
            next_due_at: rows.iter().filter_map(|row| row.next_due_at).min(),
            unknown: sum(|row| row.unknown),
            accepted_today: sum(|row| row.accepted_today),
            refused_today: sum(|row| row.refused_today),
            webhook_at: rows.iter().filter_map(|row| row.webhook_at).max(),
            now: rows.first().map(|row| row.now).unwrap_or_default(),
            ..Row::default()
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = UnixMillis::of_hour(100);
        assert_eq!(due(now, now), "now");
        assert_eq!(due(now.plus(Duration::from_secs(7500)), now), "in 2h 5m");
        for (hour, said) in [(100, "this hour"), (99, "1h ago"), (53, "47h ago"), (52, "2d ago"), (28, "3d ago")] {
            assert_eq!(ago(UnixMillis::of_hour(hour), now), said);
        }
    }
}
