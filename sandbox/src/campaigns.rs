//! Campaigns: what one create call makes (campaign, ad set and ad, each with its own ID), and the ordinary ads among them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::chance;
use super::params::Params;
use super::reply::Refusal;
use super::world::World;

const DAY: i64 = 86_400_000;

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

/// The kind of object that an ID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ad,
    AdSet,
    Campaign,
    Creative,
}

/// The status of each of the three objects.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    pub ad: Status,
    pub ad_set: Status,
    pub campaign: Status,
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
        } else {
            self.ad.name()
        }
    }
}

/// One campaign with its ad set, ad and creative. Times are milliseconds since 1970.
#[derive(Debug)]
pub struct Campaign {
    pub ad_id: Arc<str>,
    pub ad_set_id: String,
    pub campaign_id: String,
    pub creative_id: String,
    pub account: Arc<str>,
    pub page: String,
    pub name: String,
    pub daily_budget: Option<i64>,
    pub lifetime_budget: Option<i64>,
    pub pixel_id: Option<String>,
    pub starts_at: i64,
    pub ends_at: Option<i64>,
    pub created_at: i64,
    /// False for an ordinary ad.
    pub direct_send: bool,
    pub accepted: AtomicU64,
    switches: Mutex<Switches>,
}

impl Campaign {
    pub fn switches(&self) -> Switches {
        *self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, kind: Kind, status: Status) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        match kind {
            Kind::Ad => switches.ad = status,
            Kind::AdSet => switches.ad_set = status,
            Kind::Campaign => switches.campaign = status,
            Kind::Creative => {}
        }
    }

    pub fn is_deleted(&self) -> bool {
        self.switches().effective() == "DELETED"
    }
}

/// All campaigns, in order of creation; IDs are never reused.
#[derive(Debug, Default)]
pub struct Campaigns {
    all: Vec<Arc<Campaign>>,
    by_id: HashMap<String, (Kind, Arc<Campaign>)>,
}

impl Campaigns {
    pub fn get(&self, id: &str) -> Option<(Kind, Arc<Campaign>)> {
        self.by_id.get(id).map(|(kind, campaign)| (*kind, Arc::clone(campaign)))
    }

    /// With its index in order of creation.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (usize, &Arc<Campaign>)> {
        self.all.iter().enumerate()
    }

    pub fn count(&self) -> usize {
        self.all.iter().filter(|campaign| campaign.direct_send).count()
    }

    fn ordinary(&self) -> usize {
        self.all.len() - self.count()
    }

    fn add(&mut self, campaign: Campaign) -> Arc<Campaign> {
        let campaign = Arc::new(campaign);
        for (id, kind) in [
            (&*campaign.ad_id, Kind::Ad),
            (campaign.ad_set_id.as_str(), Kind::AdSet),
            (campaign.campaign_id.as_str(), Kind::Campaign),
            (campaign.creative_id.as_str(), Kind::Creative),
        ] {
            self.by_id.insert(id.to_owned(), (kind, Arc::clone(&campaign)));
        }
        self.all.push(Arc::clone(&campaign));
        campaign
    }
}

/// Creates half of the ordinary ads at the start; the others come between the campaigns.
pub fn furnish(world: &World) {
    let mut campaigns = world.campaigns_mut();
    for _ in 0..world.options.ordinary_ads.div_ceil(2) {
        add_ordinary(world, &mut campaigns);
    }
}

fn add_ordinary(world: &World, campaigns: &mut Campaigns) {
    let n = campaigns.ordinary();
    let account: Arc<str> = world.options.ad_accounts.first().map_or("0", String::as_str).into();
    let now = world.now();
    let blank = blank(world, campaigns.all.len(), account, format!("Ordinary ad {}", n + 1), now);
    campaigns.add(Campaign { direct_send: false, daily_budget: Some(500), ..blank });
}

fn blank(world: &World, n: usize, account: Arc<str>, name: String, now: i64) -> Campaign {
    let seed = world.options.seed;
    let id = |what: &str| chance::digits("1202", 14, chance::draw(seed, "id", what, n as u64));
    Campaign {
        ad_id: id("ad").into(),
        ad_set_id: id("adset"),
        campaign_id: id("campaign"),
        creative_id: id("creative"),
        account,
        page: world.options.pages.first().cloned().unwrap_or_default(),
        name,
        daily_budget: None,
        lifetime_budget: None,
        pixel_id: None,
        starts_at: now,
        ends_at: None,
        created_at: now,
        direct_send: true,
        accepted: AtomicU64::new(0),
        switches: Mutex::new(Switches { ad: Status::Active, ad_set: Status::Active, campaign: Status::Active }),
    }
}

