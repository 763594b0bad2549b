//! The text as it was written, minus the marks that were recognised.
//!
//! Nothing gets lost by construction: what no edit covers is copied, and an edit that would drop
//! a letter or a digit is refused here, whoever asks for it.

use std::ops::Range;

use crate::entity::Kind;

/// A mark on the source: what, where (bytes), and the address or language that goes with it.
pub(crate) type Span = (Kind, Range<usize>, Option<String>);

/// A text being rid of its marks.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub text: &'a str,
    edits: Vec<(Range<usize>, &'static str)>,
}

/// The text after the edits, and where each place of the source went.
#[derive(Debug)]
pub(crate) struct Edited {
    pub text: String,
    /// Stretches that were kept: place in the source, place in `text`, length.
    kept: Vec<(usize, usize, usize)>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// The source between two places; empty when that is not a stretch of it.
    pub fn get(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Leave `range` out if that loses neither letter nor digit; say whether it is left out.
    pub fn drop(&mut self, range: Range<usize>) -> bool {
        self.replace(range, "")
    }

    /// Put `with` in the place of `range`, under the same rule.
    pub fn replace(&mut self, range: Range<usize>, with: &'static str) -> bool {
        match self.text.get(range.clone()) {
            Some(old) if !old.contains(char::is_alphanumeric) => self.edits.push((range, with)),
            _ => return false,
        }
        true
    }

    /// Leave out `range` whose letters and digits are shown as `elsewhere` (a link's address, a
    /// block's language); refused when they are not the same.
    pub fn drop_shown(&mut self, range: Range<usize>, elsewhere: &str) -> bool {
        let Some(old) = self.text.get(range.clone()) else {
            return false;
        };
        let same = old
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .eq(elsewhere.chars().filter(|letter| letter.is_alphanumeric()));
        if same {
            self.edits.push((range, ""));
        }
        same
    }

    /// Apply the edits. Where two overlap, the later one covers what the earlier left.
    pub fn finish(mut self) -> Edited {
        self.edits
            .sort_by_key(|(range, _)| (range.start, range.end));
        let mut text = String::with_capacity(self.text.len());
        let mut kept = Vec::with_capacity(self.edits.len() + 1);
        let mut at = 0;
        for (range, with) in self.edits {
            if range.start > at {
                kept.push((at, text.len(), range.start - at));
                text.push_str(&self.text[at..range.start]);
            }
            text.push_str(with);
            at = at.max(range.end);
        }
        kept.push((at, text.len(), self.text.len() - at));
        text.push_str(&self.text[at..]);
        Edited { text, kept }
    }
}

impl Edited {
    /// Where the letter that stood at `place` is now; for one left out, what stands there instead.
    pub fn start(&self, place: usize) -> usize {
        let next = self
            .kept
            .partition_point(|&(source, _, length)| source + length <= place);
        match self.kept.get(next) {
            Some(&(source, out, _)) => out + place.saturating_sub(source),
            None => self.text.len(),
        }
    }

    /// Where what stood before `place` ends now.
    pub fn end(&self, place: usize) -> usize {
        let next = self.kept.partition_point(|&(source, _, _)| source < place);
        match next.checked_sub(1).and_then(|last| self.kept.get(last)) {
            Some(&(source, out, length)) => out + (place - source).min(length),
            None => 0,
        }
    }
}
