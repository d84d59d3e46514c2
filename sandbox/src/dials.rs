//! The dials: faults that may be changed while the sandbox runs.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use serde_json::{Map, Value};

use super::error::{Error, Result};
use super::faults::{Fault, Faults};
use super::values;

/// What chosen tokens get, every time.
pub type ErrorTokens = HashMap<String, Fault>;

/// Declares the dials: each field is a flag and a key of `POST /sandbox/errors`.
macro_rules! dials {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$about:meta])* pub $dial:ident: $type:ty,)* }) => {
        $(#[$meta])*
        pub struct $name { $($(#[$about])* pub $dial: $type,)* }

        impl $name {
            /// Changes the dials that a JSON object names and keeps the others; one wrong value and none changes.
            pub fn turn(&self, changes: &Map<String, Value>) -> Result<Self> {
                let mut dials = self.clone();
                for (name, value) in changes {
                    match name.as_str() {
                        $(stringify!($dial) => dials.$dial = Dial::read(value)?,)*
                        other => return Err(Error::Value(format!("'{other}' can't be changed while the sandbox runs"))),
                    }
                }
                Ok(dials)
            }
        }
    };
}

dials! {
    #[derive(Clone, Debug, clap::Args)]
    #[command(next_help_heading = "Faults")]
    pub struct Dials {
        /// How long each answer takes.
        ///
        /// Half of it passes before the call takes effect, half after.
        #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
        pub latency: Duration,
        /// Add up to this much to the latency.
        #[arg(long, default_value = "0", value_name = "TIME", value_parser = values::span)]
        pub latency_jitter: Duration,
        /// Faults of sends: 2300034=0.5%,503-html=1%,accepted-2=0.1%,drop=100%*3 (three times).
        ///
        /// Names: a Graph code (2300034, 100/33; 200-CODE for status 200), 500, 502, 503, 504, 302, 503-html, 200-html,
        /// 200-empty, bare, success-false, success-only, no-op, truncated, cut, drop, hang. With accepted- in front, the send takes
        /// effect anyway. Codes about a person (2300004, 2300005, 2300032, 2300034, 2300036 to 2300038, 2300042 to 2300044,
        /// 2300052) stay with that person; all others are drawn again for each attempt.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME=SHARE,…", value_parser = Faults::parse)]
        pub errors: Faults,
        /// Faults of reads, with the same names.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME=SHARE,…", value_parser = Faults::parse)]
        pub read_errors: Faults,
        /// Faults of all other writes (create, delete, subscribe), with the same names.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME=SHARE,…", value_parser = Faults::parse)]
        pub write_errors: Faults,
        /// File with lines of token,fault: these tokens always get that fault.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "FILE", value_parser = error_tokens)]
        pub error_tokens: ErrorTokens,
        /// Sends that are accepted and recorded, then the connection is cut without a reply.
        #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
        pub lost_replies: f64,
        /// Sends that are accepted and recorded, then never answered.
        #[arg(long, default_value = "0", value_name = "SHARE", value_parser = values::share)]
        pub hang: f64,
        /// Answer no request at all.
        #[arg(long)]
        pub stall: bool,
        /// Keep webhook events back until this is turned off.
        #[arg(long)]
        pub hold_webhooks: bool,
        /// From this row on, the cursor of the token list does not move: every page says that more follow.
        #[arg(long, value_name = "ROW")]
        pub stuck_cursor: Option<u64>,
        /// Repeat the caller's token in error messages.
        #[arg(long)]
        pub echo_secrets: bool,
        /// Take the access token only in the Authorization header.
        ///
        /// Meta also takes it in the query and in the body, as its SDKs send it.
        #[arg(long)]
        pub header_token_only: bool,
        /// The access token expires in this time; without it, never.
        #[arg(long, value_name = "TIME", value_parser = values::span, help_heading = "Access")]
        pub token_expires_in: Option<Duration>,
        /// The access token is revoked: debug_token says so, and other calls are refused (190).
        #[arg(long, help_heading = "Access")]
        pub token_revoked: bool,
        /// Permissions that the access token lacks, separated by commas: ads_management,pages_messaging.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAMES", help_heading = "Access")]
        pub without_permissions: String,
        /// Cut a kept-alive connection that was idle for this long when its next request arrives.
        #[arg(
            long,
            value_name = "TIME",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "100ms",
            value_parser = values::span
        )]
        pub close_idle: Option<Duration>,
    }
}

/// The file of `--error-tokens`; no path, no tokens.
fn error_tokens(path: &str) -> Result<ErrorTokens> {
    if path.is_empty() {
        return Ok(ErrorTokens::new());
    }
    let text = fs::read_to_string(path).map_err(|source| Error::Open { path: path.into(), source })?;
    Dials::parse_error_tokens(&text)
}

impl Dials {
    /// Whether the access token has this permission.
    pub fn permits(&self, permission: &str) -> bool {
        !self.without_permissions.split(',').any(|name| name.trim() == permission)
    }

    /// Reads lines of `token,fault`; empty lines and lines that start with `#` are skipped.
    pub fn parse_error_tokens(text: &str) -> Result<ErrorTokens> {
        let mut tokens = ErrorTokens::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (token, name) = line.rsplit_once(',').ok_or_else(|| {
                Error::Value(format!("line {} of the error tokens has no comma: write token,2300034", index + 1))
            })?;
            tokens.insert(token.trim().to_owned(), Fault::named(name.trim())?);
        }
        Ok(tokens)
    }
}

