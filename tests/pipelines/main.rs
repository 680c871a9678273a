//! `tutksrc` in pipelines as applications build them, over real pictures.

mod b_frames;
#[path = "../common/mod.rs"]
mod common;
mod conventions;
mod cuts;
mod fallback;
mod recording;
mod restarts;
mod states;
mod waiting;
