//! Waiting for the answer to one event.

use crate::answers::{answer_names, read_answers, slug};
use crate::directory::Directory;
use crate::error::Result;
use crate::watch::{Watch, Woken};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Offset of the slug in a name: after the time and a hyphen.
const TIME_LENGTH: usize = 24;

/// Watches a directory of answers. The watch is set up before the first scan, so no answer is missed.
pub struct AnswerWaiter {
    directory: PathBuf,
    watch: Watch,
}

#[derive(serde::Deserialize)]
struct Answer {
    event_id: Option<String>,
}

impl AnswerWaiter {
    /// Watch a directory; it is created when missing.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        Self {
            watch: Watch::new(&directory),
            directory,
        }
    }

    /// Wait for the first answer to an event, without taking it; `None` after the timeout, or when the wait is
    /// closed or interrupted.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn wait(
        &self,
        event_id: &str,
        timeout: Duration,
        mut interrupted: impl FnMut() -> bool,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(answer) = self.find(event_id)? {
                return Ok(Some(answer));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let woken = self.watch.wait(left, &mut interrupted);
            if left.is_zero() || matches!(woken, Woken::Closed | Woken::Interrupted) {
                return Ok(None);
            }
        }
    }

    /// End this wait and all later ones.
    pub fn close(&self) {
        self.watch.close();
    }

    fn find(&self, event_id: &str) -> Result<Option<(String, Vec<u8>)>> {
        let slug = slug(event_id);
        let open = Directory::open(&self.directory)?;
        // Two ids can share a slug, so the id in the file decides.
        let names = answer_names(&open, |name| name[TIME_LENGTH..].starts_with(&slug))?;
        for name in names {
            for (name, data) in read_answers(&self.directory, &[name])? {
                let answer: Option<Answer> = serde_json::from_slice(&data).ok();
                if answer.and_then(|answer| answer.event_id).as_deref() == Some(event_id) {
                    return Ok(Some((name, data)));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{answer_name, deliver_answer};

    #[test]
    fn only_the_answer_to_the_event_ends_the_wait() {
        let home = tempfile::tempdir().unwrap();
        let waiter = AnswerWaiter::new(home.path());
        let give = |id: &str, at| {
            let body = serde_json::json!({"event_id": id, "action": "approved"}).to_string();
            let name = answer_name(Some(id), at, 7);
            deliver_answer(home.path(), &name, body.as_bytes()).unwrap();
            name
        };
        give("a b", 1);
        assert_eq!(waiter.wait("a-b", Duration::ZERO, || false).unwrap(), None);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| waiter.wait("a-b", Duration::from_secs(20), || false));
            let name = give("a-b", 2);
            assert_eq!(waiting.join().unwrap().unwrap().unwrap().0, name);
        });
        waiter.close();
        assert_eq!(
            waiter
                .wait("none", Duration::from_secs(20), || false)
                .unwrap(),
            None
        );
    }
}
