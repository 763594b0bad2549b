//! Cleanup of one directory: a plan of what is removed, and the removal of exactly that.
//!
//! Everything is relative to the directory that was opened for the plan: a link or another directory that takes
//! its place is not touched, and subdirectories are not entered. Links are neither followed nor removed; only
//! regular files are. One race remains: in the microseconds between the last check of a file and its removal, a
//! writer can put another file in its place.

mod candidates;
mod scope;
#[cfg(test)]
mod tests;

use crate::directory::{Directory, Kind, Stat};
use crate::error::Result;
use crate::retention::{Amount, Policy, Rule};
use candidates::{Candidate, Candidates};
pub use scope::{Names, Scope};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Number of the oldest files in a plan that are listed by name.
const NAMED_FILES: usize = 10;
/// Number of faults of a removal that are reported; the rest is counted.
const MAX_FAULTS: usize = 5;

/// Statistics of the files in the scope; times in nanoseconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Number and size of the files.
    pub amount: Amount,
    /// Oldest and newest time of change; `None` for an empty directory.
    pub span: Option<(i64, i64)>,
    /// Sum of all times of change, for the mean.
    pub sum_ns: i128,
    /// Size and name of the largest file; bytes that are not UTF-8 are shown as U+FFFD.
    pub largest: Option<(u64, String)>,
    /// Number of entries that are not regular files or are outside the scope.
    pub passed_over: u64,
}

impl Statistics {
    fn add(&mut self, name: &[u8], stat: Stat, changed_ns: i64) {
        self.amount.add(stat.size);
        self.sum_ns += i128::from(changed_ns);
        let (oldest, newest) = self.span.unwrap_or((changed_ns, changed_ns));
        self.span = Some((oldest.min(changed_ns), newest.max(changed_ns)));
        if self
            .largest
            .as_ref()
            .is_none_or(|(size, _)| stat.size > *size)
        {
            self.largest = Some((stat.size, String::from_utf8_lossy(name).into_owned()));
        }
    }
}

/// A planned cleanup. It holds its directory open.
pub struct Plan {
    directory: Option<Directory>,
    files: Candidates,
    next: usize,
    /// What the directory contains.
    pub statistics: Statistics,
    /// What is removed, by rule, in the order of [`Rule::ALL`].
    pub by_rule: [Amount; 3],
    /// The oldest files that are removed, each with its rule.
    pub named: Vec<(String, Rule)>,
    /// More files should be removed than the plan may hold.
    pub has_more: bool,
}

/// Result of a removal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// What was removed, by rule, in the order of [`Rule::ALL`].
    pub by_rule: [Amount; 3],
    /// Files that changed since the plan: they stay.
    pub changed: u64,
    /// Files that were already removed.
    pub gone: u64,
    /// Files that could not be removed.
    pub failed: u64,
    /// Name and reason of the first of these.
    pub faults: Vec<(String, String)>,
}

