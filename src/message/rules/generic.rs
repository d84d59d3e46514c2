//! The generic template: one card, a carousel, an image grid, a video card.

use serde_json::Value;

use super::check::Requirement::{AtMostOneOf, Custom, Known, MaxChars, MaxItems, OneOf, Required, Types, WebUrl};
use super::check::{FieldTypes, Finding, Type};
use super::parts::EXTENSIONS;
use super::{Rule, TemplateKind};

const GENERIC: &[TemplateKind] = &[TemplateKind::Generic];

const PAYLOAD: FieldTypes =
    &[("template_type", Type::Text), ("text", Type::Text), ("elements", Type::List), ("sharable", Type::Bool)];
const ELEMENT: FieldTypes = &[
    ("title", Type::Text),
    ("subtitle", Type::Text),
    ("image_url", Type::Text),
    ("image_urls", Type::List),
    ("media_type", Type::Text),
    ("video_id", Type::TextOrNumber),
    ("default_action", Type::Object),
    ("buttons", Type::List),
];
const IMAGE: FieldTypes = &[("url", Type::Text), ("is_hero_image", Type::BoolOrText)];
const ACTION: FieldTypes = &[
    ("type", Type::Text),
    ("url", Type::Text),
    ("webview_height_ratio", Type::Text),
    ("messenger_extensions", Type::Bool),
    ("fallback_url", Type::Text),
    ("webview_share_button", Type::Text),
];

macro_rules! element {
    ($field:literal) => {
        &[concat!("$.attachment.payload.elements[*]", $field)]
    };
}

pub const RULES: &[Rule] = &[
    Rule::new("generic.payload.unknown", "GEN", &["$.attachment.payload"], Known(PAYLOAD)).of(GENERIC).warning(),
    Rule::new("generic.payload.types", "GEN", &["$.attachment.payload"], Types(PAYLOAD)).of(GENERIC).inferred(),
    // The greeting is sent as a separate text message; only the page of text messages gives a limit.
    Rule::new("generic.greeting.length", "TXT", &["$.attachment.payload.text"], MaxChars(640)).of(GENERIC).inferred(),
    Rule::new("generic.elements.required", "GEN", &["$.attachment.payload.elements"], Required)
        .of(GENERIC)
        .code(2_300_076),
    Rule::new("generic.elements.count", "GEN", &["$.attachment.payload.elements"], MaxItems(10)).of(GENERIC),
    Rule::new("generic.element.unknown", "GEN", element!(""), Known(ELEMENT)).of(GENERIC).warning(),
    Rule::new("generic.element.types", "GEN", element!(""), Types(ELEMENT)).of(GENERIC).inferred(),
    Rule::new("generic.title.required", "GEN", element!(".title"), Required).of(GENERIC).code(2_300_076),
    Rule::new("generic.title.length", "GEN", element!(".title"), MaxChars(80)).of(GENERIC),
    Rule::new("generic.subtitle.length", "GEN", element!(".subtitle"), MaxChars(80)).of(GENERIC),
    Rule::new(
        "generic.element.bare",
        "GENP",
        element!(""),
        Custom { says: "at least one field besides title", find: bare },
    )
    .of(GENERIC)
    .code(2_300_076),
    Rule::new("generic.image_url", "GEN", element!(".image_url"), WebUrl).of(GENERIC).code(2_300_077),
    Rule::new("generic.media_type", "GEN", element!(".media_type"), OneOf(&["image", "video"])).of(GENERIC),
    Rule::new(
        "generic.media_type.image",
        "REF",
        element!(""),
        Custom { says: "media_type image needs image_url or image_urls", find: image_missing },
    )
    .of(GENERIC)
    .when("media_type", "image")
    .code(2_300_022),
    Rule::new("generic.video_id.required", "GEN", element!(".video_id"), Required)
        .of(GENERIC)
        .when("media_type", "video")
        .code(2_300_021),
    Rule::new(
        "generic.video_id.media_type",
        "GEN",
        element!(""),
        Custom { says: "video_id only with media_type video", find: video_id_without_type },
    )
    .of(GENERIC)
    .inferred()
    .warning(),
    Rule::new(
        "generic.video.postback",
        "GEN",
        element!(""),
        Custom { says: "no postback buttons with a video", find: video_with_postback },
    )
    .of(GENERIC)
    .when("media_type", "video")
    .code(2_300_023),
    Rule::new("generic.images.mixed", "GEN", element!(""), AtMostOneOf(&["image_url", "image_urls"]))
        .of(GENERIC)
        .code(2_300_047),
    Rule::new("generic.image_urls.count", "GEN", element!(".image_urls"), MaxItems(6)).of(GENERIC),
    Rule::new("generic.image_urls.unknown", "GEN", element!(".image_urls[*]"), Known(IMAGE)).of(GENERIC).warning(),
    Rule::new("generic.image_urls.types", "GEN", element!(".image_urls[*]"), Types(IMAGE)).of(GENERIC).inferred(),
    Rule::new("generic.image_urls.url.required", "GEN", element!(".image_urls[*].url"), Required)
        .of(GENERIC)
        .code(2_300_022),
    Rule::new("generic.image_urls.url", "GEN", element!(".image_urls[*].url"), WebUrl).of(GENERIC).code(2_300_077),
    Rule::new(
        "generic.image_urls.hero",
        "GEN",
        element!(".image_urls"),
        Custom { says: "at most one hero image", find: heroes },
    )
    .of(GENERIC)
    .code(2_300_048),
    Rule::new(
        "generic.carousel.image_urls",
        "GEN",
        &["$.attachment.payload.elements"],
        Custom { says: "no image_urls in a carousel", find: grid_in_carousel },
    )
    .of(GENERIC)
    .code(2_300_046),
    // A button has been optional since 2025-08-25, but there is still an error code for a missing one.
    Rule::new("generic.cta", "CHG", element!(""), Custom { says: "a button or a default_action", find: no_way_on })
        .of(GENERIC)
        .code(2_300_074)
        .contradictory()
        .warning(),
    Rule::new("default_action.unknown", "GENP", element!(".default_action"), Known(ACTION)).of(GENERIC).warning(),
    Rule::new("default_action.types", "GENP", element!(".default_action"), Types(ACTION)).of(GENERIC).inferred(),
    Rule::new("default_action.type.required", "GENP", element!(".default_action.type"), Required)
        .of(GENERIC)
        .code(2_300_023),
    Rule::new("default_action.type", "GENP", element!(".default_action.type"), OneOf(&["web_url"]))
        .of(GENERIC)
        .code(2_300_023),
    Rule::new("default_action.url.required", "GENP", element!(".default_action.url"), Required)
        .of(GENERIC)
        .code(2_300_024),
    Rule::new("default_action.url", "GENP", element!(".default_action.url"), WebUrl).of(GENERIC).code(2_300_077),
    Rule::new(
        "default_action.webview_height_ratio",
        "URLB",
        element!(".default_action.webview_height_ratio"),
        OneOf(&["compact", "tall", "full"]),
    )
    .of(GENERIC),
    Rule::new(
        "default_action.webview_share_button",
        "URLB",
        element!(".default_action.webview_share_button"),
        OneOf(&["hide"]),
    )
    .of(GENERIC),
    Rule::new("default_action.fallback_url", "URLB", element!(".default_action.fallback_url"), WebUrl)
        .of(GENERIC)
        .code(2_300_077),
    Rule::new("default_action.extensions", "URLB", element!(".default_action"), EXTENSIONS).of(GENERIC),
];

