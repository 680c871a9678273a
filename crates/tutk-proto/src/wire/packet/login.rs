use super::{put_u16s, put_u32s};
use crate::wire::reader::Reader;
use crate::wire::{Echo, Error, LoginResult, MAX_CREDENTIAL, Text};

/// Constant in all logins and answers that were seen.
const ABILITY: u32 = 0x001F_07FB;
const TRAILER: u32 = 0x0003_0000;
/// Bytes between the AV version and the size field.
const GAP: usize = 12;
/// Constant in all answers that were seen; not understood.
const ANSWER_CONSTANT: [u8; 4] = [0, 1, 0, 1];

/// Which of the two logins it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginForm {
    /// `00 00`: for servers of the classic style too.
    Any {
        /// A [`LoginForm::Packet`] goes with it: the u16 at 18 is 1.
        paired: bool,
    },
    /// `00 20`: for servers of the packet style alone.
    Packet,
}

/// A client wants to log in to the server of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login<'a> {
    /// Which form.
    pub form: LoginForm,
    /// The client's AV version.
    pub version: u16,
    /// Copied into the answer.
    pub tag: u32,
    /// The account.
    pub account: Text<'a>,
    /// The password.
    pub password: Text<'a>,
    /// 1 asks for resend, 0 does not. go2rtc's client for Wyze's cameras has 0x00040000: it reads no media with resend, and acknowledges
    /// no frames.
    pub resend: u32,
    /// 1 if the password is a token; 0 or 1 seen.
    pub token: u32,
    /// 1 from the vendor's `avClientStartEx`, else 0.
    pub extended: u32,
}

impl<'a> Login<'a> {
    /// Bytes of the data.
    const LEN: usize = 2 * (MAX_CREDENTIAL + 1) + 32;

    /// What an answer in classic style repeats of it.
    pub(crate) fn echo(&self) -> Echo {
        let paired = u8::from(self.form == LoginForm::Any { paired: true });
        let [t0, t1, t2, t3] = self.tag.to_le_bytes();
        [paired, 0, t0, t1, t2, t3]
    }

    pub(super) fn decode(second: u8, version: u16, mut reader: Reader<'a>) -> Result<Self, Error> {
        reader.bytes(GAP)?;
        let _len = reader.u16()?;
        let paired = reader.u16()? == 1;
        let tag = reader.u32()?;
        let account = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
        let password = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
        let resend = reader.u32()?;
        // Older clients end before the last two words.
        let _constants = reader.bytes(5 * 4);
        let token = reader.u32().unwrap_or(0);
        let extended = reader.u32().unwrap_or(0);
        let form = if second == 0 { LoginForm::Any { paired } } else { LoginForm::Packet };
        Ok(Self { form, version, tag, account, password, resend, token, extended })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let (second, paired) = match self.form {
            LoginForm::Any { paired } => (0, paired),
            LoginForm::Packet => (0x20, false),
        };
        put_prefix(out, second, self.version, 0, Self::LEN, paired, self.tag);
        self.account.put(out, MAX_CREDENTIAL + 1);
        self.password.put(out, MAX_CREDENTIAL + 1);
        put_u32s(out, &[self.resend, 4, ABILITY, 0, 0, TRAILER, self.token, self.extended]);
    }
}

/// A server's answer to a [`Login`], and the decision for the packet style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginAnswer {
    /// Whether the client may go on.
    pub result: LoginResult,
    /// Whether what is lost is sent again.
    pub resend: bool,
    /// A number of the server's application; usually [`SERVICE`](crate::wire::SERVICE).
    pub service: u32,
    /// Copied from the login.
    pub tag: u32,
    /// The last word: 0; 2 in the first answer and 3 in later ones from the vendor's `avServStartEx`.
    pub last: u32,
}

impl LoginAnswer {
    const LEN: usize = 36;

    pub(super) fn decode(mut reader: Reader<'_>) -> Result<Self, Error> {
        let service = reader.u32()?;
        reader.bytes(GAP - 4)?;
        let _len = reader.u16()?;
        reader.u16()?;
        let tag = reader.u32()?;
        let result = match reader.u32()? {
            0 => LoginResult::Granted,
            3 => LoginResult::Refused,
            other => LoginResult::Other(other),
        };
        reader.u32()?;
        let resend = reader.u32()? != 0;
        reader.bytes(5 * 4)?;
        Ok(Self { result, resend, service, tag, last: reader.u32()? })
    }

    pub(super) fn encode(&self, version: u16, out: &mut Vec<u8>) {
        put_prefix(out, 0x21, version, self.service, Self::LEN, false, self.tag);
        let result = match self.result {
            LoginResult::Granted => 0,
            LoginResult::Refused => 3,
            LoginResult::Other(other) => other,
        };
        put_u32s(out, &[result]);
        out.extend_from_slice(&ANSWER_CONSTANT);
        put_u32s(out, &[self.resend.into(), 4, ABILITY, 0, 0, TRAILER, self.last]);
    }
}

/// The 24 bytes before the data.
fn put_prefix(out: &mut Vec<u8>, second: u8, version: u16, service: u32, len: usize, paired: bool, tag: u32) {
    out.extend_from_slice(&[0, second]);
    put_u16s(out, &[version]);
    put_u32s(out, &[service, 0, 0]);
    put_u16s(out, &[len as u16, paired.into()]);
    put_u32s(out, &[tag]);
}
