//! Failures of a ledger on a server.

use crate::error::Error;
use crate::ledger::address::server::Server;
use crate::ledger::error::Failure;

/// What is said of each failure, of a server of no name.
pub fn all() -> impl Iterator<Item = (String, Error)> {
    let named = Server::parse("postgres://USER@HOST/DATABASE", &|_| None).ok();
    let of =
        |server: Server| Failure::ALL.iter().map(move |failure| (format!("{failure:?}"), failed(&server, *failure)));
    named.into_iter().flat_map(of)
}

const AGAIN: &str = "then run the same command again: it continues";

pub fn failed(ledger: &Server, failure: Failure) -> Error {
    let (is_setting, what, hint) = match failure {
        Failure::DiskFull => (false, "the server's disk is full", format!("free some space on the server, {AGAIN}")),
        Failure::ReadOnly => (
            false,
            "the server only lets it be read",
            format!("let the role write (default_transaction_read_only = off), or name the server that writes, {AGAIN}"),
        ),
        Failure::Corrupt => (
            false,
            "a table is damaged",
            "read the server's log; after a backup was restored: mmsg ledger accept-restore --since TIME, with the time of the backup"
                .to_owned(),
        ),
        Failure::Busy => (
            false,
            "another session has locked it",
            "see who waits for whom: select pid, state, query from pg_stat_activity; then run the same command again".to_owned(),
        ),
        Failure::Io => (false, "the server's disk failed", format!("check the server's disk and its log, {AGAIN}")),
        Failure::Unreachable | Failure::CannotOpen => (
            false,
            "the server can't be reached",
            format!("check host and port in the address, and that the server is running, {AGAIN}"),
        ),
        Failure::Lost | Failure::Unanswered => {
            (false, "the connection to the server was lost", format!("wait until the server is back, {AGAIN}"))
        }
        Failure::NotReplicated => (
            false,
            "a commit may not have reached the standby that the server waits for",
            format!("check the standby (select * from pg_stat_replication on the server), {AGAIN}"),
        ),
        Failure::Conflict => (
            false,
            "the transactions of others were in the way each time",
            "see who waits for whom: select pid, state, query from pg_stat_activity; then run the same command again".to_owned(),
        ),
        Failure::Cancelled => {
            (false, "a statement was cancelled on the server", "run the same command again: it continues".to_owned())
        }
        Failure::TooManyConnections => {
            (false, "the server has no connection left", format!("end sessions or raise max_connections, {AGAIN}"))
        }
        Failure::Login => (
            true,
            "the server refused the password",
            match ledger.open_pass_file() {
                Some(file) => format!("{0} is not used, since others can read it: chmod 600 {0}", file.display()),
                None => "set ledger_password in the profile or PGPASSWORD, or add a line to ~/.pgpass".to_owned(),
            },
        ),
        Failure::NotAdmitted => (
            true,
            "the server does not let this user in",
            "check the user in the address; on the server, pg_hba.conf must admit the user to the database from this machine".to_owned(),
        ),
        Failure::NoDatabase => (
            true,
            "there is no such database",
            "create it (createdb NAME), or name another one: postgres://USER@HOST/DATABASE".to_owned(),
        ),
        Failure::NoSchema => (
            true,
            "there is no schema for its tables",
            "add ?schema=NAME to the address: mmsg creates it".to_owned(),
        ),
        Failure::Denied => (
            false,
            "the role lacks a privilege",
            format!("grant what it needs (mmsg ledger grants prints it), {AGAIN}"),
        ),
        Failure::MayNotMake => (
            true,
            "the role may not make or change the ledger's tables",
            "run mmsg ledger migrate as the role that owns its tables; see mmsg ledger grants".to_owned(),
        ),
        Failure::Untrusted => (
            true,
            "the server did not prove who it is",
            "add ?sslrootcert=FILE to the address, with the certificate that signed the server's; sslmode=require encrypts without a proof"
                .to_owned(),
        ),
        Failure::OtherName => (
            true,
            "the server's certificate is for another name",
            "name the host in the address as the certificate does; sslmode=verify-ca takes any name that its signer vouches for"
                .to_owned(),
        ),
        Failure::NoTls => (
            true,
            "the server does not encrypt connections",
            "set ssl = on on the server; on a network where nobody can listen, add ?sslmode=disable to the address".to_owned(),
        ),
        Failure::NoRoots => (
            true,
            "the file of root certificates can't be used",
            "name a file of PEM certificates with ?sslrootcert=FILE, or the system's with ?sslrootcert=system".to_owned(),
        ),
        Failure::Standby => (
            true,
            "the server is a standby: it only follows another one",
            "name the server that it follows".to_owned(),
        ),
        Failure::Pooler => (
            true,
            "it is behind a pooler that shares one session among connections, so two runs could message the same people",
            "name the server itself, or a pool in session mode".to_owned(),
        ),
        Failure::Other => (false, "the database failed", "read the server's log".to_owned()),
    };
    let sentence = format!("the ledger {ledger}: {what}");
    let error = if is_setting { Error::config(sentence) } else { Error::ledger(sentence) };
    error.hint(hint)
}
