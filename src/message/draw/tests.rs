use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::message::examples::Example;
use crate::message::model::Draft;

fn example(example: Example) -> Value {
    Draft::from_toml(example.toml().as_bytes()).unwrap().to_message().unwrap().sample().value().clone()
}

#[test]
fn a_card_with_its_greeting_buttons_and_replies() {
    let message = json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "text": "Hi 👋🏽",
        "elements": [{"title": "秋のセール", "subtitle": "Half price until Sunday evening", "image_url": "https://shop.example/a.jpg",
            "buttons": [{"type": "web_url", "title": "Shop now", "url": "https://shop.example/"}]}]}},
        "quick_replies": [{"content_type": "text", "title": "Yes"}, {"content_type": "user_email"}]});
    let expected = "\
╭───────╮
│ Hi 👋🏽 │
╰───────╯
╭──────────────────────────╮
│ ┌┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┐ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ ┊        image         ┊ │
│ ┊        a.jpg         ┊ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ ┊                      ┊ │
│ └┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┘ │
│ 秋のセール               │
│ Half price until Sunday  │
│ evening                  │
├──────────────────────────┤
│         Shop now         │
╰──────────────────────────╯
( Yes ) ( their email )
";
    assert_eq!(draw(&message, 60), expected);
}

#[test]
fn a_carousel_stands_side_by_side_when_there_is_room() {
    let carousel = example(Example::Carousel);
    let tops = |columns| draw(&carousel, columns).lines().next().unwrap().matches('╭').count();
    assert_eq!((tops(100), tops(60), tops(40), tops(20)), (3, 2, 1, 1));
}

#[test]
fn every_example_shows_its_texts() {
    for (shape, texts) in [
        (Example::Coupon, &["20 percent off", "[ [coupon] ]", "Copy code", "Ends"][..]),
        (Example::Receipt, &["Order [order]", "1 × Boots", "56.14 USD", "-20 USD"]),
        (Example::Button, &["Remind me", "Open the app"]),
        (Example::Product, &["Product 1234567890"]),
        (Example::QuickReplies, &["( Small )", "( ▣ Large )", "their phone number"]),
    ] {
        let drawn = draw(&example(shape), 100);
        for text in texts {
            assert!(drawn.contains(text), "{shape:?}: {text} in\n{drawn}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![any::<String>().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(title|subtitle|buttons|elements|text|url|image_urls)", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    // Letters, wide, joined, combining, jamo, marks and controls.
    "([a-zA-Z ]|\\PC|[\u{1100}-\u{11ff}]|[\u{300}-\u{36f}]|👩‍👩‍👧|🇹🇭|☁\u{fe0f}|\u{200d}|لا|[\\x00-\\x1f]|\u{202e}){0,60}"
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal(
        columns in 20usize..=200, kind in "(generic|button|media|product|receipt|coupon|news)",
        title in any_text(), text in any_text(), odd in any_json(), n in 1usize..5
    ) {
        let button = json!({"type": "web_url", "title": title, "url": text});
        let card = json!({"title": title, "subtitle": text, "image_url": text, "id": title, "price": title,
            "image_urls": [{"url": text}, {"url": title}], "media_type": title, "buttons": [button, odd]});
        let payload = json!({"template_type": kind, "text": text, "title": title, "coupon_code": text, "buttons": [button],
            "elements": vec![card; n], "currency": title, "summary": {"total_cost": text}, "expire_time": title, "address": odd,
            "adjustments": [{"name": text, "amount": title}], "order_number": text});
        let reply = json!({"content_type": "text", "title": title, "image_url": "a"});
        let whole = json!({"text": text, "attachment": {"payload": payload}, "quick_replies": [reply, reply, odd]});
        for message in [whole, odd] {
            for line in draw(&message, columns).lines() {
                prop_assert!(width(line) <= columns, "{columns}: {line:?}");
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
