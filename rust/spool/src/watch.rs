//! Change notification for a directory, without polling where the system supports it.
//!
//! Notification is a hint. Callers also scan after the watch is set, on overflow and on a slow timer, which is
//! one second where changes are reported late or not at all ([`Watch::patience`]).

use crate::directory::{Directory, create_private_dir, is_local};
use notify::event::{Event, EventKindMask};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Interval of the checks for signals and for a replaced directory.
const STEP: Duration = Duration::from_secs(1);
/// Time between scans where changes are not reported.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Time between scans where they are: a chmod or a container mount is not reported.
const RESCAN_INTERVAL: Duration = Duration::from_secs(30);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Something changed, or `wake` was called.
    Changed,
    /// Notifications were lost: scan everything.
    Overflow,
    /// Nothing was reported in time; scan anyway.
    Timeout,
    /// The watch was closed.
    Closed,
    /// The caller's `interrupted` returned true.
    Interrupted,
}

#[derive(Default)]
struct Flags {
    changed: bool,
    overflow: bool,
    closed: bool,
}

#[derive(Default)]
struct Signal {
    flags: Mutex<Flags>,
    condvar: Condvar,
}

impl Signal {
    fn flags(&self) -> MutexGuard<'_, Flags> {
        // A panic cannot leave three booleans half changed.
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self, set: impl FnOnce(&mut Flags)) {
        set(&mut self.flags());
        self.condvar.notify_all();
    }
}

/// A watched directory. All methods may be called from any thread.
pub struct Watch {
    path: PathBuf,
    is_local: bool,
    signal: Arc<Signal>,
    state: Mutex<State>,
}

struct State {
    watcher: Option<RecommendedWatcher>,
    /// Held open, so that a new directory cannot get the inode of the watched one.
    held: Option<Directory>,
    trouble: Option<String>,
    attached_at: Instant,
    /// Time the machine had slept at the last check.
    slept: Duration,
}

impl Watch {
    /// Watch a directory; it is created when missing. If it cannot be watched, it is polled; see
    /// [`Self::trouble`].
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let made = create_private_dir(&path);
        let state = State {
            watcher: None,
            held: None,
            trouble: made.err().map(|error| error.to_string()),
            attached_at: Instant::now(),
            slept: time_asleep(),
        };
        let watch = Self {
            is_local: is_local(&path),
            path,
            signal: Arc::default(),
            state: Mutex::new(state),
        };
        watch.attach(&mut watch.state());
        watch
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // At worst the directory is watched twice or polled; the next check corrects both.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watch the directory that has the path now.
    fn attach(&self, state: &mut State) {
        state.attached_at = Instant::now();
        // A new watcher each time: dropping the old one ends its thread and its watch.
        (state.watcher, state.held) = (None, None);
        let watched = Directory::open(&self.path)
            .map_err(|error| error.to_string())
            .and_then(|held| {
                let signal = Arc::clone(&self.signal);
                let config = Config::default().with_event_kinds(mask());
                let mut watcher =
                    RecommendedWatcher::new(move |event| on_event(&signal, event), config)
                        .map_err(|error| error.to_string())?;
                watcher
                    .watch(&self.path, RecursiveMode::NonRecursive)
                    .map_err(|error| error.to_string())?;
                (state.watcher, state.held) = (Some(watcher), Some(held));
                Ok(())
            });
        state.trouble = watched.err();
        // Changes while nothing was watched.
        self.signal.raise(|flags| flags.changed = true);
    }

    /// Stop watching until the next wait, after which the caller scans everything. While there is more to take no
    /// notification is needed, and each call on a file of a watched directory costs more.
    pub fn suspend(&self) {
        let mut state = self.state();
        (state.watcher, state.held) = (None, None);
    }

