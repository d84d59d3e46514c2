//! Bytes of one input: opened, counted, decompressed, made UTF-8.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use super::unpack::{Gzip, Zstd};
use super::{Input, shown_file, token};
use crate::error::{Error, Result};
use crate::text::mask;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

/// One input as text. Not yet checked to be any.
pub(super) struct InputText {
    name: String,
    reader: Box<dyn Read>,
    packing: Option<&'static str>,
    /// Set when the file itself could not be read, to distinguish that from damage inside it.
    unreadable: Rc<Cell<bool>>,
}

impl InputText {
    /// `bytes` counts what is read, as stored.
    pub(super) fn open(input: &Input, bytes: Rc<Cell<u64>>) -> Result<Self> {
        let name = input.name();
        let raw: Box<dyn Read> = match input {
            Input::Stdin => Box::new(io::stdin().lock()),
            Input::File(path) => Box::new(File::open(path).map_err(|error| unreadable(&name, &error))?),
        };
        Self::new(name, raw, bytes)
    }

    pub(super) fn new(name: String, raw: Box<dyn Read>, bytes: Rc<Cell<u64>>) -> Result<Self> {
        let failed = Rc::new(Cell::new(false));
        let mut raw = Counting { raw, bytes, failed: Rc::clone(&failed) };
        let mut head = Vec::with_capacity(4);
        (&mut raw).take(4).read_to_end(&mut head).map_err(|error| unreadable(&name, &error))?;
        let packing = match head.as_slice() {
            [0x1f, 0x8b, ..] => Some("gzip"),
            // A frame, or one that is to be skipped: parallel zstd begins with such.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Some("zstd"),
            _ => None,
        };
        let whole = Cursor::new(head).chain(raw);
        let reader: Box<dyn Read> = match packing {
            Some("gzip") => Box::new(Gzip::new(BufReader::with_capacity(64 * 1024, whole))),
            Some(_) => Box::new(Zstd::new(BufReader::with_capacity(64 * 1024, whole))),
            None => Box::new(whole),
        };
        Ok(Self { name, reader, packing, unreadable: failed })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        match self.packing {
            Some("zstd") if error.kind() == io::ErrorKind::Unsupported => {
                Error::refused(format!("can't unpack the list {}", shown_file(&self.name))).because(error).hint(
                    format!(
                        "unpack it first: zstd -dc --long=31 {} | mmsg …, or compress it without --long and --ultra",
                        if self.name == "-" { "FILE" } else { &self.name },
                    ),
                )
            }
            Some(packing) if !self.unreadable.get() => {
                Error::refused(format!("the list {} is damaged {packing}", shown_file(&self.name)))
                    .because(error)
                    .hint(format!("check it with {packing} -t; was it copied as a whole?"))
            }
            _ => unreadable(&self.name, error),
        }
    }

    pub(super) fn utf16_mark(start: &[u8]) -> Option<&'static Encoding> {
        match start {
            [0xff, 0xfe, ..] => Some(UTF_16LE),
            [0xfe, 0xff, ..] => Some(UTF_16BE),
            _ => None,
        }
    }

    /// What an input is that no list can be.
    pub(super) fn foreign(start: &[u8]) -> Option<&'static str> {
        match start {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("a zip archive (a spreadsheet's .xlsx or .ods is one)"),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old spreadsheet (.xls)"),
            [0x1f, 0x8b, ..] => Some("gzip inside a compressed file"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd inside a compressed file"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', ..] => Some("bzip2"),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("a 7z archive"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some("lz4"),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some("a PDF"),
            [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
            [b'O', b'b', b'j', 1, ..] => Some("an Avro file"),
            _ if start.starts_with(b"SQLite format 3\0") => Some("an SQLite database"),
            _ if start.get(257..262) == Some(b"ustar") => Some("a tar archive"),
            _ => None,
        }
    }

    /// The same source, its bytes (those already read first) taken as UTF-16.
    pub(super) fn into_utf16(self, encoding: &'static Encoding, read: Vec<u8>) -> Self {
        let reader = Utf16 {
            inner: Cursor::new(read).chain(self.reader),
            decoder: encoding.new_decoder_without_bom_handling(),
            taken: vec![0; 16 * 1024],
            text: Vec::with_capacity(64 * 1024),
            given: 0,
            ended: false,
        };
        Self { reader: Box::new(reader), ..self }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound && token::may_be_one(name) {
        return Error::usage(format!("there is no file {}, and it looks like a token, not like a list", mask(name)))
            .hint("pass it with --token if the command has that flag, or on stdin: echo TOKEN | mmsg …");
    }
    Error::usage(format!("can't read the list {}", shown_file(name)))
        .because(error)
        .hint("name a file that you may read, or - for stdin")
}

struct Counting {
    raw: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
    failed: Rc<Cell<bool>>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.raw.read(buffer) {
            Ok(read) => {
                self.bytes.set(self.bytes.get() + read as u64);
                Ok(read)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.failed.set(true);
                }
                Err(error)
            }
        }
    }
}

/// UTF-16 as UTF-8. A broken character becomes the byte 0xff, so that it spoils its row and no other.
struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    taken: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            let read = self.inner.read(&mut self.taken)?;
            self.ended = read == 0;
            self.decode(read);
        }
        let left = &self.text[self.given..];
        let read = left.len().min(buffer.len());
        buffer[..read].copy_from_slice(&left[..read]);
        self.given += read;
        Ok(read)
    }
}

impl<R> Utf16<R> {
    fn decode(&mut self, read: usize) {
        self.text.clear();
        self.given = 0;
        let mut from = 0;
        loop {
            let at = self.text.len();
            // Three bytes for each UTF-16 unit at most, and one character that was held back.
            self.text.resize(at + (read - from) / 2 * 3 + 16, 0);
            let (result, used, written) = self.decoder.decode_to_utf8_without_replacement(
                &self.taken[from..read],
                &mut self.text[at..],
                self.ended,
            );
            from += used;
            self.text.truncate(at + written);
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.text.push(0xff),
            }
        }
    }
}
