//! `mmsg send --dry-run`: what a send would do.

use std::collections::BTreeMap;

use serde::Serialize;

use super::campaign::CampaignFacts;
use super::canary::{CanaryArgs, DryCanary};
use super::columns::ValueCheck;
use super::cost::{self, Cost};
use super::forecast;
use super::money::{Money, SpendTotals};
use super::plan::{self, ListSource};
use super::split::Sent;
use super::timing::{Timing, Until};
use crate::audience::ListTally;
use crate::campaign::Amount;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::lists;
use crate::commands::signals::Signals;
use crate::error::{Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::plan::{DryPlan, PlanTerms};
use crate::ledger::spending::Spending;
use crate::ledger::split::{Arms, Split};
use crate::rate::Rate;
use crate::text;
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

/// A send that is only looked at.
pub struct DryRun<'a> {
    pub source: ListSource<'a>,
    pub sent: Sent,
    pub key: &'a BroadcastKey<'a>,
    pub which: Which,
    pub campaign: &'a CampaignFacts,
    pub timing: &'a Timing,
    pub money: Option<Money>,
    pub cost_per_delivery: Option<Amount>,
    pub rate: Rate,
    pub until: Option<Until>,
    pub canary: &'a CanaryArgs,
    pub terms: PlanTerms,
}

impl DryRun<'_> {
    /// Nothing is written: the ledger is only read, and without one a temporary file is used.
    pub async fn look(self, context: &Context, signals: &Signals) -> Result<Looked> {
        let Self { source, sent, key, which, campaign, timing, money, cost_per_delivery, rate, until, canary, terms } =
            self;
        let ledger = match Ledger::open_read_only(context.ledger_address()?)? {
            Some(ledger) => ledger,
            None => Ledger::temporary()?,
        };
        ledger.refuse_other_host(context.settings.graph_url.value.as_str())?;
        ledger.refuse_closed()?;
        let clock = ledger.clock_by(context.graph_clock()?)?;
        ledger.refuse_clock_behind(clock.now())?;
        let mut list = plan::read(context, signals, source, &sent.messages, &ledger, std::env::temp_dir()).await?;
        lists::tell_tokens(&list.tally, &context.ui);
        let broadcast = ledger.find_broadcast(key, which)?;
        let hours = broadcast.as_ref().map_or(timing.hours_of_new(), |broadcast| timing.over(broadcast).0);
        let rivals = ledger.rivals_of(broadcast.as_ref(), key, which.new_message)?;
        // In the order of its first command, by which rows name the arms.
        let sent = match &broadcast {
            Some(broadcast) if broadcast.split.is_some() => Sent::of(broadcast)?,
            _ => sent,
        };
        let arms = sent.split.as_ref().map(|split| Arms::new(split, key.page, key.campaign, key.fingerprint));
        let mut values = ValueCheck::new(&sent.messages);
        let until = Until::over(until, broadcast.as_ref().and_then(|broadcast| broadcast.until));
        let end = [campaign.end, until].into_iter().flatten().min();
        let terms = PlanTerms { now: clock.now(), hours, end, ..terms };
        let (known, rivals) = (broadcast.as_ref(), (&rivals, arms.as_ref()));
        let dry = ledger.dry_plan(known, rivals, &mut list.spool, terms, &mut |arm, row| values.row(arm, row))?;
        values.tell(&context.ui);
        let canary = canary.dry(&ledger, known, terms.now, dry.now)?;
        let cost = cost::read(context, campaign, dry.now + dry.later, cost_per_delivery).await;
        let spending = money.map(|money| money.spending(&ledger, key.ad_account, clock.now())).transpose()?.flatten();
        let pace = forecast::pace(rate, ledger.pace_of(key.ad_account)?.as_ref());
        let mut totals = DryTotals::new(campaign, &list.tally, dry, sent.split.as_ref(), cost);
        totals.canary = canary;
        totals.sends_per_second = pace;
        totals.takes_seconds = pace.map(|pace| forecast::duration(totals.would_send, pace).as_secs());
        totals.spend = spending.map(SpendTotals::from);
        let short = totals.too_little(spending.as_ref());
        Ok(Looked { totals, short })
    }
}

/// What a look at a send came to.
pub struct Looked {
    pub totals: DryTotals,
    /// Where the money ends before the people do.
    short: Vec<String>,
}

impl Looked {
    pub fn print(self, ui: &Ui) -> Result<Exit> {
        ui.object(&self.totals)?;
        if ui.format() == Format::Table && self.totals.would_wait_until.len() > 1 {
            ui.list(&self.totals.histogram())?;
        }
        self.warn(ui);
        ui.status(NOTHING);
        Ok(Exit::Done)
    }

    pub fn warn(&self, ui: &Ui) {
        self.short.iter().for_each(|part| ui.warn(part));
    }
}

/// How a look ends.
pub const NOTHING: &str = "dry run: nothing was sent or written";

/// What a send would do.
#[derive(Clone, Debug, Serialize)]
pub struct DryTotals {
    pub dry_run: bool,
    pub campaign: String,
    pub campaign_name: Option<String>,
    pub rows: u64,
    pub rejected: u64,
    pub duplicates: u64,
    /// Recipients who would get a request immediately.
    pub would_send: u64,
    /// Recipients who would have to wait, the first until `next_run_at`.
    pub would_wait: u64,
    /// Why they would have to wait.
    pub would_wait_for: BTreeMap<&'static str, u64>,
    /// From which hour on they would be sent to.
    pub would_wait_until: Vec<HourOfPeople>,
    pub would_skip: BTreeMap<&'static str, u64>,
    /// Recipients who already have an outcome in this broadcast.
    pub settled: BTreeMap<&'static str, u64>,
    /// Of those who would be sent to, now or later, by the arm of a split.
    pub arms: BTreeMap<String, u64>,
    /// Who would get the message before the others.
    pub canary: Option<DryCanary>,
    pub next_run_at: Option<UnixMillis>,
    /// The pace that the ad account allows, as far as it is known; none: as fast as Graph answers.
    pub sends_per_second: Option<f64>,
    /// How long the sends that may go out now take at this pace.
    pub takes_seconds: Option<u64>,
    #[serde(flatten)]
    pub cost: Cost,
    /// Under a spend limit: how the ad account stands.
    pub spend: Option<SpendTotals>,
}

