use std::collections::VecDeque;

use tutk::Place;

/// Gives times to pictures that are shown in another order than that in which they come.
///
/// DTS are those of [`Stamper`](super::Stamper), one for each picture, some pictures late; PTS are the same times in the order in
/// which the stream shows its pictures. So neither is ever in the future, DTS rise strictly, each PTS is at or after its DTS,
/// and what reordering takes is part of the latency that is observed.
///
/// A picture is shown `place / step` pictures after the first one of its sequence, and all pictures of a sequence follow each
/// other. A picture that comes `ahead` pictures before it is shown gets the time of its arrival, and the others earlier ones.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// When the last pictures came, the newest at the end.
    times: VecDeque<u64>,
    /// The number of the newest.
    number: i64,
    sequence: Option<Sequence>,
    /// The last pictures as they are shown.
    shown: Vec<Shown>,
    /// How far the place rises from one picture to the next, where the stream has shown another step than it should have.
    step: Option<i64>,
    /// How many pictures a picture comes before it is shown, at most.
    ahead: i64,
    last_dts: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Sequence {
    id: u32,
    /// Of its first picture.
    number: i64,
    count: i64,
    /// How many of its pictures have come, and the highest place of them.
    pictures: i64,
    highest: i64,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    sequence: u32,
    count: i64,
    pts: u64,
}

/// Pictures that are remembered.
const KEPT: usize = 64;
/// Pictures that can come before they are shown, beyond any that encoders make.
const MAX_AHEAD: i64 = 16;
/// Encoders put this many B-frames more into a row than wait at once: two with x264, x265 and their like.
const USUAL_AHEAD: i64 = 2;
/// Between two pictures, where the stream does not declare it, in nanoseconds.
const INTERVAL: u64 = 40_000_000;
/// After a longer pause than this, times restart.
const PAUSE: u64 = 1_000_000_000;

impl Reorder {
    /// A picture that came at `time`, of a stream that may turn out to be reordered.
    pub(super) fn watch(&mut self, time: u64, place: Place) {
        let (sequence, count) = (place.sequence, place.count);
        self.count(time, &place);
        let at = self.position(&place);
        self.shown.insert(at, Shown { sequence, count, pts: time });
        self.trim();
    }

    /// PTS and DTS of a picture that came at `time`, later than any before. No PTS is to be before `floor`. `discont`: pictures
    /// are missing before it. A PTS is missing where none between those of the neighbours is at or after the DTS.
    pub(super) fn next(&mut self, time: u64, floor: u64, discont: bool, place: Place) -> (Option<u64>, u64) {
        let last = self.times.back().copied();
        if discont || last.is_none() {
            self.start(time, floor, &place);
        } else if last.is_some_and(|last| time.saturating_sub(last) > PAUSE) {
            self.times = self.before(time, floor.max(last.unwrap_or_default()), &place).collect();
        }
        let index = self.count(time, &place);
        self.ahead = self.ahead.max(index.saturating_sub(self.number).min(MAX_AHEAD));
        let late = usize::try_from(self.number.saturating_sub(index).saturating_add(self.ahead)).unwrap_or(0);
        let wanted = self.times.iter().rev().nth(late).or(self.times.front()).copied().unwrap_or(time);

        let at = self.position(&place);
        let (below, above) = (at.checked_sub(1).and_then(|at| self.shown.get(at)), self.shown.get(at));
        let mut pts = match (below, above) {
            (None, None) => wanted,
            (Some(below), None) => wanted.max(below.pts + 1),
            (None, Some(above)) => wanted.min(above.pts.saturating_sub(1)),
            (Some(below), Some(above)) => between(below, above, &place, wanted),
        };
        let above = above.map(|above| above.pts);
        self.shown.insert(at, Shown { sequence: place.sequence, count: place.count, pts });

        let waiting = self.shown.len().saturating_sub(1 + place.depth);
        let least = self.last_dts.map_or(0, |last| last + 1);
        let dts = self.shown.get(waiting).map_or(pts, |shown| shown.pts.min(pts)).max(least);
        if dts > pts && above.is_none_or(|above| dts < above) {
            pts = dts;
            self.shown[at].pts = pts;
        }
        self.last_dts = Some(dts);
        self.trim();
        ((pts >= dts).then_some(pts), dts)
    }

