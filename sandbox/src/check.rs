//! What Graph refuses in a message, as far as the contract says. Like Graph, it reports the first fault only.

use serde_json::Value;

use super::reply::Refusal;

/// Checks the JSON of a message.
pub fn message(json: &str) -> Result<(), Refusal> {
    let parsed: Value = serde_json::from_str(json)
        .map_err(|error| Refusal::parameter(format!("param message must be JSON: {error}")))?;
    // One page of the docs shows the message as a string of JSON.
    let parsed = match parsed {
        Value::String(text) => serde_json::from_str(&text)
            .map_err(|error| Refusal::parameter(format!("param message must be JSON: {error}")))?,
        parsed => parsed,
    };
    value(&parsed)
}

/// Checks a parsed message.
pub fn value(message: &Value) -> Result<(), Refusal> {
    let fields = message.as_object().ok_or_else(|| Refusal::parameter("param message must be an object"))?;
    if let Some(replies) = fields.get("quick_replies") {
        quick_replies(replies)?;
    }
    let text = fields.get("text");
    let attachment = fields.get("attachment");
    match (text, attachment) {
        (None, None) => Err(Refusal::new(2_300_010)),
        (Some(_), Some(_)) => Err(Refusal::parameter("message can't have both text and attachment")),
        (Some(text), None) => required_text(text, 640, "text"),
        (None, Some(attachment)) => template(attachment),
    }
}

fn template(attachment: &Value) -> Result<(), Refusal> {
    if attachment["type"] != "template" {
        return Err(Refusal::new(2_300_010));
    }
    let payload = &attachment["payload"];
    let elements = || payload["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
    match payload["template_type"].as_str().unwrap_or_default() {
        "generic" => generic(payload, elements()),
        "button" => {
            required_text(&payload["text"], 640, "text")?;
            let buttons = payload["buttons"].as_array().ok_or_else(|| Refusal::new(2_300_074))?;
            if buttons.is_empty() {
                return Err(Refusal::new(2_300_074));
            }
            each_button(buttons, false)
        }
        "media" => {
            let [element] = elements() else { return Err(Refusal::new(2_300_010)) };
            if element.get("attachment_id").is_some() == element.get("url").is_some() {
                return Err(Refusal::parameter("media needs exactly one of attachment_id and url"));
            }
            buttons_of(element, element["media_type"] == "video")
        }
        "product" => {
            let count = elements().len();
            if count == 0 || count > 10 { Err(Refusal::new(2_300_010)) } else { Ok(()) }
        }
        "receipt" => {
            for name in ["recipient_name", "order_number", "currency", "payment_method", "summary"] {
                if payload.get(name).is_none() {
                    return Err(Refusal::new(2_300_076).words(format!("A required field is missing: {name}")));
                }
            }
            Ok(())
        }
        "coupon" => {
            required_text(&payload["title"], 80, "title")?;
            required_text(&payload["coupon_code"], usize::MAX, "coupon_code")?;
            url(&payload["coupon_url"], 2_300_077)
        }
        _ => Err(Refusal::new(2_300_010)),
    }
}

fn generic(payload: &Value, elements: &[Value]) -> Result<(), Refusal> {
    if elements.is_empty() || elements.len() > 10 {
        return Err(Refusal::new(2_300_010));
    }
    if let Some(text) = payload.get("text") {
        required_text(text, 640, "text")?;
    }
    for element in elements {
        required_text(&element["title"], 80, "title")?;
        if let Some(subtitle) = element.get("subtitle") {
            optional_text(subtitle, 80, "subtitle")?;
        }
        if let Some(images) = element.get("image_urls") {
            if elements.len() > 1 {
                return Err(Refusal::new(2_300_046));
            }
            if element.get("image_url").is_some() {
                return Err(Refusal::new(2_300_047));
            }
            let images = images.as_array().map(Vec::as_slice).unwrap_or_default();
            if images.is_empty() || images.len() > 6 {
                return Err(Refusal::parameter("image_urls takes 1 to 6 images"));
            }
            let hero = |image: &&Value| image["is_hero_image"] == "true" || image["is_hero_image"] == true;
            if images.iter().filter(hero).count() > 1 {
                return Err(Refusal::new(2_300_048));
            }
            for image in images {
                url(&image["url"], 2_300_077)?;
            }
        }
        if let Some(image) = element.get("image_url") {
            url(image, 2_300_077)?;
        }
        let video = element["media_type"] == "video";
        if video && element["video_id"].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::new(2_300_021));
        }
        if element["media_type"] == "image" && element.get("image_url").or_else(|| element.get("image_urls")).is_none()
        {
            return Err(Refusal::new(2_300_022));
        }
        if let Some(action) = element.get("default_action") {
            url(&action["url"], 2_300_024)?;
        }
        buttons_of(element, video)?;
    }
    Ok(())
}

fn buttons_of(element: &Value, video: bool) -> Result<(), Refusal> {
    match element.get("buttons") {
        None => Ok(()),
        Some(Value::Array(buttons)) => each_button(buttons, video),
        Some(_) => Err(Refusal::parameter("buttons must be a list")),
    }
}

