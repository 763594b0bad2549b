//! The names of a directory that are still to be read, one window at a time in one buffer.
//!
//! A directory is listed once, not once per batch. Whatever its size, at most [`WINDOW`] of its names are in
//! memory: the listing stays open and continues where it stopped.

use crate::directory::{Directory, Kind, Names, Stamp};
use crate::error::Result;
use std::collections::HashSet;

/// Names in memory; 1 MB with names of 45 bytes. A backlog up to this size is read in order of its names.
pub const WINDOW: usize = 20_480;
/// Maximum number of names in a listing that is reused while the directory does not change.
const MAX_KEPT: usize = 1_024;

/// Format of an event file, from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// `*.json`: one event.
    Json,
    /// `*.jsonl`: one event per line.
    JsonLines,
}

/// Format of a file of this name; `None` when the inbox ignores it.
#[must_use]
pub fn file_format(name: &[u8]) -> Option<FileFormat> {
    if name.starts_with(b".") {
        return None;
    }
    if name.len() > 5 && name.ends_with(b".json") {
        return Some(FileFormat::Json); // nearly all files
    }
    // Ignore case: a file that is skipped because of a capital suffix would be lost.
    let ends = |ending: &[u8]| {
        name.len() > ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
    };
    match () {
        () if ends(b".json") => Some(FileFormat::Json),
        () if ends(b".jsonl") => Some(FileFormat::JsonLines),
        () => None,
    }
}

/// Sorted names and a position in them.
pub struct Listing {
    /// Maximum number of names in memory; tests make it small.
    pub(crate) window: usize,
    bytes: Vec<u8>,
    /// Offset of each name in `bytes`, in the order of the names; the length precedes the name.
    starts: Vec<u32>,
    next: usize,
    /// The rest of the directory, after this window.
    names: Option<Names>,
    /// The whole directory fits into one window.
    is_whole: bool,
    /// State of the directory and time at the start; `None` when a change might not show in the state.
    started: Option<(Stamp, f64)>,
    /// Entries with a matching name that are not regular files.
    pub non_files: usize,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            window: WINDOW,
            bytes: Vec::new(),
            starts: Vec::new(),
            next: 0,
            names: None,
            is_whole: false,
            started: None,
            non_files: 0,
        }
    }
}

impl Listing {
    /// Start over, with the state of the directory and both clocks from before: microseconds since the epoch, and
    /// the clock of the caller.
    ///
    /// # Errors
    ///
    /// The directory cannot be listed.
    pub fn start(
        &mut self,
        directory: &Directory,
        stamp: Stamp,
        clock_us: i64,
        now: f64,
    ) -> Result<()> {
        self.clear();
        self.names = None;
        self.started = None;
        self.names = Some(directory.listing()?);
        self.started = stamp.is_settled(clock_us).then_some((stamp, now));
        self.is_whole = true;
        self.non_files = 0;
        Ok(())
    }

    /// Read the next window once this one is exhausted; `wanted` selects among the matching names.
    ///
    /// # Errors
    ///
    /// The directory cannot be listed; the listing ends.
    pub fn fill(
        &mut self,
        directory: &Directory,
        mut wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        let Some(mut names) = self.names.take() else {
            return Ok(());
        };
        self.is_whole &= self.starts.is_empty();
        self.clear();
        let mut goes_on = true;
        while goes_on && self.starts.len() < self.window {
            goes_on = names.next_chunk(|name, kind| {
                if file_format(name).is_some() {
                    if !is_file(directory, name, kind) {
                        self.non_files += 1;
                    } else if wanted(name) {
                        self.push(name);
                    }
                }
            })?;
        }
        self.names = goes_on.then_some(names);
        self.sort();
        Ok(())
    }

    fn push(&mut self, name: &[u8]) {
        // No file system has names, and no window has bytes, that do not fit.
        if let (Ok(start), Ok(length)) =
            (u32::try_from(self.bytes.len()), u16::try_from(name.len()))
        {
            self.starts.push(start);
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(name);
        }
    }

