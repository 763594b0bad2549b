//! Intake keys: what tells the same file, read again after a crash, from a new one.
//!
//! A key begins with what grows from one event to the next, 6 bytes, and ends with 10 bytes of a hash of all that
//! tells the event. So the keys of a batch, and the ids made of them, stand beside each other in the store's
//! indexes, and a transaction writes a few of their pages and not nearly all (RFC 9562, section 6.13, "DBMS and
//! Database Locality", for version 7).

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// 128 bits that are the same when, and only when, the same event is read again.
pub type IntakeKey = [u8; 16];

/// Key of a file that holds one event: name, mtime in nanoseconds, size, content. Grows with the mtime.
#[must_use]
pub fn of_file(name: &[u8], mtime_ns: i64, size: u64, content: &[u8]) -> IntakeKey {
    let hash = hash(
        b'f',
        name,
        mtime_ns.to_le_bytes(),
        size.to_le_bytes(),
        content,
    );
    // 2^20 ns are about a millisecond, and 48 bits of them reach over the whole of the time.
    with_prefix(mtime_ns >> 20, hash)
}

/// Key of a line of a file that grows: name, inode, byte offset of the line, content. Grows with the offset.
///
/// Not mtime and size, which change with every line that follows.
#[must_use]
pub fn of_line(name: &[u8], inode: u64, offset: u64, content: &[u8]) -> IntakeKey {
    let hash = hash(
        b'l',
        name,
        inode.to_le_bytes(),
        offset.to_le_bytes(),
        content,
    );
    // 2 bytes of the file and 4 of the offset.
    with_prefix(
        ((xxh3_64(name) ^ inode) << 32 | offset & 0xFFFF_FFFF).cast_signed(),
        hash,
    )
}

/// The lowest 6 bytes of a number, and 10 of a hash.
fn with_prefix(prefix: i64, hash: u128) -> IntakeKey {
    let mut key = hash.to_be_bytes();
    key[..6].copy_from_slice(&prefix.to_be_bytes()[2..]);
    key
}

/// The event id of an event that brought none of its own, in ASCII.
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

/// Of a name on nearly every file system; a longer one costs an allocation.
const NAME_BYTES: usize = 255;
const BEFORE_NAME: usize = 33;

fn hash(kind: u8, name: &[u8], first: [u8; 8], second: [u8; 8], content: &[u8]) -> u128 {
    let mut parts = [0; BEFORE_NAME + NAME_BYTES];
    parts[0] = kind;
    parts[1..9].copy_from_slice(&first);
    parts[9..17].copy_from_slice(&second);
    parts[17..BEFORE_NAME].copy_from_slice(&xxh3_128(content).to_le_bytes());
    // Last, so that its length needs no mark: all before it is of a fixed size.
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
