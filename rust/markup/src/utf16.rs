//! Lengths and positions as Telegram counts them: in UTF-16 units.

/// Length of `text` in UTF-16 units.
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    // A character of four bytes in UTF-8 takes two units, all others one. Counting leading bytes is vectorized;
    // `encode_utf16().count()` is not.
    text.bytes()
        .map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0))
        .sum()
}

/// Convert byte positions to UTF-16 positions in place, in one pass over `text`.
///
/// `places` may be in any order; a position within a character counts as its start.
pub(crate) fn bytes_to_units(text: &str, places: &mut [&mut usize]) {
    places.sort_unstable_by_key(|place| **place);
    let (mut byte, mut unit) = (0, 0);
    for place in places {
        let mut target = (**place).min(text.len());
        while !text.is_char_boundary(target) {
            target -= 1;
        }
        unit += utf16_len(&text[byte..target]);
        byte = target;
        **place = unit;
    }
}

/// Convert UTF-16 positions to byte positions in place, in one pass over `text`.
///
/// A position within a surrogate pair counts as the start of the character, one after the text as its end.
pub(crate) fn units_to_bytes(text: &str, places: &mut [&mut usize]) {
    places.sort_unstable_by_key(|place| **place);
    let mut letters = text.char_indices().peekable();
    let mut unit = 0;
    for place in places {
        while let Some(&(_, letter)) = letters.peek() {
            if unit + letter.len_utf16() > **place {
                break;
            }
            unit += letter.len_utf16();
            letters.next();
        }
        **place = letters.peek().map_or(text.len(), |&(byte, _)| byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_character_outside_the_first_plane_counts_two() {
        for (text, units) in [
            ("", 0),
            ("a", 1),
            ("é", 1),
            ("שלום", 4),
            ("नमस्ते", 6),
            ("👍", 2),
            ("👨‍👩‍👧", 8),
        ] {
            assert_eq!(utf16_len(text), units, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_the_standard_library(text in any::<String>()) {
            prop_assert_eq!(utf16_len(&text), text.encode_utf16().count());
        }

        #[test]
        fn places_go_there_and_back(text in any::<String>()) {
            for (byte, _) in text.char_indices() {
                let mut place = byte;
                bytes_to_units(&text, &mut [&mut place]);
                prop_assert_eq!(place, utf16_len(&text[..byte]));
                units_to_bytes(&text, &mut [&mut place]);
                prop_assert_eq!(place, byte);
            }
        }
    }
}
