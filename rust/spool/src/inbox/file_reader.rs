//! Reads event files: open, read, parse, derive the id. It does not touch the state of the inbox, so that two
//! threads can share a run of names that is long enough to pay for the second.
//!
//! Several files are read before they are parsed: parsing right after each read doubled its time, since system
//! calls evict the state of the branch predictor.

use super::batch::Counters;
use super::events::Events;
use super::files::Files;
use super::read_buffer::BufferPool;
use crate::directory::{Contents, Directory, Stat, unshare_file_table};
use crate::error::Error;
use crate::intake_key::{self, IntakeKey};
use crate::listing::Listing;
use crate::parse::{Origin, Rejection, parse_event};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// A second thread is used from this number of files on; starting and ending it costs as much as reading some ten
/// files.
const SECOND_THREAD_FILES: usize = 64;
/// Files are read in groups of this number, or of this size and one file more, which fits into the caches.
const GROUP: usize = 64;
const GROUP_BYTES: usize = 64 << 10;

/// Why a file yielded no event.
pub enum Fault {
    /// The system refused access.
    Refused(Error),
    /// It does not exist, or is not a regular file.
    Nothing,
    /// It cannot be used now; without a rejection, because it changed while it was read.
    NotReady(Stat, Option<Rejection>),
}

/// Result of reading a run of files.
#[derive(Default)]
pub struct Reading {
    pub events: Events,
    /// The files that hold one event each.
    pub files: Files,
    /// By index in the listing.
    pub faults: Vec<(usize, Fault)>,
    pub counters: Counters,
}

/// Parameters shared by all events of a take.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub directory: &'a Directory,
    /// Memory for long runs.
    pub pool: &'a Arc<BufferPool>,
    /// Maximum size of an event, in bytes.
    pub max_event_bytes: u64,
    /// Maximum number of threads.
    pub threads: usize,
    /// Current time, in microseconds since the epoch.
    pub clock_us: i64,
}

