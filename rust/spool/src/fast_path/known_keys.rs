//! Which of the known keys a key is: 16 bytes are compared at once, with no branch for each of the known.

use crate::extract::EVENT_KEYS;

/// The known keys of an event, and of its data; the number is the place of its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Key {
    Type,
    Title,
    Description,
    Source,
    TaskId,
    EventId,
    CorrelationId,
    ParentEventId,
    Timestamp,
    /// An object of its own.
    Data,
    Severity,
    Priority,
    /// Any other.
    Other,
}

/// So many places, that of any other included.
pub const FIELDS: usize = Key::Other as usize + 1;

/// The keys that count in an object.
pub trait KeySet {
    /// A bit for each of those that may stand but once.
    const ONCE: u32;

    /// The key that stands between two places.
    fn find(bytes: &[u8], from: usize, to: usize) -> Key;
}

/// Those of the event itself.
pub struct EventKeys;

impl KeySet for EventKeys {
    const ONCE: u32 = (1 << Key::Other as u32) - 1;

    #[inline]
    fn find(bytes: &[u8], from: usize, to: usize) -> Key {
        let Some(word) = word_at(bytes, from, to) else {
            return Key::Other;
        };
        let known = &KNOWN[slot(to - from, word)];
        if word & known.mask == known.word {
            known.key
        } else {
            Key::Other
        }
    }
}

/// Those of its data.
pub struct DataKeys;

impl KeySet for DataKeys {
    const ONCE: u32 = 0;

    #[inline]
    fn find(bytes: &[u8], from: usize, to: usize) -> Key {
        match bytes.get(from..to) {
            Some(b"severity") => Key::Severity,
            Some(b"priority") => Key::Priority,
            _ => Key::Other,
        }
    }
}

/// None: an object that is only checked.
pub struct NoKeys;

impl KeySet for NoKeys {
    const ONCE: u32 = 0;

    #[inline]
    fn find(_: &[u8], _: usize, _: usize) -> Key {
        Key::Other
    }
}

/// As they stand in [`EVENT_KEYS`].
const KEYS: [Key; EVENT_KEYS.len()] = [
    Key::Type,
    Key::Title,
    Key::Description,
    Key::Source,
    Key::TaskId,
    Key::EventId,
    Key::CorrelationId,
    Key::ParentEventId,
    Key::Timestamp,
    Key::Data,
];

/// A key, the bytes that it has, and which of 16 these are.
#[derive(Clone, Copy)]
struct Known {
    word: u128,
    mask: u128,
    key: Key,
}

/// By [`slot`].
static KNOWN: [Known; 32] = {
    let none = Known {
        word: 1, // which no mask of nothing gives
        mask: 0,
        key: Key::Other,
    };
    let mut known = [none; 32];
    let mut at = 0;
    while at < EVENT_KEYS.len() {
        let name = EVENT_KEYS[at];
        let word = word(name.as_bytes());
        let slot = slot(name.len(), word);
        assert!(known[slot].mask == 0, "two keys have the same slot");
        known[slot] = Known {
            word,
            mask: u128::MAX >> (128 - 8 * name.len()),
            key: KEYS[at],
        };
        at += 1;
    }
    known
};

/// The one place of the table where a key can be: by its length, below 16, and a bit of its first byte.
const fn slot(length: usize, word: u128) -> usize {
    length & 15 | word as usize & 16
}

/// The first 16 bytes, 0 behind the last.
const fn word(bytes: &[u8]) -> u128 {
    let mut word = 0;
    let mut at = 0;
    while at < bytes.len() && at < 16 {
        word |= (bytes[at] as u128) << (8 * at);
        at += 1;
    }
    word
}

/// 16 bytes from a place on, for a key that is shorter.
#[inline]
fn word_at(bytes: &[u8], from: usize, to: usize) -> Option<u128> {
    if to - from > 15 {
        return None;
    }
    let behind = bytes.get(from..)?;
    let chunk = behind.first_chunk().copied().map(u128::from_le_bytes);
    Some(chunk.unwrap_or_else(|| word(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_is_known_by_all_of_its_bytes(
            place in 0..EVENT_KEYS.len(),
            cut in 0_usize..20,
            other in "[a-z_]{0,18}",
            behind in "[\": a-z]{0,20}",
        ) {
            let start: String = EVENT_KEYS[place].chars().take(cut).collect();
            for key in [EVENT_KEYS[place].to_owned(), start.clone(), format!("{start}{other}"), other] {
                let text = format!("{{\"{key}{behind}");
                let found = EventKeys::find(text.as_bytes(), 2, 2 + key.len());
                let expected = EVENT_KEYS.iter().position(|name| *name == key);
                prop_assert_eq!(found, expected.map_or(Key::Other, |at| KEYS[at]));
            }
        }
    }
}