/// A value as a control request gives it: JSON, or text where the request was a form.
trait Dial: Sized {
    fn read(value: &Value) -> Result<Self>;
}

/// The text that a flag would be given.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Dial for Duration {
    fn read(value: &Value) -> Result<Self> {
        values::span(&text(value))
    }
}

impl Dial for String {
    fn read(value: &Value) -> Result<Self> {
        Ok(text(value))
    }
}

impl Dial for Option<Duration> {
    fn read(value: &Value) -> Result<Self> {
        if value.is_null() { Ok(None) } else { Dial::read(value).map(Some) }
    }
}

impl Dial for Option<u64> {
    fn read(value: &Value) -> Result<Self> {
        if value.is_null() {
            return Ok(None);
        }
        let text = text(value);
        text.parse().map(Some).map_err(|_| Error::Value(format!("'{text}' is not a whole number")))
    }
}

impl Dial for f64 {
    fn read(value: &Value) -> Result<Self> {
        values::share(&text(value))
    }
}

impl Dial for bool {
    fn read(value: &Value) -> Result<Self> {
        match text(value).as_str() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            other => Err(Error::Value(format!("'{other}' is not true or false"))),
        }
    }
}

impl Dial for Faults {
    fn read(value: &Value) -> Result<Self> {
        Self::parse(&text(value))
    }
}

impl Dial for ErrorTokens {
    fn read(value: &Value) -> Result<Self> {
        let pairs = value.as_object().ok_or_else(|| Error::Value("error_tokens is not an object".to_owned()))?;
        pairs.iter().map(|(token, fault)| Ok((token.clone(), Fault::named(&text(fault))?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Options;

    fn turn(dials: &Dials, changes: Value) -> Result<Dials> {
        dials.turn(changes.as_object().unwrap())
    }

    #[test]
    fn a_wrong_dial_turns_nothing() {
        let dials = Options::default().dials;
        for wrong in [
            json!({"latency": "1s", "hang": "2"}),
            json!({"latency": 5}),
            json!({"stall": "perhaps"}),
            json!({"error_tokens": "a,2300034"}),
            json!({"port": 1}),
            json!({"stuck_cursor": "first"}),
        ] {
            assert!(turn(&dials, wrong.clone()).is_err(), "{wrong}");
        }
        let turned =
            turn(&dials, json!({"latency": "1s", "error_tokens": {"a": 2300034, "b": "accepted-drop"}})).unwrap();
        assert_eq!(turned.latency, Duration::from_secs(1));
        assert_eq!(turned.error_tokens.len(), 2);
    }

    #[test]
    fn dials_turn_and_turn_back() {
        let dials = Options::default().dials;
        let on = json!({"hang": 0.5, "stall": true, "close_idle": "1s", "errors": "2=1%", "stuck_cursor": 40});
        let turned = turn(&dials, on).unwrap();
        assert_eq!((turned.hang, turned.stall, turned.close_idle), (0.5, true, Some(Duration::from_secs(1))));
        assert!(!turned.errors.is_empty() && turned.stuck_cursor == Some(40));
        let off = json!({"stuck_cursor": null, "hang": "0", "stall": false, "close_idle": null, "errors": ""});
        assert_eq!(format!("{:?}", turn(&turned, off).unwrap()), format!("{dials:?}"));
    }
}