impl Reader<'_> {
    /// Read files by their indexes in the listing until there are `room` bytes; returns how many were read: the
    /// first ones.
    pub fn run(
        &self,
        listing: &Listing,
        indexes: &[usize],
        room: u64,
        reading: &mut Reading,
    ) -> usize {
        let queue = Queue {
            next: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            indexes,
            room,
        };
        reading.reserve(indexes.len(), self.pool);
        if indexes.len() < SECOND_THREAD_FILES || self.threads < 2 {
            self.work(listing, &queue, reading);
        } else {
            let other = std::thread::scope(|scope| {
                let other = std::thread::Builder::new().spawn_scoped(scope, || {
                    let mut reading = Reading::default();
                    reading.reserve(indexes.len(), self.pool);
                    unshare_file_table(); // every file it opens is closed before it ends
                    let own = self.directory.reopen();
                    let directory = own.as_ref().unwrap_or(self.directory);
                    let reader = Reader { directory, ..*self };
                    reader.work(listing, &queue, &mut reading);
                    reading
                });
                self.work(listing, &queue, reading);
                // If the second thread could not be started, the first reads everything.
                other.ok().map(std::thread::ScopedJoinHandle::join)
            });
            match other {
                Some(Ok(other)) => reading.append(other),
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                None => {}
            }
        }
        queue.next.into_inner().min(indexes.len())
    }

    fn work(&self, listing: &Listing, queue: &Queue<'_>, reading: &mut Reading) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let has_more = self.read(listing, queue, &mut group, reading);
            self.parse(listing, &mut group, reading);
            if !has_more {
                return;
            }
        }
    }

    /// Read a group of files into one buffer; false when there are no more.
    fn read(
        &self,
        listing: &Listing,
        queue: &Queue<'_>,
        group: &mut Vec<ReadFile>,
        reading: &mut Reading,
    ) -> bool {
        let most = self.max_event_bytes;
        let mut filled = 0;
        while group.len() < GROUP && filled < GROUP_BYTES {
            let Some(index) = queue.next() else {
                return false;
            };
            reading.counters.opened += 1;
            let name = listing.name(index);
            let arena = reading.events.read();
            let read = |buffer: &mut _, from| self.directory.read(name, most, buffer, from);
            let fault = match arena.read(read) {
                Err(error) => Fault::Refused(error),
                Ok(Contents::Nothing) => Fault::Nothing,
                Ok(Contents::Changing(stat)) => Fault::NotReady(stat, None),
                Ok(Contents::TooLarge(stat)) => {
                    Fault::NotReady(stat, Some(too_large(stat.size, most)))
                }
                Ok(Contents::Whole(stat)) => {
                    queue.bytes.fetch_add(stat.size, Relaxed);
                    let bytes = arena.keep(usize::try_from(stat.size).unwrap_or(0));
                    filled += bytes.len();
                    group.push(ReadFile { index, stat, bytes });
                    continue;
                }
            };
            reading.faults.push((index, fault));
        }
        true
    }

    /// Parse the files of a group, and empty it.
    fn parse(&self, listing: &Listing, group: &mut Vec<ReadFile>, reading: &mut Reading) {
        let started = Instant::now();
        let arena = std::mem::take(reading.events.read());
        for file in group.drain(..) {
            let (name, stat) = (listing.name(file.index), file.stat);
            let bytes = &arena.used()[file.bytes];
            let key = intake_key::of_file(name, stat.mtime_ns, stat.size, bytes);
            match self.event(bytes, key, stat, i64::MIN, arena.used(), reading) {
                Ok(_) => reading.files.push(name, stat),
                Err(rejection) => {
                    let fault = Fault::NotReady(stat, Some(rejection));
                    reading.faults.push((file.index, fault));
                }
            }
        }
        *reading.events.read() = arena;
        reading.counters.parsed_since(started);
    }

    /// Parse one event and count it; returns the time it is sorted by: its own, or `earliest` if that is later. A
    /// body that is part of `read` is not copied.
    pub fn event(
        &self,
        bytes: &[u8],
        key: IntakeKey,
        stat: Stat,
        earliest: i64,
        read: &[u8],
        reading: &mut Reading,
    ) -> Result<i64, Rejection> {
        let origin = Origin {
            key,
            mtime_us: stat.mtime_us(),
            now_us: self.clock_us,
        };
        let event = parse_event(bytes, origin)?;
        let counters = &mut reading.counters;
        counters.bytes += bytes.len() as u64;
        counters.mended += u64::from(!event.warnings.is_empty());
        counters.unknown_types += u64::from(event.type_index.is_none());
        let at = event.occurred_at.max(earliest);
        reading.events.push(event, at, stat.mtime_ns, read);
        Ok(at)
    }
}

/// A file that was read, and its range in the buffer.
struct ReadFile {
    index: usize,
    stat: Stat,
    bytes: Range<usize>,
}

/// The indexes of a run, handed out in order until the size is reached.
struct Queue<'a> {
    next: AtomicUsize,
    bytes: AtomicU64,
    indexes: &'a [usize],
    room: u64,
}

impl Queue<'_> {
    /// One at a time, so that a batch exceeds its size by at most one event per thread.
    fn next(&self) -> Option<usize> {
        if self.bytes.load(Relaxed) >= self.room {
            return None;
        }
        self.indexes.get(self.next.fetch_add(1, Relaxed)).copied()
    }
}

impl Reading {
    /// Reserve space for more files.
    fn reserve(&mut self, files: usize, pool: &Arc<BufferPool>) {
        self.events.reserve(files, pool);
        self.files.reserve(files);
    }

    fn append(&mut self, other: Self) {
        self.events.append(other.events);
        self.files.append(&other.files);
        self.faults.extend(other.faults);
        self.counters.add(&other.counters);
    }
}

fn too_large(size: u64, most: u64) -> Rejection {
    Rejection::whole(
        "size",
        format!(
            "Too large: {size} bytes; an event has at most {most}. Shorten it, or write one event per line into a .jsonl file."
        ),
    )
}
