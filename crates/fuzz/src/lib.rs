//! Bodies of the fuzz targets of the protocol: each takes any bytes, and panics where something that must hold does not.
//!
//! `cargo fuzz` runs them (`fuzz/README.md`), and so does `cargo test`, which [replays](replay()) the seeds of
//! `fuzz/seeds`.

#![forbid(unsafe_code)]

mod browser;
mod camera;
mod encrypted;
mod input;
mod machine;
mod peer;
mod replay;
mod search;
mod session;
mod video;
mod viewer;
mod wire;

pub use browser::browser;
pub use camera::camera;
pub use encrypted::{encrypted_camera, encrypted_viewer};
pub use replay::replay;
pub use search::search;
pub use session::session;
pub use video::video;
pub use viewer::viewer;
pub use wire::{message, scramble};

#[cfg(test)]
mod fuzz {
    use super::replay;

    #[test]
    fn browser() {
        replay("browser", super::browser);
    }

    #[test]
    fn camera() {
        replay("camera", super::camera);
    }

    #[test]
    fn encrypted_camera() {
        replay("encrypted_camera", super::encrypted_camera);
    }

    #[test]
    fn encrypted_viewer() {
        replay("encrypted_viewer", super::encrypted_viewer);
    }

    #[test]
    fn message() {
        replay("message", super::message);
    }

    #[test]
    fn scramble() {
        replay("scramble", super::scramble);
    }

    #[test]
    fn search() {
        replay("search", super::search);
    }

    #[test]
    fn session() {
        replay("session", super::session);
    }

    #[test]
    fn video() {
        replay("video", super::video);
    }

    #[test]
    fn viewer() {
        replay("viewer", super::viewer);
    }
}
