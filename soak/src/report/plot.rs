//! Curves over time as a picture.

use std::fmt::Write;

use crate::sample::Sample;

const WIDTH: f64 = 900.0;
/// Of one curve.
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 24.0;

type Curve = (&'static str, fn(&Sample) -> u64);
const CURVES: [Curve; 3] = [
    ("memory of the viewer, KiB", |sample| sample.memory_kib),
    ("fds", |sample| sample.fds),
    ("threads", |sample| sample.threads),
];

/// Memory, fds and threads, each from 0 to its highest value.
pub(super) fn svg(samples: &[Sample]) -> String {
    let (width, height) = (WIDTH + LEFT + 20.0, (HEIGHT + 2.0 * TOP) * CURVES.len() as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let end = samples.last().map_or(1.0, |sample| sample.at.as_secs_f64().max(1.0));
    for (row, (name, value)) in CURVES.iter().enumerate() {
        let (top, most) =
            (TOP + row as f64 * (HEIGHT + 2.0 * TOP), samples.iter().map(value).max().unwrap_or(1).max(1));
        let bottom = top + HEIGHT;
        let points = samples.iter().map(|sample| {
            let x = LEFT + WIDTH * sample.at.as_secs_f64() / end;
            format!("{x:.1},{:.1} ", bottom - HEIGHT * value(sample) as f64 / most as f64)
        });
        let points: String = points.collect();
        let right = LEFT + WIDTH;
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {top}V{bottom}H{right}\" stroke=\"gray\" fill=\"none\"/>\n\
             <text x=\"{LEFT}\" y=\"{:.0}\">{name}</text>\n\
             <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{most}</text>\n\
             <text x=\"{:.0}\" y=\"{bottom}\" text-anchor=\"end\">0</text>\n\
             <text x=\"{right}\" y=\"{:.0}\" text-anchor=\"end\">{end:.0} s</text>\n\
             <polyline points=\"{points}\" stroke=\"navy\" fill=\"none\"/>",
            top - 8.0,
            LEFT - 6.0,
            top + 10.0,
            LEFT - 6.0,
            bottom + 14.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}
