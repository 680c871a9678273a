//! Every code of the vendor's library: its name, and what it means to the owner of a camera.

use std::fmt;

/// A code that the vendor's library answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub i32);

impl Code {
    /// The vendor's name of it.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|(_, name, _)| *name)
    }

    /// What it means, and what to do if that is known.
    pub fn meaning(self) -> Option<&'static str> {
        self.row().map(|(_, _, meaning)| *meaning)
    }

    /// Whether waiting may help: it is none of a UID or key that is refused, nor of a library that lacks something.
    pub(crate) fn is_transient(self) -> bool {
        !matches!(
            self.0,
            -10 | -15 | -40 | -46 | -59 | -63 | -1005..=-1001 | -20000 | -20023 | -20024 | -20033 | -20049 | -21334
        )
    }

    /// Whether one of the two sides does not do DTLS, and the other side wants it.
    pub(crate) fn is_about_dtls(self) -> bool {
        matches!(self.0, -20034 | -20035 | -20039 | -20049 | -21334)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|(code, _, _)| *code == self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some((code, name, meaning)) => write!(f, "{meaning} ({name}, {code})"),
            None => write!(f, "the vendor's library answered with {}, which is no code that is known", self.0),
        }
    }
}

type Row = (i32, &'static str, &'static str);

