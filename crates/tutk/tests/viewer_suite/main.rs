//! What every session does, whatever drives it: the protocol in Rust, or a library with the vendor's interface.
//!
//! The library is the one that `TUTK_TEST_LIBRARY`, or else `TUTK_LIBRARY`, names; without one those tests say so and
//! pass. The camera is ours, in this process. A library of the vendor's asks the Internet for servers: run it where
//! there is none.

mod camera;
#[path = "../common/mod.rs"]
mod common;
mod suite;

use std::env;
use std::path::PathBuf;

use tutk::Backend;

/// What drives the sessions of a test.
#[derive(Clone, Debug)]
struct Through {
    backend: Backend,
    library: Option<PathBuf>,
}

impl Through {
    fn native() -> Option<Self> {
        Some(Self { backend: Backend::Native, library: None })
    }

    fn library() -> Option<Self> {
        let named = |name| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let library = named("TUTK_TEST_LIBRARY").or_else(|| named("TUTK_LIBRARY"));
        if library.is_none() {
            println!("TUTK_TEST_LIBRARY names no library: not tested");
        }
        library.map(|library| Self { backend: Backend::Vendor, library: Some(library) })
    }
}

macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod native {
            $(#[test]
            fn $test() {
                super::Through::native().iter().for_each(super::suite::$test);
            })*
        }
        mod library {
            $(#[test]
            fn $test() {
                super::Through::library().iter().for_each(super::suite::$test);
            })*
        }
    };
}

suite![
    frames_of_all_sizes_come_whole,
    io_controls_go_both_ways,
    a_wrong_password_is_refused,
    an_unknown_camera_is_not_found,
    a_full_camera_says_so,
    the_camera_closes,
    a_cancelled_session_goes_on_after_a_reset,
    a_deadline_ends_the_wait_and_nothing_else,
    a_cancelled_search_for_the_camera_ends,
    several_cameras_at_once,
    many_times_in_a_row,
    long_and_odd_credentials,
    the_session_tells_where_it_goes,
];
