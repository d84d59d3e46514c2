//! The webhook subscriptions of each Page's app.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::hooks::FIELDS;
use super::nodes::asked;
use super::params::{self, Params};
use super::reply::Refusal;
use super::world::World;

/// The other fields of a Page that an app may subscribe to. The sandbox sends no events of them.
const OTHERS: &[&str] = &[
    "affiliation",
    "agent_messages",
    "agent_questions",
    "attire",
    "awards",
    "bio",
    "birthday",
    "business_integrity",
    "call_permission_reply",
    "call_settings_update",
    "calls",
    "category",
    "checkins",
    "comment_poll_response",
    "company_overview",
    "conversations",
    "culinary_team",
    "current_location",
    "description",
    "email",
    "feature_access_list",
    "feed",
    "follow",
    "founded",
    "general_info",
    "general_manager",
    "group_feed",
    "hometown",
    "hours",
    "inbox_labels",
    "invalid_topic_placeholder",
    "invoice_access_bank_slip_events",
    "invoice_access_invoice_change",
    "invoice_access_invoice_draft_change",
    "invoice_access_onboarding_status_active",
    "leadgen",
    "leadgen_fat",
    "leadgen_update",
    "live_videos",
    "local_delivery",
    "location",
    "mcom_invoice_change",
    "members",
    "mention",
    "merchant_review",
    "message_context",
    "message_edits",
    "message_mention",
    "message_reactions",
    "message_template_status_update",
    "messaging_account_linking",
    "messaging_appointments",
    "messaging_checkout_updates",
    "messaging_customer_information",
    "messaging_direct_sends",
    "messaging_fblogin_account_linking",
    "messaging_feedback",
    "messaging_game_plays",
    "messaging_handovers",
    "messaging_in_thread_lead_form_submit",
    "messaging_integrity",
    "messaging_optouts",
    "messaging_payments",
    "messaging_policy_enforcement",
    "messaging_pre_checkouts",
    "messaging_referrals",
    "mission",
    "name",
    "page_about_story",
    "page_change_proposal",
    "page_upcoming_change",
    "parking",
    "payment_options",
    "payment_request_update",
    "personal_info",
    "personal_interests",
    "phone",
    "picture",
    "price_range",
    "product_review",
    "products",
    "public_transit",
    "publisher_subscriptions",
    "ratings",
    "registration",
    "response_feedback",
    "send_cart",
    "standby",
    "story_poll_response",
    "story_share",
    "user_action",
    "video_text_question_responses",
    "videos",
    "website",
];

/// `GET /<PAGE>/subscribed_apps`.
pub fn apps(world: &World, page: &str, params: &Params) -> Result<Value, Refusal> {
    let subscriptions = world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(fields) = subscriptions.get(page) else { return Ok(json!({ "data": [] })) };
    let app = json!({
        "category": "Business",
        "link": "https://example.com/",
        "name": "Sandbox app",
        "id": world.credentials.app_id,
        "subscribed_fields": fields.iter().collect::<Vec<_>>(),
    });
    let asked = asked(params)?;
    let app = if asked.is_empty() { app } else { params::project(&app, &asked, "Application")? };
    Ok(json!({ "data": [app] }))
}

/// `POST /<PAGE>/subscribed_apps`: replaces the list of fields.
pub fn subscribe(world: &World, page: &str, params: &Params) -> Result<Value, Refusal> {
    let listed = listed(params)?;
    if let Some(wrong) = listed.iter().find(|name| !FIELDS.contains(&name.as_str()) && !OTHERS.contains(&name.as_str()))
    {
        return Err(Refusal::parameter(format!(
            "Param subscribed_fields must be one of the known fields, not \"{wrong}\""
        )));
    }
    let mut subscriptions = world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
    subscriptions.insert(page.to_owned(), listed.into_iter().collect());
    Ok(json!({ "success": true }))
}

/// The names, as a list, as the text of a JSON list, or separated by commas.
fn listed(params: &Params) -> Result<Vec<String>, Refusal> {
    let required = || Refusal::parameter("The parameter subscribed_fields is required");
    let names = match params.0.get("subscribed_fields").ok_or_else(required)? {
        Value::String(text) if text.trim_start().starts_with('[') => {
            params.json("subscribed_fields")?.unwrap_or_default()
        }
        Value::String(text) => text.split(',').map(|name| Value::from(name.trim())).collect(),
        other => other.clone(),
    };
    let names = names.as_array().filter(|names| !names.is_empty()).ok_or_else(required)?;
    names
        .iter()
        .map(|name| name.as_str().filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(required))
        .collect()
}

/// `DELETE /<PAGE>/subscribed_apps`.
pub fn unsubscribe(world: &World, page: &str) -> Value {
    world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).remove(page);
    json!({ "success": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_fields_has_three_spellings() {
        let read = |value: Value| listed(&Params([("subscribed_fields".to_owned(), value)].into_iter().collect()));
        for same in [json!(["messages", "feed"]), json!("[\"messages\",\"feed\"]"), json!("messages, feed")] {
            assert_eq!(read(same.clone()).unwrap(), ["messages", "feed"], "{same}");
        }
        for wrong in [json!(""), json!([]), json!("[]"), json!("[1]"), json!("[\"messages\""), json!(7), json!(null)] {
            assert_eq!(read(wrong.clone()).unwrap_err().code, 100, "{wrong}");
        }
    }
}