    /// Watch again after [`Self::suspend`], after the directory was replaced, or when watching failed a while
    /// ago.
    ///
    /// If the machine slept, the wait ends, so that the caller handles at once what became due.
    fn check_watch(&self) {
        let mut state = self.state();
        if has_slept(&mut state.slept, time_asleep()) {
            self.signal.raise(|flags| flags.changed = true);
        }
        let held = state.held.as_ref().and_then(|held| held.identity().ok());
        let lost = state.trouble.is_none() && Directory::identity_at(&self.path) != held;
        if lost || state.trouble.is_some() && state.attached_at.elapsed() >= RESCAN_INTERVAL {
            self.attach(&mut state);
        }
    }

    /// Wait for a change, at most `timeout`. A change reported before the call counts.
    ///
    /// `interrupted` is called each second.
    pub fn wait(&self, timeout: Duration, mut interrupted: impl FnMut() -> bool) -> Woken {
        let deadline = Instant::now() + timeout.min(self.patience());
        loop {
            self.check_watch();
            let step = STEP.min(deadline.saturating_duration_since(Instant::now()));
            let quiet = |flags: &mut Flags| !(flags.changed || flags.overflow || flags.closed);
            let waited = self
                .signal
                .condvar
                .wait_timeout_while(self.signal.flags(), step, quiet);
            let (mut flags, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if flags.closed {
                return Woken::Closed;
            }
            let changed = std::mem::take(&mut flags.changed);
            if std::mem::take(&mut flags.overflow) {
                return Woken::Overflow;
            }
            drop(flags);
            if changed {
                return Woken::Changed;
            }
            if interrupted() {
                return Woken::Interrupted;
            }
            if Instant::now() >= deadline {
                return Woken::Timeout;
            }
        }
    }

    /// End the current wait, or the next one, as if something had changed.
    pub fn wake(&self) {
        self.signal.raise(|flags| flags.changed = true);
    }

    /// End this wait and all later ones.
    pub fn close(&self) {
        self.signal.raise(|flags| flags.closed = true);
    }

    /// Why changes are not reported; `None` when they are.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if !self.is_local {
            return Some("the file system is not local to this machine".to_owned());
        }
        self.state().trouble.clone()
    }

    /// The longest time between scans.
    #[must_use]
    pub fn patience(&self) -> Duration {
        if self.trouble().is_some() {
            POLL_INTERVAL
        } else {
            RESCAN_INTERVAL
        }
    }
}

/// How long the machine has slept since it started, as far as the system reports it.
#[cfg(target_os = "linux")]
fn time_asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let awake = clock_gettime(ClockId::Monotonic);
    let all = clock_gettime(ClockId::Boottime);
    let nanoseconds = (all.tv_sec - awake.tv_sec) * 1_000_000_000 + (all.tv_nsec - awake.tv_nsec);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
fn time_asleep() -> Duration {
    Duration::ZERO
}

/// Whether the machine slept since `last`, which is updated to `now`.
fn has_slept(last: &mut Duration, now: Duration) -> bool {
    let before = std::mem::replace(last, now);
    now.saturating_sub(before) >= STEP
}

/// New files, renames into the directory, and files closed after writing. Not opening, reading and removing:
/// those are our own, and each would wake us.
///
/// A rename into the directory needs two flags: `CREATE` makes the kernel report it, and `MODIFY_NAME` is what
/// notify classifies it as.
fn mask() -> EventKindMask {
    EventKindMask::CREATE | EventKindMask::MODIFY_NAME | EventKindMask::ACCESS_CLOSE
}

fn on_event(signal: &Signal, event: notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => signal.raise(|flags| flags.overflow = true),
        // Temporary files of producers do not count until they are renamed.
        Ok(event)
            if !event.paths.is_empty() && event.paths.iter().all(|path| is_temporary(path)) => {}
        Ok(_) => signal.raise(|flags| flags.changed = true),
        // After an error of the watch, changes may have been missed.
        Err(_) => signal.raise(|flags| flags.overflow = true),
    }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b".") || name.ends_with(b".tmp")
    })
}

#[cfg(test)]
mod tests;
