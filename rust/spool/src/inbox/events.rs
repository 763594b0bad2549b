//! The events of a batch, with their texts in two buffers: a text that is part of the body of its event is a
//! range of it, and costs no further memory.

use super::read_buffer::{BufferPool, ReadBuffer};
use crate::catalogue::EVENT_TYPES;
use crate::intake_key::IntakeKey;
use crate::lane::{Lane, Severity};
use crate::parse::Event;
use std::fmt;
use std::sync::Arc;

/// From this number of events on, memory for a whole batch is reserved at once.
const LONG_RUN: usize = 64;
/// Set in the start of a text that is in `owned`.
const OWNED: u32 = 1 << 31;

/// The range of a text in its buffer.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
}

struct Record {
    intake_key: IntakeKey,
    occurred_at: i64,
    body: Span,
    /// Empty when it is derived from the intake key.
    event_id: Span,
    title: Span,
    source: Span,
    /// Empty when it equals the event id.
    task_id: Span,
    lane: Lane,
    severity: Severity,
    type_index: Option<u8>,
    rare: Option<Box<Rare>>,
}

/// Fields that few events have.
#[derive(Default)]
struct Rare {
    /// The type, if it is not in the catalogue.
    kind: Span,
    correlation_id: Span,
    warnings: Vec<String>,
}

/// The events of a batch, in their final order after [`Self::finish`].
#[derive(Default)]
pub struct Events {
    /// Contents of the files.
    read: ReadBuffer,
    /// Texts that are not in a file as written, and lines of `.jsonl` files.
    owned: Vec<u8>,
    records: Vec<Record>,
    /// Event time and file time of each record.
    times: Vec<(i64, i64)>,
}

/// One event of a batch; every text is UTF-8, and none is empty.
#[derive(Clone, Copy)]
#[allow(missing_docs)] // the fields of `parse::Event`
pub struct Row<'a> {
    pub intake_key: &'a IntakeKey,
    /// `None` when it is [`crate::intake_key::event_id`] of the intake key.
    pub event_id: Option<&'a [u8]>,
    pub kind: &'a [u8],
    /// Index of the type in the catalogue.
    pub type_index: Option<u8>,
    pub title: &'a [u8],
    pub source: &'a [u8],
    /// `None` when it is the event id.
    pub task_id: Option<&'a [u8]>,
    pub correlation_id: Option<&'a [u8]>,
    pub lane: Lane,
    pub severity: Severity,
    pub occurred_at: i64,
    pub body: &'a [u8],
    pub warnings: &'a [String],
}

