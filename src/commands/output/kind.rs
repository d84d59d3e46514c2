//! What an output holds, and how a file of it is known again.

use std::borrow::Cow;

use crate::audience::REJECT_HEADER;

/// The first line of results as CSV.
pub const RESULTS_HEADER: &str = "token,state,reason,tracking_id,code,subcode,fbtrace_id,not_before,at";

/// The same for several profiles at once.
pub const RESULTS_OF_SEVERAL_HEADER: &str =
    "token,state,reason,tracking_id,code,subcode,fbtrace_id,not_before,at,profile";

/// The same for broadcasts with several messages.
pub const RESULTS_OF_SPLIT_HEADER: &str = "token,state,reason,tracking_id,code,subcode,fbtrace_id,not_before,at,arm";

/// How much of a file is read to know it again.
pub const HEAD: u64 = 8192;

/// Stands in every page that we make.
const GENERATOR: &str = r#"<meta name="generator" content="mmsg">"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ResultsCsv,
    /// Of several profiles at once.
    ResultsOfSeveralCsv,
    /// Of broadcasts with several messages.
    ResultsOfSplitCsv,
    ResultsNdjson,
    Rejects,
    /// An HTML page.
    Page,
    /// JSON as Graph takes it: nothing in it says who made it.
    Message,
    /// A copy of the ledger. It may be the only one: none is replaced without a word.
    Backup,
    /// For Prometheus.
    Metrics,
    /// The sandbox's record of accepted sends.
    Record,
    /// The sandbox's record of requests of any kind.
    Calls,
    /// Its record of what it was asked to send.
    Requests,
    /// Its record of events.
    Truth,
    Log,
}

