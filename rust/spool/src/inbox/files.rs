//! Names of files and what they were when they were read, in one piece of memory.

use crate::directory::Stat;

/// Files, in the order in which they were read.
#[derive(Debug, Default)]
pub struct Files {
    names: Vec<u8>,
    /// Where each name ends, and what the file was.
    read: Vec<(u32, Stat)>,
}

impl Files {
    /// Add one.
    pub fn push(&mut self, name: &[u8], stat: Stat) {
        self.names.extend_from_slice(name);
        let end = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.read.push((end, stat));
    }

    /// Make room for so many more.
    pub fn reserve(&mut self, files: usize) {
        self.read.reserve_exact(files);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Bytes of memory that it holds.
    pub fn held(&self) -> usize {
        self.names.capacity() + self.read.capacity() * size_of::<(u32, Stat)>()
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Stat)> {
        let mut begin = 0;
        self.read.iter().map(move |(end, stat)| {
            let name = &self.names[begin..*end as usize];
            begin = *end as usize;
            (name, *stat)
        })
    }

    /// Put another's behind these.
    pub fn append(&mut self, other: &Self) {
        for (name, stat) in other.iter() {
            self.push(name, stat);
        }
    }

    /// Let unused memory go.
    pub fn finish(&mut self) {
        self.names.shrink_to_fit();
        self.read.shrink_to_fit();
    }
}
