//! What Meta's token list says of people.

use std::collections::HashSet;

use super::choices::Whom;
use super::met::{meet, meet_set};
use super::suppression::{Lift, lift};
use super::{COLUMNS, person, suppressed_of, suppression_of, write_suppression};
use crate::clock::UnixMillis;
use crate::ledger::db::arrays::{ints, texts};
use crate::ledger::db::{self, Conn, Optional};
use crate::ledger::judge::Person;
use crate::ledger::sql::sql;

/// An entry of Meta's token list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    pub token: String,
    pub psid: Option<String>,
    /// In lower case.
    pub reoptin: Option<String>,
    pub time_zone: Option<String>,
    /// `Some(None)`: never; `None`: the list does not say.
    pub expires_at: Option<Option<UnixMillis>>,
    pub next_eligible_at: Option<UnixMillis>,
}

/// Records what the list says of a recipient. What it leaves out stays as it was known; a suppression is lifted only if
/// [`Lift::Listed`] may.
pub fn keep(conn: &Conn, id: i64, page: &str, said: &Listed, now: UnixMillis) -> db::Result<()> {
    let expires_at = said.expires_at.flatten();
    conn.prepare_cached(
        "update recipients set next_eligible_at = coalesce(?2, next_eligible_at),
           expires_at = case when ?3 = 1 then ?4 else expires_at end,
           time_zone = coalesce(?5, time_zone), reoptin = coalesce(?6, reoptin)
         where id = ?1",
    )?
    .execute((
        id,
        said.next_eligible_at,
        said.expires_at.is_some(),
        expires_at,
        &said.time_zone,
        &said.reoptin,
    ))?;
    if said.expires_at.is_some() && expires_at.is_none_or(|at| at > now) {
        let (before, choice) = suppression_of(conn, id)?;
        write_suppression(conn, id, before, lift(before, Lift::Listed, now, choice))?;
    }
    match &said.psid {
        Some(psid) => meet(conn, id, Whom { page, psid }),
        None => Ok(()),
    }
}

/// The same of many, no two of one recipient or one person; on a server.
pub fn keep_set(conn: &Conn, page: &str, said: &[(i64, &Listed)], now: UnixMillis) -> db::Result<()> {
    let ids = || ints(said.iter().map(|(id, _)| *id));
    let times = |of: fn(&Listed) -> Option<UnixMillis>| ints(said.iter().map(|(_, row)| of(row).map(|at| at.0)));
    let words = |of: fn(&Listed) -> &Option<String>| texts(said.iter().map(|(_, row)| of(row).as_deref()));
    conn.prepare_cached(
        "update recipients r set next_eligible_at = coalesce(t.next_eligible_at, r.next_eligible_at),
           expires_at = case when t.tells = 1 then t.expires_at else r.expires_at end,
           time_zone = coalesce(t.time_zone, r.time_zone), reoptin = coalesce(t.reoptin, r.reoptin)
         from unnest(cast(?1 as int8[]), cast(?2 as int8[]), cast(?3 as int8[]), cast(?4 as int8[]), cast(?5 as text[]), cast(?6 as text[]))
           as t (id, next_eligible_at, tells, expires_at, time_zone, reoptin)
         where r.id = t.id",
    )?
    .execute((
        ids(),
        times(|row| row.next_eligible_at),
        ints(said.iter().map(|(_, row)| i64::from(row.expires_at.is_some()))),
        times(|row| row.expires_at.flatten()),
        words(|row| &row.time_zone),
        words(|row| &row.reoptin),
    ))?;
    let renewed = said.iter().filter(|(_, row)| row.expires_at.is_some_and(|at| at.is_none_or(|at| at > now)));
    for id in suppressed_of(conn, renewed.map(|(id, _)| *id))? {
        let (before, choice) = suppression_of(conn, id)?;
        write_suppression(conn, id, before, lift(before, Lift::Listed, now, choice))?;
    }
    let persons: Vec<_> = said.iter().filter_map(|(id, row)| Some((*id, row.psid.as_deref()?))).collect();
    meet_set(conn, page, &persons)
}

