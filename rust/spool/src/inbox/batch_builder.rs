//! Builds one batch from the listing.

use super::batch::{Batch, Trouble};
use super::file_reader::{Fault, Reader, Reading};
use super::urgent_scan::{self, UrgentScan};
use super::{Bounds, Inbox, Name, State, Unremoved, name_hash};
use crate::directory::{Directory, Stamp, Stat};
use crate::error::{Error, Result};
use crate::listing::{FileFormat, file_format};
use crate::parse::Rejection;
use crate::pending::{PendingFile, SLOW_RETRY, Verdict};
use crate::reject::reject_file;
use crate::timestamp;
use std::time::Instant;

/// Maximum age of a reused listing, in seconds, whatever the state of the directory.
const LISTING_SECONDS: f64 = 30.0;
/// System calls on the directory for a take of one file: open, stat, open to list, list twice, close both; and
/// for its settlement: open, close.
const DIRECTORY_CALLS: u64 = 9;

/// With so many names left in the window the watch is suspended: setting it again costs as much as it costs some
/// 2,000 files.
const LONG_BACKLOG: usize = 2_048;

/// A batch that is being built.
pub(super) struct BatchBuilder<'a> {
    pub inbox: &'a Inbox,
    pub bounds: Bounds,
    pub directory: &'a Directory,
    pub reader: Reader<'a>,
    /// Current time in seconds, on the clock of the caller.
    pub now: f64,
    pub batch: Batch,
    pub reading: Reading,
}

impl Inbox {
    /// Take the next batch. `now` is in seconds, of a monotonic clock.
    ///
    /// Problems with single files are reported in the batch.
    ///
    /// # Errors
    ///
    /// The directory can be neither opened, created nor listed.
    pub fn take(&self, now: f64) -> Result<Batch> {
        let mut state = self.state();
        if let Some(scan) = &state.urgent_scan {
            scan.pause();
        }
        let taken = self.build(&mut state, now);
        if let Some(scan) = &state.urgent_scan {
            scan.resume();
        }
        taken
    }

    fn build(&self, state: &mut State, now: f64) -> Result<Batch> {
        let started = Instant::now();
        let directory = Directory::open(&self.events)?;
        let stamp = directory.stamp()?;
        let bounds = state.bounds;
        let reader = Reader {
            directory: &directory,
            pool: &self.pool,
            max_event_bytes: bounds.max_event_bytes,
            threads: self.threads,
            clock_us: timestamp::now_us(),
        };
        let mut builder = BatchBuilder {
            inbox: self,
            bounds,
            directory: &directory,
            reader,
            now,
            batch: Batch::default(),
            reading: Reading::default(),
        };
        builder.retry_rejected(state);
        builder.ensure_listing(state, stamp)?;
        urgent_scan::list_urgent_first(state);
        builder.batch.more = builder.read_listing(state)?;
        self.pool.set_wanted(builder.batch.more);
        if state.listing.remaining() >= LONG_BACKLOG {
            self.watch.suspend();
        }
        if !builder.batch.more {
            state.urgent_scan = None;
            builder.forget_vanished(state);
            state.listing.keep_if_small();
        }
        state.taken_at = now;
        let mut batch = builder.batch;
        let reading = builder.reading;
        batch.counters.add(&reading.counters);
        (batch.events, batch.files) = (reading.events, reading.files);
        batch.events.finish();
        batch.files.finish();
        let calls = DIRECTORY_CALLS + 3 * batch.counters.listings;
        batch.counters.calls_saved =
            (batch.files.len() as u64 * DIRECTORY_CALLS).saturating_sub(calls);
        batch.counters.not_files = state.listing.non_files as u64;
        batch.counters.waiting = state.pending.len() as u64;
        batch.counters.take_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(batch)
    }
}

