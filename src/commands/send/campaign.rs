//! What a send must know about its campaign before anything is planned.

use crate::campaign::{Budget, CampaignId};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::scope::refuse_other_page;
use crate::error::{Error, Result};
use crate::graph::{self, Kind, Obstacle};
use crate::send::outcome::CampaignTimes;
use crate::text;

/// Why a campaign can't be sent with.
pub enum Unfit {
    /// Something is wrong with this campaign: others may do.
    Campaign(Error),
    /// Nothing can be sent at all.
    Everything(Error),
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self::Everything(error)
    }
}

impl From<graph::Error> for Unfit {
    fn from(error: graph::Error) -> Self {
        if error.is_final() { Self::Campaign(error.into()) } else { Self::Everything(error.into()) }
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Campaign(error) | Unfit::Everything(error) => error,
        }
    }
}

pub struct CampaignFacts {
    pub id: CampaignId,
    pub name: Option<String>,
    /// `creative.actor_id`, if Graph returns it.
    pub page: Option<String>,
    pub times: CampaignTimes,
    pub end: Option<UnixMillis>,
    pub budget: Option<Budget>,
    /// Why Graph would refuse every send now.
    pub obstacle: Option<Obstacle>,
}

impl CampaignFacts {
    /// Reads the campaign: by the ID itself or, if that is not a message's, translated with the account's list. Also compares the
    /// clock with Graph's: exit 3 if they are more than 10 minutes apart.
    pub async fn read(context: &Context, id: &str) -> Result<Self, Unfit> {
        let id = CampaignId::parse(id).map_err(Error::usage)?;
        let graph = context.graph()?;
        let account = context.ad_account()?;
        let node = graph.find_campaign(&account, &id).await?;
        let now = context.graph_clock()?.now();
        if node.id.as_str() != id.as_str() {
            context.ui.status(&format!("{} is not a message ID; sending with {}", id.as_str(), node.id.as_str()));
        }
        let other = match node.kind {
            Kind::DirectSend | Kind::Unknown => None,
            Kind::Pool => Some("a message campaign whose recipients Meta picks, not one to send with"),
            Kind::OrdinaryAd => Some("an ordinary ad, not a marketing message campaign"),
        };
        if let Some(other) = other {
            return Err(Unfit::Campaign(
                Error::refused(format!("{id} is {other}; nothing was planned or sent"))
                    .hint("mmsg campaign list shows the campaigns you can send with"),
            ));
        }
        // Graph refuses to send with it (2300014), but only once the list is planned.
        if let Some(other) = node.ad_account.as_ref().filter(|other| **other != account) {
            return Err(Unfit::Campaign(Error::refused(format!(
                "campaign {id} belongs to ad account {other}, but the profile's is {account}; nothing was planned or sent"
            ))
            .hint("choose that ad account's profile with --profile, or use another campaign")));
        }
        if let Some(status) = node.status.as_deref().filter(|status| matches!(*status, "DELETED" | "ARCHIVED")) {
            return Err(Unfit::Campaign(
                Error::refused(format!("campaign {id} is {}; nothing was planned or sent", status.to_lowercase()))
                    .hint("mmsg campaign list shows the campaigns you can send with"),
            ));
        }
        Ok(Self {
            obstacle: node.obstacle(now),
            name: node.name,
            page: node.page,
            times: CampaignTimes {
                created_at: node.created_time,
                changed_at: node.changed_time,
                start: node.start_time,
            },
            end: node.end_time,
            budget: node.lifetime_budget.map(Budget::Lifetime).or(node.daily_budget.map(Budget::Daily)),
            id: node.id,
        })
    }

    /// A campaign of another Page would reach that Page's people: exit 5.
    pub fn refuse_other_page(&self, context: &Context) -> Result<(), Unfit> {
        let page = context.page()?;
        if self.page.is_none() {
            context.ui.warn(&format!(
                "Graph does not say which Page campaign {} belongs to; assuming Page {}",
                self.shown(),
                page.as_str()
            ));
        }
        refuse_other_page(context, &self.shown(), self.page.as_deref(), "nothing was planned or sent")
            .map_err(Unfit::Campaign)
    }

    /// Says why nothing can be sent with it now, before the list is read.
    pub fn refuse_obstacle(&self) -> Result<(), Unfit> {
        let Some((why, hint)) = self.obstacle.as_ref().map(|obstacle| told(obstacle, &self.id)) else { return Ok(()) };
        let error = Error::refused(format!("campaign {} {why}; nothing was planned or sent", self.shown())).hint(hint);
        Err(Unfit::Campaign(error))
    }

    /// What is pending of a campaign that has ended is skipped by its run; any other obstacle ends its turn.
    pub fn refuse_obstacle_of_resume(&self, context: &Context) -> Result<(), Unfit> {
        match self.obstacle {
            Some(Obstacle::Ended(_)) => {
                self.warn_of_obstacle(context);
                Ok(())
            }
            _ => self.refuse_obstacle(),
        }
    }

    /// The same as a warning, for what may go on.
    pub fn warn_of_obstacle(&self, context: &Context) {
        if let Some((why, hint)) = self.obstacle.as_ref().map(|obstacle| told(obstacle, &self.id)) {
            context.ui.warn(&format!("campaign {} {why}, so nothing can be sent with it", self.shown()));
            context.ui.hint(&hint);
        }
    }

    /// The ID, and the name if there is one.
    pub fn shown(&self) -> String {
        text::with_name(self.id.as_str(), self.name.as_deref())
    }
}

/// Completes "campaign …", and what to do.
fn told(obstacle: &Obstacle, id: &CampaignId) -> (String, String) {
    let turn_on = format!(
        "turn it on with mmsg campaign resume {id}, then run again; mmsg campaign get {id} shows which part is off"
    );
    match obstacle {
        Obstacle::Paused(what) if what == "campaign" => ("is paused".to_owned(), turn_on),
        Obstacle::Paused(what) => (format!("is paused: its {what}"), turn_on),
        Obstacle::Disapproved => (
            "is disapproved by Meta".to_owned(),
            "Ads Manager shows the reason; fix it there, or create a new campaign".to_owned(),
        ),
        Obstacle::PendingBilling => (
            "waits for billing information of the ad account".to_owned(),
            "fix the ad account's payment method in Meta's billing settings, then run again".to_owned(),
        ),
        Obstacle::Ended(end) => (
            format!("ended at {end}"),
            format!(
                "set a later end with mmsg campaign edit {id} --end-time TIME, or create a new campaign; mmsg send --resume skips \
                 what is pending of this one"
            ),
        ),
    }
}
