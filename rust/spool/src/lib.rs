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

pub mod answers;
pub mod awaited;
pub mod catalogue;
pub mod check;
mod decode;
pub mod deliver;
pub mod directory;
pub mod error;
mod field;
pub mod inbox;
pub mod key;
pub mod lane;
pub mod limits;
mod lines;
mod listing;
pub mod lock;
pub mod mend;
pub mod reject;
mod repair;
pub mod retention;
mod scan;
mod skim;
pub mod sweep;
pub mod timestamp;
mod waiting;
pub mod watch;
