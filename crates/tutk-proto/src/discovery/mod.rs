//! Which cameras are there: one search, or a browser that keeps up with them.

mod answers;
mod browser;
mod search;

pub use answers::Answers;
pub use browser::{Browser, BrowserEvent, MAX_CAMERAS};
pub(crate) use search::Responder;
pub use search::{DiscoveredCamera, Search};
