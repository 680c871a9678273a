//! What bindgen makes of `include/tutk.h`; sizes and offsets of the structs are asserted in it at compile time.
#![allow(unsafe_code)]

#[allow(
    missing_docs,
    non_snake_case,
    non_camel_case_types,
    unsafe_op_in_unsafe_fn,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]
mod iotc {
    include!(concat!(env!("OUT_DIR"), "/iotc.rs"));
}

#[allow(
    missing_docs,
    non_snake_case,
    non_camel_case_types,
    unsafe_op_in_unsafe_fn,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]
mod av {
    include!(concat!(env!("OUT_DIR"), "/av.rs"));
}

pub use av::{Av, st_AVClientStartInConfig, st_AVClientStartOutConfig, st_FrameInfo};
pub use iotc::{Iotc, st_IOTCConnectInput, st_LanSearchInfo2, st_SInfo, st_SInfo3};

/// Codes that a viewer acts upon.
pub mod codes {
    pub use super::av::{
        AV_ER_BUFPARA_MAXSIZE_INSUFF, AV_ER_CLIENT_EXIT, AV_ER_DATA_NOREADY, AV_ER_INCOMPLETE_FRAME,
        AV_ER_LOSED_THIS_FRAME, AV_ER_SENDIOCTRL_EXIT, AV_ER_TIMEOUT,
    };
    pub use super::iotc::{IOTC_ER_ALREADY_INITIALIZED, IOTC_ER_FAIL_CONNECT_SEARCH};
}

/// How the two sides of a session reach each other.
pub mod modes {
    pub use super::iotc::{IOTC_MODE_LAN, IOTC_MODE_P2P, IOTC_MODE_RELAY};
}

/// Security of `avClientStartEx`.
pub mod security {
    pub use super::av::{AV_SECURITY_AUTO, AV_SECURITY_DTLS, AV_SECURITY_SIMPLE};
}
