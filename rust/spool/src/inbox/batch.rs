//! What one take brings, and what one settling does.

use super::events::Events;
use super::files::Files;
use crate::directory::Stat;
use crate::line_reader::Progress;
use crate::reject::Rejected;
use std::time::Instant;

/// How far a `.jsonl` file has been read; stored in the same transaction as the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Bytes of the file's name.
    pub name: Vec<u8>,
    /// Of the file.
    pub device: u64,
    /// Of the file.
    pub inode: u64,
    /// Of the first byte that was not taken.
    pub offset: u64,
    /// Of the file's first bytes and its time of birth: tells a file that only got the inode.
    pub head_hash: u64,
}

/// Something in the way that the system, not the producer, is to blame for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Of the file; what is not UTF-8 in it is shown as U+FFFD.
    pub name: String,
    /// What the system said.
    pub reason: String,
}

/// Figures of one take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Names looked at.
    pub looked: u64,
    /// Files opened.
    pub opened: u64,
    /// Bytes of the events.
    pub bytes: u64,
    /// Events with a warning.
    pub mended: u64,
    /// Events of a type that is none of the catalogue.
    pub unknown_types: u64,
    /// Entries with a fitting name that are no regular files.
    pub not_files: u64,
    /// Files that may still be written.
    pub waiting: u64,
    /// Nanoseconds spent on parsing and mending.
    pub parse_ns: u64,
    /// Nanoseconds of the whole take.
    pub take_ns: u64,
    /// Listings of the directory that were begun.
    pub listings: u64,
    /// Listings that were not needed, since the directory is the one that was listed.
    pub listings_kept: u64,
    /// System calls on the directory that takes of one file each would have made beyond this one.
    pub calls_saved: u64,
}

impl Counters {
    /// Add what was spent on parsing since then.
    pub(super) fn parsed_since(&mut self, started: Instant) {
        self.parse_ns += u64::try_from(started.elapsed().as_nanos()).unwrap_or(0);
    }

    /// Add another's files and events; `looked` and below it are of the take alone.
    pub(super) fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.bytes += other.bytes;
        self.mended += other.mended;
        self.unknown_types += other.unknown_types;
        self.parse_ns += other.parse_ns;
    }
}

/// Events and what belongs to them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Ordered by event time, file time, name, line.
    pub events: Events,
    /// To be stored with the events.
    pub positions: Vec<Position>,
    /// Names whose stored position is to be forgotten.
    pub finished: Vec<Vec<u8>>,
    /// Already moved to `rejected/`.
    pub rejected: Vec<Rejected>,
    /// Left where it is, told once, tried again.
    pub troubles: Vec<Trouble>,
    /// There is more to take at once.
    pub more: bool,
    /// Figures.
    pub counters: Counters,
    /// Files to remove once the events are durable.
    pub(super) files: Files,
    /// How far `.jsonl` files are durable then.
    pub(super) progress: Vec<(Box<[u8]>, Progress)>,
    /// `.jsonl` files to remove.
    pub(super) finished_files: Vec<(Box<[u8]>, Stat)>,
}

impl Batch {
    /// Bytes of memory that its events and what removes their files hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.events.held() + self.files.held()
    }

    /// Whether there is nothing to store, to tell or to settle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.positions.is_empty()
            && self.finished.is_empty()
            && self.rejected.is_empty()
            && self.troubles.is_empty()
    }
}

/// What a settling did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Files removed.
    pub removed: u64,
    /// Files that are not what was read: new events.
    pub changed: u64,
    /// Files somebody else removed.
    pub gone: u64,
    /// Files that could not be removed; they are tried again and not read again.
    pub troubles: Vec<Trouble>,
}
