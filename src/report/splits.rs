//! The arms of a split beside each other: what each reached, how sure that is, and whether a difference is more than noise.

use serde::Serialize;

use super::figures::{percent, rounded};
use crate::ledger::events::Stage;
use crate::ledger::funnel::{ByStage, Covered};
use crate::ledger::split::Split;
use crate::statistics::{WHOLE, holm, two_proportions, wilson};
use crate::text;

/// A broadcast with several messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitRow {
    pub broadcast: i64,
    pub campaign: String,
    pub arms: Vec<ArmRow>,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmRow {
    pub arm: String,
    /// Of the people, between 0 and 1.
    pub share: f64,
    /// Nothing is sent to its people.
    pub holdout: bool,
    /// Of the holdout: how many people got nothing; `None` for a range of hours, because they belong to no hour.
    pub held_out: Option<u64>,
    pub accepted: u64,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    pub rates: ArmRates,
    /// Against the first arm with a message; `None` for itself and the holdout.
    pub against_first: Option<Against>,
}

/// Of the accepted, and of the delivered messages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ArmRates {
    pub delivered_of_accepted: Option<Rate>,
    pub read_of_delivered: Option<Rate>,
    pub clicked_of_delivered: Option<Rate>,
}

/// A share, and where the true one lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    pub rate: f64,
    pub low: f64,
    pub high: f64,
}

impl Rate {
    fn of((part, whole): Counted) -> Option<Self> {
        let interval = wilson(part, whole)?;
        let rate = part.min(whole) as f64 / whole as f64;
        Some(Self { rate: rounded(rate), low: rounded(interval.low), high: rounded(interval.high) })
    }

    /// `61.2% (58.0% to 64.3%)`.
    fn text(self) -> String {
        format!("{} ({} to {})", text::percent(self.rate), text::percent(self.low), text::percent(self.high))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Against {
    pub delivered: Difference,
    pub read: Difference,
    pub clicked: Difference,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Of the rates, this arm's minus the first one's.
    pub difference: Option<f64>,
    /// How often chance alone would make so large a difference, before the correction for several arms.
    pub p: Option<f64>,
    pub verdict: Verdict,
}

/// What a difference means at 95 %, after Holm's correction for the number of arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Chance alone may have made it.
    Noise,
    More,
    Less,
    /// Too few messages to tell.
    TooFew,
}

impl Difference {
    /// `+8.1 points: more (p 0.003)`.
    fn text(&self) -> String {
        let points = self.difference.map_or_else(String::new, |by| format!("{:+.1} points: ", by * 100.0));
        let verdict = match self.verdict {
            Verdict::Noise => "noise",
            Verdict::More => "more",
            Verdict::Less => "less",
            Verdict::TooFew => return "too few messages to tell".to_owned(),
        };
        let p = self
            .p
            .map_or_else(String::new, |p| if p < 0.001 { " (p < 0.001)".to_owned() } else { format!(" (p {p:.3})") });
        format!("{points}{verdict}{p}")
    }
}

/// So many of so many.
type Counted = (u64, u64);

/// The three that are compared: delivered of accepted, read and clicked of delivered.
fn counted((accepted, reached): &(u64, ByStage)) -> [Counted; 3] {
    let [delivered, read, clicked] =
        [Stage::Delivered, Stage::Read, Stage::Clicked].map(|stage| reached[stage as usize]);
    [(delivered, *accepted), (read, delivered), (clicked, delivered)]
}

impl SplitRow {
    /// `None`: the broadcast has one message. `is_whole`: it is not about a range of hours.
    pub fn of(covered: &Covered, is_whole: bool) -> Option<Self> {
        let split = covered.split.as_ref()?;
        let counts: Vec<(u64, ByStage)> = (0..split.arms().len())
            .map(|arm| {
                u8::try_from(arm).ok().and_then(|arm| covered.counts.arms.get(&arm)).copied().unwrap_or_default()
            })
            .collect();
        let against = compared(split, &counts);
        let arms = split.arms().iter().zip(&counts).zip(against).map(|((arm, counts), against_first)| {
            let [delivered, read, clicked] = counted(counts);
            ArmRow {
                arm: arm.name.clone(),
                share: f64::from(arm.share) / f64::from(WHOLE),
                holdout: arm.is_holdout(),
                held_out: Some(covered.counts.held_out).filter(|_| arm.is_holdout() && is_whole),
                accepted: counts.0,
                delivered: delivered.0,
                read: read.0,
                clicked: clicked.0,
                rates: ArmRates {
                    delivered_of_accepted: Rate::of(delivered),
                    read_of_delivered: Rate::of(read),
                    clicked_of_delivered: Rate::of(clicked),
                },
                against_first,
            }
        });
        Some(Self { broadcast: covered.id, campaign: covered.campaign.clone(), arms: arms.collect() })
    }

