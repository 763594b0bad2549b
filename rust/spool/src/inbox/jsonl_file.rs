//! State of a `.jsonl` file: how far it was read, and whether it is still the same file.

use super::batch::Position;
use crate::decode::Encoding;
use crate::directory::Stat;
use crate::line_reader::{Progress, count_lines, read_full};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::time::UNIX_EPOCH;
use xxhash_rust::xxh3::xxh3_64;

/// Number of first bytes that identify the file.
const HEAD_BYTES: usize = 1024;

/// A `.jsonl` file that is read as it grows.
pub struct JsonlFile {
    /// Detected from the first bytes.
    pub encoding: Encoding,
    /// Metadata at the last read.
    pub stat: Stat,
    /// Taken, not necessarily durable.
    pub taken: Progress,
    /// Durable.
    pub committed: Progress,
    /// When size or modification time last changed, on the clock of the caller.
    pub changed_at: f64,
    /// When the last line or the removal is due although nothing changes.
    pub due_at: Option<f64>,
    /// The batch was full before the end of the file.
    pub is_behind: bool,
    /// Number of the last listing that contained it.
    pub listed: u64,
    /// It was passed on for removal.
    pub is_finished: bool,
    head_hash: u64,
    head_length: u64,
}

impl JsonlFile {
    /// Start at the beginning, or at the stored position if it belongs to the same file.
    pub fn begin(
        file: &mut File,
        stat: Stat,
        stored: Option<&Position>,
        encoding: Encoding,
        now: f64,
        buffer: &mut [u8],
    ) -> io::Result<Self> {
        let mut progress = Progress::default();
        if let Some(position) = stored {
            let same = (position.device, position.inode) == (stat.device, stat.inode)
                && position.offset <= stat.size
                && head_hash(file, position.offset)? == position.head_hash;
            if same {
                // Earlier versions read UTF-16 by bytes: their position may be within a code unit.
                let offset = position.offset.next_multiple_of(encoding.width() as u64);
                progress = Progress::at(offset, count_lines(file, offset, buffer, encoding)?);
            }
        }
        Ok(Self {
            encoding,
            stat,
            taken: progress,
            committed: progress,
            changed_at: now,
            due_at: None,
            is_behind: false,
            listed: 0,
            is_finished: false,
            head_hash: head_hash(file, progress.offset)?,
            head_length: progress.offset.min(HEAD_BYTES as u64),
        })
    }

    /// Whether it is still the file that was read: same inode, not shorter, same first bytes.
    pub fn is_same(&self, file: &mut File, stat: Stat) -> io::Result<bool> {
        Ok(
            (self.stat.device, self.stat.inode) == (stat.device, stat.inode)
                && self.taken.offset <= stat.size
                && head_hash(file, self.head_length)? == self.head_hash,
        )
    }

    /// The position to store for what was taken.
    pub fn position(&mut self, name: &[u8], file: &mut File) -> io::Result<Position> {
        if self.head_length < self.taken.offset.min(HEAD_BYTES as u64) {
            self.head_length = self.taken.offset.min(HEAD_BYTES as u64);
            self.head_hash = head_hash(file, self.head_length)?;
        }
        Ok(Position {
            name: name.to_vec(),
            device: self.stat.device,
            inode: self.stat.inode,
            offset: self.taken.offset,
            head_hash: self.head_hash,
        })
    }
}

/// Hash of the first bytes before an offset and, where known, of the creation time: inodes are reused quickly,
/// and logs start alike.
fn head_hash(file: &mut File, offset: u64) -> io::Result<u64> {
    let mut head = [0; HEAD_BYTES + 16];
    let length = usize::try_from(offset)
        .unwrap_or(HEAD_BYTES)
        .min(HEAD_BYTES);
    file.seek(SeekFrom::Start(0))?;
    let filled = read_full(file, &mut head[..length])?;
    let born = file
        .metadata()?
        .created()
        .ok()
        .and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.map_or(0, |born| born.as_nanos());
    head[filled..filled + 16].copy_from_slice(&born.to_le_bytes());
    Ok(xxh3_64(&head[..filled + 16]) >> 1) // stored in a signed column
}
