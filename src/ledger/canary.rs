//! A broadcast that goes to a few people first: who they are, since when their events are awaited, and whether the others may follow. All
//! of it is in the ledger, so that a run that is killed, another process and `--resume` go on where it stands.

use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::time::Duration;

use super::broadcasts::Broadcast;
use super::database::Ledger;
use super::db::arrays::ints;
use super::db::{self, Conn, FromColumn, Optional, Row, Value};
use super::error::{Error, Result};
use super::key::{Key, Lots, place};
use super::people;
use super::sql::{sql, unsigned};
use super::state::State;
use crate::clock::UnixMillis;
use crate::statistics::{WHOLE, parse_percent, show_percent};

/// How long events are awaited, unless told otherwise: most come within seconds, and Meta repeats what was not taken for longer.
pub const WAIT: Duration = Duration::from_mins(10);
/// The share that may fail, unless told otherwise.
pub const MAX_FAILED: f64 = 0.05;

/// Rows that one question reads, and one transaction writes.
const AT_ONCE: usize = 10_000;
/// A broadcast has one listing of this hash: its canary. No list has so short a one.
const HASH: [u8; 6] = *b"canary";

/// How many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    People(u64),
    /// In hundredths of a per cent.
    Share(u32),
}

impl Size {
    /// `500`, `1%`, `0.25%`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "\"{text}\" is not a canary's size: use a share below 100% such as 1%, or a number of people such as 500"
            )
        };
        let Some(share) = text.strip_suffix('%') else {
            return text.parse().ok().filter(|n| *n > 0).map(Self::People).ok_or_else(bad);
        };
        parse_percent(share).map(Self::Share).ok_or_else(bad)
    }
}

impl Size {
    /// About how many of so many people who may get the message now.
    pub fn of(self, people: u64) -> u64 {
        match self {
            Self::People(n) => n.min(people),
            Self::Share(share) => {
                (people.saturating_mul(u64::from(share)) / u64::from(WHOLE)).clamp(people.min(1), people)
            }
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::People(n) => write!(f, "{n}"),
            Self::Share(share) => write!(f, "{}%", show_percent(*share)),
        }
    }
}

impl FromColumn for Size {
    fn of(value: Value<'_>) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Self::parse(text).ok()
    }
}

/// A broadcast's canary.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    pub size: Size,
    pub wait: Duration,
    /// The share of those asked that may fail.
    pub max_failed: f64,
    /// Whether events are awaited; otherwise Meta's answers decide alone.
    pub hears: bool,
    /// Its people, once they are chosen.
    pub listing: Option<i64>,
    /// When the last of them was asked.
    pub sent_at: Option<UnixMillis>,
    /// Since when everybody else may get the message.
    pub passed_at: Option<UnixMillis>,
}

const COLUMNS: &str = "asked, wait, max_failed, hears, listing, sent_at, passed_at";

fn from_row(row: &Row<'_>) -> db::Result<Canary> {
    Ok(Canary {
        size: row.get(0)?,
        wait: Duration::from_millis(unsigned(row.get(1)?)),
        max_failed: row.get(2)?,
        hears: row.get(3)?,
        listing: row.get(4)?,
        sent_at: row.get(5)?,
        passed_at: row.get(6)?,
    })
}

/// What a command says of a broadcast's canary; `None` where it leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CanaryTerms {
    pub size: Option<Size>,
    pub wait: Option<Duration>,
    pub max_failed: Option<f64>,
    pub hears: Option<bool>,
}

impl CanaryTerms {
    /// The canary that a broadcast has after this, if it has one. Once people are chosen they stay.
    pub fn over(self, before: Option<Canary>) -> Option<Canary> {
        let mut canary = match (before, self.size) {
            (Some(before), _) => before,
            (None, Some(size)) => Canary {
                size,
                wait: WAIT,
                max_failed: MAX_FAILED,
                hears: true,
                listing: None,
                sent_at: None,
                passed_at: None,
            },
            (None, None) => return None,
        };
        if canary.listing.is_none() {
            canary.size = self.size.unwrap_or(canary.size);
        }
        canary.wait = self.wait.unwrap_or(canary.wait);
        canary.max_failed = self.max_failed.unwrap_or(canary.max_failed);
        canary.hears = self.hears.unwrap_or(canary.hears);
        Some(canary)
    }
}

/// What has become of a canary's people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanaryCounts {
    /// May be asked now.
    pub due: u64,
    /// May be asked later.
    pub later: u64,
    pub claimed: u64,
    pub skipped: u64,
    pub accepted: u64,
    pub unknown: u64,
    /// By code.
    pub refused: BTreeMap<Option<i64>, u64>,
    /// Of those accepted, of whom any event came.
    pub heard: u64,
    pub echoed: u64,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    pub failed: u64,
    /// When the first of those who wait may be asked.
    pub next_at: Option<UnixMillis>,
}

impl Ledger {
    pub fn canary(&self, broadcast: i64) -> Result<Option<Canary>> {
        self.read(|conn| of(conn, broadcast))
    }

