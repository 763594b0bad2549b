//! Markdown to Telegram text and entities, splitting by UTF-16 units, and neutralizing deceptive text.
//!
//! - `markdown`: walks the parsed Markdown; `block`, `inline`, `links`: its blocks, inline styles and links
//! - `edits`: the source with its markup removed; `entity`, `entity_rules`: entities and the rules of Telegram
//!   for them
//! - `split`: cuts a long text into messages; `utf16`: lengths as Telegram counts them
//! - `visible`: makes hidden characters visible; `whitespace`: fields of one line, wide gaps; `confusable`:
//!   labels that look alike; `url`: which addresses may become links
//!
//! All functions are pure and take time linear in the length of the text.
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
