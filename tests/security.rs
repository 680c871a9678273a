//! SECURITY.md counts the `unsafe` blocks of each file: what it says must be so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Counts the blocks in all Rust files of a folder.
fn count(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let blocks = code.map(|line| line.matches("unsafe {").count()).sum();
            if blocks > 0 {
                let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.insert(name.to_str().unwrap().into(), blocks);
            }
        }
    }
}

#[test]
fn every_unsafe_block_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    count(&root.join("src"), &mut found);
    count(&root.join("server/src"), &mut found);
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        count(&entry.unwrap().path().join("src"), &mut found);
    }
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    // | blocks | `file` | why |
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let blocks = cells.next()?.parse().ok()?;
        Some((cells.next()?.trim_matches('`').to_owned(), blocks))
    };
    let listed: BTreeMap<String, usize> = text.lines().filter_map(row).collect();
    assert_eq!(found, listed, "left: the code; right: SECURITY.md");
}