    /// Gives a broadcast a canary, or changes the one that it has.
    pub fn set_canary(&mut self, broadcast: i64, terms: CanaryTerms) -> Result<Option<Canary>> {
        let before = self.canary(broadcast)?;
        let Some(canary) = terms.over(before.clone()) else { return Ok(None) };
        if before.as_ref() != Some(&canary) {
            let wait = i64::try_from(canary.wait.as_millis()).unwrap_or(i64::MAX);
            self.write(|conn| {
                // Another process may have chosen its people meanwhile.
                conn.execute(
                    "insert into canaries (broadcast, asked, wait, max_failed, hears) values (?1, ?2, ?3, ?4, ?5)
                     on conflict (broadcast) do update set
                       asked = case when canaries.listing is null then excluded.asked else canaries.asked end,
                       wait = excluded.wait, max_failed = excluded.max_failed, hears = excluded.hears",
                    (broadcast, canary.size.to_string(), wait, canary.max_failed, canary.hears),
                )?;
                Ok(())
            })?;
        }
        self.canary(broadcast)
    }

    /// Everybody may get the message: the canary did well, or a person does not wait for it. Whether there was one that had not passed.
    pub fn pass_canary(&mut self, broadcast: i64, now: UnixMillis) -> Result<bool> {
        let pass = "update canaries set passed_at = ?2 where broadcast = ?1 and passed_at is null";
        self.write(|conn| Ok(conn.execute(pass, (broadcast, now))? == 1))
    }

    /// All of its people were asked: from now on their events are awaited, unless another process said so before.
    pub fn canary_is_sent(&mut self, broadcast: i64, now: UnixMillis) -> Result<()> {
        let sent = "update canaries set sent_at = ?2 where broadcast = ?1 and sent_at is null";
        self.write(|conn| Ok(conn.execute(sent, (broadcast, now)).map(drop)?))
    }

    /// Chooses the people of a canary, unless they are chosen: of those who may get the message now, in this listing or in the whole
    /// broadcast. Their listing; `None`: nobody may get it now.
    ///
    /// The people of a share are those whose lots are below it, a number of people is of the lowest lots: who else is in the list moves
    /// nobody.
    pub fn choose_canary(
        &mut self,
        broadcast: &Broadcast,
        of_listing: Option<i64>,
        now: UnixMillis,
    ) -> Result<Option<i64>> {
        let _lock = self.lock_planning(broadcast.id, &mut || {})?;
        let Some(canary) = self.canary(broadcast.id)? else { return Ok(None) };
        if canary.listing.is_some() {
            return Ok(canary.listing);
        }
        let chosen = self.drawn(broadcast, canary.size, of_listing, now)?;
        if chosen.is_empty() {
            return Ok(None);
        }
        let people = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
        let listing = self.write(|conn| empty_listing(conn, broadcast.id, people, now))?;
        for part in chosen.chunks(AT_ONCE) {
            self.write(|conn| Ok(hold(conn, listing, part)?))?;
        }
        self.write(|conn| {
            conn.execute("update canaries set listing = ?2 where broadcast = ?1", (broadcast.id, listing))?;
            Ok(())
        })?;
        Ok(Some(listing))
    }

    /// Has others chosen in the place of people of whom nobody was asked, and nobody will be.
    pub fn forget_canary(&mut self, broadcast: i64) -> Result<()> {
        let forget = "update canaries set listing = null where broadcast = ?1 and sent_at is null";
        self.write(|conn| Ok(conn.execute(forget, [broadcast]).map(drop)?))
    }

    fn drawn(&self, broadcast: &Broadcast, size: Size, of_listing: Option<i64>, now: UnixMillis) -> Result<Vec<i64>> {
        let lots = Lots::new("canary", &broadcast.page, &broadcast.campaign, broadcast.fingerprint);
        let mut draw = Draw::new(size);
        let mut after = i64::MIN;
        loop {
            let before = after;
            self.read_once(|conn| {
                let mut statement = conn.prepare_cached(sql!(
                    "select s.recipient, s.id, r.key from sends s indexed by sends_once {people} join listings l on l.id = s.listing
                     where s.broadcast = ?1 and s.recipient > ?2 and s.state = {pending} and s.not_before <= ?3
                       and l.planned_at is not null
                       and (cast(?4 as bigint) is null or s.listing = ?4
                         or (select h.send from listing_rows h where h.listing = ?4 and h.send = s.id) is not null)
                     order by s.recipient limit ?5",
                    people = people::OF_SENDS,
                ))?;
                let mut rows = statement.query((broadcast.id, before, now, of_listing, AT_ONCE as i64))?;
                while let Some(row) = rows.next()? {
                    after = row.get(0)?;
                    draw.add(lots.of(&row.get::<Key>(2)?), row.get(1)?);
                }
                Ok(())
            })?;
            if after == before {
                return Ok(draw.finish());
            }
        }
    }

