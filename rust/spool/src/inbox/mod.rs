//! The inbox: wait, list, read, parse, derive ids, and remove files once their rows are durable.
//!
//! Guarantees: a file that was written completely becomes an event at least once, and the same bytes read again
//! get the same intake key; an incomplete file never becomes an event; nothing else in the directory is opened.
//! Limit: what a producer writes into a file between its last check and its removal is lost. Producers that
//! rename a finished file into place are never affected.
//!
//! The life cycle of a batch is take, then one of settle, reject and release, as in AMQP 1.0.
//!
//! - `batch`, `events`, `files`, `read_buffer`: what a take returns
//! - `batch_builder`: one take; `file_reader`: event files, on one thread or two; `jsonl_reader`, `jsonl_file`:
//!   files that grow
//! - `urgent_scan`: finds the urgent files of a large backlog; `retry_rejected`: rejected files that changed;
//!   `settlement`: after the transaction

mod batch;
mod batch_builder;
mod events;
mod file_reader;
mod files;
mod jsonl_file;
mod jsonl_reader;
mod read_buffer;
mod retry_rejected;
mod settlement;
mod urgent_scan;

pub use batch::{Batch, Counters, Position, Settled, Trouble};
pub use events::{Events, Row};

use crate::directory::Stat;
use crate::limits::EVENT_BYTES;
use crate::listing::Listing;
use crate::parse::Rejection;
use crate::pending::PendingFile;
use crate::watch::{Watch, Woken};
use jsonl_file::JsonlFile;
use read_buffer::BufferPool;
use retry_rejected::RejectedScan;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use urgent_scan::UrgentScan;
use xxhash_rust::xxh3::xxh3_64;

/// Configuration of an inbox. The bounds are the backpressure: what exceeds them stays in the directory.
#[derive(Debug, Clone)]
pub struct Options {
    /// Maximum size of an event, in bytes.
    pub max_event_bytes: u64,
    /// Maximum number of events in a batch.
    pub batch_events: usize,
    /// Maximum size of a batch in bytes, at most 1 GiB. A batch may exceed it by one event per thread.
    pub batch_bytes: u64,
    /// Maximum number of threads that read files: 1 or 2. The second runs only during a long run of files.
    pub threads: usize,
    /// A file that does not parse is rejected after so many seconds without change.
    pub quiet_seconds: f64,
    /// A file that ends too early is rejected after so many seconds without change, if that is later.
    pub unfinished_seconds: f64,
    /// A `.jsonl` file that was read completely is removed after so many seconds without change.
    pub finish_seconds: f64,
    /// Stored positions of `.jsonl` files.
    pub positions: Vec<Position>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_event_bytes: EVENT_BYTES,
            batch_events: 512,
            batch_bytes: 4 << 20,
            threads: 2,
            quiet_seconds: 2.0,
            unfinished_seconds: 30.0,
            finish_seconds: 10.0,
            positions: Vec::new(),
        }
    }
}

/// The part of [`Options`] that can change while the inbox is in use.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Maximum size of an event, in bytes.
    pub max_event_bytes: u64,
    /// Maximum number of events in a batch.
    pub batch_events: usize,
    /// Maximum size of a batch in bytes, at most 1 GiB. A batch may exceed it by one event per thread.
    pub batch_bytes: u64,
    /// A file that does not parse is rejected after so many seconds without change.
    pub quiet_seconds: f64,
    /// A file that ends too early is rejected after so many seconds without change, if that is later.
    pub unfinished_seconds: f64,
}

impl Bounds {
    /// Offsets in the memory of a batch have 32 bits.
    fn clamped(self) -> Self {
        Self {
            batch_bytes: self.batch_bytes.min(MOST_BATCH_BYTES),
            ..self
        }
    }

    /// Seconds without change until rejection: `quiet`, or more for a file that ends too early, since its writer
    /// may have paused.
    fn patience(&self, quiet: f64, fault: &Rejection) -> f64 {
        if fault.is_cut() {
            quiet.max(self.unfinished_seconds)
        } else {
            quiet
        }
    }
}

type Name = Box<[u8]>;

/// Interval of reading `.jsonl` files that are still written.
const FOLLOW_SECONDS: f64 = 1.0;
const MOST_BATCH_BYTES: u64 = 1 << 30;

/// The events directory. All methods may be called from any thread; takes exclude each other.
pub struct Inbox {
    events: PathBuf,
    rejected: PathBuf,
    threads: usize,
    finish_seconds: f64,
    watch: Watch,
    pool: Arc<BufferPool>,
    state: Mutex<State>,
}

