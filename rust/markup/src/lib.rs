//! Markdown to Telegram text and entities, splitting by UTF-16 units, hidden characters made visible.
//!
//! Layout: `entity.rs` is what a mark on a text is; `markdown.rs` walks the parsed Markdown and
//! notes what to leave out (`block.rs`, `inline.rs`, `link.rs`: whole lines, within a line, links),
//! `source.rs` is the text minus those notes, `rules.rs` brings the marks under Telegram's rules; `link.rs` says which addresses may become links; `utf16.rs` counts as
//! Telegram counts; `split.rs` cuts a long text into messages; `visible.rs` shows what would hide.
//!
//! All of it is pure: text in, text out, in time linear in the length of the text.
#![forbid(unsafe_code)]

mod block;
mod confusable;
mod edits;
mod entity;
mod entity_rules;
mod inline;
mod links;
mod markdown;
mod split;
mod url;
mod utf16;
mod visible;
mod whitespace;

pub use confusable::skeleton;
pub use entity::{Entity, Kind};
pub use markdown::{Marked, markdown};
pub use split::{Limits, split};
pub use url::is_link;
pub use utf16::utf16_len;
pub use visible::visible;
pub use whitespace::{one_line, shorten_blanks};
