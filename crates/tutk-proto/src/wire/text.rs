use std::fmt;

/// Text in a field of fixed size: what is before the first NUL, of any encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text in a field.
    pub fn in_field(field: &'a [u8]) -> Self {
        Self(field.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Appends the field to `out`, filled up with NULs. What does not fit is cut off, so that one NUL remains.
    pub(in crate::wire) fn put(&self, out: &mut Vec<u8>, field: usize) {
        let text = self.0.get(..field.saturating_sub(1)).unwrap_or(self.0);
        out.extend_from_slice(text);
        out.resize(out.len() + field.saturating_sub(text.len()), 0);
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::in_field(text.as_bytes())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.0).fmt(f)
    }
}
