use std::collections::VecDeque;

use super::nal::{self, Head};
use super::order::{Order, Place};
use super::pictures::{Pictures, Slice};
use crate::{Codec, Frame, Gate};

/// Most bytes of parameter sets and the like that wait for their picture, and most frames that they come in.
const MAX_HELD: usize = 64 << 10;
const MAX_HELD_FRAMES: usize = 16;

/// How a stream is cut into units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Each unit is a whole picture with all that belongs to it.
    Au,
    /// A picture may take several units.
    Nal,
}

/// What goes on to a decoder, as one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The frame with the picture, and in front of its bytes those of frames that only hold what belongs to it. Its codec is
    /// what the bytes are, and `key` says whether a decoder can start here.
    pub frame: Frame,
    /// The number of the first frame in it; the last one is `frame.number`.
    pub first: u32,
    /// How many frames are in it, at least 1.
    pub frames: u32,
    /// What the camera says that it is, H.264 or H.265 where it is the other.
    pub announced: Codec,
    /// Frames are missing before it, or it is the first one of this codec.
    pub discont: bool,
    /// It begins a picture. Other units have the time of the picture that they continue.
    pub begins_picture: bool,
    /// When the picture is shown.
    pub order: Order,
}

/// Frames that do not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// How many.
    pub frames: u32,
    /// What the camera says that the last one is.
    pub codec: Codec,
    /// Why the last one does not go on.
    pub reason: DropReason,
}

/// Why a frame does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// It has no bytes, or none that belong to a picture.
    Empty,
    /// Its codec is unknown, or one of audio.
    NotVideo,
    /// It is of another codec than the stream, without proof that the stream has changed.
    OtherCodec,
    /// It cannot be decoded without frames that are missing.
    Undecodable,
    /// Too much without a picture.
    TooLong,
}

/// Makes units that can be decoded out of the frames of a camera's video.
///
/// * Frames go on from a key frame on, and after a loss from the next one on. What a key frame is the bytes tell where they
///   can: an IDR picture of H.264, or any that comes with a recovery point, or an intra picture that comes with parameter
///   sets or that the camera flags; an IRAP picture of H.265; an intra picture of MPEG-4. All pictures of
///   [intra-only](Codec::is_intra_only) codecs are key frames.
/// * Parameter sets, SEI and delimiters in frames of their own are joined with the picture that follows them.
/// * Slices in frames of their own are not joined, because nothing tells the last one: [`alignment`](Self::alignment).
/// * A frame of another codec costs itself alone. The stream changes its codec at a key frame that holds the headers of its
///   codec, or, where none does, at the second key frame without one of the old codec in between.
/// * H.264 that is announced as H.265, or the reverse, is taken for what its parameter sets are.
///
/// No frame waits for the next one. At most 64 KiB are held.
#[derive(Debug, Default)]
pub struct VideoParser {
    gate: Gate,
    /// Of the last unit.
    codec: Option<Codec>,
    /// What is announced, and what it is.
    actual: Option<(Codec, Codec)>,
    /// The last key frame was of this other codec.
    candidate: Option<Codec>,
    held: Held,
    alignment: Option<Alignment>,
    pictures: Pictures,
    /// Pictures that are shown before this one refer to others that are missing.
    start: Option<Place>,
    /// The picture under way does not go on.
    skips_picture: bool,
    /// The last frame began a picture.
    has_begun: bool,
    /// Of the picture under way.
    order: Order,
    ready: VecDeque<Unit>,
}

/// Frames that belong to the picture to come.
#[derive(Debug, Default)]
struct Held {
    frames: Vec<Frame>,
    bytes: usize,
}

