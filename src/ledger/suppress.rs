//! Suppressions by the operator: whole lists, for every token of each person.

use std::time::Instant;

use super::database::{HOLD, Ledger, Watch, audit};
use super::db::Conn;
use super::error::{Error, Need, Result};
use super::people::operator::{self, Unsuppressed};
use super::people::{Arrivals, find_id};
use super::room;
use super::spool::Listing;
use super::witness;
use crate::clock::UnixMillis;
use crate::text::{count, thousands};

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuppressOrder {
    /// With the operator's reason.
    Suppress(Option<String>),
    Unsuppress,
}

impl SuppressOrder {
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Suppress(_) => "tokens suppress",
            Self::Unsuppress => "tokens unsuppress",
        }
    }
}

/// What became of a list. Every row is one of `changed`, `unchanged` and `unseen`, but that a token which was never seen is kept, and
/// changed, if it is to be suppressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    pub changed: u64,
    /// They were as they should be; a token that is listed twice is one the second time.
    pub unchanged: u64,
    /// Tokens that the ledger had never seen.
    pub unseen: u64,
    /// Further tokens of these people that were changed.
    pub other_tokens: u64,
    /// Suppressed for another reason, which is not the operator's to lift.
    pub stay: u64,
}

impl Ledger {
    /// Does it to everybody in the list, in transactions short enough to share the ledger.
    ///
    /// # Errors
    /// The caller asked to stop, and what was done stays done; the disk is about to be full; the database fails.
    pub fn suppress(
        &mut self,
        order: &SuppressOrder,
        page: &str,
        list: &mut Listing,
        who: &str,
        now: UnixMillis,
        watch: &mut Watch<'_>,
    ) -> Result<Suppressions> {
        let mut counts = Suppressions::default();
        let (mut done, mut more) = (0, true);
        while more {
            if (watch.stop)() {
                return Err(Error::SuppressingStopped { done });
            }
            self.require_room(Need::Suppress, room::left_by_long_work())?;
            let begin = Instant::now();
            self.write_once(|conn| {
                let mut part = Suppressions::default();
                let mut rows = 0_u64;
                while !rows.is_multiple_of(64) || rows == 0 || begin.elapsed() < HOLD {
                    let Some(row) = list.next_row()? else {
                        more = false;
                        break;
                    };
                    rows += 1;
                    match order {
                        SuppressOrder::Suppress(note) => {
                            let met = Arrivals::new(conn)?.find_or_add(&row.key, &row.token, page)?;
                            part.unseen += u64::from(met.is_new);
                            suppress(conn, met.id, note.as_deref(), now, &mut part)?;
                        }
                        SuppressOrder::Unsuppress => match find_id(conn, &row.key)? {
                            Some(id) => unsuppress(conn, id, &mut part)?,
                            None => part.unseen += 1,
                        },
                    }
                }
                if rows > 0 {
                    let what = format!("{} of {} changed", thousands(part.changed), count(rows, "row", "rows"));
                    audit(conn, now, who, order.command(), &what)?;
                    witness::step(conn, None)?;
                }
                counts.add(part);
                done += rows;
                Ok(())
            })?;
            (watch.progress)(done);
        }
        self.be_seen();
        Ok(counts)
    }
}

fn suppress(conn: &Conn, id: i64, note: Option<&str>, now: UnixMillis, part: &mut Suppressions) -> Result<()> {
    for token in operator::tokens(conn, id)? {
        let changed = operator::suppress(conn, token, note, now)?;
        match (token == id, changed) {
            (true, true) => part.changed += 1,
            (true, false) => part.unchanged += 1,
            (false, changed) => part.other_tokens += u64::from(changed),
        }
    }
    Ok(())
}

fn unsuppress(conn: &Conn, id: i64, part: &mut Suppressions) -> Result<()> {
    for token in operator::tokens(conn, id)? {
        let was = operator::unsuppress(conn, token)?;
        match (token == id, was) {
            (true, Unsuppressed::Lifted) => part.changed += 1,
            (true, Unsuppressed::WasNot) => part.unchanged += 1,
            (true, Unsuppressed::Stays) => {
                part.unchanged += 1;
                part.stay += 1;
            }
            (false, was) => part.other_tokens += u64::from(was == Unsuppressed::Lifted),
        }
    }
    Ok(())
}

impl Suppressions {
    fn add(&mut self, part: Self) {
        self.changed += part.changed;
        self.unchanged += part.unchanged;
        self.unseen += part.unseen;
        self.other_tokens += part.other_tokens;
        self.stay += part.stay;
    }
}
