//! The media and product templates.

use serde_json::Value;

use super::check::Requirement::{AnyOf, AtMostOneOf, Custom, FacebookMedia, Known, MaxItems, OneOf, Required, Types};
use super::check::{FieldTypes, Finding, Type};
use super::{Rule, TemplateKind};

const MEDIA: &[TemplateKind] = &[TemplateKind::Media];
const PRODUCT: &[TemplateKind] = &[TemplateKind::Product];

const MEDIA_PAYLOAD: FieldTypes = &[("template_type", Type::Text), ("elements", Type::List), ("sharable", Type::Bool)];
const MEDIA_ELEMENT: FieldTypes =
    &[("media_type", Type::Text), ("attachment_id", Type::TextOrNumber), ("url", Type::Text), ("buttons", Type::List)];
const PRODUCT_PAYLOAD: FieldTypes = &[("template_type", Type::Text), ("elements", Type::List)];
const PRODUCT_ELEMENT: FieldTypes = &[("id", Type::TextOrNumber)];

const PAYLOAD: &[&str] = &["$.attachment.payload"];
const ELEMENTS: &[&str] = &["$.attachment.payload.elements"];
const ELEMENT: &[&str] = &["$.attachment.payload.elements[*]"];

pub const RULES: &[Rule] = &[
    Rule::new("media.payload.unknown", "MED", PAYLOAD, Known(MEDIA_PAYLOAD)).of(MEDIA).warning(),
    Rule::new("media.payload.types", "MED", PAYLOAD, Types(MEDIA_PAYLOAD)).of(MEDIA).inferred(),
    Rule::new("media.elements.required", "MED", ELEMENTS, Required).of(MEDIA).code(2_300_076),
    // From the constants in generated client libraries; the page's example has one.
    Rule::new("media.elements.count", "MED", ELEMENTS, MaxItems(1)).of(MEDIA).inferred(),
    Rule::new("media.element.unknown", "MED", ELEMENT, Known(MEDIA_ELEMENT)).of(MEDIA).warning(),
    Rule::new("media.element.types", "MED", ELEMENT, Types(MEDIA_ELEMENT)).of(MEDIA).inferred(),
    Rule::new("media.media_type.required", "MED", &["$.attachment.payload.elements[*].media_type"], Required)
        .of(MEDIA)
        .code(2_300_076),
    Rule::new("media.media_type", "MED", &["$.attachment.payload.elements[*].media_type"], OneOf(&["image", "video"]))
        .of(MEDIA),
    Rule::new("media.source.required", "MED", ELEMENT, AnyOf(&["attachment_id", "url"])).of(MEDIA).code(2_300_076),
    Rule::new("media.source.both", "MED", ELEMENT, AtMostOneOf(&["attachment_id", "url"])).of(MEDIA),
    Rule::new("media.url.image", "MED", &["$.attachment.payload.elements[*].url"], FacebookMedia { video: false })
        .of(MEDIA)
        .when("media_type", "image")
        .code(2_300_077),
    Rule::new("media.url.video", "MED", &["$.attachment.payload.elements[*].url"], FacebookMedia { video: true })
        .of(MEDIA)
        .when("media_type", "video")
        .code(2_300_077),
    Rule::new("product.payload.unknown", "PROD", PAYLOAD, Known(PRODUCT_PAYLOAD)).of(PRODUCT).warning(),
    Rule::new("product.payload.types", "PROD", PAYLOAD, Types(PRODUCT_PAYLOAD)).of(PRODUCT).inferred(),
    Rule::new("product.elements.required", "PROD", ELEMENTS, Required).of(PRODUCT).code(2_300_076),
    Rule::new("product.elements.count", "PROD", ELEMENTS, MaxItems(10)).of(PRODUCT),
    Rule::new("product.element.unknown", "PROD", ELEMENT, Known(PRODUCT_ELEMENT)).of(PRODUCT).warning(),
    Rule::new("product.element.types", "PROD", ELEMENT, Types(PRODUCT_ELEMENT)).of(PRODUCT).inferred(),
    Rule::new("product.id.required", "PROD", &["$.attachment.payload.elements[*].id"], Required)
        .of(PRODUCT)
        .code(2_300_076),
    Rule::new("product.id.twice", "PROD", ELEMENTS, Custom { says: "each product at most once", find: twice })
        .of(PRODUCT)
        .inferred()
        .warning(),
];

fn twice(elements: &Value) -> Vec<Finding> {
    let ids: Vec<Option<&Value>> = elements
        .as_array()
        .map_or_else(Vec::new, |elements| elements.iter().map(|element| element.get("id")).collect());
    ids.iter()
        .enumerate()
        .filter(|(index, id)| id.is_some() && ids[..*index].contains(id))
        .map(|(index, _)| (Some(format!("[{index}].id")), "is listed more than once".to_owned()))
        .collect()
}
