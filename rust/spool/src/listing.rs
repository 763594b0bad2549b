//! The names of a directory that are still to be looked at, in one piece of memory.
//!
//! A directory of 100,000 names is listed once and not for every batch: about 4 bytes a name beside the
//! name itself. Beyond [`MOST_NAMES`] the rest is left to the next listing.

use crate::directory::{Directory, Kind};
use crate::error::Result;

/// Of one listing; some 10 MB with names of 40 bytes.
pub const MOST_NAMES: usize = 200_000;

/// What a name says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `*.json`: one event.
    Event,
    /// `*.jsonl`: one event a line.
    Lines,
}

/// Whether a file of this name is read at all.
#[must_use]
pub fn form(name: &[u8]) -> Option<Form> {
    if name.starts_with(b".") {
        return None;
    }
    // Capitals too: a file that is never read because of its ending's capitals is a file lost.
    let ends = |ending: &[u8]| {
        name.len() > ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
    };
    match () {
        () if ends(b".json") => Some(Form::Event),
        () if ends(b".jsonl") => Some(Form::Lines),
        () => None,
    }
}

/// Names, sorted, with a position.
#[derive(Default)]
pub struct Listing {
    bytes: Vec<u8>,
    /// Where each name begins in `bytes`, in the order of the names; its length goes before it.
    starts: Vec<u32>,
    next: usize,
    /// There were more names than fit.
    pub is_cut: bool,
    /// Entries with a fitting name that are no regular files.
    pub others: usize,
}

impl Listing {
    /// List a directory anew; `wanted` says which of the fitting names to keep.
    ///
    /// # Errors
    ///
    /// The directory cannot be listed.
    pub fn fill(
        &mut self,
        directory: &Directory,
        mut wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        self.clear();
        let (mut others, mut is_cut) = (0, false);
        directory.names(|name, kind| {
            if form(name).is_none() {
                return true;
            }
            let is_file = match kind {
                Kind::File => true,
                Kind::Other => false,
                Kind::Unknown => directory
                    .stat(name)
                    .ok()
                    .flatten()
                    .is_some_and(|stat| stat.is_file),
            };
            if !is_file {
                others += 1;
                return true;
            }
            if self.starts.len() >= MOST_NAMES {
                is_cut = true;
                return false;
            }
            if wanted(name) {
                self.push(name);
            }
            true
        })?;
        (self.others, self.is_cut) = (others, is_cut);
        let bytes = &self.bytes;
        self.starts
            .sort_unstable_by_key(|start| name_at(bytes, *start));
        Ok(())
    }

    fn push(&mut self, name: &[u8]) {
        let (Ok(start), Ok(length)) = (u32::try_from(self.bytes.len()), u16::try_from(name.len()))
        else {
            self.is_cut = true; // no file system has such names, and no listing so many
            return;
        };
        self.starts.push(start);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(name);
    }

    /// Let the names for which `is_first` holds go before the others of a listing that was just filled.
    pub fn prefer(&mut self, mut is_first: impl FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        let mut first = Vec::new();
        self.starts.retain(|start| {
            let goes_first = is_first(name_at(bytes, *start));
            if goes_first {
                first.push(*start);
            }
            !goes_first
        });
        self.starts.splice(0..0, first);
    }

    /// How many names are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.starts.len() - self.next
    }

    /// The next name, which stays the next one until [`Self::advance`].
    #[must_use]
    pub fn peek(&self) -> Option<&[u8]> {
        self.starts
            .get(self.next)
            .map(|start| name_at(&self.bytes, *start))
    }

    /// Go on to the name after.
    pub fn advance(&mut self) {
        self.next += 1;
        if self.next >= self.starts.len() {
            self.clear();
        }
    }

    /// Whether there is nothing left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next >= self.starts.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.starts.clear();
        self.next = 0;
        // A burst's memory is not kept.
        self.bytes.shrink_to(64 * 1024);
        self.starts.shrink_to(8 * 1024);
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

    #[test]
    fn only_names_that_are_read_have_a_form() {
        let rows: [(&[u8], Option<Form>); 10] = [
            (b"a.json", Some(Form::Event)),
            (b"A.JSON", Some(Form::Event)),
            (b"a.jsonl", Some(Form::Lines)),
            (b"caf\xE9.json", Some(Form::Event)),
            (b"a.json.tmp", None),
            (b".a.json", None),
            (b".json", None),
            (b"a.txt", None),
            (b"json", None),
            (b"", None),
        ];
        for (name, expected) in rows {
            assert_eq!(form(name), expected, "{}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn names_come_sorted_and_each_once() {
        let home = tempfile::tempdir().unwrap();
        for index in (0..1_000).rev() {
            std::fs::write(home.path().join(format!("{index:04}.json")), "").unwrap();
        }
        std::fs::create_dir(home.path().join("x.json")).unwrap();
        let mut listing = Listing::default();
        listing
            .fill(&Directory::open(home.path()).unwrap(), |name| {
                name != b"0500.json"
            })
            .unwrap();
        let mut names = Vec::new();
        while let Some(name) = listing.peek() {
            names.push(String::from_utf8(name.to_vec()).unwrap());
            listing.advance();
        }
        assert_eq!(names.len(), 999);
        assert!(names.is_sorted());
        assert_eq!(listing.others, 1);
    }
}
