//! One round: what the listing has, until the batch is full.

use super::batch::{Batch, Trouble};
use super::{Bounds, Inbox, Name, State, Unremoved};
use crate::directory::{Contents, Directory, Stat};
use crate::error::{Error, Result};
use crate::key::{self, IntakeKey};
use crate::listing::{Form, form};
use crate::mend::{Event, Origin, Rejection, read_event};
use crate::reject::reject_file;
use crate::timestamp;
use crate::waiting::{SLOW_RETRY, Verdict, Waiting};
use std::time::Instant;

/// What is being put together.
pub(super) struct Taking<'a> {
    pub inbox: &'a Inbox,
    pub bounds: Bounds,
    pub directory: Directory,
    /// Seconds of the caller's clock.
    pub now: f64,
    /// Microseconds since the epoch.
    pub clock_us: i64,
    pub batch: Batch,
    /// Event time, file time, and the event; names and lines come in their order.
    pub events: Vec<(i64, i64, Event)>,
}

impl Inbox {
    /// Take the next batch. `now` is in seconds, of a clock that only goes forward.
    ///
    /// Everything that is wrong with one file is told in the batch.
    ///
    /// # Errors
    ///
    /// The directory itself can be neither opened, made nor listed.
    pub fn take(&self, now: f64) -> Result<Batch> {
        let started = Instant::now();
        let directory = Directory::open(&self.events)?;
        let identity = directory.identity()?;
        let mut state = self.state();
        let state = &mut *state;
        let mut taking = Taking {
            inbox: self,
            bounds: state.bounds,
            directory,
            now,
            clock_us: timestamp::now_us(),
            batch: Batch::default(),
            events: Vec::new(),
        };
        if state.listing.is_done() || state.listed_in != Some(identity) {
            let State {
                listing, in_flight, ..
            } = state;
            listing.fill(&taking.directory, |name| !in_flight.contains(name))?;
            (state.listed_in, state.number) = (Some(identity), state.number + 1);
            if state.listing.left() > taking.bounds.batch_events {
                super::urgent::first(&taking.directory, &mut state.listing);
            }
        }
        taking.batch.counters.not_files = state.listing.others as u64;
        let is_cut = state.listing.is_cut;
        let mut name = Vec::new();
        let mut is_partial = false;
        while let Some(next) = state.listing.peek() {
            if taking.is_full() {
                is_partial = true;
                break;
            }
            name.clear();
            name.extend_from_slice(next);
            taking.batch.counters.looked += 1;
            match form(&name) {
                Some(Form::Event) => taking.event_file(state, &name),
                Some(Form::Lines) if taking.lines_file(state, &name) => {
                    is_partial = true;
                    break;
                }
                _ => {}
            }
            state.listing.advance();
        }
        taking.batch.more = is_partial || is_cut;
        if !taking.batch.more {
            taking.forget_vanished(state);
        }
        let mut batch = taking.batch;
        // Stable: equal times stay in the order of names and lines.
        taking.events.sort_by_key(|(at, mtime, _)| (*at, *mtime));
        batch.events = taking
            .events
            .into_iter()
            .map(|(_, _, event)| event)
            .collect();
        batch.counters.waiting = state.waiting.len() as u64;
        batch.counters.take_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(batch)
    }
}

