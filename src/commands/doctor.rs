//! `mmsg doctor`: whether everything that a send needs is in order, check by check.

mod business;
mod finding;
mod hooks;
mod ledger;
mod local;
mod regions;
mod token;
mod way;

use crate::commands::context::{Context, Invocation};
use crate::commands::several;
use crate::config::Settings;
use crate::error::{Error, Exit, Result};
use crate::text::count;
use crate::ui::shape::Shape;
use finding::{Check, Finding, Findings, Verdict};

/// Check everything that a send needs: profile, network, token, ad account, Page, webhooks, ledger.
///
/// Each check is ok, a warning, failed, or skipped because it needs one that failed; it says why, and what to type next. Nothing is changed
/// or sent, and nothing printed is secret or about a person. Exits with the code of the worst failure: 3 settings, 4 token or permissions, 5
/// what Meta refuses, 7 network, 10 ledger; 0 if there are only warnings. Small ledgers are read row by row, as mmsg ledger check does.
/// Works for several profiles with --profile or --all-profiles.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    shape: Shape,
}

pub async fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    if frame.global.is_several() {
        let gathered = several::gather_all(frame, async |context| {
            let findings = examine(context).await;
            let exit = findings.worst();
            Ok((findings, exit))
        })
        .await?;
        let failed = gathered.of.iter().map(|(_, findings)| findings.count(Verdict::Failed)).sum();
        let all = gathered.of.iter().map(|(_, findings)| findings.rows.len()).sum();
        let exit = gathered.exit();
        let mut rows = gathered.map(|findings| findings.rows);
        several::print(frame.ui, &args.shape, &mut rows)?;
        return conclude(exit, failed, all, &[]);
    }
    let settings = Settings::load(&frame.global.overrides(frame.global.one_profile()?), frame.environment);
    if let Ok(settings) = &settings {
        frame.log_by_settings(settings, None)?;
    }
    let findings = examine(settings.map(|settings| Context::new(settings, frame.ui.clone(), frame.clock))).await;
    frame.ui.list_as(&findings.rows, &args.shape)?;
    let failed: Vec<&str> = findings.failed().map(Check::name).collect();
    conclude(findings.worst(), failed.len(), findings.rows.len(), &failed)
}

/// All checks of these settings; shows those that are not ok.
///
/// # Errors
/// With the exit code of the worst failure.
pub async fn check(frame: &Invocation<'_>, settings: Result<Settings>) -> Result<Exit> {
    let ui = frame.ui;
    let findings = examine(settings.map(|settings| Context::new(settings, ui.clone(), frame.clock))).await;
    for Finding { check, verdict, reason, next, .. } in &findings.rows {
        match verdict {
            Verdict::Ok | Verdict::Skipped => continue,
            Verdict::Warning => ui.warn(&format!("{}: {reason}", check.shown())),
            Verdict::Failed => ui.warn(&format!("{} failed: {reason}", check.shown())),
        }
        next.iter().for_each(|next| ui.hint(next));
    }
    let all = findings.rows.len();
    ui.status(&format!("{} of {} are ok", findings.count(Verdict::Ok), count(all as u64, "check", "checks")));
    let failed: Vec<&str> = findings.failed().map(Check::name).collect();
    conclude(findings.worst(), failed.len(), all, &failed)
}

fn conclude(exit: Exit, failed: usize, all: usize, named: &[&str]) -> Result<Exit> {
    if failed == 0 {
        return Ok(Exit::Done);
    }
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    let all = count(all as u64, "check", "checks");
    Err(Error::new(exit, format!("{failed} of {all} failed{named}")).hint("each failed check says what to do next"))
}

/// All checks, in order.
async fn examine(context: Result<Context>) -> Findings {
    let mut findings = Findings::default();
    match context {
        Ok(context) => {
            local::profile(&context, &mut findings);
            local::files(&context, &mut findings);
            way::check(&context, &mut findings).await;
            ledger::check(&context, &mut findings);
        }
        Err(error) => findings.add(Finding::error(Check::Profile, &error)),
    }
    findings.skip_the_rest();
    findings
}
