//! What the process has: sessions and AV channels under small numbers, and one camera.
//!
//! The lock is never held while something blocks, or while a session or a channel is asked to do something.

mod avs;
mod search;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tutk::{AuthKey, CancelHandle, Uid};

use crate::av::Av;
use crate::camera::{Host, Settings};
use crate::codes::*;
use crate::session::{Session, lock};
use crate::viewer::{self, How, SILENCE};

/// The registry of this process.
pub(crate) static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::default);

#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    /// A viewer arrived, or whoever waits for one is to stop.
    arrived: Condvar,
}

/// Tells the application how the camera can be reached.
pub(crate) type OnLogin = Arc<dyn Fn(u32) + Send + Sync>;

struct Inner {
    /// Which initialisation this is; `None` before the first and after the last.
    epoch: Option<u64>,
    epochs: u64,
    port: u16,
    max_sessions: usize,
    connect_timeout: Duration,
    silence: Duration,
    search: Option<search::Searching>,
    sessions: BTreeMap<i32, Slot>,
    /// Only one `IOTC_Connect_ByUID` at a time.
    connecting: bool,
    /// 0 before `avInitialize`.
    max_avs: i32,
    avs: BTreeMap<i32, Arc<Av>>,
    video_limit: usize,
    name: String,
    host: Option<Arc<Host>>,
    on_login: Option<OnLogin>,
    waiting: VecDeque<Arc<Session>>,
    listening: bool,
    exit_listen: bool,
}

enum Slot {
    Reserved,
    Connecting(CancelHandle),
    Open(Arc<Session>),
}

/// The vendor's default on such a system.
const MAX_SESSIONS: usize = 128;
/// Finding a camera and connecting to it must each be done in this time.
const CONNECT: Duration = Duration::from_secs(5);
/// Video that waits for the application.
const VIDEO_LIMIT: usize = 8 << 20;

/// The same as the application sets it; 0 is the default.
pub(crate) fn video_limit(kibibytes: u64) -> usize {
    if kibibytes == 0 { VIDEO_LIMIT } else { (kibibytes as usize).min(1 << 20) << 10 }
}
/// The camera can be reached from the LAN.
const ON_LAN: u32 = 1;

impl Default for Inner {
    fn default() -> Self {
        Self {
            epoch: None,
            epochs: 0,
            port: 0,
            max_sessions: MAX_SESSIONS,
            connect_timeout: CONNECT,
            silence: SILENCE,
            search: None,
            sessions: BTreeMap::new(),
            connecting: false,
            max_avs: 0,
            avs: BTreeMap::new(),
            video_limit: VIDEO_LIMIT,
            name: String::new(),
            host: None,
            on_login: None,
            waiting: VecDeque::new(),
            listening: false,
            exit_listen: false,
        }
    }
}

impl Inner {
    fn check(&self) -> Result<u64, Code> {
        self.epoch.ok_or(IOTC_ER_NOT_INITIALIZED)
    }

    fn free_id(&self) -> Result<i32, Code> {
        let most = self.max_sessions as i32;
        (0..most).find(|id| !self.sessions.contains_key(id)).ok_or(IOTC_ER_EXCEED_MAX_SESSION)
    }

    fn session(&self, id: i32) -> Result<Arc<Session>, Code> {
        self.check()?;
        match self.sessions.get(&id) {
            Some(Slot::Open(session)) => Ok(session.clone()),
            _ => Err(IOTC_ER_INVALID_SID),
        }
    }

    fn open(&mut self, id: i32, session: Arc<Session>) {
        session.id.store(id, Ordering::Release);
        self.sessions.insert(id, Slot::Open(session));
    }
}

impl Registry {
    pub(crate) fn initialize(&self, port: u16) -> Result<(), Code> {
        let mut inner = lock(&self.inner);
        if inner.epoch.is_some() {
            return Err(IOTC_ER_ALREADY_INITIALIZED);
        }
        inner.epochs += 1;
        inner.epoch = Some(inner.epochs);
        inner.port = port;
        Ok(())
    }

