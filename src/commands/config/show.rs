//! `mmsg config show`.

use serde::Serialize;

use crate::commands::context::{Invocation, tell_end};
use crate::config::{SecretPlace, Settings, Sourced};
use crate::endpoint::Family;
use crate::error::{Exit, Result};
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Print each setting with its value and source; secrets are hidden.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    shape: Shape,
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let settings = frame.settings()?;
    tell_end(frame.ui, &settings, Family::Marketing, frame.clock);
    frame.ui.list_as(&lines(&settings), &args.shape)?;
    Ok(Exit::Done)
}

/// One setting.
#[derive(Serialize)]
struct Line {
    setting: &'static str,
    value: Option<String>,
    source: Option<String>,
}

impl Record for Line {
    const PLURAL: &'static str = "settings";
    const COLUMNS: &'static [&'static str] = &["setting", "value", "source"];

    fn cells(&self) -> Vec<String> {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.setting.to_owned(), or_dash(&self.value), or_dash(&self.source)]
    }
}

fn lines(settings: &Settings) -> Vec<Line> {
    let file = settings.config_file.as_ref().map(|path| path.display().to_string());
    let mut lines = vec![
        Line { setting: "profile_file", value: file, source: None },
        line("profile", settings.profile.as_ref(), String::clone),
    ];
    lines.extend(settings.secret_places().into_iter().map(|SecretPlace { name, source, missing }| {
        let value = match (&source, missing) {
            (None, _) => None,
            (Some(_), None) => Some("set (hidden)".to_owned()),
            (Some(_), Some(why)) => Some(format!("missing: {why}")),
        };
        Line { setting: name, value, source }
    }));
    let send = &settings.send;
    lines.extend([
        line("ad_account", settings.ad_account.as_ref(), ToString::to_string),
        line("page", settings.page.as_ref(), ToString::to_string),
        line("api_version", Some(&settings.api_version), ToString::to_string),
        line("graph_url", Some(&settings.graph_url), ToString::to_string),
        line("ledger", Some(&settings.ledger), ToString::to_string),
        line("log_file", settings.log_file.as_ref(), |path| path.display().to_string()),
        line("campaign_name", settings.campaign_name.as_ref(), String::clone),
        line("time_zone", settings.time_zone.as_ref(), |zone| zone.name().to_owned()),
        line("send.campaign", send.campaign.as_ref(), String::clone),
        line("send.message", send.message.as_ref(), |path| path.display().to_string()),
        line("send.rate", Some(&send.rate), ToString::to_string),
        line("send.concurrency", Some(&send.concurrency), u32::to_string),
        line("send.cool_down", Some(&send.cool_down), |span| jiff_text(*span)),
        line("send.daily_spend_limit", send.daily_spend_limit.as_ref(), |limit| limit.minor().to_string()),
    ]);
    lines
}

fn jiff_text(span: std::time::Duration) -> String {
    jiff::SignedDuration::try_from(span).map_or_else(|_| format!("{}s", span.as_secs()), |span| format!("{span:#}"))
}

fn line<T>(setting: &'static str, value: Option<&Sourced<T>>, text: impl Fn(&T) -> String) -> Line {
    Line {
        setting,
        value: value.map(|sourced| text(&sourced.value)),
        source: value.map(|sourced| sourced.origin.to_string()),
    }
}
