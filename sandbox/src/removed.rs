//! What Graph has removed, or closed to apps that did not use it before: refused on every call, with code 12.

use super::params::Params;
use super::reply::Refusal;

/// Parameters of any call, and what each was for.
const PARAMETERS: &[(&str, &str)] = &[
    ("method", "HTTP method override"),
    ("ids", "Requests for several IDs at once"),
    ("date_format", "Date formats"),
    ("pretty", "Pretty-printing"),
    ("debug", "Debug mode"),
    ("callback", "JSONP"),
];

/// Edges of asynchronous batches.
const EDGES: &[&str] = &["async_batch_requests", "asyncadrequests", "asyncadrequestsets", "async_requests"];

/// Headers that only such features need.
pub const IF_NONE_MATCH: &str = "if-none-match";
pub const METHOD_OVERRIDE: &str = "x-http-method-override";

/// Refuses a call that uses one of them.
pub fn refuse(parts: &[&str], params: &Params, headers: Removed) -> Result<(), Refusal> {
    if let Some((_, what)) = PARAMETERS.iter().find(|(name, _)| params.0.contains_key(*name)) {
        return Err(gone(what));
    }
    if parts.iter().any(|part| EDGES.contains(part)) {
        return Err(gone("Asynchronous batch requests"));
    }
    headers.refuse()
}

/// Whether a call has such headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Removed {
    pub if_none_match: bool,
    pub method_override: bool,
}

impl Removed {
    pub fn refuse(self) -> Result<(), Refusal> {
        if self.if_none_match {
            return Err(gone("ETags"));
        }
        if self.method_override {
            return Err(gone("HTTP method override"));
        }
        Ok(())
    }
}

/// Code 12: the feature is gone.
pub fn gone(what: &str) -> Refusal {
    Refusal::new(12).words(format!("(#12) {what} is deprecated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_removed_feature_is_refused() {
        let none = Removed::default();
        let with = |query: &str| Params::of(query, "", b"").unwrap();
        for query in ["method=get", "method=DELETE", "ids=1,2", "date_format=U", "pretty=1", "debug=all", "callback=f"]
        {
            assert_eq!(refuse(&[], &with(query), none).unwrap_err().code, 12, "{query}");
        }
        for edge in EDGES {
            assert_eq!(refuse(&["act_1", edge], &with(""), none).unwrap_err().code, 12, "{edge}");
        }
        for headers in [Removed { if_none_match: true, ..none }, Removed { method_override: true, ..none }] {
            assert_eq!(refuse(&[], &with(""), headers).unwrap_err().code, 12, "{headers:?}");
        }
        assert!(refuse(&["act_1", "ads"], &with("fields=id&limit=5"), none).is_ok());
    }
}
