//! The records of a datagram, as far as anybody can read them.

use std::borrow::Cow;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const WARNING: u8 = 1;
/// Bytes that an encrypted record has at least: a byte of text, and a tag of 16.
const MIN_ENCRYPTED: usize = 17;
/// With 0x00AE: the initialisation vector, then text, HMAC and padding, of 16 bytes each or a multiple.
const MIN_CBC: usize = 64;
const CBC_BLOCK: usize = 16;

/// A record: what it holds, in which epoch, and all of its bytes.
struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
    bytes: &'a [u8],
}

/// The records, and as the last one what is no record, if there is any.
fn records(mut datagram: &[u8]) -> impl Iterator<Item = Result<Record<'_>, &[u8]>> {
    std::iter::from_fn(move || {
        if datagram.is_empty() {
            return None;
        }
        let read = || {
            let (header, rest) = datagram.split_first_chunk::<13>()?;
            let [kind, _, _, epoch_high, epoch_low, .., len_high, len_low] = *header;
            let (body, rest) = rest.split_at_checked(u16::from_be_bytes([len_high, len_low]).into())?;
            let bytes = datagram.get(..header.len() + body.len())?;
            Some((Record { kind, epoch: u16::from_be_bytes([epoch_high, epoch_low]), body, bytes }, rest))
        };
        match read() {
            Some((record, rest)) => {
                datagram = rest;
                Some(Ok(record))
            }
            None => Some(Err(std::mem::take(&mut datagram))),
        }
    })
}

/// How many records there are.
pub(crate) fn count(datagram: &[u8]) -> usize {
    records(datagram).count()
}

/// Whether there is a record of the handshake in the second epoch.
pub(crate) fn has_encrypted_handshake(datagram: &[u8]) -> bool {
    records(datagram).flatten().any(|record| record.kind == HANDSHAKE && record.epoch == 1)
}

/// What is left without the records that everybody can make and that OpenSSL ends an association at: encrypted ones that are too short,
/// and warnings in the clear, of which close_notify makes it deaf.
pub(crate) fn without_hopeless(datagram: &[u8], is_cbc: bool) -> Cow<'_, [u8]> {
    let is_hopeless = |record: &Record<'_>| match record.epoch {
        0 => record.kind == ALERT && record.body.first() == Some(&WARNING),
        _ if is_cbc => record.body.len() < MIN_CBC || !record.body.len().is_multiple_of(CBC_BLOCK),
        _ => record.body.len() < MIN_ENCRYPTED,
    };
    if !records(datagram).flatten().any(|record| is_hopeless(&record)) {
        return Cow::Borrowed(datagram);
    }
    let left = records(datagram).filter_map(|record| match record {
        Ok(record) => (!is_hopeless(&record)).then_some(record.bytes),
        Err(rest) => Some(rest),
    });
    Cow::Owned(left.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.len() as u8][..], body].concat()
    }

    #[test]
    fn encrypted_records_are_found_behind_others() {
        assert!(has_encrypted_handshake(
            &[record(22, 0, &[7; 5]), record(20, 0, &[1]), record(22, 1, &[7; 40])].concat()
        ));
        assert!(!has_encrypted_handshake(
            &[record(22, 0, &[7; 5]), record(20, 0, &[1]), record(23, 1, &[7; 40])].concat()
        ));
        for len in 0..13 {
            assert!(!has_encrypted_handshake(&record(22, 1, &[])[..len]));
        }
    }

    #[test]
    fn what_ends_an_association_is_left_out() {
        let good = [record(22, 0, &[7; 5]), record(21, 0, &[2, 20]), record(23, 1, &[7; 80])].concat();
        for is_cbc in [false, true] {
            assert_eq!(without_hopeless(&good, is_cbc), good);
            for bad in [record(21, 0, &[1, 0]), record(21, 1, &[2, 20]), record(23, 2, &[]), record(22, 1, &[7; 16])] {
                for rest in [&[][..], &[23, 0xFE]] {
                    let both = [&good[..], &bad, &good, rest].concat();
                    assert_eq!(without_hopeless(&both, is_cbc), [&good[..], &good, rest].concat());
                }
            }
        }
        let short = record(23, 1, &[7; 65]);
        assert_eq!((without_hopeless(&short, false).len(), without_hopeless(&short, true).len()), (78, 0));
    }

    #[test]
    fn any_bytes_are_read() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            let bytes: Vec<u8> = (0..random.usize(..60)).map(|_| random.u8(..4)).collect();
            assert!(without_hopeless(&bytes, random.bool()).len() <= bytes.len());
        }
    }
}
