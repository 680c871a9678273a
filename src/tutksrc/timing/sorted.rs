/// Sorts the camera's times of pictures that come in another order than that in which they were taken.
///
/// The frame info of such a picture says when it was taken, so that times go back at B-frames, which is no clock that was
/// set. Sorted, they rise from picture to picture, and belong to pictures `depth` before.
#[derive(Debug, Default)]
pub(super) struct SortedTimes {
    /// The latest times, rising: one more than pictures can wait.
    latest: Vec<i64>,
}

/// No picture is shown so much earlier or later than the one before, in microseconds.
const MAX_DISTANCE: i64 = 2_000_000;

impl SortedTimes {
    /// The time to continue with, in microseconds, for this time of the next picture.
    pub(super) fn sort(&mut self, time: i64, depth: usize) -> i64 {
        let jumps = |known: &i64| known.wrapping_sub(time).unsigned_abs() > MAX_DISTANCE.unsigned_abs();
        if self.latest.iter().all(jumps) {
            self.latest.clear();
        }
        let at = self.latest.partition_point(|known| *known <= time);
        self.latest.insert(at, time);
        if self.latest.len() > depth + 1 {
            self.latest.drain(..self.latest.len() - depth - 1);
        }
        self.latest.first().copied().unwrap_or(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(times: &[i64], depth: usize) -> Vec<i64> {
        let mut sorted = SortedTimes::default();
        times.iter().map(|time| sorted.sort(*time, depth)).collect()
    }

    #[test]
    fn times_rise_whether_they_are_of_taking_or_of_sending() {
        assert_eq!(sort(&[0, 3, 1, 2, 6, 4, 5, 7], 1), [0, 0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(sort(&[0, 1, 2, 3, 4], 2), [0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_clock_that_is_set_begins_anew() {
        assert_eq!(
            sort(&[9 * MAX_DISTANCE, 9 * MAX_DISTANCE + 1, 5, 6, 7], 1),
            [9 * MAX_DISTANCE, 9 * MAX_DISTANCE, 5, 5, 6]
        );
    }
}
