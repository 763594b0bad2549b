//! The buffer that the files of a batch are read into. While there is more to take, the buffers of finished
//! batches are reused: new memory costs a page fault per page, and releasing it costs as much again.

use crate::directory::grow_to;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Size of a buffer: the default of `spool.batch_bytes`, and one more event of most sizes.
const BUFFER_BYTES: usize = 260 << 10;
/// Number of buffers kept: for a batch that is stored, one that is read, and the second thread.
const BUFFERS_KEPT: usize = 3;

/// The contents of files, one after the other.
#[derive(Default)]
pub struct ReadBuffer {
    /// Initialized memory; what follows the used bytes belongs to an earlier batch.
    bytes: Vec<u8>,
    used: usize,
    /// Where the memory is returned to.
    pool: Option<Arc<BufferPool>>,
}

impl ReadBuffer {
    /// The contents read so far.
    pub fn used(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// Let a function read to the end of the contents; it may grow the buffer.
    pub fn read<T>(&mut self, read: impl FnOnce(&mut Vec<u8>, usize) -> T) -> T {
        read(&mut self.bytes, self.used)
    }

    /// Add the bytes that were read; returns their range.
    pub fn keep(&mut self, size: usize) -> Range<usize> {
        let begin = self.used;
        self.used += size;
        begin..self.used
    }

    /// Append bytes; returns their offset.
    pub fn add(&mut self, bytes: &[u8]) -> usize {
        let range = self.used..self.used + bytes.len();
        grow_to(&mut self.bytes, range.end);
        self.bytes[range.clone()].copy_from_slice(bytes);
        self.keep(range.len()).start
    }

    /// Bytes of memory held.
    pub fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Release unused memory, unless the buffer will be reused.
    pub fn finish(&mut self) {
        if !self.pool.as_ref().is_some_and(|pool| pool.kept().is_wanted) {
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
        if let Some(pool) = &self.pool {
            pool.give_back(std::mem::take(&mut self.bytes));
        }
    }
}

/// Buffers of finished batches, for later ones.
#[derive(Default)]
pub struct BufferPool(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    buffers: Vec<Vec<u8>>,
    is_wanted: bool,
}

impl BufferPool {
    /// Return a buffer for a long run of files.
    pub fn take(self: &Arc<Self>) -> ReadBuffer {
        let kept = self.kept().buffers.pop();
        ReadBuffer {
            bytes: kept.unwrap_or_else(|| vec![0; BUFFER_BYTES]),
            used: 0,
            pool: Some(Arc::clone(self)),
        }
    }

    /// Set whether another batch follows soon; otherwise no buffer is kept.
    pub fn set_wanted(&self, is_wanted: bool) {
        let mut kept = self.kept();
        kept.is_wanted = is_wanted;
        if !is_wanted {
            kept.buffers = Vec::new();
        }
    }

    /// Bytes of memory held.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.kept().buffers.iter().map(Vec::capacity).sum()
    }

    fn give_back(&self, bytes: Vec<u8>) {
        let mut kept = self.kept();
        // A buffer that grew for a large event, or was shrunk, is not reused.
        if kept.is_wanted && bytes.len() == BUFFER_BYTES && kept.buffers.len() < BUFFERS_KEPT {
            kept.buffers.push(bytes);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
