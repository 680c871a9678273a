//! Cuts audio into blocks that fit into a datagram.

use tutk::{AudioFormat, Codec};

/// Bytes of a block, in all generations: 40 ms of PCM at 16 kHz.
const MAX_BLOCK: usize = 1280;

/// The blocks of this audio, and the time of each after the first one, in milliseconds. A codec with frames is not cut.
pub(crate) fn blocks(format: AudioFormat, data: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let bytes_per_second = match format.codec {
        Codec::Pcm => u64::from(format.rate) * u64::from(format.channels) * u64::from(format.bits / 8),
        Codec::Mulaw | Codec::Alaw => u64::from(format.rate) * u64::from(format.channels),
        _ => 0,
    };
    let size = if bytes_per_second > 0 { MAX_BLOCK } else { data.len().max(1) };
    data.chunks(size).enumerate().map(move |(number, block)| {
        let millis = (number * size) as u64 * 1_000 / bytes_per_second.max(1);
        (if bytes_per_second > 0 { millis as u32 } else { 0 }, block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_cut_and_frames_are_not() {
        let data = [0; 3_000];
        let cut = |codec| blocks(AudioFormat::new(codec, 8_000), &data).map(|(at, block)| (at, block.len())).collect();
        let samples: Vec<_> = cut(Codec::Pcm);
        assert_eq!(samples, [(0, 1280), (80, 1280), (160, 440)]);
        let frames: Vec<_> = cut(Codec::AacRaw);
        assert_eq!(frames, [(0, 3_000)]);
    }
}