/// So many people in the hour that begins then.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HourOfPeople {
    pub hour: UnixMillis,
    pub people: u64,
}

impl DryTotals {
    pub fn new(campaign: &CampaignFacts, tally: &ListTally, dry: DryPlan, split: Option<&Split>, cost: Cost) -> Self {
        let name = |arm: i64| split.and_then(|split| split.arm(Some(arm))).map(|arm| arm.name.clone());
        Self {
            dry_run: true,
            campaign: campaign.id.to_string(),
            campaign_name: campaign.name.clone(),
            rows: tally.rows,
            rejected: tally.bad,
            duplicates: dry.duplicates,
            would_send: dry.now,
            would_wait: dry.later,
            would_wait_for: dry.waits,
            would_wait_until: dry
                .by_hour
                .into_iter()
                .map(|(hour, people)| HourOfPeople { hour: UnixMillis::of_hour(hour), people })
                .collect(),
            would_skip: dry.skipped,
            settled: dry.settled.into_iter().map(|(state, n)| (state.name(), n)).collect(),
            arms: dry.by_arm.into_iter().filter_map(|(arm, people)| Some((name(arm)?, people))).collect(),
            canary: None,
            next_run_at: dry.next_at,
            sends_per_second: None,
            takes_seconds: None,
            cost,
            spend: None,
        }
    }
}

impl DryTotals {
    fn histogram(&self) -> Vec<Bar> {
        let most = self.would_wait_until.iter().map(|hour| hour.people).max().unwrap_or(0);
        self.would_wait_until.iter().map(|hour| Bar { hour: *hour, most }).collect()
    }

    /// Where the money ends before the people do.
    fn too_little(&self, spending: Option<&Spending>) -> Vec<String> {
        let people = self.would_send + self.would_wait;
        let budget = self.cost.budget_kind.zip(self.cost.budget_pays_for);
        let budget = budget.map(|(kind, pays_for)| (format!("what is left of the {kind} budget"), pays_for));
        let limit = spending.map(|spending| ("what is left under the spend limit".to_owned(), spending.affords()));
        let short = budget.into_iter().chain(limit).filter(|(_, pays_for)| *pays_for < people);
        short
            .map(|(what, pays_for)| {
                format!(
                    "{what} pays for about {} of {}",
                    text::thousands(pays_for),
                    text::count(people, "message", "messages")
                )
            })
            .collect()
    }
}

/// An hour's line in the histogram for people.
#[derive(Serialize)]
struct Bar {
    #[serde(flatten)]
    hour: HourOfPeople,
    #[serde(skip)]
    most: u64,
}

impl Record for Bar {
    const PLURAL: &'static str = "hours";
    const COLUMNS: &'static [&'static str] = &["would wait until", "people", ""];

    fn cells(&self) -> Vec<String> {
        const WIDEST: u64 = 30;
        let bar = (self.hour.people * WIDEST).div_ceil(self.most.max(1));
        vec![
            self.hour.hour.to_string(),
            text::thousands(self.hour.people),
            "#".repeat(usize::try_from(bar).unwrap_or(0)),
        ]
    }
}

impl Record for DryTotals {
    const PLURAL: &'static str = "totals";
    const EXPENDABLE: &'static [&'static str] = &[
        "rejected",
        "duplicates",
        "arms",
        "canary",
        "settled",
        "spend limit",
        "would wait for",
        "next run at",
        "rows",
        "would skip",
        "cost",
        "time",
    ];
    const COLUMNS: &'static [&'static str] = &[
        "campaign",
        "rows",
        "rejected",
        "duplicates",
        "would send",
        "would wait",
        "would wait for",
        "would skip",
        "settled",
        "arms",
        "canary",
        "next run at",
        "time",
        "cost",
        "spend limit",
    ];

    fn cells(&self) -> Vec<String> {
        let parts = |parts: &BTreeMap<&str, u64>| {
            parts.iter().map(|(what, n)| format!("{what} {}", text::thousands(*n))).collect::<Vec<_>>().join(", ")
        };
        vec![
            text::with_name(&self.campaign, self.campaign_name.as_deref()),
            text::thousands(self.rows),
            text::thousands(self.rejected),
            text::thousands(self.duplicates),
            text::thousands(self.would_send),
            text::thousands(self.would_wait),
            parts(&self.would_wait_for),
            parts(&self.would_skip),
            parts(&self.settled),
            self.arms.iter().map(|(name, n)| format!("{name} {}", text::thousands(*n))).collect::<Vec<_>>().join(", "),
            self.canary.as_ref().map(DryCanary::text).unwrap_or_default(),
            self.next_run_at.map(|at| at.to_string()).unwrap_or_default(),
            if self.would_send > 0 { forecast::time(self.would_send, self.sends_per_second) } else { String::new() },
            self.cost.text(),
            self.spend.as_ref().map(SpendTotals::text).unwrap_or_default(),
        ]
    }
}