fn each_button(buttons: &[Value], video: bool) -> Result<(), Refusal> {
    if buttons.len() > 3 {
        return Err(Refusal::new(2_300_026));
    }
    for button in buttons {
        let title = |refusal: Refusal| match button["title"].as_str() {
            None | Some("") => Err(refusal),
            Some(title) if title.chars().count() > 20 => Err(too_long("title", 20)),
            Some(_) => Ok(()),
        };
        match button["type"].as_str().unwrap_or_default() {
            "web_url" => {
                title(Refusal::new(2_300_025))?;
                url(&button["url"], 2_300_024)?;
            }
            "postback" if video => return Err(Refusal::new(2_300_023)),
            "postback" => {
                title(Refusal::new(2_300_025))?;
                required_text(&button["payload"], 1000, "payload")?;
            }
            "app" => {
                if button.get("android_url").or_else(|| button.get("ios_url")).is_none() {
                    return Err(Refusal::new(2_300_024));
                }
            }
            _ => return Err(Refusal::new(2_300_023)),
        }
    }
    Ok(())
}

fn quick_replies(replies: &Value) -> Result<(), Refusal> {
    let replies = replies.as_array().ok_or_else(|| Refusal::parameter("quick_replies must be a list"))?;
    if replies.len() > 13 {
        return Err(Refusal::parameter("quick_replies takes at most 13 entries"));
    }
    for reply in replies {
        match reply["content_type"].as_str().unwrap_or_default() {
            "text" => {
                let title = reply["title"].as_str().unwrap_or_default();
                if title.is_empty() && reply["image_url"].as_str().is_none_or(str::is_empty) {
                    return Err(Refusal::new(2_300_076));
                }
                if title.chars().count() > 20 {
                    return Err(too_long("title", 20));
                }
                optional_text(&reply["payload"], 1000, "payload")?;
            }
            "user_phone_number" | "user_email" => {}
            _ => return Err(Refusal::parameter("content_type of a quick reply is not valid")),
        }
    }
    Ok(())
}

fn required_text(value: &Value, limit: usize, name: &str) -> Result<(), Refusal> {
    match value.as_str() {
        None | Some("") => Err(Refusal::new(2_300_076).words(format!("A required field is missing: {name}"))),
        Some(_) => optional_text(value, limit, name),
    }
}

fn optional_text(value: &Value, limit: usize, name: &str) -> Result<(), Refusal> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if text.chars().count() > limit => Err(too_long(name, limit)),
        Value::String(_) => Ok(()),
        _ => Err(Refusal::parameter(format!("param {name} must be a string"))),
    }
}

fn too_long(name: &str, limit: usize) -> Refusal {
    Refusal::parameter(format!("Length of param {name} must be less than or equal to {limit}"))
}

fn url(value: &Value, empty: i64) -> Result<(), Refusal> {
    match value.as_str() {
        None | Some("") => Err(Refusal::new(empty)),
        Some(url)
            if (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace) =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::new(2_300_077)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card(element: &Value) -> Value {
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [element]}}})
    }

    #[test]
    fn the_documented_shapes_pass() {
        let button = json!({"type": "web_url", "title": "Shop now", "url": "https://example.com"});
        for message in [
            json!({"text": "hello"}),
            card(&json!({"title": "Sale", "image_url": "https://example.com/a.png", "buttons": [button]})),
            json!({"text": "hi", "quick_replies": [{"content_type": "text", "title": "Yes", "payload": "Y"}]}),
        ] {
            assert!(message_code(&message).is_none(), "{message}");
        }
        assert!(super::message(r#""{\"text\":\"hello\"}""#).is_ok());
    }

    fn message_code(message: &Value) -> Option<i64> {
        value(message).err().map(|refusal| refusal.code)
    }

    #[test]
    fn each_fault_has_its_code() {
        let button = json!({"type": "web_url", "title": "Shop now", "url": "https://example.com"});
        for (message, code) in [
            (json!({}), 2_300_010),
            (json!("x"), 100),
            (json!({"text": "x".repeat(641)}), 100),
            (card(&json!({"subtitle": "no title"})), 2_300_076),
            (card(&json!({"title": "é".repeat(81)})), 100),
            (card(&json!({"title": "a", "buttons": [button, button, button, button]})), 2_300_026),
            (
                card(&json!({"title": "a", "buttons": [{"type": "web_url", "title": "", "url": "https://a.b"}]})),
                2_300_025,
            ),
            (card(&json!({"title": "a", "buttons": [{"type": "web_url", "title": "x", "url": ""}]})), 2_300_024),
            (card(&json!({"title": "a", "buttons": [{"type": "call", "title": "x"}]})), 2_300_023),
            (card(&json!({"title": "a", "media_type": "video"})), 2_300_021),
            (card(&json!({"title": "a", "image_url": "ftp://x"})), 2_300_077),
        ] {
            assert_eq!(message_code(&message), Some(code), "{message}");
        }
        assert!(message_code(&card(&json!({"title": "é".repeat(80)}))).is_none());
    }
}
