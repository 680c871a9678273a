//! What `tutk` says about itself.

use std::fs;

use crate::support::{CANARY, assert_code, run, text, tutk};

#[test]
fn help_shows_no_secret() {
    for args in [&["--help"][..], &["scan", "--help"], &["sync", "--help"], &["stream", "--help"]] {
        let mut command = tutk(args);
        for variable in ["TUTK_PASSWORD", "TUTK_AUTH_KEY", "TUTK_LICENSE_KEY"] {
            command.env(variable, CANARY);
        }
        let output = run(&mut command);
        assert_code(&output, 0);
        assert!(text(&output.stdout).contains("Exit codes:"), "{args:?}");
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    let stream = ["stream", "-f", "-", "-p", CANARY];
    for args in [
        &[][..],
        &["record"],
        &["scan", "-v", "-q"],
        &["scan", "-t", "0"],
        &["scan", "--backend", "best"],
        &["scan", "--address", "a b"],
        &["stream", "-d", "ABCDEFGHJKLMNPQRST12", "-p", CANARY],
        &[&stream[..], &["-d", "short"]].concat(),
        &[&stream[..], &["--bogus"]].concat(),
        &["stream", "-d", "ABCDEFGHJKLMNPQRST12", "-f", "-", "-u", &"x".repeat(257)],
    ] {
        let output = run(&mut tutk(args));
        assert_code(&output, 2);
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn manual_pages() {
    let folder = std::env::temp_dir().join(format!("tutk-man-{}", crate::support::uid()));
    fs::create_dir(&folder).unwrap();
    assert_code(&run(&mut tutk(&["man", folder.to_str().unwrap()])), 0);
    let mut pages: Vec<_> = fs::read_dir(&folder).unwrap().map(|page| page.unwrap().file_name()).collect();
    pages.sort();
    assert_eq!(pages, ["tutk-scan.1", "tutk-stream.1", "tutk-sync.1", "tutk-talk.1", "tutk.1"]);
    let page = fs::read_to_string(folder.join("tutk-stream.1")).unwrap();
    assert!(page.contains("TUTK_PASSWORD") && page.contains("Exit codes"));
    fs::remove_dir_all(&folder).unwrap();
    assert_code(&run(&mut tutk(&["man", folder.to_str().unwrap()])), 1);
}