    /// The arm that the others are held against.
    fn first(&self) -> Option<&str> {
        self.arms.iter().find(|arm| !arm.holdout).map(|arm| arm.arm.as_str())
    }

    /// `Split of broadcast 3`.
    pub fn title(&self) -> String {
        format!("Split of broadcast {}", self.broadcast)
    }

    /// One sentence for each arm that is held against the first.
    pub fn sentences(&self) -> Vec<String> {
        let first = self.first().unwrap_or_default();
        let told = |arm: &ArmRow| {
            let Against { delivered, read, clicked } = arm.against_first?;
            let (delivered, read, clicked) = (delivered.text(), read.text(), clicked.text());
            Some(format!("{} against {first}: delivered {delivered}; read {read}; clicked {clicked}", arm.arm))
        };
        self.arms.iter().filter_map(told).collect()
    }
}

impl ArmRow {
    /// For people: name, share of the people, counts and rates with their intervals.
    pub fn cells(&self) -> Vec<String> {
        let rate = |rate: Option<Rate>| rate.map_or_else(|| "-".to_owned(), Rate::text);
        vec![
            self.arm.clone(),
            percent(Some(self.share)),
            match self.held_out {
                Some(people) => format!("{} held out", text::thousands(people)),
                None => text::thousands(self.accepted),
            },
            rate(self.rates.delivered_of_accepted),
            rate(self.rates.read_of_delivered),
            rate(self.rates.clicked_of_delivered),
        ]
    }
}

/// Each arm against the first one with a message.
fn compared(split: &Split, counts: &[(u64, ByStage)]) -> Vec<Option<Against>> {
    let sent: Vec<usize> = (0..counts.len()).filter(|arm| !split.arms()[*arm].is_holdout()).collect();
    let Some((first, others)) = sent.split_first() else { return vec![None; counts.len()] };
    let base = counted(&counts[*first]);
    let told: Vec<[Counted; 3]> = others.iter().map(|arm| counted(&counts[*arm])).collect();
    let differences = [0, 1, 2].map(|which| {
        let pairs: Vec<(Counted, Counted)> = told.iter().map(|arm| (arm[which], base[which])).collect();
        let ps: Vec<Option<f64>> = pairs.iter().map(|(arm, base)| two_proportions(*arm, *base)).collect();
        let real = holm(&ps);
        pairs.into_iter().zip(ps).zip(real).map(|((pair, p), real)| difference(pair, p, real)).collect::<Vec<_>>()
    });
    let mut against = vec![None; counts.len()];
    for (place, arm) in others.iter().enumerate() {
        let [delivered, read, clicked] = [0, 1, 2].map(|which: usize| differences[which][place]);
        against[*arm] = Some(Against { delivered, read, clicked });
    }
    against
}

fn difference((arm, base): (Counted, Counted), p: Option<f64>, is_real: bool) -> Difference {
    let rate = |(part, whole): Counted| (whole > 0).then(|| part.min(whole) as f64 / whole as f64);
    let difference = rate(arm).zip(rate(base)).map(|(arm, base)| arm - base);
    let verdict = match (p, difference) {
        (None, _) | (_, None) => Verdict::TooFew,
        (Some(_), Some(by)) if is_real && by > 0.0 => Verdict::More,
        (Some(_), Some(by)) if is_real && by < 0.0 => Verdict::Less,
        (Some(_), Some(_)) => Verdict::Noise,
    };
    Difference { difference: difference.map(rounded), p, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::ledger::funnel::Counts;
    use crate::ledger::split::Arm;

    /// A broadcast with a holdout before its arms, each with so many accepted, delivered, read and clicked.
    fn covered(arms: &[[u64; 4]]) -> Covered {
        let mut split = vec![Arm::new("holdout".to_owned(), 1000, None)];
        let mut counts = Counts { held_out: 1200, ..Counts::default() };
        for (place, [accepted, delivered, read, clicked]) in arms.iter().enumerate() {
            let print = [u8::try_from(place).unwrap(); 32];
            split.push(Arm::new(format!("arm{place}"), 3000, Some(("{}".to_owned(), print))));
            counts.arms.insert(u8::try_from(place + 1).unwrap(), (*accepted, [0, *delivered, *read, *clicked, 0]));
        }
        Covered {
            id: 3,
            page: "1".to_owned(),
            ad_account: "2".to_owned(),
            campaign: "c".to_owned(),
            campaign_name: None,
            label: None,
            message: String::new(),
            created_at: UnixMillis(0),
            alone: true,
            split: Some(Split::of(split)),
            counts,
        }
    }

    #[test]
    fn an_arm_that_truly_reads_more_is_found_and_noise_is_not() {
        let row =
            SplitRow::of(&covered(&[[1000, 970, 500, 90], [1000, 975, 600, 95], [1000, 965, 510, 88]]), true).unwrap();
        assert!(row.arms[0].holdout && row.arms[0].against_first.is_none() && row.arms[1].against_first.is_none());
        let verdicts = |arm: usize| {
            let Against { delivered, read, clicked } = row.arms[arm].against_first.unwrap();
            [delivered, read, clicked].map(|difference| difference.verdict)
        };
        assert_eq!(verdicts(2), [Verdict::Noise, Verdict::More, Verdict::Noise]);
        assert_eq!(verdicts(3), [Verdict::Noise; 3]);
        let read = row.arms[2].against_first.unwrap().read;
        assert!((read.difference.unwrap() - 0.0999).abs() < 1e-9 && read.p.unwrap() < 1e-4, "{read:?}");
        assert_eq!(
            row.sentences()[0],
            "arm1 against arm0: delivered +0.5 points: noise (p 0.494); read +10.0 points: more (p < 0.001); clicked +0.5 \
             points: noise (p 0.727)"
        );
        assert_eq!([row.arms[0].held_out, row.arms[1].held_out], [Some(1200), None]);
        assert_eq!(row.arms[0].cells()[2], "1,200 held out");
        assert_eq!(row.arms[1].cells()[4], "51.5% (48.4% to 54.7%)");
    }

    #[test]
    fn several_arms_are_held_to_a_stricter_measure() {
        // The same two arms: of two it is a difference, of four it is not.
        let pair = [[1000, 1000, 500, 0], [1000, 1000, 550, 0]];
        let verdict =
            |arms: &[[u64; 4]]| SplitRow::of(&covered(arms), true).unwrap().arms[2].against_first.unwrap().read.verdict;
        assert_eq!(verdict(&pair), Verdict::More);
        assert_eq!(verdict(&[pair[0], pair[1], pair[0], pair[0]]), Verdict::Noise);
    }

    #[test]
    fn few_messages_and_none_are_no_evidence() {
        let row = SplitRow::of(&covered(&[[4, 4, 4, 0], [4, 4, 0, 0], [0, 0, 0, 0]]), true).unwrap();
        for arm in [2, 3] {
            let against = row.arms[arm].against_first.unwrap();
            assert_eq!(
                [against.delivered, against.read, against.clicked].map(|difference| difference.verdict),
                [Verdict::TooFew; 3]
            );
        }
        assert_eq!((row.arms[3].rates.read_of_delivered, row.arms[3].cells()[4].as_str()), (None, "-"));
        assert_eq!(SplitRow::of(&Covered { split: None, ..covered(&[]) }, true), None);
    }
}
