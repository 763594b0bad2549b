//! Which files of a backlog go first: those that ask a person, told by a look at their beginning.
//!
//! A hint and no more: what is told wrongly here comes in its turn, and its lane decides when it is sent.

use crate::directory::Directory;
use crate::listing::{Form, Listing, form};
use std::io::Read;
use std::time::{Duration, Instant};

/// So much of a file is looked at; what asks says so near its beginning.
const LOOKED_AT: usize = 4096;
/// A slow disk may not hold up everything else for longer.
const LONGEST: Duration = Duration::from_secs(1);
/// Words of the events that go first: questions, severity critical, priority urgent.
const SIGNS: [&[u8]; 3] = [b"\"approval_request\"", b"\"critical\"", b"\"urgent\""];

/// Put the files that ask before all others of a listing that was just filled.
pub(super) fn first(directory: &Directory, listing: &mut Listing) {
    let started = Instant::now();
    let mut buffer = [0; LOOKED_AT];
    listing.prefer(|name| {
        form(name) == Some(Form::Event)
            && started.elapsed() < LONGEST
            && asks(directory, name, &mut buffer)
    });
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
    use crate::inbox::{Inbox, Options};

    #[test]
    fn a_question_among_a_backlog_is_in_the_first_batch() {
        let home = tempfile::tempdir().unwrap();
        let events = home.path().join("events");
        std::fs::create_dir(&events).unwrap();
        for number in 0..300 {
            let text = format!(r#"{{"type":"info_notification","title":"{number}"}}"#);
            std::fs::write(events.join(format!("{number:03}.json")), text).unwrap();
        }
        let question = r#"{"title":"Go?", "type": "approval_request"}"#;
        std::fs::write(events.join("zz.json"), question).unwrap();
        let options = Options {
            batch_events: 100,
            ..Options::default()
        };
        let inbox = Inbox::new(&events, home.path().join("rejected"), options);
        let batch = inbox.take(0.0).unwrap();
        assert_eq!(batch.events.len(), 100);
        assert!(batch.events.iter().any(|event| event.title == "Go?"));
        let mut taken = batch.events.len();
        inbox.settle(&batch, 0.0).unwrap();
        while let Some(batch) = Some(inbox.take(0.0).unwrap()).filter(|batch| !batch.is_empty()) {
            taken += batch.events.len();
            inbox.settle(&batch, 0.0).unwrap();
        }
        assert_eq!(taken, 301);
    }
}
