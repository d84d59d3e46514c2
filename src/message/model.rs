//! Typed templates, built from flags, TOML files or questions. FieldTypes have Meta's names, so that Meta's pages document them.
//!
//! Every field is optional here: the rules report what is missing or too long, all at once. Three things are inferred: the `type`
//! of a button (from `url`, `payload` or the app's URLs), the `content_type` of a quick reply, and `default_action` from a card's
//! `url`.

mod file;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Message;
pub use super::rules::TemplateKind;
use crate::error::{Error, Result};

/// A message being built.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub content: Content,
    pub quick_replies: Vec<QuickReply>,
}

/// One template and its fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text(TextBody),
    Button(ButtonBody),
    Generic(GenericBody),
    Media(MediaBody),
    Product(ProductBody),
    Receipt(Box<ReceiptBody>),
    Coupon(CouponBody),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextBody {
    pub text: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ButtonBody {
    pub text: Option<String>,
    pub buttons: Vec<Button>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenericBody {
    /// A greeting, sent as a separate message before the card.
    pub text: Option<String>,
    pub sharable: Option<bool>,
    pub elements: Vec<Card>,
}

/// A card of the generic template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Card {
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub image_url: Option<String>,
    pub image_urls: Vec<Image>,
    pub media_type: Option<String>,
    pub video_id: Option<Id>,
    /// Shorthand for a `default_action` that opens this URL.
    #[serde(skip_serializing)]
    pub url: Option<String>,
    pub default_action: Option<Button>,
    pub buttons: Vec<Button>,
}

/// One image of a grid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    pub url: Option<String>,
    /// Sent as the text `"true"`, as in Meta's sample.
    #[serde(serialize_with = "bool_as_text", deserialize_with = "bool_or_text")]
    pub is_hero_image: Option<bool>,
}

