//! What a rule requires, and whether a text satisfies it.

use serde_json::Value;

use super::macros::MACROS;
use crate::text::is_blank;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    /// An id or an amount: text or a number.
    TextOrNumber,
    Bool,
    /// `true`, or the text `"true"` as in Meta's sample.
    BoolOrText,
    Object,
    List,
}

impl Type {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextOrNumber => "text or a number",
            Self::Bool => "true or false",
            Self::BoolOrText => "true, false, \"true\" or \"false\"",
            Self::Object => "an object",
            Self::List => "a list",
        }
    }

    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::TextOrNumber => value.is_string() || value.is_number(),
            Self::Bool => value.is_boolean(),
            Self::BoolOrText => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
        }
    }
}

/// The fields of an object.
pub type FieldTypes = &'static [(&'static str, Type)];

/// A problem: the field below the place (if any), and what is wrong.
pub type Finding = (Option<String>, String);

/// What a rule requires of the value at its path.
#[derive(Clone, Copy)]
pub enum Requirement {
    /// Present and not empty.
    Required,
    /// At most this many characters, counted as UTF-16 code units.
    MaxChars(u32),
    MaxItems(u32),
    MaxLineBreaks(u32),
    OneOf(&'static [&'static str]),
    /// An `http` or `https` URL with a host.
    WebUrl,
    /// A URL in one of the forms that Meta accepts for media; the flag says whether it is a video.
    FacebookMedia {
        video: bool,
    },
    /// Any URL with a scheme: `shop://item/1`.
    AppUrl,
    Digits,
    /// Three capital letters.
    Currency,
    /// `2026-12-24 18:00:00`.
    DateTime,
    /// FieldTypes of these types, if present; the value itself is an object.
    Types(FieldTypes),
    /// No other fields than these.
    Known(FieldTypes),
    /// At least one of these fields.
    AnyOf(&'static [&'static str]),
    /// At most one of these fields.
    AtMostOneOf(&'static [&'static str]),
    /// Meta's macros only where they work; checked for every text of the message.
    Macros,
    /// Something to see, and no control characters; checked for every text of the message.
    Visible,
    /// Valid `${…}`; checked for every text of the message.
    Placeholders,
    /// `$${…}` that may have been meant as a dollar sign and a value; checked for every text of the message.
    DoubtfulLiteral,
    /// A check that involves more than one field.
    Custom {
        says: &'static str,
        find: fn(&Value) -> Vec<Finding>,
    },
}

impl std::fmt::Debug for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says())
    }
}

impl Requirement {
    /// The rule's number, if it limits a count.
    pub const fn limit(&self) -> Option<u32> {
        match self {
            Self::MaxChars(n) | Self::MaxItems(n) | Self::MaxLineBreaks(n) => Some(*n),
            _ => None,
        }
    }

    /// The rule as a phrase.
    pub fn says(&self) -> String {
        let names = |fields: FieldTypes| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        match self {
            Self::Required => "required and not empty".to_owned(),
            Self::MaxChars(n) => format!("at most {n} characters"),
            Self::MaxItems(n) => format!("at most {n} items"),
            Self::MaxLineBreaks(n) => format!("at most {n} line breaks"),
            Self::OneOf([only]) => (*only).to_owned(),
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
            Self::WebUrl => "an http or https URL with a host".to_owned(),
            Self::FacebookMedia { video: true } => {
                "the facebook.com URL of a video: https://www.facebook.com/NAME/videos/ID".to_owned()
            }
            Self::FacebookMedia { video: false } => "the facebook.com URL of a photo: \
                https://www.facebook.com/NAME/photos/ID or https://www.facebook.com/photo.php?fbid=ID"
                .to_owned(),
            Self::AppUrl => "a URL with a scheme, such as shop://item/1".to_owned(),
            Self::Digits => "digits only".to_owned(),
            Self::Currency => "a currency code of three capital letters".to_owned(),
            Self::DateTime => "a valid time such as 2026-12-24 18:00:00".to_owned(),
            Self::Types(fields) => {
                fields.iter().map(|(name, kind)| format!("{name}: {}", kind.name())).collect::<Vec<_>>().join("; ")
            }
            Self::Known(fields) => format!("known fields: {}", names(fields)),
            Self::AnyOf(fields) => format!("at least one of {}", fields.join(", ")),
            Self::AtMostOneOf(fields) => format!("at most one of {}", fields.join(", ")),
            Self::Macros => format!("{} only in titles, subtitles and greetings", MACROS.join(", ")),
            Self::Visible => "no text of invisible characters alone, and no control characters".to_owned(),
            Self::Placeholders => "${column} and ${column:-default} must be closed and name a column".to_owned(),
            Self::DoubtfulLiteral => "$${column} and {first_name} are shown as written".to_owned(),
            Self::Custom { says, .. } => (*says).to_owned(),
        }
    }

    /// Whether filling in a value can break the rule by the text alone.
    pub const fn is_about_text(&self) -> bool {
        matches!(
            self,
            Self::Required
                | Self::MaxChars(_)
                | Self::MaxLineBreaks(_)
                | Self::OneOf(_)
                | Self::WebUrl
                | Self::FacebookMedia { .. }
                | Self::AppUrl
                | Self::Digits
                | Self::Currency
                | Self::DateTime
        )
    }

