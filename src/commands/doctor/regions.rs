//! Where Meta lets businesses send marketing messages from (its documentation of 2026-06-30).

use super::finding::{Check, Finding};
use crate::error::Exit;

/// ISO 3166 codes of Australia, Brazil, Chile, Colombia, Hong Kong, India, Indonesia, Israel, Malaysia, Mexico, New Zealand, Peru, the
/// Philippines, Saudi Arabia, Singapore, Taiwan, Thailand, the United Arab Emirates, the United States and Vietnam.
const BUSINESSES: [&str; 20] = [
    "AU", "BR", "CL", "CO", "HK", "IN", "ID", "IL", "MY", "MX", "NZ", "PE", "PH", "SA", "SG", "TW", "TH", "AE", "US",
    "VN",
];

const NOBODY_IN: &str = "people in the EU, the UK, Japan, South Korea and Australia get no marketing messages";

/// Of the ad account's business and of the Page, where they are told.
pub fn judge(account: Option<&str>, page: Option<&str>) -> Finding {
    let outside: Vec<String> = [("ad account", account), ("Page", page)]
        .into_iter()
        .filter_map(|(what, country)| country.filter(|code| !BUSINESSES.contains(code)).map(|code| (what, code)))
        .map(|(what, code)| format!("the {what}'s country is {code}"))
        .collect();
    let finding = if !outside.is_empty() {
        Finding::failed(
            Check::Regions,
            Exit::Refused,
            format!("{}, where Meta does not offer marketing messages to businesses", outside.join(", ")),
            "use an ad account and a Page of a business in a country that Meta's documentation lists",
        )
    } else if account.is_none() && page.is_none() {
        Finding::ok(
            Check::Regions,
            format!("Meta does not tell the country of the ad account or the Page; {NOBODY_IN}"),
        )
    } else {
        Finding::ok(Check::Regions, format!("Meta offers marketing messages to businesses there; {NOBODY_IN}"))
    };
    finding.with("ad_account_country", account).with("page_country", page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Verdict;

    #[test]
    fn only_a_country_that_is_told_and_not_listed_fails() {
        for (account, page, verdict, says) in [
            (Some("US"), Some("TH"), Verdict::Ok, "offers marketing messages to businesses there"),
            (None, None, Verdict::Ok, "does not tell"),
            (None, Some("BR"), Verdict::Ok, "there"),
            (Some("DE"), Some("TH"), Verdict::Failed, "the ad account's country is DE, where"),
            (Some("DE"), Some("FR"), Verdict::Failed, "DE, the Page's country is FR"),
        ] {
            let found = judge(account, page);
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }
}
