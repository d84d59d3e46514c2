//! `mmsg send` for many profiles at once, of what is planned (`--resume`) or to an audience that each Page has: each business has its own
//! pace, bursts, ending and totals; the ledger's thread commits for all of them together.

mod summary;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::stream::{self, FuturesUnordered, StreamExt};
use tokio::sync::Semaphore;

use super::Args;
use super::board::Board;
use super::dry_run::NOTHING as NOTHING_WRITTEN;
use super::ending::{Concluded, Conclusion};
use super::finish::{self, Finish};
use super::prepare::{Offer, Planning, Ready};
use super::results::{Businesses, Outs, Results};
use super::resume::Resume;
use super::totals::Totals;
use crate::commands::context::{Context, Invocation};
use crate::commands::output::Outputs;
use crate::commands::several::{self, Business, Failed};
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::log::{Instrument, Name, within};
use crate::send::writer_thread::{Desk, LedgerThread};
use crate::text;
use crate::ui::Ui;
use crate::ui::shape::Shape;
use crate::ui::stops::Unanswered;
use summary::{Ended, Sender};

/// Campaigns that are read from Graph at once.
const READERS: usize = 16;

pub async fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    if !args.resume {
        args.refuse_of_one_page()?;
    }
    let signals = Signals::listen(frame.ui)?;
    let businesses = several::load(frame, |name| frame.ui.of_one(name))?;
    several::allow_many_files();
    let outputs = outputs(frame.ui, &args, &businesses)?;
    if args.dry_run {
        return dry_run(frame, &args, &signals, &outputs).await;
    }
    let mut outs = None;
    let works = if args.resume {
        businesses.iter().map(|_| Work::Resume).collect()
    } else {
        // As for one business: a results file that can't be opened is told before anything is planned.
        let outs = outs.insert(Outs::open(frame.ui, &outputs, args.results.as_deref(), Businesses::Several)?);
        plan(frame.ui, &args, &signals, &outputs, &businesses, outs).await?
    };
    let ledgers = Ledgers::open(&businesses).await;
    confirm(frame, &args, &signals, &businesses, &works, &ledgers).await?;
    let outs = match outs {
        Some(outs) => outs,
        None => Outs::open(frame.ui, &outputs, args.results.as_deref(), Businesses::Several)?,
    };
    let of_all = match businesses.as_slice() {
        [only] => only.name.clone(),
        all => text::count(all.len() as u64, "profile", "profiles"),
    };
    let board = Board::show(&frame.ui.clone().of_shop(Some(&of_all)), None);
    let readers = Semaphore::new(READERS);
    let settings = businesses.iter().find_map(|business| Some(&business.context.as_ref().ok()?.settings));
    let environment = settings.map(finish::environment).unwrap_or_default();
    let finish = Finish { args: &args.finish, outputs: &outputs, environment };
    let mut at_work: FuturesUnordered<_> = businesses
        .into_iter()
        .zip(works)
        .zip(ledgers.of_each.iter().cloned())
        .map(|((business, work), ledger)| {
            let results = Results::of_one(frame.ui, &outs, &business.name, &board);
            let span = within!(profile = Name(&business.name));
            one(business, work, ledger, &args, &signals, &readers, results).instrument(span)
        })
        .collect();
    let mut ended = Vec::new();
    while let Some((name, page, ledger, concluded)) = at_work.next().await {
        tell(&frame.ui.of_one(&name), &concluded);
        ended.push((name, page, ledger, concluded));
    }
    drop((at_work, board));
    let unwritten = outs.borrow_mut().finish();
    ended.sort_by(|one, two| one.0.cmp(&two.0));
    summary::conclude(frame, &command(frame, &args), &finish, ended, unwritten)
}

/// What a business has to do.
enum Work {
    /// The unfinished broadcasts of its Page.
    Resume,
    /// A list that was just planned.
    Send(Box<Ready>),
    /// A list without rows.
    Nothing(Box<Totals>),
    Failed(Failed),
}

