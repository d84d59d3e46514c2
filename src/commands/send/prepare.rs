//! A send up to its first request: campaign and message are checked, then the list is planned.

use super::campaign::CampaignFacts;
use super::canary::CanaryRun;
use super::confirm::Question;
use super::dry_run::DryRun;
use super::money::Money;
use super::plan::{self, List};
use super::results::Results;
use super::split::Sent;
use super::timing::{self, Timing, Until};
use super::totals::{Counted, Course, Totals};
use super::turn::{Turn, TurnEnd};
use super::{Args, tell_retried};
use crate::audience::ListTally;
use crate::campaign::{AdAccount, PageId};
use crate::clock::{Clock, UnixMillis};
use crate::commands::campaign::existing;
use crate::commands::context::Context;
use crate::commands::deletions;
use crate::commands::output::Outputs;
use crate::commands::signals::Signals;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::broadcasts::{Broadcast, BroadcastKey};
use crate::ledger::plan::{PlanTerms, Planned};
use crate::send::job::Limits;
use crate::send::writer_thread::Desk;
use crate::times::REQUEST_TIMEOUT;
use crate::times::hours::Hours;

/// What is to be sent, and with which campaign; the ledger has nothing of it yet.
pub struct Offer {
    sent: Sent,
    /// The first message as it was given.
    message: String,
    facts: CampaignFacts,
    page: PageId,
    ad_account: AdAccount,
    until: Option<Until>,
    timing: Timing,
    money: Option<Money>,
    clock: Clock,
}

/// What became of a list.
pub enum Planning {
    /// It has no rows.
    Empty(List),
    Done(Box<Ready>, Ledger, Box<Results>),
}

/// A list that is planned.
pub struct Ready {
    pub broadcast: Broadcast,
    pub facts: CampaignFacts,
    pub clock: Clock,
    sent: Sent,
    tally: ListTally,
    planned: Planned,
    money: Option<Money>,
    end: Option<UnixMillis>,
    /// Sends of dead runs that were made unknown.
    buried: u64,
}

impl Offer {
    /// Reads the campaign and holds everything against it that needs no ledger.
    ///
    /// # Errors
    /// What would make Graph refuse every send, and a clock that is off.
    pub async fn check(context: &Context, args: &Args, sent: Sent) -> Result<Self> {
        let campaign = campaign_of(context, args).await?;
        let facts = CampaignFacts::read(context, &campaign).await?;
        let clock = context.graph_clock()?;
        facts.refuse_other_page(context)?;
        if args.dry_run {
            facts.warn_of_obstacle(context);
        } else {
            facts.refuse_obstacle()?;
        }
        let until = args.timing.until(context, args.until.as_ref(), clock.now())?;
        let timing = args.timing.read(context, clock.now())?;
        timing.refuse_end(&facts, until)?;
        let money = args.money.read(context, clock.now()).await?;
        let (page, ad_account) = (context.page()?, context.ad_account()?);
        Ok(Self { message: sent.first_json(), sent, facts, page, ad_account, until, timing, money, clock })
    }

    /// What names the broadcast.
    pub fn key(&self) -> BroadcastKey<'_> {
        BroadcastKey {
            page: self.page.as_str(),
            ad_account: self.ad_account.as_str(),
            campaign: self.facts.id.as_str(),
            fingerprint: self.sent.fingerprint,
            message: &self.message,
            split: self.sent.split.as_ref(),
        }
    }

    /// With what an earlier command of the same broadcast said.
    fn terms(&self, args: &Args, now: UnixMillis, hours: Hours, kept: Option<UnixMillis>) -> PlanTerms {
        PlanTerms {
            now,
            end: end(&self.facts, self.until, kept),
            campaign_made_at: self.facts.times.created_at,
            allow_restored: args.allow_restored,
            hours,
        }
    }

    /// The same send, only looked at.
    pub fn dry_run<'a>(
        &'a self,
        args: &'a Args,
        outputs: &'a Outputs,
        key: &'a BroadcastKey<'a>,
        limits: &Limits,
    ) -> DryRun<'a> {
        DryRun {
            source: args.source(outputs),
            sent: self.sent.clone(),
            key,
            which: args.which(),
            campaign: &self.facts,
            timing: &self.timing,
            money: self.money,
            cost_per_delivery: args.money.cost_per_delivery(),
            rate: limits.rate,
            until: self.until,
            canary: &args.canary,
            terms: self.terms(args, self.clock.now(), Hours::default(), None),
        }
    }

    /// Reads the list and plans it. `results` is asked for once the list is known to have rows: a results file that can't be opened is
    /// reported before anything is planned.
    ///
    /// # Errors
    /// What is wrong with the list, the ledger or the clock; exit 130 or 143 when somebody asks to stop.
    pub async fn plan(
        self,
        context: &Context,
        args: &Args,
        signals: &Signals,
        outputs: &Outputs,
        results: impl FnOnce() -> Result<Results>,
    ) -> Result<Planning> {
        let host = context.settings.graph_url.value.as_str();
        let mut ledger = context.open_ledger()?;
        ledger.refuse_other_host(host)?;
        ledger.refuse_closed()?;
        let clock = ledger.clock_by(self.clock)?;
        ledger.refuse_clock_behind(clock.now())?;
        let buried = ledger.bury_dead_runs(&clock, context.cool_down())?;
        ledger.finish_closes()?;
        deletions::finish_cut(context, &mut ledger).await?;
        let folder = ledger.folder().to_owned();
        let list = plan::read(context, signals, args.source(outputs), &self.sent.messages, &ledger, folder).await?;
        if list.spool.rows == 0 {
            return Ok(Planning::Empty(list));
        }
        let mut results = results()?;
        let key = self.key();
        args.canary.refuse_without(&ledger, ledger.find_broadcast(&key, args.which())?.as_ref())?;
        let mut broadcast = ledger.open_broadcast(&key, args.which(), host, clock.now())?;
        if let Some(name) = &self.facts.name {
            ledger.name_campaign(self.facts.id.as_str(), name)?;
        }
        if let Some(label) = &args.label
            && let Some(before) = ledger.set_label(&mut broadcast, label)?
        {
            context
                .ui
                .status(&format!("broadcast {} was labeled {before:?}; it is labeled {label:?} now", broadcast.id));
        }
        let (hours, min_gap) = self.timing.over(&broadcast);
        ledger.set_timing(&mut broadcast, hours, min_gap)?;
        let until = Until::over(self.until, broadcast.until);
        ledger.set_until(&mut broadcast, until)?;
        timing::tell(context, &broadcast);
        args.canary.apply(context, &mut ledger, broadcast.id, clock.now())?;
        if !args.retry_refused.is_empty() {
            tell_retried(context, &ledger.retry_refused(broadcast.id, &args.retry_refused)?);
        }
        // In the order of its first command, by which rows name the arms.
        let sent = if broadcast.split.is_some() { Sent::of(&broadcast)? } else { self.sent.clone() };
        results.name_arms(broadcast.split.as_ref());
        let terms = self.terms(args, clock.now(), broadcast.hours, broadcast.until);
        let (ledger, planned, list) =
            plan::plan(context, signals, ledger, &broadcast, list, &sent.messages, terms).await?;
        results.planned(&ledger, &planned, terms.now)?;
        let (tally, end) = (list.tally, terms.end);
        let Self { facts, money, .. } = self;
        let ready = Ready { broadcast, facts, clock, sent, tally, planned, money, end, buried };
        Ok(Planning::Done(Box::new(ready), ledger, Box::new(results)))
    }
}

