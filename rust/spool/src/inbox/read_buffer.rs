//! The memory that the texts of a batch stand in: files are read straight into it. While there is more to take, the
//! memory of a batch that is done with serves a later one: fresh memory costs a fault of the processor a page, and
//! giving it back costs as much again.

use crate::directory::grow_to;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a piece: a batch of `spool.batch_bytes` as it is without a setting, and one event more of most sizes.
const PIECE_BYTES: usize = 260 << 10;
/// A batch that is stored, one that is read, and what a second thread reads of it.
const PIECES: usize = 3;

/// Bytes as they were read, one file behind the other.
#[derive(Default)]
pub struct ReadBuffer {
    /// All of it can be read into: what follows the used bytes is of an earlier batch.
    bytes: Vec<u8>,
    used: usize,
    /// Where its memory goes.
    spares: Option<Arc<BufferPool>>,
}

impl ReadBuffer {
    /// What was read.
    pub fn used(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// Let a function read behind what was read; it may make the buffer longer.
    pub fn read<T>(&mut self, read: impl FnOnce(&mut Vec<u8>, usize) -> T) -> T {
        read(&mut self.bytes, self.used)
    }

    /// Count so many bytes more as used; returns where they stand.
    pub fn keep(&mut self, size: usize) -> Range<usize> {
        let begin = self.used;
        self.used += size;
        begin..self.used
    }

    /// Add bytes; returns where they begin.
    pub fn add(&mut self, bytes: &[u8]) -> usize {
        let range = self.used..self.used + bytes.len();
        grow_to(&mut self.bytes, range.end);
        self.bytes[range.clone()].copy_from_slice(bytes);
        self.keep(range.len()).start
    }

    /// Bytes of memory that it holds.
    pub fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Let go of what is not used, unless somebody else will use it.
    pub fn finish(&mut self) {
        if !self
            .spares
            .as_ref()
            .is_some_and(|spares| spares.kept().is_wanted)
        {
            self.bytes.truncate(self.used);
            self.bytes.shrink_to_fit();
        }
    }
}

impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "ReadBuffer({} of {})", self.used, self.held())
    }
}

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        if let Some(spares) = &self.spares {
            spares.put(std::mem::take(&mut self.bytes));
        }
    }
}

/// Memory of batches that are done with, for those to come.
#[derive(Default)]
pub struct BufferPool(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    pieces: Vec<Vec<u8>>,
    is_wanted: bool,
}

impl BufferPool {
    /// A piece for a long run of files.
    pub fn piece(self: &Arc<Self>) -> ReadBuffer {
        let kept = self.kept().pieces.pop();
        ReadBuffer {
            bytes: kept.unwrap_or_else(|| vec![0; PIECE_BYTES]),
            used: 0,
            spares: Some(Arc::clone(self)),
        }
    }

    /// Whether there will be another batch soon; without one, nothing is kept.
    pub fn want(&self, is_wanted: bool) {
        let mut kept = self.kept();
        kept.is_wanted = is_wanted;
        if !is_wanted {
            kept.pieces = Vec::new();
        }
    }

    /// Bytes of memory that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.kept().pieces.iter().map(Vec::capacity).sum()
    }

    fn put(&self, bytes: Vec<u8>) {
        let mut kept = self.kept();
        // One that grew for a large event, or was cut, is not a piece any more.
        if kept.is_wanted && bytes.len() == PIECE_BYTES && kept.pieces.len() < PIECES {
            kept.pieces.push(bytes);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
