//! The body of a send.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::form;
use super::params::Params;
use super::removed;
use super::reply::Refusal;
use super::route::Call;

#[derive(Deserialize)]
pub struct Wire<'b> {
    #[serde(borrow, default)]
    message_id: Option<&'b RawValue>,
    #[serde(borrow, default)]
    messenger_delivery_data: Option<Delivery<'b>>,
    #[serde(borrow, default)]
    pub message: Option<&'b RawValue>,
    #[serde(default)]
    pub min_conversation_gap_seconds: Option<Value>,
    #[serde(default)]
    pub appsecret_proof: Option<String>,
    #[serde(default)]
    pub access_token: Option<IgnoredAny>,
    #[serde(default)]
    custom_audience_id: Option<IgnoredAny>,
    #[serde(default)]
    method: Option<IgnoredAny>,
    #[serde(default)]
    callback: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delivery<'b> {
    #[serde(borrow, default)]
    subscription_token: Option<&'b RawValue>,
}

impl<'b> Wire<'b> {
    pub fn read(body: &'b [u8]) -> Result<Self, Refusal> {
        // serde would read a list as the fields in order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refusal::parameter("The body is not a JSON object"));
        }
        let wire: Self = serde_json::from_slice(body).map_err(|error| {
            Refusal::parameter(format!("The body is not a valid JSON object for this call: {error}"))
        })?;
        if wire.method.is_some() {
            return Err(removed::gone("HTTP method override"));
        }
        if wire.callback.is_some() {
            return Err(removed::gone("JSONP"));
        }
        if wire.custom_audience_id.is_some() {
            // Only the SDKs know it: no page says what it does to a send.
            return Err(Refusal::parameter("The sandbox does not serve the parameter custom_audience_id here"));
        }
        Ok(wire)
    }

    /// The subscription token, as text or as a whole number, which keeps all its digits.
    pub fn token(&self) -> Result<String, Refusal> {
        const NAME: &str = "messenger_delivery_data.subscription_token";
        let raw = self.messenger_delivery_data.as_ref().and_then(|data| data.subscription_token);
        let raw = raw
            .map(RawValue::get)
            .filter(|raw| *raw != "null")
            .ok_or_else(|| Refusal::parameter(format!("The parameter {NAME} is required")))?;
        let token = if raw.starts_with('"') {
            serde_json::from_str(raw).ok()
        } else {
            raw.bytes().all(|byte| byte.is_ascii_digit()).then(|| raw.to_owned())
        };
        token.ok_or_else(|| Refusal::parameter(format!("{NAME} must be a string")))
    }

    pub fn message_id(&self) -> Result<&'b str, Refusal> {
        self.message_id
            .map(|raw| raw.get().trim_matches('"'))
            .filter(|id| !id.is_empty() && *id != "null")
            .ok_or_else(|| Refusal::parameter("The parameter message_id is required"))
    }
}

/// The body as JSON. A form, as the SDKs and an older page of the docs have it, is converted first: rare, so it may be slow.
pub fn body<'c>(call: &'c Call<'_>) -> Result<Cow<'c, [u8]>, Refusal> {
    let is_form = call.content_type.starts_with("application/x-www-form-urlencoded")
        || form::boundary(call.content_type).is_some();
    if !is_form {
        return Ok(Cow::Borrowed(&call.body));
    }
    let mut params = Params::of("", call.content_type, &call.body)?;
    for name in ["message", "messenger_delivery_data"] {
        if let Some(value) = params.json(name)? {
            params.0.insert(name.to_owned(), value);
        }
    }
    Ok(Cow::Owned(Value::Object(params.0).to_string().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_text_or_a_whole_number() {
        for (token, wanted) in [
            ("\"abc\"", Some("abc")),
            ("7104857600123456789012345", Some("7104857600123456789012345")),
            ("1e3", None),
            ("-1", None),
            ("null", None),
            ("[1]", None),
        ] {
            let body = format!("{{\"messenger_delivery_data\":{{\"subscription_token\":{token}}}}}");
            let read = Wire::read(body.as_bytes()).unwrap().token();
            assert_eq!(read.ok().as_deref(), wanted, "{token}");
        }
    }

    #[test]
    fn what_is_gone_or_unknown_is_refused() {
        for (body, code) in [
            (r#"{"method":"get"}"#, 12),
            (r#"{"callback":"f"}"#, 12),
            (r#"{"custom_audience_id":"1"}"#, 100),
            ("[]", 100),
        ] {
            assert_eq!(Wire::read(body.as_bytes()).err().map(|refusal| refusal.code), Some(code), "{body}");
        }
    }
}
