//! Streams cut into frames as cameras really do it.

use std::sync::mpsc::channel;

use gst::prelude::*;
use tutk::Codec;

use crate::common::LONG;
use crate::common::frames::{Cut, Encoder, FrameCamera, units};
use crate::common::pictures::Launched;
use crate::recording::{Folder, count_pictures_of};

const FRAMES: usize = 40;
/// Between two pictures: far more than a busy machine takes for one.
const TICK: gst::ClockTime = gst::ClockTime::from_seconds(10);

fn encoder(codec: Codec, slices: u32) -> String {
    match codec {
        Codec::H264 => format!(
            "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 threads=1 option-string=slices={slices} \
             ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
        ),
        _ => format!(
            "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 \
             option-string=slices={slices}:log-level=none:pools=1:frame-threads=1 ! h265parse config-interval=-1 \
             ! video/x-h265,stream-format=byte-stream,alignment=au"
        ),
    }
}

fn name(codec: Codec) -> &'static str {
    if codec == Codec::H264 { "h264" } else { "h265" }
}

fn is_slice(codec: Codec, unit: &[u8]) -> bool {
    if codec == Codec::H264 { matches!(unit[3] & 31, 1 | 5) } else { unit[3] >> 1 & 63 < 32 }
}

/// How an access unit becomes frames.
type Cutter = fn(Codec, &[u8]) -> Vec<Vec<u8>>;

/// The headers each in a frame of their own, and the picture.
fn headers_apart(codec: Codec, data: &[u8]) -> Vec<Vec<u8>> {
    let (slices, mut frames): (Vec<_>, Vec<_>) =
        units(data).into_iter().map(<[u8]>::to_vec).partition(|unit| is_slice(codec, unit));
    frames.push(slices.concat());
    frames
}

/// The headers and the first slice in a frame, each other slice in one of its own.
fn slices_apart(codec: Codec, data: &[u8]) -> Vec<Vec<u8>> {
    let units = units(data);
    let first = units.iter().position(|unit| is_slice(codec, unit)).unwrap();
    let rest = units[first + 1..].iter().map(|unit| unit.to_vec());
    [units[..=first].concat()].into_iter().chain(rest).collect()
}

fn one_unit_a_frame(_: Codec, data: &[u8]) -> Vec<Vec<u8>> {
    units(data).into_iter().map(<[u8]>::to_vec).collect()
}

/// Sends pictures in such frames, flagged as no key frames, from when somebody watches: each at the next tick of a clock of
/// the viewer's, and when the one before has left `tutksrc`.
pub(crate) fn send(
    camera: &FrameCamera,
    viewer: &Launched,
    tick: gst::ClockTime,
    announced: Codec,
    pictures: impl Iterator<Item = (u32, Vec<Vec<u8>>)>,
) {
    let (sender, ends) = channel();
    viewer.element("src").static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let _ = sender.send(info.buffer().unwrap().offset_end());
        gst::PadProbeReturn::Ok
    });
    let clock = gst_check::TestClock::with_start_time(gst::ClockTime::from_seconds(1_000));
    viewer.use_clock(Some(&clock));
    viewer.set_state(gst::State::Playing).unwrap();
    let id = camera.wait_for_watcher();
    let mut sent = 0;
    for (taken, frames) in pictures {
        clock.set_time(clock.time() + tick);
        for data in frames {
            camera.send(id, &Cut::new(announced, taken, &data));
            sent += 1;
        }
        while ends.recv_timeout(LONG).expect("frames are missing") < sent {}
    }
}

fn cut(codec: Codec, slices: u32, cutter: Cutter) -> impl Iterator<Item = (u32, Vec<Vec<u8>>)> {
    Encoder::fast(FRAMES, &encoder(codec, slices)).map(move |unit| (unit.taken, cutter(codec, &unit.data)))
}

/// Records such a stream with `recorder`, and returns the number of pictures in each file.
fn record(codec: Codec, slices: u32, cutter: Cutter, recorder: &str) -> Vec<usize> {
    let (camera, folder) = (FrameCamera::start(), Folder::new());
    let recorder = recorder.replace("FILE", &folder.file("%d.mp4"));
    let viewer = Launched::new(&format!("{} ! {}parse ! {recorder}", camera.source(), name(codec)));
    send(&camera, &viewer, TICK, codec, cut(codec, slices, cutter));
    viewer.send_event(gst::event::Eos::new());
    viewer.wait_for(gst::MessageType::Eos);
    drop(viewer);
    let files =
        (0..).map(|number| folder.file(&format!("{number}.mp4"))).take_while(|file| std::fs::exists(file).unwrap());
    files.map(|file| count_pictures_of(name(codec), &file)).collect()
}

const SPLIT: &str = "splitmuxsink max-size-time=100000000000 location=FILE";
const CUTTERS: [(u32, Cutter); 4] = [(1, headers_apart), (3, headers_apart), (3, slices_apart), (3, one_unit_a_frame)];

#[test]
fn every_file_of_a_recording_plays_from_its_first_picture_on() {
    for codec in [Codec::H264, Codec::H265] {
        for (index, (slices, cutter)) in CUTTERS.into_iter().enumerate() {
            let pictures = record(codec, slices, cutter, SPLIT);
            assert!(pictures.len() >= 3, "{codec}, cut {index}: {pictures:?}");
            assert_eq!(pictures.iter().sum::<usize>(), FRAMES, "{codec}, cut {index}: {pictures:?}");
        }
    }
}

/// Plays such a stream, announced as another or not; the caps that `tutksrc` had, and the number of pictures.
fn play(codec: Codec, announced: Codec, slices: u32, cutter: Cutter) -> (Vec<gst::Caps>, usize) {
    let camera = FrameCamera::start();
    let name = name(codec);
    let viewer =
        Launched::new(&format!("{} ! {name}parse ! avdec_{name} ! appsink name=out sync=false", camera.source()));
    let (sender, caps) = channel();
    viewer.element("src").static_pad("src").unwrap().add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Caps(event)) = info.event().map(|event| event.view()) {
            let _ = sender.send(event.caps_owned());
        }
        gst::PadProbeReturn::Ok
    });
    send(&camera, &viewer, TICK, announced, cut(codec, slices, cutter));
    viewer.send_event(gst::event::Eos::new());
    let pictures = viewer.count_pictures();
    (caps.try_iter().collect(), pictures)
}

fn caps(codec: Codec, alignment: &str) -> gst::Caps {
    format!("video/x-{},stream-format=byte-stream,alignment={alignment}", name(codec)).parse().unwrap()
}

#[test]
fn the_caps_say_how_the_stream_is_cut() {
    for codec in [Codec::H264, Codec::H265] {
        for (slices, cutter, alignment) in [
            (1, headers_apart as Cutter, "au"),
            (3, headers_apart, "au"),
            (3, slices_apart, "nal"),
            (3, one_unit_a_frame, "nal"),
        ] {
            assert_eq!(play(codec, codec, slices, cutter), (vec![caps(codec, alignment)], FRAMES));
        }
    }
}

#[test]
fn a_codec_that_is_announced_wrong_plays() {
    for (codec, announced) in [(Codec::H264, Codec::H265), (Codec::H265, Codec::H264)] {
        assert_eq!(play(codec, announced, 1, headers_apart), (vec![caps(codec, "au")], FRAMES));
    }
}
