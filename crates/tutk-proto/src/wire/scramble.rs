use super::blocks::{Rounds, exchange};
use super::is_hmac;

/// The first half of the key; no more of it is ever used.
const KEY: [u8; 16] = *b"Charlie is the d";

/// Bytes scrambled at most where bit 0 of the header's flags is set.
const PARTIAL: usize = 64;

/// Rotate to the right by 4i+1, add the key, exchange, rotate to the right by 4i+3; the key may as well be added behind
/// the exchange.
const SCRAMBLE: Rounds = Rounds { first: [31, 27, 23, 19], key: exchange(KEY), second: [29, 25, 21, 17] };
/// The same in reverse.
const DESCRAMBLE: Rounds = Rounds { first: [3, 7, 11, 15], key: KEY, second: [1, 5, 9, 13] };

/// Makes of a plain datagram what goes over the network: scrambled, unless its framing has no scramble.
pub fn to_wire(datagram: &mut [u8]) {
    if !is_hmac(datagram) {
        scramble(datagram);
    }
}

/// Undoes [`to_wire`].
pub fn from_wire(datagram: &mut [u8]) {
    if !is_hmac(datagram) {
        descramble(datagram);
    }
}

/// Obfuscates a plain datagram in place, as it goes over the network. This is no encryption: the key is fixed.
pub fn scramble(datagram: &mut [u8]) {
    let part = if is_partial(datagram) { datagram.len().min(PARTIAL) } else { datagram.len() };
    let (blocks, tail) = datagram.split_at_mut(part).0.as_chunks_mut();
    SCRAMBLE.run(blocks);
    add_key(tail);
    exchange_tail(tail);
}

/// Undoes [`scramble`] in place. Any bytes give some bytes.
pub fn descramble(datagram: &mut [u8]) {
    let (blocks, _) = datagram.as_chunks_mut();
    let Some((first, _)) = blocks.split_at_mut_checked(1) else {
        descramble_part(datagram);
        return;
    };
    DESCRAMBLE.run(first);
    let part = if is_partial(datagram) { datagram.len().min(PARTIAL) } else { datagram.len() };
    if let Some(rest) = datagram.get_mut(16..part) {
        descramble_part(rest);
    }
}

fn descramble_part(part: &mut [u8]) {
    let (blocks, tail) = part.as_chunks_mut();
    DESCRAMBLE.run(blocks);
    exchange_tail(tail);
    add_key(tail);
}

fn is_partial(header: &[u8]) -> bool {
    header.len() >= 16 && header.get(3).is_some_and(|flags| flags & 1 != 0)
}

fn add_key(tail: &mut [u8]) {
    for (byte, key) in tail.iter_mut().zip(KEY) {
        *byte ^= key;
    }
}

/// Its own inverse; a tail of any other length stays as it is.
fn exchange_tail(tail: &mut [u8]) {
    match tail {
        [a, b] => std::mem::swap(a, b),
        [a, b, c, d] => [*a, *b, *c, *d] = [*c, *d, *a, *b],
        [a, b, c, d, e, f, g, h] => {
            [*a, *b, *c, *d, *e, *f, *g, *h] = [*h, *e, *d, *c, *b, *g, *f, *a];
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undone_at_every_length() {
        for flags in [2, 3] {
            for len in 0..=200 {
                let mut plain: Vec<u8> = (0..len).map(|i| (i * 7 + 3) as u8).collect();
                if let Some(byte) = plain.get_mut(3) {
                    *byte = flags;
                }
                let mut datagram = plain.clone();
                scramble(&mut datagram);
                if len > PARTIAL && flags & 1 != 0 {
                    assert_eq!(datagram[PARTIAL..], plain[PARTIAL..]);
                }
                assert!(len == 0 || datagram != plain);
                descramble(&mut datagram);
                assert_eq!(datagram, plain);
            }
        }
    }
}
