//! `mmsg demo`: a complete example against the sandbox, each command as an operator would type it.
//!
//! The commands are real: a shell runs each line as it is shown, and this program is its `mmsg`. The sandbox runs in this process,
//! so that its record can be compared with the ledger at the end.

mod script;
mod stage;
mod truth;

use crate::commands::context::Invocation;
use crate::commands::sandbox;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use script::Part;
use stage::DemoStage;
use truth::DemoCheck;

/// Run a complete example against the sandbox.
///
/// Creates a campaign, builds a message and imports a list. Sends it, with lost replies and people who can't be reached, and sends
/// it again. Settles unknown sends, prints a report, and compares the sandbox's record with the ledger: exit code 0 means that
/// they agree. Everything happens on this machine, in a temporary folder.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Keep the folder with the list, the message and the ledger.
    #[arg(long)]
    keep: bool,
}

pub async fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let signals = Signals::listen(frame.ui)?;
    let ui = frame.ui;
    let receiver = stage::free_address()?;
    let sandbox = sandbox::start(script::options(&receiver)?).await?;
    let stage = DemoStage::set(ui, frame.environment, &sandbox, args.keep)?;
    script::write_list(&stage.path("tokens.csv"), &sandbox.subscribers())?;

    ui.remark(&format!(
        "A sandbox in this process stands in for Meta at {}, as if started by the line below. It loses some replies, and \
         some people can't be reached. The files are in {}.",
        sandbox.url(),
        stage.folder().display()
    ))?;
    ui.typed(&script::SANDBOX.replace("{receiver}", &receiver))?;
    ui.remark(
        "A receiver gets the webhook events about each message: some twice, some out of order, some without all IDs.",
    )?;
    let hearing = stage.play_beside(&script::RECEIVER.replace("{receiver}", &receiver), &receiver).await?;
    for part in script::parts() {
        match part {
            Part::Remark(text) => ui.remark(text)?,
            Part::Step(step) => stage.play(&signals, &step).await?,
            Part::Events => {
                sandbox.turn(|dials| dials.hold_webhooks = false);
                tokio::select! {
                    () = sandbox.webhooks_delivered() => {}
                    () = signals.stopped() => return Err(stage::interrupted(signals.exit())),
                }
            }
        }
    }

    ui.typed(script::STOP_RECEIVER)?;
    hearing.stop(&signals).await?;

    ui.remark("What the sandbox recorded, compared with the ledger.")?;
    let checks = truth::checks(&sandbox.accepted(), &Ledger::open(stage.ledger())?.0)?;
    let agree = checks.iter().all(DemoCheck::agrees);
    ui.list(&checks)?;
    sandbox.stop().await;
    if let Some(folder) = stage.strike() {
        ui.status(&format!("kept {}", folder.display()));
    }
    if !agree {
        return Err(Error::internal("the sandbox and the ledger disagree")
            .hint("this is a bug in mmsg: please report the table above; --keep keeps the ledger"));
    }
    ui.status("sandbox and ledger agree; no duplicates");
    Ok(Exit::Done)
}
