//! `mmsg campaign create`.

mod lost;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::lost::{Before, LATELY, known, look_up};
use super::currency::{budget_text, currency_to_show, money};
use super::existing;
use super::minimum::check_minimum;
use super::row::CampaignRow;
use crate::campaign::{AdAccount, Budget, Currency, PageId, parse_time, run_days};
use crate::clock::UnixMillis;
use crate::commands::changes::{self, ToAsk};
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{Named, OnAPage, PageNames};
use crate::commands::several;
use crate::error::{Error, Exit, Result};
use crate::graph::{self, Call, CampaignNode, Created, NewCampaign};
use crate::ledger::Ledger;
use crate::log::{Said, note};
use crate::text;
use crate::times::CLOCK_SKEW;
use crate::ui::Ui;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Meta accepts a start at most this far away.
const FARTHEST_START: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Create a campaign. Nothing is sent or charged yet.
///
/// If Graph's answer is lost, the campaign is looked up by its name. What was created is read back and compared.
///
/// Budgets are whole numbers in the currency's smallest unit: 3000 is 30.00 USD, or 3000 TWD. A daily budget is an average:
/// Meta may spend up to 175% of it in one day, and at most seven times it in a week.
///
/// With several profiles, each gets a campaign; --if-absent is needed then, so that the same command can be run again.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("budget").required(true).args(["daily_budget", "lifetime_budget"])))]
pub struct Args {
    /// Name of the campaign [default: the profile's, or else the Page and the date].
    #[arg(long)]
    name: Option<String>,
    /// Average daily budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount, allow_negative_numbers = true)]
    daily_budget: Option<u64>,
    /// Total budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount, allow_negative_numbers = true)]
    lifetime_budget: Option<u64>,
    /// Page that sends [default: the profile's].
    #[arg(long, value_name = "ID", value_parser = PageId::parse)]
    page: Option<PageId>,
    /// Pixel that counts conversions.
    #[arg(long, value_name = "ID")]
    pixel_id: Option<String>,
    /// Start time, at most 30 days from now: ISO 8601 with a zone, or Unix seconds [default: now].
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    start_time: Option<UnixMillis>,
    /// End time [default: 30 days after the start with a lifetime budget, none with a daily budget].
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    end_time: Option<UnixMillis>,
    /// Create nothing if the Page has a campaign of this name that has not ended: print that one.
    #[arg(long)]
    if_absent: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let told = |row: &Named<CreatedRow>| {
        context.ui.object(row)?;
        context.ui.status(WARM_UP);
        context.ui.hint(&format!("mmsg send --campaign {} --message FILE TOKENS", row.row.id));
        Ok(())
    };
    match create(context, &args, told).await? {
        Made::There(node, currency, names) => {
            context.ui.object(&names.row(CampaignRow::new(*node, currency)))?;
            Ok(Exit::Done)
        }
        Made::New(_, wrong) => wrong.map_or(Ok(Exit::Done), Err),
    }
}

/// One campaign for each business. What is there already is left alone, so that the same command can be run again.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    if args.page.is_some() {
        return Err(Error::usage("--page can't be used with several profiles").hint("each profile has its own Page"));
    }
    if !args.if_absent {
        return Err(Error::usage("campaign create for several profiles needs --if-absent; nothing was created").hint(
            "add --if-absent: the same command can then be run again after a failure, and creates only what is missing",
        ));
    }
    // Two profiles may have one ad account: what waits for the lock of the other blocks both.
    let accounts = Accounts::default();
    let mut gathered = several::gather(frame, async |context| {
        let _turn = accounts.turn(context).await;
        let told = |row: &Named<CreatedRow>| {
            context.ui.status(&format!("created campaign {}", row.row.id));
            Ok(())
        };
        Ok(match create(context, &args, told).await? {
            Made::There(node, currency, names) => (vec![names.row(CreatedRow::of(*node, currency))], Exit::Done),
            Made::New(row, None) => (vec![*row], Exit::Done),
            Made::New(row, Some(wrong)) => {
                several::tell(&context.ui, &wrong);
                (vec![*row], wrong.exit())
            }
        })
    })
    .await?;
    let new = gathered.of.iter().flat_map(|(_, rows)| rows).filter(|row| row.row.created).count();
    several::print(frame.ui, &Shape::default(), &mut gathered)?;
    frame.ui.status(&format!(
        "{} created; {} there already",
        text::count(new as u64, "campaign was", "campaigns were"),
        text::count((gathered.of.len() - new) as u64, "was", "were")
    ));
    if new > 0 {
        frame.ui.status(WARM_UP);
    }
    gathered.conclude()
}

