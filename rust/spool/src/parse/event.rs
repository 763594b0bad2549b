//! What comes out of a file: an event, or the reason why not.

use crate::intake_key::{self, IntakeKey};
use crate::lane::{Lane, Severity};
use std::borrow::Cow;

/// An event as it crosses into the store; one field a column. Texts that were not mended are pieces of
/// the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Recognises the same event read again.
    pub intake_key: IntakeKey,
    /// As written; [`intake_key::event_id`] of the intake key stands in for one that was not.
    pub event_id: Option<Cow<'a, str>>,
    /// As written.
    pub kind: Cow<'a, str>,
    /// As written, not cut.
    pub title: Cow<'a, str>,
    /// `external` when nothing was written.
    pub source: Cow<'a, str>,
    /// The event id stands in for one that was not written.
    pub task_id: Option<Cow<'a, str>>,
    /// What ties it to its answer.
    pub correlation_id: Option<Cow<'a, str>>,
    /// The queue it waits in.
    pub lane: Lane,
    /// As written, or the type's own.
    pub severity: Severity,
    /// Microseconds since the epoch, UTC.
    pub occurred_at: i64,
    /// The JSON object as it was written, mended only where it was not JSON.
    pub body: Cow<'a, str>,
    /// What was mended.
    pub warnings: Vec<String>,
    /// Of the type in the catalogue, when it is there.
    pub type_index: Option<u8>,
}

impl Event<'_> {
    /// As written, or derived.
    #[must_use]
    pub fn event_id(&self) -> Cow<'_, str> {
        match &self.event_id {
            Some(written) => Cow::Borrowed(written),
            None => String::from_utf8_lossy(&intake_key::event_id(&self.intake_key))
                .into_owned()
                .into(),
        }
    }

    /// As written, or the event id.
    #[must_use]
    pub fn task_id(&self) -> Cow<'_, str> {
        match &self.task_id {
            Some(written) => Cow::Borrowed(written),
            None => self.event_id(),
        }
    }

    /// The same, of texts that were made on the way.
    pub(super) fn into_owned(self) -> Event<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Event {
            intake_key: self.intake_key,
            event_id: self.event_id.map(own),
            kind: own(self.kind),
            title: own(self.title),
            source: own(self.source),
            task_id: self.task_id.map(own),
            correlation_id: self.correlation_id.map(own),
            lane: self.lane,
            severity: self.severity,
            occurred_at: self.occurred_at,
            body: own(self.body),
            warnings: self.warnings,
            type_index: self.type_index,
        }
    }
}

/// Where an event was read.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Of these bytes.
    pub key: IntakeKey,
    /// Of the file, in microseconds.
    pub mtime_us: i64,
    /// Of the clock, in microseconds.
    pub now_us: i64,
}

/// Code of a rejection: the text ends too early.
pub const CUT: &str = "cut";
/// Code of a rejection: there is no text.
pub const EMPTY: &str = "empty";
/// Code of a rejection: the store failed on this event, and on no other of its batch.
pub const FAILED: &str = "failed";

/// Why something could not be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// One word for the counters: `empty`, `encoding`, `json`, `depth`, `cut`, `object`, `title`, `size`,
    /// `failed`.
    pub code: &'static str,
    /// Sentences for the person who wrote the producer.
    pub reason: String,
    /// The field that is wrong, where it is one.
    pub field: Option<&'static str>,
    /// From 1.
    pub line: Option<usize>,
    /// From 1, in bytes.
    pub column: Option<usize>,
}

impl Rejection {
    /// Whether the text ends too early: its writer may have paused.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        [CUT, EMPTY].contains(&self.code)
    }

    /// A rejection of the whole.
    pub fn whole(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            field: None,
            line: None,
            column: None,
        }
    }
}
