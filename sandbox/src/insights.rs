//! Insights: the same figures as the webhooks, as strings, and with a delay.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::bills;
use super::budgets::offset;
use super::campaigns::Campaign;
use super::clock;
use super::fate::Fate;
use super::filter::Filter;
use super::nodes::{asked, find};
use super::paging::paged;
use super::params::{Field, Params};
use super::reply::Refusal;
use super::world::World;

const FIELDS: &[&str] = &[
    "marketing_messages_delivered",
    "marketing_messages_read_rate",
    "marketing_messages_link_btn_click",
    "marketing_messages_link_btn_click_rate",
    "marketing_messages_cost_per_delivered",
    "marketing_messages_cost_per_link_btn_click",
    "marketing_messages_spend",
    "marketing_messages_delivery_rate",
    "actions",
    "action_values",
    "website_purchase_roas",
    "account_id",
    "account_name",
    "account_currency",
    "campaign_id",
    "campaign_name",
    "adset_id",
    "adset_name",
    "ad_id",
    "ad_name",
    "date_start",
    "date_stop",
    "impressions",
    "spend",
];

/// What Graph has and the sandbox has not.
const NOT_SERVED: &[&str] = &[
    "action_attribution_windows",
    "action_report_time",
    "breakdowns",
    "cpas_only",
    "default_summary",
    "export_columns",
    "export_format",
    "export_name",
    "product_id_limit",
    "sort",
    "summary",
    "summary_action_breakdowns",
    "time_ranges",
];

/// A filter of actions rather than of rows.
const ACTION: &str = "action_type";
const FILTERS: &[&str] =
    &[ACTION, "ad.id", "ad.name", "adset.id", "adset.name", "campaign.id", "campaign.name", "impressions", "spend"];

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    delivered: u64,
    read: u64,
    clicked: u64,
    /// In thousandths of the currency's smallest unit.
    spent: u64,
    pixel: bool,
}

/// Milliseconds since 1970, end excluded.
#[derive(Clone, Copy, Debug)]
struct Range {
    since: Date,
    until: Date,
    from: i64,
    to: i64,
}

/// `GET /<ID>/insights`, for the ad, ad set or campaign, deleted ones included.
pub fn of_object(world: &World, id: &str, params: &Params) -> Result<Value, Refusal> {
    let (_, campaign) = find(world, "get", id)?;
    let query = Query::of(world, params)?;
    let ours = |message_id: &str| *campaign.ad_id == *message_id;
    let mut rows = Vec::new();
    for (range, totals) in totals(world, &query.ranges, ours, campaign.pixel_id.is_some()) {
        rows.extend(query.row(world, range, totals, Some(&campaign)));
    }
    paged(world, &format!("{id}/insights"), &rows, params)
}

/// `GET /act_X/insights`: totals without deleted campaigns.
pub fn of_account(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    let query = Query::of(world, params)?;
    let campaigns: Vec<_> = {
        let campaigns = world.campaigns();
        campaigns.all().map(|(_, ad)| ad.clone()).collect()
    };
    let ours = campaigns.iter().filter(|ad| *ad.account == *account && ad.direct_send && !ad.is_deleted());
    let mut rows = Vec::new();
    if query.by_ad {
        for ad in ours {
            for (range, totals) in totals(world, &query.ranges, |id| *ad.ad_id == *id, ad.pixel_id.is_some()) {
                rows.extend(query.row(world, range, totals, Some(ad)));
            }
        }
    } else {
        let ids: std::collections::HashSet<&str> = ours.clone().map(|ad| &*ad.ad_id).collect();
        let pixel = ours.clone().any(|ad| ad.pixel_id.is_some());
        for (range, totals) in totals(world, &query.ranges, |id| ids.contains(id), pixel) {
            rows.extend(query.row(world, range, totals, None));
        }
    }
    paged(world, &format!("act_{account}/insights"), &rows, params)
}

/// What a call asks for.
struct Query {
    asked: Vec<Field>,
    /// One range, or one for each step of `time_increment`; in order, without gaps.
    ranges: Vec<Range>,
    /// Whether an account's rows are per ad.
    by_ad: bool,
    /// Of rows.
    filters: Vec<Filter>,
    /// Of the actions in a row.
    actions: Vec<Filter>,
}

