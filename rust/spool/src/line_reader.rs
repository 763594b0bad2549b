//! Complete lines of a file that grows, each exactly once, wherever the writes of the producer end.

use crate::decode::Encoding;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Offset of the first byte that was not passed on.
    pub offset: u64,
    /// Number of lines before it.
    pub lines: u64,
    /// The line at `offset` is too long and does not end before this offset; 0 when it is not too long.
    overlong_until: u64,
}

impl Progress {
    /// Continue at an offset, after so many lines.
    #[must_use]
    pub const fn at(offset: u64, lines: u64) -> Self {
        Self {
            offset,
            lines,
            overlong_until: 0,
        }
    }

    /// Count a last line without a line end as a line.
    pub const fn skip(&mut self, length: u64) {
        self.offset += length;
        self.lines += 1;
    }
}

/// A line, or the place of one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A line without its end; never blank.
    Line {
        /// Offset of its first byte.
        offset: u64,
        /// Line number, from 1.
        number: u64,
        /// Its bytes, without the line end.
        bytes: &'a [u8],
    },
    /// A line that is too long; it was not kept in memory.
    TooLong {
        /// Offset of its first byte.
        offset: u64,
        /// Line number, from 1.
        number: u64,
        /// Length in bytes, without the line end.
        length: u64,
    },
}

/// How a call of [`take_lines`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All complete lines were passed on; this many bytes of an incomplete one are in the buffer.
    Rest(usize),
    /// The callback stopped it.
    Enough,
}

