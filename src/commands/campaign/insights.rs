//! `mmsg campaign insights`.

use serde::Serialize;

use super::currency::currency_to_show;
use crate::campaign::{Amount, CampaignId, Currency};
use crate::cli::when::{self, When};
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::graph::{Action, Insights, InsightsQuery, PRESETS};
use crate::text;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Show what Meta reports for a campaign or the whole ad account: delivered, read, clicked, spent.
///
/// Figures may be estimates, lag by hours and differ from the invoice. Deliveries in Europe and Japan are not counted, and
/// clicks in some other countries are not counted either. Dates are days in the ad account's time zone; the default is all time.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Campaign [default: the whole ad account].
    #[arg(value_name = "ID", value_parser = CampaignId::parse)]
    id: Option<CampaignId>,
    /// Named date range.
    #[arg(long, value_name = "PRESET", value_parser = clap::builder::PossibleValuesParser::new(PRESETS),
        conflicts_with_all = ["since", "until"])]
    preset: Option<String>,
    /// First day: 2026-11-01, 7d (seven days ago), yesterday.
    #[arg(long, value_name = "DATE", value_parser = when::parse)]
    since: Option<When>,
    /// Last day [default: today].
    #[arg(long, value_name = "DATE", value_parser = when::parse, requires = "since")]
    until: Option<When>,
    /// Include conversions: purchases, leads and others that a pixel counts.
    #[arg(long)]
    conversions: bool,
    #[command(flatten)]
    shape: Shape,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let graph = context.graph()?;
    let (now, zone) = (context.clock.now(), context.ui.zone());
    let day = |when: &When| when.day(now, zone).to_string();
    let since = args.since.as_ref().map(day);
    let until = since.is_some().then(|| args.until.as_ref().map_or_else(|| day(&When::DaysAgo(0)), day));
    let days = match (&since, &until) {
        (Some(since), Some(until)) if since > until => {
            return Err(Error::usage(format!("--since {since} is after --until {until}")));
        }
        (Some(since), Some(until)) => InsightsQuery::Range { since, until },
        _ => InsightsQuery::Preset(args.preset.as_deref().unwrap_or("maximum")),
    };
    let rows = match &args.id {
        Some(id) => {
            let id = graph.find_campaign(&account, id).await?.id;
            graph.insights(&id, &days, args.conversions).await?
        }
        None => graph.account_insights(&account, &days, args.conversions).await?,
    };
    let currency = currency_to_show(context, &account).await?;
    let rows: Vec<_> = rows.into_iter().map(|insights| InsightsRow { insights, currency }).collect();
    context.ui.list_as(&rows, &args.shape)?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct InsightsRow {
    #[serde(flatten)]
    insights: Insights,
    currency: Option<Currency>,
}

impl Record for InsightsRow {
    const PLURAL: &'static str = "insights yet";
    const COLUMNS: &'static [&'static str] =
        &["from", "to", "delivered", "read", "clicks", "clicked", "per delivery", "per click", "spent", "conversions"];
    const EXPENDABLE: &'static [&'static str] =
        &["conversions", "per click", "per delivery", "clicked", "clicks", "from", "to"];
    const KEYS: &'static [&'static str] = &[
        "date_start",
        "date_stop",
        "marketing_messages_delivered",
        "marketing_messages_read_rate",
        "marketing_messages_link_btn_click",
        "marketing_messages_link_btn_click_rate",
        "marketing_messages_cost_per_delivered",
        "marketing_messages_cost_per_link_btn_click",
        "marketing_messages_spend",
        "actions",
        "action_values",
        "website_purchase_roas",
        "currency",
        "marketing_messages_sent",
        "marketing_messages_read",
        "marketing_messages_spend_currency",
    ];

    fn cells(&self) -> Vec<String> {
        let row = &self.insights;
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let percent = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), percent);
        let cost =
            |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), |text| cost(text, self.currency));
        vec![
            text(&row.date_start),
            text(&row.date_stop),
            text(&row.marketing_messages_delivered),
            percent(&row.marketing_messages_read_rate),
            text(&row.marketing_messages_link_btn_click),
            percent(&row.marketing_messages_link_btn_click_rate),
            cost(&row.marketing_messages_cost_per_delivered),
            cost(&row.marketing_messages_cost_per_link_btn_click),
            cost(&row.marketing_messages_spend),
            conversions(&row.actions),
        ]
    }
}

/// Meta tells rates in per cent, with many decimals.
fn percent(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(percent) if percent.is_finite() => text::percent(percent / 100.0),
        _ => format!("{text}%"),
    }
}

/// Main units, as Meta tells them, with the decimals of the currency, or two more for what is not a whole number of smallest units.
fn cost(text: &str, currency: Option<Currency>) -> String {
    let Some(currency) = currency else { return text.to_owned() };
    match text.parse().ok().and_then(|units| Amount::of_main_units(units, currency)) {
        Some(amount) => amount.text(Some(currency)),
        None => format!("{text} {currency}"),
    }
}

fn conversions(actions: &[Action]) -> String {
    let one = |action: &Action| {
        let name = action.action_type.rsplit("fb_pixel_").next().unwrap_or(&action.action_type);
        format!("{name} {}", action.value)
    };
    if actions.is_empty() { "-".to_owned() } else { actions.iter().map(one).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metas_figures_are_shown_as_people_read_them() {
        for (told, shown) in [("51.724138", "51.7%"), ("0", "0.0%"), ("100", "100.0%"), ("n/a", "n/a%")] {
            assert_eq!(percent(told), shown);
        }
        for (told, code, shown) in [
            ("5.000000", "USD", "5.00 USD"),
            ("0.014137", "USD", "0.0141 USD"),
            ("290.00", "USD", "290.00 USD"),
            ("290", "JPY", "290 JPY"),
            ("n/a", "USD", "n/a USD"),
        ] {
            assert_eq!(cost(told, Currency::parse(code)), shown);
        }
        assert_eq!(cost("5.0", None), "5.0");
    }
}
