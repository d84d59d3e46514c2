//! Failures of the ledger.

pub mod fault;
mod server;

pub use server::all as of_servers;

use std::path::Path;

use super::temporary;
use crate::campaign::CHANGES;
use crate::error::{Error, Exit};
use crate::ledger::address::Address;
use crate::ledger::error::{Closed, Error as LedgerError, Failure, Need};
use crate::text;

const CONTINUES: &str = "free some space, then run the same command again: it continues";
/// What to do about a ledger that is damaged.
pub const RESTORE_BACKUP: &str = "move it and the files ending in -wal and -shm away, restore the latest backup, then run mmsg ledger \
    accept-restore --since TIME, with the time of the backup";
const ANOTHER: &str = "choose another ledger with --ledger FILE";

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database { ledger, failure, source } => database(&ledger, failure).because(&*source),
            LedgerError::NoRoom { ledger, need, free, needed } => no_room(&ledger, need, free, needed),
            LedgerError::Folder { folder, source } => {
                Self::ledger(format!("can't create the ledger's folder {}", folder.display()))
                    .because(&source)
                    .hint(ANOTHER)
            }
            LedgerError::NetworkFileSystem { folder, kind } => Self::ledger(format!(
                "the ledger's folder {} is on a network file system ({kind}), where two machines could message the same people",
                folder.display()
            ))
            .hint("choose a ledger on a local disk with --ledger FILE"),
            LedgerError::NotALedger { path } => {
                Self::ledger(format!("{} is a database, but not a ledger made by mmsg", path.display())).hint(ANOTHER)
            }
            LedgerError::OlderSchema { ledger, found, needed } => Self::ledger(format!(
                "the ledger {ledger} was last written by an older version of mmsg: it has schema {found}, this version needs \
                 {needed}, and a command that only reads doesn't change it"
            ))
            .hint("mmsg broadcast list brings it up to date; then run the same command again"),
            LedgerError::NewerSchema { ledger, found, known } => Self::ledger(format!(
                "the ledger {ledger} was written by a newer version of mmsg: it has schema {found}, and this version knows {known}"
            ))
            .hint("install the newer mmsg, or choose another ledger with --ledger FILE"),
            LedgerError::MayNotMigrate { ledger, found, needed } => Self::config(format!(
                "the ledger {ledger} has schema {found}, this version of mmsg needs {needed}, and the role may not change it; nothing was sent"
            ))
            .hint("run mmsg ledger migrate as the role that owns its tables; see mmsg ledger grants"),
            LedgerError::OtherHost { ledger, bound, host } => Self::ledger(format!(
                "the ledger {ledger} belongs to {bound}, but this profile uses {host}"
            ))
            .hint("use a separate ledger for this host: --ledger FILE"),
            LedgerError::ClockBehind { now, newest } => Self::config(format!(
                "the clock says {now}, but the ledger has seen {newest}; nothing was planned or sent"
            ))
            .hint("set the clock (an NTP service does), then run the same command again"),
            LedgerError::ServerClock { now, server } => Self::config(format!(
                "the clock of the ledger's server says {server}, but it should be {now}: cool-downs would be wrong; nothing more was planned or sent"
            ))
            .hint("set the server's clock (an NTP service does), then run the same command again"),
            LedgerError::Gone { path, source } => Self::ledger(format!("the ledger {} is gone", path.display()))
                .because(&source)
                .hint("put the ledger back; stop all mmsg processes before moving it. Nothing more was sent"),
            LedgerError::Replaced { path } => {
                Self::ledger(format!("the ledger {} was replaced while it was open", path.display()))
                    .hint("stop all mmsg processes before moving or restoring a ledger; nothing more was sent")
            }
            LedgerError::NotAFile { path } => {
                Self::ledger(format!("the ledger {} is not a file", path.display())).hint(ANOTHER)
            }
            LedgerError::Linked { path, links } => Self::ledger(format!(
                "the ledger {} has {links} names (hard links); two processes that use different names would message the same people",
                path.display()
            ))
            .hint("keep one name and remove the others (find FOLDER -samefile LEDGER shows them); a symbolic link is fine"),
            LedgerError::MountedAlone { path } => Self::ledger(format!(
                "the ledger {} is mounted without its folder; a process outside the mount would message the same people",
                path.display()
            ))
            .hint("mount the folder that holds it instead: docker run -v FOLDER:FOLDER"),
            LedgerError::LogReplaced { path } => Self::ledger(format!(
                "{} was removed or replaced while the ledger was open: nothing more was sent",
                path.display()
            ))
            .hint("wait until all mmsg processes have ended, then run the same command again; never remove the files ending in -wal and -shm"),
            LedgerError::OtherLog { path } => Self::ledger(format!(
                "another mmsg has the ledger {} open, but under another name, or its files ending in -wal and -shm were removed; nothing was sent",
                path.display()
            ))
            .hint("stop the other mmsg and wait until it has ended, then run the same command again"),
            LedgerError::LogOfAnother { path, log } => Self::ledger(format!(
                "another mmsg has the file open that {} replaced, and still uses {}; nothing was sent",
                path.display(),
                log.display()
            ))
            .hint("stop the other mmsg and wait until it has ended, then run the same command again"),
            LedgerError::Lost { path, is_empty, trace } => Self::ledger(format!(
                "the ledger {} {}, but it was used before: {} is still there; nothing was sent",
                path.display(),
                if is_empty { "is empty (0 bytes)" } else { "is gone" },
                trace.display()
            ))
            .hint(find_lost(&trace)),
            LedgerError::NotMade { path, source } => Self::ledger(format!("can't create the ledger {}", path.display()))
                .because(&source)
                .hint(ANOTHER),
            LedgerError::Lock { path, source } => Self::ledger(format!("can't use the lock file {}", path.display()))
                .because(&source)
                .hint("check the permissions of the ledger's folder and the free space on its disk"),
            LedgerError::TakenForDead { ledger } => {
                Self::ledger("another mmsg considered this run dead and ended it: nothing more was sent").hint(match ledger {
                    Address::File(_) => {
                        "its lock file was removed from the folder runs beside the ledger; run the same command again"
                    }
                    Address::Server(_) => {
                        "its connection to the server was lost, and the other mmsg came before it was back; run the same command again"
                    }
                })
            }
            LedgerError::Spool { source } => Self::ledger("can't store the list while reading it: nothing was planned or sent")
                .because(&source)
                .hint("free space on the ledger's disk, then run the same command again"),
            LedgerError::BrokenSpool { what } => Self::internal(what),
            LedgerError::NoThread { source } => Self::internal("can't start the thread of the ledger").because(&source),
            LedgerError::ThreadGone => Self::internal("the thread of the ledger ended unexpectedly"),
            LedgerError::Closed { ledger, why } => closed(&ledger, why, "", "nothing was planned or sent"),
            LedgerError::AtWork { processes } => {
                let processes = text::count(processes, "process is", "processes are");
                Self::ledger(format!("{processes} still sending from this ledger"))
                    .hint("wait for every mmsg send and campaign delete to end, or stop them; then run the same command again")
            }
            LedgerError::NotNew { ledger } => Self::usage(format!(
                "{ledger} is there, and a ledger is copied only to a new one; nothing was copied"
            ))
            .hint("choose another TO; an unfinished copy may be removed: nothing was sent from it"),
            LedgerError::CopyDiffers { ledger, table } => Self::ledger(format!(
                "what was written to {table} of {ledger} is not what was read; nothing was copied"
            ))
            .hint("check the disk and memory of the machine, then run the same command again"),
            LedgerError::BackedUpByServer { ledger } => Self::usage(format!(
                "the ledger {ledger} is on a server, which makes its backups itself; nothing was backed up"
            ))
            .hint("use pg_dump, or the server's own base backups"),
            LedgerError::NoSuchBroadcast { id } => {
                Self::usage(format!("there is no broadcast {id} in this ledger")).hint("mmsg broadcast list shows them")
            }
            LedgerError::NoSuchAudience { page, name, near } => {
                Self::usage(format!("there is no audience {name:?} of Page {page} in this ledger")).hint(match near {
                    Some(near) => format!("did you mean {near:?}? mmsg audience list shows all"),
                    None => format!("import it first: mmsg tokens import FILE --audience {name}"),
                })
            }
            LedgerError::AudienceOvertaken { name } => Self::ledger(format!(
                "a newer import replaced the audience {name:?}: nothing of this import counts"
            ))
            .hint("let one import of an audience finish before you start the next"),
            LedgerError::FetchOvertaken { name } => Self::ledger(format!(
                "another mmsg fetches the audience {name:?}, or replaced it: this fetch was stopped"
            ))
            .hint("let one fetch or import of an audience finish before you start the next"),
            LedgerError::BudgetChanges { campaign, changes, next } => Self::new(
                Exit::NotYet,
                format!("the budget of campaign {campaign} was changed {changes} times within the last hour; nothing was changed"),
            )
            .hint(format!("Meta accepts {CHANGES} changes per hour: run again after {next}"))
            .next_run_at(next),
            LedgerError::OnTheWay => {
                Self::new(Exit::NotYet, "a message to this person is on its way: nothing of them was erased")
                    .hint("run the same command again in a minute")
            }
            LedgerError::PlanningStopped => Self::new(Exit::Interrupted, "interrupted while planning: nothing was sent")
                .hint("run the same command again: it plans the list from the start"),
            LedgerError::SuppressingStopped { done } => {
                Self::new(Exit::Interrupted, format!("interrupted after {}", text::count(done, "row", "rows")))
                    .hint("run the same command again: rows that are done stay done")
            }
            LedgerError::ImportStopped => {
                Self::new(Exit::Interrupted, "interrupted while importing: the audience is unchanged")
                    .hint("run the same command again")
            }
            LedgerError::RetentionStopped => {
                Self::new(Exit::Interrupted, "interrupted: not all that is old was dropped")
                    .hint("run the same command again: it drops what is left")
            }
        }
    }
}

