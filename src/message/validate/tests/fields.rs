//! Rules that involve more than one field.

use super::*;

fn generic(elements: Value) -> Value {
    json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": elements}}})
}

/// Rules about several fields and about every text: good, bad, where.
#[test]
fn rules_of_several_fields() {
    let b = "buttons";
    let url = "https://shop.example/";
    let card = |fields: Value| {
        let mut card = json!({"title": "a", "subtitle": "b"});
        card.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        generic(json!([card]))
    };
    let web = json!({"type": "web_url", "title": "a", "url": url});
    let image = |hero: Value| json!({"url": url, "is_hero_image": hero});
    let first = "$.attachment.payload.elements[0]";
    let table: Vec<(&str, Value, Value, String)> = vec![
        ("message.both", json!({"text": "a"}), json!({"text": "a", "attachment": {}}), "$".into()),
        ("message.empty", json!({"text": "a"}), json!({"text": " "}), "$".into()),
        ("message.empty", json!({"attachment": {}}), json!({"quick_replies": []}), "$".into()),
        ("message.unknown", json!({"text": "a"}), json!({"txt": "a"}), "$.txt".into()),
        ("message.types", json!({"text": "a"}), json!({"text": 5}), "$.text".into()),
        ("values.syntax", json!({"text": "${a}"}), json!({"text": "${a"}), "$.text".into()),
        ("values.literal", json!({"text": "$$${a}"}), json!({"text": "$${a}"}), "$.text".into()),
        (
            "macros",
            generic(json!([{"title": "{{first_name}}"}])),
            generic(json!([{"title": "{{firstname}}"}])),
            format!("{first}.title"),
        ),
        ("macros", json!({"text": "{ {first_name} }"}), json!({"text": "{{first_name}}"}), "$.text".into()),
        (
            "macros",
            card(json!({b: [{"type": "postback", "title": "a", "payload": "{{x}}"}]})),
            card(json!({b: [{"type": "postback", "title": "{{full_name}}", "payload": "x"}]})),
            format!("{first}.buttons[0].title"),
        ),
        (
            "macros",
            card(json!({"image_url": url})),
            card(json!({"image_url": "https://a/{{first_name}}"})),
            format!("{first}.image_url"),
        ),
        ("generic.element.bare", card(json!({})), generic(json!([{"title": "a"}])), first.into()),
        (
            "generic.media_type.image",
            card(json!({"media_type": "image", "image_url": url})),
            card(json!({"media_type": "image"})),
            first.into(),
        ),
        (
            "generic.video_id.media_type",
            card(json!({"media_type": "video", "video_id": 1})),
            card(json!({"video_id": 1})),
            format!("{first}.video_id"),
        ),
        (
            "generic.video.postback",
            card(json!({"media_type": "video", "video_id": 1, b: [web]})),
            card(
                json!({"media_type": "video", "video_id": 1, b: [web, {"type": "postback", "title": "a", "payload": "b"}]}),
            ),
            format!("{first}.buttons[1].type"),
        ),
        (
            "generic.images.mixed",
            card(json!({"image_url": url})),
            card(json!({"image_url": url, "image_urls": []})),
            first.into(),
        ),
        (
            "generic.image_urls.hero",
            card(json!({"image_urls": [image(json!("true")), image(json!("false")), image(json!(false))]})),
            card(json!({"image_urls": [image(json!("true")), image(json!(true))]})),
            format!("{first}.image_urls"),
        ),
        (
            "generic.carousel.image_urls",
            card(json!({"image_urls": [image(json!(true))]})),
            generic(json!([{"title": "a"}, {"title": "b", "image_urls": []}])),
            "$.attachment.payload.elements[1].image_urls".into(),
        ),
        (
            "generic.cta",
            card(json!({"default_action": {"type": "web_url", "url": url}})),
            card(json!({b: []})),
            first.into(),
        ),
        (
            "button.extensions",
            card(
                json!({b: [{"type": "web_url", "title": "a", "url": url, "messenger_extensions": true, "fallback_url": url}]}),
            ),
            card(json!({b: [{"type": "web_url", "title": "a", "url": "http://a/", "messenger_extensions": true}]})),
            format!("{first}.buttons[0].url"),
        ),
        (
            "button.extensions",
            card(json!({b: [web]})),
            card(json!({b: [{"type": "web_url", "title": "a", "url": url, "fallback_url": url}]})),
            format!("{first}.buttons[0].fallback_url"),
        ),
        (
            "default_action.extensions",
            card(json!({"default_action": {"type": "web_url", "url": "http://a/"}})),
            card(json!({"default_action": {"type": "web_url", "url": url, "fallback_url": url}})),
            format!("{first}.default_action.fallback_url"),
        ),
        (
            "media.source.both",
            json!({"attachment": {"payload": {"template_type": "media", "elements": [{"url": "a"}]}}}),
            json!({"attachment": {"payload": {"template_type": "media", "elements": [{"url": "a", "attachment_id": 1}]}}}),
            first.into(),
        ),
        (
            "product.id.twice",
            json!({"attachment": {"payload": {"template_type": "product", "elements": [{"id": 1}, {"id": 2}]}}}),
            json!({"attachment": {"payload": {"template_type": "product", "elements": [{"id": 1}, {"id": 1}]}}}),
            "$.attachment.payload.elements[1].id".into(),
        ),
    ];
    let named: BTreeSet<&str> = table.iter().map(|(id, ..)| *id).collect();
    for rule in all() {
        let needs_one = matches!(
            rule.check,
            Requirement::Custom { .. } | Requirement::Macros | Requirement::Placeholders | Requirement::DoubtfulLiteral
        );
        assert!(!needs_one || named.contains(rule.id), "{} has no case", rule.id);
    }
    for (id, good, bad, path) in table {
        let rule = all().find(|rule| rule.id == id).unwrap();
        assert_eq!(broken(rule, &good), [""; 0], "{id}: {good}");
        assert!(broken(rule, &bad).contains(&path), "{id}: {:?} {bad}", broken(rule, &bad));
    }
}
