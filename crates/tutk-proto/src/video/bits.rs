/// Reads the bits of a NAL unit, without the bytes that keep start codes out of it (`emulation_prevention_three_byte`).
///
/// Every method returns `None` where the bits end.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Zero bytes right before the next one.
    zeros: u32,
    current: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), zeros: 0, current: 0, left: 0 }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.current = self.byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(self.current >> self.left & 1 == 1)
    }

    /// At most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.flag().map(drop))
    }

    /// `ue(v)`, up to `max`; a larger value is none.
    pub(super) fn ue(&mut self, max: u32) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let value = (1u32 << zeros) - 1 + self.bits(zeros)?;
        (value <= max).then_some(value)
    }

    /// `se(v)`
    pub(super) fn se(&mut self) -> Option<i64> {
        let value = i64::from(self.ue(u32::MAX)?);
        Some(if value & 1 == 1 { (value + 1) / 2 } else { -(value / 2) })
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = *self.bytes.next()?;
        if self.zeros >= 2 && byte == 3 {
            self.zeros = 0;
            byte = *self.bytes.next()?;
        }
        self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_standards_write_them() {
        // 1 | 010 | 011 | 00100 | 00101 and padding.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!((0..4).map(|_| bits.ue(9)).collect::<Vec<_>>(), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(bits.se(), Some(-2));
        assert_eq!(Bits::new(&[0b0010_0000]).ue(2), None, "too large");
        assert_eq!(Bits::new(&[0; 9]).ue(u32::MAX), None, "no end");
        assert_eq!(Bits::new(&[0, 0, 0, 1, 255, 255, 255, 254]).ue(u32::MAX), Some(u32::MAX - 1));
        assert_eq!(Bits::new(&[1]).bits(9), None, "too short");
    }

    #[test]
    fn emulation_prevention_bytes_are_left_out() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3]);
        assert_eq!(bits.bits(24), Some(1));
        assert_eq!(bits.bits(32), Some(0));
        assert_eq!(bits.flag(), None);
    }
}
