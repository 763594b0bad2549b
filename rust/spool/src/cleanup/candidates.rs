//! Files that may be removed: 29 bytes each, with their names in shared buffers.

use crate::retention::Rule;

/// A file as it was listed. Packed: a directory may have a million.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Candidate {
    /// Time of its last change, in nanoseconds since the epoch.
    pub changed_ns: i64,
    /// Hash that differs between files, and after a change of the same file.
    pub identity: u64,
    /// Size in bytes.
    pub size: u64,
    /// Position of its name.
    name: u32,
    /// The rule that removes it, as its index in [`Rule::ALL`].
    pub rule: u8,
}

/// Candidates for removal; only the oldest are kept when there are too many.
pub struct Candidates {
    files: Vec<Candidate>,
    /// Each name follows its length, in two bytes.
    names: Names,
    max_files: usize,
    len_at_limit: usize,
    /// Files newer than this were dropped; `None` while all are kept.
    newest_kept: Option<i64>,
}

impl Candidates {
    pub fn new(max_files: usize) -> Self {
        Self {
            files: Vec::new(),
            names: Names::default(),
            max_files: max_files.max(1),
            len_at_limit: 0,
            newest_kept: None,
        }
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn at(&self, index: usize) -> Candidate {
        self.files[index]
    }

    pub fn name(&self, index: usize) -> &[u8] {
        self.names.at(self.files[index].name)
    }

    pub fn set_rule(&mut self, index: usize, rule: Rule) {
        self.files[index].rule = rule as u8;
    }

    pub fn add(&mut self, name: &[u8], changed_ns: i64, identity: u64, size: u64) {
        if self
            .newest_kept
            .is_some_and(|newest_kept| changed_ns > newest_kept)
        {
            return;
        }
        let Some(start) = self.names.add(name) else {
            // More than 4 GiB of names, or a name longer than any file system allows: left to the next plan.
            self.newest_kept = self.newest_kept.or(Some(i64::MAX));
            return;
        };
        if self.files.len() == self.files.capacity() {
            // Grow by a sixteenth: doubling, the default of a vector, would waste memory.
            self.files.reserve_exact((self.files.len() / 16).max(64));
        }
        self.files.push(Candidate {
            changed_ns,
            identity,
            size,
            name: start,
            rule: 0,
        });
        if self.files.len() >= self.max_files.saturating_mul(2) {
            self.prune();
        }
    }

    /// Reduce to the maximum; returns whether any were dropped, the newest of them.
    pub fn limit(&mut self) -> bool {
        if self.files.len() > self.max_files {
            self.prune();
        }
        self.len_at_limit = self.files.len();
        self.newest_kept.is_some()
    }

    /// Number of candidates after [`Self::limit`].
    pub fn len_at_limit(&self) -> usize {
        self.len_at_limit
    }

    /// Sort by age, the oldest first.
    pub fn sort(&mut self) {
        self.files.sort_unstable_by_key(age);
    }

    /// Visit each candidate.
    pub fn for_each(&self, visit: impl FnMut(&Candidate)) {
        self.files.iter().for_each(visit);
    }

    /// Keep the matching ones, in directory order.
    pub fn retain(&mut self, wanted: impl Fn(&Candidate) -> bool) {
        let before = self.files.len();
        self.files.retain(wanted);
        if self.files.len() < before {
            self.compact();
        }
    }

    /// Keep the first `count` of the sorted candidates, then restore directory order, in which file systems
    /// remove fastest.
    pub fn keep_first(&mut self, count: usize) {
        self.files.truncate(count);
        self.compact();
    }

    /// Names of the oldest, each with its rule.
    pub fn oldest(&self, count: usize) -> Vec<(String, Rule)> {
        let mut oldest: Vec<Candidate> = Vec::with_capacity(count + 1);
        for candidate in &self.files {
            if oldest.len() == count
                && oldest
                    .last()
                    .is_some_and(|last| age(last) <= age(candidate))
            {
                continue;
            }
            let place = oldest.partition_point(|other| age(other) <= age(candidate));
            oldest.insert(place, *candidate);
            oldest.truncate(count);
        }
        let named = |candidate: &Candidate| {
            let name = String::from_utf8_lossy(self.names.at(candidate.name)).into_owned();
            (name, Rule::ALL[usize::from(candidate.rule)])
        };
        oldest.iter().map(named).collect()
    }

    fn prune(&mut self) {
        let (_, last, _) = self
            .files
            .select_nth_unstable_by_key(self.max_files - 1, age);
        self.newest_kept = Some(last.changed_ns);
        self.files.truncate(self.max_files);
        self.compact();
    }

    /// Drop unused names; this sorts the candidates into directory order.
    fn compact(&mut self) {
        self.files.sort_unstable_by_key(|candidate| candidate.name);
        let mut kept = Names::default();
        for candidate in &mut self.files {
            let start = candidate.name;
            // It only moves towards the front, so it still fits.
            candidate.name = kept.add(self.names.at(start)).unwrap_or(start);
            self.names.drop_before(start);
        }
        self.names = kept;
    }
}

fn age(candidate: &Candidate) -> (i64, u32) {
    (candidate.changed_ns, candidate.name)
}

/// Size of one buffer of names.
const PIECE: usize = 1 << 20;

/// Names in several buffers: one that grows would be copied again and again.
#[derive(Default)]
struct Names {
    pieces: Vec<Vec<u8>>,
}

impl Names {
    /// Add a name; returns its position, or `None` when there is no room.
    fn add(&mut self, name: &[u8]) -> Option<u32> {
        let length = u16::try_from(name.len()).ok()?;
        let needed = name.len() + 2;
        if self
            .pieces
            .last()
            .is_none_or(|piece| piece.len() + needed > PIECE)
        {
            self.pieces.push(Vec::new());
        }
        let place = (self.pieces.len() - 1) * PIECE;
        let piece = self.pieces.last_mut()?;
        let start = u32::try_from(place + piece.len()).ok()?;
        piece.extend_from_slice(&length.to_le_bytes());
        piece.extend_from_slice(name);
        Some(start)
    }

    fn at(&self, start: u32) -> &[u8] {
        let (piece, start) = (start as usize / PIECE, start as usize % PIECE);
        let piece = &self.pieces[piece];
        let length = usize::from(u16::from_le_bytes([piece[start], piece[start + 1]]));
        &piece[start + 2..start + 2 + length]
    }

    /// Release the buffers before the one that holds this position.
    fn drop_before(&mut self, start: u32) {
        let before = self.pieces.iter_mut().take(start as usize / PIECE).rev();
        before
            .take_while(|piece| !piece.is_empty())
            .for_each(|piece| *piece = Vec::new());
    }
}
