//! The fast path of parsing: most events are plain JSON, whose fields can be borrowed from the text in one pass.
//!
//! It returns nothing for any text that is invalid or only unusual: [`crate::extract`] decides about those. A test
//! compares the two.

use crate::extract::{EVENT_KEYS, EventFields, MAX_DEPTH};
use crate::field::Field;
use std::borrow::Cow;

mod string_ends;
#[cfg(test)]
mod tests;

use string_ends::StringEnds;

/// Extract the fields of a plain event; `None` when the text is not plain.
pub fn extract(text: &str) -> Option<EventFields<'_>> {
    let mut scanner = Scanner {
        text,
        ends: StringEnds::of(text),
        at: 0,
    };
    let fields = scanner.event()?;
    scanner.skip_whitespace();
    (scanner.at == text.len()).then_some(fields)
}

/// A position in the text. Each method reads from there on, and returns `None` when it finds something else.
struct Scanner<'a> {
    text: &'a str,
    ends: StringEnds,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn event(&mut self) -> Option<EventFields<'a>> {
        let mut fields = EventFields {
            is_object: true,
            ..EventFields::default()
        };
        let mut seen = [false; EVENT_KEYS.len()];
        self.object(|scanner, key| {
            let Some(index) = EVENT_KEYS.iter().position(|known| *known == key) else {
                return scanner.value(1);
            };
            if std::mem::replace(&mut seen[index], true) {
                return None;
            }
            let field = match key {
                "type" => &mut fields.kind,
                "title" => &mut fields.title,
                "description" => &mut fields.description,
                "source" => &mut fields.source,
                "task_id" => &mut fields.task_id,
                "event_id" => &mut fields.event_id,
                "correlation_id" => &mut fields.correlation_id,
                "parent_event_id" => &mut fields.parent_event_id,
                "timestamp" => &mut fields.timestamp,
                _ => {
                    return scanner.object(|scanner, key| {
                        match key {
                            "severity" => fields.severity = scanner.text_or_null()?,
                            "priority" => fields.priority = scanner.text_or_null()?,
                            _ => scanner.value(2)?,
                        }
                        Some(())
                    });
                }
            };
            *field = scanner.text_or_null()?;
            Some(())
        })?;
        Some(fields)
    }

    /// Read an object; `member` reads the value of each key.
    #[inline]
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let Field::Text(Cow::Borrowed(key)) = self.string()? else {
                return None; // an escape may spell a known key
            };
            self.expect(b':')?;
            member(self, key)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Read any value inside `depth` levels, and ignore it.
    fn value(&mut self, depth: u8) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' if depth < MAX_DEPTH => self.object(|scanner, _| scanner.value(depth + 1)),
            b'[' if depth < MAX_DEPTH => self.array(depth + 1),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn array(&mut self, depth: u8) -> Option<()> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn text_or_null(&mut self) -> Option<Field<'a>> {
        if self.peek()? == b'n' {
            self.literal("null")?;
            return Some(Field::Missing);
        }
        self.string()
    }

    #[inline]
    fn string(&mut self) -> Option<Field<'a>> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        let from = self.at;
        let mut is_escaped = false;
        loop {
            self.at = self.ends.next(self.at)?;
            match bytes[self.at] {
                b'"' => break,
                // Not \u, which may be half of a surrogate pair.
                b'\\' => match bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                    _ => return None,
                },
                _ => return None,
            }
            is_escaped = true;
        }
        let text = &self.text[from..self.at];
        self.at += 1;
        Some(if is_escaped {
            Field::Escaped(text)
        } else {
            Field::Text(Cow::Borrowed(text))
        })
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes()[self.at..]
            .starts_with(word.as_bytes())
            .then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// Read a number that certainly fits a double: no exponent, and not many digits.
    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let from = self.at;
        self.at += usize::from(bytes[from] == b'-');
        let whole = self.at;
        self.digits()?;
        if bytes[whole] == b'0' && self.at > whole + 1 {
            return None;
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(bytes.get(self.at), Some(b'e' | b'E'));
        (!has_exponent && self.at - from <= 64).then_some(())
    }

    /// Read one digit or more.
    fn digits(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Read the next byte after white space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Skip white space, and return the byte after it without reading it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        self.skip_whitespace();
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
    }
}
