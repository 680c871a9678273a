//! A session with the other side: what both roles have in common.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tutk::proto::{CloseReason, Generation};
use tutk::{AvEvent, Camera, Channel, Events, SessionError, Uid, ViewerEvent, ViewerId};

use crate::av::Av;
use crate::codes::*;

/// Channels of a session.
pub(crate) const CHANNELS: u8 = 32;

/// Tells the application that the session with this id is over, and why.
pub(crate) type OnEnd = Box<dyn Fn(i32, Code) + Send>;

pub(crate) struct Session {
    pub(crate) uid: Uid,
    pub(crate) remote: SocketAddr,
    pub(crate) is_camera: bool,
    /// The generation of the other side's protocol; of a viewer it is not known.
    pub(crate) generation: Option<Generation>,
    /// What the application knows it by; -1 before it does.
    pub(crate) id: AtomicI32,
    peer: Mutex<Peer>,
    state: Mutex<State>,
}

enum Peer {
    Viewer { session: tutk::Session, pump: Option<JoinHandle<()>> },
    Camera { camera: Camera, viewer: ViewerId },
    Closed,
}

struct State {
    ended: Option<End>,
    /// A bit for each channel that is on.
    on: u32,
    avs: BTreeMap<u8, Arc<Av>>,
    on_end: Option<OnEnd>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    fn new(uid: Uid, remote: SocketAddr, generation: Option<Generation>, is_camera: bool, peer: Peer) -> Arc<Self> {
        let state = State { ended: None, on: 1, avs: BTreeMap::new(), on_end: None };
        Arc::new(Self {
            uid,
            remote,
            generation,
            is_camera,
            id: AtomicI32::new(-1),
            peer: Mutex::new(peer),
            state: Mutex::new(state),
        })
    }

    /// A viewer's session, with the thread that drives it.
    pub(crate) fn viewer(uid: Uid, (session, events): (tutk::Session, Events)) -> Result<Arc<Self>, Code> {
        let (remote, generation) = (session.camera().address, Generation(session.camera().generation));
        let peer = Peer::Viewer { session, pump: None };
        let session = Self::new(uid, remote, Some(generation), false, peer);
        let driven = session.clone();
        let thread = thread::Builder::new()
            .name("tutk-session".into())
            .spawn(move || driven.drive(events))
            .map_err(|_| IOTC_ER_RESOURCE_ERROR)?;
        if let Peer::Viewer { pump, .. } = &mut *lock(&session.peer) {
            *pump = Some(thread);
        }
        Ok(session)
    }

    /// A camera's session with one viewer; the camera's thread drives it.
    pub(crate) fn camera(uid: Uid, remote: SocketAddr, camera: Camera, viewer: ViewerId) -> Arc<Self> {
        Self::new(uid, remote, None, true, Peer::Camera { camera, viewer })
    }

