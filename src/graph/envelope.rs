//! Graph's error envelope.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::codes::{self, CodeRow};
use crate::json;
use crate::secret::Redactor;
use crate::text::mask;

/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest text of an error that is kept, in characters.
const MAX_TEXT: usize = 500;

/// What helps to look an error up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorFacts {
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}

/// What Graph said about a failure. Known secrets are replaced in all texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphError {
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub message: String,
    /// `type` in the envelope.
    pub kind: Option<String>,
    /// For people, in the language that Graph chose.
    pub user_title: Option<String>,
    pub user_msg: Option<String>,
    pub is_transient: bool,
    /// From `error_data`, which is an object or a string that holds one.
    pub remaining_seconds: Option<u64>,
    pub fbtrace_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_subcode: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_user_title: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_user_msg: Option<&'a RawValue>,
    #[serde(borrow, default)]
    is_transient: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    fbtrace_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorData<'a> {
    #[serde(borrow, default)]
    remaining_seconds: Option<&'a RawValue>,
}

impl GraphError {
    /// An answer without a body whose status says that it did not take effect: 401 and 429. `None` for any other.
    pub(super) fn without_body(status: StatusCode) -> Option<Self> {
        let says = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        says.then(|| Self { message: format!("HTTP {} without a body", status.as_u16()), ..Self::default() })
    }

    /// Reads the value of `error`. Whatever it holds, the answer is an error.
    pub(super) fn read(raw: &RawValue, redactor: &Redactor) -> Self {
        if !json::is_object(raw.get()) {
            let message = json::text(raw).unwrap_or_else(|| raw.get().to_owned());
            return Self { message: clean(&message, redactor), ..Self::default() };
        }
        let wire: Wire<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        let text = |raw: Option<&RawValue>| raw.and_then(json::text).map(|text| clean(&text, redactor));
        Self {
            code: wire.code.and_then(json::integer),
            subcode: wire.error_subcode.and_then(json::integer),
            message: text(wire.message).unwrap_or_default(),
            kind: text(wire.kind),
            user_title: text(wire.error_user_title),
            user_msg: text(wire.error_user_msg),
            is_transient: wire.is_transient.is_some_and(json::is_true),
            remaining_seconds: wire.error_data.and_then(remaining_seconds),
            fbtrace_id: text(wire.fbtrace_id),
        }
    }

    /// The row that decides; `None` is an unknown code, or none.
    ///
    /// For codes with two published meanings, the texts and `remaining_seconds` decide.
    pub fn row(&self) -> Option<&'static CodeRow> {
        if self.code == Some(100) && self.message.contains("appsecret_proof") {
            return Some(codes::wrong_proof());
        }
        let row = codes::lookup(self.code?, self.subcode)?;
        match row.other {
            // A limit on sends may come with a time, as one on money does.
            Some(other) if self.speaks_of_money() || (!row.is_rate && self.remaining_seconds.is_some()) => Some(other),
            _ => Some(row),
        }
    }

    /// Budgets and balances: what the older meaning of an ambiguous number is about.
    fn speaks_of_money(&self) -> bool {
        const WORDS: [&str; 8] = ["budget", "spend", "pacing", "prepa", "balance", "billing", "credit", "daily limit"];
        let says = |text: &str| {
            let text = text.to_lowercase();
            WORDS.iter().any(|word| text.contains(word))
        };
        says(&self.message) || [&self.user_title, &self.user_msg].into_iter().flatten().any(|text| says(text))
    }

    /// How long to wait, if Graph says so. No documented wait is longer than a few days, so at most 30 days are believed. Zero says
    /// nothing.
    pub fn told_wait(&self) -> Option<Duration> {
        let seconds = self.remaining_seconds.filter(|seconds| *seconds > 0)?;
        Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
    }

    /// What helps to look it up.
    pub fn facts(&self) -> ErrorFacts {
        ErrorFacts { code: self.code, subcode: self.subcode, fbtrace_id: self.fbtrace_id.clone() }
    }

    /// `#100/33`, `#190`, or nothing.
    pub fn number(&self) -> String {
        match (self.code, self.subcode) {
            (Some(code), Some(subcode)) => format!("#{code}/{subcode}"),
            (Some(code), None) => format!("#{code}"),
            (None, _) => String::new(),
        }
    }

    /// One line for people: Graph's own text, with its number. Some errors have only a title, or only a message for users.
    pub fn text(&self) -> String {
        let mut text = self.number();
        for part in [self.user_title.as_ref(), Some(&self.message), self.user_msg.as_ref()].into_iter().flatten() {
            if !part.is_empty() && !text.contains(part.as_str()) {
                match text.chars().last() {
                    None => {}
                    Some('.' | '!' | '?') => text.push(' '),
                    Some(_) => text.push_str(": "),
                }
                text.push_str(part);
            }
        }
        if text.is_empty() { "an error without a message".to_owned() } else { text }
    }

    /// Masks a subscription token in all texts.
    pub fn hide(&mut self, token: &str) {
        for text in [Some(&mut self.message), self.user_title.as_mut(), self.user_msg.as_mut()].into_iter().flatten() {
            hide(text, token);
        }
    }
}

