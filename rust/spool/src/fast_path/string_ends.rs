//! Where strings can end: at a quote, a backslash, or a control character, which is not allowed in one.

use wide::u8x16;

/// Bytes of a text that share a word of bits; the first byte is the lowest bit.
const BLOCK: usize = 64;

/// A bit for each byte of a text, set where a string can end.
///
/// Finding all of them first, 16 bytes at a time, saves a quarter of the time of parsing over testing each byte.
pub struct StringEnds(Vec<u64>);

impl StringEnds {
    pub fn of(text: &str) -> Self {
        let (blocks, rest) = text.as_bytes().as_chunks();
        let mut bits = Vec::with_capacity(blocks.len() + 1);
        bits.extend(blocks.iter().map(ends));
        if !rest.is_empty() {
            let mut padded = [b' '; BLOCK];
            padded[..rest.len()].copy_from_slice(rest);
            bits.push(ends(&padded));
        }
        Self(bits)
    }

    /// Return the first position from `at` on where a string can end.
    #[inline]
    pub fn next(&self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let mut bits = self.0.get(block)? & (u64::MAX << (at % BLOCK));
        while bits == 0 {
            block += 1;
            bits = *self.0.get(block)?;
        }
        Some(block * BLOCK + bits.trailing_zeros() as usize)
    }
}

#[inline]
fn ends(block: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (index, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let is_control = bytes.simd_le(u8x16::splat(0x1F));
        let is_end = is(b'"') | is(b'\\') | is_control;
        bits |= u64::from(is_end.to_bitmask()) << (16 * index);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_end_is_found(text in "([a-z\"\\\\\u{0}-\u{20}é]|[a-z]{40}){0,12}") {
            let found = StringEnds::of(&text);
            let is_end = |at: &usize| matches!(text.as_bytes()[*at], 0..0x20 | b'"' | b'\\');
            for at in 0..text.len() + 70 {
                prop_assert_eq!(found.next(at), (at..text.len()).find(is_end), "{}", at);
            }
        }
    }
}
