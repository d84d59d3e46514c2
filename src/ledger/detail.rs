//! One broadcast in detail: its lists, its runs, and why rows were refused, skipped or are unknown. One look at its rows counts all of it.

use std::collections::BTreeMap;

use super::broadcasts::{self, Broadcast, BroadcastSummary, summaries};
use super::database::Ledger;
use super::db::{self, Conn};
use super::error::Result;
use super::sql::{sql, unsigned};
use super::state::State;
use crate::clock::UnixMillis;
use crate::text;

/// Words of a reason are shorter; a token may be this long.
const LONGEST_WORD: usize = 23;

/// A broadcast, all as of one moment.
#[derive(Clone, Debug)]
pub struct Detail {
    pub summary: BroadcastSummary,
    pub broadcast: Broadcast,
    /// When it was closed, if nothing was planned for it since.
    pub closed_at: Option<UnixMillis>,
    pub lists: Vec<ListDetail>,
    pub runs: Vec<RunDetail>,
    /// Of refused, skipped and unknown rows: the most frequent first, state by state.
    pub reasons: Vec<Reason>,
}

/// A list that was given to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListDetail {
    pub source: String,
    /// Its good rows.
    pub rows: u64,
    pub created_at: UnixMillis,
    /// `None`: planning was cut off, and nothing of it goes out.
    pub planned_at: Option<UnixMillis>,
    /// It has the people of the canary, who stand in another list, too.
    pub is_canary: bool,
    /// Its people by state, in the order of [`State::ALL`]; zeros once the rows of old lists were dropped.
    pub states: [u64; State::ALL.len()],
}

impl ListDetail {
    /// Different people of it that the ledger still knows.
    pub fn recipients(&self) -> u64 {
        self.states.iter().sum()
    }

    pub fn of(&self, state: State) -> u64 {
        self.states[state.number() as usize]
    }
}

/// A process that worked on it, and what became of the rows of which it made the last request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunDetail {
    pub host: String,
    pub started_at: UnixMillis,
    /// `None`: it is at work.
    pub ended_at: Option<UnixMillis>,
    pub why: Option<String>,
    pub accepted: u64,
    pub refused: u64,
    pub unknown: u64,
    pub claimed: u64,
    /// When the first and the last of these were claimed.
    claims: Option<(UnixMillis, UnixMillis)>,
}

impl RunDetail {
    /// From its first send to its last; `None` if less than a second lies between, which tells nothing.
    pub fn sends_per_second(&self) -> Option<f64> {
        let (first, last) = self.claims?;
        let seconds = last.since(first).as_secs_f64();
        let sends = self.accepted + self.refused + self.unknown + self.claimed;
        (seconds >= 1.0).then(|| sends.saturating_sub(1) as f64 / seconds)
    }
}

/// Why rows are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub state: State,
    /// Of a refused row.
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    /// Of a skipped row by its name; of an unknown one in words, without anything that may identify a person.
    pub reason: Option<String>,
    pub recipients: u64,
}

impl Ledger {
    /// `None`: there is no broadcast of this number.
    pub fn detail(&self, id: i64, now: UnixMillis) -> Result<Option<Detail>> {
        self.snapshot(|conn| {
            let Some(broadcast) = broadcasts::by_id(conn, id)? else { return Ok(None) };
            let Some(summary) = summaries(conn, None, Some(id), now)?.pop() else { return Ok(None) };
            let closed_at =
                conn.query_row("select finished_at from broadcasts where id = ?1", [id], |row| row.get(0))?;
            let lists = lists(conn, id)?;
            let mut runs = runs(conn, id)?;
            let reasons = count(conn, id, &mut runs)?;
            Ok(Some(Detail { summary, broadcast, closed_at, lists, runs: runs.into_values().collect(), reasons }))
        })
    }
}

fn lists(conn: &Conn, broadcast: i64) -> db::Result<Vec<ListDetail>> {
    let mut found: BTreeMap<i64, ListDetail> = conn
        .prepare_cached(
            "select l.id, l.source, l.rows, l.created_at, l.planned_at,
               exists (select 1 from canaries c where c.listing = l.id)
             from listings l where l.broadcast = ?1",
        )?
        .query_map([broadcast], |row| {
            let list = ListDetail {
                source: row.get(1)?,
                rows: unsigned(row.get(2)?),
                created_at: row.get(3)?,
                planned_at: row.get(4)?,
                is_canary: row.get(5)?,
                ..ListDetail::default()
            };
            Ok((row.get(0)?, list))
        })?
        .collect::<db::Result<_>>()?;
    let mut statement = conn.prepare_cached(
        "select h.listing, s.state, count(*) from listings l join listing_rows h on h.listing = l.id join sends s on s.id = h.send
         where l.broadcast = ?1 group by h.listing, s.state",
    )?;
    let mut rows = statement.query([broadcast])?;
    while let Some(row) = rows.next()? {
        if let Some(list) = found.get_mut(&row.get::<i64>(0)?) {
            list.states[row.get::<State>(1)?.number() as usize] += unsigned(row.get(2)?);
        }
    }
    Ok(found.into_values().collect())
}

