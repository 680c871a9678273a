use std::collections::BTreeMap;
use std::time::Instant;

use crate::wire::{AUDIO_MARK, CHUNK, Chunk};
use crate::{Frame, Media};

/// A frame of which some chunks are here.
#[derive(Debug)]
pub(crate) struct ReassemblyBuffer {
    /// As far as chunks have come without a gap. Reserved for the whole frame, and no page of that is touched before.
    data: Vec<u8>,
    /// What came behind a gap. Kept apart: filling the gap would be 16 MiB of work for one datagram.
    early: BTreeMap<u16, Box<[u8]>>,
    frame_len: usize,
    media_len: u32,
    info_len: u16,
    have: Vec<u64>,
    chunks: u16,
    received: u16,
    /// Chunks before this one have come or are missing.
    due: u16,
}

/// What became of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    New,
    Duplicate,
    /// It is of another frame with the same number.
    Contradiction,
}

impl ReassemblyBuffer {
    /// The frame that this chunk is of, without it yet. At most [`MAX_FRAME`](crate::MAX_FRAME) bytes.
    pub(crate) fn new(chunk: &Chunk<'_>) -> Self {
        let frame_len = chunk.frame_len();
        let chunks = frame_len.div_ceil(CHUNK) as u16;
        Self {
            data: Vec::with_capacity(frame_len),
            early: BTreeMap::new(),
            frame_len,
            media_len: chunk.media_len,
            info_len: chunk.info_len,
            have: vec![0; usize::from(chunks).div_ceil(64)],
            chunks,
            received: 0,
            due: 0,
        }
    }

    pub(crate) fn frame_len(&self) -> usize {
        self.frame_len
    }

    pub(crate) fn chunks(&self) -> u16 {
        self.chunks
    }

    pub(crate) fn put(&mut self, chunk: &Chunk<'_>) -> Put {
        if chunk.media_len != self.media_len || chunk.info_len != self.info_len {
            return Put::Contradiction;
        }
        let bit = 1 << (chunk.index % 64);
        let Some(word) = self.have.get_mut(usize::from(chunk.index / 64)) else { return Put::Contradiction };
        if *word & bit != 0 {
            return Put::Duplicate;
        }
        let place = Chunk::range(chunk.index, self.frame_len);
        if place.is_empty() || place.len() != chunk.data.len() {
            return Put::Contradiction;
        }
        if place.start == self.data.len() {
            self.data.extend_from_slice(chunk.data);
            let mut next = chunk.index + 1;
            while let Some(data) = self.early.remove(&next) {
                self.data.extend_from_slice(&data);
                next += 1;
            }
        } else {
            self.early.insert(chunk.index, chunk.data.into());
        }
        *word |= bit;
        self.received += 1;
        self.due = self.due.max(chunk.index + 1);
        Put::New
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.received == self.chunks
    }

    /// No more chunks come by themselves.
    pub(crate) fn is_over(&mut self) {
        self.due = self.chunks;
    }

    pub(crate) fn was_over(&self) -> bool {
        self.due == self.chunks
    }

    /// Whether a chunk that should be here is not.
    pub(crate) fn misses_any(&self) -> bool {
        self.received < self.due
    }

    /// Lists at most `most` missing chunks from `from` on; returns the chunk to go on from.
    pub(crate) fn missing(&self, from: u16, most: usize, list: &mut Vec<[u8; 2]>) -> u16 {
        for index in from..self.due {
            let word = self.have.get(usize::from(index / 64)).copied().unwrap_or_default();
            if word & (1 << (index % 64)) == 0 {
                if list.len() == most {
                    return index;
                }
                list.push(index.to_le_bytes());
            }
        }
        self.due.max(from)
    }

