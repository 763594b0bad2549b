//! The file spool of `CCTelegram`: events in, answers out. Pure Rust, usable and tested alone.
//!
//! What an event is: `catalogue` (the one table of types), `lane`, `limits`, `timestamp`, `decode`
//! (bytes to text), `scan` (text to fields), `repair` (nearly JSON), `mend` (from a file: as much as can
//! be shown), `check` (from a tool: every rule), `key` (the same event again, or a new one).
//!
//! Files: `directory` (the only system calls on entries), `listing` (names, bounded), `lines` (files
//! that grow), `waiting` (files not readable yet), `reject`, `inbox` (all of it, in batches), `watch`
//! (a hint that something changed), `deliver` (one file, whole or not at all), `answers`, `awaited`
//! (one answer), `lock`.
//!
//! Cleaning: `retention` (which file goes, and by which rule), `sweep` (one directory, planned and removed).
#![forbid(unsafe_code)]

pub mod answer_waiter;
pub mod answers;
pub mod catalogue;
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
