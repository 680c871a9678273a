/// Notices pictures that come in another order than they are shown.
#[derive(Debug, Default)]
pub(super) struct Reordering {
    /// PTS and DTS of the last buffer.
    last: Option<(gst::ClockTime, gst::ClockTime)>,
    seen: bool,
}

impl Reordering {
    /// Whether this buffer is the first one to show it.
    pub(super) fn begins_at(&mut self, buffer: &gst::BufferRef) -> bool {
        let times = buffer.pts().zip(buffer.dts());
        let last = std::mem::replace(&mut self.last, times);
        let goes_back = last.zip(times).is_some_and(|((pts, dts), now)| now.0 < pts && now.1 > dts);
        goes_back && !std::mem::replace(&mut self.seen, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the buffers with these PTS and DTS that show it.
    fn seen(times: &[(u64, Option<u64>)]) -> Vec<usize> {
        gst::init().unwrap();
        let mut reordering = Reordering::default();
        let mut begins = |(pts, dts): (u64, Option<u64>)| {
            let mut buffer = gst::Buffer::new();
            buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_seconds(pts));
            buffer.get_mut().unwrap().set_dts(dts.map(gst::ClockTime::from_seconds));
            reordering.begins_at(&buffer)
        };
        times.iter().enumerate().filter(|(_, times)| begins(**times)).map(|(number, _)| number).collect()
    }

    #[test]
    fn b_frames_are_seen_once() {
        assert_eq!(seen(&[(2, Some(0)), (5, Some(1)), (3, Some(2)), (7, Some(3)), (6, Some(4))]), [2]);
    }

    #[test]
    fn other_streams_show_none() {
        assert_eq!(seen(&[(0, Some(0)), (1, Some(1)), (2, Some(2))]), [0usize; 0]);
        assert_eq!(seen(&[(3, None), (4, None), (0, None), (1, None)]), [0usize; 0]);
        assert_eq!(seen(&[(3, Some(3)), (4, Some(4)), (0, Some(0))]), [0usize; 0]);
    }
}
