use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::restore::Restore;

fn behind(ledger: i64, seen: i64) -> Option<Closed> {
    let ledger = Progress { identity: "a".to_owned(), steps: ledger, newest_at: UnixMillis(7) };
    is_behind(&ledger, &Seen { ledger: "ledger.db".to_owned(), steps: seen, newest_at: 9 })
}

#[test]
fn only_a_ledger_with_fewer_steps_than_were_seen_is_behind() {
    let closed = Some(Closed::Restored { from: UnixMillis(7), until: UnixMillis(9) });
    for (ledger, seen, why) in [(0, 0, None), (5, 5, None), (6, 5, None), (4, 5, closed.clone()), (0, i64::MAX, closed)]
    {
        assert_eq!(behind(ledger, seen), why, "{ledger} {seen}");
    }
}

/// A ledger on disk, in a folder of its own, whose witness has seen a run.
fn ledger() -> (tempfile::TempDir, PathBuf, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (mut ledger, _) = Ledger::open(&path).unwrap();
    let broadcast = "insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
                     values (1, '1', '1', '1', x'00', '', 0)";
    ledger.conn.execute(broadcast, ()).unwrap();
    run(&mut ledger, 1000);
    (folder, path, ledger)
}

fn run(ledger: &mut Ledger, at: i64) {
    let run = ledger.start_run(1, UnixMillis(at), 1).unwrap();
    ledger.end_run(run, UnixMillis(at), "exhausted", Duration::ZERO).unwrap();
}

/// The one witness of a folder.
fn the_file(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder.join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let seen: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect();
    let [file] = &seen[..] else { panic!("{seen:?}") };
    file.clone()
}

#[test]
fn a_copy_is_seen_under_any_name_and_the_ledger_itself_never() {
    let (folder, path, mut ledger) = ledger();
    let copy = folder.path().join("copy.db");
    ledger.conn.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
    assert_eq!(Ledger::open(&copy).unwrap().0.gate().unwrap().closed, None, "nothing happened since it was made");
    run(&mut ledger, 2000);
    drop(ledger);
    let closed = Some(Closed::Restored { from: UnixMillis(1000), until: UnixMillis(2000) });
    let read_only = Ledger::open_read_only(&copy).unwrap().unwrap();
    assert_eq!(read_only.gate().unwrap().closed, closed);
    drop(read_only);
    let link = folder.path().join("link.db");
    symlink(&copy, &link).unwrap();
    assert_eq!(Ledger::open(&link).unwrap().0.gate().unwrap().closed, closed);
    assert_eq!(Ledger::open(&path).unwrap().0.gate().unwrap().closed, None);
    // It stays closed if the witness goes.
    std::fs::remove_dir_all(folder.path().join("runs")).unwrap();
    assert_eq!(Ledger::open(&copy).unwrap().0.gate().unwrap().closed, closed);
}

#[test]
fn a_link_turned_to_a_copy_elsewhere_is_seen() {
    let (folder, path, mut ledger) = ledger();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("backup.db");
    ledger.conn.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
    let link = folder.path().join("link.db");
    symlink(&copy, &link).unwrap();
    assert_eq!(Ledger::open(&link).unwrap().0.gate().unwrap().closed, None, "nothing happened since it was made");
    run(&mut ledger, 2000);
    drop(ledger);
    std::fs::remove_file(&path).unwrap();
    symlink(&copy, &path).unwrap();
    let closed = Some(Closed::Restored { from: UnixMillis(1000), until: UnixMillis(2000) });
    let mut ledger = Ledger::open(&path).unwrap().0;
    assert_eq!(ledger.gate().unwrap().closed, closed);
    let restore = Restore { since: UnixMillis(1000), now: UnixMillis(3000), cool_down: Duration::ZERO };
    ledger.accept_restore(restore, "somebody", "ledger accept-restore").unwrap();
    drop(ledger);
    for name in [&path, &link, &copy] {
        assert_eq!(Ledger::open(name).unwrap().0.gate().unwrap().closed, None, "{}", name.display());
    }
}

#[test]
fn the_witness_never_unsees_and_follows_no_link() {
    let (folder, _, ledger) = ledger();
    let file = the_file(folder.path());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let seen = read(&file).unwrap();
    assert_eq!((seen.ledger.as_str(), seen.newest_at), ("ledger.db", 1000));
    let more = Seen { steps: seen.steps + 100, ..seen };
    write(&OpenOptions::new().write(true).open(&file).unwrap(), &more, 0).unwrap();
    ledger.be_seen();
    assert_eq!(read(&file).unwrap(), more, "another process has seen more");
    // A link in its place is replaced, and what it leads to is left alone.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    ledger.be_seen();
    assert_eq!(read(&elsewhere).unwrap(), more);
    assert!(!file.is_symlink() && read(&file).unwrap().steps < more.steps);
    // What can't be read says nothing.
    std::fs::write(&file, "half a l").unwrap();
    assert_eq!(ledger.gate().unwrap().closed, None);
    ledger.be_seen();
    assert!(read(&file).is_ok());
}

#[test]
fn of_two_equal_copies_only_the_one_that_begins_first_may_send() {
    let (folder, _, mut ledger) = ledger();
    let path = folder.path().join("copy.db");
    ledger.conn.execute("vacuum into ?1", [path.to_str().unwrap()]).unwrap();
    let mut copy = Ledger::open(&path).unwrap().0;
    assert_eq!(copy.gate().unwrap().closed, None);
    let run = ledger.start_run(1, UnixMillis(2000), 1).unwrap();
    let closed = Closed::Restored { from: UnixMillis(1000), until: UnixMillis(2000) };
    match copy.start_run(1, UnixMillis(2000), 1).map(drop) {
        Err(Error::Closed { ledger, why }) => assert_eq!((ledger, why), (path.clone().into(), closed.clone())),
        other => panic!("{other:?}"),
    }
    ledger.end_run(run, UnixMillis(2000), "exhausted", Duration::ZERO).unwrap();
    assert_eq!(ledger.gate().unwrap().closed, None);
    drop(copy);
    assert_eq!(Ledger::open(&path).unwrap().0.gate().unwrap().closed, Some(closed));
}

#[test]
fn what_is_held_is_not_written_by_others_and_stays_one_file() {
    let (folder, path, ledger) = ledger();
    let file = the_file(folder.path());
    let before = (Inode::of(&file).unwrap(), read(&file).unwrap());
    let other = || OpenOptions::new().read(true).write(true).open(&file).unwrap();
    let held = ledger.witness().hold(&Progress::of(&ledger.conn).unwrap());
    assert!(matches!(other().try_lock(), Err(TryLockError::WouldBlock)));
    let mut progress = Progress::of(&ledger.conn).unwrap();
    progress.step(&ledger.conn, UnixMillis(3000)).unwrap();
    let Progress { steps, newest_at, .. } = Progress::of(&ledger.conn).unwrap();
    assert_eq!((progress.steps, progress.newest_at), (steps, newest_at));
    assert_eq!(held.doubts(&progress), None);
    held.look(&progress);
    other().try_lock().unwrap();
    let after = (Inode::of(&file).unwrap(), read(&file).unwrap());
    assert_eq!((after.0, after.1.steps, after.1.newest_at), (before.0, before.1.steps + 1, 3000));
    // Whoever may write to the ledger may write to a new one.
    std::fs::remove_file(&file).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
    ledger.be_seen();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(read(&file).unwrap(), after.1);
}
