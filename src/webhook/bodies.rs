//! Saved webhook bodies: one per file or one per line, plain or gzip.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::notice;

/// The longest body; a longer line is skipped.
const LONGEST: usize = 8 << 20;

/// One body: a line, or the whole input.
#[derive(Debug, PartialEq, Eq)]
pub enum SavedBody {
    Body(Vec<u8>),
    /// Longer than any body that Meta sends.
    TooLong,
}

/// The bodies of one input, read in constant memory.
pub struct Bodies {
    reader: Box<dyn BufRead>,
    line: u64,
    /// The input is one body, whatever its lines.
    whole: bool,
}

impl Bodies {
    /// Detects from the first bytes whether the input is gzip, and whether it is one body or many.
    pub fn open(raw: impl Read + 'static) -> io::Result<Self> {
        let mut raw = BufReader::with_capacity(64 << 10, raw);
        let mut reader: Box<dyn BufRead> = if raw.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(64 << 10, MultiGzDecoder::new(raw)))
        } else {
            Box::new(raw)
        };
        let mut head = Vec::new();
        read_line(&mut reader, &mut head, LONGEST)?;
        let mut whole = false;
        // A first line that is not a complete object may be the start of one spread over many lines.
        if head.trim_ascii_start().starts_with(b"{") && notice::read(&head).is_err() {
            (&mut reader).take((LONGEST - head.len().min(LONGEST)) as u64).read_to_end(&mut head)?;
            whole = notice::read(&head).is_ok() && reader.fill_buf()?.is_empty();
        }
        Ok(Self { reader: Box::new(Cursor::new(head).chain(reader)), line: 0, whole })
    }

    /// The next body and the line where it starts. Empty lines are skipped.
    pub fn next_body(&mut self) -> io::Result<Option<(u64, SavedBody)>> {
        let mut body = Vec::new();
        if self.whole {
            self.reader.read_to_end(&mut body)?;
            self.whole = false;
            return Ok(Some((1, SavedBody::Body(body))));
        }
        loop {
            body.clear();
            if read_line(&mut self.reader, &mut body, LONGEST)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if body.len() >= LONGEST && !body.ends_with(b"\n") {
                self.skip_line()?;
                return Ok(Some((self.line, SavedBody::TooLong)));
            }
            let start = if self.line == 1 { body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body) } else { &body };
            let text = start.trim_ascii();
            if !text.is_empty() {
                return Ok(Some((self.line, SavedBody::Body(text.to_vec()))));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (taken, end) = match memchr::memchr(b'\n', buffer) {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(taken);
            if end {
                return Ok(());
            }
        }
    }
}

/// Reads up to the end of a line, at most `longest` bytes. Returns the number of bytes.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, longest: usize) -> io::Result<usize> {
    reader.take(longest as u64).read_until(b'\n', line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"object":"page","entry":[]}"#;

    fn items(bytes: &[u8]) -> Vec<(u64, SavedBody)> {
        let mut bodies = Bodies::open(Cursor::new(bytes.to_vec())).unwrap();
        std::iter::from_fn(|| bodies.next_body().unwrap()).collect()
    }

    fn body(line: u64, text: &str) -> (u64, SavedBody) {
        (line, SavedBody::Body(text.as_bytes().to_vec()))
    }

    #[test]
    fn one_body_or_one_per_line() {
        assert_eq!(items(b""), []);
        assert_eq!(items(b"\n \n"), []);
        assert_eq!(items(GOOD.as_bytes()), [body(1, GOOD)]);
        assert_eq!(items(format!("{GOOD}\n\n{GOOD}\r\nx").as_bytes()), [body(1, GOOD), body(3, GOOD), body(4, "x")]);
        let spread = "{\n  \"entry\": [\n  ]\n}\n";
        assert_eq!(items(spread.as_bytes()), [body(1, spread)]);
        // A truncated first line does not affect the good ones after it.
        let torn = r#"{"object":"page","entry":[{"#;
        assert_eq!(items(format!("{torn}\n{GOOD}\n").as_bytes()), [body(1, torn), body(2, GOOD)]);
        assert_eq!(items(format!("\u{feff}{GOOD}\n{GOOD}").as_bytes()), [body(1, GOOD), body(2, GOOD)]);
    }

    #[test]
    fn gzip_is_read_and_truncated_gzip_is_an_error() {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(format!("{GOOD}\n{GOOD}\n").as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(items(&packed), [body(1, GOOD), body(2, GOOD)]);
        let torn = packed[..packed.len() - 6].to_vec();
        let read = || -> io::Result<()> {
            let mut bodies = Bodies::open(Cursor::new(torn.clone()))?;
            while bodies.next_body()?.is_some() {}
            Ok(())
        };
        assert!(read().is_err());
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_is_read() {
        let long = vec![b'x'; LONGEST + 10];
        let bytes = [GOOD.as_bytes(), b"\n", &long, b"\n", GOOD.as_bytes()].concat();
        assert_eq!(items(&bytes), [body(1, GOOD), (2, SavedBody::TooLong), body(3, GOOD)]);
        assert_eq!(items(&[&long, &b"\n"[..], GOOD.as_bytes()].concat()), [(1, SavedBody::TooLong), body(2, GOOD)]);
    }
}
