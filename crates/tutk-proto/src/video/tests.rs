//! Frames as cameras cut them, and what comes out.

use super::streams::*;
use super::*;
use crate::{Codec, Frame};

/// Pushes frames, each with its own number, and keeps what comes out.
#[derive(Default)]
struct Play {
    parser: VideoParser,
    number: u32,
    dropped: Vec<Dropped>,
}

impl Play {
    /// What comes out of the frame with these bytes. `flagged`: the camera says that it is a key frame.
    fn push(&mut self, codec: Codec, flagged: bool, data: &[u8]) -> Vec<Unit> {
        let key = is_key(codec, data, flagged);
        self.push_frame(frame(codec, key, data))
    }

    fn push_frame(&mut self, frame: Frame) -> Vec<Unit> {
        self.dropped.extend(self.parser.push(Frame { number: self.number, ..frame }));
        self.number += 1;
        std::iter::from_fn(|| self.parser.pop()).collect()
    }

    fn h264(&mut self, data: &[u8]) -> Vec<Unit> {
        self.push(Codec::H264, false, data)
    }

    fn h265(&mut self, data: &[u8]) -> Vec<Unit> {
        self.push(Codec::H265, false, data)
    }

    fn dropped(&mut self) -> Vec<(u32, DropReason)> {
        self.dropped.drain(..).map(|dropped| (dropped.frames, dropped.reason)).collect()
    }
}

/// Of the only unit: its bytes, whether it is a key frame, whether frames are missing before it.
fn only(units: Vec<Unit>) -> (Vec<u8>, bool, bool) {
    let [unit] = <[Unit; 1]>::try_from(units).expect("one unit");
    (unit.frame.data, unit.frame.key, unit.discont)
}

fn h264_sets() -> Vec<u8> {
    [h264_sps(Some(0)), h264_pps()].concat()
}

fn h265_sets() -> Vec<u8> {
    [h265_vps(), h265_sps(0), h265_pps()].concat()
}

fn h264_key() -> Vec<u8> {
    [h264_sets(), h264_idr(0)].concat()
}

fn h265_key() -> Vec<u8> {
    [h265_sets(), h265_slice(19, true, 0)].concat()
}

#[test]
fn the_bytes_tell_key_frames_and_not_the_flag() {
    let sets = h264_sets();
    let intra = h264_slice(I, 0, 2);
    for flagged in [false, true] {
        let h264 = |data: &[u8]| is_key(Codec::H264, data, flagged);
        assert!(h264(&h264_idr(0)) && h264(&h264_key()));
        assert!(h264(&[&sets[..], &intra].concat()), "an intra picture where no IDR ever comes");
        assert!(h264(&[&h264_sei(6)[..], &h264_slice(P, 0, 2)].concat()), "a recovery point");
        assert!(!h264(&[&h264_sei(5)[..], &h264_slice(P, 0, 2)].concat()));
        assert!(!h264(&h264_slice(P, 0, 2)) && !h264(&[&sets[..], &h264_slice(P, 0, 2)].concat()));
        assert!(!h264(&sets), "parameter sets alone");
        // Neither an IDR picture nor with parameter sets: the camera knows.
        assert_eq!(h264(&intra), flagged);
        let h265 = |data: &[u8]| is_key(Codec::H265, data, flagged);
        assert!((16..22).all(|kind| h265(&h265_slice(kind, true, 0))) && h265(&h265_key()));
        assert!((0..10).all(|kind| !h265(&h265_slice(kind, true, 0))) && !h265(&h265_sets()));
        let mpeg4 = |data: &[u8]| is_key(Codec::Mpeg4, data, flagged);
        assert!(mpeg4(&mpeg4_picture(0)) && mpeg4(&[mpeg4_layer(), mpeg4_picture(0)].concat()));
        assert!(!mpeg4(&mpeg4_picture(1)) && !mpeg4(&[mpeg4_layer(), mpeg4_picture(1)].concat()));
        assert!(is_key(Codec::Mjpeg, &[1], flagged));
        // No start code, no evidence.
        for codec in [Codec::H264, Codec::H265, Codec::Mpeg4, Codec::H263, Codec::Unknown(7)] {
            assert_eq!(is_key(codec, &[0x65, 1, 2, 3], flagged), flagged);
        }
    }
}

