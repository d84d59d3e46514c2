//! Other broadcasts of a campaign: a person who was reached by one of them gets no other message of it.

use super::db::arrays::ints;
use super::db::{self, Conn};

use super::broadcasts::Broadcast;
use super::sql::sql;

/// The broadcasts whose acceptance keeps a person out of another one.
pub struct Rivals(Vec<i64>);

impl Rivals {
    /// With `--new-message`.
    pub const NONE: Self = Self(Vec::new());

    pub fn of(conn: &Conn, broadcast: &Broadcast) -> db::Result<Self> {
        if broadcast.new_message {
            return Ok(Self::NONE);
        }
        let Broadcast { id, campaign, page, fingerprint, repeat, .. } = broadcast;
        // A repeat is meant for people whom its earlier repeats reached.
        conn.prepare_cached(
            "select id from broadcasts
             where campaign = ?1 and page = ?2 and id <> ?3 and not (fingerprint = ?4 and repeat < ?5)",
        )?
        .query_map((campaign, page, id, fingerprint, repeat), |row| row.get(0))?
        .collect::<db::Result<_>>()
        .map(Self)
    }

    /// Of a broadcast that does not exist yet: the first of its message, or the next repeat.
    pub fn of_new(conn: &Conn, (campaign, page): (&str, &str), fingerprint: [u8; 32]) -> db::Result<Self> {
        conn.prepare_cached("select id from broadcasts where campaign = ?1 and page = ?2 and fingerprint <> ?3")?
            .query_map((campaign, page, fingerprint), |row| row.get(0))?
            .collect::<db::Result<_>>()
            .map(Self)
    }

    /// Those of these people whom one of them reached, or may have; on a server.
    pub fn reached_of<C: FromIterator<i64>>(&self, conn: &Conn, people: impl Iterator<Item = i64>) -> db::Result<C> {
        if self.0.is_empty() {
            return Ok(std::iter::empty().collect());
        }
        conn.prepare_cached(sql!(
            "select recipient from sends where broadcast = any (cast(?1 as int8[]))
               and recipient = any (cast(?2 as int8[])) and state in ({claimed}, {accepted}, {unknown})"
        ))?
        .query_map((ints(self.0.iter().copied()), ints(people)), |row| row.get(0))?
        .collect()
    }

    /// Whether one of them reached the person, or may have.
    pub fn reached(&self, conn: &Conn, recipient: i64) -> db::Result<bool> {
        for rival in &self.0 {
            let mut statement = conn.prepare_cached(sql!(
                "select 1 from sends where broadcast = ?1 and recipient = ?2 and state in ({claimed}, {accepted}, {unknown})"
            ))?;
            if statement.exists((rival, recipient))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
