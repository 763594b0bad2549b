//! From the bytes of a file to an event: what can be shown is mended, with a sentence for each mend;
//! only what cannot be shown at all is rejected.

mod event;

pub(crate) use event::FAILED;
use event::{CUT, EMPTY};
pub use event::{Event, Origin, Rejection};

use crate::catalogue::{self, EVENT_TYPES, FALLBACK};
use crate::decode::{ADVICE, Undecodable, decode, is_unmarked, place};
use crate::extract::{EventFields, extract};
use crate::fast_path::{self, Spans};
use crate::field::{Field, unescaped};
use crate::json_repair::repair;
use crate::lane::{Lane, Priority, Severity};
use crate::limits::{DESCRIPTION_CHARACTERS, ID_CHARACTERS, TITLE_CHARACTERS};
use crate::timestamp::{self, FUTURE_LIMIT_US};
use crate::validate::is_type_word;
use serde_json::error::Category;
use std::borrow::Cow;

const ENCODING: &str = "encoding";
const CUT_ADVICE: &str =
    "It ends too early: write it whole, or to a name ending in .tmp and rename it.";

/// Read one event.
///
/// # Errors
///
/// Not text, not JSON, nested too deep, not an object, or without a title.
pub fn parse_event(bytes: &[u8], origin: Origin) -> Result<Event<'_>, Rejection> {
    let decoded = decode(bytes).map_err(|fault| undecodable(bytes, fault))?;
    match decoded {
        Cow::Borrowed(text) => read_text(text, Vec::new(), origin),
        Cow::Owned(text) => {
            let warnings = vec!["The file was UTF-16 and was read as such.".to_owned()];
            read_text(&text, warnings, origin).map(Event::into_owned)
        }
    }
}

/// Why bytes in another encoding, or cut in the middle of a character, cannot be used.
#[cold]
pub(crate) fn undecodable(bytes: &[u8], fault: Undecodable) -> Rejection {
    let (line, column) = place(bytes, fault.offset());
    let (code, reason) = match fault {
        Undecodable::Cut(_) => (CUT, format!("Not JSON: {fault}. {CUT_ADVICE}")),
        Undecodable::NotUtf8(_) => (ENCODING, format!("Not UTF-8. {ADVICE}")),
        Undecodable::Unmarked | Undecodable::Utf32 => (ENCODING, format!("{fault}. {ADVICE}")),
    };
    Rejection {
        line: Some(line),
        column: Some(column),
        ..Rejection::whole(code, reason)
    }
}

fn read_text(text: &str, warnings: Vec<String>, origin: Origin) -> Result<Event<'_>, Rejection> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let mut spans = Spans::default();
    match fast_path::extract(text, &mut spans) {
        Some(()) => finish(spans.fields(text), text, warnings, origin),
        None => parse_unusual(text, warnings, origin),
    }
}

/// What is not plain.
#[cold]
fn parse_unusual(
    text: &str,
    mut warnings: Vec<String>,
    origin: Origin,
) -> Result<Event<'_>, Rejection> {
    match extract(text) {
        Ok(fields) => finish(fields, text, warnings, origin),
        Err(_) if is_unmarked(text.as_bytes()) => {
            Err(undecodable(text.as_bytes(), Undecodable::Unmarked))
        }
        Err(error) if error.classify() == Category::Eof => Err(not_json(text, &error)),
        Err(error) => match repair(text) {
            None => Err(not_json(text, &error)),
            Some((repaired, sentences)) => {
                warnings.extend(sentences.into_iter().map(str::to_owned));
                let fields = extract(&repaired).map_err(|error| not_json(text, &error))?;
                finish(fields, &repaired, warnings, origin).map(Event::into_owned)
            }
        },
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> Rejection {
    if text.is_empty() {
        return Rejection::whole(EMPTY, "The file is empty. Write one JSON object into it.");
    }
    // The library ends its message with the place, which has columns of its own here.
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said);
    let advice = match error.classify() {
        Category::Eof => CUT_ADVICE,
        _ if text.starts_with(['{', '[']) => {
            "Write one JSON object, with keys and strings in double quotes."
        }
        _ => {
            "An event is one JSON object, such as {\"type\":\"info_notification\",\"title\":\"Hello\"}."
        }
    };
    let code = match error.classify() {
        Category::Eof => CUT,
        Category::Data => "depth", // the scan's only rule of its own
        _ => "json",
    };
    Rejection {
        line: Some(error.line()),
        column: Some(error.column()),
        ..Rejection::whole(code, format!("Not JSON: {said}. {advice}"))
    }
}