/// What to do about a ledger that is not there, though its log or the note of its use is.
fn find_lost(trace: &Path) -> String {
    if trace.extension().is_some_and(|extension| extension == "seen") {
        format!(
            "put it back, or restore a backup; to start a new one all the same, which doesn't know who was messaged, remove {}",
            trace.display()
        )
    } else {
        "put it back beside this file, its log; before you restore a backup instead, remove the files ending in -wal and -shm".to_owned()
    }
}

/// A failure of work that a signal may have stopped, which then ends with the signal's exit code.
pub fn stopped_by(error: LedgerError, signal: Exit) -> Error {
    match error {
        LedgerError::PlanningStopped
        | LedgerError::ImportStopped
        | LedgerError::RetentionStopped
        | LedgerError::SuppressingStopped { .. } => Error::from(error).with_exit(signal),
        error => error.into(),
    }
}

fn no_room(ledger: &Address, need: Need, free: u64, needed: u64) -> Error {
    let needed = text::size(needed);
    let (what, hint) = match need {
        Need::Plan => {
            (format!("a list can be planned only while {needed} are free; nothing was planned or sent"), CONTINUES)
        }
        Need::Import => (
            format!("a list can be imported only while {needed} are free; the audience is unchanged"),
            "free some space, then run the same command again",
        ),
        Need::Suppress => (
            format!(
                "people can be suppressed, or no longer, only while {needed} are free; what was changed so far stays"
            ),
            "free some space, then run the same command again",
        ),
        Need::Fetch => {
            (format!("a list can be fetched only while {needed} are free; what was fetched so far is kept"), CONTINUES)
        }
        Need::Run => (
            format!("a send needs {needed}; nothing was sent"),
            "free some space, or use a lower --concurrency, then run the same command again",
        ),
        Need::Claim => {
            (format!("{needed} are kept for the answers of other requests; nothing more was sent"), CONTINUES)
        }
    };
    Error::ledger(format!("the ledger {ledger}: the disk is full: {} are free, and {what}", text::size(free)))
        .hint(hint)
}

