//! What is asked for each template: Meta's fields with words for people.

use serde_json::{Map, Value};

use crate::message::model::TemplateKind;

/// One question.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Text { name: &'static str, label: &'static str, needed: bool },
    Number { name: &'static str, label: &'static str },
    Choice { name: &'static str, label: &'static str, values: &'static [&'static str] },
    Flag { name: &'static str, label: &'static str },
    Group { name: &'static str, label: &'static str, form: &'static [Ask] },
    List { name: &'static str, label: &'static str, one: &'static str, form: &'static [Ask], needed: bool },
}

const fn text(name: &'static str, label: &'static str) -> Ask {
    Ask::Text { name, label, needed: false }
}

const fn needed(name: &'static str, label: &'static str) -> Ask {
    Ask::Text { name, label, needed: true }
}

const fn number(name: &'static str, label: &'static str) -> Ask {
    Ask::Number { name, label }
}

const fn list(name: &'static str, label: &'static str, one: &'static str, form: &'static [Ask]) -> Ask {
    Ask::List { name, label, one, form, needed: false }
}

const HEIGHT: Ask =
    Ask::Choice { name: "webview_height_ratio", label: "Height of the page", values: &["compact", "tall", "full"] };

const BUTTON: &[Ask] = &[
    text("title", "Title (20 characters)"),
    text("url", "Opens this address"),
    text("payload", "or sends this payload to your webhook"),
    text("android_url", "or opens an app: Android link"),
    text("ios_url", "or opens an app: iOS link"),
    HEIGHT,
];
const BUTTONS: Ask = list("buttons", "Buttons (at most 3)", "button", BUTTON);

const REPLIES: Ask = list("quick_replies", "Quick replies (at most 13)", "quick reply", REPLY);
const REPLY: &[Ask] = &[
    text("title", "Title (20 characters)"),
    text("payload", "Payload (empty: the title)"),
    text("image_url", "Small image"),
    Ask::Choice { name: "content_type", label: "Kind", values: &["text", "user_phone_number", "user_email"] },
];

const CARD: &[Ask] = &[
    needed("title", "Title (80 characters)"),
    needed("subtitle", "Subtitle (80 characters)"),
    needed("image_url", "Image address"),
    text("url", "A tap on the card opens"),
    BUTTONS,
    list("image_urls", "Image grid (at most 6)", "image", IMAGE),
    text("video_id", "Video id"),
    Ask::Group { name: "default_action", label: "Tap action (advanced)", form: ACTION },
];
const IMAGE: &[Ask] = &[text("url", "Image address"), Ask::Flag { name: "is_hero_image", label: "Large image" }];
const ACTION: &[Ask] = &[text("url", "Opens this address"), HEIGHT];

const MEDIA: &[Ask] = &[
    Ask::Choice { name: "media_type", label: "What it is", values: &["image", "video"] },
    text("attachment_id", "Id of an uploaded attachment"),
    text("url", "or address on facebook.com"),
    BUTTONS,
];

const RECEIPT: &[Ask] = &[
    needed("recipient_name", "Name of the customer"),
    needed("order_number", "Order number"),
    needed("currency", "Currency (three letters)"),
    needed("payment_method", "Paid with"),
    text("order_url", "Address of the order"),
    text("timestamp", "Time of the order (seconds since 1970)"),
    Ask::Group { name: "summary", label: "Sums", form: SUMMARY },
    list("elements", "Items", "item", ITEM),
    list("adjustments", "Discounts", "discount", ADJUSTMENT),
    Ask::Group { name: "address", label: "Address", form: ADDRESS },
    text("merchant_name", "Name of the shop"),
    REPLIES,
];
const SUMMARY: &[Ask] = &[
    number("subtotal", "Subtotal"),
    number("shipping_cost", "Shipping"),
    number("total_tax", "Tax"),
    number("total_cost", "Total"),
];
const ITEM: &[Ask] = &[
    text("title", "Name"),
    text("subtitle", "More about it"),
    number("quantity", "How many"),
    number("price", "Price"),
    text("currency", "Currency"),
    text("image_url", "Image address"),
];
const ADJUSTMENT: &[Ask] = &[text("name", "Name"), number("amount", "Amount")];
const ADDRESS: &[Ask] = &[
    text("street_1", "Street"),
    text("street_2", "Street, second line"),
    text("city", "City"),
    text("postal_code", "Postal code"),
    text("state", "State"),
    text("country", "Country (two letters)"),
];

