//! Blocks of sound that show whether they arrived as they were sent.

use tutk::{AudioFormat, Codec};

use crate::Failure;

/// Bytes of a second of µ-law at 8 kHz.
const RATE: usize = 8_000;
/// Bytes of a block: 100 ms.
pub(crate) const BLOCK: usize = RATE / 10;
/// The camera, and the number.
const HEADER: usize = 1 + 8;

pub(crate) fn format() -> AudioFormat {
    AudioFormat::new(Codec::Mulaw, RATE as u32)
}

/// A block: behind the header comes noise that follows from it.
pub(crate) fn block(camera: usize, number: u64) -> Vec<u8> {
    let mut block = vec![camera as u8];
    block.extend(number.to_le_bytes());
    block.resize(BLOCK, 0);
    fastrand::Rng::with_seed(number << 8 | camera as u64).fill(&mut block[HEADER..]);
    block
}

/// The number of this block, if every byte of it is as it was sent.
pub(crate) fn check(camera: usize, data: &[u8]) -> Result<u64, Failure> {
    let header: &[u8; HEADER] = data.first_chunk().ok_or("a block of sound is too short")?;
    let [_, number @ ..] = *header;
    let number = u64::from_le_bytes(number);
    if block(camera, number) != data {
        return Err(format!("block {number} of sound, in {} bytes, is not as it was sent", data.len()).into());
    }
    Ok(number)
}
