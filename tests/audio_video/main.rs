//! Picture and sound of a camera together.

#[path = "../common/mod.rs"]
mod common;
mod recordings;
mod scene;
