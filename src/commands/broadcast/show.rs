//! `mmsg broadcast show`: one broadcast with all that became of it.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::row::BroadcastRow;
use crate::cli::values;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::commands::scope::ScopeArgs;
use crate::commands::send::{CanaryTotals, canary_of, hours_shown, skip_explained};
use crate::error::{Exit, Result};
use crate::graph::codes;
use crate::ledger::broadcasts::{Broadcast, no_such_broadcast};
use crate::ledger::detail::{Detail, ListDetail, Reason, RunDetail};
use crate::ledger::split::Arm;
use crate::ledger::state::State;
use crate::message::{Message, draw, view::View};
use crate::statistics::{WHOLE, show_percent};
use crate::text;
use crate::ui::Format;
use crate::ui::sheet::Sheet;
use crate::ui::table::Record;

/// Show one broadcast: its message, lists, runs, and why recipients were refused or skipped.
///
/// Recipients are not listed: why shows one recipient, unknown list the unknown sends, and report what became of the messages after
/// Meta accepted them.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Number of the broadcast, as broadcast list shows it.
    #[arg(value_name = "BROADCAST", value_parser = values::broadcast)]
    id: i64,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let ledger = context.ledger_to_look()?;
    let now = context.now_of(&ledger)?;
    let detail = ledger.detail(args.id, now)?.ok_or_else(|| no_such_broadcast(args.id))?;
    args.scope.refuse_other(context, &format!("broadcast {}", args.id), &detail.broadcast.page, "it is not shown")?;
    let shown = Shown::of(&detail, canary_of(&ledger, args.id, now)?, &PageNames::of(context, &ledger)?)?;
    match context.ui.format() {
        Format::Table => {
            let mut sheet = context.ui.sheet();
            shown.draw(&mut sheet, context.ui.width());
            context.ui.print_sheet(&sheet)?;
        }
        Format::Json | Format::Ndjson | Format::Csv => context.ui.object(&shown)?,
    }
    if shown.row.summary.pending > 0 {
        let go_on = context.resume_command(Some(&detail.broadcast.campaign));
        let stopped = shown.row.canary.as_ref().is_some_and(|canary| canary.state == "stopped");
        context.ui.hint(&match stopped {
            true => format!("{go_on} judges the canary again; with --canary none it sends to everybody"),
            false => format!("{go_on} sends to those who are pending"),
        });
    }
    Ok(Exit::Done)
}

/// The keys never change.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: BroadcastRow,
    page_name: Option<String>,
    #[serde(skip)]
    page: String,
    ad_account: String,
    /// When it was closed, if nothing was planned for it since.
    closed_at: Option<UnixMillis>,
    /// Nothing goes out earlier.
    at: Option<UnixMillis>,
    /// Nor to anybody before this time of their day.
    at_local: Option<String>,
    /// Nor in these hours of theirs.
    quiet_hours: Option<String>,
    /// Of whoever has no known one.
    time_zone: Option<String>,
    /// In seconds.
    min_gap: Option<u32>,
    /// Nothing goes out later.
    until: Option<UnixMillis>,
    #[serde(skip)]
    hours: String,
    messages: Vec<ShownMessage>,
    lists: Vec<ListRow>,
    runs: Vec<RunRow>,
    reasons: Vec<ReasonRow>,
}

/// One message, before Meta and the list fill in values; of a broadcast with one message the only one.
#[derive(Serialize)]
struct ShownMessage {
    arm: Option<String>,
    /// Of the people, between 0 and 1.
    share: f64,
    /// None: nothing is sent to these people.
    message: Option<Value>,
    #[serde(skip)]
    title: String,
}

impl ShownMessage {
    fn all(broadcast: &Broadcast) -> Result<Vec<Self>> {
        let Some(split) = &broadcast.split else {
            let message = Some(read(&broadcast.message)?);
            return Ok(vec![Self { arm: None, share: 1.0, message, title: "Message".to_owned() }]);
        };
        split.arms().iter().map(Self::of_arm).collect()
    }

