//! The C interface of ThroughTek's IOTC/AV library ("TUTK", "Kalay"), loaded at run time.
//!
//! The library itself is closed and comes from the vendor. Nothing of it is in here, and nothing is linked: `include/tutk.h`
//! describes the functions, and [`Library::load`] takes them from a file that the user has.
//!
//! Loading a library runs its code in this process, with all that this process may do.

#[cfg(not(unix))]
compile_error!("the vendor's libraries are for Unix; build without the feature `vendor`");

mod bindings;
mod error;
mod library;

pub use bindings::{Av, Iotc, codes, modes, security};
pub use bindings::{
    st_AVClientStartInConfig, st_AVClientStartOutConfig, st_FrameInfo, st_IOTCConnectInput, st_LanSearchInfo2,
    st_SInfo, st_SInfo3,
};
pub use error::{Attempt, LoadError};
pub use library::Library;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
