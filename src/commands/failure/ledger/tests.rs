use std::io;
use std::path::PathBuf;

use super::*;
use crate::clock::UnixMillis;

fn disk() -> io::Error {
    io::Error::other("the plug was pulled")
}

#[test]
fn every_failure_has_its_exit_code_and_most_say_what_to_type_next() {
    let path = || PathBuf::from("/home/me/ledger.db");
    let no_room = |need| LedgerError::NoRoom { ledger: path().into(), need, free: 1_200_000, needed: 4_200_000 };
    let closed = |why| LedgerError::Closed { ledger: path().into(), why };
    let (now, newest) = (UnixMillis(1), UnixMillis(2));
    let name = || "spring".to_owned();
    for (error, exit, part) in [
        (no_room(Need::Plan), Exit::Ledger, "1.2 MB are free, and a list can be planned only while 4.2 MB are free"),
        (no_room(Need::Import), Exit::Ledger, "the audience is unchanged"),
        (no_room(Need::Suppress), Exit::Ledger, "people can be suppressed, or no longer, only while 4.2 MB are free"),
        (no_room(Need::Fetch), Exit::Ledger, "what was fetched so far is kept"),
        (no_room(Need::Run), Exit::Ledger, "a send needs 4.2 MB; nothing was sent"),
        (no_room(Need::Claim), Exit::Ledger, "nothing more was sent"),
        (LedgerError::Folder { folder: path(), source: disk() }, Exit::Ledger, "the plug was pulled"),
        (LedgerError::NetworkFileSystem { folder: path(), kind: "nfs4".to_owned() }, Exit::Ledger, "nfs4"),
        (LedgerError::NotALedger { path: path() }, Exit::Ledger, "ledger.db"),
        (LedgerError::OlderSchema { ledger: path().into(), found: 4, needed: 9 }, Exit::Ledger, "this version needs 9"),
        (LedgerError::NewerSchema { ledger: path().into(), found: 9, known: 4 }, Exit::Ledger, "schema 9"),
        (LedgerError::MayNotMigrate { ledger: path().into(), found: 4, needed: 9 }, Exit::Config, "needs 9"),
        (
            LedgerError::OtherHost { ledger: path().into(), bound: "a".to_owned(), host: "b".to_owned() },
            Exit::Ledger,
            "uses b",
        ),
        (LedgerError::ClockBehind { now, newest }, Exit::Config, "nothing was planned or sent"),
        (LedgerError::ServerClock { now, server: newest }, Exit::Config, "nothing more was planned or sent"),
        (LedgerError::Gone { path: path(), source: disk() }, Exit::Ledger, "is gone"),
        (LedgerError::Replaced { path: path() }, Exit::Ledger, "replaced"),
        (LedgerError::NotAFile { path: path() }, Exit::Ledger, "not a file"),
        (LedgerError::Linked { path: path(), links: 2 }, Exit::Ledger, "2 names"),
        (LedgerError::MountedAlone { path: path() }, Exit::Ledger, "mounted without its folder"),
        (LedgerError::LogReplaced { path: path() }, Exit::Ledger, "nothing more was sent"),
        (LedgerError::OtherLog { path: path() }, Exit::Ledger, "another mmsg"),
        (LedgerError::LogOfAnother { path: path(), log: path() }, Exit::Ledger, "nothing was sent"),
        (LedgerError::Lost { path: path(), is_empty: true, trace: "seen".into() }, Exit::Ledger, "is empty (0 bytes)"),
        (LedgerError::Lost { path: path(), is_empty: false, trace: "seen".into() }, Exit::Ledger, "is gone"),
        (LedgerError::NotMade { path: path(), source: disk() }, Exit::Ledger, "the plug was pulled"),
        (LedgerError::Lock { path: path(), source: disk() }, Exit::Ledger, "lock file"),
        (LedgerError::TakenForDead { ledger: path().into() }, Exit::Ledger, "nothing more was sent"),
        (LedgerError::Spool { source: disk() }, Exit::Ledger, "nothing was planned or sent"),
        (
            closed(Closed::Restored { from: now, until: newest }),
            Exit::Doubt,
            "ledger.db is older than what was sent from it",
        ),
        (closed(Closed::Promoted { from: now }), Exit::Doubt, "is on another server than before"),
        (closed(Closed::Copied { to: "b.db".into(), at: now }), Exit::Doubt, "was copied to b.db"),
        (closed(Closed::Unfinished { from: "a.db".into() }), Exit::Doubt, "a copy of a.db that was not finished"),
        (LedgerError::NotNew { ledger: path().into() }, Exit::Usage, "nothing was copied"),
        (LedgerError::CopyDiffers { ledger: path().into(), table: "sends" }, Exit::Ledger, "nothing was copied"),
        (closed(Closed::Refused), Exit::Doubt, "or something else sends for this Page"),
        (LedgerError::AtWork { processes: 2 }, Exit::Ledger, "2 processes are still sending"),
        (LedgerError::BackedUpByServer { ledger: path().into() }, Exit::Usage, "nothing was backed up"),
        (LedgerError::NoSuchBroadcast { id: 7 }, Exit::Usage, "broadcast 7"),
        (LedgerError::NoSuchAudience { page: "1".to_owned(), name: name(), near: None }, Exit::Usage, "spring"),
        (LedgerError::AudienceOvertaken { name: name() }, Exit::Ledger, "newer import"),
        (LedgerError::FetchOvertaken { name: name() }, Exit::Ledger, "another mmsg fetches"),
        (
            LedgerError::BudgetChanges { campaign: "7".to_owned(), changes: 4, next: now },
            Exit::NotYet,
            "was changed 4 times within the last hour; nothing was changed",
        ),
        (LedgerError::OnTheWay, Exit::NotYet, "nothing of them was erased"),
        (LedgerError::PlanningStopped, Exit::Interrupted, "nothing was sent"),
        (LedgerError::SuppressingStopped { done: 64 }, Exit::Interrupted, "after 64 rows"),
        (LedgerError::ImportStopped, Exit::Interrupted, "unchanged"),
        (LedgerError::RetentionStopped, Exit::Interrupted, "not all that is old"),
    ] {
        let told = Error::from(error);
        assert_eq!(told.exit(), exit, "{told}");
        assert!(told.to_string().contains(part), "not {part}: {told}");
        assert!(told.hint_text().is_some(), "{told}");
    }
    for why in [Closed::Restored { from: now, until: newest }, Closed::Promoted { from: now }, Closed::Refused] {
        for (after, begins, ends) in [
            (Some("3 requests"), "stopped after 3 requests: the ledger", "; nothing more is sent"),
            (None, "the ledger", "; nothing was planned or sent"),
        ] {
            let told = ended(closed(why.clone()), after);
            assert_eq!(told.exit(), Exit::Doubt);
            assert!(told.to_string().starts_with(begins) && told.to_string().ends_with(ends), "{told}");
            assert!(told.hint_text().is_some(), "{told}");
        }
    }
    for bug in
        [LedgerError::BrokenSpool { what: "x" }, LedgerError::NoThread { source: disk() }, LedgerError::ThreadGone]
    {
        assert_eq!(Error::from(bug).exit(), Exit::Internal);
    }
}

