//! Streams whose pictures are shown in another order than they come.

use std::sync::mpsc::{Receiver, channel};

use gst::ClockTime;
use gst::prelude::*;
use tutk::Codec;

use crate::common::frames::{Encoder, FrameCamera};
use crate::common::pictures::{Launched, brightness};
use crate::common::uid;
use crate::cuts::send;
use crate::recording::Folder;

const FRAMES: usize = 45;
/// Between two pictures: more than a busy machine takes for one, and no pause.
const TICK: ClockTime = ClockTime::from_mseconds(900);

const X264: &str =
    "x264enc bframes=3 b-adapt=false rc-lookahead=5 sync-lookahead=0 key-int-max=14 speed-preset=veryfast";
const X265: &str = "x265enc speed-preset=ultrafast option-string=bframes=3:b-adapt=0:keyint=14:min-keyint=14:log-level=none:pools=1:frame-threads=1";

/// An encoder with B-frames, for the name of its codec.
fn encoders() -> [(&'static str, String); 4] {
    let parse =
        |name: &str| format!("{name}parse config-interval=-1 ! video/x-{name},stream-format=byte-stream,alignment=au");
    [
        ("h264", format!("{X264} b-pyramid=false ! {}", parse("h264"))),
        ("h264", format!("{X264} b-pyramid=true ! {}", parse("h264"))),
        ("h265", format!("{X265}:b-pyramid=0 ! {}", parse("h265"))),
        ("h265", format!("{X265}:b-pyramid=1 ! {}", parse("h265"))),
    ]
}

fn codec(name: &str) -> Codec {
    if name == "h264" { Codec::H264 } else { Codec::H265 }
}

type Times = (ClockTime, ClockTime);

/// PTS and DTS of what leaves this pad.
fn times(pad: &gst::Pad) -> Receiver<Times> {
    let (sender, times) = channel();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer().unwrap();
        let _ = sender.send((buffer.pts().expect("a PTS"), buffer.dts().expect("a DTS")));
        gst::PadProbeReturn::Ok
    });
    times
}

/// Checks what must be so of each stream.
fn check(times: &[Times]) {
    assert_eq!(times.len(), FRAMES);
    assert!(times.windows(2).all(|pair| pair[0].1 < pair[1].1), "DTS rise: {times:?}");
    assert!(times.iter().all(|(pts, dts)| pts >= dts), "{times:?}");
    assert!(times.windows(2).any(|pair| pair[0].0 > pair[1].0), "there are B-frames: {times:?}");
}

/// Which pictures of a ball that moves these are.
fn numbers(player: &Launched) -> Vec<usize> {
    let original = Launched::play(&format!(
        "videotestsrc pattern=ball num-buffers={FRAMES} ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
         ! appsink name=out sync=false"
    ));
    let pictures = |launched: &Launched| -> Vec<Vec<u8>> {
        std::iter::from_fn(|| launched.pull()).map(|sample| brightness(&sample)).collect()
    };
    let originals = pictures(&original);
    let difference =
        |a: &[u8], b: &[u8]| a.iter().zip(b).step_by(7).map(|(a, b)| usize::from(a.abs_diff(*b))).sum::<usize>();
    let number = |picture: Vec<u8>| (0..FRAMES).min_by_key(|number| difference(&originals[*number], &picture)).unwrap();
    pictures(player).into_iter().map(number).collect()
}

#[test]
fn a_recording_has_its_pictures_in_order() {
    for (name, encoder) in encoders() {
        let (camera, folder) = (FrameCamera::start(), Folder::new());
        let file = folder.file("camera.mp4");
        let recorder =
            Launched::new(&format!("{} ! {name}parse ! mp4mux name=mux ! filesink location={file}", camera.source()));
        let sent = times(&recorder.element("src").static_pad("src").unwrap());
        let units = Encoder::of("ball", FRAMES, &encoder).map(|unit| (unit.taken, vec![unit.data]));
        send(&camera, &recorder, TICK, codec(name), units);
        let mut latency = gst::query::Latency::new();
        assert!(recorder.element("src").static_pad("src").unwrap().query(latency.query_mut()));
        recorder.send_event(gst::event::Eos::new());
        recorder.wait_for(gst::MessageType::Eos);
        drop(recorder);
        let sent: Vec<_> = sent.try_iter().collect();
        check(&sent);
        // What reordering takes is part of the latency, which has a bound.
        assert_eq!(latency.result().1, ClockTime::from_seconds(2));

        let player = Launched::new(&format!(
            "filesrc location={file} ! qtdemux ! identity name=frames ! {name}parse ! avdec_{name} ! appsink name=out sync=false"
        ));
        let read = times(&player.element("frames").static_pad("src").unwrap());
        player.set_state(gst::State::Playing).unwrap();
        let numbers = numbers(&player);
        assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>(), "{name}");
        // The muxer takes the distance of the first pictures, which nobody can know yet, for that of the last.
        assert!(numbers.len() > FRAMES - 4, "{name}: {numbers:?}");
        check(&read.try_iter().collect::<Vec<_>>());
    }
}

/// `tutksink` with B-frames, and what a viewer of it gets.
#[test]
fn tutksink_warns_once_and_sends_b_frames_all_the_same() {
    let uid = uid();
    let camera = Launched::play(&format!(
        "videotestsrc pattern=smpte100 is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
         ! {} ! tutksink name=sink uid={uid}",
        encoders()[1].1
    ));
    camera.wait_for(gst::MessageType::StateChanged);
    let sink = camera.element("sink");
    while sink.property::<u32>("current-port") == 0 {
        std::thread::yield_now();
    }
    let address = format!("127.0.0.1:{}", sink.property::<u32>("current-port"));
    let viewer = Launched::new(&format!(
        "tutksrc name=src backend=native uid={uid} address={address} num-buffers={FRAMES} ! h264parse ! avdec_h264 \
         ! appsink name=out sync=false"
    ));
    let times = times(&viewer.element("src").static_pad("src").unwrap());
    viewer.set_state(gst::State::Playing).unwrap();
    let pictures = viewer.count_pictures();
    assert!(pictures > FRAMES - 4, "{pictures}");
    check(&times.iter().take(FRAMES).collect::<Vec<_>>());
    let warnings = || camera.bus().unwrap().pop_filtered(&[gst::MessageType::Warning]);
    let warnings: Vec<_> = std::iter::from_fn(warnings).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