    /// The frame and what it is of, if its frame info makes sense.
    ///
    /// From AV version 8 on, where resend is granted, audio comes in chunks as video does, between its frames: its frame info begins
    /// with four letters and its length. Seen with the vendor's 3.1.5 and 4.2.
    pub(crate) fn into_frame(mut self, now: Instant, number: u32) -> Option<(Frame, Media)> {
        let media_len = self.media_len as usize;
        let whole = self.data.get(media_len..)?;
        let audio = whole.strip_prefix(AUDIO_MARK).and_then(|rest| rest.split_first_chunk());
        let media = if audio.is_some() { Media::Audio } else { Media::Video };
        let info = match audio {
            Some((len, info)) => info.get(..u32::from_le_bytes(*len) as usize).unwrap_or(info).to_vec(),
            None => whole.to_vec(),
        };
        self.data.truncate(media_len);
        Some((Frame::parse(media, number, self.data, info, false, now), media))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;
    use crate::wire::FrameInfo;

    #[test]
    fn chunks_in_any_order_with_info_across_two() {
        let info = FrameInfo { codec: Codec::H264, flags: 1, camera: 0, viewers: 1, timestamp: 77 };
        // The frame info straddles the second and the third chunk.
        let media: Vec<u8> = (0..2 * CHUNK - 5).map(|i| i as u8).collect();
        let all = [&media[..], &info.encode()].concat();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let chunk = |index: u16| Chunk {
                frame: 3,
                media_len: media.len() as u32,
                info_len: 16,
                index,
                data: &all[Chunk::range(index, all.len())],
            };
            let mut buffer = ReassemblyBuffer::new(&chunk(order[0]));
            for index in order {
                assert!(!buffer.is_complete());
                assert_eq!(buffer.put(&chunk(index)), Put::New);
                assert_eq!(buffer.put(&chunk(index)), Put::Duplicate);
            }
            assert_eq!(buffer.put(&Chunk { info_len: 24, ..chunk(0) }), Put::Contradiction);
            assert!(buffer.is_complete());
            let (frame, _) = buffer.into_frame(Instant::now(), 3).unwrap();
            assert_eq!(frame.data, media);
            assert!(frame.key);
            assert_eq!((frame.number, frame.timestamp, frame.codec), (3, 77, Codec::H264));
        }
    }

    #[test]
    fn the_bytes_tell_a_key_frame_and_not_the_flags() {
        let (key, other) = ([0, 0, 0, 1, 0x65, 0x88, 7], [0, 0, 0, 1, 0x41, 0x9A, 7]);
        // Of the vendor's header, of cameras that flag the type of the NAL unit, and of those that flag nothing.
        for flags in [0, 1, 2, 3, 0x61, 0x65] {
            for (media, is_key) in [(key, true), (other, false)] {
                let info = FrameInfo { codec: Codec::H264, flags, camera: 0, viewers: 1, timestamp: 77 };
                let all = [&media[..], &info.encode()].concat();
                let chunk = Chunk { frame: 3, media_len: 7, info_len: 16, index: 0, data: &all };
                let mut buffer = ReassemblyBuffer::new(&chunk);
                assert_eq!(buffer.put(&chunk), Put::New);
                let (frame, _) = buffer.into_frame(Instant::now(), 3).unwrap();
                assert_eq!((frame.key, frame.flags), (is_key, flags));
            }
        }
    }

    #[test]
    fn audio_in_chunks_is_told_by_its_frame_info() {
        let info = FrameInfo { codec: Codec::Pcm, flags: 2, camera: 0, viewers: 1, timestamp: 77 };
        let framed = [b"ODUA", &16u32.to_le_bytes()[..], &info.encode()].concat();
        for len in [24, 20, 8] {
            let all = [&[7; 640][..], &framed[..len]].concat();
            let chunk = Chunk { frame: 3, media_len: 640, info_len: len as u16, index: 0, data: &all };
            let mut buffer = ReassemblyBuffer::new(&chunk);
            assert_eq!(buffer.put(&chunk), Put::New);
            let (frame, media) = buffer.into_frame(Instant::now(), 3).unwrap();
            assert_eq!((frame.data.as_slice(), media), (&[7; 640][..], Media::Audio));
            assert_eq!(frame.info, &info.encode()[..len - 8]);
        }
    }

    #[test]
    fn a_late_chunk_of_a_large_frame_costs_no_more_than_itself() {
        let frame = Chunk { frame: 0, media_len: (16 << 20) - 16, info_len: 16, index: 16_383, data: &[7; CHUNK] };
        let mut buffer = ReassemblyBuffer::new(&frame);
        assert_eq!(buffer.put(&frame), Put::New);
        assert_eq!(buffer.put(&frame), Put::Duplicate);
        assert_eq!((buffer.data.len(), buffer.early.len(), buffer.received), (0, 1, 1));
    }
}
