//! HTTPS, and RTSP by TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

use crate::common::{Answer, Camera, LONG, PASSWORD, Server, unique};
use crate::rtsp::{probe, pull_pictures};

/// A certificate of this host, signed by itself.
pub struct Certificate {
    pub folder: PathBuf,
    x509: X509,
}

impl Certificate {
    pub fn new() -> Self {
        let key = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap();
        let key = PKey::from_ec_key(key).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "localhost").unwrap();
        let name = name.build();
        let mut x509 = X509::builder().unwrap();
        x509.set_version(2).unwrap();
        x509.set_subject_name(&name).unwrap();
        x509.set_issuer_name(&name).unwrap();
        x509.set_pubkey(&key).unwrap();
        x509.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        x509.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
        let names = SubjectAlternativeName::new().dns("localhost").build(&x509.x509v3_context(None, None)).unwrap();
        x509.append_extension(names).unwrap();
        x509.sign(&key, MessageDigest::sha256()).unwrap();
        let x509 = x509.build();
        let folder = env::temp_dir().join(format!("tutk-server-{}", unique()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("certificate"), x509.to_pem().unwrap()).unwrap();
        fs::write(folder.join("key"), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        Self { folder, x509 }
    }

    /// What a section of the settings has.
    fn settings(&self) -> String {
        let file = |name| self.folder.join(name).display().to_string();
        format!("certificate = \"{}\"\nkey = \"{}\"", file("certificate"), file("key"))
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a client gets that knows the certificate.
fn get(server: &Server, certificate: &Certificate, path: &str) -> Answer {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.cert_store_mut().add_cert(certificate.x509.clone()).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", server.http)).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut stream = connector.build().connect("localhost", stream).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::parse(&answer)
}

#[test]
fn the_page_and_rtsp_are_encrypted_where_there_is_a_certificate() {
    let (camera, certificate) = (Camera::start(), Certificate::new());
    let settings = camera.section("door", PASSWORD);
    let server = Server::start_with_both(&settings, &certificate.settings(), &certificate.settings());
    assert_eq!(get(&server, &certificate, "/api/cameras").json()["rtsp_tls"], true);
    let client = server.watch_by("rtsps", "door", "", "tls-validation-flags=0");
    pull_pictures(&client, 3);
    client.pull("audio").unwrap();
    // Nothing is said without.
    let mut plain = TcpStream::connect(("127.0.0.1", server.http)).unwrap();
    plain.set_read_timeout(Some(LONG)).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|four| four == b"HTTP"), "{answer:?}");
}

#[test]
fn a_login_holds_with_tls_too() {
    let (camera, certificate) = (Camera::start(), Certificate::new());
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let settings = camera.section("door", PASSWORD) + &login;
    let server = Server::start_with_both(&settings, "", &certificate.settings());
    let error = server.watch_by("rtsps", "door", "", "tls-validation-flags=0").error();
    assert!(error.contains("nauthorized") || error.contains("401"), "{error}");
    let right = format!("me:{PASSWORD}@");
    pull_pictures(&server.watch_by("rtsps", "door", &right, "tls-validation-flags=0"), 3);
    let found = probe(&server, "rtsps", &right, "tcp").unwrap();
    assert_eq!(found["streams"][0]["codec_name"], "h264", "{found}");
}

#[test]
fn connections_are_gone_when_their_clients_are() {
    let certificate = Certificate::new();
    let server = Server::start_with_both("", "", &certificate.settings());
    let files = || fs::read_dir(format!("/proc/{}/fd", server.process())).unwrap().count();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.cert_store_mut().add_cert(certificate.x509.clone()).unwrap();
    let connector = connector.build();
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", server.rtsp)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    };
    let speak = || {
        let mut stream = connector.connect("localhost", connect()).unwrap();
        write!(stream, "OPTIONS rtsp://localhost/ RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 64]).unwrap() > 0);
    };
    speak();
    let before = files();
    for _ in 0..10 {
        speak();
        // This one never speaks TLS.
        drop(connect());
    }
    let deadline = Instant::now() + LONG;
    while files() > before + 2 {
        assert!(Instant::now() < deadline, "{} files, {before} before", files());
        thread::sleep(Duration::from_millis(50));
    }
}
