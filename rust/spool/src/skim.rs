//! The quick way through the JSON of an event: most are plain, and for a plain one the fields are pieces of
//! the text. Says nothing about any other: [`crate::scan::scan`] is the judge of those, and a test compares
//! the two.

use crate::field::Field;
use crate::scan::{MAX_DEPTH, Scanned};
use std::borrow::Cow;
use wide::u8x16;

/// Scan a JSON text into what is empty so far; `None` when it takes a closer look, be it wrong or only unusual.
pub fn skim<'a>(text: &'a str, scanned: &mut Scanned<'a>) -> Option<()> {
    let mut skim = Skim {
        text,
        bytes: text.as_bytes(),
        at: 0,
        block: usize::MAX,
        stops: 0,
    };
    let mut seen = 0_u16;
    skim.object(|skim, key| {
        let (bit, field) = match key {
            b"type" => (0, &mut scanned.kind),
            b"title" => (1, &mut scanned.title),
            b"description" => (2, &mut scanned.description),
            b"source" => (3, &mut scanned.source),
            b"task_id" => (4, &mut scanned.task_id),
            b"event_id" => (5, &mut scanned.event_id),
            b"correlation_id" => (6, &mut scanned.correlation_id),
            b"parent_event_id" => (7, &mut scanned.parent_event_id),
            b"timestamp" => (8, &mut scanned.timestamp),
            b"data" => {
                if seen & 1 << 9 != 0 || skim.peek() != Some(b'{') {
                    return None;
                }
                seen |= 1 << 9;
                let (severity, priority) = (&mut scanned.severity, &mut scanned.priority);
                return skim.object(|skim, key| match key {
                    b"severity" => skim.picked(severity),
                    b"priority" => skim.picked(priority),
                    _ => skim.value(2),
                });
            }
            _ => return skim.value(1),
        };
        if seen & 1 << bit != 0 {
            return None;
        }
        seen |= 1 << bit;
        skim.picked(field)
    })?;
    skim.blanks();
    scanned.is_object = true;
    (skim.at == text.len()).then_some(())
}

struct Skim<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The block that was looked at last, and where strings stop in it.
    block: usize,
    stops: u64,
}

impl<'a> Skim<'a> {
    #[cold]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        // Most blanks stand alone, behind a colon or comma.
        let mut byte = *self.bytes.get(self.at)?;
        if byte == b' ' {
            self.at += 1;
            byte = *self.bytes.get(self.at)?;
        }
        if byte <= b' ' {
            self.blanks();
            byte = *self.bytes.get(self.at)?;
        }
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// An object, each of whose values is read by the function.
    fn object(&mut self, mut value: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.expect(b'"')?;
            let key = self.string()?;
            if key.is_escaped {
                return None; // an escape may spell a key that counts
            }
            let key = &self.bytes[key.from..key.to];
            self.expect(b':')?;
            value(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A value that is kept, in a field that is missing so far.
    fn picked(&mut self, field: &mut Field<'a>) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                let written = self.string()?;
                let text = &self.text[written.from..written.to];
                *field = if written.is_escaped {
                    Field::Escaped(text)
                } else {
                    Field::Text(Cow::Borrowed(text))
                };
                Some(())
            }
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    /// Any value, the number of levels it is in.
    fn value(&mut self, depth: u8) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.string().map(|_| ())
            }
            b'{' => {
                let below = (depth < MAX_DEPTH).then(|| depth + 1)?;
                self.object(|skim, _| skim.value(below))
            }
            b'[' => self.list((depth < MAX_DEPTH).then(|| depth + 1)?),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn list(&mut self, below: u8) -> Option<()> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(below)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes
            .get(self.at..)?
            .starts_with(word)
            .then(|| self.at += word.len())
    }

