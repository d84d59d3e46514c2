//! What webhooks reported: each event is stored once, however often it is told, and tied to the send and person it is about.
//!
//! Any order and repetition of the same events gives the same ledger. Three things make it so: an event is attributed by what Graph
//! answered about the sends of its person, never by other events (`attribution`); what it says is merged into a send by operations
//! whose order does not matter (`marks`); and one that comes while the request it may belong to is still on its way is kept waiting
//! and judged again when the outcome is known ([`Ledger::judge_waiting_events`]).

mod attribution;
mod batch;
mod counts;
mod event;
mod marks;
mod months;
pub mod old;
mod policy;
mod sends;
mod sitting;
pub mod stage;

use std::time::Instant;

use super::db::{self, Conn, Optional};

use super::database::{HOLD, Ledger};
use super::error::Result;
use super::gate;
pub use super::people::OptIn;
use super::sql::{digit, sql};
use super::tally::{Tally, What};
use crate::clock::UnixMillis;
use crate::times::CLOCK_SKEW;
use attribution::Judgement;
pub use counts::EventCounts;
pub use event::{Event, Facts, Kind};
#[cfg(test)]
pub use marks::bucket_of;
pub use marks::{bucket_seconds, short_line};
pub(super) use months::make_for;
pub use policy::Policy;
use sitting::{Sitting, Waiting};
pub use stage::{How, Stage};

/// Waiting events that one transaction judges again at most.
const AT_ONCE: i64 = 500;

impl Ledger {
    /// Stores events, durably once this returns, in one transaction of about 40 ms: takes from `next` until it has none or the
    /// time is over, and says whether it stopped early. People of opt-ins join the audience `optins`.
    ///
    /// On an error nothing of this call is stored.
    pub fn store_events<'e>(
        &mut self,
        next: &mut dyn FnMut() -> Option<&'e Event>,
        optins: &str,
        now: UnixMillis,
    ) -> Result<(EventCounts, bool)> {
        if self.conn.is_server() {
            self.make_months_ahead(now);
            return self.store_by_sets(next, optins, now);
        }
        self.write_once(|conn| {
            gate::refuse_copied(conn)?;
            let begin = Instant::now();
            let mut sitting = Sitting::new(conn, now);
            let mut more = true;
            for n in 1_u64.. {
                let Some(event) = next() else {
                    more = false;
                    break;
                };
                sitting.store(event, optins)?;
                if n % 32 == 0 && begin.elapsed() > HOLD {
                    break;
                }
            }
            Ok((sitting.finish()?, more))
        })
    }

    /// Judges again the events that waited for the outcome of a request.
    pub fn judge_waiting_events(&mut self, now: UnixMillis) -> Result<EventCounts> {
        let mut counts = EventCounts::default();
        let mut after = 0;
        loop {
            let waiting: Vec<Waiting> = self.read(|conn| {
                conn.prepare_cached(sql!(
                    "select id, kind, recipient, page, campaign, tracking_id, occurred_at, detail from events
                     where how = {waiting} and recipient >= ?1 order by recipient, id limit ?2",
                    waiting = digit(Judgement::Waiting.number())
                ))?
                .query_map((after, AT_ONCE), Waiting::from_row)?
                .collect()
            })?;
            let Some(last) = waiting.last().map(|event| event.recipient) else { return Ok(counts) };
            let part = if self.conn.is_server() {
                self.judge_by_sets(&waiting, now)?
            } else {
                self.write(|conn| {
                    let mut sitting = Sitting::new(conn, now);
                    waiting.iter().try_for_each(|event| sitting.judge_again(event))?;
                    sitting.finish()
                })?
            };
            counts.add(&part);
            if waiting.len() < AT_ONCE as usize {
                return Ok(counts);
            }
            // Events of one person may be on both sides of the cut; those that still wait are read once more at most.
            after = if last == after { last + 1 } else { last };
        }
    }

    /// When the last event came.
    pub fn last_event_at(&self) -> Result<Option<UnixMillis>> {
        self.read(|conn| {
            conn.query_row("select received_at from events order by id desc limit 1", (), |row| {
                row.get(0).map(UnixMillis)
            })
            .optional()
        })
    }
}

/// Events of this person that belonged to no send since then wait to be judged again.
pub(super) fn wait_again(conn: &Conn, recipient: i64, since: UnixMillis, tally: &mut Tally) -> db::Result<()> {
    let mut statement = conn.prepare_cached(sql!(
        "update events set how = {waiting} where recipient = ?1 and send is null and how = {foreign} and occurred_at >= ?2
         returning occurred_at",
        waiting = digit(Judgement::Waiting.number()),
        foreign = digit(Judgement::Foreign.number()),
    ))?;
    let mut rows = statement.query((recipient, since.minus(CLOCK_SKEW)))?;
    while let Some(row) = rows.next()? {
        tally.add(0, row.get(0)?, What::Foreign, -1);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