/// Who works for an ad account has it alone.
#[derive(Default)]
struct Accounts(RefCell<HashMap<Option<AdAccount>, Arc<Mutex<()>>>>);

impl Accounts {
    async fn turn(&self, context: &Context) -> OwnedMutexGuard<()> {
        let account = context.settings.ad_account.as_ref().map(|account| account.value.clone());
        let lock = Arc::clone(self.0.borrow_mut().entry(account).or_default());
        lock.lock_owned().await
    }
}

const WARM_UP: &str =
    "a new campaign warms up for one to two and a half hours; sends that are too early stay pending and cost nothing";

/// What became of a campaign that was asked for.
enum Made {
    /// It was there already.
    There(Box<CampaignNode>, Option<Currency>, PageNames),
    /// It was created; what is wrong with it.
    New(Box<Named<CreatedRow>>, Option<Error>),
}

async fn create(context: &Context, args: &Args, told: impl Fn(&Named<CreatedRow>) -> Result<()>) -> Result<Made> {
    let budget = args.budget()?;
    let days = args.check_times(context.clock.now())?;
    let account = context.ad_account()?;
    let page = match &args.page {
        Some(page) => page.clone(),
        None => context.page()?,
    };
    let name = args.name(context, &page)?;
    let mut ledger = context.open_ledger()?;
    // Of two that look for it at once, the second one finds what the first has created.
    let _alone = match args.if_absent {
        true => Some(ledger.lock_creation(account.as_str(), &name, &mut || {
            context.ui.status("another mmsg process is creating a campaign of that name; waiting for it");
        })?),
        false => None,
    };
    let names = PageNames::of(context, &ledger)?;
    if args.if_absent
        && let Some(node) = existing::live(context, &account, &page, &name, "nothing was created").await?
    {
        let currency = currency_to_show(context, &account).await?;
        existing::tell(&context.ui, &node, budget, currency);
        return Ok(Made::There(Box::new(node), currency, names));
    }
    let currency = check_minimum(context, &account, budget, days).await?;
    let new = NewCampaign {
        name: &name,
        page: &page,
        budget,
        pixel_id: args.pixel_id.as_deref(),
        start_time: args.start_time,
        end_time: args.end_time,
    };
    let graph = context.graph()?;
    let known = known(context, &account).await;
    let asked = context.graph_time()?;
    let what = |id: &str| format!("campaign{id} {name:?} of Page {page}: {}", budget_text(budget, currency));
    let to_ask =
        ToAsk { call: Call::CreateCampaign { name: name.clone() }, command: "campaign create", what: &what("") };
    let (change, created) = changes::ask(context, &mut ledger, to_ask, graph.create_campaign(&account, &new)).await?;
    let created = match created {
        Err(unclear @ graph::Error::Unclear { .. }) => {
            look_up(context, &account, &new, Before { asked, known }, unclear).await?
        }
        other => other?,
    };
    let id = created.id.clone();
    let read = graph.campaign(&id).await;
    tell(&context.ui, &created);
    let row = names.row(CreatedRow::new(args, created, &new, currency));
    // Whoever stops the wait knows what was created.
    told(&row)?;
    ledger.end_change(&change, &what(&format!(" {id}"))).map_err(|error| {
        Error::from(error).within(format!("campaign {id} is created, but that can't be written down"))
    })?;
    if names.name(page.as_str()).is_none() {
        learn_name(context, &mut ledger, &page).await;
    }
    if args.if_absent {
        existing::until_listed(context, &account, &id, asked.minus(LATELY)).await;
    }
    let wrong = match read {
        Ok(read) => new.difference(&read).map(|difference| {
            Error::refused(format!("campaign {id} was created, but read back it has {difference}"))
                .hint(format!("correct it in Ads Manager before you send, or delete it: mmsg campaign delete {id}"))
        }),
        Err(error) => {
            context.ui.warn(&format!("campaign {id} was created, but can't be read back: {}", Error::from(error)));
            context.ui.hint(&format!("mmsg campaign get {id} shows it"));
            None
        }
    };
    Ok(Made::New(Box::new(row), wrong))
}

/// Nothing depends on it.
async fn learn_name(context: &Context, ledger: &mut Ledger, page: &PageId) {
    let Ok(graph) = context.graph() else { return };
    let learned = match graph.page_name(page).await {
        Ok(Some(name)) => ledger.name_page(page.as_str(), &name).map_err(Error::from),
        Ok(None) => Ok(()),
        Err(error) => Err(Error::from(error)),
    };
    if let Err(error) = learned {
        note!(INFO, "not read", what = "the Page's name", why = Said(&error.to_string()));
    }
}

