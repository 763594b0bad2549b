//! Reads the new lines of a `.jsonl` file, its last line and its end.

use super::batch::Batch;
use super::batch_builder::{BatchBuilder, trouble};
use super::jsonl_file::JsonlFile;
use super::{Name, State};
use crate::decode::{Encoding, Undecodable};
use crate::directory::{Stat, grow_to};
use crate::error::{PathContext, Result};
use crate::intake_key;
use crate::line_reader::{Ended, Found, take_lines};
use crate::parse::{Rejection, undecodable};
use crate::pending::SLOW_RETRY;
use crate::reject::{LinePlace, reject_line};
use std::fs::File;
use std::time::Instant;

/// Maximum size of the buffer between two files.
pub(super) const BUFFER_KEPT: usize = 64 << 10;

/// A line to reject.
type BadLine = (LinePlace, Rejection);

impl BatchBuilder<'_> {
    /// Read the new lines of a file; true when the batch was full before its end.
    pub fn read_jsonl_file(&mut self, state: &mut State, name: &[u8]) -> bool {
        if !self.is_due(state, name) {
            return false;
        }
        let opened = match self.directory.stat(name) {
            Ok(Some(stat)) if self.needs_reading(state, name, stat) => {
                self.directory.open_file(name)
            }
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
                // No line can be read: reject the whole file with one reason.
                self.not_ready(state, name, stat, Some(undecodable(&head, fault)));
                return false;
            }
        };
        state.pending.remove(name);
        let mut buffer = std::mem::take(&mut state.buffer);
        grow_to(&mut buffer, self.max_line_bytes().min(BUFFER_KEPT - 1) + 1);
        let read = self
            .progress_of(state, name, &mut file, (stat, encoding), &mut buffer)
            .and_then(|mut jsonl| {
                let more = self.read_new_lines(name, &mut file, &mut jsonl, &mut buffer);
                jsonl.listed = state.listing_number;
                state.jsonl_files.insert(Name::from(name), jsonl);
                more
            });
        buffer.truncate(BUFFER_KEPT);
        buffer.shrink_to(BUFFER_KEPT);
        state.buffer = buffer;
        read.unwrap_or_else(|error| {
            self.refused(state, name, &error);
            false
        })
    }

    /// Detect the encoding; for an unsupported one, also return the first bytes.
    fn encoding(&self, name: &[u8]) -> std::result::Result<Encoding, ([u8; 4], Undecodable)> {
        let mut head = [0; 4];
        let filled = self.directory.read_prefix(name, &mut head);
        Encoding::of(&head[..filled]).map_err(|fault| (head, fault))
    }

    fn needs_reading(&self, state: &mut State, name: &[u8], stat: Stat) -> bool {
        let number = state.listing_number;
        let Some(jsonl) = state.jsonl_files.get_mut(name) else {
            return stat.is_file;
        };
        jsonl.listed = number;
        let is_new =
            jsonl.stat != stat || jsonl.is_behind || jsonl.due_at.is_some_and(|at| self.now >= at);
        stat.is_file && !jsonl.is_finished && is_new
    }

    /// The state of the file, if it is still the same one.
    fn progress_of(
        &self,
        state: &mut State,
        name: &[u8],
        file: &mut File,
        (stat, encoding): (Stat, Encoding),
        buffer: &mut [u8],
    ) -> Result<JsonlFile> {
        if let Some(mut jsonl) = state.jsonl_files.remove(name)
            && jsonl
                .is_same(file, stat)
                .with_path(self.directory.path_of(name))?
        {
            if jsonl.stat != stat {
                (jsonl.stat, jsonl.changed_at) = (stat, self.now);
            }
            jsonl.encoding = encoding; // the file may have been empty
            return Ok(jsonl);
        }
        let stored = state.stored_positions.remove(name);
        JsonlFile::begin(file, stat, stored.as_ref(), encoding, self.now, buffer)
            .with_path(self.directory.path_of(name))
    }

    fn read_new_lines(
        &mut self,
        name: &[u8],
        file: &mut File,
        jsonl: &mut JsonlFile,
        buffer: &mut Vec<u8>,
    ) -> Result<bool> {
        let path = self.directory.path_of(name);
        let (before, events_before) = (jsonl.taken, self.reading.events.len());
        let stat = jsonl.stat;
        let mut bad: Vec<BadLine> = Vec::new();
        let mut order = i64::MIN;
        let mut taken = jsonl.taken;
        let encoding = jsonl.encoding;
        let limits = (encoding, self.max_line_bytes());
        let ended = take_lines(file, &mut taken, buffer, limits, |found| {
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
                    self.take_line(name, (stat, encoding), place, bytes, &mut order, &mut bad);
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
        jsonl.taken = taken;
        let ended = ended.with_path(&path)?;
        jsonl.is_behind = ended == Ended::Enough;
        jsonl.due_at = None;
        if let Ended::Rest(length) = ended {
            self.last_line(name, jsonl, &buffer[..length], &mut order, &mut bad);
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
                    // The position must not pass a line that is stored nowhere else: read all of it again later.
                    self.batch.troubles.push(trouble(name, &error));
                    self.reading.events.truncate(events_before);
                    (jsonl.taken, jsonl.due_at) = (before, Some(self.now + SLOW_RETRY));
                    return Ok(false);
                }
            }
        }
        if jsonl.taken.offset != before.offset {
            self.batch
                .positions
                .push(jsonl.position(name, file).with_path(&path)?);
            self.batch.progress.push((name.into(), jsonl.taken));
        }
        Ok(jsonl.is_behind)
    }

    fn take_line(
        &mut self,
        name: &[u8],
        (stat, encoding): (Stat, Encoding),
        place: LinePlace,
        bytes: &[u8],
        order: &mut i64,
        bad: &mut Vec<BadLine>,
    ) {
        let started = Instant::now();
        let key = intake_key::of_line(name, stat.inode, place.offset, bytes);
        // Lines keep their order, whatever times they carry.
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

    fn max_line_bytes(&self) -> usize {
        usize::try_from(self.bounds.max_event_bytes).unwrap_or(usize::MAX - 1)
    }

    fn too_long(&self, length: u64) -> Rejection {
        let most = self.bounds.max_event_bytes;
        Rejection::whole(
            "size",
            format!("Too large: the line has {length} bytes; an event has at most {most}."),
        )
    }

    /// Handle an incomplete last line, then the end of the file. The line is an event if it parses and the file
    /// no longer changes; it is rejected only when the file would be removed.
    fn last_line(
        &mut self,
        name: &[u8],
        jsonl: &mut JsonlFile,
        rest: &[u8],
        order: &mut i64,
        bad: &mut Vec<BadLine>,
    ) {
        let quiet_at = jsonl.changed_at + self.bounds.quiet_seconds;
        let finish_at = jsonl.changed_at + self.inbox.finish_seconds;
        let length = jsonl.stat.size.saturating_sub(jsonl.taken.offset);
        if length > rest.len() as u64 || !jsonl.encoding.is_blank(rest) {
            let place = LinePlace {
                offset: jsonl.taken.offset,
                number: jsonl.taken.lines + 1,
                length,
            };
            if self.now < quiet_at {
                jsonl.due_at = Some(quiet_at);
                return;
            }
            let mut faults = Vec::new();
            if length > rest.len() as u64 {
                faults.push((place, self.too_long(length)));
            } else {
                self.take_line(
                    name,
                    (jsonl.stat, jsonl.encoding),
                    place,
                    rest,
                    order,
                    &mut faults,
                );
            }
            if let Some((_, fault)) = faults.first() {
                let quiet = self.bounds.patience(self.inbox.finish_seconds, fault);
                let reject_at = jsonl.changed_at + quiet;
                if self.now < reject_at {
                    jsonl.due_at = Some(reject_at);
                    return;
                }
            }
            bad.append(&mut faults);
            jsonl.taken.skip(length);
        }
        if self.now < finish_at || jsonl.taken.offset != jsonl.committed.offset {
            // Not before what was taken is durable.
            jsonl.due_at = Some(finish_at.max(self.now + 1.0));
            return;
        }
        jsonl.is_finished = true;
        finish(&mut self.batch, name, jsonl.stat);
    }
}

/// Schedule the removal of a file. Its position is deleted before the file is removed: otherwise a crash in
/// between would leave the position to the next file of this name.
fn finish(batch: &mut Batch, name: &[u8], stat: Stat) {
    batch.finished.push(name.to_vec());
    batch.finished_files.push((name.into(), stat));
}
