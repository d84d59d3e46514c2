//! `mmsg report`: what became of the messages.

mod asked;
mod businesses;
mod told;
mod view;
pub mod watch;

use std::path::PathBuf;

use crate::campaign::CampaignId;
use crate::cli::values;
use crate::cli::when::{self, When};
use crate::clock::UnixMillis;
use crate::commands::browser;
use crate::commands::context::{Context, Invocation};
use crate::commands::output::{Kind, Outputs};
use crate::commands::scope::ScopeArgs;
use crate::commands::several;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::no_such_broadcast;
use crate::ledger::funnel::{Counted, Coverage, Hours};
use crate::report::{Funnel, Meta, Report, page};
use crate::text;
use crate::ui::{Format, Ui};
use asked::Asked;

const HTML: &str = "--html";
const NO_REPORT: &str = "no report was made";

/// Show what happened to the messages: accepted, delivered, read, clicked, failed; why, how fast, and at what cost.
///
/// Figures come from the ledger, with Meta's beside them. Without --campaign, --broadcast or --label, the report covers the profile's
/// Page, or with --all-pages the whole ledger. Hours are those of UTC.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only this campaign.
    #[arg(long, value_name = "ID", value_parser = CampaignId::parse)]
    campaign: Option<CampaignId>,
    /// Only this broadcast, as broadcast list shows it.
    #[arg(long, value_name = "N")]
    broadcast: Option<i64>,
    /// Only broadcasts of this label, as send --label gave it.
    #[arg(long, value_name = "TEXT", value_parser = values::label)]
    label: Option<String>,
    /// Only messages sent at or after TIME, and what happened to them until now: 1d (a day ago), yesterday, a date
    /// such as 2026-11-01, or a time. Whole hours
    /// are counted.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<When>,
    /// Only messages sent before TIME, or up to the end of a date.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<When>,
    /// Also write the report as an HTML page (readable only by you).
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace FILE even if it exists and was not made by mmsg.
    #[arg(long, requires = "html")]
    force: bool,
    /// Open the page in the browser.
    #[arg(long, requires = "html")]
    open: bool,
    /// Redraw every second while a run is active; if nothing was sent yet, wait for the first run (terminal only).
    #[arg(long)]
    watch: bool,
    /// Do not ask Meta; use only the ledger.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let hours = range(&args, frame.ui, frame.clock.now())?;
    args.scope.refuse_all()?;
    for (flag, is_given) in [
        ("--campaign", args.campaign.is_some()),
        ("--broadcast", args.broadcast.is_some()),
        (HTML, args.html.is_some()),
        ("--watch", args.watch),
    ] {
        if is_given {
            return Err(Error::usage(format!("{flag} can't be used with several profiles"))
                .hint("use one profile, or leave it out; -o json has the whole report of each"));
        }
    }
    let gathered = several::gather(frame, async |context| {
        let ledger = context.ledger_to_look()?;
        let asked = Asked { hours, coverage: coverage(context, &args)? };
        Ok((made(context, &args, &asked, &ledger).await?, Exit::Done))
    })
    .await?;
    businesses::print(frame.ui, &gathered.of)?;
    let unknown: u64 = gathered.of.iter().map(|(_, report)| report.funnel.unknown).sum();
    if unknown > 0 {
        let sends = text::count(unknown, "send is", "sends are");
        frame.ui.hint(&format!("{sends} unknown; see mmsg unknown list --all-profiles"));
    }
    let stops = frame.ui.stops();
    if stops.is_stopping() { Ok(stops.exit()) } else { gathered.conclude() }
}

/// The hours to report on.
///
/// # Errors
/// Exit 2 if the range ends before it begins.
fn range(args: &Args, ui: &Ui, now: UnixMillis) -> Result<Hours> {
    let since = args.since.as_ref().map(|when| when.begins(now, ui.zone()));
    let until = args.until.as_ref().map(|when| when.ends(now, ui.zone()));
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(Error::usage(format!("--since {since} is not before the end, {until}"))
            .hint("--until is the end of the range: use a later one, or leave it out"));
    }
    Ok(Hours::between(since, until))
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let hours = range(&args, &context.ui, context.clock.now())?;
    if args.watch {
        watch::check(&context.ui)?;
    }
    let mut outputs = Outputs::of(context, args.force, NO_REPORT);
    if let Some(file) = &args.html {
        outputs.expect(HTML, file, Kind::Page)?;
    }
    let mut ledger = context.ledger_to_look()?;
    let asked = Asked { hours, coverage: coverage(context, &args)? };
    refuse_nothing(context, &ledger, &asked.coverage, &args)?;
    if args.watch {
        watch::watch(context, &ledger, &asked).await?;
        // The run may have died meanwhile.
        context.bury_before_look(&mut ledger)?;
    }
    let report = made(context, &args, &asked, &ledger).await?;
    if let Some(file) = &args.html {
        let page = page::render(&report)?;
        outputs.write(HTML, file, Kind::Page, context.settings.redactor().clean(&page).as_bytes())?;
    }
    print(context, &report)?;
    if let Some(file) = &args.html {
        context.ui.status(&format!("the report is in {}", file.display()));
        if args.open {
            browser::open(context, file)?;
        }
    }
    let stops = context.ui.stops();
    Ok(if stops.is_stopping() { stops.exit() } else { Exit::Done })
}

