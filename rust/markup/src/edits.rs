//! The source with the recognized markup removed.
//!
//! Nothing is lost by construction: text that no edit covers is copied, and an edit that would remove a letter or
//! digit is refused here.

use std::ops::Range;

use crate::entity::Kind;

/// An entity on the source: type, range in bytes, and its address or language.
pub(crate) type Span = (Kind, Range<usize>, Option<String>);

/// A source text and its edits so far.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub text: &'a str,
    edits: Vec<(Range<usize>, &'static str)>,
}

/// The edited text, and where each position of the source is in it.
#[derive(Debug)]
pub(crate) struct Edited {
    pub text: String,
    /// Ranges that were kept: position in the source, position in `text`, length.
    kept: Vec<(usize, usize, usize)>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// A range of the source; empty when the range is invalid.
    pub fn get(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Remove `range` if it contains neither letter nor digit; return whether it was removed.
    pub fn drop(&mut self, range: Range<usize>) -> bool {
        self.replace(range, "")
    }

    /// Replace `range` by `with`, under the same condition.
    pub fn replace(&mut self, range: Range<usize>, with: &'static str) -> bool {
        match self.text.get(range.clone()) {
            Some(old) if !old.contains(char::is_alphanumeric) => self.edits.push((range, with)),
            _ => return false,
        }
        true
    }

    /// Remove `range`, whose letters and digits are shown as `elsewhere` (a link's address, a block's language);
    /// refused when they differ.
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

    /// Apply the edits. Where two overlap, the later one covers the rest of the earlier.
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
    /// Position of the character at `place` in the edited text; for a removed one, of what follows it.
    pub fn start(&self, place: usize) -> usize {
        let next = self
            .kept
            .partition_point(|&(source, _, length)| source + length <= place);
        match self.kept.get(next) {
            Some(&(source, out, _)) => out + place.saturating_sub(source),
            None => self.text.len(),
        }
    }

    /// End of the text before `place` in the edited text.
    pub fn end(&self, place: usize) -> usize {
        let next = self.kept.partition_point(|&(source, _, _)| source < place);
        match next.checked_sub(1).and_then(|last| self.kept.get(last)) {
            Some(&(source, out, length)) => out + (place - source).min(length),
            None => 0,
        }
    }
}