impl Query {
    fn of(world: &World, params: &Params) -> Result<Self, Refusal> {
        params.not_served(NOT_SERVED)?;
        let asked = asked(params)?;
        if let Some(wrong) = asked.iter().find(|field| !FIELDS.contains(&field.name.as_str())) {
            return Err(Refusal::parameter(format!("{} is not valid for fields param", wrong.name)));
        }
        let by_ad = match params.text("level").as_deref() {
            None | Some("account") => false,
            Some("ad" | "adset" | "campaign") => true,
            Some(_) => return Err(Refusal::parameter("level must be one of ad, adset, campaign, account")),
        };
        if let Some(breakdowns) =
            params.json("action_breakdowns").unwrap_or_else(|_| params.0.get("action_breakdowns").cloned())
            && breakdowns != "action_type"
            && breakdowns != json!(["action_type"])
        {
            return Err(Refusal::parameter("The sandbox serves action_breakdowns of action_type only"));
        }
        let (actions, filters) =
            Filter::all(params, "", FILTERS)?.into_iter().partition(|filter| filter.field == ACTION);
        let ranges = steps(range(world, params)?, params)?
            .into_iter()
            .map(|(since, until)| Range {
                since,
                until,
                from: start_of(world, since),
                to: start_of(world, until.saturating_add(1.day())),
            })
            .collect();
        Ok(Self { asked, ranges, by_ad, filters, actions })
    }
}

fn start_of(world: &World, date: Date) -> i64 {
    date.to_zoned_datetime(world.zone.clone()).map_or(0, |at| at.timestamp().as_millisecond())
}

/// The days of each row: all of them, so many days at a time, or by month.
fn steps((since, until): (Date, Date), params: &Params) -> Result<Vec<(Date, Date)>, Refusal> {
    let wrong = || Refusal::parameter("time_increment must be an integer between 1 and 90, monthly or all_days");
    let days: Option<i32> = match params.text("time_increment").as_deref() {
        None | Some("all_days") => return Ok(vec![(since, until)]),
        Some("monthly") => None,
        Some(days) => Some(days.parse().ok().filter(|days| (1..=90).contains(days)).ok_or_else(wrong)?),
    };
    let mut steps = Vec::new();
    let mut first = since;
    while first <= until {
        let last = match days {
            Some(days) => first.saturating_add((days - 1).days()),
            None => first.last_of_month(),
        };
        steps.push((first, last.min(until)));
        first = last.saturating_add(1.day());
    }
    Ok(steps)
}

/// The totals of each range, in one pass.
fn totals(world: &World, ranges: &[Range], ours: impl Fn(&str) -> bool, pixel: bool) -> Vec<(Range, Totals)> {
    let mut totals: Vec<_> = ranges.iter().map(|range| (*range, Totals { pixel, ..Totals::default() })).collect();
    let seen_until = world.now() - i64::try_from(world.options.insights_lag.as_millis()).unwrap_or(i64::MAX);
    let mut count = |at: Option<i64>, which: fn(&mut Totals) -> &mut u64, by: u64| {
        let Some(at) = at.filter(|at| *at <= seen_until) else { return };
        let place = totals.partition_point(|(range, _)| range.to <= at);
        if let Some((_, totals)) = totals.get_mut(place).filter(|(range, _)| range.from <= at) {
            *which(totals) += by;
        }
    };
    let mut from = 0;
    loop {
        // In chunks, so that sends never wait long for the lock.
        let sends = world.accepted();
        let end = (from + 5000).min(sends.len());
        for send in sends.get(from..end).unwrap_or_default().iter().filter(|send| ours(&send.message_id)) {
            let fate = Fate::of(&world.options.webhooks, world.options.seed, send);
            count(fate.delivered, |totals| &mut totals.delivered, 1);
            count(fate.delivered, |totals| &mut totals.spent, send.price);
            count(fate.read, |totals| &mut totals.read, 1);
            count(fate.clicked, |totals| &mut totals.clicked, 1);
        }
        if end >= sends.len() {
            return totals;
        }
        from = end;
    }
}

impl Query {
    /// The row of one range; none before anything was delivered.
    fn row(&self, world: &World, range: Range, totals: Totals, ad: Option<&Campaign>) -> Option<Value> {
        if totals.delivered == 0 {
            return None;
        }
        let mut all = figures(world, totals, ad);
        let whole = Value::Object(all.clone());
        if !self.filters.iter().all(|filter| filter.holds(&whole)) {
            return None;
        }
        for list in ["actions", "action_values", "website_purchase_roas"] {
            if let Some(Value::Array(list)) = all.get_mut(list) {
                list.retain(|action| self.actions.iter().all(|filter| filter.holds(action)));
            }
        }
        let mut kept: Map<String, Value> =
            self.asked.iter().filter_map(|field| Some((field.name.clone(), all.get(&field.name)?.clone()))).collect();
        kept.insert("date_start".to_owned(), json!(range.since.to_string()));
        kept.insert("date_stop".to_owned(), json!(range.until.to_string()));
        Some(Value::Object(kept))
    }
}

