//! Runs: processes at work on a broadcast, and what dead ones left behind.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::db::Conn;
use uuid::Uuid;

use super::address::Address;
use super::alive::{self, Alone, AtWork, Look, Planning, Work};
use super::database::{Ledger, Tries};
use super::error::{Error, Need, Result};
use super::key;
use super::locks::Locks;
use super::making;
use super::people;
use super::place;
use super::room::{self, Reserve};
use super::sql::{sql, unsigned};
use super::state::State;
use super::tally::{self, Tally};
use super::witness::{self, Progress};
use crate::clock::{Clock, UnixMillis};
use crate::times::MARGIN;

/// A run of this process: alive as long as its lock is held.
pub struct Run {
    pub id: i64,
    lock: AtWork,
    /// For the answers of its requests in flight; `None` where there is no disk.
    pub reserve: Option<Reserve>,
    /// As long as it is there, nobody has to look for it among the dead.
    _alive: Arc<()>,
}

impl Run {
    /// Leaves the lock file in place: the run could not be ended in the ledger, so another process must find it dead.
    pub fn abandon(self) {
        std::mem::forget(self.lock);
    }

    /// What is left of a process that was killed: the lock is free, its file is there, the ledger knows of no end.
    #[cfg(test)]
    pub fn crash(self) {
        self.lock.crash();
    }
}

/// A run without an end in the ledger.
struct Open {
    id: i64,
    broadcast: i64,
    uuid: String,
}

impl Ledger {
    /// The folder of what a ledger keeps beside its file: locks with room for answers, witnesses, the trace of its use.
    pub fn folder_of_runs(file: &Path) -> PathBuf {
        Locks::folder(place::folder_of(&place::real(file)))
    }

    /// Starts a run on a broadcast: lock first, row second. The disk must have room for the answers of as many requests as will be in
    /// flight, and for what is claimed meanwhile.
    pub fn start_run(&mut self, broadcast: i64, now: UnixMillis, in_flight: usize) -> Result<Run> {
        let mut tries = Tries::of_what_finds_out();
        loop {
            match self.try_to_start(broadcast, now, in_flight) {
                // If there is a run after all, it has no lock and no claim: whoever comes next ends it.
                Err(error) => self.again(error, &mut tries)?,
                run => return run,
            }
        }
    }

