use std::path::{Path, PathBuf};
use std::{env, fmt};

/// Why no library could be loaded: every path that was tried, and what was wrong with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// What was tried, in this order.
    pub attempts: Vec<Attempt>,
}

/// One library that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The file, or the name that the system's loader was asked for.
    pub path: PathBuf,
    /// What went wrong, in the loader's own words where it was the loader.
    pub problem: String,
    /// What it means and what helps, if that is known.
    pub advice: Option<String>,
}

impl Attempt {
    pub(crate) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), advice: None }
    }

    /// The loader's refusal of `path`.
    pub(crate) fn refused(path: &Path, error: &libloading::Error) -> Self {
        let problem = match error {
            libloading::Error::DlOpen { source } => source.to_string(),
            error => error.to_string(),
        };
        let advice = advice(path, &problem);
        Self { path: path.into(), problem, advice }
    }

    pub(crate) fn advise(mut self, advice: &str) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

fn advice(path: &Path, problem: &str) -> Option<String> {
    if !path.has_root() {
        // The system's loader searched for it; there is no file to look at.
        return None;
    }
    if problem.contains("invalid ELF header") || problem.contains("file too short") {
        return Some("it is no library at all".into());
    }
    let other_machine =
        || format!("it was made for another processor; get the one for this machine ({})", env::consts::ARCH);
    if problem.contains("wrong ELF class") {
        return Some(other_machine());
    }
    let (missing, _) = problem.split_once(": cannot open shared object file")?;
    if Path::new(missing) == path {
        // glibc says so of a file that is there and not for this processor.
        return path.is_file().then(other_machine);
    }
    if matches!(missing, "liblog.so" | "libc.so" | "libm.so" | "libdl.so" | "libstdc++.so") {
        return Some("it was made for Android or for another C library; get the one for Linux with glibc".into());
    }
    Some(format!("it needs {missing}: install that, or name the folder that has it in LD_LIBRARY_PATH"))
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the vendor's library could not be loaded; tried ")?;
        for (index, attempt) in self.attempts.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", attempt.path.display(), attempt.problem)?;
            if let Some(advice) = &attempt.advice {
                write!(f, " ({advice})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
