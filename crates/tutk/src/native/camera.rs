use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::driver::Driver;
use super::udp::Udp;
use crate::brand::{CameraApp, Handled};
use crate::channel::Channel;
use crate::encryption;
use crate::error::check_credential;
use crate::proto::security::{Identity, Keys, Logins, Provider, Psk};
use crate::proto::{
    self, Access, AudioFormat, AuthKey, CameraConfig, CameraEvent, Generation, Link, VideoFrame, ViewerId,
};
use crate::sync::lock;
use crate::wake::Waker;
use crate::wire::{FrameInfo, MAX_NAME, SEARCH_PORT};
use crate::{
    Brand, CameraError, ChannelError, Encryption, Field, IoError, Mac, Operation, OptionError, Secret, SendError, Uid,
    io_control,
};

/// What a camera is called and whom it lets in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CameraOptions {
    /// The camera's UID.
    pub uid: Uid,
    /// The name that searches show, at most 131 bytes; default: empty.
    pub name: String,
    /// Who may log in; default: the account `admin` with an empty password. Account and password have at most 256 bytes.
    pub access: Access,
    /// The key that viewers must show to be given a session; default: none. It goes over the network readable by all. Viewers of
    /// generations before 0x17 cannot show one, and are refused where there is one. A camera of 0x09 has none.
    pub auth_key: Option<AuthKey>,
    /// The UDP port of sessions; default: 0, any.
    pub port: u16,
    /// Most viewers at once, at least 1; default: 16.
    pub max_viewers: usize,
    /// Whether lost datagrams are sent again; default: true.
    pub resend: bool,
    /// No datagram from a viewer for this long: it is gone; default: 15 s.
    pub idle_timeout: Duration,
    /// Whether the camera listens to viewers who speak; default: false. What it hears comes as
    /// [`CameraEvent::Talk`](crate::CameraEvent::Talk). Only with [`Access::Account`].
    pub speaker: bool,
    /// Whether sessions are encrypted; default: [`Encryption::Auto`], those of viewers that ask for it.
    pub encryption: Encryption,
    /// Identities with their tokens, which encrypted sessions let in besides the account; default: none.
    pub tokens: Vec<(String, Secret)>,
    /// The generation of the protocol that the camera speaks, up to [`Generation::NEWEST`], which is the default, or
    /// [`Generation::G1D`], whose framing only [`Brand::Wyze`] has. Viewers of
    /// others are spoken to as far as theirs goes.
    pub generation: Generation,
    /// The application of the camera's maker; default: [`Brand::Generic`].
    pub brand: Brand,
    /// The camera's MAC address, which [`Brand::Wyze`] makes the authentication key of; default: none.
    pub mac: Option<Mac>,
}

