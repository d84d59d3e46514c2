//! The coupon template, with or without a timer.

use super::check::Requirement::{DateTime, Known, MaxChars, Required, Types, WebUrl};
use super::check::{FieldTypes, Type};
use super::{Rule, TemplateKind};

const COUPON: &[TemplateKind] = &[TemplateKind::Coupon];

const PAYLOAD: FieldTypes = &[
    ("template_type", Type::Text),
    ("title", Type::Text),
    ("subtitle", Type::Text),
    ("coupon_code", Type::Text),
    ("coupon_url", Type::Text),
    ("coupon_url_button_title", Type::Text),
    ("coupon_pre_message", Type::Text),
    ("image_url", Type::Text),
    ("expire_time", Type::Text),
    ("payload", Type::Text),
];

macro_rules! field {
    ($field:literal) => {
        &[concat!("$.attachment.payload.", $field)]
    };
}

pub const RULES: &[Rule] = &[
    Rule::new("coupon.payload.unknown", "COUP", &["$.attachment.payload"], Known(PAYLOAD)).of(COUPON).warning(),
    Rule::new("coupon.payload.types", "COUP", &["$.attachment.payload"], Types(PAYLOAD)).of(COUPON).inferred(),
    Rule::new("coupon.title.required", "COUP", field!("title"), Required).of(COUPON).code(2_300_076),
    Rule::new("coupon.title.length", "COUP", field!("title"), MaxChars(80)).of(COUPON),
    Rule::new("coupon.subtitle.length", "COUP", field!("subtitle"), MaxChars(80)).of(COUPON),
    Rule::new("coupon.coupon_code.required", "COUP", field!("coupon_code"), Required).of(COUPON).code(2_300_076),
    Rule::new("coupon.coupon_url.required", "COUP", field!("coupon_url"), Required).of(COUPON).code(2_300_076),
    Rule::new("coupon.coupon_url", "COUP", field!("coupon_url"), WebUrl).of(COUPON).code(2_300_077),
    // Other buttons have at most 20; the page of this one gives no number.
    Rule::new("coupon.button.length", "URLB", field!("coupon_url_button_title"), MaxChars(20)).of(COUPON).inferred(),
    Rule::new("coupon.greeting.length", "TXT", field!("coupon_pre_message"), MaxChars(640)).of(COUPON).inferred(),
    Rule::new("coupon.image_url", "COUP", field!("image_url"), WebUrl).of(COUPON).code(2_300_077),
    Rule::new("coupon.expire_time", "COUP", field!("expire_time"), DateTime).of(COUPON).code(2_300_072),
    Rule::new("coupon.payload.length", "PBB", field!("payload"), MaxChars(1000)).of(COUPON).inferred(),
];
