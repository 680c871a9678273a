use crate::events::{self, Events};
use crate::native;
use crate::session::{self, Session};
use crate::wake::{CancelHandle, Waker};
use crate::{Brand, ConnectError, OptionError, SessionOptions};

/// An attempt to get a session with a camera: [`wait`](Self::wait) makes it.
#[derive(Debug)]
pub struct Connecting {
    options: SessionOptions,
    waker: Waker,
}

impl Connecting {
    pub(crate) fn new(options: SessionOptions) -> Result<Self, ConnectError> {
        Ok(Self { options, waker: Waker::new()? })
    }

    /// A handle by which another thread cancels the attempt, and later the waits of the [`Events`].
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(&self.waker)
    }

    /// Cancels the attempt: [`wait`](Self::wait) fails with [`ConnectError::Cancelled`], and no camera keeps a place.
    pub fn cancel(&self) {
        self.waker.cancel();
    }

    /// Finds the camera, connects and logs in, through the backend that the options ask for and no other.
    ///
    /// If the camera does not answer at its address, the error says what a short search of the local networks finds. A call
    /// of the vendor's library that is cancelled may go on for a moment in the background; a session that comes of it is
    /// closed.
    pub fn wait(self) -> Result<(Session, Events), ConnectError> {
        if self.options.is_through_library() {
            if self.options.brand != Brand::Generic {
                return Err(OptionError::BrandIsNative { brand: self.options.brand }.into());
            }
            return self.wait_for_vendor();
        }
        let session = native::connect(self.options, &self.waker)?;
        let events = Events(events::Inner::Native(native::Events(session.clone())));
        Ok((Session(session::Inner::Native(session)), events))
    }

    #[cfg(feature = "vendor")]
    fn wait_for_vendor(self) -> Result<(Session, Events), ConnectError> {
        use crate::{backend, vendor};

        let Self { mut options, waker } = self;
        options.library = options.library.or_else(backend::library);
        let connected = match vendor::connect(options.clone(), &waker) {
            Err(ConnectError::NotFound { uid, .. }) if uid != uid.to_upper_case() => {
                options.uid = uid.to_upper_case();
                vendor::connect(options, &waker)
            }
            connected => connected,
        };
        let (session, events) = connected?;
        Ok((Session(session::Inner::Vendor(session)), Events(events::Inner::Vendor(events.into()))))
    }

    #[cfg(not(feature = "vendor"))]
    fn wait_for_vendor(self) -> Result<(Session, Events), ConnectError> {
        Err(crate::LibraryError::NotBuilt.into())
    }
}
