//! A list most of whose recipients were skipped: said loudly, because a nightly job would otherwise send nothing for weeks.

use std::collections::BTreeMap;

use crate::ledger::state::Skip;
use crate::text;

/// Whether more than half of a list's recipients were skipped.
pub fn is_most(skipped: u64, recipients: u64) -> bool {
    skipped > 0 && skipped * 2 > recipients
}

/// Those of them that an operator could have sent to, with a flag, a value or a lifted suppression. People who left are not theirs.
pub fn changeable(by_reason: &BTreeMap<String, u64>) -> u64 {
    let reasons = [Skip::OtherMessage, Skip::Restored, Skip::MissingValue, Skip::Limit, Skip::Suppressed];
    reasons.iter().filter_map(|skip| by_reason.get(skip.name())).sum()
}

/// What to say of them: how many, why, and the flag that sends to them all the same.
pub fn sentence(skipped: u64, recipients: u64, by_reason: &BTreeMap<String, u64>) -> String {
    let reasons: Vec<String> = by_reason
        .iter()
        .map(|(reason, n)| {
            let said = match explained(reason) {
                Some((because, Some(next))) => format!("{because} ({next})"),
                Some((because, None)) => because.to_owned(),
                None => reason.clone(),
            };
            format!("{} {said}", text::thousands(*n))
        })
        .collect();
    let (skipped, of) = (text::thousands(skipped), text::count(recipients, "recipient was", "recipients were"));
    format!("{skipped} of {of} skipped: {}", reasons.join("; "))
}

/// What a reason says of people, and what sends to them all the same, if anything does.
pub fn explained(reason: &str) -> Option<(&'static str, Option<&'static str>)> {
    let skip = ALL.iter().find(|skip| skip.name() == reason)?;
    Some((because(*skip), instead(*skip)))
}

const ALL: [Skip; 13] = [
    Skip::OptedOut,
    Skip::Expired,
    Skip::Region,
    Skip::Suppressed,
    Skip::OtherMessage,
    Skip::OtherToken,
    Skip::Restored,
    Skip::NeverAvailable,
    Skip::Closed,
    Skip::Ended,
    Skip::MissingValue,
    Skip::Limit,
    Skip::Holdout,
];

fn because(skip: Skip) -> &'static str {
    match skip {
        Skip::OptedOut => "opted out",
        Skip::Expired => "have an expired token",
        Skip::Region => "are in a region without marketing messages",
        Skip::Suppressed => "are suppressed",
        Skip::OtherMessage => "already got another message of this campaign",
        Skip::OtherToken => "have another token in this broadcast",
        Skip::Restored => "may have got this message before the ledger was restored from a backup",
        Skip::NeverAvailable => "were refused as \"not now\" too often",
        Skip::Closed => "were pending when the broadcast was closed",
        Skip::Ended => "can't be messaged before the campaign ends or --until passes",
        Skip::MissingValue => "have no value for a column that the message uses",
        Skip::Limit => "have a value with which the message exceeds a limit",
        Skip::Holdout => "are the split's holdout",
    }
}

fn instead(skip: Skip) -> Option<&'static str> {
    match skip {
        Skip::OtherMessage => Some("--new-message sends to them"),
        Skip::Restored => Some("--allow-restored sends to them"),
        Skip::MissingValue => Some("${column:-text} gives a default"),
        Skip::Limit => Some("mmsg message preview --tokens FILE --row N shows one"),
        Skip::Suppressed => Some("mmsg tokens unsuppress lifts it"),
        Skip::Ended => Some("mmsg campaign edit ID --end-time TIME, or a later --until"),
        Skip::Closed => Some("the same list given again plans them anew"),
        Skip::OptedOut | Skip::Expired | Skip::Region | Skip::OtherToken | Skip::NeverAvailable | Skip::Holdout => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_is_more_than_half() {
        for (skipped, recipients, most) in [(0, 0, false), (0, 9, false), (1, 2, false), (2, 3, true), (5, 5, true)] {
            assert_eq!(is_most(skipped, recipients), most, "{skipped} of {recipients}");
        }
    }

    #[test]
    fn people_who_left_are_nobodys_mistake() {
        let counts = |reasons: &[(&str, u64)]| reasons.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let by_reason: BTreeMap<String, u64> =
            counts(&[("opted_out", 9), ("expired", 9), ("missing_value", 2), ("limit", 1)]);
        assert_eq!(changeable(&by_reason), 3);
    }

    #[test]
    fn every_reason_has_words_and_the_flag_that_decides() {
        let reasons: BTreeMap<String, u64> = ALL.iter().map(|skip| (skip.name().to_owned(), 1000)).collect();
        assert_eq!(reasons.len(), ALL.len());
        let said = sentence(10_000, 12_000, &reasons);
        assert!(said.starts_with("10,000 of 12,000 recipients were skipped: "), "{said}");
        assert!(said.contains("1,000 already got another message of this campaign (--new-message"), "{said}");
        assert!(!ALL.iter().any(|skip| said.contains(&format!("1,000 {}", skip.name()))), "{said}");
    }
}
