use crate::wire::packet::parity::{BLOCK, SHARD, Sum};

/// The last blocks of chunks, for their parity: a block that lacks a single chunk gives it back.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The newest one last.
    kept: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    number: u16,
    /// One place of [`SHARD`] bytes for each chunk, the parity last.
    bytes: Vec<u8>,
    lens: [u16; BLOCK + 1],
}

/// Blocks that are kept: those of the last 80 chunks, about 85 kB.
const MAX_BLOCKS: usize = 4;

impl Blocks {
    /// Takes a chunk as it was first sent, or a parity, which has the index [`BLOCK`]. Returns the chunk that it completes
    /// the block with, its bytes filled up with zeros.
    pub(super) fn put(&mut self, number: u16, index: u8, [head, data]: [&[u8]; 2]) -> Option<[u8; SHARD]> {
        let index = usize::from(index);
        let at = match self.kept.iter().rposition(|block| block.number == number) {
            Some(at) => at,
            None => self.begin(number),
        };
        let block = self.kept.get_mut(at)?;
        let len = block.lens.get_mut(index).filter(|len| **len == 0)?;
        let place = block.bytes.get_mut(index * SHARD..)?.get_mut(..head.len() + data.len())?;
        *len = place.len() as u16;
        let (first, second) = place.split_at_mut(head.len());
        first.copy_from_slice(head);
        second.copy_from_slice(data);
        block.repair()
    }

    fn begin(&mut self, number: u16) -> usize {
        let mut block = if self.kept.len() < MAX_BLOCKS {
            Block { number, bytes: vec![0; (BLOCK + 1) * SHARD], lens: [0; BLOCK + 1] }
        } else {
            self.kept.remove(0)
        };
        (block.number, block.lens) = (number, [0; BLOCK + 1]);
        self.kept.push(block);
        self.kept.len() - 1
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

impl Block {
    /// The only chunk that is not here, once the parity is.
    fn repair(&mut self) -> Option<[u8; SHARD]> {
        let [lens @ .., parity] = &mut self.lens;
        if *parity == 0 {
            return None;
        }
        let missing = lens.iter().position(|len| *len == 0)?;
        if lens.iter().skip(missing + 1).any(|len| *len == 0) {
            return None;
        }
        let shards = || self.bytes.chunks_exact(SHARD);
        let mut sum = Sum::new();
        for (index, (shard, len)) in shards().zip(&*lens).enumerate() {
            sum.add(index, [shard.get(..(*len).into()).unwrap_or_default(), &[]]);
        }
        let found = sum.missing(missing, shards().next_back()?);
        if let Some(len) = lens.get_mut(missing) {
            *len = SHARD as u16;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(i: usize) -> Vec<u8> {
        (0..SHARD - i).map(|at| (at * 13 + i * 7 + 1) as u8).collect()
    }

    fn parity() -> [u8; SHARD] {
        let mut sum = Sum::new();
        (0..BLOCK).for_each(|i| sum.add(i, [&shard(i), &[]]));
        sum.total()
    }

    #[test]
    fn one_missing_chunk_is_found_whatever_came_last() {
        for missing in [0, 7, 19] {
            for parity_first in [false, true] {
                let mut blocks = Blocks::default();
                let mut order: Vec<usize> = (0..=BLOCK).filter(|i| *i != missing).collect();
                if parity_first {
                    order.rotate_right(1);
                }
                let mut found = None;
                for (count, i) in order.iter().enumerate() {
                    let bytes = if *i == BLOCK { parity().to_vec() } else { shard(*i) };
                    let (head, data) = bytes.split_at(20);
                    assert_eq!(blocks.put(5, *i as u8, [head, data]).is_some(), count + 1 == BLOCK);
                    // Once more changes nothing.
                    assert_eq!(blocks.put(5, *i as u8, [data, head]), None);
                    found = Some(count);
                }
                assert_eq!(found, Some(BLOCK - 1));
                assert_eq!(blocks.put(5, missing as u8, [&shard(missing), &[]]), None, "it has come already");
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_wild_indices_are_passed_over() {
        let mut blocks = Blocks::default();
        for number in 0..1000 {
            for index in [0, 20, 21, 255] {
                assert_eq!(blocks.put(number, index, [&[1; 20], &[2; 1024]]), None);
            }
            assert_eq!(blocks.put(number, 1, [&[1; 20], &[2; 60_000]]), None);
        }
        assert_eq!(blocks.kept.len(), MAX_BLOCKS);
    }
}
