use std::time::Duration;

/// In which order pictures are shown, where that is not the order in which they come (B-frames).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order in which they come, as far as the stream has told. The place, where the stream counts it.
    Decoding(Option<Place>),
    /// At this place.
    Display(Place),
    /// In another order, which the stream does not tell in a way that is read here.
    Unknown,
}

impl Default for Order {
    fn default() -> Self {
        Self::Decoding(None)
    }
}

/// The place of a picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// All pictures of an earlier sequence are shown before those of a later one.
    pub sequence: u32,
    /// Rises within a sequence.
    pub count: i64,
    /// How far [`count`](Self::count) usually rises from one picture to the next, at least 1.
    pub step: i64,
    /// How many pictures at most come before a picture and are shown after it, up to 16.
    pub depth: usize,
    /// The time between two pictures, where the stream tells it.
    pub interval: Option<Duration>,
}

/// What a stream declares of reordering, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Nothing,
    Depth(u32),
}

/// What the header of a picture tells of its order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) declared: Declared,
    pub(super) count: Option<i64>,
    pub(super) step: i64,
    pub(super) interval: Option<Duration>,
    /// The picture may refer to one that is shown later.
    pub(super) is_bidirectional: bool,
    /// It begins a sequence.
    pub(super) restarts: bool,
}

/// Most pictures that can wait to be shown, in both standards.
const MAX_DEPTH: usize = 16;

/// Follows the order of a stream's pictures.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    sequence: u32,
    /// The highest counts of this sequence, rising.
    highest: Vec<i64>,
    /// Pictures were seen to be reordered in a stream that declares nothing.
    reorders: bool,
    depth: usize,
}

impl Tracker {
    /// Another stream begins, of which nothing is known.
    pub(super) fn restart(&mut self) {
        *self = Self { sequence: self.sequence, ..Self::default() };
    }

    pub(super) fn next(&mut self, told: &Told) -> Order {
        if told.restarts {
            self.sequence = self.sequence.wrapping_add(1);
            self.highest.clear();
        }
        let declared = match told.declared {
            Declared::Depth(0) => return Order::Decoding(None),
            Declared::Depth(depth) => depth as usize,
            Declared::Nothing => 0,
        };
        let Some(count) = told.count else {
            self.reorders |= told.is_bidirectional || declared > 0;
            return if self.reorders { Order::Unknown } else { Order::Decoding(None) };
        };
        let at = self.highest.partition_point(|earlier| *earlier <= count);
        self.depth = self.depth.max(self.highest.len() - at).max(declared).min(MAX_DEPTH);
        self.reorders |= self.depth > 0;
        self.highest.insert(at, count);
        if self.highest.len() > MAX_DEPTH {
            self.highest.remove(0);
        }
        let place =
            Place { sequence: self.sequence, count, step: told.step, depth: self.depth, interval: told.interval };
        if self.reorders { Order::Display(place) } else { Order::Decoding(Some(place)) }
    }
}

/// The high part of a count of which a picture tells the low part: the one that lies next to the picture before.
pub(super) fn msb(before_msb: i64, before_lsb: i64, lsb: i64, wrap: i64) -> i64 {
    if lsb < before_lsb && before_lsb - lsb >= wrap / 2 {
        before_msb.saturating_add(wrap)
    } else if lsb > before_lsb && lsb - before_lsb > wrap / 2 {
        before_msb.saturating_sub(wrap)
    } else {
        before_msb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(declared: Declared, count: Option<i64>, is_bidirectional: bool) -> Told {
        Told { declared, count, step: 2, interval: None, is_bidirectional, restarts: count == Some(0) }
    }

    fn depths(declared: Declared, counts: &[i64]) -> Vec<Option<usize>> {
        let mut tracker = Tracker::default();
        let depth = |order| match order {
            Order::Display(place) => Some(place.depth),
            _ => None,
        };
        counts.iter().map(|count| depth(tracker.next(&told(declared, Some(*count), false)))).collect()
    }

    #[test]
    fn a_stream_that_declares_no_reordering_has_none() {
        assert_eq!(depths(Declared::Depth(0), &[0, 8, 4]), [None; 3]);
    }

    #[test]
    fn a_stream_that_declares_reordering_has_it_from_its_first_picture_on() {
        assert_eq!(depths(Declared::Depth(2), &[0, 2]), [Some(2); 2]);
    }

    #[test]
    fn a_stream_that_declares_nothing_is_watched() {
        assert_eq!(depths(Declared::Nothing, &[0, 2, 4, 0, 2]), [None; 5]);
        let seen = [None, None, Some(1), Some(2), Some(2), Some(2), Some(2)];
        assert_eq!(depths(Declared::Nothing, &[0, 8, 4, 2, 6, 0, 2]), seen);
    }

    #[test]
    fn without_a_count_b_frames_have_an_unknown_order() {
        let mut tracker = Tracker::default();
        assert_eq!(tracker.next(&told(Declared::Nothing, None, false)), Order::Decoding(None));
        for is_bidirectional in [true, false] {
            assert_eq!(tracker.next(&told(Declared::Nothing, None, is_bidirectional)), Order::Unknown);
        }
    }

    #[test]
    fn counts_go_on_where_their_low_part_wraps() {
        assert_eq!(msb(0, 14, 2, 16), 16);
        assert_eq!(msb(16, 2, 14, 16), 0);
        assert_eq!(msb(16, 2, 6, 16), 16);
    }
}
