//! gzip and zstd, member by member and frame by frame, with their checksums compared. Zeros behind the last one are padding, of a
//! tape or a block device.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window that is read: `zstd -20` needs this much, lower levels 8 MiB.
const WINDOW: u64 = 32 << 20;

/// All members of a gzip stream, one after the other.
pub(super) struct Gzip<R> {
    /// Before the next member, or in one.
    at: At<R>,
}

enum At<R> {
    Start(R),
    In(Box<GzDecoder<R>>),
    End,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { at: At::Start(inner) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            self.at = match std::mem::replace(&mut self.at, At::End) {
                At::End => return Ok(0),
                At::Start(mut inner) => {
                    if is_over(&mut inner)? {
                        return Ok(0);
                    }
                    At::In(Box::new(GzDecoder::new(inner)))
                }
                At::In(mut member) => match member.read(buffer) {
                    Ok(0) => At::Start(member.into_inner()),
                    read => {
                        self.at = At::In(member);
                        return read;
                    }
                },
            };
        }
    }
}

/// All frames of a zstd stream, one after the other.
pub(super) struct Zstd<R> {
    inner: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(inner: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { inner, decoder, in_frame: false }
    }

    /// Begins the next frame. False at the end.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if is_over(&mut self.inner)? {
                return Ok(false);
            }
            match self.decoder.init(&mut self.inner) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.inner).take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        format!("it needs a window of {} MiB, more than {} MiB", requested >> 20, WINDOW >> 20),
                    ));
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    fn check(&self) -> io::Result<()> {
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stored), Some(calculated)) if stored != calculated => {
                Err(io::Error::other("its checksum does not match its content"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.inner, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.check()?;
            self.in_frame = false;
        }
    }
}

/// Whether nothing follows but zeros, which no member or frame begins with.
fn is_over(input: &mut impl BufRead) -> io::Result<bool> {
    let mut padded = false;
    loop {
        let buffer = input.fill_buf()?;
        let all = buffer.len();
        let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
        input.consume(zeros);
        padded |= zeros > 0;
        match (all, zeros < all) {
            (0, _) => return Ok(true),
            (_, true) if padded => return Err(io::Error::other("something else follows the padding at its end")),
            (_, true) => return Ok(false),
            (_, false) => {}
        }
    }
}
