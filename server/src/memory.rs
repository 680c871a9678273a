//! What the server keeps from one start to the next: which cameras were encrypted once, so that nobody who answers in their
//! place can have their passwords without.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tutk::Uid;

/// The UIDs of cameras whose sessions were encrypted.
#[derive(Debug, Default)]
pub(crate) struct Encrypted {
    /// None: nothing is kept.
    file: Option<PathBuf>,
    uids: Mutex<BTreeSet<String>>,
}

impl Encrypted {
    /// Reads the file in this folder. Without a folder it lasts as long as the program.
    ///
    /// # Errors
    /// Where there is a file that cannot be read: its cameras would lose their protection.
    pub(crate) fn load(folder: Option<PathBuf>) -> Result<Self, String> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let file = folder.join("encrypted-cameras");
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| format!("{} cannot be read: {error}", file.display()))?,
        };
        let uids = text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
        Ok(Self { uids: Mutex::new(uids.collect()), file: Some(file) })
    }

    pub(crate) fn has(&self, uid: Uid) -> bool {
        self.lock().contains(&uid.to_string())
    }

    /// A session with this camera was encrypted.
    pub(crate) fn add(&self, uid: Uid) {
        let mut uids = self.lock();
        if uids.insert(uid.to_string())
            && let Err(error) = self.save(&uids)
        {
            eprintln!("That camera {uid} was encrypted is not kept beyond this run: {error}");
        }
    }

    /// Where the user finds it.
    pub(crate) fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "the memory of this program".into(), |file| file.display().to_string())
    }

    /// Whatever happens, the file is complete.
    fn save(&self, uids: &BTreeSet<String>) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let new = file.with_extension("new");
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&new, uids.iter().map(|uid| format!("{uid}\n")).collect::<String>())?;
        fs::rename(&new, file)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.uids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_is_kept() {
        let folder = std::env::temp_dir().join(format!("tutk-server-memory-{}", std::process::id()));
        let uid = |text: &str| text.parse::<Uid>().unwrap();
        let (one, other) = (uid("ABCDEFGHJKLMNPQRST12"), uid("ABCDEFGHJKLMNPQRST34"));
        let first = Encrypted::load(Some(folder.clone())).unwrap();
        assert!(!first.has(one));
        first.add(one);
        let second = Encrypted::load(Some(folder.clone())).unwrap();
        assert!(second.has(one) && !second.has(other));
        assert!(second.place().ends_with("encrypted-cameras"));
        // A file that is no text is no reason to forget.
        fs::write(folder.join("encrypted-cameras"), [0xff]).unwrap();
        assert!(Encrypted::load(Some(folder.clone())).unwrap_err().contains("encrypted-cameras"));
        fs::remove_dir_all(folder).unwrap();
    }
}
