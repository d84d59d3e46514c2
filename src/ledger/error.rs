//! What can go wrong with a ledger. The commands choose exit code, sentence and hint.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};

use super::address::Address;
use crate::clock::UnixMillis;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of the database or library below. Shared: a commit that fails does so for every run that it was for.
pub type Source = Arc<dyn StdError + Send + Sync>;

/// What happened.
#[derive(Debug)]
pub enum Error {
    /// The database failed. Nothing of the transaction counts.
    Database {
        ledger: Address,
        failure: Failure,
        source: Source,
    },
    /// The disk is about to be full: less is free than what is about to begin needs to end well.
    NoRoom {
        ledger: Address,
        need: Need,
        free: u64,
        needed: u64,
    },
    /// The ledger's folder can't be created.
    Folder {
        folder: PathBuf,
        source: io::Error,
    },
    /// The folder is on a file system that several machines may share.
    NetworkFileSystem {
        folder: PathBuf,
        kind: String,
    },
    /// A database of something else.
    NotALedger {
        path: PathBuf,
    },
    /// Written by an older version: whoever only reads it can't bring it up to date.
    OlderSchema {
        ledger: Address,
        found: i32,
        needed: i32,
    },
    /// Written by a newer version.
    NewerSchema {
        ledger: Address,
        found: i32,
        known: i32,
    },
    /// The schema is older, and the role may not change it.
    MayNotMigrate {
        ledger: Address,
        found: i32,
        needed: i32,
    },
    /// The ledger has sends to another Graph host.
    OtherHost {
        ledger: Address,
        bound: String,
        host: String,
    },
    /// The clock is behind the newest time in the ledger: cool-downs would end early.
    ClockBehind {
        now: UnixMillis,
        newest: UnixMillis,
    },
    /// The server's clock is not as it was when the run began, or not as Graph's.
    ServerClock {
        now: UnixMillis,
        server: UnixMillis,
    },
    /// There is no file at the path of the open ledger any more.
    Gone {
        path: PathBuf,
        source: io::Error,
    },
    /// Another file took the path of the open ledger.
    Replaced {
        path: PathBuf,
    },
    /// A folder, a pipe or a device.
    NotAFile {
        path: PathBuf,
    },
    /// The file has more than one link: by another name it has another log.
    Linked {
        path: PathBuf,
        links: u64,
    },
    /// The file is mounted without its folder, where its log is.
    MountedAlone {
        path: PathBuf,
    },
    /// The log or the shared memory of the open ledger is gone, or another file took its path.
    LogReplaced {
        path: PathBuf,
    },
    /// A process has the ledger open with another log than the one beside its name.
    OtherLog {
        path: PathBuf,
    },
    /// The log beside the ledger is that of another file, which a process has open: the ledger was replaced under it.
    LogOfAnother {
        path: PathBuf,
        log: PathBuf,
    },
    /// A ledger of this name was used here, and now there is no file, or an empty one. What shows it is `trace`.
    Lost {
        path: PathBuf,
        is_empty: bool,
        trace: PathBuf,
    },
    /// A new ledger can't be made.
    NotMade {
        path: PathBuf,
        source: io::Error,
    },
    /// A lock file can't be used.
    Lock {
        path: PathBuf,
        source: io::Error,
    },
    /// Another process took this run for dead and ended it.
    TakenForDead {
        ledger: Address,
    },
    /// The list can't be kept while it is read.
    Spool {
        source: io::Error,
    },
    /// A list that was kept can't be read back, or a row of it is too long to be kept. A bug.
    BrokenSpool {
        what: &'static str,
    },
    /// The thread that is to own the ledger can't be started.
    NoThread {
        source: io::Error,
    },
    /// The thread that owned the ledger is gone. A bug.
    ThreadGone,
    /// The gate is closed: people may have been messaged of whom this ledger knows nothing.
    Closed {
        ledger: Address,
        why: Closed,
    },
    /// Processes that send from this ledger are alive.
    AtWork {
        processes: u64,
    },
    /// What a ledger is to be copied to is there.
    NotNew {
        ledger: Address,
    },
    /// What was written to a copy is not what was read.
    CopyDiffers {
        ledger: Address,
        table: &'static str,
    },
    /// A ledger on a server has no file to copy.
    BackedUpByServer {
        ledger: Address,
    },
    NoSuchBroadcast {
        id: i64,
    },
    NoSuchAudience {
        page: String,
        name: String,
        /// The audience whose name is most like it.
        near: Option<String>,
    },
    /// A newer import of the audience took the place of this one.
    AudienceOvertaken {
        name: String,
    },
    /// Another process fills the audience from Meta's list, or replaced it.
    FetchOvertaken {
        name: String,
    },
    /// Meta accepts no further change of the campaign's budget before `next`.
    BudgetChanges {
        campaign: String,
        /// Within the last hour.
        changes: usize,
        next: UnixMillis,
    },
    /// A message is on its way to somebody who is to be erased.
    OnTheWay,
    /// The caller asked planning to stop; nothing of it counts.
    PlanningStopped,
    /// The caller asked to stop; so many rows are done.
    SuppressingStopped {
        done: u64,
    },
    /// The caller asked an import to stop; the audience is as it was.
    ImportStopped,
    /// The caller asked to stop dropping what is old; what is gone stays gone.
    RetentionStopped,
}

