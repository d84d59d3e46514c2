//! `mmsg tokens erase`.

use serde::Serialize;

use super::token;
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::{Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::ledger::erase::rows::Removed;
use crate::ledger::erase::{Erasable, Traces};
use crate::text::{count, mask, thousands};
use crate::ui::table::Record;

/// Erase people from the ledger, each with all their tokens.
///
/// Only keyed hashes of the tokens and the PSID stay: by these an erased person is recognised in lists, fetches and webhook events, and
/// never gets a message again. The totals of broadcasts stay as they are. Prints what was removed from where.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Subscription token of the person.
    #[arg(required = true, value_name = "TOKEN", value_parser = token)]
    tokens: Vec<String>,
}

/// What was removed from one place, and what stays there.
#[derive(Clone, Debug, Serialize)]
struct Receipt {
    place: &'static str,
    rows: u64,
    removed: &'static str,
    kept: &'static str,
}

impl Record for Receipt {
    const PLURAL: &'static str = "places";
    const COLUMNS: &'static [&'static str] = &["place", "rows", "removed", "kept"];

    fn cells(&self) -> Vec<String> {
        vec![self.place.to_owned(), thousands(self.rows), self.removed.to_owned(), self.kept.to_owned()]
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let page = context.page()?;
    let signals = Signals::listen(&context.ui)?;
    let mut ledger = context.existing_ledger()?;
    context.bury_before_look(&mut ledger)?;
    let mut tokens = args.tokens;
    tokens.sort();
    tokens.dedup();
    ask(context, &ledger, &tokens)?;
    let (who, now) = (context.operator(), context.now_of(&ledger)?);
    let done = signals
        .blocking(move || {
            let (mut removed, mut failed, mut done) = (Removed::default(), None, Vec::new());
            for token in tokens {
                match ledger.erase(page.as_str(), &token, &who, now) {
                    Ok(of_one) => removed.add(of_one),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
                done.push(token);
            }
            let traces = if done.is_empty() { Ok(Traces::NotSearched) } else { ledger.clear_traces(&done) };
            (removed, failed, done.len(), traces, ledger)
        })
        .await?;
    let (removed, failed, done, traces, ledger) = done;
    if done > 0 {
        context.ui.list(&receipt(&removed))?;
    }
    let exit = if done > 0 { tell(context, ledger.address(), traces?, removed.noted)? } else { Exit::Done };
    match failed {
        Some(error) if done > 0 => {
            context.ui.status(&format!("erased before this failed: {}", count(done as u64, "person", "people")));
            Err(error.into())
        }
        Some(error) => Err(error.into()),
        None => Ok(exit),
    }
}

/// Shows whom the ledger knows by these tokens, and asks.
fn ask(context: &Context, ledger: &Ledger, tokens: &[String]) -> Result<()> {
    let mut shown = Vec::new();
    for token in tokens {
        let Erasable { tokens, sends, audiences, erased_at } = ledger.known_of(token)?;
        shown.push(match (erased_at, tokens) {
            (Some(at), _) => format!("{}: erased at {at}", mask(token)),
            (None, 0) => {
                format!("{}: never seen in this ledger; its hash is kept, so that nothing goes out to it", mask(token))
            }
            (None, _) => format!(
                "{}: {}, {}, in {}",
                mask(token),
                count(tokens, "token", "tokens"),
                count(sends, "send", "sends"),
                count(audiences, "audience", "audiences")
            ),
        });
    }
    let people = count(tokens.len() as u64, "person", "people");
    Ok(context.ui.confirm_shown(&shown, &format!("Erase {people} for good?"), &format!("erasing {people}"))?)
}

fn receipt(removed: &Removed) -> [Receipt; 6] {
    let Removed { tokens, sends, skipped: _, attempts, audience_rows, events, choices, noted: _ } = *removed;
    let place = |place, rows, removed, kept| Receipt { place, rows, removed, kept };
    [
        place(
            "recipients",
            tokens,
            "token, PSID, time zone, expiry, note",
            "keyed hashes of token and PSID, cool-down, stop or resume",
        ),
        place("sends", sends, "values, tracking ID, trace ID", "state, times, codes"),
        place("attempts", attempts, "trace ID", "times, codes"),
        place("audience_rows", audience_rows, "row with its values", ""),
        place("events", events, "event with its JSON", "the counts of reports"),
        place("choices", choices, "PSID", "keyed hash of the PSID, stop or resume"),
    ]
}

/// Says what is left, and what no command of this ledger reaches.
fn tell(context: &Context, ledger: &Address, traces: Traces, noted: bool) -> Result<Exit> {
    let ui = &context.ui;
    let left = match traces {
        Traces::None => {
            ui.status(&format!("searched {ledger} and its log: the tokens are in no byte of them"));
            None
        }
        Traces::OnServer => {
            ui.status(
                "vacuumed the tables on the server; unused bytes of its files, its WAL archives and its replicas keep deleted rows until \
                 the server writes over them",
            );
            None
        }
        Traces::NotSearched => None,
        Traces::InFile => Some(format!(
            "erased, but unused parts of {ledger} still hold a token: they can be cleared only while nothing is sent, with free disk \
             space of twice the ledger's size"
        )),
        Traces::InLog => {
            Some(format!("erased, but the log of {ledger} still holds a token: another process is reading it"))
        }
    };
    ui.status("not reached: backups and copies of the ledger, files of results and rejects, exports, and lists that people came from");
    if !noted {
        ui.warn("can't note it in the folder runs: if a backup from before now is put back, erase them again");
    }
    match left {
        None => Ok(Exit::Done),
        Some(left) => {
            ui.warn(&left);
            ui.hint("when the other mmsg has ended, run the same command again: it clears what is left");
            Ok(Exit::NotYet)
        }
    }
}
