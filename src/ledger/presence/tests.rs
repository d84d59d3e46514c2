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
        let mut arrival = Arrival::at(&path)?;
        arrival.join(&path, log).map(|()| arrival.stay())
    };
    let (first, second) = (opened(log()).unwrap(), opened(log()).unwrap());
    // Its log goes away, and another is made.
    let [wal, _] = identity::beside(&path);
    fs::rename(&wal, folder.path().join("aside")).unwrap();
    let refused = |arrived: Result<Arrival>| matches!(arrived, Err(Error::OtherLog { .. }));
    assert!(refused(Arrival::at(&path)));
    let mut early = Arrival { ledger: File::open(&path).unwrap(), log: None };
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
fn a_file_that_took_the_place_of_a_ledger_is_kept_from_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let path = at("ledger.db");
    for name in ["ledger.db", "ledger.db-wal", "backup.db"] {
        fs::write(at(name), "").unwrap();
    }
    let mut arrival = Arrival::at(&path).unwrap();
    arrival.join(&path, 7).unwrap();
    let old = arrival.stay();
    fs::rename(&path, at("aside")).unwrap();
    fs::rename(at("backup.db"), &path).unwrap();
    assert!(matches!(Arrival::at(&path), Err(Error::LogOfAnother { .. })));
    // It went away with its log.
    drop(old);
    Arrival::at(&path).unwrap();
}

#[test]
fn the_first_and_the_last_place_can_be_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::write(&path, "").unwrap();
    for (own, other) in [(0, PLACES - 1), (PLACES - 1, 0)] {
        let (first, second) = (File::open(&path).unwrap(), File::open(&path).unwrap());
        bytes::lock(&first, place(own)).unwrap();
        assert!(!is_used_by_another(&second, Some(own)).unwrap());
        assert!(is_used_by_another(&second, Some(other)).unwrap() && is_used_by_another(&second, None).unwrap());
    }
}
