//! The numbers of the protocol's table of fields.

/// Of `title`, in characters.
pub const TITLE_CHARACTERS: usize = 200;
/// Of `description`, in characters.
pub const DESCRIPTION_CHARACTERS: usize = 16_000;
/// Of `source` and every id, in characters.
pub const ID_CHARACTERS: usize = 100;
/// Of `type`, in characters.
pub const TYPE_CHARACTERS: usize = 64;
/// Of `data.options`.
pub const OPTIONS: usize = 10;
/// Of one option, in characters.
pub const OPTION_CHARACTERS: usize = 100;
/// Of `data.files_affected`.
pub const FILES_AFFECTED: usize = 200;
/// Of `data.duration_ms`: 24 hours.
pub const DURATION_MS: f64 = 86_400_000.0;
/// Of an event, in bytes, unless set otherwise.
pub const EVENT_BYTES: u64 = 1 << 20;
