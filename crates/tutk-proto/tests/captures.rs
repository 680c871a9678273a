//! Every datagram of the captures is read, and written again to the same bytes.

use std::path::{Path, PathBuf};

use pcap_file::pcap::PcapReader;
use tutk_proto::wire::{Av, Error, FrameInfo, Message, descramble, scramble};
use tutk_proto::{AvStyle, Generation};

/// The captures in a folder, by name.
fn captures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The UDP payloads of a pcap file of Ethernet frames with IPv4.
fn datagrams(file: &Path) -> Vec<Vec<u8>> {
    let file = std::fs::read(file).unwrap();
    let mut reader = PcapReader::new(&file[..]).unwrap();
    let mut found = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        let frame = &packet.data;
        if frame[12..14] == [8, 0] && frame[23] == 17 {
            let udp = 14 + usize::from(frame[14] & 15) * 4;
            let len = usize::from(u16::from_be_bytes([frame[udp + 4], frame[udp + 5]]));
            found.push(frame[udp + 8..udp + len].to_vec());
        }
    }
    found
}

/// The bytes of a message, its payload read and written again.
fn encoded(generation: Generation, message: Message<'_>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let Message::Data { session, sequence, payload } = message else {
        message.encode(generation, &mut out);
        return Ok(out);
    };
    let av = Av::decode(AvStyle::Classic, payload)?;
    let payload = &av.to_payload(AvStyle::Classic, generation);
    Message::Data { session, sequence, payload }.encode(generation, &mut out);
    Ok(out)
}

/// Clears what the protocol gives no meaning: the vendor's libraries leak memory there.
fn without_meaningless(mut plain: Vec<u8>) -> Vec<u8> {
    let has_block = plain[3] & 8 != 0;
    match u16::from_le_bytes([plain[8], plain[9]]) {
        // A viewer's 0x09 searches for any camera name none.
        0x0601 if plain.len() == 52 && plain[15] == 1 => plain[16..52].fill(0),
        0x0601 if plain.len() == 52 => plain[36..52].fill(0),
        // 0x10 has four bytes more behind a cookie.
        0x0401 | 0x0402 if plain.len() == 44 && plain[38..].iter().all(|byte| *byte == 0) => {
            plain.truncate(40);
            plain[4] -= 4;
        }
        0x0407 | 0x0408 => without_meaningless_av(&mut plain, if has_block { 28 } else { 16 }),
        _ => {}
    }
    plain
}

fn without_meaningless_av(plain: &mut Vec<u8>, at: usize) {
    let av = &mut plain[at..];
    match av[..2] {
        // The length of an earlier message, and the viewer's clock, which no camera uses.
        [0, 7] => {
            av[16..18].fill(0);
            av[28..32].fill(0);
            // 0x12 and 0x14 write two bytes more where all is lost.
            if av[32..] == [0, 0, 0, 0] {
                plain.truncate(at + 34);
                let len = u16::from_le_bytes([plain[4], plain[5]]) - 2;
                plain[4..6].copy_from_slice(&len.to_le_bytes());
            }
        }
        [0, 8] => av[16..18].fill(0),
        // What it copies of the login is not all that it has, and 0x09 has what it does not understand.
        _ => {}
    }
}

/// Reads and writes all datagrams of a folder. Returns how many captures and datagrams it has, and how many of those are of other
/// parts of the protocol: to servers, the logins of the packet style, which cameras of these sessions do not answer, and answers of
/// 0x1a without a UID to searches of 0x09.
fn round_trip(folder: &str) -> (usize, usize, usize) {
    let (mut total, mut foreign) = (0, 0);
    let files = captures(folder);
    for path in &files {
        for (i, captured) in datagrams(path).into_iter().enumerate() {
            let mut plain = captured.clone();
            descramble(&mut plain);
            total += 1;
            let generation = Generation(plain[2]);
            let message = Message::decode(&plain);
            match message.and_then(|message| encoded(generation, message)) {
                Ok(encoded) => assert_eq!(encoded, without_meaningless(plain.clone()), "{path:?} {i}: {message:?}"),
                Err(Error::Message(0x0105) | Error::Av(0x0020)) => foreign += 1,
                Err(Error::Contradiction) if plain[8..10] == [2, 6] && plain[16..36] == [0; 20] => foreign += 1,
                Err(error) => panic!("{path:?} {i}: {error} {plain:02x?}"),
            }
            scramble(&mut plain);
            assert_eq!(plain, captured, "{path:?} {i}");
        }
    }
    (files.len(), total, foreign)
}

#[test]
fn sessions_of_0x09() {
    assert_eq!(round_trip("g09"), (11, 1194, 0));
}

#[test]
fn sessions_of_0x10() {
    assert_eq!(round_trip("g10"), (13, 999, 25));
}

#[test]
fn sessions_of_0x12_and_0x14() {
    assert_eq!(round_trip("g14"), (29, 2790, 8));
}

#[test]
fn lossy_sessions_and_full_cameras() {
    assert_eq!(round_trip("losses"), (29, 2635, 4));
}

#[test]
fn frame_info_of_audio_round_trips() {
    let mut blocks = 0;
    for path in captures("g09") {
        for mut datagram in datagrams(&path) {
            descramble(&mut datagram);
            if let Ok(Message::Data { payload, .. }) = Message::decode(&datagram)
                && let Ok(Av::Audio { info, .. }) = Av::decode(AvStyle::Classic, payload)
            {
                assert_eq!(FrameInfo::decode(info).encode(), *info);
                blocks += 1;
            }
        }
    }
    assert!(blocks > 0);
}

/// Cut anywhere, or with any byte changed, a datagram gives a value or an error.
#[test]
fn damaged_datagrams_are_survived() {
    let mut out = Vec::new();
    for path in captures("g09").into_iter().chain(captures("g10")) {
        for mut plain in datagrams(&path).into_iter().take(30) {
            descramble(&mut plain);
            for len in 0..plain.len() {
                assert!(Message::decode(&plain[..len]).is_err(), "{len} of {} bytes", plain.len());
            }
            for at in 0..plain.len().min(80) {
                for value in [0, 1, 0x7F, 0x80, 0xFF] {
                    let mut damaged = plain.clone();
                    damaged[at] = value;
                    if let Ok(message) = Message::decode(&damaged) {
                        message.encode(Generation::G09, &mut out);
                        out.clear();
                    }
                }
            }
        }
    }
}