struct State {
    /// Read once per take, so that a batch has one set of bounds.
    bounds: Bounds,
    listing: Listing,
    listed_in: Option<(u64, u64)>,
    /// Active during a listing of more than one window.
    urgent_scan: Option<UrgentScan>,
    /// Number of the current listing; files that were last seen in an earlier one no longer exist.
    listing_number: u64,
    /// Hashes of the names in batches that are not settled. A collision only delays the second file.
    in_flight: HashSet<u64, BuildHasherDefault<IdentityHasher>>,
    pending: HashMap<Name, PendingFile>,
    /// Stored, but not removable: skipped until they can be removed or change.
    unremoved: HashMap<Name, Unremoved>,
    jsonl_files: HashMap<Name, JsonlFile>,
    /// Stored positions of files that were not listed yet.
    stored_positions: HashMap<Vec<u8>, Position>,
    buffer: Vec<u8>,
    rejected_scan: RejectedScan,
    /// Time of the last take.
    taken_at: f64,
}

fn name_hash(name: &[u8]) -> u64 {
    xxh3_64(name)
}

/// Uses the key, which is already a hash, as its own hash.
#[derive(Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

struct Unremoved {
    stat: Stat,
    retry_at: f64,
    listed: u64,
}

impl Inbox {
    /// Watch the events directory; it is created when missing.
    #[must_use]
    pub fn new(events: impl Into<PathBuf>, rejected: impl Into<PathBuf>, options: Options) -> Self {
        let events = events.into();
        let bounds = Bounds {
            max_event_bytes: options.max_event_bytes,
            batch_events: options.batch_events,
            batch_bytes: options.batch_bytes,
            quiet_seconds: options.quiet_seconds,
            unfinished_seconds: options.unfinished_seconds,
        };
        let state = State {
            bounds: bounds.clamped(),
            listing: Listing::default(),
            listed_in: None,
            urgent_scan: None,
            listing_number: 0,
            in_flight: HashSet::default(),
            pending: HashMap::new(),
            unremoved: HashMap::new(),
            jsonl_files: HashMap::new(),
            stored_positions: options
                .positions
                .into_iter()
                .map(|at| (at.name.clone(), at))
                .collect(),
            buffer: Vec::new(),
            rejected_scan: RejectedScan::default(),
            taken_at: 0.0,
        };
        Self {
            watch: Watch::new(&events),
            events,
            rejected: rejected.into(),
            threads: options.threads,
            finish_seconds: options.finish_seconds,
            pool: Arc::default(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The next listing finds again whatever a panic left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Use other bounds from the next take on; batches in flight are not affected.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.state().bounds = bounds.clamped();
    }

    /// Wait for a change; see [`Watch::wait`].
    pub fn wait(&self, timeout: Duration, interrupted: impl FnMut() -> bool) -> Woken {
        let woken = self.watch.wait(timeout, interrupted);
        if woken == Woken::Overflow {
            // Notifications were lost, so the current listing may be incomplete.
            let mut state = self.state();
            state.listed_in = None;
            state.listing.invalidate();
        }
        woken
    }

    /// End the current wait as if something had changed.
    pub fn wake(&self) {
        self.watch.wake();
    }

    /// End all waits.
    pub fn close(&self) {
        self.watch.close();
    }

    /// Why changes are not reported, so that the caller must scan each second; `None` when they are.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.watch.trouble()
    }

    /// The longest time between takes, in seconds.
    #[must_use]
    pub fn patience(&self) -> f64 {
        self.watch.patience().as_secs_f64()
    }

    /// Seconds until a file is due although nothing changes; `None` when none is.
    #[must_use]
    pub fn due(&self, now: f64) -> Option<f64> {
        let state = self.state();
        if !state.listing.is_done() {
            return Some(0.0);
        }
        let pending = state.pending.values().map(|pending| pending.retry_at);
        let jsonl = state.jsonl_files.values().filter_map(|file| file.due_at);
        // A line is not reported while its writer keeps the file open.
        let is_followed = state
            .jsonl_files
            .iter()
            .any(|(name, file)| !file.is_finished && !state.pending.contains_key(name));
        let followed = is_followed.then_some(state.taken_at + FOLLOW_SECONDS);
        let unremoved = state.unremoved.values().map(|unremoved| unremoved.retry_at);
        pending
            .chain(jsonl)
            .chain(unremoved)
            .chain(followed)
            .chain(state.rejected_scan.due_at())
            .min_by(f64::total_cmp)
            .map(|at| (at - now).max(0.0))
    }
}

#[cfg(test)]
mod tests;