#[test]
fn a_database_that_failed_is_10_and_named_with_the_cause() {
    for failure in [
        Failure::DiskFull,
        Failure::ReadOnly,
        Failure::CannotOpen,
        Failure::Corrupt,
        Failure::Busy,
        Failure::Io,
        Failure::Other,
    ] {
        let ledger = PathBuf::from("/home/me/ledger.db").into();
        let told = Error::from(LedgerError::Database { ledger, failure, source: std::sync::Arc::new(disk()) });
        assert_eq!((told.exit(), told.causes()), (Exit::Ledger, &["the plug was pulled".to_owned()][..]));
        assert!(told.message().starts_with("the ledger /home/me/ledger.db: "), "{told}");
        assert!(told.hint_text().is_some(), "{told}");
    }
}

#[test]
fn work_that_a_signal_stopped_ends_as_the_signal_says() {
    for exit in [Exit::Interrupted, Exit::Terminated] {
        assert_eq!(stopped_by(LedgerError::PlanningStopped, exit).exit(), exit);
        assert_eq!(stopped_by(LedgerError::ImportStopped, exit).exit(), exit);
        assert_eq!(stopped_by(LedgerError::SuppressingStopped { done: 1 }, exit).exit(), exit);
        assert_eq!(stopped_by(LedgerError::taken_for_dead(), exit).exit(), Exit::Ledger);
    }
}
