//! Settlement: removes, rejects or releases the files of a batch after its transaction.

use super::batch::{Batch, Settled};
use super::batch_builder::trouble;
use super::{Inbox, Unremoved, name_hash};
use crate::decode::Encoding;
use crate::directory::{Contents, Directory, Stat};
use crate::error::{PathContext, Result};
use crate::intake_key::{self, IntakeKey};
use crate::line_reader::{Ended, Found, Progress, take_lines};
use crate::parse::{FAILED, Rejection};
use crate::pending::SLOW_RETRY;
use crate::reject::{LinePlace, Rejected, reject_file, reject_line};

use std::collections::HashMap;
use std::fs::File;
use std::io;

enum Outcome {
    Removed,
    Changed,
    Gone,
}

impl Inbox {
    /// Remove the files of a batch whose rows and positions are durable. May run in parallel with the next take.
    ///
    /// Removals are not synced: a file that reappears after a crash has the same intake key.
    ///
    /// # Errors
    ///
    /// The directory cannot be opened; nothing was removed.
    pub fn settle(&self, batch: &Batch, now: f64) -> Result<Settled> {
        let directory = Directory::open(&self.events)?;
        let mut settled = Settled::default();
        let mut unremoved = Vec::new();
        let mut count = |name: &[u8], stat: Stat| match remove(&directory, name, stat) {
            Ok(Outcome::Removed) => settled.removed += 1,
            Ok(Outcome::Changed) => settled.changed += 1,
            Ok(Outcome::Gone) => settled.gone += 1,
            Err(error) => {
                settled.troubles.push(trouble(name, &error));
                unremoved.push((name.into(), stat));
            }
        };
        for (name, stat) in batch.files.iter() {
            count(name, stat);
        }
        let mut finished = Vec::new();
        for (name, stat) in &batch.finished_files {
            finished.push((
                name,
                matches!(
                    remove(&directory, name, *stat),
                    Ok(Outcome::Removed | Outcome::Gone)
                ),
            ));
        }
        settled.removed += finished
            .iter()
            .filter(|(_, is_removed)| *is_removed)
            .count() as u64;

        let mut state = self.state();
        for (name, _) in batch.files.iter() {
            state.in_flight.remove(&name_hash(name));
        }
        state.listing.invalidate();
        let number = state.listing_number;
        for (name, stat) in unremoved {
            let kept = Unremoved {
                stat,
                retry_at: now + SLOW_RETRY,
                listed: number,
            };
            state.unremoved.insert(name, kept);
        }
        for (name, progress) in &batch.progress {
            if let Some(file) = state.jsonl_files.get_mut(name) {
                file.committed = *progress;
            }
        }
        for (name, is_removed) in finished {
            if is_removed {
                state.jsonl_files.remove(name);
            } else if let Some(file) = state.jsonl_files.get_mut(name) {
                // It has grown, or cannot be removed; keep reading it.
                file.is_finished = false;
                file.due_at = Some(now + SLOW_RETRY);
            }
        }
        drop(state);
        if settled.changed > 0 {
            self.wake(); // the change was reported while the file was in flight
        }
        Ok(settled)
    }

    /// Move the events that the store cannot accept to `rejected/`, by intake key, each with the given reason:
    /// their files, or for `.jsonl` files their lines alone. Call it before [`Self::settle`]; a file that changed
    /// meanwhile stays.
    ///
    /// # Errors
    ///
    /// An I/O error; what was moved before stays moved.
    pub fn reject(
        &self,
        batch: &Batch,
        failed: &HashMap<IntakeKey, String>,
    ) -> Result<Vec<Rejected>> {
        let directory = Directory::open(&self.events)?;
        let why = |reason: &String| Rejection::whole(FAILED, reason);
        let mut rejected = Vec::new();
        let mut buffer = Vec::new();
        for (name, stat) in batch.files.iter() {
            if directory.read(name, stat.size, &mut buffer, 0)? != Contents::Whole(stat) {
                continue;
            }
            let size = usize::try_from(stat.size).unwrap_or(0);
            let key = intake_key::of_file(name, stat.mtime_ns, stat.size, &buffer[..size]);
            if let Some(reason) = failed.get(&key) {
                rejected.extend(reject_file(
                    &self.rejected,
                    &directory,
                    name,
                    stat,
                    why(reason),
                )?);
            }
        }
        for (name, end) in &batch.progress {
            let begin = self
                .state()
                .jsonl_files
                .get(name)
                .map(|file| (file.committed, file.encoding));
            let (Some((begin, encoding)), Some((mut file, stat))) =
                (begin, directory.open_file(name)?)
            else {
                continue;
            };
            let lines = failed_lines(name, &mut file, stat, (begin, *end), encoding, failed)
                .with_path(directory.path_of(name))?;
            for (place, reason) in lines {
                let mark = encoding.mark();
                let line = reject_line(&self.rejected, name, &mut file, place, mark, why(reason))?;
                rejected.push(line);
            }
        }
        Ok(rejected)
    }

    /// Release a batch whose rows are not durable: all of it is taken again.
    pub fn release(&self, batch: &Batch) {
        let mut state = self.state();
        for (name, _) in batch.files.iter() {
            state.in_flight.remove(&name_hash(name));
        }
        state.listing.invalidate();
        let followed = batch.progress.iter().map(|(name, _)| name);
        for name in followed.chain(batch.finished_files.iter().map(|(name, _)| name)) {
            if let Some(file) = state.jsonl_files.get_mut(name) {
                file.taken = file.committed;
                (file.is_finished, file.is_behind) = (false, true);
            }
        }
        drop(state);
        self.wake();
    }
}

/// The lines between two positions that the store cannot accept.
fn failed_lines<'f>(
    name: &[u8],
    file: &mut File,
    stat: Stat,
    (mut progress, end): (Progress, Progress),
    encoding: Encoding,
    failed: &'f HashMap<IntakeKey, String>,
) -> io::Result<Vec<(LinePlace, &'f String)>> {
    let mut lines = Vec::new();
    let mut check = |offset: u64, number, bytes: &[u8]| {
        // The last line may have been taken without its end, and may have grown since.
        let most = usize::try_from(end.offset - offset).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(most)];
        let reason = failed.get(&intake_key::of_line(name, stat.inode, offset, bytes));
        let length = bytes.len() as u64;
        let place = LinePlace {
            offset,
            number,
            length,
        };
        lines.extend(reason.map(|reason| (place, reason)));
    };
    let longest = usize::try_from(end.offset - progress.offset).unwrap_or(usize::MAX - 1);
    let mut buffer = vec![0; longest.min(1 << 16) + 1];
    let ended = take_lines(
        file,
        &mut progress,
        &mut buffer,
        (encoding, longest),
        |found| {
            if let Found::Line {
                offset,
                number,
                bytes,
            } = found
                && offset < end.offset
            {
                check(offset, number, bytes);
            }
            true
        },
    )?;
    if let Ended::Rest(length) = ended
        && progress.offset < end.offset
    {
        check(progress.offset, progress.lines + 1, &buffer[..length]);
    }
    Ok(lines)
}

fn remove(directory: &Directory, name: &[u8], read: Stat) -> Result<Outcome> {
    Ok(match directory.stat(name)? {
        Some(stat) if stat != read => Outcome::Changed,
        Some(_) if directory.remove(name)? => Outcome::Removed,
        _ => Outcome::Gone,
    })
}
