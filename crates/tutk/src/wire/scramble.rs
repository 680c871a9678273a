/// The first half of the key; no more of it is ever used.
const KEY: [u8; 16] = *b"Charlie is the d";

/// Bytes scrambled at most where bit 0 of the header's flags is set.
const PARTIAL: usize = 64;

/// Where each byte of a block goes to, and comes from: the permutation is its own inverse.
const ORDER: [usize; 16] = [11, 9, 8, 15, 13, 10, 12, 14, 2, 1, 5, 0, 6, 4, 7, 3];

/// Obfuscates a plain datagram in place, as it goes over the network. This is no encryption: the key is fixed.
pub fn scramble(datagram: &mut [u8]) {
    let part = if is_partial(datagram) { datagram.len().min(PARTIAL) } else { datagram.len() };
    let (blocks, tail) = datagram.split_at_mut(part).0.as_chunks_mut();
    for block in blocks {
        *block = scramble_block(*block);
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

fn is_partial(header: &[u8]) -> bool {
    header.len() >= 16 && header.get(3).is_some_and(|flags| flags & 1 != 0)
}

fn scramble_block(block: [u8; 16]) -> [u8; 16] {
    let rotated = rotate(words(block), [31, 27, 23, 19]);
    bytes(rotate(permute(xor(rotated)), [29, 25, 21, 17]))
}

fn descramble_block(block: [u8; 16]) -> [u8; 16] {
    let rotated = rotate(words(block), [3, 7, 11, 15]);
    bytes(rotate(xor(permute(rotated)), [1, 5, 9, 13]))
}

fn words(block: [u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_le_bytes)
}

fn bytes(words: [u32; 4]) -> [u8; 16] {
    let [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]] = words.map(u32::to_le_bytes);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Rotates each word to the left.
fn rotate(words: [u32; 4], by: [u32; 4]) -> [u32; 4] {
    let ([a, b, c, d], [i, j, k, l]) = (words, by);
    [a.rotate_left(i), b.rotate_left(j), c.rotate_left(k), d.rotate_left(l)]
}

fn xor(block: [u32; 4]) -> [u32; 4] {
    let ([a, b, c, d], [i, j, k, l]) = (block, words(KEY));
    [a ^ i, b ^ j, c ^ k, d ^ l]
}

/// Moves bytes by shifts of words, which compilers turn into far better code than single bytes.
fn permute(words: [u32; 4]) -> [u32; 4] {
    let byte = |from: usize| words[from / 4] >> (from % 4 * 8) & 0xFF;
    let word = |to: usize| (0..4).fold(0, |word, at| word | byte(ORDER[to * 4 + at]) << (at * 8));
    [word(0), word(1), word(2), word(3)]
}

/// Its own inverse, too; a tail of any other length stays as it is.
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
