//! A `.jsonl` file: how far it was read, and whether it is still the same file.

use super::batch::Position;
use crate::decode::Encoding;
use crate::directory::Stat;
use crate::line_reader::{Progress, count_lines, read_full};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::time::UNIX_EPOCH;
use xxhash_rust::xxh3::xxh3_64;

/// Of what was taken, these first bytes are remembered.
const HEAD_BYTES: usize = 1024;

/// How far a file was read in this process.
pub struct JsonlFile {
    /// As its first bytes tell it.
    pub encoding: Encoding,
    /// Of the file when it was last looked at.
    pub stat: Stat,
    /// Taken, and not necessarily durable.
    pub taken: Progress,
    /// Durable.
    pub committed: Progress,
    /// When size or time last changed, by the caller's clock.
    pub changed_at: f64,
    /// When something is to be done though nothing changes: the last line, or the removal.
    pub due_at: Option<f64>,
    /// The batch was full before the end.
    pub is_behind: bool,
    /// Of the listing that had it last.
    pub listed: u64,
    /// It was handed over for removal.
    pub is_finished: bool,
    head_hash: u64,
    head_length: u64,
}

impl JsonlFile {
    /// Begin a file, or go on where a stored position left it when it is the same file.
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
                // A position of a version that read UTF-16 by bytes may stand within a unit.
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

    /// Whether the file is still the one that was read: the same inode, not shorter, the same beginning.
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

/// Hash of the first bytes before an offset and of the time the file was born, where that is known: an
/// inode is used again soon, and logs begin alike.
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
    Ok(xxh3_64(&head[..filled + 16]) >> 1) // it is stored in a signed column
}