    fn of_arm(arm: &Arm) -> Result<Self> {
        let message = arm.message.as_deref().map(read).transpose()?;
        let what = if message.is_some() { "Message of arm" } else { "Arm" };
        Ok(Self {
            arm: Some(arm.name.clone()),
            share: f64::from(arm.share) / f64::from(WHOLE),
            message,
            title: format!("{what} {} ({}% of the recipients)", arm.name, show_percent(arm.share)),
        })
    }

    fn draw(&self, sheet: &mut Sheet, columns: usize) {
        sheet.heading(&self.title);
        let Some(message) = &self.message else {
            sheet.line("nothing is sent");
            return;
        };
        sheet.drawing(&draw::draw(message, columns));
        for button in View::of(message).targets() {
            sheet.line(&format!("{}: {}", button.title, button.target));
        }
    }
}

fn read(message: &str) -> Result<Value> {
    Ok(Message::parse(message.as_bytes())?.value().clone())
}

impl Shown {
    fn of(detail: &Detail, canary: Option<CanaryTotals>, names: &PageNames) -> Result<Self> {
        let hours = &detail.broadcast.hours;
        let is_local = hours.quiet.is_some() || hours.local.is_some();
        Ok(Self {
            row: BroadcastRow { summary: detail.summary.clone(), canary },
            page_name: names.name(&detail.broadcast.page).map(str::to_owned),
            page: names.shown(&detail.broadcast.page),
            ad_account: detail.broadcast.ad_account.clone(),
            closed_at: detail.closed_at,
            at: Some(hours.not_before).filter(|at| *at > UnixMillis(0)),
            at_local: hours.local.map(|local| local.minute.to_string()),
            quiet_hours: hours.quiet.map(|quiet| quiet.to_string()),
            time_zone: is_local.then(|| hours.fallback.name().to_owned()),
            min_gap: detail.broadcast.min_gap,
            until: detail.broadcast.until,
            hours: hours_shown(hours).unwrap_or_default(),
            messages: ShownMessage::all(&detail.broadcast)?,
            lists: detail.lists.iter().map(ListRow::of).collect(),
            runs: detail.runs.iter().map(RunRow::of).collect(),
            reasons: detail.reasons.iter().map(|reason| ReasonRow::of(reason, detail.broadcast.id)).collect(),
        })
    }

    fn draw(&self, sheet: &mut Sheet, columns: usize) {
        let summary = &self.row.summary;
        sheet.heading(&format!("Broadcast {}", text::with_name(&summary.id.to_string(), summary.label.as_deref())));
        let time = |at: Option<UnixMillis>| at.map(|at| at.to_string()).unwrap_or_default();
        let repeat = if summary.repeat > 0 { format!(", repeat {}", summary.repeat) } else { String::new() };
        sheet.fields(&[
            ("campaign", text::with_name(&summary.campaign, summary.campaign_name.as_deref())),
            ("Page", self.page.clone()),
            ("ad account", self.ad_account.clone()),
            ("message", format!("{}{repeat}", summary.message)),
            ("created", summary.created_at.to_string()),
            ("closed", time(self.closed_at)),
            ("hours", self.hours.clone()),
            ("least gap", self.min_gap.map(|gap| text::span(Duration::from_secs(gap.into()))).unwrap_or_default()),
            ("until", time(self.until)),
            ("canary", self.row.canary.as_ref().map(CanaryTotals::text).unwrap_or_default()),
            ("next run at", if summary.is_due { "now".to_owned() } else { time(summary.next_run_at) }),
        ]);
        self.messages.iter().for_each(|message| message.draw(sheet, columns));
        sheet.heading("Recipients");
        sheet.table(&self.states());
        if !self.reasons.is_empty() {
            sheet.heading("Why they were refused or skipped, or are unknown");
            sheet.table(&self.reasons);
        }
        sheet.heading("Lists");
        sheet.table(&self.lists);
        if !self.runs.is_empty() {
            sheet.heading("Runs");
            sheet.table(&self.runs);
        }
    }

