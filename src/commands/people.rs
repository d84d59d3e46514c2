//! The filters that choose people, for every command that takes them.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::cli::values;
use crate::cli::when::{self, When};
use crate::clock::UnixMillis;
use crate::ledger::people::filter::Filter;
use crate::text;

/// Of each of them: one for all would also be that of the flags that follow in a command.
const HEADING: &str = "Filters";

/// Which people; all filters that are given must hold.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct FilterArgs {
    /// Only people who can get a message now.
    #[arg(long, help_heading = HEADING)]
    pub eligible: bool,
    /// Only people who never got a message from this ledger.
    #[arg(long, help_heading = HEADING)]
    pub never_sent: bool,
    /// Only people whose last message was sent before TIME: 7d (7 days ago), yesterday, a date or a time.
    #[arg(long, help_heading = HEADING, value_name = "TIME", value_parser = when::parse)]
    pub sent_before: Option<When>,
    /// Only people who have not read their last message.
    #[arg(long, help_heading = HEADING)]
    pub not_read: bool,
    /// Only people who clicked in a message.
    #[arg(long, help_heading = HEADING)]
    pub clicked: bool,
    /// Only people whose token has expired.
    #[arg(long, help_heading = HEADING)]
    pub expired: bool,
    /// Only people whose token expires within DURATION (7d).
    #[arg(long, help_heading = HEADING, value_name = "DURATION", value_parser = values::duration)]
    pub expires_within: Option<Duration>,
    /// Only people to whom nothing is sent.
    #[arg(long, help_heading = HEADING)]
    pub suppressed: bool,
    /// Only people in these time zones (Asia/Manila); old names are known, too.
    #[arg(long, help_heading = HEADING, value_name = "ZONE,…", value_delimiter = ',', value_parser = zone)]
    pub zone: Vec<String>,
}

fn zone(text: &str) -> Result<String, String> {
    let text = text.trim();
    match TimeZone::get(text) {
        // People have it as Meta writes it.
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        // A machine without a time zone database knows none.
        Err(_) if jiff::tz::db().is_definitively_empty() => Ok(text.to_owned()),
        Err(_) => Err(format!("{text:?} is not a time zone: write one like Asia/Manila")),
    }
}

impl FilterArgs {
    /// Without the audience, which has a name. What depends on the time is as of `now`, and dates are of this zone.
    pub fn filter(&self, audience: Option<i64>, now: UnixMillis, dates: &TimeZone) -> Filter {
        let Self { eligible, never_sent, sent_before, not_read, clicked, expired, expires_within, suppressed, zone } =
            self.clone();
        Filter {
            eligible,
            never_sent,
            sent_before: sent_before.map(|when| when.begins(now, dates)),
            not_read,
            clicked,
            expired,
            expires_within,
            suppressed,
            audience,
            zones: zone,
        }
    }

    /// The filters as they are typed, with the moments that they mean: what the ledger calls a list of these people.
    pub fn words(filter: &Filter) -> String {
        let Filter {
            eligible,
            never_sent,
            sent_before,
            not_read,
            clicked,
            expired,
            expires_within,
            suppressed,
            audience: _,
            zones,
        } = filter;
        let flag = |is_set: &bool, flag: &str| is_set.then(|| flag.to_owned());
        let words = [
            flag(eligible, "--eligible"),
            flag(never_sent, "--never-sent"),
            sent_before.map(|before| format!("--sent-before {before}")),
            flag(not_read, "--not-read"),
            flag(clicked, "--clicked"),
            flag(expired, "--expired"),
            expires_within.map(|within| format!("--expires-within '{}'", text::span(within))),
            flag(suppressed, "--suppressed"),
            (!zones.is_empty()).then(|| format!("--zone {}", zones.join(","))),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// No filter at all.
    pub fn is_everybody(&self) -> bool {
        self.filter(None, UnixMillis::default(), &TimeZone::UTC) == Filter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_people_is_called_by_its_filters() {
        let all = Filter {
            eligible: true,
            never_sent: true,
            sent_before: Some(UnixMillis(1_796_083_200_000)),
            not_read: true,
            clicked: true,
            expired: true,
            expires_within: Some(Duration::from_hours(36)),
            suppressed: true,
            audience: Some(7),
            zones: vec!["Asia/Manila".to_owned(), "Asia/Bangkok".to_owned()],
        };
        assert_eq!(
            FilterArgs::words(&all),
            "--eligible --never-sent --sent-before 2026-12-01T00:00:00Z --not-read --clicked --expired \
             --expires-within '1d 12h' --suppressed --zone Asia/Manila,Asia/Bangkok"
        );
        assert_eq!(FilterArgs::words(&Filter::default()), "");
    }
}
