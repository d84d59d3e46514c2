//! Answers: bodies, headers, and the error envelope of Graph.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

pub const JSON: &str = "application/json; charset=UTF-8";
pub const HTML: &str = "text/html; charset=utf-8";
pub const TEXT: &str = "text/plain; charset=utf-8";

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Bytes,
    pub location: Option<String>,
}

impl Reply {
    pub fn json(value: &Value) -> Self {
        Self::raw(200, JSON, value.to_string())
    }

    pub fn raw(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, body: body.into(), location: None }
    }

    /// An answer of a proxy in front of Graph.
    pub fn status(status: u16, html: bool) -> Self {
        let mut reply = if html {
            let page = format!(
                "<!DOCTYPE html>\n<html><head><title>Error {status}</title></head>\n<body><h1>Sorry, something went wrong.</h1>\
                 <p>We're working on it and we'll get it fixed as soon as we can.</p></body></html>\n"
            );
            Self::raw(status, HTML, page)
        } else {
            Self::raw(status, TEXT, Bytes::new())
        };
        if status == 302 {
            reply.location = Some("/login/?next=sandbox".to_owned());
        }
        reply
    }
}

/// How a call ends.
#[derive(Clone, Debug)]
pub enum Outcome {
    Answer(Reply),
    /// The headers announce the whole body; half of it is sent, then the connection is cut.
    Cut(Reply),
    /// The connection is cut without an answer.
    Drop,
    /// No answer for two minutes, then the connection is cut.
    Hang,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self::Answer(reply)
    }
}

/// An error in Graph's terms.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: i64,
    pub subcode: Option<i64>,
    pub status: u16,
    message: Cow<'static, str>,
    user: Option<Box<(Cow<'static, str>, Cow<'static, str>)>>,
    remaining_seconds: Option<u64>,
}

impl Refusal {
    /// An error with the message and the status of its code.
    pub fn new(code: i64) -> Self {
        let message = if code >= 2_300_000 {
            Cow::Borrowed(text_of(code))
        } else {
            Cow::Owned(format!("(#{code}) {}", text_of(code)))
        };
        let user =
            (code >= 2_300_000).then(|| Box::new((Cow::Borrowed("Message not sent"), Cow::Borrowed(text_of(code)))));
        Self { code, subcode: None, status: status_of(code), message, user, remaining_seconds: None }
    }

    /// A bad parameter: code 100 with these words.
    pub fn parameter(message: impl Into<String>) -> Self {
        let mut refusal = Self::new(100);
        refusal.message = Cow::Owned(format!("(#100) {}", message.into()));
        refusal
    }

    /// 100/33: the object does not exist, or the token may not see it.
    pub fn unknown_object(verb: &str, id: &str) -> Self {
        let mut refusal = Self::new(100);
        refusal.subcode = Some(33);
        refusal.message = Cow::Owned(format!(
            "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does \
             not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
        ));
        refusal
    }

    /// 190: the token is missing, wrong, or of the wrong kind.
    pub fn token(message: &'static str) -> Self {
        let mut refusal = Self::new(190);
        refusal.message = Cow::Borrowed(message);
        refusal
    }