    /// A number that no double refuses: no exponent, and not many digits.
    fn number(&mut self) -> Option<()> {
        let from = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let whole = self.digits();
        if whole == 0 || whole > 1 && self.bytes[self.at - whole] == b'0' {
            return None;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        let is_short = self.at - from <= 64;
        (is_short && !matches!(self.bytes.get(self.at), Some(b'e' | b'E'))).then_some(())
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - from
    }

    /// The rest of a string after its first quote.
    #[inline]
    fn string(&mut self) -> Option<Written> {
        let from = self.at;
        let to = self.stop()?;
        self.at = to + 1;
        if self.bytes[to] == b'"' {
            return Some(Written {
                from,
                to,
                is_escaped: false,
            });
        }
        let to = self.escaped(to)?;
        Some(Written {
            from,
            to,
            is_escaped: true,
        })
    }

    /// The end of a string that stops here for something else.
    #[inline(never)]
    fn escaped(&mut self, mut stop: usize) -> Option<usize> {
        while self.bytes[stop] == b'\\' {
            match self.bytes.get(stop + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at = stop + 2,
                _ => return None, // \u may be half of a pair
            }
            stop = self.stop()?;
            self.at = stop + 1;
        }
        (self.bytes[stop] == b'"').then_some(stop)
    }

    /// The place of the next byte that stops a string.
    #[inline]
    fn stop(&mut self) -> Option<usize> {
        let ahead = self.stops >> (self.at % BLOCK);
        if self.at / BLOCK == self.block && ahead != 0 {
            return Some(self.at + ahead.trailing_zeros() as usize);
        }
        self.stop_behind()
    }

    /// The same where it is not in the block that was looked at last.
    #[inline(never)]
    fn stop_behind(&mut self) -> Option<usize> {
        let mut block = self.at / BLOCK;
        let mut ahead = if block == self.block {
            0
        } else {
            self.look_at(block)? & u64::MAX << (self.at % BLOCK)
        };
        while ahead == 0 {
            block += 1;
            ahead = self.look_at(block)?;
        }
        Some(block * BLOCK + ahead.trailing_zeros() as usize)
    }

    /// The stops of a block; `None` behind the last.
    fn look_at(&mut self, block: usize) -> Option<u64> {
        let rest = self.bytes.get(block * BLOCK..)?;
        self.block = block;
        self.stops = if let Some(whole) = rest.first_chunk() {
            stops(whole)
        } else {
            let mut padded = [b' '; BLOCK];
            padded[..rest.len()].copy_from_slice(rest);
            stops(&padded)
        };
        Some(self.stops)
    }
}

/// Where a string stands, without its quotes.
#[derive(Clone, Copy)]
struct Written {
    from: usize,
    to: usize,
    is_escaped: bool,
}

/// Bytes that are looked at together, a bit each.
const BLOCK: usize = 64;

/// Which bytes stop a string: the first byte is the lowest bit.
#[inline]
fn stops(block: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (place, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let is_control = bytes.simd_le(u8x16::splat(0x1F));
        let is_stop = is(b'"') | is(b'\\') | is_control;
        bits |= u64::from(is_stop.to_bitmask()) << (16 * place);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::scan;
    use proptest::prelude::*;

    /// What is skimmed is what the judge reads; returns whether it was skimmed.
    fn agrees(text: &str) -> bool {
        let mut skimmed = Scanned::default();
        if skim(text, &mut skimmed).is_none() {
            return false;
        }
        let judged = scan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(skimmed, judged, "{text}");
        true
    }

    #[test]
    fn plain_events_are_skimmed_and_others_left_to_the_judge() {
        for (text, is_plain) in [
            ("{}", true),
            (
                r#" { "title" : "t" , "data" : { "severity" : "low" } } "#,
                true,
            ),
            (
                r#"{"title":"t","x":"a\nb","data":{"list":[1,-2.5,{"a":null}]}}"#,
                true,
            ),
            (r#"{"title":null}"#, true),
            (r#"{"title":"a\"\\\/\b\f\n\r\tb\\"}"#, true),
            (r#"{"title":7}"#, false),
            (r#"{"title":"t","title":"u"}"#, false),
            (r#"{"data":[]}"#, false),
            (r#"{"ti\u0074le":"t"}"#, false),
            (r#"{"x":1e5}"#, false),
            (r#"{"x":01}"#, false),
            (r#"{"x":"\ud800"}"#, false),
            ("{\"x\":\"\t\"}", false),
            (r#"{"x":1}}"#, false),
            (r#"{"x":1,}"#, false),
            (r#"{"x":}"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(agrees(text), is_plain, "{text}");
        }
        assert!(agrees(&format!(
            "{{\"x\":{}{}}}",
            "[".repeat(99),
            "]".repeat(99)
        )));
        assert!(!agrees(&format!(
            "{{\"x\":{}{}}}",
            "[".repeat(101),
            "]".repeat(101)
        )));
    }

    proptest! {
        #[test]
        fn every_stop_of_a_block_has_its_bit(bytes in prop::collection::vec(any::<u8>(), BLOCK)) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            for (place, byte) in block.iter().enumerate() {
                let is_stop = *byte < 0x20 || *byte == b'"' || *byte == b'\\';
                prop_assert_eq!(stops(&block) >> place & 1 == 1, is_stop);
            }
        }

        #[test]
        fn nothing_is_skimmed_that_the_judge_reads_otherwise(
            text in "\\{(\"(type|title|data|severity|x)\":(\"[a-z\"\\\\nu0é]{0,20}\"|[-0-9.eE]{1,4}|null|tru?e|[\\[{}\\]]{1,3}|\\{\"severity\":\"low\"\\}),?){0,4}\\}?"
        ) {
            agrees(&text);
        }
    }
}
