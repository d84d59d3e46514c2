//! The table `recipients`: only this module writes to it, and others read it through the joins named here.

pub mod choices;
pub mod erased;
pub mod filter;
pub mod found;
pub mod listed;
pub mod met;
pub mod operator;
pub mod others;
pub mod suppression;
pub mod tombs;

use std::collections::HashMap;

use super::db::arrays::{blobs, ints, texts};
use super::db::{self, Conn, OnDemand, Optional, Row, Statement};

use super::judge::Person;
use super::key::{Key, key};
use super::sql::sql;
use crate::clock::UnixMillis;
use choices::Whom;
use suppression::{Choice, Lift, Suppressed, Suppression, lift, suppress};
use tombs::Tombs;

/// Joins the people of `sends s` as `r`.
pub const OF_SENDS: &str = "join recipients r on r.id = s.recipient";
/// Until when the person of a row of `sends s` is blocked.
pub const BLOCKED_UNTIL_OF_SENDS: &str = "(select r.blocked_until from recipients r where r.id = s.recipient)";
/// People by their keys, ?1, as `r`, with their places `t.place`, counted from 1; on a server. They are looked up one by one: a plan that the
/// server made while there were few people would go through all of them for each set of keys.
pub const OF_KEYS: &str = "unnest(cast(?1 as bytea[])) with ordinality as t (key, place)
    cross join lateral (select * from recipients where key = t.key limit 1) r";
/// The ids of the people from ?2 to ?3, each beside ?1.
pub const SPAN: &str = "select cast(?1 as bigint), id from recipients where id between ?2 and ?3";
/// Joins the people of `audience_rows a` as `r`.
pub const OF_AUDIENCE: &str = "join recipients r on r.id = a.recipient";

/// What [`person`] reads, of a row named `r`. Most people have no PSID, and nothing is asked of their other tokens.
pub const COLUMNS: &str = sql!(
    "r.blocked_until, r.blocked_until_before_claim, r.next_eligible_at, r.expires_at, r.suppressed, r.time_zone,
    case when r.psid is not null then (select max(o.blocked_until) from recipients o where {is_other}) end",
    is_other = others::IS_OTHER,
);

/// A person from [`COLUMNS`], the first at `first`.
pub fn person(row: &Row<'_>, first: usize) -> db::Result<Person> {
    Ok(Person {
        blocked_until: row.get(first)?,
        before_claim: row.get(first + 1)?,
        next_eligible_at: row.get(first + 2)?,
        expires_at: row.get(first + 3)?,
        suppressed: row.get(first + 4)?,
        zone: row.get::<Option<_>>(first + 5)?.unwrap_or_default(),
        others_blocked_until: row.get(first + 6)?,
    })
}

/// A person of the ledger, with the ID of the row; also one who was erased.
pub fn find(conn: &Conn, key: &Key) -> db::Result<Option<(i64, Person)>> {
    let found = conn
        .prepare_cached(sql!("select r.id, {columns} from recipients r where r.key = ?1", columns = COLUMNS))?
        .query_row([key], |row| Ok((row.get(0)?, person(row, 1)?)))
        .optional()?;
    match found {
        Some(found) => Ok(Some(found)),
        None => match Tombs::of(conn)?.find(conn, key)? {
            Some(id) => Ok(Some((id, get(conn, id)?))),
            None => Ok(None),
        },
    }
}

/// The row of a person, also of one who was erased.
pub fn find_id(conn: &Conn, key: &Key) -> db::Result<Option<i64>> {
    match find_plain(conn, key)? {
        Some(id) => Ok(Some(id)),
        None => Tombs::of(conn)?.find(conn, key),
    }
}

