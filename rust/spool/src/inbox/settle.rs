//! After the rows are durable: remove what still is what was read.

use super::batch::{Batch, Settled};
use super::take::trouble;
use super::{Inbox, Unremoved, name_hash};
use crate::directory::{Directory, Stat};
use crate::error::Result;
use crate::waiting::SLOW_RETRY;

enum Outcome {
    Removed,
    Changed,
    Gone,
}

impl Inbox {
    /// Remove the files of a batch whose rows and positions are durable. May run beside the next take.
    ///
    /// Removals are not synced: a file that a crash brings back has the intake key it had.
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
        state.listing.forget();
        let number = state.number;
        for (name, stat) in unremoved {
            let kept = Unremoved {
                stat,
                retry_at: now + SLOW_RETRY,
                listed: number,
            };
            state.unremoved.insert(name, kept);
        }
        for (name, progress) in &batch.progress {
            if let Some(tail) = state.tails.get_mut(name) {
                tail.committed = *progress;
            }
        }
        for (name, is_removed) in finished {
            if is_removed {
                state.tails.remove(name);
            } else if let Some(tail) = state.tails.get_mut(name) {
                // It has grown since, or cannot be removed; it is followed on.
                tail.is_finished = false;
                tail.due_at = Some(now + SLOW_RETRY);
            }
        }
        drop(state);
        if settled.changed > 0 {
            self.wake(); // the change was told while the file was still ours
        }
        Ok(settled)
    }

    /// Give a batch back whose rows did not become durable: all of it comes again.
    pub fn release(&self, batch: &Batch) {
        let mut state = self.state();
        for (name, _) in batch.files.iter() {
            state.in_flight.remove(&name_hash(name));
        }
        state.listing.forget();
        let followed = batch.progress.iter().map(|(name, _)| name);
        for name in followed.chain(batch.finished_files.iter().map(|(name, _)| name)) {
            if let Some(tail) = state.tails.get_mut(name) {
                tail.taken = tail.committed;
                (tail.is_finished, tail.is_behind) = (false, true);
            }
        }
        drop(state);
        self.wake();
    }
}

fn remove(directory: &Directory, name: &[u8], read: Stat) -> Result<Outcome> {
    Ok(match directory.stat(name)? {
        Some(stat) if stat != read => Outcome::Changed,
        Some(_) if directory.remove(name)? => Outcome::Removed,
        _ => Outcome::Gone,
    })
}
