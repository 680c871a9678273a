//! Fuzzing within `cargo test`: feeds the committed seeds of a fuzz target to its body, and then mutations of them for as
//! many seconds as the environment variable `FUZZ_SECONDS` says.
//!
//! No coverage guides the mutations; for that, `cargo fuzz` runs the same bodies (`fuzz/README.md`).

mod mutate;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutator;

/// Feeds the seeds of `target`, then mutations of them, to `body`. An input at which it panics is named, and written to
/// `fuzz/artifacts` if it is new.
pub fn replay(target: &str, body: impl Fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let seeds = seeds(&fuzz.join("seeds").join(target));
    for (path, seed) in &seeds {
        run(&body, seed, || path.clone());
    }
    let seconds = std::env::var("FUZZ_SECONDS").map_or(0, |text| text.parse().expect("FUZZ_SECONDS is a number"));
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut mutator = Mutator::new();
    let inputs: Vec<_> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let count = Cell::new(0);
    while Instant::now() < until {
        let input = mutator.mutate(&inputs);
        run(&body, &input, || {
            let folder = fuzz.join("artifacts").join(target);
            let path = folder.join(format!("replay-{}-{}", std::process::id(), count.get()));
            std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::write(&path, &input))
                .expect("a place for the input");
            path
        });
        count.set(count.get() + 1);
    }
    println!("{target}: {} seeds, {} new inputs", inputs.len(), count.get());
}

fn seeds(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let list = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = list.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a seed"))).collect()
}

fn run(body: impl Fn(&[u8]), input: &[u8], path: impl FnOnce() -> PathBuf) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(input))) {
        eprintln!("it panics at {}", path().display());
        resume_unwind(panic);
    }
}
