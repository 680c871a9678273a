//! TLS, for browsers and for players.

use gst_rtsp_server::gio;
use gst_rtsp_server::gio::prelude::*;
#[cfg(feature = "dtls")]
pub(crate) use with_openssl::Acceptor;
#[cfg(not(feature = "dtls"))]
pub(crate) use without_openssl::Acceptor;

use crate::config::Tls;

/// As GStreamer's RTSP server takes it.
pub(crate) fn certificate(tls: &Tls) -> Result<gio::TlsCertificate, String> {
    if !gio::TlsBackend::default().supports_tls() {
        return Err("GLib has no TLS here; Debian's package glib-networking has it".into());
    }
    let pem = format!("{}\n{}", tls.key.reveal(), tls.certificate);
    gio::TlsCertificate::from_pem(&pem).map_err(|error| wrong(error.message()))
}

fn wrong(error: &str) -> String {
    format!("certificate and key are no pair in PEM: {error}")
}

#[cfg(feature = "dtls")]
mod with_openssl {
    use std::pin::Pin;

    use openssl::error::ErrorStack;
    use openssl::pkey::PKey;
    use openssl::ssl::{Ssl, SslAcceptor, SslMethod};
    use openssl::x509::X509;
    use tokio::net::TcpStream;
    use tokio_openssl::SslStream;

    use super::{Tls, wrong};

    /// Speaks TLS with those who connect.
    #[derive(Clone)]
    pub(crate) struct Acceptor(SslAcceptor);

    impl Acceptor {
        pub(crate) fn new(tls: &Tls) -> Result<Self, String> {
            Self::build(tls).map_err(|error| wrong(&error.to_string()))
        }

        fn build(tls: &Tls) -> Result<Self, ErrorStack> {
            let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
            let mut chain = X509::stack_from_pem(tls.certificate.as_bytes())?.into_iter();
            // A key with a passphrase is wrong; nobody is there who could be asked for it.
            let key = PKey::private_key_from_pem_callback(tls.key.reveal().as_bytes(), |_| Ok(0))?;
            acceptor.set_private_key(&key)?;
            if let Some(certificate) = chain.next() {
                acceptor.set_certificate(&certificate)?;
            }
            for certificate in chain {
                acceptor.add_extra_chain_cert(certificate)?;
            }
            acceptor.check_private_key()?;
            Ok(Self(acceptor.build()))
        }

        pub(crate) async fn accept(&self, stream: TcpStream) -> Result<SslStream<TcpStream>, openssl::ssl::Error> {
            let mut stream = SslStream::new(Ssl::new(self.0.context())?, stream)?;
            Pin::new(&mut stream).accept().await?;
            Ok(stream)
        }
    }
}

#[cfg(not(feature = "dtls"))]
mod without_openssl {
    use tokio::net::TcpStream;

    use super::Tls;

    /// There is none.
    #[derive(Clone)]
    pub(crate) enum Acceptor {}

    impl Acceptor {
        pub(crate) fn new(_tls: &Tls) -> Result<Self, String> {
            Err("this program was built without OpenSSL".into())
        }

        pub(crate) async fn accept(&self, _stream: TcpStream) -> Result<TcpStream, std::io::Error> {
            match *self {}
        }
    }
}
