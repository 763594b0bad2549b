//! The file spool of `CCTelegram`: events in, answers out. Pure Rust, usable and testable on its own.
//!
//! Events: `catalogue` (the table of types), `lane`, `limits`, `timestamp`, `decode` (bytes to text), `fast_path`
//! and `extract` (text to fields), `json_repair` (almost valid JSON), `parse` (lenient, for files), `validate`
//! (strict, for tools), `intake_key` (recognizes an event that is read again).
//!
//! Files: `directory` (all system calls on directory entries), `listing` (names, in bounded windows),
//! `line_reader` (files that grow), `pending` (files that are not readable yet), `reject`, `inbox` (all of these,
//! in batches), `watch` and `changes` (change notification), `deliver` (atomic writes), `answers`, `answer_waiter`, `lock`.
//!
//! Cleanup: `retention` (which rule removes a file), `cleanup` (plans and removals in one directory).
#![forbid(unsafe_code)]

pub mod answer_waiter;
pub mod answers;
pub mod catalogue;
pub mod changes;
pub mod cleanup;
mod decode;
pub mod deliver;
pub mod directory;
pub mod error;
mod extract;
mod fast_path;
mod field;
pub mod inbox;
pub mod intake_key;
mod json_repair;
pub mod lane;
pub mod limits;
mod line_reader;
mod listing;
pub mod lock;
pub mod parse;
mod pending;
pub mod reject;
pub mod retention;
pub mod timestamp;
pub mod validate;
pub mod watch;
