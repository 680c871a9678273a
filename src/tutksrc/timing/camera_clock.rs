use std::time::Duration;

use tutk::wire::CameraTime;

/// When the milliseconds wrap, in microseconds.
const WRAP: i64 = (1 << 32) * 1000;

/// Reads a camera's clock as microseconds that do not wrap.
#[derive(Debug, Default)]
pub(super) struct CameraClock {
    time: i64,
    /// The last milliseconds; none before the first ones.
    milliseconds: Option<u32>,
    /// The camera counts seconds, and their fraction in this unit.
    fraction: Option<Fraction>,
}

#[derive(Clone, Copy, Debug)]
enum Fraction {
    Milliseconds,
    Microseconds,
}

impl CameraClock {
    /// What is left of a distance between two times of the camera where one of them was read by a clock that has seen another
    /// number of wraps.
    pub(super) fn without_wraps(&self, distance: i64) -> i64 {
        match self.fraction {
            Some(_) => distance,
            None => distance.wrapping_add(WRAP / 2).rem_euclid(WRAP) - WRAP / 2,
        }
    }

    /// The camera's time of a frame, in microseconds.
    pub(super) fn read(&mut self, time: CameraTime) -> i64 {
        self.time = match (time, self.fraction) {
            (CameraTime::Seconds { seconds, fraction }, _) => self.seconds(seconds, fraction),
            (CameraTime::Milliseconds(seconds), Some(_)) => self.seconds(seconds, 0),
            (CameraTime::Milliseconds(milliseconds), None) => self.milliseconds(milliseconds),
        };
        self.time
    }

    /// A time that [`read`](Self::read) returned: since 1970 in the camera's time zone where it counts seconds, otherwise
    /// since its milliseconds were zero.
    pub(super) fn duration(time: i64) -> Duration {
        // Negative: milliseconds that were set back over their zero.
        let time = if time < 0 { time.rem_euclid(WRAP) } else { time };
        Duration::from_micros(time.unsigned_abs())
    }

    fn seconds(&mut self, seconds: u32, fraction: u32) -> i64 {
        let unit = match self.fraction {
            Some(Fraction::Microseconds) => Fraction::Microseconds,
            _ if fraction >= 1000 => Fraction::Microseconds,
            _ => Fraction::Milliseconds,
        };
        self.fraction = Some(unit);
        let micros = match unit {
            Fraction::Milliseconds => i64::from(fraction) * 1000,
            Fraction::Microseconds => i64::from(fraction),
        };
        i64::from(seconds) * 1_000_000 + micros
    }

    fn milliseconds(&mut self, milliseconds: u32) -> i64 {
        let time = match self.milliseconds {
            None => i64::from(milliseconds) * 1000,
            Some(last) => {
                let step = milliseconds.wrapping_sub(last).cast_signed();
                self.time.wrapping_add(i64::from(step) * 1000)
            }
        };
        self.milliseconds = Some(milliseconds);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(times: &[CameraTime]) -> Vec<i64> {
        let mut clock = CameraClock::default();
        times.iter().map(|time| clock.read(*time)).collect()
    }

    #[test]
    fn milliseconds_continue_where_they_wrap() {
        let times = [u32::MAX - 9, 10, 5].map(CameraTime::Milliseconds);
        let first = i64::from(u32::MAX - 9) * 1000;
        assert_eq!(read(&times), [first, first + 20_000, first + 15_000]);
    }

    #[test]
    fn milliseconds_set_back_over_zero_are_those_of_the_camera() {
        let time = read(&[CameraTime::Milliseconds(5), CameraTime::Milliseconds(u32::MAX)])[1];
        assert_eq!(CameraClock::duration(time), Duration::from_millis(u32::MAX.into()));
    }

    #[test]
    fn the_fraction_shows_its_unit() {
        let seconds = |seconds, fraction| CameraTime::Seconds { seconds, fraction };
        assert_eq!(read(&[seconds(7, 999), seconds(8, 40)]), [7_999_000, 8_040_000]);
        assert_eq!(read(&[seconds(7, 950_000), seconds(8, 40)]), [7_950_000, 8_000_040]);
        assert_eq!(read(&[seconds(7, 950_000), CameraTime::Milliseconds(8)]), [7_950_000, 8_000_000]);
    }
}
