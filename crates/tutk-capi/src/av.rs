//! An AV channel: what came and waits for the application, and those who wait for it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tutk::proto::RESEND_STORE;
use tutk::{AvEvent, Channel, ChannelError, Credentials, Encryption, Frame, Identity, Secret};

use crate::codes::*;
use crate::queue::{Queue, is_video};
use crate::session::{Session, lock};

/// The end of a channel that receives media, or the one that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

pub(crate) struct Av {
    pub(crate) session: Arc<Session>,
    pub(crate) channel: u8,
    pub(crate) role: Role,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ended: Option<End>,
    /// The application ended the start of this channel.
    exit: bool,
    /// The client's login: whether resend is granted, or the answer's number.
    answer: Option<Result<bool, u32>>,
    /// A login that this server is to answer.
    login: Option<(Vec<u8>, Secret)>,
    /// The channel will not be encrypted, as it was to be.
    insecure: Option<Code>,
    /// The client that spoke to this server does not encrypt.
    is_client_plain: bool,
    video: Queue,
    audio: Queue,
    controls: VecDeque<(u32, Vec<u8>)>,
    sending: Sending,
}

/// IO controls are confirmed in the order in which they were sent.
#[derive(Default)]
struct Sending {
    busy: bool,
    exit: bool,
    sent: u64,
    settled: u64,
    confirmed: bool,
}

/// Bytes of audio that wait at most: half a minute of PCM at 16 kHz.
const AUDIO_LIMIT: usize = 1 << 20;
/// How long to wait for the reason of a session's end: a callback of the application may hold up the thread that brings it.
const END_EVENT: Duration = Duration::from_secs(1);
/// IO controls that wait at most; the oldest go first.
const MAX_CONTROLS: usize = 1024;

