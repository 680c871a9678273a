use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::{Error, ErrorCode, Ssl, SslStream};
use tutk_proto::security::{Association, AssociationState, CipherSuite, Failure, Keys, Psk};

use crate::datagrams::Datagrams;
use crate::{context, records, timer};

/// Most bytes of a datagram of the handshake. A session's header goes before it.
const MTU: u32 = 1_200;
/// Bytes of a record at most.
const MAX_MESSAGE: usize = 16_384;
/// OpenSSL's names for states, as `SSL_state_string` has them.
const CLIENT_HELLO_SENT: &str = "TWCH";
const FINISHED_SENT: &str = "TWFIN";
const CHANGE_CIPHER_SPEC_READ: &str = "TRCCS";
/// OpenSSL's reasons for alerts that came begin here.
const ALERT_REASONS: i32 = 1_000;
/// bad_record_mac, as a fatal alert in the first epoch.
const BAD_RECORD_MAC: [u8; 15] = [21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 2, 2, 20];

/// Which end of an association, and what it knows.
#[derive(Clone)]
pub(crate) enum Role {
    Client {
        identity: Vec<u8>,
        psk: Psk,
    },
    Server {
        keys: Arc<dyn Keys>,
        /// What names the client's address, if that is to be proved.
        address: Option<Vec<u8>>,
    },
}

/// One end of an association.
pub(crate) struct Openssl {
    stream: SslStream<Datagrams>,
    is_server: bool,
    state: AssociationState,
    timer: Option<Instant>,
    /// For the message that is read.
    buffer: Vec<u8>,
}

impl Openssl {
    pub(crate) fn new(now: Instant, role: Role) -> Result<Self, ErrorStack> {
        let is_server = matches!(role, Role::Server { .. });
        let mut ssl = Ssl::new(match role {
            Role::Client { .. } => context::client()?,
            Role::Server { address: None, .. } => context::server()?,
            Role::Server { address: Some(_), .. } => context::server_with_cookies()?,
        })?;
        ssl.set_ex_data(context::role_index()?, role);
        ssl.set_mtu(MTU)?;
        timer::set_intervals(&mut ssl);
        if is_server {
            ssl.set_accept_state();
        } else {
            ssl.set_connect_state();
        }
        let stream = SslStream::new(ssl, Datagrams::default())?;
        let state = AssociationState::Handshaking { answered: false, repeats: 0 };
        let mut openssl = Self { stream, is_server, state, timer: None, buffer: Vec::new() };
        if !is_server {
            openssl.shake_hands(now);
        }
        Ok(openssl)
    }

    /// Goes on with the handshake, and sends again what is due.
    fn shake_hands(&mut self, now: Instant) {
        let AssociationState::Handshaking { answered, repeats } = self.state else { return };
        let is_first = self.stream.get_ref().is_empty();
        let before = self.stream.ssl().state_string();
        let (result, interval) = timer::observe(|| self.stream.do_handshake());
        if let Some(interval) = interval {
            self.timer = Some(now + interval);
        }
        let after = self.stream.ssl().state_string();
        self.state = match result {
            Ok(()) => match self.suite() {
                Some(suite) => AssociationState::Established(suite),
                None => AssociationState::Failed(Failure::Handshake),
            },
            Err(error) if is_retriable(error.code()) => {
                let is_repeated = before == FINISHED_SENT && after == FINISHED_SENT;
                let repeats = match is_repeated && is_first && !self.stream.get_ref().is_empty() {
                    true => repeats + 1,
                    false => repeats,
                };
                let answered = answered || after != before && before == CLIENT_HELLO_SENT;
                AssociationState::Handshaking { answered, repeats }
            }
            Err(error) if !self.is_server && is_timeout(error.ssl_error()) => {
                // Whoever waits decides when it was long enough.
                return self.restart(now, AssociationState::Handshaking { answered, repeats });
            }
            Err(error) => AssociationState::Failed(failure(error.ssl_error())),
        };
        if !matches!(self.state, AssociationState::Handshaking { .. }) {
            self.timer = None;
        }
    }

    /// A client begins anew, where OpenSSL does not send its flight any more.
    fn restart(&mut self, now: Instant, state: AssociationState) {
        let role = context::role_index().ok().and_then(|index| self.stream.ssl().ex_data(index).cloned());
        match role.and_then(|role| Self::new(now, role).ok()) {
            Some(fresh) => *self = Self { state, ..fresh },
            None => (self.state, self.timer) = (AssociationState::Failed(Failure::Unavailable), None),
        }
    }

    fn suite(&self) -> Option<CipherSuite> {
        let cipher = self.stream.ssl().current_cipher()?;
        CipherSuite::from_number(u16::from_be_bytes(cipher.protocol_id()))
    }

