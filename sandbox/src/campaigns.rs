//! Campaigns: what one create call makes (campaign, ad set and ad, each with its own ID), and the ordinary ads among them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::budgets::{Budgets, minimum_daily};
use super::chance;
use super::params::Params;
use super::reply::Refusal;
use super::terms::{Switches, Terms};
use super::world::World;

const DAY: i64 = 86_400_000;

/// The kind of object that an ID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ad,
    AdSet,
    Campaign,
    Creative,
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
    pub pixel_id: Option<String>,
    pub starts_at: i64,
    pub created_at: i64,
    /// False for an ordinary ad, and for a message campaign whose recipients Meta picks.
    pub direct_send: bool,
    /// `is_message_campaign`.
    pub messages: bool,
    /// What its deliveries cost, in thousandths of the currency's smallest unit.
    pub billed: AtomicU64,
    terms: Mutex<Terms>,
}

impl Campaign {
    pub fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn switches(&self) -> Switches {
        self.terms().switches
    }

    pub fn is_deleted(&self) -> bool {
        self.switches().effective() == "DELETED"
    }

    /// The ID of its object of this kind.
    pub fn id(&self, kind: Kind) -> &str {
        match kind {
            Kind::Ad => &self.ad_id,
            Kind::AdSet => &self.ad_set_id,
            Kind::Campaign => &self.campaign_id,
            Kind::Creative => &self.creative_id,
        }
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
        self.all.iter().filter(|campaign| !campaign.messages).count()
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
    for n in 0..world.options.pool_campaigns {
        add_pool(world, &mut campaigns, n);
    }
}

fn add_ordinary(world: &World, campaigns: &mut Campaigns) {
    let n = campaigns.ordinary();
    let account: Arc<str> = world.options.ad_accounts.first().map_or("0", String::as_str).into();
    let now = world.now();
    let budgets = Budgets { daily: Some(500), lifetime: None };
    let terms = Terms::new(&format!("Ordinary ad {}", n + 1), budgets, None, born(world, now));
    let blank = blank(world, campaigns.all.len(), account, terms, now);
    campaigns.add(Campaign { direct_send: false, messages: false, ..blank });
}

fn add_pool(world: &World, campaigns: &mut Campaigns, n: u32) {
    let account: Arc<str> = world.options.ad_accounts.first().map_or("0", String::as_str).into();
    let now = world.now();
    let budgets = Budgets { daily: Some(500), lifetime: None };
    let terms = Terms::new(&format!("Pool campaign {}", n + 1), budgets, None, born(world, now));
    let blank = blank(world, campaigns.all.len(), account, terms, now);
    campaigns.add(Campaign { direct_send: false, ..blank });
}

/// When what is created now says that it was created.
fn born(world: &World, now: i64) -> i64 {
    now - i64::try_from(world.options.campaign_age.as_millis()).unwrap_or(0)
}

fn blank(world: &World, n: usize, account: Arc<str>, terms: Terms, now: i64) -> Campaign {
    let seed = world.options.seed;
    let id = |what: &str| chance::digits("1202", 14, chance::draw(seed, "id", what, n as u64));
    Campaign {
        ad_id: id("ad").into(),
        ad_set_id: id("adset"),
        campaign_id: id("campaign"),
        creative_id: id("creative"),
        account,
        page: world.options.pages.first().cloned().unwrap_or_default(),
        pixel_id: None,
        starts_at: now,
        created_at: born(world, now),
        direct_send: true,
        messages: true,
        billed: AtomicU64::new(0),
        terms: Mutex::new(terms),
    }
}

/// `POST /act_X/message_campaign`.
pub fn create(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    params.not_served(&["bid_amount"])?;
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
    let budgets = Budgets::asked(params)?;
    let mut answer = Map::new();
    if budgets.is_none() {
        if world.options.require_budget {
            return Err(Refusal::new(2_300_007));
        }
        let cap = minimum_daily(&world.options.currency) * 20;
        answer.insert(
            "info".to_owned(),
            json!({ "message": "No budget was given. An estimated daily cap applies.", "estimated_daily_cap": cap }),
        );
    } else if let Some(warning) = budgets.check(&world.options.currency, starts_at, ends_at)? {
        answer.insert("warning".to_owned(), warning);
    }
    let ends_at = ends_at.or_else(|| budgets.lifetime.map(|_| starts_at + 30 * DAY));
    let terms = Terms::new(&name, budgets, ends_at, born(world, now));
    let mut campaigns = world.campaigns_mut();
    let blank = blank(world, campaigns.all.len(), account.into(), terms, now);
    let campaign = campaigns.add(Campaign { page, pixel_id: params.text("pixel_id"), starts_at, ..blank });
    if campaigns.ordinary() < world.options.ordinary_ads as usize {
        add_ordinary(world, &mut campaigns);
    }
    world.stats.created.fetch_add(1, Relaxed);
    let mut created = Map::new();
    created.insert("id".to_owned(), json!(&*campaign.ad_id));
    created.extend(answer);
    Ok(Value::Object(created))
}