impl Args {
    fn budget(&self) -> Result<Budget> {
        match (self.daily_budget, self.lifetime_budget) {
            (Some(daily), None) => Ok(Budget::Daily(daily)),
            (None, Some(lifetime)) => Ok(Budget::Lifetime(lifetime)),
            _ => Err(Error::usage("give either --daily-budget or --lifetime-budget")),
        }
    }

    /// The days of the run.
    fn check_times(&self, now: UnixMillis) -> Result<u64> {
        if let Some(start) = self.start_time {
            if start.plus(CLOCK_SKEW) < now {
                return Err(Error::usage(format!("--start-time {start} is in the past: it is {now} now")));
            }
            if start > now.plus(FARTHEST_START) {
                return Err(Error::usage(format!("--start-time {start} is more than 30 days away"))
                    .hint("Meta accepts a start within the next 30 days"));
            }
        }
        let start = self.start_time.unwrap_or(now);
        match self.end_time {
            Some(end) if end <= start => Err(Error::usage(format!("--end-time {end} is not after the start, {start}"))),
            end => Ok(run_days(end.map(|end| end.since(start)))),
        }
    }

    fn name(&self, context: &Context, page: &PageId) -> Result<String> {
        let configured = context.settings.campaign_name.as_ref().map(|name| &name.value);
        let name = match self.name.as_ref().or(configured) {
            Some(name) => name.trim().to_owned(),
            None => format!("Page {page} {}", context.clock.now().timestamp().strftime("%Y-%m-%d")),
        };
        if name.is_empty() {
            return Err(Error::usage("the campaign's name is empty").hint("set one with --name"));
        }
        Ok(name)
    }
}

/// The keys never change.
#[derive(Serialize)]
struct CreatedRow {
    id: String,
    name: Option<String>,
    page_id: Option<String>,
    daily_budget: Option<u64>,
    lifetime_budget: Option<u64>,
    budget: String,
    currency: Option<Currency>,
    start_time: Option<UnixMillis>,
    end_time: Option<UnixMillis>,
    /// False: it was there already.
    created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<Value>,
}

impl CreatedRow {
    fn new(args: &Args, created: Created, new: &NewCampaign<'_>, currency: Option<Currency>) -> Self {
        let amount = money(new.budget.minor(), currency);
        Self {
            id: created.id.to_string(),
            name: Some(new.name.to_owned()),
            page_id: Some(new.page.to_string()),
            daily_budget: args.daily_budget,
            lifetime_budget: args.lifetime_budget,
            budget: match new.budget {
                Budget::Daily(_) => format!("{amount} per day on average"),
                Budget::Lifetime(_) => format!("{amount} in total"),
            },
            currency,
            start_time: args.start_time,
            end_time: args.end_time,
            created: true,
            info: created.info,
            warning: created.warning,
        }
    }

    /// Of one that is there.
    fn of(node: CampaignNode, currency: Option<Currency>) -> Self {
        let id = node.id.to_string();
        let row = CampaignRow::new(node, currency);
        let budget = row.budget();
        let CampaignRow { name, page_id, daily_budget, lifetime_budget, start_time, end_time, .. } = row;
        Self {
            id,
            name,
            page_id,
            daily_budget,
            lifetime_budget,
            budget,
            currency,
            start_time,
            end_time,
            created: false,
            info: None,
            warning: None,
        }
    }
}

impl OnAPage for CreatedRow {
    fn page(&self) -> Option<&str> {
        self.page_id.as_deref()
    }
}

impl Record for CreatedRow {
    const PLURAL: &'static str = "campaigns";
    const COLUMNS: &'static [&'static str] = &["id", "name", "Page", "budget"];
    const EXPENDABLE: &'static [&'static str] = &["budget", "Page"];

    fn cells(&self) -> Vec<String> {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.id.clone(), dash(&self.name), dash(&self.page_id), self.budget.clone()]
    }
}

fn tell(ui: &Ui, created: &Created) {
    if let Some(info) = &created.info {
        ui.status(&format!("Meta says: {}", plain(info)));
    }
    if let Some(warning) = &created.warning {
        ui.warn(&format!("Meta says: {}", plain(warning)));
    }
}

/// The shapes of `info` and `warning` are not documented: text as it is, an object's message, else JSON.
fn plain(value: &Value) -> String {
    let text = value.as_str().or_else(|| value.get("message").and_then(Value::as_str));
    text.map_or_else(|| value.to_string(), str::to_owned)
}
