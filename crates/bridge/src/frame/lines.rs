//! Byte streams cut into lines, with a bound on what is kept.

use super::{FrameFault, MAX_FRAME};
use bytes::{Buf, Bytes, BytesMut};
use std::fmt;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// One line of a stream. Its `Debug` shows no content, which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Line {
    /// Its bytes, without the line end.
    Frame(Bytes),
    /// It was longer than the limit, and was skipped to its end.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
    },
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(line) => write!(f, "Frame({} bytes)", line.len()),
            Self::TooLong { bytes } => write!(f, "TooLong({bytes} bytes)"),
        }
    }
}

impl Line {
    /// The bytes of a line within the limit, else the fault to answer with.
    pub fn within_limit(self) -> Result<Bytes, FrameFault> {
        match self {
            Self::Frame(bytes) => Ok(bytes),
            Self::TooLong { bytes } => Err(FrameFault::too_long(bytes)),
        }
    }
}

/// Cuts what it is given into lines; does no I/O itself. `\n` ends a line, a `\r` before it is dropped, blank lines are
/// skipped. Keeps at most the limit and one chunk.
pub struct LineBuffer {
    buffer: BytesMut,
    /// No line end stands before this offset.
    searched: usize,
    /// Bytes of an overlong line that were already dropped.
    skipped: Option<u64>,
    limit: usize,
}

impl LineBuffer {
    /// A buffer for lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, skipped: None, limit }
    }

    /// Adds what was read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line, if there is one.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.keep_rest();
                return None;
            };
            let line = self.buffer.split_to(self.searched + found);
            self.buffer.advance(1);
            self.searched = 0;
            if let Some(line) = self.finish_line(line) {
                return Some(line);
            }
        }
    }

    /// What stands after the last line end, when the stream has ended.
    pub fn last_line(&mut self) -> Option<Line> {
        self.searched = 0;
        let rest = self.buffer.split();
        self.finish_line(rest)
    }

    fn finish_line(&mut self, mut line: BytesMut) -> Option<Line> {
        if let Some(skipped) = self.skipped.take() {
            return Some(Line::TooLong { bytes: skipped + line.len() as u64 });
        }
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if line.len() > self.limit {
            return Some(Line::TooLong { bytes: line.len() as u64 });
        }
        if line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty() {
            return None;
        }
        Some(Line::Frame(line.freeze()))
    }

    /// No line end in sight: remembers how far was searched, and drops what can't become a line within the limit.
    fn keep_rest(&mut self) {
        // One byte more than the limit may still be a line: its last byte may be the `\r` of its end.
        if self.skipped.is_some() || self.buffer.len() > self.limit + 1 {
            let skipped = self.skipped.unwrap_or(0) + self.buffer.len() as u64;
            self.skipped = Some(skipped);
            self.buffer = BytesMut::new();
        }
        self.searched = self.buffer.len();
    }
}

/// The lines of a stream.
pub struct Lines<R> {
    from: R,
    lines: LineBuffer,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most [`MAX_FRAME`] bytes.
    pub fn new(from: R) -> Self {
        Self { from, lines: LineBuffer::new(MAX_FRAME) }
    }

    /// Sets the limit for the lines that follow, in bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.lines.limit = limit;
    }

    /// The next line; `None` at the end of the stream. A last line without a line end counts.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// When the stream can't be read.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.lines.next_line() {
                return Ok(Some(line));
            }
            let buffer = &mut self.lines.buffer;
            if buffer.capacity() - buffer.len() < CHUNK / 8 {
                buffer.reserve(CHUNK);
            }
            if self.from.read_buf(buffer).await? == 0 {
                return Ok(self.lines.last_line());
            }
        }
    }
}

/// Writes one frame and its line end, in one system call where the stream takes it whole.
///
/// # Errors
/// When the stream can't be written; the frame may then have been written in part.
pub async fn write_line<W: AsyncWrite + Unpin>(to: &mut W, frame: &[u8]) -> io::Result<()> {
    to.write_all_buf(&mut Buf::chain(frame, &b"\n"[..])).await
}