    /// What has become of the people of a canary's listing.
    pub fn canary_counts(&self, listing: i64, now: UnixMillis) -> Result<CanaryCounts> {
        self.read(|conn| {
            let mut counts = CanaryCounts::default();
            let mut statement = conn.prepare_cached(
                "select s.state, s.code, count(*), count(case when s.not_before <= ?2 then 1 end),
                   min(case when s.not_before > ?2 then s.not_before end), count(s.echoed_at), count(s.delivered_at),
                   count(s.read_at), count(s.clicked_at),
                   count(case when s.delivered_at is null and s.read_at is null and s.clicked_at is null then s.failed_at end),
                   count(coalesce(s.echoed_at, s.delivered_at, s.read_at, s.clicked_at, s.failed_at))
                 from listing_rows l join sends s on s.id = l.send where l.listing = ?1 group by s.state, s.code",
            )?;
            let mut rows = statement.query((listing, now))?;
            while let Some(row) = rows.next()? {
                let count = |place| row.get(place).map(unsigned);
                let (state, n): (State, u64) = (row.get(0)?, count(2)?);
                match state {
                    State::Pending => {
                        let due = count(3)?;
                        counts.due += due;
                        counts.later += n - due;
                        let next: Option<UnixMillis> = row.get(4)?;
                        counts.next_at = [counts.next_at, next].into_iter().flatten().min();
                    }
                    State::Claimed => counts.claimed += n,
                    State::Skipped => counts.skipped += n,
                    State::Unknown => counts.unknown += n,
                    State::Refused => *counts.refused.entry(row.get(1)?).or_default() += n,
                    State::Accepted => {
                        counts.accepted += n;
                        counts.echoed += count(5)?;
                        counts.delivered += count(6)?;
                        counts.read += count(7)?;
                        counts.clicked += count(8)?;
                        counts.failed += count(9)?;
                        counts.heard += count(10)?;
                    }
                }
            }
            Ok(counts)
        })
    }
}

fn of(conn: &Conn, broadcast: i64) -> db::Result<Option<Canary>> {
    conn.prepare_cached(sql!("select {columns} from canaries where broadcast = ?1", columns = COLUMNS))?
        .query_row([broadcast], from_row)
        .optional()
}

/// The listing of a broadcast's canary, without people: a choice that was cut off left some. It counts once the canary names it.
fn empty_listing(conn: &Conn, broadcast: i64, people: i64, now: UnixMillis) -> Result<i64, Error> {
    let found: Option<i64> = conn
        .query_row("select id from listings where broadcast = ?1 and rows_hash = ?2", (broadcast, HASH), |row| {
            row.get(0)
        })
        .optional()?;
    let Some(id) = found else {
        return Ok(conn.query_row(
            "insert into listings (broadcast, source, rows, rows_hash, created_at, planned_at)
             values (?1, 'canary', ?2, ?3, ?4, ?4) returning id",
            (broadcast, people, HASH, now),
            |row| row.get(0),
        )?);
    };
    conn.execute("delete from listing_rows where listing = ?1", [id])?;
    conn.execute("update listings set rows = ?2 where id = ?1", (id, people))?;
    Ok(id)
}

fn hold(conn: &Conn, listing: i64, sends: &[i64]) -> db::Result<()> {
    if conn.is_server() {
        let hold = "insert into listing_rows (listing, send) select cast(?1 as int8), t.* from unnest(cast(?2 as int8[])) as t";
        return conn.execute(hold, (listing, ints(sends.iter().copied()))).map(drop);
    }
    let mut hold = conn.prepare_cached("insert into listing_rows (listing, send) values (?1, ?2)")?;
    sends.iter().try_for_each(|send| hold.execute((listing, send)).map(drop))
}

/// Draws the rows of a canary, one by one, in memory for its own people only.
struct Draw {
    size: Size,
    chosen: Vec<i64>,
    /// Those of the lowest lots; the highest of these is on top.
    lowest: BinaryHeap<(u64, i64)>,
    most: usize,
}

impl Draw {
    fn new(size: Size) -> Self {
        let most = match size {
            Size::People(n) => usize::try_from(n).unwrap_or(usize::MAX),
            // Whatever the share: a canary has somebody.
            Size::Share(_) => 1,
        };
        Self { size, chosen: Vec::new(), lowest: BinaryHeap::new(), most }
    }

    fn add(&mut self, lot: u64, send: i64) {
        if let Size::Share(share) = self.size
            && place(lot, WHOLE) < share
        {
            self.chosen.push(send);
        } else if self.lowest.len() < self.most {
            self.lowest.push((lot, send));
        } else if let Some(mut highest) = self.lowest.peek_mut()
            && (lot, send) < *highest
        {
            *highest = (lot, send);
        }
    }

    /// In the order of the ledger.
    fn finish(self) -> Vec<i64> {
        let Self { mut chosen, lowest, .. } = self;
        if chosen.is_empty() {
            chosen.extend(lowest.into_iter().map(|(_, send)| send));
        }
        chosen.sort_unstable();
        chosen
    }
}

#[cfg(test)]
mod tests;
