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
use crate::ledger::address::Address;
use script::Part;
use stage::DemoStage;
use truth::DemoCheck;

/// Run a complete example against the sandbox.
///
/// Creates a campaign, builds a message and imports a list. Sends it, with lost replies and people who can't be reached, and sends
/// it again. Settles unknown sends, prints a report, and compares the sandbox's record with the ledger: exit code 0 means that
/// they agree. Everything happens on this machine, in a temporary folder; with --ledger postgres://USER@HOST/DATABASE the ledger is
/// on that server, where it must be new, and stays.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Keep the folder with the list, the message and the ledger.
    #[arg(long)]
    keep: bool,
}

/// The ledger on a server that was asked for by flag: no variable and no profile may lead the demo to one that is in use.
///
/// # Errors
/// Exit 2 for a file, and for a ledger that holds anything.
fn own_ledger(frame: &Invocation<'_>) -> Result<Option<Address>> {
    let Some(typed) = &frame.global.ledger else { return Ok(None) };
    let Some(address) = typed.to_str().and_then(|text| frame.environment.server(text)) else {
        return Err(Error::usage("the demo makes a ledger of its own in its folder; nothing was changed")
            .hint("leave out --ledger, or name a server: --ledger postgres://USER@HOST/DATABASE"));
    };
    let address = address.map_err(Error::usage)?;
    if let Some(ledger) = Ledger::open_to_check(address.clone())?
        && ledger.holds_anything()?
    {
        return Err(Error::usage(format!(
            "the ledger {address} is in use: the demo needs a new one; nothing was changed"
        ))
        .hint("add ?schema=NAME to the address, with a name that is new: mmsg makes it"));
    }
    Ok(Some(address))
}

pub async fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let signals = Signals::listen(frame.ui)?;
    let ui = frame.ui;
    let receiver = stage::free_address()?;
    let sandbox = sandbox::start(script::options(&receiver)?).await?;
    let ledger = own_ledger(frame)?;
    let stage = DemoStage::set(ui, frame.environment, &sandbox, ledger, frame.global.ledger.as_deref(), args.keep)?;
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
    let checks = truth::checks(&sandbox.accepted(), &Ledger::open(stage.ledger().clone())?.0)?;
    let agree = checks.iter().all(DemoCheck::agrees);
    ui.list(&checks)?;
    sandbox.stop().await;
    if stage.ledger().is_server() {
        ui.status(&format!("the demo's tables stay in {}", stage.ledger()));
    }
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
