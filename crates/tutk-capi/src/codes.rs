//! The vendor's return codes, by the vendor's names.

use tutk::proto::security::Failure;

/// What every function but a few returns: a handle, a size, 0, or one of these.
pub(crate) type Code = i32;

pub(crate) const OK: Code = 0;

pub(crate) const IOTC_ER_ALREADY_INITIALIZED: Code = -3;
pub(crate) const IOTC_ER_FAIL_CREATE_SOCKET: Code = -6;
pub(crate) const IOTC_ER_FAIL_SOCKET_BIND: Code = -8;
pub(crate) const IOTC_ER_UNLICENSE: Code = -10;
pub(crate) const IOTC_ER_LOGIN_ALREADY_CALLED: Code = -11;
pub(crate) const IOTC_ER_NOT_INITIALIZED: Code = -12;
pub(crate) const IOTC_ER_TIMEOUT: Code = -13;
pub(crate) const IOTC_ER_INVALID_SID: Code = -14;
pub(crate) const IOTC_ER_LISTEN_ALREADY_CALLED: Code = -17;
pub(crate) const IOTC_ER_EXCEED_MAX_SESSION: Code = -18;
pub(crate) const IOTC_ER_CAN_NOT_FIND_DEVICE: Code = -19;
pub(crate) const IOTC_ER_CONNECT_IS_CALLING: Code = -20;
pub(crate) const IOTC_ER_SESSION_CLOSE_BY_REMOTE: Code = -22;
pub(crate) const IOTC_ER_REMOTE_TIMEOUT_DISCONNECT: Code = -23;
pub(crate) const IOTC_ER_CH_NOT_ON: Code = -26;
pub(crate) const IOTC_ER_FAIL_CONNECT_SEARCH: Code = -27;
pub(crate) const IOTC_ER_SESSION_NO_FREE_CHANNEL: Code = -31;
pub(crate) const IOTC_ER_DEVICE_NOT_SECURE_MODE: Code = -36;
pub(crate) const IOTC_ER_INVALID_MODE: Code = -38;
pub(crate) const IOTC_ER_EXIT_LISTEN: Code = -39;
pub(crate) const IOTC_ER_NETWORK_UNREACHABLE: Code = -41;
pub(crate) const IOTC_ER_INVALID_ARG: Code = -46;
pub(crate) const IOTC_ER_DEVICE_EXCEED_MAX_SESSION: Code = -48;
pub(crate) const IOTC_ER_REMOTE_NOT_SUPPORTED: Code = -51;
pub(crate) const IOTC_ER_SERVICE_IS_NOT_STARTED: Code = -56;
pub(crate) const IOTC_ER_RESOURCE_ERROR: Code = -61;
pub(crate) const IOTC_ER_NOT_SUPPORT: Code = -63;
pub(crate) const IOTC_ER_DEVICE_REJECT_BY_WRONG_AUTH_KEY: Code = -68;
pub(crate) const IOTC_ER_DEVICE_NOT_USE_KEY_AUTHENTICATION: Code = -69;

pub(crate) const AV_ER_INVALID_ARG: Code = -20000;
pub(crate) const AV_ER_BUFPARA_MAXSIZE_INSUFF: Code = -20001;
pub(crate) const AV_ER_EXCEED_MAX_CHANNEL: Code = -20002;
pub(crate) const AV_ER_MEM_INSUFF: Code = -20003;
pub(crate) const AV_ER_EXCEED_MAX_SIZE: Code = -20006;
pub(crate) const AV_ER_CLIENT_NO_AVLOGIN: Code = -20008;
pub(crate) const AV_ER_WRONG_VIEWACC_OR_PWD: Code = -20009;
pub(crate) const AV_ER_INVALID_SID: Code = -20010;
pub(crate) const AV_ER_TIMEOUT: Code = -20011;
pub(crate) const AV_ER_DATA_NOREADY: Code = -20012;
pub(crate) const AV_ER_LOSED_THIS_FRAME: Code = -20014;
pub(crate) const AV_ER_SESSION_CLOSE_BY_REMOTE: Code = -20015;
pub(crate) const AV_ER_REMOTE_TIMEOUT_DISCONNECT: Code = -20016;
pub(crate) const AV_ER_SERVER_EXIT: Code = -20017;
pub(crate) const AV_ER_CLIENT_EXIT: Code = -20018;
pub(crate) const AV_ER_NOT_INITIALIZED: Code = -20019;
pub(crate) const AV_ER_CLIENT_NOT_SUPPORT: Code = -20020;
pub(crate) const AV_ER_SENDIOCTRL_ALREADY_CALLED: Code = -20021;
pub(crate) const AV_ER_SENDIOCTRL_EXIT: Code = -20022;
pub(crate) const AV_ER_WRONG_ACCPWD_LENGTH: Code = -20024;
pub(crate) const AV_ER_NOT_SUPPORT: Code = -20033;
pub(crate) const AV_ER_FAIL_CREATE_DTLS: Code = -20035;
pub(crate) const AV_ER_REMOTE_NOT_SUPPORT_DTLS: Code = -20039;
pub(crate) const AV_ER_DTLS_WRONG_PWD: Code = -20040;
pub(crate) const AV_ER_DTLS_AUTH_FAIL: Code = -20041;
pub(crate) const AV_ER_LOCAL_NOT_SUPPORT_DTLS: Code = -20049;

/// Why a session is over, as both modules tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    ByRemote,
    Silent,
    /// This side closed the session, or stopped the channel.
    Closed,
    /// The session is not encrypted as it was to be: what the AV module says of it.
    Security(Code),
}

impl End {
    pub(crate) fn iotc(self) -> Code {
        match self {
            Self::ByRemote => IOTC_ER_SESSION_CLOSE_BY_REMOTE,
            Self::Silent => IOTC_ER_REMOTE_TIMEOUT_DISCONNECT,
            Self::Closed => IOTC_ER_INVALID_SID,
            Self::Security(_) => IOTC_ER_SESSION_CLOSE_BY_REMOTE,
        }
    }

    pub(crate) fn av(self) -> Code {
        match self {
            Self::ByRemote => AV_ER_SESSION_CLOSE_BY_REMOTE,
            Self::Silent => AV_ER_REMOTE_TIMEOUT_DISCONNECT,
            Self::Closed => AV_ER_INVALID_SID,
            Self::Security(code) => code,
        }
    }
}

/// Why this end of a channel is not encrypted.
pub(crate) fn of_encryption(failure: Failure) -> Code {
    match failure {
        // bad_record_mac and decrypt_error.
        Failure::Alert(20 | 51) => AV_ER_DTLS_WRONG_PWD,
        // unknown_psk_identity.
        Failure::Alert(115) | Failure::UnknownIdentity => AV_ER_DTLS_AUTH_FAIL,
        // The client closes the session, once it has the alert.
        Failure::WrongKey | Failure::Closed => AV_ER_SESSION_CLOSE_BY_REMOTE,
        _ => AV_ER_FAIL_CREATE_DTLS,
    }
}

/// A result as C gets it.
pub(crate) fn flat(result: Result<Code, Code>) -> Code {
    result.unwrap_or_else(|code| code)
}
