//! The parts of every message: the message itself, quick replies, buttons; and the text and button templates.

use serde_json::Value;

use super::check::Requirement::{
    AnyOf, AppUrl, AtMostOneOf, Custom, DoubtfulLiteral, Known, Macros, MaxChars, MaxItems, MaxLineBreaks, OneOf,
    Placeholders, Required, Types, Visible, WebUrl,
};
use super::check::{FieldTypes, Finding, Type};
use super::{OWN, Rule, TemplateKind};

const FIELDS: FieldTypes = &[("attachment", Type::Object), ("text", Type::Text), ("quick_replies", Type::List)];
const ATTACHMENT: FieldTypes = &[("type", Type::Text), ("payload", Type::Object)];
const BUTTON_PAYLOAD: FieldTypes = &[("template_type", Type::Text), ("text", Type::Text), ("buttons", Type::List)];

pub const MESSAGE: &[Rule] = &[
    Rule::new("message.unknown", "SEND", &["$"], Known(FIELDS)).warning(),
    Rule::new("message.types", "SEND", &["$"], Types(FIELDS)).inferred(),
    Rule::new("message.empty", "REF", &["$"], AnyOf(&["attachment", "text"])).code(2_300_010),
    Rule::new("message.both", "SEND", &["$"], AtMostOneOf(&["attachment", "text"])).code(2_300_010).inferred(),
    Rule::new("text.length", "TXT", &["$.text"], MaxChars(640)),
    Rule::new("attachment.unknown", "SEND", &["$.attachment"], Known(ATTACHMENT)).warning(),
    Rule::new("attachment.types", "SEND", &["$.attachment"], Types(ATTACHMENT)).inferred(),
    Rule::new("attachment.type.required", "SEND", &["$.attachment.type"], Required).code(2_300_010),
    Rule::new("attachment.type", "SEND", &["$.attachment.type"], OneOf(&["template"])).code(2_300_010).inferred(),
    Rule::new("attachment.payload.required", "SEND", &["$.attachment.payload"], Required).code(2_300_010),
    Rule::new("payload.template_type.required", "REF", &["$.attachment.payload.template_type"], Required)
        .code(2_300_010),
    Rule::new(
        "payload.template_type",
        "REF",
        &["$.attachment.payload.template_type"],
        OneOf(&["button", "generic", "media", "product", "receipt", "coupon"]),
    )
    .code(2_300_010),
    Rule::new("text.visible", OWN, &["$..*"], Visible),
    Rule::new("values.syntax", OWN, &["$..*"], Placeholders),
    Rule::new("values.literal", OWN, &["$..*"], DoubtfulLiteral).warning(),
    // Documented for titles, subtitles and the greetings of a card and a coupon; so nothing else works.
    Rule::new("macros", "GEN", &["$..*"], Macros).code(2_300_071),
    // Meta refuses "too many line breaks" without publishing a number.
    Rule::new(
        "line_breaks",
        "REF",
        &[
            "$.text",
            "$.attachment.payload.text",
            "$.attachment.payload.title",
            "$.attachment.payload.subtitle",
            "$.attachment.payload.coupon_pre_message",
            "$.attachment.payload.elements[*].title",
            "$.attachment.payload.elements[*].subtitle",
        ],
        MaxLineBreaks(10),
    )
    .code(2_300_073)
    .inferred()
    .warning(),
];

const QUICK_REPLY: FieldTypes =
    &[("content_type", Type::Text), ("title", Type::Text), ("payload", Type::Text), ("image_url", Type::Text)];

