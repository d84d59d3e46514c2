//! Who was erased, by keyed hashes, in a file in the folder `runs`: a backup from before knows nothing of it, and learns it when it is
//! accepted. Named by the ledger's identity, as its witness is.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::ledger::db::{self, Conn};
use crate::ledger::key::Key;
use crate::ledger::locks::Locks;
use crate::ledger::people::erased::Tombstone;

/// What is left of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stone {
    /// The key of its hashes.
    with: String,
    key: String,
    pub page: String,
    pub psid: Option<String>,
    pub at: i64,
}

impl Stone {
    pub fn new(with: &[u8; 32], tomb: Tombstone) -> Self {
        let Tombstone { key, page, psid, at } = tomb;
        Self { with: digits(with), key: digits(&key), page, psid, at: at.0 }
    }

    pub fn key(&self) -> Option<Key> {
        bytes(&self.key)
    }
}

/// The file.
pub struct Book(PathBuf);

impl Book {
    /// Of the ledger with this connection, in `folder`.
    pub fn of(conn: &Conn, folder: &Path) -> db::Result<Self> {
        let identity: String = conn.query_row("select identity from ledger", (), |row| row.get(0))?;
        // A ledger is only data: its identity must not lead elsewhere.
        let name: String = identity.chars().filter(char::is_ascii_alphanumeric).collect();
        Ok(Self(Locks::folder(folder).join(name).with_extension("erased")))
    }

    /// Adds those that are not in it.
    pub fn add(&self, stones: &[Stone]) -> io::Result<()> {
        let known = self.read()?;
        let mut text = Vec::new();
        for stone in stones.iter().filter(|stone| !known.values().flatten().any(|one| one == *stone)) {
            serde_json::to_writer(&mut text, stone)?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(&self.0)?;
        file.write_all(&text)?;
        file.sync_all()
    }

    /// All that is in it, by the key of the hashes. A line that was cut off is not a line.
    pub fn read(&self) -> io::Result<HashMap<[u8; 32], Vec<Stone>>> {
        let file = match fs::File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
            opened => opened?,
        };
        let mut all = HashMap::<[u8; 32], Vec<Stone>>::new();
        for line in BufReader::new(file).lines() {
            let Ok(stone) = serde_json::from_str::<Stone>(&line?) else { continue };
            if let Some(with) = bytes(&stone.with) {
                all.entry(with).or_default().push(stone);
            }
        }
        Ok(all)
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;

    #[test]
    fn a_stone_is_added_once_and_a_line_that_was_cut_off_costs_itself() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book(folder.path().join("runs/a.erased"));
        assert!(book.read().unwrap().is_empty());
        let stone = |n: u8| {
            let psid = (n == 2).then(|| "erased:x".to_owned());
            Stone::new(&[7; 32], Tombstone { key: [n; 16], page: "1".to_owned(), psid, at: UnixMillis(5) })
        };
        book.add(&[stone(1)]).unwrap();
        book.add(&[stone(1), stone(2)]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&book.0).unwrap();
        file.write_all(b"{\"with\":\"07").unwrap();
        assert_eq!(book.read().unwrap(), HashMap::from([([7; 32], vec![stone(1), stone(2)])]));
        assert_eq!(stone(1).key(), Some([1; 16]));
        for odd in ["", "0", "zz", "0é"] {
            assert_eq!(bytes::<1>(odd), None, "{odd}");
        }
    }
}