/// Plans the list of each business, several at once. What goes wrong with one is that one's.
async fn plan(
    ui: &Ui,
    args: &Args,
    signals: &Signals,
    outputs: &Outputs,
    businesses: &[Business],
    outs: &Rc<RefCell<Outs>>,
) -> Result<Vec<Work>> {
    let shared = args.sent_of_flags(ui)?;
    let planned = stream::iter(businesses).map(|business| {
        let (name, shared) = (business.name.clone(), shared.clone());
        let results = Results::of_plan(ui, outs, &name);
        let span = within!(profile = Name(&name));
        let planned = async move {
            let context = match &business.context {
                Ok(context) => context,
                Err(error) => return Ok(Work::Failed(Failed::from(error))),
            };
            if signals.is_stopping() {
                return Err(Error::new(signals.exit(), "interrupted before it began"));
            }
            let sent = shared.map_or_else(|| args.sent(context), Ok)?;
            let offer = Offer::check(context, args, sent).await?;
            Ok(match offer.plan(context, args, signals, outputs, || Ok(results)).await? {
                Planning::Empty(list) => Work::Nothing(Box::new(Totals::of_empty_list(&list))),
                Planning::Done(ready, ..) => Work::Send(ready),
            })
        };
        async move { planned.await.unwrap_or_else(|error: Error| Work::Failed(Failed::from(&error))) }.instrument(span)
    });
    Ok(planned.buffered(several::AT_ONCE).collect().await)
}

/// What each would send, and nothing is written.
async fn dry_run(frame: &Invocation<'_>, args: &Args, signals: &Signals, outputs: &Outputs) -> Result<Exit> {
    let shared = args.sent_of_flags(frame.ui)?;
    let mut gathered = several::gather(frame, async |context| {
        let sent = shared.clone().map_or_else(|| args.sent(context), Ok)?;
        let offer = Offer::check(context, args, sent).await?;
        let looked = offer.dry_run(args, outputs, &offer.key(), &args.limits(context)?).look(context, signals).await?;
        looked.warn(&context.ui);
        Ok((vec![looked.totals], Exit::Done))
    })
    .await?;
    several::print(frame.ui, &Shape::default(), &mut gathered)?;
    frame.ui.status(NOTHING_WRITTEN);
    gathered.conclude()
}

/// The results file overwrites nothing that any of them needs.
fn outputs(ui: &Ui, args: &Args, businesses: &[Business]) -> Result<Outputs> {
    let mut outputs = Outputs::of_nothing(ui, args.list.force, "nothing was sent");
    let contexts = || businesses.iter().filter_map(|business| business.context.as_ref().ok());
    if let Some(context) = contexts().next() {
        outputs.protect_settings(&context.settings);
    }
    let mut ledgers: Vec<_> = contexts().map(|context| &context.settings.ledger.value).collect();
    ledgers.sort();
    ledgers.dedup();
    for ledger in ledgers {
        outputs.protect_ledger(ledger);
    }
    if !args.resume {
        let files: BTreeSet<_> = contexts().filter_map(|context| args.message_files(context).ok()).flatten().collect();
        files.iter().for_each(|file| outputs.protect("the message", file));
    }
    Businesses::Several.expect(&mut outputs, args.results.as_deref())?;
    args.finish.expect(&mut outputs)?;
    Ok(outputs)
}

/// One thread for each ledger, whoever uses it.
struct Ledgers {
    /// `None`: there is none. Dropped before the threads, which wait for it.
    of_each: Vec<Result<Option<Desk>, Failed>>,
    threads: BTreeMap<Address, Option<LedgerThread>>,
}

impl Ledgers {
    async fn open(businesses: &[Business]) -> Self {
        let mut failed: BTreeMap<Address, Failed> = BTreeMap::new();
        let mut ledgers = Self { of_each: Vec::new(), threads: BTreeMap::new() };
        for business in businesses {
            let Ok(context) = &business.context else {
                ledgers.of_each.push(Ok(None));
                continue;
            };
            let real = context.settings.ledger.value.real();
            if !ledgers.threads.contains_key(&real) && !failed.contains_key(&real) {
                match begin(context).await {
                    Ok(thread) => drop(ledgers.threads.insert(real.clone(), thread)),
                    Err(error) => drop(failed.insert(real.clone(), Failed::from(&error))),
                }
            }
            ledgers.of_each.push(match failed.get(&real) {
                Some(failed) => Err(failed.clone()),
                None => Ok(ledgers.threads.get(&real).and_then(Option::as_ref).map(|thread| thread.desk().clone())),
            });
        }
        ledgers
    }
}