    /// Whether the key of a client that has sent this datagram is another one: all of its last flight has come, and the part that
    /// is encrypted cannot be read. OpenSSL passes it over, and the client would have to wait.
    fn is_wrong_key(&self, datagram: &[u8]) -> bool {
        self.is_server
            && matches!(self.state, AssociationState::Handshaking { .. })
            && self.stream.ssl().state_string() == CHANGE_CIPHER_SPEC_READ
            && records::has_encrypted_handshake(datagram)
    }

    /// Reads as many messages as there may be; to find out that there is none costs half as much as one.
    fn read(&mut self, most: usize, deliver: &mut dyn FnMut(&[u8])) {
        self.buffer.resize(MAX_MESSAGE, 0);
        for _ in 0..most {
            match self.stream.ssl_read(&mut self.buffer) {
                Ok(0) => break,
                Ok(len) => deliver(self.buffer.get(..len).unwrap_or_default()),
                Err(error) => {
                    self.broken(&error);
                    break;
                }
            }
        }
    }

    /// An established association ends where the other end has sent an alert that it could prove, or OpenSSL cannot go on.
    fn broken(&mut self, error: &Error) {
        if error.code() == ErrorCode::ZERO_RETURN {
            self.state = AssociationState::Failed(Failure::Closed);
        } else if !is_retriable(error.code()) {
            self.state = AssociationState::Failed(failure(error.ssl_error()));
        }
    }
}

impl Association for Openssl {
    fn state(&self) -> AssociationState {
        self.state
    }

    fn handle_input(&mut self, now: Instant, datagram: &[u8], deliver: &mut dyn FnMut(&[u8])) {
        if let AssociationState::Failed(_) = self.state {
            return;
        }
        let was_established = matches!(self.state, AssociationState::Established(_));
        let is_cbc = self.state == AssociationState::Established(CipherSuite::PskAes128CbcSha256);
        let datagram = &*records::without_hopeless(datagram, is_cbc);
        // Nothing to read would be the end of a stream.
        if datagram.is_empty() {
            return;
        }
        self.stream.get_mut().receive(datagram);
        self.shake_hands(now);
        if self.is_wrong_key(datagram) {
            self.stream.get_mut().push(BAD_RECORD_MAC.to_vec());
            self.state = AssociationState::Failed(Failure::WrongKey);
            self.timer = None;
        }
        if let AssociationState::Established(_) = self.state {
            // What came before the end of the handshake has waited.
            let most = if was_established { records::count(datagram) } else { usize::MAX };
            self.read(most, deliver);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        // Where OpenSSL's clock says that it is too early.
        self.timer = Some(now + timer::FIRST_INTERVAL);
        self.shake_hands(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.timer
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool {
        let datagram = self.stream.get_mut().pop(MTU as usize);
        out.extend_from_slice(datagram.as_deref().unwrap_or_default());
        datagram.is_some()
    }

    fn close(&mut self) {
        if let AssociationState::Established(_) = self.state {
            // It writes the alert, and waits for none.
            let _ = self.stream.shutdown();
            self.state = AssociationState::Failed(Failure::Closed);
        }
    }

    fn send(&mut self, message: &[u8], out: &mut Vec<u8>) -> bool {
        let AssociationState::Established(_) = self.state else { return false };
        match self.stream.ssl_write(message) {
            Ok(_) => self.poll_transmit(out),
            Err(error) => {
                self.broken(&error);
                false
            }
        }
    }
}

impl fmt::Debug for Openssl {
    /// Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Openssl")
            .field("is_server", &self.is_server)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

fn is_retriable(code: ErrorCode) -> bool {
    code == ErrorCode::WANT_READ || code == ErrorCode::WANT_WRITE
}

/// Whether OpenSSL has sent a flight so often that it gives up.
fn is_timeout(error: Option<&ErrorStack>) -> bool {
    /// `SSL_R_READ_TIMEOUT_EXPIRED` of `openssl/sslerr.h`.
    const READ_TIMEOUT_EXPIRED: i32 = 312;
    error.is_some_and(|error| error.errors().iter().any(|error| error.reason_code() == READ_TIMEOUT_EXPIRED))
}

/// What OpenSSL's words mean.
fn failure(error: Option<&ErrorStack>) -> Failure {
    let mut reasons = error.into_iter().flat_map(|error| error.errors()).map(|error| error.reason_code());
    reasons.find_map(reason).unwrap_or(Failure::Handshake)
}

fn reason(code: i32) -> Option<Failure> {
    /// `SSL_R_PSK_IDENTITY_NOT_FOUND` of `openssl/sslerr.h`.
    const IDENTITY_NOT_FOUND: i32 = 223;
    match code {
        IDENTITY_NOT_FOUND => Some(Failure::UnknownIdentity),
        code => u8::try_from(code - ALERT_REASONS).ok().map(Failure::Alert),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_told_from_other_failures() {
        assert_eq!(reason(1_020), Some(Failure::Alert(20)));
        assert_eq!(reason(1_115), Some(Failure::Alert(115)));
        assert_eq!(reason(223), Some(Failure::UnknownIdentity));
        assert_eq!(reason(131), None);
    }
}
