//! Block elements: headings, quotations, tables, code blocks.

use std::ops::Range;

use pulldown_cmark::CodeBlockKind;

use crate::edits::{Source, Span};
use crate::entity::Kind;

/// A heading becomes bold, without its hashes or its underline.
pub(crate) fn heading(source: &mut Source<'_>, range: Range<usize>) -> Option<Span> {
    let written = source.get(range.clone()).trim_end();
    let hashes = written.len() - written.trim_start_matches('#').len();
    let text = written[hashes..].trim_start();
    let start = range.start + written.len() - text.len();
    if (1..=6).contains(&hashes) && text.len() < written.len() - hashes {
        let closed = text.trim_end_matches('#');
        let text = if closed.len() < text.len() && closed.ends_with([' ', '\t']) {
            closed.trim_end()
        } else {
            text
        };
        source.drop(range.start..start);
        source.drop(start + text.len()..range.start + written.len());
        return Some((Kind::Bold, start..start + text.len(), None));
    } else if let Some(line) = written.rfind('\n') {
        let rule = written[line..]
            .trim_start_matches(|letter: char| letter.is_whitespace() || letter == '>');
        if rule.bytes().all(|byte| matches!(byte, b'=' | b'-')) {
            source.drop(range.start + line..range.start + written.len());
            return Some((Kind::Bold, range.start..range.start + line, None));
        }
    }
    None
}

/// A quotation: the first `>` of each line is removed. Telegram has no nested quotations, so inner markers stay.
pub(crate) fn quote(source: &mut Source<'_>, range: Range<usize>) -> Span {
    let mut place = range.start;
    for line in source.get(range.clone()).split_inclusive('\n') {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line[blank..].starts_with('>') {
            let space = usize::from(line[blank + 1..].starts_with(' '));
            source.drop(place..place + blank + 1 + space);
        }
        place += line.len();
    }
    (Kind::Blockquote, range, None)
}

/// A table keeps its source form, in a fixed-width font.
pub(crate) fn table(source: &mut Source<'_>, range: Range<usize>, quoted: bool) -> Span {
    let before = source.get(0..range.start);
    let indent = before.len() - before.rfind('\n').map_or(0, |line| line + 1);
    let mut place = range.start;
    for line in source.get(range.clone()).split_inclusive('\n') {
        if place > range.start && !quoted {
            let blank = line.len() - line.trim_start_matches(' ').len();
            source.drop(place..place + blank.min(indent));
        }
        place += line.len();
    }
    (Kind::Pre, range, None)
}

/// A code block that has not ended yet.
pub(crate) struct CodeBlock {
    language: Option<String>,
    /// From its first to its last line of code so far.
    code: Option<Range<usize>>,
    fenced: bool,
}

impl CodeBlock {
    pub fn open(kind: &CodeBlockKind<'_>) -> Self {
        let (fenced, info) = match kind {
            CodeBlockKind::Fenced(info) => (true, info.trim()),
            CodeBlockKind::Indented => (false, ""),
        };
        let language = info
            .split_whitespace()
            .next()
            .filter(|word| is_language(word));
        Self {
            language: language.map(str::to_owned),
            code: None,
            fenced,
        }
    }

    /// Add a line of code, without its prefix.
    pub fn line(&mut self, source: &mut Source<'_>, range: Range<usize>) {
        match &mut self.code {
            Some(code) => {
                prefix(source, code.end..range.start);
                code.end = range.end;
            }
            None => self.code = Some(range),
        }
    }

    /// Remove the fences; `None` for a block without code, which stays as written.
    pub fn close(self, source: &mut Source<'_>, range: &Range<usize>) -> Option<Span> {
        let Self {
            language,
            code,
            fenced,
        } = self;
        let code = code?;
        let text = source.get(code.clone());
        let text_end = code.start + text.trim_end_matches(['\n', '\r']).len();
        if text.trim().is_empty() {
            return None;
        }
        if fenced {
            let opening = source.get(range.start..code.start);
            let fence = opening.len() - opening.trim_start_matches(['`', '~']).len();
            let shown = language.as_deref().unwrap_or_default();
            if !source.drop_shown(range.start..code.start, shown) {
                // The info string is more than a language: it becomes a line of its own.
                let info = &opening[fence..];
                let space = info.len() - info.trim_start().len();
                source.drop(range.start..range.start + fence + space);
                let line = opening
                    .find('\n')
                    .map_or(code.start, |line| range.start + line + 1);
                prefix(source, line..code.start);
            }
            let written = source.get(range.clone()).trim_end().len();
            source.drop(text_end..range.start + written);
        } else {
            let line = source
                .get(0..code.start)
                .rfind('\n')
                .map_or(0, |line| line + 1);
            prefix(source, line..code.start);
        }
        Some((Kind::Pre, code.start..text_end, language))
    }
}

/// Remove what separates two lines of code: indentation and quotation markers.
fn prefix(source: &mut Source<'_>, range: Range<usize>) {
    if source
        .get(range.clone())
        .bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'>'))
    {
        source.drop(range);
    }
}

/// Whether `word` is a language name (not a path, not `{.rust #id}`).
fn is_language(word: &str) -> bool {
    word.len() <= 32
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-#._".contains(&byte))
}
