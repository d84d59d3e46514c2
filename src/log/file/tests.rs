use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use rustix::fs::Mode;

use super::*;

fn open(path: &Path) -> LogFile {
    LogFile::open(path, Clock::system()).unwrap()
}

/// Waits until so many lines are written, and so many missing since.
fn wait_for(file: &LogFile, written: u64, missing: u64) {
    let begin = Instant::now();
    let told = || [&file.tally.written, &file.tally.missing].map(|lines| lines.load(Ordering::Relaxed));
    while told() != [written, missing] {
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?} lines are written and missing", told());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_new_file_is_its_owner_s_and_one_that_is_there_is_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let file = open(&path);
    file.write("one\n");
    assert_eq!(file.close(), None);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Whoever made it chose who reads it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&path, "one\ntorn").unwrap();
    let file = open(&path);
    file.write("two\n");
    assert_eq!((file.close(), file.close()), (None, None));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntorn\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_wrong_path_is_a_mistake_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("no folder/log")] {
        assert!(LogFile::open(&path, Clock::system()).is_err(), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_rotated_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let file = open(&at("log"));
    file.write("one\n");
    wait_for(&file, 1, 0);
    fs::rename(at("log"), at("log.1")).unwrap();
    file.write("two\n");
    wait_for(&file, 2, 0);
    // Copied and emptied.
    fs::copy(at("log"), at("log.2")).unwrap();
    File::options().write(true).open(at("log")).unwrap().set_len(0).unwrap();
    file.write("three\n");
    wait_for(&file, 3, 0);
    assert_eq!(fs::read_to_string(at("log")).unwrap(), "three\n");
    fs::remove_file(at("log")).unwrap();
    file.write("four\n");
    assert_eq!(file.close(), None);
    let text = |name: &str| fs::read_to_string(at(name)).unwrap();
    assert_eq!(
        (text("log.1"), text("log.2"), text("log")),
        ("one\n".to_owned(), "two\n".to_owned(), "four\n".to_owned())
    );
}

#[test]
fn processes_that_share_a_file_tear_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let files = [open(&path), open(&path), open(&path)];
    let line = |n: usize| format!("{}\n", char::from(b'a' + n as u8).to_string().repeat(400));
    for _ in 0..500 {
        files.iter().enumerate().for_each(|(n, file)| file.write(&line(n)));
    }
    assert!(files.iter().all(|file| file.close().is_none()));
    let text = fs::read_to_string(&path).unwrap();
    for n in 0..3 {
        assert_eq!(text.lines().filter(|found| **found == *line(n).trim_end()).count(), 500);
    }
    assert_eq!(text.lines().count(), 1500);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_lines_and_nothing_else() {
    let file = open(Path::new("/dev/full"));
    let begin = Instant::now();
    (0..100).for_each(|_| file.write("lost\n"));
    let unwritten = file.close().unwrap();
    assert_eq!((unwritten.lines, unwritten.why.as_str()), (100, "the disk is full"));
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_pipe_is_not_waited_for_and_what_it_lacks_is_said_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    pipe(&path);
    let file = open(&path);
    (0..3).for_each(|_| file.write("lost\n"));
    wait_for(&file, 0, 3);
    let mut reader = File::from(rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
    file.write("read\n");
    wait_for(&file, 1, 0);
    let unwritten = file.close().unwrap();
    assert_eq!((unwritten.lines, unwritten.why.as_str()), (3, "nothing reads the pipe"));
    // Another test's child has the writing end too until it is another program: the end of the file is waited for.
    rustix::fs::fcntl_setfl(&reader, OFlags::empty()).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let (gap, rest) = text.split_once('\n').unwrap();
    let gap: serde_json::Value = serde_json::from_str(gap).unwrap();
    assert_eq!((gap["event"].as_str(), gap["lines"].as_u64(), rest), (Some("lines lost"), Some(3), "read\n"));
}

#[test]
fn a_reader_who_does_not_read_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    pipe(&path);
    let _reader = rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let file = open(&path);
    let line = format!("{}\n", "x".repeat(100));
    let lines = QUEUE as u64 + 3000;
    let begin = Instant::now();
    (0..lines).for_each(|_| file.write(&line));
    assert!(begin.elapsed() < Duration::from_secs(20), "whoever logs waited");
    let unwritten = file.close().unwrap();
    // What the system keeps for the reader is not a lost line.
    assert!((lines / 2..lines).contains(&unwritten.lines), "{unwritten:?}");
    assert_eq!(unwritten.why, "it takes lines too slowly");
}