/// List a directory and plan its cleanup: the oldest files first, at most `most`.
///
/// A missing directory is empty. Memory: 32 bytes and the name for each file that a rule may remove, for at most
/// twice `most` files.
///
/// # Errors
///
/// The path is a link or not a directory, or the directory cannot be listed.
pub fn plan(path: &Path, scope: &Scope, policy: &Policy, now_ns: i64, most: usize) -> Result<Plan> {
    let directory = Directory::open_existing(path)?;
    let mut files = Candidates::new(most);
    let mut statistics = Statistics::default();
    if let Some(directory) = &directory {
        let mut fault = None;
        directory.for_each_entry(|name, kind| {
            if kind == Kind::Other || !scope.has(name) {
                statistics.passed_over += 1;
                return true;
            }
            match directory.stat_with_change_time(name) {
                Ok(Some((stat, ctime_ns))) if stat.is_file => {
                    let changed_ns = scope.changed_ns(stat, ctime_ns);
                    statistics.add(name, stat, changed_ns);
                    if policy.may_take(now_ns.saturating_sub(changed_ns)) {
                        files.add(name, changed_ns, identity(stat, ctime_ns), stat.size);
                    }
                    true
                }
                Ok(Some(_)) => {
                    statistics.passed_over += 1;
                    true
                }
                Ok(None) => true, // removed meanwhile
                Err(error) => {
                    fault = Some(error);
                    false
                }
            }
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
    Ok(decide(directory, files, statistics, policy, now_ns))
}

fn decide(
    directory: Option<Directory>,
    mut files: Candidates,
    statistics: Statistics,
    policy: &Policy,
    now_ns: i64,
) -> Plan {
    let dropped = files.limit();
    let total = statistics.amount;
    let mut by_rule = [Amount::default(); 3];
    if dropped || !plan_by_age(&mut files, total, policy, now_ns, &mut by_rule[0]) {
        by_rule = plan_in_order(&mut files, total, policy, now_ns);
    }
    let planned: u64 = by_rule.iter().map(|amount| amount.files).sum();
    let named = files.oldest(NAMED_FILES);
    let has_more = dropped && planned == files.len_at_limit() as u64;
    Plan {
        directory,
        files,
        next: 0,
        statistics,
        by_rule,
        named,
        has_more,
    }
}

/// Plan by age alone, if no other rule applies: this needs no sorting.
fn plan_by_age(
    files: &mut Candidates,
    total: Amount,
    policy: &Policy,
    now_ns: i64,
    taken: &mut Amount,
) -> bool {
    let is_old =
        |candidate: &Candidate| policy.is_too_old(now_ns.saturating_sub(candidate.changed_ns));
    let mut old = Amount::default();
    files.for_each(|candidate| {
        if is_old(candidate) {
            old.add(candidate.size);
        }
    });
    let left = Amount {
        files: total.files - old.files,
        bytes: total.bytes.saturating_sub(old.bytes),
    };
    if left.files < policy.keep || policy.is_over(total, left) {
        return false;
    }
    files.retain(is_old);
    *taken = old;
    true
}

/// Plan from the oldest file on, as long as a rule removes it.
fn plan_in_order(
    files: &mut Candidates,
    total: Amount,
    policy: &Policy,
    now_ns: i64,
) -> [Amount; 3] {
    files.sort();
    let mut left = total;
    let mut by_rule = [Amount::default(); 3];
    let mut taken = 0;
    for index in 0..files.len() {
        let Candidate {
            changed_ns, size, ..
        } = files.at(index);
        let Some(rule) = policy.rule(total, left, now_ns.saturating_sub(changed_ns)) else {
            break;
        };
        files.set_rule(index, rule);
        by_rule[rule as usize].add(size);
        left.subtract(size);
        taken = index + 1;
    }
    files.keep_first(taken);
    by_rule
}

impl Plan {
    /// Number of planned files that are not removed yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.files.len() - self.next
    }

    /// Remove at most `most` of the planned files, each only if it has not changed since the plan.
    pub fn remove(&mut self, most: usize) -> Removed {
        let mut removed = Removed::default();
        let Some(directory) = &self.directory else {
            return removed;
        };
        let end = self.files.len().min(self.next.saturating_add(most));
        for index in std::mem::replace(&mut self.next, end)..end {
            let (candidate, name) = (self.files.at(index), self.files.name(index));
            match remove(directory, name, candidate.identity) {
                Ok(Outcome::Removed) => {
                    removed.by_rule[usize::from(candidate.rule)].add(candidate.size);
                }
                Ok(Outcome::Changed) => removed.changed += 1,
                Ok(Outcome::Gone) => removed.gone += 1,
                Err(error) => {
                    removed.failed += 1;
                    if removed.faults.len() < MAX_FAULTS {
                        let name = String::from_utf8_lossy(name).into_owned();
                        removed.faults.push((name, error.to_string()));
                    }
                }
            }
        }
        removed
    }
}

enum Outcome {
    Removed,
    Changed,
    Gone,
}

fn remove(directory: &Directory, name: &[u8], planned: u64) -> Result<Outcome> {
    let Some((stat, ctime_ns)) = directory.stat_with_change_time(name)? else {
        return Ok(Outcome::Gone);
    };
    if !stat.is_file || identity(stat, ctime_ns) != planned {
        return Ok(Outcome::Changed);
    }
    Ok(if directory.remove(name)? {
        Outcome::Removed
    } else {
        Outcome::Gone
    })
}

/// Device, inode, size and both times hashed to 8 bytes: two different files collide once in 2^64.
fn identity(stat: Stat, ctime_ns: i64) -> u64 {
    let mut bytes = [0_u8; 40];
    let fields = [
        stat.device,
        stat.inode,
        stat.size,
        stat.mtime_ns.cast_unsigned(),
        ctime_ns.cast_unsigned(),
    ];
    for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    xxh3_64(&bytes)
}
