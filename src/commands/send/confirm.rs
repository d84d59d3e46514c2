//! What a person on a terminal is shown and asked before the first message goes out.

use serde_json::Value;

use super::campaign::CampaignFacts;
use super::canary;
use super::cost;
use super::forecast;
use super::money::{Money, SpendTotals};
use super::split::{Sent, SentArm};
use super::turn::standing;
use crate::campaign::Amount;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::totals::Standing;
use crate::message::Message;
use crate::send::job::Limits;
use crate::send::writer_thread::Desk;
use crate::text;
use crate::ui::stops::Unanswered;

/// How much of a message's text is shown, in characters.
const SHOWN: usize = 60;

/// What is about to be sent.
pub struct Question<'a> {
    pub broadcast: &'a Broadcast,
    /// Only rows of this listing; `None`: all planned rows.
    pub listing: Option<i64>,
    pub campaign: &'a CampaignFacts,
    pub sent: &'a Sent,
    /// With `--test`: who gets it.
    pub testers: Option<String>,
    pub limits: &'a Limits,
    /// `None`: no limit.
    pub money: Option<Money>,
    /// As the operator gave it.
    pub cost_per_delivery: Option<Amount>,
}

impl Question<'_> {
    /// Asks on a terminal, unless `--yes` or `--no-input` is given or nothing would be sent. Whatever the answer, the rows are planned.
    ///
    /// # Errors
    /// Exit 9 if the answer is not yes; 130 or 143 if the process is told to stop.
    pub async fn confirm(&self, context: &Context, signals: &Signals, ledger: &Desk, now: UnixMillis) -> Result<()> {
        if !context.ui.will_ask() || self.limits.max_sends == Some(0) {
            return Ok(());
        }
        let (broadcast, listing) = (self.broadcast.id, self.listing);
        let standing = standing(ledger, broadcast, listing).await?;
        let due = ledger.ask(move |ledger| ledger.due(broadcast, listing, now)).await?;
        let waits = !self.limits.wait.is_zero() && standing.pending > 0;
        if due == 0 && !waits {
            return Ok(());
        }
        let spending = match self.money {
            Some(money) => {
                let account = self.broadcast.ad_account.clone();
                ledger.ask(move |ledger| money.spending(ledger, &account, now)).await?
            }
            None => None,
        };
        let paid_for = spending.map_or(u64::MAX, |spending| spending.affords());
        let now_sent = due.min(self.limits.max_sends.unwrap_or(u64::MAX)).min(paid_for);
        if now_sent == 0 && !waits {
            return Ok(());
        }
        let account = self.broadcast.ad_account.clone();
        let kept = ledger.ask(move |ledger| ledger.pace_of(&account)).await?;
        let pace = forecast::pace(self.limits.rate, kept.as_ref());
        let profile = context.settings.profile.as_ref().map_or("none", |profile| profile.value.as_str());
        let canary = ledger.ask(move |ledger| ledger.canary(broadcast)).await?;
        let first = canary.filter(|canary| canary.passed_at.is_none());
        let first = first.filter(|_| self.testers.is_none());
        let cost = cost::read(context, self.campaign, now_sent, self.cost_per_delivery).await;
        let names = PageNames::with(context, ledger.ask(|ledger| ledger.page_names()).await?);
        let mut facts = vec![
            ("profile".to_owned(), profile.to_owned()),
            ("Page".to_owned(), names.shown(&self.broadcast.page)),
            ("campaign".to_owned(), self.campaign.shown()),
        ];
        facts.extend(self.messages());
        let mut add = |label: &str, text: Option<String>| facts.extend(text.map(|text| (label.to_owned(), text)));
        add("people", Some(people(&standing, due, now_sent)));
        add("time", Some(forecast::time(now_sent, pace)));
        add("testers", self.testers.clone());
        add("canary", first.map(|canary| canary::plan_of(&canary, None)));
        add("cost", Some(cost.text()).filter(|text| !text.is_empty()));
        add("limit", spending.map(|spending| SpendTotals::from(spending).text()));
        let lines = aligned(&facts);
        let ui = context.ui.clone();
        let question = format!("Send {}?", text::count(now_sent, "message", "messages"));
        let answer = signals.blocking(move || ui.confirm_shown(&lines, &question, "sending")).await?;
        answer.map_err(|why| self.declined(context, standing.pending, why))
    }

    /// The message, or those of the arms.
    fn messages(&self) -> Vec<(String, String)> {
        let shown = |arm: &SentArm| {
            let message = arm.message.as_ref().map_or_else(|| "nothing is sent".to_owned(), described);
            match &arm.share {
                Some(share) => (format!("arm {}", arm.name), format!("{share} of the people: {message}")),
                None => ("message".to_owned(), message),
            }
        };
        self.sent.arms.iter().map(shown).collect()
    }

    fn declined(&self, context: &Context, pending: u64, why: Unanswered) -> Error {
        let go_on = context.resume_command(Some(self.campaign.id.as_str()));
        let mut cancel = format!("mmsg broadcast close {}", self.broadcast.id);
        context.push_globals(&mut cancel);
        let hint = format!("{go_on} sends them; {cancel} cancels them");
        let rows = text::count(pending, "recipient is", "recipients are");
        let (exit, what) = match why {
            Unanswered::No(_) => (Exit::NotConfirmed, "not confirmed"),
            Unanswered::Stopped(exit) => (exit, "interrupted"),
            Unanswered::Failed(error) => return error,
        };
        Error::new(exit, format!("{what}: nothing was sent; {rows} pending")).hint(hint)
    }
}

