//! One look at a `.jsonl` file: its new lines, its last line, its end.

use super::batch::Batch;
use super::tail::Tail;
use super::take::{Taking, trouble};
use super::{Name, State};
use crate::decode::{Encoding, Undecodable};
use crate::directory::{Stat, make_room};
use crate::error::{At, Result};
use crate::key;
use crate::lines::{Ended, Found, take_lines};
use crate::mend::{Rejection, undecodable};
use crate::reject::{LinePlace, reject_line};
use crate::waiting::SLOW_RETRY;
use std::fs::File;
use std::time::Instant;

/// What a buffer keeps between two files.
pub(super) const BUFFER_KEPT: usize = 64 << 10;

/// A line that cannot be used.
type Bad = (LinePlace, Rejection);

impl Taking<'_> {
    /// Take the new lines of a file; true when the batch was full before its end.
    pub fn lines_file(&mut self, state: &mut State, name: &[u8]) -> bool {
        if !self.is_due(state, name) {
            return false;
        }
        let opened = match self.directory.stat(name) {
            Ok(Some(stat)) if self.wants_look(state, name, stat) => self.directory.open_file(name),
            Ok(_) => return false,
            Err(error) => Err(error),
        };
        self.reading.counters.opened += 1;
        let (mut file, stat) = match opened {
            Ok(Some(opened)) => opened,
            Ok(None) => return false,
            Err(error) => {
                self.refused(state, name, &error);
                return false;
            }
        };
        let encoding = match self.encoding(name) {
            Ok(encoding) => encoding,
            Err((head, fault)) => {
                // No line of it can be read: one reason for all of it.
                self.not_ready(state, name, stat, Some(undecodable(&head, fault)));
                return false;
            }
        };
        state.waiting.remove(name);
        let mut buffer = std::mem::take(&mut state.buffer);
        make_room(&mut buffer, self.longest().min(BUFFER_KEPT - 1) + 1);
        let looked = self
            .tail(state, name, &mut file, (stat, encoding), &mut buffer)
            .and_then(|mut tail| {
                let more = self.follow(name, &mut file, &mut tail, &mut buffer);
                tail.listed = state.number;
                state.tails.insert(Name::from(name), tail);
                more
            });
        buffer.truncate(BUFFER_KEPT);
        buffer.shrink_to(BUFFER_KEPT);
        state.buffer = buffer;
        looked.unwrap_or_else(|error| {
            self.refused(state, name, &error);
            false
        })
    }

    /// Tell the encoding by the first bytes; of what cannot be decoded, these too.
    fn encoding(&self, name: &[u8]) -> std::result::Result<Encoding, ([u8; 4], Undecodable)> {
        let mut head = [0; 4];
        let filled = self.directory.beginning(name, &mut head);
        Encoding::of(&head[..filled]).map_err(|fault| (head, fault))
    }

    fn wants_look(&self, state: &mut State, name: &[u8], stat: Stat) -> bool {
        let number = state.number;
        let Some(tail) = state.tails.get_mut(name) else {
            return stat.is_file;
        };
        tail.listed = number;
        let is_new =
            tail.stat != stat || tail.is_behind || tail.due_at.is_some_and(|at| self.now >= at);
        stat.is_file && !tail.is_finished && is_new
    }

    /// What is known of the file, if it is still the one that was read.
    fn tail(
        &self,
        state: &mut State,
        name: &[u8],
        file: &mut File,
        (stat, encoding): (Stat, Encoding),
        buffer: &mut [u8],
    ) -> Result<Tail> {
        if let Some(mut tail) = state.tails.remove(name)
            && tail.is_same(file, stat).at(self.directory.at(name))?
        {
            if tail.stat != stat {
                (tail.stat, tail.changed_at) = (stat, self.now);
            }
            tail.encoding = encoding; // it may have been empty
            return Ok(tail);
        }
        let stored = state.stored.remove(name);
        Tail::begin(file, stat, stored.as_ref(), encoding, self.now, buffer)
            .at(self.directory.at(name))
    }

    fn follow(
        &mut self,
        name: &[u8],
        file: &mut File,
        tail: &mut Tail,
        buffer: &mut Vec<u8>,
    ) -> Result<bool> {
        let path = self.directory.at(name);
        let (before, events_before) = (tail.taken, self.reading.events.len());
        let stat = tail.stat;
        let mut bad: Vec<Bad> = Vec::new();
        let mut order = i64::MIN;
        let mut taken = tail.taken;
        let encoding = tail.encoding;
        let longest = (encoding, self.longest());
        let ended = take_lines(file, &mut taken, buffer, longest, |found| {
            match found {
                Found::Line {
                    offset,
                    number,
                    bytes,
                } => {
                    let place = LinePlace {
                        offset,
                        number,
                        length: bytes.len() as u64,
                    };
                    self.line(name, (stat, encoding), place, bytes, &mut order, &mut bad);
                }
                Found::TooLong {
                    offset,
                    number,
                    length,
                } => {
                    bad.push((
                        LinePlace {
                            offset,
                            number,
                            length,
                        },
                        self.too_long(length),
                    ));
                }
            }
            !self.is_full() && bad.len() < self.bounds.batch_events
        });
        tail.taken = taken;
        let ended = ended.at(&path)?;
        tail.is_behind = ended == Ended::Enough;
        tail.due_at = None;
        if let Ended::Rest(length) = ended {
            self.last_line(name, tail, &buffer[..length], &mut order, &mut bad);
        }
        for (place, rejection) in bad {
            match reject_line(
                &self.inbox.rejected,
                name,
                file,
                place,
                encoding.mark(),
                rejection,
            ) {
                Ok(rejected) => self.batch.rejected.push(rejected),
                Err(error) => {
                    // The position must not pass a line that lies nowhere else: all of it again, later.
                    self.batch.troubles.push(trouble(name, &error));
                    self.reading.events.truncate(events_before);
                    (tail.taken, tail.due_at) = (before, Some(self.now + SLOW_RETRY));
                    return Ok(false);
                }
            }
        }
        if tail.taken.offset != before.offset {
            self.batch
                .positions
                .push(tail.position(name, file).at(&path)?);
            self.batch.progress.push((name.into(), tail.taken));
        }
        Ok(tail.is_behind)
    }

    fn line(
        &mut self,
        name: &[u8],
        (stat, encoding): (Stat, Encoding),
        place: LinePlace,
        bytes: &[u8],
        order: &mut i64,
        bad: &mut Vec<Bad>,
    ) {
        let started = Instant::now();
        let key = key::of_line(name, stat.inode, place.offset, bytes);
        // Lines stay in order, whatever times they carry.
        match self.reader.event(
            &encoding.alone(bytes),
            key,
            stat,
            *order,
            &[],
            &mut self.reading,
        ) {
            Ok(at) => *order = at,
            Err(rejection) => bad.push((place, rejection)),
        }
        self.reading.counters.parsed_since(started);
    }

    fn longest(&self) -> usize {
        usize::try_from(self.bounds.max_event_bytes).unwrap_or(usize::MAX - 1)
    }

    fn too_long(&self, length: u64) -> Rejection {
        let most = self.bounds.max_event_bytes;
        Rejection::whole(
            "size",
            format!("Too large: a line of {length} bytes; an event has at most {most}."),
        )
    }

    /// What stands without a line end: an event when it parses and nothing changes any more; rejected only
    /// when the file would be removed. Then the file's own end.
    fn last_line(
        &mut self,
        name: &[u8],
        tail: &mut Tail,
        rest: &[u8],
        order: &mut i64,
        bad: &mut Vec<Bad>,
    ) {
        let quiet_at = tail.changed_at + self.bounds.quiet_seconds;
        let finish_at = tail.changed_at + self.inbox.finish_seconds;
        let length = tail.stat.size.saturating_sub(tail.taken.offset);
        if length > rest.len() as u64 || !tail.encoding.is_blank(rest) {
            let place = LinePlace {
                offset: tail.taken.offset,
                number: tail.taken.lines + 1,
                length,
            };
            if self.now < quiet_at {
                tail.due_at = Some(quiet_at);
                return;
            }
            let mut faults = Vec::new();
            if length > rest.len() as u64 {
                faults.push((place, self.too_long(length)));
            } else {
                self.line(
                    name,
                    (tail.stat, tail.encoding),
                    place,
                    rest,
                    order,
                    &mut faults,
                );
            }
            if let Some((_, fault)) = faults.first() {
                let quiet = self.bounds.patience(self.inbox.finish_seconds, fault);
                let reject_at = tail.changed_at + quiet;
                if self.now < reject_at {
                    tail.due_at = Some(reject_at);
                    return;
                }
            }
            bad.append(&mut faults);
            tail.taken.skip(length);
        }
        if self.now < finish_at || tail.taken.offset != tail.committed.offset {
            // Not before what was taken is durable.
            tail.due_at = Some(finish_at.max(self.now + 1.0));
            return;
        }
        tail.is_finished = true;
        finish(&mut self.batch, name, tail.stat);
    }
}

/// The position is forgotten first and the file removed after: the other way round, a crash in between
/// would leave the position to the next file of this name.
fn finish(batch: &mut Batch, name: &[u8], stat: Stat) {
    batch.finished.push(name.to_vec());
    batch.finished_files.push((name.into(), stat));
}
