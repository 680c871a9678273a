//! The program of the README compiles.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_c_compiler_takes_the_program() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```c\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let mut compiler = Command::new("cc")
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-xc", "-", "-I"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tutk-sys/include"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    compiler.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    assert!(compiler.wait().unwrap().success());
}