impl Taking<'_> {
    pub fn is_full(&self) -> bool {
        let bounds = &self.bounds;
        // Files that come to nothing cost as much as events: they count too.
        let count = self.events.len() + self.batch.rejected.len() + self.batch.troubles.len();
        count >= bounds.batch_events
            || self.batch.counters.bytes >= bounds.batch_bytes
            || self.batch.counters.opened >= 4 * bounds.batch_events as u64
    }

    /// Parse and mend, with the figures.
    pub fn parse(
        &mut self,
        bytes: &[u8],
        key: IntakeKey,
        stat: Stat,
    ) -> std::result::Result<Event, Rejection> {
        let started = Instant::now();
        let origin = Origin {
            key,
            mtime_us: stat.mtime_us(),
            now_us: self.clock_us,
        };
        let read = read_event(bytes, origin);
        let counters = &mut self.batch.counters;
        counters.parse_ns += u64::try_from(started.elapsed().as_nanos()).unwrap_or(0);
        if let Ok(event) = &read {
            counters.bytes += bytes.len() as u64;
            counters.mended += u64::from(!event.warnings.is_empty());
            counters.unknown_types += u64::from(event.is_unknown_type);
        }
        read
    }

    fn event_file(&mut self, state: &mut State, name: &[u8]) {
        if self.is_unremoved(state, name) || !self.is_due(state, name) {
            return;
        }
        self.batch.counters.opened += 1;
        let fault = match self.directory.read(name, &mut state.buffer) {
            Err(error) => return self.refused(state, name, &error),
            Ok(Contents::Nothing) => {
                state.waiting.remove(name);
                return;
            }
            Ok(Contents::Changing(stat)) => (stat, None),
            Ok(Contents::TooLarge(stat)) => (stat, Some(self.too_large(stat.size))),
            Ok(Contents::Whole(stat)) => {
                let bytes = &state.buffer[..usize::try_from(stat.size).unwrap_or(0)];
                let key = key::of_file(name, stat.mtime_ns, stat.size, bytes);
                match self.parse(bytes, key, stat) {
                    Err(rejection) => (stat, Some(rejection)),
                    Ok(event) => {
                        self.events.push((event.occurred_at, stat.mtime_ns, event));
                        self.batch.files.push((name.into(), stat));
                        state.in_flight.insert(name.into());
                        state.waiting.remove(name);
                        return;
                    }
                }
            }
        };
        self.not_ready(state, name, fault.0, fault.1);
    }

    fn too_large(&self, size: u64) -> Rejection {
        let most = self.bounds.max_event_bytes;
        Rejection::whole(format!(
            "Too large: {size} bytes; an event has at most {most}. Shorten it, or write a line each into a .jsonl file."
        ))
    }

    fn not_ready(&mut self, state: &mut State, name: &[u8], stat: Stat, fault: Option<Rejection>) {
        let number = state.number;
        let waiting = entry(state, name, self.now);
        waiting.listed = number;
        if let Verdict::Reject(rejection) =
            waiting.judge(stat, fault, self.now, self.bounds.quiet_seconds)
        {
            match reject_file(
                &self.inbox.rejected,
                &self.directory.at(name),
                stat.size,
                rejection,
            ) {
                Ok(rejected) => {
                    self.batch.rejected.push(rejected);
                    state.waiting.remove(name);
                }
                Err(error) => self.refused(state, name, &error),
            }
        }
    }

    /// Tell, once, that the system does not let us, and try again slowly.
    pub fn refused(&mut self, state: &mut State, name: &[u8], error: &Error) {
        let stat = self.directory.stat(name).ok().flatten();
        let number = state.number;
        if let Some(tail) = state.tails.get_mut(name) {
            tail.due_at = None; // or the caller would be told to look again at once, and again
        }
        let waiting = entry(state, name, self.now);
        waiting.listed = number;
        if waiting.refuse(stat, self.now) {
            self.batch.troubles.push(trouble(name, error));
        }
    }

    /// Whether a file wants a look; one that never failed does.
    pub fn is_due(&self, state: &mut State, name: &[u8]) -> bool {
        let number = state.number;
        let Some(waiting) = state.waiting.get_mut(name) else {
            return true;
        };
        waiting.listed = number;
        waiting.is_due(self.directory.stat(name).ok().flatten(), self.now)
    }

    /// Whether the file is durable already and only could not be removed; tries that again.
    fn is_unremoved(&mut self, state: &mut State, name: &[u8]) -> bool {
        let Some(unremoved) = state.unremoved.get_mut(name) else {
            return false;
        };
        if self.directory.stat(name).ok().flatten() != Some(unremoved.stat) {
            state.unremoved.remove(name);
            return false;
        }
        unremoved.listed = state.number;
        if self.now >= unremoved.retry_at {
            unremoved.retry_at = self.now + SLOW_RETRY;
            if self.directory.remove(name).is_ok() {
                state.unremoved.remove(name);
            }
        }
        true
    }

    /// Drop what is known of files that a whole listing did not have.
    fn forget_vanished(&mut self, state: &mut State) {
        let number = state.number;
        state.waiting.retain(|_, waiting| waiting.listed == number);
        state
            .unremoved
            .retain(|_, Unremoved { listed, .. }| *listed == number);
        let finished = &mut self.batch.finished;
        state.tails.retain(|name, tail| {
            let stays = tail.listed == number || tail.is_finished;
            if !stays {
                finished.push(name.to_vec());
            }
            stays
        });
        finished.extend(state.stored.drain().map(|(name, _)| name));
    }
}

pub(super) fn trouble(name: &[u8], error: &Error) -> Trouble {
    let reason = match error {
        Error::File { source, .. } => source.to_string(),
        Error::Asked(sentence) => sentence.clone(),
    };
    Trouble {
        name: String::from_utf8_lossy(name).into_owned(),
        reason,
    }
}

fn entry<'s>(state: &'s mut State, name: &[u8], now: f64) -> &'s mut Waiting {
    state
        .waiting
        .entry(Name::from(name))
        .or_insert_with(|| Waiting::new(now))
}
