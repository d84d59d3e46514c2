//! Whole lists, through every step: a table for each kind of input and damage, then properties that hold for any bytes.

mod clients;
mod damage;
mod inputs;
mod json_lists;
mod kinds;
mod properties;
mod python;
mod shapes;

use std::io::{self, Read, Write};

use super::*;
use crate::error::Exit;

/// Gives at most `step` bytes a read.
struct Drip {
    bytes: io::Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = self.step.min(buffer.len());
        self.bytes.read(&mut buffer[..step])
    }
}

#[derive(Debug, Default, PartialEq)]
struct List {
    rows: Vec<(u64, String, String)>,
    bad: Vec<Bad>,
    tally: ListTally,
}

impl List {
    fn tokens(&self) -> Vec<&str> {
        self.rows.iter().map(|(_, token, _)| token.as_str()).collect()
    }

    fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, ..)| *line).collect()
    }

    fn values(&self) -> Vec<&str> {
        self.rows.iter().map(|(.., values)| values.as_str()).collect()
    }

    /// Line and reason of each bad row.
    fn faults(&self) -> Vec<(u64, &str)> {
        self.bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect()
    }
}

/// Reads inputs that arrive in pieces of `step` bytes.
fn drip(inputs: &[&[u8]], step: usize, options: &ReadOptions, wanted: Columns) -> Result<List> {
    let mut list = List::default();
    let mut sink = |item: Item<'_>| {
        match item {
            Item::Row(row) => {
                list.rows.push((row.line, row.token.to_owned(), row.values.unwrap_or_default().to_owned()));
            }
            Item::Bad(bad) => list.bad.push(bad.clone()),
        }
        Ok(())
    };
    let mut last = (0, 0);
    let mut progress = |bytes, rows| {
        assert!((bytes, rows) >= last, "progress only rises");
        last = (bytes, rows);
    };
    let readers = inputs.iter().enumerate().map(|(index, bytes)| {
        let reader = Drip { bytes: io::Cursor::new(bytes.to_vec()), step };
        (format!("list{index}"), Box::new(reader) as Box<dyn Read>)
    });
    let tally = read_from(readers, options, wanted, &mut progress, &mut sink)?;
    list.tally = tally;
    assert_eq!(list.tally.rows, list.tally.good + list.tally.bad);
    assert_eq!(list.tally.good, list.rows.len() as u64);
    assert_eq!(list.tally.bad, list.bad.len() as u64);
    assert_eq!(list.tally.bytes, inputs.iter().map(|bytes| bytes.len() as u64).sum::<u64>());
    Ok(list)
}

fn all(text: impl AsRef<[u8]>) -> List {
    match drip(&[text.as_ref()], usize::MAX, &ReadOptions::default(), Columns::All) {
        Ok(list) => list,
        Err(error) => panic!("{error}: {:?}", error.hint_text()),
    }
}

fn with(text: impl AsRef<[u8]>, column: &str) -> Result<List> {
    let options = ReadOptions { token_column: Some(column.to_owned()), ..ReadOptions::default() };
    drip(&[text.as_ref()], usize::MAX, &options, Columns::All)
}

/// Takes every row that has a token, however few there are and whatever they look like.
fn lenient(text: impl AsRef<[u8]>) -> List {
    let options = ReadOptions { allow_bad_rows: true, allow_odd_tokens: true, ..ReadOptions::default() };
    match drip(&[text.as_ref()], usize::MAX, &options, Columns::All) {
        Ok(list) => list,
        Err(error) => panic!("{error}: {:?}", error.hint_text()),
    }
}

fn refused(text: impl AsRef<[u8]>) -> (Exit, String) {
    match drip(&[text.as_ref()], usize::MAX, &ReadOptions::default(), Columns::All) {
        Ok(list) => panic!("accepted: {list:?}"),
        Err(error) => (error.exit(), format!("{error}; {}", error.hint_text().unwrap_or_default())),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn outcome(bytes: &[u8], step: usize, options: &ReadOptions, wanted: &Columns) -> Result<List, (Exit, String)> {
    drip(&[bytes], step, options, wanted.clone()).map_err(|error| (error.exit(), error.to_string()))
}