/// Every figure of a row.
fn figures(world: &World, totals: Totals, ad: Option<&Campaign>) -> Map<String, Value> {
    let delivered = totals.delivered as f64;
    let spend = bills::amount(totals.spent) / offset(&world.options.currency);
    let mut all = Map::new();
    let mut put = |name: &str, value: String| all.insert(name.to_owned(), Value::String(value));
    put("marketing_messages_delivered", totals.delivered.to_string());
    put("marketing_messages_read_rate", format!("{:.6}", totals.read as f64 / delivered * 100.0));
    put("marketing_messages_link_btn_click", totals.clicked.to_string());
    put("marketing_messages_link_btn_click_rate", format!("{:.6}", totals.clicked as f64 / delivered * 100.0));
    put("marketing_messages_cost_per_delivered", format!("{:.6}", spend / delivered));
    if totals.clicked > 0 {
        put("marketing_messages_cost_per_link_btn_click", format!("{:.6}", spend / totals.clicked as f64));
    }
    put("marketing_messages_spend", format!("{spend:.2}"));
    put("marketing_messages_delivery_rate", "0".to_owned());
    put("spend", format!("{spend:.2}"));
    put("impressions", totals.delivered.to_string());
    put("account_currency", world.options.currency.clone());
    put("account_name", "Sandbox ad account".to_owned());
    put(
        "account_id",
        ad.map_or_else(|| world.options.ad_accounts.first().cloned().unwrap_or_default(), |ad| ad.account.to_string()),
    );
    if let Some(ad) = ad {
        put("campaign_id", ad.campaign_id.clone());
        let names = ad.terms().names.clone();
        put("campaign_name", names.campaign);
        put("adset_id", ad.ad_set_id.clone());
        put("adset_name", names.ad_set);
        put("ad_id", ad.ad_id.to_string());
        put("ad_name", names.ad);
    }
    conversions(&mut all, totals, spend);
    all
}

/// One purchase per ten clicks, from a pixel; types without events are left out.
fn conversions(all: &mut Map<String, Value>, totals: Totals, spend: f64) {
    let purchases = totals.clicked / 10;
    if !totals.pixel || purchases == 0 {
        return;
    }
    let value = purchases as f64 * 24.5;
    let kind = "offsite_conversion.fb_pixel_purchase";
    all.insert(
        "actions".to_owned(),
        json!([
            { "action_type": kind, "value": purchases.to_string() },
            { "action_type": "offsite_conversion.fb_pixel_view_content", "value": totals.clicked.to_string() },
        ]),
    );
    all.insert("action_values".to_owned(), json!([{ "action_type": kind, "value": format!("{value:.2}") }]));
    all.insert(
        "website_purchase_roas".to_owned(),
        json!([{ "action_type": kind, "value": format!("{:.6}", value / spend) }]),
    );
}

/// `time_range` takes precedence over `date_preset`; without both it is the last 30 days, without today.
fn range(world: &World, params: &Params) -> Result<(Date, Date), Refusal> {
    let today = clock::timestamp(world.now()).to_zoned_datetime(world.zone.clone()).date();
    let back = |days: i32| today.saturating_sub(days.days());
    let day = |value: &Value| -> Result<Date, Refusal> {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Refusal::parameter("time_range needs since and until as YYYY-MM-DD"))
    };
    let first_of_month = today.first_of_month();
    let (since, until) = if let Some(range) = params.json("time_range")? {
        (day(&range["since"])?, day(&range["until"])?)
    } else {
        let weekday = i32::from(today.weekday().to_monday_zero_offset());
        let weekday_sunday = i32::from(today.weekday().to_sunday_zero_offset());
        match params.text("date_preset").as_deref().unwrap_or("last_30d") {
            "today" => (today, today),
            "yesterday" => (back(1), back(1)),
            "this_month" => (first_of_month, today),
            "last_month" => {
                let last = first_of_month.saturating_sub(1.day());
                (last.first_of_month(), last)
            }
            "this_year" => (today.first_of_year(), today),
            "last_year" => {
                let last = today.first_of_year().saturating_sub(1.day());
                (last.first_of_year(), last)
            }
            "this_quarter" | "last_quarter" => (back(90), today),
            "maximum" | "data_maximum" => (back(37 * 30), today),
            "this_week_mon_today" => (back(weekday), today),
            "this_week_sun_today" => (back(weekday_sunday), today),
            "last_week_mon_sun" => (back(weekday + 7), back(weekday + 1)),
            "last_week_sun_sat" => (back(weekday_sunday + 7), back(weekday_sunday + 1)),
            preset => {
                let days: i32 = ["3", "7", "14", "28", "30", "90"]
                    .into_iter()
                    .find(|days| preset == format!("last_{days}d"))
                    .and_then(|days| days.parse().ok())
                    .ok_or_else(|| Refusal::parameter("date_preset is not valid"))?;
                (back(days), back(1))
            }
        }
    };
    if until < since {
        return Err(Refusal::parameter("time_range: until is before since"));
    }
    Ok((since, until))
}
