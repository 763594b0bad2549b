//! Finds the urgent files of a large backlog: those that ask a person, by their first bytes.
//!
//! A hint only: a file it misses comes in its turn, and its lane decides when it is sent. The scan runs on its
//! own thread between takes. It costs about as much as reading: uninterrupted takes reach a file as soon as the
//! scan would, and takes that wait for the store leave it the time.

use super::{State, name_hash};
use crate::directory::Directory;
use crate::error::Result;
use crate::listing::{FileFormat, file_format, is_file};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Number of bytes that are searched; questions say so near their start.
const PREFIX_BYTES: usize = 4096;
/// Maximum number of names found but not fetched.
const MAX_FOUND: usize = 1_000;
/// Values that mark an urgent event: questions, severity critical, priority urgent.
const MARKERS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// A scan in progress; dropping it ends it.
pub(super) struct UrgentScan {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    found: Mutex<Vec<Vec<u8>>>,
    /// Set while a take runs.
    is_paused: AtomicBool,
    is_finished: AtomicBool,
}

impl UrgentScan {
    /// Start a scan, paused, after the first names of the directory; `None` when no thread can be started.
    pub fn start(events: &Path, behind: usize) -> Option<Self> {
        let shared = Arc::new(Shared {
            is_paused: AtomicBool::new(true),
            ..Shared::default()
        });
        let (own, events) = (Arc::clone(&shared), PathBuf::from(events));
        let thread = Builder::new()
            .name("spool-urgent".to_owned())
            .spawn(move || {
                // The takes report a listing error; names found before it are valid.
                let _ = own.run(&events, behind);
                own.is_finished.store(true, Relaxed);
            });
        let thread = Some(thread.ok()?);
        Some(Self { shared, thread })
    }

    /// Pause before the next file.
    pub fn pause(&self) {
        self.shared.is_paused.store(true, Relaxed);
    }

    /// Resume after a pause, or after the names found were fetched.
    pub fn resume(&self) {
        self.shared.is_paused.store(false, Relaxed);
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Whether the scan has ended.
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished.load(Relaxed)
    }

    /// Take the names found since the last call.
    pub fn take_found(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.shared.found())
    }
}

impl Drop for UrgentScan {
    fn drop(&mut self) {
        self.shared.is_finished.store(true, Relaxed);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, events: &Path, behind: usize) -> Result<()> {
        let directory = Directory::open(events)?;
        let markers = MARKERS.map(memchr::memmem::Finder::new);
        let mut buffer = [0; PREFIX_BYTES];
        let mut passed = 0;
        directory.for_each_entry(|name, kind| {
            let form = file_format(name);
            passed += usize::from(form.is_some());
            while self.is_waiting() {
                std::thread::park();
            }
            if passed > behind && form == Some(FileFormat::Json) && is_file(&directory, name, kind)
            {
                let filled = directory.read_prefix(name, &mut buffer);
                let beginning = &buffer[..filled];
                if markers
                    .iter()
                    .any(|marker| marker.find(beginning).is_some())
                {
                    self.found().push(name.to_vec());
                }
            }
            !self.is_finished.load(Relaxed)
        })
    }

    /// Whether to wait: a take is running, or too many names wait to be fetched.
    fn is_waiting(&self) -> bool {
        let must_wait = self.is_paused.load(Relaxed) || self.found().len() >= MAX_FOUND;
        must_wait && !self.is_finished.load(Relaxed)
    }

