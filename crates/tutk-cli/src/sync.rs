//! `tutk sync`: sets the camera's clock.

use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tutk::io_control::SET_TIME;
use tutk::{AvEvent, Brand, ConnectError, SessionError, ViewerEvent};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::session;

pub(crate) fn run(args: &args::Sync, console: &Console) -> Result<(), Failure> {
    let options = session::options(&args.camera, &args.network)?.with_streams(false, false);
    if options.brand != Brand::Generic {
        return Err(Failure::Usage(format!("the clock of a camera of brand {} cannot be set", options.brand)));
    }
    let uid = options.uid;
    let interrupt = Interrupt::new()?;
    let interrupted = || Failure::Other(format!("interrupted; whether camera {uid} has the time is not known"));
    let (session, mut events) = match session::open(options, &interrupt, console) {
        Err(ConnectError::Cancelled) if interrupt.came() => return Err(interrupted()),
        connected => connected?,
    };

    session.set_time(local_time(console)?)?;
    let deadline = Instant::now() + args.network.timeout();
    let unconfirmed = || Failure::Other(format!("camera {uid} did not confirm that it has the time; it may have it"));
    loop {
        match events.next_event_until(Some(deadline)) {
            Ok(Some(ViewerEvent::Av { event: AvEvent::IoControlConfirmed { kind: SET_TIME }, .. })) => break,
            Ok(Some(ViewerEvent::Av { event: AvEvent::IoControlUnconfirmed { kind: SET_TIME }, .. })) | Ok(None) => {
                return Err(unconfirmed());
            }
            Ok(_) => {}
            Err(SessionError::Cancelled) => return Err(interrupted()),
            Err(error) => return Err(error.into()),
        }
    }
    console.info(format_args!("camera {uid} has the time"));
    Ok(())
}

/// Seconds since 1970, counted in local time.
fn local_time(console: &Console) -> Result<u32, Failure> {
    let zone = TimeZone::try_system().unwrap_or_else(|error| {
        console.info(format_args!("this computer's time zone is not known, so UTC is used: {error}"));
        TimeZone::UTC
    });
    let now = Timestamp::now();
    let offset = zone.to_offset(now);
    let seconds = u32::try_from(now.as_second() + i64::from(offset.seconds()))
        .map_err(|_| Failure::Other(format!("cameras know no time such as this computer's, {now}")))?;
    console.debug(format_args!("local time: {} (UTC{offset})", now.to_zoned(zone).strftime("%F %T")));
    Ok(seconds)
}