/// One line each, the texts below each other.
fn aligned(facts: &[(String, String)]) -> Vec<String> {
    let width = facts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    facts.iter().map(|(label, text)| format!("{label:width$}  {text}")).collect()
}

/// `1,200 now, 30 later, 12 skipped`.
fn people(standing: &Standing, due: u64, now_sent: u64) -> String {
    let mut parts = vec![format!("{} now", text::thousands(now_sent))];
    if due > now_sent {
        parts.push(format!("{} more are due", text::thousands(due - now_sent)));
    }
    let later = standing.pending.saturating_sub(due);
    if later > 0 {
        parts.push(format!("{} later", text::thousands(later)));
    }
    let skipped = standing.skipped_in_all();
    if skipped > 0 {
        parts.push(format!("{} skipped", text::thousands(skipped)));
    }
    parts.join(", ")
}

/// `generic: "Spring sale"`.
fn described(message: &Message) -> String {
    let value = message.value();
    let kind = value.pointer("/attachment/payload/template_type").and_then(Value::as_str).unwrap_or("text");
    match first_text(value) {
        Some(text) => {
            let short: String = text.chars().take(SHOWN).collect();
            let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
            format!("{kind}: \"{short}{more}\"")
        }
        None => kind.to_owned(),
    }
}

/// The first text that people read.
fn first_text(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match value {
            Value::String(text) if matches!(name.as_str(), "text" | "title" | "coupon_pre_message") => {
                Some(text.as_str())
            }
            Value::Object(_) | Value::Array(_) => first_text(value),
            _ => None,
        }),
        Value::Array(items) => items.iter().find_map(first_text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_label_says_where_the_texts_begin() {
        let fact = |label: &str, text: &str| (label.to_owned(), text.to_owned());
        assert_eq!(
            aligned(&[fact("Page", "1"), fact("arm holdout", "10%"), fact("über", "x")]),
            ["Page         1", "arm holdout  10%", "über         x"]
        );
    }

    #[test]
    fn a_message_is_described_by_its_kind_and_first_text() {
        let long = "x".repeat(61);
        for (json, shown) in [
            (r#"{"text":"Half price"}"#.to_owned(), "text: \"Half price\"".to_owned()),
            (format!(r#"{{"text":"{long}"}}"#), format!("text: \"{}…\"", "x".repeat(60))),
            (
                r#"{"attachment":{"type":"template","payload":{"template_type":"generic","elements":[{"title":"Sale"}]}}}"#
                    .to_owned(),
                "generic: \"Sale\"".to_owned(),
            ),
            (
                r#"{"attachment":{"type":"template","payload":{"template_type":"media","elements":[{"media_type":"image"}]}}}"#
                    .to_owned(),
                "media".to_owned(),
            ),
        ] {
            assert_eq!(described(&Message::parse(json.as_bytes()).unwrap()), shown);
        }
    }
}
