//! Names and metadata of the files of a batch, stored compactly.

use crate::directory::Stat;

/// Files in the order in which they were read.
#[derive(Debug, Default)]
pub struct Files {
    names: Vec<u8>,
    read: Vec<Read>,
    /// Device of the first file, and so of nearly all in one directory.
    device: u64,
    /// Index and device of each file on another device.
    elsewhere: Vec<(usize, u64)>,
}

/// A regular file as it was read.
#[derive(Debug)]
struct Read {
    inode: u64,
    mtime_ns: i64,
    /// Size in bytes; a batch is smaller than 4 GiB.
    size: u32,
    /// End of its name in `names`.
    end: u32,
}

impl Files {
    /// Add a regular file.
    pub fn push(&mut self, name: &[u8], stat: Stat) {
        if self.read.is_empty() {
            self.device = stat.device;
        } else if stat.device != self.device {
            self.elsewhere.push((self.read.len(), stat.device));
        }
        self.names.extend_from_slice(name);
        self.read.push(Read {
            inode: stat.inode,
            mtime_ns: stat.mtime_ns,
            size: u32::try_from(stat.size).unwrap_or(u32::MAX),
            end: u32::try_from(self.names.len()).unwrap_or(u32::MAX),
        });
    }

    /// Reserve space for more files.
    pub fn reserve(&mut self, files: usize) {
        self.read.reserve_exact(files);
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Bytes of memory held.
    pub fn held(&self) -> usize {
        self.names.capacity() + self.read.capacity() * size_of::<Read>()
    }

    /// Names and metadata, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Stat)> {
        let mut begin = 0;
        let mut elsewhere = self.elsewhere.iter().copied().peekable();
        self.read.iter().enumerate().map(move |(place, read)| {
            let name = &self.names[begin..read.end as usize];
            begin = read.end as usize;
            let other = elsewhere.next_if(|(other, _)| *other == place);
            let stat = Stat {
                device: other.map_or(self.device, |(_, device)| device),
                inode: read.inode,
                size: u64::from(read.size),
                mtime_ns: read.mtime_ns,
                is_file: true,
            };
            (name, stat)
        })
    }

    /// Append another list.
    pub fn append(&mut self, other: &Self) {
        for (name, stat) in other.iter() {
            self.push(name, stat);
        }
    }

    /// Release unused memory.
    pub fn finish(&mut self) {
        self.names.shrink_to_fit();
        self.read.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn files_come_out_as_they_went_in_whatever_their_devices(
            files in prop::collection::vec((any::<Vec<u8>>(), 0_u64..3, any::<u64>(), any::<i64>(), any::<u32>()), 0..20),
            split in 0_usize..20,
        ) {
            let all: Vec<_> = files
                .into_iter()
                .map(|(name, device, inode, mtime_ns, size)| {
                    (name, Stat { device, inode, size: u64::from(size), mtime_ns, is_file: true })
                })
                .collect();
            let (mut first, mut second) = (Files::default(), Files::default());
            for (place, (name, stat)) in all.iter().enumerate() {
                if place < split { first.push(name, *stat) } else { second.push(name, *stat) }
            }
            first.append(&second);
            let found: Vec<_> = first.iter().map(|(name, stat)| (name.to_vec(), stat)).collect();
            prop_assert_eq!(found, all);
        }
    }
}
