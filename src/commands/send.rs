//! `mmsg send`: a message to a list of subscription tokens, never twice to anyone.

mod board;
mod campaign;
mod canary;
mod columns;
mod confirm;
mod cost;
mod dry_run;
mod ending;
mod finish;
mod fleet;
mod forecast;
mod money;
mod plan;
mod prepare;
mod results;
mod resume;
mod skipped;
mod split;
mod testers;
mod timing;
mod totals;
mod turn;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::values;
use crate::commands::context::{Context, Invocation};
use crate::commands::lists::ListArgs;
use crate::commands::output::Outputs;
use crate::commands::people::FilterArgs;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::Safety;
use crate::ledger::broadcasts::{Retried, Which};
use crate::rate::{self, Rate};
use crate::send::bursts::Beginning;
use crate::send::job::Limits;
use crate::send::writer_thread::LedgerThread;
use crate::text;
use crate::ui::Ui;
use canary::CanaryArgs;
pub use canary::{CanaryTotals, told as canary_of};
use ending::Conclusion;
use finish::{Finish, FinishArgs};
use money::MoneyArgs;
use plan::ListSource;
use results::{Businesses, Results};
pub use skipped::explained as skip_explained;
use split::{Sent, Shares};
use testers::TestArgs;
pub use timing::shown as hours_shown;
use timing::{TimingArgs, UntilChoice};
use totals::{Counted, Totals};

/// Send a message to a list of subscription tokens.
///
/// Reads tokens from FILES, an imported audience or stdin. The whole list is planned in the ledger first, then each recipient gets
/// at most one request. Running the same command again continues where it stopped; so does --resume, without the list.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Campaign to send with: the ID that campaign create printed.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Send with the campaign of this name, of those of the Page that have not ended.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["campaign", "resume"])]
    campaign_name: Option<String>,
    /// Message JSON, as message build prints it.
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    /// Send several messages, each to a share of the recipients, such as a.json=50,b.json=40,holdout=10; nothing is sent to the
    /// holdout. Each recipient's message is chosen by a hash: the same at every rerun, no matter who else is in the list.
    #[arg(long, value_name = "FILE=SHARE,…", value_parser = Shares::parse, conflicts_with_all = ["message", "resume"])]
    split: Option<Shares>,
    /// What you call this broadcast, such as 'Black Friday', for broadcast list and report; another TEXT with the same message renames it.
    #[arg(long, value_name = "TEXT", value_parser = values::label, conflicts_with = "resume")]
    label: Option<String>,
    /// Send to an imported audience.
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    audience: Option<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    testers: TestArgs,
    #[command(flatten)]
    people: FilterArgs,
    /// Show what would happen; nothing is sent or written.
    #[arg(long, conflicts_with_all = ["resume", "results", "retry_refused"])]
    dry_run: bool,
    /// Continue the unfinished broadcasts of the Page, oldest first; needs no list.
    #[arg(long, conflicts_with_all = ["files", "message", "audience", "again", "new_message", "token_column", "delimiter", "no_header", "reject", "strict", "allow_bad_rows", "allow_odd_tokens"])]
    resume: bool,
    /// Send the same message again to a list that already received it; cool-downs still apply.
    #[arg(long)]
    again: bool,
    /// Include people who already got a different message of this campaign.
    #[arg(long)]
    new_message: bool,
    /// After a backup was restored: send also to people whom the ledger has not had in this campaign before; they may have got the
    /// message already.
    #[arg(long, conflicts_with = "resume")]
    allow_restored: bool,
    /// Retry rows that were refused with these codes.
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = values::code)]
    retry_refused: Vec<i64>,
    /// Do not stop after many refusals.
    #[arg(long)]
    allow_refusals: bool,
    /// Stop after N requests (with several profiles: of each); 0 plans and sends nothing.
    #[arg(long, value_name = "N")]
    max_sends: Option<u64>,
    /// Sends per second, auto or unlimited, shared by all runs of the ad account on this ledger; auto starts at 10 and follows
    /// Meta's usage headers; of several numbers the largest counts [default: auto].
    #[arg(long, value_name = "RATE", value_parser = Rate::parse)]
    rate: Option<Rate>,
    /// Maximum requests in flight [default: 64; 192 with a ledger on a server].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(*rate::CONCURRENCY.start())..=i64::from(*rate::CONCURRENCY.end())))]
    concurrency: Option<u32>,
    /// Wait for warm-up, budgets and cool-downs instead of ending with exit code 6; without DURATION, wait indefinitely.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, value_parser = values::duration, default_missing_value = "1000000h")]
    wait: Option<Duration>,
    /// Skip recipients who can't be messaged before TIME, such as 'friday 18:00'; the broadcast keeps it, also for --resume. none: lift
    /// it.
    #[arg(long, value_name = "TIME", value_parser = UntilChoice::parse)]
    until: Option<UntilChoice>,
    #[command(flatten)]
    timing: Box<TimingArgs>,
    #[command(flatten)]
    money: MoneyArgs,
    /// Also write one line per recipient's result to FILE (CSV if it ends in .csv, otherwise NDJSON).
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    #[command(flatten)]
    canary: Box<CanaryArgs>,
    #[command(flatten)]
    finish: Box<FinishArgs>,
}