    fn found(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Put the urgent files found before the other names of the window. A name that occurs again in a later window is
/// in flight by then, or removed.
pub(super) fn list_urgent_first(state: &mut State) {
    let Some(scan) = &state.urgent_scan else {
        return;
    };
    let is_finished = scan.is_finished();
    let mut found = scan.take_found();
    found.retain(|name| !state.in_flight.contains(&name_hash(name)));
    if !found.is_empty() {
        found.sort_unstable();
        state.listing.put_first(&found);
    }
    if is_finished {
        state.urgent_scan = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_FOUND, UrgentScan};
    use crate::directory::Directory;
    use crate::inbox::{Batch, Inbox, Options};
    use std::path::Path;

    fn write(events: &Path, number: usize, kind: &str) {
        let text = format!(r#"{{"type":"{kind}","title":"Title"}}"#);
        std::fs::write(events.join(format!("{number:04}.json")), text).unwrap();
    }

    #[test]
    fn questions_far_behind_in_a_large_backlog_go_first_and_come_once() {
        let home = tempfile::tempdir().unwrap();
        let events = home.path().join("events");
        std::fs::create_dir(&events).unwrap();
        for number in 0..3_000 {
            let kind = match number % 100 {
                0 => "approval_request",
                _ => "info_notification",
            };
            write(&events, number, kind);
        }
        let window = 200;
        // The first window is not scanned; its contents depend on the file system.
        let mut place = 0;
        let mut behind = Vec::new();
        let directory = Directory::open(&events).unwrap();
        let each = |name: &[u8], _| {
            place += 1;
            if place > 2 * window && name.ends_with(b"00.json") {
                behind.push(name.to_vec());
            }
            true
        };
        directory.for_each_entry(each).unwrap();
        let options = Options {
            batch_events: 50,
            ..Options::default()
        };
        let inbox = Inbox::new(&events, home.path().join("rejected"), options);
        inbox.state().listing.window = window;
        let first = inbox.take(0.0).unwrap();
        while !inbox.state().urgent_scan.as_ref().unwrap().is_finished() {
            std::thread::yield_now();
        }
        let second = inbox.take(0.0).unwrap();
        let names: Vec<_> = second.files.iter().map(|(name, _)| name.to_vec()).collect();
        assert!(!behind.is_empty());
        assert!(behind.iter().all(|name| names.contains(name)));
        assert!(inbox.state().urgent_scan.is_none());
        let taken = first.events.len() + second.events.len();
        inbox.settle(&first, 0.0).unwrap();
        assert_eq!(taken + take_rest(&inbox, second), 3_000);
    }

    #[test]
    fn a_look_rests_until_it_may_go_on_and_while_nobody_fetches_what_it_found() {
        let home = tempfile::tempdir().unwrap();
        let questions = MAX_FOUND + 200;
        for number in 0..questions {
            write(home.path(), number, "approval_request");
        }
        let scan = UrgentScan::start(home.path(), 0).unwrap();
        for _ in 0..1_000 {
            std::thread::yield_now();
            assert!(scan.take_found().is_empty(), "a take is running");
        }
        scan.resume();
        while scan.shared.found().len() < MAX_FOUND {
            std::thread::yield_now();
        }
        assert!(!scan.is_finished(), "1,000 wait");
        scan.pause();
        let mut found = scan.take_found();
        assert_eq!(found.len(), MAX_FOUND);
        scan.resume();
        while !scan.is_finished() {
            std::thread::yield_now();
        }
        found.extend(scan.take_found());
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), questions);
    }

    #[test]
    fn a_look_at_rest_ends_with_the_inbox() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), 1, "approval_request");
        let scan = UrgentScan::start(home.path(), 0).unwrap();
        let shared = std::sync::Arc::clone(&scan.shared);
        drop(scan);
        assert_eq!(
            std::sync::Arc::strong_count(&shared),
            1,
            "its thread is gone"
        );
    }

    #[test]
    fn what_is_no_file_or_not_there_asks_nothing() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.json"), "\"urgent\" and more").unwrap();
        std::fs::create_dir(home.path().join("b.json")).unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(directory.read_prefix(b"a.json", &mut buffer), 8);
        assert_eq!(&buffer, b"\"urgent\"");
        assert_eq!(directory.read_prefix(b"b.json", &mut buffer), 0);
        assert_eq!(directory.read_prefix(b"c.json", &mut buffer), 0);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a.json", home.path().join("d.json")).unwrap();
            assert_eq!(directory.read_prefix(b"d.json", &mut buffer), 0);
        }
    }

    /// Settle each batch after the next one is taken, as a reader ahead does; returns the number of later events.
    fn take_rest(inbox: &Inbox, mut before: Batch) -> usize {
        let mut taken = 0;
        loop {
            let batch = inbox.take(0.0).unwrap();
            inbox.settle(&before, 0.0).unwrap();
            if batch.is_empty() {
                return taken;
            }
            taken += batch.events.len();
            before = batch;
        }
    }
}
