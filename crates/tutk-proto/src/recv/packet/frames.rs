use std::collections::VecDeque;
use std::time::Instant;

use crate::recv::Release;
use crate::wire::CHUNK;
use crate::wire::packet::MediaKind;
use crate::{Frame, Lost, MAX_FRAME, Media};

/// A chunk of media without its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<D> {
    pub(super) kind: MediaKind,
    pub(super) last: bool,
    pub(super) count: u16,
    pub(super) index: u16,
    pub(super) serial: u32,
    pub(super) frame: u32,
    pub(super) data: D,
}

/// Puts chunks that come in order together to frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    building: Option<Building>,
    /// How many chunks of a frame that cannot be completed are to come.
    rest: u16,
    video: Numbers,
    audio: Numbers,
    pub(super) ready: VecDeque<Release>,
    /// Frames of video that were complete, and that were lost.
    pub(super) counts: (u64, u64),
}

#[derive(Debug)]
struct Building {
    kind: MediaKind,
    serial: u32,
    frame: u32,
    chunks: u16,
    data: Vec<u8>,
}

/// The next number.
#[derive(Debug, Default)]
struct Numbers(Option<u32>);

/// A first frame of video with at least this number is the beginning; with a smaller one, those before it were lost.
const FIRST: u32 = 64;

impl Frames {
    /// Takes the next chunk. Returns whether it completes a frame.
    pub(super) fn push<D: AsRef<[u8]>>(&mut self, now: Instant, piece: &Piece<D>) -> bool {
        let follows = |building: &Building| {
            building.serial == piece.serial
                && building.frame == piece.frame
                && (building.kind == MediaKind::Audio) == (piece.kind == MediaKind::Audio)
                && (piece.last || piece.index == building.chunks)
        };
        if self.building.as_ref().is_some_and(|building| !follows(building)) {
            self.broken();
        }
        if self.building.is_none() {
            let begins = if piece.last { piece.count <= 1 } else { piece.index == 0 };
            if !begins {
                self.rest = if piece.last { 0 } else { piece.count.saturating_sub(piece.index).saturating_sub(1) };
                self.lost(piece.kind, piece.frame);
                return false;
            }
            let room = (usize::from(piece.count) * CHUNK).min(MAX_FRAME);
            let &Piece { kind, serial, frame, .. } = piece;
            self.building = Some(Building { kind, serial, frame, chunks: 0, data: Vec::with_capacity(room) });
        }
        self.rest = 0;
        let data = piece.data.as_ref();
        let Some(building) = &mut self.building else { return false };
        if building.data.len() + data.len() > MAX_FRAME || building.chunks == u16::MAX {
            self.broken();
            return false;
        }
        building.data.extend_from_slice(data);
        building.chunks += 1;
        piece.last && self.finish(now, piece.count, piece.index)
    }

    fn finish(&mut self, now: Instant, count: u16, info_len: u16) -> bool {
        let Some(Building { kind, frame, chunks, mut data, .. }) = self.building.take() else { return false };
        let media_len = data.len().checked_sub(info_len.into()).filter(|_| chunks == count.max(1));
        let Some(media_len) = media_len else {
            self.lost(kind, frame);
            return false;
        };
        let info = data.split_off(media_len);
        let media = media_of(kind);
        let number = frame.wrapping_sub(1);
        let missed = self.numbers(kind).take(number);
        self.missed(kind, number, missed);
        self.counts.0 += u64::from(media == Media::Video);
        let frame = Frame::parse(media, number, data, info, kind == MediaKind::Key, now);
        self.ready.push_back(match media {
            Media::Video => Release::Frame(frame),
            Media::Audio => Release::Audio(frame),
        });
        true
    }

    /// What comes next does not follow what came last.
    pub(super) fn broken(&mut self) {
        if let Some(building) = self.building.take() {
            self.lost(building.kind, building.frame);
        }
        self.rest = 0;
    }

    /// How many of the next chunks are of a frame that cannot be completed.
    pub(super) fn rest(&self) -> u16 {
        self.rest
    }

    /// A frame will not come.
    fn lost(&mut self, kind: MediaKind, frame: u32) {
        let number = frame.wrapping_sub(1);
        if self.numbers(kind).is_past(number) {
            return;
        }
        let missed = self.numbers(kind).take(number);
        self.missed(kind, number.wrapping_add(1), missed + 1);
    }

    fn missed(&mut self, kind: MediaKind, before: u32, count: u32) {
        if count == 0 {
            return;
        }
        let media = media_of(kind);
        if media == Media::Video {
            self.counts.1 += u64::from(count);
        }
        self.ready.push_back(Release::Lost(Lost { media, first: before.wrapping_sub(count), count }));
    }

    fn numbers(&mut self, kind: MediaKind) -> &mut Numbers {
        if kind == MediaKind::Audio { &mut self.audio } else { &mut self.video }
    }

    /// Bytes of the frame that is being put together.
    pub(super) fn bytes(&self) -> usize {
        self.building.as_ref().map_or(0, |building| building.data.len())
    }
}

impl Numbers {
    /// The frame with this number is here, or lost. Returns how many before it are missing; none if the camera counts anew.
    fn take(&mut self, number: u32) -> u32 {
        let expected = self.0.unwrap_or(if number < FIRST { 0 } else { number });
        self.0 = Some(number.wrapping_add(1));
        let missed = number.wrapping_sub(expected);
        if missed < u32::MAX / 2 { missed } else { 0 }
    }

    fn is_past(&self, number: u32) -> bool {
        self.0.is_some_and(|expected| number.wrapping_sub(expected) > u32::MAX / 2)
    }
}

fn media_of(kind: MediaKind) -> Media {
    if kind == MediaKind::Audio { Media::Audio } else { Media::Video }
}