impl Args {
    fn limits(&self, context: &Context) -> Result<Limits> {
        let settings = &context.settings.send;
        Ok(Limits {
            rate: self.rate.unwrap_or(settings.rate.value),
            concurrency: self.concurrency.unwrap_or(settings.concurrency.value) as usize,
            max_sends: self.max_sends,
            allow_refusals: self.allow_refusals,
            wait: self.wait.unwrap_or_default(),
            beginning: Beginning::default(),
        })
    }

    fn source<'a>(&'a self, outputs: &'a Outputs) -> ListSource<'a> {
        match self.audience.as_deref() {
            _ if self.testers.is_given() => ListSource::Testers(&self.testers),
            None if self.people.is_everybody() => ListSource::Files(&self.list, outputs),
            audience => ListSource::People(audience, &self.people),
        }
    }

    /// Filters choose among the people of the ledger, not in a file, and a broadcast that is continued has its people.
    fn refuse_misplaced_filters(&self) -> Result<()> {
        if self.people.is_everybody() || (self.list.files.is_empty() && !self.resume) {
            return Ok(());
        }
        let what = if self.resume { "with --resume" } else { "with a list from a file" };
        Err(Error::usage(format!("filters can't be used {what}: they choose people of the ledger"))
            .hint("import the list first: mmsg tokens import FILE --audience NAME; then add --audience NAME"))
    }

    /// What belongs to one Page can't be sent by several.
    fn refuse_of_one_page(&self) -> Result<()> {
        if self.campaign.is_some() {
            return Err(Error::usage("--campaign can't be used with several profiles: a campaign belongs to one Page")
                .hint("use --campaign-name NAME, or set campaign under [send] in each profile"));
        }
        if self.testers.is_given() || (self.audience.is_none() && self.people.is_everybody()) {
            return Err(Error::usage("a list can't be sent with several profiles: its tokens belong to one Page").hint(
                "use --audience NAME, which each Page has its own of, or filters such as --eligible; mmsg tokens fetch fills the audience \
                 subscribers; --resume continues what is planned",
            ));
        }
        Ok(())
    }

    /// The output files, none of which overwrites what the command reads.
    fn outputs(&self, context: &Context, messages: &[PathBuf], of: Businesses) -> Result<Outputs> {
        let mut outputs = Outputs::of(context, self.list.force, "nothing was sent");
        if !messages.is_empty() {
            outputs.protect_inputs("the message", messages.iter().map(PathBuf::as_path));
        }
        if self.audience.is_none() && self.people.is_everybody() && !self.resume && !self.testers.is_given() {
            self.list.check(&mut outputs)?;
        }
        of.expect(&mut outputs, self.results.as_deref())?;
        self.finish.expect(&mut outputs)?;
        Ok(outputs)
    }

    /// What is sent: the messages of a split, or that of the flag or the profile.
    fn sent(&self, context: &Context) -> Result<Sent> {
        match &self.split {
            Some(shares) => Sent::read_split(&context.ui, shares),
            None => Sent::read(&context.ui, &message_file(context, self)?),
        }
    }

