//! Every rule of the table: satisfied at its limit, broken one past it, reported at the right place.

mod fields;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Phase, check};
use crate::message::Message;
use crate::message::path::{PathStep, PatternStep, parts, select};
use crate::message::rules::{Requirement, Rule, Severity, TemplateKind, Type, all};

fn buttons() -> Value {
    json!([
        {"type": "web_url", "title": "Shop now", "url": "https://shop.example/", "webview_height_ratio": "full",
         "messenger_extensions": true, "fallback_url": "https://shop.example/", "webview_share_button": "hide"},
        {"type": "postback", "title": "Later", "payload": "LATER"},
        {"type": "app", "android_url": "shop://a", "ios_url": "shop://a"}
    ])
}

fn attached(payload: Value) -> Value {
    json!({"attachment": {"type": "template", "payload": payload}, "quick_replies": [
        {"content_type": "text", "title": "Yes", "payload": "YES", "image_url": "https://shop.example/y.png"}]})
}

/// Messages that together have every field of every template.
fn whole() -> Vec<Value> {
    let action = json!({"type": "web_url", "url": "https://shop.example/", "webview_height_ratio": "tall",
        "messenger_extensions": true, "fallback_url": "https://shop.example/", "webview_share_button": "hide"});
    let card = json!({"title": "Sale", "subtitle": "Today", "image_url": "https://shop.example/a.jpg",
        "media_type": "image", "default_action": action, "buttons": buttons()});
    let grid = json!({"title": "Sale", "image_urls": [{"url": "https://shop.example/a.jpg", "is_hero_image": "true"}]});
    let video = json!({"title": "Sale", "media_type": "video", "video_id": "1", "buttons": [buttons()[0]]});
    let media = |kind: &str, url: &str| {
        attached(json!({"template_type": "media", "sharable": true, "elements": [
            {"media_type": kind, "attachment_id": "1", "url": url, "buttons": buttons()}]}))
    };
    vec![
        json!({"text": "Hello", "quick_replies": [{"content_type": "text", "title": "Yes", "payload": "YES",
            "image_url": "https://shop.example/y.png"}]}),
        attached(json!({"template_type": "button", "text": "Hello", "buttons": buttons()})),
        attached(json!({"template_type": "generic", "text": "Hi", "sharable": true, "elements": [card]})),
        attached(json!({"template_type": "generic", "elements": [grid]})),
        attached(json!({"template_type": "generic", "elements": [video]})),
        media("image", "https://www.facebook.com/shop/photos/1"),
        media("video", "https://www.facebook.com/shop/videos/1"),
        attached(json!({"template_type": "product", "elements": [{"id": "1"}]})),
        attached(json!({"template_type": "receipt", "sharable": false, "recipient_name": "A", "merchant_name": "S",
            "order_number": "1", "currency": "USD", "payment_method": "Visa", "order_url": "https://shop.example/",
            "timestamp": "1796000000",
            "address": {"street_1": "1 Main Street", "street_2": "", "city": "S", "postal_code": "1", "state": "OR", "country": "US"},
            "summary": {"subtotal": 1, "shipping_cost": 1, "total_tax": 1, "total_cost": 3},
            "adjustments": [{"name": "New", "amount": 1}],
            "elements": [{"title": "Boots", "subtitle": "Brown", "quantity": 1, "price": 1, "currency": "USD",
                "image_url": "https://shop.example/b.jpg"}]})),
        attached(json!({"template_type": "coupon", "title": "20 %", "subtitle": "Off", "coupon_code": "A1",
            "coupon_url": "https://shop.example/", "coupon_url_button_title": "Shop", "coupon_pre_message": "Hi",
            "image_url": "https://shop.example/c.jpg", "expire_time": "2026-12-24 18:00:00", "payload": "P"})),
    ]
}

/// Where the rule is broken in a message, and by what.
fn broken(rule: &Rule, message: &Value) -> Vec<String> {
    check(message, Phase::Author).into_iter().filter(|found| found.rule == rule.id).map(|found| found.path).collect()
}

fn change(message: &Value, path: &super::Path, new: Option<Value>) -> Value {
    let mut changed = message.clone();
    let (last, owner) = path.0.split_last().unwrap();
    let mut here = &mut changed;
    for step in owner {
        here = match step {
            PathStep::Key(name) => &mut here[name],
            PathStep::Index(index) => &mut here[index],
        };
    }
    match (last, new) {
        (PathStep::Key(name), Some(new)) => here[name] = new,
        (PathStep::Index(index), Some(new)) => here[index] = new,
        (PathStep::Key(name), None) => {
            here.as_object_mut().unwrap().remove(name);
        }
        (PathStep::Index(_), None) => panic!("an item is not removed here"),
    }
    changed
}