const TEXT_FORM: &[Ask] = &[needed("text", "Text (640 characters)"), REPLIES];
const BUTTON_FORM: &[Ask] = &[needed("text", "Text (640 characters)"), BUTTONS, REPLIES];
const GENERIC_FORM: &[Ask] = &[
    Ask::List { name: "elements", label: "Cards (at most 10)", one: "card", form: CARD, needed: true },
    text("text", "Greeting before the card"),
    REPLIES,
];
const MEDIA_FORM: &[Ask] = &[list("elements", "Picture or video", "medium", MEDIA), REPLIES];
const PRODUCT: &[Ask] = &[needed("id", "Id")];
const PRODUCT_FORM: &[Ask] = &[
    Ask::List { name: "elements", label: "Products (at most 10)", one: "product", form: PRODUCT, needed: true },
    REPLIES,
];
const COUPON_FORM: &[Ask] = &[
    needed("title", "Title (80 characters)"),
    needed("coupon_code", "Code to copy"),
    needed("coupon_url", "Where it is used"),
    text("subtitle", "Subtitle (80 characters)"),
    text("coupon_url_button_title", "Title of the button"),
    text("coupon_pre_message", "Greeting before the coupon"),
    text("image_url", "Image address"),
    text("expire_time", "Ends at (2026-12-24 18:00:00)"),
    text("payload", "Payload for your webhook"),
    REPLIES,
];

/// The questions for a template.
pub const fn form(kind: TemplateKind) -> &'static [Ask] {
    match kind {
        TemplateKind::Text => TEXT_FORM,
        TemplateKind::Button => BUTTON_FORM,
        TemplateKind::Generic => GENERIC_FORM,
        TemplateKind::Media => MEDIA_FORM,
        TemplateKind::Product => PRODUCT_FORM,
        TemplateKind::Receipt => RECEIPT,
        TemplateKind::Coupon => COUPON_FORM,
    }
}

/// A template in the first menu.
pub fn kind_line(kind: TemplateKind) -> String {
    let what = match kind {
        TemplateKind::Text => "plain text",
        TemplateKind::Button => "text with buttons",
        TemplateKind::Generic => "one card, or a carousel",
        TemplateKind::Media => "a picture or video",
        TemplateKind::Product => "products of the catalogue",
        TemplateKind::Receipt => "a receipt",
        TemplateKind::Coupon => "a code to copy",
    };
    format!("{:<8} {what}", kind.name())
}

impl Ask {
    /// The field with its present value, a line of the menu.
    pub fn shown(&self, object: &Map<String, Value>) -> String {
        let (name, label) = match *self {
            Self::Text { name, label, .. }
            | Self::Number { name, label }
            | Self::Choice { name, label, .. }
            | Self::Flag { name, label }
            | Self::Group { name, label, .. }
            | Self::List { name, label, .. } => (name, label),
        };
        match object.get(name) {
            None => format!("{label}: -"),
            Some(Value::Array(items)) => {
                format!("{label}: {}", items.iter().map(summary).collect::<Vec<_>>().join(", "))
            }
            Some(value) => format!("{label}: {}", summary(value)),
        }
    }
}

/// A value in a few words.
pub fn summary(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.values().find(|field| !field.is_null()).map_or_else(|| "(empty)".to_owned(), summary)
        }
        Value::Array(items) => format!("{} items", items.len()),
        Value::Bool(true) => "yes".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::model::Draft;
    use serde_json::json;

    /// An object with an answer to every question.
    fn answers(form: &'static [Ask]) -> Value {
        let mut object = Map::new();
        for ask in form {
            let (name, value) = match *ask {
                Ask::Text { name, .. } => (name, json!("a")),
                Ask::Number { name, .. } => (name, json!(1.5)),
                Ask::Choice { name, values, .. } => (name, json!(values[0])),
                Ask::Flag { name, .. } => (name, json!(true)),
                Ask::Group { name, form, .. } => (name, answers(form)),
                Ask::List { name, form, .. } => (name, json!([answers(form)])),
            };
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }

    #[test]
    fn every_question_is_about_a_field_of_its_template() {
        for kind in TemplateKind::ALL {
            let Value::Object(fields) = answers(form(kind)) else { panic!("an object") };
            Draft::from_fields(kind, fields).unwrap();
        }
    }
}
