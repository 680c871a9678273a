//! The packages, steps and tests that pages name are there. `scripts/test examples` runs the other commands.

use std::fs;
use std::path::{Path, PathBuf};

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(root(file)).unwrap()
}

/// The commands of the pages that begin so, without that; in text they are quoted.
fn commands(begin: &str) -> Vec<String> {
    let texts = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/reliability.md", "fuzz/README.md"].map(read);
    let lines = texts.iter().flat_map(|text| text.split(['`', '\n']));
    let commands: Vec<_> = lines.filter_map(|line| line.strip_prefix(begin)).map(String::from).collect();
    assert!(commands.len() > 3, "{begin}: {commands:?}");
    commands
}

#[test]
fn packages_are_those_that_the_scripts_install() {
    let (readme, scripts) = (read("README.md"), read("scripts/lib/common.sh"));
    let named: Vec<_> = readme.split_whitespace().collect();
    let (_, packages) = scripts.split_once("\npackages=(").unwrap();
    let packages: Vec<_> = packages.split_once(')').unwrap().0.split_whitespace().collect();
    assert!(packages.contains(&"libgstreamer1.0-dev"), "{packages:?}");
    for package in packages {
        assert!(named.contains(&package), "README.md does not name {package}");
    }
}

#[test]
fn steps_are_those_of_the_script() {
    let script = read("scripts/test");
    for step in commands("scripts/test ").iter().flat_map(|command| {
        let (steps, _) = command.split_once('#').unwrap_or((command, ""));
        steps.split_whitespace().filter(|step| !step.starts_with('-'))
    }) {
        assert!(script.contains(&format!("\n#   {step} ")), "scripts/test has no step {step}");
    }
}

#[test]
fn tests_are_there() {
    for command in commands("cargo test ") {
        let words: Vec<_> = command.split_whitespace().collect();
        let after = |option: &str| words.iter().skip_while(|word| **word != option).nth(1);
        let folder = root(&after("-p").map_or(".".into(), |name| format!("crates/{name}")));
        assert!(folder.is_dir(), "cargo test {command}: there is no {}", folder.display());
        if let Some(test) = after("--test") {
            let tests = folder.join("tests").join(test);
            assert!(tests.is_dir() || tests.with_extension("rs").is_file(), "there is no test of cargo test {command}");
        }
    }
}
