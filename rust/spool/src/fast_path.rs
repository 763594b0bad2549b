//! The quick way through the JSON of an event: most are plain, and for a plain one the fields are pieces of
//! the text. Says nothing about any other: [`crate::extract::scan`] is the judge of those, and a test compares
//! the two.

use crate::extract::{EventFields, MAX_DEPTH};
use crate::field::Field;
use std::borrow::Cow;

mod known_keys;
mod string_ends;
#[cfg(test)]
mod tests;

use known_keys::{DataKeys, EventKeys, FIELDS, Key, KeySet, NoKeys};
use string_ends::BLOCK;

/// Blocks of a text whose stops need no memory of their own.
const STACK_BLOCKS: usize = 32;
/// A bit in the place of a string that has escapes; a text that reaches so far is none of ours.
const ESCAPED: u32 = 1 << 31;

/// Scan a JSON text into spans that are empty so far; `None` when it takes a closer look, be it wrong or only unusual.
#[inline]
pub fn extract(text: &str, spans: &mut Spans) -> Option<()> {
    if text.len() >= ESCAPED as usize {
        return None;
    }
    let mut on_stack = [0; STACK_BLOCKS];
    let mut on_heap = Vec::new();
    let blocks = text.len().div_ceil(BLOCK);
    let stops = if let Some(on_stack) = on_stack.get_mut(..blocks) {
        on_stack
    } else {
        on_heap.resize(blocks, 0);
        &mut on_heap
    };
    string_ends::find(text.as_bytes(), stops);
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        stops,
        spans,
    };
    let at = scanner.expect(0, b'{')?;
    let at = scanner.object::<EventKeys>(at, 1)?;
    (scanner.skip_whitespace(at) == text.len()).then_some(())
}

/// The fields of an event, as places in its text.
#[derive(Default)]
pub struct Spans([Span; FIELDS]);

impl Spans {
    /// The same as pieces of the text.
    #[inline]
    pub fn fields<'a>(&self, text: &'a str) -> EventFields<'a> {
        let field = |key: Key| {
            let Span { from, to } = self.0[key as usize];
            if from == 0 {
                return Field::Missing;
            }
            let written = &text[(from & !ESCAPED) as usize..to as usize];
            if from & ESCAPED == 0 {
                Field::Text(Cow::Borrowed(written))
            } else {
                Field::Escaped(written)
            }
        };
        EventFields {
            kind: field(Key::Type),
            title: field(Key::Title),
            description: field(Key::Description),
            source: field(Key::Source),
            task_id: field(Key::TaskId),
            event_id: field(Key::EventId),
            correlation_id: field(Key::CorrelationId),
            parent_event_id: field(Key::ParentEventId),
            timestamp: field(Key::Timestamp),
            data_is_invalid: false,
            severity: field(Key::Severity),
            priority: field(Key::Priority),
            duplicate_key: None,
            is_object: true,
        }
    }
}

/// Where a string stands, without its quotes; nowhere when it begins at 0.
#[derive(Clone, Copy, Default)]
struct Span {
    from: u32,
    to: u32,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    /// Where strings stop in each block.
    stops: &'a [u64],
    spans: &'a mut Spans,
}