/// The first message that has the place the rule speaks of, with its path and value.
fn place(rule: &Rule, pattern: &str) -> Option<(Value, super::Path, Value)> {
    whole().into_iter().filter(|message| rule.is_for(TemplateKind::of(message))).find_map(|message| {
        let found = select(&message, pattern)
            .into_iter()
            .filter(|found| rule.when.is_none_or(|(field, value)| super::is(found.owner, field, value)))
            .find_map(|found| found.value.map(|value| (found.path, value.clone())));
        found.map(|(path, value)| (message, path, value))
    })
}

/// Changes of the value at the rule's place that keep the rule, and those that break it, with the path below the place.
fn cases(rule: &Rule, value: &Value) -> (Vec<Value>, Vec<(Option<Value>, String)>) {
    let here = |value: Value| (Some(value), String::new());
    let set = |name: &str, field: Value| {
        let mut object = value.clone();
        object[name] = field;
        object
    };
    let without = |names: &[&str]| {
        let mut object = value.clone();
        object.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()));
        object
    };
    match rule.check {
        Requirement::Required => {
            let empty = match value {
                Value::String(_) => json!(" "),
                Value::Array(_) => json!([]),
                Value::Object(_) => json!({}),
                _ => json!(null),
            };
            (vec![value.clone()], vec![(None, String::new()), here(empty), here(json!(null))])
        }
        Requirement::MaxChars(limit) => {
            let n = limit as usize;
            let url = |n: usize| json!(format!("https://a/{}", "x".repeat(n - 10)));
            if rule.paths[0].ends_with("url") {
                return (vec![url(n)], vec![here(url(n + 1))]);
            }
            // Two units each: bytes would be too many, code points too few.
            let wide = |units: usize| format!("{}{}", "😀".repeat(units / 2), "é".repeat(units % 2));
            (
                vec![json!("é".repeat(n)), json!(wide(n)), json!(format!("{}${{a}}", "x".repeat(n)))],
                vec![
                    here(json!("é".repeat(n + 1))),
                    here(json!(wide(n + 1))),
                    here(json!(format!("{}${{a}}", "x".repeat(n + 1)))),
                ],
            )
        }
        Requirement::MaxItems(limit) => {
            let items = |n: u32| Value::Array((0..n).map(|_| value[0].clone()).collect());
            (vec![items(limit)], vec![here(items(limit + 1))])
        }
        Requirement::MaxLineBreaks(limit) => {
            (vec![json!("\n".repeat(limit as usize))], vec![here(json!("\n".repeat(limit as usize + 1)))])
        }
        Requirement::OneOf(values) => {
            (values.iter().map(|value| json!(value)).collect(), vec![here(json!("<COMPACT_FULL_TALL>"))])
        }
        Requirement::WebUrl => {
            let good = [json!("http://a/"), json!("https://a/${b}"), json!("${b}")];
            let bad = ["<IMAGE_URL>", "a.example", "${b}/c", "x${b}"].map(|bad| here(json!(bad)));
            (good.into(), bad.into())
        }
        Requirement::FacebookMedia { .. } => (vec![value.clone()], vec![here(json!("https://shop.example/videos/1"))]),
        Requirement::AppUrl => (vec![value.clone()], vec![here(json!("item"))]),
        Requirement::Digits => (vec![json!("0"), json!(5)], vec![here(json!("2026-01-01")), here(json!(-1))]),
        Requirement::Currency => (vec![json!("THB"), json!("${c}")], vec![here(json!("thb")), here(json!("$"))]),
        Requirement::DateTime => (vec![json!("2026-02-28 00:00:00")], vec![here(json!("2026-02-29 00:00:00"))]),
        Requirement::Types(fields) => {
            let mut bad: Vec<_> = fields
                .iter()
                .filter(|(name, _)| *name != "template_type" && !is_condition(rule, name))
                .map(|(name, kind)| (Some(set(name, wrong(*kind))), format!(".{name}")))
                .collect();
            if rule.paths != ["$"] && rule.paths != ["$.attachment"] && rule.paths != ["$.attachment.payload"] {
                bad.push(here(json!(7)));
            }
            (vec![value.clone()], bad)
        }
        Requirement::Known(_) => (vec![value.clone()], vec![(Some(set("surprise", json!(1))), ".surprise".to_owned())]),
        Requirement::AnyOf(names) => {
            let one = |keep: &str| without(&names.iter().copied().filter(|name| *name != keep).collect::<Vec<_>>());
            let kept = names.iter().filter(|name| value.get(**name).is_some()).map(|name| one(name)).collect();
            (kept, vec![here(without(names))])
        }
        Requirement::AtMostOneOf(names) => {
            let mut both = value.clone();
            names.iter().for_each(|name| both[*name] = json!({"a": 1}));
            (vec![without(&names[1..]), without(&names[..1])], vec![here(both)])
        }
        Requirement::Macros
        | Requirement::Visible
        | Requirement::Placeholders
        | Requirement::DoubtfulLiteral
        | Requirement::Custom { .. } => (Vec::new(), Vec::new()),
    }
}

