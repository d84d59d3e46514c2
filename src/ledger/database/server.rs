//! A ledger on a server.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use super::{BUSY, Ledger, Opened};
use crate::ledger::address::Address;
use crate::ledger::address::server::Server;
use crate::ledger::db::{self, Conn};
use crate::ledger::error::{Error, Failure, Result};
use crate::ledger::failpoint;
use crate::ledger::identity::OpenFile;
use crate::ledger::room::Room;
use crate::ledger::schema;
use crate::ledger::witness::Witness;

impl Ledger {
    pub(super) fn is_on(server: &Arc<Server>) -> Result<bool> {
        let ledger = Self::connect_to(server)?;
        Ok(ledger.read(Conn::version)? > 0)
    }

    pub(super) fn open_on(server: &Arc<Server>) -> Result<(Self, Opened)> {
        let ledger = Self::connect_to(server)?;
        let version = ledger.read(Conn::version)?;
        Ok((Self::opened(ledger, server, version)?, if version == 0 { Opened::Made } else { Opened::Found }))
    }

    pub(super) fn existing_on(server: &Arc<Server>) -> Result<Option<Self>> {
        let ledger = Self::connect_to(server)?;
        match ledger.read(Conn::version)? {
            0 => Ok(None),
            version => Self::opened(ledger, server, version).map(Some),
        }
    }

    fn opened(ledger: Self, server: &Arc<Server>, version: i32) -> Result<Self> {
        ledger.refuse_pooler(server)?;
        schema::refuse_newer(ledger.address(), version)?;
        if schema::ON_A_SERVER.last().is_some_and(|(newest, _)| version < *newest) {
            ledger.migrate_on(server).map_err(|error| match error {
                Error::Database { failure: Failure::Denied, .. } if version > 0 => {
                    Error::MayNotMigrate { ledger: ledger.address().clone(), found: version, needed: schema::newest() }
                }
                error => match error.at(ledger.address()) {
                    Error::Database { ledger, failure: Failure::Denied, source } => {
                        Error::Database { ledger, failure: Failure::MayNotMake, source }
                    }
                    error => error,
                },
            })?;
        }
        ledger.meet().map_err(|error| error.at(ledger.address()))?;
        Ok(ledger)
    }

    pub(super) fn read_on(server: &Arc<Server>) -> Result<Option<Self>> {
        let ledger = Self::connect_to(server)?;
        let version = ledger.read(Conn::version)?;
        schema::refuse_newer(ledger.address(), version)?;
        if version == 0 {
            return Ok(None);
        }
        schema::refuse_older(ledger.address(), version)?;
        // What is set for a pooled session is set for others.
        ledger.refuse_pooler(server)?;
        ledger.read(Conn::only_read)?;
        Ok(Some(ledger))
    }

    fn connect_to(server: &Arc<Server>) -> Result<Self> {
        let address = Address::Server(Arc::clone(server));
        let connected = Conn::connect(server).and_then(|conn| {
            conn.busy_timeout(BUSY)?;
            Ok(conn)
        });
        let conn = connected.map_err(|error| Error::from(error).at(&address))?;
        Ok(Self {
            conn,
            address,
            file: Arc::new(OpenFile::unwatched(Path::new(""))),
            // Of lists while they are read.
            folder: std::env::temp_dir(),
            presence: None,
            own_runs: Vec::new(),
            room: Room::unlimited(),
            witness: Witness::default(),
            months_made: None,
            lost_at: Cell::default(),
        })
    }

    /// Where each transaction may come to another session, no lock says who is alive. It is found out with a second connection.
    fn refuse_pooler(&self, server: &Arc<Server>) -> Result<()> {
        let is_pooled = self.read(|conn| conn.is_pooled(&Conn::connect_plainly(server)?))?;
        if is_pooled {
            let source = Arc::new(std::io::Error::other("two connections have one session"));
            return Err(Error::Database { ledger: self.address.clone(), failure: Failure::Pooler, source });
        }
        Ok(())
    }

    fn migrate_on(&self, server: &Arc<Server>) -> Result<()> {
        if let Some(schema) = &server.schema {
            let is_there = "select 1 from pg_namespace where nspname = ?1";
            let make = || self.conn.execute_batch(&format!("create schema if not exists {schema}"));
            if !self.conn.prepare_cached(is_there)?.exists([schema])? {
                make()?;
            }
        }
        let transaction = self.conn.begin()?;
        // Another process may have migrated while this one waited for the lock.
        let version = transaction.version()?;
        for (number, sql) in schema::ON_A_SERVER.iter().filter(|(number, _)| *number > version) {
            transaction.execute_batch(sql)?;
            transaction.execute("update ledger set schema = ?1", [*number])?;
        }
        failpoint::commit(transaction, "migrate.before", "migrate.after").map_err(db::Error::into)
    }
}
