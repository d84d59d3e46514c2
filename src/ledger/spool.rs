//! A list on its way into the ledger: read, checked and hashed once, and kept in an unnamed file until all of it was read.
//!
//! A list counts only as a whole, and whether it is new is known from the hash of all its rows. So nothing touches the
//! ledger before the input has ended, memory stays flat, and an interrupted read leaves nothing behind.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{Error, Result};
use super::failpoint;
use super::key::{Key, key};

/// Collects rows.
pub struct Spool {
    out: BufWriter<File>,
    hash: Sha256,
    rows: u64,
}

impl Spool {
    /// Uses an unnamed file in `folder`, which is gone when it is closed, however the process ends.
    pub fn new(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(failed)?;
        Ok(Self { out: BufWriter::with_capacity(1 << 18, file), hash: Sha256::new(), rows: 0 })
    }

    /// Adds a row. `values` is a JSON object of the columns that the message uses.
    pub fn add(&mut self, token: &str, values: Option<&str>) -> Result<()> {
        failpoint::hit("spool.add").map_err(failed)?;
        let key = key(token);
        self.hash.update(key);
        let values = values.unwrap_or_default();
        if !values.is_empty() {
            self.hash.update((values.len() as u64).to_le_bytes());
            self.hash.update(values.as_bytes());
        }
        self.rows += 1;
        let token_length = length_of(token)?;
        let values_length = length_of(values)?;
        self.put(&key)?;
        self.put(&token_length.to_le_bytes())?;
        self.put(&values_length.to_le_bytes())?;
        self.put(token.as_bytes())?;
        self.put(values.as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(failed)
    }

    /// The whole list, ready to be read.
    pub fn finish(self) -> Result<Listing> {
        failpoint::hit("spool.finish").map_err(failed)?;
        let mut file = self.out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.rewind().map_err(failed)?;
        Ok(Listing {
            rows: self.rows,
            hash: self.hash.finalize().into(),
            input: BufReader::with_capacity(1 << 18, file),
            left: self.rows,
            part: Vec::new(),
            next: 0,
        })
    }
}

/// A whole list: how many good rows, their hash, and the rows themselves.
pub struct Listing {
    pub rows: u64,
    pub hash: [u8; 32],
    input: BufReader<File>,
    /// Rows not yet read.
    left: u64,
    /// Rows that were read, and which of them is next.
    part: Vec<ListedRow>,
    next: usize,
}

/// How many rows at the head of a list keep their order: with `--max-sends` an operator tries the first ones first.
const HEAD: u64 = 4096;

/// How many of the other rows, or bytes of them, are sorted by key at a time. The ledger's index of people is in the order of keys,
/// so that neighbours share its pages, and a transaction writes fewer of them.
const SORTED_ROWS: usize = 1 << 16;
const SORTED_BYTES: usize = 8 << 20;

/// One row of a list.
pub struct ListedRow {
    pub key: Key,
    pub token: String,
    pub values: Option<String>,
}

impl Listing {
    /// Begins again at its first row.
    pub fn rewind(&mut self) -> Result<()> {
        self.input.rewind().map_err(failed)?;
        self.left = self.rows;
        self.part.clear();
        self.next = 0;
        Ok(())
    }

    /// The next row: the head of the list in its order, the rest in parts, each in the order of its keys. Rows of one person keep
    /// their order.
    pub fn next_row(&mut self) -> Result<Option<&ListedRow>> {
        if self.next == self.part.len() {
            self.read_part()?;
        }
        self.next += 1;
        Ok(self.part.get(self.next - 1))
    }

    /// The next rows, in the same order: as many as there are at hand, but no more than `most`; none at the end.
    pub fn next_rows(&mut self, most: usize) -> Result<&[ListedRow]> {
        if self.next == self.part.len() {
            self.read_part()?;
        }
        let begin = self.next;
        self.next = self.part.len().min(begin + most);
        Ok(&self.part[begin..self.next])
    }

    fn read_part(&mut self) -> Result<()> {
        self.part.clear();
        self.next = 0;
        let is_head = self.left == self.rows;
        let most = self.left.min(if is_head { HEAD } else { SORTED_ROWS as u64 }) as usize;
        self.part.reserve(most);
        let mut bytes = 0;
        for _ in 0..most {
            let row = self.read_row()?;
            bytes += row.token.len() + row.values.as_ref().map_or(0, String::len);
            self.part.push(row);
            if bytes > SORTED_BYTES {
                break;
            }
        }
        self.left -= self.part.len() as u64;
        if !is_head {
            // Keys are moved while they are sorted, and each row once. It is a stable sort, too.
            self.part.sort_by_cached_key(|row| row.key);
        }
        Ok(())
    }