    /// As if pictures had been shown before this one, as many as can wait for others.
    fn start(&mut self, time: u64, floor: u64, place: &Place) {
        let depth = place.depth as i64;
        let ahead = self.ahead.max((depth + USUAL_AHEAD).min(MAX_AHEAD));
        *self = Self { number: self.number, step: self.step, ahead, last_dts: self.last_dts, ..Self::default() };
        self.times = self.before(time, floor.max(self.last_dts.unwrap_or_default()), place).collect();
        let sequence = place.sequence.saturating_sub(1);
        let numbers = (1..=depth + 1).rev().map(|number| -number);
        self.shown = numbers.zip(&self.times).map(|(count, pts)| Shown { sequence, count, pts: *pts }).collect();
    }

    /// When pictures would have come before this one, not before `floor`: as many as are shown before it or wait.
    fn before(&self, time: u64, floor: u64, place: &Place) -> impl Iterator<Item = u64> + use<> {
        let pictures = self.ahead.unsigned_abs() + place.depth as u64 + 1;
        let room = time.saturating_sub(floor) / (pictures + 1);
        let declared = place.interval.and_then(|interval| u64::try_from(interval.as_nanos()).ok());
        let interval = declared.filter(|interval| *interval > 0).unwrap_or(INTERVAL).min(room);
        (1..=pictures).rev().map(move |number| time - interval * number)
    }

    /// Counts a picture, and returns the number that it would have if pictures came as they are shown.
    fn count(&mut self, time: u64, place: &Place) -> i64 {
        self.number += 1;
        self.times.push_back(time);
        if self.times.len() > KEPT {
            self.times.pop_front();
        }
        let (number, count) = (self.number, place.count);
        let mut sequence = match self.sequence {
            Some(sequence) if sequence.id == place.sequence => sequence,
            _ => Sequence { id: place.sequence, number, count, pictures: 0, highest: count },
        };
        sequence.pictures += 1;
        sequence.highest = sequence.highest.max(count);
        self.sequence = Some(sequence);
        // Each picture has a place of its own up to the highest, and few are still to come.
        let (span, steps) = (sequence.highest.saturating_sub(sequence.count), sequence.pictures - 1);
        let step = self.step.unwrap_or(place.step).max(1);
        let missing = span / step - steps;
        if steps > 0 && !(0..=2 * MAX_AHEAD).contains(&missing) {
            self.step = Some((span / steps).max(1));
            self.ahead = 0;
        }
        let step = self.step.unwrap_or(step);
        sequence.number.saturating_add(count.saturating_sub(sequence.count) / step)
    }

    /// Where this picture is among those shown.
    fn position(&self, place: &Place) -> usize {
        let wanted = (place.sequence, place.count);
        self.shown.partition_point(|shown| (shown.sequence, shown.count) <= wanted)
    }

    fn trim(&mut self) {
        if self.shown.len() > KEPT {
            self.shown.remove(0);
        }
    }
}

