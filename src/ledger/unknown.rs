//! Unknown sends: Meta may or may not have accepted them.

use std::time::Duration;

use super::db::{self, Conn, Optional};
use serde::Serialize;

use super::attempts;
use super::broadcasts::is_closed;
use super::database::Ledger;
use super::error::{Error, Result};
use super::judge::put_back;
use super::people;
use super::restore::RESTORED;
use super::sql::sql;
use super::state::State;
use super::tally::{Tally, What};
use crate::clock::UnixMillis;
use crate::times::{CLOCK_SKEW, COOL_DOWN, ON_THE_WAY};

/// One unknown send.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownSend {
    pub send: i64,
    pub token: String,
    pub broadcast: i64,
    pub campaign: String,
    /// Why it is unknown: `timeout`, `lost`, `killed`, `restored`, or what Graph answered.
    pub reason: String,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
    pub claimed_at: Option<UnixMillis>,
    /// When it became unknown.
    pub at: Option<UnixMillis>,
    /// Until when no message goes to this person.
    pub blocked_until: UnixMillis,
    pub page: String,
    /// What the campaign was called when it was last sent with.
    pub campaign_name: Option<String>,
    /// Whether an event came that may be about it.
    #[serde(skip)]
    pub heard: bool,
}

/// Which unknown sends are meant: those that match everything given.
#[derive(Clone, Debug, Default)]
pub struct UnknownFilter {
    pub page: Option<String>,
    pub token: Option<String>,
    pub broadcast: Option<i64>,
    pub campaign: Option<String>,
    pub since: Option<UnixMillis>,
    pub until: Option<UnixMillis>,
    pub reason: Option<String>,
    pub fbtrace_id: Option<String>,
}

impl Ledger {
    /// Every unknown send that matches, oldest first.
    pub fn unknowns(&self, filter: &UnknownFilter) -> Result<Vec<UnknownSend>> {
        let mut all = Vec::new();
        self.each_unknown(filter, &mut |send| {
            all.push(send);
            Ok::<_, Error>(())
        })?;
        Ok(all)
    }

    /// Hands every unknown send that matches to `each`, oldest first, until it fails.
    pub fn each_unknown<E: From<Error>>(
        &self,
        filter: &UnknownFilter,
        each: &mut dyn FnMut(UnknownSend) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: db::Error| Error::from(error).at(self.address());
        let mut statement = self
            .conn
            .prepare_cached(sql!(
                "select s.id, r.token, s.broadcast, b.campaign, coalesce(s.reason, ''), s.code, s.subcode, s.fbtrace_id,
                        s.claimed_at, s.finished_at, r.blocked_until, b.page, s.attribution is not null,
                        b.campaign_name
                 from sends s {people} join broadcasts b on b.id = s.broadcast
                 where s.state = {unknown} and (cast(?1 as text) is null or r.token = ?1) and (cast(?2 as bigint) is null or s.broadcast = ?2)
                   and (cast(?3 as text) is null or b.campaign = ?3) and (cast(?4 as bigint) is null or s.finished_at >= ?4)
                   and (cast(?5 as bigint) is null or s.finished_at < ?5)
                   and (cast(?6 as text) is null or s.fbtrace_id = ?6)
                   and (cast(?7 as text) is null or b.page = ?7)
                 order by s.broadcast, s.id",
                people = people::OF_SENDS,
            ))
            .map_err(failed)?;
        let mut rows = statement
            .query((
                &filter.token,
                filter.broadcast,
                &filter.campaign,
                filter.since.map(|at| at.0),
                filter.until.map(|at| at.0),
                &filter.fbtrace_id,
                &filter.page,
            ))
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let read = || {
                Ok(UnknownSend {
                    send: row.get(0)?,
                    token: row.get(1)?,
                    broadcast: row.get(2)?,
                    campaign: row.get(3)?,
                    reason: row.get(4)?,
                    code: row.get(5)?,
                    subcode: row.get(6)?,
                    fbtrace_id: row.get(7)?,
                    claimed_at: row.get::<Option<i64>>(8)?.map(UnixMillis),
                    at: row.get::<Option<i64>>(9)?.map(UnixMillis),
                    blocked_until: UnixMillis(row.get(10)?),
                    page: row.get(11)?,
                    heard: row.get(12)?,
                    campaign_name: row.get(13)?,
                })
            };
            let send = read().map_err(failed)?;
            if filter.reason.as_ref().is_none_or(|part| send.reason.contains(part)) {
                each(send)?;
            }
        }
        Ok(())
    }
}