#[test]
fn predicted_frames_wait_for_a_key_frame() {
    let mut play = Play::default();
    let predicted = h264_slice(P, 0, 2);
    assert!(play.push(Codec::H264, true, &predicted).is_empty(), "whatever the flag says");
    assert_eq!(only(play.h264(&h264_key())), (h264_key(), true, true));
    assert_eq!(only(play.h264(&predicted)), (predicted.clone(), false, false));
    play.parser.lost();
    assert!(play.h264(&predicted).is_empty());
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_idr(0), true, true));
    assert!(!only(play.h264(&predicted)).1);
    assert_eq!(play.dropped(), [(1, DropReason::Undecodable); 2]);
}

#[test]
fn without_evidence_the_flag_counts() {
    let mut play = Play::default();
    assert!(play.push(Codec::H263, false, &[1]).is_empty());
    assert_eq!(only(play.push(Codec::H263, true, &[1])), (vec![1], true, true));
    assert_eq!(only(play.push(Codec::H263, false, &[1])), (vec![1], false, false));
}

#[test]
fn pictures_of_their_own_wait_for_nothing() {
    let mut play = Play::default();
    assert_eq!(only(play.push(Codec::Mjpeg, false, &[1])), (vec![1], true, true));
    play.parser.lost();
    assert_eq!(only(play.push(Codec::Mjpeg, false, &[1])), (vec![1], true, true));
    assert_eq!(only(play.push(Codec::Mjpeg, false, &[1])), (vec![1], true, false));
}

#[test]
fn a_frame_that_is_no_video_costs_itself() {
    let mut play = Play::default();
    let strange = [Codec::Unknown(0), Codec::AacAdts, Codec::Unknown(0x60)];
    for codec in strange {
        assert!(play.push(codec, true, b"meta").is_empty());
    }
    assert!(only(play.h264(&h264_key())).2);
    for codec in strange {
        assert!(play.push(codec, true, b"meta").is_empty());
        assert!(!only(play.h264(&h264_slice(P, 0, 2))).2);
    }
    assert_eq!(play.dropped(), [(1, DropReason::NotVideo); 6]);
    assert!(play.h264(&[]).is_empty());
    assert_eq!(play.dropped(), [(1, DropReason::Empty)]);
}

#[test]
fn a_single_picture_of_another_codec_costs_itself() {
    let mut play = Play::default();
    play.h264(&h264_key());
    for _ in 0..3 {
        assert!(play.push(Codec::Mjpeg, true, &[0xFF, 0xD8]).is_empty());
        assert!(play.h265(&h265_slice(1, true, 1)).is_empty());
        assert!(!only(play.h264(&h264_slice(P, 0, 2))).2);
    }
    assert_eq!(play.dropped(), [(1, DropReason::OtherCodec); 6]);
}

#[test]
fn the_codec_changes_with_its_second_key_frame() {
    let mut play = Play::default();
    play.h264(&h264_key());
    assert!(play.push(Codec::Mjpeg, true, &[1]).is_empty());
    assert_eq!(only(play.push(Codec::Mjpeg, true, &[2])), (vec![2], true, true));
    // Key frames without headers, and what lies between them.
    assert!(play.h264(&h264_idr(0)).is_empty());
    assert!(play.h264(&h264_slice(P, 0, 2)).is_empty());
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_idr(0), true, true));
    assert!(!only(play.h264(&h264_slice(P, 0, 2))).2);
}