/// `POST /act_X/message_campaign`.
pub fn create(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    let name = params.text("name").ok_or_else(|| Refusal::parameter("The parameter name is required"))?;
    let page = params.text("page_id").ok_or_else(|| Refusal::new(2_300_065))?;
    if !world.options.pages.contains(&page) {
        return Err(Refusal::new(2_300_039));
    }
    let now = world.now();
    let starts_at = match params.text("start_time") {
        None => now,
        Some(text) => {
            let at = world.parse_time(&text).ok_or_else(|| Refusal::parameter("start_time is not a valid time"))?;
            // The caller's clock may be a little slow.
            if at < now - 300_000 {
                return Err(Refusal::parameter("start_time must be now or later"));
            }
            if at > now + 30 * DAY {
                return Err(Refusal::parameter("start_time must be within 30 days from now"));
            }
            at
        }
    };
    let ends_at = match params.text("end_time") {
        None => None,
        Some(text) => {
            let at = world.parse_time(&text).ok_or_else(|| Refusal::parameter("end_time is not a valid time"))?;
            if at <= starts_at.max(now) {
                return Err(Refusal::parameter("end_time must be after start_time"));
            }
            Some(at)
        }
    };
    let daily_budget = params.whole("daily_budget")?;
    let lifetime_budget = params.whole("lifetime_budget")?;
    let minimum = minimum_daily(&world.options.currency);
    let mut answer = Map::new();
    let wanted = match (daily_budget, lifetime_budget) {
        (Some(_), Some(_)) => {
            return Err(Refusal::parameter("Only one of daily_budget and lifetime_budget can be given"));
        }
        (None, None) if world.options.require_budget => return Err(Refusal::new(2_300_007)),
        (None, None) => {
            answer.insert(
                "info".to_owned(),
                json!({ "message": "No budget was given. An estimated daily cap applies.", "estimated_daily_cap": minimum * 20 }),
            );
            None
        }
        (Some(daily), None) => Some((daily, minimum, "daily_budget")),
        (None, Some(lifetime)) => {
            let days = ends_at.map_or(30, |end| ((end - starts_at) + DAY - 1) / DAY);
            Some((lifetime, minimum * days.max(1), "lifetime_budget"))
        }
    };
    if let Some((budget, least, which)) = wanted {
        if budget <= 0 {
            return Err(Refusal::parameter(format!("{which} must be greater than 0")));
        }
        if budget < least {
            return Err(Refusal::parameter(format!("{which} {budget} is below the minimum of {least}"))
                .subcode(1_885_272)
                .user(
                    "Your budget is too low",
                    format!("Use at least {least} in the smallest unit of {}.", world.options.currency),
                ));
        }
        // Exactly the minimum is what Meta's guidance names, so it gets no warning.
        if budget > least && budget < least.saturating_mul(2) {
            answer.insert(
                "warning".to_owned(),
                json!("The budget is lower than the reference for this Page. Delivery may be limited."),
            );
        }
    }
    let mut campaigns = world.campaigns_mut();
    let blank = blank(world, campaigns.all.len(), account.into(), name, now);
    let campaign = campaigns.add(Campaign {
        page,
        daily_budget,
        lifetime_budget,
        pixel_id: params.text("pixel_id"),
        starts_at,
        ends_at: ends_at.or_else(|| lifetime_budget.map(|_| starts_at + 30 * DAY)),
        ..blank
    });
    if campaigns.ordinary() < world.options.ordinary_ads as usize {
        add_ordinary(world, &mut campaigns);
    }
    world.stats.created.fetch_add(1, Relaxed);
    let mut created = Map::new();
    created.insert("id".to_owned(), json!(&*campaign.ad_id));
    created.extend(answer);
    Ok(Value::Object(created))
}

/// The minimum daily budget, in the currency's smallest unit.
pub fn minimum_daily(currency: &str) -> i64 {
    match currency {
        "THB" => 3300,
        "JPY" => 150,
        "TWD" => 33,
        "VND" => 25_000,
        "IDR" => 16_000,
        "INR" => 9000,
        "BRL" => 600,
        "MXN" => 2000,
        _ => 100,
    }
}