    #[must_use]
    pub fn words(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    #[must_use]
    pub fn subcode(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// `error_user_title` and `error_user_msg`.
    #[must_use]
    pub fn user(mut self, title: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        self.user = Some(Box::new((Cow::Borrowed(title), text.into())));
        self
    }

    /// Adds `error_data.remaining_seconds`, rounded up.
    #[must_use]
    pub fn remaining(mut self, wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        self.remaining_seconds = Some(u64::try_from(seconds).unwrap_or(u64::MAX));
        self
    }

    /// The error envelope. `echo` is a token that the message repeats, as a careless server might.
    pub fn reply(&self, trace: &str, echo: Option<&str>) -> Reply {
        let mut message = self.message.to_string();
        if let Some(token) = echo {
            message.push_str(&format!(" (access token: {token})"));
        }
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(message));
        error.insert(
            "type".to_owned(),
            json!(if self.subcode == Some(33) { "GraphMethodException" } else { "OAuthException" }),
        );
        error.insert("code".to_owned(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".to_owned(), json!(subcode));
        }
        if let Some((title, text)) = self.user.as_deref() {
            error.insert("error_user_title".to_owned(), json!(title));
            error.insert("error_user_msg".to_owned(), json!(text));
        }
        if matches!(self.code, 1 | 2 | 4 | 17 | 341) {
            error.insert("is_transient".to_owned(), json!(true));
        }
        if let Some(seconds) = self.remaining_seconds {
            // Meta writes it as an object in one place and as a string of JSON in another.
            let data = json!({ "remaining_seconds": seconds });
            let as_text = trace.bytes().map(u32::from).sum::<u32>() % 2 == 1;
            error.insert("error_data".to_owned(), if as_text { json!(data.to_string()) } else { data });
        }
        error.insert("fbtrace_id".to_owned(), json!(trace));
        let mut reply = Reply::json(&json!({ "error": error }));
        reply.status = self.status;
        reply
    }
}

/// The statuses that were observed; Meta documents none.
fn status_of(code: i64) -> u16 {
    match code {
        102 | 190 => 401,
        3 | 10 | 200..=299 => 403,
        1 | 2 => 500,
        _ => 400,
    }
}

/// Our own messages for the contract's codes.
fn text_of(code: i64) -> &'static str {
    match code {
        1 => "An unknown error occurred",
        2 => "Service temporarily unavailable",
        3 => "Application does not have the capability to make this API call.",
        4 => "Application request limit reached",
        10 => "Application does not have permission for this action",
        12 => "This feature is deprecated",
        17 => "User request limit reached",
        32 => "Page request limit reached",
        100 => "Invalid parameter",
        102 => "Session key invalid or no longer valid",
        190 => "Invalid OAuth access token.",
        200..=299 => "Permissions error",
        341 => "Feature temporarily blocked: application limit reached",
        368 => "The action attempted has been deemed abusive or is otherwise disallowed",
        506 => "Duplicate post",
        551 => "This person isn't available right now.",
        613 => "Calls to this api have exceeded the rate limit.",
        80_000..=80_014 => "There have been too many calls to this account. Wait a bit and try again.",
        1_893_047 => "Recipient is not available",
        2_018_300 | 2_018_321 => "Another app is controlling this thread now.",
        2_300_000 => "The campaign is not active.",
        2_300_001 => "The message id is invalid, or you don't have permission to use it.",
        2_300_002 => "The message set is not active.",
        2_300_003 => "The message must be in active status.",
        2_300_004 => "The messenger subscription token can't be loaded. It may be wrong, or permission is missing.",
        2_300_005 => "The subscription token belongs to another Page.",
        2_300_006 => "The campaign is not a direct-send campaign.",
        2_300_007 => "Either daily_budget or lifetime_budget must be given and greater than 0.",
        2_300_008 => "No default bid was found.",
        2_300_009 => "Campaign metadata is missing.",
        2_300_010 => "The message has no valid creative.",
        2_300_011 => "The ad account has no payment method.",
        2_300_012 => "The campaign is still being populated. Try again later.",
        2_300_013 => "The business has not accepted the terms of service.",
        2_300_014 => "The campaign belongs to another ad account.",
        2_300_015 => "The campaign's budget has been reached.",
        2_300_016 => "The bid is too low.",
        2_300_017 => "The ad account's spend limit has been reached.",
        2_300_018 => "The attachment could not be saved.",
        2_300_019 => "The app has not accepted the terms of service.",
        2_300_020 => "The pacing type is invalid.",
        2_300_021 => "Video media needs a video_id.",
        2_300_022 => "Image media needs an image_url.",
        2_300_023 => "The button type is not allowed.",
        2_300_024 => "The button's URL is empty.",
        2_300_025 => "The button's title is empty.",
        2_300_026 => "There are more than 3 buttons.",
        2_300_027 => "The attachment belongs to another Page.",
        2_300_028 => "Pacing information is not ready. Check the account and its payment, and try again in one hour.",
        2_300_030 => "The ad account's region is not supported.",
        2_300_031 => "The Page's region is not supported.",
        2_300_032 => "The recipient's region is not supported.",
        2_300_033 => "The campaign starts in the future.",
        2_300_034 => "This person has stopped marketing messages from the Page.",
        2_300_035 => "The minimum time between two marketing messages to this person is not over.",
        2_300_036 => "This person can't receive a message right now.",
        2_300_037 => "The subscription token has expired.",
        2_300_038 => "A placeholder of the message can't be resolved.",
        2_300_039 => "You don't have permission for this Page.",
        2_300_040 => "This feature is not available.",
        2_300_041 => "The campaign is not ready for delivery yet.",
        2_300_042 => "The weekly limit of marketing messages for this person has been reached.",
        2_300_043 => "The daily limit of marketing messages for this person has been reached.",
        2_300_044 => "There are too few organic conversations since the last marketing message.",
        2_300_046 => "Several images are not allowed in a carousel.",
        2_300_047 => "image_url and image_urls can't be used together.",
        2_300_048 => "There is more than one hero image.",
        2_300_052 => "This person is not available.",
        2_300_053 => "The lifetime budget has been reached.",
        2_300_054 => "The daily budget has been reached. Sending resumes tomorrow.",
        2_300_055 | 2_300_061 | 2_300_062 => "Sending is paced. Try again in about 30 minutes.",
        2_300_056 => "The ad account's total spending limit has been reached.",
        2_300_057 | 2_300_060 => "Sending is paced. Try again later.",
        2_300_058 => "The prepaid balance is empty.",
        2_300_059 => "The stored balance is too low.",
        2_300_063 | 2_300_068 => "The message can't be processed now.",
        2_300_064 => "The creative is used by another campaign.",
        2_300_065 => "The parameter page_id is required.",
        2_300_066 => "The Page has not signed the terms of service.",
        2_300_067 => "The ad account has not signed the terms of service.",
        2_300_069 => "A required terms of service has not been signed.",
        2_300_070 => "The targeting is invalid.",
        2_300_071 => "The creative has invalid aliases.",
        2_300_072 => "The offer is invalid.",
        2_300_073 => "The text has too many line breaks.",
        2_300_074 => "The call-to-action button is missing.",
        2_300_075 => "The order of the buttons is invalid.",
        2_300_076 => "A required field is missing.",
        2_300_077 => "A URL field is invalid.",
        2_300_078 => "Too many messages were sent. Try again later.",
        2_300_079 => "Too many campaigns were created. Try again later.",
        2_300_080 => "Too many token queries were made. Try again later.",
        _ => "The request could not be processed.",
    }
}
