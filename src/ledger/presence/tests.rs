use std::fs;

use super::*;

#[test]
fn only_those_with_the_same_log_have_a_ledger_open_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::write(&path, "").unwrap();
    let log = || {
        let inodes = identity::beside(&path).map(|path| {
            fs::write(&path, "").unwrap();
            Inode::of(&path).unwrap()
        });
        identity::of_log(inodes)
    };
    let opened = |log| {
        let arrival = Arrival::at(&path)?;
        arrival.join(&path, log).map(|()| arrival.stay())
    };
    let (first, second) = (opened(log()).unwrap(), opened(log()).unwrap());
    // Its log goes away, and another is made.
    let [wal, _] = identity::beside(&path);
    fs::rename(&wal, folder.path().join("aside")).unwrap();
    let refused = |arrived: Result<Arrival>| matches!(arrived, Err(Error::OtherLog { .. }));
    assert!(refused(Arrival::at(&path)));
    let early = Arrival { file: File::open(&path).unwrap() };
    assert!(matches!(early.join(&path, log()), Err(Error::OtherLog { .. })));
    assert!(refused(Arrival::at(&path)));
    drop(first);
    assert!(refused(Arrival::at(&path)));
    drop(second);
    let _third = opened(log()).unwrap();
    // By another name the log is another one, or none.
    let link = folder.path().join("link");
    fs::hard_link(&path, &link).unwrap();
    assert!(refused(Arrival::at(&link)));
}

#[test]
fn the_first_and_the_last_place_can_be_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::write(&path, "").unwrap();
    for (own, other) in [(0, PLACES - 1), (PLACES - 1, 0)] {
        let arrival = || Arrival { file: File::open(&path).unwrap() };
        let first = arrival();
        first.join(&path, own).unwrap();
        let same = arrival();
        assert!(!same.is_used_with_another(Some(own)).unwrap());
        assert!(same.is_used_with_another(Some(other)).unwrap() && same.is_used_with_another(None).unwrap());
    }
}
