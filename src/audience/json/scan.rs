//! Where a JSON value ends, and whether a page begins: by its bytes alone, which may come in pieces.

/// How far the frame of a page is looked for: white space between its first braces.
const FRAME: usize = 4096;

/// Whether something begins here.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Yes(usize),
    No,
    More,
}

impl Frame {
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// Whether `bytes` begin with an object whose first key is `key` with a value that begins with `opening`.
pub fn frame(bytes: &[u8], key: &[u8], opening: u8) -> Frame {
    let mut at = 0;
    let parts: [&[u8]; 6] = [b"{", b"\"", key, b"\"", b":", &[opening]];
    for (index, part) in parts.into_iter().enumerate() {
        // White space may stand around the parts, but not inside the key.
        if !matches!(index, 0 | 2 | 3) {
            while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                at += 1;
            }
        }
        let rest = bytes.get(at..).unwrap_or_default();
        if at > FRAME
            || (rest.len() >= part.len() && !rest.starts_with(part))
            || !part.starts_with(&rest[..rest.len().min(part.len())])
        {
            return Frame::No;
        }
        if rest.len() < part.len() {
            return Frame::More;
        }
        at += part.len();
    }
    Frame::Yes(at)
}

/// Finds the end of a value by its braces and strings, in pieces. It does not judge the value: `json_row` parses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    pub at: usize,
    pub depth: u64,
    pub in_string: bool,
    pub escaped: bool,
}

/// How far a scan came.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The value ends before this index.
    End(usize),
    /// A line end inside a string.
    Broken,
    More,
}

impl Scan {
    /// Whether what was looked at is a number or a word, which only the end of the input ends.
    pub fn is_scalar(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    /// Goes on at `self.at`; `bytes` begin where those of the step before did.
    pub fn step(&mut self, bytes: &[u8]) -> Step {
        while let Some(byte) = bytes.get(self.at) {
            if self.in_string {
                match byte {
                    b'\n' => return Step::Broken,
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Step::End(self.at + 1);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' if self.depth == 0 && self.at > 0 => return Step::End(self.at),
                    b'"' => self.in_string = true,
                    b'{' | b'[' if self.depth == 0 && self.at > 0 => return Step::End(self.at),
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth == 0 => return Step::End(self.at.max(1)),
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Step::End(self.at + 1);
                        }
                    }
                    b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Step::End(self.at.max(1)),
                    _ => {}
                }
            }
            self.at += 1;
        }
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_a_page_is_known_at_any_length() {
        let page = b"{ \"data\" :\n [ {}";
        assert_eq!(frame(page, b"data", b'['), Frame::Yes(13));
        for cut in 0..13 {
            assert_eq!(frame(&page[..cut], b"data", b'['), Frame::More, "{cut}");
        }
        for other in ["{\"date\":[", "{\"data\":{", "[", "{\"data \":[", "{}"] {
            assert_eq!(frame(other.as_bytes(), b"data", b'['), Frame::No, "{other}");
        }
    }

    #[test]
    fn values_end_where_their_braces_do() {
        for (text, end) in [
            ("{\"a\":\"}\"} ", 9),
            ("{\"a\":\"\\\"}\"}x", 11),
            ("[1,[2]],", 7),
            ("\"a b\",", 5),
            ("123,", 3),
            ("123]", 3),
            ("null\n", 4),
        ] {
            assert_eq!(Scan::default().step(text.as_bytes()), Step::End(end), "{text}");
            let mut scan = Scan::default();
            for cut in 0..end {
                assert_eq!(scan.step(&text.as_bytes()[..cut]), Step::More, "{text} at {cut}");
            }
        }
        assert_eq!(Scan::default().step(b"{\"a\n"), Step::Broken);
    }
}
