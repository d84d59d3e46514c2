//! What events said about one send: for each stage the earliest time and the surest attribution. Merging is commutative and
//! idempotent, and the counters are a function of the result.

use crate::ledger::db::arrays::{ints, texts};
use crate::ledger::db::{self, Conn, Row};

use super::stage::{How, Stage};
use crate::clock::UnixMillis;
use crate::ledger::tally::What;

/// Eight buckets for each doubling of the seconds: a bucket is 9 % wide. The first holds everything up to a second.
pub fn bucket_of(millis: i64) -> u8 {
    if millis <= 1000 {
        return 0;
    }
    // 2^31 seconds are the last bucket.
    ((millis as f64 / 1000.0).log2() * 8.0).floor().min(255.0) as u8
}

/// The middle of a bucket, in seconds.
pub fn bucket_seconds(bucket: u8) -> f64 {
    ((f64::from(bucket) + 0.5) / 8.0).exp2()
}

/// What an event says in words, as it is kept: one line of at most 200 characters.
pub fn short_line(text: &str) -> Option<String> {
    let mut kept: String = text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    kept.truncate(kept.trim_end().len());
    (!kept.is_empty()).then_some(kept)
}

const fn letter(how: How) -> u8 {
    match how {
        How::Exact => b'e',
        How::Inferred => b'i',
        How::Ambiguous => b'a',
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    at: [Option<i64>; 5],
    how: [Option<How>; 5],
    failure: Option<String>,
}

impl Marks {
    /// From the columns `echoed_at, delivered_at, read_at, clicked_at, failed_at, failure, attribution`, the first at `first`.
    pub fn from_row(row: &Row<'_>, first: usize) -> db::Result<Self> {
        let mut marks = Self::default();
        for (place, at) in marks.at.iter_mut().enumerate() {
            *at = row.get(first + place)?;
        }
        marks.failure = row.get(first + 5)?;
        if let Some(letters) = row.text(first + 6)? {
            for (how, letter) in marks.how.iter_mut().zip(letters.bytes()) {
                *how = How::ALL.into_iter().find(|how| self::letter(*how) == letter);
            }
        }
        Ok(marks)
    }

    /// With one more event. The failure's text is that of the earliest failure; of several at once, the first in the alphabet.
    #[must_use]
    pub fn with(mut self, stage: Stage, at: i64, how: How, failure: Option<&str>) -> Self {
        let place = stage as usize;
        if stage == Stage::Failed {
            let new = failure.unwrap_or_default();
            let told = self.failure.as_deref().unwrap_or_default();
            if self.at[place].is_none_or(|before| (at, new) < (before, told)) {
                self.failure = failure.map(str::to_owned);
            }
        }
        self.at[place] = Some(self.at[place].map_or(at, |before| before.min(at)));
        self.how[place] = Some(self.how[place].map_or(how, |before| before.min(how)));
        self
    }

    /// Whether a stage counts. A failure gives way to any sign that the message arrived.
    fn counts(&self, stage: Stage) -> bool {
        let has = |stage: Stage| self.at[stage as usize].is_some();
        has(stage) && (stage != Stage::Failed || !(has(Stage::Delivered) || has(Stage::Read) || has(Stage::Clicked)))
    }

    /// Hands every counter that counts this send to `each`, with a time of its hour.
    pub fn count(&self, sent_at: UnixMillis, each: &mut dyn FnMut(UnixMillis, What)) {
        for stage in Stage::ALL.into_iter().filter(|stage| self.counts(*stage)) {
            let place = stage as usize;
            let Some(at) = self.at[place] else { continue };
            each(UnixMillis(at), What::Stage(stage));
            each(sent_at, What::Of(stage));
            if let Some(how) = self.how[place].filter(|how| *how != How::Exact) {
                each(sent_at, What::OfHow(stage, how));
            }
            if matches!(stage, Stage::Delivered | Stage::Read | Stage::Clicked) {
                each(sent_at, What::After(stage, bucket_of(at.saturating_sub(sent_at.0))));
            }
        }
    }

    fn letters(&self) -> String {
        self.how.iter().map(|how| char::from(how.map_or(b'-', letter))).collect()
    }

    pub fn write(&self, conn: &Conn, send: i64) -> db::Result<()> {
        let [echoed, delivered, read, clicked, failed] = self.at;
        conn.prepare_cached(
            "update sends set echoed_at = ?2, delivered_at = ?3, read_at = ?4, clicked_at = ?5, failed_at = ?6, failure = ?7,
               attribution = ?8 where id = ?1",
        )?
        .execute((send, echoed, delivered, read, clicked, failed, &self.failure, self.letters()))
        .map(drop)
    }

    /// Those of many sends, on a server.
    pub fn write_all(conn: &Conn, marks: &[(i64, &Self)]) -> db::Result<()> {
        let at = |stage: Stage| ints(marks.iter().map(move |(_, marks)| marks.at[stage as usize]));
        let letters: Vec<_> = marks.iter().map(|(_, marks)| marks.letters()).collect();
        conn.prepare_cached(
            "update sends s set echoed_at = t.echoed_at, delivered_at = t.delivered_at, read_at = t.read_at,
               clicked_at = t.clicked_at, failed_at = t.failed_at, failure = t.failure, attribution = t.attribution
             from unnest(cast(?1 as int8[]), cast(?2 as int8[]), cast(?3 as int8[]), cast(?4 as int8[]), cast(?5 as int8[]),
               cast(?6 as int8[]), cast(?7 as text[]), cast(?8 as text[]))
               as t (id, echoed_at, delivered_at, read_at, clicked_at, failed_at, failure, attribution)
             where s.id = t.id",
        )?
        .execute((
            ints(marks.iter().map(|(send, _)| *send)),
            at(Stage::Echoed),
            at(Stage::Delivered),
            at(Stage::Read),
            at(Stage::Clicked),
            at(Stage::Failed),
            texts(marks.iter().map(|(_, marks)| marks.failure.as_deref())),
            texts(letters.iter().map(|letters| Some(letters.as_str()))),
        ))
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_are_narrow_and_in_order() {
        for millis in [0, 1, 999, 1500, 2000, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000_i64] {
            let middle = bucket_seconds(bucket_of(millis));
            let seconds = (millis as f64 / 1000.0).max(1.0);
            assert!((middle / seconds - 1.0).abs() < 0.1, "{millis} ms in the bucket of {middle} s");
        }
        assert_eq!(bucket_of(i64::MIN), 0);
        assert!(bucket_of(i64::MAX) >= bucket_of(1 << 40));
    }

    fn counters(marks: &Marks) -> Vec<String> {
        let mut all = Vec::new();
        marks.count(UnixMillis(0), &mut |at, what| all.push(format!("{} {}", at.0, what.name())));
        all
    }

    #[test]
    fn a_failure_gives_way_to_a_delivery_in_either_order() {
        let failed = Marks::default().with(Stage::Failed, 5, How::Inferred, Some("gone"));
        assert_eq!(counters(&failed), ["5 failed", "0 of.failed", "0 how.failed.inferred"]);
        let both = failed.with(Stage::Delivered, 9, How::Exact, None);
        let other = Marks::default().with(Stage::Delivered, 9, How::Exact, None);
        assert_eq!(both, other.with(Stage::Failed, 5, How::Inferred, Some("gone")));
        assert_eq!(counters(&both), ["9 delivered", "0 of.delivered", "0 after.delivered.0"]);
    }

    #[test]
    fn texts_are_one_short_line() {
        assert_eq!(short_line("a\nb\u{1b}[0m").as_deref(), Some("a b [0m"));
        assert_eq!(short_line(" \n"), None);
        assert_eq!(short_line(&"ä".repeat(300)).map(|text| text.chars().count()), Some(200));
    }

    fn event() -> impl Strategy<Value = (Stage, i64, How, Option<&'static str>)> {
        (
            proptest::sample::select(Stage::ALL.to_vec()),
            0_i64..4,
            proptest::sample::select(vec![How::Exact, How::Inferred, How::Ambiguous]),
            proptest::sample::select(vec![None, Some("a"), Some("b")]),
        )
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(events in proptest::collection::vec(event(), 1..8), seed in any::<u64>()) {
            let merged = |events: &[(Stage, i64, How, Option<&'static str>)]| {
                events.iter().fold(Marks::default(), |marks, (stage, at, how, failure)| marks.with(*stage, *at, *how, *failure))
            };
            let mut shuffled = [events.clone(), events.clone()].concat();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            prop_assert_eq!(merged(&events), merged(&shuffled));
        }
    }
}