#[inline]
fn finish<'a>(
    fields: EventFields<'a>,
    body: &'a str,
    mut warnings: Vec<String>,
    origin: Origin,
) -> Result<Event<'a>, Rejection> {
    if !fields.is_object {
        return Err(Rejection::whole(
            "object",
            "Not an object. An event is one JSON object; several go one a line into a .jsonl file.",
        ));
    }
    let mut normalizer = Normalizer {
        body,
        warnings: &mut warnings,
    };
    let title = normalizer
        .text("title", fields.title)
        .filter(|title| !title.trim_start().is_empty());
    let Some(title) = title else {
        let reason = "No title. Add \"title\" with 1 to 200 characters of text.";
        return Err(Rejection {
            field: Some("title"),
            ..Rejection::whole("title", reason)
        });
    };
    normalizer.long(
        "title",
        &title,
        TITLE_CHARACTERS,
        "cut in the message, whole in its details",
    );
    if !fields.description.is_short(DESCRIPTION_CHARACTERS)
        && let Some(description) = normalizer.text("description", fields.description)
    {
        let outcome = "folded, split or sent as a document";
        normalizer.long("description", &description, DESCRIPTION_CHARACTERS, outcome);
    }
    if fields.data_is_invalid {
        normalizer.warn("data is not an object; it is shown as text.".to_owned());
    }
    if let Some(key) = fields.duplicate_key {
        normalizer.warn(format!("{key} stands more than once; the last one counts."));
    }
    let (kind, type_index) = normalizer.kind(fields.kind);
    let known = type_index.and_then(|index| EVENT_TYPES.get(usize::from(index)));
    let task_id = normalizer.id("task_id", fields.task_id);
    // Older producers wrote the task's id into every event of the task: it names none of them.
    let event_id = normalizer
        .id("event_id", fields.event_id)
        .filter(|id| Some(id) != task_id.as_ref());
    let severity = normalizer.word(
        "data.severity",
        &fields.severity,
        Severity::parse,
        Severity::WORDS,
    );
    let priority = normalizer.word(
        "data.priority",
        &fields.priority,
        Priority::parse,
        Priority::WORDS,
    );
    let base_lane = known.map_or(Lane::Ordinary, |known| known.lane);
    let source = normalizer
        .id("source", fields.source)
        .unwrap_or(Cow::Borrowed("external"));
    let correlation_id = normalizer.id("correlation_id", fields.correlation_id);
    let _ = normalizer.id("parent_event_id", fields.parent_event_id);
    let occurred_at = normalizer.time(&fields.timestamp, origin);
    Ok(Event {
        intake_key: origin.key,
        event_id,
        kind,
        title,
        source,
        task_id,
        correlation_id,
        lane: base_lane.raised(severity, priority),
        severity: severity.unwrap_or_else(|| known.map_or(Severity::Low, |known| known.severity)),
        occurred_at,
        body: Cow::Borrowed(body),
        type_index,
        warnings,
    })
}

/// The fields' own mends.
struct Normalizer<'a, 'w> {
    body: &'a str,
    warnings: &'w mut Vec<String>,
}