impl VideoParser {
    /// The next frame of the camera. What becomes of it comes out of [`pop`](Self::pop); returned is what was dropped.
    pub fn push(&mut self, frame: Frame) -> Option<Dropped> {
        let (announced, flagged) = (frame.codec, frame.key);
        let dropped = |frames, reason| Some(Dropped { frames, codec: announced, reason });
        if frame.data.is_empty() {
            return dropped(1, DropReason::Empty);
        }
        if !announced.is_video() {
            return dropped(1, DropReason::NotVideo);
        }
        let codec = self.resolve(&frame);
        let frame = Frame { codec, ..frame };
        let head = Head::of(codec, &frame.data);
        if let Some(head) = head
            && head.slice.is_none()
            && (head.prefix || head.suffix)
        {
            if !head.prefix {
                return dropped(1, DropReason::Empty);
            }
            return match self.held.push(frame) {
                0 => None,
                discarded => dropped(discarded, DropReason::TooLong),
            };
        }

        let is_key = self.is_key(&frame, head, flagged);
        if !self.takes(&frame, is_key) {
            let headers = self.held.keep(|held| held.codec != codec);
            return dropped(headers + 1, DropReason::OtherCodec);
        }
        let strangers = self.held.keep(|held| held.codec == codec);
        for data in self.held.frames.iter().chain([&frame]).map(|frame| &frame.data) {
            self.pictures.learn(codec, data);
        }
        let discont = self.gate.is_broken();
        let slice = head.and_then(|head| head.slice);
        let begin = slice.map_or(Slice::Unread, |slice| self.pictures.begins(codec, slice));
        let begins_picture = begin != Slice::Next;
        let passes = if begins_picture {
            self.gate.passes(codec, is_key) && !self.leads(codec, slice, discont)
        } else {
            !discont && !self.skips_picture
        };
        if begins_picture {
            self.skips_picture = !passes;
        }
        self.align(&frame, begin, passes);
        if !passes {
            let headers = std::mem::take(&mut self.held).count();
            return dropped(strangers + headers + 1, DropReason::Undecodable);
        }
        self.codec = Some(codec);
        let key = is_key && begins_picture;
        let first = frame.number;
        self.emit(Unit {
            frame: Frame { key, ..frame },
            first,
            frames: 1,
            announced,
            discont,
            begins_picture,
            order: self.order,
        });
        if strangers > 0 { dropped(strangers, DropReason::OtherCodec) } else { None }
    }

    /// The next unit.
    pub fn pop(&mut self) -> Option<Unit> {
        self.ready.pop_front()
    }

