use std::time::Instant;

use crate::SessionError;
use crate::native;
use crate::proto::ViewerEvent;
#[cfg(feature = "vendor")]
use crate::vendor;
use crate::wake::CancelHandle;

/// What happens in a session. One thread has them: they receive from the camera and answer it while that thread waits in
/// [`next_event`](Self::next_event). Where no thread waits for longer than the camera's idle timeout, the camera drops the
/// session.
///
/// The session ends when they are dropped, whoever still has a [`Session`](crate::Session).
#[derive(Debug)]
pub struct Events(pub(crate) Inner);

#[derive(Debug)]
pub(crate) enum Inner {
    Native(native::Events),
    #[cfg(feature = "vendor")]
    Vendor(Box<vendor::Events>),
}

impl Events {
    /// Waits for what happens next: [`ViewerEvent::Av`] or [`ViewerEvent::ConflictingResponder`]. The vendor's library
    /// reports no conflicting responders.
    ///
    /// Errors are final, [`SessionError::Cancelled`] excepted: the session goes on once the handle is reset.
    pub fn next_event(&mut self) -> Result<ViewerEvent, SessionError> {
        loop {
            if let Some(event) = self.next_event_until(None)? {
                return Ok(event);
            }
        }
    }

    /// As [`next_event`](Self::next_event); none if `deadline` passes before something comes.
    pub fn next_event_until(&mut self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        match &mut self.0 {
            Inner::Native(events) => events.next_event_until(deadline),
            #[cfg(feature = "vendor")]
            Inner::Vendor(events) => events.next_event_until(deadline),
        }
    }

    /// A handle by which another thread ends the waits.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(match &self.0 {
            Inner::Native(events) => events.waker(),
            #[cfg(feature = "vendor")]
            Inner::Vendor(events) => events.waker(),
        })
    }
}