fn here(says: &str) -> Vec<Finding> {
    vec![(None, says.to_owned())]
}

fn bare(element: &Value) -> Vec<Finding> {
    match element.as_object() {
        Some(fields) if fields.contains_key("title") && fields.len() == 1 => {
            here("has only a title: add a subtitle, an image, a button or a default_action")
        }
        _ => Vec::new(),
    }
}

fn image_missing(element: &Value) -> Vec<Finding> {
    if element.get("image_url").is_some() || element.get("image_urls").is_some() {
        return Vec::new();
    }
    here("media_type is image, but image_url and image_urls are both missing")
}

fn video_id_without_type(element: &Value) -> Vec<Finding> {
    let is_video = element.get("media_type").and_then(Value::as_str) == Some("video");
    match element.get("video_id") {
        Some(_) if !is_video => {
            vec![(Some("video_id".to_owned()), "is not used unless media_type is video".to_owned())]
        }
        _ => Vec::new(),
    }
}

fn video_with_postback(element: &Value) -> Vec<Finding> {
    let buttons = element.get("buttons").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_postback = |button: &Value| button.get("type").and_then(Value::as_str) == Some("postback");
    buttons
        .iter()
        .enumerate()
        .filter(|(_, button)| is_postback(button))
        .map(|(index, _)| {
            (Some(format!("buttons[{index}].type")), "postback is not allowed with a video; use web_url".to_owned())
        })
        .collect()
}

fn heroes(images: &Value) -> Vec<Finding> {
    let is_hero = |image: &Value| match image.get("is_hero_image") {
        Some(Value::Bool(is_hero)) => *is_hero,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    let count = images.as_array().map_or(0, |images| images.iter().filter(|image| is_hero(image)).count());
    if count > 1 { here(&format!("{count} hero images, at most 1")) } else { Vec::new() }
}

fn grid_in_carousel(elements: &Value) -> Vec<Finding> {
    let elements = elements.as_array().map_or(&[][..], Vec::as_slice);
    if elements.len() < 2 {
        return Vec::new();
    }
    elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.get("image_urls").is_some())
        .map(|(index, _)| {
            (Some(format!("[{index}].image_urls")), "image_urls is not allowed in a carousel; use image_url".to_owned())
        })
        .collect()
}

fn no_way_on(element: &Value) -> Vec<Finding> {
    let has_button = element.get("buttons").and_then(Value::as_array).is_some_and(|buttons| !buttons.is_empty());
    if !element.is_object() || has_button || element.get("default_action").is_some() {
        return Vec::new();
    }
    here("has no button and no default_action: a tap does nothing, and Meta may refuse it")
}
