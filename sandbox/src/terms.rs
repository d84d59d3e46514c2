//! What may change about a campaign after it was created.

use super::budgets::Budgets;
use super::campaigns::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Paused,
    Archived,
    Deleted,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Archived => "ARCHIVED",
            Self::Deleted => "DELETED",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Archived, Self::Deleted].into_iter().find(|status| status.name() == name)
    }
}

/// What keeps an ad that is on from being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    Disapproved,
    PendingBillingInfo,
}

impl Review {
    pub fn name(self) -> &'static str {
        match self {
            Self::Disapproved => "DISAPPROVED",
            Self::PendingBillingInfo => "PENDING_BILLING_INFO",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Disapproved, Self::PendingBillingInfo].into_iter().find(|review| review.name() == name)
    }

    /// What sends are refused with.
    pub fn code(self) -> i64 {
        match self {
            Self::Disapproved => 2_300_003,
            Self::PendingBillingInfo => 2_300_011,
        }
    }
}

/// The status of each of the three objects.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    pub ad: Status,
    pub ad_set: Status,
    pub campaign: Status,
    pub review: Option<Review>,
    /// When one of them was last turned on.
    pub resumed_at: Option<i64>,
}

impl Switches {
    /// The `effective_status` of the ad.
    pub fn effective(&self) -> &'static str {
        let all = [self.ad, self.ad_set, self.campaign];
        if all.contains(&Status::Deleted) {
            "DELETED"
        } else if all.contains(&Status::Archived) {
            "ARCHIVED"
        } else if self.campaign == Status::Paused {
            "CAMPAIGN_PAUSED"
        } else if self.ad_set == Status::Paused {
            "ADSET_PAUSED"
        } else if self.ad == Status::Paused {
            self.ad.name()
        } else {
            self.review.map_or(self.ad.name(), Review::name)
        }
    }

    /// The `effective_status` of the ad set.
    pub fn effective_set(&self) -> &'static str {
        match self.campaign {
            Status::Deleted => "DELETED",
            Status::Paused if self.ad_set == Status::Active => "CAMPAIGN_PAUSED",
            _ => self.ad_set.name(),
        }
    }

    pub fn of(&self, kind: Kind) -> Status {
        match kind {
            Kind::Ad | Kind::Creative => self.ad,
            Kind::AdSet => self.ad_set,
            Kind::Campaign => self.campaign,
        }
    }
}

/// Three objects have three names.
#[derive(Clone, Debug)]
pub struct Names {
    pub ad: String,
    pub ad_set: String,
    pub campaign: String,
}

#[derive(Clone, Debug)]
pub struct Terms {
    pub switches: Switches,
    pub names: Names,
    /// The ad set's.
    pub budgets: Budgets,
    pub ends_at: Option<i64>,
    /// When the budget was changed, for Meta's limit of four times per hour.
    pub budget_changes: Vec<i64>,
    updated: [i64; 3],
}

impl Terms {
    pub fn new(name: &str, budgets: Budgets, ends_at: Option<i64>, now: i64) -> Self {
        let names = Names { ad: name.to_owned(), ad_set: format!("{name} message set"), campaign: name.to_owned() };
        let switches = Switches {
            ad: Status::Active,
            ad_set: Status::Active,
            campaign: Status::Active,
            review: None,
            resumed_at: None,
        };
        Self { switches, names, budgets, ends_at, budget_changes: Vec::new(), updated: [now; 3] }
    }

    pub fn set(&mut self, kind: Kind, status: Status) {
        match kind {
            Kind::Ad => self.switches.ad = status,
            Kind::AdSet => self.switches.ad_set = status,
            Kind::Campaign => self.switches.campaign = status,
            Kind::Creative => {}
        }
    }

    pub fn name(&mut self, kind: Kind) -> &mut String {
        match kind {
            Kind::Ad | Kind::Creative => &mut self.names.ad,
            Kind::AdSet => &mut self.names.ad_set,
            Kind::Campaign => &mut self.names.campaign,
        }
    }

    /// When this object was last changed.
    pub fn updated(&mut self, kind: Kind) -> &mut i64 {
        let [ad, ad_set, campaign] = &mut self.updated;
        match kind {
            Kind::Ad | Kind::Creative => ad,
            Kind::AdSet => ad_set,
            Kind::Campaign => campaign,
        }
    }
}