#[test]
fn the_codec_changes_at_once_with_its_headers() {
    let mut play = Play::default();
    play.h264(&h264_key());
    assert!(play.h265(&h265_slice(1, true, 1)).is_empty(), "no key frame");
    assert_eq!(only(play.h265(&h265_key())), (h265_key(), true, true));
    assert!(!only(play.h265(&h265_slice(1, true, 1))).2);
    let mpeg4 = [mpeg4_layer(), mpeg4_picture(0)].concat();
    assert_eq!(only(play.push(Codec::Mpeg4, false, &mpeg4)), (mpeg4, true, true));
    assert!(play.h264(&h264_sets()).is_empty(), "headers in a frame of their own");
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_key(), true, true));
}

#[test]
fn headers_in_frames_of_their_own_join_the_picture_that_follows() {
    let mut play = Play::default();
    let parts = [h264_delimiter(), h264_sps(Some(0)), h264_pps(), h264_sei(5)];
    for round in 0..3 {
        for part in &parts {
            assert!(play.push(Codec::H264, true, part).is_empty());
        }
        let units = play.h264(&h264_idr(0));
        assert_eq!((units[0].first, units[0].frame.number, units[0].frames), (round * 7, round * 7 + 4, 5));
        assert_eq!(only(units), ([&parts.concat()[..], &h264_idr(0)].concat(), true, round == 0));
        assert!(play.h264(&h264_delimiter()).is_empty());
        let predicted = h264_slice(P, 0, 2);
        assert_eq!(only(play.h264(&predicted)), ([h264_delimiter(), predicted].concat(), false, false));
    }
    assert_eq!(play.parser.alignment(), Some(Alignment::Au));
    for part in [h265_vps(), h265_sps(0), h265_pps()] {
        assert!(play.h265(&part).is_empty());
    }
    assert_eq!(only(play.h265(&h265_slice(21, true, 0))).0, [h265_sets(), h265_slice(21, true, 0)].concat());
    assert!(play.dropped().is_empty());
}

#[test]
fn a_picture_of_another_codec_spares_headers() {
    let mut play = Play::default();
    assert_eq!(only(play.h264(&h264_key())), (h264_key(), true, true));
    assert!(play.h264(&h264_sets()).is_empty() && play.h265(&h265_sets()).is_empty());
    assert!(play.push(Codec::Mjpeg, true, &[1]).is_empty());
    assert!(play.h265(&h265_slice(1, true, 1)).is_empty());
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_key(), true, false));
    assert_eq!(play.dropped(), [(1, DropReason::OtherCodec), (2, DropReason::OtherCodec)]);
}

#[test]
fn an_intra_picture_with_its_headers_in_frames_of_their_own_is_a_key_frame() {
    let mut play = Play::default();
    let intra = h264_slice(I, 0, 2);
    assert!(play.h264(&intra).is_empty());
    for part in [h264_sps(Some(0)), h264_pps()] {
        assert!(play.h264(&part).is_empty());
    }
    assert_eq!(only(play.h264(&intra)), ([h264_sets(), intra].concat(), true, true));
}

#[test]
fn a_loss_spares_parameter_sets() {
    let mut play = Play::default();
    for part in [h264_delimiter(), h264_sets(), h264_sei(5)] {
        assert!(play.h264(&part).is_empty());
    }
    play.parser.lost();
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_key(), true, true));
    assert!(play.h264(&h264_sets()).is_empty());
    play.parser.restart();
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_idr(0), true, true));
}

#[test]
fn what_waits_for_a_picture_has_a_bound() {
    let mut play = Play::default();
    let noise = [h264_sei(5), vec![0xA5; 9_000]].concat();
    for _ in 0..10 {
        assert!(play.h264(&noise).is_empty());
    }
    assert_eq!(play.dropped(), [(8, DropReason::TooLong)]);
    for _ in 0..20 {
        assert!(play.h264(&h264_sei(5)).is_empty());
    }
    assert_eq!(play.dropped(), [(17, DropReason::TooLong)]);
    assert!(only(play.h264(&h264_key())).2);
}

#[test]
fn what_belongs_to_no_picture_is_dropped() {
    let mut play = Play::default();
    play.h264(&h264_key());
    assert!(play.h264(&[0, 0, 0, 1, 0x0C, 0xFF, 0x80]).is_empty(), "filler");
    assert_eq!(play.dropped(), [(1, DropReason::Empty)]);
    assert_eq!(only(play.h264(&h264_slice(P, 0, 2))), (h264_slice(P, 0, 2), false, false));
}

