//! Events in: wait, list, read, parse, mend, derive ids, and after the rows are durable remove.
//!
//! What is promised: a file that was written whole comes out as an event, at least once, and the same
//! bytes read again have the same intake key; no event comes out of half a file; nothing else in the
//! directory is opened. What is not: between the last look at a file and its removal a producer may write
//! into it, and what he wrote is lost. He who renames a finished file into place never meets that window.
//!
//! `batch`, `events`, `arena`, `files` (what comes out), `take` (one round), `read` (its files, in one thread or two),
//! `tail` and `follow` (files that grow), `recall` (files that were rejected too early), `settle`.

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

/// Bounds, which are the backpressure: what is not taken stays in the directory.
#[derive(Debug, Clone)]
pub struct Options {
    /// Of one event, in bytes.
    pub max_event_bytes: u64,
    /// Of a batch.
    pub batch_events: usize,
    /// Of a batch, at most 1 GiB; it may be exceeded by one event a thread.
    pub batch_bytes: u64,
    /// That read files: a second one is started for a long run of them, and ends with it.
    pub threads: usize,
    /// What does not parse is rejected after so many seconds without change.
    pub quiet_seconds: f64,
    /// What ends in the middle is rejected after so many seconds without change, if that is later.
    pub unfinished_seconds: f64,
    /// A `.jsonl` file that was taken whole is removed after so many seconds without change.
    pub finish_seconds: f64,
    /// As they were stored.
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

/// The bounds that may change while the inbox works; those of [`Options`].
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of one event, in bytes.
    pub max_event_bytes: u64,
    /// Of a batch.
    pub batch_events: usize,
    /// Of a batch, at most 1 GiB; it may be exceeded by one event a thread.
    pub batch_bytes: u64,
    /// What does not parse is rejected after so many seconds without change.
    pub quiet_seconds: f64,
    /// What ends in the middle is rejected after so many seconds without change, if that is later.
    pub unfinished_seconds: f64,
}

impl Bounds {
    /// Places in a batch's memory are numbers of 32 bits.
    fn clamped(self) -> Self {
        Self {
            batch_bytes: self.batch_bytes.min(MOST_BATCH_BYTES),
            ..self
        }
    }

    /// The seconds without change after which something is rejected: `quiet`, or more when it ends in the middle,
    /// since its writer may have paused.
    fn patience(&self, quiet: f64, fault: &Rejection) -> f64 {
        if fault.is_cut() {
            quiet.max(self.unfinished_seconds)
        } else {
            quiet
        }
    }
}

type Name = Box<[u8]>;

/// Between two looks at a `.jsonl` file that is followed.
const FOLLOW_SECONDS: f64 = 1.0;
const MOST_BATCH_BYTES: u64 = 1 << 30;

/// The events directory. All methods may be called from any thread; takes exclude each other.
pub struct Inbox {
    events: PathBuf,
    rejected: PathBuf,
    threads: usize,
    finish_seconds: f64,
    watch: Watch,
    spares: Arc<BufferPool>,
    state: Mutex<State>,
}

struct State {
    /// A take reads them once, so that one batch has one set of bounds.
    bounds: Bounds,
    listing: Listing,
    listed_in: Option<(u64, u64)>,
    /// Beside a listing of more than a window.
    urgent_scan: Option<UrgentScan>,
    /// Of the listing; what an earlier one had and this one has not is gone.
    listing_number: u64,
    /// Hashes of names in batches that are not settled. Two names of one hash only wait for each other.
    in_flight: HashSet<u64, BuildHasherDefault<IdentityHasher>>,
    pending: HashMap<Name, PendingFile>,
    /// Durable, and not to be removed: passed over until they can be, or are other files.
    unremoved: HashMap<Name, Unremoved>,
    jsonl_files: HashMap<Name, JsonlFile>,
    /// Stored positions of files that were not seen yet.
    stored_positions: HashMap<Vec<u8>, Position>,
    buffer: Vec<u8>,
    rejected_scan: RejectedScan,
    /// When the last take was.
    taken_at: f64,
}

fn name_hash(name: &[u8]) -> u64 {
    xxh3_64(name)
}

/// Takes a hash for what it is.
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
    /// Watch the events directory, made first when it is missing.
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
            spares: Arc::default(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left half done is found again by the next listing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Use other bounds from the next take on; what is in flight is not touched.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.state().bounds = bounds.clamped();
    }

    /// Wait for a change; see [`Watch::wait`].
    pub fn wait(&self, timeout: Duration, interrupted: impl FnMut() -> bool) -> Woken {
        let woken = self.watch.wait(timeout, interrupted);
        if woken == Woken::Overflow {
            // What is left of the listing is old news; begin anew.
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

    /// Why changes are not told here, and the caller has to look each second; `None` when they are.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.watch.trouble()
    }

    /// The longest a caller should go without a take, in seconds.
    #[must_use]
    pub fn patience(&self) -> f64 {
        self.watch.patience().as_secs_f64()
    }

    /// Seconds until something wants a look though nothing changes; `None` when nothing does.
    #[must_use]
    pub fn due(&self, now: f64) -> Option<f64> {
        let state = self.state();
        if !state.listing.is_done() {
            return Some(0.0);
        }
        let pending = state.pending.values().map(|pending| pending.retry_at);
        let jsonl = state.jsonl_files.values().filter_map(|file| file.due_at);
        // Nobody tells of a line while its writer keeps the file open.
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
