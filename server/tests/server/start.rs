//! What the server refuses to start with.

use std::process::Command;
use std::{env, fs};

use crate::common::{PASSWORD, unique};

/// What it says where it was started as in a container, with these settings.
fn refused(settings: &str) -> String {
    let file = env::temp_dir().join(format!("tutk-server-{}.toml", unique()));
    fs::write(&file, settings).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_tutk-server"));
    let ended = server.arg("--public").arg("--config").arg(&file).env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
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