async fn begin(context: &Context) -> Result<Option<LedgerThread>> {
    let Some(ledger) = context.ledger_if_any()? else { return Ok(None) };
    super::tell_safety(context, ledger.safety()?);
    let thread = LedgerThread::open(ledger)?;
    thread.desk().ask(|ledger| ledger.finish_closes()).await?;
    Ok(Some(thread))
}

/// Asks once for all of them, on a terminal.
async fn confirm(
    frame: &Invocation<'_>,
    args: &Args,
    signals: &Signals,
    businesses: &[Business],
    works: &[Work],
    ledgers: &Ledgers,
) -> Result<()> {
    let ui = frame.ui;
    if !ui.will_ask() || args.max_sends == Some(0) {
        return Ok(());
    }
    let (mut shown, mut profiles, mut all) = (Vec::new(), 0, 0);
    for ((business, work), ledger) in businesses.iter().zip(works).zip(&ledgers.of_each) {
        if let Work::Failed(failed) = work {
            shown.push(format!("{}  fails: {}", business.name, failed.message()));
        }
        let (Ok(context), Ok(Some(desk))) = (&business.context, ledger) else { continue };
        let clock = context.clock;
        let due = match work {
            Work::Resume => {
                let Ok(page) = context.page() else { continue };
                let page = page.as_str().to_owned();
                let due = move |ledger: &mut Ledger| {
                    let now = ledger.now(clock)?;
                    let open = ledger.unfinished_broadcasts(&page, None)?;
                    open.iter().map(|broadcast| ledger.due(broadcast.id, None, now)).sum::<Result<u64, _>>()
                };
                desk.ask(due).await?
            }
            Work::Send(ready) => {
                let (broadcast, listing, clock) = (ready.broadcast.id, ready.listing(), ready.clock);
                desk.ask(move |ledger| ledger.due(broadcast, Some(listing), clock.now())).await?
            }
            Work::Nothing(_) | Work::Failed(_) => continue,
        };
        let due = args.max_sends.map_or(due, |most| most.min(due));
        if due > 0 {
            shown.push(format!("{}  {}", business.name, text::count(due, "message", "messages")));
            (profiles, all) = (profiles + 1, all + due);
        }
    }
    if all == 0 {
        return Ok(());
    }
    let question = format!(
        "Send {} for {}?",
        text::count(all, "message", "messages"),
        text::count(profiles, "profile", "profiles")
    );
    let ui = ui.clone();
    let answer = signals.blocking(move || ui.confirm_shown(&shown, &question, "sending")).await?;
    answer.map_err(|why| {
        let (exit, what) = match why {
            Unanswered::No(_) if !args.resume => (Exit::NotConfirmed, "not confirmed"),
            Unanswered::Stopped(exit) if !args.resume => (exit, "interrupted"),
            why => return Error::from(why),
        };
        Error::new(exit, format!("{what}: nothing was sent; the lists are planned"))
            .hint(format!("{} sends them; mmsg broadcast close cancels them", command(frame, args)))
    })
}