/// The codes of sessions, of the library as a whole, and of channels, in this order.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    (-1, "IOTC_ER_SERVER_NOT_RESPONSE", "the vendor's servers do not answer; check that this host reaches the Internet over UDP"),
    (-2, "IOTC_ER_FAIL_RESOLVE_HOSTNAME", "the names of the vendor's servers do not resolve; check this host's DNS"),
    (-3, "IOTC_ER_ALREADY_INITIALIZED", "the library is initialised already"),
    (-4, "IOTC_ER_FAIL_CREATE_MUTEX", "the system gave the library no more mutexes"),
    (-5, "IOTC_ER_FAIL_CREATE_THREAD", "the system gave the library no more threads; check the limits of this process"),
    (-6, "IOTC_ER_FAIL_CREATE_SOCKET", "the system gave the library no socket; check the limits of this process"),
    (-7, "IOTC_ER_FAIL_SOCKET_OPT", "the system refused an option of the library's socket"),
    (-8, "IOTC_ER_FAIL_SOCKET_BIND", "the library could not bind its UDP port"),
    (-10, "IOTC_ER_UNLICENSE", "the vendor's servers have no licence for this UID, or it has run out; check the UID, and ask the camera's maker if it is right"),
    (-11, "IOTC_ER_LOGIN_ALREADY_CALLED", "the device is logging in to the servers already"),
    (-12, "IOTC_ER_NOT_INITIALIZED", "the library is not initialised"),
    (-13, "IOTC_ER_TIMEOUT", "the camera did not answer in time; check that it is on and in reach, or allow more time"),
    (-14, "IOTC_ER_INVALID_SID", "the library does not know this session"),
    (-15, "IOTC_ER_UNKNOWN_DEVICE", "the vendor's servers do not know this UID; check that it is typed as on the camera's label"),
    (-16, "IOTC_ER_FAIL_GET_LOCAL_IP", "the library found no address of this host; check that its network is up"),
    (-17, "IOTC_ER_LISTEN_ALREADY_CALLED", "the device listens already"),
    (-18, "IOTC_ER_EXCEED_MAX_SESSION", "this program has as many sessions open as the library allows; close one"),
    (-19, "IOTC_ER_CAN_NOT_FIND_DEVICE", "neither the local network nor the vendor's servers know where the camera is; check the UID, and that the camera is on and online"),
    (-20, "IOTC_ER_CONNECT_IS_CALLING", "the library is connecting already"),
    (-22, "IOTC_ER_SESSION_CLOSE_BY_REMOTE", "the camera closed the session"),
    (-23, "IOTC_ER_REMOTE_TIMEOUT_DISCONNECT", "nothing was heard from the camera any more; check its power and the network"),
    (-24, "IOTC_ER_DEVICE_NOT_LISTENING", "the camera is there but takes no connection now; it may be starting or busy: try again in a minute, or restart it"),
    (-26, "IOTC_ER_CH_NOT_ON", "the channel of the session is not on"),
    (-27, "IOTC_ER_FAIL_CONNECT_SEARCH", "the connection was stopped before it stood"),
    (-28, "IOTC_ER_MASTER_TOO_FEW", "the library was given too few servers"),
    (-29, "IOTC_ER_AES_CERTIFY_FAIL", "the camera did not accept the key"),
    (-31, "IOTC_ER_SESSION_NO_FREE_CHANNEL", "the session has no free channel"),
    (-32, "IOTC_ER_TCP_TRAVEL_FAILED", "the vendor's servers cannot be reached, neither over UDP nor over TCP; check the firewall"),
    (-33, "IOTC_ER_TCP_CONNECT_TO_SERVER_FAILED", "the vendor's servers cannot be reached over TCP; check the firewall"),
    (-34, "IOTC_ER_CLIENT_NOT_SECURE_MODE", "the camera wants a connection with a key"),
    (-35, "IOTC_ER_CLIENT_SECURE_MODE", "the camera wants a connection without a key"),
    (-36, "IOTC_ER_DEVICE_NOT_SECURE_MODE", "the device does not do connections with a key"),
    (-37, "IOTC_ER_DEVICE_SECURE_MODE", "the device does not do connections without a key"),
    (-38, "IOTC_ER_INVALID_MODE", "the library does not know this mode of connection"),
    (-39, "IOTC_ER_EXIT_LISTEN", "the device stopped listening"),
    (-40, "IOTC_ER_NO_PERMISSION", "the camera's licence does not include this"),
    (-41, "IOTC_ER_NETWORK_UNREACHABLE", "the camera did not answer on the local network, and the vendor's servers cannot be reached; check the network of this host and of the camera"),
    (-42, "IOTC_ER_FAIL_SETUP_RELAY", "no way to the camera through the vendor's relay servers; try again later"),
    (-43, "IOTC_ER_NOT_SUPPORT_RELAY", "the vendor's servers do not relay for this camera; it can only be reached directly"),
    (-44, "IOTC_ER_NO_SERVER_LIST", "the library has no servers to ask"),
    (-45, "IOTC_ER_DEVICE_MULTI_LOGIN", "two devices are online with this UID"),
    (-46, "IOTC_ER_INVALID_ARG", "the library did not accept an argument"),
    (-47, "IOTC_ER_NOT_SUPPORT_PE", "the camera does not do partial encryption"),
    (-48, "IOTC_ER_DEVICE_EXCEED_MAX_SESSION", "the camera has as many viewers as it serves; close another one, or restart the camera if there is none"),
    (-49, "IOTC_ER_BLOCKED_CALL", "the library was called from one of its own threads"),
    (-50, "IOTC_ER_SESSION_CLOSED", "the session is closed"),
    (-51, "IOTC_ER_REMOTE_NOT_SUPPORTED", "the camera's library is too old for this"),
    (-52, "IOTC_ER_ABORTED", "the call was ended by another one"),
    (-53, "IOTC_ER_EXCEED_MAX_PACKET_SIZE", "the packet is too large"),
    (-54, "IOTC_ER_SERVER_NOT_SUPPORT", "the vendor's servers do not do this"),
    (-55, "IOTC_ER_NO_PATH_TO_WRITE_DATA", "there is no way to the camera any more; check the network"),
    (-56, "IOTC_ER_SERVICE_IS_NOT_STARTED", "a part of the library is not started"),
    (-57, "IOTC_ER_STILL_IN_PROCESSING", "the library is still busy with the call before"),
    (-58, "IOTC_ER_NOT_ENOUGH_MEMORY", "the library has not enough memory"),
    (-59, "IOTC_ER_DEVICE_IS_BANNED", "the vendor has shut this camera out"),
    (-60, "IOTC_ER_MASTER_NOT_RESPONSE", "the vendor's main servers do not answer; check that this host reaches the Internet over UDP"),
    (-61, "IOTC_ER_RESOURCE_ERROR", "the system refused the library something that it needs"),
    (-62, "IOTC_ER_QUEUE_FULL", "the queue to the camera is full"),
    (-63, "IOTC_ER_NOT_SUPPORT", "the library does not do this"),
    (-64, "IOTC_ER_DEVICE_IS_SLEEP", "the camera sleeps; wake it with its own app or at its button"),
    (-65, "IOTC_ER_TCP_NOT_SUPPORT", "the camera does not do this over TCP"),
    (-66, "IOTC_ER_WAKEUP_NOT_INITIALIZED", "the part of the library that wakes cameras is not initialised"),
    (-67, "IOTC_ER_DEVICE_REJECT_BYPORT", "the camera does not accept connections at this port"),
    (-68, "IOTC_ER_DEVICE_REJECT_BY_WRONG_AUTH_KEY", "the camera wants another key for the connection"),
    (-69, "IOTC_ER_DEVICE_NOT_USE_KEY_AUTHENTICATION", "the camera wants no key for the connection"),
    (-70, "IOTC_ER_DID_NOT_LOGIN", "the device is not logged in to the servers"),
    (-71, "IOTC_ER_DID_NOT_LOGIN_WITH_AUTHKEY", "the device is not logged in to the servers with a key"),
    (-72, "IOTC_ER_SESSION_IN_USE", "a session is still open"),
    (-90, "IOTC_ER_DEVICE_OFFLINE", "the vendor's servers know the camera, but it is not online; check its power and its network"),
    (-91, "IOTC_ER_MASTER_INVALID", "the vendor's server is not the right one"),
    (-1001, "TUTK_ER_ALREADY_INITIALIZED", "the licence key came after the initialisation"),
    (-1002, "TUTK_ER_INVALID_ARG", "the library did not accept an argument"),
    (-1003, "TUTK_ER_MEM_INSUFFICIENT", "the library has not enough memory"),
    (-1004, "TUTK_ER_INVALID_LICENSE_KEY", "the library does not accept the licence key; it must be the one that came with the library"),
    (-1005, "TUTK_ER_NO_LICENSE_KEY", "this library wants a licence key; give the one that came with it"),
    (-20000, "AV_ER_INVALID_ARG", "the library did not accept an argument"),
    (-20001, "AV_ER_BUFPARA_MAXSIZE_INSUFF", "the frame is larger than the room for it"),
    (-20002, "AV_ER_EXCEED_MAX_CHANNEL", "this program has as many channels open as the library allows; close a session"),
    (-20003, "AV_ER_MEM_INSUFF", "the library has not enough memory"),
    (-20004, "AV_ER_FAIL_CREATE_THREAD", "the system gave the library no more threads; check the limits of this process"),
    (-20005, "AV_ER_EXCEED_MAX_ALARM", "the queue of frames is almost full"),
    (-20006, "AV_ER_EXCEED_MAX_SIZE", "what is to be sent is larger than the library sends"),
    (-20007, "AV_ER_SERV_NO_RESPONSE", "the camera did not answer to the login; try again, or restart the camera"),
    (-20008, "AV_ER_CLIENT_NO_AVLOGIN", "there was no login in this channel"),
    (-20009, "AV_ER_WRONG_VIEWACCorPWD", "the camera does not accept this account and password; the password may be the one on its label, or the one set in its app"),
    (-20010, "AV_ER_INVALID_SID", "the session of this channel is closed"),
    (-20011, "AV_ER_TIMEOUT", "the camera did not answer in time; try again, or allow more time"),
    (-20012, "AV_ER_DATA_NOREADY", "nothing has come yet"),
    (-20013, "AV_ER_INCOMPLETE_FRAME", "parts of the frame were lost on the way"),
    (-20014, "AV_ER_LOSED_THIS_FRAME", "the frame was lost on the way"),
    (-20015, "AV_ER_SESSION_CLOSE_BY_REMOTE", "the camera closed the session; connect again, and see whether another viewer or a restart ended it"),
    (-20016, "AV_ER_REMOTE_TIMEOUT_DISCONNECT", "nothing was heard from the camera any more; check its power and the network, then connect again"),
    (-20017, "AV_ER_SERVER_EXIT", "the device stopped waiting for a login"),
    (-20018, "AV_ER_CLIENT_EXIT", "the login was stopped before it was done"),
    (-20019, "AV_ER_NOT_INITIALIZED", "the library's channels are not initialised"),
    (-20020, "AV_ER_CLIENT_NOT_SUPPORT", "a viewer cannot send this"),
    (-20021, "AV_ER_SENDIOCTRL_ALREADY_CALLED", "an IO control is being sent already"),
    (-20022, "AV_ER_SENDIOCTRL_EXIT", "the camera did not confirm the IO control"),
    (-20023, "AV_ER_NO_PERMISSION", "the camera's licence does not include this"),
    (-20024, "AV_ER_WRONG_ACCPWD_LENGTH", "the account or the password is longer than the library sends"),
    (-20025, "AV_ER_IOTC_SESSION_CLOSED", "the session is closed"),
    (-20026, "AV_ER_IOTC_DEINITIALIZED", "the library is no longer initialised"),
    (-20027, "AV_ER_IOTC_CHANNEL_IN_USED", "this channel of the session is taken"),
    (-20028, "AV_ER_WAIT_KEY_FRAME", "the library waits for the next key frame"),
    (-20029, "AV_ER_CLEANBUF_ALREADY_CALLED", "the library is emptying its buffer already"),
    (-20030, "AV_ER_SOCKET_QUEUE_FULL", "the queue of the socket is full"),
    (-20031, "AV_ER_ALREADY_INITIALIZED", "the library's channels are initialised already"),
    (-20032, "AV_ER_DASA_CLEAN_BUFFER", "the camera emptied its queue to catch up"),
    (-20033, "AV_ER_NOT_SUPPORT", "the library does not do this"),
    (-20034, "AV_ER_FAIL_INITIALIZE_DTLS", "the library could not initialise DTLS"),
    (-20035, "AV_ER_FAIL_CREATE_DTLS", "the library could not open a DTLS channel"),
    (-20036, "AV_ER_REQUEST_ALREADY_CALLED", "a request is being sent already"),
    (-20037, "AV_ER_REMOTE_NOT_SUPPORT", "the camera does not do this"),
    (-20038, "AV_ER_TOKEN_EXCEED_MAX_SIZE", "the token is longer than the library sends"),
    (-20039, "AV_ER_REMOTE_NOT_SUPPORT_DTLS", "the camera does not do DTLS"),
    (-20040, "AV_ER_DTLS_WRONG_PWD", "the camera does not accept this account and password over DTLS"),
    (-20041, "AV_ER_DTLS_AUTH_FAIL", "the camera's own check of the account failed"),
    (-20042, "AV_ER_VSAAS_PULLING_NOT_ENABLE", "the camera does not serve the vendor's cloud recording"),
    (-20043, "AV_ER_FAIL_CONNECT_TO_VSAAS", "the vendor's cloud recording cannot be reached"),
    (-20044, "AV_ER_PARSE_JSON_FAIL", "the library could not read what the other side wrote"),
    (-20045, "AV_ER_PUSH_NOTIFICATION_NOT_ENABLE", "notifications are not switched on"),
    (-20046, "AV_ER_PUSH_NOTIFICATION_ALREADY_ENABLED", "notifications are switched on already"),
    (-20047, "AV_ER_NO_NOTIFICATION_LIST", "nobody is to be notified"),
    (-20048, "AV_ER_HTTP_ERROR", "the vendor's server answered with an error"),
    (-20049, "AV_ER_LOCAL_NOT_SUPPORT_DTLS", "this library does not do DTLS, which the camera wants; get a newer one"),
    (-21334, "AV_ER_SDK_NOT_SUPPORT_DTLS", "this library does not do DTLS, which the camera wants; get a newer one"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_and_in_order() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].0 > pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
    }

    #[test]
    fn every_code_has_a_name_and_a_sentence() {
        for code in (1..=72).filter(|code| ![9, 21, 25, 30].contains(code)).chain([90, 91]).chain(20000..=20049) {
            let code = Code(-code);
            assert!(code.name().is_some_and(|name| name.contains("_ER_")), "{code:?}");
            assert!(code.meaning().is_some_and(|meaning| meaning.len() > 10), "{code:?}");
        }
        assert!(Code(-9999).to_string().contains("-9999"));
    }

    #[test]
    fn what_users_meet_says_what_to_do() {
        for code in [-10, -13, -18, -19, -24, -41, -48, -20009, -20015, -20016] {
            let meaning = Code(code).meaning().unwrap();
            assert!(meaning.contains(';') || meaning.contains(':'), "{code}: {meaning}");
        }
    }
}
