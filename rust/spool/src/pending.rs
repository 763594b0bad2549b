//! Files that cannot be used yet: incomplete, empty, or not readable. When to retry, and when to reject. Time is
//! an argument: seconds of a monotonic clock.

use crate::directory::Stat;
use crate::parse::Rejection;

/// Delay of the first retry of a file that did not parse; doubled for each further one.
const FIRST_RETRY: f64 = 0.05;
/// Longest delay between retries; a longer one would gain nothing, since the file is rejected soon.
const LONGEST_RETRY: f64 = 1.0;
/// Delay between attempts at a file that the system does not let us read, move or remove.
pub const SLOW_RETRY: f64 = 30.0;

/// A file that was read and could not be used.
#[derive(Debug, Clone)]
pub struct PendingFile {
    /// Its metadata at that time; `None` when they could not be read.
    seen: Option<Stat>,
    unchanged_since: f64,
    delay: f64,
    /// When to retry, changed or not.
    pub retry_at: f64,
    /// Number of the last listing that contained it.
    pub listed: u64,
}

/// What to do with a file that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be incomplete: retry later.
    Wait,
    /// It has not changed for long enough.
    Reject(Rejection),
}

impl PendingFile {
    /// A file that was not read yet.
    #[must_use]
    pub const fn new(now: f64) -> Self {
        Self {
            seen: None,
            unchanged_since: now,
            delay: FIRST_RETRY,
            retry_at: now,
            listed: 0,
        }
    }

    /// Whether to read it now: it changed since the last attempt, or its retry is due.
    #[must_use]
    pub fn is_due(&self, is: Option<Stat>, now: f64) -> bool {
        now >= self.retry_at || is != self.seen
    }

    /// Record that it was read and could not be used; decide what to do.
    pub fn assess(
        &mut self,
        stat: Stat,
        fault: Option<Rejection>,
        now: f64,
        quiet: f64,
    ) -> Verdict {
        if self.seen != Some(stat) {
            self.seen = Some(stat);
            self.unchanged_since = now;
            self.delay = FIRST_RETRY;
        }
        let quiet_at = self.unchanged_since + quiet;
        if let Some(fault) = fault
            && now >= quiet_at
        {
            return Verdict::Reject(fault);
        }
        self.retry_at = (now + self.delay).min(quiet_at.max(now + FIRST_RETRY));
        self.delay = (self.delay * 2.0).min(LONGEST_RETRY);
        Verdict::Wait
    }

    /// Record that the system refused access: retry slowly. Returns whether this is the first refusal.
    pub fn record_refusal(&mut self, stat: Option<Stat>, now: f64) -> bool {
        let is_first = self.delay < SLOW_RETRY || self.seen != stat;
        (self.seen, self.unchanged_since) = (stat, now);
        self.delay = SLOW_RETRY;
        self.retry_at = now + SLOW_RETRY;
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(size: u64) -> Stat {
        Stat {
            device: 1,
            inode: 2,
            size,
            mtime_ns: 3,
            is_file: true,
        }
    }

    #[test]
    fn a_file_that_does_not_parse_is_retried_with_backoff_and_rejected_after_two_quiet_seconds_r3()
    {
        let fault = Rejection::whole("json", "half");
        let mut pending = PendingFile::new(10.0);
        let mut now = 10.0;
        let mut attempts = Vec::new();
        while pending.assess(stat(5), Some(fault.clone()), now, 2.0) == Verdict::Wait {
            attempts.push(((now - 10.0) * 1000.0_f64).round());
            assert!(!pending.is_due(Some(stat(5)), now));
            now = pending.retry_at;
        }
        assert_eq!(attempts, [0.0, 50.0, 150.0, 350.0, 750.0, 1550.0]);
        assert!((now - 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_change_is_read_at_once_and_restarts_the_quiet_time() {
        let fault = Rejection::whole("json", "half");
        let mut pending = PendingFile::new(0.0);
        pending.assess(stat(5), Some(fault.clone()), 0.0, 2.0);
        assert!(pending.is_due(Some(stat(6)), 0.01));
        assert_eq!(
            pending.assess(stat(6), Some(fault.clone()), 1.9, 2.0),
            Verdict::Wait
        );
        assert_eq!(
            pending.assess(stat(6), Some(fault.clone()), 3.8, 2.0),
            Verdict::Wait
        );
        assert_eq!(
            pending.assess(stat(6), Some(fault.clone()), 3.9, 2.0),
            Verdict::Reject(fault)
        );
    }

    #[test]
    fn a_refusal_is_reported_once_and_retried_slowly() {
        let mut pending = PendingFile::new(0.0);
        assert!(pending.record_refusal(Some(stat(1)), 0.0));
        assert!(!pending.is_due(Some(stat(1)), 29.0));
        assert!(pending.is_due(Some(stat(1)), 30.0));
        assert!(!pending.record_refusal(Some(stat(1)), 30.0));
        assert!(pending.record_refusal(Some(stat(2)), 31.0));
    }
}