fn runs(conn: &Conn, broadcast: i64) -> db::Result<BTreeMap<i64, RunDetail>> {
    conn.prepare_cached("select id, host, started_at, ended_at, why from runs where broadcast = ?1")?
        .query_map([broadcast], |row| {
            let run = RunDetail {
                host: row.get(1)?,
                started_at: row.get(2)?,
                ended_at: row.get(3)?,
                why: row.get(4)?,
                ..RunDetail::default()
            };
            Ok((row.get(0)?, run))
        })?
        .collect()
}

const ROWS: &str = sql!(
    "select state, case when state = {refused} then code end, case when state = {refused} then subcode end,
       case when state in ({skipped}, {unknown}) then reason end,
       case when state in ({claimed}, {accepted}, {refused}, {unknown}) then run end,
       count(*), min(claimed_at), max(claimed_at)
     from sends indexed by sends_once where broadcast = ?1 group by 1, 2, 3, 4, 5"
);

/// Counts the rows of a broadcast: for its runs, and by reason.
fn count(conn: &Conn, broadcast: i64, runs: &mut BTreeMap<i64, RunDetail>) -> db::Result<Vec<Reason>> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut statement = conn.prepare_cached(ROWS)?;
    let mut rows = statement.query([broadcast])?;
    while let Some(row) = rows.next()? {
        let (state, n): (State, u64) = (row.get(0)?, unsigned(row.get(5)?));
        if let Some(run) = row.get::<Option<i64>>(4)?.and_then(|id| runs.get_mut(&id)) {
            run.add(state, n, (row.get(6)?, row.get(7)?));
        }
        if !REASONED.contains(&state) {
            continue;
        }
        let reason: Option<String> = row.get(3)?;
        let (code, subcode) = (row.get(1)?, row.get(2)?);
        let reason = reason.map(|reason| named(state, &reason));
        let same = |other: &&mut Reason| {
            (other.state, other.code, other.subcode, &other.reason) == (state, code, subcode, &reason)
        };
        match reasons.iter_mut().find(same) {
            Some(found) => found.recipients += n,
            None => reasons.push(Reason { state, code, subcode, reason, recipients: n }),
        }
    }
    let place = |state: State| REASONED.iter().position(|other| *other == state);
    reasons.sort_by(|one, two| {
        let key = |of: &Reason| (place(of.state), std::cmp::Reverse(of.recipients), of.code, of.subcode);
        key(one).cmp(&key(two)).then_with(|| one.reason.cmp(&two.reason))
    });
    Ok(reasons)
}

/// States that have a reason, in the order in which they are told.
const REASONED: [State; 3] = [State::Refused, State::Skipped, State::Unknown];

/// A reason that rows share: the name of a skip without its detail, the words of what is unknown without what may be a token.
fn named(state: State, reason: &str) -> String {
    match state {
        State::Skipped => reason.split_once(':').map_or(reason, |(name, _)| name).to_owned(),
        _ => text::without_tokens(reason, LONGEST_WORD),
    }
}

