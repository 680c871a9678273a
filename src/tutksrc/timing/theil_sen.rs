//! Theil-Sen estimator: the median of the slopes between all pairs of points (Theil 1950, Sen 1968). Up to 29 % of the
//! points may be wrong without an effect on it, where one is enough to turn a least-squares line.

/// A frame: what the camera's clock said, in microseconds, and the running time of its arrival, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) camera: i64,
    pub(super) local: i64,
}

/// Most points that a slope is estimated from.
pub(super) const MAX_POINTS: usize = 32;

/// How much the running time gains on the camera's clock, as a fraction of the time that passes on that clock.
pub(super) fn slope(points: &[Point]) -> f64 {
    let mut slopes = [0.0; MAX_POINTS * (MAX_POINTS - 1) / 2];
    let pairs = points.iter().enumerate().flat_map(|(i, a)| points[..i].iter().map(move |b| (a, b)));
    let mut len = 0;
    for (slot, (a, b)) in slopes.iter_mut().zip(pairs.filter(|(a, b)| a.camera != b.camera)) {
        let passed = (a.camera - b.camera) * 1000;
        *slot = (a.local - b.local - passed) as f64 / passed as f64;
        len += 1;
    }
    if len == 0 {
        return 0.0;
    }
    *slopes[..len].select_nth_unstable_by(len / 2, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(local: impl Fn(i64) -> i64) -> Vec<Point> {
        (0..MAX_POINTS as i64).map(|i| Point { camera: i * 2_000_000, local: local(i) }).collect()
    }

    #[test]
    fn is_that_of_most_points() {
        let gain = |i: i64| i * 2_000_400_000;
        assert!((slope(&points(gain)) - 200e-6).abs() < 1e-9);
        let late = points(|i| gain(i) + if i % 4 == 0 { 800_000_000 } else { 0 });
        assert!((slope(&late) - 200e-6).abs() < 1e-9);
    }

    #[test]
    fn without_two_different_times_it_is_zero() {
        assert_eq!(slope(&[]), 0.0);
        assert_eq!(slope(&[Point { camera: 1, local: 2 }, Point { camera: 1, local: 3 }]), 0.0);
    }
}
