//! Which files of a backlog go first: those that ask a person, told by a look at their beginning.
//!
//! A hint and no more: what is told wrongly here comes in its turn, and its lane decides when it is sent. A look
//! costs half of what reading costs, so it is for what stands far behind: the files before are stored sooner than a
//! person would mind.

use super::{State, name_hash};
use crate::directory::Directory;
use crate::error::Result;
use crate::listing::{Form, Listing, form};
use std::time::{Duration, Instant};

/// So many windows of a backlog are stored before a person would mind: 80,000 files in some three seconds.
const SOON: usize = 4;
/// So much of a file is looked at; what asks says so near its beginning.
const LOOKED_AT: usize = 4096;
/// Names in memory meanwhile.
const NAMES: usize = 4096;
/// A slow disk may not hold up everything else for longer.
const LONGEST: Duration = Duration::from_secs(1);
/// So many are looked at, and go first, at most.
const MOST_LOOKS: usize = 65_536;
const MOST: usize = 1_000;
/// Words of the events that go first: questions, severity critical, priority urgent.
const SIGNS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// Put the files that ask before all others of a listing whose first window was just filled.
///
/// What stands behind the first windows is looked at, in whatever window it is. A name that a later window has
/// again is in flight by then, or gone.
pub(super) fn first(directory: &Directory, state: &mut State, threads: usize) {
    let mut found: Vec<Vec<u8>> = Vec::new();
    // That the listing breaks off is told by the windows; what was found until then is good.
    let _ = look(directory, state, threads, &mut found);
    found.truncate(MOST);
    found.sort_unstable();
    state.listing.prefer(&found);
}

fn look(
    directory: &Directory,
    state: &State,
    threads: usize,
    found: &mut Vec<Vec<u8>>,
) -> Result<()> {
    let started = Instant::now();
    let mut soon = SOON * state.listing.window;
    let mut looks = 0;
    let mut listing = Listing::over(directory, NAMES)?;
    while !listing.is_done()
        && found.len() < MOST
        && looks < MOST_LOOKS
        && started.elapsed() < LONGEST
    {
        listing.fill(directory, |name| {
            let is_behind = soon == 0;
            soon = soon.saturating_sub(1);
            is_behind
                && form(name) == Some(Form::Event)
                && !state.in_flight.contains(&name_hash(name))
        })?;
        let names: Vec<&[u8]> = listing.names().collect();
        looks += names.len();
        found.extend(if threads < 2 {
            asking(directory, &names)
        } else {
            in_two(directory, &names)
        });
        listing.go_to(names.len());
    }
    Ok(())
}

/// The names of the files that ask, looked at by two threads.
fn in_two(directory: &Directory, names: &[&[u8]]) -> Vec<Vec<u8>> {
    let (own, others) = names.split_at(names.len() / 2);
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, || {
            let own = directory.again();
            asking(own.as_ref().unwrap_or(directory), others)
        });
        let mut found = asking(directory, own);
        // Without a second thread those are not looked at, and come in their turn.
        if let Some(Ok(others)) = other.ok().map(std::thread::ScopedJoinHandle::join) {
            found.extend(others);
        }
        found
    })
}

/// The names of the files that ask.
fn asking(directory: &Directory, names: &[&[u8]]) -> Vec<Vec<u8>> {
    let signs = SIGNS.map(memchr::memmem::Finder::new);
    let mut buffer = [0; LOOKED_AT];
    let asks = |name: &&&[u8]| {
        let filled = directory.beginning(name, &mut buffer);
        let beginning = &buffer[..filled];
        signs.iter().any(|sign| sign.find(beginning).is_some())
    };
    names
        .iter()
        .filter(asks)
        .map(|name| name.to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::SOON;
    use crate::directory::Directory;
    use crate::inbox::{Batch, Inbox, Options};

    #[test]
    fn questions_far_behind_in_a_large_backlog_are_in_the_first_batch_and_come_once() {
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
        // The first windows are not looked at: what they are is up to the file system.
        let (mut passed, mut behind) = (0, 0);
        let directory = Directory::open(&events).unwrap();
        let count = |name: &[u8], _| {
            passed += 1;
            behind += usize::from(passed > SOON * 200 && name.ends_with(b"00.json"));
            true
        };
        directory.names(count).unwrap();
        assert!(behind > 0);
        let batch = inbox.take(0.0).unwrap();
        assert!(inbox.state().listing.has_rest());
        let asked = batch.events.iter().filter(|event| event.title == b"Go?");
        assert!(asked.count() >= behind);
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
