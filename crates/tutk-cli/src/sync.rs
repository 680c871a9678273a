//! `tutk sync`: sets the camera's clock.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tutk::{ConnectError, Received, SessionError, io_control};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::session;

pub(crate) fn run(args: &args::Sync, console: &Console) -> Result<(), Failure> {
    let options = session::options(&args.camera, &args.network)?;
    let uid = options.uid;
    let interrupt = Interrupt::new()?;
    let interrupted = || Failure::Other(format!("interrupted; whether camera {uid} has the time is not known"));
    let session = match session::open(options, &interrupt, console) {
        Err(ConnectError::Cancelled) if interrupt.came() => return Err(interrupted()),
        session => session?,
    };

    session.send_io_control(io_control::SET_TIME, &local_time(console)?)?;
    let (_done, wait) = mpsc::channel::<()>();
    let (timeout, cancel) = (args.network.timeout(), interrupt.cancel.clone());
    thread::spawn(move || {
        if wait.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            cancel.cancel();
        }
    });
    let unconfirmed = || Failure::Other(format!("camera {uid} did not confirm that it has the time; it may have it"));
    loop {
        match session.receive() {
            Ok(Received::IoControlConfirmed { kind: io_control::SET_TIME }) => break,
            Ok(Received::IoControlUnconfirmed { kind: io_control::SET_TIME }) => return Err(unconfirmed()),
            Ok(_) => {}
            Err(SessionError::Cancelled) if interrupt.came() => return Err(interrupted()),
            Err(SessionError::Cancelled) => return Err(unconfirmed()),
            Err(error) => return Err(error.into()),
        }
    }
    console.info(format_args!("camera {uid} has the time"));
    Ok(())
}

/// The body that sets a camera's clock to the local time.
fn local_time(console: &Console) -> Result<[u8; 8], Failure> {
    let zone = TimeZone::try_system().unwrap_or_else(|error| {
        console.info(format_args!("this computer's time zone is not known, so UTC is used: {error}"));
        TimeZone::UTC
    });
    let now = Timestamp::now();
    let offset = zone.to_offset(now);
    let seconds = u32::try_from(now.as_second() + i64::from(offset.seconds()))
        .map_err(|_| Failure::Other(format!("cameras know no time such as this computer's, {now}")))?;
    console.debug(format_args!("local time: {} (UTC{offset})", now.to_zoned(zone).strftime("%F %T")));
    Ok(io_control::set_time(seconds))
}
