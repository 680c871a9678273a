//! The built command against a camera in this process.

mod scan;
mod stream;
mod support;
mod sync;
mod talk;
mod usage;
