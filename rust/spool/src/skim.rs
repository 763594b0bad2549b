//! The quick way through the JSON of an event: most are plain, and for a plain one the fields are pieces of
//! the text. Says nothing about any other: [`crate::scan::scan`] is the judge of those, and a test compares
//! the two.

use crate::scan::{Field, MAX_DEPTH, Scanned};
use std::borrow::Cow;

/// Scan a JSON text; `None` when it takes a closer look, be it wrong or only unusual.
pub fn skim(text: &str) -> Option<Scanned<'_>> {
    let mut skim = Skim {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let mut scanned = Scanned {
        is_object: true,
        ..Scanned::default()
    };
    let mut seen = 0_u16;
    skim.object(|skim, key| {
        let (bit, field) = match key {
            "type" => (0, &mut scanned.kind),
            "title" => (1, &mut scanned.title),
            "description" => (2, &mut scanned.description),
            "source" => (3, &mut scanned.source),
            "task_id" => (4, &mut scanned.task_id),
            "event_id" => (5, &mut scanned.event_id),
            "correlation_id" => (6, &mut scanned.correlation_id),
            "parent_event_id" => (7, &mut scanned.parent_event_id),
            "timestamp" => (8, &mut scanned.timestamp),
            "data" => {
                if seen & 1 << 9 != 0 || skim.peek() != Some(b'{') {
                    return None;
                }
                seen |= 1 << 9;
                let (severity, priority) = (&mut scanned.severity, &mut scanned.priority);
                return skim.object(|skim, key| match key {
                    "severity" => skim.picked().map(|field| *severity = field),
                    "priority" => skim.picked().map(|field| *priority = field),
                    _ => skim.value(2),
                });
            }
            _ => return skim.value(1),
        };
        if seen & 1 << bit != 0 {
            return None;
        }
        seen |= 1 << bit;
        *field = skim.picked()?;
        Some(())
    })?;
    skim.blanks();
    (skim.at == text.len()).then_some(scanned)
}

struct Skim<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Skim<'a> {
    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// An object, each of whose values is read by the function.
    fn object(&mut self, mut value: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.expect(b'"')?;
            let (key, is_plain) = self.string()?;
            if !is_plain {
                return None; // an escape may spell a key that counts
            }
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

    /// A value that is kept.
    fn picked(&mut self) -> Option<Field<'a>> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                let (text, is_plain) = self.string()?;
                Some(Field::Text(if is_plain {
                    Cow::Borrowed(text)
                } else {
                    Cow::Owned(unescaped(text))
                }))
            }
            b'n' => self.word(b"null").map(|()| Field::Missing),
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

    /// The rest of a string after its first quote, and whether it has no escapes.
    fn string(&mut self) -> Option<(&'a str, bool)> {
        let from = self.at;
        let mut is_plain = true;
        loop {
            self.run();
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some((&self.text[from..self.at - 1], is_plain));
                }
                b'\\' => {
                    is_plain = false;
                    match self.bytes.get(self.at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                        _ => return None, // \u may be half of a pair
                    }
                }
                _ => return None,
            }
        }
    }

    /// Go on to the next byte that stops a string.
    #[allow(clippy::needless_bitwise_bool)] // without branches, which is what makes it sixteen at once
    fn run(&mut self) {
        let rest = &self.bytes[self.at..];
        let mut passed = 0;
        // Most strings are short: those that are not found to end at once are passed over in long steps.
        if rest
            .first_chunk()
            .is_some_and(|word| first_stop(*word).is_none())
        {
            let steps = rest[8..].chunks_exact(16);
            let plain = |step: &&[u8]| {
                !step
                    .iter()
                    .fold(false, |stops, byte| stops | is_stop(*byte))
            };
            passed = 8 + 16 * steps.take_while(plain).count();
        }
        while let Some(word) = rest[passed..].first_chunk() {
            if let Some(place) = first_stop(*word) {
                self.at += passed + place;
                return;
            }
            passed += 8;
        }
        let last = rest[passed..].iter().position(|byte| is_stop(*byte));
        self.at += passed + last.unwrap_or(rest.len() - passed);
    }
}

#[allow(clippy::needless_bitwise_bool)] // as said
const fn is_stop(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The place of the first byte of a word that stops a string.
///
/// "Determine if a word has a byte less than n", Anderson, Bit Twiddling Hacks: above the first such byte the
/// bits may be wrong, so only the lowest counts.
const fn first_stop(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const fn below(word: u64, byte: u8) -> u64 {
        word.wrapping_sub(ONES * byte as u64) & !word
    }
    let word = u64::from_le_bytes(word);
    let controls = below(word, 0x20);
    let quotes = below(word ^ (ONES * b'"' as u64), 1);
    let escapes = below(word ^ (ONES * b'\\' as u64), 1);
    let stops = (controls | quotes | escapes) & (ONES << 7);
    if stops == 0 {
        return None;
    }
    Some(stops.trailing_zeros() as usize / 8)
}

/// The text of a string whose escapes are all of one character.
fn unescaped(written: &str) -> String {
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
mod tests {
    use super::*;
    use crate::scan::scan;
    use proptest::prelude::*;

    /// What is skimmed is what the judge reads; returns whether it was skimmed.
    fn agrees(text: &str) -> bool {
        let Some(skimmed) = skim(text) else {
            return false;
        };
        let judged = scan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(format!("{skimmed:?}"), format!("{judged:?}"), "{text}");
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
        fn the_first_stop_of_a_word_is_found(word in any::<[u8; 8]>()) {
            prop_assert_eq!(first_stop(word), word.iter().position(|byte| is_stop(*byte)));
        }

        #[test]
        fn nothing_is_skimmed_that_the_judge_reads_otherwise(
            text in "\\{(\"(type|title|data|severity|x)\":(\"[a-z\"\\\\nu0é]{0,20}\"|[-0-9.eE]{1,4}|null|tru?e|[\\[{}\\]]{1,3}|\\{\"severity\":\"low\"\\}),?){0,4}\\}?"
        ) {
            agrees(&text);
        }
    }
}
