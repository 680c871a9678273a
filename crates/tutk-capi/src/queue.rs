//! Received media that the application has not fetched yet.

use std::collections::VecDeque;

use tutk::{Frame, Lost, Media};

use crate::codes::*;

/// What the application gets next.
#[derive(Debug)]
enum Item {
    Frame(Frame),
    /// These many, from this number on.
    Lost(u32, u32),
}

/// Frames in their order, with what is lost between them, up to a number of bytes.
///
/// An application that fetches too slowly loses the oldest frames up to a key frame, so that a decoder can go on with
/// what is left; it is told of each of them.
#[derive(Debug)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    limit: usize,
    seen_key: bool,
    /// The frames before this one were dropped, so that only a key frame is of use.
    wants_key: bool,
}

/// Each lost frame is reported by its number; of more than these in a row only the last are.
const MOST_LOST: u32 = 1000;

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self { items: VecDeque::new(), bytes: 0, limit, seen_key: false, wants_key: false }
    }

    /// Bytes that may wait; a single larger frame may, too.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.drop_over_limit();
    }

    /// Which part of the limit is in use; more than 1 where a single frame is larger.
    pub(crate) fn fullness(&self) -> f32 {
        self.bytes as f32 / self.limit.max(1) as f32
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    /// Frames that wait.
    pub(crate) fn frames(&self) -> usize {
        self.items.iter().filter(|item| matches!(item, Item::Frame(_))).count()
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.seen_key |= frame.key;
        if self.wants_key && !frame.key {
            return self.lose(frame.number, 1);
        }
        self.wants_key = false;
        self.bytes += size(&frame);
        self.items.push_back(Item::Frame(frame));
        self.drop_over_limit();
    }

    fn drop_over_limit(&mut self) {
        while self.bytes > self.limit && self.frames() > 1 {
            self.drop_oldest();
        }
    }

    pub(crate) fn push_lost(&mut self, lost: Lost) {
        self.lose(lost.first, lost.count);
    }

    fn lose(&mut self, first: u32, count: u32) {
        let (first, count) = last_of(first, count);
        match self.items.back_mut() {
            Some(Item::Lost(start, so_far)) if start.wrapping_add(*so_far) == first => {
                (*start, *so_far) = last_of(*start, so_far.saturating_add(count));
            }
            _ => self.items.push_back(Item::Lost(first, count)),
        }
    }

    /// Drops the oldest frame, and those after it up to the next key frame.
    fn drop_oldest(&mut self) {
        let mut lost: Option<(u32, u32)> = None;
        let mut lose = |first: u32, count: u32| {
            let start = lost.map_or(first, |(start, _)| start);
            lost = Some(last_of(start, first.wrapping_add(count).wrapping_sub(start)));
        };
        let mut dropped = false;
        while let Some(item) = self.items.pop_front() {
            match item {
                Item::Lost(first, count) => lose(first, count),
                Item::Frame(frame) if dropped && (frame.key || !self.seen_key) => {
                    self.items.push_front(Item::Frame(frame));
                    break;
                }
                Item::Frame(frame) => {
                    dropped = true;
                    self.bytes -= size(&frame);
                    lose(frame.number, 1);
                }
            }
        }
        self.wants_key = self.items.is_empty() && self.seen_key;
        if let Some((first, count)) = lost {
            self.items.push_front(Item::Lost(first, count));
        }
    }

    /// Gives the oldest frame, if `take` takes it, or tells the number of a lost one.
    pub(crate) fn pop<T>(&mut self, take: impl FnOnce(&Frame) -> Result<T, Code>) -> Result<T, (Code, Option<u32>)> {
        match self.items.front_mut() {
            None => Err((AV_ER_DATA_NOREADY, None)),
            Some(Item::Lost(first, count)) => {
                let number = *first;
                (*first, *count) = (number.wrapping_add(1), *count - 1);
                if *count == 0 {
                    self.items.pop_front();
                }
                Err((AV_ER_LOSED_THIS_FRAME, Some(number)))
            }
            Some(Item::Frame(frame)) => {
                let taken = take(frame).map_err(|code| (code, Some(frame.number)))?;
                self.bytes -= size(frame);
                self.items.pop_front();
                Ok(taken)
            }
        }
    }

    /// Drops the oldest item.
    pub(crate) fn skip(&mut self) {
        if let Some(Item::Frame(frame)) = self.items.pop_front() {
            self.bytes -= size(&frame);
        }
    }
}

/// Frame info and the frame's own bookkeeping count too, so that many tiny frames are bounded as well.
fn size(frame: &Frame) -> usize {
    frame.data.len() + frame.info.len() + size_of::<Item>()
}

fn last_of(first: u32, count: u32) -> (u32, u32) {
    let kept = count.clamp(1, MOST_LOST);
    (first.wrapping_add(count.max(1) - kept), kept)
}

/// Whether this loss is of video.
pub(crate) fn is_video(lost: &Lost) -> bool {
    lost.media == Media::Video
}

#[cfg(test)]
mod tests {
    use super::*;
    use tutk::Codec;

    fn frame(number: u32, key: bool) -> Frame {
        Frame::new(Codec::H264, vec![0; 1000], std::time::Instant::now())
            .with_info(vec![0; 16])
            .with_key(key)
            .with_number(number)
            .with_flags(key.into())
    }

    /// Numbers as the application gets them; lost ones are negative.
    fn all(queue: &mut Queue) -> Vec<i64> {
        std::iter::from_fn(|| match queue.pop(|frame| Ok(frame.number)) {
            Ok(number) => Some(i64::from(number)),
            Err((AV_ER_LOSED_THIS_FRAME, Some(number))) => Some(-i64::from(number)),
            Err(_) => None,
        })
        .collect()
    }

    #[test]
    fn too_slow_goes_on_at_a_key_frame() {
        let mut queue = Queue::new(6 * 1200);
        for number in 1..=8 {
            queue.push(frame(number, number == 1 || number == 5));
        }
        assert_eq!(all(&mut queue), [-1, -2, -3, -4, 5, 6, 7, 8]);
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn without_a_key_frame_the_next_one_is_waited_for() {
        let mut queue = Queue::new(3 * 1200);
        for number in 1..=9 {
            queue.push(frame(number, number == 1 || number == 8));
        }
        assert_eq!(all(&mut queue), [-1, -2, -3, -4, -5, -6, -7, 8, 9]);
    }

    #[test]
    fn a_camera_that_marks_no_key_frames_loses_the_oldest_only() {
        let mut queue = Queue::new(3 * 1200);
        for number in 1..=5 {
            queue.push(frame(number, false));
        }
        assert_eq!(all(&mut queue), [-1, -2, 3, 4, 5]);
    }

    #[test]
    fn a_frame_over_the_limit_is_kept_and_losses_are_bounded() {
        let mut queue = Queue::new(10);
        queue.push_lost(Lost::new(Media::Video, 0, 5000));
        queue.push(frame(5000, true));
        let all = all(&mut queue);
        assert_eq!((all.len(), all[0], all[1000]), (1001, -4000, 5000));
    }
}
