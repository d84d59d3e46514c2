//! The table of Graph's error codes: what each means, its effect on a send and a run, and what an operator can do.
//!
//! A code in the table decides alone; HTTP status, shape and `is_transient` count only if there is no code, or an unknown one.
//! Meanings are paraphrased from Meta's pages; classes are ours.

mod general;
mod marketing;

use std::time::Duration;

/// The effect of an answer on the send and the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Account, permission, terms, token or balance: the run ends.
    Stop,
    /// This campaign can't send.
    Campaign,
    /// The payload is wrong.
    Message,
    /// This token is no longer valid, or its owner opted out.
    Drop,
    /// Not this person now.
    Later,
    /// Nobody now.
    Wait,
    /// It may or may not have happened.
    Doubt,
}

impl Class {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Campaign => "campaign",
            Self::Message => "message",
            Self::Drop => "drop",
            Self::Later => "later",
            Self::Wait => "wait",
            Self::Doubt => "doubt",
        }
    }
}

/// How long a [`Class::Wait`] lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// As the answer says (`remaining_seconds`, usage headers), otherwise backoff.
    Told,
    For(Duration),
    /// Until the ad account's next day.
    NextDay,
    /// Until the campaign's start time.
    CampaignStart,
}

/// One code, or one code with one subcode.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeRow {
    pub code: i64,
    pub subcode: Option<i64>,
    /// Meta's name, where one is published.
    pub name: Option<&'static str>,
    pub meaning: &'static str,
    pub class: Class,
    /// What the operator can do.
    pub hint: &'static str,
    /// Only another token or more permissions help.
    pub needs_credentials: bool,
    /// How long nobody can be sent to; for [`Class::Wait`] only.
    pub wait: Option<Pause>,
    /// A rate refusal: pauses the run, says nothing about a recipient.
    pub is_rate: bool,
    /// About one campaign only: another broadcast may continue.
    pub of_campaign: bool,
    /// The person must not be sent to again: opted out, expired, region.
    pub suppresses: bool,
    /// The class once the campaign is no longer getting ready, if different.
    pub grown: Option<Class>,
    /// The meaning that another of Meta's pages gives to the same number.
    pub other: Option<&'static CodeRow>,
}

impl CodeRow {
    /// The class for a campaign that is getting ready (created or changed a short while ago, or of unknown age) or not.
    pub fn class_when(&self, getting_ready: bool) -> Class {
        match self.grown {
            Some(grown) if !getting_ready => grown,
            _ => self.class,
        }
    }
}

/// The row that decides: the most specific one for the pair, otherwise the code alone.
///
/// `None` is an unknown code. Codes 200 to 299 share the row of 200. A marketing-message number that arrives as the subcode of
/// another code (Meta's pages don't say which of the two it is) is used, unless the code itself means that the outcome is unknown.
pub fn lookup(code: i64, subcode: Option<i64>) -> Option<&'static CodeRow> {
    if let Some(subcode) = subcode {
        if let Some(row) = find(code, Some(subcode)) {
            return Some(row);
        }
        let decides =
            matches!(subcode, 2_300_000..=2_300_099 | 1_893_047) && !matches!(code, -1 | 1 | 2 | 2_300_000..=2_300_099);
        if decides && let Some(row) = find(subcode, None) {
            return Some(row);
        }
    }
    find(code, None).or_else(|| if (200..=299).contains(&code) { find(200, None) } else { None })
}

/// The row of an answer about `appsecret_proof`.
pub fn wrong_proof() -> &'static CodeRow {
    &general::WRONG_PROOF
}

fn find(code: i64, subcode: Option<i64>) -> Option<&'static CodeRow> {
    let table = if code < FIRST_MARKETING { general::ROWS } else { marketing::ROWS };
    let index = table.binary_search_by_key(&(code, subcode), |row| (row.code, row.subcode)).ok()?;
    table.get(index)
}

/// Codes from here on are in the second half of the table.
const FIRST_MARKETING: i64 = 1_000_000;

/// All rows, by code and subcode.
pub fn all() -> impl Iterator<Item = &'static CodeRow> {
    general::ROWS.iter().chain(marketing::ROWS)
}

const fn row(code: i64, class: Class, meaning: &'static str, hint: &'static str) -> CodeRow {
    let wait = match class {
        Class::Wait => Some(Pause::Told),
        Class::Stop | Class::Campaign | Class::Message | Class::Drop | Class::Later | Class::Doubt => None,
    };
    CodeRow {
        code,
        subcode: None,
        name: None,
        meaning,
        class,
        hint,
        needs_credentials: false,
        wait,
        is_rate: false,
        of_campaign: false,
        suppresses: false,
        grown: None,
        other: None,
    }
}