pub const QUICK_REPLIES: &[Rule] = &[
    Rule::new("quick_replies.count", "QR", &["$.quick_replies"], MaxItems(13)),
    Rule::new("quick_reply.unknown", "QR", &["$.quick_replies[*]"], Known(QUICK_REPLY)).warning(),
    Rule::new("quick_reply.types", "QR", &["$.quick_replies[*]"], Types(QUICK_REPLY)).inferred(),
    Rule::new("quick_reply.content_type.required", "QR", &["$.quick_replies[*].content_type"], Required)
        .code(2_300_076),
    Rule::new(
        "quick_reply.content_type",
        "QR",
        &["$.quick_replies[*].content_type"],
        OneOf(&["text", "user_phone_number", "user_email"]),
    ),
    Rule::new("quick_reply.title.length", "QR", &["$.quick_replies[*].title"], MaxChars(20)),
    Rule::new("quick_reply.payload.length", "QR", &["$.quick_replies[*].payload"], MaxChars(1000)),
    Rule::new("quick_reply.image_url", "QR", &["$.quick_replies[*].image_url"], WebUrl).code(2_300_077),
    Rule::new("quick_reply.face", "QR", &["$.quick_replies[*]"], AnyOf(&["title", "image_url"]))
        .when("content_type", "text")
        .code(2_300_076),
    Rule::new("quick_reply.payload.required", "QR", &["$.quick_replies[*]"], AnyOf(&["payload", "image_url"]))
        .when("content_type", "text")
        .code(2_300_076),
];

/// Every place where buttons occur, followed by a field.
macro_rules! buttons {
    ($field:literal) => {
        &[
            concat!("$.attachment.payload.buttons[*]", $field),
            concat!("$.attachment.payload.elements[*].buttons[*]", $field),
        ]
    };
}

const WITH_BUTTONS: &[TemplateKind] = &[TemplateKind::Button, TemplateKind::Generic, TemplateKind::Media];
const LISTS: &[&str] = &["$.attachment.payload.buttons", "$.attachment.payload.elements[*].buttons"];

const BUTTON: FieldTypes = &[
    ("type", Type::Text),
    ("title", Type::Text),
    ("url", Type::Text),
    ("webview_height_ratio", Type::Text),
    ("messenger_extensions", Type::Bool),
    ("fallback_url", Type::Text),
    ("webview_share_button", Type::Text),
    ("payload", Type::Text),
    ("android_url", Type::Text),
    ("ios_url", Type::Text),
];
const WEB_URL: FieldTypes = &[
    ("type", Type::Text),
    ("title", Type::Text),
    ("url", Type::Text),
    ("webview_height_ratio", Type::Text),
    ("messenger_extensions", Type::Bool),
    ("fallback_url", Type::Text),
    ("webview_share_button", Type::Text),
];
const POSTBACK: FieldTypes = &[("type", Type::Text), ("title", Type::Text), ("payload", Type::Text)];
const APP: FieldTypes =
    &[("type", Type::Text), ("title", Type::Text), ("android_url", Type::Text), ("ios_url", Type::Text)];

