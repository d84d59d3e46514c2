//! Reasons for failures: Meta's free text, without anything that may identify a person, so that equal reasons are counted together.

use std::collections::{BTreeMap, HashMap};

use super::ReasonCount;
use crate::text;

/// Any further reasons are summed up.
const MOST: usize = 50;

/// Words in Meta's sentences are shorter; tokens may be this long.
const LONGEST_WORD: usize = 23;

/// Reasons with the number of messages, most frequent first.
pub fn grouped(counts: &HashMap<Option<String>, u64>) -> Vec<ReasonCount> {
    let mut by_reason: BTreeMap<String, u64> = BTreeMap::new();
    for (reason, n) in counts {
        let reason = reason.as_deref().map_or_else(|| "no reason given".to_owned(), masked);
        *by_reason.entry(reason).or_default() += n;
    }
    let mut all: Vec<ReasonCount> =
        by_reason.into_iter().map(|(reason, messages)| ReasonCount { reason, messages }).collect();
    all.sort_by(|one, two| two.messages.cmp(&one.messages).then_with(|| one.reason.cmp(&two.reason)));
    if all.len() > MOST {
        let rest = all.split_off(MOST - 1);
        let messages = rest.iter().map(|failure| failure.messages).sum();
        all.push(ReasonCount { reason: format!("{} other reasons", rest.len()), messages });
    }
    all
}

/// Removes words that may be a token or an id; hidden characters become spaces.
fn masked(reason: &str) -> String {
    text::without_tokens(reason, LONGEST_WORD).replace(text::is_hidden, " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_identify_a_person_is_left_out_and_equal_reasons_are_counted_together() {
        let counts = HashMap::from([
            (Some("Person 12348141984909088 can't get it (#551)".to_owned()), 2),
            (Some("Person 99948141984909088 can't get it (#551)".to_owned()), 3),
            (Some("ส่งข้อความไม่สำเร็จ".to_owned()), 4),
            (None, 9),
        ]);
        let said: Vec<String> =
            grouped(&counts).iter().map(|failure| format!("{} {}", failure.messages, failure.reason)).collect();
        assert_eq!(said, ["9 no reason given", "5 Person … can't get it (#551)", "4 ส่งข้อความไม่สำเร็จ"]);
        assert_eq!(masked("user=EAABx/9+a-b_c|d, misconfigured\u{202e}\u{1b}[2J"), "…, misconfigured  [2J");
    }

    proptest! {
        #[test]
        fn nobody_is_lost_and_no_number_of_ten_digits_is_shown(
            reasons in proptest::collection::hash_map(proptest::option::of("(\\PC{0,12}|[0-9]{10,20}| ){0,6}"), 0_u64..1000, 0..120),
        ) {
            let shown = grouped(&reasons);
            prop_assert!(shown.len() <= MOST);
            prop_assert_eq!(shown.iter().map(|one| one.messages).sum::<u64>(), reasons.values().sum::<u64>());
            for failure in shown {
                let longest = failure.reason.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
                prop_assert!(longest < 10, "{}", failure.reason);
            }
        }
    }
}