impl CodeRow {
    const fn sub(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    const fn credentials(mut self) -> Self {
        self.needs_credentials = true;
        self
    }

    const fn wait(mut self, pause: Pause) -> Self {
        self.wait = Some(pause);
        self
    }

    const fn rate(mut self) -> Self {
        self.is_rate = true;
        self
    }

    const fn of_campaign(mut self) -> Self {
        self.of_campaign = true;
        self
    }

    const fn suppresses(mut self) -> Self {
        self.suppresses = true;
        self
    }

    const fn grown(mut self, class: Class) -> Self {
        self.grown = Some(class);
        self
    }

    const fn or(mut self, other: &'static CodeRow) -> Self {
        self.other = Some(other);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_is_found() {
        let keys: Vec<_> = all().map(|row| (row.code, row.subcode)).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "out of order or twice");
        for row in all() {
            assert_eq!(lookup(row.code, row.subcode), Some(row));
            assert_eq!(row.wait.is_some(), row.class == Class::Wait, "{}", row.code);
            assert!(!row.meaning.is_empty() && !row.hint.is_empty(), "{}", row.code);
            assert!(!row.suppresses || row.class == Class::Drop);
            assert!(!row.needs_credentials || row.class == Class::Stop, "{}", row.code);
            assert!(!row.is_rate || row.class == Class::Wait, "{}", row.code);
        }
    }

    #[test]
    fn every_published_marketing_code_is_there_and_no_other() {
        let missing = [2_300_029, 2_300_045, 2_300_049, 2_300_050, 2_300_051];
        for code in 2_300_000..=2_300_080 {
            assert_eq!(lookup(code, None).is_none(), missing.contains(&code), "{code}");
        }
        assert!(lookup(2_300_081, None).is_none());
        assert!(lookup(999_999, None).is_none());
    }

    /// The table of the contract once more, by class, so that no row changes unseen.
    #[test]
    fn every_row_has_the_class_that_the_contract_gives_it() {
        const RATES: &[i64] = &[
            4, 17, 32, 341, 613, 80_000, 80_001, 80_002, 80_003, 80_004, 80_005, 80_006, 80_007, 80_008, 80_009,
            80_010, 80_011, 80_012, 80_013, 80_014, 2_300_078,
        ];
        const STOPS: &[i64] = &[
            3, 10, 12, 102, 190, 200, 294, 368, 2_300_011, 2_300_013, 2_300_017, 2_300_019, 2_300_030, 2_300_031,
            2_300_039, 2_300_040, 2_300_056, 2_300_058, 2_300_059, 2_300_066, 2_300_067, 2_300_069,
        ];
        let want = |code: i64| match code {
            _ if STOPS.contains(&code) => Class::Stop,
            _ if RATES.contains(&code) => Class::Wait,
            -1 | 1 | 2 => Class::Doubt,
            2_300_000..=2_300_002 | 2_300_006 | 2_300_008 | 2_300_009 | 2_300_014..=2_300_016 => Class::Campaign,
            2_300_020 | 2_300_053 | 2_300_064 | 2_300_070 => Class::Campaign,
            100 | 506 | 2_300_007 | 2_300_010 | 2_300_018 | 2_300_021..=2_300_027 => Class::Message,
            2_300_046..=2_300_048 | 2_300_065 | 2_300_071..=2_300_077 => Class::Message,
            2_300_004 | 2_300_005 | 2_300_032 | 2_300_034 | 2_300_037 => Class::Drop,
            551 | 1_893_047 | 2_018_300 | 2_018_321 => Class::Later,
            2_300_035 | 2_300_036 | 2_300_038 | 2_300_042..=2_300_044 | 2_300_052 => Class::Later,
            _ => Class::Wait,
        };
        for row in all().filter(|row| row.subcode.is_none()) {
            assert_eq!(row.class, want(row.code), "{}", row.code);
            assert_eq!(row.is_rate, RATES.contains(&row.code), "{}", row.code);
            let credentials = matches!(row.code, 3 | 10 | 102 | 190 | 200 | 294 | 2_300_039);
            assert_eq!(row.needs_credentials, credentials, "{}", row.code);
            let of_campaign = matches!(row.code, 2_300_003 | 2_300_012 | 2_300_028 | 2_300_033 | 2_300_041 | 2_300_054);
            assert_eq!(row.of_campaign, of_campaign, "{}", row.code);
            assert_eq!(row.grown.is_some(), row.code == 2_300_003);
        }
        for (code, subcode, class, credentials) in [
            (-1, 2_018_012, Class::Doubt, false),
            (1, 99, Class::Doubt, false),
            (9, 2_018_352, Class::Wait, false),
            (10, 1_893_015, Class::Drop, false),
            (10, 1_893_063, Class::Stop, false),
            (10, 2_018_065, Class::Later, false),
            (100, 33, Class::Stop, false),
            (100, 2_018_001, Class::Drop, false),
            (100, 2_018_294, Class::Message, false),
            (190, 492, Class::Stop, true),
            (299, 0, Class::Stop, true),
            (200, 1_545_041, Class::Later, false),
            (613, 1996, Class::Wait, false),
        ] {
            let row = lookup(code, Some(subcode)).unwrap();
            assert_eq!((row.class, row.needs_credentials), (class, credentials), "{code}/{subcode}");
        }
    }

    #[test]
    fn a_wait_lasts_as_long_as_the_contract_says() {
        let minutes = |code| match lookup(code, None).and_then(|row| row.other.unwrap_or(row).wait) {
            Some(Pause::For(time)) => time.as_secs() / 60,
            _ => 0,
        };
        assert_eq!(minutes(2_300_028), 60);
        let budget = lookup(613, Some(1_487_632)).unwrap();
        assert_eq!(budget.wait, Some(Pause::For(Duration::from_secs(60 * 60))));
        for code in [3, 12, 41, 55, 61, 62, 71, 77, 78].map(|n| 2_300_000 + n) {
            assert_eq!(minutes(code), 30, "{code}");
        }
        for code in [2_300_054, 2_300_070] {
            let row = lookup(code, None).unwrap();
            assert_eq!(row.other.unwrap_or(row).wait, Some(Pause::NextDay));
        }
        assert_eq!(lookup(2_300_033, None).unwrap().wait, Some(Pause::CampaignStart));
    }

    #[test]
    fn only_opted_out_expired_and_region_suppress() {
        let codes: Vec<_> = all().filter(|row| row.suppresses).map(|row| row.code).collect();
        assert_eq!(codes, [2_300_032, 2_300_034, 2_300_037]);
    }

    #[test]
    fn the_rate_refusals_are_those_of_the_design() {
        for code in [4, 17, 32, 341, 613, 80_000, 80_001, 80_004, 80_006, 80_014, 2_300_078] {
            assert!(lookup(code, None).is_some_and(|row| row.is_rate), "{code}");
        }
        for code in [2_300_054, 2_300_055, 2_300_028] {
            assert!(lookup(code, None).is_some_and(|row| !row.is_rate), "{code}");
        }
    }

    #[test]
    fn a_subcode_decides_where_it_is_known() {
        let class = |code, sub| lookup(code, sub).map(|row| row.class);
        assert_eq!(class(10, None), Some(Class::Stop));
        assert_eq!(class(10, Some(2_018_108)), Some(Class::Later));
        assert_eq!(class(10, Some(1)), Some(Class::Stop));
        assert_eq!(class(551, Some(1_545_041)), Some(Class::Later));
        assert_eq!(class(200, Some(1_545_041)), Some(Class::Later));
        assert_eq!(class(250, None), Some(Class::Stop));
        assert_eq!(class(300, None), None);
        // The marketing number in the subcode.
        assert_eq!(class(100, Some(2_300_034)), Some(Class::Drop));
        assert_eq!(class(10, Some(1_893_047)), Some(Class::Later));
        assert_eq!(class(2, Some(2_300_034)), Some(Class::Doubt));
        assert_eq!(class(-1, Some(2_300_034)), Some(Class::Doubt));
        assert_eq!(class(2_300_001, Some(2_300_034)), Some(Class::Campaign));
    }

    #[test]
    fn an_inactive_message_waits_only_while_the_campaign_gets_ready() {
        let row = lookup(2_300_003, None).unwrap();
        assert_eq!((row.class_when(true), row.class_when(false)), (Class::Wait, Class::Campaign));
        let token = lookup(190, Some(463)).unwrap();
        assert_eq!((token.class_when(true), token.class_when(false)), (Class::Stop, Class::Stop));
    }

    #[test]
    fn the_numbers_with_two_meanings_carry_both() {
        for code in 2_300_069..=2_300_079 {
            let row = lookup(code, None).unwrap();
            let other = row.other.unwrap();
            assert_eq!(other.code, code);
            assert_ne!(other.meaning, row.meaning);
        }
    }
}
