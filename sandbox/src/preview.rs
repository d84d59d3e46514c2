//! Previews: the iframe of Graph's answer, and the page in it.

use std::fmt::Write;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::auth::hmac_hex;
use super::check;
use super::params::{Params, decoded};
use super::reply::{HTML, Refusal, Reply};
use super::world::World;

const KEPT: usize = 256;

/// `GET /act_X/generatepreviews`.
pub fn generate(world: &World, params: &Params) -> Result<Value, Refusal> {
    if params.text("ad_format").as_deref() != Some("MESSENGER_MARKETING_MESSAGES_MEDIA") {
        return Err(Refusal::parameter("ad_format must be MESSENGER_MARKETING_MESSAGES_MEDIA"));
    }
    params.not_served(&[
        "creative_feature",
        "dynamic_asset_label",
        "dynamic_creative_spec",
        "dynamic_customization",
        "end_date",
        "height",
        "locale",
        "place_page_id",
        "post",
        "product_item_ids",
        "render_type",
        "start_date",
        "width",
    ])?;
    let creative = params.json("creative")?.ok_or_else(|| Refusal::parameter("The parameter creative is required"))?;
    let page = &creative["object_story_spec"]["page_id"];
    let page = page.as_str().map_or_else(|| page.to_string(), str::to_owned);
    if !creative["marketing_message_structured_spec"].is_object() || !world.options.pages.contains(&page) {
        return Err(Refusal::parameter(
            "creative needs marketing_message_structured_spec and object_story_spec.page_id",
        ));
    }
    let message = params.json("message")?.ok_or_else(|| Refusal::parameter("The parameter message is required"))?;
    check::value(&message)?;
    let key = world.trace();
    let signature = sign(world, &key);
    {
        let mut previews = world.previews.lock().unwrap_or_else(PoisonError::into_inner);
        if previews.len() >= KEPT {
            previews.pop_front();
        }
        previews.push_back((key.clone(), message));
    }
    let src = format!("{}/preview_iframe.php?locale=en_US&d={key}&t={signature}", world.base);
    // The closing tag is broken, as in Meta's sample.
    let body = format!(
        r#"<iframe src="{}" width="335" height="450" scrolling="yes" style="border: none;"><\<iframe>"#,
        escaped(&src)
    );
    Ok(json!({ "data": [{ "body": body }] }))
}

fn sign(world: &World, key: &str) -> String {
    hmac_hex(&world.credentials.app_secret, key.as_bytes()).chars().take(24).collect()
}

/// The page in the iframe. It loads nothing: images are boxes with their URL.
pub fn page(world: &World, query: &str) -> Reply {
    let value = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| decoded(value))
    };
    let (key, signature) = (value("d").unwrap_or_default(), value("t").unwrap_or_default());
    let message = {
        let previews = world.previews.lock().unwrap_or_else(PoisonError::into_inner);
        previews.iter().find(|(kept, _)| *kept == key).map(|(_, message)| message.clone())
    };
    match message.filter(|_| signature == sign(world, &key)) {
        Some(message) => Reply::raw(200, HTML, document(&message)),
        None => Reply::raw(404, HTML, "<!DOCTYPE html><title>Gone</title><p>This preview has expired.</p>"),
    }
}

const STYLE: &str = "*{box-sizing:border-box}body{margin:0;padding:12px;font:15px/1.35 system-ui,sans-serif;background:#fff;color:#050505}\
.page{display:flex;gap:8px;align-items:center;margin-bottom:12px;font-weight:600}.page i{width:32px;height:32px;border-radius:50%;background:#0a7cff}\
.bubble{background:#f0f0f0;border-radius:18px;padding:8px 12px;max-width:280px;margin-bottom:8px;white-space:pre-wrap;overflow-wrap:anywhere}\
.cards{display:flex;gap:8px;overflow-x:auto}.card{flex:0 0 260px;border:1px solid #ddd;border-radius:18px;overflow:hidden}\
.image{aspect-ratio:1.91;background:linear-gradient(135deg,#cfe3ff,#f3d9ff);display:flex;align-items:end;padding:8px;font-size:11px;color:#444;overflow-wrap:anywhere}\
.words{padding:10px 12px}.words b{display:block;overflow-wrap:anywhere}.words span{color:#65676b;overflow-wrap:anywhere}\
.button{display:block;margin:6px 12px;padding:8px;border-radius:8px;background:#e4e6eb;text-align:center;font-weight:600;color:inherit;text-decoration:none}\
.replies{display:flex;flex-wrap:wrap;gap:6px;margin-top:10px}.replies span{border:1px solid #0a7cff;color:#0a7cff;border-radius:16px;padding:4px 12px}\
.out{color:#65676b;font-size:12px;margin-top:12px}";

fn document(message: &Value) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Message preview</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\n<body>\
         <div class=\"page\"><i></i>Sandbox Page</div>\n"
    );
    bubble(&mut page, &message["text"]);
    let payload = &message["attachment"]["payload"];
    bubble(&mut page, &payload["text"]);
    bubble(&mut page, &payload["coupon_pre_message"]);
    let empty = Vec::new();
    let elements = payload["elements"].as_array().unwrap_or(&empty);
    page.push_str("<div class=\"cards\">");
    if elements.is_empty() && payload["template_type"].is_string() {
        card(&mut page, payload);
    }
    for element in elements {
        card(&mut page, element);
    }
    page.push_str("</div>\n");
    let replies = message["quick_replies"].as_array().unwrap_or(&empty);
    if !replies.is_empty() {
        page.push_str("<div class=\"replies\">");
        for reply in replies {
            let _ = write!(page, "<span>{}</span>", escaped(reply["title"].as_str().unwrap_or("…")));
        }
        page.push_str("</div>\n");
    }
    page.push_str("<p class=\"out\">Manage message preferences</p></body></html>\n");
    page
}

fn bubble(page: &mut String, text: &Value) {
    if let Some(text) = text.as_str() {
        let _ = writeln!(page, "<div class=\"bubble\">{}</div>", escaped(text));
    }
}

fn card(page: &mut String, element: &Value) {
    page.push_str("<div class=\"card\">");
    let image = ["image_url", "video_id", "attachment_id", "url"].iter().find_map(|name| element[*name].as_str());
    let image = image.or_else(|| element["image_urls"][0]["url"].as_str());
    if let Some(image) = image {
        let _ = write!(page, "<div class=\"image\">{}</div>", escaped(image));
    }
    page.push_str("<div class=\"words\">");
    if let Some(title) = element["title"].as_str() {
        let _ = write!(page, "<b>{}</b>", escaped(title));
    }
    if let Some(subtitle) = element["subtitle"].as_str() {
        let _ = write!(page, "<span>{}</span>", escaped(subtitle));
    }
    page.push_str("</div>");
    if element["coupon_code"].is_string() {
        page.push_str("<span class=\"button\">Copy code</span>");
    }
    for button in element["buttons"].as_array().into_iter().flatten() {
        let title = escaped(button["title"].as_str().unwrap_or("Open"));
        match button["url"].as_str().filter(|url| url.starts_with("http")) {
            Some(url) => {
                let _ = write!(
                    page,
                    "<a class=\"button\" target=\"_blank\" rel=\"noreferrer noopener\" href=\"{}\">{title}</a>",
                    escaped(url)
                );
            }
            None => {
                let _ = write!(page, "<span class=\"button\">{title}</span>");
            }
        }
    }
    page.push_str("</div>");
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#039;"),
            other => safe.push(other),
        }
    }
    safe
}