/// The time that is wanted, if it lies between those of the neighbours on the screen; else one that does, by the places.
fn between(below: &Shown, above: &Shown, place: &Place, wanted: u64) -> u64 {
    if (below.pts + 1..above.pts).contains(&wanted) {
        return wanted;
    }
    let room = above.pts.saturating_sub(below.pts);
    let share = if below.sequence == above.sequence {
        (place.count as f64 - below.count as f64) / (above.count as f64 - below.count as f64).max(1.0)
    } else {
        0.5
    };
    below.pts + ((room as f64 * share) as u64).clamp(1, room.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u64 = 40_000_000;

    /// The places of an encoder that puts this many B-frames between others, with a key frame each so many groups.
    fn places(b_frames: i64, pyramid: bool, groups: i64, len: usize) -> Vec<Place> {
        let mut places = Vec::new();
        for sequence in 1.. {
            places.push((sequence, 0));
            for group in 0..groups {
                let first = group * (b_frames + 1);
                let mut rest: Vec<_> = (first + 1..=first + b_frames).collect();
                if pyramid {
                    let middle = rest.remove(rest.len() / 2);
                    rest.insert(0, middle);
                }
                places.extend([first + b_frames + 1].into_iter().chain(rest).map(|place| (sequence, place)));
            }
            if places.len() >= len {
                break;
            }
        }
        let depth = if pyramid { 2 } else { 1 };
        let place = |(sequence, place)| Place { sequence, count: 2 * place, step: 2, depth, interval: None };
        places.into_iter().take(len).map(place).collect()
    }

    /// Plays pictures that come at these times; checks what must always be so, and returns PTS in the order of the screen.
    fn play(places: &[Place], time: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut reorder = Reorder::default();
        let mut last = None;
        let mut all = Vec::new();
        for (number, place) in places.iter().enumerate() {
            let time = time(number as u64);
            let (pts, dts) = reorder.next(time, 0, false, *place);
            let pts = pts.expect("a PTS");
            assert!(last < Some(dts), "DTS {dts} after {last:?}");
            assert!(dts <= pts && pts <= time, "picture {number}: DTS {dts}, PTS {pts}, time {time}");
            last = Some(dts);
            all.push((place.sequence, place.count, pts));
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0].2 < pair[1].2), "{all:?}");
        all.into_iter().map(|(_, _, pts)| pts).collect()
    }

    fn distances(pts: &[u64]) -> Vec<u64> {
        pts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn pictures_are_shown_as_evenly_as_they_come() {
        for (b_frames, pyramid) in [(1, false), (2, false), (3, false), (3, true), (4, true)] {
            let pts = play(&places(b_frames, pyramid, 7, 200), |number| (number + 50) * FRAME);
            // The last ones wait for others.
            assert_eq!(distances(&pts[..190]), [FRAME; 189], "{b_frames} B-frames");
        }
    }

    #[test]
    fn a_start_at_zero_has_no_room_and_keeps_the_order() {
        let pts = play(&places(3, true, 7, 200), |number| number * FRAME + 1_000);
        assert_eq!(distances(&pts[10..190]), [FRAME; 179]);
    }

    #[test]
    fn jitter_and_pauses_keep_the_order() {
        let jitter = |number: u64| {
            let late = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            (number + 50) * FRAME + late % FRAME + if number > 100 { 5_000_000_000 } else { 0 }
        };
        play(&places(3, true, 7, 400), jitter);
        play(&places(16, false, 2, 400), jitter);
    }

    #[test]
    fn other_steps_are_learned() {
        for step in [1, 4] {
            let mut places = places(2, false, 100, 300);
            places.iter_mut().for_each(|place| place.count = place.count / 2 * step);
            let pts = play(&places, |number| (number + 50) * FRAME);
            assert_eq!(distances(&pts[100..290]), [FRAME; 189], "steps of {step}");
        }
    }

    #[test]
    fn a_stream_that_declares_nothing_is_reordered_from_its_first_b_frame_on() {
        let mut reorder = Reorder::default();
        let mut last = None;
        let mut all = Vec::new();
        for (number, place) in places(2, false, 9, 100).into_iter().enumerate() {
            let time = (number as u64 + 50) * FRAME;
            if number < 2 {
                reorder.watch(time, place);
                all.push((place.sequence, place.count, time));
                continue;
            }
            let (pts, dts) = reorder.next(time, 0, false, place);
            assert!(last < Some(dts) && pts >= Some(dts));
            last = Some(dts);
            all.push((place.sequence, place.count, pts.unwrap()));
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0].2 < pair[1].2), "{all:?}");
    }

    #[test]
    fn any_places_have_rising_dts() {
        let mut noise = 1u64;
        let mut next = |below: u64| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 33) % below
        };
        let (mut reorder, mut last, mut time) = (Reorder::default(), None, 0);
        for _ in 0..100_000 {
            time += 1 + next(FRAME);
            let count = if next(50) == 0 { i64::MAX - 9 } else { next(1_000).cast_signed() - 500 };
            let (sequence, depth) = (next(3) as u32, next(17) as usize);
            let place = Place { sequence, count, step: next(4).cast_signed(), depth, interval: None };
            let (pts, dts) = reorder.next(time, 0, next(100) == 0, place);
            assert!(last < Some(dts) && pts.is_none_or(|pts| pts >= dts));
            last = Some(dts);
        }
    }
}