impl Ready {
    pub fn listing(&self) -> i64 {
        self.planned.listing
    }

    /// Its listing, and how many people that has.
    pub fn listed(&self) -> (i64, u64) {
        (self.planned.listing, self.planned.people)
    }

    /// What a person is asked about it.
    pub fn asked<'a>(&'a self, args: &'a Args, limits: &'a Limits) -> Question<'a> {
        Question {
            broadcast: &self.broadcast,
            listing: Some(self.listing()),
            campaign: &self.facts,
            sent: &self.sent,
            testers: args.testers.is_given().then(|| args.testers.whom()),
            limits,
            money: self.money,
            cost_per_delivery: args.money.cost_per_delivery(),
        }
    }

    /// Sends to the people of the list.
    ///
    /// # Errors
    /// What ends it before anything is sent, and a ledger that fails.
    pub async fn send(
        &self,
        context: &Context,
        args: &Args,
        signals: &Signals,
        ledger: &Desk,
        limits: &Limits,
        results: &mut Results,
    ) -> Result<TurnEnd> {
        let turn = Turn {
            broadcast: &self.broadcast,
            listing: Some(self.listing()),
            messages: self.sent.messages.clone(),
            campaign: &self.facts,
            end: self.end,
            cool_down: context.cool_down(),
            timeout: REQUEST_TIMEOUT,
            money: self.money,
            awaits_rows: true,
        };
        if args.testers.is_given() {
            // They were chosen by a person, who looks at what they get.
            return turn.run(context, ledger, limits, self.clock, signals, results).await;
        }
        CanaryRun { context, ledger, clock: self.clock, signals }.run(&turn, limits, results).await
    }

    /// How it stands now.
    ///
    /// # Errors
    /// Exit 10 when the ledger can't be read.
    pub async fn count(&self, ledger: &Desk) -> Result<Counted> {
        let (broadcast, listed, clock) = (self.broadcast.id, self.listed(), self.clock);
        Ok(ledger.ask(move |ledger| Counted::of(ledger, broadcast, listed, clock.now())).await?)
    }

    pub fn totals(&self, counted: Counted, course: &Course) -> Totals {
        Totals::of_list(&self.broadcast, &self.facts, &self.tally, &self.planned, counted, course, self.buried)
    }
}

fn end(facts: &CampaignFacts, until: Option<Until>, kept: Option<UnixMillis>) -> Option<UnixMillis> {
    [facts.end, Until::over(until, kept)].into_iter().flatten().min()
}

/// The campaign's ID: that of the flag, of the campaign with this name, or of the profile.
async fn campaign_of(context: &Context, args: &Args) -> Result<String> {
    let Some(name) = &args.campaign_name else {
        let set = context.settings.send.campaign.as_ref().map(|sourced| sourced.value.clone());
        return args.campaign.clone().or(set).ok_or_else(|| {
            Error::usage("no campaign given").hint(
                "use --campaign ID or --campaign-name NAME, or set campaign under [send] in the profile; mmsg campaign list shows the \
                 campaigns",
            )
        });
    };
    let nothing = "nothing was planned or sent";
    let (account, page) = (context.ad_account()?, context.page()?);
    let found = existing::live(context, &account, &page, name.trim(), nothing).await?;
    found.map(|node| node.id.to_string()).ok_or_else(|| {
        Error::refused(format!("Page {page} has no campaign named {name:?}, or it has ended; {nothing}"))
            .hint("mmsg campaign list shows the names; mmsg campaign create makes a campaign")
    })
}