/// Masks `token` in a text.
pub(super) fn hide(text: &mut String, token: &str) {
    if !token.is_empty() && text.contains(token) {
        *text = text.replace(token, &mask(token));
    }
}

/// Secrets first, then the length: a truncated secret would no longer be recognized.
pub(super) fn clean(text: &str, redactor: &Redactor) -> String {
    let clean = redactor.clean(text);
    match clean.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
        None => clean.into_owned(),
    }
}

fn remaining_seconds(raw: &RawValue) -> Option<u64> {
    let unpacked;
    let object = if raw.get().starts_with('"') {
        unpacked = json::text(raw)?;
        unpacked.as_str()
    } else {
        raw.get()
    };
    if !json::is_object(object) {
        return None;
    }
    let data: ErrorData<'_> = serde_json::from_str(object).ok()?;
    data.remaining_seconds.and_then(json::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::codes::Class;
    use crate::secret::Secret;

    fn read(json: &str) -> GraphError {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        GraphError::read(&raw, &Redactor::new([Secret::new("EAABsecret")]))
    }

    #[test]
    fn every_shape_of_the_envelope_is_read() {
        let error = read(
            r#"{"message":"bad EAABsecret","type":"OAuthException","code":"190","error_subcode":463,
                "error_user_msg":"log in","is_transient":true,"error_data":"{\"remaining_seconds\":90}","fbtrace_id":"A1"}"#,
        );
        assert_eq!((error.code, error.subcode), (Some(190), Some(463)));
        assert_eq!(error.message, "bad [hidden]");
        assert_eq!(error.remaining_seconds, Some(90));
        assert!(error.is_transient);
        assert_eq!(error.text(), "#190/463: bad [hidden]: log in");
        for (json, seconds) in [
            (r#"{"error_data":{"remaining_seconds":"12"}}"#, Some(12)),
            (r#"{"error_data":{"remaining_seconds":1.2}}"#, Some(2)),
            (r#"{"error_data":{"remaining_seconds":-5}}"#, None),
            (r#"{"error_data":{"remaining_seconds":1e300}}"#, None),
            (r#"{"error_data":"not json"}"#, None),
            (r#"{"error_data":[5]}"#, None),
        ] {
            assert_eq!(read(json).remaining_seconds, seconds, "{json}");
        }
        let told = |seconds| GraphError { remaining_seconds: Some(seconds), ..GraphError::default() }.told_wait();
        assert_eq!((told(0), told(1)), (None, Some(Duration::from_secs(1))));
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        assert_eq!((told(30 * 86_400 - 1) < days(30), told(u64::MAX)), (true, days(30)));
        assert_eq!(read(r#""invalid_request""#).message, "invalid_request");
        assert_eq!(read(r#"{"code":{"a":1},"message":["x"]}"#).code, None);
        assert_eq!(read("[190]").code, None);
    }

    #[test]
    fn an_error_is_told_with_its_title_and_its_message_whichever_is_there() {
        for (json, told) in [
            (r#"{"code":100,"message":"Invalid parameter"}"#, "#100: Invalid parameter"),
            (r#"{"code":100,"error_user_title":"Budget too low"}"#, "#100: Budget too low"),
            (r#"{"code":100,"error_user_msg":"Use at least 5"}"#, "#100: Use at least 5"),
            (
                r#"{"code":100,"error_subcode":1885272,"message":"Invalid parameter.","error_user_title":"Budget too low",
                    "error_user_msg":"Use at least 5"}"#,
                "#100/1885272: Budget too low: Invalid parameter. Use at least 5",
            ),
            (r#"{"code":1,"message":"Same","error_user_title":"Same","error_user_msg":"Same"}"#, "#1: Same"),
            (r#"{"code":-1,"error_subcode":2018012,"message":""}"#, "#-1/2018012"),
            ("{}", "an error without a message"),
        ] {
            assert_eq!(read(json).text(), told, "{json}");
        }
    }

    #[test]
    fn a_long_text_is_cut_after_its_secrets_are_gone() {
        let text = format!("{}EAABsecret", "x".repeat(MAX_TEXT - 4));
        let error = read(&serde_json::json!({ "message": text }).to_string());
        assert!(!error.message.contains("EAAB"), "{}", error.message);
        assert_eq!(error.message.chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn an_ambiguous_number_is_read_with_its_text() {
        let class = |json: &str| read(json).row().unwrap().class;
        assert_eq!(class(r#"{"code":2300071,"message":"Invalid aliases"}"#), Class::Message);
        assert_eq!(class(r#"{"code":2300071,"message":"Pacing limit reached"}"#), Class::Wait);
        assert_eq!(class(r#"{"code":2300071,"message":"x","error_data":{"remaining_seconds":5}}"#), Class::Wait);
        assert_eq!(class(r#"{"code":2300075,"message":"","error_user_msg":"Your balance is empty"}"#), Class::Stop);
        assert_eq!(class(r#"{"code":2300069,"message":"Terms of service not signed"}"#), Class::Stop);
        let rate = read(r#"{"code":2300078,"message":"Rate limit reached"}"#);
        assert!(rate.row().unwrap().is_rate);
        // Told of a time, it is the limit on sends still, but where the text speaks of money.
        let told = |message: &str| {
            read(&format!(r#"{{"code":2300078,"message":"{message}","error_data":{{"remaining_seconds":60}}}}"#))
        };
        assert!(told("Too many messages were sent").row().unwrap().is_rate);
        assert!(!told("Brand credit limit reached").row().unwrap().is_rate);
        // Every word about money, in every text.
        for word in ["Budget", "spending", "paced by PACING", "Prepay", "balance", "billing", "credit", "daily limit"] {
            for field in ["message", "error_user_title", "error_user_msg"] {
                assert_eq!(
                    class(&format!(r#"{{"code":2300076,"{field}":"the {word} x"}}"#)),
                    Class::Wait,
                    "{field} {word}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_proof_is_no_wrong_parameter() {
        let row = |json| read(json).row().unwrap();
        let wrong = r#"{"code":100,"message":"Invalid appsecret_proof provided in the API argument"}"#;
        assert!(row(wrong).needs_credentials && row(wrong).class == Class::Stop);
        for other in [r#"{"code":100,"message":"Invalid parameter"}"#, r#"{"code":368,"message":"appsecret_proof"}"#] {
            assert!(!row(other).needs_credentials, "{other}");
        }
    }

    #[test]
    fn a_subscription_token_is_masked() {
        let mut error = read(r#"{"code":2300004,"message":"token 12348141984909088 is bad"}"#);
        error.hide("12348141984909088");
        assert_eq!(error.message, "token 1234…88 is bad");
    }
}