    /// Ends everything, each wait included.
    pub(crate) fn deinitialize(&self) -> Result<(), Code> {
        let old = {
            let mut inner = lock(&self.inner);
            inner.check()?;
            let (epochs, max_sessions, listening) = (inner.epochs, inner.max_sessions, inner.listening);
            let (max_avs, video_limit, silence) = (inner.max_avs, inner.video_limit, inner.silence);
            let fresh = Inner { epochs, max_sessions, listening, max_avs, video_limit, silence, ..Inner::default() };
            self.arrived.notify_all();
            std::mem::replace(&mut *inner, fresh)
        };
        for av in old.avs.values() {
            av.end(End::Closed);
        }
        for slot in old.sessions.into_values() {
            match slot {
                Slot::Open(session) => session.close(),
                Slot::Connecting(cancel) => cancel.cancel(),
                Slot::Reserved => {}
            }
        }
        for session in old.waiting {
            session.close();
        }
        if let Some(search) = old.search {
            search.stop();
        }
        drop(old.host);
        Ok(())
    }

    pub(crate) fn set_max_sessions(&self, most: u64) {
        let mut inner = lock(&self.inner);
        if inner.epoch.is_none() {
            inner.max_sessions = most.clamp(1, 4096) as usize;
        }
    }

    pub(crate) fn set_connect_timeout(&self, timeout: Duration) {
        lock(&self.inner).connect_timeout = if timeout.is_zero() { CONNECT } else { timeout };
    }

    pub(crate) fn set_silence(&self, silence: Duration) {
        lock(&self.inner).silence = if silence.is_zero() { SILENCE } else { silence };
    }

    pub(crate) fn check(&self) -> Result<(), Code> {
        lock(&self.inner).check().map(drop)
    }

    pub(crate) fn session(&self, id: i32) -> Result<Arc<Session>, Code> {
        lock(&self.inner).session(id)
    }

    /// A number for a session that is to come.
    pub(crate) fn reserve(&self) -> Result<i32, Code> {
        let mut inner = lock(&self.inner);
        inner.check()?;
        let id = inner.free_id()?;
        inner.sessions.insert(id, Slot::Reserved);
        Ok(id)
    }

    /// Connects, one call at a time.
    pub(crate) fn connect_alone(&self, uid: Result<Uid, Code>) -> Result<i32, Code> {
        {
            let mut inner = lock(&self.inner);
            inner.check()?;
            uid?;
            if inner.connecting {
                return Err(IOTC_ER_CONNECT_IS_CALLING);
            }
            inner.connecting = true;
        }
        let result = self.reserve().and_then(|id| self.connect(uid, id, None, None));
        lock(&self.inner).connecting = false;
        result
    }

    /// Connects under a number that was reserved; the number is free again if that fails. Default of `timeout`: what
    /// [`set_connect_timeout`](Self::set_connect_timeout) set.
    pub(crate) fn connect(
        &self,
        uid: Result<Uid, Code>,
        id: i32,
        auth_key: Option<AuthKey>,
        timeout: Option<Duration>,
    ) -> Result<i32, Code> {
        let (uid, epoch, connecting) = {
            let mut inner = lock(&self.inner);
            let epoch = inner.check()?;
            let uid = uid?;
            let (timeout, silence) = (timeout.unwrap_or(inner.connect_timeout), inner.silence);
            let slot = inner.sessions.get_mut(&id).filter(|slot| matches!(slot, Slot::Reserved));
            let slot = slot.ok_or(IOTC_ER_INVALID_SID)?;
            let connecting = viewer::connecting(uid, How { timeout, silence, auth_key })?;
            *slot = Slot::Connecting(connecting.cancel_handle());
            (uid, epoch, connecting)
        };
        let session = viewer::connect(connecting).and_then(|connected| Session::viewer(uid, connected));
        let mut inner = lock(&self.inner);
        if inner.epoch != Some(epoch) {
            drop(inner);
            if let Ok(session) = session {
                session.close();
            }
            return Err(IOTC_ER_NOT_INITIALIZED);
        }
        match session {
            Ok(session) => {
                inner.open(id, session);
                Ok(id)
            }
            Err(code) => {
                inner.sessions.remove(&id);
                Err(code)
            }
        }
    }

    /// Ends the connecting under this number, or under all.
    pub(crate) fn stop_connecting(&self, id: Option<i32>) -> Result<(), Code> {
        let inner = lock(&self.inner);
        inner.check()?;
        if id.is_some_and(|id| id < 0 || id as usize >= inner.max_sessions) {
            return Err(IOTC_ER_INVALID_SID);
        }
        for (_, slot) in inner.sessions.iter().filter(|(other, _)| id.is_none_or(|id| id == **other)) {
            if let Slot::Connecting(cancel) = slot {
                cancel.cancel();
            }
        }
        Ok(())
    }

