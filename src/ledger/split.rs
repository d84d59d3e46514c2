//! A broadcast with several messages: which of them each person gets, or none.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::db::{FromColumn, Value};
use super::key::{Key, Lots, place};
use crate::statistics::WHOLE;

/// One message and its share of the people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    pub name: String,
    /// In hundredths of a per cent.
    pub share: u32,
    /// As it was first given; `None`: these people get nothing.
    pub message: Option<String>,
    /// The message's fingerprint, in hex; empty without one.
    print: String,
}

impl Arm {
    pub fn new(name: String, share: u32, message: Option<(String, [u8; 32])>) -> Self {
        let print = message.as_ref().map(|(_, print)| print.iter().map(|byte| format!("{byte:02x}")).collect());
        Self { name, share, message: message.map(|(text, _)| text), print: print.unwrap_or_default() }
    }

    pub fn is_holdout(&self) -> bool {
        self.message.is_none()
    }
}

/// The arms of a broadcast, in the order in which they were first given: rows name them by their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split(Vec<Arm>);

impl Split {
    pub fn of(arms: Vec<Arm>) -> Self {
        Self(arms)
    }

    pub fn arms(&self) -> &[Arm] {
        &self.0
    }

    pub fn arm(&self, arm: Option<i64>) -> Option<&Arm> {
        self.0.get(usize::try_from(arm?).ok()?)
    }

    /// What stands for the messages and their shares, in whatever order they are given.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update("split");
        for arm in self.in_order() {
            let Arm { share, print, .. } = &self.0[arm];
            hash.update(share.to_le_bytes());
            hash.update([u8::try_from(print.len()).unwrap_or(u8::MAX)]);
            hash.update(print);
        }
        hash.finalize().into()
    }

    /// As the ledger keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// By message, so that the order on a command line moves nobody; the holdout comes last.
    fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|arm| {
            let Arm { share, print, .. } = &self.0[*arm];
            (print.is_empty(), print.clone(), *share)
        });
        order
    }
}

impl FromColumn for Split {
    fn of(value: Value<'_>) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        serde_json::from_str(text).ok().map(Self)
    }
}

/// Finds a person's arm.
pub struct Arms {
    lots: Lots,
    /// Below which place each arm's people are, in their order.
    bounds: Vec<(u32, i64)>,
}

impl Arms {
    /// By what names the broadcast, which may not exist yet.
    pub fn new(split: &Split, page: &str, campaign: &str, fingerprint: [u8; 32]) -> Self {
        let mut bound = 0;
        let bounds = split.in_order().into_iter().map(|arm| {
            bound += split.0[arm].share;
            (bound, i64::try_from(arm).unwrap_or(i64::MAX))
        });
        let bounds = bounds.collect();
        Self { lots: Lots::new("split", page, campaign, fingerprint), bounds }
    }

    pub fn arm(&self, person: &Key) -> Option<i64> {
        let place = place(self.lots.of(person), WHOLE);
        self.bounds.iter().find(|(bound, _)| place < *bound).map(|(_, arm)| *arm)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::key::key;

    fn arm(name: &str, share: u32, print: Option<u8>) -> Arm {
        Arm::new(name.to_owned(), share, print.map(|print| ("{}".to_owned(), [print; 32])))
    }

    fn arms(split: &Split) -> Arms {
        Arms::new(split, "page", "campaign", split.fingerprint())
    }

    /// Shares of a hundred thousand people, within five standard deviations.
    #[test]
    fn shares_are_those_that_were_asked_for() {
        let split = Split::of(vec![
            arm("a", 5000, Some(9)),
            arm("b", 3975, Some(1)),
            arm("rare", 25, Some(4)),
            arm("holdout", 1000, None),
        ]);
        let arms = arms(&split);
        let mut counts = vec![0_u32; 4];
        for n in 0..100_000 {
            counts[arms.arm(&key(&format!("person-{n}"))).unwrap() as usize] += 1;
        }
        for (arm, n) in split.arms().iter().zip(counts) {
            let p = f64::from(arm.share) / f64::from(WHOLE);
            let bound = 5.0 * (100_000.0 * p * (1.0 - p)).sqrt();
            assert!((f64::from(n) - 100_000.0 * p).abs() < bound, "{}: {n}", arm.name);
        }
    }

    #[test]
    fn the_order_on_the_command_line_moves_nobody() {
        let one = Split::of(vec![arm("a", 5000, Some(9)), arm("b", 4000, Some(1)), arm("holdout", 1000, None)]);
        let other = Split::of(vec![arm("holdout", 1000, None), arm("b", 4000, Some(1)), arm("a", 5000, Some(9))]);
        assert_eq!(one.fingerprint(), other.fingerprint());
        let (by_one, by_other) = (arms(&one), arms(&other));
        for n in 0..2000 {
            let key = key(&format!("person-{n}"));
            assert_eq!(one.arm(by_one.arm(&key)), other.arm(by_other.arm(&key)));
        }
        for different in [
            vec![arm("a", 4000, Some(9)), arm("b", 5000, Some(1)), arm("holdout", 1000, None)],
            vec![arm("a", 5000, Some(9)), arm("b", 4000, Some(2)), arm("holdout", 1000, None)],
            vec![arm("a", 5000, Some(9)), arm("b", 5000, Some(1))],
        ] {
            assert_ne!(one.fingerprint(), Split::of(different).fingerprint());
        }
    }

    #[test]
    fn a_split_is_read_as_it_was_written() {
        let split = Split::of(vec![arm("a", 5000, Some(9)), arm("holdout", 5000, None)]);
        assert_eq!(<Split as FromColumn>::of(Value::Text(&split.to_json())), Some(split.clone()));
        assert_eq!(<Split as FromColumn>::of(Value::Text("nonsense")), None);
        assert!(split.arm(Some(1)).unwrap().is_holdout() && split.arm(Some(2)).is_none() && split.arm(None).is_none());
    }

    proptest! {
        /// Everybody has an arm, by the own lot alone.
        #[test]
        fn everybody_has_an_arm(token in "[ -~]{1,40}", first in 1_u32..9_999) {
            let split = Split::of(vec![arm("a", first, Some(1)), arm("b", WHOLE - first, Some(2))]);
            let place = place(Lots::new("split", "page", "campaign", split.fingerprint()).of(&key(&token)), WHOLE);
            prop_assert_eq!(arms(&split).arm(&key(&token)), Some(i64::from(place >= first)));
        }
    }
}
