//! Markdown to Telegram text and entities, splitting by UTF-16 units, escaping.
#![forbid(unsafe_code)]