/// Those of these recipients of whose persons the audience holds another token; on a server.
pub fn others_in_audience(conn: &Conn, audience: i64, page: &str, said: &[(i64, &Listed)]) -> db::Result<HashSet<i64>> {
    conn.prepare_cached(
        "select t.id from unnest(cast(?1 as int8[]), cast(?2 as text[])) as t (id, psid)
         where t.psid is not null and exists (
           select 1 from recipients r join audience_rows a on a.recipient = r.id
           where r.psid = t.psid and r.page = ?3 and r.id <> t.id and a.audience = ?4)",
    )?
    .query_map(
        (ints(said.iter().map(|(id, _)| *id)), texts(said.iter().map(|(_, row)| row.psid.as_deref())), page, audience),
        |row| row.get(0),
    )?
    .collect()
}

/// Another token of this person in the audience.
pub fn other_in_audience(conn: &Conn, audience: i64, id: i64, whom: Whom<'_>) -> db::Result<Option<(i64, Person)>> {
    conn.prepare_cached(sql!(
        "select r.id, {columns} from recipients r where r.psid = ?1 and r.page = ?2 and r.id <> ?3
           and exists (select 1 from audience_rows a where a.audience = ?4 and a.recipient = r.id)
         order by r.id limit 1",
        columns = COLUMNS
    ))?
    .query_row((whom.psid, whom.page, id, audience), |row| Ok((row.get(0)?, person(row, 1)?)))
    .optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::database::tests::engine::on_both;
    use crate::ledger::key::key;
    use crate::ledger::people::suppression::Suppression;
    use crate::ledger::people::{Arrivals, get, keep_out, suppression_of};

    const NOW: UnixMillis = UnixMillis(1000);

    fn arrive(conn: &Conn, token: &str) -> i64 {
        Arrivals::new(conn).unwrap().find_or_add(&key(token), token, "1").unwrap().id
    }

    fn said(psid: Option<&str>, expires_at: Option<Option<UnixMillis>>) -> Listed {
        Listed { psid: psid.map(str::to_owned), expires_at, ..Listed::default() }
    }

    on_both! {
    fn a_list_lifts_only_what_it_may_and_leaves_what_it_does_not_say() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        let later = Some(Some(UnixMillis(2000)));
        for (n, (why, said_of_expiry, stays)) in [
            (Suppression::Expired, later, false),
            (Suppression::Expired, Some(None), false),
            (Suppression::Expired, Some(Some(NOW)), true),
            (Suppression::Expired, None, true),
            (Suppression::OptedOut, later, true),
            (Suppression::Region, later, true),
            (Suppression::Operator, later, true),
        ]
        .into_iter()
        .enumerate()
        {
            let id = arrive(&ledger.conn, &n.to_string());
            keep_out(&ledger.conn, id, why, UnixMillis(500)).unwrap();
            keep(&ledger.conn, id, "1", &said(None, said_of_expiry), NOW).unwrap();
            let (suppressed, _) = suppression_of(&ledger.conn, id).unwrap();
            assert_eq!(suppressed.is_some(), stays, "{why:?} {said_of_expiry:?}");
        }
        let id = arrive(&ledger.conn, "known");
        let whole = Listed { next_eligible_at: Some(UnixMillis(7)), expires_at: later, ..Listed::default() };
        keep(&ledger.conn, id, "1", &whole, NOW).unwrap();
        keep(&ledger.conn, id, "1", &Listed::default(), NOW).unwrap();
        let person = get(&ledger.conn, id).unwrap();
        assert_eq!((person.next_eligible_at, person.expires_at), (Some(UnixMillis(7)), Some(UnixMillis(2000))));
    }
    }

    on_both! {
    fn a_persons_other_token_has_their_cool_down_and_the_operators_suppression() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_memory(folder.path());
        let conn = &ledger.conn;
        let one = arrive(conn, "one");
        keep(conn, one, "1", &said(Some("61"), None), NOW).unwrap();
        conn.execute("update recipients set blocked_until = 9000 where id = ?1", [one]).unwrap();
        keep_out(conn, one, Suppression::Operator, UnixMillis(500)).unwrap();
        for (token, psid, blocked, is_out) in [("two", "61", 9000, true), ("other", "62", 0, false)] {
            let id = arrive(conn, token);
            keep(conn, id, "1", &said(Some(psid), None), NOW).unwrap();
            let person = get(conn, id).unwrap();
            assert_eq!((person.blocked_until, person.suppressed.is_some()), (UnixMillis(blocked), is_out), "{token}");
        }
    }
    }
}