/// The methods are given the place where they begin, and return the one behind what they read: a place kept in the
/// struct would go through memory at each step.
impl Scanner<'_> {
    #[cold]
    fn skip_whitespace(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(at) {
            at += 1;
        }
        at
    }

    /// The next byte that is no blank, and its place.
    #[inline]
    fn peek(&self, mut at: usize) -> Option<(u8, usize)> {
        // Most blanks stand alone, behind a colon or comma.
        let mut byte = *self.bytes.get(at)?;
        if byte == b' ' {
            at += 1;
            byte = *self.bytes.get(at)?;
        }
        if byte <= b' ' {
            at = self.skip_whitespace(at);
            byte = *self.bytes.get(at)?;
        }
        Some((byte, at))
    }

    #[inline]
    fn expect(&self, at: usize, byte: u8) -> Option<usize> {
        let (found, at) = self.peek(at)?;
        (found == byte).then_some(at + 1)
    }

    /// The rest of an object behind its bracket, the number of levels it is in.
    fn object<K: KeySet>(&mut self, at: usize, level: u8) -> Option<usize> {
        let (byte, at) = self.peek(at)?;
        if byte == b'}' {
            return Some(at + 1);
        }
        let mut from = (byte == b'"').then_some(at + 1)?;
        let mut seen = 0;
        loop {
            let to = self.next_stop(from)?;
            let key = K::find(self.bytes, from, to);
            let bit = 1 << key as u32 & K::ONCE;
            if seen & bit != 0 {
                return None;
            }
            seen |= bit;
            // As nearly everybody writes it.
            let (byte, at) = if self.has_bytes(to, *b"\": \"") {
                (b'"', to + 3)
            } else if self.bytes[to] == b'"' {
                self.peek(self.expect(to + 1, b':')?)?
            } else {
                return None; // an escape may spell a key that counts
            };
            let next = match (byte, key) {
                (b'"', Key::Data) => return None,
                (b'"', _) => {
                    let (span, to) = self.string(at + 1)?;
                    self.spans.0[key as usize] = span;
                    if self.has_bytes(to, *b"\", \"") {
                        from = to + 4;
                        continue;
                    }
                    to + 1
                }
                (_, Key::Other) => self.value(at, level)?,
                (_, Key::Data) => self.object::<DataKeys>(self.expect(at, b'{')?, 2)?,
                _ => {
                    self.spans.0[key as usize] = Span::default();
                    self.literal(at, b"null")?
                }
            };
            let (byte, at) = self.peek(next)?;
            match byte {
                b',' => from = self.expect(at + 1, b'"')?,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    #[inline]
    fn has_bytes(&self, at: usize, four: [u8; 4]) -> bool {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk) == Some(&four)
    }

    /// Any value, the number of levels it is in.
    fn value(&mut self, at: usize, depth: u8) -> Option<usize> {
        let (byte, at) = self.peek(at)?;
        match byte {
            b'"' => self.string(at + 1).map(|(_, to)| to + 1),
            b'{' => {
                let below = (depth < MAX_DEPTH).then(|| depth + 1)?;
                self.object::<NoKeys>(at + 1, below)
            }
            b'[' => self.array(at + 1, (depth < MAX_DEPTH).then(|| depth + 1)?),
            b't' => self.literal(at, b"true"),
            b'f' => self.literal(at, b"false"),
            b'n' => self.literal(at, b"null"),
            _ => self.number(at),
        }
    }

    fn array(&mut self, at: usize, below: u8) -> Option<usize> {
        let (byte, mut at) = self.peek(at)?;
        if byte == b']' {
            return Some(at + 1);
        }
        loop {
            at = self.value(at, below)?;
            let (byte, next) = self.peek(at)?;
            at = next + 1;
            match byte {
                b',' => {}
                b']' => return Some(at),
                _ => return None,
            }
        }
    }

    #[inline]
    fn literal(&self, at: usize, word: &[u8]) -> Option<usize> {
        let is = self.bytes.get(at..)?.starts_with(word);
        is.then_some(at + word.len())
    }

    /// A number that no double refuses: no exponent, and not many digits.
    #[inline]
    fn number(&self, from: usize) -> Option<usize> {
        let is = |at: usize, byte| self.bytes.get(at) == Some(&byte);
        let whole = from + usize::from(is(from, b'-'));
        let mut at = self.digits(whole);
        if at == whole || at > whole + 1 && is(whole, b'0') {
            return None;
        }
        if is(at, b'.') {
            let fraction = at + 1;
            at = self.digits(fraction);
            if at == fraction {
                return None;
            }
        }
        (at - from <= 64 && !is(at, b'e') && !is(at, b'E')).then_some(at)
    }

    /// The place behind the digits.
    #[inline]
    fn digits(&self, mut at: usize) -> usize {
        while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    }

    /// The rest of a string after its first quote; the place is of its last one.
    #[inline]
    fn string(&self, from: usize) -> Option<(Span, usize)> {
        let mut to = self.next_stop(from)?;
        let mut escaped = 0;
        if self.bytes[to] != b'"' {
            to = self.end_of_escaped(to)?;
            escaped = ESCAPED;
        }
        let short = |place| u32::try_from(place).unwrap_or(0); // always: the text is not as long
        let span = Span {
            from: short(from) | escaped,
            to: short(to),
        };
        Some((span, to))
    }

    /// The end of a string that stops here for something else.
    #[inline(never)]
    fn end_of_escaped(&self, mut stop: usize) -> Option<usize> {
        while self.bytes[stop] == b'\\' {
            match self.bytes.get(stop + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                _ => return None, // \u may be half of a pair
            }
            stop = self.next_stop(stop + 2)?;
        }
        (self.bytes[stop] == b'"').then_some(stop)
    }

    /// The place of the next byte that stops a string.
    #[inline]
    fn next_stop(&self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let ahead = self.stops.get(block)? >> (at % BLOCK);
        if ahead != 0 {
            return Some(at + ahead.trailing_zeros() as usize);
        }
        loop {
            block += 1;
            let ahead = *self.stops.get(block)?;
            if ahead != 0 {
                return Some(block * BLOCK + ahead.trailing_zeros() as usize);
            }
        }
    }
}
