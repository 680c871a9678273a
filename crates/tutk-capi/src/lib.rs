//! The vendor's C ABI over native sessions: what programs written for `libIOTCAPIs_ALL.so` call on a LAN.
//!
//! * `abi`: the functions themselves, thin, and all `unsafe` code;
//! * `state`: sessions and AV channels under the small numbers that C knows them by;
//! * `session`, `viewer`, `camera`: sessions in both roles, each driven by a thread of ours;
//! * `av`, `queue`: what came and waits for the application.
//!
//! Where it differs from the vendor's library, on purpose:
//!
//! | what | vendor's | here |
//! | --- | --- | --- |
//! | null pointers, numbers out of range, calls before initialisation | crash in part | an error code |
//! | `IOTC_Device_Login` | -41 or the like until a server answers | 0 once the camera is on the LAN |
//! | unknown camera | -41, -90, -15 … from the servers | -19 |
//! | frames that are not whole (-20013) | delivered cut | -20014: only whole frames are delivered |
//! | the application fetches too slowly | the camera's video stops | the oldest frames are dropped up to a key frame, each told by -20014 |
//! | codes for an ended session | -20015 or -20016 once, then -20010 | the same until the channel is stopped |
//! | an IO control that the other side never confirms | repeated without end | -20011 after about 10 s |
//! | a block of audio or an IO control larger than the buffer | dropped, -20001 | the same |
//! | structs that say their size | that size alone, or the like | all that hold what is needed |
//! | `avClientCleanBuf`, `avClientCleanVideoBuf` | ask the camera to forget, too | forget what this side has |
//! | `avClientStart`, `avClientStart2` with a camera that has DTLS | -20049 | encrypted |
//! | security mode of the channels of a session | each its own | that of the first one; another one is -20039 or -20049 |
//! | functions of the application that `avServStartEx` asks for passwords and tokens | | must not call this library: it answers with errors |
//! | `two_way_streaming` | 1 between libraries 4.x | 0: a client sends no audio |
//! | `avServSetResendSize`, `avServSetMaxBufSize`, `avServSetDelayInterval` | set sizes and pace | accepted: 1 MiB is kept to be sent again |
//!
//! `IOTC_Get_Version` and the structs that do not say their size, `st_SInfo` and `st_SearchDeviceInfo`, are those of 1.13 until
//! the program calls a function that only 4.x has, as `TUTK_SDK_Set_License_Key` or `avClientStartEx`; then they are those of 4.2.
//! A program for 3.1 calls none of these, and needs `IOTC_Session_Check_Ex`.
//!
//! What there is no way to do on a LAN returns the vendor's own code for that, as the table in `abi/unsupported.rs` says.

// The file's name is the vendor's.
#![allow(non_snake_case)]

#[cfg(panic = "abort")]
compile_error!("a panic must not end the program that uses this library: build with panic = \"unwind\"");

mod abi;
mod av;
mod camera;
mod codes;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod queue;
mod session;
mod state;
mod viewer;