    /// Closes a session; what is not there is closed already.
    pub(crate) fn close(&self, id: i32) {
        let session = {
            let mut inner = lock(&self.inner);
            match inner.sessions.get(&id) {
                // The one that connects frees the number.
                Some(Slot::Connecting(cancel)) => {
                    cancel.cancel();
                    None
                }
                Some(_) => inner.sessions.remove(&id),
                None => None,
            }
        };
        if let Some(Slot::Open(session)) = session {
            session.close();
        }
    }

    /// Puts the camera on the LAN.
    pub(crate) fn log_in(&self, uid: Result<Uid, Code>, name: String, auth_key: Option<AuthKey>) -> Result<(), Code> {
        let (uid, epoch, settings) = {
            let inner = lock(&self.inner);
            let epoch = inner.check()?;
            let uid = uid?;
            if let Some(host) = &inner.host {
                return if host.uid == uid { Ok(()) } else { Err(IOTC_ER_LOGIN_ALREADY_CALLED) };
            }
            let name = if inner.name.is_empty() { name } else { inner.name.clone() };
            let (port, max_viewers, silence) = (inner.port, inner.max_sessions, inner.silence);
            (uid, epoch, Settings { name, port, max_viewers, silence, auth_key })
        };
        let host = Arc::new(Host::open(uid, settings, move |session| REGISTRY.arrive(epoch, session))?);
        let on_login = {
            let mut inner = lock(&self.inner);
            if inner.epoch != Some(epoch) || inner.host.is_some() {
                let code = if inner.host.is_some() { IOTC_ER_LOGIN_ALREADY_CALLED } else { IOTC_ER_NOT_INITIALIZED };
                drop(inner);
                return Err(code);
            }
            inner.host = Some(host);
            inner.on_login.clone()
        };
        if let Some(on_login) = on_login {
            on_login(ON_LAN);
        }
        Ok(())
    }

    pub(crate) fn set_name(&self, name: String) {
        let host = {
            let mut inner = lock(&self.inner);
            inner.name.clone_from(&name);
            inner.host.clone()
        };
        if let Some(host) = host {
            host.set_name(name);
        }
    }

    /// How the camera can be reached.
    pub(crate) fn login_info(&self) -> u32 {
        if lock(&self.inner).host.is_some() { ON_LAN } else { 0 }
    }

    pub(crate) fn on_login(&self, on_login: Option<OnLogin>) {
        lock(&self.inner).on_login.clone_from(&on_login);
        if let Some(on_login) = on_login
            && self.login_info() != 0
        {
            on_login(ON_LAN);
        }
    }

    fn arrive(&self, epoch: u64, session: Arc<Session>) {
        let mut inner = lock(&self.inner);
        if inner.epoch == Some(epoch) {
            inner.waiting.retain(|session| session.ended().is_none());
            inner.waiting.push_back(session);
            self.arrived.notify_all();
        }
    }

    /// Waits for a viewer; without a timeout, until there is one.
    pub(crate) fn listen(&self, timeout: Option<Duration>) -> Result<i32, Code> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inner = lock(&self.inner);
        let epoch = inner.check()?;
        if inner.listening {
            return Err(IOTC_ER_LISTEN_ALREADY_CALLED);
        }
        inner.free_id()?;
        inner.listening = true;
        inner.exit_listen = false;
        let result = loop {
            if inner.epoch != Some(epoch) {
                break Err(IOTC_ER_NOT_INITIALIZED);
            }
            if std::mem::take(&mut inner.exit_listen) {
                break Err(IOTC_ER_EXIT_LISTEN);
            }
            inner.waiting.retain(|session| session.ended().is_none());
            if !inner.waiting.is_empty() {
                break inner.free_id().inspect(|id| {
                    if let Some(session) = inner.waiting.pop_front() {
                        inner.open(*id, session);
                    }
                });
            }
            inner = match until {
                None => self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break Err(IOTC_ER_TIMEOUT);
                    }
                    self.arrived.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        inner.listening = false;
        result
    }

    pub(crate) fn exit_listen(&self) {
        let mut inner = lock(&self.inner);
        inner.exit_listen = inner.listening;
        self.arrived.notify_all();
    }
}
