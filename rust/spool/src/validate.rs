//! Strict validation for callers that can correct the event: MCP tools and `cctelegram send`. Files are parsed
//! leniently instead (`parse.rs`). Every problem names the field, its value and what is allowed.

use crate::decode::{ADVICE, Undecodable, decode, is_unmarked};
use crate::lane::{Priority, Severity};
use crate::limits::{
    DESCRIPTION_CHARACTERS, DURATION_MS, EVENT_BYTES, FILES_AFFECTED, ID_CHARACTERS,
    OPTION_CHARACTERS, OPTIONS, TITLE_CHARACTERS, TYPE_CHARACTERS,
};
use crate::timestamp::{self, FUTURE_LIMIT_US};
use serde_json::{Map, Value};

/// One violated rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `data.severity`; empty for the event as a whole.
    pub field: String,
    /// A sentence: the value, and what is allowed.
    pub message: String,
}

/// Whether a type is well-formed: 1 to 64 of `[a-z0-9_]`.
#[must_use]
pub fn is_type_word(kind: &str) -> bool {
    (1..=TYPE_CHARACTERS).contains(&kind.len())
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Validate an event against every rule of the protocol; empty when it violates none.
///
/// `now_us` is the current time, in microseconds since the epoch.
#[must_use]
pub fn validate_event(bytes: &[u8], now_us: i64) -> Vec<Problem> {
    let mut validator = Validator::default();
    if bytes.len() as u64 > EVENT_BYTES {
        validator.report(
            "",
            format!(
                "The event has {} bytes; at most {EVENT_BYTES} are allowed.",
                bytes.len()
            ),
        );
        return validator.problems;
    }
    let parsed = decode(bytes).map_err(undecodable).and_then(|decoded| {
        // `extract` enforces the depth limit and reports the position; the value is for the rules.
        crate::extract::extract(&decoded)
            .and_then(|_| serde_json::from_str::<Value>(&decoded))
            .map_err(|error| {
                if is_unmarked(decoded.as_bytes()) {
                    undecodable(Undecodable::Unmarked)
                } else {
                    format!("The event is not JSON: {error}.")
                }
            })
    });
    match parsed {
        Err(message) => validator.report("", message),
        Ok(Value::Object(event)) => validator.event(&event, now_us),
        Ok(other) => validator.report(
            "",
            format!("The event is {}; an object is needed.", shown(&other)),
        ),
    }
    validator.problems
}

fn undecodable(fault: Undecodable) -> String {
    match fault {
        Undecodable::Cut(offset) | Undecodable::NotUtf8(offset) => {
            format!("The event is {fault} at byte {offset}. {ADVICE}")
        }
        Undecodable::Unmarked | Undecodable::Utf32 => format!("The event is {fault}. {ADVICE}"),
    }
}

#[derive(Default)]
struct Validator {
    problems: Vec<Problem>,
}

impl Validator {
    fn report(&mut self, field: &str, message: String) {
        self.problems.push(Problem {
            field: field.to_owned(),
            message,
        });
    }

    fn report_value(&mut self, field: &str, value: &Value, allowed: &str) {
        self.report(field, format!("{field} is {}; {allowed}.", shown(value)));
    }

    fn event(&mut self, event: &Map<String, Value>, now_us: i64) {
        match event.get("type") {
            None | Some(Value::Null) => self.report(
                "type",
                "type is missing; 1 to 64 of a-z, 0-9 and _ are needed.".into(),
            ),
            Some(Value::String(kind)) if is_type_word(kind) => {}
            Some(other) => {
                self.report_value("type", other, "1 to 64 of a-z, 0-9 and _ are allowed");
            }
        }
        match event.get("title") {
            None | Some(Value::Null) => {
                self.report(
                    "title",
                    "title is missing; 1 to 200 characters are needed.".into(),
                );
            }
            Some(Value::String(title)) if title.trim().is_empty() => {
                self.report(
                    "title",
                    "title is empty; 1 to 200 characters are needed.".into(),
                );
            }
            Some(_) => self.text(event, "", "title", 1, TITLE_CHARACTERS),
        }
        self.text(event, "", "description", 0, DESCRIPTION_CHARACTERS);
        for field in [
            "source",
            "task_id",
            "event_id",
            "correlation_id",
            "parent_event_id",
        ] {
            self.text(event, "", field, 1, ID_CHARACTERS);
        }
        match event.get("timestamp") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => match timestamp::parse(text) {
                Some(at) if at <= now_us.saturating_add(FUTURE_LIMIT_US) => {}
                Some(_) => self.report(
                    "timestamp",
                    format!("timestamp is {text:?}; not more than 24 hours ahead are allowed."),
                ),
                None => self.report_value("timestamp", &Value::String(text.clone()), RFC3339),
            },
            Some(other) => self.report_value("timestamp", other, RFC3339),
        }
        match event.get("data") {
            None | Some(Value::Null) => {}
            Some(Value::Object(data)) => {
                let kind = event
                    .get("type")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.data(kind, data);
            }
            Some(other) => self.report_value("data", other, "an object is needed"),
        }
    }

    fn data(&mut self, kind: &str, data: &Map<String, Value>) {
        self.word(
            data,
            "severity",
            |word| Severity::parse(word).is_some(),
            Severity::WORDS,
        );
        self.word(
            data,
            "priority",
            |word| Priority::parse(word).is_some(),
            Priority::WORDS,
        );
        match kind {
            "approval_request" => self.approval(data),
            "progress_update" | "task_progress" => {
                self.progress(data, "data.");
                if let Some(Value::Object(metadata)) = data.get("metadata") {
                    self.progress(metadata, "data.metadata.");
                }
            }
            "task_completion" => {
                self.text(data, "data.", "status", 1, ID_CHARACTERS);
                match data.get("files_affected") {
                    Some(Value::Array(files)) if files.len() > FILES_AFFECTED => self.report(
                        "data.files_affected",
                        format!("data.files_affected has {} entries; at most {FILES_AFFECTED} are allowed.", files.len()),
                    ),
                    None | Some(Value::Array(_) | Value::Null) => {}
                    Some(other) => self.report_value("data.files_affected", other, "a list of paths is needed"),
                }
                self.number(data, "data.", "duration_ms", 0.0, DURATION_MS);
            }
            "performance_alert" => {
                for field in ["current_value", "threshold"] {
                    self.number(data, "data.", field, f64::MIN, f64::MAX);
                }
            }
            "git_commit" => {
                for field in ["commit_hash", "commit_message"] {
                    self.text(data, "data.", field, 0, DESCRIPTION_CHARACTERS);
                }
            }
            _ => {}
        }
        for field in ["test_count", "tests_passed", "tests_failed"] {
            match data.get(field) {
                None | Some(Value::Null) => {}
                Some(value) if value.as_u64().is_some() => {}
                Some(other) => self.report_value(
                    &format!("data.{field}"),
                    other,
                    "a whole number from 0 is needed",
                ),
            }
        }
        self.number(data, "data.", "coverage_percentage", 0.0, 100.0);
    }

    fn approval(&mut self, data: &Map<String, Value>) {
        match data.get("options") {
            None | Some(Value::Null) => {}
            Some(Value::Array(options)) => {
                if !(1..=OPTIONS).contains(&options.len()) {
                    let count = options.len();
                    self.report(
                        "data.options",
                        format!("data.options has {count} entries; 1 to {OPTIONS} are allowed."),
                    );
                }
                for (index, option) in options.iter().enumerate() {
                    let field = format!("data.options[{index}]");
                    self.value(&field, option, 1, OPTION_CHARACTERS);
                }
            }
            Some(other) => {
                self.report_value("data.options", other, "a list of 1 to 10 texts is needed");
            }
        }
        self.text(data, "data.", "approval_prompt", 0, DESCRIPTION_CHARACTERS);
        self.text(data, "data.", "default_on_timeout", 1, OPTION_CHARACTERS);
        for field in ["timeout_minutes", "timeout_seconds"] {
            self.number(data, "data.", field, 0.0, f64::MAX);
        }
        match data.get("allow_text") {
            None | Some(Value::Null | Value::Bool(_)) => {}
            Some(other) => self.report_value("data.allow_text", other, "true or false is needed"),
        }
    }

    fn progress(&mut self, data: &Map<String, Value>, under: &str) {
        self.number(data, under, "percentage", 0.0, 100.0);
        self.number(data, under, "current", 0.0, f64::MAX);
        self.number(data, under, "total", 0.0, f64::MAX);
        let figure = |field| data.get(field).and_then(Value::as_f64);
        let (Some(current), Some(total)) = (figure("current"), figure("total")) else {
            return;
        };
        if total == 0.0 {
            self.report(
                &format!("{under}total"),
                format!("{under}total is 0; more than 0 is needed."),
            );
        } else if current > total {
            let field = format!("{under}current");
            self.report(
                &field,
                format!("{field} is {current}; at most {under}total, {total}, is allowed."),
            );
        }
    }

    fn text(
        &mut self,
        object: &Map<String, Value>,
        under: &str,
        field: &str,
        least: usize,
        most: usize,
    ) {
        match object.get(field) {
            None | Some(Value::Null) => {}
            Some(value) => self.value(&format!("{under}{field}"), value, least, most),
        }
    }

    fn value(&mut self, field: &str, value: &Value, least: usize, most: usize) {
        let Value::String(text) = value else {
            return self.report_value(
                field,
                value,
                &format!("text of {least} to {most} characters is needed"),
            );
        };
        let characters = text.chars().count();
        if !(least..=most).contains(&characters) {
            self.report(
                field,
                format!("{field} has {characters} characters; {least} to {most} are allowed."),
            );
        }
    }

    fn number(
        &mut self,
        object: &Map<String, Value>,
        under: &str,
        field: &str,
        least: f64,
        most: f64,
    ) {
        let Some(value) = object.get(field).filter(|value| !value.is_null()) else {
            return;
        };
        let allowed = match (least, most) {
            (f64::MIN, _) => "a number is needed".to_owned(),
            (least, f64::MAX) => format!("a number from {least} is needed"),
            (least, most) => format!("a number from {least} to {most} is needed"),
        };
        if !value
            .as_f64()
            .is_some_and(|number| (least..=most).contains(&number))
        {
            self.report_value(&format!("{under}{field}"), value, &allowed);
        }
    }

    fn word(
        &mut self,
        data: &Map<String, Value>,
        field: &str,
        legal: fn(&str) -> bool,
        words: &str,
    ) {
        match data.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::String(word)) if legal(word) => {}
            Some(other) => self.report_value(
                &format!("data.{field}"),
                other,
                &format!("one of {words} is needed"),
            ),
        }
    }
}

const RFC3339: &str = "RFC 3339 with a zone, such as 2026-11-23T17:41:12Z, is needed";

/// A value, shortened for a sentence.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(57).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests;