impl Kind {
    /// Whether a file that begins like this is an earlier output of this kind. Its first line may be torn.
    pub fn recognizes(self, head: &[u8]) -> bool {
        let text = match String::from_utf8_lossy(head) {
            Cow::Owned(text) => text.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned(),
            Cow::Borrowed(text) => text.to_owned(),
        };
        let (line, is_whole) = text.split_once('\n').map_or((text.as_str(), false), |(line, _)| (line, true));
        let is_header = |header: &str| if is_whole { line == header } else { header.starts_with(line) };
        let is_object = |begin: &str, key: &str| match is_whole {
            // A torn line was ended by the run after it.
            true => line.starts_with(begin) && (line.contains(key) || !line.ends_with('}')),
            false => line.starts_with(begin) || begin.starts_with(line),
        };
        match self {
            Self::ResultsCsv => is_header(RESULTS_HEADER),
            Self::ResultsOfSeveralCsv => is_header(RESULTS_OF_SEVERAL_HEADER),
            Self::ResultsOfSplitCsv => is_header(RESULTS_OF_SPLIT_HEADER),
            Self::ResultsNdjson => is_object(r#"{"token":""#, r#"","state":""#),
            Self::Rejects => is_header(REJECT_HEADER),
            Self::Page => text.contains(GENERATOR),
            Self::Message | Self::Backup => false,
            Self::Metrics => text.is_empty() || text.starts_with("# HELP mmsg_"),
            Self::Record => is_object(r#"{"at":"#, r#","tracking_id":""#),
            Self::Calls => is_object(r#"{"at":"#, r#","method":""#),
            Self::Requests => is_object(r#"{"at":"#, r#","outcome":""#),
            Self::Truth => is_object(r#"{"event":"#, r#","sent":"#),
            Self::Log => is_object(r#"{"time":""#, r#"","level":""#),
        }
    }

    /// What a file that is refused is not.
    pub fn made_by_us(self) -> &'static str {
        match self {
            Self::ResultsCsv => "a CSV of results that mmsg made",
            Self::ResultsOfSeveralCsv => "a CSV of results that mmsg made for several profiles",
            Self::ResultsOfSplitCsv => "a CSV of results that mmsg made of a split",
            Self::ResultsNdjson => "NDJSON of results that mmsg made",
            Self::Rejects => "a report of bad rows that mmsg made",
            Self::Page => "a page that mmsg made",
            Self::Message | Self::Backup => "empty",
            Self::Metrics => "metrics that mmsg made",
            Self::Record | Self::Calls | Self::Requests | Self::Truth => "a record that the sandbox made",
            Self::Log => "a log that mmsg made",
        }
    }

    /// Whether an existing file is added to, not replaced.
    pub fn is_appended(self) -> bool {
        matches!(
            self,
            Self::ResultsCsv
                | Self::ResultsOfSeveralCsv
                | Self::ResultsOfSplitCsv
                | Self::ResultsNdjson
                | Self::Record
                | Self::Calls
                | Self::Requests
                | Self::Truth
                | Self::Log
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_our_own_are_known_by_their_first_line() {
        let csv = format!("{RESULTS_HEADER}\n1,accepted\n");
        let rejects = format!("{REJECT_HEADER}\n");
        let page = format!("<!doctype html>\n<html>\n{GENERATOR}\n");
        let cases = [
            (Kind::ResultsCsv, csv.as_str(), true),
            (Kind::ResultsCsv, "token,state,rea", true),
            (Kind::ResultsOfSeveralCsv, csv.as_str(), false),
            (Kind::ResultsOfSeveralCsv, &format!("{RESULTS_OF_SEVERAL_HEADER}\n"), true),
            (Kind::ResultsCsv, &format!("{RESULTS_OF_SEVERAL_HEADER}\n"), false),
            (Kind::ResultsOfSplitCsv, &format!("{RESULTS_OF_SPLIT_HEADER}\n"), true),
            (Kind::ResultsOfSplitCsv, csv.as_str(), false),
            (Kind::ResultsCsv, "token,state\n1,accepted\n", false),
            (Kind::ResultsCsv, "token\n111\n", false),
            (Kind::ResultsNdjson, "{\"token\":\"1\",\"state\":\"accepted\",\"at\":1}\n", true),
            (Kind::ResultsNdjson, "{\"token\":\"1\",\"state\":\"acc", true),
            (Kind::ResultsNdjson, "{\"to", true),
            (Kind::ResultsNdjson, "{\"token\":\"1\",\"st\n{\"token\":\"2\",\"state\":\"accepted\"}\n", true),
            // A list of tokens.
            (Kind::ResultsNdjson, "{\"token\":\"1\",\"name\":\"Anna\"}\n", false),
            (Kind::ResultsNdjson, "111\n222\n", false),
            (Kind::Rejects, rejects.as_str(), true),
            (Kind::Rejects, "line,column\n", false),
            (Kind::Page, page.as_str(), true),
            (Kind::Page, "<!doctype html>\n<html>", false),
            (Kind::Metrics, "# HELP mmsg_send_requests Requests of the last run.\n", true),
            (Kind::Metrics, "# HELP node_load1 1m load average.\n", false),
            (Kind::Message, "{\"text\":\"Hello\"}\n", false),
            (Kind::Record, "{\"at\":1,\"n\":1,\"token\":\"1\",\"tracking_id\":\"2\"}\n", true),
            (Kind::Record, "{\"text\":\"Hello\"}\n", false),
            (Kind::Calls, "{\"at\":1,\"body\":[],\"method\":\"GET\",\"path\":\"/me\"}\n", true),
            (Kind::Requests, "{\"at\":1,\"psid\":null,\"outcome\":\"190\",\"accepted\":false,\"n\":null}\n", true),
            (Kind::Requests, "{\"at\":1,\"n\":1,\"token\":\"1\",\"tracking_id\":\"2\"}\n", false),
            (Kind::Truth, "{\"event\":1,\"kind\":\"read\",\"sent\":true}\n", true),
            (Kind::Truth, "{\"event\":\"signup\"}\n", false),
            (Kind::Log, "{\"time\":\"2026-01-01T00:00:00.000Z\",\"level\":\"info\"}\n", true),
            (Kind::Log, "{\"time\":\"2026-01-01T00:00:00.000Z\",\"message\":\"of another\"}\n", false),
            (Kind::Calls, "{\"at\":1,\"n\":1,\"token\":\"1\",\"tracking_id\":\"2\"}\n", false),
        ];
        for (kind, head, ours) in cases {
            assert_eq!(kind.recognizes(head.as_bytes()), ours, "{kind:?} {head:?}");
        }
        for kind in
            [Kind::ResultsCsv, Kind::ResultsNdjson, Kind::Rejects, Kind::Page, Kind::Record, Kind::Calls, Kind::Log]
        {
            assert!(!kind.recognizes(b"SQLite format 3\0\x10\0"), "{kind:?}");
            assert!(!kind.recognizes(b"\0\0\0"), "{kind:?}");
        }
    }
}
