//! `tutksrc` in pipelines as applications build them, over real pictures.

#[path = "../common/mod.rs"]
mod common;
mod conventions;
mod fallback;
mod recording;
mod restarts;
mod states;
mod waiting;
