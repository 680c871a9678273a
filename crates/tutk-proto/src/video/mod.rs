//! Looks into the elementary streams of cameras: what is in a frame, where a picture begins, in which order pictures are
//! shown.
//!
//! Frame infos say what a frame is as well, and say it wrong in too many cameras: where the bytes tell, they count.
//!
//! The parameter sets and the headers of slices are read by a bit reader of this project's own. A few fields of them are of
//! use here, and whatever reads them must never panic. `h264-reader` 0.9 (MIT or Apache-2.0, maintained) would read those of
//! H.264, but no crate reads slice headers of H.265 under a permissive licence: `scuffle-h265` 0.2 ends with the sequence
//! parameter set, and `hevc_parser` 0.6 serves the tools of Dolby Vision, with `nom` and `anyhow` under it.

mod bits;
mod h264;
mod h265;
mod mpeg4;
mod nal;
mod order;
mod parser;
mod pictures;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tests;

pub use nal::is_key;
pub use order::{Order, Place};
pub use parser::{Alignment, DropReason, Dropped, Unit, VideoParser};
