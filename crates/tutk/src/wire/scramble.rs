/// The first half of the key; no more of it is ever used.
const KEY: [u8; 16] = *b"Charlie is the d";

/// Bytes scrambled at most where bit 0 of the header's flags is set.
const PARTIAL: usize = 64;

/// Obfuscates a plain datagram in place, as it goes over the network. This is no encryption: the key is fixed.
pub fn scramble(datagram: &mut [u8]) {
    let part = if is_partial(datagram) { datagram.len().min(PARTIAL) } else { datagram.len() };
    let (blocks, tail) = datagram.split_at_mut(part).0.as_chunks_mut();
    for block in blocks {
        *block = rotate(permute(xor(rotate(*block, [1, 5, 9, 13]))), [3, 7, 11, 15]);
    }
    for (byte, key) in tail.iter_mut().zip(KEY) {
        *byte ^= key;
    }
    permute_tail(tail);
}

/// Undoes [`scramble`] in place. Any bytes give some bytes.
pub fn descramble(datagram: &mut [u8]) {
    let (blocks, _) = datagram.as_chunks_mut();
    let Some((first, _)) = blocks.split_first_mut() else {
        descramble_part(datagram);
        return;
    };
    *first = descramble_block(*first);
    let part = if is_partial(first) { datagram.len().min(PARTIAL) } else { datagram.len() };
    if let Some(rest) = datagram.get_mut(16..part) {
        descramble_part(rest);
    }
}

fn descramble_part(part: &mut [u8]) {
    let (blocks, tail) = part.as_chunks_mut();
    for block in blocks {
        *block = descramble_block(*block);
    }
    permute_tail(tail);
    for (byte, key) in tail.iter_mut().zip(KEY) {
        *byte ^= key;
    }
}

fn descramble_block(block: [u8; 16]) -> [u8; 16] {
    rotate(xor(permute(rotate(block, [29, 25, 21, 17]))), [31, 27, 23, 19])
}

fn is_partial(header: &[u8]) -> bool {
    header.len() >= 16 && header.get(3).is_some_and(|flags| flags & 1 != 0)
}

/// Rotates each little-endian word to the right.
fn rotate(block: [u8; 16], by: [u32; 4]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    let [r0, r1, r2, r3] = by;
    let [a, b, c, d] = u32::from_le_bytes([a, b, c, d]).rotate_right(r0).to_le_bytes();
    let [e, f, g, h] = u32::from_le_bytes([e, f, g, h]).rotate_right(r1).to_le_bytes();
    let [i, j, k, l] = u32::from_le_bytes([i, j, k, l]).rotate_right(r2).to_le_bytes();
    let [m, n, o, p] = u32::from_le_bytes([m, n, o, p]).rotate_right(r3).to_le_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

fn xor(block: [u8; 16]) -> [u8; 16] {
    (u128::from_ne_bytes(block) ^ u128::from_ne_bytes(KEY)).to_ne_bytes()
}

/// Its own inverse.
fn permute(block: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [l, j, i, p, n, k, m, o, c, b, f, a, g, e, h, d]
}

/// Its own inverse; a tail of any other length stays as it is.
fn permute_tail(tail: &mut [u8]) {
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
