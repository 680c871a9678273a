use super::Error;
use crate::Uid;

/// Takes fields off the front of a message.
pub(in crate::wire) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::wire) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(in crate::wire) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Error::Short)?;
        self.0 = rest;
        Ok(head)
    }

    pub(in crate::wire) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(Error::Short)?;
        self.0 = rest;
        Ok(head)
    }

    pub(in crate::wire) fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| *byte)
    }

    pub(in crate::wire) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    pub(in crate::wire) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Fails with [`Error::Contradiction`] if these bytes are no UID.
    pub(in crate::wire) fn uid(&mut self) -> Result<Uid, Error> {
        Uid::from_bytes(*self.array()?).ok_or(Error::Contradiction)
    }

    pub(in crate::wire) fn rest(self) -> &'a [u8] {
        self.0
    }
}
