//! `mmsg webhook ingest`: webhooks that another receiver saved.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::opt_ins::OPT_INS;
use crate::cli::values;
use crate::clock::Clock;
use crate::commands::context::Context;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::events::{Event, EventCounts};
use crate::text::thousands;
use crate::ui::Ui;
use crate::ui::table::Record;
use crate::webhook::bodies::{Bodies, SavedBody};
use crate::webhook::{notice, waiting};

/// Events read before they are stored.
const BATCH: usize = 4000;
/// Bytes of their bodies.
const BATCH_BYTES: usize = 8 << 20;
/// Unreadable lines reported one by one.
const TOLD: u64 = 20;

/// Store webhooks that a proxy, a queue or another receiver saved.
///
/// One body per file, or one per line; gzip is read too. Signatures are not checked: use only bodies that came from Meta. Events
/// already in the ledger are counted and change nothing, so it is safe to run this twice, or beside webhook serve.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files of webhook bodies; - for stdin.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Audience that people who opt in are added to.
    #[arg(long, default_value = OPT_INS, value_name = "NAME", value_parser = values::audience)]
    opt_ins: String,
}

/// What was in the files, and what happened to it.
#[derive(Clone, Debug, Default, Serialize)]
struct Ingested {
    /// `readable` + `unreadable`.
    bodies: u64,
    readable: u64,
    unreadable: u64,
    /// The first of them.
    unreadable_lines: Vec<BadLine>,
    /// Parts of readable bodies that could not be read, and were stored as they came.
    unreadable_parts: u64,
    /// Ordinary Messenger events, which are not stored.
    ignored: u64,
    new: u64,
    duplicates: u64,
    exact: u64,
    inferred: u64,
    ambiguous: u64,
    foreign: u64,
    waiting: u64,
    settled: u64,
    opt_ins: u64,
    /// Stops and resumes of people whose token is not known, kept until it is.
    choices_kept: u64,
    policy: u64,
}

#[derive(Clone, Debug, Serialize)]
struct BadLine {
    file: String,
    line: u64,
    why: String,
}

impl Record for Ingested {
    const PLURAL: &'static str = "notices";
    const COLUMNS: &'static [&'static str] = &[
        "bodies",
        "unreadable",
        "new events",
        "repeated",
        "exact",
        "inferred",
        "ambiguous",
        "no send here",
        "waiting",
        "unknown settled",
        "opt-ins",
        "of unknown people",
        "policy notices",
        "not stored",
        "unreadable parts",
    ];

    fn cells(&self) -> Vec<String> {
        [
            self.bodies,
            self.unreadable,
            self.new,
            self.duplicates,
            self.exact,
            self.inferred,
            self.ambiguous,
            self.foreign,
            self.waiting,
            self.settled,
            self.opt_ins,
            self.choices_kept,
            self.policy,
            self.ignored,
            self.unreadable_parts,
        ]
        .map(thousands)
        .to_vec()
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let signals = Signals::listen(&context.ui)?;
    let mut ledger = context.open_ledger()?;
    let (ui, clock, cool_down) = (context.ui.clone(), ledger.clock(context.clock)?, context.cool_down());
    let work = move || ingest(&mut ledger, &ui, &args, &clock, cool_down);
    let stopped = "stopped; everything stored so far is kept, and running the same command again continues (repeated events change nothing)";
    let ingested = signals.blocking_or_stopped(work, stopped).await?;
    context.ui.object(&ingested)?;
    if ingested.bodies == 0 {
        context.ui.status("no events found");
    }
    Ok(if ingested.readable == 0 && ingested.unreadable > 0 { Exit::Refused } else { Exit::Done })
}