/// From the ledger and, unless it must not be asked, from Meta.
async fn made(context: &Context, args: &Args, asked: &Asked, ledger: &Ledger) -> Result<Report> {
    let (mut report, counted) = asked.report(context, ledger)?;
    if !args.offline {
        let signals = Signals::listen(&context.ui)?;
        // Ctrl-C does not wait for Meta, but the ledger's part is printed.
        tokio::select! {
            biased;
            () = signals.stopped() => {}
            told = meta(context, asked, &report.funnel, &counted) => report.meta = told,
        }
    }
    Ok(report)
}

fn coverage(context: &Context, args: &Args) -> Result<Coverage> {
    let label = args.label.clone();
    if args.campaign.is_some() || args.broadcast.is_some() {
        let campaign = args.campaign.as_ref().map(|id| id.as_str().to_owned());
        return Ok(Coverage { campaign, broadcast: args.broadcast, label, ..Coverage::default() });
    }
    if args.scope.is_all() {
        return Ok(Coverage { label, ..Coverage::default() });
    }
    let ad_account = match context.settings.ad_account {
        Some(_) => Some(context.ad_account()?.as_str().to_owned()),
        None => None,
    };
    Ok(Coverage { page: Some(context.page()?.as_str().to_owned()), ad_account, label, ..Coverage::default() })
}

/// A report of zeros would hide a wrong ID; who watches may wait for the first send.
fn refuse_nothing(context: &Context, ledger: &Ledger, coverage: &Coverage, args: &Args) -> Result<()> {
    let scope = args.scope;
    let found = match coverage.broadcast {
        Some(id) => Some(ledger.broadcast(id)?.ok_or_else(|| no_such_broadcast(id))?),
        None => None,
    };
    if let Some(found) = &found {
        scope.refuse_other(context, &format!("broadcast {}", found.id), &found.page, NO_REPORT)?;
    }
    let Some(campaign) = &coverage.campaign else { return refuse_no_label(context, ledger, coverage, args) };
    let hint = "mmsg broadcast list shows what was sent";
    match found {
        Some(found) if found.campaign != *campaign => {
            Err(Error::usage(format!("broadcast {} belongs to campaign {}, not {campaign}", found.id, found.campaign))
                .hint(hint))
        }
        Some(_) => refuse_no_label(context, ledger, coverage, args),
        None => match ledger.broadcasts(Some(campaign), context.now_of(ledger)?)?.first() {
            Some(first) => {
                scope.refuse_other(context, &format!("campaign {campaign}"), &first.page, NO_REPORT)?;
                refuse_no_label(context, ledger, coverage, args)
            }
            None if args.watch => Ok(()),
            None => {
                Err(Error::usage(format!("there is no broadcast of campaign {campaign} in this ledger")).hint(hint))
            }
        },
    }
}

/// A label that no broadcast has which is covered otherwise.
fn refuse_no_label(context: &Context, ledger: &Ledger, coverage: &Coverage, args: &Args) -> Result<()> {
    let Some(label) = coverage.label.as_ref().filter(|_| !args.watch) else { return Ok(()) };
    let mut others = ledger.broadcasts(coverage.campaign.as_deref(), context.now_of(ledger)?)?;
    others.retain(|one| {
        coverage.page.as_ref().is_none_or(|page| one.page == *page)
            && coverage.broadcast.is_none_or(|broadcast| one.id == broadcast)
    });
    let labels: Vec<&str> = others.iter().filter_map(|one| one.label.as_deref()).collect();
    if labels.contains(&label.as_str()) {
        return Ok(());
    }
    let meant = text::nearest(label, &labels).map(|near| format!("did you mean {near:?}? ")).unwrap_or_default();
    Err(Error::usage(format!("there is no broadcast labeled {label:?} here; {NO_REPORT}"))
        .hint(format!("{meant}mmsg broadcast list shows the labels")))
}

/// Meta's figures; the ledger's are printed without them, too.
async fn meta(context: &Context, asked: &Asked, funnel: &Funnel, counted: &Counted) -> Option<Meta> {
    match told::ask(context, asked, &counted.broadcasts).await {
        Ok(told) => told.map(|told| Meta::of(told, funnel)),
        Err(error) => {
            context.ui.warn(&format!("Meta's figures are missing (the ledger's are complete): {error}"));
            context.ui.hint(error.hint_text().unwrap_or("--offline does not ask Meta"));
            None
        }
    }
}

fn print(context: &Context, report: &Report) -> Result<()> {
    let ui = &context.ui;
    match ui.format() {
        Format::Table => {
            let mut sheet = ui.sheet();
            view::draw(&mut sheet, report);
            ui.print_sheet(&sheet)?;
        }
        Format::Csv => ui.list(&report.hours)?,
        Format::Json | Format::Ndjson => ui.object(report)?,
    }
    if ui.format() == Format::Csv && !report.policy.is_empty() {
        let notices = text::count(report.policy.len() as u64, "policy notice", "policy notices");
        ui.hint(&format!("{notices} from Meta about the Page: -o table and -o json show them"));
    }
    if report.funnel.unknown > 0 {
        let doubts = text::count(report.funnel.unknown, "send is", "sends are");
        ui.hint(&format!("{doubts} unknown; see mmsg unknown list"));
    }
    Ok(())
}