impl Events {
    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.read.held()
            + self.owned.capacity()
            + self.records.capacity() * size_of::<Record>()
            + self.times.capacity() * size_of::<(i64, i64)>()
    }

    /// The events, in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.records.len()).map(|index| self.row(index))
    }

    fn row(&self, index: usize) -> Row<'_> {
        let record = &self.records[index];
        let text = |span: Span| {
            let (bytes, start) = if span.start & OWNED == 0 {
                (self.read.used(), span.start)
            } else {
                (&*self.owned, span.start ^ OWNED)
            };
            &bytes[start as usize..][..span.length as usize]
        };
        let some = |span: Span| (span.length > 0).then(|| text(span));
        let rare = record.rare.as_deref();
        let known = record.type_index.map(|at| &EVENT_TYPES[usize::from(at)]);
        let kind = known.map_or_else(
            || text(rare.map(|rare| rare.kind).unwrap_or_default()),
            |known| known.name.as_bytes(),
        );
        Row {
            intake_key: &record.intake_key,
            event_id: some(record.event_id),
            kind,
            type_index: record.type_index,
            title: text(record.title),
            source: text(record.source),
            task_id: some(record.task_id),
            correlation_id: rare.and_then(|rare| some(rare.correlation_id)),
            lane: record.lane,
            severity: record.severity,
            occurred_at: record.occurred_at,
            body: text(record.body),
            warnings: rare.map_or(&[], |rare| &rare.warnings),
        }
    }

    /// Reserve space for more events, and in a long run for their texts.
    pub(super) fn reserve(&mut self, events: usize, pool: &Arc<BufferPool>) {
        if events >= LONG_RUN && self.read.held() == 0 {
            self.read = pool.take();
        }
        self.records.reserve_exact(events);
        self.times.reserve_exact(events);
    }

    /// The buffer that files are read into.
    pub(super) fn read(&mut self) -> &mut ReadBuffer {
        &mut self.read
    }

    /// Add an event, sorted by the given time, which is its own or a later one. A body that is part of `read` is
    /// not copied.
    pub(super) fn push(&mut self, event: Event<'_>, at: i64, mtime_ns: i64, read: &[u8]) {
        let body: &str = &event.body;
        let place = Span::new(0, read.len()).piece(offset(read, body.as_bytes()), body.len());
        let body_at = place.unwrap_or_else(|| self.add(body));
        // A text that is part of the body is not copied.
        let mut place = |text: &str| {
            let offset = offset(body.as_bytes(), text.as_bytes());
            match body_at.piece(offset, text.len()) {
                Some(span) => span,
                None => self.add(text),
            }
        };
        let is_rare = event.type_index.is_none()
            || event.correlation_id.is_some()
            || !event.warnings.is_empty();
        let rare = is_rare.then(|| {
            Box::new(Rare {
                kind: match event.type_index {
                    Some(_) => Span::default(),
                    None => place(&event.kind),
                },
                correlation_id: optional(event.correlation_id.as_deref(), &mut place),
                warnings: event.warnings,
            })
        });
        let record = Record {
            intake_key: event.intake_key,
            occurred_at: event.occurred_at,
            body: body_at,
            event_id: optional(event.event_id.as_deref(), &mut place),
            title: place(&event.title),
            source: place(&event.source),
            task_id: optional(event.task_id.as_deref(), &mut place),
            lane: event.lane,
            severity: event.severity,
            type_index: event.type_index,
            rare,
        };
        self.records.push(record);
        self.times.push((at, mtime_ns));
    }

    fn add(&mut self, text: &str) -> Span {
        let span = Span::new(self.owned.len(), text.len());
        self.owned.extend_from_slice(text.as_bytes());
        Span {
            start: span.start | OWNED,
            ..span
        }
    }

    /// Drop the events from an index on.
    pub(super) fn truncate(&mut self, events: usize) {
        self.records.truncate(events);
        self.times.truncate(events);
    }

    /// Append other events.
    pub(super) fn append(&mut self, mut other: Self) {
        let by = |length| u32::try_from(length).unwrap_or(u32::MAX);
        let (read_by, owned_by) = (by(self.read.used().len()), by(self.owned.len()));
        let shift = |span: &mut Span| {
            let is_owned = span.start & OWNED != 0;
            span.start += if is_owned { owned_by } else { read_by };
        };
        for record in &mut other.records {
            for span in [
                &mut record.body,
                &mut record.event_id,
                &mut record.title,
                &mut record.source,
                &mut record.task_id,
            ] {
                shift(span);
            }
            if let Some(rare) = &mut record.rare {
                shift(&mut rare.kind);
                shift(&mut rare.correlation_id);
            }
        }
        self.read.add(other.read.used());
        self.owned.append(&mut other.owned);
        self.records.append(&mut other.records);
        self.times.append(&mut other.times);
    }

    /// Sort by event time and file time, keeping the order of equal ones. Release unused memory.
    pub(super) fn finish(&mut self) {
        if !self.times.is_sorted() {
            let mut order: Vec<u32> = (0..).take(self.records.len()).collect();
            order.sort_by_key(|index| self.times[*index as usize]);
            let mut records: Vec<Option<Record>> = self.records.drain(..).map(Some).collect();
            let ordered = order
                .into_iter()
                .filter_map(|index| records[index as usize].take());
            self.records.extend(ordered);
        }
        self.times = Vec::new();
        self.read.finish();
        self.owned.shrink_to_fit();
        self.records.shrink_to_fit();
    }
}

impl Span {
    /// Texts are shorter than 2 GiB (`Options::batch_bytes`).
    fn new(start: usize, length: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            length: u32::try_from(length).unwrap_or(0),
        }
    }

    /// A part of the range, if it is within it.
    fn piece(self, offset: usize, length: usize) -> Option<Self> {
        let end = offset.checked_add(length)?;
        (end <= self.length as usize).then(|| Self::new(self.start as usize + offset, length))
    }
}

/// Offset of `piece` in `whole`; far outside of it when it is not a part.
fn offset(whole: &[u8], piece: &[u8]) -> usize {
    (piece.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize)
}

/// The range of an optional text; empty when there is none.
fn optional(text: Option<&str>, place: impl FnOnce(&str) -> Span) -> Span {
    text.map_or(Span::default(), place)
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let titles = self
            .iter()
            .map(|row| String::from_utf8_lossy(row.title).into_owned());
        f.debug_list().entries(titles).finish()
    }
}
