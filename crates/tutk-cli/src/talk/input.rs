//! What is to be said: read on a thread of its own, so that a slow writer never holds up the session.

use std::fs::File;
use std::io::{BufReader, Read, stdin};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::encode::{Block, Encoder};
use super::wav::Wav;
use crate::failure::Failure;

/// Blocks that are read ahead.
const AHEAD: usize = 25;

/// A WAV file, or standard input.
pub(super) struct Input {
    wav: Wav<Box<dyn Read + Send>>,
    name: String,
}

type Read1 = Result<Block, Failure>;

impl Input {
    /// Reads up to the first sample.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "standard input".into() } else { format!("“{}”", path.display()) };
        let reader: Box<dyn Read + Send> = if is_stdin {
            Box::new(stdin())
        } else {
            let file = File::open(path).map_err(|error| Failure::Other(format!("cannot open {name}: {error}")))?;
            Box::new(BufReader::new(file))
        };
        let wav = Wav::open(reader).map_err(|reason| Failure::Other(format!("cannot read {name}: {reason}")))?;
        Ok(Self { wav, name })
    }

    /// Begins to read. The blocks end with the file.
    pub(super) fn start(self, encoder: Encoder) -> Result<Receiver<Read1>, Failure> {
        let (sender, blocks) = sync_channel(AHEAD);
        thread::Builder::new()
            .name("input".into())
            .spawn(move || self.read(encoder, &sender))
            .map_err(|error| Failure::Other(format!("cannot start a thread: {error}")))?;
        Ok(blocks)
    }

    fn read(mut self, mut encoder: Encoder, blocks: &SyncSender<Read1>) {
        loop {
            // As much as a block, so that what is said now is not said later.
            let count = usize::try_from(self.wav.rate / 50).unwrap_or_default().max(1);
            let samples = match self.wav.next(count) {
                Ok(samples) => samples,
                Err(reason) => {
                    let _ = blocks.send(Err(Failure::Other(format!("cannot read {}: {reason}", self.name))));
                    return;
                }
            };
            let end = samples.is_empty();
            encoder.push(self.wav.rate, &samples);
            while let Some(block) = encoder.next(end) {
                if blocks.send(Ok(block)).is_err() {
                    return;
                }
            }
            if end {
                return;
            }
        }
    }
}