    /// Sort by the first 8 bytes after the common prefix, kept side by side as integers; the full names break
    /// ties.
    fn sort(&mut self) {
        let bytes = &self.bytes;
        let Some(first) = self.starts.first().map(|start| name_at(bytes, *start)) else {
            return;
        };
        let shared = self.starts.iter().fold(first.len(), |shared, start| {
            let name = name_at(bytes, *start);
            if name.starts_with(&first[..shared]) {
                return shared;
            }
            let both = first[..shared].iter().zip(name);
            both.take_while(|(one, other)| one == other).count()
        });
        let start_of = |name: &[u8]| {
            let mut start = [0; 8];
            for (to, from) in start.iter_mut().zip(&name[shared..]) {
                *to = *from;
            }
            u64::from_be_bytes(start)
        };
        let mut keyed: Vec<(u64, u32)> = self
            .starts
            .iter()
            .map(|start| (start_of(name_at(bytes, *start)), *start))
            .collect();
        keyed.sort_unstable_by(|(one, one_at), (other, other_at)| {
            let whole = || name_at(bytes, *one_at).cmp(name_at(bytes, *other_at));
            one.cmp(other).then_with(whole)
        });
        for (start, (_, sorted)) in self.starts.iter_mut().zip(keyed) {
            *start = sorted;
        }
    }

    /// Put these names before the rest of the window, whether the window contains them or not.
    pub fn put_first(&mut self, first: &[Vec<u8>]) {
        let preferred: HashSet<&[u8]> = first.iter().map(Vec::as_slice).collect();
        let mut others = self.starts.split_off(self.next);
        others.retain(|start| !preferred.contains(name_at(&self.bytes, *start)));
        for name in first {
            self.push(name);
        }
        self.starts.append(&mut others);
    }

    /// Index of the next name; `None` at the end of the window.
    #[must_use]
    pub fn next_index(&self) -> Option<usize> {
        (self.next < self.starts.len()).then_some(self.next)
    }

    /// Number of names left in the window.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.starts.len() - self.next
    }

    /// The name at an index of this window.
    #[must_use]
    pub fn name(&self, index: usize) -> &[u8] {
        name_at(&self.bytes, self.starts[index])
    }

    /// Continue at an index.
    pub const fn seek(&mut self, index: usize) {
        self.next = index;
    }

    /// Whether another window follows.
    #[must_use]
    pub const fn has_more_windows(&self) -> bool {
        self.names.is_some()
    }

    /// Whether all names have been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next >= self.starts.len() && self.names.is_none()
    }

    /// Keep a small finished listing for [`Self::reuse`]; drop a large one.
    pub fn keep_if_small(&mut self) {
        if !self.is_whole || self.starts.len() > MAX_KEPT || self.started.is_none() {
            self.invalidate();
            self.clear();
        }
    }

    /// Start again at the first name if the directory has not changed since the listing started, and that was not
    /// before `earliest` on the clock of the caller.
    pub fn reuse(&mut self, stamp: Stamp, earliest: f64) -> bool {
        let is_same = self
            .started
            .is_some_and(|(started, at)| started == stamp && at >= earliest);
        if is_same {
            self.next = 0;
        }
        is_same
    }

    /// Do not reuse the listing: it left out names that are wanted now.
    pub const fn invalidate(&mut self) {
        self.started = None;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.starts.clear();
        self.next = 0;
        // Release the memory of a burst.
        self.bytes.shrink_to(64 * 1024);
        self.starts.shrink_to(8 * 1024);
    }
}

/// Whether an entry is a regular file; calls `stat` where the listing does not tell.
pub fn is_file(directory: &Directory, name: &[u8], kind: Kind) -> bool {
    match kind {
        Kind::File => true,
        Kind::Other => false,
        Kind::Unknown => directory
            .stat(name)
            .ok()
            .flatten()
            .is_some_and(|stat| stat.is_file),
    }
}

