//! At which hours a broadcast goes out, and until when.

use super::Broadcast;
use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::error::Result;
use crate::ledger::sql::sql;
use crate::times::hours::Hours;

impl Ledger {
    /// Changes at which hours a broadcast may go out, and the least gap. Rows that wait are judged again.
    pub fn set_timing(&mut self, broadcast: &mut Broadcast, hours: Hours, min_gap: Option<u32>) -> Result<()> {
        if (broadcast.hours, broadcast.min_gap) == (hours, min_gap) {
            return Ok(());
        }
        let local = hours.local;
        self.write(|conn| {
            conn.execute(
                "update broadcasts set quiet_hours = ?2, opens_at = ?3, local_time = ?4, local_since = ?5, time_zone = ?6,
                   min_gap = ?7
                 where id = ?1",
                (
                    broadcast.id,
                    hours.quiet.map(|quiet| quiet.to_string()),
                    hours.not_before,
                    local.map(|local| local.minute.to_string()),
                    local.map(|local| local.since),
                    hours.fallback.name(),
                    min_gap.map(i64::from),
                ),
            )?;
            Ok(())
        })?;
        (broadcast.hours, broadcast.min_gap) = (hours, min_gap);
        self.judge_again(broadcast.id, UnixMillis(1))
    }

    /// Changes after which time nothing of a broadcast goes out.
    pub fn set_until(&mut self, broadcast: &mut Broadcast, until: Option<UnixMillis>) -> Result<()> {
        if broadcast.until != until {
            self.write(|conn| {
                Ok(conn.execute("update broadcasts set closes_at = ?2 where id = ?1", (broadcast.id, until))?)
            })?;
            broadcast.until = until;
        }
        Ok(())
    }

    /// Rows that wait until `end` or longer, when nothing of the broadcast goes out any more, are judged again now, not when their time comes.
    pub fn judge_late_rows(&mut self, broadcast: i64, end: UnixMillis) -> Result<()> {
        let any = self.read(|conn| {
            conn.prepare_cached(sql!(
                "select 1 from sends indexed by sends_pending
                 where broadcast = ?1 and state = {pending} and not_before >= ?2 order by broadcast, not_before, id limit 1"
            ))?
            .exists((broadcast, end))
        })?;
        if any { self.judge_again(broadcast, end) } else { Ok(()) }
    }

    /// Has the next run judge rows that wait until then or longer. What keeps a person waiting is kept with the person.
    fn judge_again(&mut self, broadcast: i64, since: UnixMillis) -> Result<()> {
        // In parts, for others write meanwhile.
        while self.write(|conn| {
            Ok(conn
                .prepare_cached(sql!(
                    "update sends set not_before = 0 where id in
                       (select id from sends where broadcast = ?1 and state = {pending} and not_before >= ?2 limit 20000)"
                ))?
                .execute((broadcast, since))?)
        })? > 0
        {}
        Ok(())
    }
}