/// A button of any kind, or a `default_action`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Button {
    pub r#type: Option<String>,
    pub title: Option<String>,
    pub url: Option<String>,
    pub webview_height_ratio: Option<String>,
    pub messenger_extensions: Option<bool>,
    pub fallback_url: Option<String>,
    pub webview_share_button: Option<String>,
    pub payload: Option<String>,
    pub android_url: Option<String>,
    pub ios_url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaBody {
    pub sharable: Option<bool>,
    pub elements: Vec<Media>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    pub media_type: Option<String>,
    pub attachment_id: Option<Id>,
    pub url: Option<String>,
    pub buttons: Vec<Button>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProductBody {
    pub elements: Vec<Product>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Product {
    pub id: Option<Id>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptBody {
    pub sharable: Option<bool>,
    pub recipient_name: Option<String>,
    pub merchant_name: Option<String>,
    pub order_number: Option<Id>,
    pub currency: Option<String>,
    pub payment_method: Option<String>,
    pub order_url: Option<String>,
    /// Seconds since 1970, as text.
    pub timestamp: Option<Id>,
    pub address: Option<Address>,
    pub summary: Option<Summary>,
    pub adjustments: Vec<Adjustment>,
    pub elements: Vec<ReceiptItem>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    pub street_1: Option<String>,
    pub street_2: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<Id>,
    pub state: Option<String>,
    pub country: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Summary {
    pub subtotal: Option<Amount>,
    pub shipping_cost: Option<Amount>,
    pub total_tax: Option<Amount>,
    pub total_cost: Option<Amount>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adjustment {
    pub name: Option<String>,
    pub amount: Option<Amount>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptItem {
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub quantity: Option<Amount>,
    pub price: Option<Amount>,
    pub currency: Option<String>,
    pub image_url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CouponBody {
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub coupon_code: Option<Id>,
    pub coupon_url: Option<String>,
    pub coupon_url_button_title: Option<String>,
    /// A greeting before the coupon.
    pub coupon_pre_message: Option<String>,
    pub image_url: Option<String>,
    /// `2026-12-24 18:00:00`; Meta does not say in which time zone.
    pub expire_time: Option<String>,
    pub payload: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuickReply {
    pub content_type: Option<String>,
    pub title: Option<String>,
    /// For a text reply, defaults to its title.
    pub payload: Option<String>,
    pub image_url: Option<String>,
}

/// Text that many formats read as a number. Kept as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "text or a whole number")]
        enum Written {
            Text(String),
            Number(i64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}

/// An amount or a count: a number, or text with `${column}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number")]
pub enum Amount {
    Whole(i64),
    Part(f64),
    Text(String),
}

fn bool_as_text<S: serde::Serializer>(value: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_str(if *value { "true" } else { "false" }),
        None => serializer.serialize_none(),
    }
}

fn bool_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true or false")]
    enum Written {
        Bool(bool),
        Text(String),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Written::Bool(value)) => Ok(Some(value)),
        Some(Written::Text(text)) => match text.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(serde::de::Error::custom("is_hero_image must be true or false")),
        },
    }
}

impl Draft {
    pub fn kind(&self) -> TemplateKind {
        match &self.content {
            Content::Text(_) => TemplateKind::Text,
            Content::Button(_) => TemplateKind::Button,
            Content::Generic(_) => TemplateKind::Generic,
            Content::Media(_) => TemplateKind::Media,
            Content::Product(_) => TemplateKind::Product,
            Content::Receipt(_) => TemplateKind::Receipt,
            Content::Coupon(_) => TemplateKind::Coupon,
        }
    }

    /// A draft from a template's fields (without `template`) and `quick_replies`, as flags give them.
    ///
    /// # Errors
    /// The first field that the template does not have, or whose value has the wrong type.
    pub fn from_fields(kind: TemplateKind, mut fields: Map<String, Value>) -> std::result::Result<Self, String> {
        let replies = fields.remove("quick_replies").unwrap_or_else(|| json!([]));
        let quick_replies = Vec::deserialize(replies).map_err(|error| file::with_suggestion(&error.to_string()))?;
        let content =
            read_content(kind, Value::Object(fields)).map_err(|error| file::with_suggestion(&error.to_string()))?;
        Ok(Self { content, quick_replies })
    }

    /// The message as the API expects it.
    ///
    /// # Errors
    /// Refused (exit 5): a card with both `url` and `default_action`.
    pub fn to_message(&self) -> Result<Message> {
        let mut draft = self.clone();
        draft.infer()?;
        let mut fields = draft.fields()?;
        let replies = fields.remove("quick_replies");
        let mut message = match draft.kind() {
            TemplateKind::Text => fields,
            kind => {
                let mut payload = Map::new();
                payload.insert("template_type".to_owned(), json!(kind.name()));
                payload.append(&mut fields);
                let mut message = Map::new();
                message.insert("attachment".to_owned(), json!({"type": "template", "payload": payload}));
                message
            }
        };
        if let Some(replies) = replies {
            message.insert("quick_replies".to_owned(), replies);
        }
        Ok(Message::from_value(Value::Object(message)))
    }

    /// The fields of the template and `quick_replies`, without those that are not set; [`Draft::from_fields`] reads them again.
    pub fn fields(&self) -> Result<Map<String, Value>> {
        let content = match &self.content {
            Content::Text(content) => serde_json::to_value(content),
            Content::Button(content) => serde_json::to_value(content),
            Content::Generic(content) => serde_json::to_value(content),
            Content::Media(content) => serde_json::to_value(content),
            Content::Product(content) => serde_json::to_value(content),
            Content::Receipt(content) => serde_json::to_value(content),
            Content::Coupon(content) => serde_json::to_value(content),
        };
        let failed = |error: serde_json::Error| Error::internal("can't write the message").because(&error);
        let mut value = content.map_err(failed)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("quick_replies".to_owned(), serde_json::to_value(&self.quick_replies).map_err(failed)?);
        }
        prune(&mut value);
        match value {
            Value::Object(fields) => Ok(fields),
            other => Err(Error::internal(format!("a template is not an object: {other}"))),
        }
    }

    /// Fills in the inferred fields.
    fn infer(&mut self) -> Result<()> {
        match &mut self.content {
            Content::Button(content) => content.buttons.iter_mut().for_each(Button::infer),
            Content::Generic(content) => {
                content.elements.iter_mut().enumerate().try_for_each(|(n, card)| card.infer(n))?
            }
            Content::Media(content) => {
                content.elements.iter_mut().flat_map(|media| &mut media.buttons).for_each(Button::infer);
            }
            Content::Text(_) | Content::Product(_) | Content::Receipt(_) | Content::Coupon(_) => {}
        }
        for reply in &mut self.quick_replies {
            let kind = reply.content_type.get_or_insert_with(|| "text".to_owned());
            if kind == "text" && reply.payload.is_none() {
                reply.payload.clone_from(&reply.title);
            }
        }
        Ok(())
    }
}

impl Card {
    fn infer(&mut self, index: usize) -> Result<()> {
        if let Some(url) = self.url.take() {
            if self.default_action.is_some() {
                return Err(Error::refused(format!("card {} has both url and default_action", index + 1))
                    .hint("url is shorthand for a default_action that opens it: keep only one of them"));
            }
            self.default_action = Some(Button { url: Some(url), ..Button::default() });
        }
        if let Some(action) = &mut self.default_action {
            action.r#type.get_or_insert_with(|| "web_url".to_owned());
        }
        if self.video_id.is_some() {
            self.media_type.get_or_insert_with(|| "video".to_owned());
        }
        self.buttons.iter_mut().for_each(Button::infer);
        Ok(())
    }
}

impl Button {
    fn infer(&mut self) {
        let kind = if self.payload.is_some() {
            "postback"
        } else if self.url.is_none() && (self.android_url.is_some() || self.ios_url.is_some()) {
            "app"
        } else {
            "web_url"
        };
        self.r#type.get_or_insert_with(|| kind.to_owned());
    }
}

fn read_content<'de, D: serde::Deserializer<'de>>(kind: TemplateKind, fields: D) -> Result<Content, D::Error> {
    Ok(match kind {
        TemplateKind::Text => Content::Text(TextBody::deserialize(fields)?),
        TemplateKind::Button => Content::Button(ButtonBody::deserialize(fields)?),
        TemplateKind::Generic => Content::Generic(GenericBody::deserialize(fields)?),
        TemplateKind::Media => Content::Media(MediaBody::deserialize(fields)?),
        TemplateKind::Product => Content::Product(ProductBody::deserialize(fields)?),
        TemplateKind::Receipt => Content::Receipt(Box::deserialize(fields)?),
        TemplateKind::Coupon => Content::Coupon(CouponBody::deserialize(fields)?),
    })
}

/// Removes nulls and empty lists: fields that are not set.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, field| {
                !matches!(field, Value::Null) && field.as_array().is_none_or(|list| !list.is_empty())
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
