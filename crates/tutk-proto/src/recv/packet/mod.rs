//! The receiving side of media in packet style.

mod acks;
mod blocks;
mod frames;
mod receiver;

pub(crate) use acks::{AckTimer, Reported};
pub(crate) use receiver::Receiver;

/// A counter of 16 bits that wraps, as one that does not: the value next to `near`.
pub(crate) fn unwrap(near: u64, number: u16) -> u64 {
    let ahead = number.wrapping_sub(near as u16) as i16;
    near.saturating_add_signed(ahead.into())
}

/// What counters that begin with 0 begin with, unwrapped: there is room below.
pub(crate) const ORIGIN: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_unwrap_to_what_is_next_to_them() {
        assert_eq!(unwrap(ORIGIN, 0xffff), ORIGIN - 1);
        assert_eq!(unwrap(ORIGIN, 5), ORIGIN + 5);
        assert_eq!(unwrap(3 * ORIGIN - 1, 0), 3 * ORIGIN);
        assert_eq!(unwrap(3 * ORIGIN + 40_000, 40_000 - 32_768), 3 * ORIGIN + 40_000 - 32_768);
        assert_eq!(unwrap(3 * ORIGIN + 40_000, 7), 4 * ORIGIN + 7);
    }
}
