//! A hint that something in a directory changed, without polling where the system can tell.
//!
//! Only a hint: the caller looks at start after the watch is set, on overflow, and on a slow timer. File
//! systems that tell late, and a watch that cannot be had, make that timer one second ([`Watch::patience`]).

use crate::directory::{Directory, create_private_dir, is_local};
use notify::event::{Event, EventKindMask};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks at whether the directory is still the one that is watched, and at signals.
const STEP: Duration = Duration::from_secs(1);
/// Between two scans where nobody tells of changes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Between two scans where somebody does: a chmod or a container mount is not told.
const RESCAN_INTERVAL: Duration = Duration::from_secs(30);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Something changed, or somebody woke us.
    Changed,
    /// Changes were lost: look at everything.
    Overflow,
    /// Nothing was told in time; look anyway.
    Timeout,
    /// No more waiting.
    Closed,
    /// The caller's own check asked for the end.
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
        // Three booleans cannot be left half-changed by a panic.
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
    /// Held open, so that a directory made anew cannot get the inode of the one that is watched.
    held: Option<Directory>,
    trouble: Option<String>,
    attached_at: Instant,
    /// How long the machine had slept at the last look.
    slept: Duration,
}

impl Watch {
    /// Watch a directory, made first when it is missing. What cannot be watched is polled; see [`Self::trouble`].
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
        // At worst the directory is watched twice or polled; both are found at the next look.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watch whatever directory has the path now.
    fn attach(&self, state: &mut State) {
        state.attached_at = Instant::now();
        // A new watcher each time: its thread goes with it, and no rest of the old watch is left.
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
        // Whatever came while nobody watched.
        self.signal.raise(|flags| flags.changed = true);
    }

    /// Stop watching until the next wait, which looks at everything that came meanwhile: while there is more to
    /// take nobody needs to be told, and each call on a file of a watched directory costs more.
    pub fn suspend(&self) {
        let mut state = self.state();
        (state.watcher, state.held) = (None, None);
    }

    /// Watch again after a rest, when the directory was removed and made anew, or when watching failed a while ago.
    ///
    /// After the machine slept the wait ends, so that the caller looks at once at what time has done.
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

    /// Wait until something changed, at most `timeout`. A change told before the call counts.
    ///
    /// `interrupted` is asked each second.
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

    /// Why nobody tells of changes here; `None` when somebody does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if !self.is_local {
            return Some("the file system is not local to this machine".to_owned());
        }
        self.state().trouble.clone()
    }

    /// The longest a caller should go without looking.
    #[must_use]
    pub fn patience(&self) -> Duration {
        if self.trouble().is_some() {
            POLL_INTERVAL
        } else {
            RESCAN_INTERVAL
        }
    }
}

/// How long the machine has slept since it was started, as far as it tells.
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

/// Whether `now` is a sleep more than `last`, which becomes it.
fn has_slept(last: &mut Duration, now: Duration) -> bool {
    let before = std::mem::replace(last, now);
    now.saturating_sub(before) >= STEP
}

/// New files, renames into the directory, and files closed after writing. Not opening, reading and
/// removing: those are ours, and each would wake us.
///
/// A rename into the directory needs two of them: `CREATE` has the kernel tell of it, and `MODIFY_NAME`
/// is what notify then calls it and lets through.
fn mask() -> EventKindMask {
    EventKindMask::CREATE | EventKindMask::MODIFY_NAME | EventKindMask::ACCESS_CLOSE
}

fn on_event(signal: &Signal, event: notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => signal.raise(|flags| flags.overflow = true),
        // Temporary files of producers are nobody's business until they are renamed.
        Ok(event)
            if !event.paths.is_empty() && event.paths.iter().all(|path| is_temporary(path)) => {}
        Ok(_) => signal.raise(|flags| flags.changed = true),
        // The watch is in trouble: what it did not tell has to be looked for.
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