    /// What is wrong with a text, for the checks in [`Requirement::is_about_text`].
    pub fn text(&self, text: &str) -> Option<String> {
        let is_met = match self {
            Self::Required => {
                return is_blank(text).then(|| "is empty".to_owned());
            }
            Self::MaxChars(limit) => {
                // There are never more UTF-16 units than bytes: most texts need no count.
                if text.len() <= *limit as usize {
                    return None;
                }
                let count = chars(text);
                return (count > *limit as usize).then(|| format!("{count} characters, at most {limit}"));
            }
            Self::MaxLineBreaks(limit) => {
                let count = text.matches('\n').count();
                return (count > *limit as usize).then(|| format!("{count} line breaks, at most {limit}"));
            }
            Self::OneOf(values) => values.contains(&text),
            Self::WebUrl => is_web_url(text),
            Self::FacebookMedia { video } => is_facebook_media(text, *video),
            Self::AppUrl => is_app_url(text),
            Self::Digits => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Currency => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            Self::DateTime => is_date_time(text),
            _ => true,
        };
        (!is_met).then(|| match self {
            Self::OneOf(values) => match nearest(text, values.iter().copied()) {
                Some(near) => format!("must be {}; did you mean {near}?", self.says()),
                None => format!("must be {}", self.says()),
            },
            _ => format!("must be {}", self.says()),
        })
    }
}

/// The number of characters, counted as UTF-16 code units.
pub fn chars(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The first control character of a text other than a tab or the end of a line.
pub fn control(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The known name that was probably meant.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The part after the scheme, if the text is a URL without white space and control characters.
fn after_scheme<'t>(text: &'t str, schemes: &[&str]) -> Option<&'t str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)).then_some(rest)
}

/// The host (without user and port) and everything after it.
fn host_and_path(rest: &str) -> (&str, &str) {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    (host, path)
}

fn is_web_url(text: &str) -> bool {
    after_scheme(text, &["http", "https"]).is_some_and(|rest| {
        let (host, _) = host_and_path(rest);
        // Rejects placeholders from the documentation, such as `<IMAGE_URL>`.
        !host.is_empty() && !host.starts_with('.') && !host.contains(['<', '>', '"', '{', '}', '|', '^', '`', '\\'])
    })
}

fn is_app_url(text: &str) -> bool {
    let has_space = text.chars().any(|c| c.is_whitespace() || c.is_control());
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !has_space
            && !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn is_facebook_media(text: &str, video: bool) -> bool {
    let Some(rest) = after_scheme(text, &["https"]) else { return false };
    let (host, path) = host_and_path(rest);
    let host = host.to_ascii_lowercase();
    if host != "facebook.com" && !host.ends_with(".facebook.com") {
        return false;
    }
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if !video && path == "/photo.php" {
        return query.split('&').any(|pair| pair.strip_prefix("fbid=").is_some_and(is_id));
    }
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let kind = if video { "videos" } else { "photos" };
    // An album may come between the word and the id: NAME/photos/ALBUM/ID.
    steps.len() >= 3 && !steps[0].is_empty() && steps[1] == kind && steps.last().is_some_and(|id| is_id(id))
}

fn is_date_time(text: &str) -> bool {
    let shape = text.len() == 19
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            10 => byte == b' ',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    shape && text.replacen(' ', "T", 1).parse::<jiff::civil::DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, good) in [
            ("https://shop.example/a?b=c#d", true),
            ("HTTP://shop.example", true),
            ("https://user:pw@shop.example:8443/", true),
            ("https://ร้าน.example/ก", true),
            ("https://[::1]:80/", true),
            ("shop.example/a", false),
            ("https://", false),
            ("https:///path", false),
            ("https://?q", false),
            ("https://<IMAGE_URL>", false),
            ("<IMAGE_URL>", false),
            ("javascript:alert(1)", false),
            ("https://shop.example/a b", false),
            ("https://shop.example/\n", false),
            ("ftp://shop.example/", false),
        ] {
            assert_eq!(Requirement::WebUrl.text(url).is_none(), good, "{url}");
        }
        assert!(Requirement::AppUrl.text("shop://item/1").is_none());
        assert!(Requirement::AppUrl.text("item/1").is_some());
        for (url, video, good) in [
            ("https://business.facebook.com/page/videos/123", true, true),
            ("https://www.facebook.com/user.name/videos/123/", true, true),
            ("https://www.facebook.com/page/photos/123", false, true),
            ("https://www.facebook.com/page/photos/a.1/123/", false, true),
            ("https://www.facebook.com/photo.php?fbid=123&set=a", false, true),
            ("https://www.facebook.com/page/photos/123", true, false),
            ("https://www.facebook.com/photo.php?fbid=x", false, false),
            ("https://evilfacebook.com/page/videos/123", true, false),
            ("https://facebook.com.evil.example/page/videos/123", true, false),
            ("http://www.facebook.com/page/videos/123", true, false),
        ] {
            assert_eq!(Requirement::FacebookMedia { video }.text(url).is_none(), good, "{url}");
        }
    }

    #[test]
    fn characters_are_utf16_units() {
        assert_eq!(chars("é"), 1);
        assert_eq!(chars("😀"), 2);
        assert_eq!(chars("e\u{301}"), 2);
        assert!(Requirement::MaxChars(2).text("éé").is_none());
        assert_eq!(Requirement::MaxChars(2).text("😀é").unwrap(), "3 characters, at most 2");
    }

    #[test]
    fn times_must_exist() {
        for (text, good) in [
            ("2025-10-25 16:00:00", true),
            ("2025-02-30 16:00:00", false),
            ("2025-10-25T16:00:00", false),
            ("2025-10-25 24:00:00", false),
            ("2025-10-25", false),
            ("tomorrow", false),
        ] {
            assert_eq!(Requirement::DateTime.text(text).is_none(), good, "{text}");
        }
    }
}
