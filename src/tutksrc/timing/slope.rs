/// A frame: what the camera's clock said, in microseconds, and the running time of its arrival, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) camera: i64,
    pub(super) local: i64,
}

/// Most points that a slope is drawn from.
pub(super) const POINTS: usize = 32;

/// How much the running time gains on the camera's clock, as a part of what passes on that: the median of the slopes
/// between any two points, so that it takes more than a quarter of wrong points to turn it far.
pub(super) fn median_slope(points: &[Point]) -> f64 {
    let mut slopes = [0.0; POINTS * (POINTS - 1) / 2];
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
        (0..POINTS as i64).map(|i| Point { camera: i * 2_000_000, local: local(i) }).collect()
    }

    #[test]
    fn is_that_of_most_points() {
        let gain = |i: i64| i * 2_000_400_000;
        assert!((median_slope(&points(gain)) - 200e-6).abs() < 1e-9);
        let late = points(|i| gain(i) + if i % 4 == 0 { 800_000_000 } else { 0 });
        assert!((median_slope(&late) - 200e-6).abs() < 1e-9);
    }

    #[test]
    fn of_no_line_is_none() {
        assert_eq!(median_slope(&[]), 0.0);
        assert_eq!(median_slope(&[Point { camera: 1, local: 2 }, Point { camera: 1, local: 3 }]), 0.0);
    }
}
