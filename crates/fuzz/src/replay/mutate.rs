/// Makes new inputs of old ones.
pub(crate) struct Mutator(fastrand::Rng);

/// Inputs do not grow over this size.
const MAX_LEN: usize = 4096;
const TELLING: [u8; 8] = [0, 1, 2, 16, 0x7F, 0x80, 0xFE, 0xFF];

impl Mutator {
    pub(crate) fn new() -> Self {
        Self(fastrand::Rng::new())
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit.max(1))
    }

    /// A range of at most `most` bytes in `len` bytes.
    fn range(&mut self, len: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.below(len);
        start..(start + 1 + self.below(most)).min(len)
    }

    /// One of the seeds, changed in a few places.
    pub(crate) fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(seeds).to_vec();
        for _ in 0..1 + self.below(8) {
            self.change(&mut input, seeds);
        }
        input.truncate(MAX_LEN);
        input
    }

    fn pick<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a [u8] {
        seeds.get(self.below(seeds.len())).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let len = input.len();
        let at = self.below(len);
        match self.below(7) {
            0 => input.insert(at, self.0.u8(..)),
            1 => {
                let other = self.pick(seeds);
                let part = self.range(other.len(), 64);
                input.splice(at..at, other[part].iter().copied());
            }
            _ if len == 0 => {}
            2 => input[at] ^= 1 << self.below(8),
            3 => input[at] = TELLING[self.below(TELLING.len())],
            4 => input[at] = self.0.u8(..),
            5 => {
                let part = self.range(len, 32);
                input.drain(part);
            }
            _ => {
                let part = self.range(len, 64);
                let copy = input[part].to_vec();
                input.splice(at..at, copy);
            }
        }
    }
}