#[test]
fn slices_in_frames_of_their_own_are_told_and_not_joined() {
    let mut play = Play::default();
    assert!(play.h264(&h264_sets()).is_empty());
    assert_eq!(only(play.h264(&h264_idr(0))), (h264_key(), true, true));
    assert_eq!(play.parser.alignment(), None, "nothing tells yet");
    let begins = |units: &[Unit]| units.iter().map(|unit| unit.begins_picture).collect::<Vec<_>>();
    assert_eq!(begins(&play.h264(&h264_idr(150))), [false]);
    assert_eq!(play.parser.alignment(), Some(Alignment::Nal));
    assert_eq!(begins(&play.h264(&h264_slice(P, 0, 2))), [true]);
    assert_eq!(begins(&play.h264(&h264_slice(P, 150, 2))), [false]);
    // From now on, parameter sets go on as they come.
    assert!(play.h264(&h264_sps(Some(0))).is_empty() && play.h264(&h264_pps()).is_empty());
    let units = play.h264(&h264_idr(0));
    assert_eq!(begins(&units), [true, false, false]);
    let data: Vec<_> = units.iter().map(|unit| unit.frame.data.clone()).collect();
    assert_eq!(data, [h264_sps(Some(0)), h264_pps(), h264_idr(0)]);
    assert!(units.iter().all(|unit| unit.frame.key));
    // The rest of a picture whose begin is missing is of no use.
    play.parser.lost();
    assert!(play.h264(&h264_idr(150)).is_empty());
    assert_eq!(begins(&play.h264(&h264_idr(0))), [true]);
    assert_eq!(play.dropped(), [(1, DropReason::Undecodable)]);

    let mut play = Play::default();
    play.h265(&h265_key());
    play.h265(&h265_slice(19, false, 0));
    assert_eq!(play.parser.alignment(), Some(Alignment::Nal));
}

#[test]
fn whole_pictures_are_known_as_soon_as_the_frames_tell() {
    let mut play = Play::default();
    play.h264(&h264_key());
    assert_eq!(play.parser.alignment(), None);
    play.h264(&h264_slice(P, 0, 2));
    assert_eq!(play.parser.alignment(), Some(Alignment::Au));
    let mut play = Play::default();
    play.h264(&[h264_key(), h264_idr(150)].concat());
    assert_eq!(play.parser.alignment(), Some(Alignment::Au), "several slices in one frame");
    let mut play = Play::default();
    play.push(Codec::Mjpeg, true, &[1]);
    assert_eq!(play.parser.alignment(), Some(Alignment::Au));
}

#[test]
fn h264_announced_as_h265_is_found_out_and_the_reverse() {
    // An SEI of H.264 can look like a slice of H.265.
    let key = [h264_sei(5), h264_key()].concat();
    let h264 = [h264_slice(P, 0, 2), key, h264_slice(P, 0, 2), h264_slice(P, 0, 4)];
    let h265 = [h265_slice(1, true, 1), h265_key(), h265_slice(1, true, 1), h265_slice(1, true, 2)];
    for (wrong, right, frames) in [(Codec::H265, Codec::H264, h264), (Codec::H264, Codec::H265, h265)] {
        let mut play = Play::default();
        let units: Vec<_> = frames.iter().flat_map(|data| play.push(wrong, false, data)).collect();
        assert_eq!(units.len(), 3);
        for (unit, data) in units.iter().zip(&frames[1..]) {
            assert_eq!((unit.frame.codec, unit.announced), (right, wrong));
            assert_eq!(&unit.frame.data, data);
        }
        assert_eq!(units.iter().map(|unit| unit.frame.key).collect::<Vec<_>>(), [true, false, false]);
        // A camera that tells the truth from now on.
        let key = if wrong == Codec::H264 { h264_key() } else { h265_key() };
        let units = play.push(wrong, true, &key);
        assert_eq!((units[0].frame.codec, units[0].announced), (wrong, wrong));
    }
}

