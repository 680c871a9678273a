#[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"))]
use fearless_simd::{Bytes, Level, Simd, SimdBase, u8x16, u32x4};

/// What is done to a block of 16 bytes: its words are rotated, its bytes exchanged, a key is added, and its words are
/// rotated again.
pub(super) struct Rounds {
    /// By how many bits each little-endian word is rotated to the left.
    pub(super) first: [u32; 4],
    pub(super) key: [u8; 16],
    /// As `first`.
    pub(super) second: [u32; 4],
}

/// Where each byte goes to, and comes from: the exchange is its own inverse.
const ORDER: [u8; 16] = [11, 9, 8, 15, 13, 10, 12, 14, 2, 1, 5, 0, 6, 4, 7, 3];

impl Rounds {
    /// Does it to each block.
    pub(super) fn run(&self, blocks: &mut [[u8; 16]]) {
        // Of the sets of instructions that compilers may not take for granted, those that rotate each word of a vector
        // by bits of its own are three times as fast as plain words; the others are slower.
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(simd) = Level::new().as_avx2() {
            return self.run_on_vectors(simd, blocks);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(simd) = Level::new().as_neon() {
            return self.run_on_vectors(simd, blocks);
        }
        self.run_on_words(blocks);
    }

    #[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"))]
    fn run_on_vectors<S: Simd>(&self, simd: S, blocks: &mut [[u8; 16]]) {
        simd.vectorize(
            #[inline(always)]
            || {
                let word = |words: &[u32; 4]| u32x4::from_slice(simd, words);
                let left = |by: u32x4<S>, vector: u32x4<S>| vector << by | vector >> (32 - by);
                let (first, second) = (word(&self.first), word(&self.second));
                let (order, key) = (u8x16::from_slice(simd, &ORDER), u8x16::from_slice(simd, &self.key));
                for block in blocks {
                    let rotated: u8x16<S> = left(first, u8x16::from_slice(simd, block).bitcast()).bitcast();
                    let mixed = rotated.swizzle_dyn(order) ^ key;
                    let rotated: u8x16<S> = left(second, mixed.bitcast()).bitcast();
                    rotated.store_slice(block);
                }
            },
        );
    }

    /// Bytes are moved by shifts of words: compilers make far better code of that than of single bytes.
    fn run_on_words(&self, blocks: &mut [[u8; 16]]) {
        let (key, _) = self.key.as_chunks::<4>();
        for block in blocks {
            let (words, _) = block.as_chunks_mut::<4>();
            let mut rotated = [0; 4];
            for ((to, from), by) in rotated.iter_mut().zip(&*words).zip(self.first) {
                *to = u32::from_le_bytes(*from).rotate_left(by);
            }
            let (order, _) = ORDER.as_chunks::<4>();
            for (((to, from), key), by) in words.iter_mut().zip(order).zip(key).zip(self.second) {
                let byte =
                    |from: u8| rotated.get(usize::from(from / 4)).map_or(0, |word| word >> (from % 4 * 8) & 0xFF);
                let [a, b, c, d] = from.map(byte);
                let word = (a | b << 8 | c << 16 | d << 24) ^ u32::from_le_bytes(*key);
                *to = word.rotate_left(by).to_le_bytes();
            }
        }
    }
}

/// The bytes of a block in their other places.
pub(super) const fn exchange(block: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [l, j, i, p, n, k, m, o, c, b, f, a, g, e, h, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanged_as_the_order_says() {
        let block = std::array::from_fn(|at| at as u8);
        assert_eq!(exchange(block), ORDER);
        assert_eq!(exchange(exchange(block)), block);
    }

    #[test]
    fn words_and_vectors_do_the_same() {
        let steps = Rounds { first: [3, 7, 11, 15], key: [0x5A; 16], second: [1, 5, 9, 13] };
        let mut blocks: Vec<[u8; 16]> = (0..9).map(|n| std::array::from_fn(|at| (n * 37 + at * 11) as u8)).collect();
        let mut same = blocks.clone();
        steps.run(&mut blocks);
        steps.run_on_words(&mut same);
        assert_eq!(blocks, same);
    }
}