fn is_condition(rule: &Rule, name: &str) -> bool {
    rule.when.is_some_and(|(field, _)| field == name)
}

fn wrong(kind: Type) -> Value {
    match kind {
        Type::Text | Type::Object | Type::Bool => json!([]),
        Type::TextOrNumber | Type::BoolOrText => json!({}),
        Type::List => json!({"a": 1}),
    }
}

#[test]
fn every_rule_holds_at_its_limit_and_breaks_one_past_it() {
    for rule in all() {
        for pattern in rule.paths {
            let Some((message, path, value)) = place(rule, pattern) else {
                assert!(*pattern == "$..*" || rule.id == "message.both", "{}: no message has {pattern}", rule.id);
                continue;
            };
            assert!(
                rule.id == "generic.images.mixed"
                    || broken(rule, &message).iter().all(|p| !p.starts_with(&path.to_string()))
                    || rule.id == "media.source.both",
                "{}: {message}",
                rule.id
            );
            if path.0.is_empty() {
                continue;
            }
            let (good, bad) = cases(rule, &value);
            for value in good {
                let changed = change(&message, &path, Some(value));
                assert_eq!(broken(rule, &changed), [""; 0], "{}: {changed}", rule.id);
            }
            for (value, below) in bad {
                let changed = change(&message, &path, value);
                let mut expected = path.to_string();
                expected.push_str(&below);
                assert!(broken(rule, &changed).contains(&expected), "{}: {expected} in {changed}", rule.id);
            }
            assert_eq!(parts(pattern).iter().filter(|part| **part == PatternStep::Each).count(), expected_depth(&path));
        }
    }
}

fn expected_depth(path: &super::Path) -> usize {
    path.0.iter().filter(|step| matches!(step, PathStep::Index(_))).count()
}

/// The numbers as Meta's pages give them, apart from the table.
#[test]
fn the_numbers_are_those_of_the_pages() {
    for (id, limit) in [
        ("text.length", 640),
        ("button.text.length", 640),
        ("buttons.count", 3),
        ("button.title.length", 20),
        ("button.payload.length", 1000),
        ("quick_replies.count", 13),
        ("quick_reply.title.length", 20),
        ("quick_reply.payload.length", 1000),
        ("generic.title.length", 80),
        ("generic.subtitle.length", 80),
        ("generic.elements.count", 10),
        ("generic.image_urls.count", 6),
        ("media.elements.count", 1),
        ("product.elements.count", 10),
        ("coupon.title.length", 80),
        ("coupon.subtitle.length", 80),
    ] {
        assert_eq!(all().find(|rule| rule.id == id).and_then(|rule| rule.check.limit()), Some(limit), "{id}");
    }
    for (id, code) in [
        ("generic.video_id.required", 2_300_021),
        ("generic.media_type.image", 2_300_022),
        ("button.type", 2_300_023),
        ("button.url.required", 2_300_024),
        ("button.web_url.title.required", 2_300_025),
        ("buttons.count", 2_300_026),
        ("generic.carousel.image_urls", 2_300_046),
        ("generic.images.mixed", 2_300_047),
        ("generic.image_urls.hero", 2_300_048),
        ("macros", 2_300_071),
        ("line_breaks", 2_300_073),
    ] {
        assert_eq!(all().find(|rule| rule.id == id).and_then(|rule| rule.code), Some(code), "{id}");
    }
}

