//! `mmsg demo`: the whole job on the sandbox, each command as an operator would type it.
//!
//! The commands are real ones: a shell runs each line as it is shown, and this very program is its `mmsg`. The sandbox runs
//! beside them in this process, so that its record can be held against the ledger at the end.

mod script;
mod stage;
mod truth;

use crate::commands::signals::Signals;
use crate::commands::{Frame, sandbox};
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use script::Part;
use stage::Stage;
use truth::Check;

/// Run the whole job on the sandbox, in one go.
///
/// A campaign, a message, a list, a send with lost replies and people who can't be reached, the same send again, doubt settled by
/// what webhooks told, a report, and at the end the sandbox's record held against the ledger: exit code 0 says that both agree. Everything happens on this machine, in a
/// temporary folder.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Leave the folder with the list, the message and the ledger behind.
    #[arg(long)]
    keep: bool,
}

pub async fn run(frame: &Frame<'_>, args: Args) -> Result<Exit> {
    let signals = Signals::listen()?;
    let ui = frame.ui;
    let receiver = stage::free_address()?;
    let sandbox = sandbox::start(script::options(&receiver)?).await?;
    let stage = Stage::set(ui, frame.environment, &sandbox, args.keep)?;
    script::write_list(&stage.path("tokens.csv"), &sandbox.subscribers())?;

    ui.remark(&format!(
        "Meta is played by a sandbox in this very process, {}, as if started by the line below: it loses some replies and knows \
         some people who can't be reached. The files are in {}.",
        sandbox.url(),
        stage.folder().display()
    ))?;
    ui.typed(&script::SANDBOX.replace("{receiver}", &receiver))?;
    ui.remark(
        "What Meta tells of each message goes to a receiver: twice at times, out of order, and not always complete.",
    )?;
    let hearing = stage.play_beside(&script::RECEIVER.replace("{receiver}", &receiver), &receiver).await?;
    for part in script::parts() {
        match part {
            Part::Remark(text) => ui.remark(text)?,
            Part::Step(step) => stage.play(&signals, &step).await?,
        }
    }

    ui.typed(script::STOP_RECEIVER)?;
    hearing.stop(&signals).await?;

    ui.remark("What really left, as the sandbox recorded it, against what the ledger says.")?;
    let checks = truth::checks(&sandbox.accepted(), &Ledger::open(&stage.ledger())?.0)?;
    let agree = checks.iter().all(Check::agrees);
    ui.list(&checks)?;
    sandbox.stop().await;
    if let Some(folder) = stage.strike() {
        ui.status(&format!("left behind: {}", folder.display()));
    }
    if !agree {
        return Err(Error::internal("the sandbox and the ledger disagree")
            .hint("this is a bug in mmsg: please report the table above; --keep leaves the ledger behind"));
    }
    ui.status("both books agree, and nobody got anything twice");
    Ok(Exit::Done)
}