impl BatchBuilder<'_> {
    /// Start a listing unless one is in progress or can be reused.
    fn ensure_listing(&mut self, state: &mut State, stamp: Stamp) -> Result<()> {
        let identity = (stamp.device, stamp.inode);
        if !state.listing.is_done() && state.listed_in == Some(identity) {
            return Ok(());
        }
        let is_watched = self.inbox.watch.trouble().is_none();
        if is_watched && state.listing.reuse(stamp, self.now - LISTING_SECONDS) {
            self.batch.counters.listings_kept += 1;
        } else {
            let clock_us = self.reader.clock_us;
            state
                .listing
                .start(self.directory, stamp, clock_us, self.now)?;
            self.batch.counters.listings += 1;
            self.read_window(state)?;
            if state.listing.has_more_windows() && state.urgent_scan.is_none() {
                state.urgent_scan = UrgentScan::start(&self.inbox.events, state.listing.window);
            }
        }
        (state.listed_in, state.listing_number) = (Some(identity), state.listing_number + 1);
        Ok(())
    }

    /// Read the next window of the listing, without files in flight.
    fn read_window(&self, state: &mut State) -> Result<()> {
        let State {
            listing, in_flight, ..
        } = state;
        listing.fill(self.directory, |name| {
            in_flight.is_empty() || !in_flight.contains(&name_hash(name))
        })
    }

    /// Read the files of the listing; true when the batch is full before its end.
    fn read_listing(&mut self, state: &mut State) -> Result<bool> {
        loop {
            let mut indexes = Vec::new();
            let mut lines = None;
            while let Some(index) = state.listing.next_index() {
                if indexes.len() >= self.room() {
                    break;
                }
                state.listing.seek(index + 1);
                self.batch.counters.looked += 1;
                match file_format(state.listing.name(index)) {
                    Some(FileFormat::Json) if self.is_wanted(state, index) => indexes.push(index),
                    Some(FileFormat::JsonLines) => {
                        lines = Some(index);
                        break;
                    }
                    _ => {}
                }
            }
            let read = self.read_files(state, &indexes);
            if let Some(first_unread) = indexes.get(read) {
                state.listing.seek(*first_unread);
                return Ok(true);
            }
            if let Some(index) = lines {
                let name = state.listing.name(index).to_vec();
                if self.is_full() || self.read_jsonl_file(state, &name) {
                    state.listing.seek(index);
                    return Ok(true);
                }
            } else if state.listing.next_index().is_none() {
                if !state.listing.has_more_windows() {
                    return Ok(false);
                }
                self.read_window(state)?;
            }
            if self.is_full() && !state.listing.is_done() {
                return Ok(true);
            }
        }
    }

    /// Read the files at these indexes; returns how many were read.
    fn read_files(&mut self, state: &mut State, indexes: &[usize]) -> usize {
        let room = self.bounds.batch_bytes;
        let room = room.saturating_sub(self.reading.counters.bytes);
        let (files, faults) = (self.reading.files.len(), self.reading.faults.len());
        let read = self
            .reader
            .run(&state.listing, indexes, room, &mut self.reading);
        for (name, _) in self.reading.files.iter().skip(files) {
            state.in_flight.insert(name_hash(name));
            if !state.pending.is_empty() {
                state.pending.remove(name);
            }
        }
        let mut faults = self.reading.faults.split_off(faults);
        faults.sort_unstable_by_key(|(index, _)| *index);
        for (index, fault) in faults {
            let name = state.listing.name(index).to_vec();
            match fault {
                Fault::Refused(error) => self.refused(state, &name, &error),
                Fault::Nothing => {
                    state.pending.remove(&*name);
                }
                Fault::NotReady(stat, rejection) => self.not_ready(state, &name, stat, rejection),
            }
        }
        read
    }

    /// Number of events that still fit into the batch.
    fn room(&self) -> usize {
        let bounds = &self.bounds;
        // Files without an event cost as much: they count too.
        let count =
            self.reading.events.len() + self.batch.rejected.len() + self.batch.troubles.len();
        let opened = self.reading.counters.opened;
        if self.reading.counters.bytes >= bounds.batch_bytes
            || opened >= 4 * bounds.batch_events as u64
        {
            return 0;
        }
        bounds.batch_events.saturating_sub(count)
    }

    pub fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Whether to read an event file now.
    fn is_wanted(&self, state: &mut State, index: usize) -> bool {
        if state.pending.is_empty() && state.unremoved.is_empty() {
            return true;
        }
        let name = state.listing.name(index).to_vec();
        !self.is_unremoved(state, &name) && self.is_due(state, &name)
    }

    pub fn not_ready(
        &mut self,
        state: &mut State,
        name: &[u8],
        stat: Stat,
        fault: Option<Rejection>,
    ) {
        let number = state.listing_number;
        let pending = entry(state, name, self.now);
        pending.listed = number;
        let quiet = self.bounds.quiet_seconds;
        let quiet = match &fault {
            Some(fault) => self.bounds.patience(quiet, fault),
            None => quiet,
        };
        if let Verdict::Reject(rejection) = pending.assess(stat, fault, self.now, quiet) {
            let rejected = &self.inbox.rejected;
            match reject_file(rejected, self.directory, name, stat, rejection) {
                Ok(Some(rejected)) => {
                    self.batch.rejected.push(rejected);
                    state.pending.remove(name);
                }
                Ok(None) => self.inbox.wake(), // it changed meanwhile
                Err(error) => self.refused(state, name, &error),
            }
        }
    }

    /// Report once that the system refuses access, and retry slowly.
    pub fn refused(&mut self, state: &mut State, name: &[u8], error: &Error) {
        let stat = self.directory.stat(name).ok().flatten();
        let number = state.listing_number;
        if let Some(file) = state.jsonl_files.get_mut(name) {
            file.due_at = None; // otherwise the caller would retry at once, again and again
        }
        let pending = entry(state, name, self.now);
        pending.listed = number;
        if pending.record_refusal(stat, self.now) {
            self.batch.troubles.push(trouble(name, error));
        }
    }

    /// Whether a retry is due; a file that never failed is always due.
    pub fn is_due(&self, state: &mut State, name: &[u8]) -> bool {
        let number = state.listing_number;
        let Some(pending) = state.pending.get_mut(name) else {
            return true;
        };
        pending.listed = number;
        pending.is_due(self.directory.stat(name).ok().flatten(), self.now)
    }

    /// Whether the event is stored and only its file could not be removed; tries the removal again.
    fn is_unremoved(&self, state: &mut State, name: &[u8]) -> bool {
        let Some(unremoved) = state.unremoved.get_mut(name) else {
            return false;
        };
        if self.directory.stat(name).ok().flatten() != Some(unremoved.stat) {
            state.unremoved.remove(name);
            return false;
        }
        unremoved.listed = state.listing_number;
        if self.now >= unremoved.retry_at {
            unremoved.retry_at = self.now + SLOW_RETRY;
            if self.directory.remove(name).is_ok() {
                state.unremoved.remove(name);
            }
        }
        true
    }

    /// Drop the state of files that a complete listing did not contain.
    fn forget_vanished(&mut self, state: &mut State) {
        let number = state.listing_number;
        state.pending.retain(|_, pending| pending.listed == number);
        state
            .unremoved
            .retain(|_, Unremoved { listed, .. }| *listed == number);
        let finished = &mut self.batch.finished;
        state.jsonl_files.retain(|name, file| {
            let stays = file.listed == number || file.is_finished;
            if !stays {
                finished.push(name.to_vec());
            }
            stays
        });
        finished.extend(state.stored_positions.drain().map(|(name, _)| name));
    }
}

pub(super) fn trouble(name: &[u8], error: &Error) -> Trouble {
    let reason = match error {
        Error::File { source, .. } => source.to_string(),
        Error::InvalidArgument(sentence) => sentence.clone(),
    };
    Trouble {
        name: String::from_utf8_lossy(name).into_owned(),
        reason,
    }
}

fn entry<'s>(state: &'s mut State, name: &[u8], now: f64) -> &'s mut PendingFile {
    state
        .pending
        .entry(Name::from(name))
        .or_insert_with(|| PendingFile::new(now))
}
