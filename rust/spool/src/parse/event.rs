//! The result of parsing a file: an event, or the reason for its rejection.

use crate::intake_key::{self, IntakeKey};
use crate::lane::{Lane, Severity};
use std::borrow::Cow;

/// An event on its way to the store, one field per column. Texts that needed no correction borrow from the bytes
/// that were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Recognizes the event when it is read again.
    pub intake_key: IntakeKey,
    /// As written; if missing, [`intake_key::event_id`] of the intake key is used.
    pub event_id: Option<Cow<'a, str>>,
    /// As written.
    pub kind: Cow<'a, str>,
    /// As written, not shortened.
    pub title: Cow<'a, str>,
    /// `external` when missing.
    pub source: Cow<'a, str>,
    /// As written; if missing, the event id is used.
    pub task_id: Option<Cow<'a, str>>,
    /// Links the event to its answer.
    pub correlation_id: Option<Cow<'a, str>>,
    /// Priority class.
    pub lane: Lane,
    /// As written, or the default of the type.
    pub severity: Severity,
    /// Microseconds since the epoch, UTC.
    pub occurred_at: i64,
    /// The JSON object as written, repaired only where it was not valid JSON.
    pub body: Cow<'a, str>,
    /// One sentence for each correction.
    pub warnings: Vec<String>,
    /// Index of the type in the catalogue; `None` for an unknown type.
    pub type_index: Option<u8>,
}

impl Event<'_> {
    /// The id, written or derived.
    #[must_use]
    pub fn event_id(&self) -> Cow<'_, str> {
        match &self.event_id {
            Some(written) => Cow::Borrowed(written),
            None => String::from_utf8_lossy(&intake_key::event_id(&self.intake_key))
                .into_owned()
                .into(),
        }
    }

    /// The task id as written, or the event id.
    #[must_use]
    pub fn task_id(&self) -> Cow<'_, str> {
        match &self.task_id {
            Some(written) => Cow::Borrowed(written),
            None => self.event_id(),
        }
    }

    /// Convert to an event that borrows nothing.
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

/// Where and when an event was read.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Intake key of the bytes.
    pub key: IntakeKey,
    /// Modification time of the file, in microseconds since the epoch.
    pub mtime_us: i64,
    /// Current time, in microseconds since the epoch.
    pub now_us: i64,
}

/// Code of a rejection: the text ends too early.
pub const CUT: &str = "cut";
/// Code of a rejection: the file is empty.
pub const EMPTY: &str = "empty";
/// Code of a rejection: the store failed on this event, and on no other of its batch.
pub const FAILED: &str = "failed";

/// Why something was rejected, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Key for the counters: `empty`, `encoding`, `json`, `depth`, `cut`, `object`, `title`, `size`, `failed`.
    pub code: &'static str,
    /// Sentences for the author of the producer.
    pub reason: String,
    /// The invalid field, if it is one.
    pub field: Option<&'static str>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in bytes, from 1.
    pub column: Option<usize>,
}

impl Rejection {
    /// Whether the text ends too early: its writer may have paused.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        [CUT, EMPTY].contains(&self.code)
    }

    /// A rejection without field, line and column.
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
