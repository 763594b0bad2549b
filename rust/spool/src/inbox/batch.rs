//! Results of a take and of a settlement.

use super::events::Events;
use super::files::Files;
use crate::directory::Stat;
use crate::line_reader::Progress;
use crate::reject::Rejected;
use std::time::Instant;

/// How far a `.jsonl` file has been read; stored in the same transaction as its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Name of the file, as bytes.
    pub name: Vec<u8>,
    /// Device of the file.
    pub device: u64,
    /// Inode of the file.
    pub inode: u64,
    /// Offset of the first byte that was not taken.
    pub offset: u64,
    /// Hash of the first bytes and of the creation time: detects another file with the same inode.
    pub head_hash: u64,
}

/// A fault of the system, not of the producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Name of the file; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// Error of the system.
    pub reason: String,
}

/// Counters of one take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Names considered.
    pub looked: u64,
    /// Files opened.
    pub opened: u64,
    /// Size of the events in bytes.
    pub bytes: u64,
    /// Events with a warning.
    pub mended: u64,
    /// Events whose type is not in the catalogue.
    pub unknown_types: u64,
    /// Entries with a matching name that are not regular files.
    pub not_files: u64,
    /// Files that may be incomplete.
    pub waiting: u64,
    /// Nanoseconds spent on parsing, on all threads.
    pub parse_ns: u64,
    /// Nanoseconds of the whole take.
    pub take_ns: u64,
    /// Listings of the directory that were started.
    pub listings: u64,
    /// Listings that were reused, since the directory had not changed.
    pub listings_kept: u64,
    /// System calls on the directory saved compared with takes of one file each.
    pub calls_saved: u64,
}

impl Counters {
    /// Add the time since `started` to the time spent on parsing.
    pub(super) fn parsed_since(&mut self, started: Instant) {
        self.parse_ns += u64::try_from(started.elapsed().as_nanos()).unwrap_or(0);
    }

    /// Add the counters of another reader; the others belong to the take as a whole.
    pub(super) fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.bytes += other.bytes;
        self.mended += other.mended;
        self.unknown_types += other.unknown_types;
        self.parse_ns += other.parse_ns;
    }
}

/// A batch: events, and what must be stored and removed with them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Ordered by event time, file time, name, line.
    pub events: Events,
    /// Positions to store with the events.
    pub positions: Vec<Position>,
    /// Names whose stored position is to be deleted.
    pub finished: Vec<Vec<u8>>,
    /// Already moved to `rejected/`.
    pub rejected: Vec<Rejected>,
    /// Files that stay, are reported once, and are tried again.
    pub troubles: Vec<Trouble>,
    /// The directory holds more: take again at once.
    pub more: bool,
    /// Counters.
    pub counters: Counters,
    /// Files to remove once the events are durable.
    pub(super) files: Files,
    /// How far `.jsonl` files are durable then.
    pub(super) progress: Vec<(Box<[u8]>, Progress)>,
    /// `.jsonl` files to remove.
    pub(super) finished_files: Vec<(Box<[u8]>, Stat)>,
}

impl Batch {
    /// Bytes of memory held by the events and by the list of their files.
    #[must_use]
    pub fn held(&self) -> usize {
        self.events.held() + self.files.held()
    }

    /// Whether there is nothing to store, report or settle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.positions.is_empty()
            && self.finished.is_empty()
            && self.rejected.is_empty()
            && self.troubles.is_empty()
    }
}

/// Result of a settlement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Files removed.
    pub removed: u64,
    /// Files that changed since they were read: new events.
    pub changed: u64,
    /// Files that were already removed.
    pub gone: u64,
    /// Files that could not be removed; removal is tried again, and they are not read again.
    pub troubles: Vec<Trouble>,
}
