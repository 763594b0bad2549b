//! Decoding: UTF-8, with or without a byte-order mark, or UTF-16 with one.

use std::borrow::Cow;
use std::fmt;

/// Advice for files in any other encoding.
pub const ADVICE: &str = "Write it in UTF-8, or in UTF-16 with a byte-order mark.";

/// Why bytes could not be decoded. `Display` names what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecodable {
    /// They end within a character, and are valid up to this offset: incomplete or truncated.
    Cut(usize),
    /// The byte at this offset is not UTF-8.
    NotUtf8(usize),
    /// UTF-16 without a byte-order mark.
    Unmarked,
    /// UTF-32.
    Utf32,
}

impl Undecodable {
    /// Offset of the first invalid byte.
    #[must_use]
    pub const fn offset(self) -> usize {
        match self {
            Self::Cut(offset) | Self::NotUtf8(offset) => offset,
            Self::Unmarked | Self::Utf32 => 0,
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Cut(_) => "cut in the middle of a character",
            Self::NotUtf8(_) => "not UTF-8",
            Self::Unmarked => "UTF-16 without a byte-order mark",
            Self::Utf32 => "UTF-32",
        })
    }
}

/// Encoding of a file, from its first bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// With or without a byte-order mark.
    #[default]
    Utf8,
    /// Little endian.
    Utf16Le,
    /// Big endian.
    Utf16Be,
}

impl Encoding {
    /// Detect the encoding from the first 4 bytes of a file, or fewer if it is shorter.
    ///
    /// # Errors
    ///
    /// UTF-32, or UTF-16 without a byte-order mark, which has a NUL among the first two bytes.
    pub const fn of(head: &[u8]) -> Result<Self, Undecodable> {
        match head {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(Undecodable::Utf32),
            [0xFF, 0xFE, ..] => Ok(Self::Utf16Le),
            [0xFE, 0xFF, ..] => Ok(Self::Utf16Be),
            head if is_unmarked(head) => Err(Undecodable::Unmarked),
            _ => Ok(Self::Utf8),
        }
    }

    /// Bytes in a code unit, and so in a line feed.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// Byte-order mark that a part of a file needs to be decoded alone; empty for UTF-8, which needs none.
    #[must_use]
    pub const fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
        }
    }

    /// A part of a file as a file of its own: with the byte-order mark that it needs.
    #[must_use]
    pub fn alone(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let mark = self.mark();
        if bytes.starts_with(mark) {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned([mark, bytes].concat())
    }

    /// Offsets of the line feeds in bytes that start at a code unit.
    pub fn line_feeds(self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        memchr::memchr_iter(b'\n', bytes).filter_map(move |at| match self {
            Self::Utf8 => Some(at),
            Self::Utf16Le => (at % 2 == 0 && bytes.get(at + 1) == Some(&0)).then_some(at),
            Self::Utf16Be => (at % 2 == 1 && bytes[at - 1] == 0).then(|| at - 1),
        })
    }

    /// Whether there is only white space, apart from a byte-order mark.
    #[must_use]
    pub fn is_blank(self, bytes: &[u8]) -> bool {
        let mark = if self == Self::Utf8 {
            UTF8_MARK
        } else {
            self.mark()
        };
        let bytes = bytes.strip_prefix(mark).unwrap_or(bytes);
        let is_white = |pair: &[u8]| match (self, pair) {
            (Self::Utf16Le, [unit, 0]) | (Self::Utf16Be, [0, unit]) => unit.is_ascii_whitespace(),
            _ => false,
        };
        match self {
            Self::Utf8 => bytes.trim_ascii().is_empty(),
            Self::Utf16Le | Self::Utf16Be => bytes.chunks(2).all(is_white),
        }
    }
}

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whether bytes look like UTF-16 without a byte-order mark: one of the first two is NUL, which JSON never has.
#[must_use]
pub const fn is_unmarked(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if (*first == 0) != (*second == 0))
}

/// Decode the bytes of a file into text without a byte-order mark. The text is owned when the file was UTF-16, as
/// some Windows shells write it.
///
/// # Errors
///
/// The bytes are neither UTF-8 nor UTF-16 with a byte-order mark, or end within a character.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
    let units = |join: fn([u8; 2]) -> u16| {
        let (units, half) = bytes[2..].as_chunks();
        if !half.is_empty() {
            return Err(Undecodable::Cut(bytes.len() - 1));
        }
        let units = units.iter().copied().map(join);
        Ok(char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect())
    };
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(Undecodable::Utf32),
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes),
        _ => {
            let plain = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
            match simdutf8::basic::from_utf8(plain) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) => Err(fault(plain, bytes.len() - plain.len())),
            }
        }
    }
}

/// Find where decoding failed: the fast check does not report the offset.
#[cold]
fn fault(plain: &[u8], skipped: usize) -> Undecodable {
    let error = simdutf8::compat::from_utf8(plain).err();
    let offset = skipped + error.map_or(0, |error| error.valid_up_to());
    if is_unmarked(plain) {
        Undecodable::Unmarked
    } else if error.is_some_and(|error| error.error_len().is_none()) {
        Undecodable::Cut(offset)
    } else {
        Undecodable::NotUtf8(offset)
    }
}

/// Line and column of an offset, both from 1; the column is in bytes.
#[must_use]
pub fn place(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = &bytes[..offset.min(bytes.len())];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    (
        memchr::memchr_iter(b'\n', before).count() + 1,
        before.len() - line_start + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_taken_off() {
        assert_eq!(
            decode(b"\xEF\xBB\xBF{}").map(Cow::into_owned),
            Ok("{}".into())
        );
        assert_eq!(
            decode(b"\xFF\xFE{\0}\0").map(Cow::into_owned),
            Ok("{}".into())
        );
        assert_eq!(
            decode(b"\xFE\xFF\0{\0}").map(Cow::into_owned),
            Ok("{}".into())
        );
        assert!(decode(b"\xFF\xFE{\0").is_ok_and(|d| matches!(d, Cow::Owned(_))));
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_placed() {
        let bytes = b"{\n \"title\": \"caf\xE9\"}";
        let error = decode(bytes).err().unwrap();
        assert_eq!(place(bytes, error.offset()), (2, 15));
    }

    #[test]
    fn bytes_that_end_in_the_middle_of_a_character_are_cut_and_others_are_named() {
        let rows: [(&[u8], Undecodable); 8] = [
            (b"{\"title\":\"caf\xC3", Undecodable::Cut(13)),
            (b"\xEF\xBB", Undecodable::Cut(0)),
            (b"\xFF\xFE{\0\"", Undecodable::Cut(4)),
            (b"caf\xE9 au lait", Undecodable::NotUtf8(3)),
            (b"{\0\xE9\0", Undecodable::Unmarked),
            (b"\0{\0\xE9", Undecodable::Unmarked),
            (b"\xFF\xFE\0\0{\0\0\0", Undecodable::Utf32),
            (b"\0\0\xFE\xFF\0\0\0{", Undecodable::Utf32),
        ];
        for (bytes, expected) in rows {
            assert_eq!(decode(bytes), Err(expected), "{bytes:?}");
        }
    }
}