pub const BUTTONS: &[Rule] = &[
    Rule::new("button.payload.unknown", "BTN", &["$.attachment.payload"], Known(BUTTON_PAYLOAD))
        .of(&[TemplateKind::Button])
        .warning(),
    Rule::new("button.payload.types", "BTN", &["$.attachment.payload"], Types(BUTTON_PAYLOAD))
        .of(&[TemplateKind::Button])
        .inferred(),
    Rule::new("button.text.required", "BTNP", &["$.attachment.payload.text"], Required)
        .of(&[TemplateKind::Button])
        .code(2_300_076),
    Rule::new("button.text.length", "BTNP", &["$.attachment.payload.text"], MaxChars(640)).of(&[TemplateKind::Button]),
    Rule::new("button.buttons.required", "BTNP", &["$.attachment.payload.buttons"], Required)
        .of(&[TemplateKind::Button])
        .code(2_300_074),
    Rule::new("buttons.count", "REF", LISTS, MaxItems(3)).of(WITH_BUTTONS).code(2_300_026),
    Rule::new("button.types", "URLB", buttons!(""), Types(BUTTON)).of(WITH_BUTTONS).inferred(),
    Rule::new("button.type.required", "BTN", buttons!(".type"), Required).of(WITH_BUTTONS).code(2_300_023),
    // The error table allows only web_url; the template pages show all three.
    Rule::new("button.type", "BTN", buttons!(".type"), OneOf(&["web_url", "postback", "app"]))
        .of(WITH_BUTTONS)
        .code(2_300_023)
        .contradictory(),
    Rule::new("button.web_url.unknown", "URLB", buttons!(""), Known(WEB_URL))
        .of(WITH_BUTTONS)
        .when("type", "web_url")
        .warning(),
    Rule::new("button.postback.unknown", "PBB", buttons!(""), Known(POSTBACK))
        .of(WITH_BUTTONS)
        .when("type", "postback")
        .warning(),
    Rule::new("button.app.unknown", "GEN", buttons!(""), Known(APP)).of(WITH_BUTTONS).when("type", "app").warning(),
    Rule::new("button.web_url.title.required", "REF", buttons!(".title"), Required)
        .of(WITH_BUTTONS)
        .when("type", "web_url")
        .code(2_300_025),
    Rule::new("button.postback.title.required", "REF", buttons!(".title"), Required)
        .of(WITH_BUTTONS)
        .when("type", "postback")
        .code(2_300_025),
    Rule::new("button.title.length", "URLB", buttons!(".title"), MaxChars(20)).of(WITH_BUTTONS),
    Rule::new("button.url.required", "REF", buttons!(".url"), Required)
        .of(WITH_BUTTONS)
        .when("type", "web_url")
        .code(2_300_024),
    Rule::new("button.url", "REF", buttons!(".url"), WebUrl).of(WITH_BUTTONS).code(2_300_077),
    // No page gives a limit; other senders stay below this one.
    Rule::new("button.url.length", "URLB", buttons!(".url"), MaxChars(2000)).of(WITH_BUTTONS).inferred().warning(),
    Rule::new(
        "button.webview_height_ratio",
        "URLB",
        buttons!(".webview_height_ratio"),
        OneOf(&["compact", "tall", "full"]),
    )
    .of(WITH_BUTTONS),
    Rule::new("button.webview_share_button", "URLB", buttons!(".webview_share_button"), OneOf(&["hide"]))
        .of(WITH_BUTTONS),
    Rule::new("button.fallback_url", "URLB", buttons!(".fallback_url"), WebUrl).of(WITH_BUTTONS).code(2_300_077),
    Rule::new("button.extensions", "URLB", buttons!(""), EXTENSIONS).of(WITH_BUTTONS),
    Rule::new("button.payload.required", "PBB", buttons!(".payload"), Required)
        .of(WITH_BUTTONS)
        .when("type", "postback")
        .code(2_300_076),
    Rule::new("button.payload.length", "PBB", buttons!(".payload"), MaxChars(1000)).of(WITH_BUTTONS),
    Rule::new("button.app.url.required", "GEN", buttons!(""), AnyOf(&["android_url", "ios_url"]))
        .of(WITH_BUTTONS)
        .when("type", "app")
        .code(2_300_024)
        .inferred(),
    Rule::new("button.android_url", "GEN", buttons!(".android_url"), AppUrl)
        .of(WITH_BUTTONS)
        .code(2_300_077)
        .inferred(),
    Rule::new("button.ios_url", "GEN", buttons!(".ios_url"), AppUrl).of(WITH_BUTTONS).code(2_300_077).inferred(),
];

pub const EXTENSIONS: super::Requirement = Custom {
    says: "url must be https with messenger_extensions, and fallback_url needs messenger_extensions",
    find: extensions,
};

fn extensions(button: &Value) -> Vec<Finding> {
    let is_on = button.get("messenger_extensions").and_then(Value::as_bool) == Some(true);
    let mut found = Vec::new();
    let is_http = |url: &str| url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    if is_on && button.get("url").and_then(Value::as_str).is_some_and(is_http) {
        found.push((Some("url".to_owned()), "must be https because messenger_extensions is true".to_owned()));
    }
    if !is_on && button.get("fallback_url").is_some() {
        let what = "is allowed only if messenger_extensions is true";
        found.push((Some("fallback_url".to_owned()), what.to_owned()));
    }
    found
}