/// Pass the lines from `progress` on to `take`, until it returns false.
///
/// The buffer is the unit of reading. It grows for a line that does not fit, up to the longest allowed line (at
/// least one code unit) and its end. It must not be empty.
///
/// # Errors
///
/// Reading fails; `progress` tells how far it went.
pub fn take_lines<F: Read + Seek>(
    file: &mut F,
    progress: &mut Progress,
    buffer: &mut Vec<u8>,
    (encoding, longest): (Encoding, usize),
    mut take: impl FnMut(Found<'_>) -> bool,
) -> io::Result<Ended> {
    let width = encoding.width();
    let most = longest.saturating_add(width); // a line and its end
    buffer.truncate(most);
    loop {
        if progress.overlong_until > progress.offset {
            match end_of_overlong(file, progress, buffer, encoding)? {
                None => return Ok(Ended::Rest(0)),
                Some(end) => {
                    let (offset, number) = (progress.offset, progress.lines + 1);
                    *progress = Progress::at(end + width as u64, number);
                    if !take(Found::TooLong {
                        offset,
                        number,
                        length: end - offset,
                    }) {
                        return Ok(Ended::Enough);
                    }
                }
            }
        }
        file.seek(SeekFrom::Start(progress.offset))?;
        let filled = read_full(file, buffer)?;
        let mut begin = 0;
        for end in encoding.line_feeds(&buffer[..filled]) {
            let bytes = &buffer[begin..end];
            let offset = progress.offset;
            begin = end + width;
            progress.offset += (bytes.len() + width) as u64;
            progress.lines += 1;
            let number = progress.lines;
            if !encoding.is_blank(bytes)
                && !take(Found::Line {
                    offset,
                    number,
                    bytes,
                })
            {
                return Ok(Ended::Enough);
            }
        }
        let rest = filled - begin;
        if rest == buffer.len() && rest < most {
            buffer.resize(rest.saturating_mul(2).min(most), 0);
        } else if rest == buffer.len() {
            progress.overlong_until = progress.offset + (rest - rest % width) as u64;
        } else if filled < buffer.len() {
            buffer.copy_within(begin..filled, 0);
            return Ok(Ended::Rest(rest));
        }
    }
}

fn end_of_overlong<F: Read + Seek>(
    file: &mut F,
    progress: &mut Progress,
    buffer: &mut [u8],
    encoding: Encoding,
) -> io::Result<Option<u64>> {
    let width = encoding.width();
    let size = buffer.len() - buffer.len() % width;
    let buffer = &mut buffer[..size];
    file.seek(SeekFrom::Start(progress.overlong_until))?;
    loop {
        let filled = read_full(file, buffer)?;
        if let Some(end) = encoding.line_feeds(&buffer[..filled]).next() {
            return Ok(Some(progress.overlong_until + end as u64));
        }
        progress.overlong_until += (filled - filled % width) as u64;
        if filled < buffer.len() {
            return Ok(None);
        }
    }
}

/// Read until the buffer is full or the file ends; returns the number of bytes.
pub fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Count the lines before an offset.
pub fn count_lines<F: Read + Seek>(
    file: &mut F,
    offset: u64,
    buffer: &mut [u8],
    encoding: Encoding,
) -> io::Result<u64> {
    let size = buffer.len() - buffer.len() % encoding.width();
    let buffer = &mut buffer[..size];
    file.seek(SeekFrom::Start(0))?;
    let mut prefix = file.take(offset);
    let mut lines = 0;
    loop {
        let filled = read_full(&mut prefix, buffer)?;
        lines += encoding.line_feeds(&buffer[..filled]).count() as u64;
        if filled < buffer.len() {
            return Ok(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const LONGEST: usize = 8;

    proptest! {
        /// A writer appends in chunks of any size; a reader runs after any of them and takes any number of lines.
        #[test]
        fn lines_come_out_whole_and_once_whatever_the_write_boundaries(
            lines in prop::collection::vec("[ab ]{0,20}", 0..20),
            steps in prop::collection::vec((1..30_usize, 1..4_usize), 1..40),
            window in 2..12_usize,
            encoding in prop::sample::select(&[Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be][..]),
        ) {
            let lines: Vec<String> = lines.iter().enumerate().map(|(at, line)| {
                // U+010A and U+0A01 contain the byte of a line feed.
                if at % 3 == 1 { line.replace('b', "\u{10a}").replace('a', "\u{a01}") } else { line.clone() }
            }).collect();
            let written = |text: &str| -> Vec<u8> {
                match encoding {
                    Encoding::Utf8 => text.as_bytes().to_vec(),
                    Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                    Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                }
            };
            let lines: Vec<(bool, Vec<u8>)> = lines
                .iter()
                .map(|line| (line.trim().is_empty(), written(line)))
                .collect();
            let end = written("\n");
            let whole: Vec<u8> = lines.iter().flat_map(|(_, line)| [line.as_slice(), &end].concat()).collect();
            let mut progress = Progress::default();
            let (mut written, mut got) = (0_usize, Vec::new());
            let mut steps = steps.into_iter().chain(std::iter::repeat((usize::MAX, usize::MAX)));
            loop {
                let (more, most) = steps.next().unwrap();
                let is_last = most == usize::MAX;
                written = whole.len().min(written.saturating_add(more));
                let mut file = Cursor::new(&whole[..written]);
                let mut buffer = vec![0; window];
                let mut count = 0;
                let ended = take_lines(&mut file, &mut progress, &mut buffer, (encoding, LONGEST), |found| {
                    got.push(match found {
                        Found::Line { offset, number, bytes } => (offset, number, bytes.len() as u64),
                        Found::TooLong { offset, number, length } => {
                            assert!(length > LONGEST as u64);
                            (offset, number, length)
                        }
                    });
                    count += 1;
                    count < most
                }).unwrap();
                if is_last {
                    prop_assert_eq!(ended, Ended::Rest(0));
                    break;
                }
            }
            let mut expected = Vec::new();
            let mut offset = 0_u64;
            for (index, (is_blank, line)) in lines.iter().enumerate() {
                if !is_blank || line.len() > LONGEST {
                    expected.push((offset, index as u64 + 1, line.len() as u64));
                }
                offset += (line.len() + end.len()) as u64;
            }
            prop_assert_eq!(got, expected);
            prop_assert_eq!(progress.offset, whole.len() as u64);
            prop_assert_eq!(progress.lines, lines.len() as u64);
            let counted = count_lines(&mut Cursor::new(&whole), progress.offset, &mut [0; 7], encoding).unwrap();
            prop_assert_eq!(counted, progress.lines);
        }
    }

    #[test]
    fn what_has_no_line_end_stays_in_the_buffer() {
        let mut buffer = vec![0; 4];
        let mut progress = Progress::default();
        let ended = take_lines(
            &mut Cursor::new(b"one\ntwo"),
            &mut progress,
            &mut buffer,
            (Encoding::Utf8, LONGEST),
            |_| true,
        );
        assert_eq!(ended.unwrap(), Ended::Rest(3));
        assert_eq!(&buffer[..3], b"two");
        assert_eq!(progress, Progress::at(4, 1));
    }
}