impl RunDetail {
    fn add(&mut self, state: State, n: u64, (first, last): (Option<UnixMillis>, Option<UnixMillis>)) {
        match state {
            State::Accepted => self.accepted += n,
            State::Refused => self.refused += n,
            State::Unknown => self.unknown += n,
            State::Claimed => self.claimed += n,
            State::Pending | State::Skipped => {}
        }
        if let (Some(first), Some(last)) = (first, last) {
            let (begin, end) = self.claims.unwrap_or((first, last));
            self.claims = Some((begin.min(first), end.max(last)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::database::tests::engine::on_both;

    on_both! {
        fn a_broadcast_is_told_by_its_rows() {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::in_memory(folder.path());
            for (id, page) in [(7, "1"), (8, "2")] {
                ledger
                    .conn
                    .execute(
                        "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at, finished_at)
                         values (?1, ?2, 'act_1', '77', ?3, '{}', 1, 5)",
                        (id, page, [0xab_u8; 32]),
                    )
                    .unwrap();
            }
            for (id, source, planned_at) in [(1, "a.csv", Some(3)), (2, "b.csv", None), (3, "canary", Some(3))] {
                ledger
                    .conn
                    .execute(
                        "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at)
                         values (?1, 7, ?2, 9, ?3, 2, ?4)",
                        (id, source, [u8::try_from(id).unwrap_or(0)], planned_at),
                    )
                    .unwrap();
            }
            ledger
                .conn
                .execute(
                    "insert into canaries (broadcast, asked, wait, max_failed, hears, listing) values (7, '1', 0, 0.05, 0, 3)",
                    (),
                )
                .unwrap();
            for (id, ended_at, why) in [(1, Some(5000), Some("interrupted")), (2, None, None)] {
                ledger
                    .conn
                    .execute(
                        "insert into runs (id, uuid, broadcast, host, pid, started_at, ended_at, why)
                         values (?1, ?2, 7, 'one', 9, 4, ?3, ?4)",
                        (id, format!("run {id}"), ended_at, why),
                    )
                    .unwrap();
            }
            let unknown = "HTTP 502: EAAB0123456789abcdef0123 is busy";
            // State, run, claimed at, code, reason, lists.
            for (id, (state, run, at, code, reason, lists)) in (1_i64..).zip([
                (State::Accepted, Some(1), 1000, None, None, &[1, 3][..]),
                (State::Accepted, Some(1), 3000, None, None, &[1]),
                (State::Refused, Some(1), 2000, Some(2_300_004), Some("no such token"), &[1]),
                (State::Unknown, Some(1), 2500, None, Some(unknown), &[1]),
                (State::Claimed, Some(2), 9000, None, None, &[1]),
                (State::Skipped, None, 0, None, Some("missing_value: name"), &[1]),
                (State::Skipped, None, 0, None, Some("missing_value: size"), &[1]),
                (State::Skipped, None, 0, None, Some("opted_out"), &[1]),
                (State::Pending, None, 0, None, Some("cooling_down"), &[2]),
            ]) {
                ledger
                    .conn
                    .execute(
                        "insert into sends (id, broadcast, recipient, listing, state, run, claimed_at, code, reason)
                         values (?1, 7, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        (id, lists[0], state, run, Some(at).filter(|at| *at > 0), code, reason),
                    )
                    .unwrap();
                for list in lists {
                    let hold = "insert into listing_rows (listing, send) values (?1, ?2)";
                    ledger.conn.execute(hold, (*list, id)).unwrap();
                }
            }
            let sums = "insert into states (broadcast, state, n) select broadcast, state, count(*) from sends group by 1, 2";
            ledger.conn.execute(sums, ()).unwrap();

            let detail = ledger.detail(7, UnixMillis(10_000)).unwrap().unwrap();
            let summary = &detail.summary;
            assert_eq!((summary.id, summary.accepted, summary.skipped, summary.pending), (7, 2, 3, 1));
            assert_eq!((detail.broadcast.campaign.as_str(), detail.closed_at), ("77", Some(UnixMillis(5))));
            let lists: Vec<_> = detail
                .lists
                .iter()
                .map(|list| (list.source.as_str(), list.recipients(), list.of(State::Accepted), list.planned_at.is_some(), list.is_canary))
                .collect();
            assert_eq!(
                lists,
                [("a.csv", 8, 2, true, false), ("b.csv", 1, 0, false, false), ("canary", 1, 1, true, true)]
            );
            let runs: Vec<_> =
                detail.runs.iter().map(|run| (run.accepted, run.refused, run.unknown, run.claimed, run.why.as_deref())).collect();
            assert_eq!(runs, [(2, 1, 1, 0, Some("interrupted")), (0, 0, 0, 1, None)]);
            // Four sends within two seconds: three of them after the first.
            assert_eq!(detail.runs[0].sends_per_second(), Some(1.5));
            assert_eq!(detail.runs[1].sends_per_second(), None);
            let reasons: Vec<_> = detail
                .reasons
                .iter()
                .map(|reason| (reason.state, reason.code, reason.reason.as_deref(), reason.recipients))
                .collect();
            assert_eq!(
                reasons,
                [
                    (State::Refused, Some(2_300_004), None, 1),
                    (State::Skipped, None, Some("missing_value"), 2),
                    (State::Skipped, None, Some("opted_out"), 1),
                    (State::Unknown, None, Some("HTTP 502: … is busy"), 1),
                ]
            );
            let other = ledger.detail(8, UnixMillis(10_000)).unwrap().unwrap();
            assert!(other.lists.is_empty() && other.runs.is_empty() && other.reasons.is_empty());
            assert!(ledger.detail(9, UnixMillis(10_000)).unwrap().is_none());
        }
    }
}
