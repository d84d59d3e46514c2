//! `mmsg report --watch`: redrawn from the first send on, while a run is active.

use std::time::Duration;

use super::asked::Asked;
use super::view;
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ui::{Format, Ui};

const BETWEEN: Duration = Duration::from_secs(1);

/// Only a terminal can be redrawn, and not one that is dumb.
///
/// # Errors
/// Exit 2 if stdout is not a terminal, or a machine-readable format was asked for.
pub fn check(ui: &Ui) -> Result<()> {
    if ui.can_redraw() && ui.format() == Format::Table {
        return Ok(());
    }
    Err(Error::usage("--watch needs a terminal").hint("leave out --watch to print it once"))
}

/// Watches until no run is active on what was asked for, or somebody stops it. Where nothing was sent yet, it waits for the first run.
pub async fn watch(context: &Context, ledger: &Ledger, asked: &Asked) -> Result<()> {
    let signals = Signals::listen(&context.ui)?;
    let (mut screen, mut was_running) = (None, false);
    loop {
        let (report, counted) = asked.report(context, ledger)?;
        let broadcasts: Vec<i64> = counted.broadcasts.iter().map(|broadcast| broadcast.id).collect();
        let is_running = ledger.is_running(&broadcasts)?;
        was_running |= is_running;
        if !is_running && (was_running || report.funnel.has_sends()) {
            break;
        }
        let what = if is_running {
            "a run is active (Ctrl-C stops this view, not the run)"
        } else {
            "nothing was sent yet; waiting for the first run (Ctrl-C stops this view)"
        };
        let screen = match &screen {
            Some(screen) => screen,
            None => screen.insert(context.ui.screen()?),
        };
        let mut sheet = context.ui.sheet();
        sheet.line(&format!("{}: {what}", report.made_at));
        view::draw(&mut sheet, &report);
        screen.show(&sheet)?;
        tokio::select! {
            () = tokio::time::sleep(BETWEEN) => {}
            () = signals.stopped() => return Ok(()),
        }
    }
    if screen.is_none() {
        context.ui.status("no run is active; showing the current report");
    }
    Ok(())
}