fn name_at(bytes: &[u8], start: u32) -> &[u8] {
    let start = start as usize;
    let length = u16::from_le_bytes([bytes[start], bytes[start + 1]]) as usize;
    &bytes[start + 2..start + 2 + length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_names_that_are_read_have_a_form() {
        let rows: [(&[u8], Option<FileFormat>); 10] = [
            (b"a.json", Some(FileFormat::Json)),
            (b"A.JSON", Some(FileFormat::Json)),
            (b"a.jsonl", Some(FileFormat::JsonLines)),
            (b"caf\xE9.json", Some(FileFormat::Json)),
            (b"a.json.tmp", None),
            (b".a.json", None),
            (b".json", None),
            (b"a.txt", None),
            (b"json", None),
            (b"", None),
        ];
        for (name, expected) in rows {
            assert_eq!(
                file_format(name),
                expected,
                "{}",
                String::from_utf8_lossy(name)
            );
        }
    }

    #[test]
    fn names_come_sorted_and_each_once() {
        let home = tempfile::tempdir().unwrap();
        for index in (0..1_000).rev() {
            std::fs::write(home.path().join(format!("{index:04}.json")), "").unwrap();
        }
        std::fs::create_dir(home.path().join("x.json")).unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let mut listing = Listing::default();
        listing
            .start(&directory, directory.stamp().unwrap(), 0, 0.0)
            .unwrap();
        listing
            .fill(&directory, |name| name != b"0500.json")
            .unwrap();
        let mut names = Vec::new();
        while let Some(place) = listing.next_index() {
            names.push(String::from_utf8(listing.name(place).to_vec()).unwrap());
            listing.seek(place + 1);
        }
        assert_eq!(names.len(), 999);
        assert!(names.is_sorted());
        assert_eq!(listing.non_files, 1);
        assert!(listing.is_done());
    }

    #[test]
    fn a_large_directory_comes_window_by_window_and_each_name_once() {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let count = WINDOW + 2_000;
        for index in 0..count {
            std::fs::File::create(home.path().join(format!("{index}.json"))).unwrap();
        }
        let mut listing = Listing::default();
        listing
            .start(&directory, directory.stamp().unwrap(), 0, 0.0)
            .unwrap();
        let mut seen = std::collections::HashSet::new();
        while !listing.is_done() {
            listing.fill(&directory, |_| true).unwrap();
            while let Some(place) = listing.next_index() {
                let name = listing.name(place).to_vec();
                directory.remove(&name).unwrap();
                assert!(seen.insert(name));
                listing.seek(place + 1);
            }
            assert!(listing.starts.len() < WINDOW + 2_000);
        }
        assert_eq!(seen.len(), count);
    }

    proptest! {
        #[test]
        fn names_are_sorted_whatever_they_have_in_common(
            prefix in "[a-z]{0,12}", names in prop::collection::btree_set("[a-z0-9]{0,20}", 0..40)
        ) {
            let mut listing = Listing::default();
            for name in names.iter().rev() {
                listing.push(format!("{prefix}{name}").as_bytes());
            }
            listing.sort();
            let sorted: Vec<_> = (0..names.len()).map(|place| listing.name(place).to_vec()).collect();
            let expected: Vec<_> = names.iter().map(|name| format!("{prefix}{name}").into_bytes()).collect();
            prop_assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn a_listing_is_used_again_only_while_the_directory_is_what_it_was() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.json"), "").unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let stamp = directory.stamp().unwrap();
        let later_us = stamp.changed_ns / 1_000 + 4_000_000;
        let mut listing = Listing::default();
        let list = |listing: &mut Listing, clock_us| {
            listing.start(&directory, stamp, clock_us, 5.0).unwrap();
            listing.fill(&directory, |_| true).unwrap();
            listing.seek(1);
            listing.keep_if_small();
        };
        list(&mut listing, later_us - 2_000_000);
        assert!(
            !listing.reuse(stamp, 5.0),
            "a change might show the same time"
        );
        list(&mut listing, later_us);
        assert!(listing.is_done());
        assert!(!listing.reuse(stamp, 5.1), "too long ago");
        assert!(listing.reuse(stamp, 5.0));
        assert_eq!(listing.next_index(), Some(0));
        std::fs::write(home.path().join("b.json"), "").unwrap();
        assert!(!listing.reuse(directory.stamp().unwrap(), 5.0), "changed");
        listing.invalidate();
        assert!(!listing.reuse(stamp, 5.0), "forgotten");
    }
}
