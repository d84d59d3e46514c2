//! `mmsg report --watch`: drawn anew for as long as a run is at work.

use std::time::Duration;

use super::asked::Asked;
use super::view;
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ui::{Format, Ui};

const BETWEEN: Duration = Duration::from_secs(1);

/// There must be somebody who watches.
///
/// # Errors
/// Exit 2 when stdout is no terminal, or a machine's format is asked for.
pub fn check(ui: &Ui) -> Result<()> {
    if ui.stdout_is_terminal() && ui.format() == Format::Table {
        return Ok(());
    }
    Err(Error::usage("--watch draws on a terminal only").hint("leave --watch out: the report as it stands is printed"))
}

/// Watches until no run is at work on what is asked for, or somebody stops it.
pub async fn watch(context: &Context, signals: &Signals, ledger: &Ledger, asked: &Asked) -> Result<()> {
    let mut screen = None;
    loop {
        let (report, counted) = asked.report(context, ledger)?;
        if !ledger.is_running(&counted.broadcasts.iter().map(|broadcast| broadcast.id).collect::<Vec<_>>())? {
            break;
        }
        let screen = match &screen {
            Some(screen) => screen,
            None => screen.insert(context.ui.screen()?),
        };
        let mut sheet = context.ui.sheet();
        sheet.line(&format!("{}, a run is at work (Ctrl-C ends this, not the run)", report.made_at));
        view::draw(&mut sheet, &report);
        screen.show(&sheet)?;
        tokio::select! {
            () = tokio::time::sleep(BETWEEN) => {}
            () = signals.stopped() => return Ok(()),
        }
    }
    if screen.is_none() {
        context.ui.status("no run is at work: this is how it stands");
    }
    Ok(())
}
