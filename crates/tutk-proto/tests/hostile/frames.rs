//! A viewer's camera sends frames that make no sense.

use std::time::{Duration, Instant};

use tutk_proto::wire::{
    AddressBlock, Av, Chunk, FrameInfo, LoginResult, Message, Role, SearchAnswer, Session, Step, Text,
};
use tutk_proto::{AvEvent, CloseReason, Codec, Generation, Viewer, ViewerConfig, ViewerEvent};

use crate::victim::Victim;
use crate::{ID, address, payload, uid};

#[test]
fn frames_that_claim_much_stay_in_the_bound() {
    let mut victim = Victim::new();
    let (mut frames, mut losses) = (0, 0);
    for number in 0..500 {
        // 16 MiB are claimed by a datagram each, first or last chunk.
        victim.chunk(number, (16 << 20) - 16, if number % 2 == 0 { 0 } else { 16383 });
        let (some, lost) = victim.numbers();
        frames += some.len() as u32;
        losses += lost.iter().map(|lost| lost.1).sum::<u32>();
    }
    assert_eq!(frames, 0);
    assert!(losses >= 490, "{losses}");
    victim.whole(500);
    victim.pass(Duration::from_secs(6));
    assert_eq!(victim.numbers().0, [500]);
}

#[test]
fn a_frame_that_is_too_large_is_lost_and_later_ones_go_on() {
    let mut victim = Victim::new();
    victim.whole(0);
    victim.chunk(1, (16 << 20) - 15, 0);
    victim.chunk(2, u32::MAX, 60_000);
    victim.whole(3);
    assert_eq!(victim.numbers(), (vec![0, 3], vec![(1, 1), (2, 1)]));
}

#[test]
fn a_frame_that_never_ends_is_given_up() {
    let mut victim = Victim::new();
    victim.whole(0);
    victim.whole(2);
    // Frame 1 gets a chunk whenever it might be given up.
    for index in 0..20 {
        victim.chunk(1, 100_000, index);
        victim.pass(Duration::from_millis(900));
    }
    assert_eq!(victim.numbers(), (vec![0, 2], vec![(1, 1)]));
}

/// Frame info of any length is taken for what it says, and a frame without any costs nothing but itself.
#[test]
fn short_frame_infos_are_taken_for_what_they_say() {
    let mut victim = Victim::new();
    let info = FrameInfo { codec: Codec::H265, flags: 1, camera: 0, viewers: 1, timestamp: 77 }.encode();
    for (number, len) in (0..).zip([16, 12, 3, 2, 0]) {
        let data = [&[7; 100], &info[..len]].concat();
        let (media_len, info_len) = (100, len as u16);
        victim.data(Av::Video {
            retransmitted: false,
            clock: 0,
            clean: 0,
            chunk: Chunk { frame: number, media_len, info_len, index: 0, data: &data },
        });
        victim.data(Av::Audio { retransmitted: false, frame: number, info: &info[..len], media: &[8; 50] });
    }
    let frames = victim.events().into_iter().map(|event| match event {
        ViewerEvent::Av { event: AvEvent::Video(frame) | AvEvent::Audio(frame), .. } => frame,
        other => panic!("{other:?}"),
    });
    let said: Vec<_> = frames.map(|frame| (frame.data.len(), frame.codec, frame.flags, frame.timestamp)).collect();
    let known = |flags, timestamp| (Codec::H265, flags, timestamp);
    let expected = [known(1, 77), known(1, 0), known(1, 0), known(0, 0), (Codec::Unknown(0), 0, 0)];
    let of_both = |(codec, flags, timestamp)| [100, 50].map(|len| (len, codec, flags, timestamp));
    let expected: Vec<_> = expected.into_iter().flat_map(of_both).collect();
    assert_eq!(said, expected);
}

/// Only 0 and 3 are known, and no other number is a wrong password.
#[test]
fn a_login_result_without_a_meaning_is_told() {
    for result in [1, 2, 4, 16, u32::MAX] {
        let mut victim = Victim::searching(Duration::MAX);
        victim.found(2);
        for step in [Step::Accept, Step::Confirm] {
            victim.say(Message::Handshake { step, uid: uid(), session: Some(ID), first: false, full: false });
        }
        victim.data(Av::LoginAnswer { result: LoginResult::Other(result), resend: false, service: 0, echo: [0; 6] });
        assert_eq!(victim.events().last(), Some(&ViewerEvent::Ended(CloseReason::LoginResult(result))));
    }
}