impl CameraOptions {
    /// The defaults for this UID.
    pub fn new(uid: Uid) -> Self {
        Self {
            uid,
            name: String::new(),
            access: Access::Account { account: "admin".into(), password: Secret::default() },
            auth_key: None,
            port: 0,
            max_viewers: 16,
            resend: true,
            idle_timeout: Duration::from_secs(15),
            speaker: false,
            encryption: Encryption::Auto,
            tokens: Vec::new(),
            generation: Generation::NEWEST,
            brand: Brand::Generic,
            mac: None,
        }
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets [`access`](Self::access) to one account.
    #[must_use]
    pub fn with_login(self, account: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.with_access(Access::Account { account: account.into(), password: password.into() })
    }

    /// Sets [`access`](Self::access).
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Sets [`auth_key`](Self::auth_key).
    #[must_use]
    pub fn with_auth_key(self, auth_key: AuthKey) -> Self {
        Self { auth_key: Some(auth_key), ..self }
    }

    /// Sets [`port`](Self::port).
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Sets [`max_viewers`](Self::max_viewers).
    #[must_use]
    pub fn with_max_viewers(self, max_viewers: usize) -> Self {
        Self { max_viewers, ..self }
    }

    /// Sets [`resend`](Self::resend).
    #[must_use]
    pub fn with_resend(self, resend: bool) -> Self {
        Self { resend, ..self }
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// Sets [`generation`](Self::generation).
    #[must_use]
    pub fn with_generation(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// Sets [`speaker`](Self::speaker).
    #[must_use]
    pub fn with_speaker(self, speaker: bool) -> Self {
        Self { speaker, ..self }
    }

    /// Sets [`encryption`](Self::encryption).
    #[must_use]
    pub fn with_encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// Adds to [`tokens`](Self::tokens).
    #[must_use]
    pub fn with_token(mut self, identity: impl Into<String>, token: impl Into<Secret>) -> Self {
        self.tokens.push((identity.into(), token.into()));
        self
    }

    /// Sets [`brand`](Self::brand) to [`Brand::Wyze`], with the camera's [`mac`](Self::mac), and
    /// [`encryption`](Self::encryption) to [`Encryption::Required`]. The password of [`access`](Self::access) is the ENR.
    #[must_use]
    pub fn with_wyze(self, mac: Mac) -> Self {
        Self { brand: Brand::Wyze, mac: Some(mac), encryption: Encryption::Required, ..self }
    }

    fn check(&self) -> Result<(), OptionError> {
        if let Access::Account { account, password } = &self.access {
            check_credential(Field::Account, account)?;
            check_credential(Field::Password, password.reveal())?;
        }
        if (self.auth_key.is_some() || self.brand == Brand::Wyze) && self.generation < Generation::G10 {
            return Err(OptionError::AuthKey { generation: self.generation.0 });
        }
        if self.generation >= Generation::G1D
            && (!self.brand.may_have_hmac_framing() || self.encryption == Encryption::Off)
        {
            return Err(OptionError::Unreachable { generation: self.generation.0 });
        }
        check_name(&self.name)
    }

    /// The application of the camera's maker, and the key that it makes.
    fn app(&self) -> Result<(Box<dyn CameraApp>, Option<AuthKey>), CameraError> {
        let password = match &self.access {
            Access::Account { password, .. } => password.clone(),
            _ => Secret::default(),
        };
        let auth_key = self.brand.auth_key(&password, self.mac)?;
        let random = getrandom::u64()
            .map_err(|error| IoError::new(Operation::Random, std::io::Error::other(error.to_string())))?;
        Ok((self.brand.camera(&password, self.mac, random), auth_key))
    }
}

fn check_name(name: &str) -> Result<(), OptionError> {
    if name.len() > MAX_NAME || name.contains('\0') {
        return Err(OptionError::CameraName);
    }
    Ok(())
}

/// Whom encrypted sessions let in by a token.
fn tokens(provider: &dyn Provider, tokens: &[(String, Secret)]) -> Arc<dyn Keys> {
    let add = |logins: Logins, (identity, token): &(String, Secret)| {
        logins.with(Identity::Token(identity), Psk::new(provider, token))
    };
    Arc::new(tokens.iter().fold(Logins::default(), add))
}

/// The handle of a camera on this host, for commands from any thread. A clone is a handle of the same camera.
#[derive(Clone, Debug)]
pub struct Camera(Arc<Inner>);

/// What happens to a [`Camera`]. One thread has them: they answer searches and serve the viewers while it waits in
/// [`next_event`](Self::next_event). The camera ends when they are dropped.
#[derive(Debug)]
pub struct CameraEvents {
    inner: Arc<Inner>,
    /// What the application makes of an IO control.
    pending: VecDeque<CameraEvent>,
}

#[derive(Debug)]
struct Inner {
    driver: Driver<proto::Camera>,
    port: u16,
    app: Mutex<Box<dyn CameraApp>>,
    /// Whether viewers are listened to that ask for it by commands of the application.
    listens_by_app: bool,
}

impl Camera {
    /// Binds the session port and the port of searches, which other cameras on this host may share.
    pub fn open(options: CameraOptions) -> Result<(Self, CameraEvents), CameraError> {
        options.check()?;
        let (app, auth_key) = options.app()?;
        let listens_by_app = options.speaker && options.brand != Brand::Generic;
        let sessions = Udp::bind_both(options.port, false)
            .map_err(|error| IoError::new(Operation::OpenViewerPort(options.port), error))?;
        let searches =
            Udp::bind_both(SEARCH_PORT, true).map_err(|error| IoError::new(Operation::OpenSearchPort, error))?;
        let mut config = CameraConfig::new(options.uid, options.access)
            .with_name(options.name)
            .with_max_viewers(options.max_viewers)
            .with_resend(options.resend)
            .with_idle_timeout(options.idle_timeout)
            // The application of a brand has commands of its own.
            .with_speaker(options.speaker && !listens_by_app)
            .with_generation(options.generation);
        config.auth_key = options.auth_key.or(auth_key);
        config.encryption = options.encryption;
        config.provider = match encryption::provider() {
            _ if options.encryption == Encryption::Off => None,
            Err(error) if options.encryption == Encryption::Required || options.generation >= Generation::G1D => {
                return Err(OptionError::EncryptionUnavailable { reason: error.to_string() }.into());
            }
            provider => provider.ok(),
        };
        let provider = config.provider.as_deref().filter(|_| !options.tokens.is_empty());
        config.keys = provider.map(|provider| tokens(provider, &options.tokens));
        let driver = Driver::new(proto::Camera::new(config), vec![sessions, searches], &Waker::new()?)?;
        let port = driver.port().map_err(|error| IoError::new(Operation::ReadViewerPort, error))?;
        let inner = Arc::new(Inner { driver, port, app: Mutex::new(app), listens_by_app });
        Ok((Self(inner.clone()), CameraEvents { inner, pending: VecDeque::new() }))
    }

    /// What searches show from now on; fails as [`open`](Self::open) does on a name that does not fit.
    pub fn set_name(&self, name: String) -> Result<(), OptionError> {
        check_name(&name)?;
        self.0.driver.look(|camera| camera.set_name(name));
        Ok(())
    }

    /// The UDP port of sessions.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Sends a frame of video to these viewers, and returns to how many: [`proto::Camera::send_video`] says which are
    /// passed over.
    ///
    /// Fails if the frame has more than 16 MiB.
    pub fn send_video(&self, viewers: &[ViewerId], frame: VideoFrame<'_>) -> Result<usize, SendError> {
        let info = lock(&self.0.app).video_info(&frame);
        let frame = info.as_deref().map_or(frame, |info| frame.with_info(info));
        self.0.driver.send(|camera| camera.send_video(viewers, frame))
    }

    /// Sends a block of audio, taken at this time of the camera's clock in milliseconds, to these viewers. Those that are gone are
    /// passed over.
    ///
    /// Fails if the block is too large for one of them; the others have it.
    pub fn send_audio(
        &self,
        viewers: &[ViewerId],
        format: AudioFormat,
        timestamp: u32,
        data: &[u8],
    ) -> Result<(), ChannelError> {
        let info = lock(&self.0.app).audio_info(format, timestamp, data.len()).unwrap_or_else(|| {
            let (flags, count) = (format.flags().unwrap_or_default(), u8::try_from(viewers.len()).unwrap_or(u8::MAX));
            FrameInfo { codec: format.codec, flags, camera: 0, viewers: count, timestamp }.encode().into()
        });
        let send = |viewer: &ViewerId| match self.channel(*viewer, 0).send_audio(data, &info) {
            // It is about to leave.
            Err(ChannelError::Ended | ChannelError::NotLoggedIn) => Ok(()),
            sent => sent,
        };
        let sent: Vec<_> = viewers.iter().map(send).collect();
        sent.into_iter().collect()
    }

    /// Sends an IO control to a viewer; it is repeated until the viewer confirms that it came.
    ///
    /// Fails if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes.
    pub fn send_io_control(&self, viewer: ViewerId, kind: u32, body: &[u8]) -> Result<(), SendError> {
        self.0.driver.command(|camera| camera.send_io_control(viewer, kind, body.to_vec()))
    }

    /// A channel of the session with a viewer, for a camera with [`Access::Application`].
    pub fn channel(&self, viewer: ViewerId, number: u8) -> Channel {
        Channel::of_camera(self.clone(), viewer, number)
    }

    /// Sets whether only the first 64 bytes of what goes to a viewer are scrambled, which costs less; default: all bytes. The
    /// scramble is no encryption either way.
    pub fn set_partial_scramble(&self, viewer: ViewerId, partial: bool) {
        self.command(viewer, |link| link.set_partial_scramble(partial));
    }

    /// Ends the session with a viewer.
    pub fn close_viewer(&self, viewer: ViewerId) {
        self.0.driver.command(|camera| camera.close_viewer(viewer));
    }

    /// Ends all sessions and the camera: [`CameraEvents::next_event`] fails with [`CameraError::Closed`].
    pub fn close(&self) {
        self.0.close();
    }

    /// Changes the channels of a viewer, if it is there.
    pub(crate) fn command<T>(&self, viewer: ViewerId, act: impl FnOnce(&mut Link) -> T) -> Option<T> {
        self.0.driver.command(|camera| camera.link(viewer).map(act))
    }

    /// Reads from the channels of a viewer, if it is there.
    pub(crate) fn look<T>(&self, viewer: ViewerId, look: impl FnOnce(&mut Link) -> T) -> Option<T> {
        self.0.driver.look(|camera| camera.link(viewer).map(look))
    }
}

impl CameraEvents {
    /// Waits for the next event, answers searches and serves the viewers meanwhile.
    ///
    /// With a [`Brand`] the camera answers the messages of its application by itself. What they ask for is reported as the vendor's IO
    /// controls of the same meaning, such as [`START_VIDEO`](crate::io_control::START_VIDEO), and those without one as they came.
    ///
    /// Fails with [`CameraError::Closed`] once [`Camera::close`] was called, or if the network cannot be used any more.
    pub fn next_event(&mut self) -> Result<CameraEvent, CameraError> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            match self.inner.driver.run(proto::Camera::poll_event)? {
                CameraEvent::IoControl { viewer, kind, body } => self.handle(viewer, kind, body),
                event => {
                    if let CameraEvent::ViewerRemoved { viewer, .. } = event {
                        lock(&self.inner.app).removed(viewer);
                    }
                    return Ok(event);
                }
            }
        }
    }

    fn handle(&mut self, viewer: ViewerId, kind: u32, body: Vec<u8>) {
        let Handled { answer, reported } = lock(&self.inner.app).handle(viewer, kind, body);
        if let Some((kind, body)) = answer {
            // It always fits.
            let _ = self.inner.driver.command(|camera| camera.send_io_control(viewer, kind, body));
        }
        if self.inner.listens_by_app {
            for (kind, body) in &reported {
                self.inner.speaker_command(viewer, *kind, body);
            }
        }
        let event = |(kind, body)| CameraEvent::IoControl { viewer, kind, body };
        self.pending.extend(reported.into_iter().map(event));
    }
}

impl Drop for CameraEvents {
    fn drop(&mut self) {
        self.inner.close();
    }
}

impl Inner {
    /// A viewer may want to be listened to, or not any more.
    fn speaker_command(&self, viewer: ViewerId, kind: u32, body: &[u8]) {
        let now = Instant::now();
        self.driver.command(|camera| match (kind, body) {
            (io_control::START_SPEAKER, [channel, ..]) => camera.start_talk(now, viewer, *channel),
            (io_control::STOP_SPEAKER, _) => camera.stop_talk(now, viewer),
            _ => {}
        });
    }

    fn close(&self) {
        self.driver.send(proto::Camera::close);
        self.driver.waker().cancel();
    }
}
