//! Limits of the fields, as in the table of the protocol.

/// Maximum length of `title`, in characters.
pub const TITLE_CHARACTERS: usize = 200;
/// Maximum length of `description`, in characters.
pub const DESCRIPTION_CHARACTERS: usize = 16_000;
/// Maximum length of `source` and of every id, in characters.
pub const ID_CHARACTERS: usize = 100;
/// Maximum length of `type`, in characters.
pub const TYPE_CHARACTERS: usize = 64;
/// Maximum number of `data.options`.
pub const OPTIONS: usize = 10;
/// Maximum length of one option, in characters.
pub const OPTION_CHARACTERS: usize = 100;
/// Maximum number of `data.files_affected`.
pub const FILES_AFFECTED: usize = 200;
/// Maximum of `data.duration_ms`: 24 hours.
pub const DURATION_MS: f64 = 86_400_000.0;
/// Default maximum size of an event, in bytes.
pub const EVENT_BYTES: u64 = 1 << 20;