    /// The same for several profiles, which may each have a message of their own; `None`: no flag names one.
    fn sent_of_flags(&self, ui: &Ui) -> Result<Option<Sent>> {
        match (&self.split, &self.message) {
            (Some(shares), _) => Sent::read_split(ui, shares).map(Some),
            (None, Some(path)) => Sent::read(ui, path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn message_files(&self, context: &Context) -> Result<Vec<PathBuf>> {
        match &self.split {
            Some(shares) => Ok(shares.files()),
            None => Ok(vec![message_file(context, self)?]),
        }
    }

    fn which(&self) -> Which {
        Which { again: self.again, new_message: self.new_message }
    }
}

/// Sends for several businesses, or continues their broadcasts.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    args.refuse_misplaced_filters()?;
    fleet::run(frame, args).await
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    args.refuse_misplaced_filters()?;
    args.testers.check()?;
    context.repeat_when_resumed(args.money.words());
    let signals = Signals::listen(&context.ui)?;
    if args.resume { resume::run(context, &args, &signals).await } else { send(context, &args, &signals).await }
}

/// A list, planned and sent.
async fn send(context: &Context, args: &Args, signals: &Signals) -> Result<Exit> {
    let limits = args.limits(context)?;
    let of = if args.split.is_some() { Businesses::OneWithArms } else { Businesses::One };
    // A missing list, and a file that must not be written, are reported before Graph is asked for anything.
    let outputs = args.outputs(context, &args.message_files(context)?, of)?;
    let offer = prepare::Offer::check(context, args, args.sent(context)?).await?;
    if args.dry_run {
        let looked = offer.dry_run(args, &outputs, &offer.key(), &limits).look(context, signals).await?;
        return looked.print(&context.ui);
    }
    let open = || Results::open(context, &outputs, args.results.as_deref(), of);
    let (ready, ledger, mut results) = match offer.plan(context, args, signals, &outputs, open).await? {
        prepare::Planning::Empty(list) => return Totals::of_empty_list(&list).print(context, None),
        prepare::Planning::Done(ready, ledger, results) => (ready, ledger, *results),
    };
    tell_safety(context, ledger.safety()?);
    let (clock, id) = (ready.clock, ready.broadcast.id);
    if args.testers.is_given() {
        let due = ledger.due(id, Some(ready.listing()), clock.now())?;
        args.testers.tell(context, &ready.facts, due, args.money.cost_per_delivery()).await;
    }
    let mut conclusion = Conclusion::new(signals, clock);
    let thread = LedgerThread::open(ledger)?;
    match ready.asked(args, &limits).confirm(context, signals, thread.desk(), clock.now()).await {
        Err(error) => conclusion.end(error),
        Ok(()) => {
            let done = ready.send(context, args, signals, thread.desk(), &limits, &mut results).await?;
            conclusion.add(context, done, &ready.facts).await?;
        }
    }
    let ledger = thread.close()?;
    let counted = Counted::of(&ledger, id, ready.listed(), clock.now())?;
    let totals = ready.totals(counted, &conclusion.course());
    conclusion.add_unwritten(results.finish());
    conclusion.finish(context, totals, &Finish::of(&args.finish, &outputs, &context.settings))
}

/// Says what may be lost with the ledger's server.
fn tell_safety(context: &Context, safety: Option<Safety>) {
    if safety == Some(Safety::Alone) {
        context.ui.status(
            "the ledger's server waits for no standby (synchronous_standby_names): if another one takes its place, sends stop until mmsg ledger accept-failover",
        );
    }
}

fn tell_retried(context: &Context, retried: &Retried) {
    context.ui.status(&format!("{} refused rows are pending again", retried.pending));
    if retried.left_alone > 0 {
        context.ui.warn(&format!(
            "{} not retried: refused before the ledger was restored, and perhaps retried and accepted since",
            text::count(retried.left_alone, "row is", "rows are")
        ));
    }
}

/// Flag or profile.
fn message_file(context: &Context, args: &Args) -> Result<PathBuf> {
    let set = context.settings.send.message.as_ref().map(|sourced| sourced.value.clone());
    args.message
        .clone()
        .or(set)
        .ok_or_else(|| Error::usage("no message given").hint("use --message FILE; mmsg message build makes one"))
}
