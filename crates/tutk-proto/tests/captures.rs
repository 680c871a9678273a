//! Every datagram of the captures is read, and written again to the same bytes.

use std::path::Path;

use pcap_file::pcap::PcapReader;
use tutk_proto::wire::{Av, FrameInfo, Message, descramble, scramble};
use tutk_proto::{AvStyle, Generation};

/// The UDP payloads of a pcap file of Ethernet frames with IPv4.
fn datagrams(file: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = PcapReader::new(file).unwrap();
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
fn encoded(message: Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let Message::Data { session, sequence, payload } = message else {
        message.encode(Generation::G09, &mut out);
        return out;
    };
    let av = Av::decode(AvStyle::Classic, payload).unwrap();
    if let Av::Audio { info, .. } = av {
        assert_eq!(FrameInfo::decode(info).encode(), *info);
    }
    let payload = &av.to_payload(AvStyle::Classic, Generation::G09);
    Message::Data { session, sequence, payload }.encode(Generation::G09, &mut out);
    out
}

/// Clears what the protocol gives no meaning: the vendor's library leaks memory there.
fn without_meaningless(plain: &[u8]) -> Vec<u8> {
    let mut plain = plain.to_vec();
    match (&plain[8..10], plain[15]) {
        ([0x01, 0x06], 1) => plain[16..52].fill(0),
        ([0x01, 0x06], _) => plain[36..52].fill(0),
        ([0x07, 0x04], _) if plain[16..18] == [0, 7] => {
            // The length that the last IO control left behind, and a word of memory.
            plain[32..34].fill(0);
            plain[44..48].fill(0);
        }
        _ => {}
    }
    plain
}

#[test]
fn every_datagram_round_trips() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut files = 0;
    let mut total = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        files += 1;
        for (i, captured) in datagrams(&std::fs::read(&path).unwrap()).into_iter().enumerate() {
            let mut plain = captured.clone();
            descramble(&mut plain);
            let message = Message::decode(&plain).unwrap_or_else(|error| panic!("{path:?} {i}: {error}"));
            assert_eq!(encoded(message), without_meaningless(&plain), "{path:?} {i}: {message:?}");
            let mut whole = plain.clone();
            scramble(&mut whole);
            assert_eq!(whole, captured, "{path:?} {i}");
            total += 1;
        }
    }
    assert_eq!(files, 10);
    println!("{total} datagrams in {files} captures");
    assert_eq!(total, 1159, "datagrams in the captures");
}

/// Cut anywhere, or with any byte changed, a datagram gives a value or an error.
#[test]
fn damaged_datagrams_are_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let captured = datagrams(&std::fs::read(entry.unwrap().path()).unwrap());
        for datagram in captured.iter().take(30) {
            let mut plain = datagram.clone();
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
