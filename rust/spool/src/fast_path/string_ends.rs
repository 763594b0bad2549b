//! Where strings stop: at a quote, a backslash, or a byte that must not stand in one.

use wide::u8x16;

/// Bytes that are looked at together, a bit each: the first byte is the lowest bit.
pub const BLOCK: usize = 64;

/// Find the stops of each block of a text; what is behind its end is none.
///
/// # Panics
///
/// There are fewer bits than blocks.
#[inline]
pub fn find(bytes: &[u8], bits: &mut [u64]) {
    let (blocks, rest) = bytes.as_chunks();
    let (of_blocks, of_rest) = bits.split_at_mut(blocks.len());
    for (block, bits) in blocks.iter().zip(of_blocks) {
        *bits = stops(block);
    }
    if rest.is_empty() {
        return;
    }
    // The last bytes once more, when there are enough: a copy of them costs more.
    of_rest[0] = if let Some(last) = bytes.last_chunk() {
        stops(last) >> (BLOCK - rest.len())
    } else {
        let mut padded = [b' '; BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        stops(&padded)
    };
}

#[inline]
fn stops(block: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (place, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let is_control = bytes.simd_le(u8x16::splat(0x1F));
        let is_stop = is(b'"') | is(b'\\') | is_control;
        bits |= u64::from(is_stop.to_bitmask()) << (16 * place);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_stop_has_its_bit(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bits = vec![0; bytes.len().div_ceil(BLOCK)];
            find(&bytes, &mut bits);
            for place in 0..bits.len() * BLOCK {
                let is_stop = bytes.get(place).is_some_and(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
                prop_assert_eq!(bits[place / BLOCK] >> (place % BLOCK) & 1 == 1, is_stop, "{}", place);
            }
        }
    }
}
