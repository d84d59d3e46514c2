//! Insights: the same figures as the webhooks, as strings, and with a delay.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::campaigns::Campaign;
use super::clock;
use super::fate::Fate;
use super::nodes::{asked, find};
use super::params::Params;
use super::reply::Refusal;
use super::route::paged;
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

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    accepted: u64,
    delivered: u64,
    read: u64,
    clicked: u64,
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
    let range = range(world, params)?;
    let totals = totals(world, range, |message_id| *campaign.ad_id == *message_id, campaign.pixel_id.is_some());
    let rows = row(world, params, range, totals, Some(&campaign))?;
    paged(world, &format!("{id}/insights"), &rows, params)
}

/// `GET /act_X/insights`: totals without deleted campaigns.
pub fn of_account(world: &World, account: &str, params: &Params) -> Result<Value, Refusal> {
    let range = range(world, params)?;
    let campaigns: Vec<_> = {
        let campaigns = world.campaigns();
        campaigns.all().map(|(_, ad)| ad.clone()).collect()
    };
    let ours = campaigns.iter().filter(|ad| *ad.account == *account && ad.direct_send && !ad.is_deleted());
    let mut rows = Vec::new();
    if matches!(params.text("level").as_deref(), Some("ad" | "adset" | "campaign")) {
        for ad in ours {
            let totals = totals(world, range, |id| *ad.ad_id == *id, ad.pixel_id.is_some());
            rows.extend(row(world, params, range, totals, Some(ad))?);
        }
    } else {
        let ids: std::collections::HashSet<&str> = ours.clone().map(|ad| &*ad.ad_id).collect();
        let pixel = ours.clone().any(|ad| ad.pixel_id.is_some());
        let totals = totals(world, range, |id| ids.contains(id), pixel);
        rows.extend(row(world, params, range, totals, None)?);
    }
    paged(world, &format!("act_{account}/insights"), &rows, params)
}

fn totals(world: &World, range: Range, ours: impl Fn(&str) -> bool, pixel: bool) -> Totals {
    let mut totals = Totals { pixel, ..Totals::default() };
    let seen_until = world.now() - i64::try_from(world.options.insights_lag.as_millis()).unwrap_or(i64::MAX);
    let seen =
        |at: Option<i64>| u64::from(at.is_some_and(|at| at <= seen_until && (range.from..range.to).contains(&at)));
    let mut from = 0;
    loop {
        // In chunks, so that sends never wait long for the lock.
        let sends = world.accepted();
        let end = (from + 5000).min(sends.len());
        for send in sends.get(from..end).unwrap_or_default().iter().filter(|send| ours(&send.message_id)) {
            let fate = Fate::of(&world.options.webhooks, world.options.seed, &send.token, send.n, send.at);
            totals.accepted += seen(Some(send.at));
            totals.delivered += seen(fate.delivered);
            totals.read += seen(fate.read);
            totals.clicked += seen(fate.clicked);
        }
        if end >= sends.len() {
            return totals;
        }
        from = end;
    }
}

fn row(
    world: &World,
    params: &Params,
    range: Range,
    totals: Totals,
    ad: Option<&Campaign>,
) -> Result<Vec<Value>, Refusal> {
    let asked = asked(params)?;
    if let Some(wrong) = asked.iter().find(|field| !FIELDS.contains(&field.name.as_str())) {
        return Err(Refusal::parameter(format!("{} is not valid for fields param", wrong.name)));
    }
    if totals.delivered == 0 {
        return Ok(Vec::new());
    }
    let delivered = totals.delivered as f64;
    let offset = if ["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"]
        .contains(&world.options.currency.as_str())
    {
        1.0
    } else {
        100.0
    };
    let spend = delivered * world.options.cost / offset;
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
        put("campaign_name", ad.name.clone());
        put("adset_id", ad.ad_set_id.clone());
        put("adset_name", ad.name.clone());
        put("ad_id", ad.ad_id.to_string());
        put("ad_name", ad.name.clone());
    }
    conversions(&mut all, totals, spend);
    let mut kept: Map<String, Value> =
        asked.iter().filter_map(|field| Some((field.name.clone(), all.get(&field.name)?.clone()))).collect();
    kept.insert("date_start".to_owned(), json!(range.since.to_string()));
    kept.insert("date_stop".to_owned(), json!(range.until.to_string()));
    Ok(vec![Value::Object(kept)])
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
fn range(world: &World, params: &Params) -> Result<Range, Refusal> {
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
    let start = |date: Date| date.to_zoned_datetime(world.zone.clone()).map_or(0, |at| at.timestamp().as_millisecond());
    Ok(Range { since, until, from: start(since), to: start(until.saturating_add(1.day())) })
}
