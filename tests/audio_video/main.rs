//! Picture and sound of a camera together.

mod clocks;
#[path = "../common/mod.rs"]
mod common;
mod lip_sync;
mod record;
mod recordings;
mod scene;
