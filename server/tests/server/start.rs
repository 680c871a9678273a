//! What the server refuses to start with.

use std::process::Command;
use std::{env, fs};

use crate::common::{PASSWORD, Server, unique};

/// What it says where it was started as in a container, with these settings.
fn refused(settings: &str) -> String {
    refused_with(&["--public"], settings)
}

fn refused_with(arguments: &[&str], settings: &str) -> String {
    let file = env::temp_dir().join(format!("tutk-server-{}.toml", unique()));
    fs::write(&file, settings).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_tutk-server"));
    let ended = server.args(arguments).arg("--config").arg(&file).env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
    fs::remove_file(&file).unwrap();
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && !text.contains(PASSWORD) && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_container_needs_an_address_and_a_login() {
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    for settings in ["", &login, "[http]\nlisten = \"0.0.0.0:8080\"\n"] {
        let text = refused(settings);
        assert!(text.contains("[login]") && text.contains("password-file"), "{settings}: {text}");
    }
    assert!(refused(&login).contains("[http] listen = \"0.0.0.0:8080\""));
}

#[test]
fn a_port_that_is_taken_is_all_that_is_said() {
    let folder = env::temp_dir().join(format!("tutk-server-recordings-{}", unique()));
    let mut settings = format!("[recording]\nfolder = \"{}\"\n", folder.display());
    for number in 10..30 {
        settings += &format!("[cameras.door{number}]\nuid = \"ABCDEFGHJKLMNPQRST{number}\"\nrecord = true\n");
    }
    let other = Server::start("");
    for (section, taken, free) in [("rtsp", other.rtsp, "http"), ("http", other.http, "rtsp")] {
        let listen = format!("[{section}]\nlisten = \"127.0.0.1:{taken}\"\n[{free}]\nlisten = \"127.0.0.1:0\"\n");
        let text = refused_with(&[], &(listen + &settings));
        assert!(text.contains("cannot listen") && text.contains(section) && text.lines().count() == 1, "{text}");
    }
}