fn ingest(ledger: &mut Ledger, ui: &Ui, args: &Args, clock: &Clock, cool_down: Duration) -> Result<Ingested> {
    let mut done = Ingested::default();
    let mut tally = EventCounts::default();
    let mut events = Vec::new();
    let mut bytes = 0;
    for path in &args.files {
        let name = path.display().to_string();
        let failed = |error: io::Error| unreadable(&name, &error);
        let raw: Box<dyn Read> = if name == "-" { Box::new(io::stdin()) } else { Box::new(open(path)?) };
        let mut bodies = Bodies::open(raw).map_err(failed)?;
        while let Some((line, item)) = bodies.next_body().map_err(failed)? {
            done.bodies += 1;
            match read(item) {
                Ok((notice, size)) => {
                    done.readable += 1;
                    done.ignored += notice.ignored;
                    done.unreadable_parts += notice.unreadable;
                    events.extend(notice.events);
                    bytes += size;
                }
                Err(why) => done.bad(ui, &name, line, why),
            }
            if events.len() >= BATCH || bytes >= BATCH_BYTES {
                store(ledger, &mut events, &args.opt_ins, clock, &mut tally)?;
                bytes = 0;
            }
        }
    }
    store(ledger, &mut events, &args.opt_ins, clock, &mut tally)?;
    if done.unreadable > TOLD {
        ui.warn(&format!("{} more could not be read", thousands(done.unreadable - TOLD)));
    }
    let (judged, _) = waiting::judge(ledger, clock, cool_down)?;
    done.add(&tally, &judged);
    Ok(done)
}

/// A webhook, and the bytes of its body.
fn read(item: SavedBody) -> Result<(notice::Notice, usize), String> {
    let SavedBody::Body(body) = item else { return Err("too long for a webhook".to_owned()) };
    let notice = notice::read(&body).map_err(|malformed| malformed.to_string())?;
    // The listener keeps whatever Meta signed; here the file still has it.
    if notice.unreadable > 0 && notice.unreadable == notice.events.len() as u64 && notice.ignored == 0 {
        return Err("no event in it: not a webhook, or one sent without values".to_owned());
    }
    Ok((notice, body.len()))
}

/// Stores what was read. Between transactions other processes get their turn: a listener must answer within seconds.
fn store(
    ledger: &mut Ledger,
    events: &mut Vec<Event>,
    opt_ins: &str,
    clock: &Clock,
    tally: &mut EventCounts,
) -> Result<()> {
    let mut left: VecDeque<Event> = std::mem::take(events).into();
    while !left.is_empty() {
        let begin = Instant::now();
        let mut taken = 0;
        let mut next = || {
            let event = left.get(taken)?;
            taken += 1;
            Some(event)
        };
        let (stored, _) = ledger.store_events(&mut next, opt_ins, clock.now())?;
        left.drain(..taken);
        tally.add(&stored);
        std::thread::sleep(begin.elapsed() / 4);
    }
    Ok(())
}

impl Ingested {
    fn bad(&mut self, ui: &Ui, file: &str, line: u64, why: String) {
        self.unreadable += 1;
        if self.unreadable <= TOLD {
            ui.warn(&format!("{file} line {line}: {why}"));
            self.unreadable_lines.push(BadLine { file: file.to_owned(), line, why });
        }
    }

    /// What still waits is what the last pass left.
    fn add(&mut self, stored: &EventCounts, judged: &EventCounts) {
        let mut sum = *stored;
        sum.add(judged);
        self.new = sum.new;
        self.duplicates = sum.duplicates;
        self.exact = sum.exact;
        self.inferred = sum.inferred;
        self.ambiguous = sum.ambiguous;
        self.foreign = sum.foreign;
        self.waiting = judged.waiting;
        self.settled = sum.settled;
        self.opt_ins = sum.opt_ins;
        self.choices_kept = sum.choices_kept;
        self.policy = sum.policy;
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| {
        Error::usage(format!("can't read {}", path.display()))
            .because(&error)
            .hint("name a file that you can read, or - for stdin")
    })
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::refused(format!("can't read {name}")).because(error).hint(
        "check that it is the right file, complete, and plain or gzip; events stored so far are kept, and repeated ones change nothing",
    )
}
