//! The receipt template. Its page shows the fields and gives no limits; what is required follows from the receipt template of the
//! Messenger Platform, which has the same fields.

use super::check::Requirement::{Currency, Digits, Known, MaxItems, Required, Types, WebUrl};
use super::check::{FieldTypes, Type};
use super::{Rule, TemplateKind};

const RECEIPT: &[TemplateKind] = &[TemplateKind::Receipt];

const PAYLOAD: FieldTypes = &[
    ("template_type", Type::Text),
    ("sharable", Type::Bool),
    ("recipient_name", Type::Text),
    ("merchant_name", Type::Text),
    ("order_number", Type::Text),
    ("currency", Type::Text),
    ("payment_method", Type::Text),
    ("order_url", Type::Text),
    ("timestamp", Type::TextOrNumber),
    ("address", Type::Object),
    ("summary", Type::Object),
    ("adjustments", Type::List),
    ("elements", Type::List),
];
const ADDRESS: FieldTypes = &[
    ("street_1", Type::Text),
    ("street_2", Type::Text),
    ("city", Type::Text),
    ("postal_code", Type::Text),
    ("state", Type::Text),
    ("country", Type::Text),
];
const SUMMARY: FieldTypes = &[
    ("subtotal", Type::TextOrNumber),
    ("shipping_cost", Type::TextOrNumber),
    ("total_tax", Type::TextOrNumber),
    ("total_cost", Type::TextOrNumber),
];
const ADJUSTMENT: FieldTypes = &[("name", Type::Text), ("amount", Type::TextOrNumber)];
const ELEMENT: FieldTypes = &[
    ("title", Type::Text),
    ("subtitle", Type::Text),
    ("quantity", Type::TextOrNumber),
    ("price", Type::TextOrNumber),
    ("currency", Type::Text),
    ("image_url", Type::Text),
];

macro_rules! required {
    ($id:literal, $path:literal) => {
        Rule::new($id, "RCPT", &[$path], Required).of(RECEIPT).code(2_300_076).inferred()
    };
}

macro_rules! fields {
    ($unknown:literal, $types:literal, $path:literal, $fields:ident) => {
        [
            Rule::new($unknown, "RCPT", &[$path], Known($fields)).of(RECEIPT).warning(),
            Rule::new($types, "RCPT", &[$path], Types($fields)).of(RECEIPT).inferred(),
        ]
    };
}

const PAYLOAD_FIELDS: [Rule; 2] =
    fields!("receipt.payload.unknown", "receipt.payload.types", "$.attachment.payload", PAYLOAD);
const ADDRESS_FIELDS: [Rule; 2] =
    fields!("receipt.address.unknown", "receipt.address.types", "$.attachment.payload.address", ADDRESS);
const SUMMARY_FIELDS: [Rule; 2] =
    fields!("receipt.summary.unknown", "receipt.summary.types", "$.attachment.payload.summary", SUMMARY);
const ADJUSTMENT_FIELDS: [Rule; 2] = fields!(
    "receipt.adjustment.unknown",
    "receipt.adjustment.types",
    "$.attachment.payload.adjustments[*]",
    ADJUSTMENT
);
const ELEMENT_FIELDS: [Rule; 2] =
    fields!("receipt.element.unknown", "receipt.element.types", "$.attachment.payload.elements[*]", ELEMENT);

pub const RULES: &[Rule] = &[
    PAYLOAD_FIELDS[0],
    PAYLOAD_FIELDS[1],
    required!("receipt.recipient_name.required", "$.attachment.payload.recipient_name"),
    required!("receipt.order_number.required", "$.attachment.payload.order_number"),
    required!("receipt.currency.required", "$.attachment.payload.currency"),
    Rule::new("receipt.currency", "RCPT", &["$.attachment.payload.currency"], Currency).of(RECEIPT).inferred(),
    required!("receipt.payment_method.required", "$.attachment.payload.payment_method"),
    Rule::new("receipt.order_url", "RCPT", &["$.attachment.payload.order_url"], WebUrl)
        .of(RECEIPT)
        .code(2_300_077)
        .inferred(),
    Rule::new("receipt.timestamp", "RCPT", &["$.attachment.payload.timestamp"], Digits).of(RECEIPT).inferred(),
    ADDRESS_FIELDS[0],
    ADDRESS_FIELDS[1],
    required!("receipt.address.street_1.required", "$.attachment.payload.address.street_1"),
    required!("receipt.address.city.required", "$.attachment.payload.address.city"),
    required!("receipt.address.postal_code.required", "$.attachment.payload.address.postal_code"),
    required!("receipt.address.state.required", "$.attachment.payload.address.state"),
    required!("receipt.address.country.required", "$.attachment.payload.address.country"),
    required!("receipt.summary.required", "$.attachment.payload.summary"),
    SUMMARY_FIELDS[0],
    SUMMARY_FIELDS[1],
    required!("receipt.summary.total_cost.required", "$.attachment.payload.summary.total_cost"),
    ADJUSTMENT_FIELDS[0],
    ADJUSTMENT_FIELDS[1],
    Rule::new("receipt.elements.count", "RCPT", &["$.attachment.payload.elements"], MaxItems(100))
        .of(RECEIPT)
        .inferred(),
    ELEMENT_FIELDS[0],
    ELEMENT_FIELDS[1],
    required!("receipt.element.title.required", "$.attachment.payload.elements[*].title"),
    required!("receipt.element.price.required", "$.attachment.payload.elements[*].price"),
    Rule::new("receipt.element.currency", "RCPT", &["$.attachment.payload.elements[*].currency"], Currency)
        .of(RECEIPT)
        .inferred(),
    Rule::new("receipt.element.image_url", "RCPT", &["$.attachment.payload.elements[*].image_url"], WebUrl)
        .of(RECEIPT)
        .code(2_300_077)
        .inferred(),
];