fn find_plain(conn: &Conn, key: &Key) -> db::Result<Option<i64>> {
    conn.prepare_cached("select id from recipients where key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

/// Those of these people whom the ledger knows; on a server.
pub fn ids_of<'k>(conn: &Conn, keys: impl Iterator<Item = &'k Key>) -> db::Result<HashMap<Key, i64>> {
    conn.prepare_cached(sql!("select r.key, r.id from {people}", people = OF_KEYS))?
        .query_map([blobs(keys)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Those of these recipients, by their places, of whose persons a choice without a token is kept; and whether each is known to be that
/// person. On a server.
pub fn with_choices(conn: &Conn, all: &[(i64, Whom<'_>)]) -> db::Result<Vec<(usize, bool)>> {
    conn.prepare_cached(
        "select t.place, r.psid is not distinct from t.psid
         from unnest(cast(?1 as int8[]), cast(?2 as text[]), cast(?3 as text[])) with ordinality as t (recipient, page, psid, place)
         join choices c on c.page = t.page and c.psid = t.psid join recipients r on r.id = t.recipient order by t.place",
    )?
    .query_map(
        (
            ints(all.iter().map(|(recipient, _)| *recipient)),
            texts(all.iter().map(|(_, whom)| Some(whom.page))),
            texts(all.iter().map(|(_, whom)| Some(whom.psid))),
        ),
        |row| Ok((usize::try_from(row.get::<i64>(0)? - 1).unwrap_or(usize::MAX), row.get(1)?)),
    )?
    .collect()
}

/// The recipients known to be this person.
pub fn tokens_of(conn: &Conn, whom: Whom<'_>) -> db::Result<Vec<i64>> {
    conn.prepare_cached("select id from recipients where psid = ?1 and page = ?2 order by id")?
        .query_map((whom.psid, whom.page), |row| row.get(0))?
        .collect()
}

pub fn get(conn: &Conn, id: i64) -> db::Result<Person> {
    conn.prepare_cached(sql!("select {columns} from recipients r where r.id = ?1", columns = COLUMNS))?
        .query_row([id], |row| person(row, 0))
}

/// Adds people who may be new, many in one transaction.
pub struct Arrivals<'c> {
    conn: &'c Conn,
    insert: Statement<'c>,
    tombs: Tombs,
}

/// The row of somebody who was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetPerson {
    pub id: i64,
    pub is_new: bool,
    pub is_erased: bool,
}

impl<'c> Arrivals<'c> {
    pub fn new(conn: &'c Conn) -> db::Result<Self> {
        let insert = conn.prepare_insert(
            "insert into recipients (key, token, page) values (?1, ?2, ?3) on conflict (key) do nothing",
        )?;
        Ok(Self { conn, insert, tombs: Tombs::of(conn)? })
    }

    /// The row of a new person; `None` for a known one.
    pub fn add(&mut self, key: &Key, token: &str, page: &str) -> db::Result<Option<i64>> {
        // The token of somebody who was erased is not written again, not even for a moment.
        match self.tombs.find(self.conn, key)? {
            Some(_) => Ok(None),
            None => self.insert.insert((key, token, page)),
        }
    }

    /// The row of anybody.
    pub fn find_or_add(&mut self, key: &Key, token: &str, page: &str) -> db::Result<MetPerson> {
        if let Some(id) = self.tombs.find(self.conn, key)? {
            return Ok(MetPerson { id, is_new: false, is_erased: true });
        }
        let (id, is_new) = match self.insert.insert((key, token, page))? {
            Some(id) => (id, true),
            None => (find_plain(self.conn, key)?.ok_or(db::Error::NoRow)?, false),
        };
        Ok(MetPerson { id, is_new, is_erased: false })
    }
}

/// Adds people whom nobody has added yet, in this order: in the order of their ids a list of them is sent to. On a server. A transaction is
/// taken back whose people another one added just now, and one of two that wait for each other's people.
pub fn arrive<'k>(
    conn: &Conn,
    people: impl Iterator<Item = (&'k Key, &'k str)>,
    page: &str,
) -> db::Result<HashMap<Key, i64>> {
    let people: Vec<_> = people.collect();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    conn.prepare_cached(
        "insert into recipients (page, key, token)
         select cast(?1 as text), t.* from unnest(cast(?2 as bytea[]), cast(?3 as text[])) as t returning key, id",
    )?
    .query_map(
        (page, blobs(people.iter().map(|(key, _)| *key)), texts(people.iter().map(|(_, token)| Some(*token)))),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?
    .collect()
}

/// Cool-downs: a claim blocks its person, and what became of its request shortens that, or takes it back.
pub struct CoolDowns<'c> {
    claim: OnDemand<'c>,
    take_back: OnDemand<'c>,
    are_blocked: OnDemand<'c>,
    block: OnDemand<'c>,
    restore: OnDemand<'c>,
}

impl<'c> CoolDowns<'c> {
    pub const fn new(conn: &'c Conn) -> Self {
        Self {
            claim: OnDemand::new(
                conn,
                sql!(
                    "update recipients as r set blocked_until_before_claim = blocked_until, blocked_until = ?2
                 where id = ?1 and blocked_until = ?3 and next_eligible_at is not distinct from ?4
                   and expires_at is not distinct from ?5 and suppressed is not distinct from ?6
                   and blocked_until_before_claim is not distinct from ?7
                   and (psid is null or ?8 or not exists (select 1 from recipients o where {is_other}))",
                    is_other = others::IS_OTHER,
                ),
            ),
            take_back: OnDemand::new(
                conn,
                "update recipients set blocked_until = ?2, blocked_until_before_claim = ?3 where id = ?1",
            ),
            are_blocked: OnDemand::new(conn, "select 1 from recipients where id = ?1 and blocked_until = ?2"),
            // A person who is not blocked by this claim any more is blocked by another, perhaps with a request on the wire: that is
            // made longer, never shorter.
            block: OnDemand::new(
                conn,
                "update recipients set
                   blocked_until = case when blocked_until = ?3 or blocked_until < ?2 then ?2 else blocked_until end,
                   blocked_until_before_claim = case when blocked_until = ?3 then null
                     when blocked_until_before_claim < ?2 then ?2 else blocked_until_before_claim end
                 where id = ?1",
            ),
            restore: OnDemand::new(
                conn,
                "update recipients set blocked_until = blocked_until_before_claim, blocked_until_before_claim = null
                 where id = ?1 and blocked_until = ?2 and blocked_until_before_claim is not null",
            ),
        }
    }

    /// Blocks the person for a claim if they are still as they were judged, also as to whether they have other tokens. `false`: judge again.
    pub fn claim(&mut self, id: i64, judged: &Person, until: UnixMillis) -> db::Result<bool> {
        // A time zone that an event tells between the two moments counts from the next time on that they are judged.
        let Person {
            blocked_until, before_claim, next_eligible_at, expires_at, suppressed, others_blocked_until, ..
        } = judged;
        let knew_others = others_blocked_until.is_some();
        let values = (id, until, blocked_until, next_eligible_at, expires_at, suppressed, before_claim, knew_others);
        Ok(self.claim.get()?.execute(values)? == 1)
    }

    /// Takes a claim back that this transaction made, and whose row is another's: the person is what they were judged to be.
    pub fn take_back(&mut self, id: i64, judged: &Person) -> db::Result<()> {
        self.take_back.get()?.execute((id, judged.blocked_until, judged.before_claim)).map(drop)
    }

    /// Whether they are blocked until exactly then.
    pub fn are_blocked(&mut self, id: i64, until: UnixMillis) -> db::Result<bool> {
        self.are_blocked.get()?.exists((id, until))
    }

    /// Blocks the person until then. `own`: until when the claim blocked them.
    pub fn block(&mut self, id: i64, until: UnixMillis, own: UnixMillis) -> db::Result<()> {
        self.block.get()?.execute((id, until, own)).map(drop)
    }

    /// The cool-down is what it was before the claim, unless another claim blocks the person now.
    pub fn restore(&mut self, id: i64, own: UnixMillis) -> db::Result<()> {
        self.restore.get()?.execute((id, own)).map(drop)
    }
}

/// Blocks people, ?1, for claims until ?2, a row for each; on a server, where this transaction has locked them and judged them since.
pub const CLAIM_LOCKED: &str = "update recipients set blocked_until_before_claim = blocked_until, blocked_until = ?2
    where id = any (cast(?1 as int8[])) returning 1";

/// Blocks the people of the rows that a run left claimed.
pub fn block_claimed(conn: &Conn, run: i64, until: UnixMillis) -> db::Result<()> {
    conn.prepare_cached(sql!(
        "update recipients set blocked_until = case when blocked_until < ?2 then ?2 else blocked_until end,
           blocked_until_before_claim = null
         where id in (select recipient from sends where run = ?1 and state = {claimed})"
    ))?
    .execute((run, until))
    .map(drop)
}

/// Keeps when Graph lets the person have the next message. Its last answer counts.
pub fn keep_next_eligible(conn: &Conn, id: i64, at: UnixMillis) -> db::Result<()> {
    conn.prepare_cached("update recipients set next_eligible_at = ?2 where id = ?1")?.execute((id, at)).map(drop)
}

/// Keeps the person out of every broadcast.
pub fn keep_out(conn: &Conn, id: i64, why: Suppression, at: UnixMillis) -> db::Result<()> {
    let (before, choice) = suppression_of(conn, id)?;
    write_suppression(conn, id, before, suppress(before, why, at, choice))
}

/// Why nothing goes to a person, and their newest stop or resume.
pub fn suppression_of(conn: &Conn, id: i64) -> db::Result<(Option<Suppressed>, Option<Choice>)> {
    conn.prepare_cached("select suppressed, suppressed_at, opt_at, opted_out from recipients where id = ?1")?.query_row(
        [id],
        |row| {
            let since = row.get(1)?;
            let suppressed = row.get::<Option<_>>(0)?.map(|why| Suppressed { why, since });
            let opted_out = row.get::<Option<_>>(3)?.unwrap_or(false);
            Ok((suppressed, row.get::<Option<_>>(2)?.map(|at| Choice { at, opted_out })))
        },
    )
}

/// Those of these recipients to whom nothing goes; on a server.
fn suppressed_of(conn: &Conn, ids: impl Iterator<Item = i64>) -> db::Result<Vec<i64>> {
    conn.prepare_cached(
        "select id from recipients where id = any (cast(?1 as int8[])) and suppressed is not null order by id",
    )?
    .query_map([ints(ids)], |row| row.get(0))?
    .collect()
}

fn write_suppression(conn: &Conn, id: i64, before: Option<Suppressed>, after: Option<Suppressed>) -> db::Result<()> {
    if before == after {
        return Ok(());
    }
    conn.prepare_cached("update recipients set suppressed = ?2, suppressed_at = ?3 where id = ?1")?
        .execute((id, after.map(|after| after.why), after.and_then(|after| after.since)))
        .map(drop)
}

/// What an opt-in event says of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptIn {
    /// `Some(true)`: the person stopped; `Some(false)`: resumed.
    pub stop: Option<bool>,
    /// The status in Meta's words, in lower case.
    pub status: Option<String>,
    /// As Meta names it.
    pub time_zone: Option<String>,
    pub expires_at: Option<UnixMillis>,
}

impl OptIn {
    pub fn is_stop(&self) -> bool {
        self.stop == Some(true)
    }

    /// The stop or resume in it, of this time.
    pub fn choice(&self, at: UnixMillis) -> Option<Choice> {
        self.stop.map(|opted_out| Choice { at, opted_out })
    }
}

/// Records what an opt-in event says of a recipient. `at`: its time, at the latest when it was received. The newest event decides about
/// time zone and expiry, in whatever order they come; about stop and resume see [`Choice::after`].
pub fn opt_in(conn: &Conn, id: i64, said: &OptIn, at: UnixMillis) -> db::Result<()> {
    conn.prepare_cached(
        "update recipients set optin_at = ?2, time_zone = coalesce(?3, time_zone), expires_at = coalesce(?4, expires_at)
         where id = ?1 and coalesce(optin_at, -1) < ?2",
    )?
    .execute((id, at, &said.time_zone, said.expires_at))?;
    // A token that was renewed has not expired.
    if said.expires_at.is_none_or(|expiry| expiry > at) {
        let (before, choice) = suppression_of(conn, id)?;
        write_suppression(conn, id, before, lift(before, Lift::OptIn, at, choice))?;
    }
    match said.choice(at) {
        Some(said) => choose(conn, id, said),
        None => Ok(()),
    }
}

fn keep_choice(conn: &Conn, id: i64, choice: Choice) -> db::Result<()> {
    conn.prepare_cached("update recipients set opt_at = ?2, opted_out = ?3 where id = ?1")?
        .execute((id, choice.at, choice.opted_out))
        .map(drop)
}

/// Records that the person stopped, at this time.
pub fn stop(conn: &Conn, id: i64, at: UnixMillis) -> db::Result<()> {
    choose(conn, id, Choice { at, opted_out: true })
}

/// Records a stop or resume of a recipient, unless an earlier one outranks it.
fn choose(conn: &Conn, id: i64, said: Choice) -> db::Result<()> {
    let (before, newest) = suppression_of(conn, id)?;
    let Some(choice) = said.after(newest) else { return Ok(()) };
    keep_choice(conn, id, choice)?;
    let after = if choice.opted_out {
        suppress(before, Suppression::OptedOut, choice.at, Some(choice))
    } else {
        lift(before, Lift::Resume, choice.at, Some(choice))
    };
    write_suppression(conn, id, before, after)
}

/// How many rows of this table are of a person who is not there.
pub fn missing(conn: &Conn, table: &str) -> db::Result<i64> {
    conn.query_row(
        &format!(
            "select count(*) from {table} t
             where t.recipient is not null and not exists (select 1 from recipients r where r.id = t.recipient)"
        ),
        (),
        |row| row.get(0),
    )
}

/// How many people have a key that is not their token's: they would not be found, and added again. Who was erased has no token.
pub fn wrong_keys(conn: &Conn) -> db::Result<i64> {
    const TOGETHER: i64 = 10_000;
    let mut part =
        conn.prepare_cached("select id, key, token, erased_at from recipients where id > ?1 order by id limit ?2")?;
    let (mut wrong, mut after) = (0, i64::MIN);
    loop {
        let before = after;
        let mut rows = part.query((after, TOGETHER))?;
        while let Some(row) = rows.next()? {
            after = row.get(0)?;
            let token = row.text(2).ok().flatten();
            let is_wrong = match row.get::<Option<i64>>(3)? {
                Some(_) => token.is_none_or(|token| !token.is_empty()),
                None => token.map(key) != row.get(1).ok(),
            };
            wrong += i64::from(is_wrong);
        }
        if after == before {
            return Ok(wrong);
        }
    }
}
