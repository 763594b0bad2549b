//! Markdown to text and entities, without losing anything that is not markup.
//!
//! The parsed Markdown only determines which markup to remove from the source and what it means. Layout (line
//! breaks, bullets, numbers, rules), raw HTML, character references, reference definitions and everything
//! unrecognized stay as written. Every letter and digit of the source is therefore in the result, in order, when
//! the address of each link is read after its text and the language of each block before its text.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::block::{self, CodeBlock};
use crate::edits::{Source, Span};
use crate::entity::{Entity, Kind};
use crate::links::OpenLink;
use crate::{entity_rules, inline};

/// A text and its entities, in UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marked {
    /// The text.
    pub text: String,
    /// Its entities by position, outer before inner.
    pub entities: Vec<Entity>,
}

/// Convert Markdown (`CommonMark`, strikethrough, tables) into text and entities.
#[must_use]
pub fn markdown(text: &str) -> Marked {
    let mut converter = Converter::new(text);
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        converter.step(event, range);
    }
    converter.finish()
}

struct Converter<'a> {
    source: Source<'a>,
    spans: Vec<Span>,
    links: Vec<OpenLink>,
    block: Option<CodeBlock>,
    quotes: usize,
    tables: usize,
    /// Where the last event of this line ended: a backslash after it escapes what follows.
    seen: usize,
}

impl<'a> Converter<'a> {
    fn new(text: &'a str) -> Self {
        let mut source = Source::new(text);
        // Telegram removes carriage returns itself.
        for (place, _) in text.match_indices("\r\n") {
            source.drop(place..place + 1);
        }
        Self {
            source,
            spans: Vec::new(),
            links: Vec::new(),
            block: None,
            quotes: 0,
            tables: 0,
            seen: 0,
        }
    }

    fn step(&mut self, event: Event<'_>, range: Range<usize>) {
        if self.tables > 0 {
            match event {
                Event::Start(Tag::Table(_)) => self.tables += 1,
                Event::End(TagEnd::Table) => self.tables -= 1,
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(_) => match &mut self.block {
                Some(block) => block.line(&mut self.source, range),
                None => self.words(range),
            },
            Event::Code(_) => {
                self.spans.extend(inline::code(&mut self.source, &range));
                self.reach(range.end);
            }
            Event::HardBreak => {
                let space = self
                    .source
                    .get(range.clone())
                    .trim_end_matches(['\n', '\r'])
                    .len();
                self.source.drop(range.start..range.start + space);
                self.reach(range.end);
            }
            _ => self.reach(range.end),
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { .. } => self.spans.extend(block::heading(&mut self.source, range)),
            Tag::BlockQuote(_) => {
                self.quotes += 1;
                if self.quotes == 1 {
                    self.spans.push(block::quote(&mut self.source, range));
                }
            }
            Tag::CodeBlock(kind) => self.block = Some(CodeBlock::open(&kind)),
            Tag::Table(_) => {
                self.tables += 1;
                self.spans
                    .push(block::table(&mut self.source, range, self.quotes > 0));
            }
            Tag::Emphasis => self.style(Kind::Italic, &range, 1),
            Tag::Strong => self.style(Kind::Bold, &range, 2),
            Tag::Strikethrough => {
                let marks = if self.source.get(range.clone()).starts_with("~~") {
                    2
                } else {
                    1
                };
                self.style(Kind::Strikethrough, &range, marks);
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => self.open(link_type, dest_url.into_string(), range.start + 1),
            Tag::Image {
                link_type,
                dest_url,
                ..
            } => self.open(link_type, dest_url.into_string(), range.start + 2),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::BlockQuote(_) => self.quotes -= 1,
            TagEnd::CodeBlock => {
                if let Some(block) = self.block.take() {
                    self.spans.extend(block.close(&mut self.source, &range));
                }
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some(link) = self.links.pop() {
                    // A link within an image's text or the reverse: only the outer one can be tapped.
                    let inner = !self.links.is_empty();
                    self.spans
                        .extend(link.close(&mut self.source, &range, inner));
                }
                self.reach(range.end);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.reach(range.end),
            _ => {}
        }
    }

    fn style(&mut self, kind: Kind, range: &Range<usize>, marks: usize) {
        self.spans
            .extend(inline::style(&mut self.source, kind, range, marks));
        self.seen = self.seen.max(range.start + marks);
    }

    fn open(&mut self, kind: LinkType, address: String, text: usize) {
        self.seen = self.seen.max(text);
        self.links.push(OpenLink {
            kind,
            address,
            text: text..text,
        });
    }

    /// Record how far the inline text was understood, for the link it may be in.
    fn reach(&mut self, end: usize) {
        self.seen = self.seen.max(end);
        if let Some(open) = self.links.last_mut() {
            open.text.end = open.text.end.max(end);
        }
    }

    /// Plain text: only a backslash that escapes its first character is removed.
    fn words(&mut self, range: Range<usize>) {
        let escaped = range.start > self.seen
            && self.source.get(range.start - 1..range.start) == "\\"
            && self
                .source
                .get(range.clone())
                .starts_with(|letter: char| letter.is_ascii_punctuation());
        if escaped {
            self.source.drop(range.start - 1..range.start);
        }
        self.reach(range.end);
    }

    fn finish(mut self) -> Marked {
        let text = self.source.text;
        self.source
            .drop(0..text.len() - text.trim_start_matches(['\n', '\r']).len());
        self.source.drop(text.trim_end().len()..text.len());
        let edited = self.source.finish();
        let entities = self
            .spans
            .into_iter()
            .filter_map(|(kind, range, value)| {
                let (offset, end) = (edited.start(range.start), edited.end(range.end));
                (offset < end).then(|| Entity {
                    kind,
                    offset,
                    length: end - offset,
                    value,
                })
            })
            .collect();
        let entities = entity_rules::apply(&edited.text, entities);
        Marked {
            text: edited.text,
            entities,
        }
    }
}