impl<'a> Normalizer<'a, '_> {
    fn warn(&mut self, sentence: String) {
        self.warnings.push(sentence);
    }

    /// A field as text, whatever it was.
    fn text(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        let text = match field {
            Field::Missing => return None,
            Field::Text(text) => return Some(text),
            Field::Escaped(written) => return Some(Cow::Owned(unescaped(written))),
            Field::Scalar(text) => Cow::Owned(text),
            // Rare enough to parse a second time for it.
            Field::Nested => {
                let whole: serde_json::Value = serde_json::from_str(self.body).ok()?;
                Cow::Owned(whole.get(name)?.to_string())
            }
        };
        self.warn(format!("{name} is not text; it is shown as written."));
        Some(text)
    }

    fn long(&mut self, name: &str, text: &str, limit: usize, outcome: &str) {
        if text.len() > limit {
            let characters = text.chars().count();
            if characters > limit {
                self.warn(format!(
                    "{name} has {characters} characters, more than {limit}: {outcome}."
                ));
            }
        }
    }

    fn kind(&mut self, field: Field<'a>) -> (Cow<'a, str>, Option<u8>) {
        let kind = self.text("type", field).filter(|kind| !kind.is_empty());
        let Some(kind) = kind else {
            self.warn(format!("type is missing; {FALLBACK} is taken."));
            return (Cow::Borrowed(FALLBACK), catalogue::index(FALLBACK));
        };
        let index = catalogue::index(&kind);
        if index.is_none() {
            let shown: String = kind.chars().take(64).collect();
            let why = if is_type_word(&kind) {
                "is not a known one"
            } else {
                "is not 1 to 64 of a-z, 0-9, _"
            };
            self.warn(format!(
                "type {shown:?} {why}; it is shown as a general notification."
            ));
        }
        (kind, index)
    }

    /// An id or source: text that is not empty and at most 100 characters. A longer one is cut and
    /// ends in a hash of the whole, so that different ones stay different.
    #[inline]
    fn id(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        match field {
            Field::Missing => None,
            Field::Text(text) if (1..=ID_CHARACTERS).contains(&text.len()) => Some(text),
            other => self.made_id(name, other),
        }
    }

    #[inline(never)]
    fn made_id(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        let text = match field {
            Field::Scalar(number) => Cow::Owned(number), // {"task_id": 42} is common
            other => self.text(name, other)?,
        };
        if text.is_empty() {
            return None;
        }
        if text.len() <= ID_CHARACTERS || text.chars().count() <= ID_CHARACTERS {
            return Some(text);
        }
        self.warn(format!(
            "{name} is longer than {ID_CHARACTERS} characters and was cut."
        ));
        let start: String = text.chars().take(ID_CHARACTERS - 17).collect();
        Some(Cow::Owned(format!(
            "{start}~{:016x}",
            xxhash_rust::xxh3::xxh3_64(text.as_bytes())
        )))
    }

    fn word<T>(
        &mut self,
        name: &str,
        field: &Field<'_>,
        parse: fn(&str) -> Option<T>,
        words: &str,
    ) -> Option<T> {
        let written = field.shown()?;
        // Nearly every producer means its capitals well.
        let parsed = parse(&written).or_else(|| parse(&written.trim().to_ascii_lowercase()));
        if parsed.is_none() {
            let shown: String = written.chars().take(40).collect();
            self.warn(format!(
                "{name} is {shown:?}, not one of {words}; it does not count."
            ));
        }
        parsed
    }

    fn time(&mut self, field: &Field<'_>, origin: Origin) -> i64 {
        let Some(written) = field.shown() else {
            return origin.mtime_us;
        };
        let parsed = timestamp::parse(&written);
        let latest = origin.now_us.saturating_add(FUTURE_LIMIT_US);
        if let Some(at) = parsed.filter(|at| *at <= latest) {
            return at;
        }
        let shown: String = written.chars().take(40).collect();
        match parsed {
            Some(_) => self.warn(format!(
                "timestamp {shown:?} is more than 24 hours ahead; the file's time is taken."
            )),
            None => self.warn(format!(
                "timestamp {shown:?} is not RFC 3339 with a zone; the file's time is taken."
            )),
        }
        origin.mtime_us
    }
}

#[cfg(test)]
mod tests;