/// One business, from its first look into the ledger to its end. Nothing that goes wrong with it is another's.
async fn one(
    business: Business,
    work: Work,
    ledger: Result<Option<Desk>, Failed>,
    args: &Args,
    signals: &Signals,
    readers: &Semaphore,
    mut results: Results,
) -> Ended {
    let Business { name, context } = business;
    let context = match context {
        Ok(context) => context,
        Err(error) => return (name, None, None, Concluded::by(error, Totals::default())),
    };
    let page = context.page().map(|page| page.as_str().to_owned());
    let address = Some(context.settings.ledger.value.clone());
    let shown = match (&page, &ledger) {
        (Ok(page), Ok(Some(ledger))) => Some(Sender { page_name: name_of(ledger, page).await, page: page.clone() }),
        (Ok(page), _) => Some(Sender { page: page.clone(), page_name: None }),
        (Err(_), _) => None,
    };
    let ended = async {
        let (page, ledger) = match (page, ledger) {
            (Ok(page), Ok(Some(ledger))) => (page, ledger),
            (Ok(_), Ok(None)) => return Ok(Some(without_ledger(work))),
            (Err(error), _) => return Err((error, Totals::default())),
            (_, Err(failed)) => return Err((failed.into(), Totals::default())),
        };
        context.repeat_when_resumed(args.money.words());
        match work {
            Work::Resume => {}
            Work::Send(ready) => return Ok(Some(list(&ready, &context, args, signals, &ledger, &mut results).await)),
            work @ (Work::Nothing(_) | Work::Failed(_)) => return Ok(Some(without_ledger(work))),
        }
        let resume = Resume { context: &context, args, signals, page, ledger: &ledger, readers };
        let sent = async {
            let limits = args.limits(&context)?;
            resume.check().await?;
            resume.send(limits, &mut results).await
        };
        match sent.await {
            Ok((conclusion, totals)) => Ok(Some(conclusion.conclude(totals))),
            Err(error) => Err((error, resume.standing().await.unwrap_or_default())),
        }
    };
    let concluded = match ended.await {
        Ok(Some(concluded)) => concluded,
        Ok(None) => Concluded::nothing(),
        Err((error, totals)) => Concluded::by(error, totals),
    };
    (name, shown, address, concluded)
}

/// What Meta calls the Page. Nothing depends on it.
async fn name_of(ledger: &Desk, page: &str) -> Option<String> {
    let page = page.to_owned();
    ledger.ask(move |ledger| ledger.page_name(&page)).await.ok().flatten()
}

/// Nothing was ever planned, or planning failed.
fn without_ledger(work: Work) -> Concluded {
    match work {
        Work::Failed(failed) => Concluded::by(failed.into(), Totals::default()),
        Work::Nothing(totals) => Concluded::of(*totals),
        Work::Resume | Work::Send(_) => Concluded::nothing(),
    }
}

/// A list that is planned.
async fn list(
    ready: &Ready,
    context: &Context,
    args: &Args,
    signals: &Signals,
    ledger: &Desk,
    results: &mut Results,
) -> Concluded {
    let sent = async {
        let mut conclusion = Conclusion::new(signals, ready.clock);
        let done = ready.send(context, args, signals, ledger, &args.limits(context)?, results).await?;
        conclusion.add(context, done, &ready.facts).await?;
        let totals = ready.totals(ready.count(ledger).await?, &conclusion.course());
        Ok(conclusion.conclude(totals))
    };
    match sent.await {
        Ok(concluded) => concluded,
        Err(error) => {
            let counted = ready.count(ledger).await;
            let course = Conclusion::new(signals, ready.clock).course();
            Concluded::by(error, counted.map(|counted| ready.totals(counted, &course)).unwrap_or_default())
        }
    }
}

/// Says at once what went wrong with one of them.
fn tell(ui: &Ui, concluded: &Concluded) {
    for other in &concluded.others {
        ui.warn(&other.to_string());
    }
    if let Some(error) = concluded.error() {
        several::tell(ui, error);
    }
    concluded.totals.remarks_of_list(ui);
}

/// The command that continues.
fn command(frame: &Invocation<'_>, args: &Args) -> String {
    let mut command = "mmsg send --resume".to_owned();
    if frame.global.all_profiles {
        command.push_str(" --all-profiles");
    }
    for profile in &frame.global.profile {
        command.push_str(&format!(" --profile {}", crate::commands::shell::quoted(profile)));
    }
    if let Some(ledger) = &frame.global.ledger {
        command.push_str(&format!(" --ledger {}", crate::commands::shell::quoted(&ledger.display().to_string())));
    }
    command.push_str(&args.money.words());
    command
}
