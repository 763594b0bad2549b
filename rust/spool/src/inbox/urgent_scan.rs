//! Which files of a backlog go first: those that ask a person, told by a look at their beginning.
//!
//! A hint and no more: what is told wrongly here comes in its turn, and its lane decides when it is sent. The look
//! has a thread of its own and goes on between the takes: a look costs about what reading costs, so that takes that
//! nothing holds up reach a file as soon as the look would, and those that wait for a store leave it the time.

use super::{State, name_hash};
use crate::directory::Directory;
use crate::error::Result;
use crate::listing::{FileFormat, file_format, is_file};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// So much of a file is looked at; what asks says so near its beginning.
const PREFIX_BYTES: usize = 4096;
/// So many wait to go first at most.
const MAX_FOUND: usize = 1_000;
/// Words of the events that go first: questions, severity critical, priority urgent.
const MARKERS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// A look through a directory, under way. Ends with it.
pub(super) struct UrgentScan {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    found: Mutex<Vec<Vec<u8>>>,
    /// While a take is under way.
    is_paused: AtomicBool,
    is_finished: AtomicBool,
}

impl UrgentScan {
    /// Begin to look, at rest, behind the first names of the directory; `None` when there is no thread to be had.
    pub fn start(events: &Path, behind: usize) -> Option<Self> {
        let shared = Arc::new(Shared {
            is_paused: AtomicBool::new(true),
            ..Shared::default()
        });
        let (own, events) = (Arc::clone(&shared), PathBuf::from(events));
        let thread = Builder::new()
            .name("spool-urgent".to_owned())
            .spawn(move || {
                // That the listing breaks off is told by the takes; what was found until then is good.
                let _ = own.run(&events, behind);
                own.is_finished.store(true, Relaxed);
            });
        let thread = Some(thread.ok()?);
        Some(Self { shared, thread })
    }

    /// Stop before the next file.
    pub fn pause(&self) {
        self.shared.is_paused.store(true, Relaxed);
    }

    /// Go on after a rest, or after what was found was fetched.
    pub fn resume(&self) {
        self.shared.is_paused.store(false, Relaxed);
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Whether all was looked at.
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished.load(Relaxed)
    }

    /// The names that were found since the last time.
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

    /// While a take is under way, and while nobody fetches what was found.
    fn is_waiting(&self) -> bool {
        let must_wait = self.is_paused.load(Relaxed) || self.found().len() >= MAX_FOUND;
        must_wait && !self.is_finished.load(Relaxed)
    }

    fn found(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Let what the look has found go before the other names of the window. A name that a later window has again is
/// in flight by then, or gone.
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
        // The first window is not looked at: what it is is up to the file system.
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
            assert!(scan.take_found().is_empty(), "a take is under way");
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

    /// Settle a batch only after the next is taken, as a reader ahead does; returns how many events came after it.
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
