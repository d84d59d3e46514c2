//! What PostgreSQL's errors mean.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use tokio_postgres::error::{Severity, SqlState};
use tokio_rustls::rustls;

use super::silence::Silent;
use crate::ledger::db::error::Error;
use crate::ledger::error::{Failure, Source};

pub fn failed(error: tokio_postgres::Error) -> Error {
    // What a statement that nobody waits for does where it changed other rows than it has to: no other one divides.
    if error.code() == Some(&SqlState::DIVISION_BY_ZERO) {
        return Error::Changed;
    }
    // Whatever the reason: the server ends a session with such an error.
    let is_end = error
        .as_db_error()
        .is_some_and(|told| matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic)));
    Error::Failed { failure: if is_end { Failure::Lost } else { kind(&error) }, source: source(error) }
}

/// What the server says, without the row that it says it of: that may have a person's token.
fn source(error: tokio_postgres::Error) -> Source {
    match error.as_db_error() {
        Some(told) => Arc::new(io::Error::other(format!("{}: {}", told.severity(), told.message()))),
        None => Arc::new(error),
    }
}

/// An error before there was a connection.
pub fn unconnected(error: tokio_postgres::Error) -> Error {
    let failure = match kind(&error) {
        _ if causes(&error).any(|cause| cause.to_string() == "server does not support TLS") => Failure::NoTls,
        _ if causes(&error).any(is_of_another_name) => Failure::OtherName,
        _ if causes(&error).any(|cause| tls(cause).is_some()) => Failure::Untrusted,
        _ if causes(&error).any(|cause| cause.to_string() == "password missing") => Failure::Login,
        Failure::Other | Failure::Lost if error.as_db_error().is_none() => Failure::Unreachable,
        failure => failure,
    };
    Error::Failed { failure, source: source(error) }
}

/// A server to which there is no way.
pub fn unreachable(error: io::Error) -> Error {
    Error::Failed { failure: Failure::Unreachable, source: Arc::new(error) }
}

/// A server that does not answer.
pub fn silent(_: Silent) -> Error {
    of(Failure::Lost, "the server does not answer")
}

/// What is asked of a session that is lost.
pub fn lost() -> Error {
    of(Failure::Lost, "the session was lost")
}

/// An attempt to connect that took too long, or that nobody waits for any more.
pub fn unanswered() -> Error {
    of(Failure::Unreachable, "it did not answer in time")
}

pub fn of(failure: Failure, what: &'static str) -> Error {
    Error::Failed { failure, source: Arc::new(io::Error::other(what)) }
}

/// A commit that the server has, and the standby that it waits for may not have.
pub fn not_on_standby() -> Error {
    of(Failure::NotReplicated, "the server did not wait for its standby")
}

fn kind(error: &tokio_postgres::Error) -> Failure {
    let Some(state) = error.code() else {
        // What can't be sent or received.
        let is_lost = error.is_closed() || causes(error).any(|cause| cause.is::<io::Error>());
        return if is_lost { Failure::Lost } else { Failure::Other };
    };
    match *state {
        SqlState::DISK_FULL => Failure::DiskFull,
        SqlState::READ_ONLY_SQL_TRANSACTION => Failure::ReadOnly,
        SqlState::LOCK_NOT_AVAILABLE => Failure::Busy,
        // Nobody adds what they see: another transaction added it in between.
        SqlState::UNIQUE_VIOLATION | SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            Failure::Conflict
        }
        SqlState::QUERY_CANCELED => Failure::Cancelled,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => Failure::Corrupt,
        SqlState::IO_ERROR => Failure::Io,
        SqlState::TOO_MANY_CONNECTIONS => Failure::TooManyConnections,
        SqlState::INVALID_PASSWORD => Failure::Login,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Failure::NotAdmitted,
        // Statements of a session have names that nobody else gives or takes away in it.
        SqlState::INVALID_SQL_STATEMENT_NAME | SqlState::DUPLICATE_PSTATEMENT => Failure::Pooler,
        SqlState::INVALID_CATALOG_NAME => Failure::NoDatabase,
        SqlState::INVALID_SCHEMA_NAME => Failure::NoSchema,
        SqlState::INSUFFICIENT_PRIVILEGE => Failure::Denied,
        SqlState::CANNOT_CONNECT_NOW => Failure::Unreachable,
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => Failure::Lost,
        ref other if other.code().starts_with("08") => Failure::Lost,
        _ => Failure::Other,
    }
}

fn causes<'e>(error: &'e tokio_postgres::Error) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn StdError + 'static)| (*cause).source())
}

/// What rustls says, which it wraps for those who read and write.
fn tls<'e>(cause: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()))
}

fn is_of_another_name(cause: &(dyn StdError + 'static)) -> bool {
    use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
    let rejected =
        matches!(tls(cause), Some(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })));
    // A name that no certificate can have.
    rejected || cause.to_string() == "invalid dns name"
}
