//! Speech to a camera's speaker: what elements have in common that speak or listen.

mod ears;
mod format;
mod sessions;
mod speaker;

pub(crate) use ears::{Ears, Heard as Spoken, Listener};
pub(crate) use format::{Heard, Speech};
pub(crate) use sessions::Sessions;
pub(crate) use speaker::{Speaker, Status, Unspoken};