/// A list that can't be kept in `folder`, which is the ledger's or the one for temporary files.
pub fn of_spool(error: LedgerError, folder: &Path) -> Error {
    match error {
        LedgerError::Spool { source } if folder == std::env::temp_dir() => {
            temporary::failed("store the list", folder, &source)
        }
        error => error.into(),
    }
}

/// The two ways on once Graph refused people as too early.
pub const AFTER_REFUSALS: &str = "if a backup was restored: mmsg ledger accept-restore --since TIME, with the time of the backup; if \
    something else sends for this Page: mmsg ledger accept-restore --other-sender";

/// A failure that ended a run. `after` says how far it got, where it got anywhere.
pub fn ended(error: LedgerError, after: Option<&str>) -> Error {
    match (error, after) {
        (LedgerError::Closed { ledger, why }, Some(after)) => {
            closed(&ledger, why, &format!("stopped after {after}: "), "nothing more is sent")
        }
        (error, _) => error.into(),
    }
}

/// A ledger that can't know whom it may message. The hint is the way out.
fn closed(ledger: &Address, why: Closed, stopped: &str, left: &str) -> Error {
    match why {
        Closed::Restored { from, until } => Error::doubt(format!(
            "{stopped}the ledger {ledger} is older than what was sent from it: it ends at {from}, but was in use until {until}; {left}"
        ))
        .hint(format!(
            "put the newest ledger back; or accept this copy, so that nobody gets a message twice: mmsg ledger accept-restore \
             --since {from}"
        )),
        Closed::Promoted { from } => Error::doubt(format!(
            "{stopped}the ledger {ledger} is on another server than before, which may not have the last sends: it was sent from until {from} \
             at least; {left}"
        ))
        .hint(format!(
            "if the server has every commit (it was a synchronous standby): mmsg ledger accept-failover --nothing-lost; if not, so that nobody \
             gets a message twice: mmsg ledger accept-failover --since {from}"
        )),
        Closed::Copied { to, at } => Error::doubt(format!("{stopped}the ledger {ledger} was copied to {to} at {at}; {left}"))
            .hint(format!("use that one: --ledger {to}")),
        Closed::Unfinished { from } => {
            Error::doubt(format!("{stopped}the ledger {ledger} is a copy of {from} that was not finished; {left}"))
                .hint(format!("run mmsg ledger copy {from} {ledger} again; if it says that the copy is there, remove the copy first"))
        }
        Closed::Refused => Error::doubt(format!(
            "{stopped}the ledger {ledger} is older than what was sent, or something else sends for this Page: Graph refused many people \
             as too early (2300035) whom it has not messaged; {left}"
        ))
        .hint(AFTER_REFUSALS),
    }
}