    /// Whether [`pop`](Self::pop) returns a unit.
    pub fn has_unit(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Frames are missing before the next one. Returns how many are dropped that waited for a picture.
    pub fn lost(&mut self) -> u32 {
        self.gate.lost();
        self.has_begun = false;
        // Parameter sets are valid all the same.
        self.held.keep(|frame| Head::of(frame.codec, &frame.data).is_some_and(|head| head.sps || head.pps))
    }

    /// The next frame is the first one of another session, or nobody has the units that have gone on. Returns how many
    /// frames are dropped.
    pub fn restart(&mut self) -> u32 {
        let waiting = self.lost() + std::mem::take(&mut self.held).count();
        waiting + self.ready.drain(..).map(|unit| unit.frames).sum::<u32>()
    }

    /// How units are cut; none as long as the frames do not tell. Until then, they are whole pictures if each frame is one.
    ///
    /// Whether a picture goes on in the next frame shows in that frame alone. It may change to [`Alignment::Nal`] later.
    pub fn alignment(&self) -> Option<Alignment> {
        self.alignment
    }

    /// What a frame really is.
    fn resolve(&mut self, frame: &Frame) -> Codec {
        let announced = frame.codec;
        if let Some(actual) = nal::actual(announced, &frame.data) {
            self.actual = (actual != announced).then_some((announced, actual));
        }
        match self.actual {
            Some((wrong, actual)) if wrong == announced => actual,
            _ => announced,
        }
    }

    fn is_key(&self, frame: &Frame, head: Option<Head<'_>>, flagged: bool) -> bool {
        let codec = frame.codec;
        let held = self.held.of(codec).filter_map(|held| Head::of(codec, &held.data));
        let head = head.map(|head| held.fold(Head::default(), Head::join).join(head));
        codec.is_intra_only() || head.and_then(|head| head.is_key(codec, flagged)).unwrap_or(flagged)
    }

    /// Whether this frame is one of the stream, which changes its codec if this is the moment.
    fn takes(&mut self, frame: &Frame, is_key: bool) -> bool {
        let codec = frame.codec;
        if self.codec.is_none_or(|old| old == codec) {
            self.candidate = None;
            return true;
        }
        let mut all = self.held.of(codec).chain([frame]);
        let is_new = is_key && (self.candidate == Some(codec) || all.any(|frame| nal::proves(codec, &frame.data)));
        if is_new {
            self.candidate = None;
            self.gate.lost();
            self.alignment = None;
            self.pictures.restart();
        } else if is_key {
            self.candidate = Some(codec);
        }
        is_new
    }

    /// Counts the picture that begins with this slice. Whether it is to be left out: it is shown before the one that the
    /// stream began with, and refers to others that are missing.
    fn leads(&mut self, codec: Codec, slice: Option<&[u8]>, discont: bool) -> bool {
        let Some(slice) = slice else {
            self.order = Order::Decoding(None);
            return false;
        };
        self.order = self.pictures.order(codec, slice, discont);
        let (Order::Decoding(Some(place)) | Order::Display(place)) = self.order else { return false };
        if discont {
            // Nothing refers to what comes before an IDR picture.
            self.start = (!nal::is_idr(codec, slice)).then_some(place);
        }
        let leads = self.start.is_some_and(|start| start.sequence == place.sequence && place.count < start.count);
        if !leads && !discont {
            self.start = None;
        }
        leads
    }

    /// Learns how the stream is cut from a frame that begins like this.
    fn align(&mut self, frame: &Frame, begin: Slice, passes: bool) {
        let follows_picture = std::mem::replace(&mut self.has_begun, begin == Slice::First);
        let is_known = self.alignment.is_some();
        match begin {
            Slice::Next => self.alignment = Some(Alignment::Nal),
            Slice::First if is_known || !(follows_picture || nal::has_several_slices(frame.codec, &frame.data)) => {}
            Slice::Unread if is_known || !passes => {}
            Slice::First | Slice::Unread => self.alignment = Some(Alignment::Au),
        }
    }

    /// Lets go what is held, with this unit.
    fn emit(&mut self, mut unit: Unit) {
        let held = std::mem::take(&mut self.held);
        if self.alignment != Some(Alignment::Nal) {
            if let Some(first) = held.frames.first() {
                unit.first = first.number;
                unit.frames += held.count();
                let parts: Vec<_> = held.frames.iter().chain([&unit.frame]).map(|frame| &frame.data[..]).collect();
                unit.frame.data = parts.concat();
            }
            return self.ready.push_back(unit);
        }
        for frame in held.frames {
            let Unit { announced, discont, begins_picture, order, .. } = unit;
            let first = frame.number;
            let frame = Frame { key: unit.frame.key, ..frame };
            self.ready.push_back(Unit { frame, first, frames: 1, announced, discont, begins_picture, order });
            (unit.discont, unit.begins_picture) = (false, false);
        }
        self.ready.push_back(unit);
    }
}

impl Held {
    fn of(&self, codec: Codec) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.codec == codec)
    }

    fn count(&self) -> u32 {
        // At most MAX_HELD_FRAMES.
        self.frames.len() as u32
    }

    /// Keeps these; returns how many others there were.
    fn keep(&mut self, keep: impl FnMut(&Frame) -> bool) -> u32 {
        let before = self.count();
        self.frames.retain(keep);
        self.bytes = self.frames.iter().map(|frame| frame.data.len()).sum();
        before - self.count()
    }

    /// Adds a frame, if there is room for it. Returns how many frames are dropped for want of room.
    fn push(&mut self, frame: Frame) -> u32 {
        if self.frames.len() == MAX_HELD_FRAMES || self.bytes + frame.data.len() > MAX_HELD {
            return std::mem::take(self).count() + 1;
        }
        self.bytes += frame.data.len();
        self.frames.push(frame);
        0
    }
}
