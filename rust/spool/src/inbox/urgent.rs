//! Which files of a backlog go first: those that ask a person, told by a look at their beginning.
//!
//! A hint and no more: what is told wrongly here comes in its turn, and its lane decides when it is sent. The look
//! has a thread of its own, beside the takes: a look costs about what reading costs, and no batch waits for it.

use super::{State, name_hash};
use crate::directory::Directory;
use crate::error::Result;
use crate::listing::{Form, form, is_file};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// So much of a file is looked at; what asks says so near its beginning.
const LOOKED_AT: usize = 4096;
/// So many wait to go first at most.
const MOST: usize = 1_000;
/// Words of the events that go first: questions, severity critical, priority urgent.
const SIGNS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// A look through a directory, under way. Ends with it.
pub(super) struct Looking {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    found: Mutex<Vec<Vec<u8>>>,
    is_over: AtomicBool,
}

impl Looking {
    /// Begin to look, behind the first names of the directory; `None` when there is no thread to be had.
    pub fn begin(events: &Path, behind: usize) -> Option<Self> {
        let shared = Arc::new(Shared::default());
        let (own, events) = (Arc::clone(&shared), PathBuf::from(events));
        let thread = Builder::new().name("spool-look".to_owned()).spawn(move || {
            // That the listing breaks off is told by the takes; what was found until then is good.
            let _ = own.look(&events, behind);
            own.is_over.store(true, Relaxed);
        });
        let thread = Some(thread.ok()?);
        Some(Self { shared, thread })
    }

    /// Whether all was looked at.
    pub fn is_over(&self) -> bool {
        self.shared.is_over.load(Relaxed)
    }

    /// The names that were found since the last time.
    pub fn found(&self) -> Vec<Vec<u8>> {
        let found = self.shared.found.lock();
        std::mem::take(&mut found.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn look(&self, events: &Path, behind: usize) -> Result<()> {
        let directory = Directory::open(events)?;
        let signs = SIGNS.map(memchr::memmem::Finder::new);
        let mut buffer = [0; LOOKED_AT];
        let mut passed = 0;
        directory.names(|name, kind| {
            let form = form(name);
            passed += usize::from(form.is_some());
            if passed > behind && form == Some(Form::Event) && is_file(&directory, name, kind) {
                let filled = directory.beginning(name, &mut buffer);
                let beginning = &buffer[..filled];
                if signs.iter().any(|sign| sign.find(beginning).is_some()) {
                    let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                    if found.len() < MOST {
                        found.push(name.to_vec());
                    }
                }
            }
            !self.is_over.load(Relaxed)
        })
    }
}

/// Let what the look has found go before the other names of the window. A name that a later window has again is
/// in flight by then, or gone.
pub(super) fn first(state: &mut State) {
    let Some(looking) = &state.looking else {
        return;
    };
    let is_over = looking.is_over();
    let mut found = looking.found();
    found.retain(|name| !state.in_flight.contains(&name_hash(name)));
    if !found.is_empty() {
        found.sort_unstable();
        state.listing.prefer(&found);
    }
    if is_over {
        state.looking = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::Directory;
    use crate::inbox::{Batch, Inbox, Options};

    #[test]
    fn questions_far_behind_in_a_large_backlog_go_first_and_come_once() {
        let home = tempfile::tempdir().unwrap();
        let events = home.path().join("events");
        std::fs::create_dir(&events).unwrap();
        for number in 0..3_000 {
            let (title, kind) = match number % 100 {
                0 => ("Go?", "approval_request"),
                _ => ("Done", "info_notification"),
            };
            let text = format!(r#"{{"type":"{kind}","title":"{title}"}}"#);
            std::fs::write(events.join(format!("{number:04}.json")), text).unwrap();
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
        directory.names(each).unwrap();
        let options = Options {
            batch_events: 50,
            ..Options::default()
        };
        let inbox = Inbox::new(&events, home.path().join("rejected"), options);
        inbox.state().listing.window = window;
        let first = inbox.take(0.0).unwrap();
        while !inbox.state().looking.as_ref().unwrap().is_over() {
            std::thread::yield_now();
        }
        let second = inbox.take(0.0).unwrap();
        let names: Vec<_> = second.files.iter().map(|(name, _)| name.to_vec()).collect();
        assert!(!behind.is_empty());
        assert!(behind.iter().all(|name| names.contains(name)));
        assert!(inbox.state().looking.is_none());
        let taken = first.events.len() + second.events.len();
        inbox.settle(&first, 0.0).unwrap();
        assert_eq!(taken + take_rest(&inbox, second), 3_000);
    }

    #[test]
    fn what_is_no_file_or_not_there_asks_nothing() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.json"), "\"urgent\" and more").unwrap();
        std::fs::create_dir(home.path().join("b.json")).unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(directory.beginning(b"a.json", &mut buffer), 8);
        assert_eq!(&buffer, b"\"urgent\"");
        assert_eq!(directory.beginning(b"b.json", &mut buffer), 0);
        assert_eq!(directory.beginning(b"c.json", &mut buffer), 0);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a.json", home.path().join("d.json")).unwrap();
            assert_eq!(directory.beginning(b"d.json", &mut buffer), 0);
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