fn database(ledger: &Address, failure: Failure) -> Error {
    if let Address::Server(ledger) = ledger {
        return server::failed(ledger, failure);
    }
    let (what, hint) = match failure {
        Failure::DiskFull => ("the disk is full", CONTINUES),
        Failure::ReadOnly => (
            "it is not writable",
            "make it and the files ending in -wal and -shm beside it writable, or choose another --ledger FILE",
        ),
        Failure::CannotOpen => ("it can't be opened", "check that its folder exists and is writable"),
        Failure::Corrupt => ("the file is damaged or is not a ledger made by mmsg", RESTORE_BACKUP),
        Failure::Busy => {
            ("another program is using it", "wait for the other mmsg to finish, then run the same command again")
        }
        Failure::Io => ("the disk failed", "check the disk, then run the same command again: it continues"),
        // What follows is of servers.
        Failure::Unreachable
        | Failure::Lost
        | Failure::Unanswered
        | Failure::NotReplicated
        | Failure::Conflict
        | Failure::Cancelled
        | Failure::TooManyConnections
        | Failure::Login
        | Failure::NotAdmitted
        | Failure::NoDatabase
        | Failure::NoSchema
        | Failure::Denied
        | Failure::MayNotMake
        | Failure::Untrusted
        | Failure::OtherName
        | Failure::NoTls
        | Failure::NoRoots
        | Failure::Standby
        | Failure::Pooler
        | Failure::Other => ("the database failed", "check the disk, then the ledger: mmsg ledger check"),
    };
    Error::ledger(format!("the ledger {ledger}: {what}")).hint(hint)
}

#[cfg(test)]
mod tests;
