use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;

use crate::{Cancel, Error};

/// Waits until `deadline`, or until `event` is written. Fails with [`Error::Cancelled`] as soon as the handle is.
pub(super) fn wait(cancel: &Cancel, event: Option<&EventFd>, deadline: Option<Instant>) -> Result<(), Error> {
    cancel.check()?;
    let left = deadline.map(|deadline| TimeSpec::from(deadline.saturating_duration_since(Instant::now())));
    let mut fds = vec![PollFd::new(cancel.event().as_fd(), PollFlags::POLLIN)];
    fds.extend(event.map(|event| PollFd::new(event.as_fd(), PollFlags::POLLIN)));
    // Interrupted by a signal: the caller looks again, as after any other return.
    let _ = ppoll(&mut fds, left, None);
    if cancel.check().is_err() {
        return Err(Error::Cancelled);
    }
    cancel.drain();
    Ok(())
}
