//! One documented TOML file for each kind of message. They live with the tests, which build and check each of them.

/// The kinds of message with an example: every template, and the uses of the generic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Example {
    Text,
    Button,
    Generic,
    Carousel,
    ImageGrid,
    Video,
    Media,
    Product,
    Receipt,
    Coupon,
    QuickReplies,
}

impl Example {
    #[cfg(test)]
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Button,
        Self::Generic,
        Self::Carousel,
        Self::ImageGrid,
        Self::Video,
        Self::Media,
        Self::Product,
        Self::Receipt,
        Self::Coupon,
        Self::QuickReplies,
    ];

    /// The file with its comments.
    pub const fn toml(self) -> &'static str {
        match self {
            Self::Text => include_str!("../../tests/fixtures/message/text.toml"),
            Self::Button => include_str!("../../tests/fixtures/message/button.toml"),
            Self::Generic => include_str!("../../tests/fixtures/message/generic.toml"),
            Self::Carousel => include_str!("../../tests/fixtures/message/carousel.toml"),
            Self::ImageGrid => include_str!("../../tests/fixtures/message/image-grid.toml"),
            Self::Video => include_str!("../../tests/fixtures/message/video.toml"),
            Self::Media => include_str!("../../tests/fixtures/message/media.toml"),
            Self::Product => include_str!("../../tests/fixtures/message/product.toml"),
            Self::Receipt => include_str!("../../tests/fixtures/message/receipt.toml"),
            Self::Coupon => include_str!("../../tests/fixtures/message/coupon.toml"),
            Self::QuickReplies => include_str!("../../tests/fixtures/message/quick-replies.toml"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::model::Draft;
    use crate::message::{Message, Template};

    #[test]
    fn every_example_builds_and_breaks_no_rule() {
        for example in Example::ALL {
            let draft = Draft::from_toml(example.toml().as_bytes()).unwrap();
            let message = draft.to_message().unwrap();
            assert_eq!(message.validate(), [], "{example:?}");
            Template::compile(&message).unwrap();
            // Writing and reading again gives the same message, as JSON and as a draft.
            assert_eq!(Message::parse(message.to_json().as_bytes()).unwrap(), message);
            let again = Draft::from_toml(draft.to_toml().unwrap().as_bytes()).unwrap();
            assert_eq!(again.to_message().unwrap(), message, "{example:?}");
        }
    }
}
