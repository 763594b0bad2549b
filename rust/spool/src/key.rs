//! Intake keys: what tells the same file, read again after a crash, from a new one.

use xxhash_rust::xxh3::xxh3_128;

/// 128 bits that are the same when, and only when, the same event is read again.
pub type IntakeKey = [u8; 16];

/// Key of a file that holds one event: name, mtime in nanoseconds, size, content.
#[must_use]
pub fn of_file(name: &[u8], mtime_ns: i64, size: u64, content: &[u8]) -> IntakeKey {
    key(
        b'f',
        name,
        mtime_ns.to_le_bytes(),
        size.to_le_bytes(),
        content,
    )
}

/// Key of a line of a file that grows: name, inode, byte offset of the line, content.
///
/// Not mtime and size, which change with every line that follows.
#[must_use]
pub fn of_line(name: &[u8], inode: u64, offset: u64, content: &[u8]) -> IntakeKey {
    key(
        b'l',
        name,
        inode.to_le_bytes(),
        offset.to_le_bytes(),
        content,
    )
}

/// The event id of an event that brought none of its own.
#[must_use]
pub fn event_id(key: &IntakeKey) -> String {
    format!("{:032x}", u128::from_be_bytes(*key))
}

fn key(kind: u8, name: &[u8], first: [u8; 8], second: [u8; 8], content: &[u8]) -> IntakeKey {
    let mut parts = Vec::with_capacity(name.len() + 33);
    parts.push(kind);
    parts.extend_from_slice(&first);
    parts.extend_from_slice(&second);
    parts.extend_from_slice(&xxh3_128(content).to_le_bytes());
    // Last, so that its length needs no mark: all before it is of a fixed size.
    parts.extend_from_slice(name);
    xxh3_128(&parts).to_be_bytes()
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
