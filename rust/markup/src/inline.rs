//! Inline elements: styles and code.

use std::ops::Range;

use crate::edits::{Source, Span};
use crate::entity::Kind;

/// Bold, italic or struck-through text, without the `marks` delimiter bytes at both ends.
pub(crate) fn style(
    source: &mut Source<'_>,
    kind: Kind,
    range: &Range<usize>,
    marks: usize,
) -> Option<Span> {
    let (start, end) = (range.start + marks, range.end.saturating_sub(marks));
    // `__init__.py` and `x.__dict__` are names, although CommonMark reads them as bold.
    let name = |inner: &str| {
        inner
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let before = source.get(0..range.start).as_bytes().last().copied();
    let after = source
        .get(range.end..source.text.len())
        .as_bytes()
        .first()
        .copied();
    let dunder = marks == 2
        && source.get(range.start..start) == "__"
        && name(source.get(start..end))
        && (matches!(before, Some(b'.' | b'/'))
            || matches!(after, Some(b'.' | b'(' | b'[' | b'/')));
    let delimiters = |text: &str| text.bytes().all(|byte| matches!(byte, b'*' | b'_' | b'~'));
    // `**/*.rs` is a pattern: punctuation alone is not emphasized.
    let signs = source
        .get(start..end)
        .bytes()
        .all(|byte| byte.is_ascii_punctuation() || byte == b' ');
    let marked = !dunder
        && !signs
        && start < end
        && delimiters(source.get(range.start..start))
        && delimiters(source.get(end..range.end))
        && source.drop(range.start..start)
        && source.drop(end..range.end);
    marked.then_some((kind, start..end, None))
}

/// Inline code, without its backticks.
pub(crate) fn code(source: &mut Source<'_>, range: &Range<usize>) -> Option<Span> {
    let written = source.get(range.clone());
    let ticks = written.len() - written.trim_start_matches('`').len();
    let inner = written
        .get(ticks..written.len().saturating_sub(ticks))
        .unwrap_or_default();
    let padded = inner.len() > 2
        && inner.starts_with(' ')
        && inner.ends_with(' ')
        && !inner.trim().is_empty();
    let pad = usize::from(padded);
    let text = range.start + ticks + pad..range.start + ticks + inner.len() - pad;
    if ticks == 0 || inner.trim().is_empty() {
        return None;
    }
    source.drop(range.start..text.start);
    source.drop(text.end..range.end);
    Some((Kind::Code, text, None))
}
