//! Retries rejected files that changed: those that are valid now go back to the events directory.
//!
//! A writer that paused may still have its file open and continue writing after the move to `rejected/`, and
//! people correct files there. A reason has the modification time of the file that was judged, so a later time
//! shows a change, across restarts too.

use super::State;
use super::batch_builder::BatchBuilder;
use crate::decode::Encoding;
use crate::directory::{Contents, Directory, Names, Stat};
use crate::intake_key;
use crate::listing::{FileFormat, file_format};
use crate::parse::{Origin, parse_event};
use crate::reject::{REASON, restore, set_modified};
use std::fs::OpenOptions;

/// Time from the start of one scan of `rejected/` to the start of the next.
const SCAN_SECONDS: f64 = 30.0;
/// Time between the steps of a scan.
const STEP_SECONDS: f64 = 1.0;
/// A step ends with the chunk of the listing that exceeds this number of names.
const STEP_NAMES: usize = 512;

/// A scan of `rejected/`, a few hundred names per step.
#[derive(Default)]
pub struct RejectedScan {
    /// The listing of a scan in progress.
    names: Option<Names>,
    began_at: Option<f64>,
    stepped_at: f64,
}

impl RejectedScan {
    /// When the next step is due; `None` between two scans.
    pub fn due_at(&self) -> Option<f64> {
        self.names.as_ref().map(|_| self.stepped_at + STEP_SECONDS)
    }

    fn is_due(&self, now: f64) -> bool {
        match (self.due_at(), self.began_at) {
            (Some(at), _) => now >= at,
            (None, Some(began_at)) => now >= began_at + SCAN_SECONDS,
            (None, None) => true,
        }
    }
}

impl BatchBuilder<'_> {
    /// Run one step of the scan if it is due. What cannot be read is retried in the next scan.
    pub fn retry_rejected(&self, state: &mut State) {
        if !state.rejected_scan.is_due(self.now) {
            return;
        }
        let rejected = &self.inbox.rejected;
        if state.rejected_scan.names.is_none() {
            state.rejected_scan.began_at = Some(self.now);
            if !rejected.is_dir() {
                return; // opening it would create it
            }
        }
        state.rejected_scan.stepped_at = self.now;
        let Ok(directory) = Directory::open(rejected) else {
            return;
        };
        let Some(mut names) = state
            .rejected_scan
            .names
            .take()
            .or_else(|| directory.listing().ok())
        else {
            return;
        };
        let (mut reasons, mut seen) = (Vec::new(), 0);
        while seen < STEP_NAMES {
            let goes_on = names.next_chunk(|name, _| {
                seen += 1;
                if name.ends_with(REASON.as_bytes()) {
                    reasons.push(name.to_vec());
                }
            });
            if !matches!(goes_on, Ok(true)) {
                seen = usize::MAX; // the scan is finished
            }
        }
        if seen < usize::MAX {
            state.rejected_scan.names = Some(names);
        }
        let mut buffer = std::mem::take(&mut state.buffer);
        for reason in reasons {
            let name = &reason[..reason.len() - REASON.len()];
            if let Some(changed) = changed_since(&directory, name, &reason) {
                if self.is_usable(&directory, name, changed, &mut buffer) {
                    let file = directory.path_of(name);
                    let own = file.file_name().unwrap_or_default().to_owned();
                    if restore(&file, &self.inbox.events, own).is_ok() {
                        state.listing.invalidate();
                    }
                } else if let Ok(open) = OpenOptions::new()
                    .write(true)
                    .open(directory.path_of(&reason))
                {
                    // Do not read it again until it changes again.
                    let _ = set_modified(&open, changed);
                }
            }
        }
        buffer.truncate(super::jsonl_reader::BUFFER_KEPT);
        state.buffer = buffer;
    }

    fn is_usable(
        &self,
        directory: &Directory,
        name: &[u8],
        stat: Stat,
        buffer: &mut Vec<u8>,
    ) -> bool {
        match file_format(name) {
            Some(FileFormat::Json) => {
                let read = directory.read(name, self.bounds.max_event_bytes, buffer, 0);
                let Ok(Contents::Whole(stat)) = read else {
                    return false;
                };
                let size = usize::try_from(stat.size).unwrap_or(0);
                let origin = Origin {
                    key: intake_key::of_file(name, stat.mtime_ns, stat.size, b""),
                    mtime_us: stat.mtime_us(),
                    now_us: self.reader.clock_us,
                };
                parse_event(&buffer[..size], origin).is_ok()
            }
            // Only for its encoding is a whole `.jsonl` file rejected.
            Some(FileFormat::JsonLines) => {
                let mut head = [0; 4];
                let filled = directory.read_prefix(name, &mut head);
                stat.size > 0 && Encoding::of(&head[..filled]).is_ok()
            }
            None => false,
        }
    }
}

/// The metadata of a rejected file that changed after it was judged.
fn changed_since(directory: &Directory, name: &[u8], reason: &[u8]) -> Option<Stat> {
    let judged = directory.stat(reason).ok()??;
    let stat = directory.stat(name).ok()??;
    (stat.is_file && stat.mtime_ns > judged.mtime_ns).then_some(stat)
}