    fn read_row(&mut self) -> Result<ListedRow> {
        let mut key = [0; 16];
        let mut lengths = [0; 8];
        self.input.read_exact(&mut key).map_err(failed)?;
        self.input.read_exact(&mut lengths).map_err(failed)?;
        let [a, b, c, d, e, f, g, h] = lengths;
        let (token_length, values_length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let token = read_text(&mut self.input, token_length)?;
        let values = if values_length == 0 { None } else { Some(read_text(&mut self.input, values_length)?) };
        Ok(ListedRow { key, token, values })
    }
}

fn read_text(input: &mut impl Read, length: u32) -> Result<String> {
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| Error::BrokenSpool { what: "the stored list is damaged" })
}

fn length_of(text: &str) -> Result<u32> {
    u32::try_from(text.len()).map_err(|_| Error::BrokenSpool { what: "a token or its values are longer than 4 GiB" })
}

fn failed(source: io::Error) -> Error {
    Error::Spool { source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(rows: &[(&str, Option<&str>)]) -> Listing {
        let mut spool = Spool::new(&std::env::temp_dir()).unwrap();
        for (token, values) in rows {
            spool.add(token, *values).unwrap();
        }
        spool.finish().unwrap()
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let mut listing = listing(&[("123", None), ("4", Some(r#"{"a":"ä"}"#)), ("55555", None)]);
        assert_eq!(listing.rows, 3);
        let mut seen = Vec::new();
        while let Some(row) = listing.next_row().unwrap() {
            assert_eq!(row.key, key(&row.token));
            seen.push((row.token.clone(), row.values.clone()));
        }
        let values = Some(r#"{"a":"ä"}"#.to_owned());
        assert_eq!(seen, [("123".to_owned(), None), ("4".to_owned(), values), ("55555".to_owned(), None)]);
    }

    #[test]
    fn a_long_list_keeps_its_head_and_gives_every_row_once() {
        // Everybody twice, the second time with other values.
        let tokens: Vec<String> = (0..90_000).map(|n| (n * 7919 % 45_000).to_string()).collect();
        let mut spool = Spool::new(&std::env::temp_dir()).unwrap();
        for (place, token) in tokens.iter().enumerate() {
            spool.add(token, Some(&place.to_string())).unwrap();
        }
        let mut listing = spool.finish().unwrap();
        let mut places = Vec::new();
        while let Some(row) = listing.next_row().unwrap() {
            let place: usize = row.values.as_deref().unwrap().parse().unwrap();
            assert_eq!(row.token, tokens[place]);
            places.push(place);
        }
        assert!(listing.next_row().unwrap().is_none());
        let head = HEAD as usize;
        assert!(places[..head].iter().copied().eq(0..head));
        let keys =
            |from: usize, to: usize| places[from..to].iter().map(|place| key(&tokens[*place])).collect::<Vec<_>>();
        assert!(keys(head, head + SORTED_ROWS).is_sorted() && keys(head + SORTED_ROWS, 90_000).is_sorted());
        // A person who is in the list twice comes first with the first row.
        let mut first = std::collections::HashMap::new();
        places
            .iter()
            .for_each(|place| assert!(first.insert(&tokens[*place], place).is_none_or(|before| before < place)));
        let mut all = places.clone();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..90_000));
        // From the beginning, wherever it was.
        for read in [0, 1, HEAD, 70_000] {
            (0..read).for_each(|_| assert!(listing.next_row().unwrap().is_some()));
            listing.rewind().unwrap();
        }
        let again = places.iter().map(|place| tokens[*place].as_str());
        again.for_each(|token| assert_eq!(listing.next_row().unwrap().unwrap().token, token));
        assert!(listing.next_row().unwrap().is_none());
    }

    #[test]
    fn the_hash_tells_lists_apart_by_rows_values_and_order() {
        let plain = listing(&[("1", None), ("2", None)]).hash;
        assert_eq!(plain, listing(&[("1", None), ("2", None)]).hash);
        for other in [&[("2", None), ("1", None)][..], &[("1", None)], &[("1", None), ("2", Some(r#"{"a":"b"}"#))], &[]]
        {
            assert_ne!(plain, listing(other).hash);
        }
    }
}
