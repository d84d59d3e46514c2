//! The cells of a row.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::{Error, Result};

/// Splits one row at a time into cells, in buffers that are used again.
pub(super) struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(super) fn new(delimiter: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        // Before its first read the parser would take EF BB BF for a mark; the window has used that up already.
        reader.read_record(b"\n", &mut [0; 4], &mut [0; 1]);
        Self { reader, text: vec![0; 1024], ends: vec![0; 32], count: 0 }
    }

    /// Splits a row whose bounds are known to be right. Returns the number of cells.
    pub(super) fn split(&mut self, row: &[u8]) -> Result<usize> {
        if self.text.len() <= row.len() {
            self.text.resize(row.len() + 1, 0);
        }
        let (mut input, mut written) = (row, 0);
        self.count = 0;
        let mut ended = false;
        loop {
            let (result, used, wrote, cells) =
                self.reader.read_record(input, &mut self.text[written..], &mut self.ends[self.count..]);
            input = &input[used..];
            written += wrote;
            self.count += cells;
            match result {
                ReadRecordResult::Record => return Ok(self.count),
                ReadRecordResult::InputEmpty if !ended => {
                    input = b"\n";
                    ended = true;
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Err(Error::internal("a row of the list was split at the wrong place"));
                }
            }
        }
    }

    /// The text of a row that is one quoted cell, on one line.
    pub(super) fn only_cell(&mut self, row: &[u8]) -> Result<Option<&[u8]>> {
        if row.first() != Some(&b'"') || self.split(row)? != 1 {
            return Ok(None);
        }
        Ok(Some(self.get(0)).filter(|cell| memchr::memchr2(b'\n', b'\r', cell).is_none()))
    }

    /// Cell `index` of the row split last, without white space around it. Empty past the end.
    pub(super) fn trimmed(&self, index: usize) -> &[u8] {
        self.get(index).trim_ascii()
    }

    /// Cell `index` of the row split last. Empty past the end.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        if index >= self.count {
            return b"";
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}
