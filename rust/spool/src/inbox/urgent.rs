//! Which files of a backlog go first: those that ask a person, told by a look at their beginning.
//!
//! A hint and no more: what is told wrongly here comes in its turn, and its lane decides when it is sent. A look
//! costs about what reading costs, so it is for a backlog of more than a window: a smaller one is stored whole
//! before a person would notice.

use super::{State, name_hash};
use crate::directory::{Directory, Kind};
use crate::listing::{Form, form};
use std::io::Read;
use std::time::{Duration, Instant};

/// So much of a file is looked at; what asks says so near its beginning.
const LOOKED_AT: usize = 4096;
/// A slow disk may not hold up everything else for longer.
const LONGEST: Duration = Duration::from_secs(1);
/// So many go first at most.
const MOST: usize = 1_000;
/// Words of the events that go first: questions, severity critical, priority urgent.
const SIGNS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// Put the files that ask before all others of a listing whose first window was just filled.
///
/// All of the directory is looked at, not the window alone: in a directory that has more names, what asks
/// may stand in any window. A name that a later window has again is in flight by then, or gone.
pub(super) fn first(directory: &Directory, state: &mut State) {
    let started = Instant::now();
    let mut buffer = [0; LOOKED_AT];
    let mut found: Vec<Vec<u8>> = Vec::new();
    // That the listing breaks off is told by the windows; what was found until then is good.
    let _ = directory.names(|name, kind| {
        if kind != Kind::Other
            && form(name) == Some(Form::Event)
            && !state.in_flight.contains(&name_hash(name))
            && asks(directory, name, &mut buffer)
        {
            found.push(name.to_vec());
        }
        found.len() < MOST && started.elapsed() < LONGEST
    });
    found.sort_unstable();
    state.listing.prefer(&found);
}

fn asks(directory: &Directory, name: &[u8], buffer: &mut [u8]) -> bool {
    let Ok(Some((mut file, _))) = directory.open_file(name) else {
        return false;
    };
    let filled = file.read(buffer).unwrap_or(0);
    SIGNS
        .iter()
        .any(|sign| memchr::memmem::find(&buffer[..filled], sign).is_some())
}

#[cfg(test)]
mod tests {
    use crate::inbox::{Batch, Inbox, Options};

    #[test]
    fn questions_in_any_window_of_a_large_backlog_are_in_the_first_batch_and_come_once() {
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
        let inbox = Inbox::new(&events, home.path().join("rejected"), Options::default());
        inbox.state().listing.window = 200;
        let batch = inbox.take(0.0).unwrap();
        assert!(inbox.state().listing.has_rest());
        let asked = batch.events.iter().filter(|event| event.title == b"Go?");
        assert_eq!(asked.count(), 30);
        assert_eq!(batch.events.len() + take_rest(&inbox, batch), 3_000);
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
