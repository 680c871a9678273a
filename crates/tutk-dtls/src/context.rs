//! What all associations of a role share.

use once_cell::sync::OnceCell;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef, SslSessionCacheMode, SslVersion,
};
use zeroize::Zeroizing;

use crate::association::Role;

/// The names that OpenSSL has for 0xCCAC and 0x00AE, the first one preferred.
const SUITES: &str = "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-CBC-SHA256";

/// `SSL_OP_NO_ENCRYPT_THEN_MAC` of `openssl/ssl.h`: with encrypt_then_mac one bad record ends an association.
const NO_ENCRYPT_THEN_MAC: u64 = 1 << 19;

/// Bytes of the secret that cookies are made with.
const COOKIE_SECRET: usize = 32;

/// Where an association keeps its role.
pub(crate) fn role_index() -> Result<Index<Ssl, Role>, ErrorStack> {
    static INDEX: OnceCell<Index<Ssl, Role>> = OnceCell::new();
    INDEX.get_or_try_init(Ssl::new_ex_index).copied()
}

/// Of clients.
pub(crate) fn client() -> Result<&'static SslContext, ErrorStack> {
    static CONTEXT: OnceCell<SslContext> = OnceCell::new();
    CONTEXT.get_or_try_init(|| {
        let mut builder = builder()?;
        let index = role_index()?;
        builder.set_psk_client_callback(move |ssl, _hint, identity, key| Ok(client_key(ssl, index, identity, key)));
        Ok(builder.build())
    })
}

/// Of servers.
pub(crate) fn server() -> Result<&'static SslContext, ErrorStack> {
    static CONTEXT: OnceCell<SslContext> = OnceCell::new();
    CONTEXT.get_or_try_init(|| Ok(server_builder()?.build()))
}

/// Of servers whose clients must show that they receive what is sent to them.
pub(crate) fn server_with_cookies() -> Result<&'static SslContext, ErrorStack> {
    static CONTEXT: OnceCell<SslContext> = OnceCell::new();
    CONTEXT.get_or_try_init(|| {
        let mut builder = server_builder()?;
        let index = role_index()?;
        builder.set_options(SslOptions::COOKIE_EXCHANGE);
        let mut secret = Zeroizing::new([0; COOKIE_SECRET]);
        rand_bytes(secret.as_mut())?;
        let secret = PKey::hmac(secret.as_ref())?;
        let same = secret.clone();
        builder.set_cookie_generate_cb(move |ssl, out| {
            let cookie = cookie(ssl, index, &secret)?;
            Ok(copy(&cookie, out))
        });
        builder.set_cookie_verify_cb(move |ssl, given| {
            cookie(ssl, index, &same)
                .is_ok_and(|cookie| cookie.len() == given.len() && openssl::memcmp::eq(&cookie, given))
        });
        Ok(builder.build())
    })
}

fn server_builder() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = builder()?;
    let index = role_index()?;
    builder.set_psk_server_callback(move |ssl, identity, key| Ok(server_key(ssl, index, identity, key)));
    Ok(builder)
}

fn builder() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::dtls())?;
    builder.set_min_proto_version(Some(SslVersion::DTLS1_2))?;
    builder.set_max_proto_version(Some(SslVersion::DTLS1_2))?;
    builder.set_cipher_list(SUITES)?;
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(
        SslOptions::NO_QUERY_MTU
            | SslOptions::NO_TICKET
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::CIPHER_SERVER_PREFERENCE
            | SslOptions::from_bits_retain(NO_ENCRYPT_THEN_MAC as _),
    );
    Ok(builder)
}

/// Writes a client's identity, with the NUL behind it, and its key. Returns the bytes of the key; 0 fails the handshake.
fn client_key(ssl: &SslRef, index: Index<Ssl, Role>, to: &mut [u8], key: &mut [u8]) -> usize {
    let Some(Role::Client { identity, psk }) = ssl.ex_data(index) else { return 0 };
    if identity.len() >= to.len() || psk.reveal().len() > key.len() {
        return 0;
    }
    to.fill(0);
    copy(identity, to);
    copy(psk.reveal(), key)
}

/// Writes the key of a client. Returns its bytes; 0 refuses the identity.
fn server_key(ssl: &SslRef, index: Index<Ssl, Role>, identity: Option<&[u8]>, key: &mut [u8]) -> usize {
    let Some(Role::Server { keys, .. }) = ssl.ex_data(index) else { return 0 };
    match identity.and_then(|identity| keys.find(identity)) {
        Some(psk) if psk.reveal().len() <= key.len() => copy(psk.reveal(), key),
        _ => 0,
    }
}

/// What a client must repeat, whose address is as the association says.
fn cookie(ssl: &SslRef, index: Index<Ssl, Role>, secret: &PKey<Private>) -> Result<Vec<u8>, ErrorStack> {
    let address = match ssl.ex_data(index) {
        Some(Role::Server { address: Some(address), .. }) => address.as_slice(),
        _ => &[],
    };
    Signer::new(MessageDigest::sha256(), secret)?.sign_oneshot_to_vec(address)
}

/// Copies as much as fits; returns how much that is.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    to.iter_mut().zip(from).map(|(to, from)| *to = *from).count()
}