    /// How many recipients are in each state; those that nobody is in are left out.
    fn states(&self) -> Vec<StateRow> {
        let summary = &self.row.summary;
        let all = [
            (State::Accepted, summary.accepted),
            (State::Refused, summary.refused),
            (State::Skipped, summary.skipped),
            (State::Unknown, summary.unknown),
            (State::Claimed, summary.claimed),
            (State::Pending, summary.pending),
        ];
        let row = |(state, n)| StateRow { state, recipients: u64::try_from(n).unwrap_or(0) };
        all.into_iter().map(row).filter(|row| row.recipients > 0 || row.state == State::Accepted).collect()
    }
}

impl Record for Shown {
    const PLURAL: &'static str = "broadcasts";
    const COLUMNS: &'static [&'static str] = &["id", "campaign"];

    fn cells(&self) -> Vec<String> {
        vec![self.row.summary.id.to_string(), self.row.summary.campaign.clone()]
    }
}

#[derive(Serialize)]
struct StateRow {
    state: State,
    recipients: u64,
}

impl Record for StateRow {
    const PLURAL: &'static str = "states";
    const COLUMNS: &'static [&'static str] = &["state", "recipients"];

    fn cells(&self) -> Vec<String> {
        vec![self.state.to_string(), text::thousands(self.recipients)]
    }
}

/// A list that was given to it.
#[derive(Serialize)]
struct ListRow {
    source: String,
    /// Its good rows.
    rows: u64,
    /// Different people of it; somebody may be in several lists.
    recipients: u64,
    accepted: u64,
    refused: u64,
    skipped: u64,
    unknown: u64,
    claimed: u64,
    pending: u64,
    /// The people of the canary, who stand in another list, too.
    canary: bool,
    given_at: UnixMillis,
    /// None: planning was cut off, and nothing of it goes out.
    planned_at: Option<UnixMillis>,
}

impl ListRow {
    fn of(list: &ListDetail) -> Self {
        Self {
            source: list.source.clone(),
            rows: list.rows,
            recipients: list.recipients(),
            accepted: list.of(State::Accepted),
            refused: list.of(State::Refused),
            skipped: list.of(State::Skipped),
            unknown: list.of(State::Unknown),
            claimed: list.of(State::Claimed),
            pending: list.of(State::Pending),
            canary: list.is_canary,
            given_at: list.created_at,
            planned_at: list.planned_at,
        }
    }
}

impl Record for ListRow {
    const PLURAL: &'static str = "lists";
    const COLUMNS: &'static [&'static str] =
        &["list", "rows", "recipients", "accepted", "refused", "skipped", "unknown", "pending", "planned"];
    const EXPENDABLE: &'static [&'static str] = &["planned", "recipients", "unknown", "skipped", "refused"];

    fn cells(&self) -> Vec<String> {
        let source = if self.source == "-" { "stdin" } else { &self.source };
        let counts =
            [self.recipients, self.accepted, self.refused, self.skipped, self.unknown, self.pending + self.claimed];
        let planned = self.planned_at.map_or_else(|| "cut off: not sent".to_owned(), |at| at.to_string());
        [vec![source.to_owned(), text::thousands(self.rows)], counts.map(text::thousands).to_vec(), vec![planned]]
            .concat()
    }
}

/// A process that worked on it, and what became of the rows of which it made the last request.
#[derive(Serialize)]
struct RunRow {
    begun_at: UnixMillis,
    /// None: it is at work.
    ended_at: Option<UnixMillis>,
    end: Option<String>,
    accepted: u64,
    refused: u64,
    unknown: u64,
    claimed: u64,
    /// None: it took less than a second.
    sends_per_second: Option<f64>,
    host: String,
}