/// What a person, or evidence, says about an unknown send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A person's word.
    Accepted,
    /// A person's word.
    NotSent,
    /// Evidence that it was accepted.
    Proved,
}

impl Resolution {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotSent => "not_sent",
            Self::Proved => "proved",
        }
    }
}

impl Ledger {
    /// Settles unknown sends; how many were still unknown. One that was not sent is pending from when the person is free again,
    /// never earlier; in a broadcast that was closed it is skipped.
    pub fn resolve_unknown(&mut self, sends: &[i64], resolution: Resolution, now: UnixMillis) -> Result<u64> {
        let mut resolved = 0;
        for part in sends.chunks(1000) {
            resolved += self.write(|conn| {
                let mut count = 0;
                let mut tally = Tally::default();
                for send in part {
                    let mut find = conn.prepare_cached(sql!(
                        "select broadcast, recipient, coalesce(claimed_at, ?2), arm from sends where id = ?1 and state = {unknown}"
                    ))?;
                    let found: Option<(i64, i64, UnixMillis, Option<i64>)> = find
                        .query_row((send, now), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                        .optional()?;
                    let Some((broadcast, recipient, claimed_at, arm)) = found else { continue };
                    let to = match resolution {
                        Resolution::Accepted => accept(conn, *send, "resolved", now)?,
                        Resolution::Proved => accept(conn, *send, "evidence", claimed_at)?,
                        Resolution::NotSent => {
                            attempts::keep_last(conn, *send, State::Unknown)?;
                            let free_at = people::get(conn, recipient)?.free_at();
                            let decision = put_back(free_at, is_closed(conn, broadcast)?);
                            let reason = decision.reason().unwrap_or_else(|| "resolved".to_owned());
                            conn.prepare_cached(
                                "update sends set run = null, finished_at = null, state = ?2, reason = ?3, not_before = ?4
                                 where id = ?1",
                            )?
                            .execute((send, decision.state(), reason, decision.not_before()))?;
                            decision.state()
                        }
                    };
                    tally.moved(broadcast, claimed_at, State::Unknown, to);
                    if to == State::Accepted {
                        tally.of_arm(broadcast, claimed_at, arm, None, 1);
                    }
                    if resolution == Resolution::Proved {
                        tally.add(broadcast, claimed_at, What::Settled, 1);
                    }
                    count += 1;
                }
                tally.write(conn)?;
                Ok(count)
            })?;
        }
        Ok(resolved)
    }
}

fn accept(conn: &Conn, send: i64, reason: &str, at: UnixMillis) -> db::Result<State> {
    conn.prepare_cached("update sends set state = ?2, reason = ?3, finished_at = ?4 where id = ?1")?.execute((
        send,
        State::Accepted,
        reason,
        at,
    ))?;
    Ok(State::Accepted)
}

/// How the reason of a send that was probably not sent begins.
pub const PROBABLY_NOT_SENT: &str = "probably not sent";

impl Ledger {
    /// Notes that these unknown sends were probably not sent. They stay unknown: only a person makes them pending again.
    pub fn doubt_less(&mut self, sends: &[i64]) -> Result<()> {
        for part in sends.chunks(1000) {
            self.write(|conn| {
                let mut update = conn.prepare_cached(sql!(
                    "update sends set reason = ?2 || coalesce(': ' || reason, '')
                     where id = ?1 and state = {unknown} and (reason is null or substr(reason, 1, length(?2)) <> ?2)"
                ))?;
                for send in part {
                    update.execute((send, PROBABLY_NOT_SENT))?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Keeps when Graph lets the people of these sends have the next message, as it said just now.
    pub fn keep_next_eligible(&mut self, told: &[(i64, UnixMillis)]) -> Result<()> {
        for part in told.chunks(1000) {
            self.write(|conn| {
                let mut find = conn.prepare_cached("select recipient from sends where id = ?1")?;
                for (send, at) in part {
                    people::keep_next_eligible(conn, find.query_row([send], |row| row.get(0))?, *at)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// What the time at which a person may get the next message says about an unknown send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Something was accepted for this person while this request was on its way.
    Accepted,
    /// A day after the request there was no event for it, and the last acceptance was before it.
    ProbablyNotSent,
    Open,
}

/// `next_eligible_at` is 12 h after the last message that was accepted for the person, from anybody. A shorter `cool_down` is that
/// of a rehearsal, whose host counts shorter as well.
pub fn weigh(send: &UnknownSend, next_eligible_at: Option<UnixMillis>, cool_down: Duration, now: UnixMillis) -> Weight {
    let (Some(claimed_at), Some(told)) = (send.claimed_at, next_eligible_at) else { return Weight::Open };
    let gap = cool_down.min(COOL_DOWN);
    let slack = CLOCK_SKEW.min(gap / 8);
    let last_accepted = told.minus(gap);
    let from = claimed_at.minus(slack);
    // A row of an old copy of the ledger may have been sent at any time until the copy was accepted.
    let is_restored = send.reason.ends_with(RESTORED);
    let until = if is_restored { send.at.unwrap_or(claimed_at) } else { claimed_at };
    if last_accepted < from {
        let a_day_after = until.plus(gap * 2);
        return if now >= a_day_after && !send.heard { Weight::ProbablyNotSent } else { Weight::Open };
    }
    // In all that time another broadcast may have reached the person, which says nothing of this send.
    if is_restored {
        return Weight::Open;
    }
    // Later than this, another sender did.
    if last_accepted <= claimed_at.plus(ON_THE_WAY).plus(slack) { Weight::Accepted } else { Weight::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn unknown(claimed_at: UnixMillis, heard: bool) -> UnknownSend {
        UnknownSend {
            send: 1,
            token: "t".to_owned(),
            broadcast: 1,
            campaign: "c".to_owned(),
            reason: "killed".to_owned(),
            code: None,
            subcode: None,
            fbtrace_id: None,
            claimed_at: Some(claimed_at),
            at: Some(claimed_at.plus(HOUR * 9)),
            blocked_until: claimed_at.plus(HOUR * 21),
            page: "1".to_owned(),
            campaign_name: None,
            heard,
        }
    }

    fn weight(eligible: Option<UnixMillis>, age: Duration, heard: bool) -> Weight {
        let claimed_at = UnixMillis(1_764_000_000_000);
        weigh(&unknown(claimed_at, heard), eligible, HOUR * 24, claimed_at.plus(age))
    }

    #[test]
    fn the_eligible_time_tells_when_it_moved_with_the_request_and_never_alone_that_nothing_was_sent() {
        let claimed_at = UnixMillis(1_764_000_000_000);
        let after = |accepted: UnixMillis| Some(accepted.plus(HOUR * 12));
        let second = Duration::from_secs(1);
        let accepted = [
            claimed_at,
            claimed_at.plus(second * 30),
            claimed_at.plus(ON_THE_WAY + CLOCK_SKEW),
            claimed_at.minus(CLOCK_SKEW),
        ];
        for at in accepted {
            assert_eq!(weight(after(at), HOUR, false), Weight::Accepted, "{at}");
        }
        // Another sender's, ours of the day before, and no time at all.
        assert_eq!(weight(after(claimed_at.plus(second * 636)), HOUR * 48, false), Weight::Open);
        let before = after(claimed_at.minus(second * 601));
        assert_eq!(weight(before, HOUR * 24 - second, false), Weight::Open);
        assert_eq!(weight(before, HOUR * 24, false), Weight::ProbablyNotSent);
        assert_eq!(weight(before, HOUR * 24, true), Weight::Open);
        assert_eq!(weight(None, HOUR * 48, false), Weight::Open);
    }

    #[test]
    fn a_row_of_an_old_copy_is_never_proved_by_the_eligible_time_and_was_probably_not_sent_a_day_after_it_was_accepted()
    {
        let since = UnixMillis(1_764_000_000_000);
        let accepted_at = since.plus(HOUR * 9);
        let after = |accepted: UnixMillis| Some(accepted.plus(HOUR * 12));
        let before = after(since.minus(HOUR));
        for (eligible, now, heard, expected) in [
            (after(since), accepted_at.plus(HOUR), false, Weight::Open),
            (after(since.plus(HOUR * 5)), accepted_at.plus(HOUR * 48), false, Weight::Open),
            (before, accepted_at.plus(HOUR * 24).minus(HOUR), false, Weight::Open),
            (before, accepted_at.plus(HOUR * 24), false, Weight::ProbablyNotSent),
            (before, accepted_at.plus(HOUR * 24), true, Weight::Open),
        ] {
            for reason in ["restored", "probably not sent: restored"] {
                let send = UnknownSend { reason: reason.to_owned(), ..unknown(since, heard) };
                assert_eq!(weigh(&send, eligible, HOUR * 12, now), expected, "{eligible:?} {now} {reason}");
            }
        }
    }
}