    fn drive(&self, mut events: Events) {
        let error = loop {
            match events.next_event() {
                Ok(ViewerEvent::Av { channel, event }) => self.deliver(channel, event),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        self.end(match error {
            SessionError::ClosedByCamera => End::ByRemote,
            SessionError::Cancelled | SessionError::Closed => End::Closed,
            SessionError::Other(reason) => security_code(reason).map_or(End::Silent, End::Security),
            _ => End::Silent,
        });
    }

    pub(crate) fn deliver(&self, channel: u8, event: AvEvent) {
        let av = lock(&self.state).avs.get(&channel).cloned();
        if let Some(av) = av {
            av.handle(event);
        }
    }

    /// The session is over: this ends each wait in it. The first reason counts.
    pub(crate) fn end(&self, end: End) {
        let (avs, on_end) = {
            let mut state = lock(&self.state);
            if state.ended.is_some() {
                return;
            }
            state.ended = Some(end);
            (std::mem::take(&mut state.avs), state.on_end.take())
        };
        for av in avs.into_values() {
            av.end(end);
        }
        let id = self.id.load(Ordering::Acquire);
        if let Some(on_end) = on_end
            && end != End::Closed
            && id >= 0
        {
            on_end(id, end.iotc());
        }
    }

    /// Ends the session from this side, and leaves no thread behind.
    pub(crate) fn close(&self) {
        self.end(End::Closed);
        // The lock is not held while this waits for the thread, which may be in a callback that closes as well.
        let peer = std::mem::replace(&mut *lock(&self.peer), Peer::Closed);
        match peer {
            Peer::Viewer { session, pump } => {
                session.close();
                // An application may close from within a callback, which is the thread itself.
                if let Some(pump) = pump
                    && pump.thread().id() != thread::current().id()
                {
                    let _ = pump.join();
                }
            }
            Peer::Camera { camera, viewer } => camera.close_viewer(viewer),
            Peer::Closed => {}
        }
    }

    /// The channel with this number, unless this side has closed the session.
    pub(crate) fn channel(&self, number: u8) -> Option<Channel> {
        match &*lock(&self.peer) {
            Peer::Viewer { session, .. } => session.channel(number),
            Peer::Camera { camera, viewer } => Some(camera.channel(*viewer, number)),
            Peer::Closed => None,
        }
    }

    /// Why the session is over, if it is.
    pub(crate) fn ended(&self) -> Option<End> {
        lock(&self.state).ended
    }

    pub(crate) fn check(&self) -> Result<(), Code> {
        self.ended().map_or(Ok(()), |end| Err(end.iotc()))
    }

    /// Puts an AV channel in a free channel of the session.
    pub(crate) fn add(&self, channel: u8, av: Arc<Av>) -> Result<(), Code> {
        let mut state = lock(&self.state);
        if let Some(end) = state.ended {
            return Err(end.av());
        }
        if state.avs.contains_key(&channel) {
            return Err(AV_ER_INVALID_ARG);
        }
        state.on |= bit(channel);
        state.avs.insert(channel, av);
        Ok(())
    }

    /// The AV channel in a channel.
    pub(crate) fn av(&self, channel: u8) -> Option<Arc<Av>> {
        lock(&self.state).avs.get(&channel).cloned()
    }

    /// Takes an AV channel out, unless another one is in its place by now.
    pub(crate) fn remove(&self, av: &Arc<Av>) {
        let mut state = lock(&self.state);
        if state.avs.get(&av.channel).is_some_and(|other| Arc::ptr_eq(other, av)) {
            // Under the lock, so that the one that comes next is not stopped.
            // A session that is over has no channel to stop.
            let _ = self.channel(av.channel).map(|channel| channel.stop());
            state.avs.remove(&av.channel);
        }
    }

    /// Finds a channel that is off, and turns it on.
    pub(crate) fn free_channel(&self) -> Result<u8, Code> {
        self.check()?;
        let on = &mut lock(&self.state).on;
        let channel = on.trailing_ones() as u8;
        if channel >= CHANNELS {
            return Err(IOTC_ER_SESSION_NO_FREE_CHANNEL);
        }
        *on |= bit(channel);
        Ok(channel)
    }

    pub(crate) fn switch(&self, channel: u8, on: bool) -> Result<(), Code> {
        self.check()?;
        if channel >= CHANNELS {
            return Err(IOTC_ER_CH_NOT_ON);
        }
        let state = &mut lock(&self.state);
        if on {
            state.on |= bit(channel);
        } else if channel != 0 {
            state.on &= !bit(channel);
        }
        Ok(())
    }

    /// Whether a channel is on.
    pub(crate) fn is_on(&self, channel: u8) -> Result<bool, Code> {
        self.check()?;
        if channel >= CHANNELS {
            return Err(IOTC_ER_INVALID_ARG);
        }
        Ok(lock(&self.state).on & bit(channel) != 0)
    }

    /// Sets whether only the first 64 bytes of what this side sends are scrambled.
    pub(crate) fn set_partial_scramble(&self, partial: bool) -> Result<(), Code> {
        self.check()?;
        match &*lock(&self.peer) {
            Peer::Viewer { session, .. } => session.set_partial_scramble(partial),
            Peer::Camera { camera, viewer } => camera.set_partial_scramble(*viewer, partial),
            Peer::Closed => return Err(IOTC_ER_INVALID_SID),
        }
        Ok(())
    }

    /// Whom to tell when the other side ends the session.
    pub(crate) fn tell(&self, on_end: Option<OnEnd>) -> Result<(), Code> {
        self.check()?;
        lock(&self.state).on_end = on_end;
        Ok(())
    }
}

/// What the AV module says of a session that is not encrypted as it was to be.
fn security_code(reason: CloseReason) -> Option<Code> {
    match reason {
        CloseReason::WrongPassword { .. } => Some(AV_ER_DTLS_WRONG_PWD),
        CloseReason::UnknownAccount => Some(AV_ER_DTLS_AUTH_FAIL),
        CloseReason::CameraIsPlain => Some(AV_ER_REMOTE_NOT_SUPPORT_DTLS),
        // As the vendor's library has it.
        CloseReason::CameraIsEncrypted => Some(AV_ER_LOCAL_NOT_SUPPORT_DTLS),
        CloseReason::Encryption(_) | CloseReason::EncryptionUnavailable => Some(AV_ER_FAIL_CREATE_DTLS),
        _ => None,
    }
}

fn bit(channel: u8) -> u32 {
    1u32.checked_shl(channel.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::Role;

    #[test]
    fn a_channel_that_is_over_takes_no_other_with_it() {
        let uid = "ABCDEFGHJKLMNPQRST12".parse().unwrap();
        let session = Session::new(uid, ([127, 0, 0, 1], 1).into(), None, false, Peer::Closed);
        let [first, second] = [(); 2].map(|()| Av::new(session.clone(), 3, Role::Client, 0));
        session.add(3, first.clone()).unwrap();
        first.stop();
        session.add(3, second.clone()).unwrap();
        // The start of the first one fails after avDeInitialize, which has stopped it.
        first.stop();
        assert!(session.av(3).is_some_and(|av| Arc::ptr_eq(&av, &second)));
        second.stop();
        assert!(session.av(3).is_none());
    }

    /// The camera has no such viewer any more; the event that says so comes before, with or after the call.
    #[test]
    fn a_command_to_an_ended_session_waits_for_the_reason() {
        let uid = format!("CAPI{:016X}", getrandom::u64().unwrap()).parse().unwrap();
        let (camera, _events) = tutk::Camera::open(tutk::CameraOptions::new(uid)).unwrap();
        for round in 0..100 {
            let session = Session::camera(uid, ([127, 0, 0, 1], 1).into(), camera.clone(), ViewerId(round));
            let av = Av::new(session.clone(), 0, Role::Server, 0);
            session.add(0, av.clone()).unwrap();
            let ends = thread::spawn(move || session.end(End::ByRemote));
            let served = av.let_in(|_, _| true, true, 0, None);
            assert_eq!(served, Err(AV_ER_SESSION_CLOSE_BY_REMOTE), "round {round}");
            ends.join().unwrap();
        }
        camera.close();
    }
}
