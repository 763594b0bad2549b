//! One extracted field of an event.

use std::borrow::Cow;

/// The value of a field.
#[derive(Debug, Default)]
pub enum Field<'a> {
    /// Missing or null.
    #[default]
    Missing,
    /// A string.
    Text(Cow<'a, str>),
    /// A string whose escapes are all of one character, as written.
    Escaped(&'a str),
    /// A number or a boolean, as text.
    Scalar(String),
    /// An object or an array.
    Nested,
}

impl Field<'_> {
    /// Text to show for it; `None` when it is missing.
    pub fn shown(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Escaped(written) => Some(Cow::Owned(unescaped(written))),
            Self::Scalar(text) => Some(Cow::Borrowed(text)),
            Self::Nested => Some(Cow::Borrowed("an object or a list")),
        }
    }

    /// Whether it is a string of at most so many characters, judged by its bytes; false may mean unknown.
    pub fn is_short(&self, characters: usize) -> bool {
        match self {
            Self::Text(text) => text.len() <= characters,
            Self::Escaped(written) => written.len() <= characters,
            _ => false,
        }
    }
}

/// Unescape a string whose escapes are all of one character.
pub fn unescaped(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        text.push(match rest.as_bytes()[at + 1] {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            itself => itself.into(),
        });
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
impl PartialEq for Field<'_> {
    /// Compares the text, not how it was read.
    fn eq(&self, other: &Self) -> bool {
        let is_text = |field: &Self| matches!(field, Self::Text(_) | Self::Escaped(_));
        let is_same = std::mem::discriminant(self) == std::mem::discriminant(other);
        (is_same || is_text(self) && is_text(other)) && self.shown() == other.shown()
    }
}
