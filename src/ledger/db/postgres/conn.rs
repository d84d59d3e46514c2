//! A connection: one session after the other, since a server may be restarted or another one take its place.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::answers::lock;
use super::connect::{patience, plain, session};
use super::session::{SYNCED, Session, Statement};
use crate::ledger::address::server::Server;
use crate::ledger::attendant::Attendant;
use crate::ledger::db::error::Result;
use crate::ledger::db::value::{FromColumn, Value};
use crate::ledger::error::Failure;

/// 1 if each commit waits for a standby: [`SYNCED`] leaves no weaker word for it.
pub const HAS_STANDBY: &str = "case when current_setting('synchronous_standby_names') = '' then 0 else 1 end";

/// What time it is, also in a long transaction, in milliseconds since 1970.
pub const NOW: &str = "cast(extract(epoch from clock_timestamp()) * 1000 as int8)";

/// The number of the system stays when a standby takes its place, and its timeline does not; `pg_control_checkpoint` is behind.
const SERVER: &str = "select system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) from pg_control_system()";

pub struct Shared {
    server: Server,
    session: Mutex<Session>,
    /// How many sessions there were before it.
    lost: AtomicU64,
    /// Locks that this process has, each as table and row.
    pub held: Mutex<Vec<(&'static str, i64)>>,
    /// What is set for every session.
    settings: Mutex<BTreeMap<&'static str, String>>,
}

#[derive(Clone)]
pub struct Conn(pub(super) Arc<Shared>);

impl Conn {
    pub fn to(server: &Server) -> Result<Self> {
        Ok(Self::with(server, session(server, patience(server))?))
    }

    /// One that no ledger is written by.
    pub fn plain(server: &Server) -> Result<Self> {
        Ok(Self::with(server, plain(server, patience(server))?))
    }

    fn with(server: &Server, session: Session) -> Self {
        Self(Arc::new(Shared {
            server: server.clone(),
            session: Mutex::new(session),
            lost: AtomicU64::new(0),
            held: Mutex::default(),
            settings: Mutex::default(),
        }))
    }

    /// The one of now.
    pub fn session(&self) -> Session {
        lock(&self.0.session).clone()
    }

    /// How many sessions were lost so far.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Whoever waits for this server.
    pub fn attendant(&self) -> &Attendant {
        self.0.server.attendant()
    }

    /// Tries once to get another session, at most for so long. What the lost one had begun has ended then, one way or the other, and its
    /// locks are those of the new one.
    pub fn begin_anew(&self, most: Duration) -> Result<()> {
        let old = self.session();
        let new = session(&self.0.server, patience(&self.0.server).min(most))?;
        // Where only the way to it was cut off, the server still has it: with its locks, and perhaps in the middle of a commit.
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_get_activity(cast(?1 as int4))
            where cast(extract(epoch from backend_start) * 1000000 as int8) = ?2";
        new.prepare_cached(end)?.execute(&[Value::Int(old.id().process), Value::Int(old.id().began)])?;
        let held = lock(&self.0.held).clone();
        for (table, row) in held {
            new.take_again(table, row)?;
        }
        for setting in lock(&self.0.settings).values() {
            new.execute_batch(setting)?;
        }
        *lock(&self.0.session) = new;
        self.0.lost.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Which server it is, in which of its lives; `None` if the role may not know it.
    pub fn server(&self) -> Result<Option<String>> {
        match self.one(SERVER) {
            Ok(server) => Ok(Some(server)),
            Err(error) if matches!(error.failure(), Some(Failure::Denied | Failure::Other)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// For this session and all that come after it.
    fn set(&self, name: &'static str, value: &str) -> Result<()> {
        let setting = format!("set {name} = {value}");
        self.session().execute_batch(&setting)?;
        lock(&self.0.settings).insert(name, setting);
        Ok(())
    }

    /// Nothing can be written any more.
    pub fn only_read(&self) -> Result<()> {
        self.set("default_transaction_read_only", "on")
    }

    /// How long to wait for another's transaction.
    pub fn busy_timeout(&self, patience: Duration) -> Result<()> {
        self.set("lock_timeout", &patience.as_millis().to_string())
    }

    /// Whether each commit waits until it is on the disk, and on a standby that the server waits for. The next session waits in any case.
    pub fn sync_commits(&self, sync: bool) -> Result<()> {
        self.session().execute_batch(if sync { SYNCED } else { "set synchronous_commit = off" })
    }

    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        self.session().prepare_cached(sql)
    }

    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        self.session().execute_batch(sql)
    }

    /// The first column of the first row.
    pub fn one<T: FromColumn>(&self, sql: &str) -> Result<T> {
        self.session().one(sql)
    }

    /// The number of the schema; 0 without one.
    pub fn version(&self) -> Result<i32> {
        let is_there = "select to_regclass('ledger') is not null and current_schema() is not null";
        if !self.one::<bool>(is_there)? {
            return Ok(0);
        }
        self.one("select schema from ledger")
    }
}