/// What there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The rows of a list.
    Plan,
    /// Recipients of an imported audience.
    Import,
    /// People whom the operator suppresses, or no longer.
    Suppress,
    /// A page of Meta's token list.
    Fetch,
    /// A run, before its first claim.
    Run,
    /// More claims of a run.
    Claim,
}

macro_rules! failures {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// How a database failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Failure {
            $($(#[doc = $doc])* $name,)*
        }

        impl Failure {
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

failures! {
    DiskFull,
    /// Neither it nor the files beside it may be written.
    ReadOnly,
    CannotOpen,
    /// The file is damaged or no database.
    Corrupt,
    /// Another process holds it for longer than anybody waits.
    Busy,
    /// Reading or writing failed.
    Io,
    /// There is no server at the address, or it does not answer.
    Unreachable,
    /// The connection to the server ended, and with it what was not committed.
    Lost,
    /// The connection ended before a commit was answered: it counts or not.
    Unanswered,
    /// It is committed, but the standby that the server waits for may lack it.
    NotReplicated,
    /// The transaction was taken back because of others: doing it again may help.
    Conflict,
    /// A person or a time limit stopped the statement.
    Cancelled,
    TooManyConnections,
    /// It is another password, or none was given.
    Login,
    /// The server knows no such user, or lets none in from here, or not to this database.
    NotAdmitted,
    NoDatabase,
    NoSchema,
    /// The role may not do this.
    Denied,
    /// The role may not make or change tables.
    MayNotMake,
    /// The server did not prove who it is.
    Untrusted,
    /// The server proved to have another name.
    OtherName,
    /// The server does not encrypt, and must.
    NoTls,
    /// The file of root certificates can't be used.
    NoRoots,
    /// The server only follows another one.
    Standby,
    /// A pooler hands each transaction to another session.
    Pooler,
    Other,
}

/// Why the gate is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// This is an older copy of the ledger: it knows everything until `from`, and more was recorded until `until`.
    Restored { from: UnixMillis, until: UnixMillis },
    /// Another server took the place of the one that this ledger was on, which was sent from until `from` at least: it may lack the last
    /// commits.
    Promoted { from: UnixMillis },
    /// Graph refused people as too early whom this ledger took for free.
    Refused,
    /// All of it was copied to another ledger, which is used since then.
    Copied { to: Arc<str>, at: UnixMillis },
    /// It is a copy of another ledger that was not finished.
    Unfinished { from: Arc<str> },
}

impl Error {
    /// Where: see [`Error::at`].
    pub fn closed(why: Closed) -> Self {
        Self::Closed { ledger: Address::unknown(), why }
    }

    /// Where: see [`Error::at`].
    pub fn taken_for_dead() -> Self {
        Self::TakenForDead { ledger: Address::unknown() }
    }

    /// Of this ledger, where the database failed, its disk has no room, the gate is closed, or a run was ended.
    #[must_use]
    pub fn at(self, ledger: impl Into<Address>) -> Self {
        match self {
            Self::Database { failure, source, .. } => Self::Database { ledger: ledger.into(), failure, source },
            Self::NoRoom { need, free, needed, .. } => Self::NoRoom { ledger: ledger.into(), need, free, needed },
            Self::Closed { why, .. } => Self::Closed { ledger: ledger.into(), why },
            Self::TakenForDead { .. } => Self::TakenForDead { ledger: ledger.into() },
            Self::NewerSchema { found, known, .. } => Self::NewerSchema { ledger: ledger.into(), found, known },
            other => other,
        }
    }
}

/// For logs and tests.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl StdError for Error {}
