//! Parity over the chunks of a block: Reed-Solomon over GF(256) with the polynomial 0x11d. The chunks are the values of a
//! polynomial at 0 … 19, the parity is its value at 20.

use super::Chunk;
use crate::wire::CHUNK;

/// Chunks in a block.
pub const BLOCK: usize = 20;
/// Bytes of a chunk as parity protects it: header and data, filled up with zeros.
pub const SHARD: usize = Chunk::HEADER + CHUNK;

/// How much of each chunk is in the parity: its Lagrange weight at 20.
const WEIGHTS: [u8; BLOCK] = weights();

const fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1d } else { 0 };
        b >>= 1;
    }
    product
}

/// The power 254 is the inverse.
const fn inverse(a: u8) -> u8 {
    let (mut power, mut i) = (1, 0);
    while i < 254 {
        power = times(power, a);
        i += 1;
    }
    power
}

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn weights() -> [u8; BLOCK] {
    let mut weights = [1; BLOCK];
    let mut i = 0;
    while i < BLOCK {
        let mut j = 0;
        while j < BLOCK {
            if i != j {
                let factor = times((BLOCK ^ j) as u8, inverse((i ^ j) as u8));
                weights[i] = times(weights[i], factor);
            }
            j += 1;
        }
        i += 1;
    }
    weights
}

/// A sum of chunks, each times a factor.
///
/// Kept as eight sums, one for each bit of the factors: adding to them is plain XOR, and only at the end are they put
/// together.
#[derive(Clone, Debug)]
pub struct Sum(Box<[[u8; SHARD]; 8]>);

impl Default for Sum {
    fn default() -> Self {
        Self::new()
    }
}

impl Sum {
    /// Of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new([[0; SHARD]; 8]))
    }

    /// Back to nothing.
    pub fn clear(&mut self) {
        self.0.as_flattened_mut().fill(0);
    }

    /// Adds the chunk with this index in its block: what `parts` put together begins with.
    pub fn add(&mut self, index: usize, parts: [&[u8]; 2]) {
        self.add_times(WEIGHTS.get(index).copied().unwrap_or_default(), parts);
    }

    fn add_times(&mut self, factor: u8, [head, tail]: [&[u8]; 2]) {
        for (bit, plane) in self.0.iter_mut().enumerate() {
            if factor >> bit & 1 == 1 {
                let (first, second) = plane.split_at_mut(head.len().min(SHARD));
                xor(first, head);
                xor(second, tail);
            }
        }
    }

    /// The sum.
    #[must_use]
    pub fn total(&self) -> [u8; SHARD] {
        let mut total = [0; SHARD];
        for plane in self.0.iter().rev() {
            for (to, from) in total.iter_mut().zip(plane) {
                *to = (*to << 1) ^ ((*to >> 7) * 0x1d) ^ from;
            }
        }
        total
    }

    /// The chunk with this index, the only one that was not added, from the parity of the block.
    pub fn missing(&mut self, index: usize, parity: &[u8]) -> [u8; SHARD] {
        self.add_times(1, [parity, &[]]);
        let rest = self.total();
        self.clear();
        let factor = inverse(WEIGHTS.get(index).copied().unwrap_or_default());
        self.add_times(factor, [&rest, &[]]);
        self.total()
    }
}

fn xor(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_factor_has_an_inverse() {
        assert_eq!(times(2, 0x80), 0x1d);
        for a in 1..=255 {
            assert_eq!(times(a, inverse(a)), 1);
        }
    }

    #[test]
    fn a_missing_chunk_comes_back() {
        let chunk = |i: usize| (0..SHARD - i * 7).map(|at| (at * 31 + i * 17) as u8).collect::<Vec<_>>();
        let mut sum = Sum::new();
        for i in 0..BLOCK {
            let chunk = chunk(i);
            sum.add(i, [&chunk[..20], &chunk[20..]]);
        }
        let parity = sum.total();
        for missing in 0..BLOCK {
            sum.clear();
            for i in (0..BLOCK).filter(|i| *i != missing) {
                sum.add(i, [&chunk(i), &[]]);
            }
            let found = sum.missing(missing, &parity);
            let whole = chunk(missing);
            assert_eq!(found[..whole.len()], whole);
            assert!(found[whole.len()..].iter().all(|byte| *byte == 0));
        }
    }
}
