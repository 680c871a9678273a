use crate::channel::AvEvent;

/// IO controls that wait for a login.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<(u32, Vec<u8>)>);

/// IO controls over this number are not sent.
const MAX_PENDING: usize = 256;

impl Pending {
    /// One more; returns what to report if there are too many.
    pub(crate) fn push(&mut self, kind: u32, body: Vec<u8>) -> Option<AvEvent> {
        if self.0.len() >= MAX_PENDING {
            return Some(AvEvent::IoControlUnconfirmed { kind });
        }
        self.0.push((kind, body));
        None
    }

    /// All of them, the oldest first.
    pub(crate) fn drain(&mut self) -> Vec<(u32, Vec<u8>)> {
        std::mem::take(&mut self.0)
    }
}