#[test]
fn ids_are_unique_and_pages_are_known() {
    let ids: Vec<_> = all().map(|rule| rule.id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    for rule in all() {
        let is_page = crate::message::rules::page_url(rule.page).is_some();
        assert!(is_page || rule.page == crate::message::rules::OWN, "{}: {}", rule.id, rule.page);
    }
}

#[test]
fn all_violations_are_reported_at_once_and_unknown_fields_are_warnings() {
    let message = json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
        {"titel": "a", "buttons": [{"type": "web_ur", "title": "b".repeat(21), "url": "c"}]}]}}});
    let found = check(&message, Phase::Author);
    let told: Vec<_> = found.iter().map(|found| (found.rule, found.severity, found.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("button.type", Severity::Error, "must be one of web_url, postback, app; did you mean web_url?"),
            ("button.title.length", Severity::Error, "21 characters, at most 20"),
            ("button.url", Severity::Error, "must be an http or https URL with a host"),
            ("generic.element.unknown", Severity::Warning, "is not a known field; did you mean title?"),
            ("generic.title.required", Severity::Error, "is missing"),
        ]
    );
    let extra = json!({"text": "a", "metadata": "x"});
    assert!(check(&extra, Phase::Author).iter().all(|found| !found.is_error()));
}

#[test]
fn hostile_shapes_are_reported_and_never_panic() {
    for text in [
        r#"{"attachment": []}"#,
        r#"{"attachment": {"type": 1, "payload": "x"}}"#,
        r#"{"attachment": {"payload": {"template_type": ["generic"], "elements": {}}}}"#,
        r#"{"attachment": {"payload": {"template_type": "generic", "elements": [null, [], "x", {"buttons": [3]}]}}}"#,
        r#"{"attachment": {"payload": {"template_type": "generics"}}}"#,
        r#"{"quick_replies": {"a": 1}}"#,
        r#"{}"#,
    ] {
        let message = Message::parse(text.as_bytes()).unwrap();
        assert!(message.validate().iter().any(super::Violation::is_error), "{text}");
    }
}

/// The samples of Meta's pages, with their placeholders replaced.
#[test]
fn the_samples_of_the_pages_break_no_rule() {
    for (name, sample) in [
        ("guide", include_str!("../../../tests/fixtures/message/meta/guide.json")),
        ("text", include_str!("../../../tests/fixtures/message/meta/text.json")),
        ("button", include_str!("../../../tests/fixtures/message/meta/button.json")),
        ("greeting", include_str!("../../../tests/fixtures/message/meta/greeting.json")),
        ("image-grid", include_str!("../../../tests/fixtures/message/meta/image-grid.json")),
        ("video", include_str!("../../../tests/fixtures/message/meta/video.json")),
        ("app-button", include_str!("../../../tests/fixtures/message/meta/app-button.json")),
        ("media", include_str!("../../../tests/fixtures/message/meta/media.json")),
        ("product", include_str!("../../../tests/fixtures/message/meta/product.json")),
        ("receipt", include_str!("../../../tests/fixtures/message/meta/receipt.json")),
        ("coupon", include_str!("../../../tests/fixtures/message/meta/coupon.json")),
        ("quick-replies", include_str!("../../../tests/fixtures/message/meta/quick-replies.json")),
    ] {
        assert_eq!(Message::parse(sample.as_bytes()).unwrap().validate(), [], "{name}");
    }
}

#[test]
fn what_nobody_can_see_and_macros_without_a_brace_are_violations() {
    let card = |title: &str, payload: &str| {
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
            {"title": title, "buttons": [{"type": "postback", "title": "Go", "payload": payload}]}]}}})
    };
    for (message, rule, says) in [
        (json!({"text": "\u{200b}\u{feff}"}), "message.empty", "needs attachment or text"),
        (json!({"text": "\u{3164}"}), "text.visible", "only invisible characters"),
        (json!({"text": "a\u{0}b"}), "text.visible", "U+0000"),
        (json!({"text": "a\u{9b}31mb"}), "text.visible", "U+009B"),
        (card("\u{2800}", "x"), "generic.title.required", "is empty"),
        (card("Sale", "x\u{0}"), "text.visible", "U+0000"),
        (json!({"text": "Hi {{first_name}, look"}), "macros", "{{first_name} lacks a brace: write {{first_name}}, or"),
        (card("Hi {{first_name", "x"), "macros", "{{first_name lacks a brace"),
        (card("Hi {first_name}}", "x"), "macros", "{first_name}} lacks a brace"),
        (card("Hi {first_name}", "x"), "values.literal", "write {{first_name}}"),
    ] {
        let found = check(&message, Phase::Author);
        assert!(found.iter().any(|it| it.rule == rule && it.message.contains(says)), "{rule}: {message}: {found:?}");
    }
    for message in [json!({"text": "a\nb\tc"}), card("{a: 1} {{first_name}}", "{{first_name"), card("${x}", "x")] {
        assert_eq!(check(&message, Phase::Author), [], "{message}");
    }
}
