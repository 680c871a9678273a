//! DTLS 1.2 with 0x00AE, as far as a listener needs it who knows the key.

use std::collections::BTreeMap;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use openssl::symm::{Cipher, Crypter, Mode};

const SUITE: [u8; 2] = [0x00, 0xAE];
const RECORD: usize = 13;
const MAC: usize = 32;
const BLOCK: usize = 16;

/// What a record says.
pub(crate) enum Kind {
    Message,
    /// Not encrypted.
    Alert,
    /// The client's identity.
    Identity,
}

/// A message of the handshake: its number, then whether the server sent it.
type Number = (u16, bool);

/// One association.
pub(crate) struct Decryptor {
    psk: [u8; 32],
    client_is_viewer: Option<bool>,
    /// Pieces, and how many bytes are there.
    pieces: BTreeMap<Number, (Vec<u8>, usize)>,
    /// With their headers, as if each were one piece.
    transcript: BTreeMap<Number, Vec<u8>>,
    randoms: [Vec<u8>; 2],
    /// Of the client and the server.
    keys: Option<[Keys; 2]>,
    encrypts_then_macs: bool,
    extended_secret: bool,
}

struct Keys {
    mac: Vec<u8>,
    cipher: Vec<u8>,
}

impl Decryptor {
    pub(crate) fn new(psk: [u8; 32]) -> Self {
        Self {
            psk,
            client_is_viewer: None,
            pieces: BTreeMap::new(),
            transcript: BTreeMap::new(),
            randoms: [vec![], vec![]],
            keys: None,
            encrypts_then_macs: false,
            extended_secret: false,
        }
    }

    pub(crate) fn receive(&mut self, from_viewer: bool, mut datagram: &[u8], found: &mut dyn FnMut(Kind, &[u8])) {
        // Who speaks first is the client.
        let server = from_viewer != *self.client_is_viewer.get_or_insert(from_viewer);
        while !datagram.is_empty() {
            let len = usize::from(u16::from_be_bytes([datagram[11], datagram[12]]));
            let (record, rest) = datagram.split_at(RECORD + len);
            datagram = rest;
            match (record[0], record[4]) {
                (22, 0) => self.handshake(server, &record[RECORD..], found),
                (21, 0) => found(Kind::Alert, &record[RECORD..]),
                (23, 1) => found(Kind::Message, &self.decrypt(server, record)),
                (22, 1) | (20, 0) => {}
                other => panic!("record {other:?}"),
            }
        }
    }

    fn handshake(&mut self, server: bool, piece: &[u8], found: &mut dyn FnMut(Kind, &[u8])) {
        let u24 =
            |at: usize| usize::from(piece[at]) << 16 | usize::from(piece[at + 1]) << 8 | usize::from(piece[at + 2]);
        let (kind, total, offset, len) = (piece[0], u24(1), u24(6), u24(9));
        let number = (u16::from_be_bytes([piece[4], piece[5]]), server);
        if self.transcript.contains_key(&number) {
            return;
        }
        let (message, come) = self.pieces.entry(number).or_insert((vec![0; total], 0));
        message[offset..offset + len].copy_from_slice(&piece[12..]);
        *come += len;
        if *come < total {
            return;
        }
        let message = message.clone();
        let header = [&piece[..6], &[0; 3], &piece[1..4]].concat();
        self.transcript.insert(number, [header, message.clone()].concat());
        match kind {
            1 => self.randoms[0] = message[2..34].to_vec(),
            2 => self.server_hello(&message),
            // Neither this HelloVerifyRequest nor the hello before it counts.
            3 => self.transcript.clear(),
            16 => {
                found(Kind::Identity, &message[2..]);
                self.derive();
            }
            _ => {}
        }
    }

    fn server_hello(&mut self, message: &[u8]) {
        self.randoms[1] = message[2..34].to_vec();
        let mut rest = &message[35 + usize::from(message[34])..];
        assert_eq!(rest[..2], SUITE);
        rest = rest.get(5..).unwrap_or_default();
        while let [a, b, c, d, more @ ..] = rest {
            match u16::from_be_bytes([*a, *b]) {
                22 => self.encrypts_then_macs = true,
                23 => self.extended_secret = true,
                _ => {}
            }
            rest = &more[usize::from(u16::from_be_bytes([*c, *d]))..];
        }
    }

    fn derive(&mut self) {
        let len = 32u16.to_be_bytes();
        let premaster = [&len[..], &[0; 32], &len, &self.psk].concat();
        // As they were sent: a hello, the server's flight, the client's.
        let of = |server| self.transcript.iter().filter(move |(number, _)| number.1 == server).map(|(_, bytes)| bytes);
        let sent: Vec<_> = of(false).take(1).chain(of(true)).chain(of(false).skip(1)).flatten().copied().collect();
        let [client, server] = &self.randoms;
        let master = match self.extended_secret {
            true => prf(&premaster, b"extended master secret", &sha256(&sent), 48),
            false => prf(&premaster, b"master secret", &[&client[..], server].concat(), 48),
        };
        let block = prf(&master, b"key expansion", &[&server[..], client].concat(), 2 * (MAC + BLOCK));
        self.keys = Some([0, 1].map(|i| {
            let cipher = 2 * MAC + i * BLOCK;
            Keys { mac: block[i * MAC..][..MAC].to_vec(), cipher: block[cipher..][..BLOCK].to_vec() }
        }));
    }

    /// The message in a record, whose MAC is right.
    fn decrypt(&self, server: bool, record: &[u8]) -> Vec<u8> {
        let keys = &self.keys.as_ref().unwrap()[usize::from(server)];
        let (header, mut body) = record.split_at(RECORD);
        let mac = |text: &[u8]| {
            let len = (text.len() as u16).to_be_bytes();
            hmac(&keys.mac, &[&header[3..11], &header[..3], &len, text].concat())
        };
        if self.encrypts_then_macs {
            let tag;
            (body, tag) = body.split_at(body.len() - MAC);
            assert_eq!(mac(body), tag);
        }
        let mut crypter =
            Crypter::new(Cipher::aes_128_cbc(), Mode::Decrypt, &keys.cipher, Some(&body[..BLOCK])).unwrap();
        crypter.pad(false);
        let mut plain = vec![0; body.len() + BLOCK];
        let mut len = crypter.update(&body[BLOCK..], &mut plain).unwrap();
        len += crypter.finalize(&mut plain[len..]).unwrap();
        plain.truncate(len);
        let padding = usize::from(*plain.last().unwrap());
        plain.truncate(len - padding - 1);
        if !self.encrypts_then_macs {
            let tag = plain.split_off(plain.len() - MAC);
            assert_eq!(mac(&plain), tag);
        }
        plain
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    Signer::new(MessageDigest::sha256(), &PKey::hmac(key).unwrap()).unwrap().sign_oneshot_to_vec(data).unwrap()
}

/// The function of RFC 5246, section 5.
fn prf(secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let seed = [label, seed].concat();
    let (mut a, mut out) = (seed.clone(), Vec::new());
    while out.len() < len {
        a = hmac(secret, &a);
        out.extend(hmac(secret, &[&a[..], &seed].concat()));
    }
    out.truncate(len);
    out
}