    fn try_to_start(&mut self, broadcast: i64, now: UnixMillis, in_flight: usize) -> Result<Run> {
        let uuid = Uuid::now_v7().to_string();
        let for_answers = room::for_answers(in_flight);
        self.require_room(Need::Run, 2 * for_answers)?;
        let before = alive::before_row(self, &uuid)?;
        let reserve = match &before {
            Some(lock) if self.room.is_limited() => lock.keep_room(for_answers)?,
            _ => None,
        };
        let before = Cell::new(before);
        match self.address() {
            Address::File(path) => making::note_use(path)?,
            Address::Server(_) => {}
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let witness = self.witness().clone();
        let ledger = self.address().clone();
        let (id, lock, progress, witness) = self.write(|conn| {
            let mut progress = Progress::of(conn)?;
            let witness = witness.hold(&progress);
            // A copy may have begun to send since this one was opened.
            if let Some(why) = witness.doubts(&progress) {
                return Err(Error::closed(why).at(&ledger));
            }
            progress.step(conn, now)?;
            let id = conn.query_row(
                "insert into runs (uuid, broadcast, host, pid, started_at) values (?1, ?2, ?3, ?4, ?5) returning id",
                (&uuid, broadcast, &host, std::process::id(), now),
                |row| row.get(0),
            )?;
            Ok((id, alive::with_row(conn, before.take(), Work::Run, id)?, progress, witness))
        })?;
        witness.look(&progress);
        let alive = Arc::new(());
        self.own_runs.push((id, Arc::downgrade(&alive)));
        Ok(Run { id, lock, reserve, _alive: alive })
    }

    /// Ends a run of this process. Rows that it still holds claimed become `unknown`.
    pub fn end_run(&mut self, run: Run, now: UnixMillis, why: &str, cool_down: Duration) -> Result<u64> {
        if let Some(reserve) = &run.reserve {
            reserve.release();
        }
        let ended = self.record_as(Tries::of_what_finds_out(), |conn| {
            witness::step(conn, Some(now))?;
            end(conn, run.id, now, why, cool_down, "lost")
        });
        self.be_seen();
        if ended.is_err() {
            run.abandon();
        }
        ended
    }

    /// Ends every run whose process is gone; how many sends became unknown. The clock may be one that was not checked against
    /// Graph's, such as a webhook listener's: if it is ahead, it must not make the clock of every later run look behind.
    pub fn bury_dead_runs(&mut self, clock: &Clock, cool_down: Duration) -> Result<u64> {
        self.bury(|| clock.now(), cool_down)
    }

    /// The same for a command that only looks, and whose clock nobody checked: by the newest time in the ledger. No claim is newer, and
    /// a cool-down that is longer stays as it is.
    pub fn bury_dead_runs_unclocked(&mut self, cool_down: Duration) -> Result<u64> {
        let newest = self.newest_at()?;
        self.bury(|| newest, cool_down)
    }

    fn bury(&mut self, now: impl Fn() -> UnixMillis, cool_down: Duration) -> Result<u64> {
        self.own_runs.retain(|(_, run)| run.strong_count() > 0);
        let is_own = |run: &Open| self.own_runs.iter().any(|(id, _)| *id == run.id);
        let mut open = self.open_runs()?;
        open.retain(|run| !is_own(run));
        if open.is_empty() {
            return Ok(0);
        }
        let dead: Vec<Open> = {
            let look = Look::at(self, Work::Run)?;
            open.into_iter().filter(|run| look.may_be_dead(run.id)).collect()
        };
        let mut unknown = 0;
        for run in dead {
            if let Some(remains) = alive::take_dead(self, Work::Run, run.id, &run.uuid)? {
                unknown += self.write(|conn| end(conn, run.id, now(), "died", cool_down, "killed"))?;
                drop(remains);
            }
        }
        Ok(unknown)
    }

    /// Sends that are claimed by runs whose process is gone: unknown, though nobody has recorded it.
    pub fn left_by_dead_runs(&self) -> Result<u64> {
        let mut left = 0;
        for run in self.dead()? {
            left += self.read(|conn| {
                conn.prepare_cached(sql!("select count(*) from sends where run = ?1 and state = {claimed}"))?
                    .query_row([run.id], |row| row.get(0).map(unsigned))
            })?;
        }
        Ok(left)
    }

    /// Runs whose process is gone, though nobody has recorded it.
    pub fn dead_runs(&self) -> Result<u64> {
        Ok(self.dead()?.len() as u64)
    }

    fn dead(&self) -> Result<Vec<Open>> {
        let mut open = self.open_runs()?;
        if !open.is_empty() {
            let look = Look::at(self, Work::Run)?;
            open.retain(|run| look.is_dead(run.id, &run.uuid));
        }
        Ok(open)
    }

    /// Whether a process is at work on one of these broadcasts.
    pub fn is_running(&self, broadcasts: &[i64]) -> Result<bool> {
        let mut open = self.open_runs()?;
        open.retain(|run| broadcasts.contains(&run.broadcast));
        if open.is_empty() {
            return Ok(false);
        }
        let look = Look::at(self, Work::Run)?;
        Ok(open.iter().any(|run| look.is_alive(run.id, &run.uuid)))
    }

    fn open_runs(&self) -> Result<Vec<Open>> {
        self.read(|conn| {
            conn.prepare_cached("select id, broadcast, uuid from runs where ended_at is null")?
                .query_map((), |row| Ok(Open { id: row.get(0)?, broadcast: row.get(1)?, uuid: row.get(2)? }))?
                .collect()
        })
    }

    /// Waits until no other process plans this broadcast. Blocks; the lock ends with the value.
    pub fn lock_planning(&self, broadcast: i64, waiting: &mut dyn FnMut()) -> Result<Planning> {
        alive::alone(self, Alone::Planning(broadcast), waiting)
    }

    /// Waits until no other process creates a campaign of this name in this ad account. Blocks; the lock ends with the value.
    pub fn lock_creation(&self, ad_account: &str, name: &str, waiting: &mut dyn FnMut()) -> Result<Planning> {
        let [a, b, c, d, ..] = key::key(&format!("{ad_account} {name}"));
        alive::alone(self, Alone::Creating(u32::from_be_bytes([a, b, c, d])), waiting)
    }
}

/// Ends a run, unless somebody did; how many of its rows became unknown, with `reason`.
fn end(conn: &Conn, run: i64, now: UnixMillis, why: &str, cool_down: Duration, reason: &str) -> Result<u64> {
    let ended =
        conn.execute("update runs set ended_at = ?2, why = ?3 where id = ?1 and ended_at is null", (run, now, why))?;
    if ended == 0 {
        return Ok(0);
    }
    let broadcast: i64 = conn.query_row("select broadcast from runs where id = ?1", [run], |row| row.get(0))?;
    people::block_claimed(conn, run, now.plus(cool_down).plus(MARGIN))?;
    let mut tally = Tally::default();
    let mut left = 0;
    let mut statement = conn.prepare_cached(sql!(
        "update sends set state = {unknown}, reason = ?3, finished_at = ?2 where run = ?1 and state = {claimed}
         returning coalesce(claimed_at, ?2)"
    ))?;
    let mut rows = statement.query((run, now, reason))?;
    while let Some(row) = rows.next()? {
        tally.moved(broadcast, row.get(0)?, State::Claimed, State::Unknown);
        left += 1;
    }
    tally.write(conn)?;
    tally::fold(conn, broadcast, run)?;
    Ok(left)
}
