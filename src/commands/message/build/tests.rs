use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::message::Message;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn build(flags: &[&str]) -> Result<Message> {
    let line = Line::try_parse_from(std::iter::once("build").chain(flags.iter().copied()))
        .map_err(|error| Error::usage(error.to_string()))?;
    line.args.fields.draft()?.0.to_message()
}

fn built(flags: &[&str]) -> Value {
    let message = build(flags).unwrap();
    let errors: Vec<_> = message.validate().into_iter().filter(|violation| violation.is_error()).collect();
    assert_eq!(errors, [], "{flags:?}");
    message.value().clone()
}

#[test]
fn flags_after_a_title_belong_to_its_card() {
    let value = built(&[
        "--image-url",
        "https://shop.example/a.jpg",
        "--title",
        "A",
        "--button",
        "Go=https://shop.example/?a=b",
        "--title",
        "B",
        "--subtitle",
        "b",
        "--url",
        "https://shop.example/b",
        "--postback",
        "No=N=1",
        "--app",
        ",shop://b",
    ]);
    assert_eq!(
        value,
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
            {"title": "A", "image_url": "https://shop.example/a.jpg",
             "buttons": [{"type": "web_url", "title": "Go", "url": "https://shop.example/?a=b"}]},
            {"title": "B", "subtitle": "b", "default_action": {"type": "web_url", "url": "https://shop.example/b"},
             "buttons": [{"type": "postback", "title": "No", "payload": "N=1"}, {"type": "app", "ios_url": "shop://b"}]}]}}})
    );
}

#[test]
fn the_template_is_told_by_the_flags() {
    let kind = |flags: &[&str]| {
        let value = built(flags);
        value.pointer("/attachment/payload/template_type").and_then(Value::as_str).unwrap_or("text").to_owned()
    };
    assert_eq!(
        kind(&["--text", "a", "--quick-reply", "Yes=Y", "--quick-reply", "No", "--quick-reply", "@email"]),
        "text"
    );
    assert_eq!(kind(&["--text", "a", "--button", "Go=https://shop.example/"]), "button");
    assert_eq!(
        kind(&["--title", "a", "--hero", "https://shop.example/1", "--image", "https://shop.example/2"]),
        "generic"
    );
    assert_eq!(kind(&["--media-type", "image", "--attachment-id", "1", "--button", "Go=https://a/"]), "media");
    assert_eq!(kind(&["--product", "1", "--product", "2"]), "product");
    assert_eq!(kind(&["--title", "a", "--coupon-code", "C", "--coupon-url", "https://a/", "--text", "Hi"]), "coupon");
    let receipt = [
        "--template",
        "receipt",
        "--set",
        "recipient_name=A",
        "--set",
        "order_number=0012",
        "--set",
        "currency=USD",
        "--set",
        "payment_method=Visa",
        "--set",
        "summary.total_cost=56.14",
        "--set",
        "elements[0].title=Boots",
        "--set",
        "elements[0].price=50",
    ];
    assert_eq!(kind(&receipt), "receipt");
    assert_eq!(built(&receipt).pointer("/attachment/payload/order_number"), Some(&json!("0012")));
    let video = built(&["--title", "a", "--video-id", "12", "--button", "Go=https://a/"]);
    assert_eq!(video.pointer("/attachment/payload/elements/0/media_type"), Some(&json!("video")));
}

#[test]
fn flags_that_make_no_message_are_a_wrong_command() {
    for (flags, says) in [
        (&[][..], "no message"),
        (&["--title", "a", "--button", "Go"], "has no ="),
        (&["--text", "a", "--title", "b", "--template", "text"], "unknown field `title`"),
        (&["--title", "a", "--set", "elements[0].titel=b"], "did you mean `title`?"),
        (&["--title", "a", "--from", "b"], "cannot be used with"),
        (&["--example", "coupon", "--text", "b"], "cannot be used with"),
    ] {
        let error = build(flags).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains(says), "{flags:?}: {error}");
    }
}

#[test]
fn flags_file_and_draft_give_the_same_message() {
    let flags = build(&[
        "--text",
        "Hello {{first_name}}, we kept something for you.",
        "--title",
        "Autumn sale",
        "--subtitle",
        "Half price until Sunday",
        "--image-url",
        "https://shop.example/sale.jpg",
        "--url",
        "https://shop.example/sale",
        "--button",
        "Shop now=https://shop.example/sale",
        "--postback",
        "Not today=NOT_TODAY",
    ]);
    let file = Draft::from_toml(Example::Generic.toml().as_bytes()).unwrap();
    let kept = Draft::from_toml(file.to_toml().unwrap().as_bytes()).unwrap();
    let flags = flags.unwrap();
    assert_eq!(flags.to_json(), file.to_message().unwrap().to_json());
    assert_eq!(flags.fingerprint(), kept.to_message().unwrap().fingerprint());
}