#[test]
fn numbers_that_jump() {
    let mut victim = Victim::new();
    victim.whole(0);
    // One stray number changes nothing.
    victim.whole(1_000_000);
    victim.whole(1);
    victim.whole(u32::MAX);
    victim.whole(2);
    assert_eq!(victim.numbers(), (vec![0, 1, 2], vec![]));
    // Three that rise are a camera that counts anew.
    for number in [5_000, 5_001, 5_002] {
        victim.whole(number);
    }
    assert_eq!(victim.numbers(), (vec![5_002], vec![(3, 4_999)]));
    victim.whole(5_003);
    assert_eq!(victim.numbers(), (vec![5_003], vec![]));
}

#[test]
fn chunks_that_contradict_each_other() {
    let mut victim = Victim::new();
    victim.chunk(0, 3_000, 0);
    victim.chunk(0, 200_000, 1);
    victim.chunk(0, 200_000, 100);
    victim.chunk(0, 3_000, 2);
    victim.chunk(0, 3_000, 2);
    victim.chunk(0, 3_000, 1);
    assert_eq!(victim.numbers(), (vec![0], vec![]));
}

#[test]
fn numbers_pass_the_end_of_their_range() {
    let mut victim = Victim::new();
    let numbers = [u32::MAX - 1, u32::MAX, 0, 1];
    for number in numbers {
        victim.whole(number);
    }
    assert_eq!(victim.numbers(), (numbers.to_vec(), vec![]));
}

#[test]
fn another_generation_is_named() {
    let now = Instant::now();
    let config = ViewerConfig::new(uid(), vec![address(255)], 0)
        .with_timeout(Duration::from_secs(5))
        .with_idle_timeout(Duration::from_secs(5));
    let mut viewer = Viewer::new(now, config);
    let (generation, asker) = (Generation(0x1B), AddressBlock([0; 16]));
    let found = Message::Found(SearchAnswer { generation, uid: uid(), asker, name: Text::from("new"), grant: None });
    viewer.handle_input(now, address(2), &mut found.to_datagram(generation));
    assert!(matches!(viewer.poll_event(), Some(ViewerEvent::Found(_))));
    assert_eq!(viewer.poll_event(), Some(ViewerEvent::Ended(CloseReason::Generation(0x1B))));
}

/// Two frames of 16 MiB in 33 requests each, and 64 frames of which nothing has come.
#[test]
fn a_chunk_makes_a_viewer_ask_for_no_more_than_it_holds() {
    let mut victim = Victim::new();
    let mut chunk = Chunk { frame: 0, media_len: (16 << 20) - 16, info_len: 16, index: 0, data: &[0; 1024] };
    for frame in (0..1_000).step_by(70) {
        for (ahead, index) in [(0, 0), (1, 0), (2, 16_383), (69, 8_000)] {
            (chunk.frame, chunk.index) = (frame + ahead, index);
            let session = Session { from: Role::Camera, id: ID, channel: 0, partial: false, secure: false, ticket: 0 };
            let av = Av::Video { retransmitted: false, clock: 0, clean: 0, chunk };
            let sent = victim.say_from(address(2), Message::Data { session, sequence: 0, payload: &payload(&av) });
            assert!(sent <= 2 * 33 + 64, "{sent}");
        }
    }
}

/// Payloads that say nothing are counted, and keep no session alive.
#[test]
fn nonsense_is_no_sign_of_life() {
    let mut victim = Victim::searching(Duration::from_secs(10));
    victim.found(2);
    victim.open();
    let heard = victim.viewer.stats();
    for _ in 0..15 {
        victim.pass(Duration::from_secs(1));
        let session = Session { from: Role::Camera, id: ID, channel: 0, partial: false, secure: false, ticket: 0 };
        victim.say(Message::Data { session, sequence: 0, payload: &[0xEE; 40] });
    }
    assert!(matches!(victim.events()[..], [ViewerEvent::Ended(CloseReason::Silent(_))]));
    let stats = victim.viewer.stats();
    assert!(stats.malformed >= 9 && stats.datagrams == heard.datagrams + 15 - stats.malformed, "{stats:?}");
}
