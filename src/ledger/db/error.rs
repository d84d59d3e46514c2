//! What can go wrong with a database, whatever the engine.

use std::sync::Arc;
use std::{error, fmt, io};

use crate::ledger::address::Address;
use crate::ledger::error::{Error as LedgerError, Failure, Source};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub enum Error {
    /// The engine says so.
    Failed { failure: Failure, source: Source },
    /// A row that must be there is not.
    NoRow,
    /// What is in this column, counted from 0, is not what is kept there.
    Column { column: usize },
    /// A row changed that nobody else can change now. A bug.
    Changed,
    /// A statement of the transaction failed before, and nothing of it can count. A bug where nobody was told of that.
    Spoiled,
}

impl Error {
    pub fn io(source: io::Error) -> Self {
        Self::Failed { failure: Failure::Io, source: Arc::new(source) }
    }

    /// Another transaction has what this one needs, and is not waited for.
    pub fn in_the_way() -> Self {
        Self::Failed { failure: Failure::Busy, source: Arc::new(io::Error::other("another transaction has the row")) }
    }

    /// A transaction that ended with its session, before it was committed.
    pub fn taken_back() -> Self {
        let source = io::Error::other("the session ended before the commit");
        Self::Failed { failure: Failure::Lost, source: Arc::new(source) }
    }

    /// How the engine failed, if it did.
    pub const fn failure(&self) -> Option<Failure> {
        match self {
            Self::Failed { failure, .. } => Some(*failure),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { source, .. } => source.fmt(f),
            Self::NoRow => f.write_str("a row is missing"),
            Self::Column { column } => write!(f, "column {column} has a value of another kind"),
            Self::Spoiled => f.write_str("a statement of the transaction failed"),
            Self::Changed => f.write_str("a row changed within a transaction"),
        }
    }
}

impl error::Error for Error {}

/// Where: see [`LedgerError::at`].
impl From<Error> for LedgerError {
    fn from(error: Error) -> Self {
        let (failure, source) = match error {
            Error::Failed { failure, source } => (failure, source),
            other => (Failure::Other, Arc::new(other) as Source),
        };
        Self::Database { ledger: Address::unknown(), failure, source }
    }
}

/// A row that need not be there.
pub trait Optional<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> Optional<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Err(Error::NoRow) => Ok(None),
            other => other.map(Some),
        }
    }
}