impl Av {
    pub(crate) fn new(session: Arc<Session>, channel: u8, role: Role, video_limit: usize) -> Arc<Self> {
        let state = State {
            ended: None,
            exit: false,
            answer: None,
            login: None,
            insecure: None,
            is_client_plain: false,
            video: Queue::new(video_limit),
            audio: Queue::new(AUDIO_LIMIT),
            controls: VecDeque::new(),
            sending: Sending::default(),
        };
        Arc::new(Self { session, channel, role, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Takes what happened in the channel.
    pub(crate) fn handle(&self, event: AvEvent) {
        let mut state = lock(&self.state);
        match event {
            AvEvent::LoggedIn { resend } => state.answer = Some(Ok(resend)),
            AvEvent::LoginRefused(number) => state.answer = Some(Err(number)),
            AvEvent::Login { account, password } => state.login = Some((account, password)),
            AvEvent::EncryptionFailed(failure) => state.insecure = Some(of_encryption(failure)),
            AvEvent::PeerIsPlain => state.is_client_plain = true,
            AvEvent::Video(frame) => state.video.push(frame),
            AvEvent::Audio(block) => state.audio.push(block),
            AvEvent::Lost(lost) if is_video(&lost) => state.video.push_lost(lost),
            AvEvent::Lost(lost) => state.audio.push_lost(lost),
            AvEvent::IoControl { kind, body } => {
                if state.controls.len() >= MAX_CONTROLS {
                    state.controls.pop_front();
                }
                state.controls.push_back((kind, body));
            }
            AvEvent::IoControlConfirmed { .. } => state.sending.settle(true),
            AvEvent::IoControlUnconfirmed { .. } => state.sending.settle(false),
            _ => return,
        }
        self.changed.notify_all();
    }

    /// The session is over, or the channel stopped: this ends each wait.
    pub(crate) fn end(&self, end: End) {
        let mut state = lock(&self.state);
        state.ended = state.ended.or(Some(end));
        self.changed.notify_all();
    }

    /// Stops the channel from this side, whatever the session does.
    pub(crate) fn stop(self: &Arc<Self>) {
        lock(&self.state).ended = Some(End::Closed);
        self.changed.notify_all();
        self.session.remove(self);
    }

    /// Ends a start that waits.
    pub(crate) fn exit(&self) {
        lock(&self.state).exit = true;
        self.changed.notify_all();
    }

    /// Waits until `ready` has something, or there is a code instead.
    fn wait<T>(
        &self,
        until: Option<Instant>,
        mut ready: impl FnMut(&mut State) -> Option<Result<T, Code>>,
    ) -> Result<T, Code> {
        let mut state = lock(&self.state);
        loop {
            if let Some(result) = ready(&mut state) {
                return result;
            }
            if let Some(end) = state.ended {
                return Err(end.av());
            }
            state = match until {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(AV_ER_TIMEOUT);
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Sends a command to the channel.
    fn command<T>(&self, command: impl FnOnce(&Channel) -> Result<T, ChannelError>) -> Result<T, Code> {
        let channel = self.session.channel(self.channel).ok_or_else(|| self.closed())?;
        command(&channel).map_err(|error| match error {
            ChannelError::Ended => self.closed(),
            ChannelError::Full | ChannelError::Send(_) => AV_ER_EXCEED_MAX_SIZE,
            ChannelError::EncryptionUnavailable => AV_ER_LOCAL_NOT_SUPPORT_DTLS,
            _ => AV_ER_CLIENT_NO_AVLOGIN,
        })
    }

    /// Why the session, which takes no more commands, is over. The event that says so may still be on its way.
    fn closed(&self) -> Code {
        if let Some(end) = self.session.ended() {
            return end.av();
        }
        let Err(code) = self.wait::<Infallible>(Some(Instant::now() + END_EVENT), |_| None);
        if code == AV_ER_TIMEOUT { End::Closed.av() } else { code }
    }

    /// Decides whether the session is encrypted.
    pub(crate) fn choose_encryption(&self, encryption: Encryption) -> Result<(), Code> {
        if self.command(|channel| channel.choose_encryption(encryption))? {
            return Ok(());
        }
        Err(if encryption == Encryption::Off { AV_ER_LOCAL_NOT_SUPPORT_DTLS } else { AV_ER_REMOTE_NOT_SUPPORT_DTLS })
    }

    /// Whom this server lets in, in an encrypted session.
    pub(crate) fn set_passwords(
        &self,
        find: impl Fn(Identity<'_>) -> Option<Secret> + Send + Sync + 'static,
    ) -> Result<(), Code> {
        self.command(|channel| channel.set_passwords(find))
    }

    /// Whether the channel is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.session.channel(self.channel).is_some_and(|channel| channel.cipher_suite().is_some())
    }

    /// Logs in to the other side's server. Returns whether resend is granted, and the server's service.
    pub(crate) fn log_in(&self, credentials: Credentials, resend: bool, until: Instant) -> Result<(bool, u32), Code> {
        self.command(|channel| channel.start_client(credentials, resend))?;
        let resend = self.wait(Some(until), |state| match state.answer {
            _ if state.exit => Some(Err(AV_ER_CLIENT_EXIT)),
            _ if state.insecure.is_some() => state.insecure.map(Err),
            Some(Ok(resend)) => Some(Ok(resend)),
            Some(Err(_)) => Some(Err(AV_ER_WRONG_VIEWACC_OR_PWD)),
            None => None,
        });
        let resend = resend.map_err(|code| match self.session.channel(self.channel) {
            Some(channel) if code == AV_ER_TIMEOUT && channel.is_password_doubtful() => AV_ER_DTLS_WRONG_PWD,
            _ => code,
        })?;
        let service = self.session.channel(self.channel).and_then(|channel| channel.service());
        Ok((resend, service.unwrap_or_default()))
    }

    /// Waits for a client that `may` log in, and tells it the service. Returns whether resend is granted. In an encrypted session the
    /// keys have decided before.
    pub(crate) fn let_in(
        &self,
        may: impl Fn(&[u8], &[u8]) -> bool,
        resend: bool,
        service: u32,
        until: Option<Instant>,
    ) -> Result<bool, Code> {
        self.command(|channel| channel.start_server(service, resend))?;
        loop {
            let login = self.wait(until, |state| match state.insecure {
                _ if state.exit => Some(Err(AV_ER_SERVER_EXIT)),
                Some(code) => Some(Err(code)),
                None => state.login.take().map(Ok),
            });
            let (account, password) = login.map_err(|code| match code {
                AV_ER_SERVER_EXIT => code,
                // It leaves, or says nothing else.
                _ if lock(&self.state).is_client_plain => AV_ER_REMOTE_NOT_SUPPORT_DTLS,
                _ => code,
            })?;
            let granted = self.is_encrypted() || may(&account, password.reveal().as_bytes());
            if let Some(resend) = self.command(|channel| channel.answer_login(granted))? {
                return Ok(resend);
            }
        }
    }

    fn check_client(&self, state: &State) -> Result<(), Code> {
        match (self.role, state.ended) {
            (Role::Server, _) => Err(AV_ER_CLIENT_NOT_SUPPORT),
            (Role::Client, Some(End::Closed)) => Err(End::Closed.av()),
            (Role::Client, _) => Ok(()),
        }
    }

    /// The next frame of video, as far as `take` takes it; else it stays. What came before the session ended is given
    /// first. With the code comes the number of the frame that it is about.
    pub(crate) fn video<T>(&self, take: impl FnOnce(&Frame) -> Result<T, Code>) -> Result<T, (Code, Option<u32>)> {
        let mut state = lock(&self.state);
        self.check_client(&state).map_err(|code| (code, None))?;
        state.video.pop(take).map_err(|why| or_end(why, state.ended))
    }

    /// The next block of audio, like [`video`](Self::video); but one that is not taken is gone.
    pub(crate) fn audio<T>(&self, take: impl FnOnce(&Frame) -> Result<T, Code>) -> Result<T, (Code, Option<u32>)> {
        let mut state = lock(&self.state);
        self.check_client(&state).map_err(|code| (code, None))?;
        let taken = state.audio.pop(take);
        if let Err((AV_ER_BUFPARA_MAXSIZE_INSUFF, _)) = taken {
            state.audio.skip();
        }
        taken.map_err(|why| or_end(why, state.ended))
    }

    /// Blocks of audio that wait.
    pub(crate) fn waiting_audio(&self) -> Result<usize, Code> {
        let state = lock(&self.state);
        self.check_client(&state)?;
        Ok(state.audio.frames())
    }

    /// Bytes of video that may wait.
    pub(crate) fn set_video_limit(&self, bytes: usize) {
        lock(&self.state).video.set_limit(bytes);
    }

    /// How full the queue of video is.
    pub(crate) fn video_fullness(&self) -> Result<f32, Code> {
        let state = lock(&self.state);
        self.check_client(&state)?;
        Ok(state.video.fullness())
    }

    /// Forgets what waits.
    pub(crate) fn clean(&self, video: bool, audio: bool) -> Result<(), Code> {
        let mut state = lock(&self.state);
        self.check_client(&state)?;
        if video {
            state.video.clear();
        }
        if audio {
            state.audio.clear();
        }
        Ok(())
    }

    /// The next IO control: its type, and its body if `room` is enough; else it is gone.
    pub(crate) fn receive_control(&self, room: usize, timeout: Duration) -> Result<(u32, Vec<u8>), Code> {
        let next = |state: &mut State| {
            let (kind, body) = state.controls.pop_front()?;
            Some(if body.len() > room { Err(AV_ER_BUFPARA_MAXSIZE_INSUFF) } else { Ok((kind, body)) })
        };
        let none = if timeout.is_zero() { AV_ER_DATA_NOREADY } else { AV_ER_TIMEOUT };
        let result = self.wait(Some(Instant::now() + timeout), next);
        result.map_err(|code| if code == AV_ER_TIMEOUT { none } else { code })
    }

    /// Sends an IO control and waits until the other side has it.
    pub(crate) fn send_control(&self, kind: u32, body: Vec<u8>) -> Result<(), Code> {
        let ticket = {
            let mut state = lock(&self.state);
            if let Some(end) = state.ended {
                return Err(end.av());
            }
            if state.sending.busy {
                return Err(AV_ER_SENDIOCTRL_ALREADY_CALLED);
            }
            state.sending.busy = true;
            state.sending.exit = false;
            state.sending.sent += 1;
            state.sending.sent
        };
        let result = match self.command(|channel| channel.send_io_control(kind, body)) {
            Ok(()) => self.wait(None, |state| {
                let sending = &state.sending;
                if sending.settled >= ticket {
                    Some(if sending.confirmed { Ok(()) } else { Err(AV_ER_TIMEOUT) })
                } else {
                    sending.exit.then_some(Err(AV_ER_SENDIOCTRL_EXIT))
                }
            }),
            Err(code) => {
                // Nothing went out that could be confirmed.
                lock(&self.state).sending.sent -= 1;
                Err(code)
            }
        };
        lock(&self.state).sending.busy = false;
        result
    }

    /// Ends a [`send_control`](Self::send_control) that waits.
    pub(crate) fn exit_send(&self) {
        lock(&self.state).sending.exit = true;
        self.changed.notify_all();
    }

    /// Sends a frame of video.
    pub(crate) fn send_video(&self, media: &[u8], info: &[u8]) -> Result<(), Code> {
        self.check_server()?;
        // After frames that it could not send, the application knows best where a decoder can go on.
        let is_key = true;
        self.command(|channel| channel.send_video(media, info, is_key))
    }

    /// Sends a block of audio.
    pub(crate) fn send_audio(&self, media: &[u8], info: &[u8]) -> Result<(), Code> {
        self.check_server()?;
        self.command(|channel| channel.send_audio(media, info))
    }

    /// How full the store of unacknowledged frames is.
    pub(crate) fn fullness(&self) -> f32 {
        let held = self.session.channel(self.channel).map_or(0, |channel| channel.unacknowledged());
        held as f32 / RESEND_STORE as f32
    }

    fn check_server(&self) -> Result<(), Code> {
        let ended = lock(&self.state).ended;
        match (self.role, ended) {
            (Role::Client, _) => Err(AV_ER_CLIENT_NOT_SUPPORT),
            (Role::Server, Some(end)) => Err(end.av()),
            (Role::Server, None) => Ok(()),
        }
    }
}

impl Sending {
    fn settle(&mut self, confirmed: bool) {
        self.settled += 1;
        self.confirmed = confirmed;
    }
}

/// A session that is over and has nothing left says so.
fn or_end(why: (Code, Option<u32>), ended: Option<End>) -> (Code, Option<u32>) {
    match (why.0, ended) {
        (AV_ER_DATA_NOREADY, Some(end)) => (end.av(), None),
        _ => why,
    }
}
