//! Frames that say what they are not, or come in pieces.

mod common;

use common::frames::{Cut, Encoder, FrameCamera, units};
use common::{Viewer, bytes, has, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::{Codec, ViewerId};

/// A viewer of a camera that cuts its frames as it likes.
struct Scene {
    camera: FrameCamera,
    viewer: Viewer,
    id: ViewerId,
    time: u32,
}

impl Scene {
    fn new() -> Self {
        let camera = FrameCamera::start();
        let (viewer, id) = camera.watch();
        Self { camera, viewer, id, time: 0 }
    }

    /// Sends a frame, flagged as this codec and as a key frame or not.
    fn send(&mut self, codec: Codec, key: bool, data: &[u8]) {
        self.time += 40;
        self.camera.send(self.id, &Cut { key, ..Cut::new(codec, self.time, data) });
    }

    /// The next buffer: its bytes, whether it is a key frame, whether frames are missing before it.
    fn pull(&self) -> (Vec<u8>, bool, bool) {
        let (buffer, _) = self.viewer.pull();
        (bytes(&buffer), !has(&buffer, Flags::DELTA_UNIT), has(&buffer, Flags::DISCONT))
    }

    fn stat(&self, name: &str) -> u64 {
        self.viewer.src.property::<gst::Structure>("stats").get(name).unwrap()
    }

    /// Whether there is another warning.
    fn has_warning(&self) -> bool {
        self.viewer.pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Warning]).is_some()
    }
}

/// A stream of an encoder with a key frame in five, as access units.
fn stream(elements: &str) -> Vec<Vec<u8>> {
    Encoder::fast(15, elements).map(|unit| unit.data).collect()
}

fn h264() -> Vec<Vec<u8>> {
    stream(
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 threads=1 ! h264parse config-interval=-1 \
         ! video/x-h264,stream-format=byte-stream,alignment=au",
    )
}

fn h265() -> Vec<Vec<u8>> {
    stream(
        "x265enc tune=zerolatency speed-preset=ultrafast option-string=keyint=5:min-keyint=5:log-level=none:pools=1:frame-threads=1 \
         ! h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au",
    )
}

fn mpeg4() -> Vec<Vec<u8>> {
    stream("avenc_mpeg4 gop-size=5 ! mpeg4videoparse config-interval=-1")
}

#[test]
fn flags_do_not_decide_where_a_decoder_can_start() {
    for (codec, stream) in [(Codec::H264, h264()), (Codec::H265, h265()), (Codec::Mpeg4, mpeg4())] {
        // A camera that never sets the flag, one that always does, and one that sets it the wrong way.
        for flag in [|_| false, |_| true, |number| number % 5 != 0] as [fn(usize) -> bool; 3] {
            let mut scene = Scene::new();
            // From the middle of a group on.
            for (number, data) in stream.iter().enumerate().skip(2) {
                scene.send(codec, flag(number), data);
            }
            for (number, data) in stream.iter().enumerate().skip(5) {
                assert!(scene.pull() == (data.clone(), number % 5 == 0, number == 5), "{codec}, frame {number}");
            }
            assert_eq!(scene.stat("frames-dropped"), 3);
        }
    }
}

#[test]
fn a_frame_that_is_no_video_costs_itself_and_one_warning() {
    let mut scene = Scene::new();
    let strange = [Codec::Unknown(0), Codec::Pcm, Codec::Unknown(0x60)];
    for (number, data) in (0..30).map(|number| (number, unit(number, number == 0))) {
        scene.send(strange[number as usize % 3], number % 2 == 0, b"meta");
        scene.send(Codec::H264, number == 0, &data);
        assert!(scene.pull() == (data, number == 0, number == 0), "frame {number}");
        assert_eq!(scene.stat("frames-dropped"), number + 1);
    }
    assert!(scene.viewer.warning().contains(&scene.camera.uid));
    assert!(!scene.has_warning());
}

