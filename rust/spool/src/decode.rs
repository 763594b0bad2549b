//! Bytes of a file to text: UTF-8, with or without a byte order mark, or UTF-16 with one.

use std::borrow::Cow;

/// Decode the bytes of a file: text without byte order mark, which is owned when it was UTF-16, as some
/// Windows shells write.
///
/// # Errors
///
/// The offset, when the bytes are neither UTF-8 nor UTF-16 with a byte order mark.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
    let units = |join: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks(2).map(move |pair| match *pair {
            [first, second] => join([first, second]),
            _ => 0xFFFD, // half a unit: not written yet, or cut
        });
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match bytes {
        [0xFF, 0xFE, ..] => Ok(units(u16::from_le_bytes)),
        [0xFE, 0xFF, ..] => Ok(units(u16::from_be_bytes)),
        _ => {
            let plain = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            let skipped = bytes.len() - plain.len();
            match simdutf8::basic::from_utf8(plain) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                // The fast check does not say where; the other one does.
                Err(_) => Err(skipped
                    + simdutf8::compat::from_utf8(plain)
                        .err()
                        .map_or(0, |error| error.valid_up_to())),
            }
        }
    }
}

/// Line and column (both from 1, the column in bytes) of an offset.
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
        let offset = decode(bytes).err().unwrap();
        assert_eq!(place(bytes, offset), (2, 15));
    }
}
