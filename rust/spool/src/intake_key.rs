//! Intake keys: recognize a file that is read again after a crash.
//!
//! A key starts with 6 bytes that grow from event to event and ends with 10 bytes of a hash over everything that
//! identifies the event. The keys of a batch, and the ids derived from them, are therefore neighbours in the
//! indexes of the store, and a transaction writes few of their pages (RFC 9562, section 6.13, "DBMS and Database
//! Locality", for version 7).

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// 128 bits, equal if and only if the same event is read again.
pub type IntakeKey = [u8; 16];

/// Key of a file that holds one event: from name, mtime in nanoseconds, size and content. Grows with the mtime.
#[must_use]
pub fn of_file(name: &[u8], mtime_ns: i64, size: u64, content: &[u8]) -> IntakeKey {
    let hash = hash(
        b'f',
        name,
        mtime_ns.to_le_bytes(),
        size.to_le_bytes(),
        content,
    );
    // 2^20 ns are about a millisecond; 48 bits of them cover the whole range of times.
    with_prefix(mtime_ns >> 20, hash)
}

/// Key of a line in a file that grows: from name, inode, byte offset of the line and content. Grows with the
/// offset.
///
/// Neither mtime nor size: they change with every line that is appended.
#[must_use]
pub fn of_line(name: &[u8], inode: u64, offset: u64, content: &[u8]) -> IntakeKey {
    let hash = hash(
        b'l',
        name,
        inode.to_le_bytes(),
        offset.to_le_bytes(),
        content,
    );
    // 2 bytes for the file, 4 for the offset.
    with_prefix(
        ((xxh3_64(name) ^ inode) << 32 | offset & 0xFFFF_FFFF).cast_signed(),
        hash,
    )
}

/// The lowest 6 bytes of a number, then 10 bytes of a hash.
fn with_prefix(prefix: i64, hash: u128) -> IntakeKey {
    let mut key = hash.to_be_bytes();
    key[..6].copy_from_slice(&prefix.to_be_bytes()[2..]);
    key
}

/// The id of an event that has none of its own: the key in hex, as ASCII.
#[must_use]
pub fn event_id(key: &IntakeKey) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut id = [0; 32];
    for (pair, byte) in id.as_chunks_mut().0.iter_mut().zip(key) {
        *pair = [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ];
    }
    id
}

/// Maximum length of a name on nearly every file system; a longer one costs an allocation.
const NAME_BYTES: usize = 255;
const BEFORE_NAME: usize = 33;

fn hash(kind: u8, name: &[u8], first: [u8; 8], second: [u8; 8], content: &[u8]) -> u128 {
    let mut parts = [0; BEFORE_NAME + NAME_BYTES];
    parts[0] = kind;
    parts[1..9].copy_from_slice(&first);
    parts[9..17].copy_from_slice(&second);
    parts[17..BEFORE_NAME].copy_from_slice(&xxh3_128(content).to_le_bytes());
    // The name goes last and needs no length prefix: everything before it has a fixed size.
    if let Some(rest) = parts[BEFORE_NAME..].get_mut(..name.len()) {
        rest.copy_from_slice(name);
        return xxh3_128(&parts[..BEFORE_NAME + name.len()]);
    }
    xxh3_128(&[&parts[..BEFORE_NAME], name].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_is_made_of_all_its_parts(
            a in (any::<Vec<u8>>(), any::<i64>(), any::<u64>(), any::<Vec<u8>>()),
            b in (any::<Vec<u8>>(), any::<i64>(), any::<u64>(), any::<Vec<u8>>()),
        ) {
            let (left, right) = (of_file(&a.0, a.1, a.2, &a.3), of_file(&b.0, b.1, b.2, &b.3));
            prop_assert_eq!(left == right, a == b);
            prop_assert_eq!(of_file(&a.0, b.1, a.2, &a.3) == left, a.1 == b.1);
            prop_assert_eq!(of_file(&a.0, a.1, a.2, &b.3) == left, a.3 == b.3);
        }
    }

    #[test]
    fn keys_grow_with_the_time_of_files_and_the_place_of_lines() {
        let at = |mtime_ns| of_file(b"a.json", mtime_ns, 2, b"{}");
        assert!(at(1_795_455_672_000_000_000) < at(1_795_455_672_003_000_000));
        let line = |offset| of_line(b"a.jsonl", 7, offset, b"{}");
        assert!(line(0) < line(3) && line(3) < line(70_000));
    }

    #[test]
    fn equal_lines_at_different_places_are_different_events() {
        assert_ne!(
            of_line(b"a.jsonl", 7, 0, b"{}"),
            of_line(b"a.jsonl", 7, 3, b"{}")
        );
        assert_ne!(
            of_line(b"a.jsonl", 7, 0, b"{}"),
            of_line(b"a.jsonl", 8, 0, b"{}")
        );
    }
}
