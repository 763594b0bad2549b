//! Lenient parsing of event files: whatever can be shown becomes an event, with a warning for each correction;
//! only what cannot be shown at all is rejected.

mod event;

pub(crate) use event::FAILED;
use event::{CUT, EMPTY};
pub use event::{Event, Origin, Rejection};

use crate::catalogue::{self, EVENT_TYPES, FALLBACK};
use crate::decode::{ADVICE, Undecodable, decode, is_unmarked, place};
use crate::extract::{EventFields, extract};
use crate::fast_path;
use crate::field::{Field, unescaped};
use crate::json_repair::repair;
use crate::lane::{Lane, Priority, Severity};
use crate::limits::{DESCRIPTION_CHARACTERS, ID_CHARACTERS, TITLE_CHARACTERS};
use crate::timestamp::{self, FUTURE_LIMIT_US};
use crate::validate::is_type_word;
use serde_json::error::Category;
use std::borrow::Cow;

const ENCODING: &str = "encoding";
const CUT_ADVICE: &str = "It ends too early: write the file in one step, or under a name that ends in .tmp, and rename it.";

/// Parse one event.
///
/// # Errors
///
/// Not text, not JSON, nested too deeply, not an object, or without a title.
pub fn parse_event(bytes: &[u8], origin: Origin) -> Result<Event<'_>, Rejection> {
    let decoded = decode(bytes).map_err(|fault| undecodable(bytes, fault))?;
    match decoded {
        Cow::Borrowed(text) => read_text(text, Vec::new(), origin),
        Cow::Owned(text) => {
            let warnings = vec!["The file was read as UTF-16.".to_owned()];
            read_text(&text, warnings, origin).map(Event::into_owned)
        }
    }
}

/// The rejection of bytes in an unsupported encoding, or cut within a character.
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
    match fast_path::extract(text) {
        Some(fields) => finish(fields, text, warnings, origin),
        None => parse_unusual(text, warnings, origin),
    }
}

/// Parse what the fast path does not handle.
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
    // The message of the library ends with a position, whose columns count differently.
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(text, _)| text);
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
        Category::Data => "depth", // the only rule that `extract` adds
        _ => "json",
    };
    Rejection {
        line: Some(error.line()),
        column: Some(error.column()),
        ..Rejection::whole(code, format!("Not JSON: {message}. {advice}"))
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
            "Not an object. An event is one JSON object; write several events to a .jsonl file, one per line.",
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
        "it is shortened in the message and complete in its details",
    );
    if !fields.description.is_short(DESCRIPTION_CHARACTERS)
        && let Some(description) = normalizer.text("description", fields.description)
    {
        let outcome = "it is folded, split or sent as a document";
        normalizer.long("description", &description, DESCRIPTION_CHARACTERS, outcome);
    }
    if fields.data_is_invalid {
        normalizer.warn("data is not an object; it is shown as text.".to_owned());
    }
    if let Some(key) = fields.duplicate_key {
        normalizer.warn(format!(
            "{key} occurs more than once; the last value counts."
        ));
    }
    let (kind, type_index) = normalizer.kind(fields.kind);
    let known = type_index.and_then(|index| EVENT_TYPES.get(usize::from(index)));
    let task_id = normalizer.id("task_id", fields.task_id);
    // Older producers wrote the task id into every event of the task, where it does not identify an event.
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

/// Normalizes fields, with a warning for each correction.
struct Normalizer<'a, 'w> {
    body: &'a str,
    warnings: &'w mut Vec<String>,
}

impl<'a> Normalizer<'a, '_> {
    fn warn(&mut self, sentence: String) {
        self.warnings.push(sentence);
    }

    /// A field as text, whatever its type.
    fn text(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        let text = match field {
            Field::Missing => return None,
            Field::Text(text) => return Some(text),
            Field::Escaped(written) => return Some(Cow::Owned(unescaped(written))),
            Field::Scalar(text) => Cow::Owned(text),
            // Rare, so that parsing the text again is acceptable.
            Field::Nested => {
                let whole: serde_json::Value = serde_json::from_str(self.body).ok()?;
                Cow::Owned(whole.get(name)?.to_string())
            }
        };
        self.warn(format!(
            "{name} is not text; it is shown as it was written."
        ));
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
            self.warn(format!("type is missing; {FALLBACK} is used."));
            return (Cow::Borrowed(FALLBACK), catalogue::index(FALLBACK));
        };
        let index = catalogue::index(&kind);
        if index.is_none() {
            let shown: String = kind.chars().take(64).collect();
            let why = if is_type_word(&kind) {
                "is not a known type"
            } else {
                "is not 1 to 64 of a-z, 0-9, _"
            };
            self.warn(format!(
                "type {shown:?} {why}; it is shown as a general notification."
            ));
        }
        (kind, index)
    }

    /// An id or source: text of 1 to 100 characters. A longer one is shortened and ends in a hash of the
    /// original, so that different ids stay different.
    #[inline]
    fn id(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        match field {
            Field::Missing => None,
            Field::Text(text) if (1..=ID_CHARACTERS).contains(&text.len()) => Some(text),
            other => self.derived_id(name, other),
        }
    }

    #[inline(never)]
    fn derived_id(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
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
            "{name} is longer than {ID_CHARACTERS} characters; it was shortened."
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
        // Capitals are accepted: nearly every producer means the same word.
        let parsed = parse(&written).or_else(|| parse(&written.trim().to_ascii_lowercase()));
        if parsed.is_none() {
            let shown: String = written.chars().take(40).collect();
            self.warn(format!(
                "{name} is {shown:?}, not one of {words}; it is ignored."
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
                "timestamp {shown:?} is more than 24 hours ahead; the time of the file is used."
            )),
            None => self.warn(format!(
                "timestamp {shown:?} is not RFC 3339 with a zone; the time of the file is used."
            )),
        }
        origin.mtime_us
    }
}

#[cfg(test)]
mod tests;