#[test]
fn a_codec_announced_wrong_is_found_out_from_its_first_header_on() {
    let mut play = Play::default();
    for part in [h265_vps(), h265_sps(0), h265_pps()] {
        assert!(play.h264(&part).is_empty());
    }
    assert_eq!(only(play.h264(&h265_slice(19, true, 0))), (h265_key(), true, true));
    assert!(play.dropped().is_empty());
}

/// The order of the only unit, as depth and count.
fn order(units: &[Unit]) -> Option<(usize, i64)> {
    match units[0].order {
        Order::Display(place) => Some((place.depth, place.count)),
        _ => None,
    }
}

#[test]
fn the_order_of_b_frames_is_that_of_the_stream() {
    let mut play = Play::default();
    let key = [h264_sps(Some(2)), h264_pps(), h264_idr(0)].concat();
    let frames = [(P, 8), (B, 4), (B, 2), (B, 6), (P, 16)];
    for _ in 0..2 {
        assert_eq!(order(&play.h264(&key)), Some((2, 0)));
        for (kind, count) in frames {
            assert_eq!(order(&play.h264(&h264_slice(kind, 0, count))), Some((2, count.into())));
        }
    }
    // Counts of six bits wrap.
    let counts = [24, 32, 40, 48, 56, 64, 72].map(|count| order(&play.h264(&h264_slice(P, 0, count % 64))).unwrap().1);
    assert_eq!(counts, [24, 32, 40, 48, 56, 64, 72]);

    let mut play = Play::default();
    let key = [h265_vps(), h265_sps(1), h265_pps(), h265_slice(19, true, 0)].concat();
    assert_eq!(order(&play.h265(&key)), Some((1, 0)));
    for (kind, count) in [(1, 3), (0, 1), (0, 2), (1, 6), (21, 9), (8, 7)] {
        assert_eq!(order(&play.h265(&h265_slice(kind, true, count))), Some((1, count.into())));
    }
}

#[test]
fn streams_without_b_frames_have_no_order_of_their_own() {
    for sps in [h264_sps(Some(0)), h264_sps(None)] {
        let mut play = Play::default();
        assert_eq!(order(&play.h264(&[sps, h264_pps(), h264_idr(0)].concat())), None);
        assert!((1..20).all(|number| order(&play.h264(&h264_slice(P, 0, 2 * number % 64))).is_none()));
    }
    let mut play = Play::default();
    play.h265(&h265_key());
    assert!((1..20).all(|count| order(&play.h265(&h265_slice(1, true, count))).is_none()));
}

#[test]
fn b_frames_of_mpeg4_have_an_unknown_order() {
    let mut play = Play::default();
    let mut push = |kind| play.push(Codec::Mpeg4, false, &[mpeg4_layer(), mpeg4_picture(kind)].concat())[0].order;
    assert_eq!([push(0), push(1)], [Order::Decoding(None); 2]);
    assert_eq!([push(2), push(1), push(0)], [Order::Unknown; 3]);
}

#[test]
fn pictures_that_lead_a_start_are_left_out() {
    let mut play = Play::default();
    let sets = [h265_vps(), h265_sps(2), h265_pps()].concat();
    let start = [sets, h265_slice(21, true, 20)].concat();
    assert!(only(play.h265(&start)).2);
    assert!(play.h265(&h265_slice(9, true, 16)).is_empty() && play.h265(&h265_slice(8, true, 18)).is_empty());
    assert_eq!(play.dropped(), [(1, DropReason::Undecodable); 2]);
    assert!(!only(play.h265(&h265_slice(1, true, 24))).2);
    assert!(!only(play.h265(&h265_slice(0, true, 22))).2);
    // In the middle of a stream, they are decoded.
    assert!(!only(play.h265(&h265_slice(21, true, 28))).2);
    assert!(!only(play.h265(&h265_slice(9, true, 26))).2);
}
