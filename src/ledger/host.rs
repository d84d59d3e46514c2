//! The one Graph host that a ledger belongs to: a rehearsal on a sandbox must not mix with real people.

use super::address::Address;
use super::db::Conn;
use super::error::{Error, Result};

/// The ledger belongs to this host from now on, unless it belongs to another.
pub fn bind(conn: &Conn, ledger: &Address, host: &str) -> Result<()> {
    conn.execute("update ledger set graph_host = ?1 where graph_host is null", [host])?;
    // Read inside the transaction: two processes may be the first at once.
    let bound: String = conn.query_row("select graph_host from ledger", (), |row| row.get(0))?;
    if bound == host {
        return Ok(());
    }
    Err(Error::OtherHost { ledger: ledger.clone(), bound, host: host.to_owned() })
}
