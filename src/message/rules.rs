//! Meta's limits as one table: [`all`]. Validation, the JSON Schema, `mmsg message rules` and the check of each recipient's own text
//! all use it, so that they can't disagree.
//!
//! **Characters.** Meta's pages say "characters" and never how they count them. We count UTF-16 code units, the strictest reading
//! except bytes: counting code points or graphemes never gives more.

pub(crate) mod check;
mod coupon;
mod generic;
pub(crate) mod macros;
mod media;
mod parts;
mod receipt;

use serde::Serialize;

pub use check::{Requirement, Type};

/// The template of a message; `text` is a message without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TemplateKind {
    /// Plain text.
    Text,
    /// Text with up to three buttons.
    Button,
    /// One card, or up to ten side by side.
    Generic,
    /// One picture or video with buttons.
    Media,
    /// Products of the Page's catalogue.
    Product,
    /// A receipt of an order.
    Receipt,
    /// A code to copy, with or without a timer.
    Coupon,
}

impl TemplateKind {
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Button, Self::Generic, Self::Media, Self::Product, Self::Receipt, Self::Coupon];

    /// The value of `template_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Button => "button",
            Self::Generic => "generic",
            Self::Media => "media",
            Self::Product => "product",
            Self::Receipt => "receipt",
            Self::Coupon => "coupon",
        }
    }

    /// Whether the parts of a card stand in `elements`.
    pub const fn has_elements(self) -> bool {
        matches!(self, Self::Generic | Self::Media | Self::Product)
    }

    /// The template that a message uses; `None` if it is unknown.
    pub fn of(message: &serde_json::Value) -> Option<Self> {
        let Some(attachment) = message.get("attachment") else { return Some(Self::Text) };
        let name = attachment.pointer("/payload/template_type")?.as_str()?;
        Self::ALL.into_iter().skip(1).find(|kind| kind.name() == name)
    }
}

/// How sure we are of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// One of Meta's pages says so.
    Documented,
    /// Follows from Meta's pages, or from reports by others.
    Inferred,
    /// Meta's pages disagree.
    Contradictory,
}

impl Basis {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Inferred => "inferred",
            Self::Contradictory => "contradictory",
        }
    }
}

/// Whether Meta would refuse the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One limit.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `generic.title.length`. Never renamed: scripts may rely on it.
    pub id: &'static str,
    /// The templates it applies to; empty means every message.
    pub kinds: &'static [TemplateKind],
    /// The places it applies to.
    pub paths: &'static [&'static str],
    /// Applies only if the same object has this field with this value.
    pub when: Option<(&'static str, &'static str)>,
    pub check: Requirement,
    /// The error code that Meta would return, if published.
    pub code: Option<u32>,
    pub basis: Basis,
    /// Key of the page in [`PAGES`].
    pub page: &'static str,
    pub severity: Severity,
}

impl Rule {
    /// A documented error for any template: the most common kind, changed by the methods below.
    pub(crate) const fn new(
        id: &'static str,
        page: &'static str,
        paths: &'static [&'static str],
        check: Requirement,
    ) -> Self {
        Self {
            id,
            kinds: &[],
            paths,
            when: None,
            check,
            code: None,
            basis: Basis::Documented,
            page,
            severity: Severity::Error,
        }
    }

    pub(crate) const fn of(mut self, kinds: &'static [TemplateKind]) -> Self {
        self.kinds = kinds;
        self
    }

    pub(crate) const fn when(mut self, field: &'static str, value: &'static str) -> Self {
        self.when = Some((field, value));
        self
    }

    pub(crate) const fn code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) const fn inferred(mut self) -> Self {
        self.basis = Basis::Inferred;
        self
    }

    pub(crate) const fn contradictory(mut self) -> Self {
        self.basis = Basis::Contradictory;
        self
    }

    pub(crate) const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether the rule applies to messages with this template.
    pub fn is_for(&self, kind: Option<TemplateKind>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }
}

/// Every rule, in the order in which violations are reported: the message, its parts, then each template.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [parts::MESSAGE, parts::QUICK_REPLIES, parts::BUTTONS, generic::RULES, media::RULES, receipt::RULES, coupon::RULES]
        .into_iter()
        .flatten()
}

const BASE: &str = "https://developers.facebook.com/documentation/business-messaging/messenger-platform/";

/// The pages that rules refer to: key, and path below Meta's Messenger documentation.
pub const PAGES: &[(&str, &str)] = &[
    ("SEND", "marketing-messages-on-messenger/send-messages"),
    ("REF", "marketing-messages-on-messenger/api-reference"),
    ("GEN", "marketing-messages-on-messenger/api-reference/generic"),
    ("BTN", "marketing-messages-on-messenger/api-reference/button"),
    ("TXT", "marketing-messages-on-messenger/api-reference/text"),
    ("MED", "marketing-messages-on-messenger/api-reference/media"),
    ("PROD", "marketing-messages-on-messenger/api-reference/product"),
    ("RCPT", "marketing-messages-on-messenger/api-reference/receipt"),
    ("COUP", "marketing-messages-on-messenger/api-reference/coupon"),
    ("QR", "marketing-messages-on-messenger/send-messages/quick-replies"),
    ("CHG", "marketing-messages-on-messenger/changelog"),
    ("URLB", "send-messages/buttons/url"),
    ("PBB", "send-messages/buttons/postback"),
    ("GENP", "send-messages/template/generic"),
    ("BTNP", "send-messages/template/button"),
];

/// The URL of a page; `None` for one of our own rules.
pub fn page_url(key: &str) -> Option<String> {
    PAGES.iter().find(|(name, _)| *name == key).map(|(_, path)| format!("{BASE}{path}"))
}

/// The key of our own rules: values of recipients, and what JSON allows but nobody intends.
pub const OWN: &str = "mmsg";