impl RunRow {
    fn of(run: &RunDetail) -> Self {
        Self {
            begun_at: run.started_at,
            ended_at: run.ended_at,
            end: run.why.clone(),
            accepted: run.accepted,
            refused: run.refused,
            unknown: run.unknown,
            claimed: run.claimed,
            sends_per_second: run.sends_per_second().map(|rate| (rate * 10.0).round() / 10.0),
            host: run.host.clone(),
        }
    }
}

impl Record for RunRow {
    const PLURAL: &'static str = "runs";
    const COLUMNS: &'static [&'static str] =
        &["begun", "ended", "how", "accepted", "refused", "unknown", "sends/s", "host"];
    const EXPENDABLE: &'static [&'static str] = &["host", "unknown", "refused", "ended"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.begun_at.to_string(),
            self.ended_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            self.end.as_deref().map_or("at work", ended).to_owned(),
            text::thousands(self.accepted),
            text::thousands(self.refused),
            text::thousands(self.unknown),
            self.sends_per_second.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")),
            self.host.clone(),
        ]
    }
}

/// How a run ended, in words: see `send::job::Ending::name`.
fn ended(why: &str) -> &str {
    match why {
        "exhausted" => "nothing more was due",
        "max_sends" => "--max-sends reached",
        "stopped" => "stopped by an error from Meta",
        "not_yet" => "had to wait",
        "burst" => "stopped by a burst",
        "canary" => "stopped by the canary",
        "failed" => "ledger or output failed",
        other => other,
    }
}

/// Why recipients are in a state, and what to do about it.
#[derive(Serialize)]
struct ReasonRow {
    state: State,
    recipients: u64,
    code: Option<i64>,
    subcode: Option<i64>,
    /// The name of a skip, or the words of what is unknown.
    reason: Option<String>,
    meaning: String,
    next: Option<String>,
}

impl ReasonRow {
    fn of(reason: &Reason, broadcast: i64) -> Self {
        let (meaning, next) = match reason.state {
            State::Refused => refused(reason),
            State::Skipped => skipped(reason),
            _ => (
                reason.reason.clone().unwrap_or_else(|| "no clear reply".to_owned()),
                Some(format!("mmsg unknown settle looks for evidence; then mmsg unknown list --broadcast {broadcast}")),
            ),
        };
        let Reason { state, code, subcode, reason, recipients } = reason.clone();
        Self { state, recipients, code, subcode, reason, meaning, next }
    }
}

fn refused(reason: &Reason) -> (String, Option<String>) {
    let row = reason.code.and_then(|code| codes::lookup(code, reason.subcode));
    match (row, reason.code) {
        (Some(row), _) => (row.meaning.to_owned(), Some(row.hint.to_owned())),
        (None, Some(code)) => (
            "not in mmsg's table of codes".to_owned(),
            Some(format!("search Meta's documentation for {code}; once the cause is fixed, --retry-refused {code}")),
        ),
        (None, None) => ("refused without a code".to_owned(), None),
    }
}

fn skipped(reason: &Reason) -> (String, Option<String>) {
    let name = reason.reason.as_deref().unwrap_or("skipped");
    match skip_explained(name) {
        Some((because, next)) => (because.to_owned(), next.map(str::to_owned)),
        None => (name.to_owned(), None),
    }
}

impl Record for ReasonRow {
    const PLURAL: &'static str = "reasons";
    const COLUMNS: &'static [&'static str] = &["recipients", "state", "reason", "meaning", "what to do next"];
    const EXPENDABLE: &'static [&'static str] = &["reason"];

    fn cells(&self) -> Vec<String> {
        let code = self.code.map(|code| code.to_string());
        // The words of what is unknown are its meaning.
        let name = self.reason.clone().filter(|_| self.state == State::Skipped);
        vec![
            text::thousands(self.recipients),
            self.state.to_string(),
            code.or(name).unwrap_or_else(|| "-".to_owned()),
            self.meaning.clone(),
            self.next.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    }
}