#[test]
fn a_single_picture_of_another_codec_changes_nothing() {
    let mut scene = Scene::new();
    let (stream, jpeg) = (h264(), unit(7, false));
    for (number, data) in stream.iter().enumerate() {
        scene.send(Codec::H264, number % 5 == 0, data);
        assert!(scene.pull() == (data.clone(), number % 5 == 0, number == 0));
        scene.send(Codec::Mjpeg, true, &jpeg);
    }
    // Two in a row are another stream.
    scene.send(Codec::Mjpeg, true, &jpeg);
    let (buffer, caps) = scene.viewer.pull();
    assert!(bytes(&buffer) == jpeg && has(&buffer, Flags::DISCONT));
    assert_eq!(caps, common::JPEG.parse::<gst::Caps>().unwrap());
    // H.264 shows itself with its first key frame.
    for data in &stream {
        scene.send(Codec::H264, false, data);
        assert!(scene.pull().0 == *data);
    }
}

#[test]
fn headers_in_frames_of_their_own_come_with_their_picture() {
    let mut scene = Scene::new();
    for (number, data) in h264().iter().enumerate() {
        let parts = units(data);
        let last = parts.len() - 1;
        for (index, part) in parts.iter().enumerate() {
            scene.send(Codec::H264, index < last, part);
        }
        // It does not wait for the next one.
        let (buffer, caps) = scene.viewer.pull();
        let joined = bytes(&buffer);
        assert!(joined == parts.concat(), "frame {number}");
        assert_eq!(buffer.offset_end() - buffer.offset(), parts.len() as u64);
        assert_eq!(has(&buffer, Flags::DELTA_UNIT), number % 5 != 0);
        assert_eq!(caps, common::H264.parse::<gst::Caps>().unwrap());
        assert_eq!(buffer.dts(), None);
    }
    assert_eq!(scene.stat("frames-dropped"), 0);
}

#[test]
fn the_slices_of_a_picture_have_its_time() {
    let stream = stream(
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 threads=1 option-string=slices=3 \
         ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au",
    );
    let mut scene = Scene::new();
    let mut last = None;
    for data in &stream {
        let parts = units(data);
        parts.iter().for_each(|part| scene.send(Codec::H264, false, part));
        let (mut taken, mut pts) = (Vec::new(), Vec::new());
        while taken.len() < parts.concat().len() {
            let (buffer, caps) = scene.viewer.pull();
            assert!(caps.to_string().contains("nal"), "{caps}");
            taken.extend(bytes(&buffer));
            pts.push(buffer.pts());
        }
        assert!(taken == parts.concat());
        assert!(pts.len() >= 3 && pts.iter().all(|time| *time == pts[0]) && pts[0] > last, "{pts:?} after {last:?}");
        last = pts[0];
    }
}

#[test]
fn a_codec_that_is_announced_wrong_is_one_warning() {
    for (codec, announced, stream) in [(Codec::H264, Codec::H265, h264()), (Codec::H265, Codec::H264, h265())] {
        let mut scene = Scene::new();
        for (number, data) in stream.iter().enumerate() {
            scene.send(announced, number % 5 == 0, data);
            assert!(scene.pull() == (data.clone(), number % 5 == 0, number == 0), "{codec}, frame {number}");
        }
        let warning = scene.viewer.warning();
        assert!(warning.contains(&codec.to_string()) && warning.contains(&announced.to_string()), "{warning}");
        assert!(!scene.has_warning());
    }
}

#[test]
fn b_frames_without_an_order_that_is_known_have_dts_alone() {
    let stream = Encoder::fast(15, "avenc_mpeg4 gop-size=12 max-bframes=2 ! mpeg4videoparse config-interval=-1");
    let mut scene = Scene::new();
    let mut last = None;
    let mut reordered = 0;
    for picture in stream {
        scene.send(Codec::Mpeg4, false, &picture.data);
        let (buffer, _) = scene.viewer.pull();
        assert!(buffer.pts().is_some() != buffer.dts().is_some(), "{buffer:?}");
        assert!(buffer.dts_or_pts() > last);
        last = buffer.dts_or_pts();
        reordered += u32::from(buffer.pts().is_none());
    }
    assert!(reordered > 5, "{reordered}");
}
